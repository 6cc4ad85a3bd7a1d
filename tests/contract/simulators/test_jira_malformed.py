"""Malformed requests to the simulated site are refused in the vendor's form; none of them makes it stumble."""

from __future__ import annotations

import base64
from random import Random
from typing import Any

import orjson
import pytest

from simulators.http import Request
from simulators.jira import Jira
from simulators.log import Entry
from tests.contract.simulators.jira_site import HUB, document

_HEADERS = {
    "authorization": "Basic " + base64.b64encode(":".join(HUB).encode()).decode(), "content-type": "application/json",
}  # fmt: skip
_VALUE = {"objectTypeAttributeId": "2", "objectAttributeValues": [{"value": "x"}]}
_FIELDS = {
    "project": {"key": "ITS"}, "issuetype": {"name": "Task"}, "summary": "a", "description": document("a"),
    "labels": ["a"], "assignee": {"accountId": "x"}, "priority": {"id": "1"}, "customfield_10000": [{"id": "a:1"}],
}  # fmt: skip
_ASSETS: list[tuple[str, str, Any]] = [
    ("POST", "/objectschema/create", {"name": "a", "objectSchemaKey": "AB"}),
    ("POST", "/objecttype/create", {"name": "a", "iconId": "1", "objectSchemaId": "1", "parentObjectTypeId": "1"}),
    ("POST", "/objecttypeattribute/1", {"name": "q", "type": 1, "typeValue": "1", "additionalValue": "1"}),
    ("PUT", "/objecttypeattribute/1/2", {"description": "q", "uniqueAttribute": True, "minimumCardinality": 0}),
    ("POST", "/object/create", {"objectTypeId": "1", "attributes": [_VALUE]}),
    ("PUT", "/object/1", {"objectTypeId": "1", "attributes": [_VALUE]}),
    ("POST", "/object/aql", {"qlQuery": "Name = a"}),
    ("POST", "/config/statustype", {"name": "a", "category": 1, "objectSchemaId": "1"}),
]
_PLATFORM: list[tuple[str, str, Any]] = [
    ("POST", "/issue", {"fields": _FIELDS, "properties": [{"key": "a", "value": 1}]}),
    ("PUT", "/issue/ITS-1", {"fields": {"summary": "a"}, "update": {"labels": [{"add": "x"}]}}),
    ("POST", "/issue/ITS-1/comment", {"body": document("a")}),
    ("POST", "/issue/ITS-1/transitions", {"transition": {"id": "11"}, "fields": {}, "update": {}}),
    ("POST", "/issueLink", {"type": {"name": "Relates"}, "inwardIssue": {"key": "ITS-1"}, "outwardIssue": {"id": "1"}}),
    ("POST", "/issue/ITS-1/remotelink", {"globalId": "a", "object": {"url": "a", "title": "b"}}),
    ("POST", "/search/jql", {"jql": "project = ITS", "fields": ["*all"], "maxResults": 5, "reconcileIssues": [1]}),
    ("POST", "/issue/bulk", {"issueUpdates": [{"fields": {"summary": "a"}}]}),
    ("POST", "/issue/bulkfetch", {"issueIdsOrKeys": ["1"], "fields": ["a"], "expand": ["b"]}),
]
_JUNK: list[Any] = [
    None, 0, -1, 1.5, True, "", "x", "\x00", "9" * 30, "²", [], {}, [None], [{}], {"a": None}, ["a", 1], {"id": {}},
    {"value": []}, {"type": "doc"}, [[1]],
]  # fmt: skip
_QUERIES = (
    "",
    "startAt=x",
    "startAt=-1",
    "maxResults=99999999999",
    "fields=",
    "includeAttributes=maybe",
    "expand=changelog",
)
_WORDS = [
    "project", "=", "ITS", '"a"', "(", ")", "and", "OR", "not", "in", "~", "Name", "order", "by", "key", ",", "updated",
    ">=", "-1d", "labels", "is", "EMPTY", '"', "\\", "issue.property[a].b", "cf[10000]", "text", "*", ".", "objectType",
    "LIKE", "A.Name", "objectTypeAndChildren", "currentUser()", '"\\""', "5", '"2026-01-01"', "!=", "<", "²",
]  # fmt: skip


@pytest.fixture(scope="module")
def sim() -> Jira:
    found = Jira(seed=1)
    found.rate_limit(10**6)
    kind = found.type(found.schema("IT assets", "ITAM"), "Laptop", {})
    found.seed(kind, [{"Name": "A"}])
    found.field("Assets", "cmdb")
    found.issue(found.project("ITS"), "A", by=found.hub.account_id)
    return found


def _ask(sim: Jira, method: str, path: str, query: str, body: object) -> tuple[int, Any]:
    answer = sim.handle(Request(method, path, query, dict(_HEADERS), orjson.dumps(body), Entry(0, 0, "", "", "")))
    return answer.status, orjson.loads(answer.body) if answer.body else None


def _bent(rng: Random, value: Any, depth: int = 0) -> Any:
    """Put junk in place of a part of a body, leave parts out, add some."""
    if rng.random() < 0.2 or depth > 6:
        return rng.choice(_JUNK)
    if isinstance(value, dict):
        kept = {
            k: _bent(rng, v, depth + 1) if rng.random() < 0.5 else v for k, v in value.items() if rng.random() < 0.9
        }
        return kept | ({"status": rng.choice(_JUNK)} if rng.random() < 0.1 else {})
    if isinstance(value, list):
        return [_bent(rng, item, depth + 1) for item in value] + ([rng.choice(_JUNK)] if rng.random() < 0.2 else [])
    return value


@pytest.mark.parametrize("case", [*_ASSETS, *_PLATFORM], ids=lambda case: f"{case[0]} {case[1]}")
def test_bent_bodies_are_answered(sim: Jira, case: tuple[str, str, Any]) -> None:
    """Whatever the shape, the answer is one of Jira's, and a refusal says why."""
    method, path, body = case
    assets = case in _ASSETS
    root = f"/jsm/assets/workspace/{sim.store.workspace}/v1" if assets else "/rest/api/3"
    rng = Random(path)
    for _ in range(60):
        status, answer = _ask(sim, method, root + path, rng.choice(_QUERIES), _bent(rng, body))
        assert status in (200, 201, 204, 400, 404)
        if status >= 400 and path != "/issue/bulk":
            assert answer["errorMessages"] or answer["errors"]


@pytest.mark.parametrize(("path", "name"), [("/object/aql", "qlQuery"), ("/search/jql", "jql")])
def test_bent_queries_are_answered(sim: Jira, path: str, name: str) -> None:
    """Any row of words is found something for or refused with a message."""
    root = f"/jsm/assets/workspace/{sim.store.workspace}/v1" if name == "qlQuery" else "/rest/api/3"
    rng = Random(name)
    for _ in range(500):
        query = " ".join(rng.choice(_WORDS) for _ in range(rng.randrange(1, 9)))
        status, answer = _ask(sim, "POST", root + path, "", {name: query})
        assert status == 200 or (status == 400 and len(answer["errorMessages"]) == 1), query
