"""Writing assets: look up, re-read, decide, one request per asset under its ETag, read back, one outcome per row.

RT answers 200 to a PUT whatever became of the fields, and applies them one after the other. So a field counts as
written when the asset holds it afterwards, and nothing is sent that RT is known to bend (`connectors.rt.wire`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.rt import sql, wire
from connectors.rt.client import Look, Raw, RtClient, may_be_done
from connectors.rt.delete import delete
from connectors.rt.outcomes import failed, gone, partly, reason
from connectors.rt.people import People
from connectors.rt.read import Reader, catalog_of, version_of
from connectors.rt.schema import CustomField, Schema
from synchub.domain.hubkey import other_hub
from synchub.domain.plan import Op, Outcome, RowState, Value, Write
from synchub.errors import AuthError, ConnectorError, NotFound, Rejected, WrongInstance

_TRIES = 3  # requests for one asset that others change in the same moment
_MOVED = 412
_LOST = "the answer was lost and the asset is not there (yet); it is looked up before it is created again"


@dataclass(slots=True)
class _Body:
    """What one request writes, and what is not even tried."""

    core: dict[str, Any] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        return {**self.core, **({"CustomFields": self.custom} if self.custom else {})}


@dataclass(slots=True)
class _Sent:
    """A row that was sent: what RT said about it, and what was not sent."""

    write: Write
    object_id: str
    refused: dict[str, str]
    said: list[str]


class AssetWriter:
    """Carries out writes of assets. Safe to use from several threads as long as they write different assets."""

    def __init__(self, client: RtClient, schema: Schema, reader: Reader, people: People) -> None:
        self._client = client
        self._schema = schema
        self._reader = reader
        self._people = people
        self._mark = client.settings.hub_key

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Send writes of assets; everything is read before anything is sent."""
        if not writes:
            return []
        creates = [w for w in writes if w.op is Op.CREATE or w.op is Op.INSERT]
        deletes = [w for w in writes if w.op is Op.DELETE]
        updates = [w for w in writes if w.op not in (Op.CREATE, Op.INSERT, Op.DELETE)]
        looks = {w.row: self._guarded(self._look, w) for w in updates}
        held = self._reader.raw(w.object_id or "" for w in updates)
        present = self._present(creates)
        outcomes: list[Outcome] = []
        sent: list[_Sent] = []
        lost: list[Write] = []
        for write in updates:
            got = looks[write.row]
            if not isinstance(got, Outcome):
                got = self._guarded(self._update, write, held.get(write.object_id or ""), got, sent)
            outcomes += [got] if isinstance(got, Outcome) else []
        outcomes += [self._guarded(self._delete, w) for w in deletes]
        for write in creates:
            if write.hub_key in present:
                outcomes.append(self._was_there(write, present[write.hub_key]))
                continue
            made = self._guarded(self._create, write, sent, lost)
            outcomes += [made] if isinstance(made, Outcome) else []
        return outcomes + self._found_again(lost) + self._read_back(sent)

    def _guarded(self, work: Any, write: Write, *args: Any) -> Any:
        """Do one row; its failure is its outcome, only what concerns the whole connection is raised."""
        try:
            return work(write, *args)
        except (AuthError, WrongInstance):
            raise
        except ConnectorError as error:
            return failed(write, error)

    # --- updates ------------------------------------------------------------------------------------------------------

    def _look(self, write: Write) -> Look | Outcome:
        """Ask under which tag an asset may be overwritten, before its values are read."""
        if not sql.is_id(write.object_id or ""):
            return gone(write, self._where(write))
        try:
            return self._client.look(f"/asset/{write.object_id}")
        except NotFound:
            return gone(write, self._where(write))

    def _update(self, write: Write, held: Raw | None, look: Look, sent: list[_Sent]) -> Outcome | None:
        """Send one change; None where its outcome is told after it was read back."""
        for _ in range(_TRIES):
            if held is None:
                return gone(write, self._where(write))
            stop = self._judge(write, held)
            if stop is not None:
                return stop
            body = self._body(write, held, catalog_of(held))
            if not body.json():
                return self._nothing_left(write, held, body.refused)
            try:
                said = self._send(held["id"], body.json(), look)
            except Rejected as error:
                if error.context.get("status") != _MOVED:
                    raise
                # Changed by somebody else, or by ourselves where the answer to the first attempt was lost.
                look = self._client.look(f"/asset/{held['id']}")
                held = self._reader.raw([held["id"]]).get(held["id"])
                continue
            except ConnectorError as error:
                if not may_be_done(error) or error.context.get("sent") is not True:
                    raise
                said = []
            sent.append(_Sent(write, held["id"], body.refused, said))
            return None
        message = f"{self._where(write)}: others change the asset all the time; nothing was written."
        return Outcome(write.row, RowState.DRIFTED, object_id=write.object_id, message=message)

    def _send(self, number: str, body: dict[str, Any], look: Look) -> list[str]:
        """Send a change, by way of another status where the lifecycle allows no direct way to the one wanted."""
        step = self._client.settings.status_steps.get(str(body.get("Status")))
        if step in look.ways and body["Status"] not in look.ways:
            self._client.put(f"/asset/{number}", {"Status": step}, look.tag)
            look = self._client.look(f"/asset/{number}")
        return self._client.put(f"/asset/{number}", body, look.tag)

    def _judge(self, write: Write, held: Raw) -> Outcome | None:
        owner = other_hub(self._reader.value(held, self._mark), write.hub_key)
        if owner is not None:
            message = f"{self._where(write)}: the asset belongs to hub {owner!r} and is not touched."
            return replace(self._outcome(write, held, RowState.CONFLICT), message=message)
        if all(wire.same(value, self._reader.value(held, name)) for name, value in write.fields.items()):
            return self._outcome(write, held, RowState.UNCHANGED)
        moved = self._moved(write, held)
        if moved:
            message = f"{self._where(write)}: {', '.join(moved)} changed since the plan was made."
            return replace(self._outcome(write, held, RowState.DRIFTED), message=message)
        return None

    def _moved(self, write: Write, held: Raw) -> list[str]:
        """Name the fields that somebody changed since the decision."""
        if write.expected_version is None or write.expected_version == version_of(held):
            return []
        expected = write.extra.get("expected")
        moved = []
        for name, value in write.fields.items():
            now = self._reader.value(held, name)
            known = isinstance(expected, Mapping) and wire.same(expected.get(name), now)
            if not wire.same(value, now) and not known:
                moved.append(name)
        return sorted(moved)

    def _nothing_left(self, write: Write, held: Raw, refused: dict[str, str]) -> Outcome:
        message = f"{self._where(write)}: {'; '.join(f'{n}: {why}' for n, why in sorted(refused.items()))}"[:500]
        return replace(self._outcome(write, held, RowState.REFUSED), refused=refused, message=message)

    def _delete(self, write: Write) -> Outcome:
        look = self._look(write)
        held = self._reader.raw([write.object_id or ""]).get(write.object_id or "")
        return look if isinstance(look, Outcome) and held else delete(self._client, self._reader, write, held, look)

    # --- creates ------------------------------------------------------------------------------------------------------

    def _present(self, creates: Sequence[Write]) -> dict[str, Raw]:
        """Find what an earlier attempt created: hub key -> asset; of several (a copy by a person) the oldest."""
        found: dict[str, Raw] = {}
        wanted = {w.hub_key for w in creates}
        for mark, row in self._reader.by(self._mark, wanted):
            if mark in wanted and (mark not in found or int(row["id"]) < int(found[mark]["id"])):
                found[mark] = row
        return found

    def _create(self, write: Write, sent: list[_Sent], lost: list[Write]) -> Outcome | None:
        """Create one asset; None where its outcome is told after it was read back or looked up.

        A create is refused as a whole and RT seldom says for which field: then the asset is made with its name and hub
        key alone, and the rest is written to it, where each field stands for itself.
        """
        catalog = self._schema.catalog_of(write.kind)
        mark = self._schema.fields(catalog).get(self._mark) if catalog else None
        if catalog is None or mark is None:
            what = f"no custom field {self._mark!r} in" if catalog else "no"
            message = (f"{self._where(write)}: there is {what} catalog {self._schema.catalog_name(write.kind)!r};"
                       " `synchub check` says what to do.")  # fmt: skip
            return Outcome(write.row, RowState.FAILED, message=message)
        filled = {n: v for n, v in write.fields.items() if wire.listed(v)}
        body = self._body(replace(write, fields=filled), None, catalog)
        base = {"Catalog": catalog, "CustomFields": {mark.id: write.hub_key}}
        whole = {**body.core, **base, "CustomFields": {**body.custom, mark.id: write.hub_key}}
        identifier = self._make(write, whole, lost, last=False)
        if identifier is not None:
            sent.append(_Sent(write, identifier, body.refused, []))
            return None
        if write in lost:
            return None
        bare = {"Name": body.core.get("Name", ""), **base}
        identifier = self._make(write, bare, lost, last=True)
        if identifier is not None:
            look = self._client.look(f"/asset/{identifier}")
            said = self._send(identifier, body.json(), look) if body.json() else []
            sent.append(_Sent(write, identifier, body.refused, said))
        return None

    def _make(self, write: Write, body: dict[str, Any], lost: list[Write], *, last: bool) -> str | None:
        """Send one create; None where it was refused (raised when `last`) or its answer was lost."""
        try:
            return self._client.create("/asset", body)
        except Rejected as error:
            if "unique" in error.message.lower() and write.hub_key in self._present([write]):
                lost.append(write)  # the hub key is taken: by an attempt whose answer was lost
            elif last or error.context.get("status") != 400:
                raise
            return None
        except ConnectorError as error:
            if not may_be_done(error):
                raise
            lost.append(write)
            return None

    def _found_again(self, lost: Sequence[Write]) -> list[Outcome]:
        """Decide by the hub key what became of creates whose answer was lost."""
        if not lost:
            return []
        try:
            present = self._present(lost)
        except (AuthError, WrongInstance):
            raise
        except ConnectorError as error:
            return [replace(failed(w, error), retryable=True, state=RowState.FAILED) for w in lost]
        outcomes = []
        for write in lost:
            if write.hub_key in present:
                outcomes.append(self._was_there(write, present[write.hub_key]))
            else:
                message = f"{self._where(write)} {write.hub_key}: {_LOST}."
                outcomes.append(Outcome(write.row, RowState.FAILED, retryable=True, message=message))
        return outcomes

    def _was_there(self, write: Write, row: Raw) -> Outcome:
        """An earlier attempt made it: what it holds now is what both agree on; the next plan does the rest.

        An asset that holds little of what is asked for is another thing: numbers of hub keys are given again where a
        state was lost or restored.
        """
        asked = {n: v for n, v in write.fields.items() if wire.listed(v)}
        equal = sum(wire.same(v, self._reader.value(row, n)) for n, v in asked.items())
        if equal * 2 >= len(asked):
            return self._outcome(write, row, RowState.APPLIED)
        message = (
            f"{self._where(write)}: asset {row['id']} carries the hub key {write.hub_key} but is another thing:"
            " the state was rebuilt or restored. Empty that custom field, or link the asset."
        )
        return Outcome(write.row, RowState.CONFLICT, object_id=row["id"], message=message)

    # --- both ---------------------------------------------------------------------------------------------------------

    def _body(self, write: Write, held: Raw | None, catalog: str) -> _Body:
        """Bring the fields of a row into RT's form; what RT would not keep as it is, is refused here."""
        body = _Body()
        customs = self._schema.fields(catalog)
        for name, value in write.fields.items():
            now = self._reader.value(held, name) if held is not None else None
            if held is not None and wire.same(value, now):
                continue
            try:
                self._put_in(body, customs.get(name), name, value, now)
            except wire.RefusedValueError as why:
                body.refused[name] = str(why)
        return body

    def _put_in(self, body: _Body, custom: CustomField | None, name: str, value: Value, now: Value) -> None:
        if name in wire.TEXTS:
            body.core[name] = wire.text(name, value)
        elif name in wire.ROLES:
            ids = wire.listed(value)
            unknown = [i for i in ids if not self._people.is_there(i)]
            if unknown:
                raise wire.RefusedValueError("RT has no such user")
            if name == "Owner":
                if len(ids) > 1:
                    raise wire.RefusedValueError("an asset has one owner")
                body.core[name] = ids[0] if ids else wire.NOBODY
            else:
                body.core[name] = ids
        elif custom is None:
            raise wire.RefusedValueError("RT has no such custom field for assets of this catalog")
        elif (form := wire.custom(custom, value, now)) is not wire.OMIT:
            body.custom[custom.id] = form

    def _read_back(self, sent: Sequence[_Sent]) -> list[Outcome]:
        if not sent:
            return []
        try:
            held = self._reader.raw(s.object_id for s in sent)
        except (AuthError, WrongInstance):
            raise
        except ConnectorError as error:
            # Sent, but not checked: the next attempt finds creates by their hub keys, and updates done.
            return [replace(failed(s.write, error), object_id=s.object_id, state=RowState.FAILED, retryable=True)
                    for s in sent]  # fmt: skip
        outcomes = []
        for item in sent:
            row = held.get(item.object_id)
            if row is None:
                outcomes.append(replace(gone(item.write, self._where(item.write)), object_id=item.object_id))
            else:
                outcomes.append(self._compare(item, row))
        return outcomes

    def _compare(self, item: _Sent, row: Raw) -> Outcome:
        """Compare what was sent with what the asset holds now; what did not take hold is refused."""
        write, refused = item.write, dict(item.refused)
        for name, value in write.fields.items():
            if name not in refused and not wire.same(value, self._reader.value(row, name)):
                refused[name] = reason(name, item.said)
        creating = write.op is Op.CREATE or write.op is Op.INSERT
        state = RowState.APPLIED if creating or len(refused) < len(write.fields) else RowState.REFUSED
        return replace(self._outcome(write, row, state), refused=refused, message=partly(refused, len(write.fields)))

    def _outcome(self, write: Write, row: Raw, state: RowState) -> Outcome:
        fields = {n: self._reader.value(row, n) for n in write.fields}
        return Outcome(write.row, state, object_id=row["id"], version=version_of(row), fields=fields)

    def _where(self, write: Write) -> str:
        return f"{self._client.name}: {write.kind}/{write.object_id or 'new'}"
