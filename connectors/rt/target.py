"""The writing side: `synchub.ports.Target` for one Request Tracker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from connectors.registry import Context
from connectors.rt import wire
from connectors.rt.client import RtClient
from connectors.rt.history import Historian
from connectors.rt.people import USER, People
from connectors.rt.read import Reader
from connectors.rt.schema import Schema
from connectors.rt.settings import RtSettings
from connectors.rt.write import AssetWriter
from synchub.domain.plan import Edit, Foreseen, Outcome, TargetObject, Write
from synchub.errors import ConfigError
from synchub.ports import Capabilities


class RtTarget:
    """One RT as a target. Safe to use from several threads as long as they write different objects.

    The object type `user` means users of RT; every other one means assets, and `catalogs` in the settings says in
    which catalog those of a type are created. All configured catalogs are read as one.
    """

    def __init__(self, name: str, settings: RtSettings, context: Context) -> None:
        self._client = RtClient(name, settings, context)
        self._schema = Schema(self._client)
        self._reader = Reader(self._client, self._schema)
        self._people = People(self._client)
        self._writer = AssetWriter(self._client, self._schema, self._reader, self._people)
        self._historian = Historian(self._client, self._schema)

    def identity(self) -> str:
        """Name the installation that really answers: address and the moment of its installation."""
        self._schema.forget()
        return self._client.identity()

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
        """Read RT's clock, seconds since 1970 UTC."""
        return self._client.server_time()

    def objects(self, kind: str, fields: Sequence[str], *, since: int | None = None) -> Iterator[list[TargetObject]]:
        """Yield pages of users, or of the assets of all configured catalogs, as the port promises."""
        if kind == USER:
            return self._people.objects(fields, since)
        return self._reader.objects(kind, fields, since)

    def fetch(self, kind: str, fields: Sequence[str], ids: Sequence[str]) -> dict[str, TargetObject]:
        """Re-read objects by id, in whatever catalog they are by now; deleted ones are missing."""
        return self._people.fetch(fields, ids) if kind == USER else self._reader.fetch(kind, fields, ids)

    def find(self, kind: str, fields: Sequence[str], hub_keys: Sequence[str]) -> dict[str, TargetObject]:
        """Find assets by the hub key they carry, of several the oldest; users carry none."""
        found: dict[str, TargetObject] = {}
        if kind == USER:
            return found
        for mark, row in self._reader.by(self._client.settings.hub_key, hub_keys):
            if mark in hub_keys and (mark not in found or int(row["id"]) < int(found[mark].id)):
                found[mark] = self._reader.parse(row, kind, fields)
        return found

    def lookup(self, kind: str, by: str, values: Sequence[str]) -> dict[str, str]:
        """Resolve names to ids; unknown and ambiguous ones are missing.

        Args:
            kind: `user`, or anything else for assets.
            by: Field compared, without regard to case where that is unambiguous. For users `EmailAddress` also finds by
                user name what is nobody's address.
            values: Texts.
        """
        if kind == USER:
            return self._people.lookup(by, values)
        exact: dict[str, set[str]] = {}
        folded: dict[str, set[str]] = {}
        for text, row in self._reader.by(by, values):
            exact.setdefault(text, set()).add(row["id"])
            folded.setdefault(text.casefold(), set()).add(row["id"])
        sets = {v: exact.get(v) or folded.get(v.casefold()) or set() for v in values}
        return {v: next(iter(ids)) for v, ids in sets.items() if len(ids) == 1}

    def foresee(self, writes: Sequence[Write]) -> list[Foreseen]:  # noqa: ARG002 - the port
        """RT has no identification of its own: there is nothing to ask."""
        return []

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Send writes, as the port promises.

        `extra` may hold `expected` (field -> value that the decision was based on: an object that was changed meanwhile
        is then refused only if one of these moved).
        """
        users = [w for w in writes if w.kind == USER]
        assets = [w for w in writes if w.kind != USER]
        return [*self._people.write(users), *self._writer.write(assets)]

    def history(self, object_id: str) -> list[Edit]:
        """List who changed what in an asset, newest first; empty where it is gone."""
        return self._historian.edits(object_id)

    def examine(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Yield single checks for `synchub check`; see `synchub.ports.Examined`."""
        yield "catalogs", self._examine_catalogs
        yield "custom fields", self._examine_fields

    def _examine_catalogs(self) -> str:
        self._schema.forget()
        names = {i: n for n, i in self._schema.catalogs().items()}
        return f"{', '.join(names[i] for i in self._schema.read())} (RT {self._client.version()})"

    def _examine_fields(self) -> str:
        names = {i: n for n, i in self._schema.catalogs().items()}
        mark = self._client.settings.hub_key
        for catalog in self._schema.read():
            field = self._schema.fields(catalog).get(mark)
            if field is None or not field.unique or field.many:
                wrong = "lacks" if field is None else "holds several values in" if field.many else "allows doubles in"
                raise ConfigError(
                    f"catalog {names[catalog]!r} {wrong} the custom field {mark!r}, by which created assets are found"
                    " again.",
                    where=f"{self._client.name}: custom fields",
                    fix=f"In Admin > Custom Fields make {mark!r} for Assets (Enter one value, Unique values), apply it"
                        " to the catalog, and grant SeeCustomField and ModifyCustomField.",
                )  # fmt: skip
        lacking = [n for n in _shipped() if self._schema.field(n) is None]
        return f"RT has no {', '.join(map(repr, lacking))}: never written" if lacking else "all that the map names"

    def close(self) -> None:
        """Give connections back."""
        self._client.close()


def _shipped() -> list[str]:
    """List the custom fields that the shipped map writes."""
    return [n for n in SHIPPED if n not in wire.CORE]


SHIPPED = (
    "Serial Number", "Asset Tag", "Manufacturer", "Model", "Hostname", "Operating System", "IP Addresses",
    "Purchase Order", "Warranty End",
)  # fmt: skip
