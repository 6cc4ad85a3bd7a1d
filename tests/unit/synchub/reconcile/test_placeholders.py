"""Values that identify nothing."""

from __future__ import annotations

import pytest

from synchub.reconcile.identifiers import Kind, identifiers
from synchub.reconcile.placeholders import is_placeholder

NOTHING = {
    "serial_number": [
        "To be filled by O.E.M.", "To Be Filled By O.E.M.", "TOBEFILLEDBYO.E.M.", "Default string", "DEFAULTSTRING",
        "System Serial Number", "0", "0000000000", "9876543210", "123456789", "0123456789", "None", "N/A",
        "Not Specified", "XXXXXXXXXX", "Chassis Serial Number", "INVALID", "unknown", "-", "", "1234567", "ABCDEFGH",
    ],
    "asset_tag": ["No Asset Tag", "Asset-1234567890", "NO ASSET INFORMATION", "release-keys", "n/a", "0", "....",
        "000000"],
    "uuid": [
        "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "EEEEEEEE-EEEE-EEEE-EEEE-EEEEEEEEEEEE", "03000200-0400-0500-0006-000700080009",
        "12345678-1234-5678-90ab-cddeefaabbcc", "4c4c4544-0044-4b10-8051-b9c04f4d32310", "Not Settable",
    ],
    "mac_addresses": [
        "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "fe:ff:ff:ff:ff:ff", "FE:FF:FF:FF:FF:FF", "0a:00:27:00:00:00",
        "02:42:ac:11:00:02", "00:50:56:c0:00:08", "20:41:53:59:4e:ff", "00:05:9a:3c:7a:00", "0050.56bf.bb17",
        "33:33:00:00:00:01", "01:00:5e:00:00:fb", "02:00:00:00:00:00",
    ],
    "hostname": ["localhost", "MacBook-Pro", "macbook-pro-2", "iPhone", "DESKTOP-IMAGE01", "WIN-GOLDEN",
        "ubuntu", "pc", "12"],
    "imei": ["000000000000000", "0", "356938", "abcdefghijklmno", ""],
    "manufacturer": ["System manufacturer", "To Be Filled By O.E.M.", "OEM", "Default string", " "],
    "model": ["System Product Name", "All Series", "Default string", "Not Applicable", "0"],
    "management_id": ["00000000-0000-0000-0000-000000000000", "", "unknown"],
}  # fmt: skip
REAL = {
    "serial_number": ["5CG81F02QX", "PF1ABCDE", "CZ1234567J", "BCDFGHJ", "9E113232I", "C02XK1ZLJGH5", "4503599627370"],
    "asset_tag": ["A204117", "0017", "IT-5"],
    "uuid": ["8d717151-fbdc-4641-b2d1-0f8e4d1ce1a2", "4c4c4544-0044-4b10-8051-b9c04f4d3231"],
    "mac_addresses": ["00:50:56:bf:bb:17", "d6:1e:2f:3a:4b:5c", "08:00:27:11:22:33"],
    "hostname": ["nb-5cg81f", "srv-ber-000017", "imac-de-marie", "desktop-7ab3kq2"],
    "imei": ["356938035643809", "99000012345678"],
    "manufacturer": ["HP", "Dell Inc.", "ASUSTeK COMPUTER INC."],
    "model": ["EliteBook 840 G10", "P5KPL-SE", "20U2S6QQ00"],
    "management_id": ["6f0c1e2a-1b1b-4c4c-8d8d-000000000001"],
    "location": ["Default string"],
}


@pytest.mark.parametrize(("field", "value"), [(f, v) for f, values in NOTHING.items() for v in values])
def test_placeholder_says_nothing(field: str, value: str) -> None:
    """What vendors, images and virtual adapters leave behind identifies nothing."""
    assert is_placeholder(field, value)


@pytest.mark.parametrize(("field", "value"), [(f, v) for f, values in REAL.items() for v in values])
def test_real_value_is_kept(field: str, value: str) -> None:
    """A real identity, however odd, is not mistaken for a placeholder."""
    assert not is_placeholder(field, value)


def test_a_record_of_placeholders_has_no_identity() -> None:
    """Nothing in it may identify."""
    fields = {
        "serial_number": "TOBEFILLEDBYOEM",
        "asset_tag": "No Asset Tag",
        "uuid": "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "mac_addresses": ["00:00:00:00:00:00", "0a:00:27:00:00:00"],
        "hostname": "localhost",
        "manufacturer": "System manufacturer",
        "model": "System Product Name",
    }

    assert identifiers("computer", fields) == []


def test_a_generic_host_name_does_not_hide_the_rest() -> None:
    """Only the values that say nothing are left out."""
    fields = {"serial_number": "5CG81F02QX", "hostname": "localhost", "model": "EliteBook 840 G10"}

    assert {i.kind for i in identifiers("computer", fields)} == {Kind.SERIAL, Kind.SERIAL_NEAR}
