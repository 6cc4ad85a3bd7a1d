"""Enforce the configured retention: history, pre-images, dead letters, and people who left long ago."""

from __future__ import annotations

from typing import Any

from synchub.person import erase, long_gone
from synchub.settings.duration import seconds
from synchub.stores.retention import Before
from synchub.wiring import Hub

_BY = "retention"


def prune(hub: Hub, *, dry: bool = False) -> dict[str, Any]:
    """Let go of what has been kept long enough.

    Args:
        hub: The open configuration.
        dry: Only count.

    Returns:
        `gone` (kind -> rows), `people` (how many were erased; whom a legal hold keeps is not among them), `dry`.

    Raises:
        LeaseHeld: People are to be erased while a run is going on; the rest is done.
    """
    keep, now = hub.loaded.settings.retention, hub.clock.now()
    before = Before(now - seconds(keep.history), now - seconds(keep.pre_images), now - seconds(keep.dead_letters))
    leavers = long_gone(hub, seconds(keep.leaver_data))
    if dry:
        return {"gone": hub.state.retention.due(before), "people": len(leavers), "dry": True}
    gone = hub.state.retention.prune(before)
    for entity in leavers:
        erase(hub, entity, _BY, f"left more than {keep.leaver_data} ago")
    hub.state.runs.audit(now, None, _BY, "prune", {"gone": gone, "people": len(leavers)})
    return {"gone": gone, "people": len(leavers), "dry": False}
