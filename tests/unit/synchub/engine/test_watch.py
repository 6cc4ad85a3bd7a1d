"""What counts as failed, held and stale; one message for what began and what is over."""

from __future__ import annotations

from typing import Any

import pytest

from state.store import SqlState
from synchub.engine.watch import KINDS, Facts, StreamFacts, Told, find, freshness, message, tell
from synchub.errors import Unavailable
from synchub.stores import Alert, AlertRow

NOW = 1_800_000_000
HOUR = 3600


def run(number: int, state: str = "done", kind: str = "sync", **pull: str) -> dict[str, Any]:
    """Describe a run; `pull` names streams of source mdm with the code of their error, or empty."""
    counts = {
        f"mdm/{name}": {"read": 1} | ({"error": "x", "code": code} if code else {}) for name, code in pull.items()
    }
    return {"id": number, "kind": kind, "state": state, "counts": {"pull": counts} if counts else {}}


def about(facts: Facts) -> list[tuple[str, str]]:
    """List what is found."""
    return [(alert.kind, alert.about) for alert in find(facts, NOW)]


DEVICES = StreamFacts("mdm", "devices", NOW - 5 * HOUR, 6 * HOUR)


@pytest.mark.parametrize(
    ("age", "window", "first", "verdict"),
    [
        (5 * HOUR, 6 * HOUR, NOW, "fresh"),
        (6 * HOUR, 6 * HOUR, NOW, "fresh"),
        (6 * HOUR + 1, 6 * HOUR, NOW, "stale"),
        (-HOUR, 6 * HOUR, NOW, "fresh"),  # a clock that was ahead
        (99 * HOUR, None, NOW, ""),
        (None, 6 * HOUR, None, "unread"),
        (None, 6 * HOUR, NOW - 5 * HOUR, "unread"),
        (None, 6 * HOUR, NOW - 7 * HOUR, "stale"),
    ],
)
def test_freshness(age: int | None, window: int | None, first: int | None, verdict: str) -> None:
    """Age against `fresh_within`; what was never read counts from the first run."""
    stream = StreamFacts("mdm", "devices", None if age is None else NOW - age, window)

    assert verdict == freshness(NOW, stream, first)[1]


def test_only_time_makes_a_stream_stale() -> None:
    """Nothing but the clock moves."""
    facts = Facts([DEVICES])

    assert [] == find(facts, NOW)
    [alert] = find(facts, NOW + 2 * HOUR)
    assert ("stale", "mdm/devices", "mdm/devices is 7 h old, fresh_within is 6 h") == alert[:3]


def test_the_last_word_about_a_stream_counts() -> None:
    """Failed until it was read again, by whichever run."""
    people = StreamFacts("mdm", "people", NOW, None)
    runs = [run(3, devices=""), run(2, "failed", devices="unavailable", people="auth"), run(1, people="", devices="")]

    assert [("failed", "mdm/people")] == about(Facts([DEVICES, people], runs))


def test_a_stream_that_is_configured_no_more_is_over() -> None:
    """Nobody is told for ever of a source that was removed."""
    assert [] == about(Facts([], [run(2, devices=""), run(1, "failed", devices="auth")]))


@pytest.mark.parametrize(
    ("runs", "found"),
    [
        ([run(1, "failed")], ["run sync"]),
        ([run(2, "done"), run(1, "failed")], []),
        ([run(2, "partly"), run(1, "failed")], []),
        ([run(2, "failed", "plan"), run(1)], []),  # whoever planned saw it
        ([run(2, "failed", "pull"), run(1)], ["run pull"]),
        ([run(2, "running"), run(1)], ["run sync"]),  # nobody holds a lease: it was killed
        ([run(2, "failed", devices="auth"), run(1)], ["mdm/devices"]),  # one cause, one alert
    ],
)
def test_runs_that_failed(runs: list[dict[str, Any]], found: list[str]) -> None:
    """The newest run of a kind, unless a stream of it is named already."""
    assert found == [name for _, name in about(Facts([DEVICES], runs))]


def test_a_run_that_works_is_no_failure() -> None:
    """While a lease is held; the run before it counts."""
    assert [] == about(Facts([], [run(2, "running"), run(1)], is_working=True))
    assert [("failed", "run sync")] == about(Facts([], [run(2, "running"), run(1, "failed")], is_working=True))


def test_held_rows_name_the_command_that_shows_them() -> None:
    """By the token of the plan."""
    [alert] = find(Facts(held=[("snow", "7f3c91", 212), ("assets", "aa", 0)]), NOW)

    assert ("held", "snow", "synchub plan show 7f3c91 --needs") == (alert.kind, alert.about, alert.fix)


class Phone:
    """Remembers what it was told, or is out of order."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.broken = False

    def notify(self, title: str, text: str) -> None:
        """Take a message."""
        if self.broken:
            raise Unavailable("nobody answers")
        self.said.append((title, text))


STALE = Alert("stale", "mdm/devices", "mdm/devices is 9 h old, fresh_within is 6 h", "synchub status")
FAILED = Alert("failed", "run sync", "run 4 (sync) failed", "synchub status")


def test_one_message_for_all_that_began_and_ended(state: SqlState) -> None:
    """Once each, over any number of looks."""
    phone = Phone()
    looks = [[STALE, FAILED], [STALE, FAILED], [FAILED], [FAILED], []]
    told = [tell("acme", found, KINDS, state.alerts, phone, NOW + n * HOUR) for n, found in enumerate(looks)]

    assert [Told(2), Told(), Told(over=1), Told(), Told(over=1)] == told
    assert ["synchub acme: 2 new", "synchub acme: 1 over", "synchub acme: 1 over"] == [title for title, _ in phone.said]
    assert "stale: mdm/devices is 9 h old, fresh_within is 6 h. See: synchub status" in phone.said[0][1]
    assert "over: stale mdm/devices, lasted 2 h" == phone.said[1][1]


def test_a_stream_that_is_not_believed_waits_for_a_person() -> None:
    """As long as its snapshots miss so much; the command to answer with is named."""
    facts = Facts(streams=[StreamFacts("mdm", "devices", 100, None, withheld=1200)])
    assert about(facts) == [("held", "mdm/devices")]
    assert find(facts, 200)[0].fix == "synchub absent approve mdm/devices"
    assert about(Facts(streams=[StreamFacts("mdm", "devices", 100, None)])) == []


def test_a_failing_phone_is_tried_again(state: SqlState) -> None:
    """Nothing is raised, nothing is lost."""
    phone = Phone()
    phone.broken = True
    assert Told(error="unavailable") == tell("acme", [STALE], KINDS, state.alerts, phone, NOW)
    phone.broken = False

    assert Told(1) == tell("acme", [STALE], KINDS, state.alerts, phone, NOW + 1)


def test_kinds_that_nobody_asked_for_are_not_told(state: SqlState) -> None:
    """`when:` chooses; taking one out ends what was told of it."""
    phone = Phone()
    assert Told(1) == tell("acme", [STALE, FAILED], ("stale",), state.alerts, phone, NOW)
    assert Told(1, 1) == tell("acme", [STALE, FAILED], ("failed",), state.alerts, phone, NOW + 1)


def test_a_message_is_never_long() -> None:
    """Of very many, the first and their number."""
    rows = [AlertRow(STALE._replace(about=f"s{n}"), NOW, None, None) for n in range(500)]
    title, text = message("acme", rows, NOW)

    assert "synchub acme: 500 new" == title
    assert 21 == len(text.splitlines())
    assert text.endswith("... and 480 more: synchub status")
