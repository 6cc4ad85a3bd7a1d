"""Laws of other people's edits: whatever happens in whatever order, nothing that a person typed is lost unseen."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from synchub.domain.plan import Value
from tests.property.engine.laws import hold
from tests.support.recorded import RecordedTarget
from tests.support.states import Databases
from tests.support.world import World

Make = Callable[..., World]
FIELDS = {"os": "os_name", "note": "description", "model": "model"}
POLICIES = st.sampled_from(["hub", "target", "target_for: 30d", "if_empty", "ask"])
_FIELD = st.sampled_from(sorted(FIELDS))
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), _FIELD),
        st.tuples(st.just("edit"), _FIELD),
        st.tuples(st.just("empty"), _FIELD),
        st.tuples(st.just("before"), _FIELD),
        st.tuples(st.just("behind"), _FIELD),
        st.tuples(st.just("answer"), st.sampled_from(["lost", "killed", "down"])),
        st.tuples(st.just("sync"), st.sampled_from([1, 60, 40 * 86_400])),
    ),
    max_size=14,
)


class Life:
    """One computer, people who work on it, and a source that speaks about it; every text that is typed is another."""

    def __init__(self, world: World, versions: Any, *, adopted: bool) -> None:
        self.world, self.texts = world, (f"text {n}" for n in itertools.count())
        self.target = world.target = RecordedTarget(world.clock, versions)
        self.said: dict[str, Any] = {}
        self.now = 0
        if adopted:
            self.target.put("ci_computer", serial="5CG81F0001", os="typed first", note="")
        self.step("say", "os")
        self.sync()
        [item] = self.target.of("ci_computer")
        self.id = item.id

    def step(self, what: str, about: Any) -> None:
        """Let something happen."""
        if what == "say":
            self.said[FIELDS[about]] = next(self.texts)
            self.world.say(
                "mdm", "1", serial_number="5CG81F0001", hostname="nb-1", at=self.world.clock.time, **self.said
            )
        elif what == "edit":
            self.target.edit(self.id, **{about: next(self.texts)})
        elif what == "empty":
            self.target.edit(self.id, **{about: ""})
        elif what in ("before", "behind"):
            getattr(self.target, what).setdefault(self.id, []).append({about: next(self.texts)})
        elif what == "answer":
            self.target.answers.append(about)
        else:
            self.world.clock.time += about
            self.sync()

    def sync(self) -> None:
        """Sync; a process that is killed is followed by another."""
        while True:
            try:
                self.world.sync()
            except KeyboardInterrupt:
                continue
            return

    def lost(self) -> list[tuple[str, Value, Value]]:
        """List (field, theirs, ours) of what the hub went over."""
        found = []
        last: dict[str, Any] = {}
        for edit in reversed(self.target.history(self.id)):
            before = last.get(edit.field)
            if edit.ours and before is not None and not before.ours and before.value not in (None, ""):
                found.append((edit.field, before.value, edit.value))
            last[edit.field] = edit
        return found

    def kept(self) -> list[tuple[str, Value, Value]]:
        """List what the state keeps of it."""
        entities = self.world.query("select id from entity")
        rows = [o for (entity,) in entities for o in self.world.state.overwritten.of_entity(entity)]
        return [(o.field, o.theirs, o.ours) for o in rows]


def test_nothing_that_people_typed_is_lost_unseen(databases: Databases) -> None:
    """What the hub writes over is kept with both values; what may stand stands; a second sync writes nothing."""

    def law(make: Make, policies: dict[str, str], versions: str, adopted: bool, steps: list[tuple[str, Any]]) -> None:
        world = make()
        world.policies = policies
        life = Life(world, versions, adopted=adopted)
        for what, about in steps:
            life.step(what, about)
        life.target.answers.clear()
        life.sync()
        life.target.before.clear()
        life.target.behind.clear()
        world.clock.time += 60
        life.sync()

        missing = Counter(life.lost()) - Counter(life.kept())
        assert not missing, (missing, life.kept())
        written = len(life.target.log)
        world.clock.time += 60
        life.sync()
        assert len(life.target.log) == written
        for field in FIELDS:
            if policies.get(field, policies["default"]) in ("target", "ask"):
                last = [e for e in life.target.history(life.id) if e.field == field]
                typed = next((e.value for e in last if not e.ours), None)
                if typed not in (None, "") and last[0].ours:  # only as a gift back
                    assert last[0].value == typed

    kinds = st.dictionaries(_FIELD, POLICIES).flatmap(lambda d: POLICIES.map(lambda p: {"default": p, **d}))
    versions = st.sampled_from(["step", "opaque", "none"])
    hold(databases, law, kinds, versions, st.booleans(), _STEPS, examples=150)
