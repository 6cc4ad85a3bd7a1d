"""The brake: `synchub pause` stops every process that writes, before its next batch."""

from __future__ import annotations

from synchub.engine.contact import TargetJob
from synchub.errors import Paused
from synchub.stores import State


class Brake:
    """Looks in the state whether writes to a target are stopped; asked before each batch."""

    def __init__(self, job: TargetJob, state: State) -> None:
        self._name, self._state = job.name, state

    def words(self) -> str:
        """Say who stopped it and why; empty: nothing does."""
        pause = self._state.pauses.of(self._name)
        if pause is None:
            return ""
        return f"paused by {pause.who}: {pause.reason or 'no reason given'}"

    def check(self) -> None:
        """Let the next batch pass.

        Raises:
            Paused: Writes are stopped; nothing of the batch was sent.
        """
        if words := self.words():
            raise Paused(f"{words}.", where=self._name, fix="synchub resume, when it is time.")
