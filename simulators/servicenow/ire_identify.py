"""Finding the record an item speaks about (docs_cmdb/ire.md, c_IdentificationRules.md, id-detect-dup-ci.md)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from simulators.servicenow.ire_model import RULES, Entry, IdentifierRule, Item, subs_of, values_of
from simulators.servicenow.store import Row, to_text

if TYPE_CHECKING:
    from simulators.servicenow.app import ServiceNow


class Identifier:
    """Identifies payload items against the rows of one instance."""

    def __init__(self, sim: ServiceNow) -> None:
        self._sim = sim

    def rule(self, table: str) -> IdentifierRule | None:
        """Find the rule of a class: its own, or the nearest parent's."""
        known = self._sim.schema.tables.get(table)
        return next((RULES[name] for name in known.line if name in RULES), None) if known else None

    def identify(self, item: Item) -> None:
        """Fill an item's match and attempts, or its errors."""
        known = self._sim.schema.tables.get(item.class_name)
        item.rule = self.rule(item.class_name)
        if known is None or item.rule is None:
            item.fail("IDENTIFICATION_RULE_MISSING", f"Identity Rule Missing for table [{item.class_name}]")
            return
        for sub in (*subs_of(item.data, "lookup"), *subs_of(item.data, "related")):
            self._check_sub(item, item.rule, sub)
        if item.rule.host and item.host is None:
            what = ", ".join(item.rule.relations)
            item.fail(
                "MISSING_DEPENDENCY",
                f"In payload no relations defined for dependent class [{item.class_name}] that matches any "
                f"containment/hosting rules: [{what}]. Add appropriate relations in payload for '{item.class_name}'",
            )
        if item.errors:
            return
        given = to_text(values_of(item.data).get("sys_id"))
        if given:
            self._by_sys_id(item, item.rule, given)
            return
        first_rules = self._sim.property("glide.identification_engine.skip_sys_object_source_matching") == "true"
        has_criteria = any(self._criteria(item, entry) for entry in item.rule.entries)
        if not (first_rules and has_criteria):
            self._by_source(item, item.rule)
        if item.match is None:
            self._by_rule(item, item.rule)
        if item.match is None and not item.errors and first_rules and not has_criteria:
            self._by_source(item, item.rule)

    def _check_sub(self, item: Item, rule: IdentifierRule, sub: dict[str, Any]) -> None:
        name = str(sub.get("className", ""))
        if sub in subs_of(item.data, "lookup") and not any(e.lookup and e.table == name for e in rule.entries):
            message = f"Identity Rule for table [{rule.table}] missing Lookup Rule for class [{name}]"
            item.fail("IDENTIFICATION_RULE_FOR_LOOKUP_MISSING", message)

    def _by_sys_id(self, item: Item, rule: IdentifierRule, sys_id: str) -> None:
        row = self._sim.store.get(rule.table, sys_id)
        if row is None or row.get("duplicate_of"):
            message = (
                f"Found invalid sys_id in payload. No record with sys_id [{sys_id}] exist in table [{item.class_name}] "
                "or is a duplicate record with [duplicate_of] field set to a main CI"
            )
            item.fail("INVALID_INPUT_DATA", message)
            return
        item.match, item.sys_id = row, sys_id

    def _by_source(self, item: Item, rule: IdentifierRule) -> None:
        key = item.source_key
        if key is None:
            return
        found = [row for row in self._sim.store.find("sys_object_source", "id", [key[1]]) if row.get("name") == key[0]]
        rows = [self._sim.store.get(rule.table, source.get("target_sys_id", "")) for source in found]
        live = [row for row in rows if row is not None and not row.get("duplicate_of")]
        result = "MATCHED" if live else "NO_MATCH"
        item.attempts.append(
            {
                "info": f"sys_object_source {result}", "identifierName": "", "attemptResult": result, "attributes": [],
                "hybridEntryCiAttributes": [],
            }
        )  # fmt: skip
        if live:
            item.match = live[0]
            item.sys_id = live[0]["sys_id"]
            recency = to_text(item.source_info.get("source_recency_timestamp"))
            scans = [row.get("last_scan", "") for row in found]
            item.stale = bool(recency and any(scan and recency < scan for scan in scans))

    def _by_rule(self, item: Item, rule: IdentifierRule) -> None:
        tried = False
        for entry in rule.entries:
            criteria = self._criteria(item, entry)
            matches = self._search(item, rule, entry, criteria) if criteria else []
            result = "SKIPPED" if not criteria else "MATCHED" if matches else "NO_MATCH"
            tried = tried or bool(criteria)
            chosen = matches[0] if matches else None
            if len(matches) > 1 and not entry.lookup:
                chosen = self._one_of(item, entry, matches)
                result = "MATCHED" if chosen else "MULTI_MATCH"
            item.attempts.append(
                {
                    "identifierName": rule.name, "attemptResult": result, "attributes": list(entry.attributes),
                    "searchOnTable": entry.table, "hybridEntryCiAttributes": [],
                }
            )  # fmt: skip
            if result == "MULTI_MATCH":
                fields = ", ".join(entry.attributes)
                message = f"Found duplicate records in table [{entry.table}] using fields [{fields}]"
                item.fail("MULTIPLE_DUPLICATE_RECORDS", message)
                return
            if chosen is not None:
                item.match, item.sys_id, item.entry_id = chosen, chosen["sys_id"], rule.sys_id
                return
        if not tried:
            shown = self._sim.ire.shown(item)
            message = (
                "In payload missing minimum set of input values for criterion (matching) attributes from identify rule "
                f"for table [{rule.table}]. Add these input values in payload item '{shown}'"
            )
            item.fail("MISSING_MATCHING_ATTRIBUTES", message)

    def _criteria(self, item: Item, entry: Entry) -> list[dict[str, str]]:
        """List the complete value sets an entry can search with; empty when it is to be skipped."""
        given = (
            [values_of(sub) for sub in subs_of(item.data, "lookup") if sub.get("className") == entry.table]
            if entry.lookup
            else [values_of(item.data)]
        )
        sets = [{name: to_text(values.get(name)) for name in entry.attributes} for values in given]
        return [values for values in sets if all(values.values())]

    def _search(self, item: Item, rule: IdentifierRule, entry: Entry, sets: list[dict[str, str]]) -> list[Row]:
        """List the CIs an entry finds, oldest first; by lookup only those that all given records point to."""
        store, first = self._sim.store, entry.attributes[0]
        hits: Counter[str] = Counter()
        for values in sets:
            rows = [
                row
                for row in store.find(entry.table, first, [values[first]])
                if all(row.get(name, "") == value for name, value in (*values.items(), *entry.condition))
                and not any(row.get(name, "") == value for name, value in entry.excluded)
            ]
            hits.update({row.get("cmdb_ci", "") for row in rows} if entry.lookup else {row["sys_id"] for row in rows})
        needed = len({tuple(values.values()) for values in sets}) if entry.lookup else 1
        ids = [sys_id for sys_id, count in hits.items() if count >= needed]
        found = [row for sys_id in ids if (row := store.get(rule.table, sys_id)) and not row.get("duplicate_of")]
        if rule.host and item.host is not None:
            found = [row for row in found if row.get(rule.host) == item.host.sys_id]
        return sorted(found, key=lambda row: row["sys_created_on"])

    def _one_of(self, item: Item, entry: Entry, matches: list[Row]) -> Row | None:
        """Pick the oldest of a few duplicates where the properties allow it; the others are tagged on commit."""
        del entry
        most = int(self._sim.property("glide.identification_engine.skip_duplicates.threshold", "5"))
        if self._sim.property("glide.identification_engine.skip_duplicates", "true") != "true" or len(matches) >= most:
            return None
        oldest = min(matches, key=lambda row: row["sys_created_on"])
        item.duplicates = [row for row in matches if row is not oldest]
        return oldest
