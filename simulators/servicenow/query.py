"""Encoded queries (docs_rest/c_TableAPI.md, r_OpAvailableFiltersQueries.md, c_EncodedQueryStrings.md).

`^` joins conditions with AND, `^OR` adds an alternative to the condition before it, `^NQ` starts another query whose
result is added, `^^` is a caret inside a value. Names, operators and values are case-sensitive. A condition that cannot
be understood, or names an unknown field, is left out (unless `glide.invalid_query.returns_no_rows` is true).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from simulators.servicenow.schema import Column
from simulators.servicenow.store import Row, Store

_CONDITION = re.compile(
    r"^([a-z_][a-z0-9_.]*)"
    r"(ISNOTEMPTY|ISEMPTY|NOTEMPTY|EMPTYSTRING|ANYTHING|NOT IN|NOT LIKE|NOTLIKE|INSTANCEOF|IN|LIKE|STARTSWITH|ENDSWITH"
    r"|BETWEEN|NSAMEAS|SAMEAS|DATEPART|RELATIVE[A-Z]+|NOTON|ON|MORETHAN|LESSTHAN|DYNAMIC|CONTAINS"
    r"|(?:GT|LT)(?:_OR_EQUALS)?_FIELD|!=|>=|<=|=|>|<)"
    r"(.*)$",
    re.DOTALL,
)
_NOT_SIMULATED = re.compile(r"DATEPART|RELATIVE|NOTON|ON$|MORETHAN|LESSTHAN|DYNAMIC|_FIELD|CONTAINS")


class NotSimulatedError(Exception):
    """The query uses something the documents describe and this simulator does not serve."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison; `columns` is the resolved field path."""

    path: str
    operator: str
    value: str
    columns: tuple[Column, ...]


@dataclass(slots=True)
class Query:
    """A parsed query: alternatives (`^NQ`) of conjunctions of alternatives (`^OR`), and the order.

    Attributes:
        groups: Per `^NQ` part the AND list; each member is an OR list.
        order: Field paths with their columns, true for descending.
        invalid: Parts that were left out.
    """

    groups: list[list[list[Condition]]] = field(default_factory=lambda: [[]])
    order: list[tuple[str, tuple[Column, ...], bool]] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)


def split_terms(text: str) -> list[str]:
    """Split at single carets; `^^` stays in the term as one caret."""
    terms, current, index = [], [], 0
    while index < len(text):
        if text[index] != "^":
            current.append(text[index])
            index += 1
        elif text[index : index + 2] == "^^":
            current.append("^")
            index += 2
        else:
            terms.append("".join(current))
            current = []
            index += 1
    return [*terms, "".join(current)]


def parse(store: Store, table: str, text: str) -> Query:
    """Read an encoded query for a table.

    Raises:
        NotSimulatedError: Scripts, related-list and text queries, date operators.
    """
    query = Query()
    if "javascript:" in text:
        msg = "javascript: in queries"
        raise NotSimulatedError(msg)
    for term in split_terms(text):
        if not term or term in ("EQ", "NQ"):
            if term == "NQ":
                query.groups.append([])
        elif term.startswith("ORDERBY"):
            _order(store, table, term, query)
        elif term.startswith("NQ"):
            query.groups.append([])
            _add(store, table, term[2:], query, alternative=False)
        elif term.startswith("OR"):
            _add(store, table, term[2:], query, alternative=True)
        elif term.startswith(("RLQUERY", "ENDRLQUERY", "123TEXT", "GROUPBY", "GOTO")):
            raise NotSimulatedError(term.split("=")[0][:20])
        else:
            _add(store, table, term, query, alternative=False)
    return query


def _order(store: Store, table: str, term: str, query: Query) -> None:
    descending = term.startswith("ORDERBYDESC")
    path = term[11 if descending else 7 :]
    columns = store.schema.column(table, path)
    if columns is None:
        query.invalid.append(term)
    else:
        query.order.append((path, tuple(columns), descending))


def _add(store: Store, table: str, term: str, query: Query, *, alternative: bool) -> None:
    match = _CONDITION.match(term)
    columns = store.schema.column(table, match[1]) if match else None
    if match is None or columns is None:
        query.invalid.append(term)
        return
    if _NOT_SIMULATED.search(match[2]):
        msg = f"operator {match[2]}"
        raise NotSimulatedError(msg)
    condition = Condition(match[1], match[2], match[3], tuple(columns))
    if columns[-1].kind == "boolean" and (match[2], match[3]) == ("=", "false"):
        condition = Condition(match[1], "IN", "false,", tuple(columns))  # an empty true/false field is false
    group = query.groups[-1]
    if alternative and group:
        group[-1].append(condition)
    else:
        group.append([condition])


def value_of(store: Store, row: Row, path: str, columns: Iterable[Column]) -> str:
    """Read a (dot-walked) field; empty where a reference on the way is empty or broken."""
    if "." not in path:
        return row.get(path, "")
    current: Row | None = row
    value = ""
    parts = path.split(".")
    for index, (part, column) in enumerate(zip(parts, columns, strict=True)):
        if current is None:
            return ""
        value = current.get(part, "")
        if index + 1 < len(parts):
            current = store.get(column.table, value) if value else None
    return value


def run(store: Store, table: str, query: Query) -> list[Row]:
    """List the rows of a table that a query selects, in its order; without one, oldest first."""
    if len(query.groups) == 1:
        found = _group(store, table, query.groups[0])
    else:
        seen: dict[str, Row] = {}
        for group in query.groups:
            for row in _group(store, table, group):
                seen.setdefault(row["sys_id"], row)
        found = list(seen.values())
    for path, columns, descending in reversed(query.order):
        number = columns[-1].kind == "number"
        found.sort(key=_key(store, path, columns, number=number), reverse=descending)
    return found


def _key(store: Store, path: str, columns: tuple[Column, ...], *, number: bool) -> Callable[[Row], tuple[float, str]]:
    if "." not in path and not number:
        return lambda row: (0.0, row.get(path, ""))
    if number:
        return lambda row: (_number(value_of(store, row, path, columns)), "")
    return lambda row: (0.0, value_of(store, row, path, columns))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("-inf")


def _group(store: Store, table: str, clauses: list[list[Condition]]) -> list[Row]:
    start, rest = _indexed(store, table, clauses)
    tests = [[_test(store, condition) for condition in clause] for clause in rest]
    if not tests:
        return start
    if all(len(clause) == 1 for clause in tests):
        single = [clause[0] for clause in tests]
        return [row for row in start if all(test(row) for test in single)]
    return [row for row in start if all(any(test(row) for test in clause) for clause in tests)]


def _indexed(store: Store, table: str, clauses: list[list[Condition]]) -> tuple[list[Row], list[list[Condition]]]:
    """Start from the smallest set an index gives; returns it with the clauses still to be tested."""
    best: list[Row] | None = None
    chosen = -1
    for number, clause in enumerate(clauses):
        if not all(c.operator in ("=", "IN") and "." not in c.path for c in clause):
            continue
        if len({c.path for c in clause}) != 1:
            continue
        values = [v for c in clause for v in (c.value.split(",") if c.operator == "IN" else [c.value])]
        found = store.find(table, clause[0].path, values)
        if best is None or len(found) < len(best):
            best, chosen = found, number
    if best is None:
        return store.rows(table), clauses
    return best, [clause for number, clause in enumerate(clauses) if number != chosen]


def _test(store: Store, condition: Condition) -> Callable[[Row], bool]:
    path, columns, operator, value = condition.path, condition.columns, condition.operator, condition.value
    if "." in path:
        read: Callable[[Row], str] = lambda row: value_of(store, row, path, columns)  # noqa: E731
    else:
        read = lambda row: row.get(path, "")  # noqa: E731
    if operator in ("IN", "NOT IN"):
        wanted = frozenset(value.split(","))
        return (lambda row: read(row) in wanted) if operator == "IN" else (lambda row: read(row) not in wanted)
    if operator == "INSTANCEOF":
        classes = store.schema.tables[value].classes if value in store.schema.tables else set()
        return lambda row: read(row) in classes
    if operator in (">", "<", ">=", "<=", "BETWEEN"):
        return _ordered(read, operator, value, number=columns[-1].kind in ("number", "money"))
    if operator in ("SAMEAS", "NSAMEAS"):
        return lambda row: (read(row) == row.get(value, "")) == (operator == "SAMEAS")
    return _plain(read, operator, value)


def _plain(read: Callable[[Row], str], operator: str, value: str) -> Callable[[Row], bool]:
    tests: dict[str, Callable[[Row], bool]] = {
        "=": lambda row: read(row) == value,
        "!=": lambda row: read(row) != value,
        "LIKE": lambda row: value in read(row),
        "NOT LIKE": lambda row: value not in read(row),
        "NOTLIKE": lambda row: value not in read(row),
        "STARTSWITH": lambda row: read(row).startswith(value),
        "ENDSWITH": lambda row: read(row).endswith(value),
        "ISEMPTY": lambda row: not read(row),
        "EMPTYSTRING": lambda row: not read(row),
        "ISNOTEMPTY": lambda row: bool(read(row)),
        "NOTEMPTY": lambda row: bool(read(row)),
        "ANYTHING": lambda _row: True,
    }
    return tests[operator]


def _ordered(read: Callable[[Row], str], operator: str, value: str, *, number: bool) -> Callable[[Row], bool]:
    def rank(text: str) -> tuple[float, str]:
        return (_number(text), "") if number else (0.0, text)

    if operator == "BETWEEN":
        low, _, high = value.partition("@")
        return lambda row: bool(read(row)) and rank(low) <= rank(read(row)) <= rank(high)
    limit = rank(value)
    compare: dict[str, Callable[[tuple[float, str]], bool]] = {
        ">": lambda found: found > limit,
        "<": lambda found: found < limit,
        ">=": lambda found: found >= limit,
        "<=": lambda found: found <= limit,
    }
    test = compare[operator]
    return lambda row: bool(read(row)) and test(rank(read(row)))
