"""Syncs into a Request Tracker: assets, who holds them, other people's edits, refusals, lost answers."""

from __future__ import annotations

import json
import time

import pytest

from tests.integration.rt.conftest import Simulated
from tests.integration.rt.desk import RtDesk, keeps_every_edit


def test_a_sync_hand_edits_and_a_second_sync_keep_every_edit(desk: RtDesk, rt: Simulated) -> None:
    """The second sync writes nothing, and neither does a third."""
    figures = keeps_every_edit(desk, rt)

    assert figures["third sync"] <= figures["second sync"] <= 20


def test_first_sync_writes_what_the_map_says(desk: RtDesk, rt: Simulated) -> None:
    """Fields, the hub key, who holds the asset by e-mail address; nobody is made a user."""
    rt.user("anna", "Anna.Novak@corp.example")
    users = len(rt.sim.store.users)
    desk.sync()

    _, row = rt.named("nb-test1")
    assert row["HeldBy"] == ["anna"]
    assert row["Serial Number"] == "5CGTEST1"
    assert row["Status"] == "in-use"
    assert row["Catalog"] == "Laptops"
    assert row["Hub Key"].startswith("acme-test:")
    assert len(rt.sim.store.users) == users


def test_who_is_no_user_stays_unset_until_he_is_one(desk: RtDesk, rt: Simulated) -> None:
    """An unknown address is never written; once somebody made the user, the next sync fills the field."""
    desk.sync()
    unset = rt.named("nb-test1")[1]["HeldBy"]
    rt.user("anna", "anna.novak@corp.example")
    desk.sync()

    assert unset == []
    assert rt.named("nb-test1")[1]["HeldBy"] == ["anna"]


def test_people_become_users_only_where_that_is_configured(desk: RtDesk, rt: Simulated) -> None:
    """Without `create_users` such rows are refused and say so; with it each person is one user, once."""
    desk.own = {"classes": ["person"]}
    desk.write()
    before = len(rt.sim.store.users)
    refused = desk.sync(code=5)
    kept = len(rt.sim.store.users)
    desk.own = {"classes": ["person"], "create_users": True}
    desk.write()
    desk.rows["people"][0]["department"] = "Sales"
    desk.write()
    desk.sync(code=0)
    desk.sync(code=0)

    assert refused["states"] == {"refused": 2}
    assert kept == before
    names = [u["Name"] for u in rt.sim.store.users.values()]
    assert names.count("anna.novak@corp.example") == 1
    assert len(names) == len(set(names))


def test_who_becomes_a_user_holds_his_asset_after_the_same_sync(desk: RtDesk, rt: Simulated) -> None:
    """With a map that waits for people; the second sync writes nothing."""
    held = {"hardware": {"record": {"fields": {"HeldBy": {"from": "assigned_to", "link": "person"}}}}}
    (desk.folder / "people.yaml").write_text(json.dumps({"version": 1, "classes": held}))
    desk.own = {"classes": ["computer", "person"], "create_users": True, "maps": ["people.yaml"]}
    desk.write()
    desk.sync()
    written = desk.writes()
    desk.sync()

    assert rt.named("nb-test1")[1]["HeldBy"] == ["anna.novak@corp.example"]
    user = next(u for u in rt.sim.store.users.values() if u["Name"] == "anna.novak@corp.example")
    assert (user["RealName"], user["Organization"]) == ("Anna Novak", "Finance")
    assert desk.writes() == written


def test_what_other_people_made_is_linked_and_their_values_stay(desk: RtDesk, rt: Simulated) -> None:
    """First contact adopts by serial number; a filled field that differs is theirs, an empty one is filled."""
    [theirs] = rt.sim.seed("Laptops", [{"Name": "old name", "Serial Number": "5CGTEST1"}], by="jane")
    desk.sync()

    row = rt.sim.row(theirs)
    assert len(rt.assets()) == 3
    assert row["Name"] == "old name"
    assert row["Hostname"] == "nb-test1"


def test_explain_says_who_made_an_edit(desk: RtDesk, rt: Simulated) -> None:
    """Author and time come from the asset's transactions."""
    desk.sync()
    number, _ = rt.named("nb-test1")
    rt.edit(number, {"Operating System": "typed by Jane"})
    desk.sync()
    told = desk.run("explain", "nb-test1", "os_name", "--json")

    assert rt.named("nb-test1")[1]["Operating System"] == "typed by Jane"
    assert "jane" in told.out


def test_a_changed_source_writes_one_asset_once(desk: RtDesk, rt: Simulated) -> None:
    """One changed field is one write; the rest of the asset is left alone."""
    desk.sync()
    before = desk.writes()
    desk.rows["devices"][0]["osVersion"] = "10.0.26100.1"
    desk.write()
    desk.sync()

    assert desk.writes() == before + 1
    assert rt.named("nb-test1")[1]["Operating System"].endswith("10.0.26100.1")


def test_answers_lost_before_and_after_the_work_make_no_duplicates(desk: RtDesk, rt: Simulated) -> None:
    """Creates whose answer is lost are found by their hub key, or sent again."""
    rt.server.faults.add("timeout_after", method="POST", path=r"/asset$", nth=(1,))
    rt.server.faults.add("timeout_before", method="POST", path=r"/asset$", nth=(2,))
    desk.run("sync", "--json")
    desk.sync()

    keys = [row["Hub Key"] for row in rt.assets().values()]
    assert len(keys) == len(set(keys)) == 3


def test_what_is_missing_is_retired_and_comes_back(desk: RtDesk, rt: Simulated) -> None:
    """By rule of its class: `recycled`, nothing more after that, and in use again when it is listed again."""
    rule = {"missing_after": 1, "at_least": "1s", "then": "retire"}
    desk.changes = {"rules": {"hardware": {"absent": rule}}}
    desk.write()
    desk.sync()
    rows = desk.rows["devices"], desk.rows["orders"]
    desk.rows["devices"], desk.rows["orders"] = rows[0][1:], rows[1][1:]
    desk.write()
    desk.sync()
    time.sleep(1.1)  # `at_least: 1s` of real time
    desk.sync()
    retired, written = rt.named("nb-test1")[1]["Status"], desk.writes()
    desk.sync()
    still = desk.writes()
    desk.rows["devices"], desk.rows["orders"] = rows
    desk.write()
    desk.sync()

    assert retired == "recycled"
    assert still == written
    assert rt.named("nb-test1")[1]["Status"] == "in-use"


def test_a_lost_state_is_made_anew_from_the_assets(desk: RtDesk, rt: Simulated) -> None:
    """The hub keys say whose assets these are, whatever people made of their names: nothing is written."""
    desk.sync()
    number, _ = rt.named("nb-test1")
    rt.edit(number, {"Name": "anna-laptop", "Serial Number": "", "Hostname": ""})
    written = desk.writes()
    for path in desk.folder.glob("state.db*"):
        path.unlink()
    counts = desk.sync()["summary"]["counts"]["computer"]

    assert counts["link"] == 3
    assert "create" not in counts
    assert len(rt.assets()) == 3
    assert desk.writes() - written <= 1, "what a person emptied may be filled again, nothing else"


def test_check_says_what_is_missing_and_how_to_make_it(desk: RtDesk, rt: Simulated) -> None:
    """A catalog that is not there, a hub key that is not kept unique, custom fields that are not there."""
    good = desk.run("check")
    mark = next(f for f in rt.sim.store.fields.values() if f.name == "Hub Key")
    mark.unique = False
    doubtful = desk.run("check")
    mark.unique = True
    model = next(f for f in rt.sim.store.fields.values() if f.name == "Model")
    del rt.sim.store.fields[model.id]
    lacking = desk.run("check")
    desk.own = {"catalog": "Lptops"}
    desk.write()
    misspelt = desk.run("check")

    assert good.code == 0, good.out
    assert doubtful.code != 0
    assert "Unique values" in doubtful.out
    assert lacking.code == 0
    assert "RT has no 'Model'" in lacking.out
    assert misspelt.code != 0
    assert "no catalog 'Lptops'" in misspelt.out
    assert desk.writes() == 0


def test_check_says_that_the_token_is_wrong(desk: RtDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused login is named with its way out, and the token is nowhere."""
    monkeypatch.setenv("RT_TOKEN", "1-14-wr0ngc4nary")
    ran = desk.run("check")

    assert ran.code != 0
    assert "token" in ran.out
    assert "wr0ngc4nary" not in ran.out + ran.err
