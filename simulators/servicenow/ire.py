"""IRE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.http import Request, Response
from simulators.servicenow import errors
from simulators.servicenow.access import User

if TYPE_CHECKING:
    from simulators.servicenow.app import ServiceNow


class Ire:
    """The engine."""

    def __init__(self, sim: ServiceNow) -> None:
        self._sim = sim

    def describe(self, table: str) -> dict[str, Any]:
        """Show rules."""
        del table
        return {}

    def handle(self, request: Request, user: User, parts: list[str]) -> Response:
        """Answer."""
        del request, user, parts
        raise errors.no_resource()
