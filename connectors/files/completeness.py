"""Whether the files of a stream are all there and whole: judged from what was counted and what was promised.

A snapshot proves itself or says why not. The promise comes from a manifest (`<name>.manifest`, or `manifest.json` or
`manifest.csv` in the folder of the file), from a trailer row, from a count beside the file (`<name>.count`), or from
the configuration (`always`: what is there is everything).
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import orjson

from connectors.files.reading import Tally
from connectors.files.root import OpenFile, Root
from connectors.files.settings import CompleteWhen
from synchub.domain.records import End
from synchub.errors import InputError

SIDECARS = (".manifest", ".count")
MANIFESTS = ("manifest.json", "manifest.csv")
_SHOWN = 3  # problems named in the proof; all of them are dead letters or warnings as well


@dataclass(frozen=True, slots=True)
class Promise:
    """What a sidecar says of one file.

    Attributes:
        count: Records in it; None when only its presence is promised.
        sha256: Digest of its bytes, lower case; empty when none is given.
    """

    count: int | None = None
    sha256: str = ""


def is_sidecar(name: str) -> bool:
    """Tell whether a file only speaks about others."""
    return name.endswith(SIDECARS) or PurePosixPath(name).name in MANIFESTS


@dataclass(slots=True)
class Judge:
    """Follows the files of one read and says at the end what they prove.

    Attributes:
        root: Where sidecars are looked up.
        rule: What has to prove completeness.
        scope: What was asked for.
        problems: Reasons why the snapshot is not complete, in the order in which they were seen.
        newest: Time of change of the newest file that was opened, seconds since 1970 UTC.
    """

    root: Root
    rule: CompleteWhen
    scope: str
    problems: list[str] = field(default_factory=list)
    newest: int = 0
    _records: int = 0
    _files: int = 0
    _promises: dict[str, Promise] = field(default_factory=dict)

    def expect(self, names: Iterable[str], matches: Any) -> None:
        """Read the sidecars of the files that are going to be read.

        Args:
            names: Files found.
            matches: Tells whether a file named in a manifest belongs to the stream.
        """
        found = set(names)
        if self.rule == "manifest":
            for folder in sorted({str(PurePosixPath(name).parent) for name in found} | {"."}):
                for manifest in MANIFESTS:
                    self._read_folder_manifest(folder, manifest, matches)
            for name in sorted(found):
                self._read_file_manifest(name)
            self.problems.extend(f"{name} is missing" for name in sorted(self._promises.keys() - found))
            for name in sorted(found - self._promises.keys()):
                self.problems.append(f"no manifest names {name}")
        elif self.rule == "count":
            for name in sorted(found):
                self._read_count(name)

    def _read_folder_manifest(self, folder: str, manifest: str, matches: Any) -> None:
        name = manifest if folder == "." else f"{folder}/{manifest}"
        for file, promise in self._sidecar(name, read_manifest).items():
            path = file if folder == "." else f"{folder}/{file}"
            if matches(path):
                self._promises[path] = promise

    def _read_file_manifest(self, name: str) -> None:
        entries = self._sidecar(f"{name}.manifest", read_manifest)
        base = PurePosixPath(name).name
        promise = entries.get(base) or entries.get("") or (next(iter(entries.values())) if len(entries) == 1 else None)
        if promise:
            self._promises[name] = promise

    def _read_count(self, name: str) -> None:
        counts = self._sidecar(f"{name}.count", lambda data: {"": Promise(_count(data.decode("utf-8-sig").strip()))})
        if "" in counts:
            self._promises[name] = counts[""]
        elif not any(problem.startswith(f"{name}.count") for problem in self.problems):
            self.problems.append(f"{name}.count is missing")

    def _sidecar(self, name: str, parse: Any) -> dict[str, Promise]:
        try:
            data = self.root.read_small(name)
            return parse(data) if data is not None else {}
        except (InputError, UnicodeDecodeError) as exc:
            why = exc.message.rstrip(".") if isinstance(exc, InputError) else "is no UTF-8"
            self.problems.append(f"{name} {why}")
            return {}

    def check_digest(self, file: OpenFile) -> str:
        """Compare a file with the SHA-256 promised for it; return the problem, or an empty text."""
        promise = self._promises.get(file.name)
        if promise is None or not promise.sha256:
            return ""
        digest = hashlib.sha256()
        while block := file.handle.read(1 << 20):
            digest.update(block)
        file.handle.seek(0)
        return "" if digest.hexdigest() == promise.sha256 else "its SHA-256 is not the manifest's"

    def add(self, tally: Tally) -> None:
        """Take the counts of a file that was read."""
        self._files += 1
        self._records += tally.records
        if tally.cut:
            self.problems.append(f"{tally.name} {tally.cut}")
        elif self.rule == "trailer" and tally.trailer is None:
            self.problems.append(f"{tally.name} has no trailer row: it was cut")
        elif tally.after_trailer:
            self.problems.append(f"{tally.name} goes on after its trailer row")
        promise = self._promises.get(tally.name)
        count = tally.trailer if self.rule == "trailer" else promise.count if promise else None
        if count is not None and tally.records + tally.rejected != count:
            self.problems.append(f"{tally.name} holds {tally.records + tally.rejected:,} of {count:,} records")
        elif tally.rejected and not tally.cut:
            self.problems.append(f"{tally.name} has {tally.rejected:,} rejected of {tally.records + tally.rejected:,}")

    def fail(self, problem: str) -> None:
        """Add a reason why the snapshot is not complete."""
        self.problems.append(problem)

    def end(self, *, limited: int | None = None) -> End:
        """Judge the whole read."""
        if limited is not None:
            return End(complete=False, proof=f"stopped after {limited:,} records, as asked", scope=self.scope)
        if self.rule == "never":
            proof = f"{self._records:,} records in {self._files:,} files; complete_when is never"
            as_of = None if self.problems else self.newest or None
            return End(complete=False, proof=self._with_problems(proof), scope=self.scope, as_of=as_of)
        if self.rule == "always" and not self._records and not self.problems:
            self.problems.append("no records at all, which proves nothing")
        if self.problems:
            return End(complete=False, proof=self._with_problems(""), scope=self.scope)
        word = "file set" if self.rule == "always" else self.rule
        return End(complete=True, proof=f"{word} {self._records:,}", scope=self.scope, as_of=self.newest or None)

    def _with_problems(self, start: str) -> str:
        shown = [start] if start else []
        shown += self.problems[:_SHOWN]
        if len(self.problems) > _SHOWN:
            shown.append(f"and {len(self.problems) - _SHOWN:,} more")
        return "; ".join(shown)


def read_manifest(data: bytes) -> dict[str, Promise]:
    r"""Read a manifest: JSON or CSV with `name`, and if they are promised `count` and `sha256`.

    JSON may be a list of such objects, that list under `files`, an object by file name, or one object without a name
    for the single file beside it. Names may hold folders below that of the manifest.

    >>> read_manifest(b"name,count\npo_1.csv,38214\n")
    {'po_1.csv': Promise(count=38214, sha256='')}

    Raises:
        InputError: It is neither, or a count or digest in it is none.
    """
    text = data.decode("utf-8-sig").strip()
    entries = _json_entries(text) if text[:1] in "{[" and text else _csv_entries(text)
    return {name: _promise(entry) for name, entry in entries}


def _json_entries(text: str) -> list[tuple[str, dict[str, Any]]]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        raise InputError(f"is no JSON ({exc})") from exc
    if isinstance(document, dict) and "files" in document:
        document = document["files"]
    if isinstance(document, dict) and document and all(isinstance(value, dict) for value in document.values()):
        return list(document.items())
    items = document if isinstance(document, list) else [document]
    if not all(isinstance(item, dict) for item in items):
        raise InputError("lists something else than objects")
    return [(str(item.get("name") or item.get("file") or ""), item) for item in items]


def _csv_entries(text: str) -> list[tuple[str, dict[str, Any]]]:
    if not text:
        raise InputError("is empty")
    first = text.splitlines()[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    try:
        items = [{str(key).strip().lower(): value for key, value in row.items()} for row in rows]
    except csv.Error as exc:
        raise InputError(f"is no CSV ({exc})") from exc
    if items and not {"name", "file"} & items[0].keys():
        raise InputError("has no column name")
    return [(str(item.get("name") or item.get("file") or ""), item) for item in items]


def _promise(entry: dict[str, Any]) -> Promise:
    count = entry.get("count", entry.get("records"))
    digest = str(entry.get("sha256") or "").strip().lower()
    if digest and (len(digest) != 64 or not set(digest) <= set("0123456789abcdef")):
        raise InputError("holds a sha256 that is none")
    return Promise(None if count in (None, "") else _count(str(count).strip()), digest)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise InputError("holds a count that is no whole number")
    return int(text)
