"""Dead letters: what could not be read, and what a target failed to take too often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

DELIVERY = "delivery"  # stream under which a target's dead letters stand
RUNS = 5  # runs in which a row may fail for good reason before it is left alone


class Letters(Protocol):
    """Dead letters."""

    def retry_reads(self, sources: Sequence[str]) -> Mapping[str, int]:
        """Have the streams with dead letters read whole with the next pull.

        Returns:
            `source/stream` -> dead letters that are looked at again.
        """
        ...

    def retry_rows(self, targets: Sequence[str]) -> Mapping[str, int]:
        """Have what targets failed to take planned again, and forget the dead letters; target -> how many things."""
        ...
