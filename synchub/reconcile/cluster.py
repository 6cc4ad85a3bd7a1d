"""Who is the same thing: records in, clusters out.

`cluster` is pure and free of order. It works through the configured steps from the most to the least certain; within a
step through the shared values in ascending order. A value unites *all* clusters that hold it, or none: where two of
them contradict each other, the value cannot say to which of them a third belongs. Nothing outside the records that
share a value has a say, so a set of several components clusters like each component by itself.

Links, entity ids and earlier results are not asked: they decide which id a cluster keeps (`assign`), never its members.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any, NamedTuple, cast

from synchub.domain.model import CLASSES
from synchub.domain.records import Contribution
from synchub.reconcile.compare import (
    hardware_contradiction,
    one_owner,
    owners_differ,
    person_contradiction,
    same_owner,
    serial_contradiction,
    twins,
)
from synchub.reconcile.identifiers import Kind, Traits, identifier_hash, traits
from synchub.reconcile.steps import IdentifyRules, Step


class Edge(NamedTuple):
    """Why two records are one thing.

    Attributes:
        why: Step, for example `"serial+manufacturer"`.
        kind: Kind of the shared identifier; 0 for a person's decision.
        value: Value in comparable form.
        a: Ledger id of one end.
        b: Ledger id of the other end.
    """

    why: str
    kind: int
    value: str
    a: int
    b: int


class Refusal(NamedTuple):
    """A shared value that did not unite its holders.

    Attributes:
        why: Step.
        kind: Kind of the shared identifier.
        value: Value in comparable form.
        records: Ledger ids of the holders, ascending by source, stream and key.
        reason: What contradicts.
    """

    why: str
    kind: int
    value: str
    records: tuple[int, ...]
    reason: str


class Cluster(NamedTuple):
    """Records that are one thing.

    Attributes:
        members: Ascending by source, stream and key.
        edges: What holds them together; `len(members) - 1` of them.
        refused: Shared values that did not unite this cluster with another.
    """

    members: tuple[Contribution, ...]
    edges: tuple[Edge, ...] = ()
    refused: tuple[Refusal, ...] = ()


class Decisions(NamedTuple):
    """What people decided about pairs of records (ledger ids); it wins over every rule."""

    together: frozenset[tuple[int, int]] = frozenset()
    apart: frozenset[tuple[int, int]] = frozenset()


NONE = Decisions()


class _Work:
    """Union-find over the records of one call, with members listed per root."""

    def __init__(self, records: Sequence[Contribution], decisions: Decisions) -> None:
        self.records = records
        self.traits: list[Any] = [traits(r.cls, r.fields) for r in records]
        self.pairs = list(zip(records, self.traits, strict=True))
        self.root = list(range(len(records)))
        self.members: dict[int, list[int]] = {i: [i] for i in range(len(records))}
        self.edges: dict[int, list[Edge]] = {}
        self.refused: list[Refusal] = []
        self.apart = self._pairs(decisions.apart) if decisions.apart else []

    def _pairs(self, wanted: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        index = {r.record: i for i, r in enumerate(self.records)}
        found = [(index[a], index[b]) for a, b in wanted if a in index and b in index]
        return sorted((min(pair), max(pair)) for pair in found)

    def unite(self, holders: Sequence[int], why: str, kind: int, value: str) -> None:
        """Make one cluster of the clusters of these records."""
        first = holders[0]
        for other in holders[1:]:
            a, b = self.root[first], self.root[other]
            if a == b:
                continue
            if len(self.members[a]) < len(self.members[b]):
                a, b = b, a
            for i in self.members[b]:
                self.root[i] = a
            self.members[a] += self.members.pop(b)
            edges = self.edges.setdefault(a, [])
            edges += self.edges.pop(b, ())
            edges.append(Edge(why, kind, value, self.records[first].record, self.records[other].record))

    def consider(
        self, holders: Sequence[int], why: str, kind: int, value: str, contradiction: Callable[[list[Any]], str]
    ) -> str:
        """Unite the holders of a value unless something contradicts; returns the reason, which is kept as well."""
        root = self.root
        roots = {root[i] for i in holders}
        if len(roots) < 2:
            return ""
        everyone = [i for r in roots for i in self.members[r]]
        reason = contradiction([self.pairs[i] for i in everyone])
        if not reason and self.apart:
            inside = set(everyone)
            if any(a in inside and b in inside for a, b in self.apart):
                reason = "a person decided that they are different"
        if reason:
            records = tuple(self.records[i].record for i in holders)
            self.refused.append(Refusal(why, kind, value, records, reason))
        else:
            self.unite(holders, why, kind, value)
        return reason

    def result(self) -> list[Cluster]:
        """Collect the clusters, ascending by their first member."""
        records = self.records
        refused: dict[int, list[Refusal]] = {}
        if self.refused:
            index = {r.record: i for i, r in enumerate(records)}
            for refusal in self.refused:
                roots = {self.root[index[record]] for record in refusal.records}
                if len(roots) > 1:  # a later step may have united them
                    for r in roots:
                        refused.setdefault(r, []).append(refusal)
        out = []
        for r, members in sorted(self.members.items(), key=lambda item: min(item[1])):
            ordered = tuple([records[i] for i in sorted(members)])
            out.append(Cluster(ordered, tuple(self.edges.get(r, ())), tuple(refused.get(r, ()))))
        return out


def cluster(
    records: Sequence[Contribution],
    *,
    shared: Container[int],
    rules: IdentifyRules,
    decisions: Decisions = NONE,
) -> list[Cluster]:
    """Cluster the records of one family; a record with no identity is a cluster by itself.

    Args:
        records: One or more whole components, in any order. All of one family.
        shared: Hashes (`identifier_hash`) of values that are not eligible now.
        rules: Steps of this family.
        decisions: What people decided. Pairs of which one end is not among the records are ignored.

    Returns:
        Each record in exactly one cluster; clusters ascending by the source, stream and key of their first member.
    """
    if len(records) == 1:
        return [Cluster((records[0],))]
    work = _Work(sorted(records, key=lambda r: (r.source, r.stream, r.key)), decisions)
    holders: dict[tuple[int, str], list[int]] = {}
    for i, t in enumerate(work.traits):
        for pair in t.joining():
            if pair in holders:
                holders[pair].append(i)
            else:
                holders[pair] = [i]
    groups: dict[int, list[tuple[str, list[int]]]] = {}
    for (kind, value), held in holders.items():
        if len(held) > 1 and identifier_hash(kind, value) not in shared:
            groups.setdefault(kind, []).append((value, held))
    for pair in work._pairs(decisions.together) if decisions.together else ():  # noqa: SLF001 - same module
        work.unite(pair, "decision", 0, "")
    if groups:
        for values in groups.values():
            values.sort()
        family = CLASSES[records[0].cls].family
        for step in rules.steps:
            of_kind = groups.get(step.kind)
            if of_kind and len(work.members) > 1:
                _STEPS[family](work, step.name, step.kind, of_kind)
    return work.result()


def plainly_one(records: Sequence[Contribution], *, shared: Container[int], rules: IdentifyRules) -> bool:
    """Tell without `cluster` what it would say of most components: that all records are one device.

    Holds where the raw values already agree: one record of each source, one serial number, manufacturer and model in
    all of them, and nothing else that could contradict in two forms. False means that `cluster` must be asked.

    Args:
        records: Two or more records.
        shared: As in `cluster`.
        rules: As in `cluster`.
    """
    first = records[0].fields
    serial, maker, model = first.get("serial_number"), first.get("manufacturer"), first.get("model")
    if not (serial and maker and model and _HARDWARE.issuperset([record.cls for record in records])):
        return False
    tag = imei = uuid = host = None
    for record in records:
        get = record.fields.get
        if get("serial_number") != serial or get("model") != model or get("manufacturer") != maker:
            return False
        tag, imei = tag or get("asset_tag"), imei or get("imei")
        uuid, host = uuid or get("uuid"), host or get("hostname")
        if (
            (get("asset_tag") or tag) != tag
            or (get("imei") or imei) != imei
            or (get("uuid") or uuid) != uuid
            or (get("hostname") or host) != host
        ):
            return False
    if len({record.source for record in records}) < len(records) or _SERIAL_STEP not in rules.steps:
        return False
    t = cast("Traits", traits(records[0].cls, {"serial_number": serial, "manufacturer": maker, "model": model}))
    return bool(t.serial and t.maker and t.model) and identifier_hash(Kind.SERIAL, t.serial) not in shared


_HARDWARE = frozenset(name for name, model in CLASSES.items() if model.family == "hardware")
_SERIAL_STEP = Step("serial+manufacturer", int(Kind.SERIAL))

# --- hardware ---------------------------------------------------------------------------------------------------------

Group = tuple[str, list[int]]


def _serial(work: _Work, why: str, values: Sequence[Group]) -> None:
    """Serial number and manufacturer: equal models first, then fitting ones, then unknown manufacturers."""
    for value, held in values:
        by_model = _split(work, held, lambda t: (t.maker, t.model) if t.maker and t.model else None)
        for some in by_model:
            _same_serial(work, some, why, value)
        if any(len(some) == len(held) for some in by_model):
            continue
        by_maker = _split(work, held, lambda t: t.maker or None)
        for some in by_maker:
            work.consider(some, why, Kind.SERIAL, value, serial_contradiction)
        unknown = sum(map(len, by_maker)) < len(held) and len(value) >= _LONG
        if unknown or len(by_maker) > 1:  # two manufacturers: only the refusal is noted
            work.consider(held, "serial", Kind.SERIAL, value, serial_contradiction)


_LONG = 7  # a serial number of this length is trusted without a manufacturer


def _split(work: _Work, held: Sequence[int], key: Callable[[Traits], Any]) -> list[list[int]]:
    """Group records by a key in ascending order, leaving out those for which it is None."""
    groups: dict[Any, list[int]] = {}
    for i in held:
        of = key(work.traits[i])
        if of is not None:
            groups.setdefault(of, []).append(i)
    return [some for _, some in sorted(groups.items())] if len(groups) > 1 else list(groups.values())


def _same_serial(work: _Work, held: Sequence[int], why: str, value: str) -> None:
    """Unite all that have the serial number, or where it is cloned those that have the same user as well."""
    if work.consider(held, why, Kind.SERIAL, value, serial_contradiction):
        for some in _split(work, held, lambda t: t.owner.partition("@")[0] or None):
            work.consider(some, f"{why}+owner", Kind.SERIAL, value, serial_contradiction)


def _weak(members: list[Any]) -> str:
    return hardware_contradiction(members, near_serials=True)


def _weaker(members: list[Any]) -> str:
    return hardware_contradiction(members, near_serials=True) or twins(members)


def _card(members: list[Any]) -> str:
    """Judge a network card without a host name: docks and adapters move from desk to desk."""
    if owners_differ(members):
        return "users differ"
    return hardware_contradiction(members, near_serials=one_owner(members)) or twins(members)


def _mac_host(work: _Work, why: str, values: Sequence[Group]) -> None:
    """The same network card under the same host name."""
    for value, held in values:
        by_host: dict[str, list[int]] = {}
        for i in held:
            if work.traits[i].host:
                by_host.setdefault(work.traits[i].host, []).append(i)
        for _, some in sorted(by_host.items()):
            if len(some) > 1:
                work.consider(some, why, Kind.MAC, value, _weaker)


def _hardware(work: _Work, why: str, kind: int, values: Sequence[Group]) -> None:
    if kind == Kind.SERIAL:
        _serial(work, why, values)
    elif why == "mac+hostname":
        _mac_host(work, why, values)
    else:
        check = {Kind.MAC: _card, Kind.HOST_MODEL: _weaker}.get(Kind(kind), _weak)
        for value, held in values:
            vouched = kind != Kind.MAC or _vouched(work, held)
            work.consider(held, why, kind, value, check if vouched else _unvouched)


def _unvouched(_: list[Any]) -> str:
    return "nothing but one network card agrees"


def _vouched(work: _Work, held: Sequence[int]) -> bool:
    """Tell whether more than the card speaks for its holders: user, second card, or all the cards that one knows."""
    for n, i in enumerate(held):
        for j in held[n + 1 :]:
            if work.root[i] == work.root[j]:
                continue
            a, b = work.traits[i], work.traits[j]
            common = set(a.macs).intersection(b.macs)
            if len(common) < min(2, len(a.macs), len(b.macs)) and not same_owner(a, b):
                return False
    return True


def _person(work: _Work, why: str, kind: int, values: Sequence[Group]) -> None:
    for value, held in values:
        work.consider(held, why, kind, value, cast("Callable[[list[Any]], str]", person_contradiction))


def _paper(work: _Work, why: str, kind: int, values: Sequence[Group]) -> None:
    for value, held in values:
        work.consider(held, why, kind, value, lambda _: "")


_STEPS: dict[str, Callable[[_Work, str, int, Sequence[Group]], None]] = {
    "hardware": _hardware,
    "person": _person,
    "purchase_order": _paper,
    "purchase_order_line": _paper,
    "receipt": _paper,
    "invoice": _paper,
    "ticket": _paper,
}
