"""Takes inventories that agents send over HTTP into the spool; knows the messages, not the web server.

Agents ask first (`PROLOG` in XML, `contact` in JSON) and then send. See `answers` for the sources.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from connectors.agent_inventory import answers
from connectors.agent_inventory.answers import Form
from connectors.agent_inventory.payloads import devices, load, unpack
from connectors.agent_inventory.settings import AgentInventorySettings, Receive
from connectors.agent_inventory.spool import FOLDER, Spool
from connectors.files.limits import DEFAULT, MIB, Limits
from connectors.files.root import compile_glob
from connectors.files.xml_items import local_name
from connectors.registry import Context
from synchub.errors import ConfigError, InputError, Unavailable
from synchub.ports import Clock, Post, Reply

_INVENTORIES = frozenset({"inventory", "netinventory", "netdiscovery", "snmp", "snmpquery"})
_OVER_NETWORK = frozenset({"netinventory", "netdiscovery"})
_ANY_OF = frozenset({"bios", "hardware", "operatingsystem", "network_device", "network_ports"})
_TASKS = frozenset({"inventory", "netdiscovery", "netinventory", "esx", "collect", "deploy", "wakeonlan",
                    "remoteinventory"})  # fmt: skip
_STATUS = {"zip_bomb": 413, "file_too_large": 413, "full": 503}
_MIN_SECRET = 12


class InventoryReceiver:
    """Implements `synchub.ports.Receiver` for one source.

    Args:
        settings: What is configured under `receive`.
        path: Where it answers.
        spool: Where inventories go.
        credentials: What `Authorization` may say, see `credentials`.
        clock: Tells the future from the past.
    """

    def __init__(self, settings: Receive, path: str, spool: Spool, credentials: list[bytes], clock: Clock) -> None:
        self._path, self._spool, self._credentials, self._clock = path, spool, credentials, clock
        self._hours = settings.hours
        self._bytes = settings.max_mib * MIB
        self._limits = Limits(document_bytes=self._bytes, ratio=DEFAULT.ratio, depth=DEFAULT.depth)

    def __repr__(self) -> str:
        return f"InventoryReceiver({self._path!r})"

    @property
    def path(self) -> str:
        """See `Receiver.path`."""
        return self._path

    @property
    def max_bytes(self) -> int:
        """See `Receiver.max_bytes`."""
        return self._bytes

    def knows(self, authorization: str) -> bool:
        """See `Receiver.knows`."""
        given = sha256(_normal(authorization)).digest()
        # Each is compared, so that the time tells neither which is configured nor how near a guess is.
        return sum(hmac.compare_digest(given, known) for known in self._credentials) > 0

    def refuse(self, status: int, reason: str, headers: Mapping[str, str]) -> Reply:
        """See `Receiver.refuse`."""
        return self._reply(status, answers.error(answers.form_of(headers), reason, self._hours), b"", "refused")

    def waiting(self) -> int:
        """See `Receiver.waiting`."""
        return self._spool.waiting()

    def close(self) -> None:
        """See `Receiver.close`."""
        self._spool.close()

    def receive(self, post: Post) -> Reply:
        """See `Receiver.receive`."""
        form = answers.form_of(post.headers)
        if post.method == "GET":
            return self._asked(post)
        try:
            message = load(unpack(post.body, self._limits), self._limits)
            form = "json" if isinstance(message, dict) else form
            status, body, outcome = self._answer(message, form)
        except InputError as exc:
            outcome = str(exc.context.get("reason", "unreadable"))
            status, body = _STATUS.get(outcome, 400), answers.error(form, exc.message, self._hours)
        except Unavailable as exc:
            status, body, outcome = 503, answers.error(form, exc.message, self._hours), "not_stored"
        return self._reply(status, body, post.body, outcome)

    def _asked(self, post: Post) -> Reply:
        """Answer what agents ask for other tasks than inventories: there is nothing to do."""
        if post.query.get("action", "").lower() == "getconfig":
            return Reply(200, b"{}", "application/json", "contact")
        return self.refuse(405, "Inventories are sent with POST.", post.headers)

    def _answer(self, message: dict[str, Any] | Element, form: Form) -> tuple[int, bytes, str]:
        query = _query(message)
        if query == "prolog":
            return 200, answers.prolog(form, self._hours), "contact"
        if query == "contact":
            return 200, answers.contact(_tasks(message), self._hours), "contact"
        if query == "get_params":
            return 200, answers.done(form, self._hours), "contact"
        if query not in _INVENTORIES:
            return 501, answers.error(form, f"Query '{query[:40]}' is not supported.", self._hours), "unsupported"
        return 200, answers.done(form, self._hours), self._store(message)

    def _store(self, message: dict[str, Any] | Element) -> str:
        """Store the devices of a message; returns what became of the last one.

        Raises:
            InputError: None of them can be taken.
            Unavailable: The disk refuses.
        """
        outcome, problem = "nothing", None
        for device in devices(message):
            content = device["content"]
            if "error" in content or (str(device.get("action")) in _OVER_NETWORK and "network_device" not in content):
                continue  # start, end or failure of a scan: nothing is said about a device
            try:
                if not _says_something(device):
                    raise InputError("its `content` says nothing about a device.", reason="no_inventory")
                outcome = self._spool.put(device, self._clock.now())
            except InputError as exc:
                problem = exc
        if outcome == "nothing" and problem is not None:
            raise problem
        return outcome

    def _reply(self, status: int, body: bytes, asked: bytes, outcome: str) -> Reply:
        form: Form = "json" if body[:1] == b"{" else "xml"
        return Reply(status, *answers.packed(body, form, answers.packing_of(asked)), outcome)


def _query(message: dict[str, Any] | Element) -> str:
    """Tell what a message wants, in lower case; an inventory where it does not say."""
    if isinstance(message, dict):
        said = message.get("action", message.get("query"))
    else:
        said = next((child.text for child in message if local_name(child.tag).upper() == "QUERY"), None)
    return said.strip().lower() if isinstance(said, str) and said.strip() else "inventory"


def _tasks(message: dict[str, Any] | Element) -> list[str]:
    """List the tasks that an agent has enabled, as far as they are known."""
    said = message.get("enabled-tasks") if isinstance(message, dict) else None
    return sorted({task.lower() for task in said if isinstance(task, str)} & _TASKS) if isinstance(said, list) else []


def _says_something(device: dict[str, Any]) -> bool:
    """Tell whether a message speaks about a device at all; an empty one must not replace what is known."""
    return bool(_ANY_OF & device["content"].keys()) or (device.get("partial") is True and bool(device["content"]))


def _normal(authorization: str) -> bytes:
    """Bring an `Authorization` header to one form: `basic user:password` or `bearer token`."""
    scheme, _, rest = authorization.strip().partition(" ")
    rest = rest.strip()
    if scheme.lower() != "basic":
        return f"{scheme.lower()} {rest}".encode("utf-8", "surrogatepass")
    try:
        return b"basic " + b64decode(rest, validate=True)
    except (binascii.Error, ValueError):
        return b""


def credentials(settings: Receive, context: Context, where: str) -> list[bytes]:
    """Return digests of what `Authorization` may say.

    Raises:
        ConfigError: A secret cannot be read or is short enough to be guessed.
    """
    found = []
    for name, reference, head in (
        ("password", settings.password, f"basic {settings.user}:"), ("token", settings.token, "bearer "),
    ):  # fmt: skip
        if reference is None:
            continue
        secret = reference.read(context.resolve).get_secret_value()
        if len(secret) < _MIN_SECRET:
            raise ConfigError(
                f"the {name} behind {reference} has fewer than {_MIN_SECRET} characters.",
                where=where, fix="Make a random one: openssl rand -base64 24.",
            )  # fmt: skip
        found.append(sha256(head.encode() + secret.encode()).digest())
    return found


def open_receiver(name: str, settings: AgentInventorySettings, context: Context) -> InventoryReceiver | None:
    """Open the receiving side of a source; None where `receive` is not configured.

    Raises:
        ConfigError: A secret, or the folder, cannot be used, or no stream reads what is received.
    """
    if settings.receive is None:
        return None
    globs = [stream.glob for stream in settings.streams.values()]
    if not any(glob is None or compile_glob(glob).fullmatch(f"{FOLDER}/x.0.json.gz") for glob in globs):
        raise ConfigError(
            f"no stream reads what is received into {FOLDER}/.", where=name, fix="Leave `glob` out, or add a stream.",
        )  # fmt: skip
    known = credentials(settings.receive, context, name)
    spool = Spool(Path(context.base_dir / settings.root), settings.receive.max_devices)
    path = settings.receive.path or f"/agents/{name}"
    return InventoryReceiver(settings.receive, path, spool, known, context.clock)
