"""Map what is stored again, because the field map changed.

A record keeps its number under another key, and with it its entity and its links: what a changed `key:` tells apart
differently is moved, and only where two records come to one key does the older go.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from synchub.engine.slice import Mapped, Slice
from synchub.errors import HubError, MappingError
from synchub.mapports import Mapper

_BATCH = 4000
_WAITING = "\x01"  # starts the key of a record whose new one may still be another's; sources send no such keys


def remap(slice_: Slice, mapper: Mapper) -> None:
    """Map the stored payloads of a stream again; cut off anywhere, the next run starts it over.

    `counts.remapped` are the records whose meaning or key changed.
    """
    moving: dict[int, Mapped] = {}
    after = 0
    while rows := slice_.ledger.payloads(slice_.state.id, after, _BATCH):
        after = rows[-1][0]
        known = slice_.ledger.known(slice_.state.id, [row[1] for row in rows])
        for number, key, raw, body in rows:
            item = _map(slice_, mapper, number, key, raw, body)
            if item is None:
                continue
            if slice_.revise(known[key], item) or item.record.key != key:
                slice_.counts.remapped += 1
            if item.record.key != key:
                slice_.batch.rekeyed.append((f"{_WAITING}{number}", number))
                moving[number] = item
        slice_.write()
    items = list(moving.items())
    for start in range(0, len(items), _BATCH):
        _rekey(slice_, items[start : start + _BATCH])
        slice_.write()
    slice_.ledger.remap(slice_.state.id, mapper.fingerprint)
    slice_.counts.changed = slice_.counts.moved = 0


def _map(slice_: Slice, mapper: Mapper, number: int, key: str, raw: bytes, body: bytes) -> Mapped | None:
    try:
        record = mapper.map(orjson.loads(body))
        if record is not None and "\0" in record.key:
            raise MappingError("the native key holds a NUL character.", code="bad_key")
    except HubError as exc:
        slice_.reject(f"stored record {number}", "unmappable", str(exc), body, key)
        return None
    if record is None:
        slice_.batch.dropped.append(number)
        return None
    return Mapped(record, raw, b"", body, None, 0)


def _rekey(slice_: Slice, items: Sequence[tuple[int, Mapped]]) -> None:
    """Give records their new keys; of several with one key the newest stays."""
    held = slice_.ledger.known(slice_.state.id, [item.record.key for _, item in items])
    best = {key: (old.checked_at, old.doc, old.record) for key, old in held.items()}
    for number, item in items:
        key, mine = item.record.key, (*item.rank, number)
        other = best.get(key)
        if other is not None:
            mine, other = max(mine, other), min(mine, other)
            slice_.duplicate(f"stored record {other[2]}", key, item.body if other[2] == number else b"")
            slice_.batch.dropped.append(other[2])
        best[key] = mine
    stayed = {old.record for old in held.values()}
    slice_.batch.rekeyed += [(key, number) for key, (_, _, number) in best.items() if number not in stayed]
