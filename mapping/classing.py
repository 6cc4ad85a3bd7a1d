"""`class:` of a field map: which canonical class a record is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mapping.filters import Filter, compile_filter
from mapping.normalise import device_class
from mapping.paths import PayloadPath, compile_one, parse_path
from mapping.placed import Placed
from synchub.domain.model import CLASSES
from synchub.domain.yamlfile import nearest

HARDWARE = tuple(name for name, model in CLASSES.items() if model.family == "hardware")
RULE_KEYS = ("is", "words", "os_name", "chassis", "when")


@dataclass(frozen=True, slots=True)
class ClassRule:
    """One line of `class:`.

    Attributes:
        where: `file:line`.
        classes: What it can give.
        tell: Gives the class for a payload, or None when the words say nothing.
        condition: Where it does not hold, the next rule is asked; None: holds always.
        paths: What `tell` reads.
    """

    where: str
    classes: tuple[str, ...]
    tell: Callable[[Any], str | None]
    condition: Filter | None = None
    paths: tuple[PayloadPath, ...] = ()

    @property
    def reads(self) -> tuple[PayloadPath, ...]:
        """List every path that the answer depends on."""
        asked = self.condition.paths if self.condition is not None else ()
        return (*self.paths, *[PayloadPath(".".join(keys), keys) for keys in asked])

    def of(self, payload: Any) -> str | None:
        """Return the class this rule gives a payload; None: ask the next one.

        Raises:
            FilterError: The condition cannot be told.
        """
        if self.condition is not None and not self.condition.holds(payload):
            return None
        return self.tell(payload)

    @property
    def final(self) -> bool:
        """Say whether no record gets past this rule."""
        return self.condition is None and len(self.classes) == 1


def class_rules(spec: Placed) -> tuple[ClassRule, ...]:
    """Compile `class:`: one class name, or rules in order.

    Raises:
        ConfigError: It does not fit.
    """
    if isinstance(spec.value, str):
        return (_named(spec, spec, None),)
    rules = [_rule(item) for item in spec.items("`class`")]
    always = next((n for n, rule in enumerate(rules) if rule.final), len(rules))
    if always < len(rules) - 1:
        raise spec.at(always + 1).error("no record reaches this rule: the one before it has no `when`")
    return tuple(rules)


def _rule(item: Placed) -> ClassRule:
    item.keys(RULE_KEYS, "a rule of `class`")
    if ("is" in item.value) == ("words" in item.value):
        raise item.error("a rule of `class` has either `is` or `words`", "write `{is: computer, when: …}`")
    condition = condition_of(item.at("when")) if "when" in item.value else None
    if "is" in item.value:
        for key in ("os_name", "chassis"):
            if key in item.value:
                raise item.at(key).error(f"`{key}` belongs to `words`")
        return _named(item, item.at("is"), condition)
    return _told(item, condition)


def _named(item: Placed, spec: Placed, condition: Filter | None) -> ClassRule:
    name = spec.text("a class")
    if name not in CLASSES:
        raise spec.error(f"there is no canonical class {name!r}", nearest(name, CLASSES))
    return ClassRule(item.where, (name,), lambda _payload: name, condition)


def _told(item: Placed, condition: Filter | None) -> ClassRule:
    """Compile a rule that tells hardware from words, chassis and operating system with the dictionary of classes."""
    words = [path_of(part) for part in item.at("words").listed()]
    extra = {key: path_of(item.at(key)) for key in ("os_name", "chassis") if key in item.value}
    if any(path.many for path in (*words, *extra.values())):
        raise item.at("words").error("`[]` cannot stand in the paths of `words`, `os_name` and `chassis`")
    word_getters = [compile_one(path) for path in words]
    extra_getters = [(key, compile_one(path)) for key, path in extra.items()]

    def tell(payload: Any) -> str | None:
        said = [value for get in word_getters if (value := get(payload)).__class__ is str]
        hints = {key: value for key, get in extra_getters if (value := get(payload)).__class__ in (str, int)}
        try:
            cls = device_class(*said, **hints)
        except ValueError:
            return None  # a text beyond all limits tells nothing; its own field warns about it
        return cls if cls in HARDWARE else None

    return ClassRule(item.where, HARDWARE, tell, condition, (*words, *extra.values()))


def condition_of(spec: Placed) -> Filter:
    """Compile a condition.

    Raises:
        ConfigError: It is no usable JMESPath.
    """
    try:
        return compile_filter(spec.text("a condition"))
    except ValueError as error:
        raise spec.error(f"the condition {spec.value!r} cannot be used: {error}", "see https://jmespath.org") from error


def path_of(spec: Placed) -> PayloadPath:
    """Parse a path.

    Raises:
        ConfigError: It is none.
    """
    try:
        return parse_path(spec.text("a path"))
    except ValueError as error:
        raise spec.error(str(error)) from error
