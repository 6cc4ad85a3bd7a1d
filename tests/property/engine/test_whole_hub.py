"""Whatever sources, people, faults, crashes and clocks do, in whatever order: the laws hold.

What may happen stands here, what is checked stands in `whole_hub.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from state.store import SqlState
from tests.property.engine import whole_hub
from tests.property.engine.whole_hub import DEVICES, TYPED, WholeHub
from tests.support.states import Databases

_SOURCES = st.sampled_from(["mdm", "scan"])
_DEVICES = st.sampled_from(DEVICES)
_FAULTS = st.sampled_from(["partial", "narrow", "break off", "whole"])
_ANSWERS = st.lists(st.sampled_from(["ok", "lost", "down", "killed", 1, 3]), min_size=1, max_size=4)
_EXAMPLES = {"sqlite": 120, "postgresql": 5}


class Interleavings(RuleBasedStateMachine):
    """One rule for everything that happens around a hub."""

    databases: ClassVar[Databases]
    state: ClassVar[SqlState]
    folder: ClassVar[Path]

    @initialize(
        versions=st.sampled_from(["step", "opaque", "none"]), then=st.sampled_from(["flag", "retire", "delete"])
    )
    def begin(self, versions: whole_hub.Versions, then: str) -> None:
        """An empty hub, and a target that tells more or less about edits."""
        self.databases.wipe(self.state)
        self.hub = WholeHub(self.state, versions, then)

    # --- sources ------------------------------------------------------------------------------------------------------

    @rule(source=_SOURCES, device=_DEVICES)
    def say(self, source: str, device: int) -> None:
        """A source says something new."""
        self.hub.say(source, device)

    @rule(source=_SOURCES, device=_DEVICES)
    def forget(self, source: str, device: int) -> None:
        """A source lists a device no more."""
        self.hub.forget(source, device)

    @rule(source=_SOURCES, device=_DEVICES)
    def replace_key(self, source: str, device: int) -> None:
        """A device is enrolled again."""
        self.hub.replace_key(source, device)

    @rule(source=_SOURCES, how=_FAULTS, after=st.integers(0, 4))
    def next_read(self, source: str, how: str, after: int) -> None:
        """The next reads of a source are short, narrow, broken off, or whole again."""
        if how == "partial":
            whole_hub.partial(self.hub, source)
        elif how == "narrow":
            whole_hub.narrow(self.hub, source)
        elif how == "break off":
            whole_hub.break_off(self.hub, source, after)
        else:
            whole_hub.whole(self.hub, source)

    # --- people -------------------------------------------------------------------------------------------------------

    @rule(which=st.integers(0, 4), name=st.sampled_from(TYPED))
    def edit(self, which: int, name: str) -> None:
        """Somebody types."""
        self.hub.edit(which, name)

    @rule(name=st.sampled_from(TYPED))
    def race(self, name: str) -> None:
        """Somebody types between the hub's look and its write."""
        self.hub.race(name)

    @rule(device=_DEVICES)
    def put(self, device: int) -> None:
        """Somebody enters a device by hand."""
        self.hub.put(device)

    # --- faults and time ----------------------------------------------------------------------------------------------

    @rule(answers=_ANSWERS)
    def target_fails(self, answers: list[str | int]) -> None:
        """The next writes fail, or their answers are lost."""
        self.hub.target.answers = list(answers)

    @rule(hours=st.sampled_from([1, 24, 24 * 10, 24 * 40]))
    def time_passes(self, hours: int) -> None:
        """Nothing happens for a while."""
        self.hub.world.clock.time += hours * 3600

    # --- the hub ------------------------------------------------------------------------------------------------------

    @rule()
    def sync(self) -> None:
        """A run."""
        self.hub.sync()
        self.hub.check()

    @rule(at=st.integers(1, 60))
    def crash(self, at: int) -> None:
        """A run that ends at one of its commits."""
        self.hub.sync(crash_at=at)
        self.hub.check()

    @rule()
    def plan(self) -> None:
        """Only a plan."""
        self.hub.plan()

    @precondition(lambda self: self.hub.planned is not None)
    @rule()
    def apply(self) -> None:
        """The plan, when other things happened since."""
        self.hub.apply()
        self.hub.check()

    @rule(most=st.sampled_from([None, 0, 1]))
    def guard(self, most: int | None) -> None:
        """Other limits."""
        self.hub.guard(most)

    @rule(state=st.sampled_from(["approved", "rejected"]))
    def answer(self, state: str) -> None:
        """What is held is answered."""
        self.hub.answer(state)

    @rule()
    def pause(self) -> None:
        """All writes stop."""
        self.hub.pause()

    @rule()
    def resume(self) -> None:
        """They go on."""
        self.hub.state.pauses.resume("snow")

    @rule(source=_SOURCES, device=_DEVICES)
    def undo(self, source: str, device: int) -> None:
        """A run is taken back."""
        self.hub.undo(source, device)

    @precondition(lambda self: self.hub.saved is None)
    @rule()
    def save(self) -> None:
        """A backup."""
        self.hub.save(self.folder / "backup.gz")

    @precondition(lambda self: self.hub.saved is not None)
    @rule()
    def restore(self) -> None:
        """The state is lost, and the backup is not of today."""
        self.hub.restore()
        self.hub.check()

    @precondition(lambda self: self.hub.count > 2)
    @rule()
    def calm(self) -> None:
        """Everything works for a while."""
        self.hub.calm()
        self.hub.values()

    def teardown(self) -> None:
        """In the end everything works, and everything is as it should be."""
        if hasattr(self, "hub"):
            try:
                self.hub.calm()
                self.hub.values()
            finally:
                self.hub.close()


def machine(databases: Databases, folder: Path) -> type[Interleavings]:
    """Make the machine of a kind of database."""
    return type("Bound", (Interleavings,), {"databases": databases, "state": databases.open(), "folder": folder})


def test_no_interleaving_breaks_a_law(databases: Databases, tmp_path: Path) -> None:
    """Each thing once, the right value, nothing typed lost, nothing of others deleted, a quiet second sync."""
    run_state_machine_as_test(
        machine(databases, tmp_path),
        settings=settings(
            max_examples=_EXAMPLES[databases.kind],
            stateful_step_count=25,
            deadline=None,
            phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
