"""What a simulator was asked: one entry per request, for auditors and tests."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson


@dataclass(slots=True)
class Entry:
    """One request and what became of it.

    Attributes:
        n: Number, from 1, in the order of arrival.
        time: Simulated time, seconds since 1970 UTC.
        method: HTTP method.
        path: Path without query.
        query: Raw query string.
        status: HTTP status; 0 when the connection was closed without an answer.
        request_size: Body bytes received.
        response_size: Body bytes sent (of the whole answer, for a truncated one).
        writes: Records created, changed or deleted for the caller by this request; 0 for reads, refusals and no-ops.
        user: Who asked, as far as authentication told.
        via: `n` of the batch request that carried this one; 0 for a request of its own.
        fault: Name of the injected fault, empty for none.
        problems: What the contract validators found, where they are switched on.
    """

    n: int
    time: float
    method: str
    path: str
    query: str
    status: int = 0
    request_size: int = 0
    response_size: int = 0
    writes: int = 0
    user: str = ""
    via: int = 0
    fault: str = ""
    problems: list[str] = field(default_factory=list)


class RequestLog:
    """All entries of one simulator since the start or the last `clear`."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._n = 0

    def open(self, time: float, method: str, path: str, query: str, via: int = 0) -> Entry:
        """Start an entry for a request that has arrived."""
        self._n += 1
        entry = Entry(self._n, time, method, path, query, via=via)
        self.entries.append(entry)
        return entry

    def select(
        self, *, method: str = "", path: str = "", status: int | None = None, writes: bool | None = None, after: int = 0
    ) -> list[Entry]:
        """List entries by method, part of the path, status, whether they wrote; only those numbered above `after`."""
        return [
            entry
            for entry in self.entries
            if entry.n > after
            and (not method or entry.method == method)
            and path in entry.path
            and (status is None or entry.status == status)
            and (writes is None or bool(entry.writes) == writes)
        ]

    def count(
        self, *, method: str = "", path: str = "", status: int | None = None, writes: bool | None = None, after: int = 0
    ) -> int:
        """Count what `select` lists, without the parts of batch requests."""
        found = self.select(method=method, path=path, status=status, writes=writes, after=after)
        return sum(1 for entry in found if not entry.via)

    def counters(self, after: int = 0) -> dict[str, Any]:
        """Sum up: requests, records written, bytes, requests by status, by method, and by fault."""
        chosen = [entry for entry in self.entries if entry.n > after]
        outer = [entry for entry in chosen if not entry.via]
        return {
            "requests": len(outer),
            "parts": len(chosen) - len(outer),
            "records_written": sum(entry.writes for entry in chosen),
            "request_bytes": sum(entry.request_size for entry in outer),
            "response_bytes": sum(entry.response_size for entry in outer),
            "by_status": dict(Counter(str(entry.status) for entry in outer)),
            "by_method": dict(Counter(entry.method for entry in outer)),
            "by_fault": dict(Counter(entry.fault for entry in outer if entry.fault)),
            "problems": sum(len(entry.problems) for entry in chosen),
            "last": self._n,
        }

    def problems(self) -> list[str]:
        """List what the contract validators found, each with the request it belongs to."""
        return [f"{e.method} {e.path}: {text}" for e in self.entries for text in e.problems]

    def dump(self, after: int = 0) -> bytes:
        """Render the entries numbered above `after` as a JSON list."""
        return orjson.dumps([asdict(entry) for entry in self.entries if entry.n > after])

    def clear(self) -> None:
        """Forget all entries; numbers go on."""
        self.entries.clear()
