"""BambooHR in a configuration: check, pull, leavers and deletions in the state."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.kit import Fault
from simulators.bamboohr import custom
from simulators.http import SimClock
from synchub.steps import begin_run, pull_source
from synchub.wiring import Hub, open_hub
from tests.contract.bamboohr_case import KEY, LIST, ROOT, BambooUnderTest, employee
from tests.integration.cli.conftest import synchub


class _Clock:
    """The hub's clock; goes with the company's."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock

    def now(self) -> int:
        return int(self._clock.now())

    def sleep(self, seconds: float) -> None:
        self._clock.advance(seconds)


class _Office:
    """A company and a hub that reads it."""

    def __init__(self, folder: Path, company: BambooUnderTest) -> None:
        self.company, self.folder, self.config = company, folder, folder / "synchub.yaml"
        self.write()

    def write(self, **options: Any) -> None:
        """Write the configuration."""
        source = {
            "connector": "bamboohr", "company": "kit", "api_key": "env:HR_KEY",
            "url": f"{self.company.server.url}{ROOT}", "streams": {"employees": options},
        }  # fmt: skip
        settings = {"version": 1, "hub": {"id": "t"}, "state": "sqlite:///state.db", "sources": {"hr": source}}
        self.config.write_text(yaml.safe_dump({**settings, "targets": {}}))

    def pull(self) -> dict[str, Any]:
        """Read once; returns the counts."""
        hub = open_hub(self.config, clock=_Clock(self.company.clock), environ={"HR_KEY": KEY})
        try:
            return pull_source(hub, "hr", begin_run(hub, "pull"))["employees"]
        finally:
            hub.close()

    def stored(self, key: str) -> dict[str, Any]:
        """Return the canonical fields that the state holds of somebody."""
        hub = open_hub(self.config, environ={"HR_KEY": KEY})
        try:
            return _fields(hub, key)
        finally:
            hub.close()

    def stored_bytes(self) -> bytes:
        """Return everything the state holds."""
        return b"".join(path.read_bytes() for path in self.folder.glob("state.db*"))


def _fields(hub: Hub, key: str) -> dict[str, Any]:
    number = hub.state.ledger.stream("hr", "employees").id
    found: dict[str, Any] = json.loads(hub.state.ledger.known(number, [key])[key].doc)
    return found


@pytest.fixture
def office(tmp_path: Path) -> Iterator[_Office]:
    """A company of twelve since yesterday."""
    clock = SimClock("2026-11-22 12:00:00", frozen=True)
    company = BambooUnderTest(
        12,
        clock=clock,
        loaded_at=int(clock.now()) - 86_400,
        custom_fields=[custom("customCostCenter", "Cost Center", 1)],
    )
    yield _Office(tmp_path, company)
    company.server.stop()
    assert company.server.log.problems() == []


def test_check_is_content(office: _Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """`synchub check` opens the connection, reads one record and names the role."""
    monkeypatch.setenv("HR_KEY", KEY)
    ran = synchub("check", "--config", str(office.config), "--json")
    results = {r["what"]: r for r in ran.document["ok"]}

    assert ran.code == 0, ran.out
    assert results["rules"]["note"] == "hr is hr"
    assert results["source hr employees reads"]["note"].startswith("gives records; hr: the system's clock is")


def test_check_of_a_wrong_key(office: _Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The problem is named with its way out, the key is not."""
    monkeypatch.setenv("HR_KEY", "wrong-canary-key")
    ran = synchub("check", "--config", str(office.config))

    assert ran.code != 0
    assert "api_key" in ran.out + ran.err
    assert "wrong-canary-key" not in ran.out + ran.err


def test_literal_key_is_refused(office: _Office) -> None:
    """A key written into the configuration is refused unseen."""
    office.config.write_text(office.config.read_text().replace("env:HR_KEY", KEY))
    ran = synchub("check", "--config", str(office.config), "--offline")

    assert ran.code == 2
    assert KEY not in ran.out + ran.err


def test_leaver(office: _Office) -> None:
    """Notice given, then the day: the end is known at once, the state with the full read after the day."""
    assert office.pull()["new"] == 12
    office.company.clock.advance(3600)
    office.company.bamboo.company.add_row(
        "103", "employmentStatus", {"date": "2026-11-24", "employmentStatus": "Terminated"}
    )
    noticed = office.pull()
    before = office.stored("103")
    office.company.clock.advance(3 * 86_400)
    left = office.pull()

    assert (noticed["read"], noticed["changed"], noticed["complete"]) == (1, 1, False)
    assert (before["status"], before["ends_on"]) == ("active", "2026-11-24")
    assert (left["read"], left["changed"], left["absent"], left["complete"]) == (12, 1, 0, True)
    assert (office.stored("103")["status"], office.stored("103")["ends_on"]) == ("terminated", "2026-11-24")


def test_deleted_record_is_absent_and_no_leaver(office: _Office) -> None:
    """A deleted record counts as absent; what is stored of the person says nothing of an end."""
    office.pull()
    office.company.clock.advance(3600)
    office.company.bamboo.company.delete("103")
    office.company.clock.advance(60)
    counts = office.pull()

    assert (counts["complete"], counts["absent"]) == (True, 1)
    assert office.stored("103")["status"] == "active"


def test_feed_that_shrinks_makes_no_leavers(office: _Office) -> None:
    """When the key suddenly sees half of the people, half are absent, and nobody has left."""
    office.pull()
    office.company.bamboo.hidden_employees |= {str(100 + n) for n in range(6)}
    office.company.clock.advance(2 * 86_400)
    counts = office.pull()

    assert (counts["changed"], counts["absent"]) == (0, 6)
    assert office.stored("101")["status"] == "active"


def test_unchanged_read_changes_nothing(office: _Office) -> None:
    """Full again after a day: everything is recognised by its bytes."""
    office.pull()
    office.company.clock.advance(2 * 86_400)
    counts = office.pull()

    assert (counts["read"], counts["unchanged"], counts["changed"], counts["complete"]) == (12, 12, 0, True)


def test_read_that_breaks_keeps_the_cursor(office: _Office) -> None:
    """A read of changes that fails is repeated from where the last good one ended: nothing is lost."""
    office.pull()
    office.company.clock.advance(3600)
    office.company.bamboo.company.update("104", {"workPhone": "+49 30 777"})
    office.company.inject(Fault("status", nth=(), status=403))
    assert office.pull()["code"] == "permission_denied"
    office.company.server.faults.clear()
    office.company.clock.advance(3600)

    assert office.pull()["changed"] == 1
    assert office.stored("104")["phone"] == "+49 30 777"


def test_newly_mapped_custom_field_reads_everybody_again(office: _Office) -> None:
    """A custom field that is named and mapped from now on arrives for everybody, not only for who changes."""
    office.company.bamboo.company.put(
        employee(5, customCostCenter="CC1012"), at=int(office.company.clock.now()) - 86_400
    )
    office.pull()
    (office.folder / "hr.yaml").write_text("fields:\n  cost_centre: {path: customCostCenter, to: [text]}\n")
    office.write(fields=["customCostCenter"], maps=["hr.yaml"])
    office.company.clock.advance(3600)
    counts = office.pull()

    assert (counts["read"], counts["complete"]) == (12, True)
    assert office.stored("105")["cost_centre"] == "CC1012"


def test_only_mapped_fields_are_stored(office: _Office) -> None:
    """A custom field that is asked for but not mapped, and a record without its key, leave no value behind."""
    office.company.bamboo.company.update("104", {"customCostCenter": "canary-salary-90000"})
    office.company.change("107", {"eeid": ..., "lastName": "canary-nameless"})
    office.write(fields=["customCostCenter"])
    counts = office.pull()

    assert (counts["rejected"], counts["read"]) == (1, 12)
    assert b"Byron" in office.stored_bytes()
    assert b"canary" not in office.stored_bytes()


def test_vanished_field_is_drift(office: _Office) -> None:
    """A field that the key is no longer offered is said in the run where it happens."""
    office.pull()
    office.company.bamboo.hidden_fields.add("workPhone")
    for n in range(12):
        office.company.bamboo.company.update(str(100 + n), {"middleName": "x"})
    office.company.clock.advance(3600)
    counts = office.pull()

    assert any("not offered to this API key" in w and "workPhone" in w for w in counts["warnings"])
    assert any("workPhone" in drift for drift in counts["drift"])
    assert office.company.asked(LIST) == 2
