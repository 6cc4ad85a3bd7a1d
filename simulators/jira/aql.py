r"""Assets Query Language: what a client needs of it.

`attribute operator value` with AND, OR, NOT, brackets and ORDER BY. Operators: `=` (whatever the case), `==` (case
matters), `!=`, `<`, `<=`, `>`, `>=`, (NOT) LIKE, (NOT) STARTSWITH, (NOT) ENDSWITH, (NOT) IN, IS (NOT) EMPTY, and the
dot: `Owner.Name = …`. Keywords: objectSchema, objectSchemaId, objectType, objectTypeId, objectId, Key, label,
anyAttribute; function objectTypeAndChildren("X"). A value with a blank is quoted; `"` and `\` are escaped by `\`; a
name that no attribute of the workspace has makes the query invalid (support.atlassian.com, "Use Assets Query Language
(AQL)", read 2026-11-22). `objectType = X` leaves out the children of X. Everything else of the language is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from simulators.jira.lexer import QueryError, Reader, tokens
from simulators.jira.store import DEFAULT, REFERENCE, Attribute, Obj, Store
from simulators.jira.values import Values

Test = Callable[[Obj], bool]
_KEYWORDS = {
    "objectschema", "objectschemaid", "objecttype", "objecttypeid", "objectid", "key", "label", "anyattribute",
}  # fmt: skip
_NEGATIONS = {"!=": "=", "NOT LIKE": "LIKE", "NOT STARTSWITH": "STARTSWITH", "NOT ENDSWITH": "ENDSWITH"}


@dataclass(slots=True)
class Part:
    """A compiled condition: `ids` bounds the objects that can satisfy `test`; None for no bound."""

    test: Test
    ids: set[int] | None = None


@dataclass(slots=True)
class Plan:
    """A compiled query; `order` holds (attribute or keyword in lower case, descending)."""

    where: Part
    order: list[tuple[str, bool]] = field(default_factory=list)


class Aql:
    """Runs queries over one workspace.

    Args:
        store: The workspace.
        values: Renders what is compared.
    """

    def __init__(self, store: Store, values: Values) -> None:
        self._store = store
        self._values = values

    def run(self, query: str) -> list[Obj]:
        """List the objects a query finds; without ORDER BY by label.

        Raises:
            QueryError: The query is not valid.
        """
        plan = self._compile(query)
        ids = self._store.objects.keys() if plan.where.ids is None else plan.where.ids
        found = [self._store.objects[number] for number in ids]
        found = [obj for obj in found if plan.where.test(obj)]
        found.sort(key=lambda obj: obj.id)
        if not plan.order:
            found.sort(key=lambda obj: self._store.label(obj).lower())
        for name, descending in reversed(plan.order):
            found.sort(key=self._sorter(name), reverse=descending)
        return found

    # -- parsing ----------------------------------------------------------

    def _compile(self, query: str) -> Plan:
        reader = Reader(tokens(query))
        everything = Part(lambda _obj: True)
        where = everything if reader.done() or reader.peek().is_word("ORDER") else self._either(reader, 0)
        plan = Plan(where)
        if reader.words("ORDER", "BY"):
            while True:
                name = reader.value().lower()
                self._known(name)
                descending = reader.words("DESC")
                if not descending:
                    reader.words("ASC")
                plan.order.append((name, descending))
                if not reader.symbol(","):
                    break
        if not reader.done():
            token = reader.peek()
            msg = f"unexpected {token.text[:40]!r} at position {token.start + 1}"
            raise QueryError(msg)
        return plan

    def _either(self, reader: Reader, depth: int) -> Part:
        parts = [self._both(reader, depth)]
        while reader.words("OR"):
            parts.append(self._both(reader, depth))
        if len(parts) == 1:
            return parts[0]
        bounds = [part.ids for part in parts]
        ids = None if any(bound is None for bound in bounds) else set().union(*(b for b in bounds if b is not None))
        return Part(lambda obj: any(part.test(obj) for part in parts), ids)

    def _both(self, reader: Reader, depth: int) -> Part:
        parts = [self._single(reader, depth)]
        while reader.words("AND"):
            parts.append(self._single(reader, depth))
        if len(parts) == 1:
            return parts[0]
        bounds = [part.ids for part in parts if part.ids is not None]
        return Part(lambda obj: all(part.test(obj) for part in parts), min(bounds, key=len) if bounds else None)

    def _single(self, reader: Reader, depth: int) -> Part:
        if depth > 50:
            msg = "the query is nested too deeply"
            raise QueryError(msg)
        if reader.words("NOT"):
            inner = self._single(reader, depth + 1)
            return Part(lambda obj: not inner.test(obj))
        if reader.symbol("("):
            part = self._either(reader, depth + 1)
            reader.expect(")")
            return part
        return self._condition(reader)

    def _condition(self, reader: Reader) -> Part:
        path = _path(reader)
        if len(path) == 1:
            self._known(path[0].lower())
        operator = _operator(reader)
        wanted = [] if operator.endswith("EMPTY") else _operands(reader, operator)
        if path[0].lower() in _KEYWORDS and len(path) == 1:
            return self._keyword(path[0].lower(), operator, wanted)
        return self._attribute(path, operator, wanted)

    def _known(self, name: str) -> None:
        if name not in _KEYWORDS and not self._store.named(name):
            msg = f"No attribute with the name {name[:60]!r} exists in the object schemas"
            raise QueryError(msg)

    # -- meaning ----------------------------------------------------------

    def _keyword(self, name: str, operator: str, wanted: list[str]) -> Part:
        if wanted[:1] == ["objectTypeAndChildren()"]:
            if name not in ("objecttype", "objecttypeid") or operator != "IN":
                msg = "objectTypeAndChildren is only known for objectType IN"
                raise QueryError(msg)
            kinds = {below for kind in self._kinds(name, wanted[1:]) for below in self._store.children(kind)}
            return Part(lambda obj: obj.type in kinds, self._store.of_type(kinds))
        if name in ("objecttype", "objecttypeid", "objectschema", "objectschemaid"):
            positive = {"=": True, "==": True, "IN": True, "!=": False, "NOT IN": False}.get(operator)
            if positive is None:
                msg = f"operator {operator} is not known for {name}"
                raise QueryError(msg)
            kinds = set(self._kinds(name, wanted))
            if positive:
                return Part(lambda obj: obj.type in kinds, self._store.of_type(kinds))
            return Part(lambda obj: obj.type not in kinds)
        if name == "anyattribute":
            return Part(lambda obj: any(_holds(operator, self._texts(obj, a), wanted) for a in self._of(obj)))
        if name == "label":
            return Part(lambda obj: _holds(operator, [[self._store.label(obj)]], wanted))
        read: Callable[[Obj], str] = (lambda obj: obj.key) if name == "key" else (lambda obj: str(obj.id))
        ids = None
        if operator in ("=", "==", "IN"):
            keys = self._store.by_key
            numbers = [keys.get(w.upper(), 0) if name == "key" else _number(w) for w in wanted]
            ids = {number for number in numbers if number in self._store.objects}
        return Part(lambda obj: _holds(operator, [[read(obj)]], wanted), ids)

    def _kinds(self, name: str, wanted: list[str]) -> list[int]:
        lower = {text.lower() for text in wanted}
        found = []
        for kind in self._store.types.values():
            schema = self._store.schemas[kind.schema]
            text = {
                "objecttype": kind.name, "objecttypeid": str(kind.id), "objectschema": schema.name,
                "objectschemaid": str(schema.id),
            }[name]  # fmt: skip
            if text.lower() in lower:
                found.append(kind.id)
        return found

    def _attribute(self, path: list[str], operator: str, wanted: list[str]) -> Part:
        if len(path) > 1:
            inner = self._attribute(path[1:], operator, wanted) if not self._is_keyword(path[1:]) else None
            step = inner or self._keyword(path[1].lower(), operator, wanted)
            self._known(path[0].lower())
            return Part(lambda obj: any(step.test(other) for other in self._referenced(obj, path[0])))
        self._known(path[0].lower())
        name = path[0].lower()
        ids: set[int] | None = None
        if operator in ("=", "==", "IN") and all(a.kind == DEFAULT and not a.system for a in self._store.named(name)):
            ids = set()
            for about in self._store.named(name):
                for text in wanted:
                    ids |= self._store.holders(about.id, text)
        return Part(lambda obj: self._matches(obj, name, operator, wanted), ids)

    @staticmethod
    def _is_keyword(path: list[str]) -> bool:
        return len(path) == 1 and path[0].lower() in _KEYWORDS

    def _matches(self, obj: Obj, name: str, operator: str, wanted: list[str]) -> bool:
        about = next((a for a in self._of(obj) if a.name.lower() == name), None)
        if about is None:
            return False
        return _holds(operator, self._texts(obj, about), wanted)

    def _of(self, obj: Obj) -> list[Attribute]:
        return self._store.attributes_of(obj.type)

    def _texts(self, obj: Obj, about: Attribute) -> list[list[str]]:
        """List what each value of an attribute may be called in a query."""
        found = []
        for text in self._values.of(obj, about):
            shown, search = self._values.display(about, text), self._values.search(about, text)
            found.append([search, text] if about.kind == DEFAULT else [search, shown, text, f"{shown} ({search})"])
        return found

    def _referenced(self, obj: Obj, name: str) -> list[Obj]:
        wanted = name.lower()
        about = next((a for a in self._of(obj) if a.name.lower() == wanted and a.kind == REFERENCE), None)
        numbers = obj.values.get(about.id, []) if about else []
        return [self._store.objects[int(number)] for number in numbers if int(number) in self._store.objects]

    def _sorter(self, name: str) -> Callable[[Obj], tuple[int, float, str]]:
        def key(obj: Obj) -> tuple[int, float, str]:
            if name in ("objectid", "key"):
                return (0, obj.id, "")
            if name == "label":
                return (0, 0, self._store.label(obj).lower())
            about = next((a for a in self._of(obj) if a.name.lower() == name), None)
            texts = self._values.of(obj, about) if about else []
            if about is None or not texts:
                return (1, 0, "")
            number = _float(texts[0]) if about.kind == DEFAULT and about.default_type in (1, 3) else None
            return (0, number or 0.0, "" if number is not None else self._values.display(about, texts[0]).lower())

        return key


def _path(reader: Reader) -> list[str]:
    """Read `Name`, `"Belongs to".Name` or `Owner."Full name"`."""
    token = reader.next()
    if token.kind == "symbol" or token.is_word("AND", "OR", "ORDER", "IN", "LIKE", "IS"):
        msg = f"expected an attribute at position {token.start + 1}, found {token.text[:40]!r}"
        raise QueryError(msg)
    parts = [token.text] if token.kind == "text" else token.text.split(".")
    while (follows := reader.peek()).kind in ("word", "text") and follows.start == token.end:
        token = reader.next()
        more = [token.text] if token.kind == "text" else token.text.split(".")
        if parts[-1] == "" and token.kind == "text":
            parts[-1] = token.text
        elif more[0] == "":
            parts += more[1:]
        else:
            msg = f"unexpected {token.text[:40]!r} at position {token.start + 1}"
            raise QueryError(msg)
    if not all(parts):
        msg = f"an attribute without a name at position {token.start + 1}"
        raise QueryError(msg)
    return parts


def _operator(reader: Reader) -> str:
    for symbol in ("!=", "==", ">=", "<=", "=", "<", ">"):
        if reader.symbol(symbol):
            return symbol
    if reader.words("IS", "NOT", "EMPTY"):
        return "NOT EMPTY"
    if reader.words("IS", "EMPTY"):
        return "EMPTY"
    negated = reader.words("NOT")
    for word in ("IN", "LIKE", "STARTSWITH", "ENDSWITH"):
        if reader.words(word):
            return f"NOT {word}" if negated else word
    token = reader.peek()
    msg = f"expected an operator at position {token.start + 1}, found {token.text[:40]!r}"
    raise QueryError(msg)


def _operands(reader: Reader, operator: str) -> list[str]:
    if operator not in ("IN", "NOT IN"):
        found = [reader.value()]
        if reader.peek().kind == "symbol" and reader.peek().text == "(":
            msg = f"function {found[0][:40]} is not known"
            raise QueryError(msg)
        return found
    if reader.peek().is_word("OBJECTTYPEANDCHILDREN"):
        reader.next()
        reader.expect("(")
        found = ["objectTypeAndChildren()", reader.value()]
        reader.expect(")")
        return found
    reader.expect("(")
    found = [reader.value()]
    while reader.symbol(","):
        found.append(reader.value())
    reader.expect(")")
    return found


def _holds(operator: str, values: list[list[str]], wanted: list[str]) -> bool:
    """Compare; each value has several names, any of which may match."""
    if operator.endswith("EMPTY"):
        return bool(values) == (operator == "NOT EMPTY")
    if operator in _NEGATIONS:
        return not _holds(_NEGATIONS[operator], values, wanted)
    if operator == "NOT IN":
        return not _holds("IN", values, wanted)
    if operator == "IN":
        return any(_holds("=", values, [one]) for one in wanted)
    return any(_compare(operator, name, wanted[0]) for names in values for name in names)


def _compare(operator: str, text: str, wanted: str) -> bool:
    if operator == "==":
        return text == wanted
    low, want = text.lower(), wanted.lower()
    if operator == "=":
        return low == want
    if operator == "LIKE":
        return want in low
    if operator == "STARTSWITH":
        return low.startswith(want)
    if operator == "ENDSWITH":
        return low.endswith(want)
    left, right = _float(text), _float(wanted)
    a, b = (left, right) if left is not None and right is not None else (_plain(low), _plain(want))
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator]  # type: ignore[operator]


def _plain(text: str) -> str:
    """Let `2026-11-20 10:00` and `2026-11-20T10:00:00.000Z` be compared."""
    return text.replace("t", " ", 1).rstrip("z") if text[:4].isdigit() else text


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
