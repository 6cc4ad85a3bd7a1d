"""The files an estate writes."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from simulators.estate import Drops, Estate, build
from simulators.estate.drops import broken_rows
from simulators.estate.procurement import COLUMNS


@pytest.fixture(scope="module")
def estate() -> Estate:
    return build(seed=13, people=60, devices=120)


@pytest.fixture(scope="module")
def drops(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Drops:
    return estate.write(tmp_path_factory.mktemp("drops"))


def rows(drops: Drops, name: str, encoding: str) -> Iterator[list[str]]:
    text = (drops.erp / name).read_bytes().decode(encoding)
    return csv.reader(io.StringIO(text, newline=""), delimiter=";")


def test_order_files_have_two_encodings(drops: Drops) -> None:
    """One file is Windows-1252 with umlauts that are no UTF-8, the other UTF-8 with a byte order mark."""
    old, new = (drops.erp / "po_2025.csv").read_bytes(), (drops.erp / "po_2026.csv").read_bytes()

    with pytest.raises(UnicodeDecodeError):
        old.decode("utf-8")
    assert "ü" in old.decode("cp1252")
    assert new.startswith(b"\xef\xbb\xbf")
    assert "ü" in new.decode("utf-8-sig")


def test_amounts_and_dates_are_german(estate: Estate, drops: Drops) -> None:
    """Prices have a decimal comma, dates day first; what only procurement knows is still on order."""
    found = [dict(zip(COLUMNS, r, strict=False)) for r in rows(drops, "po_2026.csv", "utf-8-sig")][1:]
    lines = [row for row in found if len(row) == len(COLUMNS) and row["po_line_id"]]

    assert all(row["unit_price"][-3] == "," for row in lines)
    assert all(row["order_date"][2] == row["order_date"][5] == "." for row in lines)
    today = estate.today.isoformat()
    assert all(row["updated_at"][:10] <= today for row in estate.procurement)
    ordered = [row for row in estate.procurement if row["status"] == "ordered"]
    devices = {d.id: d for d in estate.devices}
    assert ordered and all(not row["received_date"] for row in ordered)
    assert all(devices[estate.truth.records["procurement", r["po_line_id"]]].sources == "p" for r in ordered)


def test_manifests_count_every_row(estate: Estate, drops: Drops) -> None:
    """The manifest's counts are the rows in the files, the broken ones with them, and its digests are right."""
    for folder in (drops.erp, drops.hr):
        for entry in json.loads((folder / "manifest.json").read_text())["files"]:
            data = (folder / entry["name"]).read_bytes()
            ends = data.count(b"\n") - (1 if folder == drops.erp else 0)
            assert entry["records"] == ends
            assert entry["sha256"] == hashlib.sha256(data).hexdigest()
    total = json.loads((drops.erp / "manifest.json").read_text())["files"]
    assert sum(entry["records"] for entry in total) == len(estate.procurement) + len(estate.broken)


def test_broken_rows_stand_where_it_says(estate: Estate, drops: Drops) -> None:
    """Each broken row is broken in the stated way at the stated line, and all other rows are whole."""
    broken = {(b.file, b.line): b.why for b in broken_rows(estate)}
    assert len(broken) == 6 == len(estate.broken)
    for name, encoding in (("po_2025.csv", "cp1252"), ("po_2026.csv", "utf-8-sig")):
        for line, row in enumerate(rows(drops, name, encoding), start=1):
            why = broken.get((name, line), "")
            assert (len(row) < len(COLUMNS)) == (why == "cut off")
            assert (len(row) > len(COLUMNS)) == (why == "more cells than columns")
            assert (not row[0]) == (why == "no key")


def test_hr_file_as_lines_and_as_csv(estate: Estate, drops: Drops, tmp_path: Path) -> None:
    """People are written as NDJSON or, if asked for, as CSV with the same records."""
    lines = (drops.hr / "employees.ndjson").read_text(encoding="utf-8").splitlines()
    other = build(13, people=60, devices=120, hr_format="csv").write(tmp_path)
    text = (other.hr / "employees.csv").read_text(encoding="utf-8")
    table = list(csv.DictReader(io.StringIO(text), delimiter=";"))

    assert [json.loads(line) for line in lines] == estate.hr
    assert [row["employee_id"] for row in table] == [record["employee_id"] for record in estate.hr]


def test_one_file_per_inventory(estate: Estate, drops: Drops) -> None:
    """Every inventory is a file of its own; XML and JSON both occur and say the same."""
    files = sorted(path.name for path in drops.agents.iterdir())
    assert files == sorted(agent.file for agent in estate.agents)
    assert {path.rsplit(".")[-1] for path in files} == {"xml", "json"}
    for agent in estate.agents:
        content, text = agent.document["content"], (drops.agents / agent.file).read_text(encoding="utf-8")
        if agent.file.endswith(".json"):
            assert json.loads(text) == agent.document
            continue
        root = ET.fromstring(text)  # noqa: S314 - our own output
        assert root.findtext("DEVICEID") == agent.document["deviceid"]
        if "network_device" in content:
            assert root.findtext("CONTENT/DEVICE/INFO/MAC") == content["network_device"]["mac"]
            assert root.findtext("CONTENT/DEVICE/INFO/SERIAL") == content["network_device"]["serial"]
            assert root.findtext("CONTENT/DEVICE/INFO/IPS/IP") == content["network_device"]["ips"][0]
        else:
            assert (root.findtext("CONTENT/BIOS/SSN") or "") == content["bios"]["ssn"]
            macs = [n.findtext("MACADDR") for n in root.findall("CONTENT/NETWORKS")]
            assert macs == [n["mac"] for n in content["networks"]]


def test_inventories_meet_the_format(estate: Estate, shared: Path) -> None:
    """Every document satisfies the JSON schema of the GLPI inventory format."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((shared / "data" / "hw-glpi-inventory-format" / "inventory.schema.json").read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)

    assert [e.message for agent in estate.agents for e in validator.iter_errors(agent.document)][:5] == []


def test_writing_again_touches_nothing(estate: Estate, drops: Drops) -> None:
    """Files whose bytes would not change keep their time."""
    before = {path: path.stat().st_mtime_ns for path in drops.erp.parent.rglob("*") if path.is_file()}
    estate.write(drops.erp.parent)

    assert before == {path: path.stat().st_mtime_ns for path in before}
