"""What all documents of one read say together: which version of each counts, and how much of a line has come so far.

Filled in a first pass over the files, asked in the second. It holds a short entry per document and line, never a
document, and gives the same answers whatever the order of the files.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

import orjson

from connectors.procurement.document import Document, Kind, decimal_text, number, payloads

_ORDERS: frozenset[Kind] = frozenset({"order", "order_change"})
_COUNTED: dict[Kind, str] = {
    "despatch": "despatch",
    "receipt": "receipt",
    "invoice": "invoice",
    "credit_note": "invoice",
}


class _Line(NamedTuple):
    order: str
    order_line: str
    parts: frozenset[str]
    quantity: Decimal | None
    rejected: Decimal | None


@dataclass(slots=True)
class _Entry:
    """One version of a document.

    Attributes:
        rank: Version and moment, then digests of what it says and of its bytes, so that there is always one newest.
        name: File.
        lines: Of the document, in order.
    """

    rank: tuple[int, str, bytes, bytes]
    name: str
    kind: Kind
    lines: list[_Line]


@dataclass(slots=True)
class Register:
    """The documents of one read.

    Attributes:
        copies: Files that say the same as another.
        replaced: Older versions.
    """

    copies: int = 0
    replaced: int = 0
    _unclear: list[tuple[str, str]] = field(default_factory=list)
    _newest: dict[str, _Entry] = field(default_factory=dict)
    _sums: dict[tuple[str, int], tuple[Decimal | None, Decimal | None]] = field(default_factory=dict)
    _places: dict[tuple[str, int], str] = field(default_factory=dict)

    def add(self, document: Document, name: str, data: bytes) -> None:
        """Note a document of the first pass, and the bytes of its file."""
        lines = [
            _Line(
                line.order_number or "",
                line.order_line or "",
                line.parts(),
                number(line.quantity),
                number(line.rejected),
            )
            for line in document.lines
        ]
        # A document numbers its versions, or sends them at different times.
        rank = (document.version, document.issued_at or "", _digest(document), hashlib.sha256(data).digest())
        entry = _Entry(rank, name, document.kind, lines)
        other = self._newest.get(document.key)
        if other is not None:
            entry, older = (entry, other) if (entry.rank, other.name) > (other.rank, entry.name) else (other, entry)
            if older.rank[:3] == entry.rank[:3]:
                self.copies += 1
            elif older.rank[:2] == entry.rank[:2]:
                self._unclear.append((older.name, document.key))
            else:
                self.replaced += 1
        self._newest[document.key] = entry

    def close(self) -> None:
        """Work out places and sums, once every document was added."""
        articles = self._articles()
        so_far: dict[tuple[str, str, str], tuple[Decimal, Decimal]] = {}
        for key, entry in sorted(self._newest.items(), key=lambda item: (item[1].rank[1], item[0])):
            for n, line in enumerate(entry.lines):
                place = line.order_line or self._place(line, articles)
                if place and not line.order_line:
                    self._places[key, n] = place
                counted = _COUNTED.get(entry.kind)
                if counted and line.order and place:
                    here = (counted, line.order.upper(), place)
                    came, sent_back = so_far.get(here, (Decimal(0), Decimal(0)))
                    so_far[here] = (came + (line.quantity or 0), sent_back + (line.rejected or 0))
                    told = line.quantity is not None, line.rejected is not None or sent_back > 0
                    self._sums[key, n] = (so_far[here][0] if told[0] else None, so_far[here][1] if told[1] else None)

    def _articles(self) -> dict[str, dict[str, frozenset[str]]]:
        """Collect what the lines of each order are about: order -> line -> part numbers."""
        found: dict[str, dict[str, frozenset[str]]] = {}
        for entry in self._newest.values():
            for line in entry.lines if entry.kind in _ORDERS else ():
                if line.order and line.order_line and line.parts:
                    lines = found.setdefault(line.order.upper(), {})
                    lines[line.order_line] = lines.get(line.order_line, frozenset()) | line.parts
        return found

    @staticmethod
    def _place(line: _Line, articles: dict[str, dict[str, frozenset[str]]]) -> str:
        """Find the order's only line about the same article; empty when there is none, or several."""
        lines = articles.get(line.order.upper(), {}) if line.order else {}
        fitting = [place for place, parts in lines.items() if parts & line.parts]
        return fitting[0] if len(fitting) == 1 else ""

    def unclear(self) -> list[tuple[str, str, str]]:
        """List (file, file that was taken instead, key) where version and moment are equal and the content is not."""
        return [(name, self._newest[key].name, key) for name, key in self._unclear]

    def knows(self, document: Document) -> bool:
        """Tell whether a document was there in the first pass."""
        return document.key in self._newest

    def is_newest(self, document: Document, name: str) -> bool:
        """Tell whether this file holds the version that counts."""
        return self._newest[document.key].name == name

    def complete(self, document: Document) -> None:
        """Write places and sums into the lines of a document."""
        for n, line in enumerate(document.lines):
            line.order_line = line.order_line or self._places.get((document.key, n))
            came, sent_back = self._sums.get((document.key, n), (None, None))
            line.so_far = decimal_text(came) if came is not None else line.quantity
            line.rejected = decimal_text(sent_back) if sent_back is not None else line.rejected


def _digest(document: Document) -> bytes:
    """Digest what a document says in the common shape: prefixes, comments and signatures make no other document."""
    said = hashlib.sha256()
    for body in payloads(document):
        said.update(orjson.dumps({**body, "source": None}, option=orjson.OPT_SORT_KEYS))
    return said.digest()
