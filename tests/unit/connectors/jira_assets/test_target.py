"""Workspace, capabilities, checks, history, missing schema."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from synchub.domain.plan import Edit
from synchub.domain.shape import AttributeShape, KindShape
from synchub.errors import ConfigError, ContractChanged, PermissionDenied
from tests.unit.connectors.jira_assets.script import SCHEMA, TYPES, Script, page

_WORKSPACES = "/rest/servicedeskapi/assets/workspace"


def workspaces(*names: str) -> Any:
    return {"isLastPage": True, "values": [{"workspaceId": name} for name in names]}


def test_identity_is_site_and_workspace_that_answer_now() -> None:
    """A workspace that changed behind the site is noticed."""
    script = Script()
    first = script.target.identity()
    script.answers[_WORKSPACES] = lambda _: workspaces("w-2")

    assert (first, script.target.identity()) == ("acme.example/w-1", "acme.example/w-2")


def test_several_workspaces_ask_for_a_choice() -> None:
    """None is taken at random; a configured one that is not there is named."""
    several = Script({_WORKSPACES: lambda _: workspaces("a", "b")})
    chosen = Script({_WORKSPACES: lambda _: workspaces("a", "b")}, workspace="b")
    wrong = Script({_WORKSPACES: lambda _: workspaces("a")}, workspace="z")

    with pytest.raises(ConfigError, match="a, b"):
        several.target.identity()
    assert chosen.target.identity() == "acme.example/b"
    with pytest.raises(ConfigError, match="'z'"):
        wrong.target.identity()


def test_no_workspace_says_what_is_missing() -> None:
    """An account without access sees none."""
    with pytest.raises(PermissionDenied, match="sees no Assets workspace"):
        Script({_WORKSPACES: lambda _: workspaces()}).target.identity()


def test_an_account_that_may_not_change_the_schema_is_told() -> None:
    """`check` names the role."""
    script = Script({"/objectschema/list": lambda _: {"isLast": True, "values": [{**SCHEMA, "canManage": False}]}})
    checks = dict(script.target.examine())

    with pytest.raises(PermissionDenied, match="object types and attributes cannot be added"):
        checks["object schema"]()


def test_time_is_the_systems_own() -> None:
    """Without a date nothing is guessed."""
    with pytest.raises(ContractChanged, match="Date"):
        Script().target.server_time()


def test_one_request_per_written_object_and_a_history() -> None:
    """What the plan's cost is made of."""
    can = Script().target.capabilities()

    assert (can.rows_per_request, can.history, can.foresees, can.counterparts) == (1, True, False, False)


def test_searches_have_a_budget_of_their_own_below_the_limit() -> None:
    """500 a minute at most, burst included; a throttled search stops searches and not writes."""
    script = Script()
    list(script.target.objects("Hardware", ["Name"]))
    general, search = (
        script.budgets["jira_assets:acme.example:hub@acme.example"],
        script.budgets["jira_assets:acme.example:hub@acme.example:aql"],
    )
    asked = search.taken
    answers = iter([httpx.Response(429, headers={"Retry-After": "7"}), httpx.Response(200, json=page())])
    script.answers["/object/aql"] = lambda _: next(answers)
    script.target.fetch("Hardware", ["Name"], ["5"])

    assert search.rate is not None
    assert search.rate.per_second * 60 + search.rate.burst <= 500
    assert asked == sum(path.startswith("/object/aql") for path in script.paths()[:-2])
    assert general.taken == len(script.sent)
    assert (search.paused.total_seconds(), general.paused.total_seconds()) == (7, 0)


def test_history_tells_others_from_the_hub() -> None:
    """Newest first; the hub's own account is known by its address; a creation names no field."""
    rows = [
        {"actor": {"displayName": "Hub", "emailAddress": "HUB@acme.example"}, "created": "2026-11-22T10:00:00.000Z"},
        {"actor": {"displayName": "Jane"}, "created": "2026-11-22T11:00:00.000Z", "affectedAttribute": "Note",
         "oldValue": "", "newValue": "typed"},
    ]  # fmt: skip
    script = Script({"/object/5/history": lambda _: rows})

    assert script.target.history("5") == [
        Edit(1795345200, "Jane", "Note", None, "typed"), Edit(1795341600, "Hub", "", None, None, ours=True),
    ]  # fmt: skip
    assert script.target.history("404") == []
    assert script.target.history("../objectschema/7") == []


NOTE = AttributeShape("Note", "text", longest=1000)
SERIAL = AttributeShape("Serial Number")
RAM = AttributeShape("Memory", "integer")
OWNER = AttributeShape("Owner", refers="Person")
STATUS = AttributeShape("Status", "status", values=("Active", "Retired"))


def missing(script: Script, *wanted: KindShape) -> list[tuple[str, Any, Any]]:
    return [(w.kind, w.fields["name"], w.fields.get("of")) for w in script.target.shape(wanted)]


def test_what_is_there_is_not_asked_for_again() -> None:
    """Attributes are matched by name, statuses too."""
    script = Script()

    assert missing(script, KindShape("Computer", "Hardware", (NOTE, SERIAL))) == []


def test_what_all_types_below_carry_goes_on_their_parent() -> None:
    """The rest goes where it is used; the hub key on every type, because it is unique within one."""
    script = Script()
    wanted = (KindShape("Computer", "Hardware", (NOTE, OWNER, STATUS, RAM)),
              KindShape("Printer", "Hardware", (NOTE, OWNER, STATUS)), KindShape("Person"))  # fmt: skip

    assert missing(script, *wanted) == [
        ("status", "Retired", None), ("object type", "Printer", None), ("object type", "Person", None),
        ("attribute", "Owner", "Hardware"), ("attribute", "Status", "Hardware"),
        ("attribute", "Memory", "Computer"), ("attribute", "Hub Key", "Printer"),
    ]  # fmt: skip


def test_an_empty_workspace_lacks_everything_in_the_order_in_which_it_can_be_made() -> None:
    """Schema, statuses, types (parents first), attributes."""
    script = Script({"/objectschema/list": lambda _: {"isLast": True, "values": []}})
    found = missing(script, KindShape("Computer", "Hardware", (NOTE, STATUS)))

    assert found == [
        ("object schema", "ITAM", None), ("status", "Retired", None), ("object type", "Hardware", None),
        ("object type", "Computer", None), ("attribute", "Note", "Hardware"), ("attribute", "Status", "Hardware"),
        ("attribute", "Hub Key", "Computer"),
    ]  # fmt: skip


def test_a_type_that_stands_elsewhere_is_named_before_anything_is_written() -> None:
    """Its objects would be created and never found again."""
    script = Script({"/objectschema/7/objecttypes/flat": lambda _: [TYPES[0], {"id": "2", "name": "Computer"}]})

    with pytest.raises(ConfigError, match="does not stand below 'Hardware'"):
        script.target.shape([KindShape("Computer", "Hardware", (NOTE,))])


def test_attributes_are_sent_in_the_vendors_terms() -> None:
    """Long text, reference with its reference type, unique hub key."""
    kept: list[dict[str, Any]] = []

    def add(request: httpx.Request) -> Any:
        kept.append(script.sent[-1][2])
        return httpx.Response(400, json={"errorMessages": ["no"], "errors": {}})

    people = [*TYPES, {"id": "9", "name": "Person", "icon": {"id": "3"}}]
    script = Script({
        "/objectschema/7/objecttypes/flat": lambda _: people, "/objecttypeattribute/2": add,
        "/objecttype/1/attributes": lambda _: [], "/objecttype/2/attributes": lambda _: [],
    })  # fmt: skip
    writes = script.target.shape([KindShape("Computer", None, (NOTE, OWNER)), KindShape("Person")])
    outcomes = script.target.reshape(writes)

    assert kept == [
        {"name": "Hub Key", "type": 0, "defaultTypeId": 0, "uniqueAttribute": True},
        {"name": "Note", "type": 0, "defaultTypeId": 9},
        {"name": "Owner", "type": 1, "typeValue": "9", "additionalValue": "4", "includeChildObjectTypes": True},
    ]
    assert {o.state.value for o in outcomes} == {"refused"}
