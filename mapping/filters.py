"""JMESPath conditions for `when` and `keep`, compiled.

What maps use most (comparisons, `&&`, `||`, `!`, `|`, `contains`, `starts_with`, `ends_with`, `lower`, `upper`,
`to_number`, `length`) becomes plain closures, everything else goes through the jmespath library; a property test keeps
both equal. `lower` and `upper` are those of JMESPath Community (JEP-014). Language: https://jmespath.org/specification.html
(read 2026-11-22).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import jmespath
import jmespath.exceptions
import jmespath.functions
import jmespath.parser

from mapping.paths import PayloadPath, compile_one
from synchub.domain.yamlfile import nearest

MAX_LENGTH = 2000
MAX_DEPTH = 150
Node = dict[str, Any]
Evaluate = Callable[[Any], Any]


class FilterError(Exception):
    """A condition cannot be told for this payload (a function met a value of a kind it does not take)."""


class _Functions(jmespath.functions.Functions):
    """The functions of JMESPath and two of JMESPath Community."""

    @jmespath.functions.signature({"types": ["string"]})
    def _func_lower(self, text: str) -> str:
        return text.lower()

    @jmespath.functions.signature({"types": ["string"]})
    def _func_upper(self, text: str) -> str:
        return text.upper()


_OPTIONS = jmespath.Options(custom_functions=_Functions())


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled condition.

    Attributes:
        text: As written.
        paths: Dotted paths of what it reads; everything below them counts as read.
        holds: Tells whether the condition holds for a payload; raises `FilterError` when it cannot be told.
    """

    text: str
    paths: tuple[tuple[str, ...], ...]
    holds: Callable[[Any], bool]


def compile_filter(text: str) -> Filter:
    """Compile a condition.

    Raises:
        ValueError: It is no JMESPath, too long or too deep, uses an unknown function, or reads the whole payload.
    """
    if len(text) > MAX_LENGTH or text.count("(") + text.count("[") + text.count("!") > 200:
        msg = f"the condition is longer or deeper than conditions may be ({MAX_LENGTH} characters)"
        raise ValueError(msg)
    try:
        tree = cast(Node, jmespath.parser.Parser().parse(text).parsed)
    except jmespath.exceptions.JMESPathError as error:
        msg = f"this is not JMESPath: {str(error).splitlines()[0]}"
        raise ValueError(msg) from error
    _check(tree, MAX_DEPTH)
    evaluate = _compile(tree)

    def holds(payload: Any) -> bool:
        return not _is_false(evaluate(payload))

    return Filter(text, tuple(dict.fromkeys(_reads(tree))), holds)


def _check(tree: Node, depth: int) -> None:
    if depth == 0:
        msg = f"the condition is nested more than {MAX_DEPTH} deep"
        raise ValueError(msg)
    if tree["type"] == "function_expression":
        known = _Functions.FUNCTION_TABLE
        if tree["value"] not in known:
            msg = f"JMESPath has no function {tree['value']!r}; {nearest(tree['value'], known)}"
            raise ValueError(msg)
        wanted = known[tree["value"]]["signature"]
        given = len(tree["children"])
        if given != len(wanted) and not (wanted and wanted[-1].get("variadic") and given >= len(wanted)):
            msg = f"{tree['value']}() takes {len(wanted)} arguments, not {given}"
            raise ValueError(msg)
    for child in tree["children"]:
        if isinstance(child, dict):
            _check(child, depth - 1)


_RELATIVE = frozenset(
    ("subexpression", "pipe", "projection", "filter_projection", "value_projection", "flatten", "index_expression")
)


def _reads(tree: Node) -> Iterator[tuple[str, ...]]:
    """List what a tree reads: plain chains of keys; of anything that goes on from a value, the value."""
    chain = _chain(tree)
    if chain:
        yield chain
    elif tree["type"] in ("current", "identity"):
        msg = "the condition reads the whole payload (`@` or `*` at the top); name the keys it needs"
        raise ValueError(msg)
    elif tree["type"] in _RELATIVE:
        yield from _reads(tree["children"][0])
    else:
        for child in tree["children"]:
            if isinstance(child, dict):
                yield from _reads(child)


def _chain(tree: Node) -> tuple[str, ...]:
    if tree["type"] == "field":
        return (tree["value"],)
    if tree["type"] == "subexpression":
        parts = [_chain(child) for child in tree["children"]]
        if all(parts):
            return tuple(key for part in parts for key in part)
    return ()


def _is_false(value: Any) -> bool:
    if value is None or value is False:
        return True
    return value.__class__ in (str, list, dict) and not value


def _compile(tree: Node) -> Evaluate:
    """Turn a tree into a closure; into a call of the library where it holds something rare."""
    build = _BUILDERS.get(tree["type"])
    if build is not None:
        return build(tree)
    return _library(tree)


def _library(tree: Node) -> Evaluate:
    interpreter = jmespath.parser.ParsedResult("", cast(Any, tree))

    def evaluate(payload: Any) -> Any:
        try:
            return interpreter.search(payload, options=_OPTIONS)
        except (jmespath.exceptions.JMESPathError, TypeError, ValueError, ArithmeticError, KeyError) as error:
            raise FilterError(
                str(error).splitlines()[0][:120] if str(error) else "not for this kind of value"
            ) from error

    return evaluate


def _field(tree: Node) -> Evaluate:
    key = tree["value"]

    def evaluate(value: Any) -> Any:
        return value.get(key) if value.__class__ is dict else None

    return evaluate


def _literal(tree: Node) -> Evaluate:
    value = tree["value"]
    return lambda _payload: value


def _through(tree: Node) -> Evaluate:
    keys = _chain(tree)
    if keys:
        return compile_one(PayloadPath("", keys))
    parts = [_compile(child) for child in tree["children"]]

    def evaluate(value: Any) -> Any:
        for part in parts:
            value = part(value)
        return value

    return evaluate


def _flattened(tree: Node, kind: str) -> list[Evaluate]:
    """Compile the parts of `a || b || c`, which parses as pairs within pairs."""
    parts: list[Evaluate] = []
    for child in tree["children"]:
        parts.extend(_flattened(child, kind) if child["type"] == kind else [_compile(child)])
    return parts


def _or(tree: Node) -> Evaluate:
    parts = _flattened(tree, tree["type"])

    def evaluate(value: Any) -> Any:
        found = None
        for part in parts:
            found = part(value)
            if found is True or not _is_false(found):
                return found
        return found

    return evaluate


def _and(tree: Node) -> Evaluate:
    parts = _flattened(tree, tree["type"])

    def evaluate(value: Any) -> Any:
        found = None
        for part in parts:
            found = part(value)
            if found is not True and _is_false(found):
                return found
        return found

    return evaluate


def _not(tree: Node) -> Evaluate:
    inner = _compile(tree["children"][0])
    return lambda value: _is_false(inner(value))


def _equal(left: Any, right: Any) -> bool:
    return bool(left == right) and (left.__class__ is bool) == (right.__class__ is bool)


_ORDER = {"lt": operator.lt, "lte": operator.le, "gt": operator.gt, "gte": operator.ge}


def _comparator(tree: Node) -> Evaluate:
    left, right = map(_compile, tree["children"])
    if tree["value"] == "eq":
        return lambda value: _equal(left(value), right(value))
    if tree["value"] == "ne":
        return lambda value: not _equal(left(value), right(value))
    compare = _ORDER[tree["value"]]

    def evaluate(value: Any) -> Any:
        first, second = left(value), right(value)
        for kind in ((int, float), str):
            if isinstance(first, kind) and isinstance(second, kind):
                return None if isinstance(first, bool) or isinstance(second, bool) else compare(first, second)
        return None

    return evaluate


def _text_function(work: Callable[..., Any], takes_list: bool = False) -> Callable[[Node], Evaluate]:
    def build(tree: Node) -> Evaluate:
        arguments = [_compile(child) for child in tree["children"]]
        name, first, second = tree["value"], arguments[0], arguments[-1]

        def one(value: Any) -> Any:
            text = first(value)
            if text.__class__ is not str:
                raise FilterError(f"{name}() needs text")
            return work(text)

        def two(value: Any) -> Any:
            text, part = first(value), second(value)
            if text.__class__ is list and takes_list:
                return part in text
            if text.__class__ is not str or part.__class__ is not str:
                raise FilterError(f"{name}() needs text")
            return work(text, part)

        part = tree["children"][-1].get("value")
        if len(arguments) == 2 and tree["children"][0]["type"] == "current" and part.__class__ is str:
            return _constant_part(name, work, part, takes_list)
        return one if len(arguments) == 1 else two

    return build


def _constant_part(name: str, work: Callable[..., Any], part: str, takes_list: bool) -> Evaluate:
    """Compile `contains(@, 'part')`, which maps write by the dozen."""

    def evaluate(value: Any) -> Any:
        if value.__class__ is str or (takes_list and value.__class__ is list):
            return work(value, part)
        raise FilterError(f"{name}() needs text")

    return evaluate


def _to_number(tree: Node) -> Evaluate:
    inner = _compile(tree["children"][0])

    def evaluate(value: Any) -> Any:
        found = inner(value)
        if found.__class__ is str:
            for read in (int, float):
                try:
                    return read(found)
                except ValueError:
                    pass
            return None
        return found if found.__class__ in (int, float) else None

    return evaluate


def _length(tree: Node) -> Evaluate:
    inner = _compile(tree["children"][0])

    def evaluate(value: Any) -> Any:
        found = inner(value)
        if found.__class__ not in (str, list, dict):
            raise FilterError("length() needs text, a list or an object")
        return len(found)

    return evaluate


_FUNCTIONS: dict[str, Callable[[Node], Evaluate]] = {
    "contains": _text_function(operator.contains, takes_list=True),
    "starts_with": _text_function(str.startswith),
    "ends_with": _text_function(str.endswith),
    "lower": _text_function(str.lower),
    "upper": _text_function(str.upper),
    "to_number": _to_number,
    "length": _length,
}


def _function(tree: Node) -> Evaluate:
    return _FUNCTIONS.get(tree["value"], _library)(tree)


_BUILDERS: dict[str, Callable[[Node], Evaluate]] = {
    "field": _field,
    "literal": _literal,
    "current": lambda _tree: lambda value: value,
    "pipe": _through,
    "subexpression": _through,
    "or_expression": _or,
    "and_expression": _and,
    "not_expression": _not,
    "comparator": _comparator,
    "function_expression": _function,
}
