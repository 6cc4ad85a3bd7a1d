"""Puts the estate's Assets objects and Atlassian accounts into a simulated Jira site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.estate.assets import SCHEMA, STATUSES, STRUCTURE
from simulators.estate.model import AssetRow, Estate

if TYPE_CHECKING:
    from simulators.jira import Jira
    from simulators.jira.store import ObjectType

_DAY = 86_400


def load_assets(estate: Estate, site: Jira) -> int:
    """Fill a site; returns the number of objects.

    The truth learns which device or person every object is about (`truth.objects`, by object key), so an estate is
    loaded before it is mutated.
    """
    for email, name, shown in estate.assets.accounts:
        site.access.add(email, name, shown=shown)
    schema = site.schema(*SCHEMA)
    for name, category in STATUSES:
        site.store.add_status(name, category, schema.id)
    types: dict[str, ObjectType] = {}
    for name, (parent, attributes) in STRUCTURE.items():
        settings = {"parent": types[parent].id if parent else 0, "inherited": name == "Hardware"}
        types[name] = site.type(schema, name, {a: _about(types, about) for a, about in attributes.items()}, **settings)
    keys: dict[tuple[str, str], str] = {}
    now = site.clock.now()
    for row in estate.assets.rows:
        kind, then = types[row.kind], now - row.days * _DAY
        values = _resolved(site, kind, row.values, keys)
        [obj] = site.seed(kind, [values], by=_account(site, row.by), at=then)
        keys[row.kind, row.values["Email"] if row.kind == "Person" else row.values["Name"]] = obj.key
        _learn(estate, row, obj.key)
        if row.edits:
            site.edit(obj.key, _resolved(site, kind, row.edits, keys), by=_account(site, row.by), at=then + 9 * _DAY)
    return len(estate.assets.rows)


def _about(types: dict[str, ObjectType], about: dict[str, Any]) -> dict[str, Any]:
    if "refers" not in about:
        return about
    return {"kind": 1, "target": types[about["refers"]].id, "reference_type": "4"}


def _account(site: Jira, email: str) -> str:
    account = site.access.by_email(email)
    assert account is not None, f"no account {email}"
    return account.account_id


def _resolved(
    site: Jira, kind: ObjectType, values: dict[str, str], keys: dict[tuple[str, str], str]
) -> dict[str, object]:
    """Put keys and ids in place of names."""
    found: dict[str, object] = {}
    statuses = {status.name: str(status.id) for status in site.store.statuses.values()}
    for name, value in values.items():
        about = site.attribute(kind, name)
        if about.kind == 1:
            found[name] = keys[site.store.types[about.target].name, value]
        elif about.kind == 2:
            found[name] = _account(site, value)
        else:
            found[name] = statuses[value] if about.kind == 7 else value
    return found


def _learn(estate: Estate, row: AssetRow, key: str) -> None:
    if row.about:
        estate.truth.objects[key] = row.about
    if row.about.startswith("X"):  # no other system knows these; names are left out: they are those of other devices
        estate.truth.learn(row.about, "serial", [row.values.get("Serial Number")])
        estate.truth.learn(row.about, "asset_tag", [row.values.get("Asset Tag")])
