"""Software titles and publishers."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from mapping.normalise.dictionaries import folded, load
from mapping.normalise.makers import bare_name
from mapping.normalise.texts import LIMIT, Scalar, plain

# What stands behind a title, each piece taken off one after the other, from the end.
_ARCHITECTURE = r"x64|x86|x86_64|amd64|arm64|64[- ]?bit|32[- ]?bit|64|intel|apple silicon|universal"
_LANGUAGE = r"[a-z]{2}-[A-Z]{2}|multilingual|english|deutsch|german|french"
_SCOPE = r"user|machine|current user|all users|remove only|install|installer|portable|msi|store"
_BRACKET = re.compile(
    rf"[ ,-]*\((?:(?:{_ARCHITECTURE}|{_LANGUAGE}|{_SCOPE}|v?[0-9]+(?:\.[0-9]+)*)[ ,/]*){{1,4}}\)$", re.IGNORECASE
)
_WORD = re.compile(rf"[ ,-]+(?:{_ARCHITECTURE}|en-US|de-DE|fr-FR)$", re.IGNORECASE)
_VERSION = re.compile(
    r"[ ,-]+(?:version |v|release |build |update )?[0-9]+(?:\.[0-9]+){1,5}(?:[-+.][0-9a-z]{1,12})?$", re.IGNORECASE
)


@cache
def _titles() -> tuple[dict[str, str], dict[str, str]]:
    table: dict[str, str] = {}
    publishers: dict[str, str] = {}
    for title, entry in load("software")["titles"].items():
        publishers[title] = entry["publisher"]
        for name in (title, *entry.get("also", ())):
            table[_fold(str(name))] = title
    return table, publishers


def _fold(name: str) -> str:
    return folded(name.replace("+", "plus"))


@cache
def _publishers() -> dict[str, str]:
    book = load("software")
    table = {folded(entry["publisher"]): entry["publisher"] for entry in book["titles"].values()}
    for name, aliases in book["publishers"].items():
        for alias in (name, *aliases):
            table[folded(bare_name(alias))] = table[folded(alias)] = name
    return table


def _bare_title(title: str) -> str:
    for _ in range(8):
        tail = title[-60:]
        head = title[: len(title) - len(tail)]
        shorter = head + _VERSION.sub("", _WORD.sub("", _BRACKET.sub("", tail)))
        shorter = shorter.rstrip(" ,-")
        if shorter == title or len(shorter) < 2:
            return title
        title = shorter
    return title


@lru_cache(16384)
def _software_title(raw: str) -> str | None:
    title = plain(raw)
    if not title:
        return None
    table = _titles()[0]
    known = table.get(_fold(title))
    if known:
        return known
    bare = _bare_title(title)
    without_year = (
        bare[:-5] if len(bare) > 7 and bare[-4:].isdigit() and bare[-5] == " " and bare[-4:-2] == "20" else bare
    )
    return table.get(_fold(bare)) or table.get(_fold(without_year)) or bare


def software_title(value: Scalar) -> str | None:
    """Name a software product: without version, architecture, language and scope, and by its dictionary name.

    `Mozilla Firefox (x64 en-US)` is `Mozilla Firefox`, `7-Zip 23.01 (x64)` is `7-Zip`. An unknown product keeps its
    name.

    Raises:
        ValueError: Too long, or not one value.
    """
    if value.__class__ is not str or len(value) > LIMIT:
        value = plain(value)
    return _software_title(value)


@lru_cache(4096)
def _publisher(raw: str) -> str | None:
    name = plain(raw)
    if not name:
        return None
    table = _publishers()
    bare = bare_name(name)
    return table.get(folded(name)) or table.get(folded(bare)) or bare


def software_publisher(value: Scalar) -> str | None:
    """Name a software publisher by its dictionary name; an unknown one is kept without its legal form.

    Raises:
        ValueError: Too long, or not one value.
    """
    if value.__class__ is not str or len(value) > LIMIT:
        value = plain(value)
    return _publisher(value)


def publisher_of(title: str) -> str | None:
    """Return the publisher of a title of the dictionary; None for any other."""
    return _titles()[1].get(title)
