r"""Jira Query Language: what a client needs of it.

Clauses `field operator value` with AND, OR, NOT, brackets, ORDER BY. Fields: project, key (issuekey, id), summary,
description, text, labels, status, statusCategory, issuetype (type), priority, assignee, reporter, created, updated,
due, resolution, `cf[N]` and custom fields by name; `issue.property[key].path` for properties an app has declared
searchable. Text fields (also custom ones of one line) know `~`, `!~` and IS (NOT) EMPTY only, `=` is refused; `~` finds
words, whatever their case, a phrase with `"\"...\""`, and prefixes with `*` (support.atlassian.com, "JQL fields", "JQL
operators", "Search syntax for text fields", read 2026-11-22): whoever needs equality has to compare afterwards. Dates
are `"2026-11-22"`, `"2026-11-22 10:15"` (whole minutes) or relative (`-2d`, `-30m`). The search needs a restriction.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulators.jira import adf
from simulators.jira.access import Access, Account
from simulators.jira.issues import CATEGORIES, ISSUE_TYPES, PRIORITIES, STATUSES, Field, Issue, IssueStore
from simulators.jira.lexer import QueryError, Reader, Token, tokens
from simulators.jira.words import Words

Test = Callable[[Issue], bool]
_ALIASES = {"issuekey": "key", "id": "key", "issue": "key", "type": "issuetype", "due": "duedate"}
_TEXTS = {"summary", "description", "text"}
_LISTS = {"=", "!=", "IN", "NOT IN"}
_RANGES = {"=", "!=", "<", "<=", ">", ">="}
_EMPTY = {"IS", "IS NOT"}
_TEXT_OPERATORS = {"~", "!~", *_EMPTY}
_RELATIVE = re.compile(r"([+-]?)(\d{1,5})([wdhm])")
_UNITS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60}


@dataclass(slots=True)
class Query:
    """A parsed query; `bounded` says whether it restricts anything."""

    test: Test
    order: list[tuple[str, bool]] = field(default_factory=list)
    bounded: bool = False


class Jql:
    """Parses queries over one site.

    Args:
        issues: The issues.
        access: The people.
        searchable: Keys of issue properties that can be searched.
    """

    def __init__(self, issues: IssueStore, access: Access, searchable: set[str]) -> None:
        self._issues = issues
        self._access = access
        self._searchable = searchable

    def parse(self, text: str, account: Account) -> Query:
        """Parse a query for an account.

        Raises:
            QueryError: The query is not valid.
        """
        reader = Reader(tokens(text, quotes="\"'"))
        query = Query(lambda _issue: True)
        if not reader.done() and not reader.peek().is_word("ORDER"):
            query.test, query.bounded = self._either(reader, account, 0), True
        if reader.words("ORDER", "BY"):
            while True:
                query.order.append((self._order_field(reader), reader.words("DESC")))
                reader.words("ASC")
                if not reader.symbol(","):
                    break
            if len(query.order) > 7:
                msg = "orderBy clause can contain a maximum of 7 fields"
                raise QueryError(msg)
        if not reader.done():
            token = reader.peek()
            msg = f"Expecting either 'OR' or 'AND' but got '{token.text[:40]}'. (line 1, character {token.start + 1})"
            raise QueryError(msg)
        return query

    def sort(self, found: list[Issue], query: Query) -> list[Issue]:
        """Sort by the query's order, else newest first."""
        found = sorted(found, key=lambda issue: int(issue.id), reverse=True)
        for name, descending in reversed(query.order):
            found.sort(key=lambda issue: self._sort_key(issue, name), reverse=descending)
        return found

    def _sort_key(self, issue: Issue, name: str) -> tuple[int, str]:
        if name == "key":
            return (int(issue.id), "")
        if name in ("created", "updated"):
            return (int(getattr(issue, name) * 1000), "")
        return (0, str(issue.values.get(name, "")).lower())

    def _order_field(self, reader: Reader) -> str:
        name = self._name(reader.next())
        return self._custom(name).id if name not in {"key", "created", "updated"} and not _known(name) else name

    # -- grammar ----------------------------------------------------------

    def _either(self, reader: Reader, account: Account, depth: int) -> Test:
        tests = [self._both(reader, account, depth)]
        while reader.words("OR") or _double(reader, "||"):
            tests.append(self._both(reader, account, depth))
        return tests[0] if len(tests) == 1 else lambda issue: any(test(issue) for test in tests)

    def _both(self, reader: Reader, account: Account, depth: int) -> Test:
        tests = [self._single(reader, account, depth)]
        while reader.words("AND") or _double(reader, "&&"):
            tests.append(self._single(reader, account, depth))
        return tests[0] if len(tests) == 1 else lambda issue: all(test(issue) for test in tests)

    def _single(self, reader: Reader, account: Account, depth: int) -> Test:
        if depth > 50:
            msg = "The query is too deeply nested"
            raise QueryError(msg)
        if reader.words("NOT"):
            inner = self._single(reader, account, depth + 1)
            return lambda issue: not inner(issue)
        if reader.symbol("("):
            test = self._either(reader, account, depth + 1)
            reader.expect(")")
            return test
        return self._clause(reader, account)

    def _clause(self, reader: Reader, account: Account) -> Test:
        token = reader.next()
        name = self._name(token)
        operator = _operator(reader)
        values = _values(reader, operator)
        if name.startswith("issue.property["):
            return self._property(name, operator, values)
        if name in ("created", "updated"):
            _allowed(operator, _RANGES, name)
            moment = _moment(values[0], self._issues.clock.now(), name)
            return lambda issue: _compare(operator, int(getattr(issue, name) // 60), int(moment // 60))
        if name in _TEXTS:
            return self._text(name, operator, values)
        if name == "project":
            return self._in(name, operator, self._projects(values), lambda issue: [issue.project])
        if name == "key":
            return self._keys(operator, values)
        reader_of = self._system(name, values, account)
        if reader_of is not None:
            wanted, read = reader_of
            return self._in(name, operator, wanted, read)
        return self._custom_clause(self._custom(name), operator, values, account)

    def _name(self, token: Token) -> str:
        if token.kind == "symbol" or token.is_word("AND", "OR", "EMPTY", "NULL", "ORDER", "IN", "IS"):
            msg = f"Expecting a field name but got '{token.text[:40]}'. (line 1, character {token.start + 1})"
            raise QueryError(msg)
        low = token.text.lower()
        return _ALIASES.get(low, low)

    # -- meaning ----------------------------------------------------------

    def _system(
        self, name: str, values: list[str], account: Account
    ) -> tuple[set[str], Callable[[Issue], list[str]]] | None:
        """Return what a system field is compared with, and how it is read; None where it is no system field."""
        categories = {key: key for key in CATEGORIES} | {c[2].lower(): key for key, c in CATEGORIES.items()}
        if name == "status":
            return _ids(name, values, {k: v[0] for k, v in STATUSES.items()}), lambda issue: [issue.status]
        if name == "statuscategory":
            wanted = _ids("statusCategory", values, {v: k for k, v in categories.items()} | categories)
            wanted = {categories.get(one.lower(), one) for one in wanted}
            return wanted, lambda issue: [STATUSES[issue.status][1]]
        if name == "issuetype":
            return _ids(name, values, ISSUE_TYPES), lambda issue: [issue.type]
        if name == "priority":
            return _ids(name, values, PRIORITIES), lambda issue: _list(issue.values.get("priority"))
        if name == "labels":
            return set(values), lambda issue: issue.values.get("labels") or []
        if name == "assignee":
            return self._people(values, account), lambda issue: _list(issue.values.get("assignee"))
        if name == "reporter":
            return self._people(values, account), lambda issue: [issue.reporter]
        if name == "resolution":
            done = {"done", "10000"}
            return {"done" if v.lower() in done else v for v in values}, _resolution
        return None

    def _in(self, name: str, operator: str, wanted: set[str], read: Callable[[Issue], list[str]]) -> Test:
        _allowed(operator, _LISTS | _EMPTY, name)
        if operator in _EMPTY:
            return lambda issue: bool(read(issue)) == (operator == "IS NOT")
        if operator in ("=", "IN"):
            return lambda issue: any(value in wanted for value in read(issue))
        return lambda issue: bool(read(issue)) and not any(value in wanted for value in read(issue))

    def _keys(self, operator: str, values: list[str]) -> Test:
        _allowed(operator, _LISTS, "key")
        wanted = set()
        for value in values:
            issue = self._issues.find(value)
            if issue is None:
                msg = f"An issue with key '{value[:40]}' does not exist for field 'key'."
                raise QueryError(msg)
            wanted.add(issue.id)
        return lambda issue: (issue.id in wanted) == (operator in ("=", "IN"))

    def _projects(self, values: list[str]) -> set[str]:
        found = set()
        for value in values:
            low = value.lower()
            ids = {p.id for p in self._issues.projects.values() if low in (p.key.lower(), p.name.lower(), p.id)}
            if not ids:
                msg = f"The value '{value[:40]}' does not exist for the field 'project'."
                raise QueryError(msg)
            found |= ids
        return found

    def _people(self, values: list[str], account: Account) -> set[str]:
        return {account.account_id if value.lower() == "currentuser()" else value for value in values}

    def _text(self, name: str, operator: str, values: list[str]) -> Test:
        _allowed(operator, _TEXT_OPERATORS if name != "text" else {"~"}, name)
        if operator in _EMPTY:
            return lambda issue: bool(issue.values.get(name)) == (operator == "IS NOT")
        wanted = Words(values[0], name)
        return lambda issue: wanted.found(self._words(issue, name)) == (operator == "~")

    def _words(self, issue: Issue, name: str) -> list[str]:
        """List the texts a text clause looks at."""
        if name != "text":
            value = issue.values.get(name)
            return [adf.text(value) if isinstance(value, dict) else str(value or "")]
        texts = [adf.text(comment.body) for comment in issue.comments]
        for about in self._issues.fields.values():
            value = issue.values.get(about.id)
            if about.kind in ("text", "area") and value:
                texts.append(adf.text(value) if isinstance(value, dict) else str(value))
        return texts

    def _custom(self, name: str) -> Field:
        number = name.removeprefix("cf[").removesuffix("]")
        found = [
            about
            for about in self._issues.fields.values()
            if about.name.lower() == name or about.id == f"customfield_{number}" or about.id == name
        ]
        if not found:
            msg = f"Field '{name[:60]}' does not exist or you do not have permission to view it."
            raise QueryError(msg)
        return found[0]

    def _custom_clause(self, about: Field, operator: str, values: list[str], account: Account) -> Test:
        if about.kind in ("text", "area"):
            return self._text(about.id, operator, values)
        if about.kind == "number":
            _allowed(operator, _RANGES | _EMPTY, about.name)
            return self._ranged(
                about, operator, [float(v) for v in values if re.fullmatch(r"-?\d{1,20}(\.\d{1,20})?", v, re.ASCII)]
            )
        if about.kind == "date":
            _allowed(operator, _RANGES | _EMPTY, about.name)
            now = self._issues.clock.now()
            return self._ranged(about, operator, [_day(_moment(value, now, about.name)) for value in values])
        if about.kind == "cmdb":
            msg = f"The operator '{operator}' is not simulated for '{about.name}': use aqlFunction in Jira"
            raise QueryError(msg)
        wanted = self._people(values, account) if about.kind == "user" else set(values)
        return self._in(about.name, operator, wanted, lambda issue: _list(issue.values.get(about.id)))

    def _ranged(self, about: Field, operator: str, values: list[Any]) -> Test:
        if operator in _EMPTY:
            return lambda issue: (issue.values.get(about.id) is not None) == (operator == "IS NOT")
        if not values:
            msg = f"The value is not valid for the field '{about.name}'."
            raise QueryError(msg)

        def test(issue: Issue) -> bool:
            value = issue.values.get(about.id)
            return value is not None and _compare(operator, value, values[0])

        return test

    def _property(self, name: str, operator: str, values: list[str]) -> Test:
        match = re.fullmatch(r"issue\.property\[([^\]]+)\]\.([\w.]+)", name)
        if match is None or match[1] not in {key.lower() for key in self._searchable}:
            msg = f"Field '{name[:80]}' does not exist or you do not have permission to view it."
            raise QueryError(msg)
        wanted = set(values)
        return self._in(name, operator, wanted, lambda issue: _inside(issue.properties, match[1], match[2]))


def _double(reader: Reader, sign: str) -> bool:
    if reader.peek().kind == "word" and reader.peek().text == sign:
        reader.next()
        return True
    return False


def _operator(reader: Reader) -> str:
    for symbol in ("!=", "!~", ">=", "<=", "=", "~", "<", ">"):
        if reader.symbol(symbol):
            return symbol
    if reader.words("NOT", "IN"):
        return "NOT IN"
    if reader.words("IN"):
        return "IN"
    if reader.words("IS", "NOT"):
        return "IS NOT"
    if reader.words("IS"):
        return "IS"
    token = reader.peek()
    where = f"(line 1, character {token.start + 1})" if token.kind != "end" else "at the end of the query"
    msg = f"Expecting operator but got '{token.text[:40]}'. The valid operators are '=', '!=', '<', '>', '<=', '>=', "
    raise QueryError(msg + f"'~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'. {where}")


def _values(reader: Reader, operator: str) -> list[str]:
    if operator in _EMPTY:
        if not (reader.words("EMPTY") or reader.words("NULL")):
            msg = "The operator IS supports EMPTY only."
            raise QueryError(msg)
        return []
    if operator not in ("IN", "NOT IN"):
        return [_value(reader)]
    reader.expect("(")
    found = [_value(reader)]
    while reader.symbol(","):
        found.append(_value(reader))
    reader.expect(")")
    return found


def _value(reader: Reader) -> str:
    text = reader.value()
    if reader.symbol("("):
        reader.expect(")")
        if text.lower() != "currentuser":
            msg = f"Unable to find JQL function '{text[:40]}()'."
            raise QueryError(msg)
        return "currentUser()"
    return text


def _allowed(operator: str, known: set[str], name: str) -> None:
    if operator not in known:
        msg = f"The operator '{operator.lower()}' is not supported by the '{name}' field."
        raise QueryError(msg)


def _known(name: str) -> bool:
    return name in {"summary", "priority", "labels", "assignee", "duedate", "description"}


def _ids(name: str, values: list[str], known: dict[str, str]) -> set[str]:
    found = set()
    for value in values:
        ids = {number for number, text in known.items() if value.lower() in (number.lower(), text.lower())}
        if not ids:
            msg = f"The value '{value[:40]}' does not exist for the field '{name}'."
            raise QueryError(msg)
        found |= ids
    return found


def _list(value: Any) -> list[str]:
    if value in (None, ""):
        return []
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _resolution(issue: Issue) -> list[str]:
    return ["done"] if STATUSES[issue.status][1] == "done" else []


def _inside(properties: dict[str, Any], key: str, path: str) -> list[str]:
    value: Any = next((v for k, v in properties.items() if k.lower() == key), None)
    for part in path.split("."):
        inner = value.items() if isinstance(value, dict) else ()
        value = next((v for k, v in inner if k.lower() == part), None)
    return _list(value)


def _moment(text: str, now: float, name: str) -> float:
    """Read a date of a query, in UTC, the time zone of every account here."""
    match = _RELATIVE.fullmatch(text)
    if match:
        sign = 1 if match[1] == "+" else -1
        return now + sign * int(match[2]) * _UNITS[match[3]]
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y/%m/%d %H:%M", "%Y/%m/%d"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    msg = (
        f"Date value '{text[:40]}' for field '{name}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
        "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
    )
    raise QueryError(msg)


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()


def _compare(operator: str, left: Any, right: Any) -> bool:
    return bool({
        "=": left == right, "!=": left != right, "<": left < right, "<=": left <= right, ">": left > right,
        ">=": left >= right,
    }[operator])  # fmt: skip
