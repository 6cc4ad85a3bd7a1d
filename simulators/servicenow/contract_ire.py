"""Checks of IRE requests and answers (docs_rest/c_IdentifyReconcileAPI.md, docs_cmdb/c_CIReclassification.md)."""

from __future__ import annotations

import re
from typing import Any

import orjson

_ITEM = {
    "className", "internal_id", "lookup", "related", "settings", "sys_object_source_info", "values", "classUpgrade",
    "classDowngrade", "classSwitch",
}  # fmt: skip
_SUB = {"className", "internal_id", "sys_object_source_info", "values"}
_SETTINGS = {
    "skipReclassificationRestrictionRules", "updateWithoutDowngrade", "updateWithoutSwitch", "updateWithoutUpgrade",
}  # fmt: skip
_SOURCE = {"source_feed", "source_name", "source_native_key", "source_recency_timestamp"}
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
_OPTION = re.compile(r"^(partial_payloads|partial_commits|deduplicate_payloads|generate_summary):(true|false)$")
_OPERATIONS = {
    "DELETE", "INSERT", "NO_CHANGE", "UPDATE", "UPDATE_WITH_DOWNGRADE", "UPDATE_WITH_SWITCH", "UPDATE_WITH_UPGRADE",
    "INSERT_AS_PARTIAL", "INSERT_AS_INCOMPLETE",
}  # fmt: skip
_SHOWN = {
    "additionalRelatedItems", "className", "duplicateLookupIndices", "errorCount", "errors", "identificationAttempts",
    "identifierEntrySysId", "info", "inputIndices", "markers", "mergedPayloadIds", "operation", "relatedItems",
    "relatedSysIds", "sysId", "warnings", "warningCount", "partialSysIds",
}  # fmt: skip
_NEEDED = {"className", "operation", "sysId", "errorCount", "inputIndices", "mergedPayloadIds", "markers"}
_ATTEMPT = {"attemptResult", "attributes", "hybridEntryCiAttributes", "identifierName", "searchOnTable", "info"}
_RESULTS = {"MATCHED", "MULTI_MATCH", "NO_MATCH", "SKIPPED"}


def request(rest: str, params: dict[str, str], body: bytes) -> list[str]:
    """Check a request; `rest` is the path after `identifyreconcile/`."""
    if rest not in ("", "query", "enhanced", "queryEnhanced"):
        return [f"no documented resource identifyreconcile/{rest}"]
    problems = [f"unknown parameter {name}" for name in set(params) - {"sysparm_data_source", "options"}]
    if params.get("options"):
        bad = [chunk for chunk in params["options"].split(",") if not _OPTION.match(chunk)]
        problems += [f"bad option {chunk[:40]!r}" for chunk in bad]
        if rest in ("", "query"):
            problems.append("options are for the enhanced endpoints")
    if not params.get("sysparm_data_source"):
        problems.append("no sysparm_data_source: the payload is stored as incomplete")
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return [*problems, "the body is no JSON"]
    if not isinstance(data, dict) or not isinstance(data.get("items"), list):
        return [*problems, "items is required"]
    problems += [f"unknown key {name}" for name in set(data) - {"items", "relations", "referenceItems"}]
    for index, item in enumerate(data["items"]):
        problems += [f"items[{index}]: {text}" for text in _item(item)]
    for index, relation in enumerate(data.get("relations", [])):
        problems += [f"relations[{index}]: {text}" for text in _relation(relation)]
    return problems


def _item(item: Any) -> list[str]:
    if not isinstance(item, dict):
        return ["is no object"]
    problems = _part(item, _ITEM)
    settings = item.get("settings", {})
    problems += [f"unknown setting {name}" for name in set(settings) - _SETTINGS]
    for kind in ("lookup", "related"):
        for index, sub in enumerate(item.get(kind, [])):
            found = _part(sub, _SUB) if isinstance(sub, dict) else ["is no object"]
            problems += [f"{kind}[{index}]: {text}" for text in found]
    return problems


def _part(part: dict[str, Any], known: set[str]) -> list[str]:
    problems = [f"unknown key {name}" for name in set(part) - known]
    if not isinstance(part.get("className"), str) or not part.get("className"):
        problems.append("className is required")
    values = part.get("values", {})
    if not isinstance(values, dict):
        return [*problems, "values is no object"]
    problems += [f"values.{name}: not scalar" for name, value in values.items() if isinstance(value, dict | list)]
    source = part.get("sys_object_source_info", {})
    problems += [f"unknown sys_object_source_info.{name}" for name in set(source) - _SOURCE]
    recency = source.get("source_recency_timestamp")
    if recency is not None and not _MOMENT.match(str(recency)):
        problems.append("source_recency_timestamp is not YYYY-MM-DD hh:mm:ss")
    return problems


def _relation(relation: Any) -> list[str]:
    if not isinstance(relation, dict) or not relation.get("type"):
        return ["type is required"]
    by_index = {"parent", "child"} <= set(relation)
    by_id = {"parent_id", "child_id"} <= set(relation)
    problems = [] if by_index != by_id else ["needs parent and child, or parent_id and child_id"]
    if by_index and not all(isinstance(relation[end], int) for end in ("parent", "child")):
        problems.append("parent and child are numbers")
    return problems


def response(rest: str, result: Any) -> list[str]:
    """Check the `result` of an answer."""
    if not isinstance(result, dict):
        return ["result is no object"]
    wanted = ("items", "additionalCommittedItems", "relations", "additionalCommittedRelations")
    problems = [f"{name} missing" for name in wanted if not isinstance(result.get(name), list)]
    allowed = {*wanted, "logContextId"} | ({"summary", "hasError", "hasWarning"} if "nhanced" in rest else set())
    problems += [f"unknown key {name}" for name in set(result) - allowed]
    for index, item in enumerate(result.get("items", [])):
        problems += [f"items[{index}]: {text}" for text in _shown(item)]
    for index, relation in enumerate(result.get("relations", [])):
        if relation.get("className") != "cmdb_rel_ci" or relation.get("operation") not in _OPERATIONS:
            problems.append(f"relations[{index}]: className or operation")
    return problems


def _shown(item: dict[str, Any]) -> list[str]:
    problems = [f"unknown key {name}" for name in set(item) - _SHOWN]
    problems += [f"{name} missing" for name in _NEEDED - set(item)]
    if item.get("operation") not in _OPERATIONS:
        problems.append(f"unknown operation {item.get('operation')!r}")
    if item.get("errorCount") != len(item.get("errors", [])):
        problems.append("errorCount is not the number of errors")
    for kind in ("errors", "warnings"):
        problems += [f"{kind}: needs error and message" for e in item.get(kind, []) if set(e) != {"error", "message"}]
    for attempt in item.get("identificationAttempts", []):
        problems += [f"attempt: unknown key {name}" for name in set(attempt) - _ATTEMPT]
        if attempt.get("attemptResult") not in _RESULTS:
            problems.append(f"unknown attemptResult {attempt.get('attemptResult')!r}")
    return problems
