"""Manufacturers, by the name the dictionary gives them."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from mapping.normalise.dictionaries import folded, load
from mapping.normalise.texts import LIMIT, Scalar, plain

_FORM = (
    r"incorporated|incorporation|inc|corporation|corp|company|co|limited|ltd|ltda|llc|plc|gmbh|kgaa|kg|ag|se|s\.?p\.?a|s\.?r\.?l|s\.?a\.?s|s[./]?a|"
    r"b\.?v|n\.?v|oyj|oy|a\.?b|a/s|a\.?s|s\.?r\.?o|k\.?k|pty|pte|sdn|bhd|pvt|jsc|ooo|c0|kft"
)
# A legal form at the end, with what stands between it and the name. Each step takes one form, so the time is linear.
_LEGAL = re.compile(rf"(?:[\s,.&_+-]+|(?<=\)))(?:{_FORM})[.,\s]*$", re.IGNORECASE)
_JEDEC = re.compile(r"([0-9A-F]{4})(?:0{4,12}(?:\1)?)?")
# `???`, `............`, `--`: a field filled with nothing.
_FILLER = re.compile(r"[\W_]*|(.)\1{3,}", re.DOTALL)


def bare_name(name: str) -> str:
    """Drop legal forms from the end of a company's name (`Foo (HK) Co., Ltd.`), as long as a name is left."""
    while True:
        match = _LEGAL.search(name, max(0, len(name) - 24))
        left = name[: match.start()] if match and match.start() else name.strip(" ,.&_+-") or name
        if left == name:
            return name
        name = left


@cache
def _names() -> dict[str, str]:
    book = load("manufacturers")
    table: dict[str, str] = {}
    for name, aliases in book["names"].items():
        for alias in (name, *aliases):
            table[folded(alias)] = name
            table.setdefault(folded(bare_name(alias)), name)
    return table


@cache
def _prefixes() -> tuple[tuple[str, str], ...]:
    return tuple(load("manufacturers")["prefixes"].items())


@cache
def _placeholders() -> frozenset[str]:
    return frozenset(text.replace("_", " ").strip(" .") for text in load("manufacturers")["placeholders"])


@lru_cache(8192)
def says_nothing(tidy: str) -> bool:
    """Tell whether firmware left a vendor or product field unfilled (`System Product Name`, `....`)."""
    return len(tidy) <= 40 and (
        " ".join(tidy.casefold().replace("_", " ").strip(" .").split()) in _placeholders()
        or _FILLER.fullmatch(tidy) is not None
    )


@lru_cache(4096)
def _manufacturer(raw: str) -> str | None:
    tidy = plain(raw)
    if says_nothing(tidy):
        return None
    names = _names()
    known = names.get(folded(tidy))
    if known:
        return known
    bare = bare_name(tidy)
    known = names.get(folded(bare))
    if known:
        return known
    upper = tidy.upper()
    for prefix, name in _prefixes():
        if upper.startswith(prefix) and not upper[len(prefix) : len(prefix) + 1].isalpha():
            return name
    code = _JEDEC.fullmatch(upper)
    return (load("manufacturers")["jedec"].get(code[1]) if code else None) or (None if says_nothing(bare) else bare)


def manufacturer(value: Scalar) -> str | None:
    """Name a manufacturer as the dictionary does: `Dell Inc.`, `.ell Inc.` and `DELL` are `Dell`.

    An unknown name is kept without its legal form. A field that firmware left unfilled (`System manufacturer`) gives
    None: nobody said who made it.

    Raises:
        ValueError: Too long, or not one value.
    """
    if value.__class__ is not str or len(value) > LIMIT:
        value = plain(value)
    return _manufacturer(value)
