"""Parts of a plan that several workers deliver at once: every entity belongs to one part."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synchub.domain.plan import Op, PlanRow
from synchub.engine.references import LEVEL
from synchub.errors import ConfigError

if TYPE_CHECKING:
    from synchub.ports import Clock
    from synchub.stores import Plans

_WRITTEN = re.compile(r"([1-9][0-9]{0,2})/([1-9][0-9]{0,2})")
_PATIENCE_S = 120  # without any progress of the others
_LOOK_S, _MOST_S = 0.02, 1.0  # between two looks


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a plan.

    >>> 7 in Part.parse("2/3"), 8 in Part.parse("2/3")
    (True, False)

    Attributes:
        number: From 1.
        of: How many parts there are.
    """

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Part:
        """Read `"2/4"`.

        Raises:
            ConfigError: It is none.
        """
        found = _WRITTEN.fullmatch(text)
        if found is None or int(found[1]) > int(found[2]):
            raise ConfigError(f"{text[:20]!r} is no part.", where="part", fix='Write "2/4" for the second of four.')
        return cls(int(found[1]), int(found[2]))

    def __contains__(self, entity: object) -> bool:
        return isinstance(entity, int) and entity % self.of == self.number - 1

    def takes(self, row: PlanRow) -> bool:
        """Tell whether a row is delivered with this part.

        What is inserted past the target's identification is left to whoever closes the plan: it must come after the
        thing of the same name, which may be in another part.
        """
        return row.entity in self and row.op is not Op.INSERT


def wait_for_level(plans: Plans, plan: int, level: int, clock: Clock) -> None:
    """Wait until the rows of the levels below are sent, by whichever worker.

    A row may refer to what another part creates. When the others stand still for two minutes this part goes on all the
    same: a reference that cannot be resolved is left out and planned again.
    """
    before, waited, pause = -1, 0.0, _LOOK_S
    while left := plans.unsent(plan, level * LEVEL):
        if left == before:
            if waited >= _PATIENCE_S:
                return
        else:
            before, waited = left, 0.0
        clock.sleep(pause)
        waited += pause
        pause = min(pause * 1.5, _MOST_S)
