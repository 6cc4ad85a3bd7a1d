"""Which values of a record may identify it."""

from __future__ import annotations

import pytest

from synchub.domain.records import CLEAR
from synchub.reconcile.comparable import dell_tag, maker_key, model_key, uuid_key
from synchub.reconcile.identifiers import JOINING, PROPOSING, Kind, identifier_hash, identifiers, kind_of, limit


def values(cls: str, kind: Kind, **fields: object) -> list[str]:
    """Values of one kind."""
    return [i.value for i in identifiers(cls, fields) if i.kind == kind]


def test_kinds_are_either_joining_or_proposing() -> None:
    """Every kind has one use and a limit, and fits into the low bits of a hash."""
    assert set(Kind) == JOINING | PROPOSING
    assert not JOINING & PROPOSING
    assert all(limit(kind) > 1 and kind <= 31 for kind in Kind)


@pytest.mark.parametrize("kind", list(Kind))
def test_hash_is_signed_and_carries_its_kind(kind: Kind) -> None:
    """Fits a signed 64-bit column, differs by kind, tells its kind."""
    number = identifier_hash(kind, "00:50:56:bf:bb:17")

    assert -(2**63) <= number < 2**63
    assert kind_of(number) == kind
    assert number == identifier_hash(kind, "00:50:56:bf:bb:17")


def test_both_byte_orders_of_a_uuid_are_one_value() -> None:
    """VirtualBox serial `VirtualBox-5171718d-dcfb-4146-…` is DMI UUID `8d717151-fbdc-4641-…`."""
    dmi = values("virtual_machine", Kind.UUID, uuid="8d717151-fbdc-4641-b2d1-0f8e4d1ce1a2")
    serial = values("virtual_machine", Kind.UUID, serial_number="VIRTUALBOX5171718DDCFB4146B2D10F8E4D1CE1A2")
    dell = values("computer", Kind.UUID, uuid="44454c4c-4400-104b-8051-b9c04f4d3231")

    assert dmi == serial
    assert dell == values("computer", Kind.UUID, uuid="4c4c4544-0044-4b10-8051-b9c04f4d3231")


def test_vmware_serial_is_a_uuid_and_no_serial() -> None:
    """`VMware-42 30 bf 6a ce 71 …` names the UUID of the virtual machine."""
    fields = {"serial_number": "VMWARE4230BF6ACE710BB9B0E1D27A5B1C9F10"}

    found = {i.kind: i.value for i in identifiers("virtual_machine", fields)}

    assert Kind.SERIAL not in found
    assert found[Kind.UUID] == values("virtual_machine", Kind.UUID, uuid="4230bf6a-ce71-0bb9-b0e1-d27a5b1c9f10")[0]


def test_cleared_and_missing_values_are_no_identifiers() -> None:
    """A source that says *none* on purpose identifies nothing by it."""
    assert identifiers("computer", {"serial_number": CLEAR, "mac_addresses": CLEAR, "asset_tag": CLEAR}) == []
    assert identifiers("computer", {}) == []


def test_keys_and_order_numbers_of_hardware_are_opaque() -> None:
    """An order number, an invoice or a part number never identifies a device."""
    assert identifiers("computer", {"order_number": "PO-1", "invoice_number": "INV1", "part_number": "7L7Z7ET"}) == []


def test_login_in_the_form_of_an_address_is_an_address() -> None:
    """A user principal name meets the same person's e-mail."""
    mail = identifiers("person", {"email": "anna.novak@corp.example"})
    login = identifiers("person", {"login": "anna.novak@corp.example"})

    assert mail == login == [(Kind.EMAIL, "anna.novak@corp.example")]
    assert identifiers("person", {"login": "anovak"}) == [(Kind.LOGIN, "anovak")]


def test_a_name_only_proposes() -> None:
    """Two people may share a name."""
    found = identifiers("person", {"given_name": "José", "family_name": "Müller-Lüdenscheidt"})

    assert found == [(Kind.PERSON_NAME, "jose|mullerludenscheidt")]


def test_order_and_line_identify_a_line() -> None:
    """Only both together."""
    assert identifiers("purchase_order_line", {"order_number": "PO-1", "line_number": "3"}) == [
        (Kind.ORDER_LINE, "PO-1|3")
    ]
    assert identifiers("purchase_order_line", {"order_number": "PO-1"}) == []


def test_papers_are_identified_by_number_and_vendor() -> None:
    """Vendors count each for themselves, in any spelling; a placeholder is none."""
    invoice = {"invoice_number": "i-1", "vendor": "Dell Inc.", "kind": "invoice"}

    assert identifiers("purchase_order", {"order_number": "po-1"}) == [(Kind.ORDER, "PO-1")]
    assert identifiers("invoice", invoice) == identifiers("invoice", {**invoice, "vendor": "DELL"})
    assert identifiers("invoice", invoice) != identifiers("invoice", {**invoice, "vendor": "HP"})
    assert identifiers("invoice", invoice) != identifiers("invoice", {**invoice, "kind": "credit_note"})
    assert identifiers("invoice", {"invoice_number": "i-1"}) == []
    assert identifiers("receipt", {"receipt_number": "0000", "vendor": "HP"}) == []


@pytest.mark.parametrize(
    ("a", "b"), [("HP", "Hewlett-Packard"), ("HP Inc.", "HPE"), ("Dell Inc.", "DELL"), ("LENOVO", "Lenovo")]
)
def test_spellings_of_one_manufacturer_meet(a: str, b: str) -> None:
    """Manufacturers are compared by house, not by spelling."""
    assert maker_key(a) == maker_key(b) != ""


def test_the_manufacturer_in_front_of_the_model_is_dropped() -> None:
    """`Dell Latitude 5440` is the Latitude 5440."""
    assert model_key("Dell Latitude 5440", "dell") == model_key("Latitude 5440", "dell")


def test_hostile_values_do_no_harm() -> None:
    """Odd characters and lone surrogates hash like everything else."""
    fields = {"asset_tag": "\ud800A-1\x00", "management_id": "x" * 100_000, "serial_number": "'; DROP TABLE--"}

    assert all(identifier_hash(k, v) for k, v in identifiers("computer", fields))


def test_ticket_is_known_by_number_and_system() -> None:
    """Two desks both have a ticket 1042; a number whose system nobody names says nothing."""
    ours = identifiers("ticket", {"ticket_number": "ops-1042", "tracker": "Acme.atlassian.net"})

    assert ours == identifiers("ticket", {"ticket_number": "OPS-1042", "tracker": "acme.atlassian.net"})
    assert ours != identifiers("ticket", {"ticket_number": "OPS-1042", "tracker": "desk.corp.example"})
    assert identifiers("ticket", {"ticket_number": "OPS-1042"}) == []


@pytest.mark.parametrize(
    ("uuid", "tag"),
    [
        ("4c4c4544-0034-3010-8048-b6c04f503732", "640HP72"),
        ("4c4c4544-0051-3410-8051-b5c04f375931", "5Q4Q7Y1"),
        ("4c4c4544-0057-5810-8042-b4c04f515631", "4WXBQV1"),
        ("44454c4c-5700-1058-8042-b4c04f515631", "4WXBQV1"),  # the same machine in the other byte order
        ("44454c4c-4800-1057-8043-b4c04f323331", "4HWC231"),
        ("4c4c4544-0036-4610-8048-c3c04f433534", "C6FHC54"),
    ],
)
def test_the_uuid_of_a_dell_tells_its_service_tag(uuid: str, tag: str) -> None:
    """Tags and UUIDs as dumps of real machines show them."""
    assert tag == dell_tag(uuid_key(uuid))


@pytest.mark.parametrize(
    "uuid",
    [
        "44454c4c-0000-1020-8020-80c04f202020",  # a machine without a tag
        "44454c4c-0082-1050-804a-80c04f393736",  # a tag of five characters
        "4c4c4544-004b-1010-8032-b3c04f4e3132",  # invented for a virtual machine
        "4c4c4544-0034-3010-8048-36c04f503732",  # the first character without its mark
        "4c4c4544-0030-3010-8030-b0c04f303030",  # 0000000
        "5171718d-dcfb-4146-b2d1-0f8e4d1ce1a2",
    ],
)
def test_other_uuids_tell_no_service_tag(uuid: str) -> None:
    """Only what has Dell's whole form, and is a tag, is read."""
    assert "" == dell_tag(uuid_key(uuid))


def test_a_service_tag_from_the_uuid_stands_in_for_a_missing_serial_number_only() -> None:
    """A serial number of one's own wins, and no other manufacturer's machine is taken for a Dell."""
    uuid = "4c4c4544-0034-3010-8048-b6c04f503732"

    assert ["640HP72"] == values("computer", Kind.SERIAL, uuid=uuid, manufacturer="Dell Inc.")
    assert ["640HP72"] == values("computer", Kind.SERIAL, uuid=uuid, serial_number="To be filled by O.E.M.")
    assert ["5Q4Q7Y1"] == values("computer", Kind.SERIAL, uuid=uuid, serial_number="5Q4Q7Y1")
    assert [] == values("computer", Kind.SERIAL, uuid=uuid, manufacturer="QEMU")
