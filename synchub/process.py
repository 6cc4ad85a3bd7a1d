"""Who holds a lease: names a thread of a process so that others on the same system can tell whether it still lives."""

from __future__ import annotations

import getpass
import os
import socket
import threading
from pathlib import Path

_PROC = Path("/proc")
_ENDED = frozenset("ZXx")  # states of a process that only waits to be collected


def login_name() -> str:
    """Name who runs this process, as the system knows them; `unknown` where it does not."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container whose user has no entry
        return "unknown"


def owner() -> str:
    """Name this thread: `host:process:thread`, and on Linux ` in ` the system it can be looked for in."""
    name = f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
    begun = _begun(os.getpid())
    return f"{name} in {_system()}/{begun}" if begun else name


def has_died(name: str) -> bool:
    """Tell whether the process of an owner has certainly ended.

    Only a process of the same boot and the same process namespace can be judged, and a number that was given anew is
    told apart by when its process began. Of anything else nothing is known: then its lease has to end by itself.
    """
    who, _, place = name.rpartition(" in ")
    system, _, begun = place.rpartition("/")
    parts = who.rsplit(":", 2)
    if not system or system != _system() or len(parts) < 3 or not parts[1].isdigit():
        return False
    return _begun(int(parts[1])) != begun


def _system() -> str:
    """Name the running system and the process namespace; empty where that cannot be told."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}.{(_PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _begun(process: int) -> str:
    """Tell when a process began, in ticks since the boot; empty: it has ended, or cannot be told."""
    try:
        after_name = (_PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if after_name[0] in _ENDED else after_name[19]
