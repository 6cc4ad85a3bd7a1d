"""The ServiceNow target and its simulator, described for the conformance kit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.kit import Fault, Sent, TargetCase, TargetRun
from connectors.registry import Context
from connectors.secrets import Resolver
from connectors.servicenow import CONNECTOR
from connectors.servicenow.settings import ServiceNowSettings
from simulators.servicenow import ServiceNow
from synchub.domain.plan import Value
from synchub.ports import Target

SECRETS = {"SNOW_PASSWORD": "hub-password", "SNOW_SECRET": "hub-client-secret"}
OAUTH = {"oauth": "client_credentials", "client_id": "hub-client", "client_secret": "env:SNOW_SECRET"}
BASIC = {"user": "hub", "password": "env:SNOW_PASSWORD"}
PAGE = 10
_PATHS = {
    "read": r"^/api/now/table/",
    "write": r"^/api/now/(identifyreconcile/enhanced|v1/batch)$",
    "login": r"^/oauth_token.do$",
}


def open_snow(sim: ServiceNow, context: Context, **settings: Any) -> Target:
    """Open the connector on a simulated instance."""
    lent = Context(**{**vars(context), "resolve": Resolver(SECRETS, Path())})
    values = {"url": sim.url, "auth": BASIC, "page": PAGE, **settings}
    opened = CONNECTOR.open_target
    assert opened is not None
    return opened("snow", ServiceNowSettings.model_validate(values), lent)


@dataclass(frozen=True)
class Table:
    """A table under test: where its objects are kept, and what makes the instance refuse one."""

    name: str
    root: str
    text: str
    marked: bool = True

    def start(self, objects: int) -> TargetRun:
        """Start an instance with so many objects."""
        sim = ServiceNow(seed=1, validate=True)
        if self.name == "alm_hardware" and self.marked:
            sim.schema.add_column("alm_asset", "u_correlation_id=100")
        rows = [{key: value for key, value in self.new(900 + n)[0].items() if value} for n in range(objects)]
        sim.seed(self.name, rows)
        sim.business_rule(self.root, lambda row: row.get(self.text) == "refuse me", "kit")
        sim.start()
        return TargetRun(
            open=lambda context: open_snow(sim, context),
            inject=lambda fault: self.inject(sim, fault),
            objects=lambda: self.objects(sim),
            edit=lambda identifier, fields: sim.edit(self.name, identifier, dict(fields)),
            sent=lambda: [Sent(e.method, e.path, e.query, e.status) for e in sim.log.entries if not e.via],
            secrets=lambda: list(SECRETS.values()),
            stop=sim.stop,
            problems=sim.log.problems,
        )

    def new(self, n: int) -> tuple[dict[str, Value], dict[str, Any]]:
        """Give the fields of the n-th object."""
        if self.name == "sys_user":
            return {"user_name": f"kit{n}", "email": f"kit{n}@corp.example"}, {}
        if self.name == "alm_hardware":
            return {"serial_number": f"KIT{n:05d}", "asset_tag": f"T{n:05d}"}, {}
        return {"name": f"kit-{n}", "serial_number": f"KIT{n:05d}"}, {}

    def objects(self, sim: ServiceNow) -> dict[str, dict[str, Any]]:
        """Show the objects; empty fields as empty."""
        return {row["sys_id"]: {self.text: "", **row} for row in sim.dump(self.name)}

    def inject(self, sim: ServiceNow, fault: Fault) -> None:
        """Misbehave."""
        if fault.kind == "failed_item" and self.root == "cmdb_ci":
            # After it was asked, the instance finds more namesakes than it will choose from.
            twins = [{"name": "kit-1"} for _ in range(6)]
            sim.faults.add("call", path="identifyreconcile/enhanced", call=lambda: sim.seed(self.name, twins), times=1)
        elif fault.kind == "failed_item":
            hits: list[int] = []

            def first(row: Mapping[str, str]) -> bool:
                hits.append(1)
                return len(hits) == 1

            sim.business_rule(self.root, first, "failed item")
        elif fault.kind == "skew":
            sim.server.skew = fault.seconds
        else:
            kind = {"duplicate_page": "duplicate"}.get(fault.kind, fault.kind)
            path = _PATHS[fault.where]
            sim.faults.add(
                kind, path=path, nth=fault.nth, status=fault.status or 503, text=fault.text,
                retry_after=-1 if fault.retry_after is None else fault.retry_after, http_date=fault.http_date,
                call=fault.call,
            )  # fmt: skip


def case(
    name: str, root: str, text: str, bad: Mapping[str, Value] | None = None, exempt: Mapping[str, str] | None = None
) -> TargetCase:
    """Describe one table."""
    table = Table(name, root, text, marked=not exempt)
    return TargetCase(
        name="servicenow",
        start=table.start,
        kind=name,
        new=table.new,
        text_field=text,
        bad=bad or {text: "refuse me"},
        exempt=exempt or {},
    )


CI = case("cmdb_ci_computer", "cmdb_ci", "short_description", bad={"name": None, "serial_number": None})
PERSON = case("sys_user", "sys_user", "title")
ASSET = case("alm_hardware", "alm_asset", "comments")
_NO_FIELD = "alm_asset of the base system has no field for the hub key: the asset is recognised by serial number or tag"
ASSET_AS_SHIPPED = case("alm_hardware", "alm_asset", "comments", exempt={"replay": _NO_FIELD, "found_again": _NO_FIELD})
