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

    def renew(self, scope: str, owner: str, seconds: int) -> None:
        """Hold a lease for longer; one that ended is still its owner's until another takes it.

        Raises:
            LeaseLost: Another owner took it.
        """
        ...

    def work_under(self, scope: str, owner: str | None) -> None:
        """From now on write nothing through these stores unless this owner holds the lease; None: whoever holds it.

        A transaction that finds another owner ends with `LeaseLost`. Only the end of a run and the return of a lease
        are still noted.
        """
        ...

    def release(self, scope: str, owner: str) -> None:
        """Give a lease back."""
        ...

    def audit(self, at: int, run: int | None, actor: str, action: str, detail: Mapping[str, Any]) -> None:
        """Append to the audit log."""
        ...
