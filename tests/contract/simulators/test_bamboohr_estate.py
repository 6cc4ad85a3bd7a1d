"""The estate's people in the simulated BambooHR, at first and one per cent later; and the simulator as a program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from simulators.bamboohr import BambooHR, custom
from simulators.estate import Estate, build, mutate
from simulators.estate.bamboohr import CUSTOM_FIELDS, employees, native_id
from simulators.http import SimClock


@pytest.fixture(scope="module")
def estate() -> Estate:
    """400 people."""
    return build(11, people=400, devices=10)


def _company(estate: Estate) -> BambooHR:
    clock = SimClock(f"{estate.today} 12:00:00", frozen=True)
    account = [custom(*field) for field in CUSTOM_FIELDS]
    return BambooHR(employees(estate), custom_fields=account, clock=clock, loaded_at=int(clock.now()) - 86_400)


def test_everybody_is_there_once(estate: Estate) -> None:
    """One employee per HR record, told apart by a number of their own; managers and worker numbers fit."""
    bamboo = _company(estate)
    values = {key: bamboo.company.values(e, future=True) for key, e in bamboo.company.employees.items()}
    numbers = {v["employeeNumber"]: key for key, v in values.items()}

    assert len(values) == len(estate.hr)
    assert set(numbers) == {record["employee_id"] for record in estate.hr}
    for record in estate.hr:
        assert values[numbers[record["employee_id"]]]["supervisorId"] == (record["manager_employee_id"] or "")


def test_who_is_active_is_who_works_there(estate: Estate) -> None:
    """Status follows from the rows: joiners to come and leavers are inactive, notice alone changes nothing."""
    bamboo = _company(estate)
    for record in estate.hr:
        employee = bamboo.company.employees[native_id(record["employee_id"])]
        assert bamboo.company.is_active(employee) == (record["status"] in ("active", "leave"))


def test_one_per_cent_later_exactly_those_changed(estate: Estate) -> None:
    """Only employees whose record changed carry a new stamp."""
    bamboo, later = _company(estate), mutate(estate, percent=1, seed=7)
    now = bamboo.company.now()
    bamboo.company.replace(employees(later))
    changed = {key for key, e in bamboo.company.employees.items() if e.changed == now}

    assert {native_id(c.key) for c in later.changes if c.source == "hr"} == changed
    assert len(changed) == round(len(estate.hr) / 100)
    assert bamboo.company.deleted == {}


def test_without_files_of_people(tmp_path: Path) -> None:
    """Where HR is asked over HTTP no export of it lies about."""
    build(11, people=20, devices=10, hr_format="none").write(tmp_path)

    assert {"erp", "agents"} == {path.name for path in tmp_path.iterdir()}


def test_serves_alone() -> None:
    """`python -m simulators.bamboohr` says where it answers, answers there, and ends quietly."""
    command = [sys.executable, "-m", "simulators.bamboohr", "--port", "0", "--people", "20"]
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[1]
            key = process.stdout.readline().split()[1]
            answer = httpx.get(url, auth=(key, "x"), headers={"accept": "application/json"}, trust_env=False)
        finally:
            process.terminate()

    assert url.startswith("http://127.0.0.1:")
    assert len(answer.json()["employees"]) > 10
