"""Edits that fall between the last look and the write: found afterwards, kept with both values, and put back.

A version that counts writes shows a gap; an opaque one shows nothing, so the history is read after every update. Where
neither is there, the next look at the target shows what people changed later, and this cannot tell what was lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import orjson

from synchub.domain.plan import Edit, Op, Outcome, PlanRow, RowState, TargetObject, Value
from synchub.engine.outcomes import Outcomes
from synchub.engine.references import waits_for
from synchub.engine.sending import Sender
from synchub.errors import HubError, Recovery
from synchub.reconcile.diff import Policy, is_empty, writes_over
from synchub.reconcile.policies import Policies
from synchub.reconcile.races import Around, around, value_of
from synchub.stores import DeliveryBatch
from synchub.stores import conflicts as kinds
from synchub.stores import overwritten as how
from synchub.stores.overwritten import Overwritten

Read = Callable[[Sequence[PlanRow]], dict[int, TargetObject]]

_APPLIED, _UNCHANGED = RowState.APPLIED, RowState.UNCHANGED
_SLACK = 300  # seconds by which the target's clock may differ from ours
_UNREADABLE = "Somebody else changed the object in the same moment; the target does not tell what."


@dataclass(slots=True)
class _Look:
    """How an object looked when its row was about to be sent for the first time."""

    fields: Mapping[str, Any]
    version: str | None
    since: int
    by: str | None = None
    unsure: bool = False  # the row may have been carried out already


@dataclass(slots=True)
class _Met:
    """What was met around one write."""

    fields: dict[str, Around] = field(default_factory=dict)
    unreadable: bool = False


class Races:
    """Watches over the updates of one delivery."""

    def __init__(self, outcomes: Outcomes, sender: Sender) -> None:
        self._outcomes, self._sender = outcomes, sender
        self._job, self._state, self._plan = outcomes.job, outcomes.state, outcomes.plan
        can = self._job.target.capabilities()
        self._versions, self._history = can.versions, can.history and sender.tells_history
        self._policies = Policies(self._job.policies)
        self._looks: dict[int, _Look] = {}
        self._met: dict[int, _Met] = {}
        self.due = False  # something is to be put back

    def lost_answers(self, rows: Iterable[PlanRow]) -> None:
        """Note rows of an earlier run whose answer is not known; they may have been carried out."""
        some = [r for r in rows if r.object_id]
        known = self._state.targets.by_object_id(self._plan.target, [r.object_id for r in some if r.object_id])
        for row in some:
            item = known.get(row.object_id or "")
            fields = {name: change.old for name, change in row.changes.items()}
            version = item.version if item else None
            self._looks[row.n] = _Look(fields, version, self._plan.created_at - _SLACK, unsure=True)

    def before(self, rows: Sequence[PlanRow], existing: Mapping[int, TargetObject]) -> None:
        """Note how objects look right before their rows are sent; a second attempt keeps the first look."""
        for row in rows:
            item = existing.get(row.n)
            if row.n in self._looks:
                self._looks[row.n].unsure = True
            elif item is not None:
                self._looks[row.n] = _Look(item.fields, item.version, item.updated_at, item.updated_by)

    def after(
        self, rows: Mapping[int, PlanRow], answers: Sequence[Outcome], sent: Mapping[int, dict[str, Any]]
    ) -> None:
        """Look for edits that fell between look and write, in the objects for which they cannot be ruled out."""
        asked = [o for o in answers if o.row in self._looks and o.object_id and self._suspect(o)]
        histories = self._sender.histories([str(o.object_id) for o in asked]) if asked and self._history else {}
        blind: list[Outcome] = []
        for outcome in asked:
            row, look, edits = rows[outcome.row], self._looks[outcome.row], histories.get(str(outcome.object_id))
            found = self._around(row, look, edits, sent[outcome.row]) if edits else {}
            self._met[outcome.row] = _Met(found)
            gap = self._versions == "step" and _gap(look.version, outcome.version) > 1
            if gap and not any(one.seen for one in found.values()):
                blind.append(outcome)
        self._judge_blindly(rows, blind, sent)

    def _suspect(self, outcome: Outcome) -> bool:
        look = self._looks[outcome.row]
        if outcome.state not in (_APPLIED, _UNCHANGED, RowState.REFUSED):
            return False
        if outcome.state is _UNCHANGED and not look.unsure:
            return False
        return _gap(look.version, outcome.version) > 1 if self._versions == "step" else self._history

    def _around(self, row: PlanRow, look: _Look, edits: Sequence[Edit], sent: Mapping[str, Any]) -> dict[str, Around]:
        facet = self._outcomes.facet(row)
        return {
            name: around(edits, name, look.fields.get(name), value, look.since, partial(facet.same, name))
            for name, value in sent.items()
            if name in facet.fields
        }

    def _judge_blindly(
        self, rows: Mapping[int, PlanRow], blind: Sequence[Outcome], sent: Mapping[int, Mapping[str, Any]]
    ) -> None:
        """Where no history tells, a gap is explained by another field that changed; else somebody has to look."""
        by_kind: dict[str, list[Outcome]] = {}
        for outcome in blind:
            by_kind.setdefault(rows[outcome.row].kind, []).append(outcome)
        for kind, some in by_kind.items():
            reads = tuple(sorted({name for o in some for name in self._outcomes.facet(rows[o.row]).reads}))
            now = self._job.target.fetch(kind, reads, [str(o.object_id) for o in some])
            for outcome in some:
                item, look = now.get(str(outcome.object_id)), self._looks[outcome.row]
                explained = item is not None and any(
                    name in look.fields and look.fields[name] != value
                    for name, value in item.fields.items()
                    if name not in sent[outcome.row]
                )
                self._met[outcome.row].unreadable = not explained

    def settle(
        self, batch: DeliveryBatch, row: PlanRow, outcome: Outcome, sent: dict[str, Value], *, back: bool = False
    ) -> tuple[Outcome, dict[str, Value]]:
        """Note what a write went over.

        Args:
            batch: Gathers what is stored together.
            row: The row.
            outcome: The target's answer.
            sent: What was written.
            back: It gave people their values back.

        Returns:
            The outcome without refusals that were somebody's later edit, and what both sides agree on: not what is
            about to be put back.
        """
        look, met = self._looks.pop(row.n, None), self._met.pop(row.n, _Met())
        if look is None or not outcome.object_id:
            return outcome, sent
        agreed = dict(sent)
        later = {name for name, one in met.fields.items() if one.after is not None and name in outcome.refused}
        if later:
            refused = {name: why for name, why in outcome.refused.items() if name not in later}
            state = outcome.state if refused or outcome.state is not RowState.REFUSED else _APPLIED
            outcome = replace(outcome, refused=refused, state=state)
            batch.replan.append((row.entity, "changed at the target"))
        if outcome.state not in (_APPLIED, _UNCHANGED):
            return outcome, sent
        for name in sent:
            one = met.fields.get(name, Around())
            if one.lost:
                due = [self._lost(batch, row, outcome, name, sent[name], edit) for edit in reversed(one.lost)]
                if any(due):
                    del agreed[name]
            if back or name in outcome.refused or (one.lost and one.over is None):
                continue
            if outcome.state is _APPLIED or look.unsure:
                self._over(batch, row, outcome, name, sent[name], look, one.over)
        if met.unreadable:
            detail = orjson.dumps({"theirs": None, "hub": sent, "note": _UNREADABLE})
            batch.conflicts.append((row.entity, row.facet, "", kinds.RACE, detail))
            self._outcomes.counts.note(how.RACE)
        return outcome, agreed

    def drifted(self, batch: DeliveryBatch, rows: Sequence[PlanRow], existing: Mapping[int, TargetObject]) -> None:
        """Look at rows that are not sent again because the object changed: they may have been carried out before."""
        some = {r.n: r for r in rows if r.n in self._looks and r.n in existing}
        if not some:
            return
        for n in some:
            self._looks[n].unsure = True
        answers = [Outcome(n, _UNCHANGED, r.object_id, existing[n].version) for n, r in some.items()]
        sent = {n: {k: v for k, v in r.wanted().items() if waits_for(v) is None} for n, r in some.items()}
        self.after(some, answers, sent)
        for outcome in answers:
            n = outcome.row
            stands = self._outcomes.agree(batch, some[n], existing[n], sent[n])
            met = self._met.get(n, _Met())
            told = {k: bool(one.over or one.lost) for k, one in met.fields.items() if one.seen}
            if wrote := {k: v for k, v in sent[n].items() if told.get(k, k in stands)}:
                self.settle(batch, some[n], outcome, wrote)
            elif met.unreadable:
                self.settle(batch, some[n], outcome, sent[n])

    def unanswered(self, batch: DeliveryBatch, rows: Sequence[PlanRow], read: Read) -> None:
        """Look at rows that are given up without an answer: some may have been carried out, if the target tells now."""
        try:
            existing = read([row for row in rows if row.n in self._looks])
        except HubError as exc:
            if exc.recovery is Recovery.ABORT:
                raise
            return
        self.drifted(batch, rows, existing)

    def _lost(self, batch: DeliveryBatch, row: PlanRow, outcome: Outcome, name: str, ours: Value, edit: Edit) -> bool:
        """Keep an edit that nobody had seen; returns whether it is to be put back."""
        theirs = value_of(edit)
        policy = self._policies.of(row.cls, name, self._outcomes.facet(row).fields[name].sources)
        # What is only shown (the label of a reference) cannot be written back: it is reported.
        back = edit.told and _stands(policy, theirs, edit.at, self._outcomes.clock.now())
        self.due |= back
        batch.overwritten.append(
            Overwritten(
                row.entity, row.facet, row.kind, str(outcome.object_id), name, theirs, ours, how.RACE, edit.by,
                edit.at, how.DUE if back else how.STANDS,
            )
        )  # fmt: skip
        detail = {"theirs": theirs, "hub": ours, "by": edit.by, "at": edit.at, "put_back": back}
        batch.conflicts.append((row.entity, row.facet, name, kinds.RACE, orjson.dumps(detail)))
        batch.replan.append((row.entity, "edited in the same moment"))
        self._outcomes.counts.note(how.RACE)
        return back

    def _over(
        self, batch: DeliveryBatch, row: PlanRow, outcome: Outcome, name: str, ours: Value, look: _Look,
        edit: Edit | None,
    ) -> None:  # fmt: skip
        """Keep a value of other people that a policy let the hub write over."""
        facet = self._outcomes.facet(row)
        base, theirs = self._outcomes.base(row), look.fields.get(name)
        if name not in facet.fields or row.op is Op.DELETE or facet.same(name, ours, theirs):
            return
        if row.n in self._outcomes.echoes:
            return
        if not writes_over(theirs, base.get(name), name in base, partial(facet.same, name)):
            return
        by, at = (edit.by, edit.at) if edit is not None else self._outcomes.signed(row) or (look.by, look.since)
        batch.overwritten.append(
            Overwritten(
                row.entity, row.facet, row.kind, str(outcome.object_id), name, theirs, ours, how.POLICY, by or None,
                at or None,
            )
        )  # fmt: skip
        self._outcomes.counts.note(how.POLICY)


def _stands(policy: Policy, theirs: Any, at: int, now: int) -> bool:
    """Tell whether an edit made in the same moment is to stand."""
    if policy.name == "hub" or (policy.name == "if_empty" and is_empty(theirs)):
        return False
    return policy.name != "target_for" or at + policy.seconds > now


def _gap(before: str | None, after: str | None) -> int:
    """Return by how many writes two versions differ; 0 when they cannot be told."""
    try:
        return int(after or "") - int(before or "")
    except ValueError:
        return 0
