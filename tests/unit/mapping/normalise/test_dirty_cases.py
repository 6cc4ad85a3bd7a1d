"""The dirty cases seen in real data, each with its literal value."""

from __future__ import annotations

import pytest

from mapping.normalise import NORMALISERS, hardware_identity

_serial, _mac, _uuid, _hostname = (NORMALISERS[name] for name in ("serial", "mac", "uuid", "hostname"))
_manufacturer, _model, _date, _moment = (NORMALISERS[name] for name in ("manufacturer", "model", "date", "moment"))


def test_asus_board_reports_system_manufacturer_and_system_product_name() -> None:
    """The truth of an unfilled ASUS board is in the base board fields."""
    found = hardware_identity(
        "System manufacturer", "System Product Name", "System Version", "ASUSTeK Computer INC.", "P5KPL-SE", "Desktop"
    )
    assert found == ("ASUS", "P5KPL-SE", "desktop")


@pytest.mark.parametrize("raw", ["System manufacturer", "To be filled by O.E.M.", "Default string", "  ", "......"])
def test_unfilled_vendor_field_names_no_manufacturer(raw: str) -> None:
    """What firmware left unfilled says nothing about the maker."""
    assert _manufacturer(raw) is None


@pytest.mark.parametrize("raw", ["System Product Name", "To Be Filled By O.E.M.", "Not Specified", "N/A"])
def test_unfilled_product_field_names_no_model(raw: str) -> None:
    """What firmware left unfilled says nothing about the model."""
    assert _model(raw) is None


def test_name_that_sounds_like_a_placeholder_is_a_manufacturer() -> None:
    """`N-one` makes tablets; it is not `None`."""
    assert _manufacturer("N-one") == "N-one"


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("0", "0"),
        ("0000000000", "0000000000"),
        ("9876543210", "9876543210"),
        ("To be filled by O.E.M.", "TOBEFILLEDBYO.E.M."),
        ("release-keys", "RELEASEKEYS"),
        ("NO DIMM", "NODIMM"),
    ],
)
def test_placeholder_serials_are_kept(raw: str, kept: str) -> None:
    """Normalisers keep placeholders: identification judges them, with their frequency as evidence."""
    assert _serial(raw) == kept


def test_placeholder_uuid_is_kept() -> None:
    """As for serials."""
    assert _uuid("EEEEEEEE-EEEE-EEEE-EEEE-EEEEEEEEEEEE") == "eeeeeeee-eeee-eeee-eeee-eeeeeeeeeeee"


def test_uuid_keeps_the_byte_order_of_its_source() -> None:
    """A VirtualBox serial and the DMI UUID of the same machine stay two spellings, both readable as UUID."""
    assert _uuid("VirtualBox-5171718d-dcfb-4146-b0a3-5f7e8d9c0a1b") == "5171718d-dcfb-4146-b0a3-5f7e8d9c0a1b"
    assert _uuid("8d717151-fbdc-4641-b0a3-5f7e8d9c0a1b") == "8d717151-fbdc-4641-b0a3-5f7e8d9c0a1b"


def test_dell_uuid_in_both_byte_orders_is_left_alone() -> None:
    """`DELL` reads forwards or backwards, depending on who wrote the bytes."""
    assert _uuid("44454C4C-4400-104A-8052-B8C04F4E3532") == "44454c4c-4400-104a-8052-b8c04f4e3532"
    assert _uuid("4C4C4544-0044-4A10-8052-B8C04F4E3532") == "4c4c4544-0044-4a10-8052-b8c04f4e3532"


def test_hyper_v_uuid_with_one_digit_too_many_is_refused() -> None:
    """33 digits are no UUID, and cutting one off would be a guess."""
    with pytest.raises(ValueError, match="32 hexadecimal digits"):
        _uuid("2f1d4b77-0a83-4f6a-9d8e-8c1e5b7a3c4d9")


def test_vmware_serial_reads_as_uuid_and_as_serial() -> None:
    """The serial of a VMware machine is its UUID with blanks."""
    raw = "VMware-42 30 bf 6a ce 71 2b 18-9a 0b 6c 7d 8e 9f 10 11"
    assert _uuid(raw) == "4230bf6a-ce71-2b18-9a0b-6c7d8e9f1011"
    assert _serial(raw) == "VMWARE4230BF6ACE712B189A0B6C7D8E9F1011"


@pytest.mark.parametrize(
    "raw",
    [
        "0050.56bf.bb17",
        "00-50-56-BF-BB-17",
        "00:50:56:bf:bb:17",
        "00:50:56:BF:BB:17",
        "005056BFBB17",
        "0:50:56:bf:bb:17",
    ],
)
def test_mac_notations_have_one_form(raw: str) -> None:
    """Cisco dots, dashes, colons, bare digits, upper and lower case, and Solaris' single digits."""
    assert _mac(raw) == "00:50:56:bf:bb:17"


@pytest.mark.parametrize("raw", ["FE:FF:FF:FF:FF:FF", "00:00:00:00:00:00", "0a:00:27:00:00:00"])
def test_placeholder_macs_are_kept(raw: str) -> None:
    """Whether a MAC may identify anything is judged later."""
    assert _mac(raw) == raw.lower()


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (".ell Inc.", "Dell"),
        ("Dell Inc.", "Dell"),
        ("MICRO-STAR INTERANTIONAL CO.,LTD", "MSI"),
        ("Micro-Star International Co., Ltd.", "MSI"),
        ("Acer Incoporated", "Acer"),
        ("ASUSTeK COMPUTER INC.        ", "ASUS"),
        ("HP", "HP"),
        ("Hewlett-Packard", "HP"),
        ("HP-Pavilion", "HP"),
        ("Hewlett Packard Enterprise", "HPE"),
        ("80CE000080CE", "Samsung"),
        ("LENOVO", "Lenovo"),
        ("Gigabyte Tecohnology Co., Ltd.", "Gigabyte"),
        ("PC Specailist LTD", "PC Specialist"),
    ],
)
def test_misspelt_and_renamed_vendors_have_their_dictionary_name(raw: str, name: str) -> None:
    """Spellings of firmware, legal forms, trailing blanks and JEDEC codes."""
    assert _manufacturer(raw) == name


def test_lenovo_machine_type_gives_way_to_the_name_in_the_version_field() -> None:
    """Lenovo's Product is the machine type, the name stands in Version."""
    found = hardware_identity("LENOVO", "20U2S6QQ00", "ThinkPad L14 Gen 1", "LENOVO", "20U2S6QQ00", "Notebook")
    assert found == ("Lenovo", "ThinkPad L14 Gen 1", "laptop")
    assert _model("20U2S6QQ00") == "ThinkPad L14 Gen 1"


@pytest.mark.parametrize(
    ("raw", "day"), [("05.18.2014", "2014-05-18"), ("16.07.2019 17:03:34", "2019-07-16"), ("09/20/18", "2018-09-20")]
)
def test_dates_with_only_one_reading_are_read(raw: str, day: str) -> None:
    """There is no month 18, 16 or 20, so the order is known; `09/20/18` is never in the year 18."""
    assert _date(raw) == day


@pytest.mark.parametrize("raw", ["09/19/20092", "011/21/2011", "<BAD INDEX>", "03/04/2024", "20/09/18", "30.02.2024"])
def test_broken_and_ambiguous_dates_are_refused(raw: str) -> None:
    """Too many digits, no date at all, two readings, or a day that does not exist."""
    with pytest.raises(ValueError, match="expected a date"):
        _date(raw)


def test_intune_year_one_means_never() -> None:
    """`DateTimeOffset.MinValue` stands for nothing, with or without an offset."""
    assert _moment("0001-01-01T00:00:00Z") is None
    assert _moment("0001-01-01T00:00:00+01:00") is None


def test_intune_seven_digit_fraction_is_cut_off() -> None:
    """.NET writes ticks."""
    assert _moment("2024-03-01T22:00:00.1234567Z") == "2024-03-01T22:00:00Z"


@pytest.mark.parametrize("raw", [0, "0", 0.0, "1970-01-01T00:00:00Z"])
def test_jamf_epoch_zero_means_never(raw: str | float) -> None:
    """Jamf gives `epoch: 0` beside an empty date."""
    assert _moment(raw) is None


@pytest.mark.parametrize("name", ["model", "serial", "imei", "asset_tag", "money"])
def test_numbers_a_spreadsheet_has_rounded_are_refused_by_name(name: str) -> None:
    """`6.37702E+15` has lost its digits; the message says who lost them."""
    for raw in ("6.37702E+15", "6,37702E+15", 6.37702e15):
        with pytest.raises(ValueError, match=r"spreadsheet|rounded"):
            NORMALISERS[name](raw)


def test_list_of_names_in_a_hostname_is_refused() -> None:
    """No part of it can be told to be the host name."""
    with pytest.raises(ValueError, match="host name"):
        _hostname("Master / RA6YMYCL6CC / 10.41.1.18_RA6YMYCL6CC")


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("iMac de Marie", "imac-de-marie"),
        ("Marie\u2019s iMac", "maries-imac"),
        ("Marie's iMac", "maries-imac"),
        ("*JEMPLOYEE-IBM", "jemployee-ibm"),
    ],
)
def test_display_names_become_the_host_name_their_system_makes_of_them(raw: str, name: str) -> None:
    """Blanks become dashes, apostrophes of any kind go, and so does ServiceNow's asterisk."""
    assert _hostname(raw) == name


def test_broken_accents_and_invisible_characters_do_not_make_another_value() -> None:
    """A byte order mark, zero-width blanks and decomposed accents are no difference."""
    text = NORMALISERS["text"]
    assert text("\ufeffCafe\u0301\u200b Nord\x00") == "Caf\u00e9 Nord"
