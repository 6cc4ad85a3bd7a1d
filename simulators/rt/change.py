"""Changes to assets and users: what RT takes, bends or refuses, and the prose in which it says so."""

from __future__ import annotations

from typing import Any

from simulators.rt.store import CUT, NOBODY, ROLES, STATUSES, TRANSITIONS, USER_FIELDS, Asset, Field, Store

_TEXTS = {"Name": "name", "Description": "description"}
_NO_VALUE = "(no value)"


class RefusedError(Exception):
    """RT refuses a request as a whole.

    Args:
        status: HTTP status.
        message: RT's words.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def create_asset(store: Store, data: dict[str, Any], by: int) -> Asset:
    """Create an asset; all of it or nothing.

    Raises:
        RefusedError: Something about it is not taken.
    """
    catalog = store.find_catalog(str(data.get("Catalog") or ""))
    if not data.get("Catalog"):
        raise RefusedError(400, "Invalid Catalog")
    if catalog is None:
        raise RefusedError(403, "Permission Denied")
    status = str(data.get("Status") or "new")
    if status not in STATUSES:
        raise RefusedError(400, f"Status '{status}' isn't a valid status for assets.")
    if status not in TRANSITIONS[""]:
        raise RefusedError(400, f"New assets cannot have status '{status}'.")
    roles = {role: [_principal(store, v) for v in _list(data.get(role))] for role in ROLES}
    customs = [_new_value(store, catalog, str(k), v) for k, v in (data.get("CustomFields") or {}).items()]
    asset = store.asset(catalog, by)
    asset.name, asset.description = str(data.get("Name") or "")[:CUT], str(data.get("Description") or "")[:CUT]
    asset.status = status
    asset.roles.update({role: ids for role, ids in roles.items() if ids})
    for custom, values in customs:
        asset.custom[custom.id] = list(values)
    store.record("RT::Asset", asset.id, "Create", "", "", "", by)
    return asset


def _new_value(store: Store, catalog: int, identifier: str, value: Any) -> tuple[Field, list[str]]:
    prefix = "Couldn't add custom field value on create: "
    custom = store.find_field(identifier, catalog)
    if custom is None:
        raise RefusedError(400, f"{prefix}Custom field {identifier} not found")
    fitted = [store.fit(custom, v) for v in _list(value)]
    if None in fitted:
        raise RefusedError(400, f"{prefix}Invalid value for custom field")
    values = [v for v in fitted if v is not None]
    for one in values:
        if custom.unique and store.taken(custom, one, 0):
            why = f"Could not add a new value to custom field '{custom.name}': '{one}' is not a unique value"
            raise RefusedError(400, prefix + why)
    return custom, values


def change_asset(store: Store, asset: Asset, data: dict[str, Any], by: int) -> list[str]:
    """Change an asset, field after field; what fails is said and the rest done.

    Raises:
        RefusedError: Status 500 where RT's own program ends: fields before it are changed already.
    """
    said: list[str] = []
    for name, attribute in _TEXTS.items():
        if name in data:
            said += _set_text(store, asset, name, attribute, str(data[name] or "")[:CUT], by)
    if "Status" in data:
        said += _set_status(store, asset, str(data["Status"] or ""), by)
    if data.get("Catalog"):
        said += _set_catalog(store, asset, str(data["Catalog"]), by)
    for identifier, value in (data.get("CustomFields") or {}).items():
        custom = store.find_field(str(identifier), asset.catalog)
        if custom is not None:  # an unknown one is passed over in silence
            said += _set_custom(store, asset, custom, value, by)
    for role in ROLES:
        if role in data:
            said += _set_role(store, asset, role, data[role], by)
    return said


def _set_text(store: Store, asset: Asset, name: str, attribute: str, value: str, by: int) -> list[str]:
    old = getattr(asset, attribute)
    if old == value:
        return []
    setattr(asset, attribute, value)
    store.record("RT::Asset", asset.id, "Set", name, old, value, by)
    return [f"Asset {asset.name}: {name} changed from {_shown(old)} to {_shown(value)}"]


def _set_status(store: Store, asset: Asset, value: str, by: int) -> list[str]:
    old = asset.status
    if value == old:
        return []
    if value not in STATUSES:
        return [f"Asset {asset.name}: Status '{value}' isn't a valid status for this asset."]
    if value not in TRANSITIONS[old]:
        return [f"Asset {asset.name}: You can't change status from '{old}' to '{value}'."]
    asset.status = value
    store.record("RT::Asset", asset.id, "Status", "Status", old, value, by)
    if value == "deleted":
        return [f"Asset {asset.name}: Asset deleted"]
    return [f"Asset {asset.name}: Status changed from '{old}' to '{value}'"]


def _set_catalog(store: Store, asset: Asset, value: str, by: int) -> list[str]:
    catalog = store.find_catalog(value)
    if catalog is None:
        return [f"Asset {asset.name}: Catalog {value} does not exist"]
    if catalog == asset.catalog:
        return []
    old, asset.catalog = asset.catalog, catalog
    store.record("RT::Asset", asset.id, "Set", "Catalog", old, catalog, by)
    return [f"Asset {asset.name}: Catalog changed from '{store.catalogs[old]}' to '{store.catalogs[catalog]}'"]


def _set_custom(store: Store, asset: Asset, custom: Field, value: Any, by: int) -> list[str]:
    held = asset.custom.get(custom.id, [])
    if custom.many:
        return _set_many(store, asset, custom, [str(v) for v in _list(value)], by)
    old = held[0] if held else None
    if value is None and old:
        asset.custom[custom.id] = []
        store.record("RT::Asset", asset.id, "CustomField", str(custom.id), old, "", by)
        return [f"{old} is no longer a value for custom field {custom.name}"]
    one = value[0] if isinstance(value, list) and value else "" if isinstance(value, list) or value is None else value
    fitted = store.fit(custom, str(one))
    if fitted is None:
        return ["Invalid value for custom field"]
    if fitted == old and (one or custom.type != "Date"):
        return []
    if custom.unique and fitted and store.taken(custom, fitted, asset.id):
        return [f"Could not add a new value to custom field '{custom.name}': '{fitted}' is not a unique value"]
    asset.custom[custom.id] = [fitted or None]
    store.record("RT::Asset", asset.id, "CustomField", str(custom.id), old, fitted, by)
    if not fitted and old:
        return [f"{custom.name} {old} deleted"]
    return [f"{custom.name} {old} changed to {fitted}" if old else f"{custom.name} {fitted} added"]


def _set_many(store: Store, asset: Asset, custom: Field, wanted: list[str], by: int) -> list[str]:
    held = asset.custom.setdefault(custom.id, [])
    said = []
    for value in wanted:
        fitted = store.fit(custom, value)
        if fitted is None:
            said.append("Invalid value for custom field")
        elif fitted not in held:
            held.append(fitted)
            store.record("RT::Asset", asset.id, "CustomField", str(custom.id), "", fitted, by)
            said.append(f"{fitted} added as a value for {custom.name}")
    keep = {store.fit(custom, value) for value in wanted}
    for value_ in [v for v in held if v not in keep]:
        held.remove(value_)
        store.record("RT::Asset", asset.id, "CustomField", str(custom.id), value_, "", by)
        said.append(f"{value_} is no longer a value for custom field {custom.name}")
    return said


def _set_role(store: Store, asset: Asset, role: str, value: Any, by: int) -> list[str]:
    if role == "Owner":
        found = store.find_user(str(_list(value)[0] if _list(value) else ""))
        if found is None:
            return [f"Could not find or create user '{value}'"]
        if asset.roles["Owner"] == [found]:
            return []
        old, asset.roles["Owner"] = asset.roles["Owner"][0], [found]
        store.record("RT::Asset", asset.id, "SetWatcher", "Owner", old, found, by)
        return [f"Owner set to {store.users[found]['Name']}"]
    some = value if isinstance(value, list) else [value]
    wanted = []
    for one in some:
        found = store.find_user(str(one or ""))
        if found is None and "@" in str(one):
            found = store.user(str(one), str(one))  # an address that nobody has makes a user
        if found is None:
            raise RefusedError(500, "")
        wanted.append(found)
    said = []
    for found in [w for w in wanted if w not in asset.roles[role]]:
        asset.roles[role].append(found)
        store.record("RT::Asset", asset.id, "AddWatcher", role, "", found, by)
        said.append(f"Member added: {store.users[found]['Name']}")
    for found in [h for h in asset.roles[role] if h not in wanted]:
        asset.roles[role].remove(found)
        store.record("RT::Asset", asset.id, "DelWatcher", role, found, "", by)
        said.append("Member deleted")
    return said


def create_user(store: Store, data: dict[str, Any]) -> int:
    """Create a user; the e-mail address is its name where none is given.

    Raises:
        RefusedError: Name or address are another user's, or it has none.
    """
    name, mail = str(data.get("Name") or data.get("EmailAddress") or ""), str(data.get("EmailAddress") or "")
    if not name:
        raise RefusedError(400, "Must specify 'Name' attribute")
    if store.find_user(name) is not None:
        raise RefusedError(400, "Name in use")
    if mail and any(u["EmailAddress"].casefold() == mail.casefold() for u in store.users.values()):
        raise RefusedError(400, "Email address in use")
    unknown = set(data) - {*USER_FIELDS, "Privileged", "Disabled", "Password"}
    if unknown:
        raise RefusedError(400, "Could not create user")
    rest = {k: str(v)[:CUT] for k, v in data.items() if k in USER_FIELDS and k not in ("Name", "EmailAddress")}
    return store.user(name, mail, **rest)


def change_user(store: Store, number: int, data: dict[str, Any], by: int) -> list[str]:
    """Change a user, field after field."""
    user, said = store.users[number], []
    others = [u for i, u in store.users.items() if i != number]
    for name in sorted(set(data) & set(USER_FIELDS)):
        value, old = str(data[name] or "")[:CUT], user[name]
        clash = name in ("Name", "EmailAddress") and any(u[name].casefold() == value.casefold() for u in others)
        if value == old:
            continue
        if clash and value:
            what = "Name in use" if name == "Name" else "Email address in use"
            said.append(f"User {user['Name']}: {what}")
            continue
        said.append(f"User {user['Name']}: {name} changed from {_shown(old)} to {_shown(value)}")
        user[name] = value
        store.record("RT::User", number, "Set", name, old, value, by)
    return said


def _principal(store: Store, value: Any) -> int:
    found = store.find_user(str(value))
    if found is None and "@" in str(value):
        found = store.user(str(value), str(value))
    if found is None:
        raise RefusedError(400, "Couldn't load principal: Couldn't find row")
    return found


def _list(value: Any) -> list[Any]:
    some = value if isinstance(value, list) else [value]
    return [v for v in some if v not in (None, "")]


def _shown(value: str) -> str:
    return f"'{value}'" if value else _NO_VALUE


__all__ = ["NOBODY", "RefusedError", "change_asset", "change_user", "create_asset", "create_user"]
