"""Count a plan while it is made: totals by class, and the causes behind its writes, largest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synchub.domain.plan import Op, PlanRow, RowState, Value
from synchub.stores.holds import Hold

_CREATE, _PENDING = Op.CREATE, RowState.PENDING  # looking members up costs more
_WRITES = ("create", "update", "retire", "delete")
_CAUSES = 5000  # distinct causes kept; more would not be read by anybody


@dataclass(slots=True)
class _Cause:
    count: int
    old: Value
    new: Value
    rule: str
    example: str
    values: int


class Summary:
    """The counts of one plan.

    Args:
        target: Configured name.
        batch: Writes that go into one request, for the cost.

    Attributes:
        looked_at: Entities that were compared.
        theirs: Values of other people that stay as they are.
        overwrites: Values of other people that a policy or a decision lets the hub write over.
        refused: Values that the target refused before and that did not change since.
        orphans: Objects that the hub created and whose thing no source gives any more; they stay.
    """

    def __init__(self, target: str, batch: int = 1) -> None:
        self._target = target
        self._batch = max(batch, 1)
        self._touched: dict[str, int] = {}
        self._last = -1
        self._counts: dict[str, dict[str, int]] = {}
        self._causes: dict[tuple[str, str, str, str], _Cause] = {}
        self._notes: dict[str, tuple[int, str]] = {}
        self._holds: list[dict[str, Any]] = []
        self.looked_at = 0
        self.theirs = 0
        self.overwrites = 0
        self.refused = 0
        self.orphans = 0

    def add_all(self, rows: Iterable[PlanRow]) -> None:
        """Count rows; those that create objects, most of them at first, make one step for a whole class."""
        creates: dict[tuple[str, str], list[PlanRow]] = {}
        for row in rows:
            if row.op is _CREATE and row.state is _PENDING and row.entity != self._last:
                key = (row.cls, row.facet)
                if key in creates:
                    creates[key].append(row)
                else:
                    creates[key] = [row]
                self._last = row.entity
            else:
                self.add(row)
        for (cls, facet), some in creates.items():
            self._touched[cls] = self._touched.get(cls, 0) + len(some)
            counts = self._counts.setdefault(cls, {})
            counts["create"] = counts.get("create", 0) + len(some)
            self._cause((facet, "create", cls, ""), some[0], None, None, "", len(some))

    def add_standing(self, standing: Mapping[str, Mapping[str, tuple[int, str]]]) -> None:
        """Count the rows of earlier plans that still wait for a person.

        Args:
            standing: Class -> why -> how many and the label of one.
        """
        for cls, notes in standing.items():
            count = sum(n for n, _ in notes.values())
            self._touched[cls] = self._touched.get(cls, 0) + count
            counts = self._counts.setdefault(cls, {})
            counts["held"] = counts.get("held", 0) + count
            for note, (n, label) in notes.items():
                seen = self._notes.get(note, (0, label))
                self._notes[note] = (seen[0] + n, seen[1])

    def stop(self, rows: Mapping[tuple[str, str], int]) -> None:
        """Take rows out of what is written that were counted before a guard stopped them.

        Args:
            rows: (class, operation) -> how many.
        """
        for (cls, op), count in rows.items():
            self._counts[cls]["create" if op == Op.INSERT else op] -= count

    def add_holds(self, holds: Sequence[Hold], counts: Mapping[str, int]) -> None:
        """Show the open holds, those of earlier plans included.

        Args:
            holds: What is open.
            counts: Class -> rows that they stop, each counted once.
        """
        for cls, count in counts.items():
            have = self._counts.setdefault(cls, {})
            have["held"] = have.get("held", 0) + count
        self._holds = [
            {"hold": h.name, "guard": h.guard, "class": h.cls, "held": h.held, "allowed": h.allowed, "cause": h.cause}
            for h in holds
        ]

    def add(self, row: PlanRow) -> None:
        """Count a row; the rows of one entity come one after the other."""
        if row.entity != self._last:
            self._last = row.entity
            self._touched[row.cls] = self._touched.get(row.cls, 0) + 1
        counts = self._counts.setdefault(row.cls, {})
        if row.hold is not None:
            return  # counted with its hold
        if row.state in (RowState.CONFLICT, RowState.HELD):
            kind = row.state.value
            note = row.note.split(":")[0]
            seen = self._notes.get(note, (0, row.label))
            self._notes[note] = (seen[0] + 1, seen[1])
        else:
            kind = "create" if row.op in (Op.CREATE, Op.INSERT) else row.op.value
        counts[kind] = counts.get(kind, 0) + 1
        if kind == "create":
            self._cause((row.facet, "create", row.cls, ""), row, None, None, "")
        elif kind in ("retire", "delete"):
            self._cause((row.facet, kind, row.cls, ""), row, None, None, row.note)
        elif kind in ("update", "link"):
            for field, change in row.changes.items():
                self._cause((row.facet, kind, field, change.source), row, change.old, change.new, change.rule)

    def _cause(
        self, key: tuple[str, str, str, str], row: PlanRow, old: Value, new: Value, rule: str, count: int = 1
    ) -> None:
        cause = self._causes.get(key)
        if cause is None:
            if len(self._causes) < _CAUSES:
                self._causes[key] = _Cause(count, old, new, rule, row.label, 1)
            return
        cause.count += count
        if (cause.old, cause.new) != (old, new):
            cause.values += 1

    def as_dict(self) -> dict[str, Any]:
        """Return the summary as JSON."""
        writes = sum(n for some in self._counts.values() for kind, n in some.items() if kind in _WRITES)
        causes = sorted(self._causes.items(), key=lambda item: (-item[1].count, item[0]))
        return {
            "target": self._target,
            "looked_at": self.looked_at,
            "theirs": self.theirs,
            "overwrites": self.overwrites,
            "refused": self.refused,
            "orphans": self.orphans,
            "touched": dict(sorted(self._touched.items())),
            "cost": {"writes": writes, "requests": -(-writes // self._batch)},
            "counts": {cls: dict(sorted(counts.items())) for cls, counts in sorted(self._counts.items())},
            "causes": [
                {
                    "facet": facet, "op": op, "field": field, "source": source, "count": c.count, "old": c.old,
                    "new": c.new, "rule": c.rule,
                    "example": c.example, "one_value": c.values == 1,
                }
                for (facet, op, field, source), c in causes
            ],
            "holds": self._holds,
            "needs": [
                {"why": why, "count": count, "example": example}
                for why, (count, example) in sorted(self._notes.items())
            ],
        }  # fmt: skip


def answered(summary: Mapping[str, Any], hold: Hold, released: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """Return a stored summary after a hold was answered: what was released is written, the rest is not asked any more.

    Args:
        summary: As stored with the plan.
        hold: The hold as it was.
        released: (class, operation) -> rows that are sent with this plan after all; empty for a rejection.
    """
    counts = {cls: dict(some) for cls, some in summary.get("counts", {}).items()}
    for (cls, op), count in released.items():
        kind = "create" if op == Op.INSERT else op
        counts[cls][kind] = counts[cls].get(kind, 0) + count
    mine = counts.get(hold.cls, {})
    gone = sum(released.values()) or hold.held
    mine["held"] = max(0, mine.get("held", 0) - gone)
    left = [item for item in summary.get("holds", ()) if item["hold"] != hold.name]
    return {**summary, "counts": counts, "holds": left}
