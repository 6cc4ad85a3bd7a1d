"""Agent inventories from a folder: one record per device, the JSON and the XML form in one shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import orjson

from connectors.agent_inventory.derived import derive
from connectors.agent_inventory.payloads import parse
from connectors.agent_inventory.settings import ENDINGS, InventoryStream
from connectors.files.folder import FolderSource
from connectors.files.limits import MIB
from connectors.files.root import OpenFile
from synchub.domain.records import End, Page, Rejected
from synchub.errors import InputError
from synchub.ports import StreamInfo

_FILE_BYTES = 64 * MIB
_MAX_WARNINGS = 20
_APART_S = 600  # files that were copied or checked out together say nothing by their times


class _Seen(NamedTuple):
    """One inventory: its own time (may be empty), who the device says it is, its file and when that changed."""

    moment: str
    who: str
    where: str
    modified_at: int

    def is_older_than(self, other: _Seen) -> bool | None:
        """Compare two inventories under one id; None when nothing tells."""
        if self.who != other.who:
            return None
        if self.moment and other.moment:
            return None if self.moment == other.moment else self.moment < other.moment
        apart = other.modified_at - self.modified_at
        return apart > 0 if abs(apart) > _APART_S else None


@dataclass(slots=True)
class _Read:
    """What one read of the folder has seen so far.

    `seen` holds one short entry per device, so that memory grows with their number and not with their inventories.
    """

    files: int = 0
    records: int = 0
    problems: int = 0
    first_problem: str = ""
    superseded: int = 0
    newest: int = 0
    seen: dict[str, _Seen] = field(default_factory=dict)

    def fail(self, problem: str) -> None:
        self.problems += 1
        self.first_problem = self.first_problem or problem


class AgentInventorySource(FolderSource[InventoryStream]):
    """Reads inventories; one file is held at a time."""

    def streams(self) -> Mapping[str, StreamInfo]:
        """List the configured streams; all are snapshots."""
        return {
            name: StreamInfo(name=name, map=f"{stream.map or name}.yaml")
            for name, stream in self._settings.streams.items()
        }

    def options(self, stream: str) -> dict[str, str]:
        """Return the default options of the field map's transforms: `timezone`, if configured.

        Raises:
            ConfigError: There is no such stream.
        """
        zone = self._stream(stream).timezone
        return {"timezone": zone} if zone else {}

    def read(self, stream: str, *, cursor: str | None = None, limit: int | None = None) -> Iterator[Page]:  # noqa: ARG002
        """Yield one record per device, newest file first; see `synchub.ports.Source.read`.

        Two files of one device are two inventories of it: the older one is left out, told by its own time. Files that
        carry the same id for devices that say they are different (a cloned agent), or without a time, are all kept.

        Raises:
            ConfigError: There is no such stream.
            InputError: No file matches, or too many do.
        """
        settings = self._stream(stream)
        names, problems = self._names(settings)
        state = _Read()
        for problem in problems:
            state.fail(problem)
        for name in names:
            page = self._file(name, state)
            if limit is not None and state.records + len(page.payloads) >= limit:
                proof = f"stopped after {limit:,} records, as asked"
                end = End(complete=False, proof=proof, scope=self._scope(settings))
                keep = max(limit - state.records, 0)
                yield replace(page, payloads=page.payloads[:keep], positions=page.positions[:keep], end=end)
                return
            state.records += len(page.payloads)
            yield page
        warnings = problems[:_MAX_WARNINGS] + self._stale(settings, state.newest)
        yield Page(origin=self._scope(settings), warnings=warnings, end=self._end(settings, state))

    def _scope(self, settings: InventoryStream) -> str:
        return f"{self._settings.root}/{settings.glob or '**/*'}"

    def _names(self, settings: InventoryStream) -> tuple[list[str], list[str]]:
        found = self._root.matching(settings.glob or "**/*")
        names = [n for n in found.names if settings.glob or n.lower().endswith(ENDINGS)]
        if not names:
            unlisted = f" ({'; '.join(found.problems[:3])})" if found.problems else ""
            raise InputError(
                f"no inventory matches {settings.glob or '**/*'!r} below {self._root.path}{unlisted}: that is not "
                "taken for an empty delivery.",
                where=self.name, fix="Check root and glob, and that agents deliver there.",
            )  # fmt: skip
        return self._root.newest_first(names), found.problems

    def _file(self, name: str, state: _Read) -> Page:
        """Read one file; all of it or nothing becomes records."""
        state.files += 1
        try:
            with self._root.open(name, max_bytes=_FILE_BYTES) as file:
                state.newest = max(state.newest, file.modified_at)
                devices = list(parse(_whole(file), self._limits))
            return _page(devices, name, file.modified_at, state)
        except InputError as exc:
            state.fail(f"{name}: {exc.message.rstrip('.')}")
            reason = str(exc.context.get("reason", "unreadable"))
            return Page(origin=name, rejected=(Rejected(name, reason, f"{exc.message} {exc.fix}"),))
        except OSError as exc:
            state.fail(f"{name} unreadable")
            message = f"reading failed: {exc.strerror}. Check the disk or the mount."
            return Page(origin=name, rejected=(Rejected(name, "unreadable", message),))

    def _end(self, settings: InventoryStream, state: _Read) -> End:
        counts = f"{state.records:,} devices in {state.files:,} files"
        if state.superseded:
            counts += f", {state.superseded:,} of them older inventories"
        if settings.complete_when == "never":
            proof = f"{counts}; complete_when is never"
            as_of = None if state.problems else state.newest or None
            return End(complete=False, proof=proof, scope=self._scope(settings), as_of=as_of)
        if state.problems:
            more = f" and {state.problems - 1:,} more" if state.problems > 1 else ""
            return End(complete=False, proof=f"{state.first_problem}{more}", scope=self._scope(settings))
        proof = f"all files listed: {counts}"
        return End(complete=True, proof=proof, scope=self._scope(settings), as_of=state.newest or None)

    def _stale(self, settings: InventoryStream, newest: int) -> list[str]:
        if settings.fresh_within is None or not newest:
            return []
        age = self._clock.now() - newest
        if age <= settings.fresh_within.total_seconds():
            return []
        return [f"the newest inventory is {age / 3600:,.0f} hours old, allowed are {settings.fresh_within}"]


def _whole(file: OpenFile) -> bytes:
    data = b"".join(iter(lambda: file.handle.read(MIB), b""))
    if file.has_changed() or len(data) != file.size:
        raise InputError(
            "the file changed while it was read.", fix="Deliver under another name and rename at the end.",
            reason="changed_while_read",
        )  # fmt: skip
    return data


def _page(devices: list[dict[str, Any]], name: str, modified_at: int, state: _Read) -> Page:
    payloads, positions, rejected, warnings = [], [], [], []
    for number, device in enumerate(devices, 1):
        derived = derive(device)
        if not derived.get("key"):
            state.fail(f"{name} has a device without a key")
            message = "it holds neither a deviceid nor anything else of its own. Let the agent send its deviceid."
            rejected.append(Rejected(f"{name}:{number}", "no_key", message))
            continue
        is_kept, warning = _compare(derived, f"{name}:{number}", modified_at, state)
        warnings += warning
        if is_kept:
            payloads.append(orjson.dumps({**device, "derived": derived}, option=orjson.OPT_SORT_KEYS))
            positions.append(number)
    return Page(tuple(payloads), name, tuple(positions), 1, tuple(rejected), tuple(warnings))


def _compare(derived: dict[str, Any], where: str, modified_at: int, state: _Read) -> tuple[bool, list[str]]:
    """Tell whether a device is a record of its own, beside what was read before; may change its key.

    Returns:
        Whether it is kept, and what a person should know.
    """
    key = derived["key"]
    who = f"{derived.get('serial')}|{derived.get('model')}|{','.join(derived.get('macs', []))}"
    this = _Seen(str(derived.get("inventoried_at", "")), who, where, modified_at)
    earlier = state.seen.get(key)
    warnings = []
    if earlier is not None:
        older = this.is_older_than(earlier)
        if older:
            state.superseded += 1
            return False, [f"{where}: an older inventory of {key!r}; {earlier.where} is newer"]
        if older is None:
            derived["key"] = key = f"{key}|{where}"
            warnings.append(
                f"{where}: the id is also in {earlier.where} and nothing tells which is newer: both are kept"
            )
    state.seen[key] = this
    return True, warnings
