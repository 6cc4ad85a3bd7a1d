"""Runs, leases and the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Runs(Protocol):
    """Runs, leases and the audit log."""

    def begin(self, kind: str, at: int, config: str, flow_run: str | None = None) -> int:
        """Open a run."""
        ...

    def note(self, run: int, counts: Mapping[str, Any]) -> None:
        """Add to a run's counts (merged by key)."""
        ...

    def end(self, run: int, at: int, state: str) -> None:
        """Close a run."""
        ...

    def acquire(self, scope: str, owner: str, seconds: int) -> None:
        """Take or renew a lease in the database's time.

        Raises:
            LeaseHeld: Another owner holds it.
        """
        ...

    def release(self, scope: str, owner: str) -> None:
        """Give a lease back."""
        ...

    def audit(self, at: int, run: int | None, actor: str, action: str, detail: Mapping[str, Any]) -> None:
        """Append to the audit log."""
        ...
