"""What connectors share that read whole documents from a folder: listing, opening, judging, ending.

A snapshot is complete when the folder was listed to its end and every document in it was read; one that was not makes
the proof name it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from connectors.files.limits import MIB
from connectors.files.root import OpenFile, Root, check_glob
from connectors.files.settings import parse_duration
from connectors.settings import ConnectorSettings
from synchub.domain.records import End, Page, Rejected
from synchub.errors import ConfigError, InputError
from synchub.ports import Clock

_SHOWN = 3  # problems named in the proof; all of them are dead letters or warnings as well
_MAX_WARNINGS = 20


def _glob(pattern: str) -> str:
    try:
        return check_glob(pattern)
    except ConfigError as exc:
        raise ValueError(str(exc)) from exc


class DocumentStream(ConnectorSettings):
    """A stream of documents: one file each, told apart by what they hold."""

    glob: Annotated[str, AfterValidator(_glob)] | None = Field(
        default=None, description="Files below the root; all with the connector's endings if absent."
    )
    complete_when: Literal["always", "never"] = Field(
        default="always", description="Whether the folder holds everything (`always`) or only the last deliveries."
    )
    fresh_within: Annotated[timedelta, BeforeValidator(parse_duration)] | None = Field(
        default=None, description="The newest file is at most this old."
    )
    maps: list[str] = Field(default_factory=list, description="The user's own field maps.")
    map: str | None = Field(default=None, description="Name of the shipped field map; the stream's if absent.")


@dataclass(slots=True)
class DocumentFolder:
    """The documents of one read and what is known of them so far.

    Attributes:
        source: Name of the connection, for messages.
        root: Where they are.
        settings: Which of them.
        endings: Lower-case endings of names that count where no glob is configured.
        what: What a document is called in messages, singular.
        clock: Tells how old the newest file is.
        files: Documents read so far.
        records: Records passed on so far.
        problems: Why the snapshot is not complete, in the order in which it was seen.
        newest: Time of change of the newest file, seconds since 1970 UTC.
    """

    source: str
    root: Root
    settings: DocumentStream
    endings: tuple[str, ...]
    what: str
    clock: Clock
    files: int = 0
    records: int = 0
    problems: list[str] = field(default_factory=list)
    newest: int = 0

    @property
    def scope(self) -> str:
        """What was asked for."""
        return f"{self.root.path}/{self.settings.glob or '**/*'}"

    def names(self) -> list[str]:
        """List the documents, sorted by name.

        Raises:
            InputError: There are none: a disk that is not mounted is never taken for an empty delivery.
        """
        glob = self.settings.glob
        found = self.root.matching(glob or "**/*")
        self.problems.extend(found.problems)
        names = [name for name in found.names if glob or name.lower().endswith(self.endings)]
        if not names:
            unlisted = f" ({'; '.join(found.problems[:_SHOWN])})" if found.problems else ""
            raise InputError(
                f"no {self.what} matches {glob or '**/*'!r} below {self.root.path}{unlisted}: that is not taken for an "
                "empty delivery.", where=self.source, fix="Check root and glob, and that something is delivered there.",
            )  # fmt: skip
        return names

    @contextmanager
    def open(self, name: str, max_bytes: int | None = None) -> Iterator[OpenFile]:
        """Open one document.

        Raises:
            InputError: It may not be opened, or it changed while it was read.
        """
        with self.root.open(name, max_bytes=max_bytes) as file:
            self.newest = max(self.newest, file.modified_at)
            yield file
            if file.has_changed():
                raise InputError(
                    "the file changed while it was read.", fix="Deliver under another name and rename at the end.",
                    reason="changed_while_read",
                )  # fmt: skip

    def whole(self, name: str, max_bytes: int) -> bytes:
        """Read one document into memory.

        Raises:
            InputError: As for `open`.
        """
        with self.open(name, max_bytes) as file:
            return b"".join(iter(lambda: file.handle.read(MIB), b""))

    def refuse(self, name: str, error: InputError | OSError) -> Rejected:
        """Make a dead letter of a document that could not be read, or not to its end."""
        if isinstance(error, InputError):
            code, message = str(error.context.get("reason", "unreadable")), f"{error.message} {error.fix}"
            self.problems.append(f"{name}: {error.message.rstrip('.')}")
        else:
            code, message = "unreadable", f"reading failed: {error.strerror}. Check the disk or the mount."
            self.problems.append(f"{name} unreadable")
        return Rejected(name, code, message)

    def last_page(self, proof: str, warnings: Sequence[str] = ()) -> Page:
        """End the stream.

        Args:
            proof: What was read, in words, for a complete snapshot.
            warnings: Further ones.
        """
        told = [*self.problems[:_MAX_WARNINGS], *warnings, *self._stale()]
        return Page(origin=self.scope, warnings=told, end=self._end(proof))

    def stopped(self, limit: int) -> End:
        """End a read that was asked for only so many records."""
        return End(complete=False, proof=f"stopped after {limit:,} records, as asked", scope=self.scope)

    def _end(self, proof: str) -> End:
        if self.problems:
            shown = "; ".join(self.problems[:_SHOWN])
            more = f"; and {len(self.problems) - _SHOWN:,} more" if len(self.problems) > _SHOWN else ""
            return End(complete=False, proof=f"{shown}{more}", scope=self.scope)
        if self.settings.complete_when == "never":
            proof = f"{proof}; complete_when is never"
            return End(complete=False, proof=proof, scope=self.scope, as_of=self.newest or None)
        return End(complete=True, proof=proof, scope=self.scope, as_of=self.newest or None)

    def _stale(self) -> list[str]:
        allowed = self.settings.fresh_within
        age = self.clock.now() - self.newest
        if allowed is None or not self.newest or age <= allowed.total_seconds():
            return []
        return [f"the newest {self.what} is {age / 3600:,.0f} hours old, allowed are {allowed}"]
