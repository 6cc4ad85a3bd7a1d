"""The zone of the hub reaches the maps of its streams."""

from __future__ import annotations

from pathlib import Path

import pytest

from synchub.wiring import open_hub

_CONFIG = """
version: 1
hub: {{id: t{hub}}}
sources:
  mdm:
    connector: files
    root: .
    role: mdm
    streams: {{devices: {{glob: "*.ndjson"{stream}}}}}
"""
_PAYLOAD = {"id": "1", "operatingSystem": "Windows", "lastSyncDateTime": "2026-07-01T10:00:00"}


@pytest.mark.parametrize(
    ("hub", "stream", "expected"),
    [
        (", timezone: Europe/Berlin", "", 1_782_892_800),
        (", timezone: Europe/Berlin", ", timezone: America/New_York", 1_782_914_400),
        ("", ", timezone: America/New_York", 1_782_914_400),
        ("", "", 0),
    ],
)
def test_local_times_are_those_of_the_stream_else_of_the_hub(
    tmp_path: Path, hub: str, stream: str, expected: int
) -> None:
    """A hub that says no zone knows none: nothing is guessed."""
    config = tmp_path / "synchub.yaml"
    config.write_text(_CONFIG.format(hub=hub, stream=stream))
    opened = open_hub(config)
    with opened.source("mdm") as source:
        record = opened.field_map("mdm", source, "devices").map(dict(_PAYLOAD))
    assert record is not None
    assert record.observed_at == expected
