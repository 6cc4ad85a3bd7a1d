"""Conflicts of every kind: listed, shown with both sides, answered, remembered."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest

from state.store import SqlState
from synchub.conflicts import FROZEN, MERGE, Conflict, Filter, counts, found_conflict, listed, settled, shown
from synchub.errors import InputError
from synchub.resolve import Answer, as_rule, decided, resolve, revoke
from synchub.stores.questions import DUPLICATE, IDENTITY
from synchub.wiring import Hub
from tests.support.world import World

CARD = "3c:52:82:11:22:33"
HP: dict[str, Any] = {"manufacturer": "HP", "model": "EliteBook 840"}


def _hub(world: World) -> Hub:
    loaded = SimpleNamespace(settings=SimpleNamespace(targets={"snow": None}))
    return cast(
        "Hub", SimpleNamespace(state=world.state, clock=world.clock, loaded=loaded, target_map=lambda _: world.maps)
    )


def _one(hub: Hub, **wanted: str) -> Conflict:
    [item] = listed(hub, Filter(**wanted), 10)
    return item


def _audit(world: World) -> list[dict[str, Any]]:
    return [
        orjson.loads(row[0]) | {"who": row[1]} for row in world.query("select detail, actor from audit order by id")
    ]


def _ambiguous(state: SqlState) -> tuple[World, list[str]]:
    """A thing of which the target holds two objects, with name and network card in common."""
    world = World(state)
    ids = [world.target.put("ci_computer", name="nb-1", mac=CARD, note=note) for note in ("old", "older")]
    world.say("scan", "1", hostname="nb-1", mac_addresses=[CARD], os_name="Windows 11")
    world.sync()
    return world, ids


def test_which_object_a_thing_is_can_be_said(state: SqlState) -> None:
    """Until then nothing is created; afterwards this object is linked and the question is gone."""
    world, ids = _ambiguous(state)
    hub = _hub(world)
    item = _one(hub, kind=IDENTITY)
    assert item.detail["objects"] == sorted(ids)
    assert {o["object"] for o in shown(hub, item)["objects"]} == set(ids)
    assert len(world.target.held) == 2
    world.clock.time += 100
    world.sync()
    assert [q.name for q in listed(hub, Filter(), 10)] == [item.name]  # still there, and only once

    resolve(hub, item, Answer(object_id=ids[1]), "anna", "sticker")
    world.clock.time += 100
    world.sync()

    assert world.query("select object_id from target_object where entity is not null") == [(ids[1],)]
    assert listed(hub, Filter(), 10) == []
    assert len(world.target.held) == 2
    [said] = _audit(world)
    assert (said["who"], said["conflict"], said["answer"], said["reason"]) == (
        "anna", item.name, f"--object {ids[1]}", "sticker",
    )  # fmt: skip


def test_an_object_that_is_none_of_the_targets_is_refused(state: SqlState) -> None:
    """Nothing is remembered."""
    world, _ = _ambiguous(state)
    hub = _hub(world)
    with pytest.raises(InputError, match="is not known"):
        resolve(hub, _one(hub), Answer(object_id="x"), "anna", "")
    assert decided(hub) == []


def _proposed(state: SqlState) -> World:
    world = World(state)
    for n in range(5):
        world.say("mdm", f"m{n}", serial_number=f"5CG81F0{n}QX", hostname=f"nb-{n}", **HP)
    world.say("mdm", "1", serial_number="5CG81F02QY", price="900.00", assigned_to="anna@x.example", **HP)
    world.say("scan", "1", hostname="nb-9", assigned_to="anna@x.example", **HP)
    world.sync()
    return world


@pytest.mark.parametrize(("answer", "sets"), [(Answer(together=True), 6), (Answer(apart=True), 7)])
def test_a_proposed_merge_is_answered_and_taken_back(state: SqlState, answer: Answer, sets: int) -> None:
    """What was proposed is proposed again after the answer was taken back."""
    world = _proposed(state)
    hub = _hub(world)
    item = _one(hub, kind=MERGE)
    assert item.name.startswith("m-")
    assert {m["record"] for thing in shown(hub, item)["things"] for m in thing["records"]} == {"mdm/s/1", "scan/s/1"}
    before = world.proposals()

    done = resolve(hub, item, answer, "anna", "")
    world.clock.time += 100
    world.sync()
    assert len(world.golden()) == sets
    assert listed(hub, Filter(kind=MERGE), 10) == []
    assert [d["decision"] for d in decided(hub)] == [done["decision"]]

    revoke(hub, done["decision"], "anna", "")
    world.clock.time += 100
    world.sync()
    assert len(world.golden()) == 7
    assert world.proposals() == before
    assert decided(hub) == []


def test_a_merge_leaves_a_duplicate_that_can_be_dismissed(state: SqlState) -> None:
    """The target of this test has no field to mark it in, so people are told."""
    world = World(state)
    world.say("mdm", "1", serial_number="5CG81F02QX", hostname="nb-1", **HP)
    world.say("scan", "1", serial_number="MXL2290KTR", hostname="nb-2", **HP)
    world.sync()
    world.say("scan", "1", serial_number="5CG81F02QX", hostname="nb-1", **HP)
    world.sync()
    hub = _hub(world)
    item = _one(hub, kind=DUPLICATE)
    assert "further object" in item.says
    resolve(hub, item, Answer(dismiss=True), "anna", "")
    assert listed(hub, Filter(), 10) == []


def _frozen(state: SqlState) -> World:
    world = World(state, rules={"hardware": {"fields": {"os_name": "newest"}}})
    for n in range(6):
        world.clock.time += 3600
        source, value = (("scan", "Windows 10"), ("mdm", "Windows 11"))[n % 2]
        world.say(source, "1", at=world.clock.time, os_name=value, description=f"{n}", hostname="nb-1",
                  serial_number="5CG81F02QX", **HP)  # fmt: skip
        world.sync()
    return world


def test_a_frozen_field_is_given_to_a_source(state: SqlState) -> None:
    """The list says what would settle all of them; the answer settles this one."""
    world = _frozen(state)
    hub = _hub(world)
    item = _one(hub, kind=FROZEN, field="os_name")
    assert (item.name, item.cls) == ("f-1-os_name", "computer")
    assert counts(hub)[0]["kind"] == FROZEN
    kept, other = item.detail["source"], item.detail["rival"]
    rule = f"rules:\n  computer:\n    fields:\n      os_name: [{other}, {kept}]"
    assert as_rule(item, Answer(keep=other)) == rule
    resolve(hub, item, Answer(keep=other), "anna", "")
    world.identify()
    assert listed(hub, Filter(), 10) == []
    [(doc,)] = world.query("select doc from entity")
    assert orjson.loads(doc)["os_name"] == item.detail["other"]


@pytest.mark.parametrize(
    "answer", [Answer(keep="hub"), Answer(together=True), Answer(object_id="x"), Answer(keep="erp")]
)
def test_an_answer_that_does_not_fit_is_refused(state: SqlState, answer: Answer) -> None:
    """With the way to the answers that do."""
    hub = _hub(_frozen(state))
    with pytest.raises(InputError, match="no answer to f-1-os_name"):
        resolve(hub, _one(hub), answer, "anna", "")
    assert decided(hub) == []


@pytest.mark.parametrize("word", ["k-999", "m-1-2", "f-1-x", "x", "k-", "k-99999999999999999999999"])
def test_a_name_that_nothing_has_is_refused(state: SqlState, word: str) -> None:
    """Hostile words, too."""
    with pytest.raises(InputError, match="no open conflict"):
        found_conflict(_hub(World(state)), word)


def test_the_rule_for_a_field_of_a_target_is_its_policy() -> None:
    """Ready to paste."""
    item = Conflict("k-1", "ask", "snow", "computer", (1,), "nb-1", "os_version", "")
    rule = "targets:\n  snow:\n    theirs:\n      computer: {os_version: hub}"
    assert as_rule(item, Answer(keep="hub")) == rule


def _asked(state: SqlState) -> World:
    """A person and the hub's source both changed one field, and the policy asks."""
    world = World(state)
    world.policies = {"default": "ask"}
    world.say("mdm", "1", hostname="nb-1", os_name="Windows 10", serial_number="5CG81F02QX", **HP)
    world.sync()
    [item] = world.target.of("ci_computer")
    world.clock.time += 100
    world.target.edit(item.id, os="Windows 12")
    world.say("mdm", "1", hostname="nb-1", os_name="Windows 11", serial_number="5CG81F02QX", **HP)
    world.sync()
    return world


@pytest.mark.parametrize(("keep", "os"), [("hub", "Windows 11"), ("target", "Windows 12")])
def test_a_field_that_is_asked_about_is_given_to_one_side(state: SqlState, keep: str, os: str) -> None:
    """It is written, or left, with the next sync, and not asked again; taken back it is asked again."""
    world = _asked(state)
    hub = _hub(world)
    item = _one(hub, kind="ask", target="snow", field="os", cls="computer")
    assert (item.detail["theirs"], item.detail["hub"]) == ("Windows 12", "Windows 11")
    assert "--keep hub" in item.document()["answers"]
    done = resolve(hub, item, Answer(keep=keep), "anna", "")
    for _ in range(2):
        world.clock.time += 100
        world.sync()
        assert [o.fields["os"] for o in world.target.of("ci_computer")] == [os]
        assert listed(hub, Filter(), 10) == []
    if keep == "target":
        revoke(hub, done["decision"], "anna", "")
        world.clock.time += 100
        world.sync()
        assert _one(hub, kind="ask").field == "os"


def test_what_was_decided_holds_until_a_value_changes(state: SqlState) -> None:
    """A third value is a new question."""
    world = _asked(state)
    hub = _hub(world)
    resolve(hub, _one(hub, kind="ask"), Answer(keep="target"), "anna", "")
    world.say("mdm", "1", hostname="nb-1", os_name="Windows 13", serial_number="5CG81F02QX", **HP)
    world.clock.time += 100
    world.sync()
    assert _one(hub, kind="ask").detail["hub"] == "Windows 13"


def test_only_the_things_of_a_plan_are_listed(state: SqlState) -> None:
    """By the token of the plan."""
    world = _asked(state)
    hub = _hub(world)
    [(token,)] = world.query("select token from plan where token<>'' order by id desc limit 1")
    assert len(listed(hub, Filter(plan=token), 10)) == 1
    assert listed(hub, Filter(plan=world.plan().token), 10) == []
    with pytest.raises(InputError, match="there is no plan"):
        listed(hub, Filter(plan="nothing"), 10)
    with pytest.raises(InputError, match="there is no kind"):
        listed(hub, Filter(kind="nothing"), 10)


def test_what_does_not_follow_its_rule_is_told(state: SqlState) -> None:
    """Frozen, then given to a source; only where asked about."""
    world = _frozen(state)
    hub = _hub(world)
    members = state.identity.contributions(state.identity.members_of([1])[1])
    [line] = settled(hub, 1, members, "os_name")
    assert line.startswith("os_name is frozen: ") and "f-1-os_name" in line
    assert settled(hub, 1, members, "model") == []
    item = _one(hub)
    resolve(hub, item, Answer(keep=item.detail["rival"]), "anna", "")
    world.identify()
    [line] = settled(hub, 1, members, None)
    assert line.startswith(f"os_name follows {item.detail['rival']} by a person's decision")


def test_references_are_told_by_name(state: SqlState) -> None:
    """People on both sides, and what the hub looks up; an id of the target that nobody knows stays one."""
    world = World(state)
    world.target.lookups["company", "name"] = {"HP": "c1"}
    for key, name in (("E1", "anna"), ("E2", "ben")):
        world.say("hr", key, "person", worker_id=key, email=f"{name}@x.example", given_name=name.title())
        world.target.put("user", f"u-{name}", number=key, email=f"{name}@x.example")
    world.target.put("ci_computer", "x1", serial="5CG81F02QY", maker="c9", user="u-ben")
    world.say(
        "mdm", "1", serial_number="5CG81F02QY", assigned_to="anna@x.example", manufacturer="HP", model="EliteBook"
    )
    world.sync()

    told = {item.field: item.says for item in listed(_hub(world), Filter(), 10)}
    assert "Ben (p-" in told["user"] and "hub Anna (p-" in told["user"]
    assert told["maker"] == "target c9 (an id of the target), hub HP"
