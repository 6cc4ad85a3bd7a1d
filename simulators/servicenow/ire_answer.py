"""Answers of the identification engine (docs_rest/c_IdentifyReconcileAPI.md, shapes of examples.json)."""

from __future__ import annotations

from typing import Any

from simulators.servicenow.ire_model import Item


def show(item: Item, *, enhanced: bool) -> dict[str, Any]:
    """Render one item of the answer."""
    shown: dict[str, Any] = {
        "className": item.class_name, "operation": item.operation, "sysId": item.sys_id,
        "identifierEntrySysId": item.entry_id, "identificationAttempts": item.attempts, "markers": [],
        "inputIndices": item.indices, "mergedPayloadIds": item.merged, "errorCount": len(item.errors),
    }  # fmt: skip
    if item.errors or enhanced:
        shown["errors"] = item.errors
    if item.subs:
        basic = ("markers", "inputIndices", "mergedPayloadIds", "className")
        shown["relatedSysIds"] = item.sub_ids
        shown["relatedItems"] = item.subs if enhanced else [{name: sub[name] for name in basic} for sub in item.subs]
        shown["additionalRelatedItems"] = []
    if item.info:
        shown["info"] = item.info
    if enhanced:
        shown["warningCount"] = len(item.warnings)
    if item.warnings:
        shown["warnings"] = item.warnings
    if item.partial:
        shown["partialSysIds"] = item.partial
    return shown


_COUNTED = {
    "INSERT": "inserted", "NO_CHANGE": "unchanged", "INSERT_AS_PARTIAL": "partial",
    "INSERT_AS_INCOMPLETE": "incomplete",
}  # fmt: skip


def summary(items: list[Item]) -> dict[str, dict[str, int]]:
    """Count operations per class."""
    names = (
        "mergedPartialPayloads", "inserted", "partial", "warnings", "incomplete", "additionalInserted", "unchanged",
        "skipped", "updated", "errors",
    )  # fmt: skip
    counts: dict[str, dict[str, int]] = {}
    for item in items:
        own = counts.setdefault(item.class_name, dict.fromkeys(names, 0))
        own[_COUNTED.get(item.operation, "updated")] += 1
        own["mergedPartialPayloads"] += len(item.merged)
        own["warnings"] += len(item.warnings)
        own["errors"] += len(item.errors)
        for sub in item.subs:
            one = counts.setdefault(sub["className"], dict.fromkeys(names, 0))
            one[_COUNTED.get(sub["operation"], "updated")] += 1
    return counts
