"""Holds: rows that a guard stopped, and what a person answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

OPEN, APPROVED, REJECTED, OVER = "open", "approved", "rejected", "over"


class Hold(NamedTuple):
    """A stop by a guard.

    Attributes:
        id: Number in the state; people write `h-<id>`.
        target: Number of the target.
        guard: Kind of change.
        cls: Canonical class.
        state: `open`, `approved`, `rejected`, or `over`: nothing it held would be written any more.
        opened_at: When.
        run: The run that planned the rows.
        plan: Number of that run's plan.
        held: Rows that it still holds.
        total: Linked objects of the class when it was opened.
        allowed: The limit, in words.
        cause: The most common cause, in words.
        asked_by: Who ran the plan.
        answered_at: When it was approved or rejected.
        answered_by: Who did.
        reason: Why, in that person's words.
    """

    id: int
    target: int
    guard: str
    cls: str
    state: str
    opened_at: int
    run: int
    plan: int
    held: int
    total: int
    allowed: str
    cause: str
    asked_by: str
    answered_at: int | None = None
    answered_by: str | None = None
    reason: str | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return f"h-{self.id}"


class HeldRow(NamedTuple):
    """One row of a hold, recognised in later plans by what it does.

    Attributes:
        hold: Number of the hold.
        entity: Entity id.
        facet: Which of its objects.
        op: Operation of the plan row.
        digest: Of the guarded change; empty for what is told by entity, facet and operation.
    """

    hold: int
    entity: int
    facet: str
    op: str
    digest: str


class Holds(Protocol):
    """Rows that a guard stopped."""

    def of(self, target: int | None = None, states: Sequence[str] = (OPEN,)) -> list[Hold]:
        """List holds, oldest first; of all targets without one, in all states without any."""
        ...

    def get(self, number: int) -> Hold | None:
        """Return a hold."""
        ...

    def rows_of(self, target: int, entities: Sequence[int]) -> list[HeldRow]:
        """Return what is held of some entities in a target, answered or not; nothing of holds that are over."""
        ...

    def open(
        self, hold: Hold, rows: Sequence[HeldRow], plan_rows: Sequence[int], *, whole: bool
    ) -> tuple[Hold, Mapping[tuple[str, str], int]]:
        """Store a hold and stop its rows, in one transaction.

        Args:
            hold: Its number and `held` are given here.
            rows: What it holds, where rows are told apart by a digest; `hold` is filled in.
            plan_rows: Numbers of the rows within the plan; without `rows` these are what it holds.
            whole: Every pending row of the entities is stopped: without the object they make no sense.

        Returns:
            The hold, and how many rows were stopped by it that no other one stopped before, by class and operation.
        """
        ...

    def settle(self, rows: Sequence[HeldRow], at: int) -> None:
        """Forget held rows that would not be written any more; an open hold without any is over."""
        ...

    def answer(
        self, number: int, state: str, who: str, at: int, reason: str
    ) -> Mapping[int, Mapping[tuple[str, str], int]]:
        """Approve or reject a hold.

        What it held is planned again. Rows of a plan that may still be applied are released at once, unless another
        hold stops them.

        Returns:
            Plan -> (class, operation) -> how many rows were released.
        """
        ...

    def linked(self, target: int) -> Mapping[str, int]:
        """Count the linked things of each class in a target."""
        ...

    def counts(self, target: int) -> Mapping[str, int]:
        """Count the rows that open holds of a target stop, each once: class -> how many."""
        ...

    def sample(self, number: int, count: int) -> list[tuple[int, str, str]]:
        """Return (entity, facet, operation) of some rows of a hold, in the order of entities."""
        ...

    def changes(self, number: int, entities: Sequence[int]) -> Mapping[tuple[int, str, str], list[list[Any]]]:
        """Return (entity, facet, operation) -> [field, old, new] of what a hold stops, as its plan says.

        Empty where the plan was superseded: another one makes the rows again.
        """
        ...
