"""Planning and delivering into a target that other people work in, and that fails in every way a target can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from state.store import SqlState
from synchub.domain.plan import Op, Outcome, Write
from synchub.errors import AuthError, LeaseLost, PlanError, RateLimited, WrongInstance
from synchub.ports import Capabilities
from tests.support.fakes import Held, MemoryTarget
from tests.support.states import Databases
from tests.support.world import World

_CARD = "00:1b:63:84:45:e6"
HP: dict[str, Any] = {"manufacturer": "HP", "model": "EliteBook 840"}


def make(state: SqlState, count: int = 1, **fields: Any) -> World:
    """Describe some computers: serial number, host name, price."""
    world = World(state)
    world.target.lookups["company", "name"] = {"HP": "c1"}
    for n in range(count):
        world.say(
            "mdm", str(n), serial_number=f"5CG81F0{n:03}", hostname=f"nb-{n}", os_name="Windows 11", **HP, **fields
        )
    return world


def later(world: World) -> Any:
    """Sync again a little later."""
    world.clock.time += 60
    return world.sync()


def the(world: World, kind: str = "ci_computer") -> Held:
    """Return the only object of a kind."""
    (item,) = world.target.of(kind)
    return item


def changed(world: World, **fields: Any) -> None:
    """Let the device management say something else about the first computer."""
    world.said["mdm"]["0"]["fields"].update(fields)


# --- the ordinary way -----------------------------------------------------------------------------------


def test_after_apply_the_plan_is_empty(state: SqlState) -> None:
    """What was created, linked and filled needs nothing more."""
    world = make(state, 7, price="12.00", assigned_to="a@x.example")
    world.target.twin["ci_computer"] = "asset_computer"
    world.say("hr", "1", "person", worker_id="E1", email="a@x.example", manager="E1")
    world.sync()
    assert len(world.target.of("ci_computer")) == len(world.target.of("asset_computer")) == 7
    assert all(item.fields["price"] == "12.00" for item in world.target.of("asset_computer"))
    assert {item.fields["user"] for item in world.target.of("ci_computer")} == {the(world, "user").id}
    assert the(world, "user").fields["manager"] == the(world, "user").id
    written = len(world.target.log)
    for _ in range(2):
        assert later(world).states == {}
    assert len(world.target.log) == written


def test_first_contact_adopts_and_overwrites_nothing(state: SqlState) -> None:
    """Empty fields are filled, other people's values stay, and no second object is made."""
    world = make(state, ram_mib=8192)
    id_ = world.target.put(
        "ci_computer", serial="5CG81F0000", name="people-name", os=None, model="EliteBook 840", note="mine"
    )
    report = world.sync()
    assert report.applied == {"link": 1}
    assert the(world).id == id_
    fields = the(world).fields
    assert (fields["name"], fields["note"], fields["model"]) == ("people-name", "mine", "EliteBook 840")
    assert (fields["os"], fields["ram"], fields["maker"]) == ("Windows 11", "8192", "c1")
    assert later(world).states == {}


@pytest.mark.parametrize(
    ("policy", "first", "edited", "emptied"),
    [
        ("target", "theirs", "edit", ""),
        ("hub", "Windows 11", "Windows 11", "Windows 11"),
        ("if_empty", "theirs", "edit", "Windows 11"),
        ("target_for: 30d", "theirs", "edit", ""),
        ("ask", "theirs", "edit", ""),
    ],
)
def test_policies_say_who_wins(state: SqlState, policy: str, first: str, edited: str, emptied: str) -> None:
    """At first contact, after an edit of what the hub wrote, and after somebody emptied it."""
    world = make(state, 2)
    world.policies = {"os": policy}
    id_ = world.target.put("ci_computer", serial="5CG81F0000", os="theirs")
    world.sync()
    assert world.target.held[id_].fields["os"] == first
    ours = next(item for item in world.target.of("ci_computer") if item.id != id_)
    for value, expected in (("edit", edited), ("", emptied)):
        world.clock.time += 60
        world.target.edit(ours.id, os=value)
        later(world)
        assert ours.fields["os"] == expected
        world.target.edit(ours.id, os="Windows 11")
        later(world)


def test_an_edit_stands_for_as_long_as_the_policy_says(state: SqlState) -> None:
    """`target_for: 30d`: afterwards the hub writes, though nothing but the clock moved."""
    world = make(state)
    world.policies = {"os": "target_for: 30d"}
    world.sync()
    world.clock.time += 60
    world.target.edit(the(world).id, os="edit")
    later(world)
    assert the(world).fields["os"] == "edit"
    world.clock.time += 31 * 86_400
    world.sync()
    assert the(world).fields["os"] == "Windows 11"


def test_other_peoples_edits_survive_our_changes(state: SqlState) -> None:
    """A change of one field writes that field only; an edit of another one stays."""
    world = make(state)
    world.sync()
    world.clock.time += 60
    world.target.edit(the(world).id, name="people-name", note="mine")
    changed(world, os_name="Windows 12")
    later(world)
    assert the(world).fields["os"] == "Windows 12"
    assert the(world).fields["name"] == "people-name"
    assert world.target.log[-1][3] == {"os": "Windows 12"}
    assert later(world).states == {}


# --- refusals -------------------------------------------------------------------------------------------


def test_a_refused_field_is_not_tried_again_until_its_input_changes(state: SqlState) -> None:
    """Neither the next plan nor the one after the target was read names it; a new value is tried once."""
    world = make(state)
    world.target.refuses["ci_computer", "os"] = "ACL"
    world.sync()
    assert "os" not in the(world).fields
    written = len(world.target.log)
    for _ in range(2):
        assert later(world).states == {}
    changed(world, hostname="nb-new")
    later(world)
    assert world.target.log[-1][3] == {"name": "nb-new"}
    changed(world, os_name="Windows 12")
    later(world)
    assert len(world.target.log) == written + 2
    assert later(world).states == {}


def test_a_refused_row_keeps_its_reason_and_the_rest_goes_on(state: SqlState) -> None:
    """It is not sent again until something about it changes."""
    world = make(state, 3)
    world.target.rejects["name", "nb-1"] = "data policy"
    assert world.sync().states == {"applied": 2, "refused": 1}
    calls = len(world.target.calls)
    assert later(world).states == {}
    assert not [call for call in world.target.calls[calls:] if call.startswith("write")]
    world.said["mdm"]["1"]["fields"]["hostname"] = "nb-one"
    assert later(world).states == {"applied": 1}


# --- plans ----------------------------------------------------------------------------------------------


def test_what_changed_between_plan_and_write_is_refused_and_planned_again(state: SqlState) -> None:
    """The row is drifted; their value stays under policy target."""
    world = make(state)
    world.sync()
    changed(world, os_name="Windows 12")
    world.update()
    world.clock.time += 60
    plan = world.plan()
    world.target.edit(the(world).id, os="edit")
    assert world.deliver(plan).states == {"drifted": 1}
    assert the(world).fields["os"] == "edit"
    later(world)
    assert the(world).fields["os"] == "edit"


def test_a_plan_expires(state: SqlState) -> None:
    """After its time nothing of it is sent."""
    world = make(state)
    world.update()
    plan = world.plan()
    world.clock.time += 5 * 3600
    with pytest.raises(PlanError, match="expired"):
        world.deliver(plan)
    assert world.target.log == []
    assert world.sync().states == {"applied": 1}


def test_a_newer_plan_supersedes_an_older_one(state: SqlState) -> None:
    """Only the newest can be applied."""
    world = make(state)
    world.update()
    old = world.plan()
    world.plan()
    stored = world.state.plans.get(old.id)
    assert stored is not None
    with pytest.raises(PlanError, match="superseded"):
        world.deliver(stored)
    assert world.target.log == []


def test_preview_plans_and_writes_nothing(state: SqlState) -> None:
    """Syncing leaves the target alone; applying says why it refuses."""
    world = make(state)
    world.mode = "preview"
    assert world.sync().states == {}
    assert world.target.log == []
    from synchub.engine.deliver import deliver

    with pytest.raises(PlanError, match="preview"):
        deliver(world.job(), state, world.plan(), world.clock, world.begin())
    world.mode = "write"
    assert world.sync().states == {"applied": 1}


def test_canary_writes_few_objects_and_the_rest_later(state: SqlState) -> None:
    """Ten a run, each object once, whole."""
    world = make(state, 25)
    world.target.twin["ci_computer"] = "asset_computer"
    world.mode = "canary"
    for expected in (10, 20, 25):
        later(world)
        assert len(world.target.of("ci_computer")) == expected
    world.mode = "write"
    later(world)
    assert len(world.target.of("ci_computer")) == 25
    assert later(world).states == {}


def test_selected_objects_do_not_hide_the_others(state: SqlState) -> None:
    """After a plan for one object under a new map the others are still planned."""
    from synchub.engine.sync import deliver_step, plan_step

    world = make(state, 3)
    world.sync()
    world.policies = {"os": "hub"}
    for item in world.target.of("ci_computer"):
        world.target.edit(item.id, os="edit")
    job = world.job()
    plan, report = plan_step(job, state, world.rules, world.clock, world.begin(), select=frozenset({1}))
    deliver_step(job, state, plan, report, world.clock, world.runs)
    later(world)
    assert {item.fields["os"] for item in world.target.of("ci_computer")} == {"Windows 11"}


# --- references -----------------------------------------------------------------------------------------


def test_managers_may_stand_in_a_circle(state: SqlState) -> None:
    """People are created first, then who reports to whom."""
    world = World(state)
    for n in range(4):
        world.say("hr", str(n), "person", worker_id=f"E{n}", email=f"p{n}@x.example", manager=f"E{(n + 1) % 4}")
    world.sync()
    users = {str(item.fields["number"]): item for item in world.target.of("user")}
    assert {k: u.fields["manager"] for k, u in users.items()} == {
        f"E{n}": users[f"E{(n + 1) % 4}"].id for n in range(4)
    }
    assert later(world).states == {}


def test_an_unknown_company_is_waited_for(state: SqlState) -> None:
    """Everything else is written; the field follows once the company exists, though no record changed."""
    world = make(state)
    world.target.lookups.clear()
    world.sync()
    assert "maker" not in the(world).fields
    assert later(world).states == {}
    world.target.lookups["company", "name"] = {"HP": "c7"}
    later(world)
    assert the(world).fields["maker"] == "c7"
    assert later(world).states == {}


def test_a_user_who_appears_later_is_filled_in(state: SqlState) -> None:
    """The person is created by a later sync; the device follows."""
    world = make(state, assigned_to="a@x.example")
    world.sync()
    assert "user" not in the(world).fields
    world.say("hr", "1", "person", worker_id="E1", email="a@x.example")
    later(world)
    assert the(world).fields.get("user") == the(world, "user").id
    assert later(world).states == {}


def test_two_spellings_of_one_user_mean_the_same(state: SqlState) -> None:
    """Also in one plan."""
    world = make(state, 2, assigned_to="a@x.example")
    world.said["mdm"]["1"]["fields"]["assigned_to"] = "A@x.example"
    world.say("hr", "1", "person", worker_id="E1", email="a@x.example")
    world.sync()
    assert {item.fields.get("user") for item in world.target.of("ci_computer")} == {the(world, "user").id}


# --- counterparts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [0, 3])
def test_a_counterpart_is_linked_and_filled_when_it_is_there(state: SqlState, late: int) -> None:
    """Made by the target at once or a little later: one asset, with our values."""
    world = make(state, price="12.00")
    world.target.twin["ci_computer"] = "asset_computer"
    world.target.twin_late = late
    world.sync()
    assert the(world, "asset_computer").fields["price"] == "12.00"
    assert later(world).states == {}


def test_a_counterpart_that_never_comes_holds_nothing_up(state: SqlState) -> None:
    """The run ends within its wait; once the target makes it, it is linked and filled."""
    world = make(state, price="12.00")
    world.target.twin["ci_computer"] = "asset_computer"
    world.target.twin_late = 10**6
    assert world.sync().states == {"applied": 1, "waiting": 1}
    assert world.clock.slept < 120
    world.target._make_twin(the(world))
    later(world)
    assert the(world, "asset_computer").fields["price"] == "12.00"
    assert later(world).states == {}


# --- failures -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answers", [["lost"], ["lost", "lost", "lost"], [2], [3, 1, "lost"], ["down", "lost"]])
def test_a_lost_answer_makes_exactly_one_object(state: SqlState, answers: list[Any]) -> None:
    """Whether the target had committed all, some or none of the rows."""
    world = make(state, 5, price="12.00")
    world.target.twin["ci_computer"] = "asset_computer"
    world.target.answers = answers
    world.sync()
    later(world)
    assert len(world.target.of("ci_computer")) == len(world.target.of("asset_computer")) == 5
    assert len([row for row in world.target.log if row[0] == "create"]) == 5
    assert later(world).states == {}


def test_a_target_that_goes_away_is_finished_by_the_next_run(state: SqlState) -> None:
    """Rows that were not taken stay in the outbox or are planned again; nothing is doubled."""
    world = make(state, 12)
    world.target.answers = ["ok", *["down"] * 20]
    world.sync()
    assert len(world.target.of("ci_computer")) == 5
    world.target.answers = []
    later(world)
    assert len(world.target.of("ci_computer")) == 12
    assert len([row for row in world.target.log if row[0] == "create"]) == 12


def test_credentials_that_stop_working_leave_the_outbox(state: SqlState) -> None:
    """The run fails; the next one goes on with the same plan before it makes another."""
    world = make(state, 12)
    world.target.answers = ["ok", AuthError("expired", where="snow")]
    with pytest.raises(AuthError):
        world.sync()
    assert len(world.target.of("ci_computer")) == 5
    later(world)
    assert len(world.target.of("ci_computer")) == 12
    assert len([row for row in world.target.log if row[0] == "create"]) == 12


def test_a_run_that_dies_after_the_commit_is_finished(state: SqlState) -> None:
    """The answer was never seen: the rows are looked up by the hub key they carry."""
    world = make(state, 7)
    world.target.answers = ["killed"]
    with pytest.raises(KeyboardInterrupt):
        world.sync()
    later(world)
    assert len([row for row in world.target.log if row[0] == "create"]) == 7
    assert any(call.startswith("find") for call in world.target.calls)
    assert later(world).states == {}


def test_a_create_without_an_answer_is_looked_for(state: SqlState) -> None:
    """What was made already is not asked for a second time, whether or not the target would notice."""
    asked: list[str] = []

    class Asked(MemoryTarget):
        def write(self, writes: Sequence[Write]) -> list[Outcome]:
            asked.extend(w.hub_key for w in writes if w.op is Op.CREATE)
            return super().write(writes)

    world = make(state, 7)
    world.target = Asked(world.clock, answers=["killed"])
    with pytest.raises(KeyboardInterrupt):
        world.sync()
    later(world)
    assert len(asked) == len(set(asked)) == len(world.target.of("ci_computer"))


def test_a_run_that_lost_its_lease_sends_nothing_more(databases: Databases) -> None:
    """Another run took over while a batch was on its way: the batch after it is not sent, and the other finishes."""
    url = databases.url()
    world, other = make(databases.open(url), 12), databases.open(url)
    world.state.runs.acquire("sync", "a", 60)
    world.state.runs.work_under("sync", "a")
    write = world.target.write

    def taken_over(writes: Any) -> Any:
        other.runs.release("sync", "a")
        other.runs.acquire("sync", "b", 60)
        return write(writes)

    world.target.write = taken_over  # type: ignore[method-assign]
    with pytest.raises(LeaseLost, match="b took over"):
        world.sync()
    assert len(world.target.of("ci_computer")) == 5
    world.target.write = write  # type: ignore[method-assign]
    world.state = other
    later(world)
    assert len([row for row in world.target.log if row[0] == "create"]) == 12
    assert len(world.target.of("ci_computer")) == 12


def test_a_rate_limit_is_waited_out(state: SqlState) -> None:
    """The same rows are sent again after a pause."""
    world = make(state, 3)
    world.target.answers = [RateLimited("429", where="snow")]
    assert world.sync().states == {"applied": 3}
    assert world.clock.slept > 0


def test_another_instance_is_refused(state: SqlState) -> None:
    """A clone behind the same name is neither read nor written."""
    world = make(state)
    world.sync()
    world.target.name = "instance B"
    calls = len(world.target.calls)
    with pytest.raises(WrongInstance, match="instance B"):
        later(world)
    assert len(world.target.calls) == calls


def test_several_workers_give_what_one_gives(state: SqlState) -> None:
    """Batches that are written at once do not disturb each other's answers."""
    world = make(state, 23)
    world.target.can = Capabilities(batch=3, workers=4)
    assert world.sync().states == {"applied": 23}
    assert {item.fields["name"] for item in world.target.of("ci_computer")} == {f"nb-{n}" for n in range(23)}
