"""One Python function per class of a field map, written from its compiled rules.

Calling a closure per field costs more than most fields do, so the rules of a class become the source of one function:
each payload path is read once, values already met are looked up, and only what is new runs its chain. `source` shows
the text. It does what the rules' own `fill` does, one after the other; a property test holds both to that, and `trace`
keeps to the rules themselves.

Names of fields and paths go in as constants, never as code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mapping.filters import Filter, FilterError
from mapping.paths import PayloadPath, compile_one
from mapping.resolve import EMPTY, MAX_VALUES
from mapping.rules import CompiledRule, Fill, collect
from synchub.domain.records import CLEAR, FieldWarning

MAX_CACHED = 200  # characters of a remembered raw value
TRIAL = 512  # raw values after which a field shows whether they come again
CACHE = 2048  # raw values remembered per field; forgotten all at once when full
_MISSING: dict[str, Any] = {}
_TELLABLE = frozenset({str, int, type(None)})  # equal values of these are the same value; 1 and True are not


class Memo(dict[Any, Any]):
    """What became of raw values. When they hardly ever come again it takes itself out of the way.

    Args:
        compute: Gives the result for a raw value.
        calls: Gives how many records were mapped so far.
        give_up: Called when remembering is not worth it.
    """

    __slots__ = ("_calls", "_compute", "_give_up", "_judged_at", "_since")

    def __init__(self, compute: Callable[[Any], Any], calls: Callable[[], int], give_up: Callable[[], None]) -> None:
        super().__init__()
        self._compute, self._calls, self._give_up = compute, calls, give_up
        self._since = calls()
        self._judged_at = TRIAL

    def __missing__(self, raw: Any) -> Any:
        value = self._compute(raw)
        if raw.__class__ is not str or len(raw) <= MAX_CACHED:
            self[raw] = value
            if len(self) >= self._judged_at:
                self._judge()
        return value

    def _judge(self) -> None:
        met = self._calls() - self._since
        if met < (1.1 if self._judged_at == TRIAL else 1.3) * len(self):
            self._give_up()
        elif self._judged_at == TRIAL:
            self._judged_at = CACHE
            return
        self._since += met
        self.clear()


class Generated:
    """The functions of one field map.

    Attributes:
        sources: Class -> text of its function, for people.
    """

    def __init__(self) -> None:
        self.sources: dict[str, str] = {}
        self._mapped = 0

    def count(self) -> None:
        """Note that a record is mapped."""
        self._mapped += 1

    def _calls(self) -> int:
        return self._mapped

    def program(self, cls: str, rules: Sequence[CompiledRule], *, shown: bool = True) -> Fill:
        """Write and compile the function that fills the fields of a class, in the order of the rules.

        The payload must be a dict; `fields` and `warnings` are filled. Where `shown` the text is kept in `sources`.
        """
        writer = _Writer(self)
        for rule in rules:
            writer.rule(rule)
        text, space = writer.text(), writer.space
        if shown:
            self.sources[cls] = text
        exec(compile(text, f"<field map of {cls}>", "exec"), space)  # noqa: S102 - our own text
        fill: Fill = space["fill"]
        return fill

    def condition(self, holds: Filter) -> Callable[[Any], bool]:
        """Return a condition that remembers its answers by what it reads, where that is texts and whole numbers."""
        getters = [compile_one(PayloadPath("", keys)) for keys in holds.paths]
        evaluate = holds.holds
        known: dict[Any, bool] = {}
        find = known.get
        many = len(getters) != 1
        only = getters[0] if getters else None

        def told(payload: Any) -> bool:
            key: Any = tuple([get(payload) for get in getters]) if many or only is None else only(payload)
            if many:
                if not _TELLABLE.issuperset([part.__class__ for part in key]):
                    return evaluate(payload)
            elif key.__class__ not in _TELLABLE:
                return evaluate(payload)
            answer = find(key)
            if answer is None:
                answer = evaluate(payload)
                if len(known) >= CACHE:
                    known.clear()
                known[key] = answer
            return answer

        return told


class _Writer:
    """Writes one function."""

    def __init__(self, owner: Generated) -> None:
        self.owner = owner
        self.space: dict[str, Any] = {
            "none": _MISSING.get, "Warning_": FieldWarning, "FilterError": FilterError, "EMPTY": EMPTY, "CLEAR": CLEAR,
            "no_context": {},
        }  # fmt: skip
        self._lines: list[str] = []
        self._values: dict[tuple[str, ...], str] = {}
        self._objects: dict[tuple[str, ...], str] = {(): "get"}

    def text(self) -> str:
        """Return the whole function."""
        body = "\n".join(f"    {line}" for line in self._lines) or "    pass"
        return f"def fill(payload, fields=None, warnings=None):\n    get = payload.get\n{body}\n"

    def rule(self, rule: CompiledRule) -> None:
        """Add one rule."""
        n = len(self.space)
        inline = bool(rule.rule.paths) and rule.rule.single
        paths = self._inline_paths(rule) if inline else ()
        for path in paths:
            self.value(path)
        indent = ""
        if rule.rule.condition is not None:
            self.space[f"holds{n}"] = self.owner.condition(rule.rule.condition)
            self._lines += [
                f"# {rule.rule.condition.text!r}",
                "try:",
                f"    holds = holds{n}(payload)",
                "except FilterError as problem:",
                "    holds = False",
                f"    warnings.append(Warning_({rule.rule.field!r}, '', f'when cannot be told: {{problem}}'))",
                "if holds:",
            ]
            indent = "    "
        self._lines += [indent + line for line in self._body(rule, n, paths if inline else None)]

    def _inline_paths(self, rule: CompiledRule) -> tuple[PayloadPath, ...]:
        plain = () if rule.rule.first or rule.tells_empty else rule.rule.paths
        return (*plain, *rule.rule.context)

    def _body(self, rule: CompiledRule, n: int, paths: Sequence[PayloadPath] | None) -> list[str]:
        field = rule.rule.field
        if not rule.rule.paths:
            self.space[f"constant{n}"] = rule.rule.constant
            return [f"fields[{field!r}] = constant{n}"]
        if paths is None:
            self.space[f"fill{n}"] = rule.bare
            if rule.rule.combines or rule.rule.first or rule.rule.context:
                return [f"fill{n}(payload, fields, warnings)"]
            return self._each(rule, n)
        lines = []
        if rule.rule.first or rule.tells_empty:
            self.space[f"read{n}"] = rule.read
            lines.append(f"raw = read{n}(payload)")
            raw = "raw"
        else:
            raw = self._values[_keys(rule.rule.paths[0])]
        around = [self._values[_keys(path)] for path in rule.rule.context]
        self._remember(rule, n)
        self.space[f"resolve{n}"] = rule.resolve_in
        key = f"({', '.join([raw, *around])})" if around else raw
        known = [f"({raw}.__class__ is str or {raw}.__class__ is int)"]
        known += [f"({name}.__class__ is str or {name} is None)" for name in around]
        guard = "if True:" if any(step.takes_none for step in rule.rule.steps) else f"if {raw} is not None:"
        emptied = [f"    if {raw} is EMPTY: value = CLEAR"] if rule.tells_empty else []
        return [
            *lines,
            guard,
            *emptied,
            f"    {'elif' if emptied else 'if'} {' and '.join(known)}: value = known{n}({key})",
            f"    else: value = resolve{n}({raw}, payload)",
            "    if value is not None:",
            "        if value.__class__ is Warning_: warnings.append(value)",
            f"        else: fields[{field!r}] = value",
        ]

    def _each(self, rule: CompiledRule, n: int) -> list[str]:
        """Write a rule of a list field: every value of every path goes its own way."""
        lines = ["raws = []"]
        for path in rule.rule.paths:
            lines += _walk(path, "raws.append({})")
        self._remember(rule, n)
        self.space[f"resolve{n}"], self.space["collect"] = rule.resolve_in, collect
        field = rule.rule.field
        return [
            *lines,
            "if raws:",
            f"    if len(raws) > {MAX_VALUES}: fill{n}(payload, fields, warnings)",
            "    else:",
            f"        raws = [known{n}(raw) if raw.__class__ is str or raw.__class__ is int",
            f"                else resolve{n}(raw, payload) for raw in raws]",
            "        if len(raws) == 1 and raws[0].__class__ is str and raws[0] is not CLEAR:",
            f"            fields[{field!r}] = raws",
            f"        else: collect({field!r}, raws, fields, warnings)",
        ]

    def _remember(self, rule: CompiledRule, n: int) -> None:
        name, space, direct = f"known{n}", self.space, rule.direct
        if rule.rule.personal:
            space[name] = direct
            return

        def give_up() -> None:
            space[name] = direct

        space[name] = Memo(direct, self.owner._calls, give_up).__getitem__  # noqa: SLF001 - same module

    def value(self, path: PayloadPath) -> str:
        """Read a path without lists, once; returns the name of the variable."""
        keys = _keys(path)
        if keys in self._values:
            return self._values[keys]
        get = self._object(keys[:-1])
        name = self._values[keys] = f"v{len(self._values)}"
        self._lines.append(f"{name} = {get}({keys[-1]!r})")
        return name

    def _object(self, keys: tuple[str, ...]) -> str:
        if keys not in self._objects:
            get = self._object(keys[:-1])
            name = f"get{len(self._objects)}"
            self._objects[keys] = name
            self._lines.append(f"below = {get}({keys[-1]!r})")
            self._lines.append(f"{name} = below.get if below.__class__ is dict else none")
        return self._objects[keys]


def _walk(path: PayloadPath, take: str) -> list[str]:
    """Write a loop over all values of a path; what is no list counts as a list of one."""
    lines: list[str] = []
    item, indent, keys = "payload", "", list(path.keys)
    level = 0
    while keys:
        key = keys.pop(0)
        level += 1
        if key is None:
            lines.append(f"{indent}if {item} is None: {item} = ()")
            lines.append(f"{indent}elif {item}.__class__ is not list: {item} = ({item},)")
            lines.append(f"{indent}for item{level} in {item}:")
            indent += "    "
            item = f"item{level}"
        elif item == "payload":
            lines.append(f"item{level} = get({key!r})")
            item = f"item{level}"
        else:
            source, item = item, f"item{level}"
            lines.append(f"{indent}{item} = {source}.get({key!r}) if {source}.__class__ is dict else None")
    return [*lines, f"{indent}if {item} is not None and {item} != '': {take.format(item)}"]


def _keys(path: PayloadPath) -> tuple[str, ...]:
    return tuple(key for key in path.keys if key is not None)


def shape_reader(paths: Sequence[PayloadPath]) -> Callable[[dict[str, Any]], tuple[type, ...]]:
    """Write a function that tells the type of what stands at each path; of lists, of the first value in them."""
    writer = _Writer(Generated())
    names = []
    lines = []
    for n, path in enumerate(paths):
        if path.many:
            lines += [f"def first{n}(payload):", "    get = payload.get"]
            lines += [f"    {line}" for line in _walk(path, "return {}")]
            names.append(f"first{n}(payload)")
        else:
            names.append(writer.value(path))
    types = "".join(f"{name}.__class__, " for name in names)
    source = "\n".join(lines) + "\n" + writer.text() + f"    return ({types})\n"
    exec(compile(source, "<shape>", "exec"), writer.space)  # noqa: S102 - our own text
    read: Callable[[dict[str, Any]], tuple[type, ...]] = writer.space["fill"]
    return read


def remembered(
    tell: Callable[[Any, list[FieldWarning]], str], paths: Iterable[PayloadPath]
) -> Callable[[Any, list[FieldWarning]], str]:
    """Remember what a function tells from some paths, where they hold texts, whole numbers or nothing."""
    getters = [compile_one(path) for path in paths]
    known: dict[tuple[Any, ...], str] = {}
    find = known.get

    def told(payload: Any, warnings: list[FieldWarning]) -> str:
        key = tuple([get(payload) for get in getters])
        if not _TELLABLE.issuperset([part.__class__ for part in key]):
            return tell(payload, warnings)
        answer = find(key)
        if answer is None:
            before = len(warnings)
            answer = tell(payload, warnings)
            if len(warnings) == before:
                if len(known) >= CACHE:
                    known.clear()
                known[key] = answer
        return answer

    return told
