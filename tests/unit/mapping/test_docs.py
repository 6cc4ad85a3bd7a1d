"""`docs/mapping.md` says what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

from mapping.classing import RULE_KEYS
from mapping.describe import refresh, transform_table
from mapping.loader import FIELD_KEYS, MAP_KEYS, load_map
from mapping.trace import render
from tests.unit.mapping.building import write

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "mapping.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_table_of_transforms_is_complete() -> None:
    """Generated from the code by `python -m mapping.describe docs/mapping.md`."""
    assert transform_table() in PAGE
    assert refresh(PAGE) == PAGE


def test_every_key_is_documented() -> None:
    """Of a map, of a class rule and of a field rule."""
    assert [key for key in (*MAP_KEYS, *FIELD_KEYS) if f"| `{key}` |" not in PAGE] == []
    assert [key for key in RULE_KEYS if f"{key}:" not in PAGE] == []


def test_the_worked_example_is_what_map_test_prints(tmp_path: Path) -> None:
    """The map and the record of the page give the text of the page."""
    trace = load_map(write(tmp_path, "devices.yaml", blocks("yaml")[0])).trace(json.loads(blocks("json")[0]))
    assert "\n".join(render(trace)) == blocks("text")[0].rstrip("\n")


def test_the_override_of_the_page_works_on_the_map_of_the_page(tmp_path: Path) -> None:
    """As the section on overrides says."""
    shipped = write(tmp_path, "devices.yaml", blocks("yaml")[0])
    mine = load_map(shipped, [write(tmp_path, "mine.yaml", blocks("yaml")[1])])
    assert mine.line_of("price") == ""
    assert mine.line_of("asset_tag") == "maps/mine.yaml:2"
