"""Alerts are told once, whoever looks, whatever dies."""

from __future__ import annotations

from state.store import SqlState
from synchub.stores import Alert
from tests.support.states import Databases

STALE = Alert("stale", "mdm/devices", "mdm/devices is 9 h old", "synchub status")
FAILED = Alert("failed", "run sync", "run 4 (sync) failed", "synchub status")
KINDS = ("failed", "held", "stale")


def names(rows: object) -> list[tuple[str, bool]]:
    """Write rows as (about, over)."""
    return [(row.alert.about, row.resolved_at is not None) for row in rows]  # type: ignore[attr-defined]


def test_told_once_and_once_when_over(state: SqlState) -> None:
    """The same finding again says nothing; its end does, once."""
    alerts = state.alerts
    said = []
    for at, found in enumerate([[STALE], [STALE, FAILED], [STALE, FAILED], [FAILED], [FAILED], []], 100):
        alerts.settle(at, found, KINDS)
        rows = alerts.claim(at, 60)
        alerts.told(at, rows)
        said.append(names(rows))

    assert said == [
        [("mdm/devices", False)], [("run sync", False)], [], [("mdm/devices", True)], [], [("run sync", True)],
    ]  # fmt: skip
    assert [] == alerts.open()


def test_two_processes_never_tell_the_same(databases: Databases) -> None:
    """What one has claimed, the other does not get, until the first is dead for long enough."""
    url = databases.url()
    one, two = databases.open(url).alerts, databases.open(url).alerts
    one.settle(100, [STALE], KINDS)
    two.settle(100, [STALE], KINDS)

    assert [("mdm/devices", False)] == names(one.claim(100, 60))
    assert [] == two.claim(130, 60)
    assert [("mdm/devices", False)] == names(two.claim(161, 60))


def test_what_could_not_be_told_is_told_later(state: SqlState) -> None:
    """Released at once; what is over before anybody was told goes without a word."""
    state.alerts.settle(100, [STALE, FAILED], KINDS)
    state.alerts.release(state.alerts.claim(100, 60))
    state.alerts.settle(110, [FAILED], KINDS)

    assert [("run sync", False)] == names(state.alerts.claim(111, 60))


def test_over_while_it_is_being_told(state: SqlState) -> None:
    """Its beginning reaches somebody, so its end must too."""
    state.alerts.settle(100, [STALE], KINDS)
    rows = state.alerts.claim(100, 60)
    state.alerts.settle(101, [], KINDS)
    state.alerts.told(102, rows)

    assert [("mdm/devices", True)] == names(state.alerts.claim(103, 60))


def test_back_again_before_its_end_was_told(state: SqlState) -> None:
    """Then nothing ended; back while its end is being told, it is new."""
    state.alerts.settle(100, [STALE], KINDS)
    state.alerts.told(100, state.alerts.claim(100, 60))
    state.alerts.settle(110, [], KINDS)
    state.alerts.settle(120, [STALE], KINDS)
    assert [] == state.alerts.claim(120, 60)

    state.alerts.settle(130, [], KINDS)
    ending = state.alerts.claim(130, 60)
    state.alerts.settle(131, [STALE], KINDS)
    state.alerts.told(132, ending)

    assert [("mdm/devices", True)] == names(ending)
    assert [("mdm/devices", False)] == names(state.alerts.claim(133, 60))


def test_other_kinds_are_left_alone(state: SqlState) -> None:
    """Who looks for staleness only says nothing about failures."""
    state.alerts.settle(100, [FAILED], KINDS)
    state.alerts.settle(110, [], ("stale",))

    assert ["run sync"] == [row.alert.about for row in state.alerts.open()]
