"""Values on their way: forms, cardinality, comparison in the target's terms."""

from __future__ import annotations

import pytest

from connectors.jira_assets import schema, wire
from connectors.jira_assets.schema import Attribute
from synchub.domain.plan import Value

KEYS = {"5": "ITAM-5"}
STATUSES = {"In Stock": "17"}


def plain(form: int, *, least: int = 0, most: int = 1) -> Attribute:
    return Attribute("1", "X", schema.PLAIN, form, least=least, most=most)


def sent(value: Value, attribute: Attribute) -> list[str]:
    return [v["value"] for v in wire.to_wire(value, attribute, key_of=KEYS.get, status_id=STATUSES.get)]


@pytest.mark.parametrize(
    ("value", "attribute", "expected"),
    [
        ("2024-03-01", plain(schema.DATETIME), "2024-03-01T00:00:00.000Z"),
        ("2024-03-01 08:15:00", plain(schema.DATETIME), "2024-03-01T08:15:00.000Z"),
        ("2024-03-01 00:00:00", plain(schema.DATE), "2024-03-01"),
        ("16384.0", plain(schema.INTEGER), "16384"),
        ("1249.90", plain(schema.DOUBLE), "1249.90"),
        (True, plain(schema.BOOLEAN), "true"),
        ("5", Attribute("1", "X", schema.REFERENCE), "ITAM-5"),
        ("In Stock", Attribute("1", "X", schema.STATUS), "17"),
    ],
)
def test_each_type_has_its_form(value: Value, attribute: Attribute, expected: str) -> None:
    """References are object keys, statuses ids, dates ISO 8601, everything text."""
    assert sent(value, attribute) == [expected]


def test_nothing_clears() -> None:
    """An empty list of values is how an attribute is emptied."""
    assert sent(None, plain(schema.TEXT)) == sent("", plain(schema.TEXT)) == []


@pytest.mark.parametrize(
    ("value", "attribute", "why"),
    [
        (["a", "b"], plain(schema.TEXT), "at most 1"),
        (None, plain(schema.TEXT, least=1), "must not be empty"),
        ("x", Attribute("1", "X", writable=False), "cannot be edited"),
        ("404", Attribute("1", "X", schema.REFERENCE), "gone"),
        ("Unheard Of", Attribute("1", "X", schema.STATUS), "no status"),
    ],
)
def test_what_cannot_be_held_is_refused(value: Value, attribute: Attribute, why: str) -> None:
    """Cardinality, rights, references and statuses are checked before a request is spent."""
    with pytest.raises(wire.RefusedValueError, match=why):
        sent(value, attribute)


@pytest.mark.parametrize(
    ("attribute", "one", "two", "equal"),
    [
        (plain(schema.DOUBLE), "1249", "1249.00", True),
        (plain(schema.DATETIME), "2024-03-01 08:15:00", "2024-03-01T08:15:00.000Z", True),
        (plain(schema.DATE), "2024-03-01 00:00:00", "2024-03-01", True),
        (plain(schema.TEXT), "a", "A", False),
        (plain(schema.TEXT, most=-1), ["a", "b"], ["b", "a"], True),
        (plain(schema.TEXT), None, "", True),
        (plain(schema.TEXT), "x", None, False),
        (Attribute("1", "X", schema.STATUS), "In stock", "In Stock", True),
    ],
)
def test_comparison_is_in_the_targets_terms(attribute: Attribute, one: Value, two: Value, equal: bool) -> None:
    """Numbers by value, moments by their instant, several values without order; text exactly."""
    assert wire.same(attribute, one, two) is equal


def test_what_is_shown_is_never_what_is_read() -> None:
    """`displayValue` follows the settings of a user."""
    shown = [{"displayValue": "16/Feb/21 8:04 PM", "value": "2021-02-16T20:04:41.527Z"}]

    assert wire.from_wire(plain(schema.DATETIME), shown) == "2021-02-16T20:04:41.527Z"
    assert wire.from_wire(plain(schema.TEXT), [{"displayValue": "only shown"}]) is None
