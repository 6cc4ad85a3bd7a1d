"""A target in memory that keeps a history, and in which people edit at the very moment of a write."""

from __future__ import annotations

from typing import Any, Literal

from synchub.domain.plan import Edit, Outcome, Value, Write
from synchub.ports import Capabilities
from tests.support.fakes import FakeClock, MemoryTarget


class RecordedTarget(MemoryTarget):
    """A target with a history.

    Args:
        clock: Its clock.
        versions: What its versions tell.
        told: Whether its history tells values in the form of fields.

    Attributes:
        before: Object id -> edits that somebody makes right before the hub's next writes to it are carried out.
        behind: The same, right after they are.
        people: (object id, field, value) of everything a person ever put there.
        reads: How often a history was read.
    """

    def __init__(
        self, clock: FakeClock, versions: Literal["step", "opaque", "none"] = "step", *, told: bool = True
    ) -> None:
        super().__init__(clock)
        self.can = Capabilities(batch=5, workers=1, history=True, versions=versions)
        self.before: dict[str, list[dict[str, Value]]] = {}
        self.behind: dict[str, list[dict[str, Value]]] = {}
        self.people: list[tuple[str, str, Value]] = []
        self.reads = 0
        self._told = told
        self._log: dict[str, list[Edit]] = {}

    def put(self, kind: str, id_: str = "", **fields: Value) -> str:
        """Let somebody create an object."""
        id_ = super().put(kind, id_, **fields)
        self._note(id_, fields, {}, ours=False)
        return id_

    def edit(self, id_: str, **fields: Value) -> None:
        """Let somebody change an object."""
        old = dict(self.held[id_].fields)
        super().edit(id_, **fields)
        self._note(id_, fields, old, ours=False)

    def history(self, object_id: str) -> list[Edit]:
        """List the edits of an object, newest first."""
        self.reads += 1
        return self._log.get(object_id, [])[::-1]

    def _commit(self, write: Write) -> Outcome:
        id_ = write.object_id or ""
        if self.before.get(id_):
            self.edit(id_, **self.before[id_].pop(0))
        old = dict(self.held[id_].fields) if id_ in self.held else {}
        outcome = super()._commit(write)
        if outcome.object_id:
            taken = {n: v for n, v in write.fields.items() if n not in outcome.refused}
            self._note(outcome.object_id, taken, old, ours=True)
        if self.behind.get(id_):
            self.edit(id_, **self.behind[id_].pop(0))
            held = self.held[id_]
            now: dict[str, Any] = {n: held.fields.get(n) for n in write.fields}
            refused = {n: "another value is there" for n, v in write.fields.items() if now[n] != v}
            return Outcome(outcome.row, outcome.state, id_, str(held.version), now, refused)
        return outcome

    def _note(self, id_: str, fields: dict[str, Value], old: dict[str, Value], *, ours: bool) -> None:
        log = self._log.setdefault(id_, [])
        for name, value in fields.items():
            if not ours:
                self.people.append((id_, name, value))
            if old.get(name) != value:
                shown = None if value is None else str(value)
                by = "hub" if ours else "people"
                log.append(Edit(self.clock.now(), by, name, None, shown, ours, value, self._told))
