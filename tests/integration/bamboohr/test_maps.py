"""From a simulated company through the connector and its field map to canonical people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.bamboohr import CONNECTOR
from connectors.bamboohr.settings import BambooSettings
from connectors.files import CONNECTOR as FILES
from connectors.kit.cases import HOSTILE, context
from mapping.engine import FieldMap
from mapping.loader import load_map
from simulators.bamboohr import custom
from simulators.estate import Estate, build
from simulators.estate.bamboohr import CUSTOM_FIELDS, employees, native_id
from simulators.http import SimClock
from synchub.domain.model import CLASSES, FIELDS
from tests.contract.bamboohr_case import BambooUnderTest, employee

PAGE = Path(__file__).parents[3] / CONNECTOR.docs
MAP = CONNECTOR.maps / "employees.yaml"
OVERRIDE = "fields:\n  cost_centre: {path: customCostCenter, to: [text]}\n"


@pytest.fixture(scope="module")
def estate() -> Estate:
    """300 people: leavers, people who have given notice, joiners to come, people on leave, the rehired twice."""
    return build(42, people=300, devices=10)


@pytest.fixture(scope="module")
def people(estate: Estate) -> Iterator[dict[str, dict[str, Any]]]:
    """What the connector reads of them, by native key."""
    company = BambooUnderTest(
        0, people=employees(estate), custom_fields=[custom(*field) for field in CUSTOM_FIELDS],
        clock=SimClock("2026-11-22 12:00:00", frozen=True),
    )  # fmt: skip
    source = company.open(context(), page_size=100, streams={"employees": {"fields": ["customCostCenter"]}})
    yield {p["eeid"]: p for page in source.read("employees") for p in map(json.loads, page.payloads)}
    source.close()
    company.server.stop()
    assert company.server.log.problems() == []


def _mapper(folder: Path) -> FieldMap:
    override = folder / "hr.yaml"
    override.write_text(OVERRIDE)
    return load_map(MAP, [override])


def test_people_over_http_are_the_people_of_the_export(
    estate: Estate, people: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """Every field of every person is what the HR export of the same company says, logins apart (BambooHR has none)."""
    over_http, exported = _mapper(tmp_path), load_map(FILES.maps / "employees.yaml")
    assert len(people) == len(estate.hr)
    for record in estate.hr:
        wanted = exported.map(record)
        found = over_http.map(people[native_id(record["employee_id"])])
        assert wanted is not None
        assert found is not None
        assert found.fields == {k: v for k, v in wanted.fields.items() if k != "login"}


def test_every_state_occurs(estate: Estate, people: dict[str, dict[str, Any]]) -> None:
    """The comparison above has seen each state, and ends to come."""
    states = {p["_employment"]["state"] for p in people.values()}
    ahead = [p for p in people.values() if p["_employment"].get("endsOn", "") > "2026-11-22"]

    assert {"active", "leave", "prehire", "terminated"} == states
    assert ahead
    assert all(p["_employment"]["state"] == "active" for p in ahead)


def test_values_fit_the_model(people: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    """No warnings, and all values fit the canonical person."""
    mapper = _mapper(tmp_path)
    for payload in people.values():
        record = mapper.map(payload)
        assert record is not None
        assert record.warnings == []
        CLASSES["person"].model_validate(record.fields, strict=False)


@pytest.mark.parametrize("unset", ["", None, "  "])
def test_unset_values_are_not_known(unset: str | None) -> None:
    """Empty texts and zero dates never become values."""
    fields = dict.fromkeys(["employeeNumber", "firstName", "lastName", "email", "workPhone", "supervisorId"], unset)
    record = load_map(MAP).map({"eeid": "7", **fields, "_employment": {"state": "inactive", "endsOn": "0000-00-00"}})

    assert record is not None
    assert (record.fields, record.warnings) == ({}, [])


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_custom_fields(text: str, tmp_path: Path) -> None:
    """A custom field is text and stays text: one line, nothing invisible, no formula becomes anything."""
    record = _mapper(tmp_path).map({"eeid": "7", "customCostCenter": text, "_employment": {"state": "active"}})

    assert record is not None
    assert record.fields["status"] == "active"
    assert all(c.isprintable() for c in record.fields.get("cost_centre", ""))


@pytest.mark.parametrize("odd", [{"a": [1]}, [1, 2], 7, True])
def test_custom_field_of_another_type(odd: object, tmp_path: Path) -> None:
    """A value of another form costs at most its own field."""
    record = _mapper(tmp_path).map({"eeid": "7", "customCostCenter": odd, "lastName": "Byron"})

    assert record is not None
    assert record.fields["family_name"] == "Byron"


def test_people_are_projected_to_the_map() -> None:
    """What no map reads is not stored, and personal values are in no warning."""
    mapper = load_map(MAP)
    kept = mapper.project(
        {**employee(1), "eeid": "101", "ssn": "078-05-1120", "_employment": {"state": "active", "x": 1}}
    )
    record = mapper.map({"eeid": "1", "email": "not an address", "_employment": {"state": "asleep"}})

    assert b"078" not in json.dumps(kept).encode()
    assert kept["_employment"] == {"state": "active"}
    assert record is not None
    personal = {w.field: w.raw for w in record.warnings if FIELDS["person"][w.field].privacy == "personal"}
    assert set(personal.values()) <= {""}


def test_example_of_the_page_is_valid() -> None:
    """The configuration on the connector's page fits the settings model, and its map loads."""
    first, second = PAGE.read_text().split("```yaml\n")[1:3]
    block = yaml.safe_load(first.partition("```")[0])["sources"]["hr"]
    assert block.pop("connector") == "bamboohr"
    settings = BambooSettings.model_validate(block)

    assert settings.streams.employees is not None
    assert settings.streams.employees.fields == ("customCostCenter",)
    assert second.partition("```")[0].removeprefix("# maps/hr.yaml\n") == OVERRIDE
