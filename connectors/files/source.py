"""The file source: streams of records from files below a root."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from connectors.files import csv_rows, json_items, ndjson_lines, xlsx_rows, xml_items
from connectors.files.completeness import Judge, is_sidecar
from connectors.files.folder import FolderSource
from connectors.files.reading import Reading
from connectors.files.root import OpenFile, compile_glob
from connectors.files.settings import PEOPLE_STREAMS, Format, StreamSettings
from synchub.domain.records import Page, Rejected
from synchub.errors import InputError
from synchub.ports import StreamInfo

READERS: dict[Format, Callable[[Reading], Iterator[Page]]] = {
    "ndjson": ndjson_lines.read,
    "json": json_items.read,
    "csv": csv_rows.read,
    "xlsx": xlsx_rows.read,
    "xml": xml_items.read,
}


class FilesSource(FolderSource[StreamSettings]):
    """Reads files; one is open at a time and one page of it is held."""

    def streams(self) -> Mapping[str, StreamInfo]:
        """List the configured streams; all are snapshots."""
        return {
            name: StreamInfo(name=name, map=f"{stream.map or name}.yaml", personal=is_personal(name, stream))
            for name, stream in self._settings.streams.items()
        }

    def options(self, stream: str) -> dict[str, str]:
        """Return the default options of the field map's transforms: `decimal`, `dates`, `timezone`, if configured.

        Raises:
            ConfigError: There is no such stream.
        """
        return self._stream(stream).options()

    def read(self, stream: str, *, cursor: str | None = None, limit: int | None = None) -> Iterator[Page]:  # noqa: ARG002
        """Yield the records of all matching files in the order of their names; see `synchub.ports.Source.read`.

        A file that cannot be read is one dead letter and makes the snapshot incomplete; the others are read.

        Raises:
            ConfigError: There is no such stream.
            InputError: Nothing matches the glob, or too much does.
        """
        settings = self._stream(stream)
        judge = Judge(self._root, settings.complete_when, f"{self._settings.root}/{settings.glob}")
        names = self._names(settings, judge)
        judge.expect(names, compile_glob(settings.glob).fullmatch)
        left = limit
        for name in names:
            for page in self._file(name, settings, is_personal(stream, settings), judge):
                kept = page if left is None else _first(page, left)
                yield kept
                if left is not None:
                    left -= len(kept.payloads)
                    if left <= 0:
                        yield Page(origin=name, end=judge.end(limited=limit))
                        return
        yield Page(
            origin=settings.glob, warnings=self._stale(settings, judge.newest) + judge.problems[:20], end=judge.end()
        )

    def _names(self, settings: StreamSettings, judge: Judge) -> list[str]:
        found = self._root.matching(settings.glob)
        judge.problems.extend(found.problems)
        names = [name for name in found.names if not is_sidecar(name)]
        if not names:
            unlisted = f" ({'; '.join(found.problems[:3])})" if found.problems else ""
            raise InputError(
                f"no file matches {settings.glob!r} below {self._root.path}{unlisted}: that is not taken for an empty "
                "delivery.", where=self.name, fix="Check the glob and that the files were delivered.",
            )  # fmt: skip
        return names

    def _file(self, name: str, settings: StreamSettings, personal: bool, judge: Judge) -> Iterator[Page]:
        kind = settings.format_of(name)
        try:
            if kind is None:
                raise InputError("has an ending that tells no format.", fix="Set `format`.", reason="unknown_format")
            with self._root.open(name) as file:
                judge.newest = max(judge.newest, file.modified_at)
                yield from self._records(file, Reading(file, settings, self._limits, personal), READERS[kind], judge)
        except InputError as exc:
            judge.fail(f"{name} {exc.message.rstrip('.')}")
            yield _dead(name, exc.context.get("reason", "unreadable"), f"{exc.message} {exc.fix}")
        except OSError as exc:
            judge.fail(f"{name} could not be read to its end")
            yield _dead(name, "unreadable", f"reading failed: {exc.strerror}. Check the disk or the mount.")

    def _records(
        self, file: OpenFile, reading: Reading, read: Callable[[Reading], Iterator[Page]], judge: Judge
    ) -> Iterator[Page]:
        problem = judge.check_digest(file)
        if problem:
            raise InputError(f"is not what was sent: {problem}.", fix="Deliver it again.", reason="wrong_digest")
        yield from read(reading)
        if file.has_changed():
            dead = reading.cut_off(
                0, "changed_while_read", "the file changed while it was read, so what was read of it may be half. "
                "Deliver under another name and rename at the end.", "changed while it was read",
            )  # fmt: skip
            yield reading.page((), rejected=[dead])
        judge.add(reading.tally)

    def _stale(self, settings: StreamSettings, newest: int) -> list[str]:
        if settings.fresh_within is None or not newest:
            return []
        age = self._clock.now() - newest
        if age <= settings.fresh_within.total_seconds():
            return []
        return [
            f"the newest file of {settings.glob} is {age / 3600:,.0f} hours old, allowed are {settings.fresh_within}"
        ]


def is_personal(name: str, settings: StreamSettings) -> bool:
    """Tell whether a stream holds people: as configured, else by the words in its name and in that of its map."""
    if settings.personal is not None:
        return settings.personal
    return not PEOPLE_STREAMS.isdisjoint(re.split(r"[_-]", f"{name}_{settings.map or ''}".lower()))


def _dead(name: str, code: str, message: str) -> Page:
    return Page(origin=name, rejected=(Rejected(name, code, message),))


def _first(page: Page, count: int) -> Page:
    """Cut a page to so many records."""
    if len(page.payloads) <= count:
        return page
    return Page(page.payloads[:count], page.origin, page.positions[:count], page.first, page.rejected, page.warnings)
