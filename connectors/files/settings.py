"""What is configured for file sources."""

from __future__ import annotations

import codecs
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from connectors.files.root import check_glob
from connectors.settings import ConnectorSettings
from synchub.errors import ConfigError

Format = Literal["ndjson", "json", "csv", "xlsx", "xml"]
CompleteWhen = Literal["manifest", "trailer", "count", "always", "never"]

FORMATS: dict[str, Format] = {
    ".ndjson": "ndjson", ".jsonl": "ndjson", ".json": "json", ".csv": "csv", ".tsv": "csv", ".txt": "csv",
    ".xlsx": "xlsx", ".xml": "xml",
}  # fmt: skip
PEOPLE_STREAMS = frozenset(
    {"people", "person", "persons", "employee", "employees", "worker", "workers", "staff", "users", "hr"}
)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _glob(pattern: str) -> str:
    try:
        return check_glob(pattern)
    except ConfigError as exc:
        raise ValueError(str(exc)) from exc


def _encoding(name: str) -> str:
    if name == "auto":
        return name
    try:
        info = codecs.lookup(name)
    except LookupError as exc:
        msg = "unknown encoding; write auto, utf-8, utf-16, cp1252, latin-1 …"
        raise ValueError(msg) from exc
    # Codecs such as zlib or rot13 are no encodings of text, and Python has no other public way to tell.
    if not getattr(info, "_is_text_encoding", True):
        msg = "this codec is no encoding of text"
        raise ValueError(msg)
    return info.name


def parse_duration(value: Any) -> Any:
    """Read `26h`, `15m`, `7d` or `90s`; anything else is left to the model.

    >>> parse_duration("26h")
    datetime.timedelta(days=1, seconds=7200)
    """
    if isinstance(value, str) and value[-1:] in _UNITS and value[:-1].isascii() and value[:-1].isdigit():
        return timedelta(**{_UNITS[value[-1]]: min(int(value[:-1]), 1_000_000)})
    return value


Character = Annotated[str, StringConstraints(min_length=1, max_length=1)]


class StreamSettings(ConnectorSettings):
    """One stream: which files, how they are read, and what proves that they are all there."""

    glob: Annotated[str, AfterValidator(_glob)] = Field(description="Files below the root, e.g. `po_*.csv`.")
    format: Format | None = Field(default=None, description="Told from the ending of the name if absent.")
    delimiter: Character | None = Field(default=None, description="CSV: told from the header if absent.")
    quote: Character = Field(default='"', description="CSV: the quoting character.")
    encoding: Annotated[str, AfterValidator(_encoding)] = Field(
        default="auto", description="Text: `auto` reads byte order marks, UTF-16, UTF-8 and else Windows-1252."
    )
    columns: list[Annotated[str, StringConstraints(min_length=1)]] | None = Field(
        default=None, description="CSV and XLSX: names of the columns where the file has no header."
    )
    skip_rows: int = Field(default=0, ge=0, le=10_000, description="CSV and XLSX: rows before the header.")
    sheet: str | None = Field(default=None, description="XLSX: name of the worksheet; the first if absent.")
    item: str | None = Field(default=None, description="XML: element of one record. JSON: path of the list.")
    decimal: Literal[".", ","] | None = Field(default=None, description="Decimal sign of numbers and money.")
    dates: str | None = Field(default=None, description="Format of dates, as strptime, e.g. `%d.%m.%Y`.")
    timezone: str | None = Field(default=None, description="Zone of times without one, e.g. `Europe/Berlin`.")
    complete_when: CompleteWhen = Field(default="never", description="What proves that everything is there.")
    trailer: str = Field(default="TRAILER", min_length=1, description="First cell of the trailer row.")
    fresh_within: Annotated[timedelta, BeforeValidator(parse_duration)] | None = Field(
        default=None, description="The newest file is at most this old, e.g. `26h`."
    )
    maps: list[str] = Field(default_factory=list, description="The user's own field maps.")
    map: str | None = Field(default=None, description="Name of the shipped field map; the stream's if absent.")
    personal: bool | None = Field(
        default=None, description="Holds people; told from the words in the stream's and the map's name if absent."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.columns is not None and len(set(self.columns)) != len(self.columns):
            msg = "columns names one column twice"
            raise ValueError(msg)
        if self.delimiter is not None and (self.delimiter == self.quote or self.delimiter in '\r\n"'):
            msg = "delimiter must differ from the quote and from line ends"
            raise ValueError(msg)
        if self.fresh_within is not None and self.fresh_within <= timedelta(0):
            msg = "fresh_within must be longer than zero"
            raise ValueError(msg)
        return self

    def format_of(self, name: str) -> Format | None:
        """Return the configured format, or the one told from the ending of a file name; None when it is unknown."""
        return self.format or FORMATS.get(Path(name).suffix.lower())

    def options(self) -> dict[str, str]:
        """Return what the field map takes as default options of its transforms (`decimal`, `dates`, `timezone`)."""
        known = {"decimal": self.decimal, "dates": self.dates, "timezone": self.timezone}
        return {name: value for name, value in known.items() if value is not None}


class FilesSettings(ConnectorSettings):
    """A file source: a root and its streams."""

    root: Path = Field(description="Folder below which files are opened; relative to the configuration file.")
    streams: dict[str, StreamSettings] = Field(min_length=1, description="Streams by name.")
