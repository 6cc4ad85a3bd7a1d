"""Who edited a linked object, and when, where the target keeps a history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from synchub.domain.plan import TargetObject
from synchub.ports import Historied
from synchub.stores import State

if TYPE_CHECKING:
    from synchub.engine.contact import TargetJob

MOST = 200  # histories read per look; beyond, the edits are known by their values alone


def sign(job: TargetJob, state: State, target: int, changed: Sequence[TargetObject], room: int) -> int:
    """Note author and time of the newest edit by somebody else of each changed object.

    Args:
        job: The target.
        state: All stores.
        target: Number of the target in the state.
        changed: Linked objects that look different from the last look.
        room: Histories that may still be read in this look.

    Returns:
        How many were read.

    Raises:
        ConnectorError: A history cannot be read.
    """
    can = job.target.capabilities()
    if not changed or not can.history or can.versions == "step" or not isinstance(job.target, Historied):
        return 0  # where versions count writes, the objects themselves name their last writer
    some = changed[:room]
    found = []
    for item in some:
        edit = next((e for e in job.target.history(item.id) if not e.ours and e.field), None)
        if edit is not None:
            found.append((item.kind, item.id, edit.by, edit.at))
    state.targets.signed(target, found)
    return len(some)
