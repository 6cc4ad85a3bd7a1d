"""Guards: tell what kinds of change a plan makes, count them, and stop what is beyond the limits.

Rows are looked at while they are made, chunk by chunk; nothing is asked of the state for a plan within its limits as
long as there is no hold. What a hold stopped is recognised in later plans by what it does, so an unchanged run opens no
new one, an approval lets exactly these changes pass, and a rejection keeps them back until they would be others.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import xxhash

from synchub.domain.fields import describe
from synchub.domain.guards import Guards
from synchub.domain.model import CLASSES
from synchub.domain.plan import Op, PlanRow, RowState
from synchub.engine.contact import TargetJob
from synchub.engine.summary import Summary
from synchub.mapports import ObjectIdentity
from synchub.stores import EntityRow, State
from synchub.stores.holds import OPEN, REJECTED, HeldRow, Hold

_STATUS = frozenset({"lifecycle", "operational_status", "status"})
_OWNER = "owner"
_DUPLICATE = "duplicate"
_EMPTY: tuple[Any, ...] = (None, "", [])
_BY_OP = {Op.CREATE: "create", Op.INSERT: "create", Op.RETIRE: "retire", Op.DELETE: "delete"}
_WHOLE = frozenset(_BY_OP.values())
_PENDING, _HELD, _CREATE = RowState.PENDING, RowState.HELD, Op.CREATE  # looking members up costs more
_MOST_CAUSES = 1000  # told apart for one guard; the most common one is shown


def roles(cls: str, facet: ObjectIdentity) -> dict[str, str]:
    """Tell which target fields say who has a thing (`owner`) and which say how it stands (`status`).

    It follows from the canonical fields that fill them. A person's manager is no owner. The field that marks an object
    as a duplicate is `duplicate`.
    """
    owners = {
        name for name, info in describe(CLASSES[cls]).items()
        if info.reference == "person" and CLASSES[cls].family != "person"
    }  # fmt: skip
    found = {facet.duplicate: _DUPLICATE} if facet.duplicate else {}
    for name, filled in facet.fields.items():
        if owners.intersection(filled.sources):
            found[name] = _OWNER
        elif _STATUS.intersection(filled.sources):
            found[name] = "status"
    return found


def kinds_of(row: PlanRow, role: Mapping[str, str]) -> dict[str, list[str]]:
    """Tell what kinds of change a row makes: kind -> the target fields concerned (none where it is the whole row).

    Args:
        row: A plan row.
        role: Of the row's class and facet; see `roles`.
    """
    whole = _BY_OP.get(row.op)
    if whole is not None:
        return {whole: []}
    found: dict[str, list[str]] = {}
    for name, change in row.changes.items():
        what = role.get(name)
        if what == _DUPLICATE and change.new not in _EMPTY:
            found["merge"] = [name]
        if change.old in _EMPTY or what == _DUPLICATE:
            continue
        if change.new in _EMPTY:
            kind = "unassign" if what == _OWNER else "clear"
        elif what is not None:
            kind = "reassign" if what == _OWNER else "status"
        else:
            continue
        found.setdefault(kind, []).append(name)
    return found


def change_digest(
    row: PlanRow, names: Sequence[str], sources: Mapping[str, Sequence[str]], doc: Mapping[str, Any]
) -> str:
    """Identify what some fields of a row do: from what the target holds to what the sources say.

    What the sources say is the canonical value: the target's own id of a person is not known until the person is there.
    """
    if not names:
        return ""
    told: list[Any] = [
        (n, row.changes[n].old, [doc.get(s) for s in sources.get(n, ())] or row.changes[n].new) for n in sorted(names)
    ]
    if row.object_id is not None and any(sources.get(n) is None for n in names):
        told.append(row.object_id)  # a mark on one of several objects of the thing
    return xxhash.xxh3_64_hexdigest(orjson.dumps(told, default=str))


@dataclass(slots=True)
class _Group:
    """Rows of one kind and class that no hold knows yet; `rows` has those that are told apart by a digest."""

    numbers: array[int] = field(default_factory=lambda: array("q"))
    rows: list[HeldRow] = field(default_factory=list)
    causes: Counter[str] = field(default_factory=Counter)

    def add(self, row: PlanRow, digest: str, cause: str) -> None:
        self.numbers.append(row.n)
        if digest:
            self.rows.append(HeldRow(0, row.entity, row.facet, row.op, digest))
        if cause in self.causes or len(self.causes) < _MOST_CAUSES:
            self.causes[cause] += 1


class Watch:
    """Watches one plan while it is made.

    Args:
        job: The target and its limits.
        state: All stores.
        target: Number of the target.
        run: The run that plans.
        now: Seconds since 1970 UTC.

    Attributes:
        stopped: Entities of the last chunk all of whose rows a known hold stops: nothing is left to do for them.
    """

    def __init__(self, job: TargetJob, state: State, target: int, run: int, now: int) -> None:
        self._job, self._state, self._target, self._run, self._now = job, state, target, run, now
        self._guards: Guards | None = job.guards
        self._groups: dict[tuple[str, str], _Group] = {}
        self._roles: dict[tuple[str, str], dict[str, str]] = {}
        self._sources: dict[tuple[str, str], dict[str, Sequence[str]]] = {}
        self._kinds: dict[tuple[str, str], str] = {}
        for cls in job.classes:
            for facet in job.maps.facets(cls):
                self._roles[cls, facet.facet] = roles(cls, facet)
                self._kinds[cls, facet.facet] = facet.kind
                self._sources[cls, facet.facet] = {n: f.sources for n, f in facet.fields.items()}
        self._holds = {} if job.guards is None else {h.id: h for h in state.holds.of(target, ())}
        self._gone: list[HeldRow] = []
        self.stopped: set[int] = set()

    def look(
        self, rows: list[PlanRow], entities: Sequence[EntityRow], docs: Mapping[int, Mapping[str, Any]]
    ) -> list[PlanRow]:
        """Count the rows of a chunk, and stop those that a hold knows; what was rejected is left out.

        Args:
            rows: Those of the chunk; they are changed.
            entities: All entities of the chunk, those without rows included.
            docs: Entity -> canonical fields.
        """
        self.stopped = set()
        if self._guards is None:
            return rows
        by_id = {e.id: e for e in entities}
        known = self._known(by_id)
        stops: dict[int, int] = {}  # number of a row -> number of the hold that stops it
        seen: set[HeldRow] = set()
        were = self._were(rows)
        for row in rows:
            if row.state is not _PENDING:
                continue
            if row.op is _CREATE and not known:  # most rows of a first load
                self._group("create", row.cls).add(row, "", by_id[row.entity].sources)
                continue
            key = row.cls, row.facet
            found = kinds_of(row, self._roles.get(key, {}))
            before = were.get((row.entity, row.facet)) if were else None
            if before is not None and row.op is Op.UPDATE:
                found["class"] = []
            for kind, names in found.items():
                digest = change_digest(row, names, self._sources.get(key, {}), docs.get(row.entity, {}))
                mine = [h for h in known.get((row.entity, row.facet, row.op, digest), ()) if self._is(h, kind)]
                seen.update(mine)
                states = {self._holds[h.hold].state: h.hold for h in mine}
                if not states:
                    cause = f"{before} became {row.cls}" if kind == "class" else ""
                    cause = cause or _cause(kind, row, names, by_id.get(row.entity))
                    self._group(kind, row.cls).add(row, digest, cause)
                elif REJECTED in states or OPEN in states:
                    stops[row.n] = states.get(REJECTED) or states[OPEN]
        self._gone += [h for some in known.values() for h in some if h not in seen]
        return self._stop(rows, stops) if stops else rows

    def _were(self, rows: Sequence[PlanRow]) -> Mapping[tuple[int, str], str]:
        """Find what became another class since it was last written: (entity, facet) -> the class it was.

        Only where the class has objects of another kind, and this one is not: it stays what it is at the target.
        """
        some = {
            (r.entity, r.facet): r.cls for r in rows
            if r.op is Op.UPDATE and r.state is _PENDING and r.kind != self._kinds.get((r.cls, r.facet), r.kind)
        }  # fmt: skip
        if not some:
            return {}
        last = self._state.plans.last_classes(self._target, sorted({entity for entity, _ in some}))
        return {key: last[key] for key, cls in some.items() if last.get(key, cls) != cls}

    def _group(self, kind: str, cls: str) -> _Group:
        found = self._groups.get((kind, cls))
        if found is None:
            found = self._groups[kind, cls] = _Group()
        return found

    def _known(self, entities: Mapping[int, EntityRow]) -> dict[tuple[int, str, str, str], list[HeldRow]]:
        found: dict[tuple[int, str, str, str], list[HeldRow]] = {}
        if self._holds:
            for row in self._state.holds.rows_of(self._target, list(entities)):
                found.setdefault((row.entity, row.facet, row.op, row.digest), []).append(row)
        return found

    def _is(self, row: HeldRow, kind: str) -> bool:
        return row.hold in self._holds and self._holds[row.hold].guard == kind

    def _stop(self, rows: list[PlanRow], stops: Mapping[int, int]) -> list[PlanRow]:
        """Stop rows, and with the creation of a thing everything else of it."""
        whole = {r.entity: stops[r.n] for r in rows if r.n in stops and r.op in (Op.CREATE, Op.INSERT)}
        kept, going = [], set()
        for row in rows:
            number = stops.get(row.n) or (whole.get(row.entity) if row.state is _PENDING else None)
            if number is None:
                going.add(row.entity)
            elif self._holds[number].state == REJECTED:
                continue
            else:
                row.state, row.hold, row.note = _HELD, number, f"hold {self._holds[number].name}"
            kept.append(row)
        self.stopped = {r.entity for r in rows} - going
        return kept

    def close(self, plan: int, summary: Summary) -> None:
        """Open holds for what is over its limit, and put all open ones into the summary.

        Args:
            plan: The plan, all of whose rows are stored and counted.
            summary: Counts what is held instead of what it would have been.
        """
        if self._guards is None:
            return
        if self._gone:
            self._state.holds.settle(self._gone, self._now)
        for (kind, cls), group, allowed, total in self._over():
            hold = Hold(
                0, self._target, kind, cls, OPEN, self._now, self._run, plan, 0, total, allowed,
                _words(kind, group, total, self._job.name), self._job.asked_by,
            )  # fmt: skip
            opened, stopped = self._state.holds.open(hold, group.rows, group.numbers, whole=kind == "create")
            self._holds[opened.id] = opened
            summary.stop(stopped)
        if self._holds:
            holds = self._state.holds.of(self._target)
            summary.add_holds(holds, self._state.holds.counts(self._target) if holds else {})

    def _over(self) -> Iterator[tuple[tuple[str, str], _Group, str, int]]:
        """Yield what is over its limit: (kind, class), rows, the limit in words, linked things of the class."""
        assert self._guards is not None
        linked: Mapping[str, int] | None = None
        most = self._guards.max_creates
        creates = sum(len(g.numbers) for (kind, _), g in self._groups.items() if kind == "create")
        for (kind, cls), group in sorted(self._groups.items()):
            limit, count = self._guards.limit(cls, kind), len(group.numbers)
            too_many = kind == "create" and most is not None and creates > most
            if count <= limit.least and not too_many:
                continue
            linked = self._state.holds.linked(self._target) if linked is None else linked
            total = linked.get(cls, 0)
            if too_many or not limit.allows(count, total):
                yield (kind, cls), group, f"max_creates {most:,}" if too_many else limit.words(total), total


def _cause(kind: str, row: PlanRow, names: Sequence[str], entity: EntityRow | None) -> str:
    """Say why a row does what it does, without any value of it: equal words are counted together."""
    if not names:
        return entity.sources if entity is not None else ""
    change = row.changes[names[0]]
    verb = {"unassign": "emptied", "clear": "emptied", "merge": "set"}.get(kind, "changed")
    source = f" by {change.source}" if change.source else ""
    rule = f" (rule {change.rule})" if change.rule else ""
    return f"{', '.join(names)} {verb}{source}{rule}"


def _words(kind: str, group: _Group, total: int, target: str) -> str:
    cause, count = group.causes.most_common(1)[0]
    share = "" if count == len(group.numbers) else f" ({count:,} of {len(group.numbers):,})"
    if kind in _WHOLE and cause:
        cause = f"known from {cause.replace(',', ', ')}"
    first = f"first load, nothing of it is linked in {target} yet; " if kind == "create" and not total else ""
    return f"{first}{cause}{share}".removesuffix("; ")
