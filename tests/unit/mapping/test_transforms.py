"""The small transforms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mapping.normalise import NORMALISERS
from mapping.transforms import SMALL
from tests.unit.mapping.building import mapped

CASES: list[tuple[str, Any, Any]] = [
    ("strip", "  x ", "x"),
    ("{strip: '#-'}", "#-x-#", "x"),
    ("upper", "straße", "STRASSE"),
    ("{prefix: 'A-'}", 7, "A-7"),
    ("{suffix: '.corp'}", "nb", "nb.corp"),
    (r"{extract: '\bA\d{6,}\b'}", "Asset A204117, blue", "A204117"),
    (r"{extract: 'tag=(\w+)'}", "x tag=T1 y", "T1"),
    (r"{extract: 'tag=(\w+)'}", "none", None),
    ("{replace: {text: ' GmbH', with: ''}}", "Bechtle GmbH", "Bechtle"),
    (r"{replace: {regex: '(\w+), (\w+)', with: '\2 \1'}}", "Novak, Anna", "Anna Novak"),
    ("[{split: ';'}, last]", "a; b ;;", "b"),
    ("[{split: ';'}, first]", "a; b", "a"),
    ("[{split: ';'}, {join: '/'}]", "a;b", "a/b"),
    ("[{split: ';'}, sum, text]", "1;2.5", "3.5"),
    ("[{split: ';'}, min, text]", "3;2.5", "2.5"),
    ("[{split: ';'}, max, text]", "3;2.5", "3"),
    ("[{split: ';'}, count]", "3;2.5", "2"),
    ("[{multiply: 1024}, text]", "2", "2048"),
    ("[{divide: 3}, {round: 2}, text]", 10, "3.33"),
    ("[{divide: 1024}, round, text]", 2560, "3"),
    ("{default: unknown}", None, "unknown"),
    ("{default: unknown}", "x", "x"),
    ("[{extract: 'z'}, {default: none}]", "x", "none"),
    ("{lookup: {table: {de: Germany}, otherwise: pass}}", "fr", "fr"),
    ("[{lookup: {table: {de: Germany}}}, upper]", "DE", "GERMANY"),
]


@pytest.mark.parametrize(("chain", "raw", "value"), CASES, ids=[f"{chain} {raw}" for chain, raw, _ in CASES])
def test_each_transform_does_what_its_summary_says(tmp_path: Path, chain: str, raw: Any, value: Any) -> None:
    """One example per transform and form of its argument."""
    assert mapped(tmp_path, f"name: {{path: a, to: {chain}}}", {"a": raw}).fields.get("name") == value


def test_every_small_transform_has_an_example() -> None:
    """A new transform without a case above fails here."""
    tried = " ".join(chain for chain, _, _ in CASES)
    assert [name for name in SMALL if name not in tried] == []


def test_small_transforms_do_not_hide_normalisers() -> None:
    """A name means one thing."""
    assert set(SMALL) & set(NORMALISERS) == set()


@pytest.mark.parametrize("raw", ["1e999999", "9" * 100, "x", "NaN", "Infinity", True, 1e308])
def test_arithmetic_on_hostile_numbers_is_a_warning(tmp_path: Path, raw: Any) -> None:
    """No number makes a chain run for long or raise."""
    record = mapped(tmp_path, "price: {path: a, to: [{multiply: 1000}, {round: 2}]}", {"a": raw})
    assert (record.fields, len(record.warnings)) == ({}, 1)


def test_regular_expressions_take_linear_time(tmp_path: Path) -> None:
    """An expression that would take a backtracking engine for ever is done at once."""
    record = mapped(tmp_path, "name: {path: a, to: [{extract: '^(a+)+$'}]}", {"a": "a" * 15_000 + "!"})
    assert record.fields == {}


def test_a_text_beyond_all_limits_is_a_warning(tmp_path: Path) -> None:
    """Neither a huge input nor a result that explodes gets through."""
    huge = mapped(tmp_path, "name: {path: a, to: [upper]}", {"a": "x" * 50_000})
    grown = mapped(
        tmp_path, "name: {path: a, to: [{replace: {text: x, with: xxxxxxxxxxxxxxxxxxxx}}]}", {"a": "x" * 5_000}
    )
    assert [len(huge.warnings), len(grown.warnings)] == [1, 1]
