"""YAML as data with line numbers: small, strict, and safe for files other people wrote.

A subset of YAML 1.2: anchors, aliases, tags, several documents, keys that are not text and duplicate keys are refused;
only `true`, `false`, `null` (and `~`), whole and decimal numbers are anything but text, so that `on`, `off`, `no`,
`0123` and `2024-01-01` stay what was typed. Limits on size, depth and count hold before anything is built.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from synchub.errors import ConfigError

Steps = tuple[str | int, ...]  # the way from the top of a document to a value: keys and list indexes

MAX_BYTES = 1_000_000
MAX_DEPTH = 24
MAX_NODES = 50_000
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,17}")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file.

    Attributes:
        name: How messages call the file, for example `"maps/devices.yaml"`.
        data: Dicts with text keys, lists, text, numbers, booleans and None; None for an empty file.
        lines: Way to a value -> line of its key (or of the list item), from 1.
    """

    name: str
    data: Any
    lines: dict[Steps, int]

    def line(self, *steps: str | int) -> int:
        """Return the line of a value, or of the nearest thing around it that has one."""
        while steps and steps not in self.lines:
            steps = steps[:-1]
        return self.lines.get(steps, 1)

    def where(self, *steps: str | int) -> str:
        """Return the place of a value as `file:line`."""
        return f"{self.name}:{self.line(*steps)}"


def parse_yaml(content: str | bytes, name: str) -> Document:
    """Parse one YAML document.

    Args:
        content: The file; bytes must be UTF-8.
        name: How messages call the file.

    Raises:
        ConfigError: It is not YAML, uses what is refused, or goes over a limit; `where` names file and line.
    """
    if len(content) > MAX_BYTES:
        msg = f"the file has more than {MAX_BYTES:,} bytes"
        raise ConfigError(msg, where=name, fix="Split it or remove what is not configuration.")
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        return _Builder(name).build(text)
    except UnicodeDecodeError as error:
        msg = f"the file is not UTF-8: {error.reason} at byte {error.start}"
        raise ConfigError(msg, where=name, fix="Save it as UTF-8.") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        msg = f"this is not valid YAML: {error.problem or error.context}"
        raise ConfigError(msg, where=where, fix="Check indentation, quotes and colons there.") from error
    except yaml.YAMLError as error:
        msg = f"this is not valid YAML: {str(error).splitlines()[0]}"
        raise ConfigError(msg, where=name, fix="Remove control characters.") from error


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `"did you mean 'x'?"`, or the list of what is known when nothing is near; empty when nothing is known."""
    names = list(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if not close:
        folded = {name.replace("_", "").casefold(): name for name in names}
        close = [folded[w] for w in [word.replace("_", "").replace("-", "").casefold()] if w in folded]
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known are {', '.join(sorted(names)[:40])}" if names else ""


def check_keys(document: Document, steps: Steps, value: Any, known: Sequence[str], what: str) -> dict[str, Any]:
    """Return a mapping whose keys are all known.

    Args:
        document: Where it stands.
        steps: The way to it.
        value: What was found there.
        known: Allowed keys.
        what: What the mapping is, for the message.

    Raises:
        ConfigError: It is no mapping, or a key is unknown; the nearest known key is named.
    """
    if not isinstance(value, dict):
        msg = f"{what} must be a mapping, not {kind_of(value)}"
        raise ConfigError(msg, where=document.where(*steps), fix=f"known keys are {', '.join(known)}")
    for key in value:
        if key not in known:
            msg = f"{what} has no key {key!r}"
            raise ConfigError(msg, where=document.where(*steps, key), fix=nearest(key, known))
    return value


def kind_of(value: Any) -> str:
    """Name the kind of a parsed value the way YAML people do."""
    if value is None:
        return "nothing"
    kinds = {dict: "a mapping", list: "a list", str: "text", bool: "true/false"}
    return kinds.get(type(value), "a number")


class _Builder:
    """Builds plain data from parser events, which come without recursion, so depth is ours to limit."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[Steps, int] = {}
        self.nodes = 0

    def build(self, text: str) -> Document:
        loader = _LOADER(text)
        try:
            loader.get_event()  # stream start
            if loader.check_event(yaml.StreamEndEvent):
                return Document(self.name, None, {})
            loader.get_event()  # document start
            data = self.value(loader, loader.get_event(), ())
            loader.get_event()  # document end
            if not loader.check_event(yaml.StreamEndEvent):
                self.refuse(loader.get_event(), "a second document (`---`)", "Keep one document per file.")
            return Document(self.name, data, self.lines)
        finally:
            loader.dispose()

    def value(self, loader: Any, event: Any, steps: Steps) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.refuse(event, f"more than {MAX_NODES:,} values", "Split the file.")
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            self.refuse(event, "an anchor or alias (`&`, `*`)", "Write the value out, or quote it.")
        if event.tag is not None:
            self.refuse(event, f"a tag ({event.tag})", "Remove it, or quote the value.")
        if len(steps) > MAX_DEPTH:
            self.refuse(event, f"more than {MAX_DEPTH} levels", "Flatten it.")
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event.value) if event.implicit[0] else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(loader, steps)
        return self.mapping(loader, steps)

    def sequence(self, loader: Any, steps: Steps) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := loader.get_event(), yaml.SequenceEndEvent):
            here = (*steps, len(items))
            self.lines[here] = event.start_mark.line + 1
            items.append(self.value(loader, event, here))
        return items

    def mapping(self, loader: Any, steps: Steps) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not isinstance(event := loader.get_event(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent) or event.tag is not None or event.anchor:
                self.refuse(event, "a key that is not plain text", "Quote it.")
            key = event.value
            here = (*steps, key)
            if key in result:
                self.refuse(event, f"{key!r} twice (first on line {self.lines[here]})", "Remove one of them.")
            self.lines[here] = event.start_mark.line + 1
            result[key] = self.value(loader, loader.get_event(), here)
        return result

    def refuse(self, event: Any, what: str, fix: str) -> None:
        msg = f"the file has {what}, which is refused"
        raise ConfigError(msg, where=f"{self.name}:{event.start_mark.line + 1}", fix=fix)


def _scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
