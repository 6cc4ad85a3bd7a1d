"""Tell a target when things were last seen: in bulk, at most weekly per object, apart from every plan.

A check-in is no news and plans nothing. So that a desk can still tell a machine in use from one in a drawer, each
linked object is told its *last seen* once a week, and only while its thing is seen: of a silent one the target's value
grows old, as it should. Nothing else is written, and nothing where the target knows of a later moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from synchub.domain.plan import Op, Outcome, RowState, Write
from synchub.engine.brake import Brake
from synchub.engine.contact import TargetJob
from synchub.engine.hubkeys import HubKeys
from synchub.errors import HubError, Recovery
from synchub.mapports import ObjectIdentity
from synchub.ports import Clock, Progress
from synchub.stores import State
from synchub.stores.heartbeats import Beat

WEEK = 7 * 86_400
# A run that begins somewhat earlier than last week's does not wait for the next, and neither does one in the week that
# the switch to summer time shortens by an hour.
_JITTER = 7200
_CHUNK = 1000


@dataclass(slots=True)
class HeartbeatCounts:
    """What was told.

    Attributes:
        due: Objects whose thing was seen since they were last told, a week or more ago.
        sent: Of these, told.
        newer: Of these, those where the target knows of a later moment already, or of the same.
        failed: Not told: gone, hidden or refused.
    """

    due: int = 0
    sent: int = 0
    newer: int = 0
    failed: int = 0


def count_due(job: TargetJob, state: State, clock: Clock, progress: Progress | None = None) -> HeartbeatCounts:
    """Count the objects that would be looked at; nothing is sent."""
    counts = HeartbeatCounts()
    for beats, _ in _due(job, state, clock.now()):
        counts.due += len(beats)
        if progress:
            progress(f"{job.name} last seen", counts.due, None)
    return counts


def send_heartbeats(job: TargetJob, state: State, clock: Clock, progress: Progress | None = None) -> HeartbeatCounts:
    """Tell every object that is due.

    Raises:
        AuthError: The target does not let the hub in.
        Paused: Writes are stopped; the others are told later.
    """
    counts, brake = HeartbeatCounts(), Brake(job, state)
    for beats, unknown in _due(job, state, clock.now()):
        counts.due += len(beats)
        state.heartbeats.told(clock.now(), [(beat.object, "") for beat in unknown])
        brake.check()
        _tell(job, state, clock.now(), beats, counts)
        if progress:
            progress(f"{job.name} last seen", counts.due, None)
    return counts


Due = tuple[Beat, ObjectIdentity, str]


def _due(job: TargetJob, state: State, now: int) -> Iterator[tuple[list[Due], list[Beat]]]:
    """Yield chunks of objects with what they are to be told, and those of whose thing nobody knows when it was seen."""
    facets = {(cls, f.facet): f for cls in job.classes for f in job.maps.facets(cls) if f.heartbeat}
    if not facets:
        return
    target = state.targets.target(job.name).id
    after = -1
    names = sorted({facet for _, facet in facets})
    while found := state.heartbeats.due(target, names, now - WEEK + _JITTER, after=after, count=_CHUNK):
        after = found[-1].object
        seen = last_seen(state, [b.entity for b in found if (b.cls, b.facet) in facets])
        told = []
        for beat in found:
            facet = facets.get((beat.cls, beat.facet))
            moment = facet.seen(seen.get(beat.entity, {})) if facet else None
            if facet and moment and str(moment) > beat.seen:
                told.append((beat, facet, str(moment)))
        yield told, [b for b in found if b.entity not in seen]


def last_seen(state: State, entities: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return entity -> `{"last_seen_at": moment}`: the latest that any of its records tells, check-ins included."""
    members = state.identity.members_of(entities)
    records = {record: entity for entity, some in members.items() for record in some}
    found: dict[int, dict[str, Any]] = {}
    for item in state.identity.contributions(list(records)):
        moment = item.fields.get("last_seen_at")
        if moment:
            known = found.setdefault(records[item.record], {"last_seen_at": ""})
            known["last_seen_at"] = max(known["last_seen_at"], str(moment))
    return found


def _tell(job: TargetJob, state: State, now: int, beats: Sequence[Due], counts: HeartbeatCounts) -> None:
    held = _held(job, beats)
    told: list[tuple[int, str]] = []
    writes: list[Write] = []
    keys = HubKeys(job.hub_id, state.entities)
    keys.learn(beat.entity for beat, _, _ in beats)
    for n, (beat, facet, seen) in enumerate(beats):
        if beat.object_id not in held:
            counts.failed += 1  # gone, or hidden: looked at again with the next run
        elif str(held[beat.object_id] or "") >= seen:
            counts.newer += 1
            told.append((beat.object, seen))
        else:
            writes.append(
                Write(n, beat.kind, Op.UPDATE, beat.object_id, {str(facet.heartbeat): seen}, keys.of(beat.entity),
                      extra={"cls": beat.cls, "facet": beat.facet})
            )  # fmt: skip
    for outcome in _send(job, writes):
        if outcome.state in (RowState.APPLIED, RowState.UNCHANGED):
            counts.sent += 1
        else:
            counts.failed += 1
        if outcome.state in (RowState.APPLIED, RowState.UNCHANGED, RowState.REFUSED, RowState.CONFLICT):
            beat, _, seen = beats[outcome.row]
            told.append((beat.object, seen))  # what was refused is tried again in a week
    state.heartbeats.told(now, told)


def _held(job: TargetJob, beats: Sequence[Due]) -> Mapping[str, Any]:
    """Read what the target holds now."""
    wanted: dict[tuple[str, str], list[str]] = {}
    for beat, facet, _ in beats:
        wanted.setdefault((beat.kind, str(facet.heartbeat)), []).append(beat.object_id)
    held: dict[str, Any] = {}
    for (kind, field), ids in wanted.items():
        held.update({i: o.fields.get(field) for i, o in job.target.fetch(kind, (field,), ids).items()})
    return held


def _send(job: TargetJob, writes: Sequence[Write]) -> list[Outcome]:
    if not writes:
        return []
    can = job.target.capabilities()
    parts = [writes[i : i + can.batch] for i in range(0, len(writes), can.batch)]

    def send(part: Sequence[Write]) -> list[Outcome]:
        try:
            return job.target.write(part)
        except HubError as exc:
            if exc.recovery is Recovery.ABORT:
                raise
            return [Outcome(w.row, RowState.FAILED, message=str(exc)) for w in part]

    if len(parts) == 1 or can.workers == 1:
        return [outcome for part in parts for outcome in send(part)]
    with ThreadPoolExecutor(can.workers) as pool:
        return [outcome for outcomes in pool.map(send, parts) for outcome in outcomes]
