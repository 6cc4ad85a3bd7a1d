"""Dotted paths into JSON payloads, compiled to plain getters, and the projection of a payload onto them.

`host.os.version` goes down objects, `host.interfaces[].ipv4[]` walks lists, and a key with a dot, a bracket or a quote
in it is quoted: `"@odata.type"`, `"Order No."`. Nothing here raises on a payload: what is not there is None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Getter = Callable[[Any], Any]
ValuesGetter = Callable[[Any], list[Any]]

MAX_KEYS = 16
MAX_WALKS = 4
_PART = re.compile(r'("(?:[^"\\]|\\.)*"|[^."\[\]\\]+)((?:\[\])*)')


@dataclass(frozen=True, slots=True)
class PayloadPath:
    """A parsed path.

    Attributes:
        text: As written.
        keys: Object keys in order; None stands for `[]`.
    """

    text: str
    keys: tuple[str | None, ...]

    @property
    def many(self) -> bool:
        """Say whether the path can lead to several values."""
        return None in self.keys


def parse_path(text: str) -> PayloadPath:
    """Parse a path.

    Raises:
        ValueError: It is no path; the message says why and what to write.
    """
    keys: list[str | None] = []
    position = 0
    while position <= len(text):
        match = _PART.match(text, position)
        if match is None:
            raise ValueError(_complaint(text, position))
        name, walks = match.groups()
        if name != name.strip():
            msg = f'{text!r} has a blank beside a key; write "{name}" in double quotes if it belongs to the key'
            raise ValueError(msg)
        keys.append(re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith('"') else name)
        keys.extend([None] * (len(walks) // 2))
        position = match.end()
        if position == len(text):
            break
        if text[position] != ".":
            raise ValueError(_complaint(text, position))
        position += 1
    if len(keys) > MAX_KEYS or keys.count(None) > MAX_WALKS:
        msg = f"{text!r} has more than {MAX_KEYS} levels, or walks more than {MAX_WALKS} lists"
        raise ValueError(msg)
    return PayloadPath(text, tuple(keys))


def _complaint(text: str, position: int) -> str:
    if re.match(r"\[[^\]]", text[position:]):
        return f"{text!r} picks a list item; write `[]` to walk the list, and `first:` to take the first value"
    return f'{text!r} is not a path at character {position + 1}; write a.b, a[].b, or "an odd key" in double quotes'


def compile_one(path: PayloadPath, missing: Any = None) -> Getter:
    """Compile a path without `[]` to a getter.

    The getter gives the value, None for JSON null, and `missing` where the path leads nowhere.
    """
    keys = [key for key in path.keys if key is not None]
    if len(keys) != len(path.keys):
        msg = f"{path.text} walks a list"
        raise ValueError(msg)
    if len(keys) == 1:
        return _one_key(keys[0], missing)
    if len(keys) == 2 and missing is None:
        return _two_keys(keys[0], keys[1])
    return _all_keys(keys, missing)


def _one_key(key: str, missing: Any) -> Getter:
    def get(payload: Any) -> Any:
        return payload.get(key, missing) if payload.__class__ is dict else missing

    return get


def _two_keys(first: str, second: str) -> Getter:
    def get(payload: Any) -> Any:
        if payload.__class__ is dict:
            value = payload.get(first)
            if value.__class__ is dict:
                return value.get(second)
        return None

    return get


def _all_keys(keys: list[str], missing: Any) -> Getter:
    def get(payload: Any) -> Any:
        value = payload
        for key in keys:
            if value.__class__ is not dict:
                return missing
            value = value.get(key, missing)
        return value

    return get


def compile_values(path: PayloadPath) -> ValuesGetter:
    """Compile any path to a getter of all its values, in the order of the payload, without nulls and empty texts.

    Where `[]` meets something that is not a list, that counts as a list of one: XML turned into JSON knows no lists of
    one item.
    """
    parts: list[list[str]] = [[]]
    for key in path.keys:
        if key is None:
            parts.append([])
        else:
            parts[-1].append(key)
    walks = [_all_keys(keys, None) for keys in parts[:-1]]
    last = _all_keys(parts[-1], None) if parts[-1] else None

    def get(payload: Any) -> list[Any]:
        level = [payload]
        for walk in walks:
            below: list[Any] = []
            for item in level:
                value = walk(item)
                if value.__class__ is list:
                    below.extend(value)
                elif value is not None:
                    below.append(value)
            level = below
        if last is not None:
            level = [last(item) for item in level]
        return [value for value in level if value is not None and value != ""]

    return get


@dataclass(slots=True)
class _Node:
    """What of one place in a payload is kept."""

    leaf: bool = False  # a scalar is wanted here
    whole: bool = False  # everything is wanted here
    children: dict[str, _Node] = field(default_factory=dict)
    items: _Node | None = None

    def add(self, keys: tuple[str | None, ...], whole: bool) -> None:
        if not keys:
            self.whole = self.whole or whole
            self.leaf = True
        elif keys[0] is None:
            self.items = self.items or _Node()
            self.items.add(keys[1:], whole)
            # What is no list counts as a list of one, so the rest of the path may start right here.
            self.add(keys[1:], whole)
        else:
            self.children.setdefault(keys[0], _Node()).add(keys[1:], whole)


def compile_projection(
    fields: Iterable[PayloadPath], whole: Iterable[PayloadPath] = ()
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Compile the reduction of a payload to what some paths read.

    Args:
        fields: Paths to scalars. An object or list found there becomes an empty one: its kind stays visible (a mapping
            warns about it), its content does not stay.
        whole: Paths below which everything is kept, because an expression reads them.
    """
    root = _Node()
    for paths, keep in ((fields, False), (whole, True)):
        for path in paths:
            root.add(path.keys, keep)

    def project(payload: dict[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = _cut(root, payload)
        return kept

    return project


def _cut(node: _Node, value: Any) -> Any:
    if node.whole:
        return value
    if isinstance(value, dict):
        return {key: _cut(child, value[key]) for key, child in node.children.items() if key in value}
    if isinstance(value, list):
        return [] if node.items is None else [_cut(node.items, item) for item in value]
    return value if node.leaf else None
