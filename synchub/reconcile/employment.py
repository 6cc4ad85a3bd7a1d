"""Several records of one person: which employment counts, and when work ends.

Who is hired again gets a second record, mostly under another number, and the first one stays: terminated, with an end.
Who has two contracts at once, or the next one before the last has ended, has two as well. Here nothing hangs on which
record was written last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from synchub.domain.records import CLEAR, Contribution

Heard = tuple[Contribution, Mapping[str, Any]]  # a record and its usable values
_ORDER = {"active": 0, "leave": 0, "prehire": 1, "terminated": 3}
_UNSAID = 2
_WORKS = frozenset({"active", "leave", "prehire"})


def present_first(ranked: list[Heard]) -> list[Heard]:
    """Order each source's own records by employment: present, to come, unsaid, over; the later start first.

    Args:
        ranked: Records of one person, best first; where nothing of this tells them apart their order stays.
    """
    places: dict[str, list[int]] = {}
    for i, (record, _) in enumerate(ranked):
        places.setdefault(record.source, []).append(i)
    out = list(ranked)
    for held in places.values():
        if len(held) > 1:
            mine = sorted((ranked[i] for i in held), key=_start, reverse=True)
            for i, pair in zip(held, sorted(mine, key=_employment), strict=True):
                out[i] = pair
    return out


def _employment(pair: Heard) -> int:
    return _ORDER.get(pair[1].get("status", ""), _UNSAID)


def _start(pair: Heard) -> str:
    return _since(pair[1])


def _since(values: Mapping[str, Any]) -> str:
    start = values.get("starts_on")
    return "" if not start or start == CLEAR else str(start)


def ends(ranked: Sequence[Heard], lead: Contribution | None) -> list[tuple[Any, Contribution]]:
    """List (last day, record) for each source that knows when the person's work ends, best first.

    A source knows no end while one of its employments goes on without one. Where the person works here, an employment
    that is over, or was before the present one began, says nothing.

    Args:
        ranked: Records of one person, best first.
        lead: The record that says whether the person works here; None where none does.
    """
    by_source: dict[str, list[Heard]] = {}
    for pair in ranked:
        by_source.setdefault(pair[0].source, []).append(pair)
    works = lead is not None and lead.fields.get("status") in _WORKS
    since = _since(lead.fields) if lead is not None and works else ""
    out = []
    for pairs in by_source.values():
        found = _end(pairs)
        if found is None:
            continue
        value, record = found
        over = record.fields.get("status") == "terminated" or (value != CLEAR and value < since)
        if not (works and record is not lead and over):
            out.append(found)
    return out


def _end(pairs: Sequence[Heard]) -> tuple[Any, Contribution] | None:
    going = [pair for pair in pairs if pair[1].get("status") in _WORKS]
    for record, values in going:
        if values.get("ends_on", CLEAR) == CLEAR:
            return (CLEAR, record) if "ends_on" in values else None
    known = [(values["ends_on"], record) for record, values in going or pairs if "ends_on" in values]
    return max(known, key=lambda item: (item[0] != CLEAR, item[0]), default=None)
