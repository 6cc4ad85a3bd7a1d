"""The Request Tracker target and its simulator, described for the conformance kit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.kit import Fault, Sent, TargetCase, TargetRun
from connectors.registry import Context
from connectors.rt import CONNECTOR
from connectors.rt.settings import RtSettings
from connectors.secrets import Resolver
from simulators.http import Server
from simulators.rt import Rt
from synchub.domain.plan import Value
from synchub.ports import Target

PAGE = 10
CATALOG = "Laptops"
_PATHS = {"read": [("", r"/assets$")], "write": [("POST", r"/asset$"), ("PUT", r"/asset/\d+$")]}


def open_rt(url: str, token: str, context: Context, **settings: Any) -> Target:
    """Open the connector on an RT, simulated or real."""
    lent = Context(**{**vars(context), "resolve": Resolver({"RT_TOKEN": token}, Path())})
    values = {"url": url, "token": "env:RT_TOKEN", "catalog": CATALOG, "page": PAGE, **settings}
    opened = CONNECTOR.open_target
    assert opened is not None
    return opened("rt", RtSettings.model_validate(values), lent)


def furnish(sim: Rt) -> None:
    """Give an RT the catalogs and custom fields of the tests: those of the shipped map."""
    for name in (CATALOG, "Servers", "Phones"):
        sim.store.catalog(name)
    for name in ("Serial Number", "Asset Tag", "Manufacturer", "Model", "Operating System", "Hostname",
                 "Purchase Order"):  # fmt: skip
        sim.store.field(name)
    sim.store.field("Hub Key", unique=True)
    sim.store.field("IP Addresses", "IPAddress", many=True)
    sim.store.field("Warranty End", "Date")
    sim.store.field("Environment", "Select", values=("production", "staging", "lab"))


def start(objects: int) -> TargetRun:
    """Start an RT with so many assets."""
    sim = Rt(seed=1)
    furnish(sim)
    sim.seed(CATALOG, [{"Name": f"kit-{n}", "Serial Number": f"OLD{n:05d}"} for n in range(objects)])
    sim.server.start()
    return TargetRun(
        open=lambda context: open_rt(sim.url, sim.token, context),
        inject=lambda fault: inject(sim.server, fault),
        objects=lambda: {str(a.id): sim.row(a) for a in sim.store.assets.values() if a.status != "deleted"},
        edit=lambda identifier, fields: _edit(sim, identifier, fields),
        sent=lambda: sent(sim.server),
        secrets=lambda: [sim.token],
        stop=sim.server.stop,
    )


def _edit(sim: Rt, identifier: str, fields: Mapping[str, Any]) -> None:
    sim.edit(int(identifier), dict(fields))


def sent(server: Server) -> list[Sent]:
    """List the requests that came in."""
    return [Sent(e.method, e.path, e.query, e.status) for e in server.log.entries]


def new(n: int) -> tuple[dict[str, Value], dict[str, Any]]:
    """Give the fields of the n-th asset."""
    return {"Name": f"new-{n}", "Serial Number": f"KIT{n:05d}"}, {}


def inject(server: Server, fault: Fault) -> None:
    """Misbehave."""
    if fault.kind == "failed_item":  # refused whole, and refused again with its name alone
        for method, path in _PATHS["write"]:
            server.faults.add("status", method=method, path=path, nth=(1, 2), status=400, text='{"message": "refused"}')
    elif fault.kind == "skew":
        server.skew = fault.seconds
    else:
        for method, path in _PATHS[fault.where]:
            server.faults.add(
                {"duplicate_page": "duplicate"}.get(fault.kind, fault.kind), method=method, path=path, nth=fault.nth,
                status=fault.status or 503, text=fault.text,
                retry_after=-1 if fault.retry_after is None else fault.retry_after, http_date=fault.http_date,
                call=fault.call,
            )  # fmt: skip


ASSET = TargetCase(
    name="rt", start=start, kind="computer", new=new, text_field="Description", bad={"Status": "no such status"}
)
