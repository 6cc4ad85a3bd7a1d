"""Health, metrics and the certificate of the server, and the rules that are shipped for them."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from synchub.errors import ConfigError
from synchub.settings.serve import ServeBlock
from synchub.steps import begin_run, end_run, exclusive, pull_source
from synchub.web.server import serving
from synchub.web.state import Cached
from synchub.wiring import open_hub
from tests.integration.serve.conftest import CANARY, LIMITS, Served
from tests.integration.test_http_tls import _certificate
from tests.unit.connectors.agent_inventory.reads import agent

_RULES = Path(__file__).resolve().parents[3] / "docs" / "alerts.yml"
_WORDS = {"by", "sum", "rate", "increase", "time", "and", "or", "up", "job", "path", "outcome", "source", "stream"}


def values(client: httpx.Client) -> dict[str, float]:
    """Read `/metrics` as a Prometheus server does: name with labels -> value."""
    return {
        f"{s.name}{{{','.join(f'{k}={v}' for k, v in sorted(s.labels.items()))}}}": s.value
        for family in text_string_to_metric_families(client.get("/metrics").text) for s in family.samples
    }  # fmt: skip


def pulled(served: Served, name: str = "nb-1") -> None:
    """Store an inventory in the spool by hand and read it."""
    folder = served.folder / "drops" / "received"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_bytes(agent(name))
    hub = served.hub()
    with exclusive(hub):
        run = begin_run(hub, "pull")
        pull_source(hub, "scan", run)
        end_run(hub, run, "done")


def test_health_lives_and_readiness_names_the_schema(served: Served) -> None:
    """Two answers: the process lives; the state has the schema that it needs."""
    client = served.start()

    assert {"status": "ok"} == client.get("/healthz").json()
    assert {"ready": True, "schema": {"have": "0002", "need": "0002"}} == client.get("/healthz/ready").json()


def test_a_state_of_another_schema_is_not_ready(served: Served) -> None:
    """503, and both versions are named."""
    pulled(served)
    with served.hub().state.database.begin() as tx:
        tx.run("update alembic_version set version_num='0000'")
    client = served.start()
    reply = client.get("/healthz/ready")

    assert (503, False, "state") == (reply.status_code, reply.json()["ready"], reply.json()["error"])
    assert 200 == client.get("/healthz").status_code


def test_metrics_tell_what_the_state_holds(served: Served) -> None:
    """Streams, runs, dead letters, ages; in the text format that Prometheus reads."""
    served.changes = {"schedules": {"sync": "15 */4 * * *"}}
    pulled(served)
    client = served.start()
    shown = values(client)
    of = "{source=scan,stream=inventories}"

    assert {
        f"synchub_stream_records{of}": 1, f"synchub_stream_stale{of}": 0,
        f"synchub_stream_fresh_within_seconds{of}": 93600, "synchub_runs_total{kind=pull,state=done}": 1,
        "synchub_run_last_failed{kind=pull}": 0, "synchub_run_active{}": 0,
        "synchub_state_up{}": 1, "synchub_alerts{kind=stale}": 0,
    }.items() <= shown.items()  # fmt: skip
    assert abs(shown[f"synchub_stream_fresh_timestamp_seconds{of}"] - time.time()) < 60
    assert 0 < shown["synchub_schedule_next_timestamp_seconds{flow=sync}"] - time.time() <= 4 * 3600


def test_metrics_hold_no_value_of_a_record(served: Served) -> None:
    """Nor of a dead letter, nor the name of a device."""
    pulled(served, f"nb-{CANARY}")
    (served.folder / "drops" / "received" / "bad.json").write_text(f'{{"deviceid": "{CANARY}", "content"')
    pulled(served, f"nb-{CANARY}")
    client = served.start()
    text = client.get("/metrics").text

    assert 'synchub_dead_letters{code="not_json",source="scan",stream="inventories"} 1.0' in text
    assert CANARY not in text


def test_metrics_ask_for_their_token(served: Served) -> None:
    """Readiness too; liveness never."""
    served.changes = {"serve": {"listen": "127.0.0.1:0", "metrics_token": "env:METRICS_TOKEN"}}
    client = served.start()
    good, bad = {"authorization": f"Bearer {CANARY}"}, {"authorization": "Bearer x"}

    for path in ("/metrics", "/healthz/ready"):
        replies = [client.get(path, headers=head).status_code for head in (good, bad, {})]
        assert [200, 401, 401] == replies
    assert 200 == client.get("/healthz").status_code


def test_a_state_that_hangs_keeps_nobody_waiting() -> None:
    """Who asks gives up after a moment; the next ones wait for the same attempt instead of starting their own."""
    release, begun = threading.Event(), []

    def find() -> str:
        begun.append(1)
        release.wait(10)
        return "found"

    async def ask() -> tuple[list[object], str]:
        cached = Cached(find, fresh_s=60, wait_s=0.05, now=time.monotonic)
        early = await asyncio.gather(cached.get(), cached.get(), return_exceptions=True)
        release.set()
        await asyncio.sleep(0.2)
        late = await cached.get()
        cached.close()
        return list(early), late

    early, late = asyncio.run(ask())

    assert [TimeoutError, TimeoutError] == [type(answer) for answer in early]
    assert "found" == late
    assert [1] == begun


def test_every_metric_of_the_alert_rules_exists(served: Served) -> None:
    """The shipped rules are YAML of the right form, and each name in them is a metric or a word of PromQL."""
    pulled(served)
    client = served.start()
    client.post("/agents/scan", content=b"x")
    (served.folder / "drops" / "received" / "bad.json").write_text("{")
    pulled(served)
    families = {f.name for f in text_string_to_metric_families(client.get("/metrics").text)}
    names = families | {f"{name}_total" for name in families} | {"synchub_held_rows"}
    rules = [rule for group in yaml.safe_load(_RULES.read_text())["groups"] for rule in group["rules"]]

    assert len(rules) >= 10
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert (
            {"alert", "expr", "labels", "annotations"}
            <= rule.keys()
            <= {"alert", "expr", "labels", "annotations", "for"}
        )
        used = set(re.findall(r"[a-z_]{2,}", re.sub(r'"[^"]*"|\[[^]]*\]', "", rule["expr"])))
        assert used - _WORDS - {"kind"} <= names, rule["alert"]
        assert used & names or "up" in used, rule["alert"]


def test_the_certificate_of_the_server(served: Served) -> None:
    """A client that trusts its authority is answered over TLS; one that does not is not."""
    pem = _certificate(served.folder, "127.0.0.1")
    served.changes = {"serve": {"listen": "127.0.0.1:0", "tls": {"cert": pem.name, "key": pem.name}}}
    served.start()
    trusting = ssl.create_default_context(cafile=str(pem))

    assert served.url.startswith("https://127.0.0.1:")
    assert 200 == httpx.get(f"{served.url}/healthz", verify=trusting, trust_env=False).status_code
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{served.url}/healthz", trust_env=False)


def test_what_cannot_be_served_is_said_at_the_start(served: Served) -> None:
    """A taken port, a missing certificate, a missing secret: one line with the way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for block, message in (
            ({"listen": f"127.0.0.1:{port}"}, "cannot be listened on"),
            ({"listen": "127.0.0.1:0", "tls": {"cert": "none.pem", "key": "none.pem"}}, "certificate cannot be used"),
            ({"listen": "127.0.0.1:0", "metrics_token": "env:NOT_SET"}, "NOT_SET is not set"),
        ):
            served.changes = {"serve": block}
            hub = open_hub(served.config, environ=served.environ)
            with pytest.raises(ConfigError, match=message), serving(hub, LIMITS):
                pass
            hub.close()


@pytest.mark.parametrize(
    ("block", "is_good"),
    [
        ({}, True), ({"listen": "off"}, True), ({"listen": "[::1]:80"}, True), ({"listen": "0.0.0.0:8642"}, False),
        ({"listen": "0.0.0.0:8642", "tls": "proxy"}, True), ({"listen": "hub.corp.example:443"}, False),
        ({"listen": "127.0.0.1"}, False), ({"listen": "127.0.0.1:99999"}, False), ({"metrics_token": "literal"}, False),
    ],
)  # fmt: skip
def test_passwords_do_not_travel_in_the_clear(block: dict[str, Any], is_good: bool) -> None:
    """Off loopback a certificate, or a proxy that has one, is needed; secrets are references."""
    if is_good:
        ServeBlock.model_validate(block)
    else:
        with pytest.raises(ValueError, match=r"listen|metrics_token|tls"):
            ServeBlock.model_validate(block)


def test_off_serves_nothing(served: Served) -> None:
    """Flows and alerts go on without a port."""
    served.changes = {"serve": {"listen": "off"}}
    with serving(served.hub()) as server:
        assert server is None
