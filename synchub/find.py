"""How people name an entity, and how the hub finds it: ids, host names, serial numbers, tags, e-mails, native keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from synchub.domain.model import FAMILY_PREFIX
from synchub.errors import InputError
from synchub.reconcile.identifiers import JOINING, identifier_hash, identifiers
from synchub.visible import cell, visible
from synchub.wiring import Hub

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ = {c: i for i, c in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_FAMILY = {letter: family for family, letter in FAMILY_PREFIX.items()}
_MAX_DIGITS = 12
_MAX_WORD = 500
_LISTED = 10

# Canonical fields by which people name a thing, and the forms in which these are stored.
_NAMES = ("hostname", "name", "fqdn", "serial_number", "asset_tag", "email", "login", "worker_id", "uuid", "imei")


def display_id(entity: int, family: str) -> str:
    """Write an entity's number as people see it: the letter of its family and Crockford base32.

    >>> display_id(1, "hardware"), display_id(12345, "person")
    ('c-0001', 'p-0C1S')
    """
    digits = ""
    while entity:
        entity, digit = divmod(entity, 32)
        digits = _ALPHABET[digit] + digits
    return f"{FAMILY_PREFIX[family]}-{digits:0>4}"


def parse_id(word: str) -> tuple[int, str] | None:
    """Read what `display_id` wrote; case, `O` for 0 and `I` or `L` for 1 are forgiven. None: it is no id.

    >>> parse_id("C-000l"), parse_id("nb-1")
    ((1, 'hardware'), None)
    """
    prefix, dash, digits = word.partition("-")
    family = _FAMILY.get(prefix.lower())
    if family is None or not dash or not 4 <= len(digits) <= _MAX_DIGITS:
        return None
    number = 0
    for c in digits.upper():
        if c not in _READ:
            return None
        number = number * 32 + _READ[c]
    return (number, family) if number else None


def label(doc: dict[str, Any]) -> str:
    """Say what people call an entity: host name, name, serial number, e-mail, worker id; empty when it has none."""
    if doc.get("given_name") or doc.get("family_name"):
        return " ".join(str(doc[n]) for n in ("given_name", "family_name") if doc.get(n))
    if doc.get("order_number") and doc.get("line_number"):
        return f"{doc['order_number']} / {doc['line_number']}"
    names = ("hostname", "name", "serial_number", "asset_tag", "email", "login", "worker_id")
    return str(next((doc[n] for n in names if doc.get(n)), ""))


def find_entity(hub: Hub, word: str) -> int:
    """Find the one entity that a word names.

    Looked for in this order: id (`c-0001`; merged entities lead to the one they went into), a name or identity that an
    entity has now, an identifier that one of its records has, a native key of a source, the id of a target object, a
    value that only a record has. The first kind with a result counts.

    Raises:
        InputError: Nothing or more than one entity is called so; the message lists what was found.
    """
    word = word.strip()
    by_id = _by_id(hub, word)
    if by_id is not None:
        return by_id
    if 0 < len(word) <= _MAX_WORD:
        for search in _searches(hub, word):
            found = sorted(set(search()))
            if len(found) == 1:
                return found[0]
            if found:
                raise _several(hub, word, found)
    raise InputError(
        "nothing is called so.",
        where=visible(word[:80]),
        fix="Give an id, host name, serial number, asset tag, e-mail, worker id or native key, as the sources write it;"
        " what no source gave is not there (`synchub status`, `synchub dead-letters`).",
    )


def _by_id(hub: Hub, word: str) -> int | None:
    parsed = parse_id(word)
    if parsed is None:
        return None
    number, family = parsed
    seen: set[int] = set()
    while number not in seen:
        seen.add(number)
        row = hub.state.entities.get([number]).get(number) if number < 1 << 62 else None
        if row is None or row.family != family:
            return None
        if row.merged_into is None:
            return number
        number = row.merged_into
    return None


def _searches(hub: Hub, word: str) -> Sequence[Callable[[], Sequence[int]]]:
    reports, lookup = hub.state.reports, hub.state.lookup
    needles = _needles(word)
    return (
        lambda: lookup.entities_saying(needles),
        lambda: reports.find_entities(_hashes(word), word),
        lambda: lookup.entities_of_object(word),
        lambda: lookup.entities_told(needles),
    )


def _forms(word: str) -> list[str]:
    return list(dict.fromkeys((word, word.lower(), word.upper(), word.partition(".")[0].lower())))


def _needles(word: str) -> list[bytes]:
    forms = _forms(word)
    last = forms.pop() if "." in word and "@" not in word else None
    needles = [orjson.dumps({name: form})[1:-1] for name in _NAMES for form in forms]
    needles += [orjson.dumps({"hostname": last})[1:-1]] if last else []
    mac = word.lower().replace("-", ":")
    if mac.count(":") == 5:
        needles.append(orjson.dumps(mac))
    return needles


def _hashes(word: str) -> list[int]:
    """List the identifier hashes a word may stand for; the judgement of placeholders holds."""
    found: set[int] = set()
    mac = word.lower().replace("-", ":")
    hardware = ("serial_number", "uuid", "imei", "asset_tag", "management_id")
    for form in _forms(word):
        some = [*identifiers("mobile_device", dict.fromkeys(hardware, form))]
        some += identifiers("computer", {"mac_addresses": [mac]})
        some += identifiers("person", dict.fromkeys(("worker_id", "directory_id", "email", "login"), form))
        found.update(identifier_hash(kind, value) for kind, value in some if kind in JOINING)
    return sorted(found)


def _several(hub: Hub, word: str, found: Sequence[int]) -> InputError:
    rows = hub.state.entities.get(list(found[:_LISTED]))
    words = [
        f"{display_id(row.id, row.family)} {row.cls} {cell(label(orjson.loads(row.doc)), 30)}"
        for row in sorted(rows.values())
    ]
    more = f" and {len(found) - _LISTED} or more others" if len(found) > _LISTED else ""
    return InputError(
        f"this names {len(found)} things: {'; '.join(words)}{more}.",
        where=visible(word[:80]),
        fix="Give the id of the one you mean.",
    )
