"""Each field's value from the contributions: the golden record.

A source has one place, however many records it holds: among them the newer one is asked first, so that an older
observation never beats a newer one of the same source; of people, the one of the present employment. Unknown values
never win. A value that a source clears on purpose (`CLEAR`) wins where that source would, and the field is then absent.
Placeholder identities are not values.
Time is an input: a source whose last sign of life is older than its window comes after all others.

`explain_field` in `synchub.reconcile.explain` tells the same story for one field, with the same functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache, partial
from typing import Any, NamedTuple

from synchub.domain.records import CLEAR, Contribution
from synchub.reconcile.authority import FOLLOWS, KNOWN_FIELDS, How
from synchub.reconcile.employment import Heard, ends, present_first
from synchub.reconcile.placeholders import JUDGED, is_placeholder, placeholder_mac
from synchub.reconcile.rules import NOT_ALLOWED, ClassRules, FieldRule, Rules

_NONE: frozenset[str] = frozenset()
_MAX_RECIPES = 4096


class Golden(NamedTuple):
    """The reconciled entity.

    Attributes:
        cls: Most specific class that the best source gives.
        fields: Canonical field -> value; unknown fields are absent.
        winners: Field -> ledger id of the record whose value won. Holds fields that were cleared, too; for a union the
            best record that has a part of it.
        due_at: When the result may change without new data (seconds since 1970 UTC); None for never.
    """

    cls: str
    fields: dict[str, Any]
    winners: dict[str, int]
    due_at: int | None


def merge(members: Sequence[Contribution], rules: Rules, now: int) -> Golden:
    """Reconcile the contributions of one entity.

    Args:
        members: One or more, in any order, of one family.
        rules: Compiled rules.
        now: Seconds since 1970 UTC.
    """
    cls = class_of(members, rules)
    own = rules.classes[cls]
    stale, due_at = staleness(members, own, now)
    if own.open and not stale and all(record.cls == cls for record in members):
        said: list[Mapping[str, Any]] = [record.fields for record in members]
        chosen = _by_recipe(members, said, own)
        if _says_nothing(chosen[0], cls):  # rare: now the placeholders of all members must be left out
            chosen = _by_recipe(members, [usable(record, cls) for record in members], own)
    else:
        chosen = _choose_each([(record, usable(record, cls)) for record in members], own, stale)
    fields, winners = chosen
    if cls == "person" and "ends_on" in fields and len(members) > 1:
        _end_work([(record, usable(record, cls)) for record in members], own, stale, fields, winners)
    if CLEAR in fields.values():
        fields = {name: value for name, value in fields.items() if value != CLEAR}
    return Golden(cls, fields, winners, due_at)


Chosen = tuple[dict[str, Any], dict[str, int]]  # field -> value, field -> ledger id of the winner


def _choose_each(heard: Sequence[Heard], own: ClassRules, stale: frozenset[str]) -> Chosen:
    """Choose each field's value; the definition that `_by_recipe` abbreviates."""
    ranked = rank(heard, own.default, stale)
    fields: dict[str, Any] = {}
    winners: dict[str, int] = {}
    contested: set[str] = set()
    for record, values in reversed(ranked):
        contested.update(fields.keys() & values.keys())
        fields.update(values)
        winners.update(dict.fromkeys(values, record.record))
    closed = len(ranked) < len(heard)
    for rule, names in own.by_order:
        wanted = [name for name in names if name in contested or closed or rule.closed]
        if wanted:
            order = rank(heard, rule, stale)
            for name in wanted:
                _put(name, _first_value(name, order), fields, winners)
    for name, rule in own.dynamic:
        if name in contested or closed or rule.closed:
            _put(name, choose(rule, speakers(name, rank(heard, rule, stale))), fields, winners)
    _follow(heard, fields, winners)
    return fields, winners


class Recipe(NamedTuple):
    """Who wins which field among members of certain sources that know certain fields.

    Attributes:
        steps: (field, position of the winner), in the order of the fields.
        dynamic: (field, rule, positions of those who know it, best first): the values decide.
    """

    steps: tuple[tuple[str, int], ...]
    dynamic: tuple[tuple[str, FieldRule, tuple[int, ...]], ...]


def _by_recipe(members: Sequence[Contribution], said: Sequence[Mapping[str, Any]], own: ClassRules) -> Chosen:
    """Choose as was chosen before among the same sources with the same fields known; the values hardly matter."""
    if len(members) == 1:
        return dict(said[0]), dict.fromkeys(said[0], members[0].record)
    shape = (tuple([record.source for record in members]), tuple(map(tuple, said)))
    recipe: Recipe | None = own.recipes.get(shape)
    if recipe is None:
        chosen = _choose_each(list(zip(members, said, strict=True)), own, _NONE)
        made = _recipe(members, said, own, chosen[1])
        if made is not None:
            if len(own.recipes) >= _MAX_RECIPES:
                own.recipes.clear()
            own.recipes[shape] = made
        return chosen
    ids = [record.record for record in members]
    fields = {name: said[i][name] for name, i in recipe.steps}
    winners = {name: ids[i] for name, i in recipe.steps}
    for name, rule, speaking in recipe.dynamic:
        _put(name, choose(rule, [(said[i][name], members[i]) for i in speaking]), fields, winners)
    return fields, winners


def _recipe(
    members: Sequence[Contribution], said: Sequence[Mapping[str, Any]], own: ClassRules, winners: Mapping[str, int]
) -> Recipe | None:
    """Note who won; None where more than sources and known fields decides: age, or the value of what is followed."""
    sources = [record.source for record in members]
    rules = [own.default, *(rule for rule, _ in own.by_order), *(rule for _, rule in own.dynamic)]
    ranks = [[rule.ranks.get(source, rule.otherwise) for source in sources] for rule in rules]
    if len(set(sources)) < len(sources) or any(len(set(places)) < len(sources) for places in ranks):
        return None
    dynamic = []
    for name, rule in own.dynamic:
        speaking = [i for i, values in enumerate(said) if name in values]
        if len(speaking) > 1:
            speaking.sort(key=ranks[rules.index(rule)].__getitem__)
            dynamic.append((name, rule, tuple(speaking)))
    if any(name in FOLLOWS or name in FOLLOWS.values() for name, _, _ in dynamic):
        return None
    position = {record.record: i for i, record in enumerate(members)}
    return Recipe(tuple((name, position[record]) for name, record in winners.items()), tuple(dynamic))


def class_of(members: Sequence[Contribution], rules: Rules) -> str:
    """Choose the class: one below `hardware` before `hardware`, then by authority, then the newest."""
    first = members[0].cls
    for record in members:
        if record.cls != first:
            break
    else:
        return first
    known: list[Heard] = [(record, {}) for record in members if record.cls != "hardware"]
    return rank(known, rules.class_rank, _NONE)[0][0].cls


def staleness(members: Sequence[Contribution], rules: ClassRules, now: int) -> tuple[frozenset[str], int | None]:
    """Return the sources that lost their place, and when the next one will.

    Only contributions with a `last_seen_at` count; the latest of a source speaks for it.
    """
    if not rules.window and not rules.windows:
        return _NONE, None
    ends: dict[str, int] = {}
    for record in members:
        window = rules.windows.get(record.source, rules.window)
        seen = record.fields.get("last_seen_at")
        if window and seen and seen != CLEAR:
            ends[record.source] = max(ends.get(record.source, 0), moment(seen) + window + 1)
    coming = [end for end in ends.values() if end > now]
    return frozenset(source for source, end in ends.items() if end <= now), min(coming, default=None)


@lru_cache(maxsize=4096)
def moment(text: str) -> int:
    """Read a canonical moment (`YYYY-MM-DDTHH:MM:SSZ`) as seconds since 1970 UTC."""
    return int(datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC).timestamp())


def rank(heard: Sequence[Heard], rule: FieldRule, stale: frozenset[str]) -> list[Heard]:
    """Order those that may speak, best first; of one source the newer record, of a person the present employment."""
    ranks, otherwise = rule.ranks, rule.otherwise
    barred = _barred(heard, rule) if rule.when else _NONE
    keyed: list[Any] = []
    for pair in heard:
        r = pair[0]
        place = ranks.get(r.source, otherwise)
        if place < NOT_ALLOWED and r.source not in barred:
            keyed.append((r.source in stale, place, -r.observed_at, r.source, r.stream, r.key, r.record, pair))
    keyed.sort()
    ranked = [item[7] for item in keyed]
    return present_first(ranked) if len(ranked) > 1 and ranked[0][0].cls == "person" else ranked


def _barred(heard: Iterable[Heard], rule: FieldRule) -> frozenset[str]:
    """Find the sources whose newest record does not meet its condition."""
    newest: dict[str, tuple[int, str, str, Contribution]] = {}
    for r, _ in heard:
        mine = (-r.observed_at, r.stream, r.key, r)
        if r.source in rule.when and (r.source not in newest or mine[:3] < newest[r.source][:3]):
            newest[r.source] = mine
    return frozenset(source for source, (_, _, _, r) in newest.items() if not rule.meets(r))


def usable(record: Contribution, cls: str) -> Mapping[str, Any]:
    """Return a contribution's values without placeholder identities and without fields that the class does not have."""
    fields = record.fields
    bad = [name for name, judge in _JUDGING[cls] if name in fields and _is_nothing(judge, fields[name])]
    if not bad and (record.cls == cls or fields.keys() <= KNOWN_FIELDS[cls]):
        return fields
    known = KNOWN_FIELDS[cls]
    out = {name: value for name, value in fields.items() if name in known and name not in bad}
    if "mac_addresses" in bad and "mac_addresses" in known:
        macs = [mac for mac in fields["mac_addresses"] if not placeholder_mac(mac)]
        if macs:
            out["mac_addresses"] = macs
    return out


_JUDGES: dict[str, Callable[[str], bool]] = {name: partial(is_placeholder, name) for name in JUDGED}
_JUDGES |= {name: lru_cache(maxsize=1024)(_JUDGES[name]) for name in ("manufacturer", "model")}
_JUDGING = {cls: [(name, _JUDGES[name]) for name in sorted(JUDGED & known)] for cls, known in KNOWN_FIELDS.items()}


def _says_nothing(fields: Mapping[str, Any], cls: str) -> bool:
    return any(_is_nothing(judge, fields[name]) for name, judge in _JUDGING[cls] if name in fields)


def _is_nothing(judge: Callable[[str], bool], value: Any) -> bool:
    if value.__class__ is list:
        return any(map(judge, value))
    return value != CLEAR and judge(value)


def _first_value(name: str, ranked: Sequence[Heard]) -> tuple[Any, Contribution] | None:
    for record, values in ranked:
        if name in values:
            return values[name], record
    return None


def _put(name: str, found: tuple[Any, Contribution] | None, fields: dict[str, Any], winners: dict[str, int]) -> None:
    if found is not None:
        fields[name], winners[name] = found[0], found[1].record
    elif name in fields:
        del fields[name], winners[name]


def speakers(name: str, ranked: Sequence[Heard]) -> list[tuple[Any, Contribution]]:
    """List (value, record) of those who know a field, best first, one per source: its newest record that does."""
    out = []
    seen = set()
    for record, values in ranked:
        if name in values and record.source not in seen:
            seen.add(record.source)
            out.append((values[name], record))
    return out


def choose(rule: FieldRule, heard: Sequence[tuple[Any, Contribution]]) -> tuple[Any, Contribution] | None:
    """Choose among those who know a field, best first; None when nobody does."""
    if not heard:
        return None
    if len(heard) == 1 or rule.how is How.ORDERED:
        return heard[0]
    if rule.how is How.UNION:
        values = {item for value, _ in heard if value != CLEAR for item in _items(value)}
        return (sorted(values) if values else CLEAR), heard[0][1]
    best = 0
    sizes = [_weight(rule.how, found, heard) for found in heard]
    for i, size in enumerate(sizes):
        if size > sizes[best]:
            best = i
    return heard[best]


def _items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _weight(how: How, found: tuple[Any, Contribution], heard: Sequence[tuple[Any, Contribution]]) -> Any:
    value, record = found
    if how is How.NEWEST:
        return record.observed_at
    if how is How.MOST_REPORTED:
        return sum(1 for other, _ in heard if other == value)
    return size(value)


def size(value: Any) -> tuple[int, Decimal, str]:
    """Make the values of one field comparable: cleared, then text (dates and moments too), then numbers."""
    if value == CLEAR:
        return (0, Decimal(0), "")
    if isinstance(value, str) and value[4:5] == "-":
        return (1, Decimal(0), value)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return (1, Decimal(0), str(value))
    return (2, number, "") if number.is_finite() else (1, Decimal(0), str(value))


def _follow(heard: Sequence[Heard], fields: dict[str, Any], winners: dict[str, int]) -> None:
    """Take what means nothing by itself (the currency of a price) from the record that gave the other."""
    for name, leader in FOLLOWS.items():
        record = winners.get(leader)
        if record is None or winners.get(name) == record:
            continue
        values = next(values for r, values in heard if r.record == record)
        _put(name, (values[name], _of(heard, record)) if name in values else None, fields, winners)


def _end_work(
    heard: Sequence[Heard], own: ClassRules, stale: frozenset[str], fields: dict[str, Any], winners: dict[str, int]
) -> None:
    """Take the last day of work from the employments that count."""
    rule = own.rule("ends_on")
    lead = _of(heard, winners["status"]) if "status" in winners else None
    _put("ends_on", choose(rule, ends(rank(heard, rule, stale), lead)), fields, winners)


def _of(heard: Sequence[Heard], record: int) -> Contribution:
    return next(r for r, _ in heard if r.record == record)
