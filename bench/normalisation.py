"""Measures the normalisers against real data with labels, and writes the figures of `docs/normalisation.md`.

    python bench/normalisation.py --shared ../shared [--doc docs/normalisation.md]

Agreement compares letters and digits only. A label is put through the same dictionary first, because it names the same
thing in another house style (`Hewlett-Packard` is `HP` here); the strict figures compare with the label as it stands.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mapping.normalise import NORMALISERS, device_class, hardware_identity, os_end_of_life
from mapping.normalise.dictionaries import folded, load

_manufacturer, _model, _os_name = NORMALISERS["manufacturer"], NORMALISERS["model"], NORMALISERS["os_name"]
_FORMS = {
    "Notebook": {"laptop"},
    "Convertible": {"laptop", "tablet"},
    "Desktop": {"desktop", "workstation", "tower", "thin_client"},
    "Mini Pc": {"desktop", "thin_client", "workstation"},
    "All In One": {"all_in_one"},
    "Server": {"rack", "tower", "blade"},
    "Tablet": {"tablet"},
}
_EOL_PRODUCTS = {
    "macos": "macOS", "ios": "iOS", "ipados": "iPadOS", "watchos": "watchOS", "android": "Android", "ubuntu": "Ubuntu",
    "debian": "Debian", "rhel": "Red Hat Enterprise Linux", "rocky-linux": "Rocky Linux", "almalinux": "AlmaLinux",
    "centos": "CentOS", "centos-stream": "CentOS Stream", "oracle-linux": "Oracle Linux", "sles": "SLES",
    "opensuse": "openSUSE Leap", "fedora": "Fedora", "amazon-linux": "Amazon Linux", "cisco-ios-xe": "Cisco IOS XE",
    "fortios": "FortiOS", "pan-os": "PAN-OS", "vmware-esxi": "VMware ESXi", "freebsd": "FreeBSD",
    "linuxmint": "Linux Mint", "proxmox-ve": "Proxmox VE", "vmware-photon": "VMware Photon OS",
}  # fmt: skip
_SINCE = "2017-01-01"  # end of life before this is history that no estate asks for


@dataclass
class Agreement:
    """How often a normaliser said what a label says.

    Attributes:
        total: Values compared.
        agreed: Of these, equal.
        misses: (label, found) of the others, counted.
    """

    total: int = 0
    agreed: int = 0
    misses: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, label: str | None, found: str | None) -> None:
        """Compare one value with its label; None agrees with None."""
        self.total += 1
        if folded(label or "") == folded(found or ""):
            self.agreed += 1
        else:
            self.misses[(label or "nothing", found or "nothing")] += 1

    @property
    def share(self) -> float:
        """Agreed share; 0 when nothing was compared."""
        return self.agreed / self.total if self.total else 0.0


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV file whole."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def was_read(row: dict[str, str]) -> bool:
    """Tell whether disagreements on this machine were looked at while the dictionaries were written (3 in 5 models)."""
    key = f"{row['vendor_norm']}|{row['model_norm']}".encode()
    return hashlib.md5(key, usedforsecurity=False).digest()[0] % 5 < 3


def identify(row: dict[str, str]) -> tuple[str | None, str | None, str | None]:
    """Run the normaliser on one machine."""
    return hardware_identity(
        row["sys_manufacturer"], row["sys_product"], row["sys_version"],
        row["board_manufacturer"], row["board_product"], row["chassis_type"],
    )  # fmt: skip


def measure_dmi(rows: Iterable[dict[str, str]]) -> dict[str, Agreement]:
    """Compare manufacturer, model and form factor of dmidecode reports with their labels."""
    found = {
        name: Agreement()
        for name in ("manufacturer", "manufacturer, as reported", "model", "model, strict", "form factor")
    }
    for row in rows:
        maker, model, form = identify(row)
        label = _manufacturer(row["vendor_norm"])
        found["manufacturer"].add(label, maker)
        found["manufacturer, as reported"].add(row["vendor_norm"], row["sys_manufacturer"])
        found["model, strict"].add(row["model_norm"], model)
        found["model"].add(_label_model(row, label), model)
        form_fits = form in _FORMS.get(row["form"], ())
        found["form factor"].add(
            row["form"],
            row["form"] if form_fits else f"{form or 'nothing'} (chassis {row['chassis_type'] or 'empty'!r})",
        )
    return found


def _label_model(row: dict[str, str], maker: str | None) -> str | None:
    """Put a model label into our style: without the machine type that linuxhw appends to Lenovo's and IBM's names."""
    label, product = row["model_norm"], row["sys_product"].strip()
    if maker in ("Lenovo", "IBM") and label.endswith(f" {product}"):
        label = label.removesuffix(f" {product}")
    return None if label == "Others" else _model(label, manufacturer=maker)


def unchanged(values: Iterable[str], normalise: Callable[[str], Any]) -> float:
    """Return the share of non-empty values that a normaliser left as they were."""
    seen = [value for value in values if value.strip()]
    return sum(1 for value in seen if normalise(value) == value) / len(seen)


def cost_us(function: Callable[..., Any], inputs: Sequence[tuple[Any, ...]], *, repeat: int = 3) -> float:
    """Return microseconds of CPU per call, once every input has been seen."""
    for arguments in inputs:
        function(*arguments)
    start = time.process_time()
    for _ in range(repeat):
        for arguments in inputs:
            function(*arguments)
    return (time.process_time() - start) / (repeat * len(inputs)) * 1e6


def measure_aliases(rows: Iterable[dict[str, str]]) -> Agreement:
    """Compare the system manufacturers of all spellings, weighted by their frequency; unfilled fields are left out."""
    found = Agreement()
    for row in rows:
        name = _manufacturer(row["raw"][:200])
        if row["field"] == "system" and name is not None:
            label, count = _manufacturer(row["vendor_norm"]), int(row["count"])
            found.total += count
            if folded(label or "") == folded(name):
                found.agreed += count
            else:
                found.misses[(label or "nothing", name)] += count
    return found


def measure_end_of_life(cycles: Iterable[dict[str, Any]]) -> tuple[Agreement, int]:
    """Compare last days of support (`false`: not ended, we say nothing); also count the cycles without one here."""
    found, unknown = Agreement(), 0
    for cycle in cycles:
        label = cycle["eol"]
        name, version = _eol_query(cycle)
        if not name or label is True or (label and label < _SINCE):
            continue
        date = os_end_of_life(name, version)
        if label and date is None:
            unknown += 1
        else:
            where = f"{name} {version}"
            found.add(f"{where}: {label or 'not ended'}", f"{where}: {date or 'not ended'}")
    return found, unknown


def _eol_query(cycle: dict[str, Any]) -> tuple[str, str]:
    """Ask for a cycle as a source would: name with edition, and version or build."""
    product, version, latest = cycle["product"], str(cycle["cycle"]), str(cycle["latest"] or "")
    if product == "windows" and version[0].isdigit() and version.startswith(("10-", "11-")):
        edition = {"e": " Enterprise", "w": " Pro", "lts": " Enterprise LTSC"}.get(version.rsplit("-", 1)[-1], "")
        return f"Windows {version[:2]}{' IoT' if '-iot' in version else ''}{edition}", latest
    if product == "windows-server":
        return f"Windows Server {version.split('-')[0].upper()}{' R2' if '-r2' in version else ''}", latest
    return _EOL_PRODUCTS.get(product, ""), version


def measure_apple(folder: Path) -> tuple[Agreement, int]:
    """Compare marketing names of Apple's identifiers; also count the identifiers that the dictionary does not know."""
    found, unknown = Agreement(), 0
    for name in ("mac", "ios", "tvos"):
        for identifier, label in json.loads((folder / f"{name}-device-identifiers.json").read_text("utf-8")).items():
            title = _model(identifier)
            if title == identifier:
                unknown += 1
                continue
            labels = label if isinstance(label, list) else [label]
            # An identifier of two models is named by what they share: every year of the labels is in the name.
            fits = title in labels or (len(labels) > 1 and all(_years(one) & _years(title) for one in labels))
            found.add(" or ".join(labels), " or ".join(labels) if fits else title)
    return found, unknown


def _years(name: str) -> set[str]:
    return {part for part in name.replace(")", " ").split() if part.isdigit() and len(part) == 4}


def measure_facts(folder: Path) -> dict[str, Agreement]:
    """Check what Puppet facts of virtual machines must give: operating system, class, MACs and UUIDs."""
    found = {name: Agreement() for name in ("operating system known", "virtual machine told", "MAC and UUID read")}
    for path in sorted(folder.rglob("*.facts")):
        facts = json.loads(path.read_text("utf-8"))
        system = facts.get("os", {}).get("name", "")
        name = _os_name(system)
        found["operating system known"].add(
            system, system if name and (name != system or system in ("Ubuntu", "Debian", "Gentoo")) else None
        )
        dmi = facts.get("dmi", {})
        product = (dmi.get("product") or {}).get("name")
        if product and "SPARC" not in product:
            found["virtual machine told"].add("virtual_machine", device_class(product, dmi.get("manufacturer")))
        values = [("mac", facts.get("networking", {}).get("mac")), ("uuid", (dmi.get("product") or {}).get("uuid"))]
        for kind, value in values:
            if value:
                read = NORMALISERS[kind](value)
                found["MAC and UUID read"].add(value, read)
    return found


def known_share(values: Iterable[str]) -> float:
    """Return the share of manufacturers that the dictionary knows."""
    names = set(load("manufacturers")["names"])
    seen = list(values)
    return sum(_manufacturer(value) in names for value in seen) / len(seen)


def _row(what: str, compared: int | str, share: float | str) -> str:
    number = f"{compared:,}" if isinstance(compared, int) else compared
    return (
        f"| {what} | {number} | {share * 100:.2f} % |"
        if isinstance(share, float)
        else f"| {what} | {number} | {share} |"
    )


def report(data: Path) -> str:
    """Measure everything and write it as Markdown."""
    lines = ["| what | compared | agreement |", "|---|---:|---:|"]
    misses: list[tuple[str, Agreement]] = []
    for part in ("dev", "held"):
        path = data / "hw-linuxhw-dmi" / f"machines_{part}.csv"
        if path.is_file():
            lines += _machines(part, read_rows(path), misses)
        else:
            lines.append(_row(f"`hw-linuxhw-dmi` {part}", "-", f"no `{path.name}` in this folder"))
    return "\n".join([*lines, *_references(data, misses), "", *_other(data), "", *_disagreements(misses)])


def _machines(part: str, rows: list[dict[str, str]], misses: list[tuple[str, Agreement]]) -> list[str]:
    groups = {part: rows}
    if part == "dev":
        groups["dev, models read"] = [row for row in rows if was_read(row)]
        groups["dev, models not read"] = [row for row in rows if not was_read(row)]
    lines = []
    for title, group in groups.items():
        for name, agreement in measure_dmi(group).items():
            lines.append(_row(f"`hw-linuxhw-dmi` {title}: {name}", agreement.total, agreement.share))
            if title == part and name in ("manufacturer", "model", "form factor"):
                misses.append((f"{name}, {part}", agreement))
    return lines


def _references(data: Path, misses: list[tuple[str, Agreement]]) -> list[str]:
    aliases = measure_aliases(read_rows(data / "hw-linuxhw-dmi" / "manufacturer_aliases_dev.csv"))
    ends, no_end = measure_end_of_life(json.loads((data / "ref-endoflife" / "cycles.json").read_text("utf-8")))
    apple, no_name = measure_apple(data / "ref-apple-identifiers")
    misses += [("last day of support", ends), ("Apple identifiers", apple)]
    return [
        _row("`hw-linuxhw-dmi` spellings of system manufacturers, by frequency", aliases.total, aliases.share),
        _row(
            f"`ref-endoflife` last day of support, since {_SINCE[:4]} ({no_end} cycles more without a day here)",
            ends.total, ends.share,
        ),
        _row(f"`ref-apple-identifiers` name ({no_name} more not in the dictionary)", apple.total, apple.share),
        *(_row(f"`hw-facterdb` {name}", a.total, a.share) for name, a in measure_facts(data / "hw-facterdb").items()),
    ]  # fmt: skip


def _other(data: Path) -> list[str]:
    rows = read_rows(data / "hw-linuxhw-dmi" / "machines_dev.csv")
    organisations = [row["organisation"] for row in read_rows(data / "ref-mac-oui" / "oui.csv")]
    makers = [row["manufacturer"] for row in read_rows(data / "ref-netbox-devicetypes" / "devicetypes.csv")]
    vendors, products = [row["sys_manufacturer"] for row in rows], [row["sys_product"] for row in rows]
    machines = [(row,) for row in rows[:2000]]
    return [
        "| further figures | values | |",
        "|---|---:|---:|",
        _row("system manufacturers of dev that needed no change", len(rows), unchanged(vendors, _manufacturer)),
        _row("system products of dev that needed no change", len(rows), unchanged(products, _model)),
        _row("`ref-mac-oui` organisations in the dictionary", len(organisations), known_share(organisations)),
        _row("`ref-netbox-devicetypes` manufacturers in the dictionary", len(makers), known_share(makers)),
        _row(
            "CPU per manufacturer, seen before",
            4000,
            f"{cost_us(_manufacturer, [(v,) for v in vendors[:4000]]):.2f} µs",
        ),
        _row("CPU per model, seen before", 4000, f"{cost_us(_model, [(p,) for p in products[:4000]]):.2f} µs"),
        _row("CPU per identity of a machine, seen before", 2000, f"{cost_us(identify, machines):.2f} µs"),
    ]


def _disagreements(misses: list[tuple[str, Agreement]]) -> list[str]:
    lines = ["| biggest disagreements | label | found | times |", "|---|---|---|---:|"]
    for title, agreement in misses:
        for (label, found), count in agreement.misses.most_common(8):
            lines.append(f"| {title} | {_cell(label)} | {_cell(found)} | {count} |")
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def main() -> int:
    """Print the figures, and write them between the markers of a document when one is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="folder that holds data/")
    parser.add_argument("--doc", type=Path, help="document whose figures are replaced")
    arguments = parser.parse_args()
    figures = report(arguments.shared / "data")
    print(figures)
    if arguments.doc:
        begin, end = "<!-- figures: begin -->", "<!-- figures: end -->"
        before, _, rest = arguments.doc.read_text("utf-8").partition(begin)
        _, marker, after = rest.partition(end)
        if not marker:
            print(f"{arguments.doc}: no markers {begin} and {end}", file=sys.stderr)
            return 2
        arguments.doc.write_text(f"{before}{begin}\n{figures}\n{end}{after}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
