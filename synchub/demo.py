"""The demo: a dirty estate, a ServiceNow that others have filled already, three runs of the Prefect flow, and an audit.

The figures are the auditor's, which reads only the simulators and their request logs; records, entities and states come
from the run's own report and from Prefect's API.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from synchub.errors import ConfigError, HubError

PEOPLE, DEVICES, SEED = 2000, 3000, 42
_YESTERDAY = 86_400  # seconds
_RUNS = ("first", "unchanged", "one_percent")

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
"""

# What is particular to this company's account: a custom field, and that people log in with their mail address.
HR_MAP = """\
fields:
  cost_centre: {path: customCostCenter, to: [text]}
  login: {path: email, to: [login]}
"""


def run(json_output: bool, keep: Path | None = None, *, people: int = PEOPLE, devices: int = DEVICES) -> int:
    """Run the demo.

    Args:
        json_output: Print one JSON line at the end and nothing else on stdout.
        keep: Folder in which everything stays afterwards; a temporary one, which stays too, when absent.
        people: Size of the estate.
        devices: Size of the estate.

    Returns:
        Exit code: 0 when every run did its job and the unchanged one wrote nothing, else 1.

    Raises:
        ConfigError: The simulators are not installed.
    """
    folder = (keep or Path(tempfile.mkdtemp(prefix="synchub-demo-"))).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty.", where="demo", fix="Name an empty folder, or leave --keep out.")
    say = _Say(sys.stderr if json_output else sys.stdout)
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        world = stack.enter_context(_world(folder, people, devices, say))
        server = stack.enter_context(_prefect(folder, say))
        results = [world.run(name, server) for name in _RUNS]
        world.closing(results, time.monotonic() - started)
        ok = all(r["state"] != "failed" for r in results) and not results[1]["targets"]["snow"]["writes"]
    if json_output:
        told = ("name", "records", "changed", "entities", "seconds", "targets")
        sys.stdout.write(json.dumps({"runs": [{key: r[key] for key in told} for r in results]}) + "\n")
    return 0 if ok else 1


class _Say:
    """Prints lines, and a sign of life while something takes long: never silent for five seconds."""

    def __init__(self, out: Any) -> None:
        self._out = out
        self._lock = threading.Lock()
        self._busy = ""
        self._last = time.monotonic()
        threading.Thread(target=self._alive, daemon=True, name="demo heartbeat").start()

    def __call__(self, line: str = "") -> None:
        with self._lock:
            print(line, file=self._out, flush=True)
            self._last = time.monotonic()

    @contextlib.contextmanager
    def busy(self, what: str) -> Iterator[None]:
        """Name what takes long."""
        self(f"... {what}")
        self._busy = what
        begun = time.monotonic()
        try:
            yield
        finally:
            self._busy = ""
            self(f"    done in {time.monotonic() - begun:.1f} s")

    def _alive(self) -> None:
        while True:
            time.sleep(1)
            if self._busy and time.monotonic() - self._last > 3:
                self(f"    still {self._busy}")


@contextlib.contextmanager
def _prefect(folder: Path, say: _Say) -> Iterator[None]:
    """Start one Prefect server for all runs, with a home of its own and without analytics."""
    os.environ.update(
        PREFECT_HOME=str(folder / "prefect"),
        PREFECT_SERVER_ANALYTICS_ENABLED="false",
        PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="180",
        PREFECT_LOGGING_LEVEL="ERROR",
        PREFECT_LOGGING_TO_API_ENABLED="false",
        PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY="false",
        DO_NOT_TRACK="1",
    )
    os.environ.pop("PREFECT_API_URL", None)
    with say.busy("starting a Prefect server (loopback only)"):
        from prefect.server.api.server import SubprocessASGIServer
        from prefect.settings import PREFECT_API_URL, temporary_settings

        server = SubprocessASGIServer()
        server.start(timeout=180)
    try:
        with temporary_settings({PREFECT_API_URL: server.api_url}):
            yield
    finally:
        server.stop()


@contextlib.contextmanager
def _world(folder: Path, people: int, devices: int, say: _Say) -> Iterator[_World]:
    """Build the estate and start the simulators."""
    try:
        from simulators.auditor import Auditor
        from simulators.bamboohr import BambooHR, custom
        from simulators.estate import build, load
        from simulators.estate.bamboohr import CUSTOM_FIELDS, employees
        from simulators.intune import Intune
        from simulators.servicenow import ServiceNow
    except ImportError as exc:
        raise ConfigError(
            f"the simulators are not installed ({exc.name}).", where="demo", fix="pip install 'synchub[demo]'"
        ) from exc
    with say.busy(f"building an estate of {people:,} people and {devices:,} devices, seed {SEED}"):
        estate = build(seed=SEED, people=people, devices=devices, hr_format="none")
        estate.write(folder)
    snow = ServiceNow(seed=1, sync_requests=3)
    graph = Intune(estate.intune_devices, users=estate.intune_users, throttle_limit=0)
    account = [custom(*field) for field in CUSTOM_FIELDS]
    bamboo = BambooHR(employees(estate), custom_fields=account, loaded_at=int(time.time()) - _YESTERDAY)
    with snow, graph.serve() as server, bamboo.serve() as people_server:
        snow.add_data_source("SyncHub")
        snow.schema.add_column("alm_asset", "u_correlation_id=100")
        load(estate, snow)
        os.environ.update(
            DEMO_GRAPH_SECRET=graph.client_secret,
            DEMO_HR_KEY=bamboo.api_key,
            DEMO_SNOW_SECRET="hub-client-secret",  # noqa: S106 - the simulator's
        )
        (folder / "hr.yaml").write_text(HR_MAP)
        config = folder / "synchub.yaml"
        config.write_text(
            CONFIGURATION.format(
                tenant=graph.tenant,
                client_id=graph.client_id,
                graph=server.url,
                snow=snow.url,
                company=bamboo.domain,
                bamboo=people_server.url,
            )
        )
        os.environ["SYNCHUB_CONFIG"] = str(config)
        auditor = Auditor(snow.url, estate.truth, auth=("admin", "admin"))
        try:
            auditor.snapshot()
            say(f"    ServiceNow at {snow.url} holds what others typed: {_holds(snow)}")
            say(f"    BambooHR at {people_server.url}, Microsoft Graph at {server.url}; files below {folder}")
            yield _World(folder, config, estate, graph, bamboo, auditor, say)
        finally:
            auditor.close()


def _holds(snow: Any) -> str:
    counts = [("CIs", "cmdb_ci_hardware"), ("assets", "alm_hardware"), ("users", "sys_user")]
    return ", ".join(f"{len(snow.dump(table)):,} {name}" for name, table in counts)


class _World:
    """The simulated systems, and one run over them after the other."""

    def __init__(
        self, folder: Path, config: Path, estate: Any, graph: Any, bamboo: Any, auditor: Any, say: _Say
    ) -> None:
        self.folder, self.config, self.estate, self.graph, self.bamboo = folder, config, estate, graph, bamboo
        self.auditor, self.say = auditor, say

    def run(self, name: str, _server: None) -> dict[str, Any]:
        """Run the flow once and audit it."""
        if name == "one_percent":
            from simulators.estate import mutate
            from simulators.estate.bamboohr import employees

            later = mutate(self.estate, percent=1, seed=7)
            later.write(self.folder)
            self.graph.replace(later.intune_devices)
            self.bamboo.company.replace(employees(later))
            self.auditor.truth = later.truth
            self.say(f"    changed at the sources: {len(later.changes):,} records")
        self.auditor.begin()
        begun = time.monotonic()
        with self.say.busy(f"run '{name}': the Prefect flow `sync`"):
            result, flow_run, flow_state = _flow()
        seconds = round(time.monotonic() - begun, 2)
        audit = self.auditor.end(name)
        self._print(name, result, flow_run, flow_state, audit)
        return self._summary(name, result, audit, seconds)

    def _print(self, name: str, result: dict[str, Any], flow_run: str, flow_state: str, audit: Any) -> None:
        say = self.say
        say()
        say(f"=== {name} ===   run {result['run']}: {result['state']}   Prefect flow run {flow_run}: {flow_state}")
        for source, streams in result["pulled"].items():
            for stream, c in streams.items():
                proof = f"complete ({c['proof']})" if c["complete"] else f"INCOMPLETE: {c['proof'][:70]}"
                say(
                    f"read   {source:5} {stream:22} {c['read']:>7,}  new {c['new']:>6,}  changed {c['changed']:>5,} "
                    f" dead letters {c['rejected']:>2,}  {proof}"
                )
        found = result["identified"]
        say(
            f"match  {found['records']:,} records looked at -> {self._entities()}; {found['created']:,} new,"
            f" {found['changed']:,} changed"
        )
        counts = result["targets"]["snow"]["summary"]["counts"]
        linked = sum(c.get("link", 0) for c in counts.values())
        held = sum(c.get("held", 0) for c in counts.values())
        conflicts = sum(c.get("conflict", 0) for c in counts.values())
        theirs = result["targets"]["snow"]["summary"]["theirs"]
        say(
            f"plan   {linked:,} objects linked, {theirs:,} values of other people left alone, {held:,} held,"
            f" {conflicts:,} conflicts need a person"
        )
        say("what ServiceNow itself and its request log say:")
        for line in audit.table().splitlines():
            say(f"  {line}")

    def _entities(self) -> str:
        from synchub.wiring import open_hub

        hub = open_hub(self.config)
        try:
            counts = hub.state.entities.count()
        finally:
            hub.close()
        self.entities = sum(counts.values())
        return ", ".join(f"{count:,} {family}" for family, count in sorted(counts.items()))

    def _summary(self, name: str, result: dict[str, Any], audit: Any, seconds: float) -> dict[str, Any]:
        pulled = [c for streams in result["pulled"].values() for c in streams.values()]
        report = result["targets"]["snow"]
        counts = report["summary"]["counts"]
        tallies = [audit.cis, audit.assets, audit.users]
        states = report["states"]
        return {
            "name": name,
            "state": result["state"],
            "records": sum(c["read"] for c in pulled),
            "changed": sum(c["new"] + c["changed"] for c in pulled),
            "entities": self.entities,
            "seconds": seconds,
            "audit": asdict(audit),
            "targets": {
                "snow": {
                    "create": sum(t.created for t in tallies),
                    "update": sum(t.updated for t in tallies),
                    "retire": 0,
                    "delete": sum(t.deleted for t in tallies),
                    "unchanged": sum(t.unchanged for t in tallies),
                    "failed": states.get("failed", 0) + states.get("drifted", 0),
                    "held": sum(c.get("held", 0) for c in counts.values()),
                    "conflicts": sum(c.get("conflict", 0) for c in counts.values()),
                    "requests": audit.requests,
                    "writes": audit.records_written - report["heartbeats"]["sent"],
                    "heartbeats": report["heartbeats"]["sent"],
                }
            },
        }

    def closing(self, results: list[dict[str, Any]], seconds: float) -> None:
        """Explain one contested field and say where to look next."""
        from synchub.explain import explain
        from synchub.explain_text import render_explain
        from synchub.wiring import open_hub

        say = self.say
        hub = open_hub(self.config)
        try:
            found = _contested(hub)
            if found is not None:
                say()
                say("=== explain: a contested field ===")
                for line in render_explain(explain(hub, *found)).splitlines():
                    say(line)
        except HubError as exc:
            say(f"explain: {exc}")
        finally:
            hub.close()
        say()
        say(
            f"The unchanged run wrote {results[1]['targets']['snow']['writes']:,} records. The demo took"
            f" {seconds:.0f} s."
        )
        say(f"Where to look next: cd {self.folder}")
        say("  synchub status                         synchub dead-letters")
        say("  synchub explain HOSTNAME               synchub history HOSTNAME")
        say("  (the simulators have stopped: commands that need them say so)")


def _flow() -> tuple[dict[str, Any], str, str]:
    """Run the flow and read its state from Prefect's API."""
    from prefect.client.orchestration import get_client

    from flows.sync import sync

    state = sync(return_state=True)
    result: dict[str, Any] = state.result()
    flow_run_id = state.state_details.flow_run_id
    assert flow_run_id is not None
    with get_client(sync_client=True) as client:
        flow_run = client.read_flow_run(flow_run_id)
    return result, str(flow_run.id), str(flow_run.state.name if flow_run.state else "unknown")


_CONTESTED = ("assigned_to", "location", "os_version", "model", "ram_mib", "hostname")


def _contested(hub: Any) -> tuple[int, str] | None:
    """Find an entity and a field about which its sources disagree."""
    with hub.state.database.read() as tx:
        rows = tx.rows(
            "select m.entity from member m join record r on r.id = m.record join entity e on e.id = m.entity"
            " where e.family = 'hardware' group by m.entity having count(*) >= 3 order by m.entity limit 400"
        )
    members = hub.state.identity.members_of([row[0] for row in rows])
    for field in _CONTESTED:
        for entity, records in sorted(members.items()):
            said = [m.fields.get(field) for m in hub.state.identity.contributions(records)]
            if len({str(value).split("@")[0].lower() for value in said if value}) > 1:
                return entity, field
    return None
