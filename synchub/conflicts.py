"""What waits for a person: what `synchub conflicts list` and `show` do over the open hub.

One list over everything that the hub will not decide by itself. Names: `k-118` a conflict at a target (fields, which
object a thing is, duplicates of a merge) or between sources that no rule decides, `m-12-57` a proposed merge of two
things, `f-12-os_name` a frozen field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from dataclasses import field as made
from typing import Any

import orjson

from synchub.domain.frozen import Frozen
from synchub.domain.records import Contribution
from synchub.engine.decided import decided
from synchub.errors import InputError
from synchub.find import label
from synchub.sides import sides
from synchub.stores import EntityRow, Question
from synchub.stores.conflicts import FIELD_KINDS
from synchub.stores.questions import DUPLICATE, IDENTITY, SOURCES
from synchub.visible import plain
from synchub.wiring import Hub

MERGE = "merge"  # two things are probably one
FROZEN = "frozen"  # a field flipped to and fro between sources
KINDS = (*FIELD_KINDS, IDENTITY, DUPLICATE, SOURCES, MERGE, FROZEN)
_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that waits for a person.

    Attributes:
        name: What people call it.
        kind: One of `KINDS`.
        target: Name of the target; empty where it is about the hub's own record.
        cls: Class of the thing.
        entities: The thing; of a merge both.
        label: What a person calls the thing.
        field: The field; else empty.
        says: Both sides in one line.
        detail: Both sides as data.
    """

    name: str
    kind: str
    target: str
    cls: str
    entities: tuple[int, ...]
    label: str
    field: str
    says: str
    detail: dict[str, Any] = made(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        told = asdict(self) | {"conflict": self.name, "class": self.cls, "answers": answers(self)}
        del told["name"], told["cls"]
        return told


@dataclass(frozen=True, slots=True)
class Filter:
    """Which conflicts are meant; empty lets all pass.

    Attributes:
        kind: One of `KINDS`.
        cls: Class of the thing.
        target: Name of a target.
        field: Field.
        plan: Token of a plan: only things of which it has a row for a person.
    """

    kind: str = ""
    cls: str = ""
    target: str = ""
    field: str = ""
    plan: str = ""


def answers(item: Conflict) -> dict[str, str]:
    """Return option -> what it would do."""
    return {
        MERGE: {
            "--together": "both become one thing; it keeps the oldest object of each target",
            "--apart": "they stay two things and are not proposed again; what waited is created",
        },
        FROZEN: {
            f"--keep {item.detail.get('source')}": f"the field follows {item.detail.get('source')} for this thing",
            f"--keep {item.detail.get('rival')}": f"the field follows {item.detail.get('rival')} for this thing",
        },
        IDENTITY: {
            "--object ID": "the thing is linked to this object with the next plan",
            "--together": "the thing and the one that has the object become one",
        },
        SOURCES: {
            f"--keep {source}": f"the field follows {source} for this thing"
            for source, _ in item.detail.get("says", ())
        },
        DUPLICATE: {"--dismiss": "it is listed no more; nothing changes at the target"},
    }.get(item.kind) or {
        "--keep hub": "the hub's value is written with the next plan",
        "--keep target": "the target's value stays until one of the two changes",
    }


def listed(hub: Hub, wanted: Filter, count: int) -> list[Conflict]:
    """List open conflicts, those of targets first, at most `count`.

    Raises:
        InputError: There is no such plan, or no such kind.
    """
    if wanted.kind and wanted.kind not in KINDS:
        raise InputError(f"there is no kind {wanted.kind[:40]!r}.", where="--kind", fix=f"Kinds: {', '.join(KINDS)}.")
    only = _of_plan(hub, wanted.plan) if wanted.plan else None
    found: list[Conflict] = []
    if wanted.kind not in (MERGE, FROZEN):
        questions = hub.state.questions.open(
            _MOST if only is not None else count,
            kind=wanted.kind, cls=wanted.cls, target=wanted.target, field=wanted.field,
        )  # fmt: skip
        found += _at_targets(hub, [q for q in questions if only is None or q.entity in only])
    if wanted.kind in ("", MERGE) and not wanted.target and not wanted.field and len(found) < count:
        found += _merges(hub, only, wanted.cls, count)
    if wanted.kind in ("", FROZEN) and not wanted.target and len(found) < count:
        found += _frozen(hub, only, wanted)
    return found[:count]


def counts(hub: Hub) -> list[dict[str, Any]]:
    """Count what waits for a person by kind, target, class and field, most first."""
    found = [
        {"kind": kind, "target": target, "class": cls, "field": name, "count": n}
        for kind, target, cls, name, n in hub.state.questions.counts()
    ]
    if merges := len(hub.state.reports.proposals()):
        found.append({"kind": MERGE, "target": "", "class": "", "field": "", "count": merges})
    if frozen := sum(map(len, hub.state.entities.frozen().values())):
        found.append({"kind": FROZEN, "target": "", "class": "", "field": "", "count": frozen})
    return sorted(found, key=lambda item: -item["count"])


def found_conflict(hub: Hub, word: str) -> Conflict:
    """Find a conflict by its name.

    Raises:
        InputError: There is none, or it is settled.
    """
    kind, _, rest = word.partition("-")
    item: Conflict | None = None
    if kind == "k" and rest.isdecimal() and len(rest) < 19:
        question = hub.state.questions.get(int(rest))
        item = _at_targets(hub, [question])[0] if question is not None and question.state == "open" else None
    elif kind == "m":
        item = next((m for m in _merges(hub, None, "", _MOST) if m.name == word), None)
    elif kind == "f":
        item = next((f for f in _frozen(hub, None, Filter()) if f.name == word), None)
    if item is None:
        raise InputError(
            f"there is no open conflict {word[:60]!r}.", where="conflicts", fix="List them: synchub conflicts list."
        )
    return item


def settled(hub: Hub, entity: int, members: Sequence[Contribution], field: str | None) -> list[str]:
    """Say which fields of a thing, or whether this one, follow something else than their rule, and why."""
    lines = [
        f"{name} is frozen: {f.source} and {f.rival} take turns; it keeps {plain(f.value)} until they agree or somebody"
        f" decides (synchub conflicts show f-{entity}-{name})"
        for name, f in hub.state.entities.frozen().get(entity, {}).items()
        if field in (None, name)
    ]
    chosen = decided(hub.state).sources(members)
    lines += [
        f"{name} follows {source} by a person's decision (synchub conflicts decisions)"
        for name, source in sorted(chosen.items())
        if field in (None, name)
    ]
    return lines


def shown(hub: Hub, item: Conflict) -> dict[str, Any]:
    """Return a conflict with the evidence: the things with their records, and the objects to choose from."""
    rows = hub.state.entities.get(list(item.entities))
    members = hub.state.identity.members_of(list(item.entities))
    told = hub.state.identity.contributions([r for group in members.values() for r in group])
    by_record = {m.record: m for m in told}
    things = [
        {
            "entity": entity, "class": rows[entity].cls, "fields": orjson.loads(rows[entity].doc),
            "records": [
                {"record": f"{m.source}/{m.stream}/{m.key}", "observed_at": m.observed_at,
                 "says": m.fields.get(item.field) if item.field else None}
                for m in sorted((by_record[r] for r in members.get(entity, ()) if r in by_record), key=_place)
            ],
        }
        for entity in item.entities if entity in rows
    ]  # fmt: skip
    return item.document() | {"things": things, "objects": _objects(hub, item)}


def _objects(hub: Hub, item: Conflict) -> list[dict[str, Any]]:
    ids = list(item.detail.get("objects", ()))
    if not ids:
        return []
    target = hub.state.targets.target(item.target).id
    known = hub.state.targets.by_object_id(target, ids)
    return [
        {"object": o.object_id, "kind": o.cls or o.kind, "entity": o.entity, "updated_by": o.updated_by,
         "fields": {name: value for name, value in o.fields.items() if value not in (None, "")}}
        for o in known.values()
    ]  # fmt: skip


def _place(member: Any) -> tuple[str, str, str]:
    return member.source, member.stream, member.key


def _of_plan(hub: Hub, token: str) -> frozenset[int]:
    plan = hub.state.plans.get(token)
    if plan is None:
        raise InputError(f"there is no plan {token[:40]!r}.", where="--plan", fix="synchub status lists them.")
    found: set[int] = set()
    after = -1
    while rows := hub.state.plans.rows(plan.id, states=("conflict", "held", "pending", "refused"), after=after):
        after = rows[-1].n
        found.update(row.entity for row in rows)
    return frozenset(found)


def _labels(rows: Mapping[int, EntityRow]) -> dict[int, str]:
    return {number: label(orjson.loads(row.doc)) for number, row in rows.items()}


def _at_targets(hub: Hub, questions: Sequence[Question]) -> list[Conflict]:
    rows = hub.state.entities.get(sorted({q.entity for q in questions}))
    names = _labels(rows)
    said = sides(hub, [q for q in questions if q.kind in FIELD_KINDS and not q.detail.get("note")], rows)
    return [
        Conflict(
            f"k-{q.id}", q.kind, q.target, q.cls, (q.entity,), names.get(q.entity, ""),
            "" if q.kind == DUPLICATE else q.field, said.get(q.id) or _sides(q), _more(q),
        )
        for q in questions
    ]  # fmt: skip


def _more(question: Question) -> dict[str, Any]:
    if question.kind != SOURCES:
        return question.detail | {"facet": question.facet}
    return question.detail | {"settle": f"{question.field}: [{', '.join(s for s, _ in question.detail['says'])}]"}


def _sides(question: Question) -> str:
    if question.kind == DUPLICATE:
        return f"{question.field} is a further object of the same thing since a merge"
    if question.kind == SOURCES:
        said = ", ".join(f"{source} {value!r}" for source, value in question.detail["says"])
        return f"{said}; rule: {question.detail['rule']}"
    return str(question.detail.get("note", ""))


def _merges(hub: Hub, only: frozenset[int] | None, cls: str, count: int) -> list[Conflict]:
    proposals = hub.state.reports.proposals()
    if only is not None:
        proposals = [p for p in proposals if p["a"] in only or p["b"] in only]
    if not cls:
        proposals = proposals[:count]
    rows = hub.state.entities.get(sorted({e for p in proposals for e in (p["a"], p["b"])}))
    names = _labels(rows)
    return [
        Conflict(
            f"m-{p['a']}-{p['b']}", MERGE, "", rows[p["a"]].cls, (p["a"], p["b"]),
            f"{names[p['a']]} = {names[p['b']]}", "", p["reason"], {"reason": p["reason"]},
        )
        for p in proposals
        if p["a"] in rows and p["b"] in rows and cls in ("", rows[p["a"]].cls, rows[p["b"]].cls)
    ]  # fmt: skip


def _frozen(hub: Hub, only: frozenset[int] | None, wanted: Filter) -> list[Conflict]:
    frozen: dict[int, dict[str, Frozen]] = {
        entity: fields for entity, fields in hub.state.entities.frozen().items() if only is None or entity in only
    }
    rows = hub.state.entities.get(sorted(frozen))
    names = _labels(rows)
    return [
        Conflict(
            f"f-{entity}-{name}", FROZEN, "", rows[entity].cls, (entity,), names[entity], name,
            f"{f.source} {f.value!r}, {f.rival} {f.other!r}; rule: {f.rule}",
            f._asdict() | {"settle": f.settle(name)},
        )
        for entity, fields in sorted(frozen.items())
        for name, f in fields.items()
        if entity in rows and wanted.cls in ("", rows[entity].cls) and wanted.field in ("", name)
    ]  # fmt: skip
