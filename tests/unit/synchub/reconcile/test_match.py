"""Which object of a target is this entity?"""

from __future__ import annotations

from typing import Any

from synchub.reconcile.match import ObjectIdentity, match_objects, match_people

LAPTOP = {
    "serial_number": "5CG81F02QX",
    "manufacturer": "HP",
    "model": "EliteBook 840 G10",
    "hostname": "nb-1",
    "asset_tag": "A1001",
    "mac_addresses": ["00:50:56:bf:bb:17"],
}


def thing(id_: str, *, asset: bool = False, live: bool = True, born: int = 0, **fields: Any) -> ObjectIdentity:
    """A target object."""
    return ObjectIdentity(id_, fields, asset, live, born)


def test_serial_and_manufacturer_win_over_a_better_name() -> None:
    """The object with our serial number is ours, whatever it is called."""
    ours = thing("a", serial_number="5CG81F02QX", manufacturer="Hewlett-Packard", hostname="old-name")
    named = thing("b", hostname="nb-1")

    found = match_objects(LAPTOP, [named, ours])

    assert (found.object_id, found.by, found.duplicates) == ("a", "serial+manufacturer", ())


def test_a_name_is_never_taken_over() -> None:
    """Another machine has our host name and its own serial number."""
    found = match_objects(LAPTOP, [thing("a", hostname="nb-1", serial_number="PF1ABCDE")])

    assert found.object_id is None
    assert "another serial number" in found.reason


def test_host_name_links_a_blank_object() -> None:
    """No serial number there, nothing contradicts, one object, one entity."""
    found = match_objects(LAPTOP, [thing("a", hostname="nb-1", manufacturer="HP")])

    assert (found.object_id, found.by) == ("a", "hostname")


def test_host_name_does_not_link_another_model_or_maker() -> None:
    """What contradicts rules out."""
    model = thing("a", hostname="nb-1", model="Latitude 5440")
    maker = thing("b", hostname="nb-1", manufacturer="Dell")

    assert match_objects(LAPTOP, [model, maker]).object_id is None


def test_host_name_must_be_unique_on_both_sides() -> None:
    """Two blank objects, or two entities: a person chooses."""
    two = match_objects(LAPTOP, [thing("b", hostname="nb-1"), thing("a", hostname="nb-1")])
    ours = match_objects(LAPTOP, [thing("a", hostname="nb-1")], entities_with_host=2)

    assert (two.object_id, two.ambiguous) == (None, ("a", "b"))
    assert (ours.object_id, ours.ambiguous) == (None, ("a",))


def test_generic_names_and_placeholders_link_nothing() -> None:
    """`localhost` here and `localhost` there are two machines."""
    entity = {"hostname": "localhost", "serial_number": "0", "asset_tag": "No Asset Tag"}
    there = thing("a", hostname="localhost", serial_number="0", asset_tag="No Asset Tag")

    assert match_objects(entity, [there]).object_id is None


def test_duplicates_are_reported_and_the_choice_does_not_depend_on_order() -> None:
    """The one with an asset, then the operational, then the oldest."""
    same: Any = {"serial_number": "5CG81F02QX", "manufacturer": "HP"}
    objects = [
        thing("d", born=1, live=False, **same),
        thing("c", born=5, **same),
        thing("b", asset=True, born=9, **same),
        thing("a", born=7, **same),
    ]

    found = match_objects(LAPTOP, objects)

    assert (found.object_id, found.duplicates) == ("b", ("a", "c", "d"))
    assert match_objects(LAPTOP, objects[::-1]) == found
    assert match_objects(LAPTOP, objects[:2]).object_id == "c"


def test_asset_tag_links() -> None:
    """The inventory number is the organisation's own."""
    assert match_objects(LAPTOP, [thing("a", asset_tag="A1001")]).by == "asset_tag"


def test_torn_objects_are_left_to_a_person() -> None:
    """Our serial number under another tag, our tag on another serial number: neither linked nor created again."""
    serial = thing("a", serial_number="5CG81F02QX", manufacturer="HP", asset_tag="A1009")
    tag = thing("b", serial_number="PF1ABCDE", asset_tag="A1001")

    found = match_objects(LAPTOP, [tag, serial])

    assert (found.object_id, found.ambiguous) == (None, ("a", "b"))
    assert found.reason == "agrees on an identity, but has another asset tag and another serial number"


def test_serial_without_manufacturer() -> None:
    """A long serial number links alone; a short one does not."""
    assert match_objects(LAPTOP, [thing("a", serial_number="5CG81F02QX")]).object_id == "a"
    short = {**LAPTOP, "serial_number": "4711A", "asset_tag": ""}
    assert match_objects(short, [thing("a", serial_number="4711A")]).object_id is None


def test_network_card_links_when_unique() -> None:
    """And leaves two objects with the card to a person."""
    card: Any = {"mac_addresses": ["00:50:56:bf:bb:17"]}

    assert match_objects(LAPTOP, [thing("a", **card)]).by == "mac"
    assert match_objects(LAPTOP, [thing("a", **card), thing("b", **card)]).ambiguous == ("a", "b")


def test_people() -> None:
    """Worker id before address; another name is another person; the active one of two."""
    anna = {"worker_id": "E1", "email": "a@x.example", "given_name": "Anna", "family_name": "Novak"}
    by_mail = thing("m", email="a@x.example", given_name="Anna", family_name="Novak")
    by_number = thing("n", worker_id="E1")
    reused = thing("r", email="a@x.example", given_name="Ben", family_name="Kim")
    gone = thing("g", live=False, email="a@x.example")

    assert match_people(anna, [by_mail, by_number]).object_id == "n"
    assert match_people(anna, [reused]).object_id is None
    assert match_people(anna, [gone, by_mail]).object_id == "m"
    assert match_people(anna, [by_mail, thing("k", email="a@x.example")]).ambiguous == ("k", "m")
    assert match_people({"login": "a@x.example"}, [by_mail]).by == "login"


def test_one_number_given_twice_by_makers_of_one_house_links_nothing() -> None:
    """Same serial number and house, but another model and another name: two things, and a person is asked."""
    other = thing("a", serial_number="5CG81F02QX", manufacturer="HPE", model="ProLiant DL380 Gen10", hostname="srv-7")
    renamed = thing("b", serial_number="5CG81F02QX", manufacturer="HP", model="EliteBook 840 G10", hostname="old-name")
    mine = {**LAPTOP, "asset_tag": ""}

    assert match_objects(mine, [other]).object_id is None
    assert match_objects(mine, [other]).ambiguous == ("a",)
    assert match_objects(mine, [other, renamed]).object_id == "b"
