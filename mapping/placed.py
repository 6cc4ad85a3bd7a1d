"""A piece of a field map together with the file and line it stands in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from synchub.domain.yamlfile import Document, Steps, check_keys, kind_of
from synchub.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Placed:
    """A value of a parsed file.

    Attributes:
        value: The value.
        document: The file.
        steps: The way to it within the file.
    """

    value: Any
    document: Document
    steps: Steps

    @property
    def where(self) -> str:
        """Return its place as `file:line`."""
        return self.document.where(*self.steps)

    def error(self, message: str, fix: str = "") -> ConfigError:
        """Make the error for something wrong here."""
        return ConfigError(message, where=self.where, fix=fix)

    def at(self, key: str | int) -> Placed:
        """Return what stands under a key or index."""
        return Placed(self.value[key], self.document, (*self.steps, key))

    def get(self, key: str) -> Placed | None:
        """Return what stands under a key; None when the key is not there."""
        return self.at(key) if key in self.value else None

    def keys(self, known: Sequence[str], what: str) -> Placed:
        """Return itself, being a mapping whose keys are all known.

        Raises:
            ConfigError: It is not.
        """
        check_keys(self.document, self.steps, self.value, known, what)
        return self

    def text(self, what: str) -> str:
        """Return a text that is not empty.

        Raises:
            ConfigError: It is something else.
        """
        if not isinstance(self.value, str) or not self.value:
            raise self.error(f"{what} must be text, not {kind_of(self.value)}", "Put it in quotes.")
        return self.value

    def items(self, what: str) -> list[Placed]:
        """Return the items of a list that is not empty.

        Raises:
            ConfigError: It is something else.
        """
        if not isinstance(self.value, list) or not self.value:
            raise self.error(f"{what} must be a list with at least one item, not {kind_of(self.value)}")
        return [self.at(index) for index in range(len(self.value))]

    def listed(self) -> list[Placed]:
        """Return the items of a list, or itself as the only one."""
        return [self.at(index) for index in range(len(self.value))] if isinstance(self.value, list) else [self]
