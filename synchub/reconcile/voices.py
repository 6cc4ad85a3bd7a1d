"""What the sources can say, as far as their maps tell, and what a look at the configuration finds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from synchub.domain.model import family_of

Says = Mapping[str, Mapping[str, frozenset[Any] | None]]  # class -> field -> values it can have; None: any


class Lint(NamedTuple):
    """Something about the configuration that does not do what it says.

    Attributes:
        code: What kind of thing, for example `"never_says"`.
        wrong: It never works; otherwise it may be meant, and is only worth a look.
        where: File and line.
        message: What does not work, and why.
        fix: What to do about it.
    """

    code: str
    wrong: bool
    where: str
    message: str
    fix: str


class Voices:
    """What the sources can say, by family.

    Args:
        says: Source -> what its maps fill; None where it cannot be told: it might say everything.
    """

    def __init__(self, says: Mapping[str, Says | None]) -> None:
        self._says = says

    def sources(self) -> list[str]:
        """Return the sources of which it is known what they say."""
        return [name for name, said in self._says.items() if said is not None]

    @property
    def whole(self) -> bool:
        """Tell whether it is known of every source what it says."""
        return None not in self._says.values()

    def classes(self, source: str, family: str) -> list[str]:
        """Return the classes of a family that a source can give."""
        return [cls for cls in self._says[source] or () if family_of(cls) == family]

    def fields(self, source: str, family: str) -> frozenset[str]:
        """Return the fields of a family that a source can fill."""
        said = self._says[source] or {}
        return frozenset(name for cls in self.classes(source, family) for name in said[cls])

    def silent(self, source: str, family: str, field: str) -> bool:
        """Tell whether a source never says a field; `default` stands for anything of the family."""
        if self._says[source] is None:
            return False
        return not (self.classes(source, family) if field == "default" else field in self.fields(source, family))

    def values(self, source: str, family: str, field: str) -> frozenset[Any] | None:
        """Return the values that a source can give a field; None: any."""
        said = self._says[source]
        if said is None:
            return None
        found: set[Any] = set()
        for cls in self.classes(source, family):
            values = said[cls].get(field, frozenset())
            if values is None:
                return None
            found |= values
        return frozenset(found)
