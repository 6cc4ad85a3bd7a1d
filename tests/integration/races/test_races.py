"""Fifty people edit at the very moment of a write, in each shipped target: all are reported, all stand again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from simulators.jira import Jira
from simulators.servicenow import ServiceNow
from state.store import open_state
from synchub.stores.overwritten import Overwritten
from tests.integration.cli.conftest import Desk, people_and_devices, synchub

EDITS = 50


class Site(NamedTuple):
    """A target with fifty objects of the hub's.

    Attributes:
        sync: Syncs, and returns the report of the target.
        change: Lets the source say something else about all of them.
        edit: Lets a person edit one, by number, at the next write to it, or at once.
        held: Returns what the objects hold in the field that is edited, by number.
        state: File of the state.
    """

    sync: Callable[[], Mapping[str, Any]]
    change: Callable[[], None]
    edit: Callable[[int, str], None]
    held: Callable[[], dict[int, str]]
    state: Path


def _report(ran: Any) -> Mapping[str, Any]:
    assert ran.code == 0, ran.out + ran.err
    [report] = ran.document["targets"].values()
    return dict(report)


@contextmanager
def _servicenow(folder: Path, *, audit: bool = True) -> Iterator[Site]:
    with ServiceNow(seed=3, validate=True) as sim:
        sim.store.audit = audit
        desk = people_and_devices(Desk(folder, sim.url), 1, EDITS)
        desk.rows["orders"] = []
        desk.write()
        yield _devices(
            desk,
            lambda n, text: sim.edit_at_write("cmdb_ci_computer", _ci(sim, n), {"os_version": text}),
            lambda: {_number(r["name"]): r.get("os_version", "") for r in sim.dump("cmdb_ci_computer")},
        )
        assert sim.coming.left() == 0
        assert sim.log.problems() == []


def _ci(sim: ServiceNow, n: int) -> str:
    [row] = sim.dump("cmdb_ci_computer", f"name=nb-{n:05}")
    return str(row["sys_id"])


def _number(name: str) -> int:
    return int(name.rpartition("-")[2])


@contextmanager
def _assets(folder: Path) -> Iterator[Site]:
    with Jira(seed=5) as sim:
        desk = people_and_devices(Desk(folder, sim.url), 1, EDITS)
        desk.rows["orders"] = []
        desk.changes = {
            "targets": {
                "assets": {
                    "connector": "jira_assets", "url": sim.url, "api": sim.url, "schema": "ITAM", "mode": "write",
                    "icon": "1", "classes": ["computer", "person"], "requests_per_minute": 100_000,
                    "searches_per_minute": 100_000,
                    "auth": {"email": "hub@acme.example", "token": "env:JIRA_TOKEN"},
                }
            }
        }  # fmt: skip
        desk.write()
        jane = sim.access.add("jane@acme.example", "Jane Doe").account_id

        def objects() -> dict[int, Any]:
            types = {t.id: t.name for t in sim.store.types.values()}
            found = [o for o in sim.store.objects.values() if types[o.type] == "Computer"]
            return {_number(sim.row(o)["Name"][0]): o for o in found}

        yield _devices(
            desk,
            lambda n, text: sim.edit_at_write(objects()[n].key, {"OS Version": text}, by=jane),
            lambda: {n: sim.row(o)["OS Version"][0] for n, o in objects().items()},
        )
        assert sim.coming.left() == 0


def _devices(desk: Desk, edit: Callable[[int, str], None], held: Callable[[], dict[int, str]]) -> Site:
    def change() -> None:
        for row in desk.rows["devices"]:
            row["osVersion"] = "10.0.99999.1"
        desk.write()

    return Site(lambda: _report(desk.run("sync", "--json")), change, edit, held, desk.folder / "state.db")


@contextmanager
def _issues(folder: Path) -> Iterator[Site]:
    config = folder / "synchub.yaml"
    with Jira(seed=1) as sim:
        ops, tasks = sim.project("OPS"), sim.project("ITOPS")
        jane = sim.access.add("jane@acme.example", "Jane Doe").account_id
        for number in range(EDITS):
            sim.issue(ops, f"Laptop {number}", by=jane, duedate="2027-01-01", labels=[f"n{number}"])
        site = {
            "connector": "jira_issues", "url": sim.url, "requests_per_minute": 100_000,
            "auth": {"email": "hub@acme.example", "token": "env:JIRA_TOKEN"},
        }  # fmt: skip
        settings = {
            "version": 1, "hub": {"id": "acme"}, "state": "sqlite:///state.db",
            "sources": {"desk": {**site, "project": "OPS"}},
            "targets": {"tasks": {**site, "project": "ITOPS", "mode": "write", "classes": ["ticket"]}},
        }  # fmt: skip
        config.write_text(json.dumps(settings))

        def mirrored(project: str) -> dict[int, Any]:
            found = [i for i in sim.issues.issues.values() if i.project == project]
            return {int(next(t for t in i.values["labels"] if t[0] == "n")[1:]): i for i in found}

        def change() -> None:
            for n, issue in mirrored(ops.id).items():
                sim.edit_issue(issue.key, {"summary": f"Notebook {n}"}, by=jane)

        yield Site(
            lambda: _report(synchub("sync", "--config", str(config), "--json")),
            change,
            lambda n, text: sim.edit_at_write(mirrored(tasks.id)[n].key, {"summary": text}, by=jane),
            lambda: {n: issue.values["summary"] for n, issue in mirrored(tasks.id).items()},
            folder / "state.db",
        )
        assert sim.coming.left() == 0


def kept(site: Site) -> list[Overwritten]:
    """Read what the state says was written over."""
    state = open_state(f"sqlite:///{site.state}")
    with state.database.read() as tx:
        entities = [row[0] for row in tx.rows("select distinct entity from overwritten")]
    found = [one for entity in entities for one in state.overwritten.of_entity(entity)]
    state.close()
    return found


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIRA_TOKEN", "hub-token")
    monkeypatch.setenv("SNOW_PASSWORD", "hub-password")


@pytest.mark.parametrize(("target", "who"), [(_servicenow, "jane.doe"), (_assets, "Jane Doe"), (_issues, "Jane Doe")])
def test_fifty_edits_between_look_and_write_are_reported_and_put_back(
    tmp_path: Path, target: Callable[..., Any], who: str
) -> None:
    """Each with both values and its author; none is lost, and the next sync writes nothing."""
    with target(tmp_path) as site:
        site.sync()
        assert len(site.held()) == EDITS
        site.change()
        typed = {n: f"typed by Jane {n}" for n in range(EDITS)}
        for n, text in typed.items():
            site.edit(n, text)
        report = site.sync()

        assert site.held() == typed
        assert report["written_over"] == {"race": EDITS, "back": EDITS}
        rows = kept(site)
        assert sorted(o.theirs for o in rows) == sorted(typed.values())
        assert {(o.how, o.state, o.edited_by) for o in rows} == {("race", "back", who)}
        assert all(o.ours and o.ours != o.theirs and o.edited_at for o in rows)
        assert not site.sync()["applied"]
        assert site.held() == typed


def test_without_an_audit_table_the_gap_is_reported(tmp_path: Path) -> None:
    """What was typed cannot be known there; each object is a conflict, and nothing is put back."""
    with _servicenow(tmp_path, audit=False) as site:
        site.sync()
        site.change()
        for n in range(3):
            site.edit(n, "typed by Jane")
        report = site.sync()

        assert report["written_over"] == {"race": 3}
        assert set(site.held().values()) == {"10.0.99999.1"}
        assert kept(site) == []


def test_edits_at_a_write_can_be_asked_for_from_another_process() -> None:
    """The control path of both simulators: the edit waits for the next write and stands right before it in the log."""
    with ServiceNow(seed=1) as snow, Jira(seed=1) as jira:
        [ci] = snow.seed("cmdb_ci_computer", [{"name": "nb-1", "os": "a"}])
        path = f"/_sim/edit/cmdb_ci_computer/{ci}?user=jane.doe&at_write=1"
        assert httpx.post(snow.url + path, json={"os": "typed"}).is_success
        assert snow.dump("cmdb_ci_computer")[0]["os"] == "a"
        httpx.patch(f"{snow.url}/api/now/table/cmdb_ci_computer/{ci}", json={"os": "b"}, auth=("hub", "hub-password"))
        changed = [(change.user, change.fields["os"][1]) for change in snow.store.journal if "os" in change.fields]
        assert changed[-2:] == [("jane.doe", "typed"), ("hub", "b")]

        issue = jira.issue(jira.project("OPS"), "a", by=jira.admin.account_id)
        by = jira.admin.account_id
        assert httpx.post(f"{jira.url}/_sim/edit/{issue.key}?at_write=1&by={by}", json={"summary": "typed"}).is_success
        login = ("hub@acme.example", "hub-token")
        body = {"fields": {"summary": "b"}}
        assert httpx.put(f"{jira.url}/rest/api/3/issue/{issue.key}", json=body, auth=login).is_success
        assert [change.items[0][5] for change in issue.changes] == ["typed", "b"]
