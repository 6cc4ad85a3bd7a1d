"""Guards stop what is beyond a limit, an answer lets exactly that pass, and an unchanged run opens no new hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mapping.target import load_target_map
from state.store import SqlState
from synchub.domain.guards import Guards, Limit
from synchub.domain.plan import FieldChange, Op, PlanRow
from synchub.engine.contact import TargetJob
from synchub.engine.guards import kinds_of
from tests.support import world as world_module
from tests.support.world import World

ROLE = {"user": "owner", "stage": "status"}


class Guarded(World):
    """A world whose target has limits."""

    limits: dict[str, Limit] = {}
    most: int | None = None

    def job(self) -> TargetJob:
        """Describe the delivery."""
        return replace(super().job(), guards=Guards(self.limits, self.most), asked_by="ann")

    def answer(self, state: str, number: int = 1) -> int:
        """Let somebody answer."""
        released = self.state.holds.answer(number, state, "bob", self.clock.now(), "looked at it")
        return sum(sum(rows.values()) for rows in released.values())


@pytest.fixture
def world(state: SqlState) -> Guarded:
    """At most three rows of a kind; people are free."""
    world = Guarded(state)
    world.limits = {"default": Limit(max=3), "person.create": Limit()}
    return world


def computers(world: World, count: int, **fields: Any) -> None:
    for n in range(count):
        world.say("mdm", f"d{n}", serial_number=f"SER-{n:04}", manufacturer="Dell", hostname=f"pc{n}", **fields)


def loaded(world: Guarded, count: int = 6, **fields: Any) -> None:
    """Deliver some computers and a person."""
    limits, world.limits = world.limits, {"default": Limit()}
    world.say("hr", "p1", "person", worker_id="E1", email="ann@corp.example", given_name="Ann", family_name="Novak")
    world.say("hr", "p2", "person", worker_id="E2", email="ben@corp.example", given_name="Ben", family_name="Kim")
    computers(world, count, **fields)
    world.policies = {"default": "hub"}
    world.sync()
    world.sync()
    world.limits = limits


def held(world: World) -> list[tuple[str, str, str, int]]:
    return [(h.guard, h.cls, h.state, h.held) for h in world.state.holds.of(None, ())]


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (("user", "u1", "u2"), {"reassign": ["user"]}),
        (("user", "u1", None), {"unassign": ["user"]}),
        (("user", None, "u1"), {}),
        (("ram", 8, None), {"clear": ["ram"]}),
        (("ram", 8, 16), {}),
        (("stage", "deployed", "in_stock"), {"status": ["stage"]}),
        (("stage", "", "in_stock"), {}),
        (("stage", "deployed", ""), {"clear": ["stage"]}),
    ],
)
def test_a_change_of_a_field_is_of_a_kind(change: tuple[str, Any, Any], kinds: dict[str, list[str]]) -> None:
    """By what it takes away: filling an empty field takes nothing."""
    row = PlanRow(1, 1, "computer", "ci", "ci_computer", Op.UPDATE, "x", {change[0]: FieldChange(*change[1:])})
    assert kinds_of(row, ROLE) == kinds


@pytest.mark.parametrize(
    ("op", "kind"), [(Op.CREATE, "create"), (Op.INSERT, "create"), (Op.RETIRE, "retire"), (Op.DELETE, "delete")]
)
def test_an_operation_on_a_whole_object_is_of_one_kind(op: Op, kind: str) -> None:
    """Whatever its fields do besides."""
    row = PlanRow(1, 1, "computer", "ci", "ci_computer", op, "x", {"user": FieldChange("u1", None)})
    assert kinds_of(row, ROLE) == {kind: []}


def test_within_the_limit_nothing_is_held(world: Guarded) -> None:
    """Three of three pass."""
    computers(world, 3)
    report = world.sync()
    assert report.applied == {"create": 3}
    assert held(world) == []


def test_creates_beyond_the_limit_are_held_until_they_are_approved(world: Guarded) -> None:
    """All rows of the class, the first load included; then exactly these are sent."""
    computers(world, 4)
    report = world.sync()
    assert world.target.log == []
    assert held(world) == [("create", "computer", "open", 4)]
    assert report.summary["counts"]["computer"] == {"create": 0, "held": 4}
    assert [(h["hold"], h["allowed"]) for h in report.summary["holds"]] == [("h-1", "3")]
    assert "first load" in report.summary["holds"][0]["cause"]

    world.answer("approved")
    assert world.sync().applied == {"create": 4}
    assert world.sync().applied == {}


def test_an_unchanged_run_opens_no_new_hold_and_looks_at_nothing(world: Guarded) -> None:
    """The hold stands and is shown; nothing is planned for its sake."""
    computers(world, 5)
    world.sync()
    report = world.sync()
    assert held(world) == [("create", "computer", "open", 5)]
    assert report.summary["looked_at"] == 0
    assert report.summary["counts"]["computer"]["held"] == 5
    assert len(report.summary["holds"]) == 1


def test_rejected_rows_stay_back_quietly_until_they_would_be_others(world: Guarded) -> None:
    """No new hold, no row of a plan; a different change is a new question."""
    loaded(world, assigned_to="ann@corp.example")
    computers(world, 6, assigned_to="ben@corp.example")
    world.sync()
    assert held(world) == [("reassign", "computer", "open", 6)]
    before = len(world.target.log)
    world.answer("rejected")
    report = world.sync()
    assert held(world) == [("reassign", "computer", "rejected", 6)]
    assert report.summary["counts"].get("computer", {}).get("held", 0) == 0
    assert len(world.target.log) == before

    world.say(
        "mdm", "d0", serial_number="SER-0000", manufacturer="Dell", hostname="pc0", assigned_to="ann@corp.example"
    )
    world.sync()
    assert held(world) == [("reassign", "computer", "rejected", 5)]


def test_an_approval_releases_the_rows_of_the_open_plan(world: Guarded) -> None:
    """`apply` sends them; nobody has to plan again."""
    computers(world, 4)
    world.update()
    plan = world.plan()
    assert world.answer("approved") == 4
    assert world.deliver(plan).applied == {"create": 4}


def test_an_approval_holds_for_the_same_change_only(world: Guarded) -> None:
    """Approved was A to B; what is A to nobody by now waits for its own answer."""
    loaded(world, assigned_to="ann@corp.example")
    computers(world, 6, assigned_to="ben@corp.example")
    world.sync()
    world.answer("approved")
    computers(world, 5, ram_mib=16384, assigned_to="ben@corp.example")  # other fields may change meanwhile
    before = len(world.target.log)
    world.sync()
    assert len(world.target.log) == before + 6
    assert all(item.fields["user"] == "user-2" for item in world.target.of("ci_computer"))


def test_an_approval_does_not_cover_what_is_wanted_later(world: Guarded) -> None:
    """Approved was A to B; by now it is A to C, and that waits for an answer of its own."""
    world.say("hr", "p3", "person", worker_id="E3", email="cem@corp.example", given_name="Cem", family_name="Kaya")
    loaded(world, assigned_to="ann@corp.example")
    computers(world, 6, assigned_to="ben@corp.example")
    world.sync()
    world.answer("approved")
    computers(world, 6, assigned_to="cem@corp.example")
    before = len(world.target.log)
    world.sync()
    assert len(world.target.log) == before
    assert [(guard, state) for guard, _, state, _ in held(world)][-1] == ("reassign", "open")


def test_a_hold_is_over_when_the_sources_take_it_back(world: Guarded) -> None:
    """A feed that lost people and has them again asks nobody anything."""
    loaded(world, assigned_to="ann@corp.example")
    computers(world, 6, assigned_to="ben@corp.example")
    world.sync()
    computers(world, 6, assigned_to="ann@corp.example")
    world.sync()
    assert held(world) == [("reassign", "computer", "over", 0)]
    assert world.sync().summary["holds"] == []


def test_a_row_that_two_guards_stop_needs_both_answers(world: Guarded, tmp_path: Path) -> None:
    """One approval alone sends nothing."""
    more = tmp_path / "more.yaml"
    more.write_text("version: 1\nclasses: {computer: {ci: {fields: {state: {from: operational_status}}}}}\n")
    world.maps = load_target_map([Path(world_module.__file__).with_name("target.yaml")], [more])
    loaded(world, assigned_to="ann@corp.example", operational_status="operational")
    computers(world, 6, assigned_to="ben@corp.example", operational_status="repair")
    world.sync()
    kinds = {h.guard: h.id for h in world.state.holds.of() if h.held == 6}
    assert set(kinds) == {"reassign", "status"}
    before = len(world.target.log)
    assert world.answer("approved", kinds["reassign"]) == 0
    world.sync()
    assert len(world.target.log) == before
    world.answer("approved", kinds["status"])
    world.sync()
    assert len(world.target.log) == before + 6


def test_a_canary_writes_ten_of_what_was_approved_and_asks_no_second_time(world: Guarded) -> None:
    """The approval outlives plans until its rows are delivered."""
    computers(world, 25)
    world.mode, world.canary = "canary", 10
    world.sync()
    world.answer("approved")
    assert world.sync().applied == {"create": 10}
    world.mode = "write"
    assert world.sync().applied == {"create": 15}
    assert [state for _, _, state, _ in held(world)] == ["approved"]


def test_a_plan_in_preview_finds_its_hold_again(world: Guarded) -> None:
    """Planning twice asks once."""
    computers(world, 5)
    world.mode = "preview"
    world.update()
    world.plan()
    summary = world.plan().summary
    assert held(world) == [("create", "computer", "open", 5)]
    assert summary["counts"]["computer"] == {"held": 5}


def test_max_creates_counts_all_classes(world: Guarded) -> None:
    """Two classes that pass alone are held together."""
    world.limits, world.most = {"default": Limit()}, 3
    computers(world, 2)
    for n in range(2):
        world.say("hr", f"p{n}", "person", worker_id=f"E{n}", email=f"p{n}@corp.example")
    world.sync()
    assert [(cls, n) for _, cls, _, n in held(world)] == [("computer", 2), ("person", 2)]
    assert {h.allowed for h in world.state.holds.of()} == {"max_creates 3"}


def test_a_share_goes_by_the_linked_things_of_the_class(world: Guarded) -> None:
    """Half of six may change hands, not four of them."""
    loaded(world, assigned_to="ann@corp.example")
    world.limits = {"reassign": Limit(share=0.5, at_least=1)}
    computers(world, 3, assigned_to="ben@corp.example")
    world.sync()
    assert held(world) == []
    computers(world, 6, assigned_to="ann@corp.example")
    world.sync()
    computers(world, 4, assigned_to="ben@corp.example")
    world.sync()
    assert held(world) == [("reassign", "computer", "open", 4)]
    assert world.state.holds.of()[0].allowed == "3 (50% of 6)"


def test_what_comes_later_is_counted_alone(world: Guarded) -> None:
    """New changes within the limit pass while a hold is open, and nothing of the hold slips through with them."""
    computers(world, 5)
    world.sync()
    computers(world, 7)
    report = world.sync()
    assert report.applied == {"create": 2}
    computers(world, 5, ram_mib=8192)  # the held ones are planned again
    assert world.sync().applied == {}
    assert held(world) == [("create", "computer", "open", 5)]


def servers(world: Guarded, tmp_path: Path) -> None:
    """Let the target have servers, too, which are objects of another kind."""
    more = tmp_path / "servers.yaml"
    fields = "{name: {from: [hostname, name]}, serial: {from: serial_number}, note: {from: description}}"
    more.write_text(
        f"version: 1\nclasses:\n  server:\n    ci:\n      kind: ci_server\n      read: ci_computer\n"
        f"      fields: {fields}\n      identity: {{serial_number: serial, hostname: name}}\n"
    )
    world.maps = load_target_map([Path(world_module.__file__).with_name("target.yaml")], [more])
    world.classes = ("computer", "person", "server")


def as_servers(world: Guarded, count: int, note: str) -> None:
    for n in range(count):
        world.say("mdm", f"d{n}", "server", serial_number=f"SER-{n:04}", manufacturer="Dell", hostname=f"pc{n}",
                  description=note)  # fmt: skip


def test_things_that_became_another_class_are_held_until_somebody_looked(world: Guarded, tmp_path: Path) -> None:
    """Their objects stay what they are, so writing them is the class change; approved once, it is asked no more."""
    servers(world, tmp_path)
    loaded(world, description="under the desk")
    before = len(world.target.log)
    as_servers(world, 6, "in the rack")
    world.sync()
    assert held(world) == [("class", "server", "open", 6)]
    assert world.state.holds.of(None, ())[0].cause == "computer became server"
    assert len(world.target.log) == before
    world.answer("approved")
    world.sync()
    assert len(world.target.log) == before + 6
    as_servers(world, 6, "in another rack")
    world.sync()
    assert len(world.target.log) == before + 12, "what was a server already was held as a change of class"
    assert held(world) == [("class", "server", "approved", 0)]


def test_objects_that_were_linked_across_kinds_are_no_change_of_class(world: Guarded, tmp_path: Path) -> None:
    """A server that somebody typed in as a computer was never written as anything else."""
    servers(world, tmp_path)
    world.limits = {"class": Limit(max=0), "default": Limit()}
    for n in range(6):
        world.target.put("ci_computer", name=f"pc{n}", serial=f"SER-{n:04}", note="x", os="y")
    world.policies = {"default": "hub"}
    as_servers(world, 6, "in the rack")
    world.sync()
    as_servers(world, 6, "in another rack")
    world.sync()
    assert held(world) == []
    assert {item.fields["note"] for item in world.target.of("ci_computer")} == {"in another rack"}


def test_marks_of_duplicates_are_counted_as_merges() -> None:
    """Each object is told apart; taking a mark away is none."""
    mark = {"dup": FieldChange("", "sys-1")}
    assert kinds_of(_row(Op.UPDATE, mark), {"dup": "duplicate"}) == {"merge": ["dup"]}
    assert kinds_of(_row(Op.UPDATE, {"dup": FieldChange("sys-1", None)}), {"dup": "duplicate"}) == {}


def _row(op: Op, changes: dict[str, FieldChange]) -> PlanRow:
    return PlanRow(1, 1, "computer", "ci", "ci_computer", op, "id-1", changes)
