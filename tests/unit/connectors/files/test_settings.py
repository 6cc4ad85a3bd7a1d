"""What a file source refuses before it reads anything."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.files.settings import FilesSettings, StreamSettings


@pytest.mark.parametrize(
    "options",
    [
        {"delimiter": ";", "quote": ";"},
        {"delimiter": "\n"},
        {"delimiter": "ab"},
        {"columns": ["a", "a"]},
        {"encoding": "rot13"},
        {"encoding": "utf-81"},
        {"fresh_within": "0h"},
        {"fresh_within": "soon"},
        {"glob": "../x.csv"},
        {"glob": "/etc/passwd"},
        {"glob": ""},
        {"complete_when": "sometimes"},
        {"unknown": 1},
    ],
)
def test_impossible_settings_are_refused(options: dict[str, Any]) -> None:
    """Each names one mistake."""
    with pytest.raises(ValidationError):
        StreamSettings.model_validate({"glob": "*.csv", **options})


def test_the_configuration_of_the_looks_is_understood() -> None:
    """The example of the design document."""
    stream = StreamSettings.model_validate(
        {"glob": "po_*.csv", "delimiter": ";", "decimal": ",", "dates": "%d.%m.%Y", "complete_when": "manifest",
         "fresh_within": "26h"}
    )  # fmt: skip

    assert stream.fresh_within == timedelta(hours=26)
    assert stream.options() == {"decimal": ",", "dates": "%d.%m.%Y"}


def test_a_source_without_streams_is_refused() -> None:
    """It would never do anything."""
    with pytest.raises(ValidationError):
        FilesSettings.model_validate({"root": "x", "streams": {}})


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.CSV", "csv"), ("a.tsv", "csv"), ("a.jsonl", "ndjson"), ("a.json", "json"), ("a.xlsx", "xlsx"),
     ("a.xml", "xml"), ("a.bin", None), ("a", None)],
)  # fmt: skip
def test_the_format_is_told_from_the_ending(name: str, kind: str | None) -> None:
    """Unless it is configured."""
    assert StreamSettings(glob="*").format_of(name) == kind
    assert StreamSettings(glob="*", format="csv").format_of(name) == "csv"
