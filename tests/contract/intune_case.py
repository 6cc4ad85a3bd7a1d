"""The Intune connector and its simulator, described for the conformance kit."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from connectors.intune import CONNECTOR
from connectors.intune.settings import IntuneSettings
from connectors.kit import Fault, Sent, SourceCase, SourceRun
from connectors.registry import Context
from connectors.secrets import Resolver
from simulators.http import Check, Request, Response, Server
from simulators.intune import Intune
from simulators.intune.errors import of_status
from synchub.ports import Source
from tests.conftest import SHARED
from tests.contract.graph_contract import GraphContract

PAGE = 10
SECRET = "kit-client-secret-Zq7"
LIST = "/v1.0/deviceManagement/managedDevices"
_PATHS = {"read": f"^{LIST}$", "login": "/oauth2/", "write": r"/\$batch$"}


def device(n: int) -> dict[str, Any]:
    """Make the n-th device, with values that a list hides."""
    return {
        "id": f"00000000-0000-4000-8000-{n:012d}", "deviceName": f"NB-{n:04d}", "serialNumber": f"SN{n:06d}",
        "managedDeviceOwnerType": "company", "operatingSystem": "Windows", "osVersion": "10.0.22631.3593",
        "manufacturer": "HP", "model": "EliteBook 840 G10", "physicalMemoryInBytes": 17179869184,
        "ethernetMacAddress": f"0050569f{n:04x}", "notes": f"Asset A{n:06d}", "udid": "", "iccid": "",
        "activationLockBypassCode": "never-store-this", "lastSyncDateTime": "2026-11-21T08:14:00.1234567Z",
    }  # fmt: skip


class IntuneUnderTest:
    """A tenant whose answers can be bent in ways the simulator itself has no switch for.

    Args:
        devices: How many it holds.
    """

    def __init__(self, devices: int) -> None:
        self.graph = Intune([device(n) for n in range(devices)], client_secret=SECRET)
        self.tokens: set[str] = set()
        self.removed: dict[str, set[str]] = {}
        self.short: set[int] = set()
        self._lists = 0
        # The specifications are not part of the project; where they are absent, the rest is checked all the same.
        checks: list[Check] = [GraphContract(SHARED / "contracts")] if SHARED.is_dir() else []
        self.server = Server(self._handle, clock=self.graph.clock, error=self._error, checks=checks)
        self.graph.log = self.server.log
        self.server.start()

    def _error(self, status: int) -> Response:
        return Response.json(self.graph.error_body(of_status(status)), status)

    def _handle(self, request: Request) -> Response:
        self.tokens.add(request.headers.get("authorization", "").removeprefix("Bearer "))
        is_list = request.path == LIST
        if is_list:
            self._lists += 1
            if self._lists in self.short:  # the server sends fewer than asked for
                request.query = request.query.replace(f"top={PAGE}", "top=4")
        response = self.graph.handle(request)
        if is_list and self.removed and response.status == 200:
            body = json.loads(response.body)
            for item in body["value"]:
                for name in self.removed.get(item["id"], ()):
                    item.pop(name, None)
            response = Response.json(body)
        return response

    def inject(self, fault: Fault) -> None:
        """Misbehave."""
        if fault.kind == "short_page":
            self.short |= set(fault.nth)
        elif fault.kind == "empty_page":
            self.graph.empty_pages |= set(fault.nth)
        elif fault.kind == "foreign_link":
            self.graph.next_link_origin = "http://127.0.0.1:9"
        elif fault.kind == "skew":
            self.server.skew = fault.seconds
        else:
            kind = {"duplicate_page": "duplicate"}.get(fault.kind, fault.kind)
            self.server.faults.add(
                kind, path=_PATHS[fault.where], nth=fault.nth, status=fault.status or 503, text=fault.text,
                retry_after=-1 if fault.retry_after is None else fault.retry_after, http_date=fault.http_date,
                call=fault.call,
            )  # fmt: skip

    def change(self, key: str, fields: Mapping[str, Any]) -> None:
        """Set fields of a device; `...` removes one."""
        held = next(d for d in self.devices() if d["id"] == key)
        self.graph.put({**held, **{k: v for k, v in fields.items() if v is not ...}})
        gone = {k for k, v in fields.items() if v is ...}
        if gone:
            self.removed.setdefault(key, set()).update(gone)

    def devices(self) -> list[dict[str, Any]]:
        """List the devices as they are."""
        return list(self.graph._devices.values())

    def insert(self, count: int) -> None:
        """Put new devices in front."""
        for n in range(900, 900 + count):
            self.graph.put(device(n), first=True)

    def open(self, context: Context, **settings: Any) -> Source:
        """Open the connector."""
        return open_source(self.server.url, self.graph, context, **settings)

    def sent(self) -> list[Sent]:
        """List the requests so far."""
        return [Sent(e.method, e.path, e.query, e.status) for e in self.server.log.entries if not e.via]


def open_source(url: str, graph: Intune, context: Context, **settings: Any) -> Source:
    """Open the connector against a simulator."""
    values = {
        "tenant": graph.tenant, "client_id": graph.client_id, "client_secret": "env:KIT_SECRET", "url": url,
        "login_url": url, "page_size": PAGE, "workers": 2, **settings,
    }  # fmt: skip
    resolver = Resolver({"KIT_SECRET": SECRET}, context.base_dir)
    lent = Context(**{**{f: getattr(context, f) for f in context.__dataclass_fields__}, "resolve": resolver})
    opener: Callable[..., Source] | None = CONNECTOR.open_source
    assert opener is not None
    return opener("mdm", IntuneSettings.model_validate(values), lent)


def _start(devices: int) -> SourceRun:
    tenant = IntuneUnderTest(devices)
    return SourceRun(
        open=tenant.open, stream="devices", inject=tenant.inject, keys=lambda: {d["id"] for d in tenant.devices()},
        change=tenant.change, insert=tenant.insert, delete=tenant.graph.remove, sent=tenant.sent,
        secrets=lambda: [SECRET, *(t for t in tenant.tokens if t)], stop=tenant.server.stop,
        problems=tenant.server.log.problems,
    )  # fmt: skip


INTUNE = SourceCase(
    name="intune",
    start=_start,
    page=PAGE,
    key_of=lambda payload: str(payload["id"]),
    key_field="id",
    text_field="deviceName",
    optional_field="serialNumber",
    is_list=lambda sent: sent.path == LIST,
)
