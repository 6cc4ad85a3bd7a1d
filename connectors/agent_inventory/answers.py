"""What an inventory server answers to agents, in the form in which it was asked.

Sources, read 2026-11-22: GLPI 10 (`src/Agent/Communication/AbstractRequest.php`, `src/Inventory/Request.php`), GLPI
agent 1.x (`HTTP/Client/GLPI.pm`, `HTTP/Client/OCS.pm`, `HTTP/Server/Proxy.pm`), OCS unified agent (`Network.pm`):

- A GLPI agent names itself by `GLPI-Agent-ID` and understands JSON with `status` and `expiration` (hours); without a
  valid `expiration` above zero a contact is not understood.
- Older agents send XML and expect `<REPLY>`; `RESPONSE` is `SEND`, `PROLOG_FREQ` are hours.
- The answer is packed as the question was. OCS agents unpack every answer; FusionInventory looks for 78 9C.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from xml.sax.saxutils import escape

import orjson

Form = Literal["json", "xml"]
Packing = Literal["zlib", "gzip", ""]
_TYPES = {"json": "application/json", "xml": "application/xml"}


def form_of(headers: Mapping[str, str]) -> Form:
    """Tell in which form an agent wants its answer, before its message is read."""
    is_json = "glpi-agent-id" in headers or headers.get("content-type", "").lower().startswith("application/json")
    return "json" if is_json else "xml"


def packing_of(body: bytes) -> Packing:
    """Tell how a body is packed; the header is not to be trusted (`application/x-compress` is zlib)."""
    if body[:2] == b"\x1f\x8b":
        return "gzip"
    return "zlib" if body[:1] == b"\x78" and body[1:2] in (b"\x01", b"\x5e", b"\x9c", b"\xda") else ""


def packed(body: bytes, form: Form, packing: Packing) -> tuple[bytes, str]:
    """Pack an answer; returns it with its content type."""
    if packing == "zlib":
        return zlib.compress(body), "application/x-compress-zlib"  # the default level: 78 9C
    if packing == "gzip":
        return gzip.compress(body, mtime=0), "application/x-compress-gzip"
    return body, _TYPES[form]


def done(form: Form, hours: int) -> bytes:
    """Say that an inventory was taken."""
    return _json({"status": "ok", "expiration": hours}) if form == "json" else _xml({"RESPONSE": "SEND"})


def prolog(form: Form, hours: int) -> bytes:
    """Ask for the inventory, and to come back after so many hours."""
    if form == "json":
        return done(form, hours)
    return _xml({"PROLOG_FREQ": str(hours), "RESPONSE": "SEND"})


def contact(tasks: Sequence[str], hours: int) -> bytes:
    """Answer a contact: the inventory is wanted, nothing else that the agent could do."""
    others = [task for task in tasks if task != "inventory"]
    answer: dict[str, Any] = {"status": "ok", "expiration": hours, "tasks": {"inventory": {}}}
    if others:
        answer |= {"message": ";".join(f"{task} task not supported" for task in others), "disabled": others}
    return _json(answer)


def error(form: Form, message: str, hours: int) -> bytes:
    """Say why a message was refused."""
    if form == "json":
        return _json({"status": "error", "message": message, "expiration": hours})
    return _xml({"ERROR": message})


def _json(answer: dict[str, Any]) -> bytes:
    return orjson.dumps(answer)


def _xml(entries: Mapping[str, str]) -> bytes:
    inside = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in entries.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<REPLY>{inside}</REPLY>\n'.encode()
