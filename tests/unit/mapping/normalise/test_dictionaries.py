"""Hardware, operating systems, software and classes: what the dictionaries say, and that they are sound."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from mapping.normalise import (
    NORMALISERS,
    derived,
    device_class,
    fingerprint,
    hardware_identity,
    os_end_of_life,
    publisher_of,
)
from mapping.normalise import dictionaries as books
from mapping.normalise.dictionaries import load
from synchub.domain.model import CLASSES, Computer

_model, _os_name, _os_version = NORMALISERS["model"], NORMALISERS["os_name"], NORMALISERS["os_version"]


@pytest.mark.parametrize(
    ("raw", "manufacturer", "name"),
    [
        ("MacBookPro18,1", None, "MacBook Pro (16-inch, 2021)"),
        ("iPhone14,2", "Apple", "iPhone 13 Pro"),
        ("iPhone99,9", "Apple", "iPhone99,9"),
        ("HP EliteBook 840 14 inch G10 Notebook PC", "HP", "EliteBook 840 G10"),
        ("HP Compaq nc6220 (EG828EC#ABA)", "HP", "Compaq nc6220"),
        ("HP EliteBook 840 G10", None, "EliteBook 840 G10"),
        ("Dell Precision M3800", "Dell", "Precision M3800"),
        ("Apple TV", "Apple", "Apple TV"),
        ("Lenovo Yoga C740-15IML", "Lenovo", "Yoga C740-15IML"),
        ("20L8", "Lenovo", "ThinkPad T480s"),
        ("2325", None, "2325"),
        ("ThinkPad X1 Carbon 6th", "Lenovo", "ThinkPad X1 Carbon Gen 6"),
        ("ZenBook UX463FA_UX463FA", "ASUS", "Zenbook UX463FA"),
        ("SATELLITE L50-C", "Toshiba", "Satellite L50-C"),
        ("IBM System x3550 M4 Server -[7914AC1]-", "IBM", "System x3550 M4 Server"),
        ("HP", "HP", "HP"),
    ],
)
def test_model(raw: str, manufacturer: str | None, name: str) -> None:
    """Marketing names from identifiers, order numbers and decorated names; the unknown stays."""
    assert _model(raw, manufacturer=manufacturer) == name


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (("HP", "", "", "HP", "8381", "All In One"), ("HP", "8381", "all_in_one")),
        (("Hewlett-Packard", "", "", "Quanta", "3602", "10"), ("HP", "3602", "laptop")),
        (
            ("DEPO Computers", "To Be Filled By O.E.M.", "", "Gigabyte Technology Co., Ltd.", "H61M-S1", "Desktop"),
            ("Gigabyte", "H61M-S1", "desktop"),
        ),
        (("IBM", "1858W3Y", "ThinkPad R52", "IBM", "1858W3Y", "Notebook"), ("IBM", "ThinkPad R52", "laptop")),
        (("LENOVO", "20L8S5LK0M", "Not Available", None, None, "9"), ("Lenovo", "ThinkPad T480s", "laptop")),
        (("Dell Inc.", "PowerEdge R320", "", "", "", "Rack Mount Chassis"), ("Dell", "PowerEdge R320", "rack")),
        (("HP", "ProLiant ML350 Gen9", None, None, None, "Tower"), ("HP", "ProLiant ML350 Gen9", "tower")),
        (
            ("Apple Inc.", "iMac18,3", "1.0", "", "", "All In One"),
            ("Apple", "iMac (Retina 5K, 27-inch, 2017)", "all_in_one"),
        ),
        (("MEDION", "MEDION", "", "MEDION", "MEDION", ""), ("Medion", None, None)),
        ((None, None, None, None, None, None), (None, None, None)),
    ],
)
def test_hardware_identity(fields: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    """The most telling field answers; contract makers do not displace the brand."""
    assert hardware_identity(*fields) == expected


@pytest.mark.parametrize(
    ("name", "version", "title", "end"),
    [
        ("Microsoft Windows 10 Enterprise", "10.0.19045", "Windows 10", "2025-10-14"),
        ("Windows", "10.0.22631.3447", "Windows 11", "2025-11-11"),
        ("Microsoft Windows 10 Pro", "10.0.22631.3447", "Windows 11", "2025-11-11"),
        ("Windows 11 Enterprise", "10.0.22631", "Windows 11", "2026-11-10"),
        ("Windows 10 Enterprise LTSC", "10.0.17763", "Windows 10", "2029-01-09"),
        ("Windows 10 Pro", "22H2", "Windows 10", "2025-10-14"),
        ("Windows 10", "", "Windows 10", None),
        ("Windows 7 Professional", "6.1.7601", "Windows 7", "2020-01-14"),
        ("Microsoft Windows Server 2012 R2 Standard", "6.3.9600", "Windows Server 2012 R2", "2023-10-10"),
        ("Windows Server", "10.0.20348", "Windows Server 2022", "2031-10-14"),
        ("Mac OS X", "10.15.7", "macOS", "2026-02-02"),
        ("iPhone OS", "17.5", "iOS", "2025-05-13"),
        ("iPadOS", "17.5", "iPadOS", None),
        ("Ubuntu 22.04.3 LTS", "", "Ubuntu", "2027-04-01"),
        ("Debian GNU/Linux 12 (bookworm)", "12.5", "Debian", "2026-07-11"),
        ("SLES", "15-SP5", "SUSE Linux Enterprise Server", "2024-12-31"),
        ("Red Hat Enterprise Linux Server release 7.9 (Maipo)", "", "Red Hat Enterprise Linux", "2024-06-30"),
        ("CentOS Stream", "9", "CentOS Stream", "2027-05-31"),
        ("IOS-XE", "17.09.04a", "Cisco IOS XE", "2026-07-29"),
        ("VMware ESXi 7.0.3 build-21424296", "", "VMware ESXi", "2025-10-02"),
        ("Junos", "20.4R3", "Junos", None),
        ("Linux", "5.15.0-105", "Linux", None),
        ("TempleOS", "5.03", "TempleOS", None),
    ],
)
def test_operating_system(name: str, version: str, title: str, end: str | None) -> None:
    """Name by the dictionary, and the last day of support of that version and edition."""
    assert _os_name(name, version=version) == title
    assert os_end_of_life(name, version) == end
    assert os_end_of_life([name, version]) == end


@pytest.mark.parametrize(
    ("raw", "version"),
    [
        ("10.0 (19045)", "10.0.19045"),
        ("10.0.19045 N/A Build 19045", "10.0.19045"),
        ("Version 17.4", "17.4"),
        ("14.4.1 (23E224)", "14.4.1"),
        ("17.09.04a", "17.09.04a"),
        ("5.15.0-105", "5.15.0-105"),
    ],
)
def test_os_version(raw: str, version: str) -> None:
    """Only decoration goes."""
    assert _os_version(raw) == version


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        ("Mozilla Firefox (x64 en-US)", "Mozilla Firefox"),
        ("7-Zip 23.01 (x64)", "7-Zip"),
        (
            "Microsoft Visual C++ 2015-2022 Redistributable (x64) - 14.38.33130",
            "Microsoft Visual C++ 2015-2022 Redistributable",
        ),
        ("Adobe Acrobat Reader DC (64-bit)", "Adobe Acrobat Reader"),
        ("Notepad++ (64-bit x64)", "Notepad++"),
        ("Microsoft Teams classic", "Microsoft Teams"),
        ("Python 3.11.4 (64-bit)", "Python"),
        ("Frobnicator 1.2.3", "Frobnicator"),
    ],
)
def test_software_title(raw: str, title: str) -> None:
    """Version, architecture and language go, the dictionary names the rest."""
    assert NORMALISERS["software_title"](raw) == title


def test_software_publisher() -> None:
    """Publishers come in many spellings, and titles know theirs."""
    assert NORMALISERS["software_publisher"]("Oracle and/or its affiliates") == "Oracle"
    assert NORMALISERS["software_publisher"]("Acme GmbH") == "Acme"
    assert publisher_of("Visual Studio Code") == "Microsoft"
    assert publisher_of("Frobnicator") is None


@pytest.mark.parametrize(
    ("texts", "cls"),
    [
        (("Latitude 5440",), "computer"),
        (("Dell PowerEdge R650",), "server"),
        (("HP LaserJet Pro M404",), "printer"),
        (("C9300-48P",), "network_device"),
        (("AP-535", "Aruba"), "network_device"),
        (("iPhone 15",), "mobile_device"),
        (("VMware Virtual Platform",), "virtual_machine"),
        (("Dell P2419H Monitor",), "peripheral"),
        (("WD19 docking station for laptop",), "peripheral"),
        (("IP Phone 8841",), "telecom"),
        (("NetApp FAS2750",), "storage"),
        (("frobnicator",), None),
        ((None, ""), None),
    ],
)
def test_device_class_from_words(texts: tuple[Any, ...], cls: str | None) -> None:
    """The words of model and description tell the class, or nothing does."""
    assert device_class(*texts) == cls


def test_device_class_from_system_and_chassis() -> None:
    """A virtual machine stays one under a server system; a laptop chassis tells where words do not."""
    assert device_class("unknown", os_name="Windows Server 2019") == "server"
    assert device_class("VMware7,1", os_name="Windows Server 2019") == "virtual_machine"
    assert device_class("unknown", chassis="Notebook") == "computer"
    assert device_class("unknown", os_name="Cisco IOS XE") == "network_device"


def test_derived_completes_a_record_and_contradicts_nothing() -> None:
    """Fields that say something together say it; a filled field is only made more exact."""
    fields = {"os_name": "Windows", "os_version": "10.0.22631.1", "manufacturer": "HP", "model": "HP EliteBook 840 G10"}
    assert derived(fields) == {
        "os_name": "Windows 11",
        "os_end_of_life_on": "2025-11-11",
        "model": "EliteBook 840 G10",
        "form_factor": "laptop",
    }
    assert derived({"os_name": "macOS", "os_version": "99", "form_factor": "tablet"}) == {}
    assert derived({**fields, "os_end_of_life_on": "2030-01-01", "form_factor": "desktop"}).keys() == {
        "os_name",
        "model",
    }


def test_identity_of_hardware_field_by_field() -> None:
    """A field map asks for one value and names the paths of the others."""
    maker, name, form = (NORMALISERS[n] for n in ("hardware_manufacturer", "hardware_model", "form_factor"))
    unfilled = {"board_vendor": "ASUSTeK Computer INC.", "board": "P5KPL-SE"}
    assert maker("System manufacturer", product="System Product Name", **unfilled) == "ASUS"
    assert name("System Product Name", vendor="System manufacturer", **unfilled) == "P5KPL-SE"
    assert name("20L8S5LK0M", vendor="LENOVO", version="ThinkPad T480s") == "ThinkPad T480s"
    assert [form("10"), form("Other"), form("Tower", model="PowerEdge T440")] == ["laptop", None, "tower"]
    assert _model("HP ProBook 450 G9", manufacturer="Hewlett-Packard") == "ProBook 450 G9"


def test_forms_and_classes_are_those_of_the_model() -> None:
    """The dictionaries use the words of the canonical model."""
    forms = set(re.findall(r"'(\w+)'", str(Computer.model_fields["form_factor"].annotation)))
    told = set(load("forms")["chassis"]) | {rule["form"] for rule in load("forms")["families"]}
    assert told <= forms
    assert {rule["is"] for rule in load("classes")["rules"]} | set(load("classes")["systems"]) <= set(CLASSES)
    assert {name for names in load("classes")["systems"].values() for name in names} >= {"iOS", "Junos"}


def test_no_spelling_names_two_manufacturers() -> None:
    """A spelling under two names would make the result depend on the order of the file."""
    seen: dict[str, str] = {}
    for name, aliases in load("manufacturers")["names"].items():
        for alias in (name, *aliases):
            assert seen.setdefault(books.folded(alias), name) == name, alias


def test_every_name_of_the_dictionaries_names_itself() -> None:
    """Normalising a canonical name changes nothing."""
    assert [n for n in load("manufacturers")["names"] if NORMALISERS["manufacturer"](n) != n] == []
    assert [t for t in load("software")["titles"] if NORMALISERS["software_title"](t) != t] == []
    assert [s for s in load("systems")["systems"] if _os_name(s) != s] == []


def test_dates_of_systems_are_dates() -> None:
    """YAML must not read an end of support as text or number."""
    book = load("systems")
    ends = [end for entry in book["systems"].values() for end in entry.get("ends", {}).values()]
    ends += [facts["ends"] for facts in book["server_builds"].values()] + list(book["windows_names"].values())
    assert all(isinstance(end, date) for end in ends)


def test_fingerprint_moves_with_a_dictionary(tmp_path: Path) -> None:
    """A changed dictionary re-processes stored records, so it must change the name of the state."""
    for folder in ("normalise", "dictionaries"):
        (tmp_path / folder).mkdir()
    (tmp_path / "dictionaries" / "a.yaml").write_text("names: {}\n")
    before = fingerprint.__wrapped__(tmp_path)
    (tmp_path / "dictionaries" / "a.yaml").write_text("names: {x: []}\n")
    assert fingerprint.__wrapped__(tmp_path) != before
    assert re.fullmatch("[0-9a-f]{16}", fingerprint())


def test_import_reads_no_dictionary() -> None:
    """The command line imports the normalisers without paying for them."""
    code = (
        "import mapping.normalise as n; from mapping.normalise.dictionaries import load;"
        "assert load.cache_info().currsize == 0; n.NORMALISERS['manufacturer']('Dell Inc.');"
        "assert load.cache_info().currsize == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_dictionaries_load_without_yaml_surprises() -> None:
    """`NO`, `ON` and numbers stay text where text is meant."""
    assert all(isinstance(code, str) for code in load("countries"))
    assert yaml.__with_libyaml__
    for entry in load("models")["lenovo_machine_types"].values():
        assert isinstance(entry, str)
