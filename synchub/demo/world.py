"""The demo's systems: a dirty estate, its sources and two targets that others have filled already, all simulated."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from synchub.demo.say import Say
from synchub.errors import ConfigError

SEED = 42
Table = dict[str, dict[str, Any]]
_YESTERDAY = 86_400  # seconds
_TABLES = ("cmdb_ci_hardware", "cmdb_ci_vm_instance", "alm_hardware", "sys_user", "core_company", "cmdb_model")
_STAMPS = {"sys_mod_count", "sys_updated_on", "sys_updated_by", "last_discovered", "Updated", "Last Seen"}

CONFIGURATION = """\
version: 1
hub: {{id: demo, timezone: Europe/Berlin}}
state: sqlite:///state.db
sources:
  erp:
    connector: files
    root: erp
    streams:
      purchase_order_lines: {{glob: "po_*.csv", delimiter: ";", decimal: ",", dates: "%d.%m.%Y",
                             complete_when: manifest}}
  hr:
    connector: bamboohr
    company: "{company}"
    api_key: env:DEMO_HR_KEY
    url: "{bamboo}/api/gateway.php/{company}"
    full_every_hours: 0
    requests_per_second: 1000
    streams:
      employees: {{fields: [customCostCenter], maps: [hr.yaml]}}
  mdm:
    connector: intune
    tenant: "{tenant}"
    client_id: "{client_id}"
    client_secret: env:DEMO_GRAPH_SECRET
    url: "{graph}"
    login_url: "{graph}"
    requests_per_second: 2000
    streams: {{devices: {{}}}}
  scan:
    connector: agent_inventory
    root: agents
targets:
  snow:
    connector: servicenow
    url: "{snow}"
    auth: {{oauth: client_credentials, client_id: hub-client, client_secret: env:DEMO_SNOW_SECRET}}
    discovery_source: SyncHub
    mode: write
    theirs: {{default: target}}
  assets:
    connector: jira_assets
    url: "{jira}"
    api: "{jira}"
    auth: {{email: hub@acme.example, token: env:DEMO_JIRA_TOKEN}}
    schema: ITAM
    requests_per_minute: 1000000  # the simulator has no budget; a real site has one
    searches_per_minute: 1000000
    mode: write
    theirs: {{default: target}}
guards:
  create: {{max: 5000}}  # of a class; beyond it a first load waits for an approval
"""

# What is particular to this company's account: a custom field, and that people log in with their mail address.
HR_MAP = """\
fields:
  cost_centre: {path: customCostCenter, to: [text]}
  login: {path: email, to: [login]}
"""


class World:
    """The simulated systems.

    Attributes:
        folder: Where files, configuration and state are.
        config: The configuration.
        auditors: Target -> who looks at it from outside.
    """

    def __init__(self, folder: Path, estate: Any, sources: tuple[Any, Any], targets: tuple[Any, Any]) -> None:
        self.folder, self.config = folder, folder / "synchub.yaml"
        self._estate, (self._graph, self._bamboo), (self._snow, self._jira) = estate, sources, targets
        self.auditors = _auditors(estate, self._snow, self._jira)

    def change(self, percent: int) -> int:
        """Let so much of every source change; returns the number of records."""
        from simulators.estate import mutate
        from simulators.estate.bamboohr import employees

        later = mutate(self._estate, percent=percent, seed=7)
        later.write(self.folder)
        self._graph.replace(later.intune_devices)
        self._bamboo.company.replace(employees(later))
        for auditor in self.auditors.values():
            auditor.learn(later)
        return len(later.changes)

    def held(self) -> dict[str, Table]:
        """Dump both targets: row or object -> its fields that are not empty, without stamps of when who wrote."""
        self._snow.settle()
        snow = {f"{table} {row['sys_id']}": row for table in _TABLES for row in self._snow.dump(table)}
        assets = {item.key: self._jira.row(item) for item in self._jira.store.objects.values()}
        return {"snow": _told(snow), "assets": _told(assets)}


@contextlib.contextmanager
def world(folder: Path, people: int, devices: int, say: Say) -> Iterator[World]:
    """Build the estate and start the simulators.

    Raises:
        ConfigError: The simulators are not installed.
    """
    with say.busy(f"building an estate of {people:,} people and {devices:,} devices, seed {SEED}"):
        try:
            from simulators.bamboohr import BambooHR, custom
            from simulators.estate import build, load, load_assets
            from simulators.estate.bamboohr import CUSTOM_FIELDS, employees
            from simulators.intune import Intune
            from simulators.jira import Jira
            from simulators.servicenow import ServiceNow
        except ImportError as exc:
            raise ConfigError(
                f"the simulators are not installed ({exc.name}).", where="demo", fix="pip install 'synchub[demo]'"
            ) from exc
        estate = build(seed=SEED, people=people, devices=devices, hr_format="none")
        estate.write(folder)
    snow, jira = ServiceNow(seed=1, sync_requests=3), Jira(seed=1)
    graph = Intune(estate.intune_devices, users=estate.intune_users, throttle_limit=0)
    account = [custom(*field) for field in CUSTOM_FIELDS]
    bamboo = BambooHR(employees(estate), custom_fields=account, loaded_at=int(time.time()) - _YESTERDAY)
    with snow, jira, graph.serve() as graph_server, bamboo.serve() as people_server, contextlib.ExitStack() as stack:
        with say.busy("filling ServiceNow and Jira Assets with what others typed"):
            snow.add_data_source("SyncHub")
            snow.schema.add_column("alm_asset", "u_correlation_id=100")
            load(estate, snow)
            load_assets(estate, jira)
            jira.rate_limit(aql=1_000_000, seconds=60)
        os.environ.update(
            DEMO_GRAPH_SECRET=graph.client_secret,
            DEMO_HR_KEY=bamboo.api_key,
            DEMO_SNOW_SECRET="hub-client-secret",  # noqa: S106 - the simulator's
            DEMO_JIRA_TOKEN="hub-token",  # noqa: S106 - the simulator's
        )
        (folder / "hr.yaml").write_text(HR_MAP)
        made = World(folder, estate, (graph, bamboo), (snow, jira))
        made.config.write_text(
            CONFIGURATION.format(
                tenant=graph.tenant, client_id=graph.client_id, graph=graph_server.url, snow=snow.url,
                company=bamboo.domain, bamboo=people_server.url, jira=jira.url,
            )
        )  # fmt: skip
        os.environ["SYNCHUB_CONFIG"] = str(made.config)
        for auditor in made.auditors.values():
            stack.callback(auditor.close)
            auditor.snapshot()
        say("    four kinds of source:")
        say(f"      erp   purchase orders as files below {folder / 'erp'}")
        say(f"      hr    BambooHR over HTTP at {people_server.url}")
        say(f"      mdm   Microsoft Intune over HTTP (Graph) at {graph_server.url}")
        say(f"      scan  inventories that agents left below {folder / 'agents'}")
        say("    two targets, which hold what others typed:")
        say(f"      snow    ServiceNow at {snow.url}: {_in_snow(snow)}")
        say(f"      assets  Jira Assets at {jira.url}: {_in_assets(jira)}")
        yield made


def _auditors(estate: Any, snow: Any, jira: Any) -> dict[str, Any]:
    from simulators.assets_auditor import AssetsAuditor
    from simulators.auditor import Auditor

    return {
        "snow": Auditor(snow.url, estate.truth, auth=("admin", "admin")),
        "assets": AssetsAuditor(jira.url, estate.truth),
    }


def _told(rows: Table) -> Table:
    empty: tuple[Any, ...] = (None, "", [], [None])
    return {key: {n: v for n, v in row.items() if n not in _STAMPS and v not in empty} for key, row in rows.items()}


def _in_snow(snow: Any) -> str:
    counts = [("CIs", "cmdb_ci_hardware"), ("assets", "alm_hardware"), ("users", "sys_user")]
    return ", ".join(f"{len(snow.dump(table)):,} {name}" for name, table in counts)


def _in_assets(jira: Any) -> str:
    objects = jira.store.objects.values()
    people = next((kind.id for kind in jira.store.types.values() if kind.name == "Person"), 0)
    return f"{len(objects):,} objects, {sum(1 for one in objects if one.type == people):,} of them people"
