"""What systems say about their rate limits in the headers of answers, for people who ask.

Nothing is decided by it: the hub keeps to its own budget and to `Retry-After`. Names as of 2026-11-22: ServiceNow
(`X-RateLimit-Limit`, `-Reset`, `-Rule`; Inbound REST API rate limiting), Atlassian (`X-RateLimit-Limit`, `-Remaining`,
`-Reset`, `-NearLimit`, `RateLimit-Reason`, `RateLimit-Policy`), Microsoft Graph (`RateLimit-Limit`, `-Remaining`,
`-Reset`, `x-ms-throttle-limit-percentage`; only near the limit), the IETF draft (`RateLimit`, `RateLimit-Policy`).
BambooHR names none.
"""

from __future__ import annotations

from collections.abc import Mapping

_WORDS = {
    "limit": ("x-ratelimit-limit", "ratelimit-limit"),
    "remaining": ("x-ratelimit-remaining", "ratelimit-remaining"),
    "reset": ("x-ratelimit-reset", "ratelimit-reset"),
    "rule": ("x-ratelimit-rule",),
    "policy": ("ratelimit-policy",),
    "state": ("ratelimit",),
    "near the limit": ("x-ratelimit-nearlimit",),
    "reason": ("ratelimit-reason",),
    "share used": ("x-ms-throttle-limit-percentage",),
}
_NAMES = frozenset(name for names in _WORDS.values() for name in names)
_LONGEST = 60


class RateNotes:
    """Keeps what one connection says and keeps to. Written by several threads: each note replaces the one before."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}
        self._kept: dict[str, str] = {}
        self.per_second: float | None = None  # the lowest of the hub's own budgets here

    def heard(self, headers: Mapping[str, str]) -> None:
        """Look at the headers of an answer, names in any case; those that say nothing leave the note as it is."""
        said = {low: str(value) for name, value in headers.items() if (low := name.lower()) in _NAMES}
        if said:
            self._said = said

    def keeps(self, credential: str, per_second: float, burst: int) -> None:
        """Note the hub's own budget of a credential."""
        self.per_second = min(per_second, self.per_second or per_second)
        self._kept[credential] = f"{_rate(per_second)} (at once up to {burst})"

    def text(self) -> str:
        """Say both in one line; empty where no request budget was asked for."""
        if not self._kept:
            return ""
        parts = []
        for word, names in _WORDS.items():
            value = next((self._said[name] for name in names if name in self._said), "")
            if value:
                clean = "".join(c for c in value if c.isprintable())
                parts.append(f"{word} {clean[:_LONGEST]}")
        said = f"the system says {', '.join(parts)}" if parts else "the system says nothing"
        return f"{said}; the hub keeps to {' and '.join(dict.fromkeys(self._kept.values()))}"


def _rate(per_second: float) -> str:
    """Write a rate in the unit in which it is readable.

    >>> _rate(30), _rate(0.5)
    ('30 requests a second', '30 requests a minute')
    """
    if per_second >= 1:
        return f"{per_second:g} requests a second"
    return f"{per_second * 60:g} requests a minute"
