"""What a target's own schema has to look like so that the hub's objects fit: object types and their attributes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AttributeShape:
    """One attribute that a target map writes.

    Attributes:
        name: As in the map.
        form: Form of the value (`text`, `integer`, `number`, `bool`, `date`, `datetime`, `status`, `raw`).
        refers: Object type whose objects it refers to; None for a plain value.
        longest: Longest text that is written; None where the map says nothing.
        values: Values the map can write, where it lists them (names of statuses).
    """

    name: str
    form: str = "text"
    refers: str | None = None
    longest: int | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KindShape:
    """One object type that the hub writes or refers to.

    Attributes:
        kind: Its name.
        parent: Object type below which it stands, in which existing objects are looked for; None for none.
        attributes: What is written to its objects; empty for types that are only referred to.
    """

    kind: str
    parent: str | None = None
    attributes: tuple[AttributeShape, ...] = ()
