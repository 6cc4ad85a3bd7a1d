"""Look at a target: who answers, and what other people's objects look like now."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from synchub.domain.clocks import trusted
from synchub.domain.guards import Guards
from synchub.domain.model import CLASSES
from synchub.domain.plan import TargetObject
from synchub.engine.edits import MOST, sign
from synchub.errors import WrongInstance
from synchub.mapports import Facets, ObjectIdentity
from synchub.ports import Clock, Progress, Target
from synchub.reconcile.identifiers import identifier_hash, identifiers
from synchub.stores import Look, State, TargetState

_OVERLAP = 5  # seconds read again: targets stamp to the second
_NO_CURSOR = 0  # it was looked at, but by a clock that says nothing
NAME = 62  # kind of the hash under which a target object is found by its bare name


@dataclass(frozen=True, slots=True)
class TargetJob:
    """A target and how it is delivered to.

    Attributes:
        name: Configured name.
        target: The open connection.
        maps: Its target map.
        classes: Canonical classes that are delivered.
        policies: Key -> policy for other people's edits; see `synchub.reconcile.policies.flatten`.
        mode: `preview`, `canary` or `write`.
        hub_id: Marks what this hub owns.
        config: Fingerprint of the configuration.
        canary: Objects written per run in mode canary.
        plan_seconds: How long a plan may be applied.
        guards: Limits beyond which rows are held; None: nothing is.
        asked_by: Who runs the plan, for whoever approves.
        only: Entities whose rows are delivered; None for all. The others stay in the plan, which stays open.
    """

    name: str
    target: Target
    maps: Facets
    classes: tuple[str, ...]
    policies: Mapping[str, str]
    mode: str
    hub_id: str
    config: str
    canary: int = 10
    plan_seconds: int = 4 * 3600
    only: Container[int] | None = None
    guards: Guards | None = None
    asked_by: str = ""

    @property
    def fingerprint(self) -> str:
        """Changes when entities have to be planned again though they did not change."""
        return f"{self.maps.fingerprint}|{sorted(self.policies.items())}|{self.classes}"


@dataclass(slots=True)
class Contact:
    """What a look at a target found.

    Attributes:
        read: Objects read.
        changed: Linked objects that somebody else changed.
        first: This was the first contact.
        skew: Seconds that the target's clock is ahead of ours.
    """

    read: int = 0
    changed: int = 0
    first: bool = False
    skew: int = 0
    kinds: dict[str, int] = field(default_factory=dict)


def pinned(job: TargetJob, state: State) -> TargetState:
    """Pin the instance that answers at the first contact; later make sure that it is the same one.

    Raises:
        WrongInstance: Another instance than the pinned one answers: a clone, or another tenant behind the same name.
        ConnectorError: It cannot be told who answers.
    """
    known = state.targets.target(job.name)
    identity = job.target.identity()
    if known.identity is None:
        state.targets.pin(known.id, identity)
    elif known.identity != identity:
        raise wrong_instance(job.name, identity, known.identity)
    return known


def wrong_instance(name: str, identity: str, known: str) -> WrongInstance:
    """Say that another instance answers than the state is linked to, and the way out."""
    return WrongInstance(
        f"{identity!r} answers, but the state is linked to {known!r}.",
        where=name,
        fix="Point the configuration at the right instance. To use this one from now on, give the target another name:"
        " it is then linked anew (docs/reliability.md).",
    )


def contact(
    job: TargetJob, state: State, clock: Clock, progress: Progress | None = None
) -> tuple[TargetState, Contact]:
    """Pin or check the instance and learn what changed in it since the last look.

    The first look reads all objects of the kinds that are delivered; later ones only what others changed since, by the
    target's own clock. As long as that is far from ours, and when it was set back, everything is read; so are the
    objects of a type of which the maps read a field more than the last time.

    Raises:
        WrongInstance: Another instance than the pinned one answers.
        ConnectorError: The target cannot be read; nothing is concluded.
    """
    known = pinned(job, state)
    found = Contact(first=known.read_since is None)
    now = job.target.server_time()
    found.skew = now - clock.now()
    told = trusted(found.skew)
    looks = dict(known.looks) if known.read_since is not None else {}
    signed = 0
    own: dict[str, list[tuple[str, ObjectIdentity]]] = {}
    for cls in job.classes:
        for facet in job.maps.facets(cls):
            own.setdefault(facet.kind, []).append((cls, facet))
    for kind, (cls, facet, reads) in kinds_of(job).items():
        since = _since(looks.get(kind), reads, now) if told else None
        for read in job.target.objects(kind, reads, since=since):
            page = _unerased(job, state, kind, read)
            # A class of its own may have identifiers that the others lack, as a telephone its IMEI; and several classes
            # may share an object type, as computers and virtual machines do.
            hashes = [object_hashes(own.get(item.cls or kind, [(cls, facet)]), item) for item in page]
            changed = state.targets.observe(known.id, page, hashes)
            state.targets.replan(known.id, [(entity, "changed at the target") for entity, _ in changed])
            pairs = [(item.id, item.counterpart) for item in page if item.counterpart]
            beside = state.targets.beside_linked(known.id, pairs)
            state.targets.replan(known.id, [(entity, "its counterpart is there") for entity in beside])
            signed += sign(job, state, known.id, [item for _, item in changed], MOST - signed)
            found.read += len(read)
            found.changed += len(changed)
            found.kinds[kind] = found.kinds.get(kind, 0) + len(read)
            if progress:
                progress(f"{job.name} reading {kind}", found.kinds[kind], None)
        looks[kind] = Look(now if told else _NO_CURSOR, reads)
    state.targets.saw(known.id, now if told else _NO_CURSOR, looks)
    return state.targets.target(job.name), found


def _since(look: Look | None, reads: Sequence[str], now: int) -> int | None:
    if look is None or not look.at or look.at > now or not set(reads).issubset(look.fields):
        return None
    return look.at - _OVERLAP


def _unerased(job: TargetJob, state: State, kind: str, page: list[TargetObject]) -> list[TargetObject]:
    """Leave the objects of erased people out: nothing of them is stored again."""
    gone = state.erasure.erased([f"{job.name}/{kind}/{item.id}" for item in page])
    return [item for item in page if f"{job.name}/{kind}/{item.id}" not in gone] if gone else page


def kinds_of(job: TargetJob) -> dict[str, tuple[str, ObjectIdentity, tuple[str, ...]]]:
    """List the object types to look at: kind -> (a class that uses it, its facet map, all fields any class reads)."""
    kinds: dict[str, tuple[str, ObjectIdentity, tuple[str, ...]]] = {}
    for cls in job.classes:
        for facet in job.maps.facets(cls):
            have = kinds.get(facet.read_kind)
            if have is None:
                kinds[facet.read_kind] = (cls, facet, facet.reads)
            else:
                kinds[facet.read_kind] = (have[0], have[1], tuple(sorted({*have[2], *facet.reads})))
    return kinds


def object_hashes(facets: Sequence[tuple[str, ObjectIdentity]], item: TargetObject) -> list[int]:
    """List the hashes under which a target object can be found by an entity's identifiers.

    Args:
        facets: The classes, at least one, whose object it may be.
        item: The object.
    """
    identity: dict[str, Any] = {}
    for _, facet in facets:
        identity |= facet.identity(item.fields)
    return entity_hashes(facets[0][0], identity)


def entity_hashes(cls: str, fields: Mapping[str, Any]) -> list[int]:
    """List the identifier hashes of canonical fields, the bare name included for hardware."""
    hashes = [identifier_hash(kind, value) for kind, value in identifiers(cls, fields)]
    if CLASSES[cls].family == "hardware":
        names = {str(fields[f]).lower() for f in ("hostname", "name") if fields.get(f)}
        hashes.extend(identifier_hash(NAME, name) for name in names)
    return hashes


def deliverable(job: TargetJob, classes: Sequence[str]) -> bool:
    """Tell whether the target takes any of some classes."""
    return any(cls in job.classes and job.maps.facets(cls) for cls in classes)
