"""A scripted Assets API: a schema with two object types, and answers that a test hands in."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx

from connectors.jira_assets.settings import JiraAssetsSettings
from connectors.jira_assets.target import JiraAssetsTarget
from connectors.kit.cases import context
from connectors.registry import Rate
from connectors.secrets import Resolver

Answer = Callable[[httpx.Request], Any]
SCHEMA = {"id": "7", "name": "ITAM", "objectSchemaKey": "ITAM", "canManage": True}
TYPES: list[dict[str, Any]] = [
    {"id": "1", "name": "Hardware", "icon": {"id": "3"}, "inherited": True},
    {"id": "2", "name": "Computer", "icon": {"id": "3"}, "parentObjectTypeId": 1},
]
ATTRIBUTES: list[dict[str, Any]] = [
    {"id": "10", "name": "Key", "system": True, "editable": False},
    {"id": "11", "name": "Name", "label": True, "minimumCardinality": 1},
    {"id": "12", "name": "Hub Key", "uniqueAttribute": True},
    {"id": "13", "name": "Serial Number", "uniqueAttribute": True},
    {"id": "14", "name": "Note", "defaultType": {"id": 9, "name": "Textarea"}},
]


class Counted:
    """A budget that only counts."""

    def __init__(self, rate: Rate | None) -> None:
        self.rate, self.taken, self.paused = rate, 0, timedelta(0)

    def take(self, count: int = 1) -> None:
        """Count."""
        self.taken += count

    def pause(self, wait: timedelta) -> None:
        """Note it."""
        self.paused += wait


class Script:
    """What the API answers; `sent` are the requests so far, as (method, path, body).

    Args:
        answers: Path below the workspace -> answer to it, instead of the usual one.
        settings: Further settings of the connection.
    """

    def __init__(self, answers: dict[str, Answer] | None = None, **settings: Any) -> None:
        self.answers = answers or {}
        self.sent: list[tuple[str, str, Any]] = []
        values = {"url": "https://acme.example", "auth": {"email": "hub@acme.example", "token": "env:T"},
                  "schema": "ITAM", **settings}  # fmt: skip
        self.budgets: dict[str, Counted] = {}
        lent = context(
            transport=httpx.MockTransport(self._answer), resolve=Resolver({"T": "t0ken"}, context().base_dir),
            budget=lambda name, rate=None: self.budgets.setdefault(name, Counted(rate)),
        )  # fmt: skip
        self.target = JiraAssetsTarget("assets", JiraAssetsSettings.model_validate(values), lent)

    def paths(self) -> list[str]:
        """List the paths that were asked for."""
        return [path for _, path, _ in self.sent]

    def queries(self) -> list[str]:
        """List the queries that were sent."""
        return [body["qlQuery"] for _, path, body in self.sent if path.startswith("/object/aql")]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.partition("/v1")[2] or request.url.path
        self.sent.append((request.method, path, json.loads(request.content) if request.content else None))
        answer = self.answers.get(path, self._usual)(request)
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    def _usual(self, request: httpx.Request) -> Any:
        path = request.url.path.partition("/v1")[2] or request.url.path
        usual: dict[str, Any] = {
            "/rest/servicedeskapi/assets/workspace": {"isLastPage": True, "values": [{"workspaceId": "w-1"}]},
            "/objectschema/list": {"isLast": True, "values": [SCHEMA]},
            "/objectschema/7/objecttypes/flat": TYPES,
            "/config/statustype": [{"id": "1", "name": "Active"}],
            "/object/aql": page(),
            "/object/aql/totalcount": {"totalCount": 0},
        }
        if path.endswith("/attributes"):
            return ATTRIBUTES
        return usual[path] if path in usual else httpx.Response(404, json={"errorMessages": [], "errors": {}})


def item(number: int, **fields: str) -> dict[str, Any]:
    """Make a computer as the API shows it; `Hub_Key` stands for "Hub Key"."""
    ids = {a["name"]: a["id"] for a in ATTRIBUTES}
    attributes = [
        {"objectTypeAttributeId": ids[name.replace("_", " ")], "objectAttributeValues": [{"value": text}]}
        for name, text in fields.items()
    ]
    return {
        "id": str(number), "objectKey": f"ITAM-{number}", "objectType": {"id": "2", "name": "Computer"},
        "updated": f"2026-11-22T10:00:0{number % 10}.000Z", "attributes": attributes,
    }  # fmt: skip


def page(*values: dict[str, Any], last: bool | str = True) -> dict[str, Any]:
    """Make a page of a search."""
    return {"startAt": 0, "maxResults": 25, "total": 0, "values": list(values), "isLast": last}


def refused(**errors: str) -> httpx.Response:
    """Refuse attributes by id: `a13="not this way"`."""
    keyed = {f"rlabs-insight-attribute-{name[1:]}": words for name, words in errors.items()}
    return httpx.Response(400, json={"errorMessages": [], "errors": keyed})
