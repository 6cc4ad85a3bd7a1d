"""The Jira Assets target and its simulator, described for the conformance kit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.jira_assets import CONNECTOR
from connectors.jira_assets.settings import JiraAssetsSettings
from connectors.kit import Fault, Sent, TargetCase, TargetRun
from connectors.registry import Context
from connectors.secrets import Resolver
from simulators.jira import Jira
from simulators.jira.store import ObjectType
from synchub.domain.plan import Value
from synchub.ports import Target
from tests.conftest import SHARED
from tests.contract.jira_contract import JiraContract

SECRETS = {"JIRA_TOKEN": "hub-token"}
AUTH = {"email": "hub@acme.example", "token": "env:JIRA_TOKEN"}
PAGE = 10
_PATHS = {
    "read": r"/object/aql$",
    "write": r"/object/(create|[0-9]+)$",
    "login": r"/rest/servicedeskapi/assets/workspace$",
}
_CONTRACT: list[JiraContract] = []


def contract() -> JiraContract:
    """The validator of requests and answers, made once: reading the specifications takes a second."""
    if not _CONTRACT:
        _CONTRACT.append(JiraContract(SHARED / "contracts"))
    return _CONTRACT[0]


def open_assets(sim: Jira, context: Context, **settings: Any) -> Target:
    """Open the connector on a simulated site."""
    lent = Context(**{**vars(context), "resolve": Resolver(SECRETS, Path())})
    values = {"url": sim.url, "api": sim.url, "auth": AUTH, "schema": "ITAM", "page": PAGE, **settings}
    opened = CONNECTOR.open_target
    assert opened is not None
    return opened("assets", JiraAssetsSettings.model_validate(values), lent)


def itam(sim: Jira) -> dict[str, ObjectType]:
    """Give a site the schema of the tests: Hardware with Computer below it, Person, Model."""
    schema = sim.schema("ITAM", "ITAM")
    person = sim.type(schema, "Person", {"Email": {"default_type": 8}, "Hub Key": {"unique": True}})
    model = sim.type(schema, "Model", {})
    hardware = sim.type(
        schema,
        "Hardware",
        {
            "Hub Key": {"unique": True}, "Serial Number": {}, "Asset Tag": {"unique": True},
            "Description": {"default_type": 9}, "Memory": {"default_type": 1}, "Price": {"default_type": 3},
            "Bought": {"default_type": 4}, "Seen": {"default_type": 6}, "Managed": {"default_type": 2},
            "Tags": {"most": -1}, "Status": {"kind": 7},
            "Model": {"kind": 1, "target": model.id, "reference_type": "1"},
            "Assigned To": {"kind": 1, "target": person.id, "reference_type": "1"},
        },
        inherited=True,
    )  # fmt: skip
    computer = sim.type(schema, "Computer", {}, parent=hardware.id)
    return {"Person": person, "Model": model, "Hardware": hardware, "Computer": computer}


def start(objects: int) -> TargetRun:
    """Start a site with so many computers."""
    sim = Jira(seed=1, checks=[contract()])
    types = itam(sim)
    sim.seed(types["Computer"], [{"Name": f"kit-{n}", "Serial Number": f"OLD{n:05d}"} for n in range(objects)])
    sim.start()
    return TargetRun(
        open=lambda context: open_assets(sim, context),
        inject=lambda fault: inject(sim, fault),
        objects=lambda: _objects(sim, types["Computer"]),
        edit=lambda identifier, fields: _edit(sim, identifier, fields),
        sent=lambda: [Sent(e.method, e.path, e.query, e.status) for e in sim.log.entries if not e.via],
        secrets=lambda: list(SECRETS.values()),
        stop=sim.stop,
        problems=sim.log.problems,
    )


def _edit(sim: Jira, identifier: str, fields: Mapping[str, Any]) -> None:
    sim.edit(f"ITAM-{identifier}", dict(fields))


def new(n: int) -> tuple[dict[str, Value], dict[str, Any]]:
    """Give the fields of the n-th computer."""
    return {"Name": f"new-{n}", "Serial Number": f"KIT{n:05d}"}, {}


def _objects(sim: Jira, kind: ObjectType) -> dict[str, dict[str, Any]]:
    found = {}
    for obj in sim.store.objects.values():
        if obj.type == kind.id:
            row = {name: texts[0] if len(texts) == 1 else texts for name, texts in sim.row(obj).items()}
            found[str(obj.id)] = {"Description": "", **row}
    return found


def inject(sim: Jira, fault: Fault) -> None:
    """Misbehave."""
    if fault.kind == "failed_item":
        sim.faults.add("status", path=_PATHS["write"], nth=(1,), status=400,
                       text='{"errorMessages": ["refused"], "errors": {}}')  # fmt: skip
    elif fault.kind == "skew":
        sim.server.skew = fault.seconds
    else:
        sim.faults.add(
            {"duplicate_page": "duplicate"}.get(fault.kind, fault.kind), path=_PATHS[fault.where], nth=fault.nth,
            status=fault.status or 503, text=fault.text,
            retry_after=-1 if fault.retry_after is None else fault.retry_after, http_date=fault.http_date,
            call=fault.call,
        )  # fmt: skip


COMPUTER = TargetCase(
    name="jira_assets", start=start, kind="Computer", new=new, text_field="Description", bad={"Memory": "a lot"}
)
