"""What agents are answered and what becomes of their messages, without a web server."""

from __future__ import annotations

import gzip
import stat
import threading
import zlib
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.agent_inventory.payloads import parse
from connectors.agent_inventory.receive import InventoryReceiver, open_receiver
from connectors.agent_inventory.settings import AgentInventorySettings
from connectors.agent_inventory.spool import Spool, file_name
from connectors.budget import LocalBudget
from connectors.files.limits import DEFAULT
from connectors.kit import FakeClock
from connectors.registry import Context
from connectors.secrets import Resolver
from synchub.errors import ConfigError
from synchub.ports import Post, Reply
from tests.unit.connectors.agent_inventory.reads import agent, read_folder

PASSWORD = "correct horse battery"
NOW = 1_795_000_000  # 2026-11-18
SECRETS = {"PASSWORD": PASSWORD, "TOKEN": "a-token-of-some-length", "SHORT": "hunter2"}
PROLOG = b"<REQUEST><DEVICEID>nb-1</DEVICEID><QUERY>PROLOG</QUERY><TOKEN>12345678</TOKEN></REQUEST>"


def opened(folder: Path, streams: dict[str, Any] | None = None, **receive: Any) -> InventoryReceiver:
    """Open a receiver over a folder."""
    block: dict[str, Any] = {"root": str(folder), "receive": {"password": "env:PASSWORD"} | receive}
    settings = AgentInventorySettings.model_validate(block | ({"streams": streams} if streams else {}))
    budget = LocalBudget(per_second=1, burst=1, now=float, sleep=lambda _: None)
    context = Context(FakeClock(NOW), Resolver(SECRETS, folder), lambda *_: budget, "hub", folder)
    found = open_receiver("scan", settings, context)
    assert found is not None
    return found


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[InventoryReceiver]:
    """A receiver over an empty folder."""
    found = opened(tmp_path)
    yield found
    found.close()


def send(receiver: InventoryReceiver, body: bytes, **headers: str) -> Reply:
    """Post a message."""
    return receiver.receive(Post("POST", {k.replace("_", "-"): v for k, v in headers.items()}, {}, body))


def stored(folder: Path) -> list[dict[str, Any]]:
    """Return the devices in the spool."""
    return [orjson.loads(gzip.decompress(path.read_bytes())) for path in sorted((folder / "received").glob("*.gz"))]


def test_prolog_of_an_old_agent_asks_for_the_inventory(receiver: InventoryReceiver) -> None:
    """In XML, with the hours until it comes back."""
    reply = send(receiver, PROLOG, content_type="application/xml")

    assert (200, "application/xml", "contact") == (reply.status, reply.content_type, reply.outcome)
    assert b"<REPLY><PROLOG_FREQ>24</PROLOG_FREQ><RESPONSE>SEND</RESPONSE></REPLY>" in reply.body


def test_prolog_of_a_glpi_agent_moves_it_to_json(receiver: InventoryReceiver) -> None:
    """It names itself by a header; `expiration` above zero is what makes the answer valid for it."""
    reply = send(receiver, PROLOG, glpi_agent_id="6ba7b810-9dad-11d1-80b4-00c04fd430c8")

    assert {"status": "ok", "expiration": 24} == orjson.loads(reply.body)


def test_contact_keeps_the_inventory_and_disables_the_rest(receiver: InventoryReceiver) -> None:
    """Unknown tasks are not repeated back."""
    body = orjson.dumps({"action": "contact", "deviceid": "nb-1", "enabled-tasks": ["inventory", "Deploy", "<x>", 7]})
    reply = send(receiver, body)

    assert orjson.loads(reply.body) == {
        "status": "ok", "expiration": 24, "tasks": {"inventory": {}}, "disabled": ["deploy"],
        "message": "deploy task not supported",
    }  # fmt: skip
    assert receiver.waiting() == 0


@pytest.mark.parametrize("action", ["register", "collect", "deploy", "x" * 200])
def test_what_is_not_served_is_said_in_the_form_of_glpi(receiver: InventoryReceiver, action: str) -> None:
    """501 and an error that names the query, cut."""
    reply = send(receiver, orjson.dumps({"action": action, "deviceid": "nb-1"}))

    assert 501 == reply.status
    assert f"Query '{action[:40]}' is not supported." == orjson.loads(reply.body)["message"]
    assert b"<ERROR>Query 'x&lt;y' is not supported.</ERROR>" in send(
        receiver, b"<REQUEST><QUERY>X&lt;Y</QUERY></REQUEST>"
    ).body  # fmt: skip


@pytest.mark.parametrize(
    ("pack", "unpack", "content_type"),
    [
        (zlib.compress, zlib.decompress, "application/x-compress-zlib"),
        (gzip.compress, gzip.decompress, "application/x-compress-gzip"),
        (bytes, bytes, "application/json"),
    ],
)
def test_the_answer_is_packed_as_the_message(
    receiver: InventoryReceiver, tmp_path: Path, pack: Any, unpack: Any, content_type: str
) -> None:
    """OCS agents unpack every answer; the type of the request says little (`application/x-compress`)."""
    reply = send(receiver, pack(agent()), content_type="application/x-compress")

    assert (200, content_type, "stored") == (reply.status, reply.content_type, reply.outcome)
    assert "ok" == orjson.loads(unpack(reply.body))["status"]
    assert ["nb-1"] == [device["deviceid"] for device in stored(tmp_path)]


def test_every_real_inventory_is_read_from_the_spool_as_from_its_file(shared: Path, tmp_path: Path) -> None:
    """JSON and XML, packed and not: what the next pull reads is what the agent sent."""
    files = sorted((shared / "data" / "hw-glpi-inventory-format").rglob("*.[jx][sm]*"))
    files = [f for f in files if f.name != "inventory.schema.json"]
    files.append(shared / "peers" / "samples" / "fusioninventory-inventory.xml")
    for number, path in enumerate(files):
        folder = tmp_path / str(number)
        receiver = opened(folder)
        reply = send(receiver, zlib.compress(path.read_bytes()) if number % 2 else path.read_bytes())
        receiver.close()
        sent = list(parse(path.read_bytes(), DEFAULT))

        assert (reply.status, path.name) == (200, path.name), reply.body
        assert [p for f in sorted((folder / "received").glob("*.gz")) for p in parse(f.read_bytes(), DEFAULT)] == sent
    assert len(files) >= 30


def test_secrets_of_an_inventory_never_reach_the_disk(receiver: InventoryReceiver, tmp_path: Path) -> None:
    """Environment, processes and product keys are taken out before anything is written."""
    body = agent(
        envs=[{"key": "TOKEN", "val": "s3cr3t-canary"}], processes=[{"cmd": "mysql -ps3cr3t-canary"}],
        hardware={"name": "nb-1", "winprodkey": "s3cr3t-canary"},
    )  # fmt: skip
    send(receiver, body)

    assert b"s3cr3t-canary" not in b"".join(gzip.decompress(p.read_bytes()) for p in tmp_path.rglob("*.gz"))
    assert 1 == len(stored(tmp_path))


def test_files_are_private(receiver: InventoryReceiver, tmp_path: Path) -> None:
    """0600 in a folder 0700."""
    send(receiver, agent())
    [path] = tmp_path.rglob("*.gz")

    assert (0o600, 0o700) == (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode))


def test_the_newest_of_an_agent_stays(receiver: InventoryReceiver, tmp_path: Path) -> None:
    """Told by the time inside: one that was delivered late does not replace a newer one."""
    outcomes = [send(receiver, agent(at=f"2026-11-{day} 08:00:00")).outcome for day in (16, 17, 15)]

    assert ["stored", "stored", "older"] == outcomes
    assert ["2026-11-17 08:00:00"] == [d["content"]["accesslog"]["logdate"] for d in stored(tmp_path)]


def test_an_inventory_from_the_future_does_not_stay_for_ever(receiver: InventoryReceiver, tmp_path: Path) -> None:
    """A clock that was wrong once must not shut the agent out."""
    send(receiver, agent(at="2035-01-01 08:00:00"))

    assert "stored" == send(receiver, agent(at="2026-11-17 08:00:00")).outcome
    assert ["2026-11-17 08:00:00"] == [d["content"]["accesslog"]["logdate"] for d in stored(tmp_path)]


def test_a_restart_knows_what_is_newer(tmp_path: Path) -> None:
    """Read from the file; what a killed process left half-written is removed."""
    first = opened(tmp_path)
    send(first, agent(at="2026-11-17 08:00:00"))
    first.close()
    (tmp_path / "received" / ".nb-1.x.json.gz.1.tmp").write_bytes(b"half")
    second = opened(tmp_path)

    assert "older" == send(second, agent(at="2026-11-16 08:00:00")).outcome
    assert 1 == second.waiting()
    assert [] == list((tmp_path / "received").glob(".*.tmp"))
    second.close()


def test_a_damaged_file_is_replaced(tmp_path: Path) -> None:
    """Whoever damaged it, what comes now is better."""
    path = tmp_path / "received" / file_name("nb-1")
    path.parent.mkdir()
    path.write_bytes(b"\x1f\x8bgarbage")
    receiver = opened(tmp_path)

    assert "stored" == send(receiver, agent()).outcome
    assert 1 == len(stored(tmp_path))
    receiver.close()


def test_another_machine_under_the_same_id_is_counted(receiver: InventoryReceiver) -> None:
    """A cloned image carries the id of its agent."""
    send(receiver, agent())

    assert "other_machine" == send(receiver, agent(bios={"ssn": "PF3Z9K1X"})).outcome


def test_a_part_does_not_replace_the_whole(receiver: InventoryReceiver, tmp_path: Path) -> None:
    """A partial inventory is a file of its own."""
    send(receiver, agent())
    part = {"deviceid": "nb-1", "action": "inventory", "partial": True, "content": {"batteries": [{"name": "x"}]}}

    assert "stored" == send(receiver, orjson.dumps(part)).outcome
    assert 2 == len(stored(tmp_path))


@pytest.mark.parametrize(
    ("body", "status", "outcome"),
    [
        (b"", 400, "no_inventory"),
        (b"\x00\xff garbage", 400, "no_inventory"),
        (b'{"deviceid": "nb-1", "content"', 400, "not_json"),
        (b"[1]", 400, "no_inventory"),
        (b'{"deviceid": "nb-1"}', 400, "no_inventory"),
        (b'{"deviceid": "nb-1", "content": {}}', 400, "no_inventory"),
        (b'{"content": {"bios": {}}}', 400, "no_key"),
        (orjson.dumps({"deviceid": "x" * 2000, "content": {"bios": {}}}), 400, "no_key"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, 400, "too_deep"),
        (b"<REQUEST><CONTENT>", 400, "not_xml"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><REQUEST>&a;</REQUEST>', 400, "dtd_refused"),
        (zlib.compress(agent())[:-9], 400, "damaged"),
        (zlib.compress(b" " * 40_000_000), 413, "zip_bomb"),
        (gzip.compress(b" " * 40_000_000), 413, "zip_bomb"),
    ],
)
def test_what_is_no_inventory_is_refused_and_leaves_nothing(
    receiver: InventoryReceiver, tmp_path: Path, body: bytes, status: int, outcome: str
) -> None:
    """With the vendor's error; the next message is taken."""
    reply = send(receiver, body, content_type="application/json")

    assert (status, outcome) == (reply.status, reply.outcome)
    assert [] == stored(tmp_path)
    assert 200 == send(receiver, agent()).status


def test_start_and_end_of_a_scan_say_nothing_about_a_device(receiver: InventoryReceiver) -> None:
    """They carry the id of whoever scans, whose own inventory must stay; so do devices that did not answer."""
    send(receiver, agent("scanner"))
    start = b"<REQUEST><CONTENT><AGENT><START>1</START></AGENT></CONTENT><DEVICEID>scanner</DEVICEID>"
    failed = b"<REQUEST><CONTENT><DEVICE><ERROR><ID>1</ID><MESSAGE>x</MESSAGE></ERROR></DEVICE></CONTENT>"

    assert "nothing" == send(receiver, start + b"<QUERY>SNMPQUERY</QUERY></REQUEST>").outcome
    assert "nothing" == send(receiver, failed + b"<QUERY>SNMPQUERY</QUERY></REQUEST>").outcome
    assert 1 == receiver.waiting()


def test_a_full_spool_takes_known_devices_only(tmp_path: Path) -> None:
    """The disk of the hub does not fill with invented agents."""
    receiver = opened(tmp_path, max_devices=1)
    send(receiver, agent("nb-1"))

    assert (503, "full") == (send(receiver, agent("nb-2")).status, send(receiver, agent("nb-3")).outcome)
    assert "stored" == send(receiver, agent("nb-1", at="2026-11-21 08:00:00")).outcome
    receiver.close()


def test_many_posts_of_one_agent_at_once_leave_one_whole_file(receiver: InventoryReceiver, tmp_path: Path) -> None:
    """The newest, and it can be read at every moment."""
    seen: list[Any] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.extend(read_folder(tmp_path, timezone="UTC").codes if list(tmp_path.rglob("*.gz")) else ())

    reader = threading.Thread(target=read)
    reader.start()
    posts = [threading.Thread(target=send, args=(receiver, agent(at=f"2026-11-17 08:{n:02}:00"))) for n in range(24)]
    for post in posts:
        post.start()
    for post in posts:
        post.join()
    stop.set()
    reader.join()

    assert [] == seen
    assert ["2026-11-17 08:23:00"] == [d["content"]["accesslog"]["logdate"] for d in stored(tmp_path)]


def test_a_repetitive_inventory_can_be_read_again(receiver: InventoryReceiver, tmp_path: Path) -> None:
    """It is packed no tighter than the reader believes."""
    send(receiver, agent(softwares=[{"name": "x" * 1000}] * 5000))

    assert [] == list(read_folder(tmp_path, timezone="UTC").codes)


def basic(user: str, password: str) -> str:
    """Write a basic header."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def test_only_the_configured_secrets_are_known(tmp_path: Path) -> None:
    """Password for agents, token for others; nothing near them."""
    receiver = opened(tmp_path, token="env:TOKEN")
    bad = ["", "Basic", "Basic !!!", "Bearer", "Bearer x", basic("agents", ""), basic("agents", PASSWORD[:-1]),
           basic("agent", PASSWORD), basic("", PASSWORD), f"Bearer {PASSWORD}", f"Digest {PASSWORD}",
           basic("agents:" + PASSWORD, ""), "Basic " + "\ud800"]  # fmt: skip

    assert receiver.knows(basic("agents", PASSWORD))
    assert receiver.knows("bearer a-token-of-some-length")
    assert [] == [header for header in bad if receiver.knows(header)]
    receiver.close()


def test_a_secret_that_can_be_guessed_is_refused(tmp_path: Path) -> None:
    """Without repeating it."""
    with pytest.raises(ConfigError, match="fewer than 12") as caught:
        opened(tmp_path, password="env:SHORT")

    assert "hunter2" not in str(caught.value)


def test_two_processes_do_not_write_to_one_folder(receiver: InventoryReceiver, tmp_path: Path) -> None:
    """The second is refused."""
    with pytest.raises(ConfigError, match="another process"):
        Spool(tmp_path, 10)


def test_a_glob_that_does_not_read_what_is_received_is_refused(tmp_path: Path) -> None:
    """Else inventories would pile up unread."""
    with pytest.raises(ConfigError, match="no stream reads"):
        opened(tmp_path, streams={"inventories": {"glob": "*.xml"}})


@pytest.mark.parametrize(
    "block", [{"password": "literal"}, {"user": "x"}, {"every": "90m"}, {"path": "/metrics"}, {"path": "/a/../b"}]
)
def test_settings_that_cannot_work_are_refused(block: dict[str, Any]) -> None:
    """No literal secret, no receiver without one, whole hours, a path of its own."""
    secret = {} if "user" in block else {"password": "env:PASSWORD"}
    with pytest.raises(ValueError, match="receive"):
        AgentInventorySettings.model_validate({"root": "x", "receive": secret | block})


def test_a_disk_that_refuses_is_said_and_tried_again(receiver: InventoryReceiver, tmp_path: Path) -> None:
    """503, nothing half-written, and nothing remembered as stored."""
    path = tmp_path / "received" / file_name("nb-1")
    path.mkdir()  # a file cannot replace a folder

    assert (503, "not_stored") == (send(receiver, agent()).status, send(receiver, agent()).outcome)
    path.rmdir()
    assert "stored" == send(receiver, agent()).outcome
    assert 1 == receiver.waiting()
