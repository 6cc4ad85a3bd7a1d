"""One per cent later."""

from __future__ import annotations

from typing import Any

import pytest

from simulators.estate import Estate, build, mutate

STAMPS = {"updated_at", "lastSyncDateTime", "content.accesslog.logdate"}


@pytest.fixture(scope="module")
def estate() -> Estate:
    return build(seed=14, people=300, devices=500)


def records(estate: Estate) -> dict[str, dict[str, Any]]:
    return {
        "procurement": {row["po_line_id"]: row for row in estate.procurement},
        "hr": {record["employee_id"]: record for record in estate.hr},
        "mdm": {device["id"]: device for device in estate.intune_devices},
        "discovery": {agent.document["deviceid"]: agent.document for agent in estate.agents},
    }


def flat(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {k: v for name, item in value.items() for k, v in flat(item, f"{path}.{name}".lstrip(".")).items()}
    return {path: repr(value)}


@pytest.mark.parametrize("percent", [0, 1, 10])
def test_exactly_so_many_records_change_in_one_field(estate: Estate, percent: float) -> None:
    """round(percent of n) records per source differ, each in the one field that is named and in stamps."""
    later = mutate(estate, percent=percent)
    listed = {(change.source, change.key): change for change in later.changes}
    for source, before in records(estate).items():
        after = records(later)[source]
        assert before.keys() == after.keys()
        different = [key for key in before if before[key] != after[key]]
        assert len(different) == round(len(before) * percent / 100)
        for key in different:
            old, new = flat(before[key]), flat(after[key])
            fields = {name for name in old if old[name] != new[name]} - STAMPS
            assert fields == {listed[source, key].field}
            assert listed[source, key].before != listed[source, key].after


def test_the_estate_itself_stays(estate: Estate) -> None:
    """Mutating copies: the given estate and what others filled are as before."""
    again = build(seed=14, people=300, devices=500)
    later = mutate(estate, percent=50)

    assert records(estate) == records(again)
    assert estate.truth == again.truth
    assert later.servicenow == estate.servicenow
    assert estate.changes == []


def test_same_seed_same_changes(estate: Estate) -> None:
    """Changes follow from the seeds."""
    assert mutate(estate, 5).changes == mutate(estate, 5).changes
    assert mutate(estate, 5).changes != mutate(estate, 5, seed=8).changes


def test_truth_knows_new_names(estate: Estate) -> None:
    """A renamed device is found under its new name too."""
    later = mutate(estate, 20)
    renamed = [c for c in later.changes if c.field == "deviceName"]
    assert renamed
    for change in renamed:
        assert later.truth.records["mdm", change.key] in later.truth.identities["name", change.after.replace("-", "")]
