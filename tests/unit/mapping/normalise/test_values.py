"""Text, numbers, dates, names and addresses: what is read, what is refused, what the options do."""

from __future__ import annotations

from typing import Any

import pytest

from mapping.normalise import NORMALISERS

_REFUSED = object()


def _check(name: str, raw: Any, expected: Any, **options: Any) -> None:
    if expected is _REFUSED:
        with pytest.raises(ValueError, match="expected"):
            NORMALISERS[name](raw, **options)
    else:
        found = NORMALISERS[name](raw, **options)
        assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize("name", sorted(NORMALISERS))
@pytest.mark.parametrize("raw", [None, "", "   ", "\u200b\ufeff", "\t\r\n"])
def test_empty_value_gives_nothing(name: str, raw: str | None) -> None:
    """None, blanks and invisible characters are no value."""
    assert NORMALISERS[name](raw) is None


@pytest.mark.parametrize("name", sorted(set(NORMALISERS) - {"os_end_of_life"}))
def test_list_or_object_is_refused(name: str) -> None:
    """A path that walks into a list needs `[]`; the message says what was found."""
    for raw in (["a"], {"a": 1}):
        with pytest.raises(ValueError, match="expected one value"):
            NORMALISERS[name](raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("1.249,00 €", "1249.00"),
        ("1,249.00", "1249.00"),
        ("1 249,00", "1249.00"),
        ("1'249.50", "1249.50"),
        ("1.249,-", "1249.00"),
        ("EUR 1.249.000", "1249000.00"),
        ("(12.50)", "-12.50"),
        ("12,50-", "-12.50"),
        ("$1,234.5", "1234.50"),
        ("0,125", "0.125"),
        (12.5, "12.50"),
        (1249, "1249.00"),
        (0.1 + 0.2, "0.30"),
        ("1.249", _REFUSED),
        ("1,249", _REFUSED),
        ("n/a", _REFUSED),
        ("1,2,3", _REFUSED),
        ("12..5", _REFUSED),
        (float("nan"), _REFUSED),
        (float("inf"), _REFUSED),
        (True, _REFUSED),
    ],
)
def test_money(raw: Any, expected: Any) -> None:
    """Amounts with one reading are read; with two, or none, refused."""
    _check("money", raw, expected)


def test_money_with_the_decimal_sign_of_its_source() -> None:
    """The map settles what the value leaves open."""
    _check("money", "1.249", "1249.00", decimal=",")
    _check("money", "1,249", "1249.00", decimal=".")
    _check("money", "1.249", "1.249", decimal=".")
    _check("money", "12,5", _REFUSED, decimal=".")


def test_numbers() -> None:
    """Whole numbers, decimals and truth values."""
    _check("integer", "12.0", 12)
    _check("integer", "1,234,567", 1234567)
    _check("integer", "-5", -5)
    _check("integer", "12.5", _REFUSED)
    _check("integer", True, _REFUSED)
    _check("integer", 10**40, _REFUSED)
    _check("decimal", "2.50", "2.5")
    _check("decimal", 3.0, "3")
    _check("decimal", "10000000000000000000000000001", "10000000000000000000000000001")
    _check("boolean", "Ja", True)
    _check("boolean", 0, False)
    _check("boolean", "maybe", _REFUSED)


def test_sizes() -> None:
    """Memory is binary, storage decimal, whatever the unit is called."""
    _check("mib", "16 GB", 16384)
    _check("mib", 17179869184, 16384, unit="B")
    _check("mib", "8.0GiB", 8192)
    _check("gb", "476.9 GiB", 512)
    _check("gb", "1 TB", 1000)
    _check("gb", 488386, 512, unit="MiB")
    _check("gb", "-1 GB", _REFUSED)
    with pytest.raises(ValueError, match="unit 'parsec' is unknown"):
        NORMALISERS["gb"](1, unit="parsec")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2024-03-01", "2024-03-01"),
        ("2024-03-01T23:59:59+01:00", "2024-03-01"),
        ("20240301", "2024-03-01"),
        ("1 March 2024", "2024-03-01"),
        ("1. März 2024", "2024-03-01"),
        ("Mar 1, 2024", "2024-03-01"),
        ("01-Mar-2024", "2024-03-01"),
        (1700000000, "2023-11-14"),
        ("05/05/2014", "2014-05-05"),
        ("0000-00-00", None),
        ("2024-02-30", _REFUSED),
        ("2024-13-01", _REFUSED),
        ("0018-09-20", _REFUSED),
        (45292, _REFUSED),
        ("2024-03-01 25:00:00", _REFUSED),
        ("tomorrow", _REFUSED),
        (True, _REFUSED),
    ],
)
def test_date(raw: Any, expected: Any) -> None:
    """Written forms of a day."""
    _check("date", raw, expected)


def test_date_options() -> None:
    """Formats, order and zone come from the map."""
    _check("date", "01.02.2024", "2024-02-01", formats=["%d.%m.%Y"])
    _check("date", "02/01/24", "2024-02-01", formats=("%m/%d/%y",))
    _check("date", "2024-02-01", "2024-02-01", formats=["%d.%m.%Y"])
    _check("date", "13/01/2024", _REFUSED, formats=["%m/%d/%Y"])
    _check("date", 45292, "2024-01-01", formats=["excel"])
    _check("date", "03/04/2024", "2024-04-03", dayfirst=True)
    _check("date", "03/04/2024", "2024-03-04", dayfirst=False)
    _check("date", "13/04/2024", _REFUSED, dayfirst=False)
    _check("date", "2024-03-01T23:30:00Z", "2024-03-02", timezone="Europe/Berlin")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2024-03-01T22:00:00Z", "2024-03-01T22:00:00Z"),
        ("2024-03-01 22:00:00Z", "2024-03-01T22:00:00Z"),
        ("2024-03-01T22:00:00.5+02:00", "2024-03-01T20:00:00Z"),
        ("2024-03-01T22:00:00-0330", "2024-03-02T01:30:00Z"),
        ("20240301T101500Z", "2024-03-01T10:15:00Z"),
        ("Tue, 05 Mar 2024 10:00:00 GMT", "2024-03-05T10:00:00Z"),
        ("3/15/2024 12:05:00 AM +00:00", "2024-03-15T00:05:00Z"),
        (1700000000, "2023-11-14T22:13:20Z"),
        (1700000000123, "2023-11-14T22:13:20Z"),
        ("1700000000", "2023-11-14T22:13:20Z"),
        (1700000000.75, "2023-11-14T22:13:20Z"),
        ("2024-03-01 22:00:00", _REFUSED),
        ("2024-03-01", _REFUSED),
        ("9999-12-31T23:59:59-05:00", _REFUSED),
        ("2024-03-01T24:30:00Z", _REFUSED),
        (12345, _REFUSED),
        (10**18, _REFUSED),
        (-1700000000, _REFUSED),
    ],
)
def test_moment(raw: Any, expected: Any) -> None:
    """Written forms of a moment; without an offset the zone must be named."""
    _check("moment", raw, expected)


def test_moment_in_the_zone_of_its_source() -> None:
    """Summer and winter time are known; an offset in the value wins."""
    _check("moment", "2024-07-01 12:00:00", "2024-07-01T10:00:00Z", timezone="Europe/Berlin")
    _check("moment", "2024-01-01 12:00:00", "2024-01-01T11:00:00Z", timezone="Europe/Berlin")
    _check("moment", "2024-01-01T12:00:00Z", "2024-01-01T12:00:00Z", timezone="Europe/Berlin")
    with pytest.raises(ValueError, match="'Mars/Olympus' is unknown"):
        NORMALISERS["moment"]("2024-01-01 12:00:00", timezone="Mars/Olympus")


@pytest.mark.parametrize(
    ("zone", "raw", "expected"),
    [
        ("Europe/Berlin", "2026-03-29 01:59:59", "2026-03-29T00:59:59Z"),
        ("Europe/Berlin", "2026-03-29 02:30:00", "passed over"),
        ("Europe/Berlin", "2026-03-29 03:00:00", "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", "2026-10-25 01:59:59", "2026-10-24T23:59:59Z"),
        ("Europe/Berlin", "2026-10-25 02:30:00", "showed this one twice"),
        ("Europe/Berlin", "2026-10-25 02:30:00+02:00", "2026-10-25T00:30:00Z"),
        ("Europe/Berlin", "2026-10-25 02:30:00+01:00", "2026-10-25T01:30:00Z"),
        ("Europe/Berlin", "2026-10-25 03:00:00", "2026-10-25T02:00:00Z"),
        ("America/New_York", "2026-03-08 02:30:00", "passed over"),
        ("America/New_York", "2026-11-01 01:30:00", "showed this one twice"),
        ("America/New_York", "2026-11-01 02:00:00", "2026-11-01T07:00:00Z"),
        ("Asia/Beirut", "2026-03-29", "2026-03-28T22:00:00Z"),  # the day begins at one o'clock
    ],
)
def test_local_times_in_the_hour_of_a_switch_are_refused(zone: str, raw: str, expected: str) -> None:
    """None is guessed; what has an offset, or stands beside the hour, is read; a day is the moment it begins."""
    if expected.endswith("Z"):
        _check("moment", raw, expected, timezone=zone)
    else:
        with pytest.raises(ValueError, match=expected):
            NORMALISERS["moment"](raw, timezone=zone)


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("serial", " s/n: 5cg-81f 02qx", "5CG81F02QX"),
        ("serial", "Serial Number: AB-1", "AB1"),
        ("serial", 123456.0, "123456"),
        ("serial", "/FB5WF01/CN70163564000Q/", "/FB5WF01/CN70163564000Q/"),
        ("mac", "0050560bfbb17", _REFUSED),
        ("uuid", "{4C4C4544-0044-4A10-8052-B8C04F4E3532}", "4c4c4544-0044-4a10-8052-b8c04f4e3532"),
        ("uuid", "urn:uuid:4c4c454400444a108052b8c04f4e3532", "4c4c4544-0044-4a10-8052-b8c04f4e3532"),
        ("imei", "35-693803-564380-9", "356938035643809"),
        ("imei", 356938035643809, "356938035643809"),
        ("imei", "3569380356438091", _REFUSED),
        ("asset_tag", "Asset Tag: a-100 2", "A-1002"),
        ("asset_tag", "000123", "000123"),
        ("hostname", "CORP\\NB-1$", "nb-1"),
        ("hostname", "nb-1.corp.example", "nb-1"),
        ("hostname", "10.4.1.7", _REFUSED),
        ("hostname", "2001:db8::1", _REFUSED),
        ("fqdn", "NB-1.Corp.Example.", "nb-1.corp.example"),
        ("fqdn", "nb-1", _REFUSED),
        ("ip", "::FFFF:10.1.1.1", "10.1.1.1"),
        ("ip", "fe80::1%eth0", "fe80::1"),
        ("ip", "10.1.1.1/24", "10.1.1.1"),
        ("ip", "010.1.1.1", _REFUSED),
        ("ip", 3232235777, _REFUSED),
        ("person_name", "Novak, Anna", "Anna Novak"),
        ("person_name", "ANNA-MARIA NOVAK", "Anna-Maria Novak"),
        ("person_name", "Smith, Jr.", "Smith, Jr."),
        ("person_name", "ludwig van beethoven", "Ludwig van Beethoven"),
        ("person_name", "Ronald McDonald", "Ronald McDonald"),
        ("email", "SMTP:Anna@Corp.example", "anna@corp.example"),
        ("email", "Anna Novak <anna@corp.example>", "anna@corp.example"),
        ("email", "a@b.example, c@d.example", _REFUSED),
        ("login", "CORP\\Anna", "anna"),
        ("person", "Anna@Corp.example", "anna@corp.example"),
        ("person", "CORP\\Anna", "anna"),
        ("person", "Anna Novak", _REFUSED),
        ("phone", "+49 (0)30-1234567", "+49 30 1234567"),
        ("phone", "0049 30 1234567", "+49 30 1234567"),
        ("phone", "call me", _REFUSED),
        ("currency", "€", "EUR"),
        ("currency", "eur", "EUR"),
        ("currency", "US Dollar", "USD"),
        ("currency", "$", _REFUSED),
        ("currency", "XYZ", _REFUSED),
        ("country", "Deutschland", "DE"),
        ("country", "NOR", "NO"),
        ("country", "na", "NA"),
        ("country", "Atlantis", _REFUSED),
        ("lower", " ABC  Def ", "abc def"),
    ],
)
def test_identifiers_names_and_codes(name: str, raw: Any, expected: Any) -> None:
    """One form for each value, and a refusal for what is none."""
    _check(name, raw, expected)


def test_dollar_of_the_source() -> None:
    """The map says whose dollar it is."""
    _check("currency", "$", "CAD", dollar="CAD")


def test_numbers_and_truth_values_of_equal_worth_stay_apart() -> None:
    """1, 1.0 and True are equal in Python: no cache may mix them up."""
    text = NORMALISERS["text"]
    assert [text(1), text(1.0), text(True), text(1)] == ["1", "1", "true", "1"]
    assert [NORMALISERS["boolean"](value) for value in (1, True, "1")] == [True, True, True]
