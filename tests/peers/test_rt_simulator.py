"""The simulated Request Tracker answers as the real one does: the same calls are made to both, and compared."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from simulators.rt import Rt
from tests.contract.rt_case import furnish
from tests.peers import rt

Call = Callable[..., httpx.Response]
_KEYS = frozenset({"message", "total", "count", "per_page", "page", "Name", "Description", "Status", "values", "Type",
                   "Field", "OldValue", "NewValue", "RealName", "EmailAddress", "Organization"})  # fmt: skip


def _script(call: Call, catalog: str, mark: str) -> dict[str, Any]:
    """Make the calls; return what came of each, without what differs from one RT to another."""
    said: dict[str, Any] = {}

    def note(what: str, answer: httpx.Response) -> httpx.Response:
        said[what] = (answer.status_code, _essence(answer))
        return answer

    def custom(**fields: Any) -> dict[str, Any]:
        return {"CustomFields": {name.replace("_", " "): value for name, value in fields.items()}}

    base = {"Name": "one", "Catalog": catalog}
    full = custom(Hub_Key=f"{mark}:1", Serial_Number="it's \\ \"x\" é💻", Warranty_End="2026-02-30",
                  IP_Addresses=["10.0.0.1", "2001:db8::1"])  # fmt: skip
    made = note("create", call("POST", "/asset", {**base, **full, "Status": "in-use", "Nope": 1}))
    number = made.headers["location"].rpartition("/")[2]
    for what, body in {
        "no catalog": {"Name": "x"}, "unknown catalog": {**base, "Catalog": "no such catalog"},
        "hub key twice": {**base, **custom(Hub_Key=f"{mark}:1")}, "unknown field": {**base, **custom(Nope="x")},
        "bad choice": {**base, **custom(Environment="x")}, "bad address": {**base, **custom(IP_Addresses="x")},
        "bad status": {**base, "Status": "bogus"}, "unknown holder": {**base, "HeldBy": ["999999"]},
    }.items():  # fmt: skip
        note(f"create: {what}", call("POST", "/asset", body))
    for what, body in {
        "prose": {"Name": "y" * 300, "Status": "bogus", **custom(Serial_Number="S2", Environment="bad", Nope="1")},
        "nothing": {"Status": "in-use", "Bogus": 1}, "bad date": custom(Warranty_End="nonsense"),
        "empty date": custom(Warranty_End=""), "date taken away": custom(Warranty_End=None),
        "text taken away": custom(Serial_Number=None), "text taken away again": custom(Serial_Number=None),
        "one address": custom(IP_Addresses=["10.0.0.1"]), "no address": custom(IP_Addresses=[]),
        "held": {"HeldBy": ["root"]}, "held again": {"HeldBy": "root"}, "held by nobody": {"HeldBy": []},
        "unknown owner": {"Owner": "no-such-user"}, "half": {"Name": "half", "HeldBy": ["999999"]},
        "hub key of another": custom(Hub_Key=f"{mark}:2"),
    }.items():  # fmt: skip
        note(f"change: {what}", call("PUT", f"/asset/{number}", body))
        note(f"after: {what}", call("GET", f"/asset/{number}"))
    for status in ("recycled", "in-use", "deleted", "allocated", "in-use", "new", "stolen", "recycled", "allocated"):
        note(f"way to {status} after {len(said)} calls", call("PUT", f"/asset/{number}", {"Status": status}))
        note(f"ways after {len(said)} calls", call("GET", f"/asset/{number}"))
    note("create: inactive", call("POST", "/asset", {**base, "Status": "recycled"}))
    note("history", call("GET", f"/asset/{number}/history", per_page=100, orderby="id", order="DESC",
                         fields="Type,Field,OldValue,NewValue"))  # fmt: skip
    call("POST", "/asset", {"Name": "two", "Catalog": catalog, **custom(Serial_Number="o'neill \\")})
    here = f"Catalog = {catalog}"
    for query in (f"{here}", f"{here} AND id > {number}", f"{here} AND Name = 'TWO'", f"{here} AND Name = ",
                  f"{here} AND id IN ({number})", f"{here} AND CF.{{Serial Number}} = 'O\\'Neill \\\\'",
                  f"{here} AND (Name = 'two' OR Name = 'half')", f"{here} AND LastUpdated >= '3600 seconds ago'",
                  f"{here} AND LastUpdated >= '2090-01-01T00:00:00Z'",
                  f"{here} AND LastUpdated >= '2090-01-01 00:00:00'",
                  f"{here} AND Bogus = 1"):  # fmt: skip
        shown = query.replace(here, "").replace(f"> {number}", "> N").replace(f"({number})", "(N)")
        note(f"search:{shown}", call("GET", "/assets", query=query, fields="Name,Status", orderby="id", per_page=500))
    name = f"u-{mark}"
    for what, body in {"user": {"Name": name, "EmailAddress": f"{name}@x.example"}, "same name": {"Name": name.upper()},
                       "same address": {"Name": f"{name}2", "EmailAddress": f"{name}@X.example"}}.items():  # fmt: skip
        note(f"create: {what}", call("POST", "/user", body))
    terms = [{"field": "EmailAddress", "value": f"{name}@X.example"}, {"field": "Name", "value": "root"}]
    note("users", call("POST", "/users", terms, fields="Name,EmailAddress", orderby="id", find_disabled_rows=1))
    note("change: user", call("PUT", f"/user/{name}", {"RealName": "Ann", "Name": "root"}))
    note("deleted", call("PUT", f"/asset/{number}", {"Status": "deleted"}))
    note("deleted is not listed", call("GET", "/assets", query=here, fields="Name,Status", orderby="id"))
    note("deleted is still there", call("GET", f"/asset/{number}"))
    note("no way back", call("PUT", f"/asset/{number}", {"Status": "in-use"}))
    note("hub key is free", call("POST", "/asset", {**base, **custom(Hub_Key=f"{mark}:1")}))
    note("missing", call("GET", "/asset/999999999"))
    note("change: missing", call("PUT", "/asset/999999999", {"Name": "x"}))
    return said


def _essence(answer: httpx.Response) -> Any:
    """Keep what both must agree on: texts of a change in any order, fields by name, no ids, addresses and moments."""
    if not answer.text:
        return None
    parsed = answer.json()
    if isinstance(parsed, list):
        return sorted(parsed)
    if "items" in parsed:
        return {**_kept(parsed), "items": [_kept(item) for item in parsed["items"]]}
    customs = {f["name"]: f["values"] for f in parsed.get("CustomFields", []) if f["values"]}
    kept = _kept(parsed)
    if "message" in kept:
        kept["message"] = re.sub(r" at \S+ line \d+\.\s*$", "", re.sub(r" at /\S+ line \d+\.\n$", "", kept["message"]))
    ways = sorted(link["to"] for link in parsed.get("_hyperlinks", []) if link.get("ref") == "lifecycle")
    return {**kept, **customs, "ways": ways, "held": len(parsed.get("HeldBy", []))}


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    kept = {n: v for n, v in row.items() if n in _KEYS and v not in ("", None)}
    if row.get("Type") == "CustomField" or str(row.get("Type", "")).endswith("Watcher"):
        kept = {"Type": kept["Type"]}  # custom fields and people have other numbers there
    return kept


@pytest.mark.peers
def test_simulated_and_real_rt_answer_alike() -> None:
    """Statuses, words, values read back, lists, history: for every call the same."""
    real = rt.real()
    mark = f"cmp{uuid.uuid4().hex[:8]}"
    catalog, _ = real.catalog()
    try:
        wanted = _script(real.call, catalog, mark)
    finally:
        real.clear(catalog)
    with Rt(seed=1) as sim:
        furnish(sim)
        head = {"Authorization": f"token {sim.token}"}
        with httpx.Client(base_url=f"{sim.url}/REST/2.0", headers=head) as client:
            got = _script(
                lambda method, path, body=None, **params: client.request(method, path, json=body, params=params),
                str(sim.store.catalog("Tried")), mark,
            )  # fmt: skip

    assert list(got) == list(wanted)
    assert {what: got[what] for what in got if got[what] != wanted[what]} == {
        what: wanted[what] for what in got if got[what] != wanted[what]
    }
