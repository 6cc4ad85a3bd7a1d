"""A client for tests of the simulated Graph: fetches a token, follows links, checks nothing by itself."""

from __future__ import annotations

from typing import Any

import httpx

from simulators.http import Server
from simulators.intune import Intune

DEVICES = "/v1.0/deviceManagement/managedDevices"


def device(n: int, **fields: Any) -> dict[str, Any]:
    """Make the n-th device; every hidden property has a real value."""
    return {
        "id": f"00000000-0000-4000-8000-{n:012d}", "deviceName": f"NB-{n:04d}", "serialNumber": f"SN{n:06d}",
        "operatingSystem": "Windows", "osVersion": f"10.0.22631.{n}", "manufacturer": "HP",
        "complianceState": "compliant",
        "managedDeviceOwnerType": "company", "lastSyncDateTime": f"2026-11-{1 + n % 20:02d}T08:14:00.1234567Z",
        "activationLockBypassCode": "1234", "ethernetMacAddress": f"0050569F{n:04X}", "iccid": f"8949{n}",
        "notes": f"Asset A{n:06d}", "physicalMemoryInBytes": 17179869184, "remoteAssistanceSessionUrl": "https://x.example/",
        "udid": f"udid{n}", **fields,
    }  # fmt: skip


def user(n: int, **fields: Any) -> dict[str, Any]:
    """Make the n-th user."""
    mail = f"user{n}@corp.example"
    return {"id": f"u-{n:04d}", "userPrincipalName": mail, "mail": mail, "displayName": f"User {n}", **fields}


class Graph:
    """What a client sees of a served tenant."""

    def __init__(self, tenant: Intune, server: Server) -> None:
        self.tenant = tenant
        self.server = server
        self.http = httpx.Client(base_url=server.url, trust_env=False, timeout=10)
        self.login()

    def token(self, **changed: str) -> httpx.Response:
        """Ask for a token with the right credentials, changed as given; an empty value leaves the field out."""
        form = {
            "grant_type": "client_credentials", "client_id": self.tenant.client_id,
            "client_secret": self.tenant.client_secret, "scope": "https://graph.microsoft.com/.default",
        } | changed  # fmt: skip
        data = {name: value for name, value in form.items() if value}
        return self.http.post(f"/{self.tenant.tenant}/oauth2/v2.0/token", data=data)

    def login(self) -> None:
        """Use a new token from now on."""
        self.http.headers["authorization"] = f"Bearer {self.token().json()['access_token']}"

    def get(self, path: str, **params: str) -> httpx.Response:
        """Read a path; parameters are OData options without their `$`."""
        return self.http.get(path, params={f"${name}": value for name, value in params.items()} or None)

    def pages(self, path: str = DEVICES, **params: str) -> list[dict[str, Any]]:
        """Read all pages of a list as Graph wants it: next links verbatim, until there is none."""
        found = [self.get(path, **params).json()]
        while (link := found[-1].get("@odata.nextLink")) is not None:
            assert len(found) < 100, "a list that does not end"
            found.append(self.http.get(link).json())
        return found

    def batch(self, *requests: dict[str, Any]) -> httpx.Response:
        """Send a batch."""
        return self.http.post("/v1.0/$batch", json={"requests": list(requests)})


def ids(pages: list[dict[str, Any]]) -> list[str]:
    """List the ids of all pages in order."""
    return [str(item["id"]) for page in pages for item in page["value"]]
