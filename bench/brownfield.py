"""Brownfield at size: the real wiring against a ServiceNow that others have filled, judged by the estate's truth.

    python bench/brownfield.py --devices 50000

Simulates an estate of so many devices and an instance that holds 30,000 CIs (for other sizes in proportion), 600 of
them duplicates, 4,000 without a serial number, 900 of retired devices whose host names new ones have by now. Then: the
first plan; the plan applied; the next plan; the state deleted and rebuilt from sources and target. All figures come
from the simulator's tables, its request log and the truth; of the hub only its decisions are read. The last line is
JSON; exit code 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.brownfield_judge import Judge, pairs
from simulators.auditor import Auditor
from simulators.estate import Estate, Holdings, build, load
from simulators.intune import Intune
from simulators.servicenow import ServiceNow
from synchub.domain.plan import PlanRow
from synchub.engine.sync import TargetReport
from synchub.steps import begin_run, end_run, identify_all, plan_target, pull_source, sync_target
from synchub.wiring import Hub, Selection, open_hub

CONFIGURATION = """\
version: 1
hub: {{id: brownfield, timezone: Europe/Berlin}}
state: sqlite:///state.db
sources:
  erp:
    connector: files
    root: erp
    streams:
      purchase_order_lines: {{glob: "po_*.csv", delimiter: ";", decimal: ",", dates: "%d.%m.%Y",
                             complete_when: manifest}}
  hr:
    connector: files
    root: hr
    streams:
      employees: {{glob: "employees.ndjson", complete_when: manifest}}
  mdm:
    connector: intune
    tenant: "{tenant}"
    client_id: "{client_id}"
    client_secret: env:GRAPH_SECRET
    url: "{graph}"
    login_url: "{graph}"
    requests_per_second: 5000
    streams: {{devices: {{}}}}
  scan:
    connector: agent_inventory
    root: agents
targets:
  snow:
    connector: servicenow
    url: "{snow}"
    auth: {{oauth: client_credentials, client_id: hub-client, client_secret: env:SNOW_SECRET}}
    discovery_source: SyncHub
    mode: write
guards: {{default: {{}}}}
"""
_TABLES = ("cmdb_ci_hardware", "cmdb_ci_vm_instance", "alm_hardware", "sys_user")


class Clock:
    """The machine's clock; waiting only moves it on."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> int:
        """Seconds since 1970 UTC."""
        return int(time.time() + self._ahead)

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self._ahead += seconds


@dataclass
class Brownfield:
    """The simulated systems and a hub over them. Use as a context manager; `folder` is empty before.

    Attributes:
        peak_mb: What the process held at most, simulators included.
    """

    folder: Path
    devices: int
    seed: int = 42
    say: Callable[[str], None] = lambda _line: None
    seconds: dict[str, float] = field(default_factory=dict)

    def __enter__(self) -> Brownfield:
        """Build the estate and start the simulators."""
        self.estate: Estate = build(
            seed=self.seed,
            people=max(self.devices * 2 // 3, 10),
            devices=self.devices,
            holdings=Holdings.scaled(self.devices),
        )
        self.estate.write(self.folder)
        self.graph = Intune(self.estate.intune_devices, users=self.estate.intune_users, throttle_limit=0)
        self._server = self.graph.serve()
        self._server.start()
        self.snow = ServiceNow(seed=1, sync_requests=3)
        self.snow.start()
        self.snow.add_data_source("SyncHub")
        self.snow.schema.add_column("alm_asset", "u_correlation_id=100")
        load(self.estate, self.snow)
        self.secrets = {"GRAPH_SECRET": self.graph.client_secret, "SNOW_SECRET": "hub-client-secret"}
        self.config = self.folder / "synchub.yaml"
        self.config.write_text(
            CONFIGURATION.format(
                tenant=self.graph.tenant, client_id=self.graph.client_id, graph=self._server.url, snow=self.snow.url
            )
        )
        self.auditor = Auditor(self.snow.url, self.estate.truth, auth=("admin", "admin"), timeout=300)
        self.auditor.snapshot()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything."""
        self.auditor.close()
        self.snow.stop()
        self._server.stop()

    def hub(self) -> Hub:
        """Open the hub."""
        return open_hub(self.config, clock=Clock(), environ=self.secrets)

    def plan(self, hub: Hub) -> tuple[TargetReport, list[PlanRow]]:
        """Pull, identify and plan; nothing is written."""
        run = begin_run(hub, "plan")
        with self.timed("pull"):
            for name in hub.loaded.settings.sources:
                pull_source(hub, name, run)
        with self.timed("identify"):
            identify_all(hub, run)
        with self.timed("plan"):
            report = plan_target(hub, "snow", run, Selection())
        end_run(hub, run, "done")
        return report, rows_of(hub, report.plan)

    def sync(self, hub: Hub) -> TargetReport:
        """Plan again and deliver."""
        run = begin_run(hub, "sync")
        with self.timed("deliver"):
            report = sync_target(hub, "snow", run, Selection())
        end_run(hub, run, "done")
        return report

    def timed(self, what: str) -> _Timed:
        """Measure a stage."""
        return _Timed(self, what)

    def present(self) -> dict[str, Mapping[str, str]]:
        """Read everything the instance holds, past the API."""
        return {row["sys_id"]: row for table in _TABLES for row in self.snow.dump(table)}

    def judge(self, hub: Hub) -> Judge:
        """Open a judge of the hub's decisions."""
        membership = [(source, key, entity) for source, _, key, entity in hub.state.reports.membership()]
        return Judge(self.estate, membership, self.present())

    def forget(self) -> None:
        """Lose the state."""
        for path in self.folder.glob("state.db*"):
            path.unlink()


class _Timed:
    def __init__(self, owner: Brownfield, what: str) -> None:
        self._owner, self._what = owner, what

    def __enter__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.monotonic()
        self._owner.say(f"... {self._what}")

    def __exit__(self, *_: object) -> None:
        cpu, wall = time.process_time() - self._cpu, time.monotonic() - self._wall
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        self._owner.seconds[self._what] = round(self._owner.seconds.get(self._what, 0.0) + wall, 1)
        self._owner.say(f"    {self._what}: {wall:.1f} s, {cpu:.1f} s CPU, {peak} MiB, simulators included")


def rows_of(hub: Hub, token: str) -> list[PlanRow]:
    """Load all rows of a plan."""
    plan = hub.state.plans.get(token)
    found: list[PlanRow] = []
    after = -1
    while plan is not None and (part := hub.state.plans.rows(plan.id, after=after, count=5000)):
        after = part[-1].n
        found += part
    return found


def ops(rows: list[PlanRow]) -> dict[str, int]:
    """Count the rows of a plan that would do something; links that write count as updates."""
    found = {"create": 0, "update": 0, "link": 0}
    for row in rows:
        if row.state.value in ("pending", "waiting"):
            op = "create" if row.op.value in ("create", "insert") else row.op.value
            found["update" if op == "link" and row.changes else op] += 1
    return found


def run(world: Brownfield) -> dict[str, Any]:
    """Go through first plan, apply, next plan and rebuild; returns the figures."""
    hub = world.hub()
    _, rows = world.plan(hub)
    first = world.judge(hub).first_plan(rows)
    world.say(f"first plan: {first}")
    world.auditor.begin()
    world.sync(hub)
    audit = world.auditor.end("applied")
    world.say(audit.table())
    linked = {o for o, _ in linked_objects(hub)}
    world.snow.settle()
    hardware = [row for row in world.snow.dump("cmdb_ci_hardware") if row.get("virtual") != "true"]
    ours = [row for row in hardware if row["sys_id"] in linked]
    applied = pairs(ours, world.snow.dump("alm_hardware"), hardware) | {
        "devices": audit.devices,
        "one_each": audit.one_each,
        "several_by_hub": audit.several_now,
        "duplicates_created": audit.duplicates_created,
        "takeovers": len(audit.takeovers),
        "overwritten": len(audit.overwritten),
        "deleted": audit.cis.deleted + audit.assets.deleted + audit.users.deleted,
    }
    world.say(f"applied: {applied}")
    for found in [*audit.overwritten[:20], *audit.takeovers[:20]]:
        world.say(f"    {found}")
    world.auditor.begin()
    _, again = world.plan(hub)
    world.sync(hub)
    second = ops(again) | {"records_written": world.auditor.end("next").records_written}
    hub.close()
    world.say(f"next plan: {second}")
    world.forget()
    hub = world.hub()
    _, rows = world.plan(hub)
    rebuilt = ops(rows)
    world.say(f"rebuilt: {rebuilt}")
    world.auditor.begin()
    world.sync(hub)
    rebuilt["records_written"] = world.auditor.end("rebuilt").records_written
    _, rows = world.plan(hub)
    rebuilt["plan_after"] = sum(ops(rows).values())
    hub.close()
    return {"devices": world.devices, "first_plan": first, "applied": applied, "next_plan": second, "rebuilt": rebuilt}


def linked_objects(hub: Hub) -> list[tuple[str, int]]:
    """List (object id, entity) of everything the hub has linked."""
    with hub.state.database.read() as tx:
        return list(tx.rows("select object_id, entity from target_object where entity is not null"))


def goals(figures: Mapping[str, Any]) -> dict[str, bool]:
    """Tell which goals are met."""
    first, applied, rebuilt = figures["first_plan"], figures["applied"], figures["rebuilt"]
    return {
        "no retirement": first["retirements"] == 0,
        "no overwrite": first["overwrites"] == 0 and applied["overwritten"] == 0,
        "no name takeover": first["name_takeovers"] == 0 and applied["takeovers"] == 0,
        "97 % of the linkable linked": first["linked_of_linkable"] >= 0.97,
        "0.1 % wrongly linked": first["wrong"] <= 0.001,
        "one asset, one CI": applied["one_to_one"] + applied["without_identity"] == applied["cis"],
        "next plan empty": not any(figures["next_plan"].values()),
        "rebuilt with 0 creates": rebuilt["create"] == 0,
        "rebuilt with 0 updates": rebuilt["update"] == 0 and rebuilt["records_written"] == 0,
        "nothing left after the rebuild": rebuilt["plan_after"] == 0,
    }


def main() -> int:
    """Run at the size asked for and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--keep", type=Path, help="empty folder in which everything stays")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="synchub-brownfield-"))
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    with Brownfield(folder, options.devices, options.seed, lambda line: print(line, file=sys.stderr, flush=True)) as it:
        figures = run(it)
        figures["seconds"] = it.seconds | {"all": round(time.monotonic() - begun, 1)}
    figures["state_mb"] = sum(p.stat().st_size for p in folder.glob("state.db*")) >> 20
    figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    figures["goals"] = goals(figures)
    print(json.dumps(figures))
    return 0 if all(figures["goals"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
