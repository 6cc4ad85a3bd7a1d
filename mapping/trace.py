"""How a record was mapped, step by step: what `map test` and `explain` show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as made
from datetime import UTC, datetime
from typing import Any

from synchub.domain.records import CLEAR, CanonicalRecord, FieldWarning

Log = list[tuple[str, Any]]


@dataclass(slots=True)
class Chain:
    """One run of a chain of transforms.

    Attributes:
        path: Where the raw value stood; several paths joined with `, `.
        raw: The raw value, or all of them where the chain combines them.
        steps: Each transform as written, with what it gave; the last one is followed by nothing.
    """

    path: str
    raw: Any
    steps: Log = made(default_factory=list)


@dataclass(slots=True)
class FieldTrace:
    """How one field got its value.

    Attributes:
        field: Canonical field; also `key`, `class` and `observed_at`.
        where: `file:line` of the rule.
        chains: What was read and what became of it.
        value: Canonical value; None where the field stays unknown; `CLEAR` where the source says *empty*.
        warnings: What was not understood.
        note: Why there is no value although nothing is wrong (condition, not a field of the class …).
    """

    field: str
    where: str
    chains: list[Chain] = made(default_factory=list)
    value: Any = None
    warnings: list[FieldWarning] = made(default_factory=list)
    note: str = ""


@dataclass(slots=True)
class Trace:
    """How one payload was mapped.

    Attributes:
        stream: Stream of the map.
        record: The same record as `FieldMap.map` gives; None when it was dropped or refused.
        fields: Key, class and time first, then the fields in the order of the map.
        dropped: The `keep` condition does not hold: `file:line` and condition; empty otherwise.
        refused: Why there is no record (no key, no class); empty otherwise.
    """

    stream: str
    record: CanonicalRecord | None = None
    fields: list[FieldTrace] = made(default_factory=list)
    dropped: str = ""
    refused: str = ""


def shown(value: Any, limit: int = 120) -> str:
    """Write a value for a terminal: JSON, one line, control and direction characters visible, cut at a length."""
    if value is None:
        return "(nothing)"
    if isinstance(value, str) and value == CLEAR:
        return "(empty on purpose)"
    text = json.dumps(value, ensure_ascii=False, default=str)
    visible = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
    return visible if len(visible) <= limit else f"{visible[: limit - 1]}…"


def render(trace: Trace, width: int = 100) -> Iterator[str]:
    """Yield the lines of `map test` for one record: each field, each raw value, each transform with its result.

    The place of the rule stands at the right end of the field's line; `!` marks what was not understood.
    """
    if trace.dropped:
        yield f"dropped    keep does not hold: {trace.dropped}"
        return
    for item in trace.fields:
        yield from _render_field(item, width)
    if trace.refused:
        yield f"REFUSED    {trace.refused}"


def _render_field(item: FieldTrace, width: int) -> Iterator[str]:
    known = item.value is not None
    value = datetime.fromtimestamp(item.value, UTC).isoformat() if item.field == "observed_at" and known else item.value
    head = f"{item.field} = {shown(value, width)}" if known else f"{item.field}   {item.note or '(unknown)'}"
    yield f"{head}{' ' * max(3, width - len(head) - len(item.where))}{item.where}"
    for chain in item.chains:
        yield f"    {chain.path} = {shown(chain.raw)}"
        longest = max((len(text) for text, _ in chain.steps), default=0)
        for text, result in chain.steps:
            yield f"      {shown_text(text).ljust(longest)}  {shown(result)}"
    for warning in item.warnings:
        yield f"    ! {shown_text(warning.message)}"


def shown_text(text: str) -> str:
    """Write a text of ours or of a file for a terminal, control characters visible."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
