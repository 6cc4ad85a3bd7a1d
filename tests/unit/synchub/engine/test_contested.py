"""Fields in which people and the hub differ: conflicts that plans open and close, and what people decide."""

from __future__ import annotations

from typing import Any

import pytest

from state.store import SqlState
from synchub.stores.decisions import FIELD, about
from tests.support.recorded import RecordedTarget
from tests.support.world import World


def hub(state: SqlState, policy: str) -> tuple[World, str]:
    """Deliver one computer; then both sides change its system."""
    world = World(state)
    world.target = RecordedTarget(world.clock)
    world.policies = {"os": policy}
    said(world, "Windows 10")
    world.sync()
    [item] = world.target.of("ci_computer")
    world.clock.time += 60
    world.target.edit(item.id, os="typed by Jane")
    said(world, "Windows 11")
    return world, item.id


def said(world: World, system: str) -> None:
    world.say("mdm", "1", serial_number="5CG81F0001", hostname="nb-1", os_name=system, at=world.clock.time)


def decide(world: World, object_id: str, keep: str, hub_value: str = "Windows 11") -> None:
    name = about(["snow", "ci_computer", object_id, "os"])
    answer = {"keep": keep, "theirs": "typed by Jane", "hub": hub_value}
    world.state.decisions.decide(FIELD, name, answer, "anna", world.clock.time, "")
    target = world.state.targets.target("snow").id
    world.state.targets.replan(target, [(world.query("select id from entity")[0][0], "decided")])


def again(world: World) -> dict[str, int]:
    world.clock.time += 60
    return world.sync().states


def conflicts(world: World) -> list[dict[str, Any]]:
    return world.state.reports.conflicts()


@pytest.mark.parametrize(("policy", "kind"), [("ask", "ask"), ("target", "theirs"), ("target_for: 30d", "theirs")])
def test_what_both_changed_is_a_conflict_until_they_agree(state: SqlState, policy: str, kind: str) -> None:
    """Both values, what they last agreed on, who and when; closed when somebody brings them together."""
    world, object_id = hub(state, policy)
    at = world.clock.time
    world.sync()
    [found] = conflicts(world)

    assert (found["kind"], found["facet"], found["field"]) == (kind, "ci", "os")
    assert found["detail"] == {
        "theirs": "typed by Jane", "hub": "Windows 11", "base": "Windows 10", "by": "people", "at": at,
        "kind": "ci_computer", "object_id": object_id,
    }  # fmt: skip
    world.clock.time += 60
    world.target.edit(object_id, os="Windows 11")
    again(world)
    assert conflicts(world) == []


@pytest.mark.parametrize("policy", ["hub", "if_empty"])
def test_what_a_policy_settles_is_no_conflict(state: SqlState, policy: str) -> None:
    """The hub writes, or leaves what is filled: nobody has to look."""
    world, _ = hub(state, policy)
    if policy == "if_empty":
        said(world, "Windows 10")
    world.sync()

    assert conflicts(world) == []


def test_an_edit_alone_is_no_conflict(state: SqlState) -> None:
    """The hub's sources have nothing new to say: theirs simply stands."""
    world, _ = hub(state, "target")
    said(world, "Windows 10")
    world.sync()

    assert conflicts(world) == []


def test_first_contact_that_differs_is_a_conflict(state: SqlState) -> None:
    """Under policy target theirs stands, and the list says so."""
    world = World(state)
    world.target.put("ci_computer", serial="5CG81F0001", os="theirs")
    said(world, "Windows 11")
    world.sync()

    assert [(c["kind"], c["field"], c["detail"]["theirs"]) for c in conflicts(world)] == [("theirs", "os", "theirs")]


@pytest.mark.parametrize("policy", ["ask", "target", "hub"])
@pytest.mark.parametrize(("keep", "value"), [("hub", "Windows 11"), ("target", "typed by Jane")])
def test_a_decision_settles_a_field(state: SqlState, policy: str, keep: str, value: str) -> None:
    """The hub's value is written, or theirs stays and nothing is asked any more, whatever the policy."""
    world, object_id = hub(state, policy)
    decide(world, object_id, keep)
    world.sync()

    assert world.target.held[object_id].fields["os"] == value
    assert conflicts(world) == []
    assert again(world) == {}


def test_a_decision_holds_until_a_value_changes(state: SqlState) -> None:
    """Another value of the hub's, or another edit, is another question."""
    world, object_id = hub(state, "ask")
    decide(world, object_id, "target")
    world.sync()
    assert conflicts(world) == []
    world.clock.time += 60
    said(world, "Windows 12")
    world.sync()

    assert [(c["kind"], c["detail"]["hub"]) for c in conflicts(world)] == [("ask", "Windows 12")]


def test_what_a_decision_writes_over_is_kept(state: SqlState) -> None:
    """Also where a person said so."""
    world, object_id = hub(state, "ask")
    decide(world, object_id, "hub")
    world.sync()
    [entity] = world.query("select id from entity")

    assert [(o.theirs, o.how) for o in state.overwritten.of_entity(entity[0])] == [("typed by Jane", "policy")]
