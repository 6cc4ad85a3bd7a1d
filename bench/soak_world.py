"""The systems of a soak: simulators with faults, an estate that grows and changes by the day, and the hub's process."""

from __future__ import annotations

import copy
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Self

from simulators.estate import Estate, load, mutate
from simulators.faults import Rule
from simulators.intune import Intune
from simulators.servicenow import ServiceNow

PHASES = ("pull", "reconcile", "deliver", "commit")
CONFIGURATION = """\
version: 1
hub: {{id: soak, timezone: Europe/Berlin}}
state: env:SYNCHUB_DB
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
_WRITES = "POST|PATCH|PUT"
_FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("status", {"probability": 0.01, "status": 503}),
    ("throttle", {"probability": 0.005, "retry_after": 0.2}),
    ("timeout_before", {"probability": 0.005, "seconds": 0.1}),
    ("timeout_after", {"probability": 0.005, "seconds": 0.1}),
    ("truncate", {"probability": 0.005}),
)


def day(estate: Estate, number: int, days: int) -> Estate:
    """Return what the sources hold on a day: three fifths of the devices on the first, all on the last.

    Every day after the first 20 % of the records differ from the day before.
    """
    for n in range(1, number + 1):
        estate = mutate(estate, percent=20, seed=n)
    late = {d.id: 1 + i % max(days - 1, 1) for i, d in enumerate(estate.devices) if i % 5 > 2}

    def here(source: str, key: str) -> bool:
        return late.get(estate.truth.device_of(source, key) or "", 0) <= number

    return replace(
        estate,
        procurement=[row for row in estate.procurement if here("procurement", row["po_line_id"])],
        intune_devices=[item for item in estate.intune_devices if here("mdm", item["id"])],
        agents=[agent for agent in estate.agents if here("discovery", agent.document["deviceid"])],
    )


@dataclass
class Systems:
    """One hub's surroundings: files, an Intune, a ServiceNow that others have filled, a state.

    Attributes:
        folder: Files and configuration.
        database: URL of the state.
        estate: What others have put into the ServiceNow; the people of the Intune.
    """

    folder: Path
    database: str
    estate: Estate
    _faults: int = 0

    def __enter__(self) -> Self:
        """Start the simulators."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.graph = Intune(users=self.estate.intune_users, throttle_limit=0)
        self._graph = self.graph.serve().start()
        self.snow = ServiceNow(seed=1, sync_requests=3).start()
        self.snow.add_data_source("SyncHub")
        self.snow.schema.add_column("alm_asset", "u_correlation_id=100")
        load(copy.deepcopy(self.estate), self.snow)
        config = self.folder / "synchub.yaml"
        config.write_text(
            CONFIGURATION.format(
                tenant=self.graph.tenant, client_id=self.graph.client_id, graph=self._graph.url, snow=self.snow.url
            )
        )
        self.environ = {
            "SYNCHUB_CONFIG": str(config), "SYNCHUB_DB": self.database, "GRAPH_SECRET": self.graph.client_secret,
            "SNOW_SECRET": "hub-client-secret",
        }  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        """Stop them."""
        self.snow.stop()
        self._graph.stop()

    def show(self, estate: Estate) -> None:
        """Let the sources hold an estate from now on."""
        estate.write(self.folder)
        self.graph.replace(estate.intune_devices)

    def disturb(self, *, on: bool) -> None:
        """Switch the faults of both simulators on or off."""
        for server in (self.snow.server, self._graph):
            self._faults += _hits(server.faults.rules)
            server.faults.clear()
            for kind, settings in _FAULTS if on else ():
                server.faults.add(kind, path="^/(api|deviceManagement|v1)", **settings)

    @property
    def faults(self) -> int:
        """How many requests were hit so far."""
        return self._faults + sum(_hits(server.faults.rules) for server in (self.snow.server, self._graph))

    def on_write(self, nth: int, act: Callable[[], object], *, after: bool) -> Rule:
        """Call something when the n-th writing request arrives, or when it was carried out but not answered."""
        rule = self.snow.server.faults.add("call_after" if after else "call", path="^/api/now", nth=nth, times=1)
        rule.call = act
        rule.method = "POST"  # batches, creates and IRE; updates travel in batches
        return rule

    def forget(self, rule: Rule) -> None:
        """Take such a call back."""
        self.snow.server.faults.rules.remove(rule)

    def writes(self) -> int:
        """Count the records written so far."""
        return int(self.snow.log.counters(0)["records_written"])


def _hits(rules: list[Rule]) -> int:
    return sum(rule.hits for rule in rules if not rule.kind.startswith("call"))


class Sync:
    """One `synchub sync` (or another command) in a process of its own, to be killed or left to end.

    Attributes:
        phase: What it is doing, as it says itself.
        killed_in: The phase in which it was killed; empty while it was not.
        took: Phase that is over -> seconds.
    """

    def __init__(self, systems: Systems, *command: str) -> None:
        self.phase, self.killed_in = "start", ""
        self.took: dict[str, float] = {}
        self._since = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "synchub.cli.main", *(command or ("sync",))],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **systems.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        )
        self.said: list[str] = []
        self._turn = threading.Condition()
        assert self._process.stderr is not None
        self._reader = threading.Thread(target=self._listen, args=(self._process.stderr,), daemon=True)
        self._reader.start()

    def _listen(self, stream: IO[str]) -> None:
        words = {"reading": "pull", "identifying": "reconcile", "delivering": "deliver"}
        with stream:
            for line in stream:
                self.said.append(line.rstrip())
                self._turn_to(words.get(line.partition(" ")[0], self.phase))
        self._turn_to("ended")

    def _turn_to(self, phase: str) -> None:
        with self._turn:
            if phase != self.phase:
                if not self.killed_in:
                    self.took[self.phase] = time.monotonic() - self._since
                self.phase, self._since = phase, time.monotonic()
                self._turn.notify_all()

    def reach(self, phase: str) -> None:
        """Wait until a phase has begun, or is over."""
        order = ("start", "pull", "reconcile", "deliver", "ended")
        with self._turn:
            self._turn.wait_for(lambda: order.index(self.phase) >= order.index(phase), timeout=600)

    def kill(self, *, phase: str = "") -> None:
        """Send SIGKILL; only the first one counts."""
        if self._process.poll() is None and not self.killed_in:
            self.killed_in = phase or self.phase
            self._process.send_signal(signal.SIGKILL)

    def wait(self, limit: float) -> int:
        """Wait for the end; returns the exit code, negative after a kill."""
        code = self._process.wait(limit)
        self._reader.join(10)
        return code


def attempt(systems: Systems, phase: str, chance: random.Random, typical: dict[str, float]) -> Sync:
    """Start a sync and kill it at a random moment of a phase; it may end before.

    Args:
        systems: Its surroundings.
        phase: One of `PHASES`.
        chance: Chooses the moment.
        typical: Seconds that phases took; the moment is chosen within.
    """
    rule = None
    sync = Sync(systems)
    if phase in ("deliver", "commit"):
        after = phase == "commit"
        rule = systems.on_write(chance.choice((1, 1, 2, 2, 3, 5, 8)), lambda: sync.kill(phase=phase), after=after)
        sync.reach("ended")
    else:
        sync.reach(phase)
        begun = time.monotonic()
        wait = chance.random() * typical.get(phase, 0.2) * 0.8  # a phase that is over cannot be hit
        while time.monotonic() - begun < wait and sync.phase == phase:
            time.sleep(0.005)
        sync.kill()
    sync.wait(900)
    if rule is not None:
        systems.forget(rule)
    typical.update(sync.took)
    return sync
