"""Plans and their rows; the pending rows are the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from synchub.domain.plan import PlanRow
from synchub.stores.targets import DeliveryBatch


@dataclass(frozen=True, slots=True)
class PlanState:
    """A stored plan.

    Attributes:
        id: Number in the state.
        token: What people type.
        target: Number of the target.
        state: `open`, `applying`, `applied`, `superseded` or `expired`.
        created_at: When it was made.
        expires_at: When apply refuses it.
        config: Fingerprint of the configuration it was made under.
        upto_rev: Entities up to this revision are in it.
        summary: Counts and causes, for display.
        run: Run that made it.
        digest: SHA-256 over what its rows do, as issued; empty for a plan of an earlier release.
        undoes: The run that it undoes; None for an ordinary plan.
        covers: Fingerprint of the map, policies and classes under which everything was planned up to `upto_rev`; empty
            for a plan of single things, for one that undoes a run, and for one of an earlier release.
    """

    id: int
    token: str
    target: int
    state: str
    created_at: int
    expires_at: int
    config: str
    upto_rev: int
    summary: dict[str, Any]
    run: int
    digest: str = ""
    undoes: int | None = None
    covers: str = ""


class Plans(Protocol):
    """Plans and their rows; the pending rows are the outbox."""

    def create(self, target: int, run: int, at: int, config: str, *, undoes: int | None = None) -> int:
        """Open a plan and supersede the target's earlier unapplied ones; returns its number."""
        ...

    def add(self, plan: int, rows: Sequence[PlanRow]) -> None:
        """Store rows."""
        ...

    def digest(self, plan: int) -> str:
        """Return the SHA-256 over what the rows of a plan do, in the order of delivery; their states are not part."""
        ...

    def stand(self, target: int, rows: Sequence[PlanRow], replaced: Sequence[int], run: int, at: int) -> None:
        """Replace rows that wait for a person; they belong to every plan of the target until they are replaced.

        Args:
            target: Number of the target.
            rows: What waits now; numbered beyond all rows of any plan.
            replaced: Numbers of rows that may stand from earlier.
            run: The run that plans.
            at: When.
        """
        ...

    def count_standing(self, target: int) -> None:
        """Count what stands, for `standing`."""
        ...

    def standing(self, target: int) -> dict[str, dict[str, tuple[int, str]]]:
        """Count the rows that wait for a person: class -> why -> how many and the label of one."""
        ...

    def seal(
        self,
        plan: int,
        token: str,
        expires_at: int,
        upto_rev: int,
        summary: Mapping[str, Any],
        digest: str = "",
        covers: str = "",
    ) -> None:
        """Give a plan its token; from here on it is what apply applies. See `PlanState` for the arguments."""
        ...

    def summarise(self, plan: int, summary: Mapping[str, Any]) -> None:
        """Replace what is shown of a plan; its rows and its digest stay."""
        ...

    def get(self, token: str | int) -> PlanState | None:
        """Load a plan by token (or an unambiguous beginning of it) or number."""
        ...

    def unfinished(self, target: int) -> PlanState | None:
        """Return the plan whose delivery was begun and not ended, if any."""
        ...

    def latest(self, target: int) -> PlanState | None:
        """Return the newest sealed plan of a target."""
        ...

    def mark(self, plan: int, state: str) -> None:
        """Set a plan's state."""
        ...

    def rows(
        self,
        plan: int,
        *,
        states: Sequence[str] = (),
        after: int = -1,
        count: int = 1000,
        within: int = 0,
        before: int | None = None,
    ) -> list[PlanRow]:
        """Return rows in the order of delivery.

        Args:
            plan: Number of the plan.
            states: Only rows in these; all without any.
            after: Only rows with a higher number.
            count: At most so many.
            within: Stop where the number divided by this changes; 0: nowhere.
            before: Only rows with a lower number.
        """
        ...

    def unsent(self, plan: int, below: int) -> int:
        """Count the rows with smaller numbers that are not sent or not answered yet; inserts are not counted."""
        ...

    def rewrite(self, plan: int, row: PlanRow) -> None:
        """Store another operation, object and values for a row that waited."""
        ...

    def send(self, plan: int, numbers: Sequence[int]) -> None:
        """Mark rows, their numbers ascending, as handed to the wire, before they are; and no other row."""
        ...

    def deliver(self, target: int, plan: int, at: int, run: int, batch: DeliveryBatch) -> None:
        """Store the outcomes of a slice."""
        ...

    def delivered_entities(self, target: int, run: int) -> list[int]:
        """Return the entities whose objects a run wrote or linked, ascending."""
        ...

    def delivered(self, target: int, run: int, entities: Sequence[int]) -> list[PlanRow]:
        """Return the rows that a run applied to some entities, of all plans, in the order of delivery."""
        ...

    def last_classes(self, target: int, entities: Sequence[int]) -> dict[tuple[int, str], str]:
        """Return (entity, facet) -> the class as which the target was last told of it, as far as that is kept."""
        ...

    def targets_of(self, run: int) -> list[int]:
        """Return the numbers of the targets to which a run delivered."""
        ...

    def outcomes(self, plan: int) -> dict[tuple[str, str, str], int]:
        """Count rows by (class, op, state)."""
        ...
