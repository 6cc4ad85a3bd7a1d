"""Who is the same thing."""

from __future__ import annotations

import time

from synchub.reconcile.cluster import Decisions
from synchub.reconcile.identifiers import Kind
from tests.unit.synchub.reconcile.records import EB, found, record, shape

MAC1, MAC2, MAC3, DOCK = "00:50:56:bf:bb:17", "00:50:56:bf:bb:18", "00:50:56:bf:bb:19", "00:50:56:bf:bb:99"


def test_serial_and_manufacturer_join_across_sources() -> None:
    """One device, three sources, one entity; the trace says why."""
    records = [record(n, s, serial_number="5CG81F02QX", **EB) for n, s in enumerate(("erp", "mdm", "scan"), 1)]

    (one,) = found(*records)

    assert [(e.why, e.kind, e.value) for e in one.edges] == [("serial+manufacturer", Kind.SERIAL, "5CG81F02QX")] * 2


def test_a_serial_of_two_manufacturers_is_two_devices() -> None:
    """Serial numbers are unique per manufacturer only."""
    a = record(1, "erp", serial_number="5CG81F02QX", manufacturer="HP", model="EliteBook 840 G10")
    b = record(2, "mdm", serial_number="5CG81F02QX", manufacturer="Dell", model="Latitude 5440")

    assert shape(a, b) == {frozenset({1}), frozenset({2})}
    assert found(a, b)[0].refused[0].reason == "manufacturers differ"


def test_a_serial_of_two_models_is_two_devices() -> None:
    """A firmware image cloned onto another model brings its serial number along."""
    a = record(1, "erp", serial_number="5CG81F02QX", manufacturer="Dell", model="Latitude 7450")
    b = record(2, "mdm", serial_number="5CG81F02QX", manufacturer="Dell", model="Latitude 5440")

    assert shape(a, b) == {frozenset({1}), frozenset({2})}


def test_a_longer_spelling_of_the_model_is_the_same_model() -> None:
    """Sources cut or extend the marketing name."""
    a = record(1, "erp", serial_number="5CG81F02QX", manufacturer="HP", model="EliteBook 840 G10")
    b = record(2, "mdm", serial_number="5CG81F02QX", manufacturer="HP", model="HP EliteBook 840 G10 Notebook PC")

    assert len(shape(a, b)) == 1


def test_placeholder_serials_join_nothing() -> None:
    """Two boards that both say `To be filled by O.E.M.` are two boards."""
    a = record(1, "mdm", serial_number="TOBEFILLEDBYOEM", **EB)
    b = record(2, "scan", serial_number="TOBEFILLEDBYOEM", **EB)

    assert len(shape(a, b)) == 2


def test_a_shared_value_joins_nothing() -> None:
    """What too many records hold is not eligible."""
    a, b = (record(n, s, serial_number="CLONED123", **EB) for n, s in ((1, "mdm"), (2, "scan")))

    assert len(shape(a, b)) == 1
    assert len(shape(a, b, shared=((Kind.SERIAL, "CLONED123"),))) == 2


def test_a_serial_cloned_within_one_source_is_told_apart_by_network_cards() -> None:
    """One source lists the serial twice, with different network cards: two devices, and each finds its own records."""
    a = record(1, "mdm", serial_number="5CG81F02QX", mac_addresses=[MAC1], hostname="nb-1", **EB)
    b = record(2, "mdm", serial_number="5CG81F02QX", mac_addresses=[MAC2], hostname="nb-2", **EB)
    c = record(3, "scan", serial_number="5CG81F02QX", mac_addresses=[MAC2], hostname="nb-2", **EB)

    assert shape(a, b, c) == {frozenset({1}), frozenset({2, 3})}


def test_a_device_enrolled_again_is_one_device() -> None:
    """A second record of one source with the same cards is the same thing under a new name."""
    a = record(1, "mdm", serial_number="5CG81F02QX", mac_addresses=[MAC1], hostname="nb-1", **EB)
    b = record(2, "mdm", serial_number="5CG81F02QX", mac_addresses=[MAC1], hostname="desktop-7ab3kq2", **EB)

    assert len(shape(a, b)) == 1


def test_a_serial_shared_by_strangers_is_left_apart() -> None:
    """Host name, cards and user all differ: the serial number alone does not make them one."""
    a = record(
        1, "mdm", serial_number="5CG81F02QX", mac_addresses=[MAC1], hostname="nb-1", assigned_to="anna@x.example", **EB
    )
    b = record(2, "scan", serial_number="5CG81F02QX", mac_addresses=[MAC2], hostname="nb-2", assigned_to="ben", **EB)
    c = record(3, "erp", serial_number="5CG81F02QX", assigned_to="anna@x.example", **EB)

    assert shape(a, b, c) == {frozenset({1, 3}), frozenset({2})}


def test_asset_tags_differ_so_devices_differ() -> None:
    """The organisation gives each tag once."""
    a = record(1, "erp", serial_number="5CG81F02QX", asset_tag="A1001", **EB)
    b = record(2, "mdm", serial_number="5CG81F02QX", asset_tag="A1002", **EB)

    assert len(shape(a, b)) == 2


def test_asset_tag_forgives_one_wrong_character_in_the_serial() -> None:
    """A typing error in procurement; two wrong characters are another device."""
    a = record(1, "erp", serial_number="5CG81F02OX", asset_tag="A1001", **EB)
    b = record(2, "mdm", serial_number="5CG81F02QX", asset_tag="A1001", **EB)
    c = record(3, "mdm", serial_number="5CG99F02QX", asset_tag="A1001", **EB)

    assert len(shape(a, b)) == 1
    assert len(shape(a, c)) == 2


def test_serial_drift_is_not_followed() -> None:
    """Same UUID, another serial number (a board was changed): left for a person, never merged silently."""
    uuid = "8d717151-fbdc-4641-b2d1-0f8e4d1ce1a2"
    a = record(1, "mdm", serial_number="9E113232I", uuid=uuid, **EB)
    b = record(2, "scan", serial_number="8C554721F", uuid=uuid, **EB)

    first = found(a, b)[0]

    assert [r.reason for r in first.refused] == ["serial numbers differ"]


def test_a_dock_joins_nobody() -> None:
    """A card seen on two laptops with serials cannot say whose the third record is."""
    a = record(1, "mdm", serial_number="5CG81F02QX", mac_addresses=[MAC1, DOCK], **EB)
    b = record(2, "mdm", serial_number="5CG81F77AA", mac_addresses=[MAC2, DOCK], **EB)
    c = record(3, "scan", mac_addresses=[DOCK], **EB)

    assert len(shape(a, b, c)) == 3


def test_a_dock_between_two_users_joins_nobody() -> None:
    """Same model, same card, other user, no name in common: a dock, not a device."""
    a = record(
        1, "mdm", serial_number="5CG81F02QX", mac_addresses=[DOCK], hostname="nb-1", assigned_to="anna@x.example", **EB
    )
    b = record(2, "scan", mac_addresses=[DOCK], hostname="localhost", assigned_to="ben", **EB)

    assert len(shape(a, b)) == 2


def test_one_card_among_others_is_not_enough() -> None:
    """Both know further cards that the other does not, and nobody says who uses them: it may be a dock."""
    a = record(1, "mdm", mac_addresses=[MAC1, DOCK], hostname="nb-1", **EB)
    b = record(2, "scan", mac_addresses=[MAC2, DOCK], hostname="nb-2", **EB)
    same = record(3, "scan", mac_addresses=[MAC2, DOCK], hostname="nb-2", assigned_to="anna", **EB)
    user = record(4, "mdm", mac_addresses=[MAC1, DOCK], hostname="nb-1", assigned_to="anna@x.example", **EB)

    assert len(shape(a, b)) == 2
    assert len(shape(user, same)) == 1


def test_a_renamed_device_is_known_by_its_card() -> None:
    """One source knows one card, the other that and more: the name does not matter."""
    a = record(1, "mdm", mac_addresses=[MAC1], hostname="nb-1", **EB)
    b = record(2, "scan", mac_addresses=[MAC1, MAC2], hostname="desktop-7ab3kq2", **EB)

    assert found(a, b)[0].edges[0].why == "mac+model"


def test_card_and_host_name_join_without_serials() -> None:
    """A device whose firmware has no serial number is known by card and name."""
    a = record(1, "mdm", serial_number="DEFAULTSTRING", mac_addresses=[MAC1], hostname="nb-1", **EB)
    b = record(2, "scan", mac_addresses=[MAC1, MAC2], hostname="nb-1", **EB)

    assert found(a, b)[0].edges[0].why == "mac+hostname"


def test_a_reused_host_name_joins_nobody() -> None:
    """The replacement took over the name: serial numbers differ."""
    a = record(1, "mdm", serial_number="5CG81F02QX", hostname="nb-1", **EB)
    b = record(2, "scan", serial_number="5CG93A11ZZ", hostname="nb-1", **EB)

    assert len(shape(a, b)) == 2


def test_host_name_and_model_join_when_nothing_contradicts() -> None:
    """A name held by one device on each side."""
    a = record(1, "mdm", serial_number="5CG81F02QX", hostname="nb-1", **EB)
    b = record(2, "scan", hostname="nb-1", **EB)
    other = record(3, "scan", hostname="nb-1", manufacturer="Dell", model="Latitude 5440")

    assert shape(a, b, other) == {frozenset({1, 2}), frozenset({3})}


def test_cloned_virtual_machines_stay_apart() -> None:
    """Two clones with one UUID and different tags are two machines."""
    uuid = "4230bf6a-ce71-0bb9-b0e1-d27a5b1c9f10"
    a = record(1, "scan", "virtual_machine", uuid=uuid, asset_tag="VM-A", hostname="vm-a")
    b = record(2, "mdm", "virtual_machine", uuid=uuid, asset_tag="VM-B", hostname="vm-b")

    assert len(shape(a, b)) == 2


def test_imei_joins_phones() -> None:
    """And another IMEI is another phone, whatever else they share."""
    a = record(1, "erp", "mobile_device", imei="356938035643809")
    b = record(2, "mdm", "mobile_device", imei="356938035643809", serial_number="F2LX1234ABCD", manufacturer="Apple")
    c = record(3, "mdm", "mobile_device", imei="356938035643817", serial_number="F2LX1234ABCD", manufacturer="Apple")

    assert shape(a, b, c) == {frozenset({1, 2}), frozenset({3})}


def test_a_lost_edge_splits() -> None:
    """When the tag that held two records together goes, so does the entity."""
    a = record(1, "erp", asset_tag="A1001", **EB)
    b = record(2, "mdm", asset_tag="A1001", **EB)
    without = record(2, "mdm", **EB)

    assert len(shape(a, b)) == 1
    assert len(shape(a, without)) == 2


def test_people_are_asked_first() -> None:
    """A person's decision joins what rules keep apart, and parts what rules join."""
    a = record(1, "erp", serial_number="5CG81F02QX", **EB)
    b = record(2, "mdm", serial_number="5CG93A11ZZ", **EB)
    c = record(3, "scan", serial_number="5CG93A11ZZ", **EB)
    decisions = Decisions(together=frozenset({(1, 2)}), apart=frozenset({(3, 2)}))

    assert shape(a, b, c, decisions=decisions) == {frozenset({1, 2}), frozenset({3})}
    assert found(a, b, c, decisions=decisions)[0].edges[0].why == "decision"


def test_rehired_under_a_new_number_is_one_person() -> None:
    """Same address and name, another worker number."""
    a = record(1, "hr", "person", worker_id="E1", email="anna@x.example", given_name="Anna", family_name="Novak")
    b = record(2, "hr", "person", worker_id="E1R", email="anna@x.example", given_name="ANNA", family_name="Novak")

    assert len(shape(a, b, family="person")) == 1


def test_an_address_given_out_again_is_two_people() -> None:
    """Given and family name both differ; a new family name alone does not part."""
    a = record(1, "hr", "person", email="a@x.example", given_name="Anna", family_name="Novak")
    b = record(2, "hr", "person", email="a@x.example", given_name="Ben", family_name="Kim")
    c = record(3, "mdm", "person", email="a@x.example", given_name="Anna", family_name="Horvat")

    assert shape(a, b, family="person") == {frozenset({1}), frozenset({2})}
    assert shape(a, c, family="person") == {frozenset({1, 3})}


def test_lines_join_by_order_and_line() -> None:
    """Two exports of one order line are one line."""
    a = record(1, "erp", "purchase_order_line", order_number="PO-1", line_number="3")
    b = record(2, "erp", "purchase_order_line", order_number="po-1", line_number="3")
    c = record(3, "erp", "purchase_order_line", order_number="PO-1", line_number="4")

    assert shape(a, b, c, family="purchase_order_line") == {frozenset({1, 2}), frozenset({3})}


def test_a_large_component_is_quick() -> None:
    """Six hundred records chained by docks are clustered in well under a few seconds."""
    records = [
        record(
            n, ("mdm", "scan")[n % 2], serial_number=f"5CG{n // 2:07d}X", hostname=f"nb-{n // 2}",
            mac_addresses=[f"00:50:56:00:{n // 2 // 256:02x}:{n // 2 % 256:02x}", f"00:50:57:00:00:{n // 8:02x}"], **EB,
        )
        for n in range(600)
    ]  # fmt: skip
    start = time.process_time()

    assert len(shape(*records)) == 300
    assert time.process_time() - start < 3


DELL = "4c4c4544-0034-3010-8048-b6c04f503732"  # made of the service tag 640HP72


def test_an_order_line_and_an_agent_that_knows_only_the_uuid_of_a_dell_are_one() -> None:
    """The UUID holds the service tag that was ordered."""
    ordered = record(1, "erp", serial_number="640HP72", manufacturer="Dell", model="Latitude 5480")
    seen = record(2, "scan", uuid=DELL, hostname="nb-17")
    other = record(3, "erp", serial_number="640HP73", manufacturer="Dell", model="Latitude 5480")

    assert shape(ordered, seen, other) == {frozenset({1, 2}), frozenset({3})}


def test_a_service_tag_from_a_uuid_contradicts_nothing() -> None:
    """After a change of the board the old tag may stay in the UUID: the same UUID and tag still join."""
    managed = record(1, "mdm", serial_number="9ZZZZ11", manufacturer="Dell Inc.", uuid=DELL, asset_tag="A204117")
    seen = record(2, "scan", uuid=DELL, manufacturer="Dell Inc.")
    ordered = record(3, "erp", serial_number="9ZZZZ11", manufacturer="Dell", asset_tag="A204117")

    assert len(shape(managed, seen, ordered)) == 1
