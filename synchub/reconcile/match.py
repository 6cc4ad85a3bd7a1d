"""Which object of a target is this entity? For targets that other people have filled.

Only agreement on an identity links: serial number and manufacturer, asset tag, hardware UUID, IMEI, network card, and
as the last resort a host name, which many things take over from each other. Whatever contradicts (another serial
number, tag, IMEI, manufacturer, model and name) rules an object out, however well the rest fits: a new machine would
take over the object, the history and the tickets of the one whose name it inherited. An object that agrees on an
identity other than name and card and contradicts on another is left to a person: neither linked nor made a second time.

Where a target holds one thing twice, the hub links one of the objects and reports the others as duplicates; it deletes
and merges nothing. It takes, in this order: the one that has an asset, the one in operation, the oldest, the smallest
id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synchub.reconcile.compare import models_fit
from synchub.reconcile.identifiers import PersonTraits, Traits


@dataclass(frozen=True, slots=True)
class ObjectIdentity:
    """What a target object says about its identity, in canonical terms.

    Attributes:
        id: The target's id.
        fields: Canonical field -> normalised value (`serial_number`, `manufacturer`, `model`, `asset_tag`, `uuid`,
            `imei`, `mac_addresses`, `hostname`; of a person `worker_id`, `email`, `login`, `given_name`,
            `family_name`). Blank ones are absent.
        has_asset: It has a counterpart on the asset side.
        is_operational: It is neither retired nor disposed of; of a person: active.
        created_at: Seconds since 1970 UTC; 0 when unknown.
    """

    id: str
    fields: Mapping[str, Any]
    has_asset: bool = False
    is_operational: bool = True
    created_at: int = 0


@dataclass(frozen=True, slots=True)
class MatchDecision:
    """The answer.

    Attributes:
        object_id: The object to link; None when there is none, or when it cannot be told.
        by: By what they agree, for example `"serial+manufacturer"`; empty without an object.
        duplicates: Ids of further objects that are the same thing, ascending.
        ambiguous: Ids between which a person has to choose; then nothing is linked and nothing must be created.
        reason: In words.
    """

    object_id: str | None
    by: str = ""
    duplicates: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    reason: str = ""


_Agree = Callable[[Any, Any], bool]


def match_objects(
    fields: Mapping[str, Any], candidates: Sequence[ObjectIdentity], *, entities_with_host: int = 1
) -> MatchDecision:
    """Match a hardware entity against the objects of a target.

    Args:
        fields: Golden fields of the entity.
        candidates: All objects that share any identity value with it, in any order; more do no harm.
        entities_with_host: How many entities have this host name; it only links where it is one.
    """
    mine = Traits(fields)
    known = [(candidate, Traits(candidate.fields)) for candidate in candidates]
    fitting = [(c, t) for c, t in known if not contradiction(mine, t)]
    strong = [(name, [c for c, t in fitting if agree(mine, t)]) for name, agree in _STRONG]
    for name, hits in strong:
        if hits:
            best, *_ = sorted(hits, key=_preference)
            others = {c.id for _, more in strong for c in more} - {best.id}
            reason = f"same {name}" + (f"; {len(others)} more objects of the same thing" if others else "")
            return MatchDecision(best.id, name, tuple(sorted(others)), (), reason)
    for name, agree in _WEAK:
        hits = [c for c, t in fitting if agree(mine, t)]
        if len(hits) > 1:
            return MatchDecision(
                None, "", (), tuple(sorted(c.id for c in hits)), f"several objects with the same {name}"
            )
        if hits and name == "hostname" and entities_with_host > 1:
            return MatchDecision(None, "", (), (hits[0].id,), f"{entities_with_host} entities have this host name")
        if hits:
            return MatchDecision(hits[0].id, name, (), (), f"same {name}")
    torn = sorted(c.id for c, t in known if any(agree(mine, t) for _, agree in _STRONG))
    reasons = sorted({contradiction(mine, t) for _, t in known} - {""})
    if torn:
        return MatchDecision(None, "", (), tuple(torn), f"agrees on an identity, but has {' and '.join(reasons)}")
    return MatchDecision(None, reason=f"no object fits: {', '.join(reasons)}" if reasons else "no object fits")


def contradiction(a: Traits, b: Traits) -> str:
    """Say why an entity and an object cannot be the same thing; empty when nothing speaks against it."""
    if a.serial and b.serial and a.serial != b.serial:
        return "another serial number"
    if a.tag and b.tag and a.tag != b.tag:
        return "another asset tag"
    if a.imei and b.imei and a.imei != b.imei:
        return "another IMEI"
    if a.maker and b.maker and a.maker != b.maker:
        return "another manufacturer"
    same_serial = a.serial and a.serial == b.serial
    if a.uuid and b.uuid and a.uuid != b.uuid and not same_serial:
        return "another hardware UUID"
    if (
        same_serial
        and a.host
        and b.host
        and a.host != b.host
        and not _models_fit(a, b)
        and not (a.tag and a.tag == b.tag)
    ):
        return "another model and another name"  # makers of one house have given the same number twice
    return ""


def _models_fit(a: Traits, b: Traits) -> bool:
    return not a.model or not b.model or models_fit(a.model, b.model)


def _serial(a: Traits, b: Traits) -> bool:
    """Agree on the serial number; where a manufacturer is missing it has to be long, and the models must fit."""
    serial = a.serial or a.born
    if not serial or serial != (b.serial or b.born):
        return False
    return bool(a.maker and b.maker) or (len(serial) >= 7 and _models_fit(a, b))


def _host(a: Traits, b: Traits) -> bool:
    """Agree on the host name of an object whose serial number is blank or equal."""
    return bool(a.host) and a.host == b.host and (not b.serial or a.serial == b.serial) and _models_fit(a, b)


_STRONG: tuple[tuple[str, _Agree], ...] = (
    ("serial+manufacturer", _serial),
    ("asset_tag", lambda a, b: bool(a.tag) and a.tag == b.tag),
    ("uuid", lambda a, b: bool(a.uuid) and a.uuid == b.uuid),
    ("imei", lambda a, b: bool(a.imei) and a.imei == b.imei),
)
STRONG = frozenset(name for name, _ in _STRONG)
_WEAK: tuple[tuple[str, _Agree], ...] = (
    ("mac+hostname", lambda a, b: bool(a.host) and a.host == b.host and not set(a.macs).isdisjoint(b.macs)),
    ("mac", lambda a, b: not set(a.macs).isdisjoint(b.macs) and _models_fit(a, b)),
    ("hostname", _host),
)


def _preference(candidate: ObjectIdentity) -> tuple[bool, bool, int, str]:
    born = candidate.created_at or 1 << 62
    return (not candidate.has_asset, not candidate.is_operational, born, candidate.id)


def match_people(fields: Mapping[str, Any], candidates: Sequence[ObjectIdentity]) -> MatchDecision:
    """Match a person against the users of a target: worker id, then e-mail, then login.

    Two users with one worker id or address are never chosen between by rule unless one of them alone is active. A user
    with another given *and* family name is somebody else, however equal the address: addresses are given out again.
    """
    mine = PersonTraits(fields)
    known = [(c, PersonTraits(c.fields)) for c in candidates]
    fitting = [(c, t) for c, t in known if not _other_person(mine, t)]
    for name, agree in _PERSON:
        hits = [c for c, t in fitting if agree(mine, t)]
        active = [c for c in hits if c.is_operational]
        if len(hits) == 1 or len(active) == 1:
            best = hits[0] if len(hits) == 1 else active[0]
            others = tuple(sorted(c.id for c in hits if c is not best))
            return MatchDecision(best.id, name, others, (), f"same {name}")
        if hits:
            return MatchDecision(None, "", (), tuple(sorted(c.id for c in hits)), f"several users with the same {name}")
    if len(fitting) < len(known):
        return MatchDecision(None, reason="no user fits: given and family names differ")
    return MatchDecision(None, reason="no user fits")


def _other_person(a: PersonTraits, b: PersonTraits) -> bool:
    if not (a.given and a.family and b.given and b.family):
        return False
    return a.given != b.given and a.family != b.family and (a.given, a.family) != (b.family, b.given)


_PERSON: tuple[tuple[str, Callable[[PersonTraits, PersonTraits], bool]], ...] = (
    ("worker_id", lambda a, b: bool(a.worker) and a.worker == b.worker),
    ("directory_id", lambda a, b: bool(a.directory) and a.directory == b.directory),
    ("email", lambda a, b: bool(a.email) and a.email in (b.email, b.login)),
    ("login", lambda a, b: bool(a.login) and a.login in (b.login, b.email)),
)
