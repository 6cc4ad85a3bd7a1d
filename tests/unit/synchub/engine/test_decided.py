"""Identification under decisions of people: together, apart, taken back."""

from __future__ import annotations

from typing import Any

from state.store import SqlState
from synchub.stores.decisions import APART, LINK, SOURCE, TOGETHER, pair, record_name
from tests.support.fakes import NOW
from tests.support.world import World

HP: dict[str, Any] = {"manufacturer": "HP", "model": "EliteBook 840"}
A, B = ("mdm", "1"), ("scan", "1")


def _about(a: tuple[str, str] = A, b: tuple[str, str] = B) -> str:
    return pair(record_name(a[0], "s", a[1]), record_name(b[0], "s", b[1]))


def _decide(world: World, kind: str, about: str = "") -> int:
    return world.state.decisions.decide(kind, about or _about(), None, "anna", NOW, "seen it")


def _sets(world: World) -> set[frozenset[tuple[str, str]]]:
    return set(world.golden())


def _two(state: SqlState) -> World:
    world = World(state)
    world.say("mdm", "1", serial_number="5CG81F02QX", hostname="nb-1", **HP)
    world.say("scan", "1", hostname="nb-9", asset_tag="A1")
    for n in range(2, 12):
        world.say("mdm", str(n), serial_number=f"5CG81F0{n}AA", hostname=f"nb-{n}", **HP)
    world.update()
    return world


def test_what_a_person_put_together_is_one_thing_until_it_is_taken_back(state: SqlState) -> None:
    """No record changed; only the things concerned are looked at, and an unchanged run looks at nothing."""
    world = _two(state)
    assert {A} in _sets(world)
    number = _decide(world, TOGETHER)
    counts = world.identify()
    assert {A, B} in _sets(world)
    assert counts.records == 2
    assert counts.merged == 1
    assert world.identify().records == 0
    state.decisions.revoke(number, NOW + 1)
    counts = world.identify()
    assert counts.records == 2
    assert {frozenset({A}), frozenset({B})} <= _sets(world)
    assert world.identify().records == 0


def test_what_a_person_took_apart_stays_apart(state: SqlState) -> None:
    """Against an equal serial number, also when everything is looked at again and the rest changes."""
    world = World(state)
    world.say("mdm", "1", serial_number="5CG81F02QX", hostname="nb-1", **HP)
    world.say("scan", "1", serial_number="5CG81F02QX", hostname="nb-1", **HP)
    world.update()
    assert _sets(world) == {frozenset({A, B})}
    _decide(world, APART)
    world.identify()
    assert _sets(world) == {frozenset({A}), frozenset({B})}
    world.say("mdm", "1", serial_number="5CG81F02QX", hostname="nb-2", **HP)
    world.update()
    world.configure({"hardware": {"identify": ["serial+manufacturer"]}})
    world.identify()
    assert _sets(world) == {frozenset({A}), frozenset({B})}


def test_a_decision_waits_for_its_records(state: SqlState) -> None:
    """A decision that came first, as after a rebuilt state, holds when the records are read."""
    world = World(state)
    _decide(world, TOGETHER)
    world.say("mdm", "1", serial_number="5CG81F02QX", **HP)
    world.update()
    world.say("scan", "1", hostname="nb-9", asset_tag="A1")
    world.update()
    assert _sets(world) == {frozenset({A, B})}


def test_a_decision_made_during_identification_is_not_forgotten(state: SqlState) -> None:
    """It came after the decisions were loaded; settling does not count it as seen."""
    world = _two(state)
    seen = state.decisions.events()
    _decide(world, TOGETHER)
    state.identity.settle(state.identity.last_record(), world.rules.fingerprint, seen)
    world.identify()
    assert {A, B} in _sets(world)


def _proposed(state: SqlState) -> World:
    """Two things with one user and model in sources that know different sides: proposed, and one create held."""
    world = World(state)
    world.target.twin["ci_computer"] = "asset_computer"
    for n in range(5):
        world.say("mdm", f"m{n}", serial_number=f"5CG81F0{n}QX", hostname=f"nb-{n}", **HP)
    world.say("mdm", "1", serial_number="5CG81F02QY", price="900.00", assigned_to="anna@x.example", **HP)
    world.say("scan", "1", hostname="nb-9", assigned_to="anna@x.example", **HP)
    world.sync()
    assert world.proposals() == {frozenset({frozenset({A}), frozenset({B})})}
    assert ("create", "ci", "held") in world.rows(world.plan())
    return world


def _made(world: World) -> int:
    """Count the objects of computers in the target."""
    kinds = ("ci_computer", "asset_computer")
    return sum(held.by == "hub" for kind in kinds for held in world.target.of(kind))


def test_a_rejected_proposal_is_not_asked_again_and_frees_what_waited(state: SqlState) -> None:
    """Also where the answer to the proposal itself is lost with the numbers of the things."""
    world = _proposed(state)
    before = _made(world)
    _decide(world, APART)
    world.identify()
    assert world.proposals() == set()
    world.sync()
    assert _made(world) == before + 1
    world.clock.time += 100
    assert world.sync().states == {}


def test_an_answer_taken_back_is_asked_again(state: SqlState) -> None:
    """The proposal stands again as before."""
    world = _proposed(state)
    [(a, b)] = world.query("select a, b from proposal")
    state.entities.answer(a, b, "rejected")
    number = _decide(world, APART)
    world.sync()
    assert world.proposals() == set()
    state.entities.answer(a, b, "")
    state.decisions.revoke(number, NOW + 5)
    world.identify()
    assert world.proposals() == {frozenset({frozenset({A}), frozenset({B})})}


def test_an_accepted_proposal_makes_one_thing(state: SqlState) -> None:
    """Nothing is created for the part that waited."""
    world = _proposed(state)
    before = len(world.target.of("ci_computer"))
    [(a, b)] = world.query("select a, b from proposal")
    state.entities.answer(a, b, "accepted")
    _decide(world, TOGETHER)
    world.sync()
    assert frozenset({A, B}) in set(world.golden())
    assert len(world.target.of("ci_computer")) == before
    assert world.query("select state from proposal") == [("accepted",)]
    for _ in range(2):
        world.clock.time += 100
        world.sync()
    assert world.rows(world.plan()) == []


def test_decisions_that_named_an_erased_person_are_left_alone(state: SqlState) -> None:
    """Whatever erasing left of their names stops nothing."""
    world = _two(state)
    for kind in (TOGETHER, APART, SOURCE, LINK):
        for left in ("", "[]", "erased", '["erased","erased"]', '["snow","erased","ci"]', "{}"):
            state.decisions.decide(kind, left, None, "anna", NOW, "")
    _decide(world, TOGETHER)
    world.sync()
    assert {A, B} in _sets(world)
