"""Merges that are left to a person."""

from __future__ import annotations

from typing import Any

from synchub.reconcile.identifiers import Kind
from synchub.reconcile.proposals import propose, proposing_keys, summarise
from tests.unit.synchub.reconcile.records import EB, record

ANNA = "anna.novak@corp.example"


def bought(entity: int, **fields: Any) -> Any:
    """An entity that only procurement knows."""
    return summarise(entity, [record(entity, "erp", **{**EB, "assigned_to": ANNA, **fields})])


def seen(entity: int, **fields: Any) -> Any:
    """An entity that management and discovery know."""
    mdm = record(entity, "mdm", **{**EB, "assigned_to": ANNA, **fields})
    scan = record(entity + 1000, "scan", **{**EB, "assigned_to": "anna.novak", **fields})
    return summarise(entity, [mdm, scan])


def test_bought_for_and_used_by_the_same_person() -> None:
    """One side has no serial number; user and model agree, the sources complement each other."""
    (only,) = propose([bought(1), seen(2, serial_number="5CG81F02QX")], Kind.OWNER_MODEL)

    assert (only.a, only.b, only.why) == (1, 2, "owner+model")
    assert "anna.novak" in only.evidence


def test_two_choices_are_no_proposal() -> None:
    """Two laptops of one model at one user: nobody can say which was bought by this order."""
    group = [bought(1), seen(2, serial_number="5CG81F02QX"), seen(3, serial_number="5CG81F03AB")]

    assert propose(group, Kind.OWNER_MODEL) == []


def test_one_source_on_both_sides_is_no_proposal() -> None:
    """A source lists a thing once."""
    assert propose([seen(1, serial_number="5CG81F02QX"), seen(2)], Kind.OWNER_MODEL) == []


def test_contradictions_are_no_proposal() -> None:
    """Two serial numbers, two devices."""
    group = [bought(1, serial_number="PF1ABCDE"), seen(2, serial_number="5CG81F02QX")]

    assert propose(group, Kind.OWNER_MODEL) == []


def test_other_domain_is_another_user() -> None:
    """The same login at another domain is somebody else; a login without domain may be the same."""
    other = summarise(2, [record(2, "mdm", **{**EB, "assigned_to": "anna.novak@other.example"})])
    bare = summarise(3, [record(3, "scan", **{**EB, "assigned_to": "anna.novak"})])

    assert propose([bought(1), other], Kind.OWNER_MODEL) == []
    assert len(propose([bought(1), bare], Kind.OWNER_MODEL)) == 1


def test_one_wrong_character_in_the_serial() -> None:
    """Procurement typed O for Q: both sides share a proposing key, and only this one pair is near."""
    a, b = bought(1, serial_number="5CG81F02OX"), seen(2, serial_number="5CG81F02QX")
    shared = {key for key in proposing_keys(a) & proposing_keys(b) if key[0] == Kind.SERIAL_NEAR}

    (only,) = propose([a, b], Kind.SERIAL_NEAR)

    assert shared
    assert only.evidence == "serial numbers 5CG81F02OX and 5CG81F02QX"


def test_serials_in_a_row_are_not_proposed() -> None:
    """A batch has consecutive serial numbers: an order line one off from two devices is not proposed."""
    group = [
        bought(1, serial_number="5CG81F0250"),
        seen(2, serial_number="5CG81F0251"),
        seen(3, serial_number="5CG81F0252"),
    ]

    assert propose(group, Kind.SERIAL_NEAR) == []


def test_in_a_batch_the_next_number_is_the_next_device() -> None:
    """A complete third device one character off shows that numbers run on: then nothing is proposed."""
    third = summarise(
        9, [record(n, s, **{**EB, "serial_number": "5CG81F0253"}) for n, s in ((91, "erp"), (92, "mdm"), (93, "scan"))]
    )
    pair = [bought(1, serial_number="5CG81F0250"), seen(2, serial_number="5CG81F0251")]

    assert len(propose(pair, Kind.SERIAL_NEAR)) == 1
    assert propose([*pair, third], Kind.SERIAL_NEAR) == []


def test_near_serials_of_two_users_are_not_proposed() -> None:
    """One character apart and another user: another device."""
    group = [
        bought(1, serial_number="5CG81F02OX", assigned_to="ben.kim@corp.example"),
        seen(2, serial_number="5CG81F02QX"),
    ]

    assert propose(group, Kind.SERIAL_NEAR) == []


def test_two_people_of_one_name() -> None:
    """A name proposes between complementary sources and nothing more."""
    hr = summarise(1, [record(1, "hr", "person", worker_id="E1", given_name="Anna", family_name="Novak")])
    mdm = summarise(2, [record(2, "mdm", "person", login="anovak", given_name="Anna", family_name="Novak")])

    (only,) = propose([hr, mdm], Kind.PERSON_NAME)

    assert only.why == "name"


def test_order_of_the_group_does_not_matter() -> None:
    """The same proposals whichever way the group comes."""
    group = [seen(7, serial_number="5CG81F02QX"), bought(3)]

    assert propose(group, Kind.OWNER_MODEL) == propose(group[::-1], Kind.OWNER_MODEL)
