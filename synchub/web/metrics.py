"""Metrics in the text format of Prometheus: what the server counts itself, and what the state holds.

Labels are names of configuration, canonical classes, codes and states, never a value of a record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from synchub.alerts import facts
from synchub.engine.watch import Facts, find, freshness
from synchub.settings.schedule import next_run
from synchub.wiring import Hub

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.01, 0.05, 0.25, 1, 5, 30, 60)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the state held at one moment.

    Attributes:
        now: That moment, seconds since 1970 UTC.
        facts: What alerts go by.
        streams: As `state.reports.streams`, of configured sources.
        targets: As `state.reports.targets`, of configured targets.
        run_totals: (kind, state, number).
        last_runs: As `state.watch.last_runs`.
        dead_letters: (source, stream, code, number).
        proposals: Open merge proposals.
        schedules: Flow -> its next run.
    """

    now: int
    facts: Facts
    streams: Sequence[Mapping[str, Any]] = ()
    targets: Sequence[Mapping[str, Any]] = ()
    run_totals: Sequence[tuple[str, str, int]] = ()
    last_runs: Sequence[Mapping[str, Any]] = ()
    dead_letters: Sequence[tuple[str, str, str, int]] = ()
    proposals: int = 0
    schedules: Mapping[str, int] = field(default_factory=dict)


def snapshot(hub: Hub) -> Snapshot:
    """Read the state; a fixed number of statements, the dearest of which count records and objects.

    Raises:
        StateError: It does not answer, or is of another schema.
    """
    state, settings = hub.state, hub.loaded.settings
    now = hub.clock.now()
    planned = {flow: next_run(cron, settings.hub.timezone, now) for flow, cron in settings.schedules.items()}
    return Snapshot(
        now=now,
        facts=facts(hub),
        streams=[s for s in state.reports.streams() if s["source"] in settings.sources],
        targets=[t for t in state.reports.targets() if t["name"] in settings.targets],
        run_totals=state.watch.run_totals(),
        last_runs=state.watch.last_runs(),
        dead_letters=state.watch.dead_letters(),
        proposals=state.watch.count_proposals(),
        schedules={flow: at for flow, at in planned.items() if at is not None},
    )


class Metrics:
    """Everything that `/metrics` shows.

    Attributes:
        requests: Requests by route and status.
        seconds: How long they took, by route.
        inventories: Messages of agents by path and outcome.
        received: Bytes of their bodies.
        buffered: Bytes of bodies in memory.
        queue: Messages that wait for a worker or are worked on.
        spool: Inventories in the spool by path.
        shown: What was read from the state last; None: it could not be read.
    """

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # one more series for each, which nobody looks at
        self._registry = CollectorRegistry()
        registry = self._registry
        self.requests = Counter("synchub_http_requests", "Requests.", ["route", "status"], registry=registry)
        self.seconds = Histogram(
            "synchub_http_request_seconds", "How long requests took.", ["route"], buckets=_SECONDS, registry=registry
        )
        self.inventories = Counter(
            "synchub_inventories", "Messages of agents by outcome.", ["path", "outcome"], registry=registry
        )
        self.received = Counter(
            "synchub_received_bytes", "Bytes of bodies that were read.", ["path"], registry=registry
        )
        self.buffered = Gauge("synchub_buffered_bytes", "Bytes of bodies in memory.", registry=registry)
        self.queue = Gauge("synchub_queue_messages", "Messages that are being stored.", registry=registry)
        self.spool = Gauge("synchub_spool_devices", "Devices in the spool.", ["path"], registry=registry)
        info = Gauge("synchub_build_info", "Always 1; the label tells the version.", ["version"], registry=registry)
        info.labels(version("synchub")).set(1)
        ProcessCollector(registry=registry)
        registry.register(self)
        self.shown: Snapshot | None = None

    def render(self) -> bytes:
        """Write everything."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield what the state held when it was read last; of a state that cannot be read only that it is down."""
        shown = self.shown
        yield GaugeMetricFamily("synchub_state_up", "Whether the state could be read.", value=int(shown is not None))
        if shown is None:
            return
        yield from _streams(shown)
        yield from _runs(shown)
        yield from _waiting(shown)


def _gauge(name: str, text: str, labels: Sequence[str], rows: Sequence[tuple[Sequence[str], float | None]]) -> Metric:
    family = GaugeMetricFamily(f"synchub_{name}", text, labels=labels)
    for values, value in rows:
        if value is not None:
            family.add_metric(values, value)
    return family


def _streams(shown: Snapshot) -> Iterator[Metric]:
    of = ("source", "stream")
    rows = [((s["source"], s["stream"]), s) for s in shown.streams]
    yield _gauge("stream_records", "Records stored.", of, [(key, s["records"]) for key, s in rows])
    yield _gauge("stream_absent_records", "Records that the last complete snapshots did not hold.", of,
                 [(key, s["absent"]) for key, s in rows])  # fmt: skip
    yield _gauge("stream_read_timestamp_seconds", "When it was last read to its end.", of,
                 [(key, s["read_at"]) for key, s in rows])  # fmt: skip
    yield _gauge("stream_complete_timestamp_seconds", "When it was last read completely.", of,
                 [(key, s["complete_at"]) for key, s in rows])  # fmt: skip
    known = [((f.source, f.stream), f) for f in shown.facts.streams]
    yield _gauge("stream_fresh_timestamp_seconds", "How old the newest of what was read is.", of,
                 [(key, f.fresh_at) for key, f in known])  # fmt: skip
    yield _gauge("stream_fresh_within_seconds", "How old it may be.", of, [(key, f.window) for key, f in known])
    stale = [(key, freshness(shown.now, f, shown.facts.first_run_at)[1]) for key, f in known]
    yield _gauge("stream_stale", "1: older than that.", of,
                 [(key, int(verdict == "stale")) for key, verdict in stale if verdict])  # fmt: skip
    yield _gauge("dead_letters", "What could not be read.", (*of, "code"),
                 [(row[:3], row[3]) for row in shown.dead_letters])  # fmt: skip


def _runs(shown: Snapshot) -> Iterator[Metric]:
    totals = CounterMetricFamily("synchub_runs", "Runs by how they ended.", labels=["kind", "state"])
    for kind, state, count in shown.run_totals:
        totals.add_metric([kind, state], count)
    yield totals
    last = [((run["kind"],), run) for run in shown.last_runs]
    yield _gauge("run_last_start_timestamp_seconds", "When the newest run that has ended began.", ("kind",),
                 [(key, run["started_at"]) for key, run in last])  # fmt: skip
    yield _gauge("run_last_duration_seconds", "How long it took.", ("kind",),
                 [(key, run["ended_at"] - run["started_at"]) for key, run in last])  # fmt: skip
    yield _gauge("run_last_failed", "1: it failed.", ("kind",),
                 [(key, int(run["state"] == "failed")) for key, run in last])  # fmt: skip
    yield _gauge("run_last_done_timestamp_seconds", "When one last ended without failing.", ("kind",),
                 [(key, run["done_at"]) for key, run in last])  # fmt: skip
    yield _gauge("run_active", "1: a run holds a lease.", (), [((), int(shown.facts.is_working))])
    yield _gauge("schedule_next_timestamp_seconds", "When a flow runs next.", ("flow",),
                 [((flow,), at) for flow, at in sorted(shown.schedules.items())])  # fmt: skip


def _waiting(shown: Snapshot) -> Iterator[Metric]:
    held = {target: rows for target, _, rows in shown.facts.held}
    for target, _, _, _, rows in shown.facts.holds:
        held[target] = held.get(target, 0) + rows
    names = [(t["name"],) for t in shown.targets]
    yield _gauge("held_rows", "Rows that are held for a person: by a guard, or as possible duplicates.", ("target",),
                 [(name, held.get(name[0], 0)) for name in names])  # fmt: skip
    for key, text in (("conflicts", "Open conflicts."), ("waiting", "Things that are planned again."),
                      ("linked", "Linked objects."), ("known", "Objects that are known.")):  # fmt: skip
        name = f"target_{key}" if key != "conflicts" else key
        yield _gauge(name, text, ("target",), [((t["name"],), t[key]) for t in shown.targets])
    yield _gauge("proposals", "Pairs that may be the same thing.", (), [((), shown.proposals)])
    wrong = find(shown.facts, shown.now)
    yield _gauge("alerts", "What needs somebody now.", ("kind",),
                 [((kind,), sum(a.kind == kind for a in wrong)) for kind in ("failed", "held", "stale")])  # fmt: skip
