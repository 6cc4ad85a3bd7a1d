"""Opening files below a configured root, and nothing else.

A name is resolved first, checked to lie below the root, and then opened one folder at a time without following links,
so that a link put there in between is an error and never a way out. Only regular files are read: a FIFO, socket or
device is refused without waiting for it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from connectors.files.limits import DEFAULT, Limits
from synchub.errors import ConfigError, InputError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(slots=True)
class Listing:
    """What a glob matched.

    Attributes:
        names: Paths below the root with `/`, sorted; every one is a name, not yet a readable file.
        problems: Folders that could not be listed, in words; with any of them the listing proves nothing.
    """

    names: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class OpenFile:
    """An open regular file with what was known of it when it was opened. A context manager.

    Attributes:
        name: Path below the root, for messages.
        handle: Unbuffered binary handle.
        size: Bytes at opening.
        modified_at: Time of the last change, seconds since 1970 UTC.
    """

    def __init__(self, name: str, descriptor: int, before: os.stat_result) -> None:
        self.name = name
        self.size = before.st_size
        self.modified_at = int(before.st_mtime)
        self.handle: BinaryIO = os.fdopen(descriptor, "rb", buffering=0)
        self._before = _fingerprint(before)

    def __enter__(self) -> OpenFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.handle.close()

    def has_changed(self) -> bool:
        """Tell whether somebody wrote to the file since it was opened (size or time of change).

        One that was replaced by another under its name, or removed, is still whole.
        """
        now = os.fstat(self.handle.fileno())
        return _fingerprint(now)[: 2 if now.st_nlink == 0 else 3] != self._before[: 2 if now.st_nlink == 0 else 3]


def _fingerprint(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


class Root:
    """A folder outside of which nothing is opened.

    Args:
        path: The folder; its own links are resolved once, here.
        limits: Number and size of files.

    Raises:
        InputError: There is no such folder.
    """

    def __init__(self, path: Path, limits: Limits = DEFAULT) -> None:
        self.limits = limits
        try:
            self.path = path.resolve(strict=True)
        except (OSError, RuntimeError) as exc:
            raise _no_root(path, "it does not exist" if isinstance(exc, FileNotFoundError) else str(exc)) from exc
        if not self.path.is_dir():
            raise _no_root(path, "it is no folder")

    def matching(self, pattern: str) -> Listing:
        """List the files whose path below the root matches a glob (`*`, `?`, `[abc]`, `**` for any depth).

        Names that start with a dot match only a pattern that says so. Links to folders are followed while they stay
        below the root, each folder once. Sidecars are not left out here.

        Raises:
            InputError: More files match than `limits.files`.
        """
        parts = pattern.split("/")
        match = compile_glob(pattern).fullmatch
        depth = None if "**" in parts else len(parts)
        found = Listing()
        for name in self._walk("", depth, found.problems, set()):
            if match(name):
                found.names.append(name)
                if len(found.names) > self.limits.files:
                    raise InputError(
                        f"more than {self.limits.files:,} files match {pattern!r}.",
                        where=str(self.path), fix="Narrow the glob, or move what was read out of the folder.",
                    )  # fmt: skip
        found.names.sort()
        return found

    def newest_first(self, names: Iterable[str]) -> list[str]:
        """Sort files by their time of change, newest first, equal ones by name; files that are gone come last."""
        return sorted(names, key=lambda name: (-self._modified_ns(name), name))

    def _modified_ns(self, name: str) -> int:
        try:
            return (self.path / name).stat().st_mtime_ns
        except OSError:
            return 0

    def _walk(self, folder: str, depth: int | None, problems: list[str], seen: set[str]) -> Iterator[str]:
        real = os.path.realpath(self.path / folder)
        if real in seen:
            return
        seen.add(real)
        if not self._is_below(real):
            problems.append(f"{folder}/ leads out of the root and was not listed")
            return
        try:
            with os.scandir(real) as entries:
                inside = [(entry.name, entry.is_dir()) for entry in entries]
        except OSError as exc:
            problems.append(f"{folder or '.'}/ unreadable ({exc.strerror})")
            return
        for name, is_folder in inside:
            path = f"{folder}/{name}" if folder else name
            if not is_folder:
                yield path
            elif depth is None or path.count("/") + 1 < depth:
                yield from self._walk(path, depth, problems, seen)

    def open(self, name: str, *, max_bytes: int | None = None) -> OpenFile:
        """Open one file for reading.

        Args:
            name: Path below the root.
            max_bytes: Largest size that is accepted; `limits.file_bytes` when not given.

        Raises:
            InputError: It leads out of the root, is no regular file, is too large, is gone or may not be read.
        """
        real = os.path.realpath(self.path / name)
        if not self._is_below(real):
            raise InputError(
                "leads out of the configured root and was not opened.",
                where=name, fix="Remove the link, or configure a root that holds the file.", reason="outside_root",
            )  # fmt: skip
        try:
            descriptor = self._open_step_by_step(PurePosixPath(real).relative_to(self.path))
        except OSError as exc:
            raise InputError(
                f"cannot be opened: {exc.strerror}.",
                where=name, fix="Check its rights, and that nobody moves files while they are read.",
                reason="unreadable",
            ) from exc  # fmt: skip
        try:
            status = os.fstat(descriptor)
            self._check(name, status, self.limits.file_bytes if max_bytes is None else max_bytes)
        except InputError:
            os.close(descriptor)
            raise
        return OpenFile(name, descriptor, status)

    def read_small(self, name: str) -> bytes | None:
        """Read a sidecar as a whole; None when there is none.

        Raises:
            InputError: As for `open`, or it is larger than `limits.sidecar_bytes`.
        """
        if not os.path.lexists(self.path / name):
            return None
        with self.open(name, max_bytes=self.limits.sidecar_bytes) as file:
            return file.handle.read(self.limits.sidecar_bytes + 1) if file.size else b""

    def _is_below(self, real: str) -> bool:
        return real == str(self.path) or PurePosixPath(real).is_relative_to(self.path)

    def _open_step_by_step(self, path: PurePosixPath) -> int:
        folder = os.open(self.path, _FOLDER)
        try:
            for part in path.parts[:-1]:
                inner = os.open(part, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            return os.open(path.name, _FILE, dir_fd=folder)
        finally:
            os.close(folder)

    def _check(self, name: str, status: os.stat_result, max_bytes: int) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise InputError(
                "is no regular file and was not read.",
                where=name, fix="Remove it, or narrow the glob.", reason="no_regular_file",
            )  # fmt: skip
        if status.st_size > max_bytes:
            raise InputError(
                f"has {status.st_size:,} bytes, the limit is {max_bytes:,}.",
                where=name, fix="Split the file, or deliver it as NDJSON or CSV, which are read piece by piece.",
                reason="file_too_large",
            )  # fmt: skip


def _no_root(path: Path, why: str) -> InputError:
    return InputError(f"the root cannot be read: {why}.", where=str(path), fix="Correct `root`, or mount the folder.")


def check_glob(pattern: str) -> str:
    """Return a glob that stays below the root.

    Raises:
        ConfigError: It is empty, absolute, or goes up.
    """
    parts = pattern.split("/")
    if not pattern or pattern.startswith("/") or ".." in parts or "" in parts or "\\" in pattern or "\x00" in pattern:
        raise ConfigError(f"the glob {pattern!r} is not a path below the root.", fix="Write for example 'po_*.csv'.")
    return pattern


def compile_glob(pattern: str) -> re.Pattern[str]:
    """Translate a glob; `*` and `?` stop at `/`, `**` is any number of folders.

    >>> bool(compile_glob("**/po_*.csv").fullmatch("2026/11/po_1.csv"))
    True
    >>> bool(compile_glob("po_*.csv").fullmatch("old/po_1.csv"))
    False
    """
    parts = pattern.split("/")
    last = len(parts) - 1
    steps = []
    for index, part in enumerate(parts):
        if part == "**":
            steps.append("(?:[^/.][^/]*/)*" if index < last else "(?:[^/.][^/]*/)*[^/.][^/]*")
        else:
            steps.append(_compile_part(part) + ("/" if index < last else ""))
    return re.compile("".join(steps))


def _compile_part(part: str) -> str:
    out = ["(?!\\.)"] if part[0] in "*?[" else []
    index = 0
    while index < len(part):
        char = part[index]
        if char == "*":
            if index == 0 or part[index - 1] != "*":  # `a**b` is `a*b`: repeated stars would backtrack
                out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "[" and "]" in part[index + 2 :]:
            end = part.index("]", index + 2)
            inside = part[index + 1 : end].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
            out.append(f"[^{inside[1:]}/]" if inside.startswith("!") else f"[{inside}]")
            index = end
        else:
            out.append(re.escape(char))
        index += 1
    return "".join(out)
