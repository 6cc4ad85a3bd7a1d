"""Writing issues: look up, re-read, decide, send, take the further steps, read back, one outcome per row.

A new issue carries the hub key as a label, in the same request that creates it: labels are the one thing of an issue
that a client sets at creation and JQL compares as a whole. Searches lag behind writes, so what may have been created is
looked up again only after a wait, and never created twice within one run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.jira_assets.client import may_be_done
from connectors.jira_assets.outcomes import failed, gone, partly
from connectors.jira_issues import jql
from connectors.jira_issues.client import IssuesClient, Raw
from connectors.jira_issues.fields import CATEGORY, COMMENT, Fields, RefusedValueError, same
from connectors.jira_issues.read import Reader, version_of
from connectors.jira_issues.steps import RefusedStepError, Steps
from synchub.domain.hubkey import other_hub
from synchub.domain.plan import Op, Outcome, RowState, Value, Write
from synchub.errors import AuthError, ConnectorError, ContractChanged, Rejected, WrongInstance

_SENDS = 4  # requests for one issue while Jira names fields that it does not take
_STEPS = (CATEGORY, COMMENT)
_OTHER = "Jira kept or made another value (permission, screen, automation rule or length)"
_SAID = "is said, but is not this login's newest comment that Jira sends with the issue"
_LOST = "the answer was lost and the issue is not there (yet); it is looked up before it is created again"


@dataclass(slots=True)
class _Body:
    """What one request sends: field id -> value, the names behind the ids, and what was refused."""

    sent: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def drop(self, named: Mapping[str, str], keep: str) -> bool:
        """Take fields out that Jira named; False when it named none of them, or one that must be sent."""
        known = [i for i in named if i in self.names]
        if keep in named:
            return False
        for number in known:
            del self.sent[number]
            self.refused[self.names.pop(number)] = named[number]
        return bool(known)


@dataclass(slots=True)
class _Made:
    """An issue that was created and waits for being read back."""

    write: Write
    id: str
    refused: dict[str, str]
    later: str = ""


class Writer:
    """Carries out writes. Safe to use from several threads as long as they write different issues."""

    def __init__(self, client: IssuesClient, fields: Fields, reader: Reader) -> None:
        self._client = client
        self._fields = fields
        self._reader = reader
        self._steps = Steps(client)

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Send writes, as `synchub.ports.Target.write` promises. Everything is read before anything is sent."""
        creates = [w for w in writes if w.op not in (Op.UPDATE, Op.DELETE)]
        updates = [w for w in writes if w.op is Op.UPDATE]
        names = sorted({name for w in writes for name in w.fields})
        try:
            held = self._reader.raw((w.object_id or "" for w in updates), names)
            present = self._reader.marked((w.hub_key for w in creates), names) if creates else {}
        except (AuthError, WrongInstance):
            raise
        except ConnectorError as error:
            return [failed(w, error) for w in writes]
        outcomes = [self._guarded(self._update, w, held.get(w.object_id or "")) for w in updates]
        outcomes += [
            Outcome(w.row, RowState.REFUSED, object_id=w.object_id, message="issues are never deleted by the hub.")
            for w in writes
            if w.op is Op.DELETE
        ]
        made: list[_Made] = []
        lost: list[Write] = []
        for write in creates:
            if write.hub_key in present:
                outcomes.append(self._was_there(write, present[write.hub_key]))
                continue
            outcome = self._guarded(self._create, write, made, lost)
            if outcome is not None:
                outcomes.append(outcome)
        return outcomes + self._found_again(lost, names) + self._read_back(made, names)

    def _guarded(self, work: Any, write: Write, *args: Any) -> Any:
        """Do one row; its failure is its outcome, only what concerns the whole connection is raised."""
        try:
            return work(write, *args)
        except (AuthError, WrongInstance):
            raise
        except ConnectorError as error:
            return failed(write, error)

    # --- updates ------------------------------------------------------------------------------------------------------

    def _update(self, write: Write, held: Raw | None) -> Outcome:
        where = f"{self._client.name}: {write.kind}/{write.object_id}"
        if held is None:
            return gone(write, where)
        owners = [owner for mark in self._fields.marks(held) if (owner := other_hub(mark, write.hub_key))]
        if owners:
            message = f"{where}: the issue belongs to hub {owners[0]!r} and is not touched."
            return Outcome(write.row, RowState.CONFLICT, object_id=held["id"], message=message)
        moved = self._moved(write, held)
        if moved:
            message = f"{where}: {', '.join(moved)} changed since the plan was made."
            return replace(self._outcome(write, held, RowState.DRIFTED), message=message)
        wanted = {n: v for n, v in write.fields.items() if not same(v, self._fields.value(held, n))}
        if not wanted:
            return self._outcome(write, held, RowState.UNCHANGED)
        body = self._body(wanted, held)
        self._send_edit(held["id"], body)
        refused = {**body.refused, **self._take_steps(held["id"], wanted)}
        now = self._reader.raw([held["id"]], sorted(write.fields)).get(held["id"])
        if now is None:
            return gone(write, where)
        return self._judge(write, now, refused)

    def _send_edit(self, identifier: str, body: _Body) -> None:
        """Set fields, without those that Jira refuses by name."""
        while body.sent:
            try:
                self._client.call(lambda library: library.edit(identifier, body.sent))
            except Rejected as error:
                if not body.drop(error.context.get("fields") or {}, ""):
                    raise
                continue
            return

    def _moved(self, write: Write, held: Raw) -> list[str]:
        """Name the fields that somebody changed since the decision."""
        if write.expected_version is None or write.expected_version == version_of(held):
            return []
        expected = write.extra.get("expected")
        moved = []
        for name, value in write.fields.items():
            now = self._fields.value(held, name)
            if not same(value, now) and (not isinstance(expected, Mapping) or not same(expected.get(name), now)):
                moved.append(name)
        return sorted(moved)

    # --- creates ------------------------------------------------------------------------------------------------------

    def _create(self, write: Write, made: list[_Made], lost: list[Write]) -> Outcome | None:
        """Create one issue; None where its outcome is told after it was read back or looked up."""
        where = f"{self._client.name}: {write.kind} {write.hub_key}"
        mark = self._fields.mark()
        if not jql.is_mark(write.hub_key):
            raise ContractChanged("the hub key cannot be a label.", where=where)
        body = self._body({n: v for n, v in write.fields.items() if v not in (None, "", [])}, None)
        body.sent[mark] = [*body.sent.get(mark, []), write.hub_key]
        home = {"project": {"key": self._client.settings.project}, "issuetype": {"name": write.kind}}
        for _ in range(_SENDS):
            sent = {**home, **body.sent}
            try:
                answer = self._client.call(
                    lambda library, sent=sent: library.create_issue(fields=sent, prefetch=False).raw,  # type: ignore[misc]
                    idempotent=False,
                )
            except Rejected as error:
                if not body.drop(error.context.get("fields") or {}, mark):
                    raise
                continue
            except ConnectorError as error:
                if not may_be_done(error):
                    raise
                lost.append(write)
                return None
            identifier = str(answer.get("id") or "")
            if not identifier.isdecimal():
                lost.append(write)
                return None
            made.append(self._finish(write, identifier, body.refused))
            return None
        return Outcome(write.row, RowState.REFUSED, refused=body.refused,
                       message=f"{where}: fields are refused: {', '.join(sorted(body.refused))}.")  # fmt: skip

    def _finish(self, write: Write, identifier: str, refused: dict[str, str]) -> _Made:
        """Take the steps of a new issue; one that has to be repeated is for the next plan, the issue is there."""
        wanted = {n: write.fields[n] for n in _STEPS if write.fields.get(n) not in (None, "")}
        if wanted.get(CATEGORY) == "new":
            del wanted[CATEGORY]  # where every workflow begins; if not, reading back tells
        try:
            return _Made(write, identifier, {**refused, **self._take_steps(identifier, wanted)})
        except (AuthError, WrongInstance):
            raise
        except ConnectorError as error:
            return _Made(write, identifier, refused, later=str(error))

    def _found_again(self, lost: Sequence[Write], names: Sequence[str]) -> list[Outcome]:
        """Decide by the hub key what became of creates whose answer was lost, once searches can show them."""
        if not lost:
            return []
        self._client.clock.sleep(self._client.settings.search_lag_seconds)
        try:
            present = self._reader.marked((w.hub_key for w in lost), names)
        except (AuthError, WrongInstance):
            raise
        except ConnectorError as error:
            return [replace(failed(w, error), retryable=True, state=RowState.FAILED) for w in lost]
        outcomes = []
        for write in lost:
            if write.hub_key in present:
                outcomes.append(self._was_there(write, present[write.hub_key]))
            else:
                message = f"{self._client.name}: {write.kind} {write.hub_key}: {_LOST}."
                outcomes.append(Outcome(write.row, RowState.FAILED, retryable=True, message=message))
        return outcomes

    def _was_there(self, write: Write, row: Raw) -> Outcome:
        """An earlier attempt made it: what it holds now is what both agree on; the next plan does the rest.

        An issue that holds little of what is asked for is another thing: numbers of hub keys are given again where a
        state was lost or restored.
        """
        asked = {n: v for n, v in write.fields.items() if n not in _STEPS and v not in (None, "", [])}
        equal = sum(same(v, self._fields.value(row, n)) for n, v in asked.items())
        if equal * 2 >= len(asked):
            return self._outcome(write, row, RowState.APPLIED)
        message = (
            f"{self._client.name}: issue {row.get('key')} carries the hub key {write.hub_key} but is another thing: the"
            " state was rebuilt or restored. Remove that label, or link the issue."
        )
        return Outcome(write.row, RowState.CONFLICT, object_id=row["id"], message=message)

    def _read_back(self, made: Sequence[_Made], names: Sequence[str]) -> list[Outcome]:
        try:
            held = self._reader.raw((m.id for m in made), names)
        except (AuthError, WrongInstance):
            raise
        except ConnectorError as error:
            # Sent, but not checked: the next attempt finds the issues by their hub keys.
            return [
                replace(failed(m.write, error), object_id=m.id, state=RowState.FAILED, retryable=True) for m in made
            ]
        outcomes = []
        for one in made:
            row = held.get(one.id)
            if row is None:
                message = f"{self._client.name}: issue {one.id}: created, but this login cannot read it back."
                outcomes.append(Outcome(one.write.row, RowState.APPLIED, object_id=one.id, message=message))
            elif one.later:
                outcomes.append(replace(self._outcome(one.write, row, RowState.APPLIED), refused=one.refused,
                                        message=f"{one.later} The next plan does it."))  # fmt: skip
            else:
                outcomes.append(self._judge(one.write, row, one.refused))
        return outcomes

    # --- both ---------------------------------------------------------------------------------------------------------

    def _body(self, wanted: Mapping[str, Value], held: Raw | None) -> _Body:
        """Bring fields into the API's form; what a field cannot hold is refused here."""
        body = _Body()
        for name, value in wanted.items():
            if name in _STEPS:
                continue
            try:
                number, sent = self._fields.wire(name, value, held)
            except RefusedValueError as why:
                body.refused[name] = str(why)
                continue
            body.sent[number], body.names[number] = sent, name
        return body

    def _take_steps(self, identifier: str, wanted: Mapping[str, Value]) -> dict[str, str]:
        """Move the issue and say what is to be said; returns what Jira refuses, with the reason."""
        refused: dict[str, str] = {}
        for name, step in ((CATEGORY, self._steps.move), (COMMENT, self._steps.say)):
            if name not in wanted:
                continue
            if wanted[name] in (None, ""):
                refused[name] = "is not taken back: a status category cannot be emptied, a comment stays"
                continue
            try:
                step(identifier, str(wanted[name]))
            except RefusedStepError as why:
                refused[name] = str(why)
        return refused

    def _judge(self, write: Write, row: Raw, refused: Mapping[str, str]) -> Outcome:
        """Compare what was sent with what the issue holds now; what did not take hold is refused."""
        gone_: dict[str, str] = dict(refused)
        for name, value in write.fields.items():
            if name not in gone_ and not same(value, self._fields.value(row, name)):
                gone_[name] = _SAID if name == COMMENT else _OTHER
        state = RowState.APPLIED if len(gone_) < len(write.fields) or write.op is not Op.UPDATE else RowState.REFUSED
        return replace(self._outcome(write, row, state), refused=gone_, message=partly(gone_, len(write.fields)))

    def _outcome(self, write: Write, row: Raw, state: RowState) -> Outcome:
        values: dict[str, Value] = {name: self._fields.value(row, name) for name in write.fields}
        return Outcome(write.row, state, object_id=row["id"], version=version_of(row), fields=values)
