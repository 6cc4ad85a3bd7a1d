"""Answer conflicts: what `synchub conflicts resolve` does over the open hub.

An answer is a decision that is remembered: it names records, objects and fields by names that outlive the state, it
goes to the audit log without the values themselves, and `synchub plan` shows what comes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from synchub.conflicts import FROZEN, MERGE, Conflict
from synchub.domain.model import family_of
from synchub.errors import InputError
from synchub.stores.conflicts import FIELD_KINDS
from synchub.stores.decisions import APART, FIELD, LINK, SOURCE, TOGETHER, about, pair
from synchub.stores.questions import DUPLICATE, IDENTITY, SOURCES
from synchub.wiring import Hub


@dataclass(frozen=True, slots=True)
class Answer:
    """A person's answer; exactly one of these is given.

    Attributes:
        keep: `hub`, `target` or a source.
        together: They are one thing.
        apart: They are two things.
        object_id: The object that the thing is.
        dismiss: Listed no more.
    """

    keep: str = ""
    together: bool = False
    apart: bool = False
    object_id: str = ""
    dismiss: bool = False

    def words(self) -> str:
        """Return it as typed."""
        if self.keep:
            return f"--keep {self.keep}"
        if self.object_id:
            return f"--object {self.object_id}"
        return "--together" if self.together else "--apart" if self.apart else "--dismiss"


def resolve(hub: Hub, item: Conflict, answer: Answer, who: str, reason: str) -> dict[str, Any]:
    """Remember an answer and have everything it touches looked at with the next plan.

    Args:
        hub: The open configuration.
        item: What is answered.
        answer: How.
        who: Whose decision it is.
        reason: In that person's words.

    Returns:
        The conflict, the answer and `decision`, the number of what is remembered (None: nothing has to be).

    Raises:
        InputError: This is no answer to a conflict of this kind.
    """
    now = hub.clock.now()
    work = _Work(hub, who, now, reason)
    number: int | None = None
    if item.kind == MERGE and (answer.together or answer.apart):
        number = work.merge(item.entities[0], item.entities[1], together=answer.together)
    elif item.kind in (FROZEN, SOURCES) and answer.keep in _sources(item):
        number = work.decide(SOURCE, about([work.anchor(item.entities[0]), item.field]), answer.keep)
    elif item.kind == IDENTITY and answer.object_id:
        number = work.link(item, answer.object_id)
    elif item.kind == IDENTITY and answer.together:
        number = work.merge(item.entities[0], work.owner(item), together=True)
    elif item.kind in FIELD_KINDS and answer.keep in ("hub", "target"):
        number = work.field(item, answer.keep)
    elif not (item.kind in (DUPLICATE, *FIELD_KINDS) and answer.dismiss):
        raise InputError(
            f"{answer.words()} is no answer to {item.name} ({item.kind}).", where="conflicts resolve",
            fix=f"synchub conflicts show {item.name} says which there are.",
        )  # fmt: skip
    if item.name.startswith("k-"):
        hub.state.questions.close(int(item.name[2:]))
    hub.state.runs.audit(
        now, None, who, "conflict resolve",
        {"conflict": item.name, "kind": item.kind, "target": item.target, "entities": list(item.entities),
         "field": item.field, "answer": answer.words(), "decision": number, "reason": reason},
    )  # fmt: skip
    return {"conflict": item.name, "kind": item.kind, "answer": answer.words(), "decision": number}


class _Work:
    """Writes one answer."""

    def __init__(self, hub: Hub, who: str, now: int, reason: str) -> None:
        self._state, self._who, self._now, self._reason = hub.state, who, now, reason

    def decide(self, kind: str, subject: str, answer: Any) -> int:
        return self._state.decisions.decide(kind, subject, answer, self._who, self._now, self._reason)

    def anchor(self, entity: int) -> str:
        """Name the record by which a decision finds its thing again: the oldest of its records."""
        records = self._state.identity.members_of([entity]).get(entity, [])
        if not records:
            raise InputError("the thing has no record any more.", where="conflicts resolve", fix="Plan again.")
        first = min(records)
        return self._state.decisions.names([first])[first]

    def merge(self, a: int, b: int, *, together: bool) -> int:
        subject = pair(self.anchor(a), self.anchor(b))
        kind, other = (TOGETHER, APART) if together else (APART, TOGETHER)
        if against := self._state.decisions.get(other, subject):
            self._state.decisions.revoke(against.id, self._now)
        number = self.decide(kind, subject, None)
        self._state.entities.answer(a, b, "accepted" if together else "rejected")
        return number

    def owner(self, item: Conflict) -> int:
        """Find the thing that has the object in question.

        Raises:
            InputError: It is nobody's.
        """
        known = self._state.targets.by_object_id(self._target(item), list(item.detail.get("objects", ())))
        owners = {o.entity for o in known.values() if o.entity is not None and o.entity != item.entities[0]}
        if len(owners) != 1:
            raise InputError(
                f"no other thing has an object of {item.name}.", where="--together", fix="Choose one: --object ID."
            )
        return int(owners.pop())

    def link(self, item: Conflict, object_id: str) -> int:
        known = self._state.targets.by_object_id(self._target(item), [object_id]).get(object_id)
        if known is None or known.entity not in (None, item.entities[0]):
            why = "is not known" if known is None else "belongs to another thing"
            raise InputError(
                f"object {object_id[:60]!r} {why}.", where="--object", fix=f"synchub conflicts show {item.name}"
            )
        subject = about([item.target, self.anchor(item.entities[0]), item.detail["facet"]])
        number = self.decide(LINK, subject, object_id)
        self._again(item)
        return number

    def field(self, item: Conflict, keep: str) -> int:
        linked = self._state.targets.linked(self._target(item), list(item.entities)).get(item.entities[0], [])
        here = next((o for o in linked if o.facet == item.detail["facet"]), None)
        if here is None or not item.field:
            raise InputError(
                f"{item.name} is not about one field of a linked object.", where="--keep", fix="Use --dismiss."
            )
        answer = {"keep": keep, "theirs": item.detail.get("theirs"), "hub": item.detail.get("hub")}
        number = self.decide(FIELD, about([item.target, here.kind, here.object_id, item.field]), answer)
        self._again(item)
        return number

    def _target(self, item: Conflict) -> int:
        return self._state.targets.target(item.target).id

    def _again(self, item: Conflict) -> None:
        self._state.targets.replan(self._target(item), [(item.entities[0], "a person decided")])


def revoke(hub: Hub, number: int, who: str, reason: str) -> None:
    """Take a decision back: what it settled is open again with the next plan.

    Raises:
        InputError: No decision of this number holds.
    """
    kinds = (TOGETHER, APART, LINK, FIELD, SOURCE)
    held = {d.id: d for kind in kinds for d in hub.state.decisions.active(kind)}
    if number not in held:
        raise InputError(f"there is no decision {number}.", where="--revoke", fix="synchub conflicts decisions")
    decision, now = held[number], hub.clock.now()
    hub.state.decisions.revoke(number, now)
    if decision.kind in (TOGETHER, APART):
        records = hub.state.decisions.records(decision.names)
        now_in = hub.state.identity.entities_of(list(records.values()))
        were = hub.state.identity.came_from(list(records.values()))
        entities = sorted({*now_in.values(), *were.values()})
        if len(entities) == 2:
            hub.state.entities.answer(entities[0], entities[1], "")
    elif decision.kind == FIELD and len(decision.names) == 4:
        target = hub.state.targets.target(decision.names[0]).id
        known = hub.state.targets.by_object_id(target, [decision.names[2]])
        entities = [item.entity for item in known.values() if item.entity is not None]
        hub.state.targets.replan(target, [(entity, "a decision was taken back") for entity in entities])
    hub.state.runs.audit(
        now, None, who, "decision revoke", {"decision": number, "kind": decision.kind, "reason": reason}
    )


def _sources(item: Conflict) -> list[str]:
    """List the sources that say something else of each other, the one that wins first."""
    if item.kind == FROZEN:
        return [item.detail["source"], item.detail["rival"]]
    return [source for source, _ in item.detail["says"]]


def as_rule(item: Conflict, answer: Answer) -> str:
    r"""Return the lines of the configuration that would settle all conflicts of this kind; empty: no rule can.

    >>> as_rule(Conflict("f-1-os_name", FROZEN, "", "server", (1,), "", "os_name", "",
    ...                  {"source": "mdm", "rival": "scan"}), Answer(keep="scan"))
    'rules:\n  server:\n    fields:\n      os_name: [scan, mdm]'
    """
    if item.kind in (FROZEN, SOURCES):
        first = answer.keep or item.detail["source"]
        order = [first, *(source for source in _sources(item) if source != first)]
        return f"rules:\n  {item.cls}:\n    fields:\n      {item.field}: [{', '.join(order)}]"
    if item.kind in FIELD_KINDS and item.field:
        policy = answer.keep or "target"
        return f"targets:\n  {item.target}:\n    theirs:\n      {item.cls}: {{{item.field}: {policy}}}"
    if item.kind == MERGE:
        why = str(item.detail["reason"]).split(":")[0]
        return f"rules:\n  {family_of(item.cls)}:\n    identify: [...]   # without propose:{why}: never asked again"
    return ""


def decided(hub: Hub) -> list[dict[str, Any]]:
    """List the decisions that hold, oldest first."""
    kinds = (TOGETHER, APART, LINK, FIELD, SOURCE)
    found = sorted((d for kind in kinds for d in hub.state.decisions.active(kind)), key=lambda d: d.id)
    return [
        {"decision": d.id, "kind": d.kind, "about": d.names, "answer": d.answer, "who": d.who, "at": d.at,
         "reason": d.reason}
        for d in found
    ]  # fmt: skip
