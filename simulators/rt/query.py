"""AssetSQL as RT 5.0.3 understands it, its silences included.

What a running 5.0.3 does with what it cannot read (2026-11-22): a condition without a value, and `IN` with a list,
match everything; a date that cannot be read is 1970, of `…T…Z` only the day counts, four digits before `seconds ago`
are a year; an unknown field is an error 400.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from datetime import UTC, datetime

from simulators.rt.store import Asset, Store

Test = Callable[[Asset], bool]
_TOKEN = re.compile(r"\s*('(?:\\.|[^'\\])*'|\(|\)|<=|>=|!=|=|<|>|,|CF\.\{[^}]*\}|[A-Za-z0-9_.]+)", re.DOTALL)
_AGO = re.compile(r"(\d+) (second|minute|hour|day)s? ago")
_UNIT = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b, ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b,
}  # fmt: skip


class QueryError(Exception):
    """RT answers 400, with words of its programming language."""


def parse(text: str, store: Store) -> Test:
    """Compile a query.

    Raises:
        QueryError: RT would answer 400.
    """
    tokens = [match[1] for match in _TOKEN.finditer(text)]
    reader = _Reader(tokens, store)
    test = reader.either()
    if reader.at < len(tokens):
        raise QueryError("Incomplete or Incorrect expression")
    return test


class _Reader:
    def __init__(self, tokens: list[str], store: Store) -> None:
        self.tokens, self.store, self.at = tokens, store, 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1] if self.at <= len(self.tokens) else ""

    def either(self) -> Test:
        tests = [self.both()]
        while self.peek().upper() == "OR":
            self.take()
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda asset: any(test(asset) for test in tests)

    def both(self) -> Test:
        tests = [self.one()]
        while self.peek().upper() == "AND":
            self.take()
            tests.append(self.one())
        return tests[0] if len(tests) == 1 else lambda asset: all(test(asset) for test in tests)

    def one(self) -> Test:
        if self.peek() == "(":
            self.take()
            test = self.either()
            if self.take() != ")":
                raise QueryError("Incomplete or Incorrect expression")
            return test
        name, operator = self.take(), self.take()
        if operator.upper() == "IN":
            while self.take() not in (")", ""):
                pass
            return lambda _: True
        if operator not in _COMPARE:
            raise QueryError("Incomplete or Incorrect expression")
        if self.peek() in ("", ")") or self.peek().upper() in ("AND", "OR"):
            return lambda _: True
        return self.condition(name, operator, _plain(self.take()))

    def condition(self, name: str, operator: str, value: str) -> Test:
        compare = _COMPARE[operator]
        if name == "id":
            number = float(value) if value.isdigit() else 0.0
            return lambda asset: compare(asset.id, number)
        if name in ("LastUpdated", "Created"):
            moment = self.moment(value)
            return lambda asset: compare(asset.updated if name == "LastUpdated" else asset.created, moment)
        if operator not in ("=", "!="):
            raise QueryError("Invalid String Op")
        return lambda asset: self.holds(asset, name, value) == (operator == "=")

    def holds(self, asset: Asset, name: str, value: str) -> bool:
        if name == "Catalog":
            return asset.catalog == self.store.find_catalog(value)
        if name.startswith("CF.{"):
            custom = self.store.find_field(name[4:-1], asset.catalog)
            held = asset.custom.get(custom.id, []) if custom else []
            return any(v is not None and v.casefold() == value.casefold() for v in held)
        texts = {"Name": asset.name, "Description": asset.description, "Status": asset.status}
        if name not in texts:
            raise QueryError("No dispatch method for class ''")
        return texts[name] == value  # as with SQLite; other databases leave case aside

    def moment(self, text: str) -> float:
        match = _AGO.fullmatch(text)
        if match and 2000 <= int(match[1]) <= 9999:  # taken for a year
            return datetime(int(match[1]), 1, 1, tzinfo=UTC).timestamp()
        if match:
            return self.store.clock.now() - int(match[1]) * _UNIT[match[2]]
        for form, shown in (("%Y-%m-%d %H:%M:%S", text), ("%Y-%m-%d", text[:10])):  # of `…T…Z` only the day counts
            with contextlib.suppress(ValueError):
                return datetime.strptime(shown, form).replace(tzinfo=UTC).timestamp()
        return 0.0


def _plain(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.DOTALL) if token.startswith("'") else token
