"""Writes the drops as files: what an ERP, an HR system and agents leave in a folder."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path

from simulators.estate.agents import to_xml
from simulators.estate.model import BrokenRow, Drops, Estate, Row
from simulators.estate.procurement import COLUMNS

_PO_FILES = (("po_2025.csv", "cp1252"), ("po_2026.csv", "utf-8-sig"))


def write(estate: Estate, root: Path) -> Drops:
    """Write everything below `root`; see `Estate.write`."""
    drops = Drops(erp=root / "erp", hr=root / "hr", agents=root / "agents")
    for folder in (drops.erp, drops.agents) if estate.hr_format == "none" else (drops.erp, drops.hr, drops.agents):
        folder.mkdir(parents=True, exist_ok=True)
    _manifest(
        drops.erp,
        [(name, _put(drops.erp / name, text.encode(encoding)), n) for name, encoding, text, n in _orders(estate)],
    )
    if estate.hr_format != "none":
        csv_wanted = estate.hr_format == "csv"
        name, text = ("employees.csv", _csv(estate.hr)) if csv_wanted else ("employees.ndjson", _ndjson(estate.hr))
        _manifest(drops.hr, [(name, _put(drops.hr / name, text.encode()), len(estate.hr))])
    for agent in estate.agents:
        text = (
            to_xml(agent.document)
            if agent.file.endswith(".xml")
            else json.dumps(agent.document, indent=1, ensure_ascii=False)
        )
        _put(drops.agents / agent.file, text.encode())
    return drops


def broken_rows(estate: Estate) -> list[BrokenRow]:
    """List where the broken rows stand in the written files; line 1 is the header."""
    half, found = len(estate.procurement) // 2, []
    for number, (name, _) in enumerate(_PO_FILES):
        start, end = (0, half) if number == 0 else (half, len(estate.procurement))
        line = 1
        for at in range(start, end):
            for _, _, why in (b for b in estate.broken if b[0] == at):
                line += 1
                found.append(BrokenRow(name, line, why))
            line += 1
    return found


def _orders(estate: Estate) -> list[tuple[str, str, str, int]]:
    """Return (file, encoding, text, rows with the broken ones) of both order files."""
    half, made = len(estate.procurement) // 2, []
    before: dict[int, list[str]] = {}
    for at, raw, _ in estate.broken:
        before.setdefault(at, []).append(raw)
    for number, (name, encoding) in enumerate(_PO_FILES):
        start, end = (0, half) if number == 0 else (half, len(estate.procurement))
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, COLUMNS, delimiter=";", lineterminator="\r\n")
        writer.writeheader()
        rows = 0
        for at in range(start, end):
            for raw in before.get(at, ()):
                out.write(raw + "\r\n")
                rows += 1
            writer.writerow(estate.procurement[at])
            rows += 1
        made.append((name, encoding, out.getvalue(), rows))
    return made


def _csv(records: list[Row]) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(records[0]) if records else ["employee_id"], delimiter=";", lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def _ndjson(records: list[Row]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _put(path: Path, content: bytes) -> str:
    """Write a file unless it holds these bytes already; returns their SHA-256."""
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def _manifest(folder: Path, files: list[tuple[str, str, int]]) -> None:
    document = {"files": [{"name": name, "records": records, "sha256": digest} for name, digest, records in files]}
    _put(folder / "manifest.json", (json.dumps(document, indent=1) + "\n").encode())
