"""The auditor of Jira Assets sees what a hub did, and what it must not have done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from simulators.assets_auditor import AssetsAuditor, AssetsReport
from simulators.estate import Device, Estate, build, load_assets
from simulators.estate.model import Change
from simulators.jira import Jira
from simulators.jira.store import Obj, ObjectType
from tests.contract.simulators.jira_site import HUB, Stage


class Shelf:
    """A filled site, an auditor of it, and the hub's hand to write into it."""

    def __init__(self, estate: Estate, stage: Stage) -> None:
        self.estate = estate
        self.site = stage.put_on(Jira(seed=1))
        load_assets(estate, self.site)
        hardware = self.type("Hardware")
        self.site.store.add_attribute(hardware.id, "Hub Key", unique=False)
        self.http = httpx.Client(base_url=self.site.assets_url, auth=HUB, trust_env=False)
        self.auditor = AssetsAuditor(self.site.url, estate.truth)
        self.auditor.begin()

    def type(self, name: str) -> ObjectType:
        """Find an object type."""
        return next(kind for kind in self.site.store.types.values() if kind.name == name)

    def body(self, kind: ObjectType | int, values: dict[str, str]) -> dict[str, Any]:
        """Write a request."""
        number = kind if isinstance(kind, int) else kind.id
        items = [
            {
                "objectTypeAttributeId": str(self.site.attribute(number, name).id),
                "objectAttributeValues": [{"value": v}],
            }
            for name, v in values.items()
        ]
        return {"objectTypeId": str(number), "attributes": items}

    def create(self, kind: str = "Computer", **values: str) -> str:
        """Create an object as the hub; `Serial_Number` stands for "Serial Number"."""
        sent = {name.replace("_", " "): value for name, value in values.items()}
        answer = self.http.post("/object/create", json=self.body(self.type(kind), sent))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["objectKey"])

    def update(self, obj: Obj, **values: str) -> None:
        """Change an object as the hub."""
        sent = {name.replace("_", " "): value for name, value in values.items()}
        assert self.http.put(f"/object/{obj.id}", json=self.body(obj.type, sent)).status_code == 200

    def report(self) -> AssetsReport:
        """End the run."""
        return self.auditor.end("run")

    def new_device(self) -> Device:
        """Pick a laptop several sources know and Assets does not."""
        known = set(self.estate.truth.objects.values())
        return next(d for d in self.estate.devices if d.kind == "laptop" and len(d.sources) > 1 and d.id not in known)

    def old(self) -> Obj:
        """Pick a computer of others with a serial, whose device has no second object."""
        owners = list(self.estate.truth.objects.values())
        for key, device in self.estate.truth.objects.items():
            if device.startswith("D") and owners.count(device) == 1:
                obj = self.site.get(key)
                if obj.type == self.type("Computer").id and "Serial Number" in self.site.row(obj):
                    return obj
        raise AssertionError


@pytest.fixture(scope="module")
def estate() -> Estate:
    return build(seed=21, people=60, devices=120)


@pytest.fixture
def shelf(estate: Estate, jira_stage: Stage) -> Iterator[Shelf]:
    found = Shelf(estate, jira_stage)
    yield found
    found.auditor.close()
    found.http.close()


def test_quiet_run_reports_nothing(shelf: Shelf) -> None:
    """Reads and searches count, nothing was written."""
    shelf.http.post("/object/aql", json={"qlQuery": "objectType = Computer"})
    report = shelf.report()

    assert (report.requests, report.searches, report.writes, report.refused) == (1, 1, 0, 0)
    assert report.devices_tally.created == report.devices_tally.updated == report.people_tally.created == 0
    assert (report.takeovers, report.overwritten, report.keyed, report.deleted) == ([], [], 0, 0)
    assert 0 < report.one_each < report.devices and 0 < report.one_person < report.people


def test_a_created_object_counts_for_its_device(shelf: Shelf) -> None:
    """A new object makes its device complete, a second one is a duplicate."""
    before, device = shelf.auditor.end("before"), shelf.new_device()
    shelf.auditor.begin()
    shelf.create(Name=device.host, Serial_Number=device.serial, Hub_Key="k1")
    first = shelf.report()
    shelf.auditor.begin()
    shelf.create(Name="again", Serial_Number=device.serial.lower(), Hub_Key="k1")
    second = shelf.report()

    assert (first.devices_tally.created, first.writes, first.duplicates_created, first.keyed) == (1, 1, 0, 1)
    assert first.one_each == before.one_each + 1
    assert (second.duplicates_created, second.several_now, second.shared_keys) == (1, 1, ["k1"])


def test_overwritten_values_of_others_are_listed_with_their_last_writer_in_mind(shelf: Shelf) -> None:
    """Filling what is empty and changing one's own is fine; what others typed, before or during the runs, is not."""
    obj, device = shelf.old(), shelf.new_device()
    name = shelf.site.row(obj)["Name"][0]
    shelf.update(obj, Name="new-name", Hub_Key="k1")
    shelf.update(obj, Name="newer-name", Hub_Key="k2")
    own = shelf.site.get(shelf.create(Name=device.host, Asset_Tag="T1"))
    shelf.update(own, Asset_Tag="T2", Name="mine")
    shelf.site.edit(own.key, {"Asset Tag": "THEIRS"})
    shelf.update(own, Asset_Tag="T3", Name="mine-again")

    told = [(o.sys_id, o.field, o.before, o.after) for o in shelf.report().overwritten]
    assert told == [(obj.key, "Name", name, "new-name"), (own.key, "Asset Tag", "THEIRS", "T3")]


def test_takeovers_personal_and_unknown_devices_are_seen(shelf: Shelf) -> None:
    """Another device's serial on an object of others, a phone somebody brought, a thing that is nobody's."""
    obj, device = shelf.old(), shelf.new_device()
    shelf.update(obj, Serial_Number=device.serial)
    personal = next(d for d in shelf.estate.devices if d.personal and d.serial)
    shelf.create("Mobile Device", Name="phone", Serial_Number=personal.serial)
    shelf.create(Name="no-such-thing", Serial_Number="NOSUCHSERIAL")
    report = shelf.report()

    assert [(t.sys_id, t.how) for t in report.takeovers] == [(obj.key, "Serial Number")]
    assert (report.personal_created, report.unknown_created) == (1, 1)


def test_structure_foundation_and_people_are_counted(shelf: Shelf) -> None:
    """A new attribute, a place the hub should not have made, a person, an object of others that is gone."""
    shelf.http.post(
        f"/objecttypeattribute/{shelf.type('Person').id}", json={"name": "Hub Key", "type": 0, "defaultTypeId": 0}
    )
    shelf.create("Location", Name="Nowhere")
    known = set(shelf.estate.truth.objects.values())
    person = next(p for p in shelf.estate.people if p.id not in known)
    before = shelf.auditor.end("before").one_person
    shelf.auditor.begin()
    shelf.create("Person", Name=person.name, Email=person.email)
    assert shelf.http.delete(f"/object/{shelf.old().id}").status_code == 200
    report = shelf.report()

    assert (report.people_tally.created, report.one_person, report.deleted) == (1, before + 1, 1)
    shelf.auditor.begin()
    assert "Nowhere" not in shelf.report().table()


def test_the_report_is_text_and_data(shelf: Shelf) -> None:
    """What the demo prints and what it hands on."""
    shelf.create("Location", Name="Nowhere")
    report = shelf.report()

    assert "1 Location" in report.table() and report.as_dict()["foundation_created"] == {"Location": 1}


def test_a_value_that_followed_its_source_is_no_overwrite(shelf: Shelf) -> None:
    """What a source says in place of what it said passes; what somebody typed since then does not."""
    obj = shelf.old()
    device, name = shelf.estate.truth.objects[obj.key], shelf.site.row(obj)["Name"][0]
    source, key = next(found for found, about in shelf.estate.truth.records.items() if about == device)
    shelf.auditor.learn(replace(shelf.estate, changes=[Change(source, key, "name", name, "said-now")]))
    shelf.update(obj, Name="said-now")
    followed = shelf.report().overwritten
    shelf.site.edit(obj.key, {"Name": "THEIRS"})
    shelf.update(obj, Name="said-now")

    assert (followed, [o.before for o in shelf.report().overwritten]) == ([], ["THEIRS"])
