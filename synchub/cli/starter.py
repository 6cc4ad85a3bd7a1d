"""A first configuration from a connector's own settings model: what has to be asked, and the YAML of the answers."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from connectors.registry import Connector
from connectors.secrets import SecretRef

Way = tuple[str, ...]
_STREAM = "(stream)"  # stands in a way for the name of a stream, which is asked first


@dataclass(frozen=True, slots=True)
class Question:
    """One setting that has no default.

    Attributes:
        way: Keys from the block of the connection down to the setting; `(stream)` stands for the stream's name.
        text: What it is, one sentence.
        default: Offered; empty where there is nothing to offer.
        secret: Only a reference is taken.
    """

    way: Way
    text: str
    default: str = ""
    secret: bool = False

    @property
    def name(self) -> str:
        """The way as it is written with `--set`."""
        return ".".join(self.way)


def questions(connector: Connector, connection: str) -> list[Question]:
    """List what a connection of this connector must be told, in the order of its settings.

    Secrets come with the reference `env:CONNECTION_NAME`, so that a person need only set the variable.
    """
    return list(_questions(connector.settings, (), connection.upper().replace("-", "_")))


def _questions(model: type[BaseModel], way: Way, prefix: str) -> Iterator[Question]:
    for name, info in model.model_fields.items():
        if info.is_required():
            yield from _of_field(model, name, info, (*way, info.alias or name), prefix)


def _of_field(model: type[BaseModel], name: str, info: FieldInfo, way: Way, prefix: str) -> Iterator[Question]:
    text = info.description or _documented(model, name) or name.replace("_", " ").capitalize() + "."
    kind = info.annotation
    parts = [get_args(part)[0] if get_origin(part) is Annotated else part for part in (kind, *get_args(kind))]
    blocks = [part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)]
    if kind is SecretRef:
        yield Question(way, text, f"env:{prefix}_{name.upper()}", secret=True)
    elif get_origin(kind) is Literal:
        yield Question(way, text, str(get_args(kind)[0]))
    elif get_origin(kind) is dict and blocks:
        yield Question((*way, _STREAM), "Name of the stream: that of a shipped field map, or one of your own.")
        yield from _questions(blocks[0], (*way, _STREAM), prefix)
    elif blocks:  # of several ways the first one; the others stand in the connector's page
        yield from _questions(blocks[0], way, prefix)
    else:
        yield Question(way, text)


def _documented(model: type[BaseModel], name: str) -> str:
    """Find a field in the `Attributes:` of its model's docstring."""
    found = re.search(rf"^ +{re.escape(name)}: (.+)$", inspect.getdoc(model) or "", re.MULTILINE)
    return found[1] if found else ""


def block_of(connector: str, asked: list[Question], answer: Callable[[Question], str]) -> dict[str, Any]:
    """Ask, and put the answers together to the connection's block.

    Args:
        connector: Name of the connector.
        asked: What `questions` listed.
        answer: Gives the answer to one question.
    """
    block: dict[str, Any] = {"connector": connector}
    stream = ""
    for question in asked:
        value = answer(question)
        if question.way[-1] == _STREAM:
            stream = value
            continue
        at = block
        for part in question.way[:-1]:
            at = at.setdefault(stream if part == _STREAM else part, {})
        at[question.way[-1]] = value
    return block


_HEAD = """\
# What the hub reads, and what it writes. All keys: docs/configuration.md; editors: synchub schema > synchub.schema.json
# yaml-language-server: $schema=synchub.schema.json
"""
_NOTES = {
    "hub": "id marks what this hub owns in each target: never change it later",
    "mode": "preview -> canary (10 things a run) -> write",
}


def render(hub_id: str, timezone: str, sources: Mapping[str, Any], targets: Mapping[str, Any]) -> str:
    """Write the configuration as YAML with comments."""
    document = {
        "version": 1,
        "hub": {"id": hub_id, "timezone": timezone},
        "sources": dict(sources),
        "targets": {name: {**block, "mode": "preview"} for name, block in targets.items()},
    }
    lines = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110).splitlines()
    return _HEAD + "".join(f"{_noted(line)}\n" for line in lines)


def _noted(line: str) -> str:
    key = line.strip().partition(":")[0]
    return f"{line:<48}# {_NOTES[key]}" if key in _NOTES else line


def variables(block: Any) -> list[str]:
    """List the environment variables that a block refers to, in order."""
    if isinstance(block, str):
        return [block.removeprefix("env:")] if block.startswith("env:") else []
    return [name for value in block.values() for name in variables(value)] if isinstance(block, Mapping) else []
