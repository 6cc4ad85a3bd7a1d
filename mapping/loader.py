"""Field maps from YAML: the shipped one, field by field replaced by the user's, checked, compiled.

Every mistake is a `ConfigError` that names file and line and the nearest thing that is known.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mapping.chains import Normaliser, Toolbox, build_chain, lookup_step
from mapping.classing import class_rules, condition_of, path_of
from mapping.engine import FieldMap, Parts
from mapping.normalise import NORMALISERS
from mapping.normalise import fingerprint as normaliser_fingerprint
from mapping.paths import PayloadPath
from mapping.placed import Placed
from mapping.resolve import Rule
from mapping.rules import CompiledRule
from mapping.transforms import Step
from mapping.values import check_of, choices_of, moment_seconds, shape_of
from synchub.domain.fields import Privacy
from synchub.domain.model import FIELDS
from synchub.domain.yamlfile import nearest, parse_yaml
from synchub.errors import ConfigError

# Raise it when this package maps something differently though no map changed: stored records are mapped again then.
SEMANTICS = 1
MAP_KEYS = ("version", "stream", "description", "class", "key", "observed_at", "keep", "fields")
FIELD_KEYS = ("path", "paths", "first", "value", "to", "lookup", "otherwise", "when", "unset", "clear")
_SOURCES = ("path", "paths", "first", "value")


@dataclass(slots=True)
class _Effective:
    """A map after its overrides: each part with the file it came from."""

    head: dict[str, Placed] = field(default_factory=dict)
    fields: dict[str, Placed] = field(default_factory=dict)


def load_map(
    shipped: Path,
    overrides: Sequence[Path] = (),
    *,
    normalisers: Mapping[str, Normaliser] = NORMALISERS,
    options: Mapping[str, str] | None = None,
    zone: str = "",
) -> FieldMap:
    """Read a field map and its overrides, and compile them.

    Args:
        shipped: The connector's own map.
        overrides: The user's, in order; a later one wins, field by field.
        normalisers: Named transforms besides the small ones.
        options: How the stream writes values, from its configuration: `decimal` (sign), `dates` (`strptime` format of
            dates), `timezone` (of times without one). They win over options in the shipped map and lose to those in an
            override.
        zone: Zone of moments without an offset where nothing else names one; empty: such moments are refused.

    Raises:
        ConfigError: A file cannot be read or is wrong; `where` names file and line.
    """
    effective = _Effective()
    _merge(effective, _read(shipped), first=True)
    for path in overrides:
        _merge(effective, _read(path), first=False)
    return _Compiler(effective, normalisers, dict(options or {}), zone).compile(shipped.stem)


def _read(path: Path) -> Placed:
    name = str(path) if not path.is_absolute() else f"{path.parent.name}/{path.name}"
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"the field map cannot be read: {error.strerror}"
        raise ConfigError(msg, where=name, fix="Check the path and its permissions.") from error
    return Placed((document := parse_yaml(content, name)).data, document, ()).keys(MAP_KEYS, "a field map")


def _merge(effective: _Effective, root: Placed, *, first: bool) -> None:
    if (first or "version" in root.value) and root.value.get("version") != 1:
        raise (root.get("version") or root).error(
            "a field map says `version: 1`", "write `version: 1` as its first line"
        )
    for key in root.value:
        part = root.at(key)
        if key == "stream" and not first and part.value != effective.head["stream"].value:
            raise part.error(
                f"this overrides a map of stream {effective.head['stream'].value!r}, not of {part.value!r}"
            )
        if key == "fields":
            _merge_fields(effective, part)
        elif key == "version":
            effective.head.setdefault(key, part)
        elif key in ("keep", "observed_at") and part.value is None:
            effective.head.pop(key, None)
        else:
            effective.head[key] = part
    missing = [key for key in ("stream", "class", "key") if key not in effective.head] if first else []
    if missing:
        raise root.error(f"the field map lacks {', '.join(missing)}")


def _merge_fields(effective: _Effective, fields: Placed) -> None:
    if not isinstance(fields.value, dict):
        raise fields.error("`fields` is a mapping of canonical fields to rules")
    for name, rule in fields.value.items():
        if rule is not None:
            effective.fields[name] = fields.at(name)
        elif effective.fields.pop(name, None) is None:
            raise fields.at(name).error(f"there is no rule for {name!r} to remove", nearest(name, effective.fields))


class _Compiler:
    """Checks an effective map and compiles it."""

    def __init__(
        self, effective: _Effective, normalisers: Mapping[str, Normaliser], options: Mapping[str, str], zone: str
    ) -> None:
        self.effective = effective
        self.normalisers = normalisers
        self.options = options
        self.zone = zone
        self.zones: set[str] = set()  # the same, where a chain uses it
        self.shipped = effective.head["version"].document
        self.compiled: dict[tuple[str, int, bool], CompiledRule] = {}

    def compile(self, map_name: str) -> FieldMap:
        head, fields = self.effective.head, self.effective.fields
        classes = class_rules(head["class"])
        names = list(dict.fromkeys(cls for rule in classes for cls in rule.classes))
        observed = self.observed_at(head["observed_at"]) if "observed_at" in head else None
        programs, absent = self.programs(names)
        keep = condition_of(head["keep"]) if "keep" in head else None
        lines = {name: part.where for name, part in (*head.items(), *fields.items())}
        stream = head["stream"].text("`stream`")
        key = tuple(path_of(item) for item in head["key"].listed())
        if not key or any(path.many for path in key):
            raise head["key"].error("a key is one value per record; `[]` cannot stand in it")
        return FieldMap(
            Parts(map_name, stream, self.fingerprint(names), classes, key, observed, keep, programs, lines, absent)
        )

    def fingerprint(self, classes: Sequence[str]) -> str:
        parts = {
            "semantics": SEMANTICS,
            "head": {key: part.value for key, part in self.effective.head.items() if key != "description"},
            "fields": {key: part.value for key, part in self.effective.fields.items()},
            "classes": {cls: shape_of(cls) for cls in classes},
            "normalisers": normaliser_fingerprint(),
            "options": dict(self.options),
        } | ({"zones": sorted(self.zones)} if self.zones else {})
        text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    def programs(self, classes: Sequence[str]) -> tuple[dict[str, tuple[CompiledRule, ...]], dict[str, frozenset[str]]]:
        programs: dict[str, list[CompiledRule]] = {cls: [] for cls in classes}
        absent: dict[str, frozenset[str]] = {}
        for name, spec in self.effective.fields.items():
            known = [cls for cls in classes if name in FIELDS[cls]]
            if not known:
                head = self.effective.head["class"]
                if head.document is not self.shipped and spec.document is self.shipped:
                    raise head.error(f"{', '.join(classes)}: no such class has the {name!r} of {spec.where}",
                                     f"Remove the rule below `fields`: `{name}: null`.")  # fmt: skip
                every = dict.fromkeys(field for cls in classes for field in FIELDS[cls])
                raise spec.error(f"{', '.join(classes)}: no such class has a field {name!r}", nearest(name, every))
            absent[name] = frozenset(classes) - frozenset(known)
            for cls in known:
                programs[cls].append(self.field(name, spec, cls))
        return {cls: tuple(program) for cls, program in programs.items()}, absent

    def field(self, name: str, spec: Placed, cls: str) -> CompiledRule:
        info = FIELDS[cls][name]
        personal = info.privacy is Privacy.PERSONAL
        slot = (name, id(check_of(cls, name)), personal)
        if slot not in self.compiled:
            check, choices = check_of(cls, name), choices_of(cls, name)
            self.compiled[slot] = self.rule(name, spec, check, choices, many=info.many, personal=personal)
        return self.compiled[slot]

    def observed_at(self, spec: Placed) -> CompiledRule:
        if isinstance(spec.value, str):
            spec = Placed({"path": spec.value}, spec.document, spec.steps)
        rule = self.rule("observed_at", spec, moment_seconds, (), many=False, personal=False)
        if rule.rule.clear:
            raise spec.error("`observed_at` cannot be cleared")
        return rule

    def rule(
        self, name: str, spec: Placed, check: Any, choices: tuple[str, ...], *, many: bool, personal: bool
    ) -> CompiledRule:
        if isinstance(spec.value, str):
            msg = f"the rule of {name!r} must be a mapping"
            raise spec.error(msg, f"write `{{path: {spec.value}}}`")
        spec.keys(FIELD_KEYS, f"the rule of {name!r}")
        sources = [key for key in _SOURCES if key in spec.value]
        if len(sources) != 1:
            raise spec.error(f"the rule of {name!r} needs exactly one of {', '.join(_SOURCES)}")
        steps = self.steps(spec, choices)
        constant = _constant(spec, check, many) if "value" in spec.value else None
        rule = Rule(
            field=name,
            where=spec.where,
            paths=_paths(spec, sources[0]),
            first=sources[0] == "first",
            steps=tuple(steps),
            unset=frozenset(text for text in _tokens(spec.get("unset"), null=False) if text is not None),
            clear=_tokens(spec.get("clear"), null=True),
            condition=condition_of(spec.at("when")) if "when" in spec.value else None,
            constant=constant,
            many=many,
            personal=personal,
            check=check,
        )
        _check_count(rule, spec)
        return CompiledRule(rule)

    def steps(self, spec: Placed, choices: tuple[str, ...]) -> list[Step]:
        stubborn = spec.document is not self.shipped
        tools = Toolbox(self.normalisers, self.options, stubborn=stubborn, zone=self.zone, used=self.zones)
        steps = build_chain(spec.get("to"), tools)
        table = spec.get("lookup")
        if table is not None:
            steps.append(lookup_step(table, spec.get("otherwise")))
            _check_choices(table, choices)
        elif "otherwise" in spec.value:
            raise spec.at("otherwise").error("`otherwise` belongs to a `lookup`, and there is none")
        return steps


def _paths(spec: Placed, source: str) -> tuple[PayloadPath, ...]:
    if source == "value":
        return ()
    part = spec.at(source)
    return (path_of(part),) if source == "path" else tuple(path_of(item) for item in part.items(f"`{source}`"))


def _tokens(spec: Placed | None, *, null: bool) -> frozenset[str | None]:
    """Read `unset` or `clear`: one text or several; numbers as they are written; null only where it may stand."""
    result: set[str | None] = set()
    for item in [] if spec is None else spec.listed():
        if isinstance(item.value, dict | list) or (item.value is None and not null):
            raise item.error("expected raw values as text", "put them in quotes")
        value = item.value
        written = str(value).lower() if isinstance(value, bool) else str(value).strip()
        result.add(None if value is None else written)
    return frozenset(result)


def _constant(spec: Placed, check: Any, many: bool) -> Any:
    value = spec.value["value"]
    for key in ("to", "lookup", "unset", "clear"):
        if key in spec.value:
            raise spec.at(key).error(f"a constant (`value`) has no `{key}`")
    try:
        if many:
            return sorted({check(item) for item in (value if isinstance(value, list) else [value])})
        return check(value)
    except (ValueError, TypeError) as error:
        raise spec.at("value").error(f"{value!r} does not fit the field: {error}") from error


def _check_choices(table: Placed, choices: tuple[str, ...]) -> None:
    """Refuse a lookup into a closed set that gives something else."""
    rows = table.at("table") if isinstance(table.value.get("table"), dict) else table
    for raw, value in rows.value.items() if choices else ():
        if value is not None and value not in choices:
            raise rows.at(raw).error(
                f"the lookup gives {value!r}, which the field cannot hold", nearest(str(value), choices)
            )


def _check_count(rule: Rule, spec: Placed) -> None:
    """Refuse rules that can end with several values for a field that holds one."""
    several = rule.plural
    for step in rule.steps:
        several = step.kind == "split" or (several and step.kind == "each")
    if several and not rule.many:
        fix = (
            "use `first: [path]` for the first that is not empty, or end with first, last, join, sum, min, max or count"
        )
        raise spec.error(f"the rule of {rule.field!r} can give several values, and the field holds one", fix)
    if rule.clear & {None, ""} and not (rule.single and not rule.first):
        raise spec.error("only a rule with one `path` can take null or an empty text as *clear*")
