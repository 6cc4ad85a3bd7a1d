"""Creating objects so that each comes into being once: look up, ask, create, look up again where an answer was lost."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from connectors.servicenow import batch, ire, query
from connectors.servicenow.client import ServiceNowClient, may_be_done
from connectors.servicenow.marks import Marks
from connectors.servicenow.outcomes import compare, failed, refusal, to_wire
from connectors.servicenow.table import TableReader, is_ci, root_of, to_object
from synchub.domain.plan import Foreseen, Outcome, RowState, TargetObject, Write
from synchub.errors import AuthError, ConnectorError, WrongInstance

_KEYS = ("serial_number", "asset_tag")  # by which an asset is found where no field carries the hub key
SETTLED_S = 30  # the instance ends a batch transaction after so many seconds (Batch API, size and processing limits)
_LOST = "the answer was lost and the object is not there (yet); it is looked up before it is created again"


@dataclass(slots=True)
class Prepared:
    """Creates sorted by what is to be done with them; nothing has been sent."""

    decided: list[Outcome] = field(default_factory=list)
    present: list[tuple[Write, str]] = field(default_factory=list)  # created earlier: row and object id
    engine: list[Write] = field(default_factory=list)  # through the identification engine
    direct: list[Write] = field(default_factory=list)  # through the Table API
    asked_at: int = 0  # how often the hub had created CIs when the instance was asked


class Creator:
    """Creates objects. Safe to use from several threads as long as they create different ones."""

    def __init__(self, client: ServiceNowClient, reader: TableReader, marks: Marks) -> None:
        self._client = client
        self._reader = reader
        self._marks = marks
        # What one create brings into being, the next may match by name: from the last question to the create nobody
        # else of this process creates.
        self._lock = threading.Lock()
        self._created = 0

    def foresee(self, writes: Sequence[Write]) -> list[Foreseen]:
        """Say what the instance would match; CIs only, other tables have no identification of their own."""
        asked = [w for w in writes if is_ci(w.kind)]
        return [
            Foreseen(w.row, verdict.sys_id if verdict.operation != ire.INSERT else None, verdict.by, verdict.errors)
            for w, verdict in zip(asked, ire.ask(self._client, asked) if asked else [], strict=True)
        ]

    def prepare(self, creates: Sequence[Write]) -> Prepared:
        """Find what an earlier attempt created, and ask the instance about the rest; reads only.

        Raises:
            ConnectorError: It cannot be read or asked; nothing was sent.
        """
        done = Prepared()
        fresh: list[Write] = []
        for members in _by_root(creates):
            known = self._marks.find(root_of(members[0].kind), (), [w.hub_key for w in members])
            for write in members:
                if write.hub_key in known:
                    done.present.append((write, known[write.hub_key].id))
                else:
                    fresh.append(write)
        asked: list[Write] = []
        for write in fresh:
            if not is_ci(write.kind) or write.extra.get("direct"):
                done.direct.append(write)
            else:
                asked.append(write)
        done.asked_at = self._created
        done.engine = self._only_inserts(asked, done.decided)
        self._without_mark(done)
        return done

    def _without_mark(self, done: Prepared) -> None:
        """Where no field carries the hub key: refuse what could not be found again, and what is there already."""
        plain = [w for w in done.direct if self._marks.field(w.kind) is None]
        if not plain:
            return
        twins = self._twins(plain)
        seen: set[tuple[str, str]] = set()
        for write in plain:
            keys = _natural(write)
            twin = next((twins[k] for k in keys if k in twins), None)
            again = not seen.isdisjoint(keys)
            seen.update(keys)
            if keys and twin is None and not again:
                continue
            done.direct.remove(write)
            if twin is not None or again:
                message = f"an object with the same {' or '.join(_KEYS)} is there already; link it instead."
                done.decided.append(
                    Outcome(write.row, RowState.CONFLICT, object_id=twin, message=f"{self._where(write)}: {message}")
                )
            else:
                message = (
                    f"has neither serial number nor tag, and no field of {root_of(write.kind)} carries the hub key, so "
                    "a lost answer would create it twice. Add a text field and name it under `marks`."
                )
                done.decided.append(
                    Outcome(write.row, RowState.REFUSED, message=f"{self._where(write)}: the new object {message}")
                )

    def carry_out(self, prepared: Prepared) -> list[Outcome]:
        """Send what was prepared."""
        outcomes = list(prepared.decided)
        made: list[tuple[Write, str]] = list(prepared.present)
        lost: list[Write] = []
        for group in ire.apart(prepared.engine, self._client.settings.batch):
            with self._lock:
                writes = [w for _, w in group]
                if self._created != prepared.asked_at:
                    try:
                        writes = self._only_inserts(writes, outcomes)
                    except (AuthError, WrongInstance):
                        raise
                    except ConnectorError as error:
                        outcomes += [failed(w, error) for w in writes]
                        continue
                self._created += 1
                self._through_engine(list(enumerate(writes)), made, lost, outcomes)
        self._through_table(prepared.direct, made, lost, outcomes)
        if lost:
            self._look_up(lost, made, outcomes)
        return outcomes + self._read_back(made)

    def _only_inserts(self, writes: Sequence[Write], decided: list[Outcome]) -> list[Write]:
        """Ask the instance, keep what it would insert, and put the rest into outcomes."""
        kept: list[Write] = []
        for write, verdict in zip(writes, ire.ask(self._client, writes) if writes else [], strict=True):
            if verdict.operation == ire.INSERT and not verdict.errors:
                kept.append(write)
            else:
                decided.append(self._unexpected(write, verdict))
        return kept

    def _through_engine(
        self,
        group: Sequence[tuple[int, Write]],
        made: list[tuple[Write, str]],
        lost: list[Write],
        outcomes: list[Outcome],
    ) -> None:
        if not group:
            return
        mark = self._marks.field(group[0][1].kind)
        try:
            verdicts = ire.create(self._client, group, [mark] if mark else [])
        except (AuthError, WrongInstance):
            raise
        except ConnectorError as error:
            if may_be_done(error):
                lost += [w for _, w in group]
                self._settle(error.context.get("status") is None)
            else:
                outcomes += [failed(w, error) for _, w in group]
            return
        for n, write in group:
            verdict = verdicts[n]
            if verdict.operation == ire.INSERT and verdict.sys_id and not verdict.errors:
                made.append((write, verdict.sys_id))
            elif not verdict.operation and not verdict.errors:
                lost.append(write)
            else:
                outcomes.append(self._unexpected(write, verdict, done=True))

    def _through_table(
        self, creates: Sequence[Write], made: list[tuple[Write, str]], lost: list[Write], outcomes: list[Outcome]
    ) -> None:
        if not creates:
            return
        calls = [self._insert(w) for w in creates]
        try:
            replies = batch.run(self._client, calls, again=False)
        except (AuthError, WrongInstance):
            raise
        except ConnectorError as error:
            outcomes += [failed(w, error) for w in creates]
            return
        self._settle(any(reply is batch.LOST for reply in replies))
        for write, reply in zip(creates, replies, strict=True):
            row = reply.result
            if isinstance(row, dict) and row.get("sys_id"):
                made.append((write, to_object(write.kind, {**row, "sys_id": str(row["sys_id"])}, ()).id))
            elif reply.ok or batch.throttled(reply):
                lost.append(write)
            else:
                outcomes.append(refusal(write, reply, self._where(write)))

    def _insert(self, write: Write) -> batch.Call:
        body = {name: to_wire(value) for name, value in write.fields.items() if value not in (None, "", [])}
        mark = self._marks.field(write.kind)
        if mark:
            body[mark] = write.hub_key
        params = {"sysparm_fields": "sys_id", "sysparm_exclude_reference_link": "true"}
        return batch.Call("POST", f"/api/now/table/{query.table_name(write.kind)}", params, body)

    def _settle(self, cut_off: bool) -> None:
        """After a connection broke, wait until the instance has surely finished or given up, before looking."""
        if cut_off:
            self._client.clock.sleep(SETTLED_S)

    def _look_up(self, lost: Sequence[Write], made: list[tuple[Write, str]], outcomes: list[Outcome]) -> None:
        """Decide by the mark (or serial number and tag) what became of creates whose answer was lost."""
        for members in _by_root(lost):
            kind = members[0].kind
            try:
                if self._marks.field(kind) is not None:
                    found = {
                        k: o.id for k, o in self._marks.find(root_of(kind), (), [w.hub_key for w in members]).items()
                    }
                    ids = {w.row: found.get(w.hub_key) for w in members}
                else:
                    twins = self._twins(members)
                    ids = {w.row: next((twins[k] for k in _natural(w) if k in twins), None) for w in members}
            except ConnectorError as error:
                outcomes += [failed(w, error) for w in members]
                continue
            for write in members:
                identifier = ids[write.row]
                if identifier is not None:
                    made.append((write, identifier))
                else:
                    outcomes.append(
                        Outcome(write.row, RowState.FAILED, retryable=True, message=f"{self._where(write)}: {_LOST}.")
                    )

    def _twins(self, writes: Sequence[Write]) -> dict[tuple[str, str], str]:
        """Find objects that hold the same serial number or tag: (field, value) -> id."""
        found: dict[tuple[str, str], str] = {}
        for members in _by_root(writes):
            for name in _KEYS:
                values = [str(w.fields.get(n) or w.extra.get(n)) for w in members for n, _ in _natural(w) if n == name]
                if values:
                    asked = sorted({form for v in values for form in (v, v.upper(), v.lower())})
                    found |= {(name, v): i for v, i in self._marks.twins(members[0].kind, name, asked).items()}
        return found

    def _read_back(self, made: Sequence[tuple[Write, str]]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        ordered = sorted(made, key=lambda pair: pair[0].kind)
        for kind, group in groupby(ordered, key=lambda pair: pair[0].kind):
            pairs = list(group)
            fields = sorted({name for w, _ in pairs for name in w.fields})
            try:
                held: Mapping[str, TargetObject] = self._reader.fetch(kind, fields, [i for _, i in pairs])
            except ConnectorError as error:
                outcomes += [replace(failed(w, error), object_id=i) for w, i in pairs]
                continue
            for write, identifier in pairs:
                found = held.get(identifier)
                if found is not None:
                    outcomes.append(compare(write, found))
                else:
                    message = f"{self._where(write)}: created, but this login cannot read it back."
                    outcomes.append(Outcome(write.row, RowState.APPLIED, object_id=identifier, message=message))
        return outcomes

    def _unexpected(self, write: Write, verdict: ire.Verdict, *, done: bool = False) -> Outcome:
        """Report what the instance would do, or did, instead of creating an object."""
        where = self._where(write)
        if verdict.sys_id and verdict.operation != ire.INSERT:
            by = ", ".join(verdict.by) or "its rules"
            message = (
                f"{where}: {verdict.sys_id} came in between and took on the values (by {by})."
                if done
                else f"{where}: the instance would take {verdict.sys_id} for it (by {by}); nothing was created."
            )
            return Outcome(write.row, RowState.CONFLICT, object_id=verdict.sys_id, message=message)
        said = verdict.errors or verdict.operation or "no reason given"
        state = RowState.CONFLICT if "DUPLICATE" in said or "several" in said else RowState.REFUSED
        return Outcome(write.row, state, message=f"{where}: the instance does not create it ({said}).")

    def _where(self, write: Write) -> str:
        return f"{self._client.name}: {write.kind} {write.hub_key}"


def _natural(write: Write) -> list[tuple[str, str]]:
    """List the identifying values of a write that carries no mark, upper case."""
    found = []
    for name in _KEYS:
        value = write.fields.get(name) or write.extra.get(name)
        if isinstance(value, str) and query.is_safe(value):
            found.append((name, value.upper()))
    return found


def _by_root(writes: Sequence[Write]) -> list[list[Write]]:
    ordered = sorted(writes, key=lambda w: root_of(w.kind))
    return [list(members) for _, members in groupby(ordered, key=lambda w: root_of(w.kind))]
