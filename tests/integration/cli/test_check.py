"""`synchub check` over the wire: what each connection says about itself, and what is wrong before anything is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from simulators.jira import Jira
from simulators.servicenow import ServiceNow
from tests.contract.bamboohr_case import KEY, ROOT, BambooUnderTest
from tests.contract.intune_case import SECRET, IntuneUnderTest
from tests.integration.cli.conftest import Desk, Ran, synchub

_KEPT = {
    "source mdm": "80 requests a second (at once up to 400)",
    "source hr": "3 requests a second (at once up to 3)",
    "source desk": "10 requests a second (at once up to 20)",
    "target snow": "30 requests a second (at once up to 60)",
    "target assets": "100 requests a second",
    "target tasks": "10 requests a second (at once up to 20)",
}


def _check(folder: Path, settings: dict[str, Any], *more: str) -> Ran:
    config = folder / "synchub.yaml"
    config.write_text(
        json.dumps({"version": 1, "hub": {"id": "t"}, "state": "sqlite:///state.db", **settings}, indent=1)
    )
    return synchub("check", "--json", "--config", str(config), *more)


def _notes(ran: Ran) -> dict[str, str]:
    return {item["what"]: item["note"] for item in ran.document["ok"]}


@pytest.fixture
def snow() -> Iterator[ServiceNow]:
    """An empty instance."""
    with ServiceNow(seed=1) as running:
        yield running


def _snow(url: str) -> dict[str, Any]:
    return {"connector": "servicenow", "url": url, "auth": {"user": "hub", "password": "env:SNOW_PASSWORD"}}


def test_every_http_connection_shows_its_rate_limit(
    tmp_path: Path, snow: ServiceNow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the system says where it says something, and what the hub keeps to, configured or the connector's own."""
    for name, value in {"SNOW_PASSWORD": "hub-password", "JIRA": "hub-token", "GRAPH": SECRET, "HR": KEY}.items():
        monkeypatch.setenv(name, value)
    snow.rate_limit(20_000)
    with ExitStack() as stack:
        jira = stack.enter_context(Jira(seed=1))
        jira.issue(jira.project("OPS"), "Laptop", by=jira.admin.account_id)
        tenant, company = IntuneUnderTest(2), BambooUnderTest(1)
        stack.callback(tenant.server.stop)
        stack.callback(company.server.stop)
        login = {"email": "hub@acme.example", "token": "env:JIRA"}
        issues = {"connector": "jira_issues", "url": jira.url, "auth": login, "project": "OPS"}
        ran = _check(tmp_path, {
            "sources": {
                "mdm": {"connector": "intune", "tenant": tenant.graph.tenant, "client_id": tenant.graph.client_id,
                        "client_secret": "env:GRAPH", "url": tenant.server.url, "login_url": tenant.server.url},
                "hr": {"connector": "bamboohr", "company": "kit", "api_key": "env:HR",
                       "url": f"{company.server.url}{ROOT}", "requests_per_second": 3},
                "desk": issues,
            },
            "targets": {
                "snow": _snow(snow.url),
                "assets": {"connector": "jira_assets", "url": jira.url, "api": jira.url, "schema": "ITAM", "icon": "1",
                           "auth": login, "requests_per_minute": 6000},
                "tasks": {**issues, "classes": ["ticket"]},
            },
        })  # fmt: skip

    notes = _notes(ran)
    assert ran.document["problems"] == []
    for connection, kept in _KEPT.items():
        assert f"the hub keeps to {kept}" in notes[f"{connection} rate limit"]
    assert notes["target snow rate limit"].startswith("the system says limit 20000, reset ")
    assert notes["source mdm rate limit"].startswith("the system says nothing")


def test_files_have_no_rate_limit(tmp_path: Path) -> None:
    """Nothing is said where there is nothing to say."""
    (tmp_path / "devices.csv").write_text("id\n1\n")
    stream = {"glob": "*.csv", "complete_when": "always"}
    source = {"connector": "files", "root": ".", "role": "mdm", "streams": {"devices": stream}}

    assert not [what for what in _notes(_check(tmp_path, {"sources": {"mdm": source}})) if "rate limit" in what]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("acme.service-now.com", "no http(s) address"),
        ("https://", "no http(s) address"),
        ("ftp://acme.example", "no http(s) address"),
        ("http://acme.example", "must use https"),
    ],
)
def test_an_address_that_is_none_is_found_offline(url: str, says: str, tmp_path: Path) -> None:
    """With its line and the way out; nothing is connected."""
    ran = _check(tmp_path, {"targets": {"snow": _snow(url)}}, "--offline")

    [problem] = ran.document["problems"]
    assert ran.code == 2
    assert problem["where"].startswith("synchub.yaml:")
    assert "targets.snow.url" in problem["message"]
    assert says in problem["message"]
    assert "https" in problem["message"]


def test_the_way_out_is_looked_at_offline(tmp_path: Path) -> None:
    """A file of authorities that is missing or holds none, and a proxy that is none, are told with their lines."""
    (tmp_path / "empty.pem").write_text("no certificate\n")

    faults = [
        _check(tmp_path, {"http": http}, "--offline").document["problems"]
        for http in ({"ca_file": "none.pem"}, {"ca_file": "empty.pem"}, {"proxy": "proxy.corp.example:3128"})
    ]

    said = [(problem["what"], problem["message"], problem["fix"]) for [problem] in faults]
    assert {what for what, _, _ in said} == {"http"}
    assert all(problem["where"].startswith("synchub.yaml:") for [problem] in faults)
    for (_, message, fix), word, way in zip(
        said, ("No such file", "as PEM certificates", "proxy cannot be read"), ("path", "BEGIN CERT", "http://host:port"),
        strict=True,
    ):  # fmt: skip
        assert word in message
        assert way in fix


def test_a_state_that_cannot_be_made_is_named_with_the_way_out(tmp_path: Path) -> None:
    """Before the first run fails; and the run itself says the same instead of breaking."""
    (tmp_path / "taken").write_text("a file where a folder is needed")

    checked = _check(tmp_path, {"state": "sqlite:///taken/state.db"}, "--offline")
    ran = synchub("sync", "--config", str(tmp_path / "synchub.yaml"))

    [problem] = checked.document["problems"]
    assert checked.code == 1
    assert "taken" in problem["message"]
    assert "writable" in problem["fix"]
    assert ran.code == 1
    assert "Make the folder writable" in ran.err


def test_rules_that_do_not_work_are_told_with_their_line(offline: Desk) -> None:
    """What never works is a problem, what may be meant a warning, which does not fail the check."""
    offline.changes |= {"rules": {"hardware": {"fields": {"price": ["erp", "mdm"]}, "silent_after": {"mdm": "12h"}}},
                        "schedules": {"sync": "0 6 * * 1-5"}}  # fmt: skip
    offline.write()
    lines = offline.config.read_text().splitlines()
    ran = offline.run("check", "--offline", "--json")
    assert ran.code == 0
    found = {item["what"]: item for item in ran.document["warnings"]}
    assert set(found) == {"never_says", "window_too_short"}
    assert found["never_says"]["where"] == f"synchub.yaml:{1 + lines.index('      price:')}"
    assert "up to 3d may lie between two reads (schedules: sync)" in found["window_too_short"]["message"]
    text = offline.run("check", "--offline").out
    assert "warning  never_says   synchub.yaml:" in text
    assert "Everything is in order (2 to look at)." in text
    offline.changes["rules"] = {"hardware": {"fields": {"price": ["mdm"]}}}
    offline.write()
    ran = offline.run("check", "--offline", "--json")
    assert ran.code == 2
    assert [item["what"] for item in ran.document["problems"]] == ["nobody_may_say"]


def test_a_map_over_itself_and_policies_of_no_field_are_told(offline: Desk) -> None:
    """All keys of `theirs` at once, without asking the target."""
    (offline.folder / "own.yaml").write_text("fields: {}\n")
    settings = offline.settings()
    settings["sources"]["mdm"]["streams"]["devices"]["maps"] = ["own.yaml", "own.yaml"]
    settings["targets"]["snow"]["theirs"] = {"os_versoin": "hub", "default": "target", "computer": {"nme": "hub"}}
    offline.changes = {"sources": settings["sources"], "targets": settings["targets"]}
    offline.write()
    found = {item["what"]: item for item in offline.run("check", "--offline", "--json").document["problems"]}
    assert set(found) == {"map_twice", "target snow map"}
    message = found["target snow map"]["message"]
    assert "'os_versoin'" in message
    assert "'nme'" in message


def test_a_source_and_a_target_of_one_system(offline: Desk) -> None:
    """What comes back from there as its own word is told, where somebody else says it, too."""
    settings = offline.settings()
    jira = {"connector": "jira_issues", "url": "https://acme.atlassian.net", "project": "OPS"}

    def login() -> dict[str, str]:
        return {"email": "hub@acme.example", "token": "env:SNOW_PASSWORD"}

    desks = {"desk": {**jira, "auth": login()}, "desk2": {**jira, "url": "https://b.example", "auth": login()}}
    offline.changes = {"sources": {**settings["sources"], **desks},
                       "targets": {"tasks": {**jira, "auth": login(), "classes": ["ticket"]}}}  # fmt: skip
    offline.write()
    found = offline.run("check", "--offline", "--json").document["warnings"]
    assert [item["what"] for item in found] == ["echo"]
    assert "desk reads from where tasks writes to" in found[0]["message"]
    del offline.changes["sources"]["desk2"]
    offline.write()
    assert offline.run("check", "--offline", "--json").document["warnings"] == []
