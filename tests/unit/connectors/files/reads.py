"""Read a file that a test writes, through the same doors as the source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from connectors.files.limits import DEFAULT, Limits
from connectors.files.reading import Reading, Tally
from connectors.files.root import Root
from connectors.files.settings import FilesSettings, StreamSettings
from connectors.files.source import READERS, FilesSource
from connectors.kit import FakeClock
from synchub.domain.records import End, Page, Rejected


@dataclass
class Got:
    """What came out of one read."""

    pages: list[Page] = field(default_factory=list)
    tally: Tally | None = None

    @property
    def records(self) -> list[Any]:
        return [orjson.loads(payload) for payload in self.payloads]

    @property
    def payloads(self) -> list[bytes]:
        return [payload for page in self.pages for payload in page.payloads]

    @property
    def places(self) -> list[str]:
        return [page.where(index) for page in self.pages for index in range(len(page.payloads))]

    @property
    def rejected(self) -> list[Rejected]:
        return [dead for page in self.pages for dead in page.rejected]

    @property
    def codes(self) -> list[tuple[str, str]]:
        return [(dead.where, dead.code) for dead in self.rejected]

    @property
    def warnings(self) -> list[str]:
        return [text for page in self.pages for text in page.warnings]

    @property
    def end(self) -> End:
        end = self.pages[-1].end
        assert end is not None
        return end


def read_file(
    folder: Path, name: str, data: bytes, *, limits: Limits = DEFAULT, personal: bool = False, **options: Any
) -> Got:
    """Write one file and read it with the reader of its format."""
    (folder / name).write_bytes(data)
    stream = StreamSettings(glob=name, **options)
    kind = stream.format_of(name)
    assert kind is not None
    with Root(folder, limits).open(name) as file:
        reading = Reading(file, stream, limits, personal)
        return Got(list(READERS[kind](reading)), reading.tally)


def open_source(folder: Path, streams: Mapping[str, Any], *, now: int = 0, limits: Limits = DEFAULT) -> FilesSource:
    """Open a source with streams as they are configured."""
    settings = FilesSettings.model_validate({"root": str(folder), "streams": dict(streams)})
    return FilesSource("erp", settings, folder, FakeClock(now), limits)


def read_stream(folder: Path, *, limit: int | None = None, limits: Limits = DEFAULT, **options: Any) -> Got:
    """Read one stream of a source over a folder."""
    return Got(list(open_source(folder, {"lines": options}, limits=limits).read("lines", limit=limit)))
