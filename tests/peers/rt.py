"""A real Request Tracker: the way to it, and a proxy before it that counts requests and misbehaves on demand."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from connectors.kit import TargetRun
from simulators.http import Request, Response, Server
from tests.contract.rt_case import inject, open_rt, sent

URL, TOKEN = "RT5_URL", "RT5_TOKEN"
_PASSED = ("authorization", "content-type", "if-match", "accept")


def real() -> Real:
    """Return the real RT; skips the test where nobody says that there is one.

    The login needs every right. The custom fields of the shipped map apply to all catalogs.
    """
    url, token = os.environ.get(URL, ""), os.environ.get(TOKEN, "")
    if not url or not token:
        pytest.skip(
            f"no real Request Tracker: set {URL} (https://…, without /REST/2.0) and {TOKEN} (of an administrator)"
        )
    return Real(url.rstrip("/"), token)


@dataclass
class Real:
    """A real RT, seen as its administrator."""

    url: str
    token: str

    def call(self, method: str, path: str, body: Any = None, **params: Any) -> httpx.Response:
        """Make one request as the administrator."""
        head = {"Authorization": f"token {self.token}"}
        return httpx.request(method, f"{self.url}/REST/2.0{path}", json=body, params=params, headers=head, timeout=30)

    def made(self, path: str, body: dict[str, Any]) -> str:
        """Create something; return its id."""
        answer = self.call("POST", path, body)
        assert answer.status_code == 201, f"{path}: {answer.status_code} {answer.text[:200]}"
        return answer.headers["location"].rpartition("/")[2]

    def catalog(self) -> tuple[str, str]:
        """Make a catalog of its own; return id and name."""
        name = f"peers {uuid.uuid4().hex[:12]}"
        return self.made("/catalog", {"Name": name, "Lifecycle": "assets"}), name

    def assets(self, catalog: str) -> dict[str, dict[str, Any]]:
        """Return id -> fields of the assets of a catalog, empty ones included."""
        found: dict[str, dict[str, Any]] = {}
        while True:
            query = f"Catalog = {catalog} AND id > {max(map(int, found), default=0)}"
            fields = "Name,Description,Status,HeldBy,CustomFields"
            page = self.call("GET", "/assets", query=query, fields=fields, orderby="id", per_page=100).json()
            for item in page["items"]:
                row = {f["name"]: [v for v in f["values"] if v] for f in item["CustomFields"]}
                held = [user["id"] for user in item["HeldBy"]]
                core = {name: item.get(name, "") for name in ("Name", "Description", "Status")}
                found[item["id"]] = (
                    {n: v[0] if len(v) == 1 else v for n, v in row.items() if v} | core | {"HeldBy": held}
                )
            if len(page["items"]) == page["total"]:
                return found

    def edit(self, number: str, fields: Mapping[str, Any]) -> None:
        """Change an asset as a person would."""
        core = {n: v for n, v in fields.items() if n in ("Name", "Description", "Status", "HeldBy")}
        customs = {n: v for n, v in fields.items() if n not in core}
        answer = self.call("PUT", f"/asset/{number}", {**core, **({"CustomFields": customs} if customs else {})})
        assert answer.status_code == 200, answer.text[:200]

    def clear(self, catalog: str) -> None:
        """Delete the assets of a catalog, which sets their hub keys free, and disable it."""
        for number in self.assets(catalog):
            self.call("PUT", f"/asset/{number}", {"Status": "deleted"})
        self.call("PUT", f"/catalog/{catalog}", {"Disabled": "1"})

    @contextmanager
    def proxy(self) -> Iterator[Server]:
        """Run a server that passes everything on to RT."""
        with httpx.Client(base_url=self.url, timeout=30) as client, Server(lambda r: _pass_on(client, r)) as server:
            yield server


def _pass_on(client: httpx.Client, request: Request) -> Response:
    head = {n: v for n, v in request.headers.items() if n in _PASSED}
    path = f"{request.path}?{request.query}" if request.query else request.path
    answer = client.request(request.method, path, content=request.body, headers=head)
    kept = [(n, v) for n, v in answer.headers.items() if n in ("etag", "location")]
    request.entry.writes = int(_wrote(request, answer))
    return Response(answer.status_code, answer.content, kept, answer.headers.get("content-type", ""))


def _wrote(request: Request, answer: httpx.Response) -> bool:
    """Tell whether a request changed something: a create, or a change that RT has something to say about."""
    if request.method == "POST" and request.path.endswith(("/asset", "/user")):
        return answer.status_code == 201
    return request.method == "PUT" and answer.status_code == 200 and answer.json() != []


def start(objects: int) -> TargetRun:
    """Give a real RT a catalog with so many assets, behind a proxy."""
    rt = real()
    for number in _left_over(rt):
        rt.call("PUT", f"/asset/{number}", {"Status": "deleted"})
    catalog, name = rt.catalog()
    for n in range(objects):
        rt.made("/asset", {"Name": f"kit-{n}", "Catalog": catalog, "CustomFields": {"Serial Number": f"OLD{n:05d}"}})
    opened = ExitStack()
    opened.callback(rt.clear, catalog)
    server = opened.enter_context(rt.proxy())

    return TargetRun(
        open=lambda context: open_rt(server.url, rt.token, context, catalog=name),
        inject=lambda fault: inject(server, fault),
        objects=lambda: rt.assets(catalog),
        edit=rt.edit,
        sent=lambda: sent(server),
        secrets=lambda: [rt.token],
        stop=opened.close,
    )


def _left_over(rt: Real) -> list[str]:
    """List what a test that was killed left with the kit's hub keys."""
    page = rt.call("GET", "/assets", query="CF.{Hub Key} LIKE 'kit:'", per_page=100).json()
    return [item["id"] for item in page["items"]]
