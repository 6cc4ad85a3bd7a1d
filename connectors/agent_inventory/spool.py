"""The folder into which received inventories go, one file per device, the newest of each.

A file is the device in the JSON form, packed with gzip, without what is never kept (`payloads.DROPPED_SECTIONS`): the
same file that an agent would have put there, so that the source reads it like any other.
"""

from __future__ import annotations

import fcntl
import gzip
import os
import re
import threading
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple

import orjson

from connectors.agent_inventory.derived import derive
from connectors.files.limits import DEFAULT
from synchub.errors import ConfigError, InputError, Unavailable

FOLDER = "received"
Stored = Literal["stored", "older", "other_machine"]
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_STRIPES = 64
_MAX_KEY = 1000
_AHEAD_S = 86_400  # an inventory from further in the future says nothing about which is newer


class _Entry(NamedTuple):
    """What is known of a stored file: the time inside (None: it does not tell) and the serial number."""

    moment: datetime | None
    serial: str


class Spool:
    """Writes inventories so that a reader sees whole files only, the newest of each device.

    One process may write to a folder at a time.

    Args:
        root: Root of the source; made, for the hub only, where it is missing.
        max_devices: Files beyond which new devices are refused; known ones are still taken.

    Raises:
        ConfigError: The folder cannot be made or written, or another process writes to it.
    """

    def __init__(self, root: Path, max_devices: int) -> None:
        self.folder = root / FOLDER
        self._max = max_devices
        self._locks = [threading.Lock() for _ in range(_STRIPES)]
        self._count_lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(self.folder / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise ConfigError(
                f"the folder for inventories cannot be used: {exc.strerror}.",
                where=str(self.folder), fix="Give the hub's user the right to write there.",
            ) from None  # fmt: skip
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise ConfigError(
                "another process receives inventories into this folder.",
                where=str(self.folder), fix="Stop it, or give each its own root.",
            ) from None  # fmt: skip
        names = [path.name for path in self.folder.iterdir()]
        self._names = {name for name in names if not name.startswith(".")}
        for name in names:  # cut off while they were written
            if name.startswith(".") and name.endswith(".tmp"):
                (self.folder / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Let another process write."""
        os.close(self._lock)

    def waiting(self) -> int:
        """Count the files."""
        return len(self._names)

    def put(self, device: dict[str, Any], now: int) -> Stored:
        """Store a device, unless a newer inventory of it is there.

        Args:
            device: As `payloads.parse` yields it.
            now: The hub's time, seconds since 1970 UTC.

        Raises:
            InputError: Nothing tells it from other devices, or it is a new one and the folder is full.
            Unavailable: The disk refuses it.
        """
        derived = derive(device)
        key = derived.get("key")
        if not key:
            raise InputError("it holds neither a deviceid nor anything else of its own.", reason="no_key")
        if len(key) > _MAX_KEY:
            raise InputError(f"its deviceid has more than {_MAX_KEY:,} characters.", reason="no_key")
        name = file_name(str(key))
        entry = _Entry(_moment(derived.get("inventoried_at")), str(derived.get("serial") or ""))
        with self._locks[zlib.crc32(name.encode()) % _STRIPES]:
            stored = self._stored(name)
            if stored is not None and _is_older(entry, stored, now):
                return "older"
            with self._count_lock:
                if name not in self._names and len(self._names) >= self._max:
                    raise InputError(f"{self._max:,} devices are stored, no new one is taken.", reason="full")
                self._names.add(name)
            self._write(name, pack(orjson.dumps(device, option=orjson.OPT_SORT_KEYS)))
            self._entries[name] = entry
        is_other = stored is not None and bool(stored.serial and entry.serial) and stored.serial != entry.serial
        return "other_machine" if is_other else "stored"

    def _stored(self, name: str) -> _Entry | None:
        """Return what is known of a stored file; read once after a start."""
        if name in self._names and name not in self._entries:
            try:
                device = orjson.loads(gzip.decompress((self.folder / name).read_bytes()))
                derived = derive(device)
                found = _Entry(_moment(derived.get("inventoried_at")), str(derived.get("serial") or ""))
            except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, zlib.error):
                return None  # somebody else's, gone or damaged: what comes now is better
            self._entries[name] = found
        return self._entries.get(name)

    def _write(self, name: str, data: bytes) -> None:
        path = self.folder / name
        part = self.folder / f".{name}.{threading.get_ident()}.tmp"
        try:
            descriptor = os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            self._sync_folder()
        except OSError as exc:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            with self._count_lock:
                if not path.exists():
                    self._names.discard(name)
            raise Unavailable(f"it could not be stored: {exc.strerror}.", where=str(self.folder)) from exc

    def _sync_folder(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def file_name(key: str) -> str:
    """Name the file of a device: what a person recognises of its key, then a digest of the whole.

    >>> file_name("NB-5CG81F-2026-01-02-03-04-05").partition(".")[2]
    'json.gz'
    """
    digest = sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return f"{_NOT_A_NAME.sub('_', key)[:40]}.{digest}.json.gz".lstrip("._")


def pack(data: bytes) -> bytes:
    """Pack with gzip, at most as tightly as the reader believes (`Limits.ratio`)."""
    packed = gzip.compress(data, compresslevel=6, mtime=0)
    if len(data) > max(DEFAULT.ratio_from, len(packed) * DEFAULT.ratio):
        return gzip.compress(data, compresslevel=0, mtime=0)
    return packed


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _is_older(new: _Entry, stored: _Entry, now: int) -> bool:
    if new.moment is None or stored.moment is None or (new.moment.tzinfo is None) != (stored.moment.tzinfo is None):
        return False
    aware = stored.moment if stored.moment.tzinfo else stored.moment.replace(tzinfo=UTC)
    return new.moment < stored.moment and aware.timestamp() <= now + _AHEAD_S
