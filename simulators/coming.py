"""Edits to come: what somebody does to an object at the very moment the next write to it arrives."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable


class Coming:
    """Edits that wait for a write. A write carries out one of them right before itself."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Callable[[], object]]] = defaultdict(deque)
        self.done = 0

    def add(self, key: str, edit: Callable[[], object]) -> None:
        """Let an edit wait for the next write to an object."""
        self._waiting[key].append(edit)

    def arrive(self, key: str) -> None:
        """A write to an object arrives."""
        if self._waiting and self._waiting.get(key):
            self._waiting[key].popleft()()
            self.done += 1

    def left(self) -> int:
        """Count the edits that still wait."""
        return sum(map(len, self._waiting.values()))
