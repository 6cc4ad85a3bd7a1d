"""People as users of RT: looked up, linked, kept up to date, and created only where that is configured.

Source: `RT::REST2::Resource::Users` and `::User` of RT 5.0.3 and a running 5.0.3 (2026-11-22). Searches are conditions
in JSON; one that RT does not know or that this login may not use is left out silently, so answers are sifted, and
changes since a moment are read with everything else. A name and an e-mail address belong to one user each, whatever
their case. Users are never deleted, only disabled; `find_disabled_rows` shows them too.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from connectors.http import quote
from connectors.rt import sql, wire
from connectors.rt.client import Raw, RtClient, may_be_done
from connectors.rt.outcomes import failed, gone, partly, reason
from connectors.rt.read import moment
from connectors.rt.schema import pages
from synchub.domain.plan import Op, Outcome, RowState, TargetObject, Value, Write
from synchub.errors import AuthError, ConnectorError, NotFound, Rejected, WrongInstance

USER = "user"
FIELDS = ("Name", "EmailAddress", "RealName", "NickName", "Organization", "Address1", "Address2", "City", "State",
          "Zip", "Country", "HomePhone", "WorkPhone", "MobilePhone", "PagerPhone", "Comments")  # fmt: skip
_SYSTEM = frozenset({"RT_System", "Nobody"})
_LIST: dict[str, str | int] = {
    "fields": ",".join(("id", *FIELDS, "LastUpdated")), "orderby": "id", "order": "ASC", "find_disabled_rows": 1,
}  # fmt: skip


class People:
    """Reads and writes users. Safe to use from several threads as long as they write different users."""

    def __init__(self, client: RtClient) -> None:
        self._client = client
        self._there: set[str] = set()
        self._lock = threading.Lock()

    def objects(self, fields: Sequence[str], since: int | None) -> Iterator[list[TargetObject]]:
        """Yield all users but RT's own, or those changed since a moment, each once."""
        seen: set[str] = set()
        for rows in self._list([{"field": "id", "operator": ">", "value": "0"}]):
            some = [r for r in rows if r["id"] not in seen and (since is None or moment(r.get("LastUpdated")) >= since)]
            seen.update(r["id"] for r in rows)
            if some:
                yield [_parse(row, fields) for row in some]

    def fetch(self, fields: Sequence[str], ids: Sequence[str]) -> dict[str, TargetObject]:
        """Read users by id; those that are not there are missing from the answer."""
        found = {i: row for i in ids if (row := self._one(i)) is not None}
        return {i: _parse(row, fields) for i, row in found.items()}

    def lookup(self, by: str, values: Sequence[str]) -> dict[str, str]:
        """Resolve e-mail addresses or names to ids; what is no e-mail address of anybody is tried as a user name."""
        found = self._ids(by, values) if by in FIELDS else {}
        rest = [v for v in values if v not in found] if by == "EmailAddress" else []
        return {**found, **self._ids("Name", rest)}

    def is_there(self, identifier: str) -> bool:
        """Say whether there is a user of this id; a user once seen is not asked for again (they are never deleted)."""
        with self._lock:
            if identifier in self._there:
                return True
        return self._one(identifier) is not None

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Send writes of users, one request each; one outcome per row."""
        outcomes = []
        for write in writes:
            try:
                outcomes.append(self._do(write))
            except (AuthError, WrongInstance):
                raise
            except ConnectorError as error:
                outcomes.append(failed(write, error))
        return outcomes

    def _do(self, write: Write) -> Outcome:
        if write.op is Op.DELETE:
            message = f"{self._client.name}: user/{write.object_id}: users are never deleted by the hub."
            return Outcome(write.row, RowState.REFUSED, object_id=write.object_id, message=message)
        creating = write.op is Op.CREATE or write.op is Op.INSERT
        return self._create(write) if creating else self._update(write)

    # --- writing ------------------------------------------------------------------------------------------------------

    def _create(self, write: Write) -> Outcome:
        where = f"{self._client.name}: user {write.hub_key}"
        name = str(write.fields.get("Name") or "")
        if not self._client.settings.create_users:
            message = f"{where}: users are not created here; set `create_users: true`, or leave out class `person`."
            return Outcome(write.row, RowState.REFUSED, message=message)
        if not name or name.isdigit():
            message = f"{where}: a user needs a name that is not all digits."
            return Outcome(write.row, RowState.REFUSED, message=message)
        body, refused = _body({n: v for n, v in write.fields.items() if wire.listed(v)})
        try:
            identifier = self._client.create("/user", {**body, "Privileged": 0})
        except Rejected as error:
            if "in use" not in error.message.lower():
                raise
            return self._was_there(write, where)
        except ConnectorError as error:
            if not may_be_done(error):
                raise
            return self._was_there(write, where, lost=error)
        return self._compare(write, identifier, refused, [])

    def _was_there(self, write: Write, where: str, *, lost: ConnectorError | None = None) -> Outcome:
        """Tell whether a user is the one that an earlier attempt made: same name and same e-mail address."""
        name, mail = str(write.fields.get("Name") or ""), str(write.fields.get("EmailAddress") or "")
        held = self._ids("Name", [name]).get(name)
        row = self._one(held) if held else None
        if row is not None and str(row.get("EmailAddress") or "").casefold() == mail.casefold():
            return self._outcome(write, row, RowState.APPLIED)
        if lost is not None and row is None:
            return replace(failed(write, lost), state=RowState.FAILED, retryable=True)
        message = f"{where}: another user has this name or e-mail address; link it instead."
        return Outcome(write.row, RowState.CONFLICT, message=message)

    def _update(self, write: Write) -> Outcome:
        where = f"{self._client.name}: user/{write.object_id}"
        identifier = write.object_id or ""
        if not sql.is_id(identifier):
            return gone(write, where)
        try:
            row, tag, _ = self._client.look(f"/user/{identifier}")
        except NotFound:
            return gone(write, where)
        changed = {n: v for n, v in write.fields.items() if not wire.same(v, _value(row, n))}
        if not changed:
            return self._outcome(write, row, RowState.UNCHANGED)
        expected = write.extra.get("expected")
        if write.expected_version not in (None, _version(row)):
            old = expected if isinstance(expected, dict) else {}
            moved = sorted(n for n in changed if n not in old or not wire.same(old[n], _value(row, n)))
            if moved:
                message = f"{where}: {', '.join(moved)} changed since the plan was made."
                return replace(self._outcome(write, row, RowState.DRIFTED), message=message)
        body, refused = _body(changed)
        said = self._client.put(f"/user/{identifier}", body, tag) if body else []
        return self._compare(write, identifier, refused, said)

    def _compare(self, write: Write, identifier: str, refused: dict[str, str], said: list[str]) -> Outcome:
        row = self._one(identifier)
        if row is None:
            return gone(replace(write, object_id=identifier), f"{self._client.name}: user/{identifier}")
        for name, value in write.fields.items():
            if name not in refused and not wire.same(value, _value(row, name)):
                refused[name] = reason(name, said)
        creating = write.op is Op.CREATE or write.op is Op.INSERT
        state = RowState.APPLIED if creating or len(refused) < len(write.fields) else RowState.REFUSED
        return replace(self._outcome(write, row, state), refused=refused, message=partly(refused, len(write.fields)))

    def _outcome(self, write: Write, row: Raw, state: RowState) -> Outcome:
        fields = {n: _value(row, n) for n in write.fields}
        return Outcome(write.row, state, object_id=str(row["id"]), version=_version(row), fields=fields)

    # --- reading ------------------------------------------------------------------------------------------------------

    def _one(self, identifier: str) -> Raw | None:
        if not sql.is_id(identifier):
            return None
        try:
            row = self._client.get(f"/user/{quote(identifier)}")
        except NotFound:
            return None
        if not isinstance(row, dict) or str(row.get("id", identifier)) != identifier:
            return None
        with self._lock:
            self._there.add(identifier)
        return {**row, "id": identifier}

    def _ids(self, by: str, values: Sequence[str]) -> dict[str, str]:
        found: dict[str, set[str]] = {}
        wanted = sorted({v for v in values if sql.is_safe(v)})
        for part in sql.chunks(wanted):
            folded = {v.casefold() for v in part}
            for rows in self._list([{"field": by, "value": v} for v in part]):
                for row in rows:
                    held = str(row.get(by) or "").casefold()
                    if held in folded:
                        found.setdefault(held, set()).add(row["id"])
        return {v: next(iter(ids)) for v in wanted if len(ids := found.get(v.casefold(), set())) == 1}

    def _list(self, terms: list[Raw]) -> Iterator[list[Raw]]:
        for rows in pages(self._client, "/users", _LIST, terms):
            known = [row for row in rows if row.get("Name") not in _SYSTEM]
            with self._lock:
                self._there.update(row["id"] for row in known)
            yield known


def _parse(row: Raw, fields: Sequence[str]) -> TargetObject:
    return TargetObject(
        kind=USER, id=row["id"], fields={n: _value(row, n) for n in fields if n in FIELDS}, version=_version(row),
        updated_at=moment(row.get("LastUpdated")),
    )  # fmt: skip


def _value(row: Raw, name: str) -> Value:
    return str(row.get(name) or "") or None if name in FIELDS else None


def _version(row: Raw) -> str:
    return "/".join([str(row.get("LastUpdated") or ""), *(str(row.get(n) or "") for n in FIELDS[:5])])[:300]


def _body(fields: dict[str, Value]) -> tuple[dict[str, Any], dict[str, str]]:
    body: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for name, value in fields.items():
        if name not in FIELDS:
            refused[name] = "RT users have no such field"
            continue
        try:
            body[name] = wire.text(name, value)
        except wire.RefusedValueError as why:
            refused[name] = str(why)
    return body, refused
