"""OData query options: what is documented is understood, everything else is refused as Graph refuses it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from simulators.intune.errors import bad_request

Test = Callable[[Mapping[str, Any]], bool]

_TOKEN = re.compile(
    r"\s*(?:('(?:[^']|'')*')|([A-Za-z_][A-Za-z0-9_]*)|(\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d))|(-?\d+)|([(),]))"
)
_OPERATORS = ("eq", "ne", "lt", "gt", "le", "ge")
_FUNCTIONS = ("contains", "startswith", "endswith")
_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Query:
    """Parsed options of a list.

    Attributes:
        select: Property names, None for the default set.
        test: The filter; None for all.
        filtered: Properties the filter names.
        top: Wanted page size; None for the server's.
        count: Whether the total is wanted.
    """

    select: list[str] | None = None
    test: Test | None = None
    filtered: frozenset[str] = frozenset()
    top: int | None = None
    count: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What one resource allows."""

    type: str
    properties: Collection[str]
    filters: Mapping[str, frozenset[str]]
    largest_top: int


def parse(params: Mapping[str, str], rules: Rules, allowed: Collection[str]) -> Query:
    """Read query options.

    Raises:
        GraphError: 400 for an option, property or operator that is not supported, or a malformed value.
    """
    for name in params:
        if name.startswith("$") and name not in allowed:
            raise bad_request(f"The query specified in the URI is not valid. Query option '{name}' is not allowed.")
    test, filtered = None, frozenset[str]()
    if (text := params.get("$filter")) is not None:
        test, filtered = compile_filter(text, rules)
    return Query(
        select=_select(params["$select"], rules) if "$select" in params else None,
        test=test,
        filtered=filtered,
        top=_top(params["$top"], rules) if "$top" in params else None,
        count=_flag(params["$count"]) if "$count" in params else False,
    )


def _select(text: str, rules: Rules) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in rules.properties:
            raise bad_request(
                "Parsing OData Select and Expand failed: Could not find a property named "
                f"'{name[:50]}' on type '{rules.type}'."
            )
    if not names:
        raise bad_request("Parsing OData Select and Expand failed: the $select query option is empty.")
    return list(dict.fromkeys(names))


def _top(text: str, rules: Rules) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:9]) <= rules.largest_top or len(text) > 9:
        raise bad_request(
            f"Invalid page size specified: '{text[:20]}'. Must be between 1 and {rules.largest_top} inclusive.",
            "Request_UnsupportedQuery",
        )
    return int(text)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise bad_request(
            f"Invalid value '{text[:20]}' for $count query option found. Valid values are 'true' and 'false'."
        )
    return text == "true"


def compile_filter(text: str, rules: Rules) -> tuple[Test, frozenset[str]]:
    """Compile `$filter`: comparisons and functions the resource documents, joined by `and`, `or`, brackets.

    Raises:
        GraphError: 400 for syntax, an unknown property, or an operator the property does not support.
    """
    parser = _Parser(text, rules)
    test = parser.disjunction(0)
    if parser.peek():
        raise parser.syntax()
    return test, frozenset(parser.named)


class _Parser:
    """Recursive descent over the tokens of one filter."""

    def __init__(self, text: str, rules: Rules) -> None:
        self._rules = rules
        self._text = text
        self.named: set[str] = set()
        self._tokens: list[str] = []
        self._at = 0
        position = 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            if match is None:
                raise self.syntax()
            self._tokens.append(match.group(match.lastindex or 0))
            position = match.end()

    def syntax(self) -> Exception:
        return bad_request(f"Invalid filter clause: syntax error in '{self._text[:100]}'.")

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.peek()
        if not token or (expected and token != expected):
            raise self.syntax()
        self._at += 1
        return token

    def disjunction(self, depth: int) -> Test:
        if depth > _DEPTH:
            raise self.syntax()
        tests, before = [], set(self.named)
        tests.append(self._conjunction(depth))
        while self.peek() == "or":
            self.take()
            tests.append(self._conjunction(depth))
        if len(tests) == 1:
            return tests[0]
        for name in self.named - before:
            if "or" not in self._rules.filters[name]:
                raise self._unsupported("or", name)
        return lambda item: any(test(item) for test in tests)

    def _conjunction(self, depth: int) -> Test:
        tests = [self._term(depth)]
        while self.peek() == "and":
            self.take()
            tests.append(self._term(depth))
        return tests[0] if len(tests) == 1 else lambda item: all(test(item) for test in tests)

    def _term(self, depth: int) -> Test:
        if self.peek() == "(":
            self.take()
            inner = self.disjunction(depth + 1)
            self.take(")")
            return inner
        if self.peek() in _FUNCTIONS:
            return self._function()
        name, operator = self.take(), self.take()
        if operator not in _OPERATORS:
            raise self.syntax()
        return _compare(self._allowed(name, operator), operator, _literal(self.take(), self.syntax))

    def _function(self) -> Test:
        function = self.take()
        self.take("(")
        name = self.take()
        self.take(",")
        value = _literal(self.take(), self.syntax)
        self.take(")")
        self._allowed(name, function)
        if not isinstance(value, str):
            raise self.syntax()
        wanted = value.casefold()
        if function == "contains":
            return lambda item: wanted in str(item.get(name) or "").casefold()
        return lambda item: str(item.get(name) or "").casefold().startswith(wanted)

    def _allowed(self, name: str, operator: str) -> str:
        if name not in self._rules.properties:
            raise bad_request(f"Could not find a property named '{name[:50]}' on type '{self._rules.type}'.")
        if operator not in self._rules.filters.get(name, ()):
            raise self._unsupported(operator, name)
        self.named.add(name)
        return name

    def _unsupported(self, operator: str, name: str) -> Exception:
        return bad_request(f"Operator '{operator}' is not supported for property '{name}' in $filter.")


def _literal(token: str, syntax: Callable[[], Exception]) -> Any:
    if token.startswith("'"):
        return token[1:-1].replace("''", "'")
    if token in ("true", "false"):
        return token == "true"
    if token == "null":
        return None
    if re.fullmatch(r"-?\d{1,18}", token):
        return int(token)
    try:
        return datetime.fromisoformat(token).astimezone(UTC)
    except (ValueError, OverflowError):
        raise syntax() from None


def _compare(name: str, operator: str, wanted: Any) -> Test:
    if isinstance(wanted, datetime):
        return lambda item: _order(operator, datetime.fromisoformat(item[name]).astimezone(UTC), wanted)
    if isinstance(wanted, str):
        return lambda item: _order(operator, str(item.get(name) or "").casefold(), wanted.casefold())
    return lambda item: _order(operator, item.get(name), wanted)


def _order(operator: str, left: Any, right: Any) -> bool:
    if operator in ("eq", "ne"):
        return bool(left == right) == (operator == "eq")
    return bool(left < right if operator == "lt" else left > right)
