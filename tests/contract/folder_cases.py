"""Everything that reads a folder, as the conformance kit sees it: the system is the folder."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from connectors.agent_inventory.settings import AgentInventorySettings
from connectors.agent_inventory.source import AgentInventorySource
from connectors.files.settings import FilesSettings
from connectors.files.source import FilesSource
from connectors.kit import SourceCase, SourceRun
from connectors.nmap.settings import NmapSettings
from connectors.nmap.source import NmapSource
from connectors.procurement.settings import ProcurementSettings
from connectors.procurement.source import ProcurementSource
from connectors.registry import Context
from synchub.ports import Source

_HTTP = "a folder has no requests, logins or answers"
_EXEMPT = dict.fromkeys(
    (
        "three_pages", "short_page", "empty_page_in_the_middle", "duplicate_page", "endless_list", "login_refused",
        "token_expired", "status_401", "status_403", "status_404", "status_409_412", "throttled_seconds",
        "throttled_date", "throttled_silently", "throttled_for_ever", "down_then_up", "down", "cut_off", "truncated",
        "truncated_for_ever", "malformed", "clock_skew", "clock_skew_resume", "foreign_link", "secrets_echoed",
    ),
    _HTTP,
)  # fmt: skip
_EXEMPT |= dict.fromkeys(("drift_insert", "drift_delete"), "files that change while they are read have unit tests")


class _Folder:
    """A folder whose records are written anew after every change."""

    def __init__(self, key_field: str, write: Callable[[Path, list[dict[str, Any]]], None], count: int) -> None:
        self.path = Path(tempfile.mkdtemp())
        self._key_field, self._write = key_field, write
        self._records = [self._new(number) for number in range(count)]
        self._save()

    def _new(self, number: int) -> dict[str, Any]:
        return {self._key_field: f"r-{number:04d}", "note": f"record {number}", "site": "BER-01"}

    def _save(self) -> None:
        self._write(self.path, self._records)

    def keys(self) -> set[str]:
        return {record[self._key_field] for record in self._records if self._key_field in record}

    def change(self, key: str, values: Mapping[str, Any]) -> None:
        record = next(r for r in self._records if r.get(self._key_field) == key)
        for name, value in values.items():
            if value is ...:
                record.pop(name, None)
            else:
                record[name] = value
        self._save()

    def insert(self, count: int) -> None:
        self._records[:0] = [self._new(10_000 + number) for number in range(count)]
        self._save()

    def delete(self, key: str) -> None:
        self._records = [r for r in self._records if r.get(self._key_field) != key]
        self._save()

    def run(self, open_source: Callable[[Context], Source], stream: str) -> SourceRun:
        def refuse(fault: object) -> None:
            msg = f"a folder cannot show {fault}"
            raise NotImplementedError(msg)

        return SourceRun(
            open=open_source, stream=stream, inject=refuse, keys=self.keys, change=self.change, insert=self.insert,
            delete=self.delete, sent=list, secrets=list, stop=lambda: shutil.rmtree(self.path),
        )  # fmt: skip


def _write_lines(folder: Path, records: list[dict[str, Any]]) -> None:
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "records.ndjson").write_text(lines, encoding="utf-8")
    (folder / "records.ndjson.count").write_text(str(len(records)))


def _start_files(count: int) -> SourceRun:
    folder = _Folder("id", _write_lines, count)
    settings = FilesSettings.model_validate(
        {"root": str(folder.path), "streams": {"records": {"glob": "*.ndjson", "complete_when": "count"}}}
    )
    return folder.run(lambda context: FilesSource("erp", settings, context.base_dir, context.clock), "records")


def _write_inventories(folder: Path, records: list[dict[str, Any]]) -> None:
    for path in folder.glob("*.json"):
        path.unlink()
    for number, record in enumerate(records):
        content = {"hardware": {"name": record.get("deviceid", "x")}}
        (folder / f"{number:03d}.json").write_text(json.dumps({**record, "content": content}))


def _start_inventories(count: int) -> SourceRun:
    folder = _Folder("deviceid", _write_inventories, count)
    settings = AgentInventorySettings.model_validate({"root": str(folder.path)})
    return folder.run(
        lambda context: AgentInventorySource("scan", settings, context.base_dir, context.clock), "inventories"
    )


FILES = SourceCase(
    name="files",
    start=_start_files,
    page=3,
    key_of=lambda payload: str(payload["id"]),
    key_field="id",
    text_field="note",
    optional_field="site",
    is_list=lambda _sent: False,
    exempt={**_EXEMPT, "missing_key": "the key of a row is the field map's business"},
)

INVENTORIES = SourceCase(
    name="agent_inventory",
    start=_start_inventories,
    page=3,
    key_of=lambda payload: str(payload["derived"]["key"]),
    key_field="deviceid",
    text_field="note",
    optional_field="site",
    is_list=lambda _sent: False,
    exempt={**_EXEMPT, "empty": "a folder without inventories is an error: it looks like a disk that is not mounted"},
)


def _write_scan(folder: Path, records: list[dict[str, Any]]) -> None:
    hosts = "".join(
        f'<host comment={quoteattr(str(record.get("@comment", "")))}><status state="up"/>'
        f'{_address(number) if record.get("@key") else ""}'
        f'<hostnames><hostname name={quoteattr(str(record.get("@key", "")))} type="PTR"/></hostnames></host>'
        for number, record in enumerate(records, 1)
    )  # fmt: skip
    end = f'<runstats><finished exit="success"/><hosts up="{len(records)}"/></runstats>'
    (folder / "scan.xml").write_text(f'<nmaprun scanner="nmap" start="1">{hosts}{end}</nmaprun>', encoding="utf-8")


def _address(number: int) -> str:
    return f'<address addr="10.0.{number // 250}.{number % 250 + 1}" addrtype="ipv4"/>'


def _start_scans(count: int) -> SourceRun:
    folder = _Folder("@key", _write_scan, count)
    settings = NmapSettings.model_validate({"root": str(folder.path)})
    return folder.run(lambda context: NmapSource("scan", settings, context.base_dir, context.clock), "hosts")


_XML = "XML has neither control characters nor types of values: its own unit tests have hostile files and new elements"
SCANS = SourceCase(
    name="nmap",
    start=_start_scans,
    page=3,
    key_of=lambda payload: str(payload["derived"]["hostname"]),
    key_field="@key",
    text_field="@comment",
    optional_field="@site",
    is_list=lambda _sent: False,
    exempt={**_EXEMPT, "hostile": _XML, "unknown_field": _XML, "missing_field": _XML},
)


_UBL = "urn:oasis:names:specification:ubl:schema:xsd"


def _write_orders(folder: Path, records: list[dict[str, Any]]) -> None:
    for path in folder.glob("*.xml"):
        path.unlink()
    for number, record in enumerate(records):
        inside = "".join(f"<c:{tag}>{escape(str(record[tag]))}</c:{tag}>" for tag in ("ID", "Note") if tag in record)
        text = f'<Order xmlns="{_UBL}:Order-2" xmlns:c="{_UBL}:CommonBasicComponents-2">{inside}</Order>'
        (folder / f"{number:03d}.xml").write_text(text, encoding="utf-8")


def _start_documents(count: int) -> SourceRun:
    folder = _Folder("ID", _write_orders, count)
    settings = ProcurementSettings.model_validate({"root": str(folder.path)})
    return folder.run(lambda context: ProcurementSource("edi", settings, context.base_dir, context.clock), "documents")


_NESTED = "what a document says is nested in its payload, where the kit does not look: it has unit tests of its own"
DOCUMENTS = SourceCase(
    name="procurement",
    start=_start_documents,
    page=3,
    key_of=lambda payload: str(payload["document"]["number"]),
    key_field="ID",
    text_field="Note",
    optional_field="site",
    is_list=lambda _sent: False,
    exempt={
        **_EXEMPT, "hostile": _XML, "unknown_field": _XML, "missing_field": _NESTED, "resume": _NESTED,
        "empty": "a folder without documents is an error: it looks like a disk that is not mounted",
    },
)  # fmt: skip
