"""Agreement with labelled real data; the figures themselves are in docs/normalisation.md."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from bench import normalisation as bench
from mapping.normalise import NORMALISERS, device_class, hardware_identity


@pytest.fixture(scope="module")
def data(shared: Path) -> Path:
    """Folder of the real data sets."""
    return shared / "data"


def test_manufacturers_and_models_of_real_machines_agree_with_their_labels(data: Path) -> None:
    """Each part of the dmidecode reports that is there: a dictionary or rule that breaks shows here."""
    parts = sorted((data / "hw-linuxhw-dmi").glob("machines_*.csv"))
    assert "machines_dev.csv" in [path.name for path in parts]
    for path in parts:
        found = bench.measure_dmi(bench.read_rows(path))
        assert found["manufacturer"].total >= 12_000
        assert found["manufacturer"].share >= 0.99
        assert found["model"].share >= 0.965
        assert found["form factor"].share >= 0.95


def test_machines_whose_models_were_not_read_agree_as_well(data: Path) -> None:
    """The dictionaries are not fitted to what was looked at."""
    rows = [r for r in bench.read_rows(data / "hw-linuxhw-dmi" / "machines_dev.csv") if not bench.was_read(r)]
    found = bench.measure_dmi(rows)
    assert found["manufacturer"].share >= 0.99
    assert found["model"].share >= 0.965


def test_dictionary_does_not_merge_labels(data: Path) -> None:
    """Putting labels through the dictionary must not make agreement cheap: few labels share a name."""
    labels = {row["vendor_norm"] for row in bench.read_rows(data / "hw-linuxhw-dmi" / "machines_dev.csv")}
    names = {NORMALISERS["manufacturer"](label) for label in labels}
    assert len(names) >= 0.95 * len(labels)


def test_last_days_of_support_agree_with_the_public_list(data: Path) -> None:
    """A typing error in a date of ours shows here."""
    cycles = json.loads((data / "ref-endoflife" / "cycles.json").read_text("utf-8"))
    found, _ = bench.measure_end_of_life(cycles)
    assert found.total >= 250
    assert found.share >= 0.98


def test_apple_identifiers_agree_with_the_public_list(data: Path) -> None:
    """A typing error in an identifier of ours shows here."""
    found, _ = bench.measure_apple(data / "ref-apple-identifiers")
    assert found.total >= 240
    assert found.share >= 0.99


def test_puppet_facts_are_read_whole(data: Path) -> None:
    """Every operating system is known, every virtual machine told, every MAC and UUID read."""
    for name, agreement in bench.measure_facts(data / "hw-facterdb").items():
        assert agreement.misses == {}, name
        assert agreement.total > 100


def test_blade_servers_are_identified_alike(data: Path) -> None:
    """19 near-identical blades: one manufacturer and model, 19 serial numbers."""
    identities, serials = set(), set()
    for path in sorted((data / "hw-redhat-cip-hardware" / "cardiff_samples").glob("*.hw_")):
        facts = {
            (kind, name): value
            for kind, _, name, value in ast.literal_eval(path.read_text("utf-8"))
            if kind == "system"
        }
        identities.add(hardware_identity(facts["system", "vendor"], facts["system", "name"]))
        serials.add(NORMALISERS["serial"](facts["system", "serial"]))
    assert identities == {("HP", "ProLiant BL460c Gen8", "blade")}
    assert len(serials) == 19
    assert device_class("ProLiant BL460c Gen8") == "server"


def test_manufacturers_of_the_device_type_library_are_known(data: Path) -> None:
    """Nine in ten network and rack devices come from a maker of the dictionary."""
    rows = bench.read_rows(data / "ref-netbox-devicetypes" / "devicetypes.csv")
    assert bench.known_share(row["manufacturer"] for row in rows) >= 0.9


def test_apps_of_the_catalogues_keep_a_name(data: Path) -> None:
    """No title of three software catalogues is lost or fails."""
    folder = data / "ref-software-catalogues"
    names = [row["name"] for row in bench.read_rows(folder / "installomator_mac_apps.csv")]
    names += [row["title"] for row in bench.read_rows(folder / "chocolatey_community.csv")]
    for name in filter(str.strip, names):
        title = NORMALISERS["software_title"](name)
        assert title
        assert NORMALISERS["software_title"](title) == title
