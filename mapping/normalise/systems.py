"""Operating systems: name, version and end of support.

The dates are those that endoflife.date collects from the vendors' lifecycle pages (MIT, state of 2026-08-22). Editions
of Windows end at different days; when the name does not tell the edition, the earlier day (Home and Pro) counts, so
that nothing looks supported longer than it is.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any, NamedTuple

from mapping.normalise.dictionaries import load
from mapping.normalise.texts import LIMIT, Scalar, plain

_BUILD = re.compile(r"(?<![0-9])(?:10\.0[ .(]{1,3}|6\.[0-3]\.|5\.[12]\.)?([0-9]{4,5})(?![0-9])")
_RELEASE = re.compile(r"\b(2[0-9]H[12]|2004|1[5-9]0[0-9])\b", re.IGNORECASE)
_CLIENT = re.compile(r"\bwin(?:dows)?(?:\(r\)|®|™)? ?(11|10|8\.1|8|7|vista|xp)\b", re.IGNORECASE)
_SERVER = re.compile(r"\b(20[0-9]{2})( ?r2)?\b", re.IGNORECASE)
_LONG_TERM = re.compile(r"\b(?:ltsc|ltsb|lts)\b", re.IGNORECASE)
_ENTERPRISE = re.compile(r"\b(?:enterprise|education|iot)\b", re.IGNORECASE)
_CYCLE = re.compile(r"([0-9]{1,5})(?:\.([0-9]{1,5}))?")
_SERVICE_PACK = re.compile(r"\b([0-9]{1,2})[- .]{0,3}sp ?([0-9])\b", re.IGNORECASE)
_VERSION_LABEL = re.compile(r"(?:version|ver\.?|release|v)\s*(?=[0-9])", re.IGNORECASE)
_BUILD_TAIL = re.compile(
    r"[ ,;-]*(?:\((?:build:? ?)?[0-9A-Za-z.]{1,20}\)|build:? ?[0-9A-Za-z.-]{1,30}|n/a build.{0,40})$", re.IGNORECASE
)
_WINDOWS_SPLIT = re.compile(
    r"(10\.0|6\.[0-3]) ?\(?(?:build )?([0-9]{4,5}(?:\.[0-9]{1,6})?)\)?(?: n/a build [0-9]{4,5})?", re.IGNORECASE
)


class _System(NamedTuple):
    name: str
    says: re.Pattern[str]
    ends: dict[str, str]


@cache
def _systems() -> tuple[_System, ...]:
    book = load("systems")["systems"]
    return tuple(
        _System(name, re.compile(entry["says"]), {_key(str(v)): str(day) for v, day in entry.get("ends", {}).items()})
        for name, entry in book.items()
    )


@cache
def _windows() -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]], dict[str, str]]:
    book = load("systems")

    def table(key: str) -> dict[str, dict[str, str]]:
        return {str(build): {k: str(v) for k, v in facts.items()} for build, facts in book[key].items()}

    return table("windows_builds"), table("server_builds"), {k: str(v) for k, v in book["windows_names"].items()}


def _key(version: str) -> str:
    """Write `17.09` and `17.9` alike."""
    return ".".join(str(int(part)) for part in version.split("."))


@lru_cache(2048)
def _recognise(raw: str) -> _System | None:
    low = raw.lower()
    return next((system for system in _systems() if system.says.search(low)), None)


def _text(value: Any) -> str:
    return plain(value) if value.__class__ is not str or len(value) > LIMIT else value


def _build_of(*texts: str) -> str:
    known, server, _ = _windows()
    return next((m for text in texts for m in _BUILD.findall(text) if m in known or m in server), "")


@lru_cache(4096)
def _os_name(raw: str, version: str) -> str | None:
    name = plain(raw)
    if not name:
        return None
    system = _recognise(name)
    if system is None:
        return name
    if system.name == "Windows Server":
        year = _SERVER.search(name)
        if year and int(year[1]) != 2004:
            return f"Windows Server {year[1]}{' R2' if year[2] else ''}"
        return _windows()[1].get(_build_of(name, version), {}).get("name", system.name)
    if system.name == "Windows":
        release = _CLIENT.search(name)
        build = _windows()[0].get(_build_of(version, name))
        # Windows 11 calls itself 10.0, and some agents read the name from where it still says 10.
        if build and (release is None or release[1] in ("10", "11")):
            return build["name"]
        return (
            f"Windows {release[1].upper() if release[1].lower() == 'xp' else release[1].capitalize()}"
            if release
            else "Windows"
        )
    return system.name


def os_name(value: Scalar, *, version: str | None = None) -> str | None:
    """Name an operating system as the dictionary does: `Windows 11`, `Windows Server 2019`, `macOS`, `Ubuntu`.

    The version is not part of the name, except where the product is called by it. An unknown name is kept.

    Args:
        value: The name that the source gives, with or without edition and version.
        version: Version or build: tells Windows 10 from Windows 11 where the name does not.

    Raises:
        ValueError: Too long, or not one value.
    """
    return _os_name(_text(value), _text(version) if version else "")


@lru_cache(4096)
def _os_version(raw: str) -> str | None:
    version = plain(raw)
    label = _VERSION_LABEL.match(version)
    while label:
        version = version[label.end() :]
        label = _VERSION_LABEL.match(version)
    windows = _WINDOWS_SPLIT.fullmatch(version)
    if windows:
        return f"{windows[1]}.{windows[2]}"
    return (_BUILD_TAIL.sub("", version) or version) or None


def os_version(value: Scalar) -> str | None:
    """Tidy a version: no `Version` in front, no build behind (`14.4.1 (23E224)`), `10.0 (19045)` as `10.0.19045`.

    Raises:
        ValueError: Too long, or not one value.
    """
    return _os_version(_text(value))


def _windows_end(name: str, version: str) -> str | None:
    builds, servers, names = _windows()
    title = _os_name(name, version) or ""
    if title.startswith("Windows Server"):
        return next((facts["ends"] for facts in servers.values() if facts["name"] == title), None)
    facts = builds.get(_build_of(version, name))
    if facts is None:
        release = _RELEASE.search(version) or _RELEASE.search(name)
        wanted = (title, release[1].upper()) if release else None
        facts = next((f for f in builds.values() if (f["name"], f.get("release")) == wanted), None)
    if facts is None:
        return names.get(title)
    if _LONG_TERM.search(name) and "ltsc" in facts:
        return facts.get("iot", facts["ltsc"]) if "iot" in name.lower() else facts["ltsc"]
    return facts["enterprise"] if _ENTERPRISE.search(name) else facts["pro"]


@lru_cache(4096)
def _end_of_life(name: str, version: str) -> str | None:
    name, version = plain(name), plain(version)
    system = _recognise(name)
    if system is None:
        return None
    if system.name.startswith("Windows"):
        return _windows_end(name, version)
    pack = _SERVICE_PACK.search(version) or _SERVICE_PACK.search(name)
    if pack:
        return system.ends.get(f"{int(pack[1])}.{int(pack[2])}")
    found = _CYCLE.search(version) or _CYCLE.search(name)
    if found is None:
        return None
    major = str(int(found[1]))
    return (system.ends.get(f"{major}.{int(found[2])}") if found[2] else None) or system.ends.get(major)


def os_end_of_life(value: Any, version: Scalar | None = None) -> str | None:
    """Tell the last day on which the vendor supports a version of an operating system, as `YYYY-MM-DD`.

    Args:
        value: Name as the source gives it (edition included, where it tells one), or the list `[name, version]`.
        version: Version or build; where it is missing, one in the name counts.

    Returns:
        None when support has not ended and no day is set, and when the version is not in the dictionary.

    Raises:
        ValueError: Too long, or not one value (or two).
    """
    if isinstance(value, (list, tuple)):
        if len(value) != 2:
            msg = "expected the name and the version of an operating system"
            raise ValueError(msg)
        value, version = value
    return _end_of_life(_text(value), _text(version) if version is not None else "")
