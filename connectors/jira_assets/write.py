"""Writing objects: look up, re-read, decide, send one request per object, read back, one outcome per row.

The Assets API has no bulk object resource (OpenAPI document of 2025-12, read 2026-11-22), so each changed object is one
write request; everything that is read before and after is read for a whole batch at once. Imports take many objects in
one execution, but they are asynchronous, answer with counters instead of an outcome per object, may delete what is
missing and need a mapping that a person sets up: they are not used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.jira_assets import aql, schema, wire
from connectors.jira_assets.client import AssetsClient, may_be_done
from connectors.jira_assets.delete import delete
from connectors.jira_assets.outcomes import failed, gone, partly
from connectors.jira_assets.read import Raw, Reader, type_id, version_of
from connectors.jira_assets.schema import Attribute, Schema
from synchub.domain.hubkey import other_hub
from synchub.domain.plan import Op, Outcome, RowState, Value, Write
from synchub.errors import AuthError, ConnectorError, ContractChanged, NotFound, Rejected, WrongInstance

_SENDS = 3  # requests for one object while the system names attributes that it does not take
_FIRST = "the plan's rows of class schema add it."
_LOST = "the answer was lost and the object is not there (yet); it is looked up before it is created again"


@dataclass(slots=True)
class _Body:
    """What one request writes: attribute id -> values, and the names behind the ids."""

    entries: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def json(self, object_type: str) -> dict[str, Any]:
        attributes = [{"objectTypeAttributeId": i, "objectAttributeValues": v} for i, v in self.entries.items()]
        return {"objectTypeId": object_type, "attributes": attributes}

    def drop(self, named: Mapping[str, str]) -> bool:
        """Take attributes out that the system named; False when it named none of them."""
        known = [i for i in named if i in self.entries]
        for identifier in known:
            del self.entries[identifier]
            self.refused[self.names[identifier]] = named[identifier]
        return bool(known)


class Writer:
    """Carries out writes. Safe to use from several threads as long as they write different objects."""

    def __init__(self, client: AssetsClient, schema: Schema, reader: Reader) -> None:
        self._client = client
        self._schema = schema
        self._reader = reader
        self._keys: dict[str, str] = {}  # object id -> object key, of what was referred to
        self._mark = client.settings.hub_key

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Send writes, as `synchub.ports.Target.write` promises. Everything is read before anything is sent."""
        creates = [w for w in writes if w.op not in (Op.UPDATE, Op.DELETE)]
        updates = [w for w in writes if w.op is Op.UPDATE]
        deletes = [w for w in writes if w.op is Op.DELETE]
        held = self._reader.raw(w.object_id or "" for w in (*updates, *deletes))
        present = self._present(creates)
        self._learn_keys(writes)
        outcomes = [self._guarded(self._update, w, held.get(w.object_id or "")) for w in updates]
        outcomes += [self._guarded(self._delete, w, held.get(w.object_id or "")) for w in deletes]
        made: list[tuple[Write, str, dict[str, str]]] = []
        lost: list[Write] = []
        for write in creates:
            if write.hub_key in present:
                outcomes.append(self._was_there(write, present[write.hub_key]))
                continue
            outcome = self._guarded(self._create, write, made, lost)
            if outcome is not None:
                outcomes.append(outcome)
        return outcomes + self._found_again(lost) + self._read_back(made)

    def _guarded(self, work: Any, write: Write, *args: Any) -> Any:
        """Do one row; its failure is its outcome, only what concerns the whole connection is raised."""
        try:
            return work(write, *args)
        except (AuthError, WrongInstance):
            raise
        except ConnectorError as error:
            return failed(write, error)

    def _delete(self, write: Write, held: Raw | None) -> Outcome:
        return delete(self._client, self._reader, write, held)

    # --- updates ------------------------------------------------------------------------------------------------------

    def _update(self, write: Write, held: Raw | None) -> Outcome:
        where = f"{self._client.name}: {write.kind}/{write.object_id}"
        if held is None:
            return gone(write, where)
        owner = other_hub(self._reader.value(held, self._mark), write.hub_key)
        if owner is not None:
            message = f"{where}: the object belongs to hub {owner!r} and is not touched."
            return Outcome(write.row, RowState.CONFLICT, object_id=held["id"], message=message)
        moved = self._moved(write, held)
        if moved:
            message = f"{where}: {', '.join(moved)} changed since the plan was made."
            return replace(self._outcome(write, held, RowState.DRIFTED), message=message)
        attributes = self._schema.attributes(type_id(held))
        lacking = self._lacking(write, attributes)
        if lacking:
            return Outcome(write.row, RowState.FAILED, object_id=held["id"], message=f"{where}: {lacking}")
        if self._equal(write, held):
            return self._outcome(write, held, RowState.UNCHANGED)
        body = self._body(write, attributes)
        while body.entries:
            try:
                answer = self._client.put(f"/object/{held['id']}", body.json(type_id(held)))
            except NotFound:
                return gone(write, where)
            except Rejected as error:
                if not body.drop(error.context.get("attributes") or {}):
                    raise
                continue
            return self._judge(write, self._after(held["id"], answer), body.refused)
        return Outcome(
            write.row, RowState.REFUSED, object_id=held["id"], refused=body.refused,
            message=f"{where}: {'; '.join(f'{n}: {why}' for n, why in sorted(body.refused.items()))}"[:500],
        )  # fmt: skip

    def _after(self, identifier: str, answer: Any) -> Raw:
        """Return the object as it is after a write: the answer where it holds attributes, else read again."""
        if isinstance(answer, dict) and str(answer.get("id")) == identifier and answer.get("attributes"):
            return {**answer, "id": identifier, "attributes": [a for a in answer["attributes"] if isinstance(a, dict)]}
        found = self._reader.one(identifier)
        if found is None:
            raise ContractChanged("the object was written, but cannot be read back.", where=f"{self._client.name}: PUT")
        return found

    def _equal(self, write: Write, held: Raw) -> bool:
        attributes = self._schema.attributes(type_id(held))
        return all(
            name in attributes and wire.same(attributes[name], value, self._reader.value(held, name))
            for name, value in write.fields.items()
        )

    def _moved(self, write: Write, held: Raw) -> list[str]:
        """Name the fields that somebody changed since the decision."""
        if write.expected_version is None or write.expected_version == version_of(held):
            return []
        expected = write.extra.get("expected")
        attributes = self._schema.attributes(type_id(held))
        moved = []
        for name, value in write.fields.items():
            now = self._reader.value(held, name)
            if name in attributes and not wire.same(attributes[name], value, now):
                old = expected.get(name) if isinstance(expected, Mapping) else None
                if not isinstance(expected, Mapping) or not wire.same(attributes[name], old, now):
                    moved.append(name)
        return sorted(moved)

    # --- creates ------------------------------------------------------------------------------------------------------

    def _present(self, creates: Sequence[Write]) -> dict[str, Raw]:
        """Find what an earlier attempt created: hub key -> object; of several (a copy by a person) the oldest."""
        found: dict[str, Raw] = {}
        for kind in sorted({w.kind for w in creates}):
            wanted = {w.hub_key for w in creates if w.kind == kind}
            for mark, row in self._reader.by(kind, self._mark, wanted):
                if mark in wanted and (mark not in found or int(row["id"]) < int(found[mark]["id"])):
                    found[mark] = row
        return found

    def _create(self, write: Write, made: list[tuple[Write, str, dict[str, str]]], lost: list[Write]) -> Outcome | None:
        """Create one object; None where its outcome is told after it was read back or looked up."""
        where = f"{self._client.name}: {write.kind} {write.hub_key}"
        target = self._schema.view().type_of(write.kind)
        attributes = self._schema.attributes(target.id) if target else {}
        mark = attributes.get(self._mark)
        lacking = self._lacking(replace(write, fields={**write.fields, self._mark: ""}), attributes)
        if target is None or mark is None or lacking:
            lacking = lacking if target else f"there is no object type {write.kind!r}; {_FIRST}"
            return Outcome(write.row, RowState.FAILED, message=f"{where}: {lacking}")
        fields: dict[str, Value] = {n: value for n, value in write.fields.items() if value not in (None, "", [])}
        body = self._body(replace(write, fields=fields), attributes)
        body.entries[mark.id] = [{"value": write.hub_key}]
        body.names[mark.id] = self._mark
        for _ in range(_SENDS):
            try:
                answer = self._client.create("/object/create", body.json(target.id))
            except Rejected as error:
                named: dict[str, str] = error.context.get("attributes") or {}
                if mark.id in named or (not named and write.hub_key in self._present([write])):
                    lost.append(write)  # the hub key is taken: an earlier attempt that the search did not show yet
                    return None
                taken = [a.name for a in attributes.values() if a.unique and a.id in named and a.id in body.entries]
                if taken:
                    message = f"{where}: another object holds the same {' and '.join(taken)}; link it instead."
                    return Outcome(write.row, RowState.CONFLICT, message=message)
                if not body.drop(named):
                    raise
                continue
            except ConnectorError as error:
                if not may_be_done(error):
                    raise
                lost.append(write)
                return None
            made.append((write, self._id_of(answer, where), body.refused))
            return None
        return Outcome(write.row, RowState.REFUSED, refused=body.refused, message=f"{where}: attribute after attribute "
                       f"is refused: {', '.join(sorted(body.refused))}.")  # fmt: skip

    def _id_of(self, answer: Any, where: str) -> str:
        identifier = str(answer.get("id")) if isinstance(answer, dict) else ""
        if not aql.is_id(identifier):
            raise ContractChanged("the created object has no id.", where=where, sent=True)
        if isinstance(answer.get("objectKey"), str):
            self._keys[identifier] = answer["objectKey"]
        return identifier

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
                message = f"{self._client.name}: {write.kind} {write.hub_key}: {_LOST}."
                outcomes.append(Outcome(write.row, RowState.FAILED, retryable=True, message=message))
        return outcomes

    def _was_there(self, write: Write, row: Raw) -> Outcome:
        """An earlier attempt made it: what it holds now is what both agree on; the next plan does the rest.

        An object that holds little of what is asked for has become another thing in somebody's hands.
        """
        attributes = self._schema.attributes(type_id(row))
        asked = {n: v for n, v in write.fields.items() if n in attributes and v not in (None, "", [])}
        equal = sum(wire.same(attributes[n], v, self._reader.value(row, n)) for n, v in asked.items())
        if equal * 2 >= len(asked):
            return self._outcome(write, row, RowState.APPLIED)
        message = (
            f"{self._client.name}: {write.kind}/{row['id']} carries the hub key {write.hub_key} but is another thing:"
            " somebody made another one of it. Empty that attribute, or link the object."
        )
        return Outcome(write.row, RowState.CONFLICT, object_id=row["id"], message=message)

    def _read_back(self, made: Sequence[tuple[Write, str, dict[str, str]]]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        try:
            held = self._reader.raw(identifier for _, identifier, _ in made)
        except (AuthError, WrongInstance):
            raise
        except ConnectorError as error:
            # Sent, but not checked: the next attempt finds the objects by their hub keys.
            return [replace(failed(w, error), object_id=i, state=RowState.FAILED, retryable=True) for w, i, _ in made]
        for write, identifier, refused in made:
            row = held.get(identifier) or self._guarded(lambda _, i: self._reader.one(i), write, identifier)
            if isinstance(row, Outcome):
                outcomes.append(replace(row, object_id=identifier, state=RowState.FAILED, retryable=True))
            elif row is None:
                message = (
                    f"{self._client.name}: {write.kind}/{identifier}: created, but this login cannot read it back."
                )
                outcomes.append(Outcome(write.row, RowState.APPLIED, object_id=identifier, message=message))
            else:
                outcomes.append(self._judge(write, row, refused))
        return outcomes

    # --- both ---------------------------------------------------------------------------------------------------------

    def _lacking(self, write: Write, attributes: Mapping[str, Attribute]) -> str:
        """Name attributes that are not there yet. Such a row fails and is planned again: no value was refused."""
        missing = [name for name in write.fields if name not in attributes]
        return f"there is no attribute {', '.join(map(repr, missing))} in {write.kind!r}; {_FIRST}" if missing else ""

    def _body(self, write: Write, attributes: Mapping[str, Attribute]) -> _Body:
        """Bring the fields of a row into the API's form; what an attribute cannot hold is refused here."""
        body = _Body()
        for name, value in write.fields.items():
            attribute = attributes[name]
            try:
                values = wire.to_wire(value, attribute, key_of=self._keys.get, status_id=self._schema.status_id)
            except wire.RefusedValueError as why:
                body.refused[name] = str(why)
                continue
            body.entries[attribute.id] = values
            body.names[attribute.id] = name
        return body

    def _learn_keys(self, writes: Sequence[Write]) -> None:
        """Ask once for the keys of all objects that a batch refers to."""
        wanted: set[str] = set()
        for write in writes:
            for type_ in self._schema.view().family(write.kind)[:1]:
                attributes = self._schema.attributes(type_)
                for name, value in write.fields.items():
                    if name in attributes and attributes[name].type == schema.REFERENCE and value:
                        wanted.update(map(str, value if isinstance(value, list) else [value]))
        missing = wanted - self._keys.keys()
        self._keys.update(
            {i: str(row["objectKey"]) for i, row in self._reader.raw(missing).items() if row.get("objectKey")}
        )

    def _judge(self, write: Write, row: Raw, refused: Mapping[str, str]) -> Outcome:
        """Compare what was sent with what the object holds now; what did not take hold is refused."""
        attributes = self._schema.attributes(type_id(row))
        gone_: dict[str, str] = dict(refused)
        for name, value in write.fields.items():
            if name not in gone_ and not wire.same(attributes[name], value, self._reader.value(row, name)):
                gone_[name] = (
                    "the system kept or made another value (permission, automation rule, validation or length)"
                )
        state = RowState.APPLIED if len(gone_) < len(write.fields) or write.op is not Op.UPDATE else RowState.REFUSED
        return replace(self._outcome(write, row, state), refused=gone_, message=partly(gone_, len(write.fields)))

    def _outcome(self, write: Write, row: Raw, state: RowState) -> Outcome:
        attributes = self._schema.attributes(type_id(row))
        fields: dict[str, Value] = {n: self._reader.value(row, n) for n in write.fields if n in attributes}
        return Outcome(write.row, state, object_id=row["id"], version=version_of(row), fields=fields)
