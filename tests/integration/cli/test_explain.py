"""`explain`, `history` and finding things, over an estate that was synchronised into a ServiceNow of other people."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from simulators.estate import build, load
from simulators.servicenow import ServiceNow
from synchub.domain.model import FIELDS
from synchub.errors import InputError
from synchub.explain import display_id, explain, find_entity, history, render_explain
from synchub.explain_text import render_history
from synchub.wiring import Hub, open_hub
from tests.integration.cli.conftest import Desk, synchub

_FILES: dict[str, Any] = {"connector": "files", "root": "."}


def _configuration(url: str) -> dict[str, Any]:
    """Return a configuration over the drops of the estate."""
    orders = {"glob": "erp/po_*.csv", "delimiter": ";", "decimal": ",", "dates": "%d.%m.%Y", "complete_when": "always"}
    return {
        "version": 1,
        "hub": {"id": "estate", "timezone": "Europe/Berlin"},
        "state": "sqlite:///state.db",
        "sources": {
            "erp": {**_FILES, "role": "procurement", "streams": {"purchase_order_lines": orders}},
            "hr": {**_FILES, "role": "hr", "streams": {"employees": {"glob": "hr/employees.ndjson"}}},
            "mdm": {**_FILES, "role": "mdm", "streams": {"devices": {"glob": "mdm.ndjson"}}},
            "scan": {"connector": "agent_inventory", "root": "agents"},
        },
        "targets": {
            "snow": {
                "connector": "servicenow", "url": url, "mode": "write",
                "auth": {"user": "hub", "password": "env:SNOW_PASSWORD"},
                "theirs": {"default": "target", "os_version": "hub", "assigned_to": "ask"},
            }
        },
    }  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose state knows a small, dirty estate that was delivered once."""
    folder = tmp_path_factory.mktemp("estate")
    estate = build(seed=11, people=40, devices=60)
    estate.write(folder)
    (folder / "mdm.ndjson").write_text("".join(json.dumps(item) + "\n" for item in estate.intune_devices))
    config = folder / "synchub.yaml"
    with ServiceNow(seed=5) as sim:
        load(estate, sim)
        config.write_text(yaml.safe_dump(_configuration(sim.url), sort_keys=False))
        os.environ["SNOW_PASSWORD"] = "hub-password"
        ran = synchub("sync", "--config", str(config), "--json")
        del os.environ["SNOW_PASSWORD"]
    assert ran.code in (0, 4, 5), ran.err
    return folder


@pytest.fixture
def hub(folder: Path) -> Iterator[Hub]:
    """The state after the sync; neither the target nor its secret is there any more."""
    hub = open_hub(folder / "synchub.yaml", environ={})
    yield hub
    hub.close()


def entities(hub: Hub) -> dict[int, Any]:
    """Return every entity."""
    return hub.state.entities.get([row.id for row in hub.state.entities.changed_after(0, 10_000)])


def test_every_field_of_every_thing_is_explained_as_it_was_merged(hub: Hub) -> None:
    """The value is the stored one, a value has one winner at least, and every record has its say with a reason."""
    asked = 0
    for number, row in list(entities(hub).items())[::9]:
        doc = orjson.loads(row.doc)
        for field in FIELDS[row.cls]:
            found = explain(hub, number, field)
            told = found["field"]
            asked += 1
            assert told["value"] == doc.get(field)
            assert "value_now" not in told, (field, told)
            assert len(told["voices"]) == len(found["members"])
            assert (told["value"] is not None) <= any(v["won"] for v in told["voices"])
            assert all(v["won"] or v["reason"] for v in told["voices"])
            assert told["privacy"] == FIELDS[row.cls][field].privacy.value
            text = render_explain(json.loads(json.dumps(found)), "Europe/Berlin")
            assert field in text
    assert asked > 300


def test_every_thing_has_an_overview_and_a_history(hub: Hub) -> None:
    """Also parked and merged ones."""
    for number, row in entities(hub).items():
        found = explain(hub, number)
        assert display_id(number, row.family) in render_explain(found)
        assert {f["field"]: f["value"] for f in found["fields"] if f["value"] is not None} == orjson.loads(row.doc)
        assert render_history(history(hub, number))


def test_a_winners_steps_end_in_its_value(hub: Hub) -> None:
    """What the mapping steps show is what the record says (fields that are not lists)."""
    checked = 0
    for number, row in list(entities(hub).items())[::15]:
        for field in ("serial_number", "model", "os_name", "email"):
            if field not in FIELDS[row.cls]:
                continue
            for voice in explain(hub, number, field)["field"]["voices"]:
                steps = [step for chain in voice["chains"] for step in chain["steps"]]
                if voice["won"] and steps and len(voice["chains"]) == 1:
                    checked += 1
                    assert steps[-1]["gives"] == voice["value"]
                    assert ":" in voice["mapped_at"]
    assert checked > 5


def test_members_say_by_what_they_are_one_thing(hub: Hub) -> None:
    """Each of several records is held by an identification step to another member."""
    several = 0
    for number in entities(hub):
        members = explain(hub, number)["members"]
        if len(members) > 1:
            several += 1
            records = {m["record"] for m in members}
            assert all(m["because"] and all(b["with"] in records for b in m["because"]) for m in members)
    assert several > 5


def test_a_field_that_others_hold_differently_is_marked_with_its_name(hub: Hub) -> None:
    """Also a reference, of which only the target knows what it stands for; other fields' conflicts stay out of it."""
    contested = [c for c in hub.state.reports.conflicts(count=1000) if c["field"] == "manufacturer"]
    assert contested
    for conflict in contested:
        lines = render_explain(explain(hub, conflict["entity"], "manufacturer")).splitlines()
        assert any("! ci.manufacturer = " in line for line in lines)
        told = [line.split("! conflict: ")[1] for line in lines if "! conflict: " in line]
        assert "manufacturer (theirs)" in told
        assert {line for line in told if line.endswith("(theirs)")} <= {"manufacturer (theirs)", "model_id (theirs)"}
        overview = render_explain(explain(hub, conflict["entity"]))
        assert "! conflict: manufacturer (theirs)" in overview


def test_things_are_found_by_what_people_call_them(hub: Hub) -> None:
    """By id, host name, serial number, tag, worker id and native key, in any case."""
    asked = 0
    for number, row in entities(hub).items():
        if row.state == "gone":
            continue
        doc = orjson.loads(row.doc)
        assert find_entity(hub, display_id(number, row.family)) == number
        for field in ("hostname", "serial_number", "asset_tag", "email", "worker_id"):
            for word in {str(doc[field]), str(doc[field]).upper()} if doc.get(field) else ():
                asked += 1
                assert found_as(hub, word) in (number, "several")  # dirty estates share names: then all are listed
    assert asked > 100


def found_as(hub: Hub, word: str) -> int | str:
    """Return the one entity a word names, or `several`."""
    try:
        return find_entity(hub, word)
    except InputError as exc:
        return "several" if "this names" in exc.message else exc.message


def test_a_name_that_several_things_share_lists_them(desk: Desk) -> None:
    """With their ids, so that one can be chosen."""
    desk.rows["devices"] = [dict(row, deviceName="NB-SAME") for row in desk.rows["devices"]]
    desk.write()
    desk.run("pull")
    desk.run("plan", "--no-pull")

    ran = desk.run("explain", "nb-same")

    assert ran.code == 1
    assert "names 2 things" in ran.err
    assert ran.err.count("c-000") == 2


@pytest.mark.parametrize("word", ["nothing-like-it", "c-ZZZZ", "", "x" * 5000, "%", "\x00", '"', "c-7ZZZZZZZZZZZ"])
def test_a_word_that_names_nothing(hub: Hub, word: str) -> None:
    """A message and the way out, whatever was typed."""
    with pytest.raises(InputError) as caught:
        find_entity(hub, word)

    assert caught.value.fix
    assert caught.value.where.isprintable()


def test_an_unknown_field_names_the_nearest(hub: Hub) -> None:
    """A field that only another class has is answered instead: nobody says it."""
    computer = next(row for row in entities(hub).values() if row.cls == "computer")

    with pytest.raises(InputError, match="os_version"):
        explain(hub, computer.id, "os_versoin")
    assert "no such field" in explain(hub, computer.id, "worker_id")["field"]["description"]


def test_a_missing_payload_is_said(desk: Desk) -> None:
    """The value is explained all the same; only its steps are gone."""
    desk.run("plan")
    hub = open_hub(desk.config)
    with hub.state.database.begin() as tx:
        tx.run("delete from payload")

    found = explain(hub, find_entity(hub, "nb-test1"), "model")
    hub.close()

    assert found["field"]["value"] == "Latitude 7450"
    assert any("payload" in note for note in found["notes"])


def test_a_map_that_changed_since_is_said(desk: Desk) -> None:
    """Its steps are shown as they are now, and the note says so."""
    desk.run("plan")
    (desk.folder / "mine.yaml").write_text("version: 1\nstream: devices\nfields: {model: {value: Other}}\n")
    settings = desk.settings()["sources"]
    settings["mdm"]["streams"]["devices"]["maps"] = ["mine.yaml"]
    desk.changes = {"sources": settings}
    desk.write()

    ran = desk.run("explain", "nb-test1", "model")

    assert ran.code == 0
    assert "model = Latitude 7450" in ran.out
    assert "changed since the record was mapped" in ran.out


def test_a_source_that_is_gone_from_the_configuration_is_said(desk: Desk) -> None:
    """What it said is explained, its map cannot be shown."""
    desk.run("plan")
    settings = desk.settings()["sources"]
    del settings["mdm"]
    desk.changes = {"sources": settings}
    desk.write()

    ran = desk.run("explain", "nb-test1", "os_version")

    assert ran.code == 0
    assert "os_version = 10.0.22631.3593" in ran.out
    assert "not configured any more" in ran.out


def test_an_edit_at_the_target_is_shown_with_base_and_policy(desk: Desk, sim: ServiceNow) -> None:
    """Somebody changed a field that the hub wrote: what is there, what was agreed on, what the policy is."""
    desk.mode = "write"
    desk.write()
    desk.run("sync")
    [ci] = [row for row in sim.dump("cmdb_ci_computer") if row["name"] == "nb-test1"]
    sim.edit("cmdb_ci_computer", ci["sys_id"], {"os_version": "typed by a person"}, "admin")
    desk.run("sync")

    ran = desk.run("explain", "nb-test1", "os_version")

    assert "! ci.os_version = typed by a person" in ran.out
    assert "base was 10.0.22631.3593" in ran.out
    assert "policy target" in ran.out


def test_a_change_is_in_the_history_with_run_and_source(desk: Desk) -> None:
    """Old and new value of the thing, and the write that followed; of one field only when asked."""
    desk.mode = "write"
    desk.write()
    desk.run("sync")
    desk.rows["devices"] = [dict(row, osVersion="10.0.22631.9999") for row in desk.rows["devices"]]
    desk.write()
    desk.run("sync")

    events = desk.run("history", "nb-test1", "--field", "os_version", "--json").document["events"]
    text = desk.run("history", "nb-test1", "--field", "os_version").out

    assert [e["kind"] for e in events] == ["plan", "change", "plan"]
    assert events[1]["changes"] == [
        {"field": "os_version", "old": "10.0.22631.3593", "new": "10.0.22631.9999", "source": "mdm"}
    ]
    assert events[2]["op"] == "update"
    assert events[2]["state"] == "applied"
    assert "10.0.22631.3593 -> 10.0.22631.9999   source: mdm" in text
    assert "model" not in text


def test_a_merged_thing_leads_to_what_it_became(desk: Desk) -> None:
    """The old id goes on working."""
    desk.rows["devices"] = [dict(desk.rows["devices"][0], serialNumber="OTHER123")]
    desk.write()
    desk.run("plan")
    before = {row["key"]: row["serial"] for row in _members(desk)}
    desk.rows["devices"] = [
        dict(desk.rows["devices"][0], serialNumber="5CGTEST1", lastSyncDateTime="2026-11-21T00:00:00Z")
    ]
    desk.write()
    desk.run("plan")

    assert len(before) == 4
    for word in {row["id"] for row in _members(desk)} | {"c-0001", "c-0004"}:
        assert desk.run("explain", word).code in (0, 1)
    assert desk.run("explain", "nb-test1", "--json").document["entity"]["serial_number"] == "5CGTEST1"


def _members(desk: Desk) -> list[dict[str, str]]:
    """Return native key, id and serial number of every hardware record."""
    hub = open_hub(desk.config)
    rows = entities(hub)
    found = [
        {"key": key, "id": display_id(e, rows[e].family), "serial": orjson.loads(rows[e].doc).get("serial_number", "")}
        for _, _, key, e in hub.state.reports.membership()
        if rows[e].family == "hardware"
    ]
    hub.close()
    return found


def test_map_test_shows_every_step_of_a_record_from_a_file(desk: Desk, tmp_path: Path) -> None:
    """Raw value, each transform, the place of the rule; a record that the map refuses ends with 1."""
    record = tmp_path / "record.json"
    record.write_text(json.dumps({"id": "x1", "userPrincipalName": " A@B.example ", "serialNumber": "s/n: 5cg-1"}))

    good = desk.run("map", "test", "mdm", "devices", "--record", str(record))
    record.write_text("{}")
    refused = desk.run("map", "test", "mdm", "devices", "--record", str(record))
    record.write_text("{")
    broken = desk.run("map", "test", "mdm", "devices", "--record", str(record))

    assert good.code == 0
    assert '" A@B.example "' in good.out
    assert "maps/devices.yaml:" in good.out
    assert refused.code == 1
    assert "REFUSED" in refused.out
    assert broken.code == 1
    assert "not valid JSON" in broken.err


def test_map_test_of_a_stored_record_and_of_an_unknown_one(desk: Desk) -> None:
    """By native key; nothing is read from the source."""
    desk.run("pull")

    assert "5CGTEST2" in desk.run("map", "test", "erp", "purchase_order_lines", "--key", "PO-1-2").out
    assert desk.run("map", "test", "erp", "purchase_order_lines", "--key", "PO-9").code == 1
    assert desk.run("map", "test", "mdm", "nonsense").code == 2
    assert desk.run("map", "test", "nobody", "devices").code == 2
