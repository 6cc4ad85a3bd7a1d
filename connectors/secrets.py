"""Secrets by reference: configuration names where a secret lives, never the secret itself.

Three places are known: `env:NAME` (environment), `file:/path` (first 64 KiB of a regular file, one trailing line end
removed) and `prefect:block` (a Secret block, only where flows hand in a reader). Values exist as `SecretStr` and in the
header that carries them; they are in no repr, log or error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, SecretStr
from pydantic_core import CoreSchema, core_schema

from synchub.errors import ConfigError

_REFERENCE = re.compile(r"(env|file|prefect):(.{1,1000})", re.DOTALL)
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,200}")
_MAX_BYTES = 64 * 1024
_MAX_TEXT = 4000
_EXPECTED = "expected a reference: env:NAME, file:/path or prefect:block"

Resolve = Callable[[str], str]
"""Reads one reference (`"env:NAME"`) and returns its value; raises ConfigError."""


def is_reference(text: str) -> bool:
    """Tell whether a text has the form of a reference."""
    return _REFERENCE.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class SecretRef:
    """A setting that holds a secret: only the reference is kept, a literal is refused unseen.

    Settings models that use it set `hide_input_in_errors=True` (`connectors.settings.ConnectorSettings` does), else
    pydantic itself would repeat the refused literal.

    >>> SecretRef("env:GRAPH_SECRET")
    SecretRef('env:GRAPH_SECRET')
    """

    reference: str

    def __post_init__(self) -> None:
        if not is_reference(self.reference):
            msg = f"a secret is never written into the configuration; {_EXPECTED}"
            raise ValueError(msg)

    def __repr__(self) -> str:
        return f"SecretRef({self.reference!r})"

    def __str__(self) -> str:
        return self.reference

    def read(self, resolve: Resolve) -> SecretStr:
        """Fetch the value.

        Raises:
            ConfigError: The place does not exist, cannot be read or is empty.
        """
        return SecretStr(resolve(self.reference))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate from text."""
        return _text_schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe it for editors."""
        return {"type": "string", "pattern": "^(env|file|prefect):.+", "description": "Reference to a secret."}


@dataclass(frozen=True, slots=True)
class TextOrRef:
    """A setting that is no secret but may live elsewhere: a literal, or one of the references."""

    text: str

    def __str__(self) -> str:
        return self.text

    def read(self, resolve: Resolve) -> str:
        """Return the literal, or fetch what the reference names.

        Raises:
            ConfigError: As for `SecretRef.read`.
        """
        return resolve(self.text) if is_reference(self.text) else self.text

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate from text."""
        return _text_schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe it for editors."""
        return {"type": "string", "description": "Text, or a reference (env:NAME, file:/path, prefect:block)."}


def _text_schema(cls: type[SecretRef] | type[TextOrRef]) -> CoreSchema:
    """Validate with one function: a union would tell each fault once per branch."""

    def read(value: object) -> SecretRef | TextOrRef:
        if isinstance(value, cls):
            return value
        if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT:
            msg = f"expected a text of at most {_MAX_TEXT:,} characters"
            raise ValueError(msg)
        return cls(value)

    return core_schema.no_info_plain_validator_function(
        read, serialization=core_schema.plain_serializer_function_ser_schema(str)
    )


@dataclass(frozen=True, slots=True)
class Resolver:
    """Reads references; call it with one. The three places are handed in, nothing is read from the process.

    Attributes:
        environ: Environment variables.
        base_dir: Folder against which a relative `file:` path is taken.
        blocks: Reads a Prefect Secret block by name; None outside flows.
    """

    environ: Mapping[str, str]
    base_dir: Path
    blocks: Callable[[str], str] | None = None

    def __call__(self, reference: str) -> str:
        """Return the value behind a reference.

        Raises:
            ConfigError: No reference, or its place is missing, unreadable, empty or too large.
        """
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            raise ConfigError(f"a value that must be a reference is none; {_EXPECTED}.")
        scheme, name = match[1], match[2]
        value = {"env": self._env, "file": self._file, "prefect": self._block}[scheme](name)
        if not value:
            raise ConfigError(f"{scheme}:{name} is empty.", fix=f"Put the value there: {scheme}:{name}.")
        return value

    def __repr__(self) -> str:
        return f"Resolver(base_dir={str(self.base_dir)!r})"

    def _env(self, name: str) -> str:
        if not _ENV_NAME.fullmatch(name):
            raise ConfigError("a reference starts with env: but what follows is no variable name.", fix="Use env:NAME.")
        if name not in self.environ:
            raise ConfigError(
                f"the environment variable {name} is not set.", fix=f"Set {name}, or change the reference."
            )
        return self.environ[name]

    def _file(self, name: str) -> str:
        path = self.base_dir / name
        where = f"file:{name}"
        try:
            if not path.is_file():
                raise ConfigError("there is no such regular file.", where=where, fix="Create it or change the path.")
            with path.open("rb") as handle:
                raw = handle.read(_MAX_BYTES + 1)
        except OSError as exc:
            raise ConfigError(f"cannot be read: {exc.strerror}.", where=where, fix="Check path and rights.") from None
        if len(raw) > _MAX_BYTES:
            raise ConfigError("is larger than 64 KiB, no secret is.", where=where, fix="Check the path.")
        try:
            return raw.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise ConfigError("is not UTF-8 text.", where=where, fix="Store the secret as text.") from None

    def _block(self, name: str) -> str:
        if self.blocks is None:
            raise ConfigError(
                f"prefect:{name} can be read only inside a Prefect flow.", fix="Use env: or file: for the command line."
            )
        return self.blocks(name)
