"""Telling a mere check-in from news before anything is mapped.

Stamps are what only volatile fields and `observed_at` read of a payload: last seen, free space, time of change. A
payload without its stamps is its *essence*: two payloads of one essence map to the same meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson

from mapping.paths import PayloadPath, compile_one

_BLANKS: dict[type, Any] = {str: "", int: 0, float: 0.5}  # what stands for a stamp: its kind belongs to the essence


def stamp_paths(volatile: Iterable[PayloadPath], bound: Iterable[tuple[str | None, ...]]) -> tuple[PayloadPath, ...]:
    """Choose the stamps of a map.

    Args:
        volatile: Paths that volatile fields and `observed_at` read.
        bound: Keys of every path that anything else reads; the empty one is the whole payload.
    """
    taken = [tuple(key for key in keys if key is not None) for keys in bound]
    plain = {path.text: path for path in volatile if not path.many}
    chosen = [path for path in plain.values() if not any(_overlap(path.keys, keys) for keys in taken)]
    # Of two stamps of which one lies within the other neither is: the outer is no single value.
    return tuple(path for path in chosen if not any(p is not path and _overlap(path.keys, p.keys) for p in chosen))


def _overlap(one: Sequence[str | None], other: Sequence[str | None]) -> bool:
    return all(a == b for a, b in zip(one, other, strict=False))


class Stamps:
    """The stamps of one map.

    Args:
        paths: As `stamp_paths` chose them.
    """

    def __init__(self, paths: Sequence[PayloadPath]) -> None:
        self.paths = tuple(paths)
        self._places: list[tuple[Callable[[Any], Any] | None, str]] = []
        for path in paths:
            *above, key = path.keys
            reach = compile_one(PayloadPath("", tuple(above))) if above else None
            self._places.append((reach, str(key)))

    def essence(self, payload: dict[str, Any]) -> bytes:
        """Return the payload as JSON with every stamp blanked; empty when it cannot be written as JSON."""
        held = []
        for reach, key in self._places:
            holder = payload if reach is None else reach(payload)
            if holder.__class__ is dict:
                value = holder.get(key)
                blank = _BLANKS.get(value.__class__)
                if blank is not None:
                    held.append((holder, key, value))
                    holder[key] = blank
        try:
            return orjson.dumps(payload)
        except orjson.JSONEncodeError:  # nested too deep to be written
            return b""
        finally:
            for holder, key, value in held:
                holder[key] = value

    def taken(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Return nothing but the stamps of a payload, nested as they were."""
        found: dict[str, Any] = {}
        for path, (reach, key) in zip(self.paths, self._places, strict=True):
            holder = payload if reach is None else reach(payload)
            if holder.__class__ is dict and holder.get(key).__class__ in _BLANKS:
                below = found
                for step in path.keys[:-1]:
                    below = below.setdefault(str(step), {})
                below[key] = holder[key]
        return found
