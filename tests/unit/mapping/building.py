"""Makes field maps of a few lines for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mapping.engine import FieldMap
from mapping.loader import load_map
from synchub.domain.records import CanonicalRecord

HEAD = "version: 1\nstream: things\nclass: {cls}\nkey: id\nfields:\n"


def write(folder: Path, name: str, text: str) -> Path:
    """Write a file below `maps/` and return its path."""
    path = folder / "maps" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def field_map(folder: Path, rules: str, cls: str = "computer", **options: str) -> FieldMap:
    """Compile a map with these field rules, one per line."""
    lines = "".join(f"  {line}\n" for line in rules.strip().splitlines())
    return load_map(write(folder, "x.yaml", HEAD.format(cls=cls) + lines), options=options)


def mapped(folder: Path, rules: str, payload: dict[str, Any], cls: str = "computer", **options: str) -> CanonicalRecord:
    """Map one payload with a map of these field rules."""
    record = field_map(folder, rules, cls, **options).map({"id": "1", **payload})
    assert record is not None
    return record
