"""Asset and CI, two records kept in step by the instance itself, if need be late.

Which CI gets an asset of which class, and back, is said by the model category (product catalogue pages, "Model
categories": the category "determines if the platform creates an asset from a CI, and, if so, what class of asset").
Fields follow both ways (t_CreateAssetandCIFieldsMapping.md); the asset's state and substate drive the CI's
install status and hardware status, and the hardware status of a hardware CI drives the asset; the install status of a
hardware CI does not (t_CreateAssetandCIInstallStatusMapping.md, t_CreateAssetandCIHardwareStatusMapping.md).
The pairs of states are this simulator's reading of the state lists, not documented one by one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from simulators.servicenow.store import Change, Row, Store

FIELDS = {
    name: name
    for name in (
        "asset_tag", "assigned", "assigned_to", "checked_in", "checked_out", "company", "cost", "cost_center",
        "delivery_date", "department", "due", "due_in", "gl_account", "install_date", "invoice_number", "justification",
        "lease_id", "location", "managed_by", "order_date", "owned_by", "po_number", "purchase_date", "serial_number",
        "support_group", "supported_by", "vendor", "warranty_expiration",
    )
} | {"model": "model_id"}  # fmt: skip

# Asset state, substate -> CI install status, hardware status.
_TO_CI = {
    "1": ("1", "installed"), "2": ("2", "on_order"), "3": ("3", "in_maintenance"), "6": ("6", "in_stock"),
    "7": ("7", "retired"), "8": ("8", "stolen"), "9": ("6", "in_transit"),
}  # fmt: skip
_MISSING = {"lost": ("100", "missing"), "": ("100", "missing"), "stolen": ("8", "stolen")}
_STOCK = {"pending_install": "4", "pending_repair": "5"}
# CI hardware status -> asset state.
_TO_ASSET = {
    "installed": "1", "on_order": "2", "in_maintenance": "3", "in_stock": "6", "retired": "7", "stolen": "8",
    "missing": "8", "in_transit": "9",
}  # fmt: skip


@dataclass(slots=True)
class _Due:
    request: int
    time: float
    change: Change


class AssetSync:
    """Creates counterparts and carries changes over.

    Args:
        store: The instance's rows.
        requests: How many requests late.
        seconds: How many seconds of the simulated clock late.
        active: Whether anything happens at all.
    """

    def __init__(self, store: Store, *, requests: int = 0, seconds: float = 0.0, active: bool = True) -> None:
        self.requests = requests
        self.seconds = seconds
        self.active = active
        self._store = store
        self._seen = 0
        self._due: deque[_Due] = deque()
        self._now = False
        store.listeners.append(self._noticed)

    @property
    def late(self) -> bool:
        """Whether anything is carried over later."""
        return bool(self.requests or self.seconds)

    @property
    def pending(self) -> int:
        """How many changes wait to be carried over."""
        return len(self._due)

    def _noticed(self, change: Change) -> None:
        if not self.active or change.echo or change.operation == "delete":
            return
        root = self._store.schema.tables[change.table].root
        if root == "alm_asset" or (root == "cmdb" and "asset" in self._store.schema.tables[change.table].columns):
            due = _Due(self._seen + self.requests, self._store.clock.now() + self.seconds, change)
            self._due.append(due)

    def tick(self) -> None:
        """Count a request and carry over what is due before it."""
        self._seen += 1
        self.run()

    def run(self) -> None:
        """Carry over what is due now."""
        while self._due and self._due[0].request <= self._seen and self._due[0].time <= self._store.clock.now():
            self._carry(self._due.popleft().change)

    def settle(self) -> None:
        """Carry over everything."""
        while self._due:
            self._carry(self._due.popleft().change)

    def _carry(self, change: Change) -> None:
        root = self._store.schema.tables[change.table].root
        row = self._store.get(root, change.sys_id)
        if row is None or row.get("skip_sync") == "true":
            return
        user = "system" if self.late else change.user
        if root == "alm_asset":
            self._asset_changed(row, change, user)
        else:
            self._ci_changed(row, change, user)

    def _asset_changed(self, asset: Row, change: Change, user: str) -> None:
        ci = self._store.get("cmdb_ci", asset.get("ci", ""))
        if ci is not None:
            values = {FIELDS[name]: asset.get(name, "") for name in change.fields if name in FIELDS}
            if "install_status" in change.fields or "substatus" in change.fields:
                values |= self._ci_status(asset, ci["sys_class_name"])
            self._write(ci, values, user)
        elif not asset.get("ci") and (change.operation == "insert" or "model_category" in change.fields):
            lone = self._identified(asset)
            if lone is not None:
                self._store.update("cmdb_ci", lone["sys_id"], {"asset": asset["sys_id"]}, user, echo=True)
                self._store.update("alm_asset", asset["sys_id"], {"ci": lone["sys_id"]}, user, echo=True)
                return
            category = self._store.get("cmdb_model_category", asset.get("model_category", ""))
            table = category.get("cmdb_ci_class", "") if category else ""
            if category is None or table not in self._store.schema.tables:
                return
            values = {target: asset[name] for name, target in FIELDS.items() if asset.get(name)}
            model = self._store.get("cmdb_model", asset.get("model", ""))
            values |= {"name": model.get("display_name", "") if model else "", "asset": asset["sys_id"]}
            if model and model.get("manufacturer"):
                values["manufacturer"] = model["manufacturer"]
            values |= {"operational_status": "1", **self._ci_status(asset, table)}
            made = self._store.insert(table, values, user, echo=True)
            self._store.update("alm_asset", asset["sys_id"], {"ci": made["sys_id"]}, user, echo=True)

    def _identified(self, asset: Row) -> Row | None:
        """Find the CI an asset is about by the identification rules' serial number and tag (docs: Create assets)."""
        for name in ("serial_number", "asset_tag"):
            value = asset.get(name, "")
            if value:
                found = [ci for ci in self._store.find("cmdb_ci", name, [value]) if not ci.get("asset")]
                if len(found) == 1:
                    return found[0]
        return None

    def _ci_changed(self, ci: Row, change: Change, user: str) -> None:
        asset = self._store.get("alm_asset", ci.get("asset", ""))
        if asset is not None:
            values = {name: ci.get(target, "") for name, target in FIELDS.items() if target in change.fields}
            if "hardware_status" in change.fields or "hardware_substatus" in change.fields:
                values |= self._asset_status(ci)
            self._write(asset, values, user)
        elif not ci.get("asset") and (change.operation == "insert" or "model_id" in change.fields):
            category = self.category(ci)
            table = category.get("asset_class", "") if category else ""
            if category is None or table not in self._store.schema.tables:
                return
            values = {name: ci[target] for name, target in FIELDS.items() if ci.get(target)}
            values |= {"model_category": category["sys_id"], "ci": ci["sys_id"], "quantity": "1"}
            values |= self._asset_status(ci)
            made = self._store.insert(table, values, user, echo=True)
            self._store.update("cmdb_ci", ci["sys_id"], {"asset": made["sys_id"]}, user, echo=True)

    def _write(self, row: Row, values: Mapping[str, str], user: str) -> None:
        changed = {name: value for name, value in values.items() if row.get(name, "") != value}
        if changed:
            self._store.update(row["sys_class_name"], row["sys_id"], changed, user, echo=True)

    def category(self, ci: Row) -> Row | None:
        """Find the model category of a CI: among those of its model, else by its class alone."""
        model = self._store.get("cmdb_model", ci.get("model_id", ""))
        own = model.get("cmdb_model_category", "").split(",") if model else []
        for sys_id in own:
            found = self._store.get("cmdb_model_category", sys_id)
            if found is not None and found.get("cmdb_ci_class") == ci["sys_class_name"]:
                return found
        by_class = self._store.find("cmdb_model_category", "cmdb_ci_class", [ci["sys_class_name"]])
        return by_class[0] if by_class else None

    def _ci_status(self, asset: Row, table: str) -> dict[str, str]:
        state, substate = asset.get("install_status", ""), asset.get("substatus", "")
        install, hardware = _MISSING.get(substate, _MISSING[""]) if state == "8" else _TO_CI.get(state, ("", ""))
        if state == "6":
            install = _STOCK.get(substate, install)
        values = {"install_status": install} if install else {}
        if hardware and "hardware_status" in self._store.schema.tables[table].columns:
            values |= {"hardware_status": hardware, "hardware_substatus": substate}
        return values

    def _asset_status(self, ci: Row) -> dict[str, str]:
        hardware = ci.get("hardware_status", "")
        if hardware not in _TO_ASSET:
            return {}
        substate = ci.get("hardware_substatus", "")
        if hardware in ("stolen", "missing") and not substate:
            substate = "stolen" if hardware == "stolen" else "lost"
        return {"install_status": _TO_ASSET[hardware], "substatus": substate}
