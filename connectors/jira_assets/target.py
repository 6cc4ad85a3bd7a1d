"""The writing side: `synchub.ports.Target` for one object schema of one Assets workspace."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence

from connectors.jira_assets import aql
from connectors.jira_assets.client import AssetsClient
from connectors.jira_assets.history import Historian
from connectors.jira_assets.read import Reader
from connectors.jira_assets.schema import Schema
from connectors.jira_assets.settings import JiraAssetsSettings
from connectors.jira_assets.shape import Shaper
from connectors.jira_assets.write import Writer
from connectors.registry import Context
from synchub.domain.plan import Edit, Foreseen, Outcome, TargetObject, Write
from synchub.domain.shape import KindShape
from synchub.errors import ConfigError, PermissionDenied
from synchub.ports import Capabilities

SEPARATOR = "\x1f"


class JiraAssetsTarget:
    """One object schema as a target. Safe to use from several threads as long as they write different objects."""

    def __init__(self, name: str, settings: JiraAssetsSettings, context: Context) -> None:
        self._client = AssetsClient(name, settings, context)
        self._schema = Schema(self._client)
        self._reader = Reader(self._client, self._schema)
        self._writer = Writer(self._client, self._schema, self._reader)
        self._shaper = Shaper(self._client, self._schema)
        self._historian = Historian(self._client, self._schema.plain)

    def identity(self) -> str:
        """Name site and workspace that really answer: `host/workspace id`."""
        self._schema.forget()
        return f"{self._client.host}/{self._client.ask_workspace_again()}"

    def capabilities(self) -> Capabilities:
        """Say what this target can do: one request per written object, history with author and time."""
        settings = self._client.settings
        return Capabilities(
            batch=settings.batch,
            workers=settings.workers,
            rows_per_request=1,
            history=True,
            deletes=True,
            versions="opaque",
        )

    def server_time(self) -> int:
        """Read the API's clock, seconds since 1970 UTC."""
        return self._client.server_time()

    def objects(self, kind: str, fields: Sequence[str], *, since: int | None = None) -> Iterator[list[TargetObject]]:
        """Yield pages of the objects of a type and of those below it, as the port promises."""
        return self._reader.objects(kind, fields, since)

    def fetch(self, kind: str, fields: Sequence[str], ids: Sequence[str]) -> dict[str, TargetObject]:
        """Re-read objects by id, whatever type they are of by now."""
        return self._reader.fetch(kind, fields, ids)

    def find(self, kind: str, fields: Sequence[str], hub_keys: Sequence[str]) -> dict[str, TargetObject]:
        """Find objects by the hub key they carry; of several with one key (a copy made by a person) the oldest."""
        found: dict[str, TargetObject] = {}
        for mark, row in self._reader.by(kind, self._client.settings.hub_key, hub_keys):
            if mark in hub_keys and (mark not in found or int(row["id"]) < int(found[mark].id)):
                found[mark] = self._reader.parse(row, kind, fields)
        return found

    def lookup(self, kind: str, by: str, values: Sequence[str]) -> dict[str, str]:
        """Resolve names to object ids; unknown and ambiguous ones are missing.

        Args:
            kind: Object type; types below it count too.
            by: Attribute compared, or several joined by `+`: then a value holds as many parts, joined by U+001F.
            values: Names. Compared exactly, else without regard to case where that is unambiguous.
        """
        names = by.split("+")
        wanted = {v: tuple(v.split(SEPARATOR)) for v in values}
        wanted = {v: parts for v, parts in wanted.items() if len(parts) == len(names)}
        exact: dict[tuple[str, ...], set[str]] = {}
        folded: dict[tuple[str, ...], set[str]] = {}
        for last, row in self._reader.by(kind, names[-1], {parts[-1] for parts in wanted.values()}):
            key = (*(str(self._reader.value(row, n) or "") for n in names[:-1]), last)
            exact.setdefault(key, set()).add(row["id"])
            folded.setdefault(tuple(part.casefold() for part in key), set()).add(row["id"])
        found: dict[str, str] = {}
        for value, parts in wanted.items():
            ids = exact.get(parts) or folded.get(tuple(p.casefold() for p in parts)) or set()
            if len(ids) == 1:
                found[value] = next(iter(ids))
        return found

    def foresee(self, writes: Sequence[Write]) -> list[Foreseen]:  # noqa: ARG002 - the port
        """Assets has no identification of its own: there is nothing to ask."""
        return []

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Send writes, as the port promises.

        `extra` may hold `expected` (field -> value that the decision was based on: an object that was changed meanwhile
        is then refused only if one of these moved).
        """
        return self._writer.write(writes)

    def shape(self, wanted: Sequence[KindShape]) -> list[Write]:
        """List what the object schema lacks; see `synchub.ports.Shaped`."""
        return self._shaper.missing(wanted)

    def reshape(self, writes: Sequence[Write]) -> list[Outcome]:
        """Add what the object schema lacks; see `synchub.ports.Shaped`."""
        return self._shaper.add(writes)

    def history(self, object_id: str) -> list[Edit]:
        """List who changed what in an object, newest first; empty where it is gone."""
        return self._historian.edits(object_id) if aql.is_id(object_id) else []

    def workspace(self) -> str:
        """Return the id of the workspace; fields of issues name objects with it."""
        return self._client.workspace()

    def examine(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Yield single checks for `synchub check`; see `synchub.ports.Examined`."""
        yield "object schema", self._examine_schema

    def _examine_schema(self) -> str:
        self._schema.forget()
        view, wanted = self._schema.view(), self._client.settings.schema_
        where = f"{self._client.name}: schema {wanted}"
        if view.id is None:
            near = difflib.get_close_matches(wanted.casefold(), [n.casefold() for n in view.names], 1)
            if near:
                name = next(n for n in view.names if n.casefold() == near[0])
                raise ConfigError(f"there is no object schema {wanted!r}.", where=where, fix=f"Did you mean {name!r}?")
            return f"{wanted} is not there; the plan adds it"
        if view.manages is False:
            raise PermissionDenied(
                "this login may not change the object schema, so missing object types and attributes cannot be added.",
                where=where, fix="Make the account an object schema manager, or add what the plan lists by hand.",
            )  # fmt: skip
        return f"{wanted}: {len(view.types)} object types"

    def close(self) -> None:
        """Give connections back."""
        self._client.close()
