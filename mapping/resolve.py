"""What becomes of raw values: admission, the chain of transforms, the check against the canonical field.

The one place where this is decided: mapping and tracing both run what is compiled here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mapping.filters import Filter
from mapping.paths import PayloadPath
from mapping.trace import Log
from mapping.transforms import Step, as_text
from synchub.domain.records import CLEAR, FieldWarning

Resolve = Callable[[Any, Log | None, dict[str, Any]], Any]

MAX_VALUES = 1000
EMPTY: Any = object()  # stands for a raw value that means *empty on purpose*; no payload can hold it
NOT_UNDERSTOOD = (ValueError, TypeError, ArithmeticError)


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
    def context(self) -> tuple[PayloadPath, ...]:
        """Return the paths that options of the chain read."""
        return tuple({path.text: path for step in self.steps for _, path in step.reads}.values())

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


def _admission(rule: Rule) -> Callable[[Any], Any]:
    """Compile the look at a raw value before the chain: itself, None, `EMPTY`, or a warning where it is no scalar."""
    unset, clear = rule.unset, rule.clear

    def admit(raw: Any) -> Any:
        if raw.__class__ is str:
            text = raw.strip()
            return EMPTY if text in clear else raw if text and text not in unset else None
        if raw.__class__ is dict or raw.__class__ is list:
            kind = "an object" if raw.__class__ is dict else "a list (write `[]` in the path to walk it)"
            return warn(rule, raw, "", f"expected a single value, found {kind}")
        if raw is not None and (unset or clear):
            text = _plain(raw)
            return EMPTY if text in clear else None if text in unset else raw
        return raw

    return admit


def _plain(raw: Any) -> str:
    """Write a raw value as text; empty for objects, lists and monstrous numbers."""
    if isinstance(raw, dict | list) or (isinstance(raw, int) and raw.bit_length() > 256):
        return ""
    return as_text(raw)


def resolver(rule: Rule) -> Resolve:
    """Compile the way of one raw value to a canonical value, None, `CLEAR` or a warning."""
    steps, check, admit = rule.steps, rule.check, _admission(rule)

    def resolve(raw: Any, log: Log | None, context: dict[str, Any]) -> Any:
        value = admit(raw)
        if value is EMPTY or value.__class__ is FieldWarning:
            return CLEAR if value is EMPTY else value
        text = ""
        try:
            for step in steps:
                if value is None and not step.takes_none:
                    continue
                text = step.text
                value = step.run(value, context) if step.reads else step.work(value)
                if value == "":
                    value = None
                if log is not None:
                    log.append((text, value))
            if value is None:
                return None
            text = ""
            return check(value)
        except NOT_UNDERSTOOD as problem:
            return warn(rule, raw, text, problem)

    return resolve


def combiner(rule: Rule) -> Callable[[list[Any], Log | None, list[FieldWarning], dict[str, Any]], Any]:
    """Compile the way of all raw values together, for chains that split or join."""
    unset, clear = rule.unset, rule.clear

    def combine(raws: list[Any], log: Log | None, warnings: list[FieldWarning], context: dict[str, Any]) -> Any:
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
            values = _run_step(rule, step, values, warnings, context)
            if log is not None:
                log.append((step.text, values[0] if len(values) == 1 else list(values)))
        return _finish(rule, values, warnings)

    return combine


def _run_step(
    rule: Rule, step: Step, values: list[Any], warnings: list[FieldWarning], context: dict[str, Any]
) -> list[Any]:
    if step.takes_none:
        return values or [step.work(None)]
    made: list[Any] = []
    for value in [values] if step.kind == "all" else values:
        try:
            result = step.run(value, context)
        except NOT_UNDERSTOOD as problem:
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
        except NOT_UNDERSTOOD as problem:
            warnings.append(warn(rule, value, "", problem))
    if not fitting:
        return None
    return sorted(set(fitting)) if rule.many else fitting[0]
