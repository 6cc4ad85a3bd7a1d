"""Read a folder of scans that a test writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connectors.files.limits import DEFAULT, Limits
from connectors.kit import FakeClock
from connectors.nmap.settings import NmapSettings
from connectors.nmap.source import NmapSource
from tests.unit.connectors.files.reads import Got

ADDRESS = '<address addr="{ip}" addrtype="ipv4"/>'


def read_folder(
    folder: Path, *, limit: int | None = None, limits: Limits = DEFAULT, now: int = 0, **options: Any
) -> Got:
    """Read the stream of a source over a folder."""
    settings = NmapSettings.model_validate({"root": str(folder), "streams": {"hosts": options}})
    return Got(list(NmapSource("scan", settings, folder, FakeClock(now), limits).read("hosts", limit=limit)))


def host(ip: str = "10.0.0.7", mac: str = "00:25:90:AA:BB:01", inside: str = "", state: str = "up") -> str:
    """Make a host; `inside` follows its addresses."""
    card = f'<address addr="{mac}" addrtype="mac"/>' if mac else ""
    return f'<host endtime="1700000100"><status state="{state}"/>{ADDRESS.format(ip=ip)}{card}{inside}</host>'


def scan(*hosts: str, args: str = "nmap -sS -oX a.xml 10.0.0.0/24", start: int = 1_700_000_000, end: str = "") -> bytes:
    """Make a whole scan; `end` replaces what stands at its end."""
    up = sum('state="up"' in one for one in hosts)
    stats = (
        f'<runstats><finished time="1" exit="success"/><hosts up="{up}" down="0" total="{up}"/></runstats></nmaprun>'
    )
    head = f'<?xml version="1.0"?>\n<!DOCTYPE nmaprun>\n<nmaprun scanner="nmap" args="{args}" start="{start}">'
    return f"{head}{''.join(hosts)}{end or stats}".encode()
