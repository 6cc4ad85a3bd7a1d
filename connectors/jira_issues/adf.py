"""Plain text to Atlassian documents and back.

Version 2 of the API would take text as wiki markup, so that a record could bring links and images; in a document
(version 3; *Atlassian Document Format*, developer.atlassian.com, read 2026-11-22) text is text.
"""

from __future__ import annotations

from typing import Any

_DEEPEST = 40
_BLOCKS = frozenset({"paragraph", "heading", "codeBlock", "listItem", "tableRow"})


def document(text: str) -> dict[str, Any]:
    """Make a document of one paragraph, with a hard break per line end."""
    content: list[dict[str, Any]] = []
    for number, line in enumerate(text.split("\n")):
        if number:
            content.append({"type": "hardBreak"})
        if line:
            content.append({"type": "text", "text": line})
    return {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": content}]}


def plain(value: Any) -> str:
    """Read the text of a document; lists and tables as lines, what is no text (images) left out."""
    parts: list[str] = []
    _collect(value, parts, 0)
    return "".join(parts).rstrip("\n")


def _collect(node: Any, parts: list[str], depth: int) -> None:
    if not isinstance(node, dict) or depth > _DEEPEST:
        return
    kind = node.get("type")
    attributes = node.get("attrs")
    if kind == "text":
        parts.append(str(node.get("text") or ""))
    elif kind == "hardBreak":
        parts.append("\n")
    elif kind in ("mention", "emoji", "status") and isinstance(attributes, dict):
        parts.append(str(attributes.get("text") or ""))
    elif kind == "inlineCard" and isinstance(attributes, dict):
        parts.append(str(attributes.get("url") or ""))
    content = node.get("content")
    for child in content if isinstance(content, list) else ():
        _collect(child, parts, depth + 1)
    if kind in _BLOCKS and parts and not (kind in ("listItem", "tableRow") and parts[-1].endswith("\n")):
        parts.append("\n")
