"""Writing: re-read, decide, send in batches, read back, one outcome per row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from connectors.servicenow import batch, query
from connectors.servicenow.client import ServiceNowClient
from connectors.servicenow.create import Creator
from connectors.servicenow.delete import Deleter
from connectors.servicenow.history import Historian
from connectors.servicenow.marks import Marks
from connectors.servicenow.outcomes import compare, failed, refusal, same, to_wire
from connectors.servicenow.table import TableReader
from synchub.domain.hubkey import other_hub
from synchub.domain.plan import Op, Outcome, RowState, TargetObject, Write
from synchub.errors import AuthError, ConnectorError, WrongInstance


class Writer:
    """Carries out writes. Safe to use from several threads as long as they write different objects."""

    def __init__(
        self, client: ServiceNowClient, reader: TableReader, marks: Marks, creator: Creator, historian: Historian
    ) -> None:
        self._client = client
        self._reader = reader
        self._marks = marks
        self._creator = creator
        self._historian = historian
        self._deleter = Deleter(client, reader, marks)

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Send writes, as `synchub.ports.Target.write` promises. Everything is read before anything is sent."""
        bad = [refused_name(w) for w in writes]
        outcomes = [o for o in bad if o is not None]
        good = [w for w, o in zip(writes, bad, strict=True) if o is None]
        updates = [w for w in good if w.op is Op.UPDATE]
        prepared = self._creator.prepare([w for w in good if w.op is Op.CREATE])
        ready, decided = self._decide(updates)
        outcomes += decided
        outcomes += self._update(ready)
        for kind, members in by_kind([w for w in good if w.op is Op.DELETE]):
            outcomes += self._deleter.delete(kind, members)
        outcomes += self._creator.carry_out(prepared)
        return outcomes

    def _decide(self, updates: Sequence[Write]) -> tuple[list[tuple[Write, TargetObject]], list[Outcome]]:
        """Re-read what is about to be overwritten; return what may be sent, and the outcomes of the rest."""
        ready: list[tuple[Write, TargetObject]] = []
        outcomes: list[Outcome] = []
        for kind, members in by_kind(updates):
            mark = self._marks.field(kind)
            fields = {name for w in members for name in (*w.fields, *w.extra.get("expected", {}))}
            held = self._reader.fetch(
                kind, sorted(fields | ({mark} if mark else set())), [w.object_id or "" for w in members]
            )
            for write in members:
                found = held.get(write.object_id or "")
                outcome = self._judge(write, found, mark)
                if outcome is not None:
                    outcomes.append(outcome)
                elif found is not None:
                    ready.append((write, found))
        return ready, outcomes

    def _judge(self, write: Write, held: TargetObject | None, mark: str | None) -> Outcome | None:
        if held is None:
            return refusal(write, batch.Reply(404), self._where(write))
        now = {name: held.fields[name] for name in write.fields if name in held.fields}

        def outcome(state: RowState, message: str = "") -> Outcome:
            return Outcome(
                write.row, state, object_id=held.id, version=held.version, fields=now, counterpart=held.counterpart,
                message=message,
            )  # fmt: skip

        owner = other_hub(held.fields.get(mark), write.hub_key) if mark else None
        if owner is not None:
            return outcome(
                RowState.CONFLICT, f"{self._where(write)}: the object belongs to hub {owner!r} and is not touched."
            )
        if len(now) == len(write.fields) and all(same(v, now[n]) for n, v in write.fields.items()):
            return outcome(RowState.UNCHANGED)
        if write.expected_version is not None and held.version != write.expected_version:
            moved = _moved(write, now)
            if moved:
                return outcome(
                    RowState.DRIFTED, f"{self._where(write)}: {', '.join(moved)} changed since the plan was made."
                )
        return None

    def _update(self, ready: Sequence[tuple[Write, TargetObject]]) -> list[Outcome]:
        if not ready:
            return []
        try:
            replies = batch.run(self._client, [self._patch(w, o, w.fields) for w, o in ready], again=True)
        except (AuthError, WrongInstance):
            raise
        except ConnectorError as error:
            return [failed(w, error) for w, _ in ready]
        outcomes: list[Outcome] = []
        sent: list[tuple[Write, TargetObject]] = []
        for (write, held), reply in zip(ready, replies, strict=True):
            if isinstance(reply.result, dict):
                self._historian.learn(held.version, reply.result)
            if reply.ok or (reply.status == 403 and len(write.fields) > 1):
                sent.append((write, held))
            else:
                outcomes.append(refusal(write, reply, self._where(write)))
        forbidden = [
            (w, o) for (w, o), reply in zip(ready, replies, strict=True) if reply.status == 403 and len(w.fields) > 1
        ]
        return outcomes + self._read_back(sent, self._one_by_one(forbidden))

    def _one_by_one(self, forbidden: Sequence[tuple[Write, TargetObject]]) -> dict[int, dict[str, str]]:
        """Send the fields of refused rows alone, so that one forbidden field does not keep the others out."""
        parts = [(w, o, name) for w, o in forbidden for name in w.fields]
        if not parts:
            return {}
        replies = batch.run(self._client, [self._patch(w, o, {n: w.fields[n]}) for w, o, n in parts], again=True)
        refused: dict[int, dict[str, str]] = {}
        for (write, _, name), reply in zip(parts, replies, strict=True):
            if not reply.ok:
                refused.setdefault(write.row, {})[name] = f"{reply.status}: {reply.message or 'refused'}"
        return refused

    def _read_back(
        self, sent: Sequence[tuple[Write, TargetObject]], refused: Mapping[int, dict[str, str]]
    ) -> list[Outcome]:
        outcomes: list[Outcome] = []
        before = {w.row: held for w, held in sent}
        for kind, members in by_kind([w for w, _ in sent]):
            fields = sorted({name for w in members for name in w.fields})
            try:
                held = self._reader.fetch(kind, fields, [w.object_id or "" for w in members])
            except ConnectorError as error:
                # Sent, but not checked: the next attempt finds the values there and says UNCHANGED.
                outcomes += [failed(w, error) for w in members]
                continue
            for write in members:
                found = held.get(write.object_id or "")
                if found is None:
                    outcomes.append(refusal(write, batch.Reply(404), self._where(write)))
                    continue
                gap = _gap(before[write.row].version, found.version)
                prefix = "Somebody else changed the object in the same moment. " if gap else ""
                outcomes.append(compare(write, found, prefix=prefix, refused=refused.get(write.row)))
        return outcomes

    def _patch(self, write: Write, held: TargetObject, fields: Mapping[str, object]) -> batch.Call:
        return batch.Call(
            "PATCH",
            f"/api/now/table/{query.table_name(held.cls or write.kind)}/{query.sys_id(held.id)}",
            {"sysparm_fields": "sys_id,sys_mod_count,sys_updated_by", "sysparm_exclude_reference_link": "true"},
            {name: to_wire(write.fields[name]) for name in fields},
        )

    def _where(self, write: Write) -> str:
        return f"{self._client.name}: {write.kind}/{write.object_id or 'new'}"


def by_kind(writes: Iterable[Write]) -> list[tuple[str, list[Write]]]:
    """Group writes by table."""
    ordered = sorted(writes, key=lambda w: w.kind)
    return [(kind, list(members)) for kind, members in groupby(ordered, key=lambda w: w.kind)]


def refused_name(write: Write) -> Outcome | None:
    """Refuse a write whose table, id or fields have names that cannot be names: they come from a map or a state."""
    try:
        query.table_name(write.kind)
        for name in write.fields:
            query.field_name(name)
        if write.object_id is not None:
            query.sys_id(write.object_id)
    except query.UnsafeValueError as error:
        return Outcome(write.row, RowState.REFUSED, object_id=write.object_id, message=f"{write.kind[:80]!r}: {error}.")
    if any(name.startswith("sys_") or "." in name for name in write.fields):
        message = f"{write.kind}: fields of the system and of other tables cannot be written."
        return Outcome(write.row, RowState.REFUSED, object_id=write.object_id, message=message)
    return None


def _moved(write: Write, now: Mapping[str, object]) -> list[str]:
    """Name the fields that somebody changed since the decision; all of them when the old values are not known."""
    expected = write.extra.get("expected")
    if not isinstance(expected, Mapping):
        return sorted(write.fields)
    return sorted(
        name
        for name, value in write.fields.items()
        if not same(expected.get(name), now.get(name)) and not same(value, now.get(name))  # type: ignore[arg-type]
    )


def _gap(before: str | None, after: str | None) -> bool:
    try:
        return int(after or 0) > int(before or 0) + 1
    except ValueError:
        return False
