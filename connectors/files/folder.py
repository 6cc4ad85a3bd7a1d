"""What all sources share that read files below a configured folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from connectors.files.limits import DEFAULT, Limits
from connectors.files.root import Root
from synchub.errors import ConfigError
from synchub.ports import Clock

S = TypeVar("S")
S_co = TypeVar("S_co", covariant=True)


class FolderSettings(Protocol[S_co]):
    """Settings of such a connection."""

    @property
    def root(self) -> Path:
        """Folder below which files are opened; relative to the configuration file."""
        ...

    @property
    def streams(self) -> Mapping[str, S_co]:
        """Streams by name."""
        ...


class FolderSource(Generic[S]):
    """A folder and its configured streams, the base of a `synchub.ports.Source`.

    Args:
        name: Name of the connection.
        settings: Root and streams.
        base_dir: Folder against which a relative root is taken.
        clock: Tells how old the newest file is.
        limits: How much of a file is believed.

    Raises:
        InputError: The root does not exist or is no folder.
    """

    def __init__(
        self, name: str, settings: FolderSettings[S], base_dir: Path, clock: Clock, limits: Limits = DEFAULT
    ) -> None:
        self.name = name
        self._settings = settings
        self._clock = clock
        self._limits = limits
        self._root = Root(base_dir / settings.root, limits)

    def close(self) -> None:
        """Nothing is kept open between reads."""

    def _stream(self, name: str) -> S:
        try:
            return self._settings.streams[name]
        except KeyError:
            known = ", ".join(self._settings.streams)
            raise ConfigError(
                f"there is no stream {name!r}.", where=self.name, fix=f"Configured are: {known}."
            ) from None
