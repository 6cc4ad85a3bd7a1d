"""Agents talk to a real server: what they send, what is refused, and what the next pull makes of it."""

from __future__ import annotations

import re
import time
import zlib
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from synchub.steps import begin_run, identify_all, pull_source
from synchub.web.limits import Limits
from tests.integration.serve.conftest import CANARY, LIMITS, PASSWORD, Served
from tests.unit.connectors.agent_inventory.reads import agent

AUTH = ("agents", PASSWORD)
PATH = "/agents/scan"
_PASSWORD = b64encode(":".join(AUTH).encode()).decode()
BEGUN = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {_PASSWORD}\r\nContent-Length: 90000\r\n\r\n".encode()
PROLOG = b"<?xml version='1.0'?><REQUEST><DEVICEID>nb-1</DEVICEID><QUERY>PROLOG</QUERY></REQUEST>"


def metric(client: httpx.Client, line: str) -> float:
    """Read one value of `/metrics`; 0 where it is not there."""
    found = re.search(rf"^{re.escape(line)} (\S+)$", client.get("/metrics").text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_fusioninventory_sends_and_the_pull_makes_a_thing_of_it(served: Served, shared: Path) -> None:
    """Prolog, inventory (zlib, as the agent packs it), pull, identification: from the wire to an entity."""
    sample = (shared / "data" / "hw-glpi-inventory-format" / "tests" / "data" / "2.xml").read_bytes()
    client = served.start()
    head = {"content-type": "application/x-compress", "user-agent": "FusionInventory-Agent_v2.6-3"}
    first = client.post(PATH, content=zlib.compress(PROLOG), headers=head, auth=AUTH)
    second = client.post(PATH, content=zlib.compress(sample), headers=head, auth=AUTH)
    hub = served.hub()
    run = begin_run(hub, "pull")
    counts = pull_source(hub, "scan", run)["inventories"]
    identify_all(hub, run)

    assert b"<RESPONSE>SEND</RESPONSE>" in zlib.decompress(first.content)
    assert (200, b"\x78\x9c") == (second.status_code, second.content[:2])
    assert (1, 0, True) == (counts["new"], counts["rejected"], counts["complete"])
    assert {"computer": 1} == hub.state.lookup.class_counts()


def test_glpi_agent_asks_and_sends_json(served: Served) -> None:
    """Contact, then the inventory; the agent's first request has no password, as its library does it."""
    client = served.start()
    head = {"content-type": "application/json", "glpi-agent-id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}
    asked = client.post(PATH, json={"action": "contact", "deviceid": "nb-1"}, headers=head)
    contact = client.post(PATH, json={"action": "contact", "deviceid": "nb-1"}, headers=head, auth=AUTH)
    sent = client.post(PATH, content=agent(), headers=head, auth=AUTH)

    assert (401, 'Basic realm="synchub"') == (asked.status_code, asked.headers["www-authenticate"])
    assert "error" == asked.json()["status"]
    assert {"status": "ok", "expiration": 24, "tasks": {"inventory": {}}} == contact.json()
    assert {"status": "ok", "expiration": 24} == sent.json()
    assert 1 == len(served.files())


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD + "x", PASSWORD.upper()])
def test_wrong_password_stores_nothing(served: Served, password: str) -> None:
    """401 for each, however large the body."""
    client = served.start()
    replies = [client.post(PATH, content=body, auth=("agents", password)) for body in (agent(), b"x" * 900_000)]

    assert [401, 401] == [reply.status_code for reply in replies]
    assert [] == served.files()
    assert 2 == metric(client, 'synchub_inventories_total{outcome="unauthorised",path="/agents/scan"}')


def test_too_large_is_refused_before_it_is_read(served: Served) -> None:
    """By its announced length, and by its real one where none is announced."""
    client = served.start()
    announced = client.post(PATH, content=b"x" * 1_100_000, auth=AUTH)

    def chunks() -> object:
        yield from (b"x" * 100_000 for _ in range(11))

    real = client.post(PATH, content=chunks(), auth=AUTH)  # type: ignore[arg-type]

    assert [413, 413] == [announced.status_code, real.status_code]
    assert b"<ERROR>" in announced.content
    assert 0 == metric(client, "synchub_buffered_bytes")


def test_bombs_and_garbage_are_refused_and_the_next_is_taken(served: Served) -> None:
    """400 and 413 with the vendor's error; nothing is stored of them."""
    client = served.start()
    bodies = [zlib.compress(b" " * 50_000_000), b"\x1f\x8b\x08 nonsense", b"\xff\xfe\x00", b"{" * 5000, b"<a>" * 5000]
    replies = [client.post(PATH, content=body, auth=AUTH).status_code for body in bodies]

    assert [413, 400, 400, 400, 400] == replies
    assert 200 == client.post(PATH, content=agent(), auth=AUTH).status_code
    assert 1 == len(served.files())


def test_a_slow_head_is_closed(served: Served) -> None:
    """Also the second one on a connection; others are answered meanwhile."""
    client = served.start()
    connection = served.connect()
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = b""
    while not answer.endswith(b"}"):
        answer += connection.recv(4096)
    connection.sendall(b"POST /agents/scan HTTP/1.1\r\n")
    silent = served.connect()
    start = time.monotonic()
    assert 200 == client.get("/healthz").status_code

    for slow in (connection, silent):
        try:
            assert b"" == slow.recv(4096)
        except ConnectionResetError:
            pass
    assert time.monotonic() - start < 5


def test_a_slow_body_is_refused(served: Served) -> None:
    """408, and its memory is given back."""
    client = served.start()
    connection = served.connect()
    connection.sendall(BEGUN + b"xxx")

    assert b"408" in connection.recv(4096)[:20]
    assert 0 == metric(client, "synchub_buffered_bytes")
    assert 1 == metric(client, 'synchub_inventories_total{outcome="too_slow",path="/agents/scan"}')


def test_a_cut_off_body_stores_nothing(served: Served) -> None:
    """The client went away in the middle."""
    client = served.start()
    connection = served.connect()
    password = httpx.BasicAuth(*AUTH)._auth_header
    connection.sendall(
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: {password}\r\nContent-Length: 90000\r\n\r\n".encode()
        + agent()
    )
    connection.close()
    limit = time.monotonic() + 5
    while not metric(client, 'synchub_inventories_total{outcome="cut_off",path="/agents/scan"}'):
        assert time.monotonic() < limit

    assert [] == served.files()
    assert 0 == metric(client, "synchub_buffered_bytes")


def test_a_flood_is_slowed_down(served: Served) -> None:
    """429 with Retry-After beyond the rate; health goes on."""
    client = served.start(Limits(per_second=0.001, burst=3))
    replies = [client.post(PATH, content=agent(), auth=AUTH) for _ in range(5)]

    assert [200, 200, 200, 429, 429] == [reply.status_code for reply in replies]
    assert "60" == replies[-1].headers["retry-after"]
    assert 200 == client.get("/healthz").status_code


def test_too_much_at_once_is_refused(served: Served) -> None:
    """503 beyond the memory for bodies and beyond the queue."""
    client = served.start(Limits(buffered_bytes=100))

    assert 503 == client.post(PATH, content=agent(), auth=AUTH).status_code
    assert 0 == metric(client, "synchub_buffered_bytes")


def test_many_agents_at_once(served: Served) -> None:
    """Forty agents, ten of them four times: every device once, every post answered."""
    client = served.start()
    bodies = [agent(f"nb-{n % 40}", at=f"2026-11-20 08:{n:02}:00") for n in range(60)]
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda body: client.post(PATH, content=body, auth=AUTH).status_code, bodies))

    assert {200} == set(replies)
    assert 40 == len(served.files())


def test_a_restart_loses_nothing(served: Served) -> None:
    """What was answered with 200 is on the disk; the next process goes on from there."""
    client = served.start()
    client.post(PATH, content=agent("nb-1"), auth=AUTH)
    served.stop()
    again = served.start()

    assert 1 == metric(again, 'synchub_spool_devices{path="/agents/scan"}')
    assert 200 == again.post(PATH, content=agent("nb-2"), auth=AUTH).status_code
    assert 2 == len(served.files())


def test_agents_are_taken_while_the_state_cannot_be_read(served: Served) -> None:
    """Receiving never asks the state; readiness and metrics say that it is down."""
    served.changes = {"state": "sqlite:///drops"}  # a folder
    (served.folder / "drops").mkdir()
    client = served.start()

    assert 200 == client.post(PATH, content=agent(), auth=AUTH).status_code
    assert (503, False) == ((ready := client.get("/healthz/ready")).status_code, ready.json()["ready"])
    assert 0 == metric(client, "synchub_state_up") and "synchub_state_up 0.0" in client.get("/metrics").text
    assert 200 == client.get("/healthz").status_code


def test_what_agents_ask_for_other_tasks_is_nothing(served: Served) -> None:
    """`GET ?action=getConfig` gets an empty object; other methods and paths are refused."""
    client = served.start()

    assert {} == client.get(PATH, params={"action": "getConfig", "machineid": "x"}, auth=AUTH).json()
    assert [405, 405, 404] == [
        client.get(PATH, auth=AUTH).status_code,
        client.put(PATH, content=b"x", auth=AUTH).status_code,
        client.get("/agents/other").status_code,
    ]


def test_no_secret_is_shown(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the password nor what a refused message holds stands in logs, metrics or answers."""
    caplog.set_level("DEBUG")
    served.environ["AGENT_PASSWORD"] = f"{CANARY}-password"
    client = served.start()
    replies = [
        client.post(PATH, content=b'{"deviceid": "' + CANARY.encode(), auth=("agents", f"{CANARY}-password")),
        client.post(PATH, content=b"x", auth=("agents", f"{CANARY}-wrong")),
        client.get(f"/{CANARY}"),
    ]

    assert [400, 401, 404] == [reply.status_code for reply in replies]
    shown = client.get("/metrics").text + "".join(reply.text for reply in replies)
    logged = "".join(r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore")))
    assert CANARY not in shown + logged


assert LIMITS.body_s < 5  # the tests above wait for it
