"""A small hub in a box: sources and a target in memory, a real state, the engine between them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from mapping.target import TargetMap, load_target_map
from state.store import SqlState
from synchub.domain.model import VOLATILE
from synchub.engine.contact import TargetJob
from synchub.engine.identify import IdentifyCounts, identify
from synchub.engine.pull import PullCounts, PullJob, pull
from synchub.engine.sync import TargetReport, deliver_step, plan_step
from synchub.reconcile.rules import Rules, compile_rules
from synchub.stores import PlanState
from tests.support.fakes import FakeClock, MemorySource, MemoryTarget, PlainMapper

ROLES = {"erp": "procurement", "mdm": "mdm", "scan": "discovery", "hr": "hr"}
TARGET_MAP = load_target_map([Path(__file__).with_name("target.yaml")])
_EVIDENCE = {"run", "audit", "sequence", "plan", "plan_row"}  # tables that every run adds to
_MOMENTS = {"read_at", "complete_at", "fresh_at", "read_since", "looks"}  # columns that say when somebody looked last


class World:
    """Sources, state, target.

    Args:
        state: An empty state.
        rules: The `rules:` block.
        may_create: Source -> classes it may create.
        personal: Sources whose payloads are projected.
    """

    def __init__(
        self,
        state: SqlState,
        *,
        rules: Mapping[str, Any] | None = None,
        may_create: Mapping[str, list[str]] | None = None,
        personal: tuple[str, ...] = (),
    ) -> None:
        self.state, self.clock = state, FakeClock()
        self.sources = {name: MemorySource(name, personal=name in personal) for name in ROLES}
        self.mappers: dict[str, Any] = {name: PlainMapper() for name in ROLES}
        self.said: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in ROLES}
        self.target = MemoryTarget(self.clock)
        self.maps: TargetMap = TARGET_MAP
        self.policies: dict[str, str] = {}
        self.mode = "write"
        self.classes: tuple[str, ...] = ("computer", "person")
        self.canary = 10
        self.runs = 0
        self.slice = 3000
        self.rules: Rules
        self.configure(rules, may_create)

    def configure(
        self, rules: Mapping[str, Any] | None = None, may_create: Mapping[str, list[str]] | None = None
    ) -> None:
        """Use other rules from now on."""
        self.rules = compile_rules(rules, ROLES, may_create=may_create)

    # --- sources ------------------------------------------------------------------------------------------------------

    def say(self, source: str, key: str, cls: str = "computer", at: int = 0, **fields: Any) -> None:
        """Let a source hold a record, instead of what it held under this key."""
        self.said[source][key] = {"key": key, "cls": cls, "at": at, "fields": fields}

    def forget(self, source: str, key: str) -> None:
        """Let a source stop listing a record."""
        del self.said[source][key]

    # --- steps --------------------------------------------------------------------------------------------------------

    def begin(self) -> int:
        """Open a run."""
        self.runs = self.state.runs.begin("test", self.clock.now(), "cfg")
        return self.runs

    def pull(self, *names: str, limit: int | None = None) -> dict[str, PullCounts]:
        """Read sources, all of those that say something by default."""
        run = self.begin()
        result = {}
        for name in names or [n for n in ROLES if self.said[n] or self.state_holds(n)]:
            source = self.sources[name]
            source.records["s"] = list(self.said[name].values())
            hardware = self.rules.classes["computer"]
            silent = hardware.windows.get(name, hardware.window)
            job = PullJob(name, source, source.info("s"), self.mappers[name], None, limit, silent_after=silent)
            result[name] = pull(job, self.state.ledger, self.clock, run)
        return result

    def state_holds(self, name: str) -> bool:
        """Tell whether a source was read before."""
        return self.state.ledger.stream(name, "s").fingerprint != ""

    def identify(self) -> IdentifyCounts:
        """Identify and reconcile."""
        return identify(self.state, self.rules, self.clock, self.begin(), slice_size=self.slice)

    def update(self, *names: str) -> IdentifyCounts:
        """Pull, then identify."""
        self.pull(*names)
        return self.identify()

    def job(self) -> TargetJob:
        """Describe the delivery."""
        return TargetJob(
            "snow", self.target, self.maps, self.classes, self.policies, self.mode, "hub1", "cfg", self.canary
        )

    def plan(self) -> PlanState:
        """Plan the target."""
        return plan_step(self.job(), self.state, self.rules, self.clock, self.begin())[0]

    def deliver(self, plan: PlanState) -> TargetReport:
        """Deliver a plan."""
        report = TargetReport(plan.token, plan.summary, 0, False, 0, self.mode)
        return deliver_step(self.job(), self.state, plan, report, self.clock, self.begin())

    def sync(self) -> TargetReport:
        """Do everything."""
        self.update()
        plan, report = plan_step(self.job(), self.state, self.rules, self.clock, self.begin())
        return deliver_step(self.job(), self.state, plan, report, self.clock, self.runs)

    # --- what came of it ----------------------------------------------------------------------------------------------

    def query(self, statement: str, *parameters: Any) -> list[Any]:
        """Ask the state database."""
        with self.state.database.read() as tx:
            return tx.rows(statement, parameters)

    def members(self) -> dict[int, frozenset[tuple[str, str]]]:
        """Return entity -> (source, key) of its records."""
        found: dict[int, set[tuple[str, str]]] = {}
        for entity, source, key in self.query(
            "select m.entity, s.source, r.key from member m join record r on r.id=m.record"
            " join stream s on s.id=r.stream"
        ):
            found.setdefault(entity, set()).add((source, key))
        return {entity: frozenset(members) for entity, members in found.items()}

    def golden(self) -> dict[frozenset[tuple[str, str]], tuple[Any, ...]]:
        """Return members -> (class, fields, winning sources, sources, state) of the entities that are not gone.

        Volatile fields are left out: a mere check-in stops before reconciliation, by design.
        """
        members = self.members()

        def stable(row: Any, column: int) -> dict[str, Any]:
            values = orjson.loads(row[column])
            return {name: value for name, value in values.items() if name not in VOLATILE[row[1]]}

        rows = self.query("select id, cls, doc, winners, sources, state from entity where state<>'gone'")
        return {
            members.get(row[0], frozenset()): (
                row[1], stable(row, 2), stable(row, 3), row[4], row[5]
            )
            for row in rows
        }  # fmt: skip

    def proposals(self) -> set[frozenset[frozenset[tuple[str, str]]]]:
        """Return the open proposals as pairs of member sets."""
        members = self.members()
        return {
            frozenset({members[a], members[b]}) for a, b in self.query("select a, b from proposal where state='open'")
        }

    def shared(self) -> set[int]:
        """Return the hashes that identify nothing."""
        return self.state.identity.shared()

    def dump(self) -> dict[str, list[Any]]:
        """Return every row of every table but runs, sequences and what records that a run took place."""
        from state.schema import metadata

        found = {}
        for table in metadata.sorted_tables:
            if table.name not in _EVIDENCE:
                columns = ", ".join(c.name for c in table.columns if c.name not in _MOMENTS)
                found[table.name] = sorted(map(repr, self.query(f"select {columns} from {table.name}")))
        return found

    def rows(self, plan: PlanState) -> list[tuple[str, str, str]]:
        """Return (op, facet, state) of a plan's rows."""
        return [(r.op.value, r.facet, r.state.value) for r in self.state.plans.rows(plan.id)]
