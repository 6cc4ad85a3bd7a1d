"""check, pull, plan, apply, sync and status over real files and a simulated ServiceNow."""

from __future__ import annotations

import json
import stat
from typing import Any

import pytest

from simulators.servicenow import ServiceNow
from synchub.wiring import open_hub
from tests.integration.cli.conftest import CANARY, HOSTILE, Desk, Ran

COMMANDS: list[tuple[str, ...]] = [
    ("check",), ("pull",), ("plan",), ("plan", "--no-pull"), ("sync",), ("status",), ("explain", "nb-test1"),
    ("explain", "nb-test1", "model"), ("history", "nb-test1"), ("dead-letters",), ("map", "test", "mdm", "devices"),
    ("db", "upgrade"),
]  # fmt: skip


def counts(ran: Ran) -> dict[str, int]:
    """Add up the operations that a plan has, over its classes."""
    found: dict[str, int] = {}
    for row in ran.document["totals"]:
        for key in ("create", "link", "update", "held", "conflict"):
            found[key] = found.get(key, 0) + row[key]
    return found


def test_check_of_a_good_configuration_finds_nothing_and_writes_nothing(desk: Desk, sim: ServiceNow) -> None:
    """Streams, maps, secrets and the target's identity are told; there is no state afterwards."""
    ran = desk.run("check")

    assert ran.code == 0
    assert "streams: devices" in ran.out
    assert "target snow answers" in ran.out
    assert sim.log.count(writes=True) == 0
    assert not (desk.folder / "state.db").exists()


def test_check_lists_every_problem_with_its_place(desk: Desk) -> None:
    """Not only the first: an unknown source in a rule, a missing map, a class the target does not take, a zone."""
    desk.changes = {
        "hub": {"id": "acme", "timezone": "Mars/Olympus"},
        "rules": {"hardware": {"fields": {"price": ["sap"]}}},
    }
    settings = desk.settings()
    settings["sources"]["mdm"]["streams"]["devices"]["maps"] = ["maps/none.yaml"]
    settings["targets"]["snow"]["classes"] = ["purchase_order_line"]
    desk.changes |= {"sources": settings["sources"], "targets": settings["targets"]}
    desk.write()

    ran = desk.run("check", "--offline", "--json")

    assert ran.code == 2
    assert [p["what"] for p in ran.document["problems"]] == [
        "time zone", "rules", "source mdm devices map", "target snow map",
    ]  # fmt: skip
    assert all(p["where"] for p in ran.document["problems"])


def test_status_counts_what_is_delivered_nowhere(offline: Desk) -> None:
    """A device of which no identity is known."""
    offline.rows["devices"] = [{"id": "d-1", "managedDeviceOwnerType": "company"}]
    offline.write()
    offline.run("plan")

    assert offline.run("status", "--json").document["parked"] == 1
    assert "1 parked" in offline.run("status").out


def test_check_names_the_secret_that_is_missing_and_never_its_value(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reference is told, with what to do."""
    monkeypatch.delenv("SNOW_PASSWORD")

    ran = desk.run("check")

    assert ran.code == 2
    assert "SNOW_PASSWORD is not set" in ran.out


def test_check_of_a_wrong_password_fails_without_showing_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1: the configuration is right, the system refuses."""
    monkeypatch.setenv("SNOW_PASSWORD", CANARY)

    ran = desk.run("check")

    assert ran.code == 1
    assert "target snow answers" in ran.out
    assert CANARY not in ran.out + ran.err


def test_plan_writes_nothing_and_says_why_it_would(desk: Desk, sim: ServiceNow) -> None:
    """Also the second time: a plan changes nothing."""
    first, second = desk.run("plan", "--json"), desk.run("plan", "--json")

    assert first.code == second.code == 0
    assert counts(first) == counts(second)
    assert (counts(first)["create"], counts(first)["held"], counts(first)["conflict"]) == (5, 0, 0)
    assert sim.log.count(writes=True) == 0


def test_plan_in_mode_write_writes_nothing_either(desk: Desk, sim: ServiceNow) -> None:
    """The mode is what apply may do, not what plan does."""
    desk.mode = "write"
    desk.write()

    desk.run("plan")

    assert sim.log.count(writes=True) == 0


def test_plan_tells_changes_by_exit_code_only_when_asked(desk: Desk) -> None:
    """0 without `--exit-code`, 3 with it, and 0 again when there is nothing to write."""
    assert desk.run("plan").code == 0
    assert desk.run("plan", "--no-pull", "--exit-code").code == 3
    desk.mode = "write"
    desk.write()
    desk.run("sync")
    assert desk.run("plan", "--exit-code").code == 0


def test_apply_refuses_a_target_in_preview(desk: Desk, sim: ServiceNow) -> None:
    """With the line of the configuration to change."""
    ran = desk.run("apply", desk.token())

    assert ran.code == 1
    assert "mode preview" in ran.err
    assert "synchub.yaml:" in ran.err
    assert sim.log.count(writes=True) == 0


def test_apply_of_an_unknown_plan(desk: Desk) -> None:
    """A message and the way out."""
    ran = desk.run("apply", "ffff")

    assert ran.code == 1
    assert "no plan 'ffff'" in ran.err


def test_apply_writes_the_plan_and_a_second_run_writes_nothing(desk: Desk, sim: ServiceNow) -> None:
    """One CI, one asset each; the next sync finds nothing to do."""
    desk.mode = "write"
    desk.write()

    ran = desk.run("apply", desk.token())
    assert ran.code == 0
    assert len(sim.dump("cmdb_ci_computer")) >= 2
    assert len(sim.dump("alm_hardware")) == 3

    before = sim.log.count(writes=True)
    again = desk.run("sync", "--json")
    assert again.code == 0
    assert again.document["targets"]["snow"]["applied"] == {}
    assert sim.log.count(writes=True) == before
    assert sim.log.problems() == []


def test_a_plan_applied_in_parts_ends_like_one_applied_at_once(desk: Desk, sim: ServiceNow) -> None:
    """`--limit` and `--select` leave the rest in the plan."""
    desk.mode = "write"
    desk.write()
    token = desk.token()

    one = desk.run("apply", token, "--limit", "1", "--json").document["targets"]["snow"]["applied"]
    assert sum(one.values()) == 1
    people = desk.run("apply", token, "--select", "class:person", "--json").document["targets"]["snow"]["applied"]
    assert people == {"create": 1}
    assert len(sim.dump("cmdb_ci_computer")) == 0

    desk.run("apply", token, "--select", "object:nb-test1")
    assert [row["name"] for row in sim.dump("cmdb_ci_computer")] == ["nb-test1"]
    assert desk.run("apply", token).code == 0
    assert desk.run("sync", "--json").document["targets"]["snow"]["applied"] == {}


def test_a_plan_is_applied_once(desk: Desk) -> None:
    """The second time it says that it is applied."""
    desk.mode = "write"
    desk.write()
    token = desk.token()
    desk.run("apply", token)

    ran = desk.run("apply", token)

    assert ran.code == 1
    assert "is applied" in ran.err


def test_a_refused_object_makes_the_apply_partial(desk: Desk, sim: ServiceNow) -> None:
    """Exit code 5, the reason in the plan."""
    desk.mode = "write"
    desk.write()
    sim.business_rule("sys_user", lambda row: row.get("first_name") == "Ben", "no Ben")
    token = desk.token()

    ran = desk.run("apply", token)

    assert ran.code == 5
    shown = desk.run("plan", "show", token, "--needs")
    assert shown.code == 0
    assert "Ben" in shown.out


def test_a_source_that_fails_does_not_stop_the_others(desk: Desk) -> None:
    """Exit code 1; what the others say is planned."""
    settings = desk.settings()["sources"]
    settings["erp"]["root"] = "gone"
    desk.changes = {"sources": settings}
    desk.write()

    ran = desk.run("plan")

    assert ran.code == 1
    assert "FAILED" in ran.out
    assert "erp" in ran.out.split("NEEDS YOU")[1]
    assert "mdm  devices" in ran.out


def test_a_target_that_does_not_answer_fails_the_sync(desk: Desk, sim: ServiceNow) -> None:
    """Exit code 1, the sources are read all the same, and the error holds no secret."""
    sim.stop()

    ran = desk.run("sync", "--json")

    assert ran.code == 1
    assert ran.document["pulled"]["mdm"]["devices"]["read"] == 2
    assert ran.document["targets"]["snow"]["error"]
    assert "hub-password" not in ran.out + ran.err


def test_pull_reads_the_selected_source_up_to_a_limit(offline: Desk) -> None:
    """And then nothing counts as complete."""
    ran = offline.run("pull", "--select", "source:mdm", "--limit", "1", "--json")

    assert ran.code == 0
    assert list(ran.document["pulled"]) == ["mdm"]
    assert ran.document["pulled"]["mdm"]["devices"]["read"] == 1
    assert not ran.document["pulled"]["mdm"]["devices"]["complete"]


@pytest.mark.parametrize(
    ("word", "fix"),
    [("source:mdn", "Configured are: erp, hr, mdm"), ("mdm", "source:NAME"), ("class:computr", "computer")],
)
def test_a_selection_that_fits_nothing_is_refused(offline: Desk, word: str, fix: str) -> None:
    """Exit code 2 with what could have been meant."""
    ran = offline.run("plan", "--select", word)

    assert ran.code == 2
    assert fix in ran.err


def test_plan_show_finds_rows_by_cause_thing_and_field(desk: Desk) -> None:
    """And says when nothing fits or the cause does not exist."""
    token = desk.token()

    cause = desk.run("plan", "show", token, "--cause", "1", "--json").document
    assert cause["matching"] == cause["causes"][0]["count"]
    thing = desk.run("plan", "show", token, "--object", "5CGTEST1", "--json").document
    assert {row["label"] for row in thing["rows"]} == {"nb-test1"}
    field = desk.run("plan", "show", token, "--field", "os_version", "--json").document
    assert field["matching"] == 2
    assert "no row fits" in desk.run("plan", "show", token, "--field", "nonsense").out
    assert desk.run("plan", "show", token, "--cause", "99").code == 1


def test_status_before_the_first_run_and_after(desk: Desk) -> None:
    """Sources that were never read are named."""
    assert "not read yet" in desk.run("status").out
    desk.run("plan")
    after = desk.run("status", "--json").document

    assert after["not_yet_read"] == []
    assert after["entities"] == {"computer": 3, "person": 2}
    assert after["targets"][0]["mode"] == "preview"


def test_json_is_one_document_on_standard_output(desk: Desk) -> None:
    """Of every command; everything else goes to standard error."""
    for words in COMMANDS:
        ran = desk.run(*words, "--json")

        assert ran.code == 0, words
        assert len(ran.out.splitlines()) == 1
        assert isinstance(json.loads(ran.out), dict)


def test_hostile_values_are_visible_and_harmless(desk: Desk) -> None:
    """No control or direction character of a record, a key or a dead letter reaches the terminal, from any command."""
    desk.rows = {name: [dict(row) for row in rows] for name, rows in desk.rows.items()}
    desk.rows["orders"][0] |= {"model": HOSTILE, "po_number": f"PO{HOSTILE}", "description": HOSTILE}
    desk.rows["devices"][0] |= {"osVersion": HOSTILE, "notes": HOSTILE, "model": HOSTILE}
    desk.rows["orders"].append({"po_line_id": HOSTILE, "order_date": HOSTILE, "serial_number": HOSTILE})
    desk.rows["people"][0] |= {"first_name": HOSTILE, "department": HOSTILE}
    desk.write()
    with (desk.folder / "orders.ndjson").open("a") as handle:
        handle.write('{"po_line_id": "\x1b[2J"\n')
    token = desk.token()

    said = ""
    for words in [
        *COMMANDS,
        ("explain", "nb-test1", "description"),
        ("plan", "show", token, "--rows", "99", "--field", "title"),
    ]:
        ran = desk.run(*words)
        assert ran.code == 0, words
        for line in (ran.out + ran.err).split("\n"):
            assert line.isprintable(), line
        said += ran.out

    assert "\\u001b[31mred" in said


def test_the_state_is_readable_by_its_owner_only(offline: Desk) -> None:
    """It holds what people's records say."""
    offline.run("pull")

    assert stat.S_IMODE((offline.folder / "state.db").stat().st_mode) == 0o600


def test_no_command_writes_a_secret_anywhere(desk: Desk, sim: ServiceNow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither to the terminal, to JSON nor to the state, right or wrong."""
    sim.access.add_user("canary", CANARY, {"itil", "asset"}, "UTC")
    monkeypatch.setenv("SNOW_PASSWORD", CANARY)
    settings: dict[str, Any] = desk.settings()["targets"]
    settings["snow"]["auth"]["user"] = "canary"
    desk.changes = {"targets": settings}
    desk.write()

    said = "".join(ran.out + ran.err for words in COMMANDS for ran in (desk.run(*words), desk.run(*words, "--json")))

    assert CANARY not in said
    for file in desk.folder.glob("state.db*"):
        assert CANARY.encode() not in file.read_bytes()


def test_dead_letters_say_where_and_what_to_do(offline: Desk) -> None:
    """Of one source, with the number of those that are not listed."""
    with (offline.folder / "devices.ndjson").open("a") as handle:
        handle.write("{broken\n[]\n")
    offline.run("pull")

    ran = offline.run("dead-letters", "--source", "mdm", "--rows", "1")

    assert ran.code == 0
    assert "devices.ndjson:" in ran.out
    assert "1 more: --rows 2" in ran.out
    assert offline.run("dead-letters", "--source", "erp").out.strip() == "No dead letters."
    assert offline.run("dead-letters", "--source", "nobody").code == 2


def test_two_runs_at_once_exclude_each_other(offline: Desk) -> None:
    """The second says who works and how long it may take; exit code 1."""
    hub = open_hub(offline.config)
    hub.state.runs.acquire("sync", "elsewhere:1:1", 60)
    ran = offline.run("pull")
    hub.state.runs.release("sync", "elsewhere:1:1")
    hub.close()

    assert ran.code == 1
    assert "another run" in ran.err
    assert offline.run("pull").code == 0


def test_db_upgrade_of_a_fresh_and_a_current_state(offline: Desk) -> None:
    """It makes the tables, and then has nothing to do."""
    assert "it was empty" in offline.run("db", "upgrade").out
    assert "already" in offline.run("db", "upgrade").out
