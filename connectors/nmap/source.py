"""Network scans from a folder: one record per host that answered."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

import orjson

from connectors.files.documents import DocumentFolder, DocumentStream
from connectors.files.folder import FolderSource
from connectors.files.limits import Limits
from connectors.nmap.derived import payload
from connectors.nmap.scan import Scan, hosts, read_head
from connectors.nmap.settings import ENDINGS
from synchub.domain.records import Page, Rejected
from synchub.errors import InputError
from synchub.ports import StreamInfo


@dataclass(slots=True)
class _Read:
    """What one read has seen so far; one short entry per host, so that memory grows with their number only.

    Attributes:
        seen: Native key -> address and file of the host that was passed on.
        whole: (folder, command) of scans that were read to their end: older ones of the same say nothing more.
        scans: Files that were read.
        replaced: Files that a newer scan of the same targets replaces.
        down: Hosts that did not answer.
        older: Hosts that a newer scan has seen as well.
    """

    seen: dict[str, tuple[str, str]] = field(default_factory=dict)
    whole: set[tuple[str, str]] = field(default_factory=set)
    scans: int = 0
    replaced: int = 0
    down: int = 0
    older: int = 0


class NmapSource(FolderSource[DocumentStream]):
    """Reads scans, newest first; one host is held at a time."""

    def streams(self) -> Mapping[str, StreamInfo]:
        """List the configured streams; all are snapshots."""
        return {
            name: StreamInfo(name=name, map=f"{stream.map or name}.yaml")
            for name, stream in self._settings.streams.items()
        }

    def read(self, stream: str, *, cursor: str | None = None, limit: int | None = None) -> Iterator[Page]:  # noqa: ARG002
        """Yield one record per host that is up, newest scan first; see `synchub.ports.Source.read`.

        A whole scan replaces older ones with the same command in the same folder: who is only in those is absent. A
        host that several scans saw comes once, as the newest saw it.

        Raises:
            ConfigError: There is no such stream.
            InputError: No file matches, or too many do.
        """
        folder = DocumentFolder(self.name, self._root, self._stream(stream), ENDINGS, "scan", self._clock)
        read = _Read()
        heads = yield from self._heads(folder)
        for name, scan in heads:
            for page in self._scan(folder, name, scan, read):
                if limit is not None and folder.records + len(page.payloads) >= limit:
                    keep = max(limit - folder.records, 0)
                    end = folder.stopped(limit)
                    yield replace(page, payloads=page.payloads[:keep], positions=page.positions[:keep], end=end)
                    return
                folder.records += len(page.payloads)
                yield page
        proof = f"{folder.records:,} hosts up, {read.down:,} down in {read.scans:,} scans"
        if read.replaced or read.older:
            proof += f"; newer ones replace {read.replaced:,} scans and {read.older:,} hosts"
        yield folder.last_page(proof)

    def _heads(self, folder: DocumentFolder) -> Generator[Page, None, list[tuple[str, Scan]]]:
        """Read the first element of every file; yield what is no scan, return the scans, newest first."""
        found: list[tuple[int, int, str, Scan]] = []
        rejected: list[Rejected] = []
        for name in folder.names():
            try:
                with folder.open(name) as file:
                    scan = read_head(file.handle, self._limits)
                    found.append((-scan.started_at, -file.size, name, scan))
            except (InputError, OSError) as exc:
                rejected.append(folder.refuse(name, exc))
        if rejected:
            yield Page(origin=folder.scope, rejected=rejected)
        return [(name, scan) for _, _, name, scan in sorted(found, key=lambda entry: entry[:3])]

    def _scan(self, folder: DocumentFolder, name: str, head: Scan, read: _Read) -> Iterator[Page]:
        place = str(PurePosixPath(name).parent)
        same = (place, head.command)
        if head.command and same in read.whole:
            read.replaced += 1
            return
        read.scans += 1
        scan = Scan()
        batch = _Batch(name, self._limits)
        try:
            with folder.open(name) as file:
                for number, host in enumerate(hosts(file.handle, self._limits, scan), 1):
                    if not batch.add(payload(host, scan, "" if place == "." else place), number, read):
                        folder.problems.append(f"{name}: a host without an address")
                    if batch.is_full():
                        yield batch.flush()
            problem = scan.problem()
            if problem:
                raise InputError(f"{problem}: who is missing in it may be there.", fix="Scan again.", reason="no_end")
            read.whole.add(same)
        except (InputError, OSError) as exc:
            batch.rejected.append(folder.refuse(name, exc))
        read.down += scan.down
        yield batch.flush()


class _Batch:
    """Collects the hosts of one file until they make a page."""

    def __init__(self, name: str, limits: Limits) -> None:
        self._name, self._limits = name, limits
        self._payloads: list[bytes] = []
        self._positions: list[int] = []
        self._bytes = 0
        self.rejected: list[Rejected] = []

    def add(self, host: dict[str, Any], number: int, read: _Read) -> bool:
        """Take a host, unless a newer scan has seen it; False when nothing tells it from others."""
        derived = host["derived"]
        key, ip = derived.get("key", ""), derived.get("ip", "")
        if not key:
            message = "the host has neither a MAC nor an IP address that is one. Scan again."
            self.rejected.append(Rejected(f"{self._name}:{number}", "no_key", message))
            return False
        earlier = read.seen.get(key)
        if earlier is not None and earlier[1] == self._name and earlier[0] != ip:
            # One card answers for several addresses: its own, or as a gateway for others (proxy ARP).
            key = derived["key"] = f"{key}|{ip}"
            earlier = read.seen.get(key)
        if earlier is not None:
            read.older += 1
            return True
        read.seen[key] = (ip, self._name)
        body = orjson.dumps(host, option=orjson.OPT_SORT_KEYS)
        self._payloads.append(bytes(memoryview(body)))
        self._positions.append(number)
        self._bytes += len(body)
        return True

    def is_full(self) -> bool:
        """Tell whether it is time to yield a page."""
        return len(self._payloads) >= self._limits.page_records or self._bytes >= self._limits.page_bytes

    def flush(self) -> Page:
        """Return the page and start the next one; may be empty."""
        page = Page(tuple(self._payloads), self._name, tuple(self._positions), 1, tuple(self.rejected))
        self._payloads, self._positions, self._bytes, self.rejected = [], [], 0, []
        return page
