"""What needs somebody: failed reads and runs, held rows, streams that grew stale. Pure; told through `tell`.

Everything is judged from what the state holds, never from what one run saw, so that it does not matter which process
looks, how often, or whether a run was killed before it could say anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from synchub.errors import ConnectorError
from synchub.ports import Notifier
from synchub.stores.alerts import Alert, AlertRow, Alerts

KINDS = ("failed", "held", "stale")
_CLAIM_S = 120  # longer than a notification takes; after a kill it is told again
_BY_HAND = frozenset({"plan", "apply"})  # whoever types these sees how they end
_MAX_LINES = 20


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What is known of one stream.

    Attributes:
        source: Configured name.
        stream: Name of the stream.
        fresh_at: How old what was read last is; None: never read to its end.
        window: `fresh_within` in seconds; None: not configured.
        withheld: Records that vanished at once, so that its snapshots are not believed; 0: they are.
    """

    source: str
    stream: str
    fresh_at: int | None
    window: int | None
    withheld: int = 0

    @property
    def name(self) -> str:
        """`source/stream`."""
        return f"{self.source}/{self.stream}"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the state holds, as far as alerts go by it.

    Attributes:
        streams: The configured and the known streams.
        runs: The newest runs, newest first, as `state.reports.runs` lists them.
        first_run_at: When the first run began; None: there was none.
        held: (target, token of its newest plan, rows in it that may be the same thing as another).
        holds: (target, number, kind of change, class, rows) of what a guard stopped and nobody answered.
        is_working: Some run holds a lease now.
    """

    streams: Sequence[StreamFacts] = ()
    runs: Sequence[Mapping[str, Any]] = ()
    first_run_at: int | None = None
    held: Sequence[tuple[str, str, int]] = ()
    holds: Sequence[tuple[str, int, str, str, int]] = ()
    is_working: bool = False


Freshness = Literal["fresh", "stale", "unread", ""]


def freshness(now: int, stream: StreamFacts, first_run_at: int | None) -> tuple[int | None, Freshness]:
    """Judge a stream's age against its window.

    A stream that was never read to its end counts from the first run of the hub.

    Returns:
        Age in seconds (None: never read) and the verdict; empty where no window is configured.

    >>> freshness(100_000, StreamFacts("mdm", "devices", 70_000, 21_600), None)
    (30000, 'stale')
    """
    age = None if stream.fresh_at is None else max(0, now - stream.fresh_at)
    if stream.window is None:
        return age, ""
    if age is not None:
        return age, "stale" if age > stream.window else "fresh"
    return None, "stale" if first_run_at is not None and now - first_run_at > stream.window else "unread"


def find(facts: Facts, now: int) -> list[Alert]:
    """List what needs somebody now."""
    return [*_stale(facts, now), *_failed(facts), *_held(facts), *_withheld(facts)]


def _stale(facts: Facts, now: int) -> Iterator[Alert]:
    for stream in facts.streams:
        age, verdict = freshness(now, stream, facts.first_run_at)
        if verdict == "stale":
            last = "was never read to its end" if age is None else f"is {span(age)} old"
            text = f"{stream.name} {last}, fresh_within is {span(stream.window or 0)}"
            yield Alert("stale", stream.name, text, "synchub status")


def _failed(facts: Facts) -> Iterator[Alert]:
    """Take the last word about each stream and each kind of run."""
    known = {stream.name for stream in facts.streams}
    streams: set[str] = set()
    kinds: set[str] = set()
    for run in facts.runs:
        told = run["counts"].get("pull", {})
        failed = {name: counts for name, counts in told.items() if "error" in counts}
        for name, counts in failed.items():
            if name not in streams and name in known:
                text = f"{name} could not be read in run {run['id']} ({counts.get('code', 'error')})"
                yield Alert("failed", name, text, "synchub check")
        streams |= set(told)
        state = run["state"]
        if state == "running":
            if facts.is_working:
                continue
            state = "was cut off"
        if run["kind"] in kinds or run["kind"] in _BY_HAND:
            continue
        kinds.add(run["kind"])
        if state in ("failed", "was cut off") and not failed:
            text = f"run {run['id']} ({run['kind']}) {state}"
            yield Alert("failed", f"run {run['kind']}", text, "synchub status")


def _withheld(facts: Facts) -> Iterator[Alert]:
    for stream in facts.streams:
        if stream.withheld:
            text = f"{stream.withheld:,} records of {stream.name} vanished at once; nothing is concluded"
            yield Alert("held", stream.name, text, f"synchub absent approve {stream.name}")


def _held(facts: Facts) -> Iterator[Alert]:
    for target, token, rows in facts.held:
        if rows:
            text = f"{target}: {rows:,} rows of plan {token} are held for a person"
            yield Alert("held", target, text, f"synchub plan show {token} --needs")
    for target, number, guard, cls, rows in facts.holds:
        text = f"{target}: h-{number} stops {rows:,} changes of kind {guard} ({cls}) until somebody answers"
        yield Alert("held", f"{target} h-{number}", text, f"synchub holds show h-{number}")


def span(seconds: int) -> str:
    """Write a duration in its two largest units.

    >>> span(32_400), span(93_600), span(59)
    ('9 h', '1 d 2 h', '59 s')
    """
    parts = []
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


@dataclass(slots=True)
class Told:
    """What became of the alerts.

    Attributes:
        begun: Told that they began.
        over: Told that they are over.
        error: Why nobody could be told; empty: nothing went wrong.
    """

    begun: int = 0
    over: int = 0
    error: str = ""


def tell(hub: str, found: Sequence[Alert], kinds: Sequence[str], alerts: Alerts, notifier: Notifier, now: int) -> Told:
    """Tell what began and what is over, each once, in one message.

    A message that could not be sent stays to be told by the next who looks; nothing fails because of it. Killed
    between sending and noting it, it is told twice, never not at all.

    Args:
        hub: Name of this hub, for the title.
        found: What is wrong now.
        kinds: Of which kinds somebody is to be told.
        alerts: Remembers.
        notifier: Sends.
        now: Seconds since 1970 UTC.
    """
    alerts.settle(now, [alert for alert in found if alert.kind in kinds], KINDS)
    rows = alerts.claim(now, _CLAIM_S)
    if not rows:
        return Told()
    try:
        notifier.notify(*message(hub, rows, now))
    except ConnectorError as exc:
        alerts.release(rows)
        return Told(error=exc.code)
    alerts.told(now, rows)
    over = sum(row.resolved_at is not None for row in rows)
    return Told(len(rows) - over, over)


def message(hub: str, rows: Sequence[AlertRow], now: int) -> tuple[str, str]:
    """Write title and text of a notification."""
    begun = [row for row in rows if row.resolved_at is None]
    over = [row for row in rows if row.resolved_at is not None]
    lines = [f"{row.alert.kind}: {row.alert.text}. See: {row.alert.fix}" for row in begun]
    lines += [f"over: {row.alert.kind} {row.alert.about}, lasted {span(max(0, now - row.since_at))}" for row in over]
    if len(lines) > _MAX_LINES:
        lines[_MAX_LINES:] = [f"... and {len(lines) - _MAX_LINES:,} more: synchub status"]
    words = [f"{len(begun)} new" if begun else "", f"{len(over)} over" if over else ""]
    return f"synchub {hub}: {', '.join(word for word in words if word)}", "\n".join(lines)
