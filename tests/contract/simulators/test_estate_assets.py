"""The Jira Assets that others filled: its shape, its links, its dirt."""

from __future__ import annotations

from collections import Counter

import pytest

from simulators.estate import Estate, build, load_assets, mutate
from simulators.estate.model import plain
from simulators.jira import Jira


@pytest.fixture(scope="module")
def estate() -> Estate:
    return build(seed=12, people=600, devices=900)


@pytest.fixture(scope="module")
def site(estate: Estate) -> Jira:
    found = Jira(seed=1)
    load_assets(estate, found)
    return found


def test_every_object_gets_into_the_site(estate: Estate, site: Jira) -> None:
    """Values are such as the schema takes; the truth knows which device or person an object is about."""
    devices = [o for o in estate.truth.objects.values() if not o.startswith("P")]

    assert len(site.store.objects) == len(estate.assets.rows)
    assert len(devices) > 300 and Counter(d[0] for d in devices)["D"] > 280
    assert all(site.get(key) for key in estate.truth.objects)


def test_it_is_as_dirty_as_life(estate: Estate, site: Jira) -> None:
    """Blank serials, several objects of a device, reused names, values typed by people later."""
    about = Counter(device for device in estate.truth.objects.values() if device.startswith("D"))
    rows = [site.row(site.get(key)) for key, device in estate.truth.objects.items() if not device.startswith("P")]

    assert sum("Serial Number" not in row for row in rows) > 10
    assert sum(count > 1 for count in about.values()) >= 5
    names = Counter(plain(row["Name"][0]) for row in rows)
    assert any(device.startswith("XA") for device in estate.truth.objects.values()) and max(names.values()) > 1
    edited = [e for events in site.store.history.values() for e in events if e.kind == 1]
    assert len(edited) > 20 and {e.attribute for e in edited} == {"Location", "Comment"}


def test_some_people_have_an_account_and_most_do_not(estate: Estate, site: Jira) -> None:
    """Accounts are for a part of the staff; some hide their address."""
    mails = {person.email for person in estate.people}
    accounts = [a for a in site.access.accounts.values() if a.email in mails]

    assert 0.2 < len(accounts) / len(mails) < 0.4
    assert 0.1 < sum(not a.shown for a in accounts) / len(accounts) < 0.4


def test_what_was_loaded_is_known_after_a_mutation(estate: Estate, site: Jira) -> None:
    """One per cent later the objects are still about the same things."""
    assert len(estate.truth.objects) > 0
    assert mutate(estate).truth.objects == estate.truth.objects


def test_the_same_seed_gives_the_same_objects() -> None:
    """Assets follow from the seed alone and leave the other parts as they were."""
    one, two = build(5, people=30, devices=50), build(5, people=30, devices=50)

    assert one.assets == two.assets
