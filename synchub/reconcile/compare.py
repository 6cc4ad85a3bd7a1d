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


Members = Sequence[tuple[Contribution, Traits]]


def hardware_contradiction(members: Members, *, near_serials: bool) -> str:
    """Say why these hardware records cannot be one device; empty when nothing speaks against it.

    Args:
        members: All members of the clusters that would be united.
        near_serials: Serial numbers one character apart are taken for a typing error.
    """
    tags, imeis, makers, names, uuids, numbers = _columns(members)
    reason = _basics(tags, imeis, makers, names)
    if reason:
        return reason
    if len(numbers) > 2 and not (near_serials and _serials_near({(t.maker, t.serial) for _, t in members if t.serial})):
        return "serial numbers differ"
    if len(uuids) > 2:
        return "hardware UUIDs differ"
    groups = {_CLASS_GROUP.get(record.cls) for record, _ in members} - {None}
    return "classes differ" if len(groups) > 1 else ""


def serial_contradiction(members: Members) -> str:
    """Say why records of one serial number and manufacturer are several devices; empty when nothing speaks against it.

    Serial numbers are cloned with a firmware image now and then. What else differs is spelling, unless it is an
    identity of its own, or everything else differs.
    """
    tags, imeis, makers, names, _, numbers = _columns(members)
    reason = _basics(tags, imeis, makers, names)
    if reason:
        return reason
    if len(numbers) > 2:
        return "serial numbers differ"
    return twins(members) or _strangers(members)


def _columns(members: Members) -> list[set[str]]:
    """Collect the values of each identity; each set holds the empty string, so two elements are one value."""
    return [{*column, ""} for column in zip(*[_IDENTITY(t) for _, t in members], strict=True)]


def _basics(tags: set[str], imeis: set[str], makers: set[str], names: set[str]) -> str:
    if len(tags) > 2:
        return "asset tags differ"
    if len(imeis) > 2:
        return "IMEIs differ"
    if len(makers) > 2:
        return "manufacturers differ"
    return "models differ" if len(names) > 2 and not _all_fit(names - _NOTHING) else ""


def twins(members: Members) -> str:
    """Say why one source's own records of this are two devices: it saw different network cards or hardware UUIDs."""
    if len({r.source for r, _ in members}) == len(members):
        return ""
    seen: dict[tuple[str, str], tuple[set[str], str]] = {}
    for record, t in members:
        where = (record.source, record.stream)
        before = seen.get(where)
        if before is None:
            seen[where] = (set(t.macs), t.uuid)
            continue
        macs, uuid = before
        if macs and t.macs and macs.isdisjoint(t.macs):
            return f"{record.source} lists it with different network cards"
        if uuid and t.uuid and uuid != t.uuid:
            return f"{record.source} lists it with different hardware UUIDs"
        macs.update(t.macs)
        if t.uuid and not uuid:
            seen[where] = (macs, t.uuid)
    return ""


def _strangers(members: Members) -> str:
    """Say that two records share the serial number and nothing else: host name, network cards and user all differ."""
    hosts = {t.host for _, t in members if t.host}
    if len(hosts) < 2:
        return ""
    known = [t for _, t in members if t.host and t.macs and t.owner]
    for i, a in enumerate(known):
        for b in known[i + 1 :]:
            if a.host != b.host and not same_owner(a, b) and set(a.macs).isdisjoint(b.macs):
                return "host names, network cards and users all differ"
    return ""


def same_owner(a: Traits, b: Traits) -> bool:
    """Tell whether two records name one user: equal, or equal up to a domain that one side does not state."""
    if not a.owner or not b.owner:
        return False
    left, right = a.owner.partition("@"), b.owner.partition("@")
    return left[0] == right[0] and (not left[2] or not right[2] or left[2] == right[2])


def owners_differ(members: Members) -> bool:
    """Tell whether two records name different users."""
    known = [t for _, t in members if t.owner]
    return any(not same_owner(known[0], t) for t in known[1:])


def one_owner(members: Members) -> bool:
    """Tell whether all records name one user."""
    return all(t.owner for _, t in members) and not owners_differ(members)


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
