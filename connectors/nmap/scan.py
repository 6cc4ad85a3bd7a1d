"""One nmap XML file: who wrote it, the hosts in it, and whether it is whole.

The format is `nmap.dtd` of nmap 7.9x (docs/nmap.dtd of nmap/nmap, read 2026-11-22); files since nmap 4 keep to it. nmap
writes a host when it is done with it and `runstats` at the very end, so a scan that was stopped is a file that was cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO
from xml.etree.ElementTree import Element

from connectors.files.limits import Limits
from connectors.files.xml_items import Meter, local_name, parse_events
from synchub.errors import InputError

# Options that say where output goes or how much is printed; they change nothing of what is scanned.
_OUTPUT = frozenset({"-oX", "-oN", "-oG", "-oS", "-oA", "-oM", "-oH", "-oJ", "--stylesheet", "--stats-every"})
_PRINTED = frozenset({"--open", "--no-stylesheet", "--webxml", "--append-output", "--reason", "--packet-trace"})


@dataclass(slots=True)
class Scan:
    """What a file says about itself; filled while its hosts are read.

    Attributes:
        command: What was asked for, without options about output; empty when the file does not tell.
        started_at: Seconds since 1970 UTC; 0 when it does not tell.
        version: Version of nmap.
        up: Hosts that answered.
        down: Hosts that did not.
        ended: `runstats` was reached.
        exit: What nmap says of its end; `success` where an old version says nothing.
        promised: Hosts up as counted by nmap; None when it does not tell.
    """

    command: str = ""
    started_at: int = 0
    version: str = ""
    up: int = 0
    down: int = 0
    ended: bool = False
    exit: str = "success"
    promised: int | None = None

    def problem(self) -> str:
        """Say why the scan is not whole; empty when it is."""
        if not self.ended:
            return "the scan did not end"
        if self.exit != "success":
            return f"nmap ended with {self.exit!r}"
        if self.promised is not None and self.promised != self.up:
            return f"{self.up:,} hosts up of {self.promised:,} that nmap counted"
        return ""


def read_head(handle: BinaryIO, limits: Limits) -> Scan:
    """Read the first element of a file.

    Raises:
        InputError: It is no XML of nmap.
    """
    for _, element in parse_events(Meter(handle, limits.record_bytes), doctype=True):
        return _head(element)
    raise InputError("it holds no element.", fix="Deliver it again.", reason="not_xml")


def _head(element: Element) -> Scan:
    root, scanner = local_name(element.tag)[:40], element.get("scanner", "nmap")[:40]
    if root != "nmaprun" or scanner != "nmap":
        by = "" if root != "nmaprun" else f" of {scanner!r}"
        raise InputError(f"the root element is <{root}>{by}: no XML of nmap.", fix="Narrow the glob.", reason="no_scan")
    return Scan(_command(element.get("args", "")), number(element.get("start")), element.get("version", "")[:40])


def _command(args: str) -> str:
    """Bring a command line to what was scanned: two scans with equal commands look at the same targets.

    >>> _command("nmap -sS -vv -oX /tmp/a.xml 10.1.0.0/24"), _command("/usr/bin/nmap -oX b.xml -sS 10.1.0.0/24")
    ('-sS 10.1.0.0/24', '-sS 10.1.0.0/24')
    """
    kept: list[str] = []
    words = iter(args.split()[1:])
    for word in words:
        if word in _OUTPUT:
            next(words, None)
        elif word not in _PRINTED and word.strip("vd") != "-" and word.partition("=")[0] not in _OUTPUT:
            kept.append(word)
    return " ".join(kept)


def number(text: str | None) -> int:
    """Read a count or a moment in seconds; 0 when it is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else 0


def hosts(handle: BinaryIO, limits: Limits, scan: Scan) -> Iterator[Element]:
    """Yield the hosts that are up, as elements that are emptied when the next one is asked for; fill `scan`.

    Raises:
        InputError: It is no XML of nmap, or it is cut or broken; what came before stays valid.
    """
    meter = Meter(handle, limits.record_bytes)
    stack: list[Element] = []
    for event, element in parse_events(meter, doctype=True):
        if event == "start":
            if not stack:
                head = _head(element)
                scan.command, scan.started_at, scan.version = head.command, head.started_at, head.version
            stack.append(element)
            if len(stack) > limits.depth:
                raise InputError(f"it is nested deeper than {limits.depth}.", fix="Narrow the glob.", reason="too_deep")
            continue
        stack.pop()
        if len(stack) == 1:
            if element.tag == "host":
                if _is_up(element):
                    scan.up += 1
                    yield element
                else:
                    scan.down += 1
            elif element.tag == "runstats":
                _statistics(element, scan)
            stack[0].remove(element)
            meter.restart()


def _is_up(host: Element) -> bool:
    status = host.find("status")
    return status is None or status.get("state") == "up"


def _statistics(element: Element, scan: Scan) -> None:
    finished, counted = element.find("finished"), element.find("hosts")
    scan.ended = finished is not None
    if finished is not None:
        scan.exit = finished.get("exit", "success")[:40]
    if counted is not None and counted.get("up") is not None:
        scan.promised = number(counted.get("up"))
