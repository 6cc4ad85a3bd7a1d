"""Whose local time a moment without an offset is."""

from __future__ import annotations

from pathlib import Path

import pytest

from mapping.engine import FieldMap
from mapping.loader import load_map
from tests.unit.mapping.building import write

_HEAD = "version: 1\nstream: s\nclass: computer\nkey: id\n"
_PLAIN = _HEAD + "observed_at: {path: at, to: [moment]}\nfields:\n  last_seen_at: {path: at, to: [moment]}\n"
_OWN = _HEAD + "fields:\n  last_seen_at: {path: at, to: [{moment: {timezone: UTC}}]}\n"
_DATE = _HEAD + "fields:\n  warranty_ends_on: {path: at, to: [date]}\n"


def compiled(folder: Path, text: str, zone: str = "", **options: str) -> FieldMap:
    """Compile a map for a hub in a zone."""
    return load_map(write(folder, "x.yaml", text), options=options, zone=zone)


@pytest.mark.parametrize(
    ("text", "zone", "stream", "raw", "expected"),
    [
        (_PLAIN, "Europe/Berlin", "", "2026-07-01 10:00:00", "2026-07-01T08:00:00Z"),
        (_PLAIN, "Europe/Berlin", "", "2026-07-01T10:00:00+05:00", "2026-07-01T05:00:00Z"),
        (_PLAIN, "Europe/Berlin", "America/New_York", "2026-07-01 10:00:00", "2026-07-01T14:00:00Z"),
        (_OWN, "Europe/Berlin", "", "2026-07-01 10:00:00", "2026-07-01T10:00:00Z"),
        (_PLAIN, "", "", "2026-07-01 10:00:00", None),
    ],
)
def test_the_zone_of_the_hub_comes_last(
    tmp_path: Path, text: str, zone: str, stream: str, raw: str, expected: str | None
) -> None:
    """The offset in the value, the stream's zone and the map's own come before it; without any nothing is known."""
    options = {"timezone": stream} if stream else {}
    record = compiled(tmp_path, text, zone, **options).map({"id": "1", "at": raw})
    assert record is not None
    assert record.fields.get("last_seen_at") == expected
    assert bool(record.warnings) == (expected is None)


def test_the_moment_of_the_observation_is_read_alike(tmp_path: Path) -> None:
    """An agent that tells local time is not of unknown age."""
    record = compiled(tmp_path, _PLAIN, "Europe/Berlin").map({"id": "1", "at": "2026-07-01 10:00:00"})
    assert record is not None
    assert record.observed_at == 1_782_892_800


def test_dates_stay_as_they_are_written(tmp_path: Path) -> None:
    """A day is no moment: the zone of the hub turns none into the next."""
    record = compiled(tmp_path, _DATE, "Asia/Tokyo").map({"id": "1", "at": "2026-07-01T23:30:00Z"})
    assert record is not None
    assert record.fields["warranty_ends_on"] == "2026-07-01"


def test_another_zone_is_another_map_only_where_it_is_used(tmp_path: Path) -> None:
    """Stored records are mapped again when it matters, and not for nothing."""

    def prints(text: str) -> set[str]:
        return {compiled(tmp_path, text, zone).fingerprint for zone in ("", "UTC", "Europe/Berlin")}

    assert (len(prints(_PLAIN)), len(prints(_OWN)), len(prints(_DATE))) == (3, 1, 1)
