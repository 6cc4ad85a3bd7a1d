"""Edits of other people that fall between the last look and the write."""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

import orjson
import pytest

from state.store import SqlState
from synchub.engine.sync import TargetReport
from synchub.stores.overwritten import Overwritten
from tests.support.recorded import RecordedTarget
from tests.support.world import World

Versions = Literal["step", "opaque", "none"]


def hub(
    state: SqlState, versions: Versions = "step", *, told: bool = True, count: int = 1
) -> tuple[World, RecordedTarget]:
    """Deliver some computers to a target with a history; then their system changes at the source."""
    world = World(state)
    world.target = target = RecordedTarget(world.clock, versions, told=told)
    for n in range(count):
        said(world, n, "Windows 10")
    world.sync()
    world.clock.time += 60
    for n in range(count):
        said(world, n, "Windows 11")
    return world, target


def said(world: World, n: int, system: str) -> None:
    world.say("mdm", str(n), serial_number=f"5CG81F0{n:03}", hostname=f"nb-{n}", os_name=system, description="d",
              at=world.clock.time)  # fmt: skip


def only(world: World) -> str:
    [item] = world.target.of("ci_computer")
    return item.id


def again(world: World) -> TargetReport:
    world.clock.time += 60
    return world.sync()


def kept(world: World) -> list[Overwritten]:
    return [o for (entity,) in world.query("select id from entity") for o in world.state.overwritten.of_entity(entity)]


@pytest.mark.parametrize("versions", ["step", "opaque", "none"])
def test_an_edit_in_the_moment_of_a_write_is_kept_and_put_back(state: SqlState, versions: Versions) -> None:
    """Both values are kept with who and when; the person's value stands again, and the next plan writes nothing."""
    world, target = hub(state, versions)
    target.before = {only(world): [{"os": "typed by Jane"}]}
    report = world.sync()

    assert target.held[only(world)].fields["os"] == "typed by Jane"
    [one] = kept(world)
    assert (one.theirs, one.ours, one.how, one.edited_by, one.state) == (
        "typed by Jane", "Windows 11", "race", "people", "back",
    )  # fmt: skip
    assert one.edited_at is not None
    assert one.put_back_at is not None
    assert report.written_over == {"race": 1, "back": 1}
    assert again(world).states == {}
    assert target.held[only(world)].fields["os"] == "typed by Jane"


@pytest.mark.parametrize("versions", ["step", "opaque"])
def test_a_value_that_is_only_shown_is_reported(state: SqlState, versions: Versions) -> None:
    """The label of a reference is no value: it is kept for people, and nothing is put back."""
    world, target = hub(state, versions, told=False)
    target.before = {only(world): [{"os": "typed by Jane"}]}
    world.sync()

    assert target.held[only(world)].fields["os"] == "Windows 11"
    assert [(o.theirs, o.how, o.state) for o in kept(world)] == [("typed by Jane", "race", "stands")]
    assert [c["kind"] for c in world.state.reports.conflicts()] == ["race"]


@pytest.mark.parametrize("policy", ["ask", "if_empty", "target_for: 30d"])
def test_what_the_policy_lets_stand_is_put_back(state: SqlState, policy: str) -> None:
    """Under each of them somebody's value would have stood, had the plan seen it."""
    world, target = hub(state)
    world.policies = {"os": policy}
    if policy == "if_empty":  # it fills what is empty, so the look must show nothing
        target.edit(only(world), os="")
    target.before = {only(world): [{"os": "typed by Jane"}]}
    world.sync()
    again(world)

    assert target.held[only(world)].fields["os"] == "typed by Jane"
    assert [o.state for o in kept(world)] == ["back"] if policy != "if_empty" else True


def test_under_policy_hub_a_race_is_only_reported(state: SqlState) -> None:
    """The hub's value stands, theirs is kept, and a conflict is open."""
    world, target = hub(state)
    world.policies = {"os": "hub"}
    target.before = {only(world): [{"os": "typed by Jane"}]}
    world.sync()

    assert target.held[only(world)].fields["os"] == "Windows 11"
    assert [(o.theirs, o.how, o.state) for o in kept(world)] == [("typed by Jane", "race", "stands")]
    [conflict] = world.state.reports.conflicts()
    assert (conflict["kind"], conflict["field"]) == ("race", "os")
    assert again(world).states == {}


def test_an_edit_of_another_field_costs_nothing(state: SqlState) -> None:
    """The gap is there, but what the hub wrote went over nobody's value."""
    world, target = hub(state)
    target.before = {only(world): [{"note": "typed by Jane"}]}
    report = world.sync()

    assert report.written_over == {}
    assert kept(world) == []
    assert world.target.held[only(world)].fields["os"] == "Windows 11"
    assert world.target.held[only(world)].fields["note"] == "typed by Jane"
    assert again(world).states == {}


def test_without_a_gap_no_history_is_read(state: SqlState) -> None:
    """Versions that count writes make the check free."""
    world, target = hub(state, count=20)
    world.sync()

    assert target.reads == 0
    assert kept(world) == []


def test_an_edit_right_after_a_write_is_no_refusal(state: SqlState) -> None:
    """Read back, the field holds another value: it is somebody's edit and stands by policy, hub's comes back else."""
    world, target = hub(state)
    target.behind = {only(world): [{"os": "typed by Jane"}]}
    world.sync()
    assert kept(world) == []
    assert target.held[only(world)].fields["os"] == "typed by Jane"
    world.policies = {"os": "hub"}
    again(world)

    assert target.held[only(world)].fields["os"] == "Windows 11"
    assert [(o.theirs, o.how) for o in kept(world)] == [("typed by Jane", "policy")]


def test_people_may_edit_again_while_their_value_is_put_back(state: SqlState) -> None:
    """The newest edit stands in the end, and each value that was written over is kept."""
    world, target = hub(state)
    target.before = {only(world): [{"os": "first"}, {"os": "second"}]}
    world.sync()

    assert target.held[only(world)].fields["os"] == "second"
    assert [(o.theirs, o.ours, o.state) for o in kept(world)] == [
        ("first", "Windows 11", "back"), ("second", "first", "back"),
    ]  # fmt: skip
    assert again(world).states == {}


@pytest.mark.parametrize("versions", ["step", "opaque"])
def test_a_race_is_found_when_the_answer_was_lost(state: SqlState, versions: Versions) -> None:
    """The write was carried out, nobody answered; the second attempt still compares with the first look."""
    world, target = hub(state, versions)
    target.before = {only(world): [{"os": "typed by Jane"}]}
    target.answers = ["lost"]
    world.sync()

    assert [(o.theirs, o.how, o.state) for o in kept(world)] == [("typed by Jane", "race", "back")]
    assert target.held[only(world)].fields["os"] == "typed by Jane"


@pytest.mark.parametrize("versions", ["step", "opaque"])
def test_a_race_is_found_when_the_hub_was_killed(state: SqlState, versions: Versions) -> None:
    """The next run goes on with the row and compares with what the plan had seen."""
    world, target = hub(state, versions)
    target.before = {only(world): [{"os": "typed by Jane"}]}
    target.answers = ["killed"]
    with pytest.raises(KeyboardInterrupt):
        world.sync()
    again(world)

    assert [(o.theirs, o.how, o.state) for o in kept(world)] == [("typed by Jane", "race", "back")]
    assert target.held[only(world)].fields["os"] == "typed by Jane"


@pytest.mark.parametrize("policy", ["target", "hub"])
def test_a_write_that_is_given_up_without_an_answer_is_looked_at(state: SqlState, policy: str) -> None:
    """Carried out at the first try, no answer three times: what it went over is kept all the same."""
    world, target = hub(state)
    world.policies = {"os": policy}
    target.before = {only(world): [{"os": "typed by Jane"}]}
    target.answers = ["lost", "lost", "lost"]
    world.sync()

    assert [(o.theirs, o.how) for o in kept(world)] == [("typed by Jane", "race")]
    again(world)
    assert target.held[only(world)].fields["os"] == ("Windows 11" if policy == "hub" else "typed by Jane")


def test_what_is_due_is_put_back_after_a_kill(state: SqlState) -> None:
    """Killed between finding the race and putting the value back: the next delivery does it."""
    world, target = hub(state)
    target.before = {only(world): [{"os": "typed by Jane"}]}
    target.answers = ["ok", "killed"]
    with pytest.raises(KeyboardInterrupt):
        world.sync()
    again(world)

    assert target.held[only(world)].fields["os"] == "typed by Jane"
    assert [o.state for o in kept(world)] == ["back"]


def test_a_gap_without_a_history_is_reported(state: SqlState) -> None:
    """What was typed cannot be known; that somebody did is."""
    world, target = hub(state)
    target.can = type(target.can)(batch=5, workers=1, versions="step")
    target.before = {only(world): [{"os": "typed by Jane"}]}
    world.sync()

    [conflict] = world.state.reports.conflicts()
    assert conflict["kind"] == "race"
    assert orjson.loads(orjson.dumps(conflict["detail"]))["hub"] == {"os": "Windows 11"}
    assert kept(world) == []


def test_what_a_policy_writes_over_is_kept(state: SqlState) -> None:
    """Changed or emptied by people, or there before the hub came: value, author and moment are kept."""
    world, target = hub(state)
    world.policies = {"default": "hub"}
    target.edit(only(world), os="typed by Jane", note="")
    at = world.clock.time
    other = target.put("ci_computer", serial="5CG81F0777", os="there before")
    world.say("mdm", "777", serial_number="5CG81F0777", hostname="nb-777", os_name="Windows 11")
    world.clock.time += 60
    report = world.sync()

    found = {(o.object_id, o.field): (o.theirs, o.ours, o.how, o.edited_by, o.edited_at) for o in kept(world)}
    assert found == {
        (only_of(world, "nb-0"), "os"): ("typed by Jane", "Windows 11", "policy", "people", at),
        (only_of(world, "nb-0"), "note"): ("", "d", "policy", "people", at),
        (other, "os"): ("there before", "Windows 11", "policy", "people", at),
    }
    assert report.written_over == {"policy": 3}
    assert report.summary["overwrites"] == 3


def only_of(world: World, name: str) -> str:
    return next(item.id for item in world.target.of("ci_computer") if item.fields["name"] == name)


@pytest.mark.parametrize("versions", ["step", "opaque", "none"])
def test_what_was_written_without_an_answer_is_no_edit_of_others(state: SqlState, versions: Versions) -> None:
    """Three answers are lost, the write arrived: the next value of the source is written, as after any write."""
    world, target = hub(state, versions)
    target.answers = ["lost", "lost", "lost"]
    world.sync()
    world.clock.time += 60
    said(world, 0, "Windows 12")
    world.sync()

    assert target.held[only(world)].fields["os"] == "Windows 12"


@pytest.mark.parametrize("answers", [["lost", "lost", "lost"], ["killed"]])
def test_what_was_written_over_without_an_answer_is_kept(state: SqlState, answers: list[str]) -> None:
    """No version and no history tells of the write, but the object holds it: the person's value is kept."""
    world, target = hub(state, "none")
    target.can = type(target.can)(batch=5, workers=1)
    world.policies = {"os": "hub"}
    world.sync()
    target.edit(only(world), os="typed by Jane")
    target.answers = list(answers)
    with suppress(KeyboardInterrupt):
        again(world)
    again(world)

    assert [(o.theirs, o.how) for o in kept(world)] == [("typed by Jane", "policy")]


def test_what_never_arrived_is_written_later(state: SqlState) -> None:
    """The target was away for three tries: its old value is nobody's edit."""
    world, target = hub(state)
    target.answers = ["down", "down", "down"]
    world.sync()
    again(world)

    assert target.held[only(world)].fields["os"] == "Windows 11"
    assert kept(world) == []
