"""The `to:` of a field rule: names and options of transforms, turned into steps that run."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

from mapping.paths import PayloadPath, parse_path
from mapping.placed import Placed
from mapping.transforms import SMALL, Step, build_lookup
from synchub.domain.yamlfile import nearest

Normaliser = Callable[..., Any]

_PROBES = ("1", "2024-01-31 10:00:00")
MAX_STEPS = 20


@dataclass(frozen=True, slots=True)
class Toolbox:
    """What steps are made of.

    Attributes:
        normalisers: Normalisers by name; a small transform of the same name comes second.
        said: How the stream writes values: `decimal`, `dates`, `timezone`, where its configuration says so.
        stubborn: Options in the map win over `said` (the user wrote them), instead of the other way round.
        zone: Zone of moments without an offset where neither map nor stream names one; empty: they are refused.
        used: Takes `zone` in when a chain uses it.
    """

    normalisers: Mapping[str, Normaliser]
    said: Mapping[str, str] = field(default_factory=dict)
    stubborn: bool = False
    zone: str = ""
    used: set[str] = field(default_factory=set)

    def options(self, normaliser: Normaliser, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of one use of a normaliser, what the stream's configuration says included."""
        said: dict[str, Any] = {name: value for name, value in self.said.items() if name != "dates"}
        form = self.said.get("dates", "")
        if form and normaliser is self.normalisers.get("date"):
            said["formats"] = [form]
        if "%d" in form and "%m" in form:
            said["dayfirst"] = form.index("%d") < form.index("%m")
        known = options_of(normaliser)
        said = {name: value for name, value in said.items() if name in known}
        options = {**said, **given} if self.stubborn else {**given, **said}
        if self.zone and normaliser is self.normalisers.get("moment") and "timezone" not in options:
            self.used.add(self.zone)
            options["timezone"] = self.zone
        return options


def build_chain(spec: Placed | None, tools: Toolbox) -> list[Step]:
    """Build the steps of a `to:`.

    Args:
        spec: A transform, or a list of them: a name, or one key with the options as its value. None: no steps.
        tools: What steps are made of.

    Raises:
        ConfigError: A name is unknown or an option does not fit; `where` names the line of that transform.
    """
    items = [] if spec is None else spec.listed()
    if spec is not None and len(items) > MAX_STEPS:
        raise spec.error(f"the chain has more than {MAX_STEPS} transforms")
    return [_build_step(item, tools) for item in items]


def _build_step(item: Placed, tools: Toolbox) -> Step:
    name, argument = _name_and_argument(item)
    if name == "lookup":
        if argument is None:
            raise item.error("a lookup needs its table", "write `lookup: {table: {raw value: canonical value}}`")
        return lookup_step(argument)
    given = None if argument is None else argument.value
    text = name if argument is None else f"{name} {_written(given)}"
    if name in tools.normalisers:
        return _normaliser_step(item, name, given, tools)
    small = SMALL.get(name)
    if small is None:
        known = [*tools.normalisers, *SMALL, "lookup"]
        raise item.error(f"there is no transform {name!r}", nearest(name, known))
    if argument is not None and not small.argument:
        raise item.error(f"the transform {name!r} takes no option", f"write `{name}` alone")
    try:
        return Step(text, small.build(given), small.kind, small.takes_none)
    except ValueError as error:
        raise item.error(f"the transform {name!r} cannot be used like this: {error}") from error


def _name_and_argument(item: Placed) -> tuple[str, Placed | None]:
    if isinstance(item.value, str):
        return item.value, None
    if isinstance(item.value, dict) and len(item.value) == 1:
        name = next(iter(item.value))
        return name, item.at(name)
    raise item.error(
        "a transform is a name, or one name with its options", 'write `text`, or `{money: {decimal: ","}}`'
    )


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_written(part)}" for key, part in value.items()) + "}"
    return repr(value) if isinstance(value, str) else str(value)


def _normaliser_step(item: Placed, name: str, given: Any, tools: Toolbox) -> Step:
    """Bind the options of a normaliser after checking them against its signature."""
    normaliser = tools.normalisers[name]
    options = {} if given is None else given
    if not isinstance(options, dict):
        known = ", ".join(options_of(normaliser)) or "none"
        fix = f"write `{{{name}: {{option: value}}}}`; options of {name!r}: {known}"
        raise item.error(f"the options of {name!r} must be named", fix)
    kinds = options_of(normaliser)
    options = tools.options(normaliser, options)
    bound = {}
    reads = []
    for option, value in options.items():
        if option not in kinds:
            raise item.error(f"the transform {name!r} has no option {option!r}", nearest(option, kinds))
        if isinstance(value, dict):
            reads.append((option, _path_option(item, name, option, value)))
            continue
        problem = _misfit(option, value, kinds[option])
        if problem:
            raise item.error(f"option {option!r} of {name!r}: {problem}")
        bound[option] = tuple(value) if isinstance(value, list) else value
    work = partial(normaliser, **bound) if bound else normaliser
    _probe(item, name, work, bound)
    text = f"{name} {_written(options)}" if options else name
    return Step(text, work, reads=tuple(reads))


def _path_option(item: Placed, name: str, option: str, value: dict[str, Any]) -> PayloadPath:
    """Read an option whose value stands in the payload."""
    if set(value) != {"path"} or not isinstance(value["path"], str):
        raise item.error(
            f"option {option!r} of {name!r} is a value, or a path to one", f"write `{option}: {{path: …}}`"
        )
    try:
        path = parse_path(value["path"])
    except ValueError as error:
        raise item.error(str(error)) from error
    if path.many:
        raise item.error(f"option {option!r} of {name!r} is one value; `[]` cannot stand in its path")
    return path


def options_of(normaliser: Normaliser) -> dict[str, Any]:
    """List the options of a normaliser and their types."""
    hints = get_type_hints(inspect.unwrap(normaliser))
    parameters = list(inspect.signature(normaliser).parameters.values())[1:]
    return {p.name: hints.get(p.name, Any) for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)}


def _misfit(option: str, value: Any, hint: Any) -> str:
    """Say why a value does not fit an option; empty when it does."""
    allowed = [hint, *get_args(hint)]
    choices = [choice for kind in allowed if get_origin(kind) is Literal for choice in get_args(kind)]
    if choices and value not in choices:
        return f"expected one of {', '.join(map(repr, choices))}, found {value!r}"
    if bool in allowed and not isinstance(value, bool):
        return f"expected true or false, found {value!r}"
    if str in allowed and get_origin(hint) is None and not isinstance(value, str):
        return f"expected text, found {value!r}"
    if option == "timezone":
        try:
            ZoneInfo(str(value))
        except (ValueError, OSError, LookupError):
            return f"time zone {value!r} is unknown; use a name such as Europe/Berlin or UTC"
    return ""


def _probe(item: Placed, name: str, bound: Normaliser, options: Mapping[str, Any]) -> None:
    """Let a normaliser complain about its options now rather than on every record: its message quotes them then."""
    for probe in _PROBES:
        try:
            bound(probe)
        except ValueError as error:
            if any(
                isinstance(value, str) and len(value) > 1 and repr(value) in str(error) for value in options.values()
            ):
                raise item.error(f"the transform {name!r} cannot be used like this: {error}") from error


def lookup_step(spec: Placed, otherwise: Placed | None = None) -> Step:
    """Build a lookup.

    Args:
        spec: As a transform, `{table: {…}, otherwise: …}`; the table itself where `otherwise` is a key of the rule.
        otherwise: The rule's own `otherwise`.

    Raises:
        ConfigError: The table or `otherwise` does not fit.
    """
    table = spec
    if isinstance(spec.value, dict) and isinstance(spec.value.get("table"), dict):
        spec.keys(("table", "otherwise"), "a lookup")
        table, otherwise = spec.at("table"), otherwise or spec.get("otherwise")
    if not isinstance(table.value, dict) or not table.value:
        raise spec.error(
            "a lookup needs a table with at least one entry", "write `lookup: {raw value: canonical value}`"
        )
    for key, value in table.value.items():
        if isinstance(value, dict | list):
            raise table.at(key).error(f"the lookup gives {key!r} something that is not a single value")
    try:
        return build_lookup(table.value, "warn" if otherwise is None else otherwise.value)
    except ValueError as error:
        raise (otherwise or table).error(f"the lookup cannot be used like this: {error}") from error
