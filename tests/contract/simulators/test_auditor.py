"""The auditor sees what a hub did, and what it must not have done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from simulators.auditor import Auditor, Report
from simulators.estate import Device, Estate, build, load
from simulators.estate.model import Change
from simulators.servicenow import ServiceNow


class Desk:
    """A filled instance, an auditor of it, and a hand to write into it."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.instance = ServiceNow()
        load(estate, self.instance)
        self.instance.start()
        self.http = httpx.Client(base_url=self.instance.url, auth=("admin", "admin"), trust_env=False)
        self.auditor = Auditor(self.instance.url, estate.truth, auth=("admin", "admin"))
        self.auditor.begin()

    def write(self, method: str, table: str, sys_id: str = "", **values: str) -> dict[str, Any]:
        """Create or change a row through the Table API."""
        answer = self.http.request(method, f"/api/now/table/{table}/{sys_id}".rstrip("/"), json=values)
        assert answer.status_code < 300, answer.text
        return dict(answer.json()["result"])

    def report(self) -> Report:
        """End the run."""
        return self.auditor.end("run")

    def new_device(self, kind: str = "laptop") -> Device:
        """Pick a device several sources know and ServiceNow does not."""
        known = set(self.estate.truth.cis.values())
        return next(d for d in self.estate.devices if d.kind == kind and len(d.sources) > 1 and d.id not in known)

    def old_ci(self, *, serial: bool = True) -> dict[str, str]:
        """Pick a computer CI of others whose device has no second one."""
        owners = list(self.estate.truth.cis.values())
        return next(
            row for row in self.estate.servicenow["cmdb_ci_computer"]
            if bool(row["serial_number"]) == serial and owners.count(self.estate.truth.cis[row["sys_id"]]) == 1
            and self.estate.truth.cis[row["sys_id"]].startswith("D")
        )  # fmt: skip


@pytest.fixture(scope="module")
def estate() -> Estate:
    return build(seed=21, people=60, devices=120)


@pytest.fixture
def desk(estate: Estate) -> Iterator[Desk]:
    found = Desk(estate)
    yield found
    found.auditor.close()
    found.http.close()
    found.instance.stop()


def test_quiet_run_reports_nothing(desk: Desk) -> None:
    """Reads count as requests, the auditor's own do not, and nothing was written."""
    desk.http.get("/api/now/table/sys_user?sysparm_limit=1")
    report = desk.report()

    assert (report.requests, report.reads, report.writes, report.records_written) == (1, 1, 0, 0)
    assert (report.cis.created, report.cis.updated, report.assets.updated, report.users.created) == (0, 0, 0, 0)
    assert report.cis.unchanged == len(desk.estate.truth.cis)
    assert report.takeovers == [] and report.overwritten == []
    assert 0 < report.one_each < report.devices


def test_created_ci_counts_for_its_device(desk: Desk) -> None:
    """A CI made for a new device, with the asset the platform adds, makes that device complete."""
    before = desk.auditor.end("before")
    device = desk.new_device()
    desk.auditor.begin()
    desk.write("POST", "cmdb_ci_computer", name=device.host, serial_number=device.serial)
    report = desk.report()

    assert (report.cis.created, report.writes) == (1, 1)
    assert report.no_ci == before.no_ci - 1
    assert report.one_each == before.one_each + report.assets.created
    assert (report.duplicates_created, report.unknown_created, report.takeovers) == (0, 0, [])


def test_second_ci_is_a_duplicate(desk: Desk) -> None:
    """A CI for a device that has one is reported, however its serial is spelled."""
    row = desk.old_ci()
    desk.write("POST", "cmdb_ci_computer", name="another", serial_number=row["serial_number"].lower())
    report = desk.report()

    assert report.duplicates_created >= 1
    assert report.several_now == 1


@pytest.mark.parametrize("serial", [True, False])
def test_takeover_is_seen(desk: Desk, serial: bool) -> None:
    """A CI that gets the serial of another device is a takeover, also where it had no serial."""
    row, device = desk.old_ci(serial=serial), desk.new_device()
    desk.write("PATCH", "cmdb_ci_computer", row["sys_id"], serial_number=device.serial)
    report = desk.report()

    assert any(t.sys_id == row["sys_id"] and device.id in t.now and t.how == "serial_number" for t in report.takeovers)
    assert any(o.field == "serial_number" and o.sys_id == row["sys_id"] for o in report.overwritten) == serial


def test_overwritten_fields_of_others_are_listed(desk: Desk) -> None:
    """Changing or clearing what was not empty is listed for good; filling what was empty is not."""
    row = desk.old_ci()
    desk.write("PATCH", "cmdb_ci_computer", row["sys_id"], name="new-name", justification="filled")
    first = desk.report()
    desk.auditor.begin()
    second = desk.report()

    assert [(o.field, o.before, o.after) for o in first.overwritten if o.table == "cmdb_ci"] == [
        ("name", row["name"], "new-name")
    ]
    assert first.cis.updated == 1
    assert second.overwritten == first.overwritten
    assert (second.cis.updated, second.writes) == (0, 0)


def test_allowed_fields_are_not_reported(desk: Desk) -> None:
    """What a policy lets the hub overwrite is left out."""
    auditor = Auditor(desk.instance.url, desk.estate.truth, auth=("admin", "admin"), allowed={"name"})
    auditor.begin()
    desk.write("PATCH", "cmdb_ci_computer", desk.old_ci()["sys_id"], name="new-name")
    report = auditor.end("run")
    auditor.close()

    assert report.overwritten == []


def test_personal_and_unknown_devices_are_seen(desk: Desk) -> None:
    """A CI for a phone somebody brought, and one that is nobody's, are counted."""
    personal = min(desk.estate.truth.personal)
    serial = next(d.serial for d in desk.estate.devices if d.id == personal)
    desk.write("POST", "cmdb_ci_handheld_computing", name="mine", serial_number=serial)
    desk.write("POST", "cmdb_ci_computer", name="no-such-name", serial_number="NOSUCHSERIAL")
    report = desk.report()

    assert (report.personal_created, report.unknown_created) == (1, 1)


def test_users_are_people(desk: Desk) -> None:
    """A user with the number of somebody who had none makes that person complete."""
    known = set(desk.estate.truth.users.values())
    person = next(p for p in desk.estate.people if p.id not in known)
    before = desk.auditor.end("before").one_user
    desk.auditor.begin()
    desk.write(
        "POST", "sys_user", user_name=person.email, employee_number=person.employee_id, last_name=person.family_name
    )
    report = desk.report()

    assert (report.users.created, report.one_user) == (1, before + 1)


def test_report_reads_well(desk: Desk) -> None:
    """The table names every figure and fits a terminal; the data is plain JSON values."""
    report = desk.report()
    lines = report.table().splitlines()

    assert lines[0] == "run"
    assert all(len(line) <= 120 for line in lines)
    assert report.as_dict()["cis"]["unchanged"] == report.cis.unchanged


def test_end_needs_begin(desk: Desk) -> None:
    """A run that was never begun cannot be reported."""
    auditor = Auditor(desk.instance.url, desk.estate.truth, auth=("admin", "admin"))
    with pytest.raises(RuntimeError, match="begin"):
        auditor.end("run")
    auditor.close()


def test_a_value_that_followed_its_source_is_no_overwrite(desk: Desk) -> None:
    """Only what a source of this very thing said before, and what it says now in its place; nothing else passes."""
    truth = desk.estate.truth
    users = [row for row in desk.estate.servicenow["sys_user"] if row.get("title") and row["sys_id"] in truth.users]
    one, other = users[:2]
    before, person = one["title"], truth.users[one["sys_id"]]
    key = next(key for key, about in truth.people.items() if about == person)
    desk.auditor.learn(replace(desk.estate, changes=[Change("hr", key, "job_title", before, "Said by HR")]))

    told = []
    for row, title in ((one, "Said by nobody"), (other, "Said by HR"), (one, "Said by HR")):
        desk.write("PATCH", "sys_user", row["sys_id"], title=title)
        told.append({(o.sys_id, o.after) for o in desk.report().overwritten})

    others = (other["sys_id"], "Said by HR")
    assert told == [{(one["sys_id"], "Said by nobody")}, {(one["sys_id"], "Said by nobody"), others}, {others}]
