"""The site's part of the `/_sim/` control path, for tests, demos and auditors in other processes.

- `GET /_sim/objects`: every object as `{id, key, type, schema, created, updated, values}` (names, texts, references as
  keys); `?schema=KEY` only those of one schema.
- `GET /_sim/history?after=N`: history entries of all objects, in the order they came; `N` entries are left out.
- `GET /_sim/accounts`: account ids, addresses, names. `GET /_sim/structure`: (schema, type, attribute) of everything.
- `GET /_sim/issues`: every issue as `{key, project, type, status, reporter, values, comments, remote, properties}`.
- `POST /_sim/edit/KEY?by=&at=&at_write=1`: change an object as somebody else (`at_write`: right before its next write;
  then also an issue), body `{attribute name: value or list}`.
- `POST /_sim/objects/TYPE?by=`: put in a list of rows `{attribute name: value or list}`; `DELETE /_sim/objects/KEY`.
- `POST /_sim/hide/KEY?account=`: hide an object, from the hub when no account is named.
- `POST /_sim/issues/KEY?by=`: `{"fields": {…}, "comment": TEXT, "transition": NAME}` as somebody else.
- `POST /_sim/config`: any of `aql_limit` with `retry_after` (true/false), `assets_limit`, `burst_limit`, `issue_limit`,
  `max_page`, `total_cap`, `search_page`, `search_lag`, `skew`, `refuse` (list of `{type, attribute, why}`).
- `GET /_sim/problems`: what the contract validators found.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson

from simulators.http import Request, Response
from simulators.jira import adf
from simulators.jira.issues import ISSUE_TYPES, STATUSES

if TYPE_CHECKING:
    from simulators.jira.app import Jira


class Control:
    """Answers control requests of one site."""

    def __init__(self, sim: Jira) -> None:
        self._sim = sim

    def handle(self, request: Request) -> Response | None:
        """Answer one request; `None` for an unknown path."""
        parts = request.path.removeprefix("/_sim/").split("/")
        try:
            return self._answer(request, parts)
        except (ValueError, KeyError, orjson.JSONDecodeError) as problem:
            return Response.json({"error": f"{type(problem).__name__}: {problem}"}, 400)

    def _answer(self, request: Request, parts: list[str]) -> Response | None:
        sim, params, method = self._sim, request.params(), request.method
        if parts == ["objects"] and method == "GET":
            return Response.json(self._objects(params.get("schema", "")))
        if method == "GET" and parts in (["accounts"], ["structure"], ["issues"]):
            return Response.json(getattr(self, f"_{parts[0]}")())
        if parts == ["history"]:
            return Response.json([asdict(event) for event in sim.store.journal[int(params.get("after", "0")) :]])
        if parts[0] == "edit" and len(parts) == 2 and method == "POST":
            at = float(params["at"]) if params.get("at") else None
            if params.get("at_write"):
                sim.edit_at_write(parts[1], orjson.loads(request.body), by=params.get("by", ""))
            else:
                sim.edit(parts[1], orjson.loads(request.body), by=params.get("by", ""), at=at)
            return Response.json({"ok": True})
        if parts[0] == "objects" and len(parts) == 2:
            return self._object(method, parts[1], params, request.body)
        if parts[0] == "issues" and len(parts) == 2 and method == "POST":
            return self._issue(parts[1], orjson.loads(request.body), params.get("by") or sim.admin.account_id)
        if parts[0] == "hide" and len(parts) == 2 and method == "POST":
            account = sim.access.accounts[params["account"]] if params.get("account") else None
            sim.hide(parts[1], account)
            return Response.json({"ok": True})
        if parts == ["problems"]:
            return Response.json(sim.log.problems())
        if parts == ["config"] and method == "POST":
            return self._config(orjson.loads(request.body))
        return None

    def _objects(self, schema: str) -> list[dict[str, Any]]:
        sim, found = self._sim, []
        for obj in sim.store.objects.values():
            kind = sim.store.types[obj.type]
            key = sim.store.schemas[kind.schema].key
            if not schema or schema == key:
                found.append({
                    "id": str(obj.id), "key": obj.key, "type": kind.name, "schema": key, "created": obj.created,
                    "updated": obj.updated, "values": sim.row(obj),
                })  # fmt: skip
        return found

    def _object(self, method: str, name: str, params: dict[str, str], body: bytes) -> Response | None:
        if method == "DELETE":
            self._sim.delete(name)
            return Response.json({"ok": True})
        if method == "POST":
            found = self._sim.seed(self._sim.named_type(name), orjson.loads(body), by=params.get("by", ""))
            return Response.json({"keys": [obj.key for obj in found]})
        return None

    def _issue(self, key: str, data: dict[str, Any], by: str) -> Response:
        if data.get("fields"):
            self._sim.edit_issue(key, data["fields"], by=by)
        if data.get("comment"):
            self._sim.comment(key, str(data["comment"]), by=by)
        if data.get("transition"):
            self._sim.do(key, str(data["transition"]), by=by)
        return Response.json({"ok": True})

    def _accounts(self) -> list[dict[str, str]]:
        people = self._sim.access.accounts.values()
        return [{"account_id": one.account_id, "email": one.email, "name": one.name} for one in people]

    def _structure(self) -> list[tuple[str, str, str]]:
        store = self._sim.store
        kinds = [(about, store.types[about.type]) for about in store.attributes.values()]
        return [(store.schemas[kind.schema].key, kind.name, about.name) for about, kind in kinds]

    def _issues(self) -> list[dict[str, Any]]:
        issues = self._sim.issues
        return [
            {
                "key": one.key, "project": issues.projects[one.project].key, "type": ISSUE_TYPES[one.type],
                "status": STATUSES[one.status][0], "reporter": one.reporter, "values": one.values,
                "comments": [{"author": c.author, "text": adf.text(c.body)} for c in one.comments],
                "remote": list(one.remote.values()), "properties": one.properties,
            }
            for one in issues.issues.values()
        ]  # fmt: skip

    def _config(self, data: dict[str, Any]) -> Response:
        sim = self._sim
        if "aql_limit" in data:
            sim.rate_limit(int(data["aql_limit"]), retry_after=bool(data.get("retry_after", True)))
        for name in ("assets_limit", "burst_limit", "issue_limit"):
            if name in data:
                getattr(sim, name)(int(data[name]))
        for name in ("max_page", "total_cap", "search_page"):
            if name in data:
                setattr(sim, name, int(data[name]))
        sim.search_lag = float(data.get("search_lag", sim.search_lag))
        if "skew" in data:
            sim.server.skew = float(data["skew"])
        for item in data.get("refuse", []):
            sim.refuse(sim.attribute(sim.named_type(item["type"]), item["attribute"]), str(item["why"]))
        return Response.json({"ok": True})
