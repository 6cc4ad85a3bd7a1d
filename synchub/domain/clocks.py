"""How far the clocks of two systems may be apart. Pure.

Cursors hold the other system's time, never ours. A clock that is far off is one that somebody will set right: then
moments that were noted before lie ahead of it, and changes made meanwhile would be passed over.
"""

from __future__ import annotations

WARNED = 60  # seconds of difference beyond which a person is told
TRUSTED = 300  # seconds beyond which nothing is read by moments of that clock: everything is read


def apart(skew: int) -> str:
    """Say how far another clock is from ours; empty when not far enough to be told.

    Args:
        skew: Seconds that it is ahead of ours; negative: behind.

    >>> apart(-60), apart(61), apart(-4000)
    ('', '61 s ahead of ours', '4000 s behind ours, so everything is read')
    """
    if abs(skew) <= WARNED:
        return ""
    whole = "" if trusted(skew) else ", so everything is read"
    return f"{abs(skew)} s {'ahead of' if skew > 0 else 'behind'} ours{whole}"


def trusted(skew: int) -> bool:
    """Tell whether another clock is near enough to ours to read by its moments.

    >>> trusted(-300), trusted(301)
    (True, False)
    """
    return abs(skew) <= TRUSTED
