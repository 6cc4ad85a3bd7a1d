"""Which counterpart a target would find by itself: it goes by serial number and tag, spelled as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from synchub.mapports import ObjectIdentity
from synchub.reconcile.identifiers import Kind, Traits, identifier_hash
from synchub.stores import ObjectRow, Targets

RECOGNISED = ("serial_number", "asset_tag")  # by these a target tells to what a new counterpart belongs, in this order
_MOST = 200  # objects of one number that are looked at; more of them are no identity anyway


class Fellows:
    """Objects that carry the same serial number or tag as some that lack their counterpart.

    Args:
        targets: The store.
        target: Number of the target.
        lacking: (facet of the counterpart, the object, what the counterpart shall hold).
    """

    def __init__(
        self, targets: Targets, target: int, lacking: Sequence[tuple[ObjectIdentity, ObjectRow, Mapping[str, Any]]]
    ) -> None:
        hashes = {h for facet, main, wanted in lacking for some in (main.fields, wanted) for h in _hashes(facet, some)}
        found = targets.candidates(target, sorted(hashes)) if hashes else []
        objects = {o.id: o for o in targets.objects(target, sorted({number for _, number in found}))} if found else {}
        self._by_hash: dict[int, list[ObjectRow]] = {}
        for hash_, number in found:
            if number in objects:
                self._by_hash.setdefault(hash_, []).append(objects[number])

    def values(self, facet: ObjectIdentity, main: ObjectRow, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Say with what a counterpart is made: what both sides carry goes along, the numbers as the object spells them.

        A serial number or tag that many things have in common identifies none: it stays out.
        """
        both = {n: v for n, v in main.fields.items() if n in facet.fields and v not in (None, "")}
        result = {**both, **wanted}
        for name in _told(facet):
            if name in both:
                if _hashes(facet, {name: both[name]}):
                    result[name] = both[name]
                elif name not in wanted:
                    del result[name]
        return result

    def only(self, facet: ObjectIdentity, main: ObjectRow, values: Mapping[str, Any]) -> bool:
        """Tell whether the target would find this object by these values, and no other one.

        It goes by the serial number first, by the tag where no object has that.
        """
        for name in _told(facet):
            text = str(values.get(name) or "").casefold()
            hashes = _hashes(facet, {name: values.get(name)}) if text else ()
            near = [o for h in hashes for o in self._by_hash.get(h, ())[:_MOST] if _holds(o, name, text)]
            if any(o.id != main.id and o.kind == main.kind and not o.counterpart for o in near):
                return False
            if hashes and _holds(main, name, text):
                return True
        return False


def lonely(
    targets: Targets,
    target: int,
    desired: Mapping[int, Sequence[tuple[ObjectIdentity, Mapping[str, Any], Any]]],
    objects: Mapping[int, Mapping[str, ObjectRow]],
) -> set[int]:
    """Find entities whose CI, that other people made, stays without an asset: the target could not tell it is its own.

    Args:
        targets: The store.
        target: Number of the target.
        desired: Entity -> (facet, plain values, references) it asks for.
        objects: Entity -> facet -> object that is linked or will be.
    """
    lacking: dict[int, tuple[ObjectIdentity, ObjectRow, Mapping[str, Any]]] = {}
    for entity, have in objects.items():
        ci, some = have.get("ci"), {facet.facet: (facet, plain) for facet, plain, _ in desired.get(entity, ())}
        if (
            ci is None
            or ci.origin != "found"
            or ci.counterpart
            or "asset" in have
            or not {"ci", "asset"} <= some.keys()
        ):
            continue
        asset, wanted = some["asset"]
        filled = {n: v for n, v in ci.fields.items() if v not in (None, "")}
        lacking[entity] = (asset, ci._replace(fields={**some["ci"][1], **filled}), wanted)
    if not lacking:
        return set()
    fellows = Fellows(targets, target, list(lacking.values()))
    return {
        e for e, (asset, ci, want) in lacking.items() if not fellows.only(asset, ci, fellows.values(asset, ci, want))
    }


def _holds(item: ObjectRow, name: str, text: str) -> bool:
    return str(item.fields.get(name) or "").casefold() == text


def _told(facet: ObjectIdentity) -> list[str]:
    return [name for number in RECOGNISED for name, info in facet.fields.items() if number in info.sources]


def _hashes(facet: ObjectIdentity, fields: Mapping[str, Any]) -> list[int]:
    traits = Traits(facet.identity({n: v for n, v in fields.items() if v.__class__ is str}))
    pairs = ((Kind.SERIAL, traits.serial), (Kind.ASSET_TAG, traits.tag))
    return [identifier_hash(kind, value) for kind, value in pairs if value]
