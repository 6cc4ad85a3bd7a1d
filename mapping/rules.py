"""One field rule, compiled: where the raw values are, what becomes of them, and where they go.

`fill` is fast and remembers raw texts; `trace` keeps every step. Both run the same resolution, so they agree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mapping.filters import Filter, FilterError
from mapping.paths import PayloadPath, compile_one, compile_values
from mapping.resolve import EMPTY, MAX_VALUES, NOT_UNDERSTOOD, Resolve, Rule, combiner, resolver
from mapping.trace import Chain, FieldTrace
from mapping.transforms import as_text
from mapping.values import plain_text_of
from synchub.domain.records import CLEAR, FieldWarning

Fill = Callable[[dict[str, Any], dict[str, Any], list[FieldWarning]], None]

MAX_WARNINGS = 5
CACHE = 1024  # raw values remembered per field; forgotten all at once when full
MAX_CACHED = 200  # characters of a remembered raw value
_NEVER_SEEN = object()
_NO_CONTEXT: dict[str, Any] = {}


def _reader(rule: Rule) -> Callable[[Any], Any]:
    """Compile the reading of a single rule: the raw value, or None."""
    if not rule.first:
        return compile_one(rule.paths[0])
    readers = [(compile_values(path), True) if path.many else (compile_one(path), False) for path in rule.paths]
    unset = rule.unset

    def read(payload: Any) -> Any:
        for reader, several in readers:
            found = reader(payload)
            for raw in found if several else (found,):
                if raw is None or (raw.__class__ is str and (not raw.strip() or raw.strip() in unset)):
                    continue
                return raw
        return None

    return read


def _context_reader(paths: tuple[PayloadPath, ...]) -> Callable[[Any], dict[str, Any]] | None:
    """Compile the reading of what options need: scalars that are not blank, else None."""
    getters = [(path.text, compile_one(path)) for path in paths]

    def read(payload: Any) -> dict[str, Any]:
        found = {}
        for text, get in getters:
            value = get(payload)
            if value.__class__ is str:
                found[text] = value if value.strip() else None
            else:
                found[text] = as_text(value) if value.__class__ in (int, float, bool) else None
        return found

    return read if getters else None


class CompiledRule:
    """A rule ready to run. Safe to share between threads: its cache only ever holds what it would compute again."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.fill: Fill
        self._resolve = resolver(rule)
        self._context = _context_reader(rule.context)
        if not rule.paths:
            self.fill = self._constant()
        elif rule.single:
            self._read = self._single_reader()
            self.fill = self._fill_single()
        else:
            self._values = [
                (compile_values(path), True) if path.many else (compile_one(path), False) for path in rule.paths
            ]
            self.fill = self._fill_combined() if rule.combines else self._fill_each()
        self.bare = self.fill
        if rule.condition is not None:
            self.fill = self._conditional(rule.condition, self.fill)

    @property
    def tells_empty(self) -> bool:
        """Say whether empty or null raw values are told from missing ones."""
        return None in self.rule.clear or "" in self.rule.clear

    def read(self, payload: Any) -> Any:
        """Return the raw value of a single rule; `EMPTY` where it means *empty on purpose*."""
        return self._read(payload)

    def resolve_in(self, raw: Any, payload: Any) -> Any:
        """Return what becomes of any raw value of a single rule: a value, None, `CLEAR` or a warning."""
        return self._resolve(raw, None, self._around(payload))

    @property
    def direct(self) -> Callable[[Any], Any]:
        """Compile `resolve_in` for a raw text or whole number; with a context for (raw, text or None, …)."""
        rule, resolve = self.rule, self._resolve
        if self._context:
            names = [path.text for path in rule.context]

            def within(key: tuple[Any, ...]) -> Any:
                said = [text if text and text.strip() else None for text in key[1:]]
                return resolve(key[0], None, dict(zip(names, said, strict=True)))

            return within
        if len(rule.steps) == 1 and not rule.steps[0].takes_none and not rule.clear:
            return _one_step(rule, resolve)
        return lambda raw: resolve(raw, None, _NO_CONTEXT)

    def _single_reader(self) -> Callable[[Any], Any]:
        """Read as `_reader` does; with a token for empty or null, tell those from a path that leads nowhere."""
        clear = self.rule.clear
        if None not in clear and "" not in clear:
            return _reader(self.rule)
        read = compile_one(self.rule.paths[0], _NEVER_SEEN)

        def tell(payload: Any) -> Any:
            raw = read(payload)
            if raw is None:
                return EMPTY if None in clear else None
            return None if raw is _NEVER_SEEN else EMPTY if raw == "" and "" in clear else raw

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
        context = self._context
        defaults = any(step.takes_none for step in self.rule.steps)

        def fill(payload: Any, fields: dict[str, Any], warnings: list[FieldWarning]) -> None:
            raw = read(payload)
            if raw is None and not defaults:
                return
            value = CLEAR if raw is EMPTY else resolve(raw, context(payload) if context else _NO_CONTEXT)
            if value is None:
                return
            if value.__class__ is FieldWarning:
                warnings.append(value)
            else:
                fields[field] = value

        return fill

    def _remembering(self, resolve: Resolve) -> Callable[[Any, dict[str, Any]], Any]:
        """Remember what became of raw texts and whole numbers, unless they are personal or hardly ever come again."""
        if self.rule.personal:
            return lambda raw, context: resolve(raw, None, context)
        seen: dict[Any, Any] = {}
        known = seen.get
        asked = 0
        worth = True

        def remember(raw: Any, context: dict[str, Any]) -> Any:
            nonlocal asked, worth
            if not worth or (raw.__class__ is not str and raw.__class__ is not int):
                return resolve(raw, None, context)
            asked += 1
            key = (raw, *context.values()) if context else raw
            value = known(key, _NEVER_SEEN)
            if value is _NEVER_SEEN:
                value = resolve(raw, None, context)
                if not isinstance(raw, str) or len(raw) <= MAX_CACHED:
                    seen[key] = value
                    if len(seen) >= CACHE:
                        worth = asked > 1.3 * CACHE
                        asked = 0
                        seen.clear()
            return value

        return remember

    def _all_values(self, payload: Any, warnings: list[FieldWarning]) -> list[Any]:
        raws: list[Any] = []
        for values, several in self._values:
            if several:
                raws = raws + values(payload) if raws else values(payload)
            elif (raw := values(payload)) is not None and raw != "":
                raws.append(raw)
            if raws and self.rule.first:
                break
        if len(raws) > MAX_VALUES:
            problem = f"expected at most {MAX_VALUES:,} values, found {len(raws):,}"
            warnings.append(FieldWarning(self.rule.field, "", problem))
            raws = raws[:MAX_VALUES]
        return raws

    def _fill_each(self) -> Fill:
        field, values, resolve = self.rule.field, self._all_values, self._remembering(self._resolve)
        context = self._context

        def fill(payload: Any, fields: dict[str, Any], warnings: list[FieldWarning]) -> None:
            raws = values(payload, warnings)
            if raws:
                around = context(payload) if context else _NO_CONTEXT
                if len(raws) == 1:
                    value = resolve(raws[0], around)
                    if value.__class__ is str and value is not CLEAR:
                        fields[field] = [value]
                        return
                    collect(field, [value], fields, warnings)
                else:
                    collect(field, [resolve(raw, around) for raw in raws], fields, warnings)

        return fill

    def _fill_combined(self) -> Fill:
        field, values, combine = self.rule.field, self._all_values, combiner(self.rule)
        context = self._context

        def fill(payload: Any, fields: dict[str, Any], warnings: list[FieldWarning]) -> None:
            problems: list[FieldWarning] = []
            value = combine(values(payload, problems), None, problems, context(payload) if context else _NO_CONTEXT)
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
        chain = Chain(self._path_of(payload, raw), None if raw is EMPTY else raw)
        item.chains.append(chain)
        if raw is None and not any(step.takes_none for step in self.rule.steps):
            return
        value = CLEAR if raw is EMPTY else self._resolve(raw, chain.steps, self._around(payload))
        if isinstance(value, FieldWarning):
            item.warnings.append(value)
        elif value is not None:
            fields[self.rule.field] = value

    def _around(self, payload: Any) -> dict[str, Any]:
        return self._context(payload) if self._context else _NO_CONTEXT

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
            value = combiner(self.rule)(chain.raw, chain.steps, problems, self._around(payload))
            item.warnings.extend(problems[:MAX_WARNINGS])
            if value is not None:
                fields[self.rule.field] = value
            return
        results = []
        for raw in self._all_values(payload, item.warnings):
            item.chains.append(Chain(self._path_of(payload, raw), raw))
            results.append(self._resolve(raw, item.chains[-1].steps, self._around(payload)))
        if results:
            collect(self.rule.field, results, fields, item.warnings)


def _one_step(rule: Rule, resolve: Resolve) -> Callable[[Any], Any]:
    """Compile the way of a raw text through a chain of one step: most rules."""
    work, check, unset = rule.steps[0].work, rule.check, rule.unset
    longest = plain_text_of(check)

    def direct(raw: Any) -> Any:
        if raw.__class__ is not str or not raw or raw.isspace() or (unset and raw.strip() in unset):
            return resolve(raw, None, _NO_CONTEXT)
        try:
            value = work(raw)
            if value.__class__ is str and 0 < len(value) <= longest and "\x00" not in value:
                return value  # what `check` would say, without asking
            return None if value is None or value == "" else check(value)
        except NOT_UNDERSTOOD:
            return resolve(raw, None, _NO_CONTEXT)  # says at which step

    return direct


def collect(field: str, results: list[Any], fields: dict[str, Any], warnings: list[FieldWarning]) -> None:
    """Put the results of single values together: unique, sorted; `CLEAR` only where nothing else was said."""
    found = set()
    problems = 0
    for value in results:
        if value.__class__ is FieldWarning:
            problems += 1
            if problems <= MAX_WARNINGS:
                warnings.append(value)
        elif value is not None:
            found.add(value)
    if CLEAR in found and len(found) > 1:
        found.discard(CLEAR)
    if found:
        fields[field] = CLEAR if CLEAR in found else sorted(found)
