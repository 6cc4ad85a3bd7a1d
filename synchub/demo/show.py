"""What the demo prints of a run and at the end, and the figures of its JSON line."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from synchub.demo.say import Say
from synchub.demo.world import World
from synchub.errors import HubError

_CALLED = {"snow": "ServiceNow", "assets": "Jira Assets"}
_CONTESTED = ("assigned_to", "location", "os_version", "model", "ram_mib", "hostname")
_PARITY_LINES = 9


class Show:
    """Prints one run after the other."""

    def __init__(self, world: World, say: Say) -> None:
        self._world, self._say = world, say

    def run(
        self, name: str, result: Mapping[str, Any], flow_run: str, audits: Mapping[str, Any], seconds: float
    ) -> dict[str, Any]:
        """Print a run and return its figures.

        Args:
            name: Of the run.
            result: The flow's report.
            flow_run: What Prefect says about it.
            audits: Target -> the auditor's report.
            seconds: The flow took.

        Returns:
            What the JSON line holds for the run, its number and its `state`.
        """
        entities = self._entities()
        self._print(name, result, flow_run, audits, entities)
        pulled = [c for streams in result["pulled"].values() for c in streams.values()]
        return {
            "name": name,
            "run": result["run"],
            "state": result["state"],
            "records": sum(c["read"] for c in pulled),
            "changed": sum(c["new"] + c["changed"] for c in pulled),
            "entities": sum(entities.values()),
            "seconds": seconds,
            "targets": {target: _figures(result["targets"][target], audit) for target, audit in audits.items()},
        }

    def _print(
        self,
        name: str,
        result: Mapping[str, Any],
        flow_run: str,
        audits: Mapping[str, Any],
        entities: Mapping[str, int],
    ) -> None:
        say = self._say
        say()
        say(f"=== {name} ===   run {result['run']}: {result['state']}   {flow_run}")
        for source, streams in result["pulled"].items():
            for stream, c in streams.items():
                proof = f"complete ({c['proof']})" if c["complete"] else f"INCOMPLETE: {c['proof'][:70]}"
                say(
                    f"read   {source:5} {stream:22} {c['read']:>7,}  new {c['new']:>6,}  changed {c['changed']:>5,} "
                    f" dead letters {c['rejected']:>2,}  {proof}"
                )
        found = result["identified"]
        held = ", ".join(f"{count:,} {family}" for family, count in sorted(entities.items()))
        say(
            f"match  {found['records']:,} records looked at -> {held}; {found['created']:,} new,"
            f" {found['changed']:,} changed"
        )
        for target, audit in audits.items():
            self._print_target(target, result["targets"][target], audit)

    def _print_target(self, target: str, report: Mapping[str, Any], audit: Any) -> None:
        counts = report["summary"]["counts"].values()
        linked, held, conflicts = (sum(c.get(key, 0) for c in counts) for key in ("link", "held", "conflict"))
        self._say(
            f"plan   {target}: {linked:,} objects linked, {report['summary']['theirs']:,} values of other people left"
            f" alone, {held:,} held, {conflicts:,} conflicts need a person"
        )
        self._say(f"what {_CALLED[target]} itself and its request log say:")
        for line in audit.table().splitlines():
            self._say(f"  {line}")

    def _entities(self) -> dict[str, int]:
        from synchub.wiring import open_hub

        hub = open_hub(self._world.config)
        try:
            return dict(hub.state.entities.count())
        finally:
            hub.close()

    def looks(self) -> None:
        """Compare the targets and explain one contested field."""
        from synchub.wiring import open_hub

        hub = open_hub(self._world.config)
        try:
            self._parity(hub)
            self._explain(hub)
        finally:
            hub.close()

    def closing(self, results: Sequence[Mapping[str, Any]], started: float) -> None:
        """Say what the unchanged run wrote, how long all took, and where to look next.

        Args:
            results: What `run` returned, in order.
            started: Monotonic clock at the start of the demo.
        """
        say = self._say
        say()
        wrote = ", ".join(f"{figures['writes']:,} to {_CALLED[t]}" for t, figures in results[1]["targets"].items())
        say(f"Writes of the unchanged run: {wrote}. The demo took {time.monotonic() - started:.0f} s.")
        say(f"Where to look next: cd {self._world.folder}")
        say("  synchub status                         synchub dead-letters")
        say("  synchub explain HOSTNAME               synchub history HOSTNAME")
        say("  synchub conflicts list                 synchub rollback --help")
        say("  (the simulators have stopped: commands that need them say so)")

    def _parity(self, hub: Any) -> None:
        from synchub.parity import parity, render_parity

        try:
            with self._say.busy("comparing the targets with each other (`synchub report parity`)"):
                lines = render_parity(parity(hub)).splitlines()
        except HubError as exc:
            self._say(f"parity: {exc}")
            return
        self._say()
        self._say("=== parity: the same things in both targets ===")
        for line in lines[:_PARITY_LINES]:
            self._say(line)
        if len(lines) > _PARITY_LINES:
            self._say(f"  ... {len(lines) - _PARITY_LINES} more lines")

    def _explain(self, hub: Any) -> None:
        from synchub.explain import explain
        from synchub.explain_text import render_explain

        try:
            found = _contested(hub)
            lines = render_explain(explain(hub, *found)).splitlines() if found else []
        except HubError as exc:
            lines = [str(exc)]
        self._say()
        self._say("=== explain: a contested field ===")
        for line in lines:
            self._say(line)


def _figures(report: Mapping[str, Any], audit: Any) -> dict[str, int]:
    """Return the figures of one target: the auditor's, and what the hub held back."""
    counts, states = report["summary"]["counts"].values(), report["states"]
    tallies = audit.tallies()
    return {
        "create": sum(t.created for t in tallies),
        "update": sum(t.updated for t in tallies),
        "retire": 0,
        "delete": sum(t.deleted for t in tallies),
        "unchanged": sum(t.unchanged for t in tallies),
        "failed": states.get("failed", 0) + states.get("drifted", 0),
        "held": sum(c.get("held", 0) for c in counts),
        "conflicts": sum(c.get("conflict", 0) for c in counts),
        "requests": audit.requests,
        "writes": audit.records_written - report["heartbeats"]["sent"],
        "heartbeats": report["heartbeats"]["sent"],
    }


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
