"""What the readers of all formats share: a file to read, a tally to fill, pages to yield."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.files.limits import Limits
from connectors.files.root import OpenFile
from connectors.files.settings import StreamSettings
from synchub.domain.records import Page, Rejected

_KEPT_BYTES = 64 * 1024


@dataclass(slots=True)
class Tally:
    """What was found in one file; the readers count, `completeness` judges.

    Attributes:
        name: Path of the file below the root.
        records: Payloads yielded.
        rejected: Dead letters.
        cut: Why the file was not read to its end; empty when it was.
        trailer: Count in the trailer row; None when there was no such row.
        after_trailer: Records after the trailer row: it did not end the file.
    """

    name: str
    records: int = 0
    rejected: int = 0
    cut: str = ""
    trailer: int | None = None
    after_trailer: int = 0


@dataclass(slots=True)
class Reading:
    """One file being read.

    Attributes:
        file: The open file.
        stream: How it is to be read.
        limits: How much of it is believed.
        personal: Dead letters keep no payload.
        tally: Filled while the pages are consumed.
    """

    file: OpenFile
    stream: StreamSettings
    limits: Limits
    personal: bool
    tally: Tally = field(init=False)

    def __post_init__(self) -> None:
        self.tally = Tally(self.file.name)

    @property
    def name(self) -> str:
        """Path of the file below the root."""
        return self.file.name

    def reject(self, number: int, code: str, message: str, payload: bytes = b"") -> Rejected:
        """Make a dead letter of one line, row or item and count it.

        Args:
            number: Line, row or item; 0 for the file as a whole.
            code: Short machine word.
            message: Why, and what to do about it.
            payload: What was read; dropped where the stream is personal, cut to 64 KiB.
        """
        self.tally.rejected += 1
        where = f"{self.name}:{number}" if number else self.name
        return Rejected(where, code, message, b"" if self.personal else payload[:_KEPT_BYTES])

    def cut_off(self, number: int, code: str, message: str, why: str) -> Rejected:
        """Make a dead letter of the rest of the file, which is not read.

        Args:
            number: Line or item where reading stopped; 0 for the file as a whole.
            code: Short machine word.
            message: Why, and what to do about it.
            why: The same in a few words, for the proof of the stream.
        """
        self.tally.cut = why
        return self.reject(number, code, message)

    def page(
        self, payloads: Sequence[bytes], first: int = 1, positions: Sequence[int] = (),
        rejected: Sequence[Rejected] = (), warnings: Sequence[str] = (),
    ) -> Page:  # fmt: skip
        """Make a page and count its records."""
        self.tally.records += len(payloads)
        return Page(tuple(payloads), self.name, positions, first, tuple(rejected), tuple(warnings))


class Batch:
    """Collects records, dead letters and warnings until they make a page."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._clear()

    def _clear(self) -> None:
        self._payloads: list[bytes] = []
        self._positions: list[int] = []
        self._rejected: list[Rejected] = []
        self._warnings: list[str] = []
        self._bytes = 0

    def add(self, payload: bytes, number: int) -> None:
        """Add a record that stood at a line, row or item."""
        # What orjson.dumps gives holds on to a buffer of kilobytes; a copy is as small as its text.
        self._payloads.append(bytes(memoryview(payload)))
        self._positions.append(number)
        self._bytes += len(payload)

    def reject(self, number: int, code: str, message: str, payload: bytes = b"") -> None:
        """Add a dead letter, see `Reading.reject`."""
        dead = self._reading.reject(number, code, message, payload)
        self._rejected.append(dead)
        self._bytes += len(dead.payload)

    def cut_off(self, number: int, code: str, message: str, why: str) -> None:
        """Add a dead letter for the rest of the file, see `Reading.cut_off`."""
        self._rejected.append(self._reading.cut_off(number, code, message, why))

    def warn(self, text: str) -> None:
        """Add a warning about the file."""
        self._warnings.append(f"{self._reading.name}: {text}")

    def is_full(self) -> bool:
        """Tell whether it is time to yield a page."""
        limits = self._reading.limits
        return (
            len(self._payloads) >= limits.page_records
            or self._bytes >= limits.page_bytes
            or len(self._rejected) >= limits.page_records
        )

    def flush(self) -> Page:
        """Return the page and start the next one; may be empty."""
        page = self._reading.page(
            self._payloads, self._positions[0] if self._positions else 1, self._positions, self._rejected,
            self._warnings,
        )  # fmt: skip
        self._clear()
        return page
