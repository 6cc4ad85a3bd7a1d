"""Procurement documents from a folder: one record per document, per line, and per serial number on a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

import orjson

from connectors.files.documents import DocumentFolder, DocumentStream
from connectors.files.folder import FolderSource
from connectors.files.limits import MIB
from connectors.procurement.document import Document, payloads
from connectors.procurement.register import Register
from connectors.procurement.settings import ENDINGS
from connectors.procurement.syntax import OutOfScope, parse
from synchub.domain.records import Page, Rejected
from synchub.errors import InputError
from synchub.ports import StreamInfo

_FILE_BYTES = 64 * MIB


class ProcurementSource(FolderSource[DocumentStream]):
    """Reads documents; one is held at a time, beside a short entry per document and line."""

    def streams(self) -> Mapping[str, StreamInfo]:
        """List the configured streams. Documents are moved away when they are old: absence says nothing."""
        return {
            name: StreamInfo(name=name, map=f"{stream.map or name}.yaml", presence=False)
            for name, stream in self._settings.streams.items()
        }

    def read(self, stream: str, *, cursor: str | None = None, limit: int | None = None) -> Iterator[Page]:  # noqa: ARG002
        """Yield the records of every document in its newest version; see `synchub.ports.Source.read`.

        Every file is read twice: what counts of a document, and how much of an order's line has come, is known only
        when all were seen.

        Raises:
            ConfigError: There is no such stream.
            InputError: No file matches, or too many do.
        """
        folder = DocumentFolder(self.name, self._root, self._stream(stream), ENDINGS, "document", self._clock)
        register, names, first = self._register(folder)
        yield first
        for name in names:
            page = self._page(folder, name, register)
            if limit is not None and folder.records + len(page.payloads) >= limit:
                kept = page.payloads[: max(limit - folder.records, 0)]
                yield replace(page, payloads=kept, end=folder.stopped(limit))
                return
            folder.records += len(page.payloads)
            yield page
        proof = f"{folder.records:,} records of {folder.files:,} documents"
        if register.replaced or register.copies:
            proof += f"; {register.replaced:,} older versions and {register.copies:,} copies left out"
        yield folder.last_page(proof)

    def _register(self, folder: DocumentFolder) -> tuple[Register, list[str], Page]:
        """Read every file once: what is there, which files are worth a second look, and what cannot be read."""
        register, names = Register(), []
        rejected: list[Rejected] = []
        others: Counter[str] = Counter()
        for name in folder.names():
            try:
                data = folder.whole(name, _FILE_BYTES)
                found = parse(data, self._limits)
                if isinstance(found, OutOfScope):
                    others[found.subject] += 1
                else:
                    register.add(found, name, data)
                    names.append(name)
            except (InputError, OSError) as exc:
                rejected.append(folder.refuse(name, exc))
        register.close()
        for name, taken, key in register.unclear():
            message = f"{taken} has the same number and date and another content ({key}); nothing tells which is newer."
            rejected.append(Rejected(name, "duplicate_number", f"{message} Keep the one that is right."))
            folder.problems.append(f"{name} and {taken} are two documents of one number")
        told = [f"out of scope: {count:,} {subject}" for subject, count in sorted(others.items())]
        return register, names, Page(origin=folder.scope, rejected=rejected, warnings=told)

    def _page(self, folder: DocumentFolder, name: str, register: Register) -> Page:
        """Read one file again; all of it or nothing becomes records."""
        try:
            document = parse(folder.whole(name, _FILE_BYTES), self._limits)
        except (InputError, OSError) as exc:
            return Page(origin=name, rejected=(folder.refuse(name, exc),))
        if isinstance(document, OutOfScope) or not register.knows(document):
            changed = InputError(
                "the file changed while the folder was read.", fix="Deliver under another name and rename at the end.",
                reason="changed_while_read",
            )  # fmt: skip
            return Page(origin=name, rejected=(folder.refuse(name, changed),))
        if not register.is_newest(document, name):
            return Page(origin=name)
        register.complete(document)
        folder.files += 1
        return Page(tuple(_bodies(document)), name)


def _bodies(document: Document) -> Iterator[bytes]:
    for body in payloads(document):
        yield bytes(memoryview(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)))
