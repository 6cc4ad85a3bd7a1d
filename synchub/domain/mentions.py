"""Find and clear mentions of one person in stored values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import orjson

_LONG = 6  # characters from which a value is also found inside another one
_TELLING = re.compile(r"[@ .,]")
_ESCAPED = b"\\u"


class Mentions:
    """What a person is called by, in any case.

    Args:
        values: E-mail addresses, logins, worker ids, full names. What is longer and looks like an address or a full
            name is found inside other text, too; the rest only where it is the whole value.
        instead: What comes in their place.
    """

    def __init__(self, values: Iterable[str], instead: str) -> None:
        self.instead = instead
        texts = {value.strip().casefold() for value in values} - {""}
        self._whole = frozenset(texts)
        self._inside = sorted((t for t in texts if len(t) >= _LONG and _TELLING.search(t)), key=lambda t: (-len(t), t))
        self._pattern = re.compile("|".join(map(re.escape, self._inside)), re.IGNORECASE) if self._inside else None

    def among(self, value: Any) -> bool:
        """Tell whether a stored value (text, or JSON as bytes) mentions the person."""
        return bool(self.cleared(value) != value) if self._possible(value) else False

    def cleared(self, value: Any) -> Any:
        """Return a stored value without the person; anything else as it is."""
        if isinstance(value, str):
            return self._text(value)
        if not isinstance(value, bytes | memoryview) or not self._possible(value):
            return value
        data = bytes(value)
        try:
            document = orjson.loads(data)
        except orjson.JSONDecodeError:
            text = data.decode("utf-8", "surrogateescape")
            new = self._text(text)
            return value if new == text else new.encode("utf-8", "surrogateescape")
        new_document = self._walk(document)
        return value if new_document == document else orjson.dumps(new_document)

    def _possible(self, value: Any) -> bool:
        """Tell quickly whether it is worth looking: most values mention nobody."""
        if isinstance(value, str):
            return True
        if not isinstance(value, bytes | memoryview):
            return False
        data = bytes(value)
        folded = data.decode("utf-8", "replace").casefold()
        return _ESCAPED in data or any(text in folded for text in self._whole)

    def _text(self, text: str) -> str:
        if text.strip().casefold() in self._whole:
            return self.instead
        return self._pattern.sub(self.instead, text) if self._pattern else text

    def _walk(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self._walk(item) for item in value]
        if isinstance(value, dict):
            return {self._text(key): self._walk(item) for key, item in value.items()}
        return value
