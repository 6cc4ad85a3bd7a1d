"""One lifecycle for every asset, and the evidence each transition needs (design §4).

The lifecycle is the asset's; a CI's operational status is another field. Vendors' own state lists are mapped onto it in
the field maps.
"""

from __future__ import annotations

from enum import StrEnum


class Lifecycle(StrEnum):
    """Where an asset stands between being wanted and being gone."""

    PLANNED = "planned"
    ORDERED = "ordered"
    RECEIVED = "received"
    IN_STOCK = "in_stock"
    DEPLOYED = "deployed"
    IN_MAINTENANCE = "in_maintenance"
    IN_RECOVERY = "in_recovery"
    RETIRED = "retired"
    DISPOSED = "disposed"
    MISSING = "missing"
    STOLEN = "stolen"


L = Lifecycle

# (from, to) -> (name of the transition, the evidence it needs)
TRANSITIONS: dict[tuple[Lifecycle, Lifecycle], tuple[str, str]] = {
    (L.PLANNED, L.ORDERED): ("order", "purchase order line"),
    (L.ORDERED, L.RECEIVED): ("receive", "receipt"),
    (L.RECEIVED, L.IN_STOCK): ("stock", "stock location"),
    (L.RECEIVED, L.DEPLOYED): ("deploy", "assignment or first check-in"),
    (L.ORDERED, L.DEPLOYED): ("deploy", "first check-in"),
    (L.IN_STOCK, L.DEPLOYED): ("deploy", "assignment or first check-in"),
    (L.DEPLOYED, L.IN_MAINTENANCE): ("repair", "ticket"),
    (L.IN_MAINTENANCE, L.DEPLOYED): ("return", "ticket closed"),
    (L.DEPLOYED, L.IN_RECOVERY): ("recover", "termination fact or replacement"),
    (L.IN_RECOVERY, L.IN_STOCK): ("restock", "receipt and wipe, or an approved exemption"),
    (L.IN_RECOVERY, L.RETIRED): ("retire", "receipt and wipe, or an approved exemption"),
    (L.IN_STOCK, L.RETIRED): ("retire", "decision"),
    (L.DEPLOYED, L.RETIRED): ("retire", "decision or absence by policy"),
    (L.RETIRED, L.DISPOSED): ("dispose", "disposal record"),
    (L.DEPLOYED, L.MISSING): ("lose", "audit or absence by policy"),
    (L.IN_RECOVERY, L.MISSING): ("lose", "recovery clock ran out"),
    (L.MISSING, L.DEPLOYED): ("find", "first check-in"),
    (L.DEPLOYED, L.STOLEN): ("steal", "report"),
    (L.STOLEN, L.IN_STOCK): ("restock", "receipt"),
}


def transition(before: Lifecycle, after: Lifecycle) -> tuple[str, str] | None:
    """Return the name of a transition and the evidence it needs; None when the lifecycle does not know it."""
    return TRANSITIONS.get((before, after))
