"""Writing: refusals by attribute, taken hub keys, unique values, other hubs, schema that is not there."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from synchub.domain.plan import Op, Outcome, RowState, Write
from synchub.errors import AuthError
from tests.unit.connectors.jira_assets.script import ATTRIBUTES, Script, item, page, refused


def create(**fields: str) -> Write:
    values: dict[str, Any] = {name.replace("_", " "): value for name, value in fields.items()}
    return Write(1, "Computer", Op.CREATE, None, values, "acme:1")


def update(**fields: str | None) -> Write:
    values: dict[str, Any] = {name.replace("_", " "): value for name, value in fields.items()}
    return Write(1, "Computer", Op.UPDATE, "5", values, "acme:1")


def one(script: Script, write: Write) -> Outcome:
    [outcome] = script.target.write([write])
    return outcome


def test_a_refused_attribute_is_named_and_the_others_are_sent_again_without_it() -> None:
    """The system names the attribute by its id; the row is written without it."""
    bodies: list[Any] = []

    def put(request: httpx.Request) -> Any:
        bodies.append(script.sent[-1][2])
        return refused(a14="too long") if len(bodies) == 1 else item(5, Name="b", Note="old")

    script = Script({"/object/aql": lambda _: page(item(5, Name="a", Note="old")), "/object/5": put})
    outcome = one(script, update(Name="b", Note="new"))

    assert outcome.state is RowState.APPLIED
    assert outcome.refused == {"Note": "too long"}
    assert [a["objectTypeAttributeId"] for a in bodies[1]["attributes"]] == ["11"]


def test_a_row_of_which_nothing_is_taken_is_refused() -> None:
    """And is not sent a third time."""
    script = Script({"/object/aql": lambda _: page(item(5, Note="old")), "/object/5": lambda _: refused(a14="no")})
    outcome = one(script, update(Note="new"))

    assert outcome.state is RowState.REFUSED
    assert outcome.refused == {"Note": "no"}
    assert script.paths().count("/object/5") == 1


def test_what_an_attribute_cannot_hold_is_refused_without_asking() -> None:
    """System attributes, and the emptying of what must not be empty."""
    script = Script({"/object/aql": lambda _: page(item(5, Name="a"))})
    outcome = one(script, Write(1, "Computer", Op.UPDATE, "5", {"Key": "X-1", "Name": None}, "acme:1"))

    assert outcome.state is RowState.REFUSED
    assert "cannot be edited" in outcome.refused["Key"]
    assert "must not be empty" in outcome.refused["Name"]
    assert "/object/5" not in script.paths()


def test_a_taken_hub_key_means_that_an_earlier_attempt_came_through() -> None:
    """The search did not show it yet; the create is refused as a duplicate; then it is found."""
    shown: list[Any] = []

    def taken(_: httpx.Request) -> Any:
        shown.append(item(8, Name="n", Hub_Key="acme:1"))
        return refused(a12="not unique")

    script = Script({"/object/aql": lambda _: page(*shown), "/object/create": taken})
    outcome = one(script, create(Name="n"))

    assert (outcome.state, outcome.object_id) == (RowState.APPLIED, "8")


def test_an_object_of_that_hub_key_that_is_another_thing_is_a_conflict() -> None:
    """A state was lost and its numbers are given again: nobody's object is taken over."""
    script = Script({"/object/aql": lambda _: page(item(8, Name="srv-1", Serial_Number="S9", Hub_Key="acme:1"))})
    outcome = one(script, create(Name="nb-7", Serial_Number="S1"))

    assert outcome.state is RowState.CONFLICT
    assert "another thing" in outcome.message
    assert "/object/create" not in script.paths()


def test_a_hub_key_that_is_taken_but_not_shown_is_tried_again_later() -> None:
    """The row fails for now; it never becomes a second object."""
    script = Script({"/object/create": lambda _: refused(a12="not unique")})
    outcome = one(script, create(Name="n"))

    assert (outcome.state, outcome.retryable) == (RowState.FAILED, True)


def test_a_unique_value_of_another_object_is_a_conflict() -> None:
    """Two things with one serial number: a person decides, nothing is created without it."""
    script = Script({"/object/create": lambda _: refused(a13="has duplicated value")})
    outcome = one(script, create(Name="n", Serial_Number="S1"))

    assert outcome.state is RowState.CONFLICT
    assert "Serial Number" in outcome.message
    assert script.paths().count("/object/create") == 1


def test_another_hubs_object_is_not_touched() -> None:
    """Its hub key says whose it is."""
    script = Script({"/object/aql": lambda _: page(item(5, Name="a", Hub_Key="other-hub:77"))})
    outcome = one(script, update(Name="b"))

    assert outcome.state is RowState.CONFLICT
    assert "other-hub" in outcome.message
    assert "/object/5" not in script.paths()


def test_values_that_moved_since_the_plan_are_not_written_over() -> None:
    """The version moved, and so did the very field."""
    script = Script({"/object/aql": lambda _: page(item(5, Name="typed by a person"))})
    moved = Write(1, "Computer", Op.UPDATE, "5", {"Name": "b"}, "acme:1", "old version", {"expected": {"Name": "a"}})

    assert one(script, moved).state is RowState.DRIFTED
    assert "/object/5" not in script.paths()


def test_equal_values_are_not_sent() -> None:
    """What is there already costs no write."""
    script = Script({"/object/aql": lambda _: page(item(5, Name="a"))})

    assert one(script, update(Name="a", Note=None)).state is RowState.UNCHANGED
    assert "/object/5" not in script.paths()


@pytest.mark.parametrize("write", [create(Colour="red"), Write(1, "Spaceship", Op.CREATE, None, {}, "acme:1")])
def test_a_schema_that_lacks_something_fails_the_row_without_refusing_a_value(write: Write) -> None:
    """It is planned again: the value is not at fault."""
    outcome = one(Script(), write)

    assert outcome.state is RowState.FAILED
    assert not outcome.refused
    assert "class schema" in outcome.message


def test_nothing_is_created_where_no_attribute_carries_the_hub_key() -> None:
    """A lost answer would create it twice."""
    script = Script({"/objecttype/2/attributes": lambda _: [a for a in ATTRIBUTES if a["name"] != "Hub Key"]})

    assert one(script, create(Name="n")).state is RowState.FAILED
    assert "/object/create" not in script.paths()


def test_a_refused_login_stops_everything() -> None:
    """401 is no matter of one row."""
    script = Script({"/object/create": lambda _: httpx.Response(401, json={"errorMessages": [], "errors": {}})})

    with pytest.raises(AuthError):
        script.target.write([create(Name="n")])


def test_a_created_object_that_the_search_does_not_show_is_read_by_its_id() -> None:
    """The search index lags; the object itself does not."""
    made = item(8, Name="n", Hub_Key="acme:1")
    bare = {k: v for k, v in made.items() if k != "attributes"}
    script = Script({"/object/create": lambda _: httpx.Response(201, json=bare), "/object/8": lambda _: made})
    outcome = one(script, create(Name="n"))

    assert (outcome.state, outcome.object_id, outcome.fields) == (RowState.APPLIED, "8", {"Name": "n"})


def test_what_the_system_changed_by_itself_is_refused() -> None:
    """Read back, an automation rule has made something else of it."""
    script = Script({
        "/object/aql": lambda _: page(item(5, Name="a", Note="x")), "/object/5": lambda _: item(5, Name="b", Note="x"),
    })  # fmt: skip
    outcome = one(script, update(Name="b", Note="y"))

    assert outcome.state is RowState.APPLIED
    assert set(outcome.refused) == {"Note"}
