"""What another field map would make of the stored records, beside what the map of the last pull made of them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from synchub.domain.fields import Privacy
from synchub.domain.model import FIELDS
from synchub.domain.records import CanonicalRecord
from synchub.visible import visible

_EXAMPLES = 3


@dataclass(slots=True)
class FieldChange:
    """How one field would change.

    Attributes:
        gained: Records that have it only afterwards.
        lost: Records that have it only now.
        other: Records with another value.
        warned: Records of which the new map does not understand the value.
        examples: (native key, now, afterwards), at most three; without values where the field is personal.
    """

    gained: int = 0
    lost: int = 0
    other: int = 0
    warned: int = 0
    examples: list[tuple[str, Any, Any]] = field(default_factory=list)

    @property
    def records(self) -> int:
        """Records in which the value changes."""
        return self.gained + self.lost + self.other


@dataclass(slots=True)
class MapDifference:
    """Counts over the records of one stream.

    Attributes:
        records: Stored records looked at.
        changed: Of these, how many would change in any way.
        dropped: How many the new map's `keep` drops.
        refused: How many would become dead letters, and why (message -> count).
        rekeyed: How many would get another native key.
        classes: `"computer -> server"` -> count.
        fields: Canonical field -> what changes.
    """

    records: int = 0
    changed: int = 0
    dropped: int = 0
    rekeyed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    fields: dict[str, FieldChange] = field(default_factory=dict)

    def refuse(self, reason: str) -> None:
        """Count a record that the new map cannot take."""
        self.records += 1
        self.changed += 1
        self.refused[reason] += 1

    def compare(self, key: str, cls: str, now: Mapping[str, Any], new: CanonicalRecord | None) -> None:
        """Look at one record: what is stored, and what the new map makes of its payload (None: dropped)."""
        self.records += 1
        if new is None:
            self.dropped += 1
            self.changed += 1
            return
        moved = new.key != key
        self.rekeyed += moved
        if new.cls != cls:
            self.classes[f"{cls} -> {new.cls}"] += 1
            moved = True
        for name in now.keys() | new.fields.keys():
            before, after = now.get(name), new.fields.get(name)
            if before != after:
                moved = True
                self._note(key, new.cls, name, before, after)
        for warning in new.warnings:
            self.fields.setdefault(warning.field, FieldChange()).warned += 1
        self.changed += moved

    def _note(self, key: str, cls: str, name: str, before: Any, after: Any) -> None:
        change = self.fields.setdefault(name, FieldChange())
        if before is None:
            change.gained += 1
        elif after is None:
            change.lost += 1
        else:
            change.other += 1
        if len(change.examples) < _EXAMPLES:
            known = FIELDS[cls].get(name)
            hidden = known is None or known.privacy is Privacy.PERSONAL or cls == "person"
            change.examples.append((key, *(("…", "…") if hidden else (before, after))))

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON, fields with most changes first."""
        counts = {name: getattr(self, name) for name in ("records", "changed", "dropped", "rekeyed")}
        fields = {name: asdict(change) for name, change in self._ordered()}
        return {**counts, "refused": dict(self.refused), "classes": dict(self.classes), "fields": fields}

    def _ordered(self) -> list[tuple[str, FieldChange]]:
        return sorted(self.fields.items(), key=lambda item: (-item[1].records, -item[1].warned, item[0]))

    def render(self) -> list[str]:
        """Write it for a terminal."""
        lines = [f"{self.records:,} stored records, {self.changed:,} would change."]
        lines += [f"  {count:,} class {change}" for change, count in self.classes.most_common(10)]
        if self.dropped:
            lines.append(f"  {self.dropped:,} would be dropped by keep")
        if self.rekeyed:
            lines.append(f"  {self.rekeyed:,} would get another native key")
        lines += [
            f"  {count:,} would become dead letters: {visible(why)}" for why, count in self.refused.most_common(5)
        ]
        for name, change in self._ordered():
            counts = (("gained", change.gained), ("lost", change.lost), ("other", change.other))
            words = [f"{n:,} {word}" for word, n in counts if n]
            words += [f"{change.warned:,} not understood"] if change.warned else []
            lines.append(f"  {name:<20}{', '.join(words)}")
            lines += [f"      {visible(key)}   {_shown(a)} -> {_shown(b)}" for key, a, b in change.examples]
        return lines


def _shown(value: Any) -> str:
    text = "(nothing)" if value is None else visible(str(value))
    return text if len(text) <= 50 else text[:49] + "…"
