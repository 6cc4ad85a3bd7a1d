"""Rules as configured, compiled for use: identification steps, and per class and field who is believed.

The shape (`rules:` of the configuration, keys are families or classes; a class's entries win over its family's):

    hardware:
      identify: [serial+manufacturer, uuid, "propose:owner+model"]
      fields:
        default: [mdm, scan, erp]              # sources, best first; sources not named come after them
        price: [erp]                           # only these may say it; "*" stands for all others
        assigned_to: [{source: mdm, when: {lifecycle: [deployed]}}, erp]
        last_seen_at: newest                   # newest | largest | most_reported | union
      silent_after: 14d                        # or per source: {mdm: 14d, scan: 30d}

`absent` is compiled by `synchub.reconcile.absence`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import xxhash

from synchub.domain.model import CLASSES, FIELDS, family_of
from synchub.domain.records import Contribution
from synchub.errors import ConfigError, Faults
from synchub.reconcile.absence import AbsenceRules, compile_absence
from synchub.reconcile.authority import CLASS_ORDER, SHIPPED, How, Role, Shipped
from synchub.reconcile.steps import IdentifyRules, compile_steps, default_steps

Place = Callable[[tuple[str, ...]], str]
Condition = tuple[tuple[str, frozenset[Any]], ...]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d{1,9})\s*([smhdw])")
NOT_ALLOWED = 1_000_000  # rank of a source that may not say this field


def duration(value: Any, *, where: str = "") -> int:
    """Read a duration such as `14d` or `26h`; returns seconds.

    Raises:
        ConfigError: It is zero, negative or no duration.
    """
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or int(found[1]) == 0:
        raise ConfigError(
            f"{value!r} is not a duration.", where=where, fix="Write a positive number and s, m, h, d or w, as in 14d."
        )
    return int(found[1]) * _UNITS[found[2]]


@dataclass(frozen=True, slots=True)
class FieldRule:
    """How one field's value is chosen.

    Attributes:
        how: See `How`.
        ranks: Source -> rank, 0 is best. For `ORDERED`, and to break ties of the others.
        otherwise: Rank of a source that is not in `ranks`.
        when: Source -> condition on its own contribution; where it does not hold, the source may not say the field.
        text: The rule in words, for example `"mdm before erp"`.
        place: Where it stands, for example `"synchub.yaml:51"`; `"shipped"` for the default matrix.
    """

    how: How
    ranks: Mapping[str, int]
    otherwise: int
    text: str
    place: str = "shipped"
    when: Mapping[str, Condition] = field(default_factory=dict)

    @property
    def closed(self) -> bool:
        """Tell whether there are sources that may not say the field."""
        return self.otherwise == NOT_ALLOWED or bool(self.when)

    def meets(self, record: Contribution) -> bool:
        """Tell whether the condition on a source holds for its record."""
        return _holds(self.when.get(record.source, ()), record)


def _holds(condition: Condition, record: Contribution) -> bool:
    for name, values in condition:
        actual = record.cls if name == "class" else record.fields.get(name)
        if isinstance(actual, list) or actual not in values:
            return False
    return True


@dataclass(frozen=True, slots=True)
class ClassRules:
    """The rules of one class.

    Attributes:
        cls: Class.
        default: Rule of every field that has none of its own.
        fields: Field -> its own rule, where it differs from the default.
        by_order: (ranks rule, fields) for the ordered ones, grouped so that one sort serves many fields.
        dynamic: (field, rule) for the others.
        windows: Source -> seconds after which its contribution loses its place.
        window: The same for sources that are not in `windows`; 0 for never.
        open: Every source may say every field.
        recipes: Remembered by `merge`: sources of the members and the fields that each knows -> who wins which.
    """

    cls: str
    default: FieldRule
    fields: Mapping[str, FieldRule]
    by_order: tuple[tuple[FieldRule, tuple[str, ...]], ...]
    dynamic: tuple[tuple[str, FieldRule], ...]
    windows: Mapping[str, int]
    window: int
    open: bool = False
    recipes: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def rule(self, name: str) -> FieldRule:
        """Return the rule of a field."""
        return self.fields.get(name, self.default)


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a hub.

    Attributes:
        identify: Family -> steps.
        classes: Class -> rules.
        class_rank: Source -> rank of its say about the class of an entity.
        fingerprint: Changes when the configuration does.
        absence: When things count as missing.
    """

    identify: Mapping[str, IdentifyRules] = field(repr=False)
    classes: Mapping[str, ClassRules] = field(repr=False)
    class_rank: FieldRule = field(repr=False)
    fingerprint: str
    absence: AbsenceRules = field(default_factory=lambda: AbsenceRules({}), repr=False)


def compile_rules(
    config: Mapping[str, Any] | None,
    sources: Mapping[str, str],
    *,
    may_create: Mapping[str, Sequence[str]] | None = None,
    place: Place | None = None,
) -> Rules:
    """Compile the rules of a hub.

    Args:
        config: The `rules:` block as plain data; None for the shipped rules.
        sources: Name of each configured source -> its role (`Role`).
        may_create: Source -> classes it may create; missing sources may create all.
        place: Names the place of a path within `rules:`, for messages and explanations.

    Raises:
        ConfigError: An unknown family, class, field, source or step; a window that is no positive duration.
    """
    block = config or {}
    roles = {name: _role(name, role) for name, role in sources.items()}
    where = place or (lambda path: ".".join(("rules", *path)))
    faults = Faults()
    for key in block:
        with faults.kept():
            _known(key, {*SHIPPED, *CLASSES}, "class or family", where((key,)))
    allowed = _may_create(may_create, roles)
    identify = {family: default_steps(family, allowed) for family in SHIPPED}
    for family in SHIPPED:
        entries = _get(block, family, "identify")
        if entries is not None:
            with faults.kept():
                place_of = where((family, "identify"))
                identify[family] = compile_steps(family, entries, where=place_of, may_create=allowed)
    compiler = _Compiler(block, roles, where, faults)
    classes = {cls: compiler.compile(cls) for cls in CLASSES}
    absence = AbsenceRules({})
    with faults.kept():
        absence = compile_absence(block, roles, duration, where)
    faults.tell()
    seen = repr((block, sorted(sources.items()), sorted((k, sorted(v)) for k, v in allowed.items())))
    shipped = repr((SHIPPED, [(f, i.steps, i.proposing) for f, i in identify.items()]))
    fingerprint = xxhash.xxh3_128_hexdigest(f"{seen}{shipped}".encode())
    return Rules(identify, classes, compiler.shipped(CLASS_ORDER), fingerprint, absence)


def _get(block: Mapping[str, Any], *path: str) -> Any:
    value: Any = block
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def _role(source: str, role: str) -> Role:
    try:
        return Role(role)
    except ValueError:
        raise ConfigError(
            f"source {source!r} has the unknown role {role!r}.", fix=f"Use one of: {', '.join(Role)}."
        ) from None


def _known(name: str, known: set[str] | frozenset[str], what: str, where: str) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, sorted(known), 1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(sorted(known)[:30])}."
        raise ConfigError(f"{name!r} is not a known {what}.", where=where, fix=hint)


def _may_create(given: Mapping[str, Sequence[str]] | None, roles: Mapping[str, Role]) -> dict[str, frozenset[str]]:
    out = {}
    for source, classes in (given or {}).items():
        _known(source, set(roles), "source", "may_create")
        for cls in classes:
            _known(cls, set(CLASSES), "class", f"sources.{source}.may_create")
        out[source] = frozenset(classes)
    return out


class _Compiler:
    """Compiles the field rules of one class after the other; what is wrong goes to `faults`."""

    def __init__(self, block: Mapping[str, Any], roles: Mapping[str, Role], where: Place, faults: Faults) -> None:
        self.block = block
        self.faults = faults
        self.roles = roles
        self.where = where

    def compile(self, cls: str) -> ClassRules:
        """Compile one class: shipped rules, then the family's, then the class's own."""
        family = family_of(cls)
        default = self.shipped(SHIPPED[family]["default"])
        fields = {n: self.shipped(r) for n, r in SHIPPED[family].items() if n != "default" and n in FIELDS[cls]}
        windows: dict[str, int] = {}
        window = 0
        for level in dict.fromkeys((family, cls)):
            configured = _get(self.block, level, "fields") or {}
            for name, value in configured.items():
                path = (level, "fields", name)
                if name == "default":
                    with self.faults.kept():
                        default = self.configured(value, path, open_ended=True)
                    # A user's own default holds for every field that only the shipped matrix ranks otherwise.
                    fields = {n: r for n, r in fields.items() if r.place != "shipped" or r.how is not How.ORDERED}
                    continue
                known = {f for c in CLASSES if family_of(c) == family for f in FIELDS[c]}
                with self.faults.kept():
                    _known(name, known, "field", self.where(path))
                    rule = self.configured(value, path, open_ended=False)
                    if name in FIELDS[cls]:
                        fields[name] = rule
            with self.faults.kept():
                window, windows = self._windows(level, window, windows)
        many = {n for n, info in FIELDS[cls].items() if info.many}
        for name in many - fields.keys():
            fields[name] = self.shipped(Shipped(How.UNION))
        return _class_rules(cls, default, fields, windows, window)

    def _windows(self, level: str, window: int, windows: dict[str, int]) -> tuple[int, dict[str, int]]:
        value = _get(self.block, level, "silent_after")
        where = self.where((level, "silent_after"))
        if value is None:
            return window, windows
        if not isinstance(value, Mapping):
            return duration(value, where=where), {}
        for source in value:
            _known(source, set(self.roles), "source", where)
        return window, {**windows, **{source: duration(v, where=where) for source, v in value.items()}}

    def shipped(self, rule: Shipped) -> FieldRule:
        """Compile a rule of the matrix: sources of one role share a rank."""
        roles = rule.roles or SHIPPED["hardware"]["default"].roles
        ranks = {source: roles.index(role) for source, role in self.roles.items()}
        text = _order_text(ranks) if rule.how is How.ORDERED else _HOW_TEXT[rule.how]
        return FieldRule(rule.how, ranks, roles.index(Role.OTHER), text)

    def configured(self, value: Any, path: tuple[str, ...], *, open_ended: bool) -> FieldRule:
        """Compile what stands in the configuration for one field."""
        where = self.where(path)
        if isinstance(value, str) and value not in self.roles:
            dynamic = {str(how) for how in How if how is not How.ORDERED}
            _known(value, dynamic | set(self.roles), "rule or source", where)
            return FieldRule(How(value), self._by_role(), len(self.roles), _HOW_TEXT[How(value)], where)
        entries = [value] if isinstance(value, str | Mapping) else value
        if not isinstance(entries, Sequence) or not entries:
            raise ConfigError("a rule needs a list of sources.", where=where, fix="Name at least one source.")
        ranks: dict[str, int] = {}
        when: dict[str, Condition] = {}
        otherwise = NOT_ALLOWED
        for rank, entry in enumerate(entries):
            if entry == "*":
                otherwise = rank
                continue
            name, condition = _entry(entry, where)
            _known(name, set(self.roles), "source", where)
            if name in ranks:
                raise ConfigError(f"source {name!r} is listed twice.", where=where, fix="Remove one of them.")
            ranks[name] = rank
            if condition:
                when[name] = condition
        if open_ended and otherwise == NOT_ALLOWED:
            otherwise = len(entries)
        return FieldRule(How.ORDERED, ranks, otherwise, _order_text(ranks), where, when)

    def _by_role(self) -> dict[str, int]:
        roles = SHIPPED["hardware"]["default"].roles
        return {source: roles.index(role) for source, role in self.roles.items()}


_HOW_TEXT = {
    How.ORDERED: "in order",
    How.NEWEST: "newest observation",
    How.LARGEST: "largest value",
    How.MOST_REPORTED: "most reported value",
    How.UNION: "all values",
}


def _entry(entry: Any, where: str) -> tuple[str, Condition]:
    if isinstance(entry, str):
        return entry, ()
    if not isinstance(entry, Mapping) or not isinstance(entry.get("source"), str) or set(entry) - {"source", "when"}:
        raise ConfigError(
            f"{entry!r} is not a source.", where=where, fix="Write a name or {source: NAME, when: {FIELD: VALUE}}."
        )
    conditions = []
    for name, wanted in (entry.get("when") or {}).items():
        if name != "class":
            _known(name, {f for fields in FIELDS.values() for f in fields}, "field", where)
        conditions.append((name, frozenset(wanted if isinstance(wanted, list) else [wanted])))
    return entry["source"], tuple(sorted(conditions))


def _order_text(ranks: Mapping[str, int]) -> str:
    by_rank: dict[int, list[str]] = {}
    for source, rank in sorted(ranks.items()):
        by_rank.setdefault(rank, []).append(source)
    parts = ["/".join(names) for _, names in sorted(by_rank.items())]
    return " before ".join(parts) if len(parts) > 1 else f"only {parts[0]}" if parts else "in order"


def _class_rules(
    cls: str, default: FieldRule, fields: dict[str, FieldRule], windows: dict[str, int], window: int
) -> ClassRules:
    groups: list[tuple[FieldRule, list[str]]] = []
    dynamic = []
    own = {}
    for name, rule in sorted(fields.items()):
        if rule.how is not How.ORDERED:  # ties go by the default order
            own[name] = replace(rule, ranks=default.ranks, otherwise=default.otherwise)
            dynamic.append((name, own[name]))
            continue
        own[name] = rule
        if _same_order(rule, default):
            continue
        for first, names in groups:
            if _same_order(rule, first):
                names.append(name)
                break
        else:
            groups.append((rule, [name]))
    by_order = tuple((rule, tuple(names)) for rule, names in groups)
    is_open = not any(rule.closed for rule in (default, *own.values()))
    return ClassRules(cls, default, own, by_order, tuple(dynamic), windows, window, is_open)


def _same_order(a: FieldRule, b: FieldRule) -> bool:
    return (a.ranks, a.otherwise, a.when) == (b.ranks, b.otherwise, b.when)


__all__ = ["NOT_ALLOWED", "ClassRules", "FieldRule", "Rules", "compile_rules", "duration"]
