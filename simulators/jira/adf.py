"""Atlassian Document Format: which documents are accepted, and their text.

Nodes and marks: developer.atlassian.com, "Atlassian Document Format", read 2026-11-22; only their names and the shape
of the tree are checked.
"""

from __future__ import annotations

from typing import Any

MAX_TEXT = 32_767
_BLOCKS = {
    "paragraph", "heading", "bulletList", "orderedList", "codeBlock", "blockquote", "rule", "panel", "table",
    "mediaGroup", "mediaSingle", "expand", "nestedExpand", "taskList", "decisionList", "blockCard",
}  # fmt: skip
_INNER = {"listItem", "tableRow", "tableCell", "tableHeader", "taskItem", "decisionItem", "media"}
_INLINE = {"text", "hardBreak", "mention", "emoji", "inlineCard", "date", "status", "mediaInline"}
_MARKS = {"strong", "em", "code", "link", "strike", "underline", "subsup", "textColor", "backgroundColor", "border"}


def check(document: object) -> dict[str, Any]:
    """Check a document.

    Raises:
        ValueError: It is none; the message says why.
    """
    if not isinstance(document, dict) or document.get("type") != "doc" or document.get("version") != 1:
        msg = "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
        raise ValueError(msg)
    content = document.get("content")
    if not isinstance(content, list) or set(document) - {"type", "version", "content"}:
        msg = "INVALID_INPUT"
        raise ValueError(msg)
    for node in content:
        _node(node, _BLOCKS, 0)
    if len(text(document)) > MAX_TEXT:
        msg = f"The entered text is too long. It exceeds the allowed limit of {MAX_TEXT:,} characters."
        raise ValueError(msg)
    return document


def _node(node: object, allowed: set[str], depth: int) -> None:
    kind = node.get("type") if isinstance(node, dict) else None
    if not isinstance(node, dict) or not isinstance(kind, str) or kind not in allowed or depth > 30:
        msg = "INVALID_INPUT"
        raise ValueError(msg)
    marks = node.get("marks", [])
    plain = node.get("text")
    if kind == "text" and (not isinstance(plain, str) or not plain):
        msg = "INVALID_INPUT"
        raise ValueError(msg)
    if not isinstance(marks, list) or any(not isinstance(m, dict) or str(m.get("type")) not in _MARKS for m in marks):
        msg = "INVALID_INPUT"
        raise ValueError(msg)
    content = node.get("content", [])
    if not isinstance(content, list):
        msg = "INVALID_INPUT"
        raise ValueError(msg)
    for child in content:
        _node(child, _BLOCKS | _INNER | _INLINE, depth + 1)


def text(document: object) -> str:
    """Return the plain text of a document; blocks end with a line feed."""
    parts: list[str] = []
    _collect(document, parts)
    return "".join(parts).rstrip("\n")


def _collect(node: object, parts: list[str]) -> None:
    if not isinstance(node, dict):
        return
    kind = node.get("type")
    if kind == "text":
        parts.append(str(node.get("text", "")))
    elif kind == "hardBreak":
        parts.append("\n")
    elif kind in ("mention", "emoji", "status"):
        parts.append(str((node.get("attrs") or {}).get("text", "")))
    for child in node.get("content", ()):
        _collect(child, parts)
    if kind in ("paragraph", "heading", "codeBlock"):
        parts.append("\n")


def of_text(plain: str) -> dict[str, Any]:
    """Make a document of plain text, one paragraph a line."""
    return {
        "type": "doc", "version": 1,
        "content": [
            {"type": "paragraph", "content": [{"type": "text", "text": line}] if line else []}
            for line in plain.split("\n")
        ],
    }  # fmt: skip
