"""A plan as CSV for spreadsheets and as HTML for reading. Pure: documents of `synchub.planfile` in, bytes out."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from synchub.visible import moment, number, plain, visible

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # full-width ones, too
_COLUMNS = ("n", "op", "class", "label", "facet", "kind", "object_id", "state")
_FIELDS = ("field", "old", "new", "source", "rule", "privacy")
_STYLE = (
    "body{font:14px system-ui,sans-serif;margin:2em;color:#1b1b1b}table{border-collapse:collapse;margin:1em 0}"
    "th,td{border:1px solid #c8c8c8;padding:.2em .5em;text-align:left;vertical-align:top}th{background:#eee}"
    "td.r{text-align:right}del{color:#8a1f11}ins{color:#0b6b2e;text-decoration:none}small{color:#555}"
)

Document = Mapping[str, Any]


def neutral(value: Any) -> Any:
    """Return a value that no spreadsheet takes for a formula; numbers stay numbers.

    >>> neutral("=1+1"), neutral(-4), neutral(None), neutral(["a", "b"])
    ("'=1+1", -4, '', 'a, b')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = text.replace("\x00", "")
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def csv_parts(head: Document, rows: Iterator[Document]) -> Iterator[bytes]:
    """Write one line per field, below a line that says which plan it is and one with the names of the columns."""
    told = [head[key] for key in ("plan", "digest", "target", "config", "expires_at")]
    yield _line([f"# synchub plan {told[0]}", f"digest {told[1]}", f"target {told[2]}", f"config {told[3]}",
                 f"expires {moment(told[4])}"])  # fmt: skip
    yield _line([*_COLUMNS, *_FIELDS, "note"])
    for row in rows:
        fixed = [row[key] for key in _COLUMNS]
        changes: Sequence[Document] = row["changes"] or ({},)
        for change in changes:
            yield _line([*fixed, *(change.get(key) for key in _FIELDS), row["note"]])


def _line(cells: list[Any]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow([neutral(cell) for cell in cells])
    return out.getvalue().encode("utf-8", "backslashreplace")


def html_parts(head: Document, rows: Iterator[Document]) -> Iterator[bytes]:
    """Write a page that loads nothing and runs nothing."""
    yield "".join(_page_head(head)).encode("utf-8", "backslashreplace")
    for row in rows:
        yield _page_row(row).encode("utf-8", "backslashreplace")
    yield b"</tbody></table></body></html>\n"


def _text(value: Any) -> str:
    return html.escape(visible(plain(value)))


def _page_head(head: Document) -> Iterator[str]:
    zone = str(head["timezone"])
    title = f"Plan {_text(head['plan'])} of {_text(head['target'])}"
    yield (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy"'
        f" content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>{title}</title>"
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>"
    )
    facts = [
        ("digest", head["digest"]), ("hub", head["hub"]), ("instance", head["instance"]), ("config", head["config"]),
        ("made", moment(head["created_at"], zone)), ("expires", moment(head["expires_at"], zone)),
        ("state", head["state"]), ("undoes run", head["undoes"]),
    ]  # fmt: skip
    yield _table(("", ""), [(name, value) for name, value in facts if value is not None])
    summary = head["summary"]
    counts = [(cls, op, count) for cls, some in summary.get("counts", {}).items() for op, count in some.items()]
    yield "<h2>Totals</h2>" + _table(("class", "what", "rows"), counts)
    causes = [
        (n, c["op"], f"{c['facet']}.{c['field']}", c["source"], c["rule"], number(c["count"]), c["example"])
        for n, c in enumerate(summary.get("causes", ()), 1)
    ]
    yield "<h2>Why</h2>" + _table(("#", "what", "field", "source", "rule", "times", "for example"), causes)
    heads = "".join(f"<th>{name}</th>" for name in ("#", "what", "thing", "object", "state", "field", "values", "why"))
    yield f"<h2>Rows</h2><table><thead><tr>{heads}</tr></thead><tbody>\n"


def _table(names: tuple[str, ...], rows: list[Any]) -> str:
    head = "".join(f"<th>{name}</th>" for name in names) if any(names) else ""
    body = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _page_row(row: Document) -> str:
    changes = row["changes"]
    span = f' rowspan="{len(changes)}"' if len(changes) > 1 else ""
    note = f"<br><small>{_text(row['note'])}</small>" if row["note"] else ""
    cells = (
        f"<td{span}>{row['n']}</td><td{span}>{_text(row['op'])}</td><td{span}>{_text(row['class'])}"
        f" {_text(row['label'])}</td><td{span}>{_text(row['kind'])} {_text(row['object_id'] or 'new')}</td>"
        f"<td{span}>{_text(row['state'])}{note}</td>"
    )
    lines = [_page_change(change) for change in changes] or ["<td></td><td></td><td></td>"]
    return f"<tr>{cells}{lines[0]}</tr>" + "".join(f"<tr>{line}</tr>" for line in lines[1:]) + "\n"


def _page_change(change: Document) -> str:
    old = "" if change["old"] is None else f"<del>{_text(change['old'])}</del> "
    why = " ".join(_text(change[key]) for key in ("source", "rule") if change[key])
    mark = " <small>personal</small>" if change["privacy"] == "personal" else ""
    return f"<td>{_text(change['field'])}{mark}</td><td>{old}<ins>{_text(change['new'])}</ins></td><td>{why}</td>"
