"""Read `synchub.yaml` and say exactly where it is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import xxhash
from pydantic import BaseModel, ValidationError

from synchub.domain.yamlfile import Document, nearest, parse_yaml
from synchub.errors import ConfigError, together
from synchub.settings.model import Settings

M = TypeVar("M", bound=BaseModel)
_NO_MAPPING = "expected keys and their values, such as `version: 1`."


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration and where it came from.

    Attributes:
        settings: What the hub reads.
        document: The parsed file, for places in messages.
        path: The file.
        fingerprint: Changes with the file's content; eight hexadecimal digits.
    """

    settings: Settings
    document: Document
    path: Path
    fingerprint: str

    @property
    def base_dir(self) -> Path:
        """Folder against which relative paths of the configuration are taken."""
        return self.path.parent


def load_settings(path: Path) -> Loaded:
    """Read a configuration file.

    Raises:
        ConfigError: It is missing, no YAML, or does not fit; `where` names file and line, all faults are listed.
    """
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise ConfigError(
            f"the configuration cannot be read: {exc.strerror}.",
            where=str(path),
            fix="Name it with --config, or write one: docs/configuration.md.",
        ) from None
    document = parse_yaml(content, path.name)
    settings = validate(Settings, document.data if document.data is not None else {}, document, ())
    return Loaded(settings, document, path.absolute(), xxhash.xxh3_64_hexdigest(content)[:8])


def validate(model: type[M], data: Any, document: Document, steps: tuple[str | int, ...]) -> M:
    """Validate one block of a document.

    Args:
        model: What it must fit.
        data: The block.
        document: Where it stands.
        steps: The way to it in the document.

    Raises:
        ConfigError: It does not fit; each fault with file, line and the nearest known key. Values are never repeated.
    """
    try:
        return model.model_validate(data)
    except ValidationError as exc:
        faults = [_fault(model, document, steps, error) for error in exc.errors(include_input=False, include_url=False)]
    raise together(faults)


def _fault(model: type[BaseModel], document: Document, steps: tuple[str | int, ...], error: Any) -> ConfigError:
    way = _written(document, steps, tuple(part for part in error["loc"] if part != "[key]"))
    where = document.where(*steps, *way)
    name = ".".join(str(part) for part in (*steps, *way))
    if error["type"] == "extra_forbidden":
        return ConfigError(
            f"{name!r} is not a key here;", where=where, fix=f"{nearest(str(way[-1]), _known(model, way[:-1]))}"
        )
    if error["type"] == "missing":
        return ConfigError(f"{name!r} is missing.", where=where, fix="Add it.")
    said = error["msg"].removeprefix("Value error, ")
    return ConfigError(
        f"{name!r}: {said}{'' if said[-1:] in '.…' else '.'}" if name else _NO_MAPPING, where=where, fix=""
    )


def _written(document: Document, steps: tuple[str | int, ...], way: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Leave out of a way what stands nowhere in the document but at its end: pydantic's names for parts of a union."""
    node: Any = document.data
    for step in steps:
        node = node[step]
    found = []
    for i, part in enumerate(way):
        if i < len(way) - 1 and not _holds(node, part):
            continue
        found.append(part)
        node = node[part] if _holds(node, part) else None
    return tuple(found)


def _holds(node: Any, part: str | int) -> bool:
    return part in node if isinstance(node, dict) else isinstance(node, list) and part in range(len(node))


def _known(model: type[BaseModel], way: tuple[str | int, ...]) -> list[str]:
    """List the keys that are known at the end of a way through nested models."""
    current: Any = model
    for part in way:
        fields = getattr(current, "model_fields", None)
        if fields is not None and part in fields:
            current = fields[part].annotation
        found = _models(current)
        current = found[0] if found else None
    return list(getattr(current, "model_fields", {}))


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    result: list[type[BaseModel]] = []
    for argument in getattr(annotation, "__args__", ()):
        result.extend(_models(argument))
    return result
