"""The writing side: `synchub.ports.Target` for one ServiceNow instance."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from connectors.registry import Context
from connectors.servicenow import query
from connectors.servicenow.client import ServiceNowClient
from connectors.servicenow.create import Creator
from connectors.servicenow.history import Historian
from connectors.servicenow.marks import Marks
from connectors.servicenow.settings import BasicSettings, OAuthSettings, ServiceNowSettings
from connectors.servicenow.table import TableReader, plain
from connectors.servicenow.write import Writer
from synchub.domain.plan import Edit, Foreseen, Outcome, TargetObject, Write
from synchub.errors import ContractChanged
from synchub.ports import Capabilities

if TYPE_CHECKING:
    from connectors.servicenow.pysnow_client import ReferenceReader

SEPARATOR = "\x1f"


class ServiceNowTarget:
    """One instance as a target. Safe to use from several threads as long as they write different objects."""

    def __init__(self, name: str, settings: ServiceNowSettings, context: Context) -> None:
        self._client = ServiceNowClient(name, settings, context)
        self._context = context
        self._reader = TableReader(self._client)
        self._marks = Marks(self._client, self._reader)
        self._creator = Creator(self._client, self._reader, self._marks)
        user = settings.auth.user if isinstance(settings.auth, BasicSettings | OAuthSettings) else None
        self._historian = Historian(self._client, user.read(context.resolve) if user else None)
        self._writer = Writer(self._client, self._reader, self._marks, self._creator, self._historian)
        self._references: ReferenceReader | None = None
        self._lock = threading.Lock()

    def identity(self) -> str:
        """Name the instance that really answers: `instance_name/instance_id`."""
        return self._client.identity()

    def capabilities(self) -> Capabilities:
        """Say what this target can do; edits by others are seen by version, and told by the audit table."""
        return Capabilities(
            batch=self._client.settings.batch, workers=4, foresees=True, counterparts=True, history=True,
            deletes=True, versions="step",
        )  # fmt: skip

    def server_time(self) -> int:
        """Read the instance's clock, seconds since 1970 UTC."""
        return self._client.server_time()

    def objects(self, kind: str, fields: Sequence[str], *, since: int | None = None) -> Iterator[list[TargetObject]]:
        """Yield pages of the objects of a table and of those that extend it, as the port promises."""
        return self._reader.objects(kind, fields, since, mark=self._marks.field(kind))

    def fetch(self, kind: str, fields: Sequence[str], ids: Sequence[str]) -> dict[str, TargetObject]:
        """Re-read objects by id, whatever class they are of by now; `counterpart` names the asset or CI beside them."""
        return self._reader.fetch(kind, fields, [i for i in ids if _is_id(i)], mark=self._marks.field(kind))

    def find(self, kind: str, fields: Sequence[str], hub_keys: Sequence[str]) -> dict[str, TargetObject]:
        """Find objects by the hub key they carry; empty where the table has no field for it."""
        return self._marks.find(kind, fields, hub_keys)

    def lookup(self, kind: str, by: str, values: Sequence[str]) -> dict[str, str]:
        """Resolve names to ids; unknown and ambiguous ones are missing.

        Args:
            kind: Table.
            by: Field compared, or several joined by `+`: then a value holds as many parts, joined by U+001F.
            values: Names. Compared exactly, else without regard to case where that is unambiguous.
        """
        names = by.split("+")
        wanted = {v: tuple(v.split(SEPARATOR)) for v in values}
        wanted = {v: parts for v, parts in wanted.items() if len(parts) == len(names)}
        exact: dict[tuple[str, ...], set[str]] = {}
        folded: dict[tuple[str, ...], set[str]] = {}
        table, fields = query.table_name(kind), ["sys_id", *map(query.field_name, names)]
        for part in query.chunks(sorted({parts[-1] for parts in wanted.values()})):
            terms = query.all_of(query.one_of(names[-1], part), "ORDERBYsys_id")
            for row in self._reference_reader().rows(table, terms, fields):
                if any(n not in row for n in names):
                    raise ContractChanged(
                        f"{kind} has no field {by!r}, or this login may not read it.",
                        where=f"{self._client.name}: look-up", fix="Check `lookup` and `by` in the target map.",
                    )  # fmt: skip
                key = tuple(str(plain(row.get(n)) or "") for n in names)
                identifier = str(plain(row.get("sys_id")) or "")
                exact.setdefault(key, set()).add(identifier)
                folded.setdefault(tuple(k.casefold() for k in key), set()).add(identifier)
        found: dict[str, str] = {}
        for value, parts in wanted.items():
            ids = exact.get(parts) or folded.get(tuple(p.casefold() for p in parts)) or set()
            if len(ids) == 1:
                found[value] = next(iter(ids))
        return found

    def foresee(self, writes: Sequence[Write]) -> list[Foreseen]:
        """Ask the instance's identification what it would match; CIs only."""
        return self._creator.foresee(writes)

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Send writes, as the port promises.

        `extra` may hold `expected` (field -> value that the decision was based on: an object whose version moved is
        then refused only if one of these moved) and `direct` (insert the CI past the identification engine, so that it
        does not take over another CI of the same name).
        """
        return self._writer.write(writes)

    def history(self, object_id: str) -> list[Edit]:
        """List who changed what in an object, newest first; empty where the instance does not tell."""
        return self._historian.edits(object_id) if _is_id(object_id) else []

    def close(self) -> None:
        """Give connections back."""
        with self._lock:
            if self._references is not None:
                self._references.close()
        self._client.close()

    def _reference_reader(self) -> ReferenceReader:
        with self._lock:
            if self._references is None:
                # pysnow and requests cost 0.1 s to import: only where names are looked up.
                from connectors.servicenow.pysnow_client import ReferenceReader

                self._references = ReferenceReader(self._client, self._context)
            return self._references


def _is_id(value: str) -> bool:
    try:
        query.sys_id(value)
    except query.UnsafeValueError:
        return False
    return True
