"""Who is to know hears of it once, and once when it is over, over real commands and a real service."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from synchub.alerts import watch
from synchub.wiring import open_hub
from tests.integration.cli.conftest import CANARY, Desk
from tests.support.fakes import FakeClock


class Phone:
    """A service that takes notifications; `status` is what it answers."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []
        self.status = 200
        phone = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if phone.status == 200:
                    phone.said.append(body)
                self.send_response(phone.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"json://127.0.0.1:{self.server.server_port}/{CANARY}"

    def titles(self) -> list[str]:
        """Return and forget the titles."""
        said, self.said = self.said, []
        return [message["title"] for message in said]


@pytest.fixture
def phone() -> Iterator[Phone]:
    """A service on loopback."""
    found = Phone()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def desk(offline: Desk, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk that notifies."""
    monkeypatch.setenv("NOTIFY_URL", phone.url)
    offline.changes |= {"notify": {"to": "env:NOTIFY_URL"}}
    offline.write()
    return offline


def test_a_failure_is_told_once_and_its_end_once(desk: Desk, phone: Phone) -> None:
    """Three syncs fail, two succeed: two messages."""
    titles = []
    for exists in (True, False, False, False, True, True):
        path = desk.folder / "devices.ndjson"
        desk.write()
        if not exists:
            path.unlink()
        desk.run("sync")
        titles.append(phone.titles())

    assert titles == [[], ["synchub acme-test: 1 new"], [], [], ["synchub acme-test: 1 over"], []]


def test_what_is_told_names_the_stream_and_the_command(desk: Desk, phone: Phone) -> None:
    """And holds neither a value of a record nor a message of another system."""
    (desk.folder / "devices.ndjson").unlink()
    desk.run("pull")
    [message] = phone.said

    assert message["message"].startswith("failed: mdm/devices could not be read in run 1 (input). See: synchub check")
    assert CANARY not in json.dumps(message)


def test_nobody_answers(desk: Desk, phone: Phone) -> None:
    """The run ends as it would have, says that nobody was told, and the next one tells."""
    phone.status = 500
    (desk.folder / "devices.ndjson").unlink()
    ran = desk.run("pull")
    status = desk.run("status", "--json").document
    phone.status = 200
    desk.run("pull")

    assert 1 == ran.code  # because of the stream
    assert "unavailable" == status["runs"][0]["counts"]["notify"]["error"]
    assert ["synchub acme-test: 1 new"] == phone.titles()
    assert CANARY not in ran.out + ran.err + json.dumps(status)


def test_a_stream_grows_stale_without_a_run(desk: Desk, phone: Phone) -> None:
    """Only the clock moves; looking again says nothing more; the next delivery ends it."""
    settings = desk.settings()["sources"]
    settings["mdm"]["streams"]["devices"]["fresh_within"] = "6h"
    desk.changes |= {"sources": settings}
    desk.write()
    desk.run("pull")
    clock = FakeClock(int(time.time()) + 5 * 3600)
    hub = open_hub(desk.config, clock=clock)
    watch(hub)
    early = phone.titles()
    clock.time += 2 * 3600
    for _ in range(3):
        watch(hub)
    late = [message["message"] for message in phone.said]
    phone.titles()
    os.utime(desk.folder / "devices.ndjson", (clock.time, clock.time))
    clock.time = int(time.time())
    desk.run("pull")
    hub.close()

    assert [] == early
    [told] = late
    assert re.fullmatch(
        r"stale: mdm/devices is 7 h( \d+ s)? old, fresh_within is 6 h\. See: synchub status", told.split(" 0 min")[0]
    )
    assert ["synchub acme-test: 1 over"] == phone.titles()


def test_a_wrong_service_does_not_stop_the_run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The URL names no service: the run goes on, says so, and does not repeat the URL."""
    monkeypatch.setenv("NOTIFY_URL", f"nosuchservice://{CANARY}")
    ran = desk.run("sync")
    status = desk.run("status", "--json").document

    assert 0 == ran.code
    assert "config" == status["runs"][0]["counts"]["notify"]["error"]
    assert CANARY not in ran.out + ran.err + json.dumps(status)


def test_status_shows_ages_dead_letters_and_the_next_run(desk: Desk) -> None:
    """Each stream's age against `fresh_within`; what needs somebody; when the sync runs next."""
    settings = desk.settings()["sources"]
    settings["mdm"]["streams"]["devices"]["fresh_within"] = "26h"
    settings["hr"]["streams"]["employees"]["fresh_within"] = "1s"
    desk.changes |= {"sources": settings, "schedules": {"sync": "15 */4 * * *"}}
    desk.write()
    with (desk.folder / "devices.ndjson").open("a") as file:
        file.write("{broken\n")
    os.utime(desk.folder / "people.ndjson", (time.time() - 7200, time.time() - 7200))
    desk.run("pull")
    ran, document = desk.run("status"), desk.run("status", "--json").document
    streams = {s["source"]: s for s in document["streams"]}

    assert ("stale", "fresh_within is 1 s") == (streams["hr"]["freshness"], document["alerts"][0]["text"][-19:])
    assert ("fresh", 93600, 1) == tuple(streams["mdm"][key] for key in ("freshness", "fresh_within", "dead_letters"))
    assert ("", None) == (streams["erp"]["freshness"], streams["erp"]["fresh_within"])
    assert 0 < document["schedules"][0]["next_at"] - document["now"] <= 4 * 3600
    for words in (
        "STALE: 2 h ",
        " old, limit 1 s",
        " s old, limit 1 d 2 h",
        "1 dead letter",
        "sync  15 */4 * * *  next ",
    ):
        assert words in ran.out
