"""Syncs into an Assets workspace: schema, objects, references, other people's edits, refusals, lost answers."""

from __future__ import annotations

import json

import pytest

from simulators.jira import Jira
from tests.integration.jira_assets.conftest import AssetsDesk


def test_preview_shows_the_schema_and_creates_nothing(desk: AssetsDesk, sim: Jira) -> None:
    """What the workspace lacks is counted in the plan and listed by `plan show`; nothing is written."""
    desk.mode = "preview"
    desk.write()

    ran = desk.run("plan", "--json")
    report = ran.document["targets"]["assets"]
    shown = desk.run("plan", "show", report["plan"], "--cause", _cause(ran.document, "schema"), "--json").document

    assert report["summary"]["counts"]["schema"]["create"] > 40
    labels = {(row["kind"], row["label"]) for row in shown["rows"]}
    assert {("object schema", "ITAM"), ("object type", "Hardware"), ("status", "In Stock")} <= labels
    assert desk.writes() == 0
    assert sim.store.types == {}


def _cause(document: dict[str, object], cls: str) -> str:
    causes = json.loads(json.dumps(document["causes"]))
    return str(next(c["number"] for c in causes if c["op"] == "create" and c["field"] == cls))


def test_first_sync_builds_the_schema_and_the_second_writes_nothing(desk: AssetsDesk, sim: Jira) -> None:
    """Types below Hardware, attributes inherited, people as objects, references by object, then nothing more to do."""
    first = desk.sync()
    written = desk.writes()
    second = desk.sync()

    computers, people = desk.objects("Computer"), desk.objects("Person")
    row = sim.row(computers["nb-test1"])
    assert set(computers) == {"nb-test1", "nb-test2", "5CGTEST3"}
    assert set(people) == {"Anna Novak", "Ben Kim"}
    assert row["Serial Number"] == ["5CGTEST1"]
    assert row["Assigned To"] == [people["Anna Novak"].key]
    assert row["Hub Key"][0].startswith("acme-test:")
    assert row["Product"] == ["Dell Latitude 7450"]
    assert "schema" in first["summary"]["counts"]
    assert second["summary"]["counts"] == {}
    assert desk.writes() == written


def test_one_request_writes_one_object(desk: AssetsDesk, sim: Jira) -> None:
    """HTTP writes per changed object: one."""
    desk.sync()
    sim.log.clear()
    desk.rows["devices"][0]["osVersion"] = "10.0.26100.1"
    desk.write()

    desk.sync()

    assert [(e.method, e.path.rsplit("/", 1)[0][-7:]) for e in sim.log.select(writes=True)] == [("PUT", "/object")]
    assert sim.row(desk.objects("Computer")["nb-test1"])["OS Version"] == ["10.0.26100.1"]


def test_what_other_people_made_is_linked_and_their_values_stay(desk: AssetsDesk, sim: Jira) -> None:
    """First contact adopts by serial number; a filled field that differs is theirs."""
    desk.run("pull")
    schema = sim.schema("ITAM", "ITAM")
    hardware = sim.type(schema, "Hardware", {"Serial Number": {}, "OS Version": {}}, inherited=True)
    kind = sim.type(schema, "Computer", {}, parent=hardware.id)
    [theirs] = sim.seed(kind, [{"Name": "old name", "Serial Number": "5CGTEST1", "OS Version": "11"}])

    desk.sync()

    row = sim.row(theirs)
    assert set(desk.objects("Computer")) == {"old name", "nb-test2", "5CGTEST3"}
    assert row["OS Version"] == ["11"]
    assert row["Operating System"] == ["Windows 11"]


def test_a_refused_attribute_keeps_nothing_else_out_and_is_not_tried_again(desk: AssetsDesk, sim: Jira) -> None:
    """The rest of the object is written; the next run plans nothing for it."""
    desk.sync()
    hardware = next(t for t in sim.store.types.values() if t.name == "Computer")
    sim.refuse(sim.attribute(hardware, "OS Version"), "not this way")
    desk.rows["devices"][0] |= {"osVersion": "10.0.26100.1", "totalStorageSpaceInBytes": 1024000000000}
    desk.write()

    desk.sync()
    row = sim.row(desk.objects("Computer")["nb-test1"])
    after = desk.writes()
    again = desk.sync()

    assert row["Storage GB"] == ["1024"]
    assert row["OS Version"] == ["10.0.22631.3593"]
    assert desk.writes() == after
    assert "computer" not in again["summary"]["counts"]


def test_answers_lost_before_and_after_the_work_make_no_duplicates(desk: AssetsDesk, sim: Jira) -> None:
    """Creates whose answer is lost are found by their hub key, or sent again."""
    sim.faults.add("timeout_after", path=r"/object/create$", nth=(1, 4))
    sim.faults.add("timeout_before", path=r"/object/create$", nth=(2,))

    desk.sync()
    desk.sync()

    keys = [k for kind in ("Computer", "Person") for o in desk.objects(kind).values() for k in sim.row(o)["Hub Key"]]
    assert len(keys) == len(set(keys)) == 5


def test_throttled_searches_wait_and_go_on(desk: AssetsDesk, sim: Jira) -> None:
    """429 without and with `Retry-After`: the sync takes longer and ends well."""
    sim.faults.add("throttle", path=r"/object/aql$", nth=(2,), retry_after=1)

    desk.sync()

    assert len(desk.objects("Computer")) == 3


def test_check_names_the_site_and_a_schema_that_is_probably_misspelt(desk: AssetsDesk, sim: Jira) -> None:
    """A schema of nearly that name is offered; one that is like no other will be added by the plan."""
    absent = desk.run("check")
    sim.schema("ITAMs", "ITAM")
    misspelt = desk.run("check")

    assert absent.code == 0
    assert "127.0.0.1/" in absent.out
    assert "ITAM is not there; the plan adds it" in absent.out
    assert misspelt.code != 0
    assert "Did you mean 'ITAMs'?" in misspelt.out
    assert desk.writes() == 0


def test_check_says_that_the_token_is_wrong(desk: AssetsDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused login is named with its way out, and the token is nowhere."""
    monkeypatch.setenv("JIRA_TOKEN", "wr0ng-c4nary")

    ran = desk.run("check")

    assert ran.code != 0
    assert "API token" in ran.out
    assert "wr0ng-c4nary" not in ran.out + ran.err


def test_a_lost_state_is_made_anew_from_the_workspace(desk: AssetsDesk, sim: Jira) -> None:
    """Whatever people made of numbers and names since, the hub keys say whose objects these are: nothing is written."""
    desk.sync()
    person = desk.objects("Person")["Anna Novak"]
    sim.edit(person.key, {"Email": "anna.k@acme.example", "Worker Id": "E-NEW"})
    sim.edit(desk.objects("Computer")["nb-test1"].key, {"Name": "anna-laptop"})
    written = desk.writes()
    for path in desk.folder.glob("state.db*"):
        path.unlink()
    counts = desk.sync()["summary"]["counts"]

    assert {cls: sorted(ops) for cls, ops in counts.items()} == {"computer": ["link"], "person": ["link"]}
    assert (counts["computer"]["link"], counts["person"]["link"]) == (3, 2)
    assert desk.writes() == written
