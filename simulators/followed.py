"""What the sources changed by themselves: a value that a target shares with them may follow such a change.

Somebody typed `Manager`, and HR says `Manager` as well; then HR says `Director`. Whoever keeps both in step writes
`Director`, and overwrites nobody. Any other value in the place of `Manager`, or `Director` in the place of one that HR
never said, is an overwrite.

    followed = Followed(later.truth, later.changes)
    followed.explains("P17", "Manager", "Director")
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from simulators.estate.model import Change, Truth, plain

_GERMAN = re.compile(r"(\d{1,3}(?:\.\d{3})+|\d+),(\d+)\Z")  # 1.249,00


class Followed:
    """Steps of values by thing: from what its sources said to what they say.

    Args:
        truth: Knows which device or person a record is about.
        changes: What was changed at the sources, and nowhere else.
    """

    def __init__(self, truth: Truth, changes: Iterable[Change] = ()) -> None:
        self._steps: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for change in changes:
            about = (
                truth.people.get(change.key) if change.source == "hr" else truth.device_of(change.source, change.key)
            )
            if about:
                self._steps[about][_told(change.before)].add(_told(change.after))

    def explains(self, thing: str, before: str, after: str) -> bool:
        """Tell whether a source of the thing went from the one value to the other, in one step or several."""
        steps = self._steps.get(thing, {})
        reached: set[str] = set()
        left = [_told(before)]
        while left:
            further = steps.get(left.pop(), set()) - reached
            reached |= further
            left += further
        return _told(after) in reached


def _told(value: str) -> str:
    """Bring a value into the form in which sources and targets are compared: text without noise, amounts as numbers."""
    value = _GERMAN.sub(lambda found: f"{found[1].replace('.', '')}.{found[2]}", value.strip())
    return f"{float(value):.4f}" if re.fullmatch(r"\d{1,12}(\.\d{1,4})?", value) else plain(value)
