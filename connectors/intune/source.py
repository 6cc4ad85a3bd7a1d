"""Reads devices and people of one tenant.

A list leaves some fields at their default (null, "" or 0) whatever the truth is (Graph v1.0 CSDL annotations of
managedDevice, read 2026-11-22). These are taken out of every list entry; they come back only from a read of the single
device. What could not be read is absent, so that a default never passes for a value.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import orjson

from connectors.auth import OAuth
from connectors.http import HttpClient
from connectors.intune.graph import BATCH, Details, Graph, GraphPage, said
from connectors.intune.settings import IntuneSettings
from connectors.registry import Context, Rate
from synchub.domain.records import End, Page, Rejected
from synchub.errors import ConfigError
from synchub.ports import StreamInfo

DEVICES = "/deviceManagement/managedDevices"
PEOPLE = "/users"

# Fields that LIST leaves at their default and that are worth a read of their own.
DETAILS = ("ethernetMacAddress", "iccid", "notes", "physicalMemoryInBytes", "udid")
# Two more are left at their default; they open a lock or a session, so they are never asked for and never kept.
NEVER = ("activationLockBypassCode", "remoteAssistanceSessionUrl")
_DROPPED = frozenset({*DETAILS, *NEVER})

PERSON_FIELDS = (
    "id", "displayName", "givenName", "surname", "mail", "userPrincipalName", "employeeId", "jobTitle", "department",
    "officeLocation", "businessPhones", "accountEnabled", "userType",
)  # fmt: skip

_FIXES = {
    401: "Check tenant, client id and secret of the app registration, and the secret's end date.",
    403: "Grant the app DeviceManagementManagedDevices.Read.All (devices) or User.Read.All (people) as application "
    "permission, with admin consent; the tenant needs an Intune licence. See docs/connectors/intune.md.",
}
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")


@dataclass(slots=True)
class _Tally:
    """What one read has seen so far."""

    first_total: int | None = None
    pages: int = 0
    items: int = 0
    seen: set[str] = field(default_factory=set)
    repeated: int = 0
    rejected: int = 0
    unread: Counter[int] = field(default_factory=Counter)


class IntuneSource:
    """The reading side of an Intune connection (`synchub.ports.Source`).

    Args:
        connection: Configured name.
        settings: Its settings.
        graph: Client of Graph.
        scope: What is asked for, without the stream.
        closing: Clients to close with the source.
    """

    def __init__(
        self, connection: str, settings: IntuneSettings, graph: Graph, scope: str, closing: Sequence[HttpClient] = ()
    ) -> None:
        self._connection, self._settings, self._graph, self._scope = connection, settings, graph, scope
        self._closing = closing

    @classmethod
    def open(cls, connection: str, settings: IntuneSettings, context: Context) -> IntuneSource:
        """Make the clients; talks to nobody yet.

        Raises:
            ConfigError: An address, a reference or the tenant cannot be used.
        """
        tenant, client_id = settings.tenant.read(context.resolve), settings.client_id.read(context.resolve)
        if not _TENANT.fullmatch(tenant):
            raise ConfigError(
                "`tenant` is neither a directory id nor a domain.", where=connection, fix="Check `tenant`."
            )
        login = HttpClient.open(connection, settings.login_url, context, fixes=_FIXES)
        auth = OAuth(
            login, f"/{tenant}/oauth2/v2.0/token", client_id=client_id, clock=context.clock,
            client_secret=settings.client_secret.read(context.resolve),
            form={"scope": f"{settings.url.rstrip('/')}/.default"},
        )  # fmt: skip
        ceiling = settings.requests_per_second
        rate = Rate(per_second=ceiling, burst=max(int(ceiling * 2), BATCH)) if ceiling else None
        budget = context.budget(f"intune:{tenant}:{client_id}", rate)
        client = HttpClient.open(
            connection, f"{settings.url.rstrip('/')}/v1.0", context, auth=auth, budget=budget, fixes=_FIXES, said=said
        )
        return cls(connection, settings, Graph(client, budget), f"tenant {tenant}", (client, login))

    def streams(self) -> Mapping[str, StreamInfo]:
        """List the streams that are configured."""
        found = {}
        if self._settings.streams.devices is not None:
            found["devices"] = StreamInfo("devices", "devices.yaml")
        if self._settings.streams.people is not None:
            found["people"] = StreamInfo("people", "people.yaml", personal=True)
        return found

    def read(self, stream: str, *, cursor: str | None = None, limit: int | None = None) -> Iterator[Page]:
        """Yield the pages of a snapshot; see `synchub.ports.Source.read`.

        One payload per device or person, unique by `id`, keys sorted, without OData annotations. Graph gives no order
        for devices. A snapshot is complete when the page without a nextLink was reached and no fewer devices came than
        the first page announced; `cursor` is not used.

        Raises:
            ConfigError: The stream is not configured.
            ConnectorError: Graph, or the way to it, failed.
        """
        _ = cursor  # a snapshot always starts over
        if stream not in self.streams():
            raise ConfigError(f"the stream {stream!r} is not configured.", where=self._connection,
                              fix=f"Configured: {', '.join(self.streams()) or 'none'}.")  # fmt: skip
        top = min(self._settings.page_size, max(limit, 1)) if limit is not None else self._settings.page_size
        if stream == "devices":
            pages = self._graph.pages(DEVICES, {"$top": top, "$count": "true"})
        else:
            pages = self._graph.pages(PEOPLE, {"$top": top, "$select": ",".join(PERSON_FIELDS)})
        tally = _Tally()
        with ThreadPoolExecutor(self._settings.workers, thread_name_prefix="intune") as pool:
            for page in pages:
                yield self._page(stream, page, tally, limit, pool)
                if limit is not None and tally.items >= limit:
                    return

    def close(self) -> None:
        """Give connections back."""
        for client in self._closing:
            client.close()

    def _page(self, stream: str, page: GraphPage, tally: _Tally, limit: int | None, pool: ThreadPoolExecutor) -> Page:
        tally.pages += 1
        if tally.pages == 1 and page.total is not None and page.total > len(page.items):
            tally.first_total = page.total  # a count that only repeats the page's own length proves nothing
        rejected: list[Rejected] = []
        entities: dict[str, dict[str, Any]] = {}
        positions: list[int] = []
        for number, item in enumerate(page.items, start=1):
            if limit is not None and tally.items >= limit:
                break
            problem = _problem(item)
            if problem is not None:
                where = f"{page.where} item {number}"
                payload = b"" if stream == "people" else orjson.dumps(item)[:65536]
                rejected.append(Rejected(where, problem[0], problem[1], payload))
            elif item["id"] in tally.seen:
                tally.repeated += 1
            else:
                tally.seen.add(item["id"])
                tally.items += 1
                entities[item["id"]] = _plain(item)
                positions.append(number)
        tally.rejected += len(rejected)
        if stream == "devices" and self._settings.streams.devices and self._settings.streams.devices.details:
            self._add_details(entities, tally, pool)
        stopped = limit is not None and tally.items >= limit
        end = self._end(stream, tally, limit if stopped else None) if page.last or stopped else None
        return Page(
            payloads=[orjson.dumps(e, option=orjson.OPT_SORT_KEYS) for e in entities.values()],
            origin=page.where, positions=positions, rejected=rejected, end=end,
            warnings=self._warnings(tally) if end else (),
        )  # fmt: skip

    def _add_details(self, entities: dict[str, dict[str, Any]], tally: _Tally, pool: ThreadPoolExecutor) -> None:
        """Add the fields of `DETAILS` to the devices of a page, batches side by side; order does not matter."""
        keys = list(entities)
        parts = [keys[n : n + BATCH] for n in range(0, len(keys), BATCH)]
        answers: Iterator[Details] = pool.map(lambda part: self._graph.details(DEVICES, part, DETAILS), parts)
        for answer in answers:
            for key, body in answer.found.items():
                entities[key].update((name, body[name]) for name in DETAILS if name in body)
            tally.unread.update(answer.failed)

    def _end(self, stream: str, tally: _Tally, limit: int | None) -> End:
        scope = f"{self._scope} {stream}"
        if limit is not None:
            return End(False, f"stopped after {limit:,} as asked", scope=scope)
        read = tally.items + tally.rejected
        if tally.first_total is not None and read < tally.first_total:
            return End(False, f"server total {tally.first_total:,}, but {read:,} read", scope=scope)
        return End(True, f"end of list, {read:,} {stream}", scope=scope)

    def _warnings(self, tally: _Tally) -> list[str]:
        found = list(self._graph.client.warnings())
        if tally.repeated:
            found.append(f"{self._connection}: {tally.repeated} entries came twice: the list moved while it was read")
        if tally.unread:
            count = sum(tally.unread.values())
            by_status = ", ".join(f"{n} times {status}" for status, n in sorted(tally.unread.items()))
            found.append(
                f"{self._connection}: details of {count} devices could not be read ({by_status}): "
                f"{', '.join(DETAILS)} stay unknown for them"
            )
        return found


def _problem(item: Any) -> tuple[str, str] | None:
    if not isinstance(item, dict):
        return "not_an_object", "The list holds an entry that is no JSON object. Tell who runs the system."
    if not isinstance(item.get("id"), str) or not item["id"]:
        return "no_key", "The entry has no `id`, so it cannot be told from others. Tell who runs the system."
    return None


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in item.items() if k not in _DROPPED and not k.startswith("@odata.")}
