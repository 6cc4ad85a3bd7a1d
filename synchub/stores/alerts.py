"""What is wrong now, who was told, and who is telling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

AlertKind = Literal["failed", "held", "stale"]


class Alert(NamedTuple):
    """Something that needs somebody, for as long as it lasts.

    Attributes:
        kind: `failed`, `held` or `stale`.
        about: Configured name: `mdm/devices`, a target, or `run sync`. With `kind` it tells one alert from another.
        text: What is wrong: names of configuration, counts and times, never a value of a record.
        fix: The command that helps.
    """

    kind: AlertKind
    about: str
    text: str
    fix: str


class AlertRow(NamedTuple):
    """A stored alert.

    Attributes:
        alert: What it is about.
        since_at: When it was first seen.
        told_at: When somebody was told; None: nobody yet.
        resolved_at: When it was over; None: it lasts.
    """

    alert: Alert
    since_at: int
    told_at: int | None
    resolved_at: int | None


class Alerts(Protocol):
    """Remembers alerts, so that each is told once, and once when it is over, by whichever process sees it first."""

    def open(self) -> list[AlertRow]:
        """List the alerts that last, oldest first."""
        ...

    def settle(self, at: int, found: Sequence[Alert], kinds: Sequence[str]) -> None:
        """Note what is wrong now; stored alerts of these kinds that are not found are over.

        One that nobody was told of goes without a word.
        """
        ...

    def claim(self, at: int, seconds: int) -> list[AlertRow]:
        """Take what is to be told (begun or over), for so long; nobody else gets it meanwhile."""
        ...

    def told(self, at: int, rows: Sequence[AlertRow]) -> None:
        """Note that these were told; those that are over go."""
        ...

    def release(self, rows: Sequence[AlertRow]) -> None:
        """Give back what could not be told."""
        ...
