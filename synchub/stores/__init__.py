"""What the engine needs from the state, as protocols; implemented in `state`.

Each method that writes is one transaction: after it the state is whole, killed anywhere the next run goes on from the
last one. Moments are seconds since 1970 UTC; documents are JSON bytes.
"""

from __future__ import annotations

from typing import Protocol

from synchub.stores.alerts import Alert, AlertRow, Alerts
from synchub.stores.conflicts import Conflicts
from synchub.stores.decisions import Decision, Decisions
from synchub.stores.entities import Entities, EntityBatch, EntityRow, NewEntity
from synchub.stores.erasure import Erased, Erasure, LegalHold
from synchub.stores.heartbeats import Beat, Heartbeats
from synchub.stores.holds import HeldRow, Hold, Holds
from synchub.stores.identity import Dirty, Identity
from synchub.stores.ledger import CheckedIn, Essence, Known, Ledger, LedgerBatch, Moved, NewRecord, StreamState, Unseen
from synchub.stores.links import Links
from synchub.stores.overwritten import Overwrites, Overwritten
from synchub.stores.parking import NEVER, Parked, Parking
from synchub.stores.pauses import Pause, Pauses
from synchub.stores.pins import WHOLE, Pins
from synchub.stores.plans import Plans, PlanState
from synchub.stores.questions import Question, Questions
from synchub.stores.retention import Before, Retention
from synchub.stores.runs import Runs
from synchub.stores.targets import DeliveryBatch, Look, ObjectRow, Targets, TargetState

__all__ = [
    "NEVER",
    "WHOLE",
    "Alert",
    "AlertRow",
    "Alerts",
    "Beat",
    "Before",
    "CheckedIn",
    "Conflicts",
    "Decision",
    "Decisions",
    "DeliveryBatch",
    "Dirty",
    "Entities",
    "EntityBatch",
    "EntityRow",
    "Erased",
    "Erasure",
    "Essence",
    "Heartbeats",
    "HeldRow",
    "Hold",
    "Holds",
    "Identity",
    "Known",
    "Ledger",
    "LedgerBatch",
    "LegalHold",
    "Links",
    "Look",
    "Moved",
    "NewEntity",
    "NewRecord",
    "ObjectRow",
    "Overwrites",
    "Overwritten",
    "Parked",
    "Parking",
    "Pause",
    "Pauses",
    "Pins",
    "PlanState",
    "Plans",
    "Question",
    "Questions",
    "Retention",
    "Runs",
    "State",
    "StreamState",
    "TargetState",
    "Targets",
    "Unseen",
]


class State(Protocol):
    """All stores of one state database."""

    @property
    def ledger(self) -> Ledger:
        """See `Ledger`."""
        ...

    @property
    def identity(self) -> Identity:
        """See `Identity`."""
        ...

    @property
    def entities(self) -> Entities:
        """See `Entities`."""
        ...

    @property
    def targets(self) -> Targets:
        """See `Targets`."""
        ...

    @property
    def links(self) -> Links:
        """See `Links`."""
        ...

    @property
    def questions(self) -> Questions:
        """See `Questions`."""
        ...

    @property
    def parking(self) -> Parking:
        """See `Parking`."""
        ...

    @property
    def pins(self) -> Pins:
        """See `Pins`."""
        ...

    @property
    def plans(self) -> Plans:
        """See `Plans`."""
        ...

    @property
    def overwritten(self) -> Overwrites:
        """See `Overwrites`."""
        ...

    @property
    def conflicts(self) -> Conflicts:
        """See `Conflicts`."""
        ...

    @property
    def decisions(self) -> Decisions:
        """See `Decisions`."""
        ...

    @property
    def alerts(self) -> Alerts:
        """See `Alerts`."""
        ...

    @property
    def heartbeats(self) -> Heartbeats:
        """See `Heartbeats`."""
        ...

    @property
    def pauses(self) -> Pauses:
        """See `Pauses`."""
        ...

    @property
    def holds(self) -> Holds:
        """See `Holds`."""
        ...

    @property
    def erasure(self) -> Erasure:
        """See `Erasure`."""
        ...

    @property
    def retention(self) -> Retention:
        """See `Retention`."""
        ...

    @property
    def runs(self) -> Runs:
        """See `Runs`."""
        ...
