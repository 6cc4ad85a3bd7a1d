"""Queries of the dataset `employee`, version 2: fields, OData-like filter, order, pages.

Rules are those of "Get Data from Dataset (v2)" (vendor's documentation and SDK, read 2026-11-22): `and` or `or` but not
both; `lt le gt ge` on numbers and dates; `in` with several values on options only; fields of `orderBy` must be asked
for; pages are counted from 1 and hold at most 1,000 rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulators.bamboohr.errors import BambooError
from simulators.bamboohr.fields import Field

Values = Mapping[str, str]
Test = Callable[[Values], bool]
_LARGEST = 1000
_TERM = re.compile(r"\s*(\w+)\s+(eq|ne|lt|le|gt|ge|in)\s+(\((?:[^()']|'(?:[^']|'')*')*\)|'(?:[^']|'')*'|[\w.:+-]+)\s*")
_LITERAL = re.compile(r"\s*('(?:[^']|'')*'|[\w.:+-]+)\s*(?:,|$)")
_JOIN = re.compile(r"(and|or)\b")
_ORDERED = {"lt", "le", "gt", "ge"}


def problem(status: int, detail: str, code: str = "") -> BambooError:
    """Refuse a query of version 2 as an RFC 7807 problem."""
    return BambooError(status, detail, form="data", code=code)


class Query:
    """A checked request body.

    Args:
        body: The parsed body.
        fields: Dataset name -> field that this caller may see.

    Raises:
        BambooError: 400 or 422, as documented.
    """

    def __init__(self, body: Any, fields: Mapping[str, Field]) -> None:
        if not isinstance(body, dict) or not isinstance(body.get("fields"), list) or not body["fields"]:
            raise problem(400, "fields is required.", "INVALID_REQUEST")
        unknown = [str(name) for name in body["fields"] if name not in fields]
        if unknown:
            raise problem(400, f"Unknown or inaccessible fields: {', '.join(unknown)[:200]}", "INVALID_FIELD")
        self.fields: list[str] = body["fields"]
        self.page = _whole(body, "page", 1, 10**9)
        self.size = _whole(body, "pageSize", 100, _LARGEST)
        self._known = fields
        self.test = self._filter(body.get("filter"))
        self._order = self._rules(body.get("orderBy"))

    def sort(self, rows: Sequence[Values]) -> list[Values]:
        """Bring rows into the order asked for; without one the order means nothing (here: backwards)."""
        found = list(rows) if self._order else list(reversed(rows))
        for name, descending in reversed(self._order):
            found.sort(key=lambda row, name=name: _comparable(row[name], self._known[name].type), reverse=descending)  # type: ignore[misc]
        return found

    def _rules(self, text: Any) -> list[tuple[str, bool]]:
        found = []
        for rule in str(text).split(",") if text else []:
            name, _, way = rule.strip().partition(" ")
            if name not in self.fields:
                raise problem(400, f"orderBy field {name[:40]} must be in fields.", "UE-1001")
            if way.strip().lower() not in ("asc", "desc"):
                raise problem(422, f"orderBy rule {rule.strip()[:60]} has no direction.", "INVALID_ORDER_BY")
            found.append((name, way.strip().lower() == "desc"))
        return found

    def _filter(self, text: Any) -> Test:
        if text in (None, ""):
            return lambda _row: True
        tests, joins, at, source = [], set(), 0, str(text)
        while True:
            match = _TERM.match(source, at)
            if match is None:
                raise problem(422, "The filter expression cannot be read.", "INVALID_FILTER")
            tests.append(self._term(match[1], match[2], match[3]))
            at = match.end()
            if at == len(source):
                break
            join = _JOIN.match(source, at)
            if join is None:
                raise problem(422, "The filter expression cannot be read.", "INVALID_FILTER")
            joins.add(join[1])
            at = join.end()
        if len(joins) > 1:
            raise problem(422, "A filter may use and or or, not both.", "INVALID_FILTER")
        every = all if joins != {"or"} else any
        return lambda row: every(test(row) for test in tests)

    def _term(self, name: str, operator: str, literal: str) -> Test:
        known = self._known.get(name)
        if known is None:
            raise problem(422, f"Unknown filter field {name[:40]}.", "INVALID_FILTER")
        kind = known.type
        if operator == "in":
            wanted = [_comparable(value, kind) for value in _values(literal)]
            if len(wanted) > 1 and kind != "options":
                raise problem(422, f"in with several values is not supported for {name}.", "INVALID_FILTER")
            return lambda row: _comparable(row[name], kind) in wanted
        if operator in _ORDERED and kind not in ("int", "date"):
            raise problem(422, f"{operator} is not supported for {name}.", "INVALID_FILTER")
        value = _comparable(_values(literal)[0], kind)
        return lambda row: _COMPARE[operator](_comparable(row[name], kind), value)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "lt": lambda a, b: a < b, "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
}  # fmt: skip


def _values(literal: str) -> list[str]:
    inner = literal[1:-1] if literal.startswith("(") else literal
    found = [match[1] for match in _LITERAL.finditer(inner)]
    return [value[1:-1].replace("''", "'") if value.startswith("'") else value for value in found] or [""]


def _comparable(value: str, kind: str) -> Any:
    """Make values comparable: numbers as numbers, everything else without regard to case."""
    if kind == "int":
        return int(value) if value.lstrip("-").isdigit() else 0
    return value.casefold()


def _whole(body: Mapping[str, Any], name: str, default: int, largest: int) -> int:
    value = body.get(name, default)
    if type(value) is not int or not 1 <= value <= largest:
        raise problem(422, f"{name} must be a whole number from 1 to {largest}.", "INVALID_PAGINATION")
    return value
