"""Served tenants for tests of the simulated Graph; one server for all, since starting one takes longer than a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from simulators.http import Request, Response, Server
from simulators.intune import Intune
from simulators.intune.errors import of_status
from tests.contract.simulators.graph import Graph, device, user
from tests.contract.simulators.jira_site import Site, Stage

Serve = Callable[..., Graph]


class _Stage:
    """A server that answers for whichever tenant is on."""

    def __init__(self) -> None:
        self.tenant = Intune()
        self.server = Server(self._handle, error=self._error)

    def _handle(self, request: Request) -> Response:
        return self.tenant.handle(request)

    def _error(self, status: int) -> Response:
        return Response.json(self.tenant.error_body(of_status(status)), status)


@pytest.fixture(scope="session")
def jira_stage() -> Iterator[Stage]:
    """Run the server of the simulated Jira sites."""
    found = Stage()
    yield found
    found.close()


@pytest.fixture
def site(jira_stage: Stage) -> Iterator[Site]:
    """Serve a Jira site with a small Assets schema."""
    found = Site(stage=jira_stage)
    yield found
    found.close()


@pytest.fixture(scope="session")
def stage() -> Iterator[_Stage]:
    """Run the server."""
    found = _Stage()
    with found.server:
        yield found


@pytest.fixture
def serve(stage: _Stage) -> Iterator[Serve]:
    """Serve a tenant with the given options: `serve(25, page_size=10)` holds 25 devices and as many users."""
    with ExitStack() as stack:

        def start(devices: int = 5, **options: Any) -> Graph:
            stage.tenant = Intune(
                options.pop("items", None) or [device(n) for n in range(devices)],
                users=[user(n) for n in range(options.pop("users", devices))],
                **options,
            )
            stage.tenant.log = stage.server.log
            graph = Graph(stage.tenant, stage.server)
            stack.callback(graph.http.close)
            return graph

        yield start
    stage.server.faults.clear()
    stage.server.log.clear()
