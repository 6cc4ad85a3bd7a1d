"""When two records cannot be the same thing.

Every check takes all the members that would end up in one cluster and looks at the sets of their values, so that the
answer does not depend on an order and costs one pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from synchub.domain.records import Contribution
from synchub.reconcile.identifiers import PersonTraits, Traits

# Classes that sources confuse with each other are one group; `hardware` fits all.
_CLASS_GROUP = {
    "computer": "machine", "server": "machine", "virtual_machine": "machine", "mobile_device": "mobile",
    "network_device": "network", "storage": "storage", "printer": "printer", "peripheral": "peripheral",
    "telecom": "telecom",
}  # fmt: skip

_IDENTITY = attrgetter("tag", "imei", "maker", "model", "uuid", "serial")
_NOTHING = {""}


def one_edit(a: str, b: str) -> bool:
    """Tell whether two values differ by at most one replaced, inserted, missing or swapped character.

    >>> one_edit("5CG81F02QX", "5CG81F02OX"), one_edit("5CG81F02QX", "5CG81F0QX"), one_edit("AB12", "CD12")
    (True, True, False)
    """
    if len(a) > len(b):
        a, b = b, a
    if len(b) - len(a) > 1:
        return False
    i = 0
    while i < len(a) and a[i] == b[i]:
        i += 1
    if len(a) < len(b):
        return a[i:] == b[i + 1 :]
    return a[i + 1 :] == b[i + 1 :] or (a[i : i + 2] == b[i : i + 2][::-1] and a[i + 2 :] == b[i + 2 :])


def models_fit(a: str, b: str) -> bool:
    """Tell whether two models in comparable form may be the same: equal, or one is the other with something after it.

    >>> models_fit("elitebook840g10", "elitebook840g10notebookpc"), models_fit("latitude5440", "latitude7450")
    (True, False)
    """
    if a == b:
        return True
    if len(a) > len(b):
        a, b = b, a
    # What follows must not be a digit: "iphone1" is not the beginning of "iphone15".
    return len(a) >= 5 and b.startswith(a) and not (a[-1].isdigit() and b[len(a)].isdigit())


def _all_fit(models: set[str]) -> bool:
    ordered = sorted(models)
    return all(models_fit(a, b) for i, a in enumerate(ordered) for b in ordered[i + 1 :])


def _serials_near(serials: set[tuple[str, str]]) -> bool:
    ordered = sorted(serials)
    return all(
        (a[0] == b[0] or not a[0] or not b[0]) and one_edit(a[1], b[1])
        for i, a in enumerate(ordered)
        for b in ordered[i + 1 :]
    )


def hardware_contradiction(
    members: Sequence[tuple[Contribution, Traits]], *, serial_step: bool, near_serials: bool, models: bool
) -> str:
    """Say why these hardware records cannot be one device; empty when nothing speaks against it.

    Args:
        members: All members of the clusters that would be united.
        serial_step: They share serial number and manufacturer: what differs beside it is spelling, unless it is an
            identity of its own.
        near_serials: Serial numbers one character apart are taken for a typing error.
        models: Models must fit.
    """
    tags, imeis, makers, names, uuids, numbers = [
        {*column, ""} for column in zip(*[_IDENTITY(t) for _, t in members], strict=True)
    ]  # each set holds the empty string, so two elements are one value
    if len(tags) > 2:
        return "asset tags differ"
    if len(imeis) > 2:
        return "IMEIs differ"
    if len(makers) > 2:
        return "manufacturers differ"
    if models and len(names) > 2 and not _all_fit(names - _NOTHING):
        return "models differ"
    if len(numbers) > 2 and not (near_serials and _serials_near({(t.maker, t.serial) for _, t in members if t.serial})):
        return "serial numbers differ"
    if serial_step:
        return _twins(members)
    if len(uuids) > 2:
        return "hardware UUIDs differ"
    groups = {_CLASS_GROUP.get(record.cls) for record, _ in members} - {None}
    return "classes differ" if len(groups) > 1 else ""


def _twins(members: Sequence[tuple[Contribution, Traits]]) -> str:
    """Say why one source's records of one serial number are two devices with a cloned serial."""
    seen: dict[tuple[str, str], tuple[set[str], str]] = {}
    for record, t in members:
        where = (record.source, record.stream)
        before = seen.get(where)
        if before is None:
            seen[where] = (set(t.macs), t.uuid)
            continue
        macs, uuid = before
        if macs and t.macs and macs.isdisjoint(t.macs):
            return "one source lists the serial number with different network cards"
        if uuid and t.uuid and uuid != t.uuid:
            return "one source lists the serial number with different hardware UUIDs"
        macs.update(t.macs)
        if t.uuid and not uuid:
            seen[where] = (macs, t.uuid)
    return ""


def person_contradiction(members: Sequence[tuple[Contribution, PersonTraits]]) -> str:
    """Say why these records cannot be one person; empty when nothing speaks against it.

    A new family name, another worker number (rehire) or a new address happen; both names different do not.
    """
    names = {(t.given, t.family) for _, t in members if t.given and t.family}
    ordered = sorted(names)
    for i, (given, family) in enumerate(ordered):
        for other_given, other_family in ordered[i + 1 :]:
            if given != other_given and family != other_family and (given, family) != (other_family, other_given):
                return "given and family names differ"
    if len({t.directory for _, t in members if t.directory}) > 1:
        return "directory ids differ"
    return ""
