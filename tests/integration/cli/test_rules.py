"""`synchub rules diff`: what an edit of the rules would do, and what the run then says it did."""

from __future__ import annotations

from typing import Any

from tests.integration.cli.conftest import Desk

_TAKEN_OUT = {"identify": ["uuid", "propose:owner+model"]}


def _edit(desk: Desk, rules: dict[str, Any]) -> None:
    desk.changes |= {"rules": rules}
    desk.write()


def test_splits_and_turned_fields_are_listed_before_they_happen(offline: Desk) -> None:
    """Without serial numbers the ordered and the managed laptop are two things; the run says as much afterwards."""
    offline.run("plan")
    _edit(offline, {"hardware": _TAKEN_OUT})
    found = offline.run("rules", "diff", "--json").document
    assert found["changed"]
    assert found["splits"]["count"] == 2
    assert found["splits"]["listed"][0]["thing"]["label"] == "nb-test1"
    assert [part["id"] for part in found["splits"]["listed"][0]["parts"]].count("(new)") == 1
    assert found["merges"]["count"] == 0
    text = offline.run("rules", "diff", "--rows", "1").out
    assert "2 things would fall apart\n  c-000" in text
    assert "... and 1 more; list them with --rows" in text
    assert offline.run("rules", "diff", "--json").document == found  # nothing was written
    identified = offline.run("plan", "--json").document["identified"]
    assert (identified["new_rules"], identified["split"], identified["merged"]) == (True, 2, 0)
    assert offline.run("rules", "diff", "--json").document["changed"] is False


def test_merges_are_listed_with_what_they_go_into(offline: Desk) -> None:
    """Taking the edit back merges again."""
    _edit(offline, {"hardware": _TAKEN_OUT})
    offline.run("plan")
    _edit(offline, {})
    found = offline.run("rules", "diff", "--json").document
    assert found["merges"]["count"] == 2
    ids = {item[end]["id"] for item in found["merges"]["listed"] for end in ("thing", "into")}
    assert len(ids) == 4
    told = offline.run("plan").out
    assert "records looked at under other rules than before" in told
    assert "2 merged" in told


def test_fields_that_follow_another_source_are_counted(offline: Desk) -> None:
    """With who said it before and would say it then; things are as they were."""
    offline.run("plan")
    _edit(offline, {"hardware": {"fields": {"model": ["erp", "mdm"]}}})
    found = offline.run("rules", "diff", "--json").document
    [turned] = [item for item in found["fields"] if item["field"] == "model"]
    assert (turned["winners"], turned["values"]) == (2, 0)
    assert turned["ways"] == [{"from": "mdm", "to": "erp", "count": 2}]
    assert found["merges"]["count"] == found["splits"]["count"] == 0
    assert "2 mdm -> erp" in offline.run("rules", "diff").out


def test_values_of_people_are_not_shown(offline: Desk) -> None:
    """A field of a person turns: counted, and named, without what it holds."""
    offline.run("plan")
    _edit(offline, {"hardware": {"fields": {"assigned_to": ["erp"]}}})
    found = offline.run("rules", "diff", "--json").document
    [turned] = [item for item in found["fields"] if item["field"] == "assigned_to"]
    assert turned["winners"] == 2
    assert not any("was" in example for example in turned["examples"])


def test_without_a_first_identification_there_is_nothing_to_compare(offline: Desk) -> None:
    """It says what to do."""
    ran = offline.run("rules", "diff")
    assert ran.code == 1
    assert "Run `synchub plan` first." in ran.err


def test_same_rules_say_so(offline: Desk) -> None:
    """A comment or another order of keys is no change of rules."""
    offline.run("plan")
    offline.config.write_text("# a comment\n" + offline.config.read_text())
    assert "nothing changes" in offline.run("rules", "diff").out
