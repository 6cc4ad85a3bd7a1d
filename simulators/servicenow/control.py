"""The instance's part of the `/_sim/` control path, for tests and auditors in other processes.

- `GET /_sim/tables`: rows per class; `GET /_sim/tables/T?query=`: rows; `POST /_sim/tables/T`: seed a list of rows.
- `POST /_sim/edit/T/ID?user=&at_write=1`: change a record as somebody else (`at_write`: right before its next write);
  `DELETE /_sim/tables/T/ID`.
- `GET /_sim/journal?after=N`: all changes; `POST /_sim/settle`: carry out late synchronisation.
- `POST /_sim/config`: any of `rate_limit`, `rate_lag`, `cancel_above_rows`, `batch_parts`, `max_url`, `unordered`,
  `sync_requests`, `sync_seconds`, `properties`, `deny` (list of `Acl` arguments; `rows` as sys_ids), `data_sources`,
  `skew`.
- `GET /_sim/problems`: what the contract validators found.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson

from simulators.http import Request, Response

if TYPE_CHECKING:
    from simulators.servicenow.app import ServiceNow


class Control:
    """Answers control requests of one instance."""

    def __init__(self, sim: ServiceNow) -> None:
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
        if parts[0] == "tables":
            return self._tables(method, parts[1:], params, request.body)
        if parts[0] == "edit" and method == "POST":
            edit = sim.edit_at_write if params.get("at_write") else sim.edit
            edit(parts[1], parts[2], orjson.loads(request.body), params.get("user", "jane.doe"))
            return Response.json({"ok": True})
        if parts == ["journal"]:
            after = int(params.get("after", "0"))
            return Response.json([asdict(change) for change in sim.store.journal[after:]])
        if parts == ["settle"]:
            sim.settle()
            return Response.json({"ok": True})
        if parts == ["problems"]:
            return Response.json(sim.log.problems())
        if parts == ["config"] and method == "POST":
            return self._config(orjson.loads(request.body))
        return None

    def _tables(self, method: str, parts: list[str], params: dict[str, str], body: bytes) -> Response | None:
        sim = self._sim
        if not parts:
            counts = {name: len(sim.dump(name, f"sys_class_name={name}")) for name in sim.schema.tables}
            return Response.json({name: count for name, count in counts.items() if count})
        if method == "GET":
            return Response.json(sim.dump(parts[0], params.get("query", "")))
        if method == "POST":
            return Response.json({"sys_ids": sim.seed(parts[0], orjson.loads(body), params.get("user", "admin"))})
        if method == "DELETE" and len(parts) == 2:
            sim.delete(parts[0], parts[1], params.get("user", "jane.doe"))
            return Response.json({"ok": True})
        return None

    def _config(self, data: dict[str, Any]) -> Response:
        sim = self._sim
        if "rate_limit" in data:
            sim.rate_limit(int(data["rate_limit"]), lag=float(data.get("rate_lag", 30)))
        for name in ("cancel_above_rows", "batch_parts", "max_url", "unordered"):
            if name in data:
                setattr(sim, name, int(data[name]))
        if "skew" in data:
            sim.set_skew(float(data["skew"]))
        sim.assets.requests = int(data.get("sync_requests", sim.assets.requests))
        sim.assets.seconds = float(data.get("sync_seconds", sim.assets.seconds))
        for name, value in data.get("properties", {}).items():
            sim.set_property(name, str(value))
        for value in data.get("data_sources", []):
            sim.add_data_source(str(value))
        for item in data.get("deny", []):
            sim.deny(**item)
        return Response.json({"ok": True})
