"""The identification steps of each family, best first, and how configuration names them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from synchub.errors import ConfigError, Faults
from synchub.reconcile.identifiers import Kind


class Step(NamedTuple):
    """One entry of `identify`.

    Attributes:
        name: As written in the configuration, without `propose:`.
        kind: Kind of the identifier that brings the records together.
    """

    name: str
    kind: int


# Family -> name -> kind. The order is the shipped one.
JOIN_STEPS: dict[str, dict[str, Kind]] = {
    "hardware": {
        "serial+manufacturer": Kind.SERIAL,
        "uuid": Kind.UUID,
        "imei": Kind.IMEI,
        "asset_tag": Kind.ASSET_TAG,
        "management_id": Kind.MANAGEMENT_ID,
        "mac+hostname": Kind.MAC,
        "mac+model": Kind.MAC,
        "hostname+model": Kind.HOST_MODEL,
    },
    "person": {
        "worker_id": Kind.WORKER_ID,
        "directory_id": Kind.DIRECTORY_ID,
        "email": Kind.EMAIL,
        "login": Kind.LOGIN,
    },
    "purchase_order": {"order": Kind.ORDER},
    "purchase_order_line": {"order+line": Kind.ORDER_LINE},
    "receipt": {"receipt+vendor": Kind.RECEIPT},
    "invoice": {"invoice+vendor": Kind.INVOICE},
    "ticket": {"ticket+tracker": Kind.TICKET},
}
PROPOSE_STEPS: dict[str, dict[str, Kind]] = {
    "hardware": {"serial~1": Kind.SERIAL_NEAR, "owner+model": Kind.OWNER_MODEL, "hostname+domain": Kind.FQDN},
    "person": {"name": Kind.PERSON_NAME},
    "purchase_order": {},
    "purchase_order_line": {},
    "receipt": {},
    "invoice": {},
    "ticket": {},
}


@dataclass(frozen=True, slots=True)
class IdentifyRules:
    """How the records of one family are identified.

    Attributes:
        family: Family of classes.
        steps: Joining steps, best first.
        proposing: Kinds that may propose a merge.
        may_create: Source -> classes it may create; a source that is missing may create every class.
    """

    family: str
    steps: tuple[Step, ...]
    proposing: tuple[Step, ...] = ()
    may_create: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def creates(self, source: str, cls: str) -> bool:
        """Tell whether a record of this source may make a new entity of a class."""
        allowed = self.may_create.get(source)
        return allowed is None or cls in allowed


def default_steps(family: str, may_create: Mapping[str, frozenset[str]] | None = None) -> IdentifyRules:
    """Return the shipped steps of a family; `may_create` as in `IdentifyRules`."""
    return IdentifyRules(
        family,
        tuple(Step(name, int(kind)) for name, kind in JOIN_STEPS[family].items()),
        tuple(Step(name, int(kind)) for name, kind in PROPOSE_STEPS[family].items()),
        may_create or {},
    )


def compile_steps(
    family: str, entries: Sequence[str], *, where: str = "", may_create: Mapping[str, frozenset[str]] | None = None
) -> IdentifyRules:
    """Compile the `identify` list of one family.

    Args:
        family: Family of classes.
        entries: Names as in `JOIN_STEPS` and `PROPOSE_STEPS`, the latter behind `propose:`.
        where: Place in the configuration, for messages.
        may_create: As in `IdentifyRules`.

    Raises:
        ConfigError: An entry is unknown or written twice.
    """
    joining: list[Step] = []
    proposing: list[Step] = []
    faults = Faults()
    for entry in entries:
        with faults.kept():
            step = _step(family, entry, where)
            into = proposing if entry.startswith("propose:") else joining
            if step in into:
                raise ConfigError(f"identify entry {entry!r} is listed twice.", where=where, fix="Remove one of them.")
            into.append(step)
    faults.tell()
    return IdentifyRules(family, tuple(joining), tuple(proposing), may_create or {})


def _step(family: str, entry: str, where: str) -> Step:
    name = entry.removeprefix("propose:").strip()
    table = PROPOSE_STEPS[family] if entry.startswith("propose:") else JOIN_STEPS[family]
    if name not in table:
        known = [*JOIN_STEPS[family], *(f"propose:{n}" for n in PROPOSE_STEPS[family])]
        near = difflib.get_close_matches(entry, known, 1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."
        raise ConfigError(f"identify entry {entry!r} is unknown for {family}.", where=where, fix=hint)
    return Step(name, int(table[name]))
