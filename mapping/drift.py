"""Notices when payloads stop looking like they used to: a path that vanished, another type, a value nobody knows.

Only changed records are looked at, one cheap look each, and only at paths the field map reads: a change of the vendor's
shape changes every record. What was learnt is a small JSON document, kept between runs; it holds no values of personal
fields and no payloads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mapping.engine import FieldMap
from mapping.generate import shape_reader
from mapping.paths import PayloadPath
from mapping.values import choices_of
from synchub.domain.records import CanonicalRecord

ENOUGH = 10  # records of this run without a path before it can count as vanished; fewer where fewer were ever seen
UNLIKELY = 0.001  # chance below which its absence is no coincidence
MAX_SHAPES = 5000
MAX_VALUES = 200  # reported unknown values remembered per field
_KINDS: dict[type, str] = {
    str: "text", bool: "true/false", int: "number", float: "number", dict: "object", list: "list", type(None): "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that is different for the first time.

    Attributes:
        kind: `vanished`, `type` or `value`.
        path: Payload path; for `value` the paths of the field.
        field: Canonical field concerned; empty where only a condition reads the path.
        where: `file:line` of the rule.
        message: What is different, one sentence.
        count: Records of this run in which it was seen (for `vanished`: that were looked at).
    """

    kind: str
    path: str
    field: str
    where: str
    message: str
    count: int


class ShapeObserver:
    """Watches the records of one stream in one run.

    Args:
        field_map: The stream's field map; paths that are new in it are learnt silently.
        state: What an earlier observer's `state` gave; None or an empty dict at first.
    """

    def __init__(self, field_map: FieldMap, state: Mapping[str, Any] | None = None) -> None:
        self._map = field_map
        self._before: dict[str, dict[str, Any]] = dict((state or {}).get("paths", {}))
        self._told: dict[str, list[str]] = {
            name: list(values) for name, values in (state or {}).get("told", {}).items()
        }
        self._paths = field_map.payload_paths
        self._shape = shape_reader(self._paths)
        self._shapes: Counter[tuple[type, ...]] = Counter()
        self._seen: list[Counter[str]] = [Counter() for _ in self._paths]
        self._values: Counter[tuple[str, str]] = Counter()
        self._closed = _closed_fields(field_map)
        self.records = 0

    def observe(self, payload: dict[str, Any], record: CanonicalRecord | None = None) -> None:
        """Look at one changed record, and at what mapping said of it."""
        self.records += 1
        self._shapes[self._shape(payload)] += 1
        if len(self._shapes) > MAX_SHAPES:
            self._unfold()
        if record is not None and record.warnings:
            for warning in record.warnings:
                if warning.raw and warning.field in self._closed:
                    self._values[warning.field, warning.raw[:100]] += 1

    def _unfold(self) -> None:
        """Turn counted shapes into counts per path."""
        for shape, count in self._shapes.items():
            for seen, kind in zip(self._seen, shape, strict=True):
                name = _KINDS.get(kind, "")
                if name:
                    seen[name] += count
        self._shapes.clear()

    def finish(self) -> list[Drift]:
        """Return what is different for the first time; call it once, at the end of the run, before `state`."""
        self._unfold()
        found = []
        for path, seen in zip(self._paths, self._seen, strict=True):
            before = self._before.get(path.text)
            if before is not None and before["of"]:
                found.extend(self._compare(path, seen, before))
        found.extend(self._unknown_values())
        return found

    def _compare(self, path: PayloadPath, seen: Counter[str], before: dict[str, Any]) -> list[Drift]:
        found = []
        known = before["kinds"]
        new = sorted(set(seen) - set(known)) if known else []
        for kind in new:
            message = f"{path.text} was {' or '.join(sorted(known))} and is now {kind}"
            found.append(self._drift("type", path, message, seen[kind]))
        if not seen and not before.get("gone") and self._is_unlikely(before):
            message = f"{path.text} was in {sum(known.values()):,} of {before['of']:,} records and is now in none"
            found.append(self._drift("vanished", path, message, self.records))
        return found

    def _is_unlikely(self, before: dict[str, Any]) -> bool:
        """Say whether a path that was there before is missing from this run's records by more than chance."""
        share = sum(before["kinds"].values()) / (before["of"] + 1)
        enough = self.records >= min(ENOUGH, before["of"])
        return bool(
            enough and before["kinds"] and (1 - share) ** self.records < (UNLIKELY if before["of"] >= ENOUGH else 0.5)
        )

    def _unknown_values(self) -> list[Drift]:
        found = []
        for (field, raw), count in sorted(self._values.items()):
            told = self._told.setdefault(field, [])
            if raw in told or len(told) >= MAX_VALUES:
                continue
            told.append(raw)
            rule = self._closed[field]
            message = f"{field} knows no value {raw!r}"
            found.append(Drift("value", rule, field, self._map.line_of(field), message, count))
        return found

    def _drift(self, kind: str, path: PayloadPath, message: str, count: int) -> Drift:
        for program in self._map.rules.values():
            for rule in program:
                if path in rule.rule.paths:
                    return Drift(kind, path.text, rule.rule.field, rule.rule.where, message, count)
        return Drift(kind, path.text, "", self._map.line_of("key"), message, count)

    def state(self) -> dict[str, Any]:
        """Return what the next run's observer needs, as JSON; counts are halved when they grow large."""
        paths = {}
        for path, seen in zip(self._paths, self._seen, strict=True):
            before = self._before.get(path.text, {"kinds": {}, "of": 0})
            kinds = {kind: before["kinds"].get(kind, 0) + seen[kind] for kind in {*before["kinds"], *seen}}
            of = before["of"] + self.records
            if of > 1_000_000:
                kinds, of = {kind: max(1, count // 2) for kind, count in kinds.items()}, of // 2
            gone = not seen and (before.get("gone", False) or (self.records > 0 and self._is_unlikely(before)))
            paths[path.text] = {"kinds": kinds, "of": of} | ({"gone": True} if gone and before["of"] else {})
        return {"paths": paths, "told": self._told}


def _closed_fields(field_map: FieldMap) -> dict[str, str]:
    """List the fields that know only certain values, with their paths."""
    closed = {}
    for cls, program in field_map.rules.items():
        for rule in program:
            steps = rule.rule.steps
            if any(step.choices for step in steps) or choices_of(cls, rule.rule.field):
                closed[rule.rule.field] = ", ".join(path.text for path in rule.rule.paths)
    return closed
