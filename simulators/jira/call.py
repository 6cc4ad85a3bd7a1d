"""One request on its way through the site, and the table of routes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from simulators.http import Request, Response
from simulators.jira.access import Account, Caller, check_scope
from simulators.jira.errors import bad_request

MAX_NUMBER = 2**31 - 1


@dataclass(slots=True)
class Call:
    """What a handler is given.

    Attributes:
        request: As received.
        caller: Who asks.
        ids: What stood in the variable parts of the path, decoded.
        base: Path before the API's own part: `/rest/api/3` or `/jsm/assets/workspace/…/v1` with what stands before.
    """

    request: Request
    caller: Caller
    ids: tuple[str, ...] = ()
    base: str = ""
    params: dict[str, str] = field(default_factory=dict)

    @property
    def account(self) -> Account:
        """Who asks."""
        return self.caller.account

    def body(self) -> dict[str, Any]:
        """Parse the body as a JSON object.

        Raises:
            JiraError: 400 where it is none.
        """
        try:
            data = orjson.loads(self.request.body)
        except orjson.JSONDecodeError:
            raise bad_request("There was an error parsing JSON. Check that your request body is valid.") from None
        if not isinstance(data, dict):
            raise bad_request("Invalid request payload. Refer to the REST API documentation and try again.")
        return data

    def number(self, name: str, default: int) -> int:
        """Read a whole, non-negative number from the query.

        Raises:
            JiraError: 400.
        """
        text = self.params.get(name, "")
        if not text:
            return default
        if not text.isascii() or not text.isdigit() or int(text[:12]) > MAX_NUMBER:
            raise bad_request(f"Failed to convert value of parameter {name} to a number")
        return int(text)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Read true or false from the query.

        Raises:
            JiraError: 400.
        """
        text = self.params.get(name, "").lower()
        if text not in ("", "true", "false"):
            raise bad_request(f"Failed to convert value of parameter {name} to true or false")
        return text == "true" if text else default

    def wrote(self, records: int = 1) -> None:
        """Note in the request log that records were written."""
        self.request.entry.writes += records


Handler = Callable[[Call], Response]


@dataclass(slots=True)
class _Route:
    method: str
    pattern: re.Pattern[str]
    handler: Handler
    scopes: tuple[str, ...]


class Routes:
    """Paths of one API, with the scopes a bearer token needs for each.

    Args:
        before: Called before a handler with the call and the template of its path; may refuse.
    """

    def __init__(self, before: Callable[[Call, str], None] | None = None) -> None:
        self._before = before
        self._by_head: dict[str, list[_Route]] = {}

    def add(self, method: str, template: str, handler: Handler, *scopes: str) -> None:
        """Serve `METHOD template`; `{}` in the template stands for one part of a path."""
        pattern = re.compile("^" + template.replace("{}", "([^/]+)") + "$")
        head = template.lstrip("/").partition("/")[0]
        self._by_head.setdefault(head, []).append(_Route(method, pattern, handler, scopes))

    def answer(self, path: str, call: Call) -> Response | None:
        """Answer a request; None where the API has no such path or method."""
        for route in self._by_head.get(path.lstrip("/").partition("/")[0], ()):
            match = route.pattern.match(path)
            if match and route.method == call.request.method:
                check_scope(call.caller, *route.scopes)
                call.ids = match.groups()
                if self._before is not None:
                    self._before(call, route.pattern.pattern)
                return route.handler(call)
        return None


def stamp(seconds: float) -> str:
    """Render a moment as Assets does: `2021-02-16T20:04:41.527Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(seconds * 1000) % 1000:03d}Z"


def page(values: list[Any], start: int, size: int) -> tuple[list[Any], bool]:
    """Cut a page out of a list; the second value says whether it is the last."""
    return values[start : start + size], start + size >= len(values)
