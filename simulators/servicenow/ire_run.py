"""One payload on its way through the identification engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.servicenow.access import User
from simulators.servicenow.ire_answer import show, summary
from simulators.servicenow.ire_model import PARTIAL_ERRORS, UNKNOWN, Item, subs_of, values_of
from simulators.servicenow.store import to_text

if TYPE_CHECKING:
    from simulators.servicenow.app import ServiceNow
    from simulators.servicenow.ire import Ire


class Run:
    """One payload on its way through the engine."""

    def __init__(
        self, sim: ServiceNow, ire: Ire, payload: dict[str, Any], source: str, options: dict[str, bool], user: User
    ) -> None:
        self._sim = sim
        self._ire = ire
        self._payload = payload
        self._source = source
        self._options = options
        self._user = user
        self._items = [Item([index], data) for index, data in enumerate(payload["items"])]
        self._by_index = dict(enumerate(self._items))

    def go(self, *, enhanced: bool, write: bool) -> tuple[dict[str, Any], int]:
        """Run; returns the result and how many records changed."""
        self._source_problem()
        if enhanced:
            self._merge_partials()
        self._deduplicate()
        relations = self._relations()
        for item in self._items:
            self._identify(item, relations)
        whole = not self._options["partial_commits"] and any(item.errors for item in self._items)
        writes = 0
        for item in self._ordered():
            if item.errors or whole:
                self._failed(item, write=write, enhanced=enhanced)
            elif write:
                writes += self._commit(item)
            else:
                self._ire.committer.preview(item)
        results = [self._relate(relation, write=write and not whole) for relation in relations]
        writes += sum(result["operation"] == "INSERT" for result in results) if write else 0
        return self._result(results, enhanced=enhanced), writes

    def _source_problem(self) -> None:
        known = self._sim.schema.choices["discovery_source"]
        if not self._source:
            message = (
                "In payload no data source exist. You need to provide choice value from choice field "
                "[discovery_source] in table [cmdb_ci]"
            )
        elif self._source not in known:
            message = (
                f"In payload invalid data source [{self._source}] exist. You need to provide a valid choice value from "
                "field [discovery_source] in table [cmdb_ci]"
            )
        else:
            for item in self._items:
                name = item.source_info.get("source_name")
                if name is not None and name not in known:
                    item.fail(
                        "INVALID_INPUT_DATA",
                        f"In payload invalid data source [{name}] exist. You need to provide a valid choice value from "
                        "field [discovery_source] in table [cmdb_ci]",
                    )
            return
        for item in self._items:
            item.fail("INVALID_INPUT_DATA", message)

    def _merge_partials(self) -> None:
        for item in self._items:
            kept = self._ire.partials.get(item.source_key) if item.source_key else None
            if kept is not None:
                item.merged.append(kept[0])
                item.data = {**kept[1], **item.data, "values": {**values_of(kept[1]), **values_of(item.data)}}
                for name in ("lookup", "related"):
                    item.data[name] = [*subs_of(item.data, name)] or subs_of(kept[1], name)

    def _deduplicate(self) -> None:
        """Find items with the same criterion values; merge them, or refuse them where merging is off."""
        seen: dict[tuple[Any, ...], Item] = {}
        kept = []
        for item in self._items:
            key = self._key(item)
            first = seen.get(key) if key else None
            if first is None:
                kept.append(item)
                if key:
                    seen[key] = item
            elif self._options["deduplicate_payloads"]:
                first.indices += item.indices
                first.data = {**first.data, "values": {**values_of(first.data), **values_of(item.data)}}
                self._by_index[item.indices[0]] = first
            else:
                kept.append(item)
                assert key is not None
                both, fields = f"{first.indices[0]} and {item.indices[0]}", ", ".join(key[1])
                message = (
                    f"Found duplicate items in the payload (index {both}), using className [{item.class_name}] "
                    f"and fields [{fields}]. Remove duplicate items from payload"
                )
                for each in (first, item):
                    each.fail("DUPLICATE_PAYLOAD_RECORDS", message)
        self._items = kept

    def _key(self, item: Item) -> tuple[Any, ...] | None:
        rule = self._ire.identifier.rule(item.class_name)
        if rule is None or rule.host:
            return None
        for entry in rule.entries:
            values = tuple(to_text(values_of(item.data).get(name)) for name in entry.attributes)
            if not entry.lookup and all(values):
                return (rule.table, entry.attributes, values)
        return None

    def _item(self, relation: dict[str, Any], end: str) -> Item | None:
        internal = relation.get(f"{end}_id")
        if internal is not None:
            return next((i for i in self._items if i.data.get("internal_id") == internal), None)
        index = relation.get(end)
        return self._by_index.get(int(index)) if isinstance(index, int | str) and str(index).isdigit() else None

    def _relations(self) -> list[dict[str, Any]]:
        """Resolve the ends of all relations; broken ones carry errors."""
        resolved = []
        given = self._payload.get("relations")
        for number, relation in enumerate(given if isinstance(given, list) else []):
            kind = str(relation.get("type", ""))
            ends = {end: self._item(relation, end) for end in ("parent", "child")}
            problems = [
                f"Payload relations '{kind}' has invalid {end} record index: [{relation.get(end)}]"
                for end, item in ends.items()
                if item is None
            ]
            if not self._sim.store.find("cmdb_rel_type", "name", [kind]):
                problems.append(
                    f"No such relationship with name [{kind}] exist in table [cmdb_rel_type]. If out-of-box"
                )
            resolved.append({"number": number, "type": kind, "problems": problems, **ends})
        references = self._payload.get("referenceItems")
        for reference in references if isinstance(references, list) else []:
            self._refer(reference)
        return resolved

    def _refer(self, reference: dict[str, Any]) -> None:
        by_id = {str(item.data.get("internal_id")): item for item in self._items if item.data.get("internal_id")}
        target, origin = (by_id.get(str(reference.get(end))) for end in ("referenced", "referencedBy"))
        if target is not None and origin is not None:
            origin.data.setdefault("_refers", []).append((str(reference.get("referenceField")), target))

    def _identify(self, item: Item, relations: list[dict[str, Any]]) -> None:
        if item.processed or item.errors:
            return
        item.processed = True
        rule = self._ire.identifier.rule(item.class_name)
        if rule is not None and rule.host:
            hosts = [r["parent"] for r in relations if r["child"] is item and r["type"] in rule.relations]
            item.host = hosts[0] if hosts else None
            if item.host is not None:
                self._identify(item.host, relations)
                if item.host.errors:
                    message = (
                        f"Abandoning processing payload item '{item.class_name}', since its depends on payload item "
                        f"'{item.host.class_name}' has errors"
                    )
                    item.fail("ABANDONED", message)
                    return
        self._ire.identifier.identify(item)
        self._ire.committer.decide(item, self._source)

    def _ordered(self) -> list[Item]:
        """Put hosts and referenced items before those that need them."""
        order: list[Item] = []

        def visit(item: Item) -> None:
            if any(item is other for other in order):
                return
            for needed in (item.host, *(target for _, target in item.data.get("_refers", []))):
                if needed is not None and needed is not item:
                    visit(needed)
            order.append(item)

        if any(item.host or "_refers" in item.data for item in self._items):
            for item in self._items:
                visit(item)
            return order
        return self._items

    def _commit(self, item: Item) -> int:
        for name, target in item.data.pop("_refers", []):
            item.values[name] = target.sys_id
        if item.rule and item.rule.host and item.host is not None:
            item.values[item.rule.host] = item.host.sys_id
        written = self._ire.committer.commit(item, self._source, self._user.name)
        if item.merged and item.source_key:
            self._ire.partials.pop(item.source_key, None)
        return written

    def _failed(self, item: Item, *, write: bool, enhanced: bool) -> None:
        item.data.pop("_refers", None)
        if not item.errors:
            item.fail("ABANDONED", f"Detected error while processing payload from {self._source}")
        if not enhanced:
            item.operation = "INSERT_AS_INCOMPLETE" if not self._source else "NO_CHANGE"
            self._ire.incomplete += write
            return
        item.sys_id = UNKNOWN if item.match is None else item.sys_id
        partial = all(error["error"] in PARTIAL_ERRORS for error in item.errors)
        if partial and self._options["partial_payloads"] and item.source_key:
            item.operation = "INSERT_AS_PARTIAL"
            item.warnings, item.errors = item.errors, []
            name = self._sim.store.new_id()
            item.partial.append(name)
            if write:
                self._ire.partials[item.source_key] = (name, item.data)
        else:
            item.operation = "INSERT_AS_INCOMPLETE"
            self._ire.incomplete += write

    def _relate(self, relation: dict[str, Any], *, write: bool) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "className": "cmdb_rel_ci", "operation": "NO_CHANGE", "markers": [], "inputIndices": [relation["number"]],
            "mergedPayloadIds": [], "errorCount": 0,
        }  # fmt: skip
        found = [{"error": "INVALID_INPUT_DATA", "message": text} for text in relation["problems"]]
        ends: list[Item] = [item for item in (relation["parent"], relation["child"]) if item is not None]
        bad = next((item for item in ends if item.operation.startswith("INSERT_AS") or item.errors), None)
        if not found and bad is not None:
            message = f"While processing relations encountered errors in payload item: {bad.class_name}"
            found = [{"error": "ABANDONED", "message": message}]
        if found:
            return {**answer, "operation": "INSERT_AS_INCOMPLETE", "errors": found, "errorCount": len(found)}
        kind = relation["type"]
        operation = self._ire.committer.relate(ends[0], ends[1], kind, self._user.name, write=write)
        return {**answer, "operation": operation}

    def _result(self, relations: list[dict[str, Any]], *, enhanced: bool) -> dict[str, Any]:
        items = [show(item, enhanced=enhanced) for item in self._items]
        result: dict[str, Any] = {
            "items": items,
            "additionalCommittedItems": [],
            "relations": relations,
            "additionalCommittedRelations": [],
        }
        if enhanced and self._options["generate_summary"]:
            result |= {
                "hasError": any(item.errors for item in self._items),
                "hasWarning": any(item.warnings for item in self._items),
                "summary": summary(self._items),
            }
        return result
