"""A field map at work: payload in, canonical record out. Pure; compiled once; safe to share between threads."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mapping.classing import ClassRule
from mapping.filters import Filter, FilterError
from mapping.generate import Generated, remembered
from mapping.paths import PayloadPath, compile_one, compile_projection
from mapping.rules import CompiledRule, Fill
from mapping.stamps import Stamps, stamp_paths
from mapping.trace import Chain, FieldTrace, Trace
from mapping.transforms import as_text
from synchub.domain.model import VOLATILE
from synchub.domain.records import CanonicalRecord, CheckIn, FieldWarning
from synchub.errors import MappingError

MAX_KEY = 500
_OBSERVED = "observed_at"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the loader compiled a map from; see `FieldMap` for what is public."""

    name: str
    stream: str
    fingerprint: str
    classes: tuple[ClassRule, ...]
    key: tuple[PayloadPath, ...]
    observed_at: CompiledRule | None
    keep: Filter | None
    programs: Mapping[str, tuple[CompiledRule, ...]]
    lines: Mapping[str, str]
    absent: Mapping[str, frozenset[str]]


class FieldMap:
    """A compiled field map.

    Attributes:
        name: Name of the shipped file without its suffix.
        stream: Stream it belongs to.
        fingerprint: Changes when the effective map (overrides included), a normaliser, a dictionary or the canonical
            model changes, and not when only comments, the order of fields or the place of the files do.
        classes: Canonical classes it can give.
        paths: Every payload path it reads, sorted, conditions included.
        payload_paths: The same, parsed.
    """

    def __init__(self, parts: Parts) -> None:
        self.name = parts.name
        self.stream = parts.stream
        self.fingerprint = parts.fingerprint
        self.classes = tuple(dict.fromkeys(cls for rule in parts.classes for cls in rule.classes))
        self._parts = parts
        self._generated = Generated()
        self._programs = {cls: self._program(cls) for cls in self.classes}
        self._kept = self._generated.condition(parts.keep) if parts.keep else None
        self._key = _key_reader(parts.key, parts.lines.get("key", ""))
        self._keys = [compile_one(path) for path in parts.key]
        told = [path for rule in parts.classes for path in rule.reads]
        self._class = remembered(self._tell_class, told)
        self._constant_class = parts.classes[0].classes[0] if parts.classes[0].final else None
        fields, whole = self._payload_paths()
        self.payload_paths = tuple({path.text: path for path in (*whole, *fields)}.values())
        self.paths = tuple(sorted(path.text for path in self.payload_paths))
        self._project = compile_projection(fields, whole)
        self._stamps = Stamps(self._stamp_paths())
        self._volatile = {cls: self._volatile_program(cls) for cls in self.classes}
        self.essence = self._stamps.essence  # a method that costs one call less

    def _observed(self) -> list[CompiledRule]:
        return [self._parts.observed_at] if self._parts.observed_at else []

    def _program(self, cls: str) -> Fill:
        return self._generated.program(cls, [*self._observed(), *self._parts.programs[cls]])

    def _volatile_program(self, cls: str) -> tuple[Fill, tuple[str, ...]]:
        rules = [rule for rule in self._parts.programs[cls] if rule.rule.field in VOLATILE[cls]]
        names = tuple(rule.rule.field for rule in rules)
        return self._generated.program(cls, [*self._observed(), *rules], shown=False), names

    def _stamp_paths(self) -> tuple[PayloadPath, ...]:
        """Choose what may differ in a mere check-in: paths that volatile fields read and nothing else does."""
        parts = self._parts
        stable, volatile = [], [path for rule in self._observed() for path in rule.rule.paths]
        for cls, program in parts.programs.items():
            for rule in program:
                if rule.rule.field in VOLATILE[cls]:
                    volatile += [*rule.rule.paths, *rule.rule.context]
                else:
                    stable.append(rule.rule)
        conditions = [parts.keep, *[rule.condition for rule in parts.classes], *[rule.condition for rule in stable]]
        told = [path for rule in parts.classes for path in (*rule.paths, *rule.reads)]
        read = [*parts.key, *told, *[path for rule in stable for path in (*rule.paths, *rule.context)]]
        bound = [keys for condition in conditions if condition is not None for keys in condition.paths]
        return stamp_paths(volatile, [*[path.keys for path in read], *bound])

    @property
    def sources(self) -> Mapping[str, str]:
        """Return the text of the generated function by class, for people who want to see what runs."""
        return self._generated.sources

    @property
    def rules(self) -> Mapping[str, tuple[CompiledRule, ...]]:
        """Return the field rules by class, in the order of the map."""
        return self._parts.programs

    def _payload_paths(self) -> tuple[list[PayloadPath], list[PayloadPath]]:
        parts = self._parts
        rules = [rule.rule for program in parts.programs.values() for rule in program]
        if parts.observed_at:
            rules.append(parts.observed_at.rule)
        conditions = [parts.keep, *[rule.condition for rule in parts.classes], *[rule.condition for rule in rules]]
        filters = [condition for condition in conditions if condition is not None]
        classes = [path for rule in parts.classes for path in rule.paths]
        fields = [*parts.key, *classes, *[path for rule in rules for path in (*rule.paths, *rule.context)]]
        whole = [PayloadPath(".".join(map(_quoted, keys)), keys) for item in filters for keys in item.paths]
        return fields, whole

    def map(self, payload: Any) -> CanonicalRecord | None:
        """Map one parsed payload.

        Returns:
            The record, or None when `keep` drops it. A value that is not understood is a warning on its field.

        Raises:
            MappingError: It is no JSON object, or its key, its class, or whether to keep it cannot be told.
        """
        if payload.__class__ is not dict:
            raise MappingError("the payload is not a JSON object", where=self.line_of("key"))
        if self._kept is not None and not self._holds(payload):
            return None
        key = self._key(payload)
        fields: dict[str, Any] = {}
        warnings: list[FieldWarning] = []
        cls = self._constant_class or self._class(payload, warnings)
        self._generated.count()
        self._programs[cls](payload, fields, warnings)
        return CanonicalRecord(key, cls, fields, fields.pop(_OBSERVED, 0), warnings)

    def check_in(self, payload: dict[str, Any]) -> CheckIn | None:
        """Read what is volatile in a payload whose essence is that of a mapped one.

        Returns:
            None where a value is not understood, which only `map` tells in full.
        """
        warnings: list[FieldWarning] = []
        fields: dict[str, Any] = {}
        cls = self._constant_class or self._class(payload, warnings)
        fill, names = self._volatile[cls]
        fill(payload, fields, warnings)
        if warnings:
            return None
        said = {name: fields.get(name) for name in names}
        return CheckIn(said, fields.get(_OBSERVED, 0), self._stamps.taken(payload))

    def key_of(self, payload: dict[str, Any]) -> str:
        """Return the native key of a payload, whether or not `keep` drops it.

        Raises:
            MappingError: It cannot be told.
        """
        return self._key(payload)

    def _holds(self, payload: Any) -> bool:
        try:
            held = self._kept is None or self._kept(payload)
        except FilterError as problem:
            message = f"whether the record is to be kept cannot be told: {problem}"
            raise MappingError(message, where=self.line_of("keep")) from problem
        return held

    def _tell_class(self, payload: Any, warnings: list[FieldWarning]) -> str:
        for rule in self._parts.classes:
            try:
                cls = rule.of(payload)
            except FilterError as problem:
                warnings.append(FieldWarning("class", "", f"{rule.where}: when cannot be told: {problem}"))
                continue
            if cls is not None:
                return cls
        fix = "End the list with a rule without `when`."
        raise MappingError("no rule of `class` holds for the record", where=self.line_of("class"), fix=fix)

    def project(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Return a copy of the payload with only what the map reads; mapping it gives the same record."""
        return self._project(payload)

    def line_of(self, field: str) -> str:
        """Return where a rule stands, as `file:line`; empty when there is none.

        Args:
            field: Canonical field, or `key`, `class`, `observed_at`, `keep`.
        """
        return self._parts.lines.get(field, "")

    def trace(self, payload: Any) -> Trace:
        """Map one payload like `map`, keeping every raw value and what each transform gave. Never raises."""
        trace = Trace(self.stream)
        try:
            record = self.map(payload)
        except MappingError as error:
            trace.refused = error.message
            if not isinstance(payload, dict):
                return trace
        else:
            if record is None:
                keep = self._parts.keep
                trace.dropped = f"{self.line_of('keep')}: {keep.text if keep else ''}"
                return trace
            trace.record = record
        trace.fields.extend(self._trace_head(payload, trace))
        if trace.record is not None:
            program = {rule.rule.field: rule for rule in self._parts.programs[trace.record.cls]}
            trace.fields.extend(rule.trace(payload) for rule in program.values())
            missing = [name for name, classes in self._parts.absent.items() if trace.record.cls in classes]
            note = f"not a field of {trace.record.cls}"
            trace.fields.extend(FieldTrace(name, self.line_of(name), note=note) for name in missing)
        return trace

    def _trace_head(self, payload: dict[str, Any], trace: Trace) -> list[FieldTrace]:
        record = trace.record
        chains = [Chain(path.text, get(payload)) for path, get in zip(self._parts.key, self._keys, strict=True)]
        head = [FieldTrace("key", self.line_of("key"), chains, record.key if record else None)]
        if record is None:
            return head
        rule = next((rule for rule in self._parts.classes if _gives(rule, payload)), self._parts.classes[0])
        said = [Chain(path.text, compile_one(path)(payload)) for path in rule.paths]
        head.append(
            FieldTrace("class", rule.where, said, record.cls, [w for w in record.warnings if w.field == "class"])
        )
        if self._parts.observed_at:
            head.append(self._parts.observed_at.trace(payload))
        return head


def _gives(rule: ClassRule, payload: Any) -> bool:
    try:
        return rule.of(payload) is not None
    except FilterError:
        return False


def _quoted(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() else json.dumps(key, ensure_ascii=False)


def _key_part(value: Any) -> str | None:
    """Return a part of a key as text; None when it cannot be one."""
    if value.__class__ is str:
        return value if value.strip() and len(value) <= MAX_KEY else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return as_text(value) if abs(value) < 10**30 else None
    return None


def _key_reader(paths: Sequence[PayloadPath], where: str) -> Callable[[Any], str]:
    getters = [(path.text, compile_one(path)) for path in paths]

    def part(payload: Any, text: str, get: Callable[[Any], Any]) -> str:
        found = _key_part(get(payload))
        if found is None:
            why = (
                "is missing or empty"
                if get(payload) in (None, "")
                else f"is no text or number of at most {MAX_KEY} characters"
            )
            fix = "Name another path under `key` in the field map."
            raise MappingError(f"the native key {text} {why}.", where=where, fix=fix)
        return found

    def several(payload: Any) -> str:
        return json.dumps([part(payload, *getter) for getter in getters], ensure_ascii=False, separators=(",", ":"))

    if len(getters) > 1:
        return several
    text, get = getters[0]

    def one(payload: Any) -> str:
        value = get(payload)
        if value.__class__ is str and 0 < len(value) <= MAX_KEY and not value.isspace():
            return str(value)
        return part(payload, text, get)

    return one
