"""The table of transforms for the documentation, made from the code."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from mapping.chains import options_of
from mapping.normalise import NORMALISERS
from mapping.transforms import SMALL


def transform_table() -> str:
    """Return the Markdown table of every transform: name, option, what it does; normalisers first."""
    rows = ["| transform | option | what it does |", "| --- | --- | --- |"]
    rows.extend(_normaliser_rows())
    rows.append(
        "| `lookup` | `{table: {…}, otherwise: …}` | Looks a value up; as the key `lookup`, anywhere in a chain. |"
    )
    rows.extend(f"| `{name}` | {_cell(item.argument)} | {_cell(item.summary)} |" for name, item in SMALL.items())
    return "\n".join(rows)


def _normaliser_rows() -> Iterator[str]:
    for name, normaliser in sorted(NORMALISERS.items()):
        summary = (inspect.getdoc(normaliser) or "").split("\n\n")[0].replace("\n", " ")
        options = "; ".join(_option(normaliser, option) for option in options_of(normaliser))
        yield f"| `{name}` | {options} | {_cell(summary)} |"


def _option(normaliser: Any, option: str) -> str:
    default = inspect.signature(normaliser).parameters[option].default
    return f"`{option}`" if default in (None, (), False) else f"`{option}` ({default})"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
