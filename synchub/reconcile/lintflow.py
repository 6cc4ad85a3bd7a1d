"""What sources and targets together do not do as they say: windows between reads, values that come back. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from synchub.domain.model import family_of
from synchub.reconcile.rules import Place, duration
from synchub.reconcile.voices import Lint, Says, Voices


def lint_pace(block: Mapping[str, Any], pace: Mapping[str, tuple[int, str]], place: Place) -> list[Lint]:
    """Find staleness windows that end before a source is read again.

    Args:
        block: The `rules:` block as plain data; it compiles.
        pace: Source -> (seconds that may lie between two reads, where that is said).
        place: Names the place of a path within `rules:`.
    """
    found = []
    for level, said in block.items():
        value = said.get("silent_after")
        windows = value if isinstance(value, Mapping) else dict.fromkeys(pace, value) if value is not None else {}
        for source, text in windows.items():
            if source in pace and duration(text) < pace[source][0]:
                seconds, why = pace[source]
                said_so = f"up to {_span(seconds)} may lie between two reads ({why})"
                message = f"{source} loses its place after {text}, and {said_so}."
                where = place((level, "silent_after"))
                found.append(Lint("window_too_short", False, where, message, "Make the window longer than that."))
    return found


def _span(seconds: int) -> str:
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def lint_echo(
    same: Sequence[tuple[str, str]],
    says: Mapping[str, Says | None],
    writes: Mapping[str, Mapping[str, frozenset[str]]],
    place: Callable[[str], str],
) -> list[Lint]:
    """Find sources that read back what a target is told, as if it were their own word.

    Only fields that another source says as well count: what only this one says comes from there indeed.

    Args:
        same: (source, target) of one system.
        says: Source -> what its maps fill (`Voices`).
        writes: Target -> class -> canonical fields that it is told.
        place: Names the place of a source.
    """
    voices = Voices(says)
    found = []
    for source, target in same:
        if source not in voices.sources():
            continue
        fields = sorted(_echoed(source, writes[target], voices))
        if fields:
            shown = ", ".join(fields[:3]) + (" ..." if len(fields) > 3 else "")
            message = (
                f"{source} reads from where {target} writes to: {len(fields)} fields ({shown}) come back as its own"
                " word and stay when their source has dropped them."
            )
            found.append(Lint("echo", False, place(source), message, "Leave them out of its map."))
    return found


def _echoed(source: str, writes: Mapping[str, frozenset[str]], voices: Voices) -> set[str]:
    found: set[str] = set()
    for cls, told in writes.items():
        family = family_of(cls)
        others = [name for name in voices.sources() if name != source]
        elsewhere = {field for name in others for field in voices.fields(name, family)}
        found |= told & voices.fields(source, family) & elsewhere
    return found
