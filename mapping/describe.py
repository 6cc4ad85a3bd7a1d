"""The table of transforms for the documentation, made from the code.

python -m mapping.describe docs/mapping.md
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mapping.chains import options_of
from mapping.normalise import NORMALISERS
from mapping.transforms import SMALL

END = "<!-- end of transforms -->"


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


def refresh(page: str) -> str:
    """Return a page with the table between its two marks made anew."""
    head, mark, rest = page.partition("<!-- transforms: ")
    comment, end, _ = rest.partition("-->\n")
    return head + mark + comment + end + transform_table() + "\n" + END + rest.partition(END)[2]


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(refresh(path.read_text(encoding="utf-8")), encoding="utf-8")
