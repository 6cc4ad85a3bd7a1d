"""Carrying out what identification found: class changes, values, sub-records, sources, relations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.servicenow.ire_model import BACK_REFERENCE, SUB_CRITERIA, Item, subs_of, values_of
from simulators.servicenow.store import to_text

if TYPE_CHECKING:
    from simulators.servicenow.app import ServiceNow

_FLAGS = {"UPGRADE": "updateWithoutUpgrade", "DOWNGRADE": "updateWithoutDowngrade", "SWITCH": "updateWithoutSwitch"}


def true(value: object) -> bool:
    """Read a flag that may be a boolean or a string."""
    return to_text(value).lower() == "true"


class Committer:
    """Decides and carries out operations for one instance."""

    def __init__(self, sim: ServiceNow) -> None:
        self._sim = sim

    def decide(self, item: Item, source: str) -> None:
        """Set an identified item's operation, class and cleaned values, or its errors; commits nothing."""
        if item.errors:
            return
        item.table = item.class_name
        change = ""
        if item.match is not None:
            change = self._class_change(item, item.match["sys_class_name"])
        elif (source, item.class_name) in self._sim.ire.blocked_inserts:
            message = f"Insert into [{item.class_name}] is blocked for data source [{source}] by IRE data source rule"
            item.fail("INSERT_NOT_ALLOWED_FOR_SOURCE", message)
        if item.errors:
            return
        item.values = self._values(item.table, values_of(item.data))
        if item.rule and item.rule.host and item.host is not None and item.host.match is not None:
            item.values[item.rule.host] = item.host.sys_id
        self._required(item)
        if item.errors:
            return
        if item.match is not None:
            line = self._sim.schema.tables[item.table].line
            item.values = self._sim.ire.reconciler.allowed(line, source, item.match, item.values)
        if item.match is None:
            item.operation = "INSERT"
        elif change:
            item.operation = f"UPDATE_WITH_{change}"
        elif item.stale or all(item.match.get(name, "") == value for name, value in item.values.items()):
            item.operation = "NO_CHANGE"
        else:
            item.operation = "UPDATE"

    def _class_change(self, item: Item, current: str) -> str:
        """Say how the class would change (docs_cmdb/c_CIReclassification.md); empty for not at all."""
        wanted = item.class_name
        if wanted == current or item.stale:
            item.table = current
            return ""
        tables = self._sim.schema.tables
        kind = "UPGRADE" if wanted in tables[current].classes else "DOWNGRADE"
        if kind == "DOWNGRADE" and current not in tables[wanted].classes:
            kind = "SWITCH"
        settings = item.data.get("settings") if isinstance(item.data.get("settings"), dict) else {}
        low = kind.lower()
        skip_property = f"glide.identification_engine.update_without_{low}_enabled"
        if true((settings or {}).get(_FLAGS[kind])) or self._sim.property(skip_property) == "true":
            item.table = current
            message = f"Reclassification from class: [{current}] to [{wanted}] was skipped"
            item.info.append({"code": f"SKIPPED_CLASS_{kind}", "message": message, "ruleSysId": ""})
            return ""
        allowed = item.data.get(f"class{kind.capitalize()}")
        enabled = self._sim.property(f"glide.class.{low}.enabled", "true") == "true"
        if not (true(allowed) if allowed is not None else enabled):
            message = f"CI Reclassification not allowed from class: [{current}] to [{wanted}]"
            item.fail("RECLASSIFICATION_NOT_ALLOWED", message)
        return kind

    def _values(self, table: str, given: dict[str, Any]) -> dict[str, str]:
        """Keep known columns; a reference that is no sys_id of an existing record is left out."""
        columns = self._sim.schema.tables[table].columns
        kept: dict[str, str] = {}
        for name, value in given.items():
            column, text = columns.get(name), to_text(value)
            if column is None or column.locked or name.startswith("sys_"):
                continue
            if column.kind == "reference" and text and self._sim.store.get(column.table, text) is None:
                continue
            kept[name] = text[: column.length]
        return kept

    def _required(self, item: Item) -> None:
        if item.match is not None or self._sim.property("glide.required.attribute.enabled", "true") != "true":
            return
        for column in self._sim.schema.tables[item.table].columns.values():
            if column.mandatory and not item.values.get(column.name):
                message = (
                    f"Missing mandatory field [{column.name}] in table [{item.table}]. "
                    "Add input value for mandatory field in payload"
                )
                item.fail("REQUIRED_ATTRIBUTE_EMPTY", message)

    def commit(self, item: Item, source: str, user: str) -> int:
        """Write an item that was decided without errors; returns how many records of it changed."""
        store, now = self._sim.store, self._sim.clock.text(self._sim.store.skew)
        given = to_text(values_of(item.data).get("last_discovered"))
        stamps = {"discovery_source": source, "last_discovered": given or now}
        if item.match is None:
            first = to_text(values_of(item.data).get("first_discovered")) or now
            row = self._sim.writer.create_ci(item.table, {**item.values, **stamps, "first_discovered": first}, user)
            item.match, item.sys_id = row, row["sys_id"]
        elif item.operation == "NO_CHANGE":
            if item.match.get("last_discovered", "") < stamps["last_discovered"]:
                store.touch(item.match, stamps)
        else:
            if item.match.get("last_discovered", "") > stamps["last_discovered"]:
                del stamps["last_discovered"]
            for other in item.duplicates:
                store.update("cmdb_ci", other["sys_id"], {"duplicate_of": item.sys_id}, user)
            changes = {**item.values, **stamps}
            if item.table != item.match["sys_class_name"]:
                changes["sys_class_name"] = item.table
            store.update("cmdb_ci", item.sys_id, changes, user)
        self._sim.ire.reconciler.wrote(self._sim.schema.tables[item.table].line, source, item.sys_id, item.values)
        changed = int(item.operation != "NO_CHANGE")
        if not item.stale:
            changed += self._subs(item, user)
            self._source(item, now, user)
        return changed

    def preview(self, item: Item) -> None:
        """Fill the sub-records of an answer without writing."""
        for index, sub in enumerate((*subs_of(item.data, "lookup"), *subs_of(item.data, "related"))):
            found = self._sub_match(item, sub)
            self._note(item, index, sub, found, "NO_CHANGE" if found else "INSERT")

    def _subs(self, item: Item, user: str) -> int:
        count = 0
        for index, sub in enumerate((*subs_of(item.data, "lookup"), *subs_of(item.data, "related"))):
            table, back = str(sub.get("className", "")), BACK_REFERENCE.get(str(sub.get("className", "")), "")
            if not back or table not in self._sim.schema.tables:
                continue
            values = {**self._values(table, values_of(sub)), back: item.sys_id}
            found = self._sub_match(item, sub)
            if found is None:
                row = self._sim.store.insert(table, values, user)
                self._note(item, index, sub, None, "INSERT", row["sys_id"])
                count += 1
                continue
            known = self._sim.store.get(table, found) or {}
            changed = any(known.get(name, "") != value for name, value in values.items())
            if changed:
                self._sim.store.update(table, found, values, user)
            self._note(item, index, sub, found, "UPDATE" if changed else "NO_CHANGE")
            count += changed
        return count

    def _sub_match(self, item: Item, sub: dict[str, Any]) -> str | None:
        table = str(sub.get("className", ""))
        if item.match is None or table not in BACK_REFERENCE:
            return None
        names = SUB_CRITERIA[table]
        given = {name: to_text(values_of(sub).get(name)) for name in names}
        for row in self._sim.store.find(table, BACK_REFERENCE[table], [item.match["sys_id"]]):
            if all(row.get(name, "") == value for name, value in given.items()):
                return row["sys_id"]
        return None

    def _note(
        self, item: Item, index: int, sub: dict[str, Any], found: str | None, operation: str, made: str = ""
    ) -> None:
        lookups = len(subs_of(item.data, "lookup"))
        item.subs.append(
            {
                "className": str(sub.get("className", "")), "markers": [], "mergedPayloadIds": [],
                "inputIndices": [{"mainIndex": item.indices[0], "subIndex": index % lookups if lookups else index}],
                "operation": operation, "sysId": found or made or None, "errorCount": 0, "warningCount": 0,
                "errors": [],
            }
        )  # fmt: skip
        item.sub_ids.append(found or made or None)

    def _source(self, item: Item, now: str, user: str) -> None:
        """Keep the Source row that lets the next payload match by its native key."""
        key = item.source_key
        if key is None:
            return
        store = self._sim.store
        scan = to_text(item.source_info.get("source_recency_timestamp")) or now
        values = {
            "name": key[0], "id": key[1], "source_feed": to_text(item.source_info.get("source_feed")) or "UNKNOWN",
            "target_table": item.table, "target_sys_id": item.sys_id, "last_scan": scan,
        }  # fmt: skip
        for row in store.find("sys_object_source", "id", [key[1]]):
            if row.get("name") == key[0] and row.get("target_sys_id") == item.sys_id:
                store.update("sys_object_source", row["sys_id"], values, user)
                return
        store.insert("sys_object_source", values, user)

    def relate(self, parent: Item, child: Item, kind: str, user: str, *, write: bool) -> str:
        """Add a relationship unless it exists; returns the operation."""
        store = self._sim.store
        [relation] = store.find("cmdb_rel_type", "name", [kind])[:1]
        for row in store.find("cmdb_rel_ci", "parent", [parent.sys_id]) if parent.match is not None else []:
            if row.get("child") == child.sys_id and row.get("type") == relation["sys_id"]:
                return "NO_CHANGE"
        if write:
            values = {"parent": parent.sys_id, "child": child.sys_id, "type": relation["sys_id"]}
            store.insert("cmdb_rel_ci", values, user)
        return "INSERT"
