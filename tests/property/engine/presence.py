"""What sources really listed, as the judge saw it: the only reason why a thing may be retired or deleted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

SNAPSHOTS = 2  # complete ones in a row from which a device is missing
SECONDS = 86_400  # and so long at least
RULES = {"missing_after": SNAPSHOTS, "at_least": "1d"}


@dataclass
class Presence:
    """For each source and device it ever listed: how often it was missed in complete snapshots, and since when."""

    missed: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)

    def read(self, source: str, listed: Collection[int], now: int, *, complete: bool, sure: bool = True) -> None:
        """Note a read.

        Args:
            source: Who was read.
            listed: Devices that were given.
            now: When, seconds since 1970 UTC.
            complete: The read proves that all others are absent.
            sure: The hub took it in; else it may have, so that nothing is taken back.
        """
        if sure:
            self.missed.update({(source, device): (0, 0) for device in listed})
        for key, (count, since) in self.missed.items():
            if complete and key[0] == source and key[1] not in listed:
                self.missed[key] = (count + 1, since or now)

    def may_go(self, device: int, now: int) -> bool:
        """Tell whether every source that ever listed a device misses it often and long enough."""
        known = [seen for (_, other), seen in self.missed.items() if other == device]
        return all(count >= SNAPSHOTS and now - since >= SECONDS for count, since in known)
