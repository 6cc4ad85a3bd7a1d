"""One field rule, compiled: where the raw values are, what is done to them, and whether the result fits.

The same `resolve` runs in `fill` (fast, cached) and in `trace`, so that both always give the same values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mapping.filters import Filter, FilterError
from mapping.paths import PayloadPath, compile_one, compile_values
from mapping.trace import Chain, FieldTrace, Log
from mapping.transforms import Step, as_text
from synchub.domain.records import CLEAR, FieldWarning

Fill = Callable[[dict[str, Any], dict[str, Any], list[FieldWarning]], None]
Resolve = Callable[[Any, Log | None], Any]

MAX_VALUES = 1000
MAX_WARNINGS = 5
CACHE = 1024  # raw values remembered per field; forgotten all at once when full
MAX_CACHED = 200  # characters of a remembered raw value
_NEVER_SEEN = object()
_NOT_UNDERSTOOD = (ValueError, TypeError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class Rule:
    """A field rule as the map says it.

    Attributes:
        field: Canonical field.
        where: `file:line`.
        paths: Where raw values are; empty for a constant.
        first: Several paths: the first that holds something, instead of all.
        steps: The chain.
        unset: Raw texts that mean *unknown*.
        clear: Raw texts that mean *empty on purpose*; `""` and None stand for the empty text and JSON null.
        condition: Where it does not hold, the field stays unknown.
        constant: The value of a rule without paths.
        many: The canonical field is a list.
        personal: Raw values stay out of warnings and caches.
        check: Brings one value into canonical form or raises ValueError.
    """

    field: str
    where: str
    paths: tuple[PayloadPath, ...]
    first: bool
    steps: tuple[Step, ...]
    unset: frozenset[str]
    clear: frozenset[str | None]
    condition: Filter | None
    constant: Any
    many: bool
    personal: bool
    check: Callable[[Any], Any]

    @property
    def single(self) -> bool:
        """Say whether the rule reads at most one raw value and gives one."""
        return not self.many and not self.combines and (self.first or not self.plural)

    @property
    def plural(self) -> bool:
        """Say whether the rule can read several raw values."""
        return not self.first and (len(self.paths) > 1 or any(path.many for path in self.paths))

    @property
    def combines(self) -> bool:
        """Say whether the chain splits or joins, so that values cannot be worked on one by one."""
        steps = self.steps
        return any(step.kind != "each" for step in steps) or (self.many and any(step.takes_none for step in steps))


def warn(rule: Rule, raw: Any, text: str, problem: object) -> FieldWarning:
    """Make the warning for a value that was not understood, without the value where it is personal."""
    message = f"{text}: {problem}"[:300] if text else str(problem)[:300]
    shown = _plain(raw)[:200]
    if rule.personal:
        safe = str(problem).startswith("expected") and not (shown.strip() and shown.strip() in str(problem))
        return FieldWarning(rule.field, "", message if safe else f"{text or 'value'}: not understood")
    return FieldWarning(rule.field, shown, message)


def _reader(rule: Rule) -> Callable[[Any], Any]:
    """Compile the reading of a single rule: the raw value, or None."""
    if not rule.first:
        return compile_one(rule.paths[0])
    readers = [compile_values(path) if path.many else compile_one(path) for path in rule.paths]
    unset = rule.unset

    def read(payload: Any) -> Any:
        for reader in readers:
            found = reader(payload)
            for raw in found if found.__class__ is list else (found,):
                if raw is None or (raw.__class__ is str and (not raw.strip() or raw.strip() in unset)):
                    continue
                return raw
        return None

    return read


def _admission(rule: Rule) -> Callable[[Any], Any]:
    """Compile the look at a raw value before the chain: itself, None, `CLEAR`, or a warning where it is no scalar."""
    unset, clear = rule.unset, rule.clear

    def admit(raw: Any) -> Any:
        if raw.__class__ is str:
            text = raw.strip()
            return CLEAR if text in clear else raw if text and text not in unset else None
        if raw.__class__ is dict or raw.__class__ is list:
            kind = "an object" if raw.__class__ is dict else "a list (write `[]` in the path to walk it)"
            return warn(rule, raw, "", f"expected a single value, found {kind}")
        if raw is not None and (unset or clear):
            text = _plain(raw)
            return CLEAR if text in clear else None if text in unset else raw
        return raw

    return admit


def _plain(raw: Any) -> str:
    """Write a raw value as text; empty for objects, lists and monstrous numbers."""
    if isinstance(raw, dict | list) or (isinstance(raw, int) and raw.bit_length() > 256):
        return ""
    return as_text(raw)


def _resolver(rule: Rule) -> Resolve:
    """Compile the way of one raw value to a canonical value, None, `CLEAR` or a warning."""
    steps, check, admit = rule.steps, rule.check, _admission(rule)

    def resolve(raw: Any, log: Log | None) -> Any:
        value = admit(raw)
        if value is CLEAR or value.__class__ is FieldWarning:
            return value
        text = ""
        try:
            for step in steps:
                if value is None and not step.takes_none:
                    continue
                text = step.text
                value = step.work(value)
                if value == "":
                    value = None
                if log is not None:
                    log.append((text, value))
            if value is None:
                return None
            text = ""
            return check(value)
        except _NOT_UNDERSTOOD as problem:
            return warn(rule, raw, text, problem)

    return resolve


def _combiner(rule: Rule) -> Callable[[list[Any], Log | None, list[FieldWarning]], Any]:
    """Compile the way of all raw values together, for chains that split or join."""
    unset, clear = rule.unset, rule.clear

    def combine(raws: list[Any], log: Log | None, warnings: list[FieldWarning]) -> Any:
        known = []
        for raw in raws:
            if isinstance(raw, dict | list):
                warnings.append(warn(rule, raw, "", "expected single values, found an object or list"))
            elif not isinstance(raw, str) or (raw.strip() and raw.strip() not in unset):
                known.append(raw)
        if clear and known and all(isinstance(raw, str) and raw.strip() in clear for raw in known):
            return CLEAR
        values = [raw for raw in known if not (isinstance(raw, str) and raw.strip() in clear)]
        for step in rule.steps:
            values = _run_step(rule, step, values, warnings)
            if log is not None:
                log.append((step.text, values[0] if len(values) == 1 else list(values)))
        return _finish(rule, values, warnings)

    return combine


def _run_step(rule: Rule, step: Step, values: list[Any], warnings: list[FieldWarning]) -> list[Any]:
    if step.takes_none:
        return values or [step.work(None)]
    made: list[Any] = []
    for value in [values] if step.kind == "all" else values:
        try:
            result = step.work(value)
        except _NOT_UNDERSTOOD as problem:
            warnings.append(warn(rule, value, step.text, problem))
            continue
        if step.kind == "split":
            made.extend(result)
        elif result is not None and result != "":
            made.append(result)
    return made[:MAX_VALUES]


def _finish(rule: Rule, values: list[Any], warnings: list[FieldWarning]) -> Any:
    fitting = []
    for value in values:
        try:
            fitting.append(rule.check(value))
        except _NOT_UNDERSTOOD as problem:
            warnings.append(warn(rule, value, "", problem))
    if not fitting:
        return None
    return sorted(set(fitting)) if rule.many else fitting[0]


class CompiledRule:
    """A rule ready to run. Safe to share between threads: its cache only ever holds what it would compute again."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.fill: Fill
        self._resolve = _resolver(rule)
        if not rule.paths:
            self.fill = self._constant()
        elif rule.single:
            self._read = self._single_reader()
            self.fill = self._fill_single()
        else:
            self._values = [compile_values(path) for path in rule.paths]
            self.fill = self._fill_combined() if rule.combines else self._fill_each()
        if rule.condition is not None:
            self.fill = self._conditional(rule.condition, self.fill)

    def _single_reader(self) -> Callable[[Any], Any]:
        """Read as `_reader` does; with a token for empty or null, tell those from a path that leads nowhere."""
        clear = self.rule.clear
        if None not in clear and "" not in clear:
            return _reader(self.rule)
        read = compile_one(self.rule.paths[0], _NEVER_SEEN)

        def tell(payload: Any) -> Any:
            raw = read(payload)
            if raw is None:
                return CLEAR if None in clear else None
            return None if raw is _NEVER_SEEN else CLEAR if raw == "" and "" in clear else raw

        return tell

    def _constant(self) -> Fill:
        field, value = self.rule.field, self.rule.constant

        def fill(_payload: Any, fields: dict[str, Any], _warnings: list[FieldWarning]) -> None:
            fields[field] = value

        return fill

    def _conditional(self, condition: Filter, inner: Fill) -> Fill:
        holds, rule = condition.holds, self.rule

        def fill(payload: Any, fields: dict[str, Any], warnings: list[FieldWarning]) -> None:
            try:
                if holds(payload):
                    inner(payload, fields, warnings)
            except FilterError as problem:
                warnings.append(FieldWarning(rule.field, "", f"when cannot be told: {problem}"))

        return fill

    def _fill_single(self) -> Fill:
        field, read, resolve = self.rule.field, self._read, self._remembering(self._resolve)
        defaults = any(step.takes_none for step in self.rule.steps)

        def fill(payload: Any, fields: dict[str, Any], warnings: list[FieldWarning]) -> None:
            raw = read(payload)
            if raw is None and not defaults:
                return
            value = raw if raw is CLEAR else resolve(raw)
            if value is None:
                return
            if value.__class__ is FieldWarning:
                warnings.append(value)
            else:
                fields[field] = value

        return fill

    def _remembering(self, resolve: Resolve) -> Callable[[Any], Any]:
        """Remember what became of raw texts, unless they are personal."""
        if self.rule.personal:
            return lambda raw: resolve(raw, None)
        seen: dict[str, Any] = {}
        known = seen.get

        def remember(raw: Any) -> Any:
            if raw.__class__ is not str:
                return resolve(raw, None)
            value = known(raw, _NEVER_SEEN)
            if value is _NEVER_SEEN:
                value = resolve(raw, None)
                if len(raw) <= MAX_CACHED:
                    if len(seen) >= CACHE:
                        seen.clear()
                    seen[raw] = value
            return value

        return remember

    def _all_values(self, payload: Any, warnings: list[FieldWarning]) -> list[Any]:
        raws: list[Any] = []
        for values in self._values:
            raws = raws + values(payload) if raws else values(payload)
            if raws and self.rule.first:
                break
        if len(raws) > MAX_VALUES:
            warnings.append(
                FieldWarning(self.rule.field, "", f"expected at most {MAX_VALUES:,} values, found {len(raws):,}")
            )
            raws = raws[:MAX_VALUES]
        return raws

    def _fill_each(self) -> Fill:
        field, values, resolve = self.rule.field, self._all_values, self._remembering(self._resolve)

        def fill(payload: Any, fields: dict[str, Any], warnings: list[FieldWarning]) -> None:
            raws = values(payload, warnings)
            if raws:
                _collect(field, [resolve(raw) for raw in raws], fields, warnings)

        return fill

    def _fill_combined(self) -> Fill:
        field, values, combine = self.rule.field, self._all_values, _combiner(self.rule)

        def fill(payload: Any, fields: dict[str, Any], warnings: list[FieldWarning]) -> None:
            problems: list[FieldWarning] = []
            value = combine(values(payload, problems), None, problems)
            warnings.extend(problems[:MAX_WARNINGS])
            if value is not None:
                fields[field] = value

        return fill

    def trace(self, payload: Any) -> FieldTrace:
        """Map the field like `fill`, keeping each raw value and what every transform gave."""
        rule = self.rule
        item = FieldTrace(rule.field, rule.where)
        fields: dict[str, Any] = {}
        if rule.condition is not None:
            try:
                if not rule.condition.holds(payload):
                    item.note = f"when does not hold: {rule.condition.text}"
                    return item
            except FilterError as problem:
                item.warnings.append(FieldWarning(rule.field, "", f"when cannot be told: {problem}"))
                return item
        if not rule.paths:
            item.chains.append(Chain("(constant)", rule.constant))
            fields[rule.field] = rule.constant
        elif rule.single:
            self._trace_single(payload, item, fields)
        else:
            self._trace_many(payload, item, fields)
        item.value = fields.get(rule.field)
        return item

    def _trace_single(self, payload: Any, item: FieldTrace, fields: dict[str, Any]) -> None:
        raw = self._read(payload)
        chain = Chain(self._path_of(payload, raw), None if raw is CLEAR else raw)
        item.chains.append(chain)
        if raw is None and not any(step.takes_none for step in self.rule.steps):
            return
        value = raw if raw is CLEAR else self._resolve(raw, chain.steps)
        if isinstance(value, FieldWarning):
            item.warnings.append(value)
        elif value is not None:
            fields[self.rule.field] = value

    def _path_of(self, payload: Any, raw: Any) -> str:
        """Name the path a raw value came from; all of them when it came from none."""
        paths = self.rule.paths
        if raw is not None and len(paths) > 1:
            for path in paths:
                if any(value is raw for value in compile_values(path)(payload)):
                    return path.text
        return ", ".join(path.text for path in paths)

    def _trace_many(self, payload: Any, item: FieldTrace, fields: dict[str, Any]) -> None:
        paths = ", ".join(path.text for path in self.rule.paths)
        if self.rule.combines:
            problems: list[FieldWarning] = []
            chain = Chain(paths, self._all_values(payload, problems))
            item.chains.append(chain)
            value = _combiner(self.rule)(chain.raw, chain.steps, problems)
            item.warnings.extend(problems[:MAX_WARNINGS])
            if value is not None:
                fields[self.rule.field] = value
            return
        results = []
        for raw in self._all_values(payload, item.warnings):
            item.chains.append(Chain(self._path_of(payload, raw), raw))
            results.append(self._resolve(raw, item.chains[-1].steps))
        if results:
            _collect(self.rule.field, results, fields, item.warnings)


def _collect(field: str, results: list[Any], fields: dict[str, Any], warnings: list[FieldWarning]) -> None:
    """Put the results of single values together: unique, sorted; `CLEAR` only where nothing else was said."""
    found = {value for value in results if value.__class__ is not FieldWarning and value is not None}
    warnings.extend([value for value in results if value.__class__ is FieldWarning][:MAX_WARNINGS])
    if len(found) > 1:
        found.discard(CLEAR)
    if found:
        fields[field] = CLEAR if CLEAR in found else sorted(found)
