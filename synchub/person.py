"""Erase a person everywhere in the hub, unless somebody must keep them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from synchub.domain.mentions import Mentions
from synchub.errors import InputError, PlanError
from synchub.find import display_id, find_entity
from synchub.steps import exclusive
from synchub.visible import day_of
from synchub.wiring import Hub

_CALLED = ("email", "login", "worker_id", "directory_id", "phone", "mobile_phone")


def person_of(hub: Hub, word: str) -> int:
    """Find the person that a word names.

    Raises:
        InputError: It names nobody, several things, or a thing that is no person.
    """
    entity = find_entity(hub, word)
    row = hub.state.entities.get([entity])[entity]
    if row.family != "person":
        raise InputError(f"{display_id(entity, row.family)} is no person.", where=word[:80], fix="Name a person.")
    return entity


def called(hub: Hub, entity: int) -> Mentions:
    """Collect what a person is called by: what their entity and each of their records says."""
    docs = [orjson.loads(hub.state.entities.get([entity])[entity].doc)]
    records = hub.state.identity.members_of([entity]).get(entity, [])
    docs += [dict(contribution.fields) for contribution in hub.state.identity.contributions(records)]
    return Mentions((value for doc in docs for value in _values(doc)), f"erased {display_id(entity, 'person')}")


def _values(doc: dict[str, Any]) -> Iterable[str]:
    for name in _CALLED:
        if doc.get(name):
            yield str(doc[name])
    given, family = str(doc.get("given_name") or ""), str(doc.get("family_name") or "")
    if given and family:
        yield from (f"{given} {family}", f"{family} {given}", f"{family}, {given}")
    if doc.get("name"):
        yield str(doc["name"])


def erase(hub: Hub, entity: int, who: str, reason: str) -> dict[str, Any]:
    """Erase a person from ledger, history, plans, pre-images and audit log.

    Returns:
        `id`, `rows` by table, `objects` in the targets that the hub lets go and does not delete, and `left`: tables
        that still mention the person (empty).

    Raises:
        PlanError: Somebody must keep this person (legal hold); nothing was changed.
        LeaseHeld: A run is going on.
    """
    held = hub.state.erasure.held(entity)
    if held is not None:
        raise PlanError(
            f"{display_id(entity, 'person')} must be kept ({held.who}: {held.reason or 'no reason given'}).",
            where="person", fix="End the legal hold first: synchub person release.",
        )  # fmt: skip
    mentions = called(hub, entity)
    with exclusive(hub):
        gone = hub.state.erasure.erase(entity, mentions)
        hub.state.runs.audit(
            hub.clock.now(), None, mentions.cleared(who), "person erased",
            {"person": display_id(entity, "person"), "rows": gone.rows, "reason": mentions.cleared(reason)},
        )  # fmt: skip
        hub.state.erasure.clean(list(gone.rows))
    left = hub.state.erasure.mentioned(mentions)
    objects = [{"target": target, "kind": kind, "id": id_} for target, kind, id_ in gone.objects]
    return {"id": display_id(entity, "person"), "rows": gone.rows, "objects": objects, "left": left}


def long_gone(hub: Hub, seconds: int) -> list[int]:
    """Return the people whose work ended so long ago that they are to be erased, and who need not be kept.

    Their last day ends at midnight in the hub's zone; from then on seconds count.
    """
    return hub.state.erasure.leavers(day_of(hub.clock.now() - seconds, str(hub.loaded.settings.hub.timezone)))
