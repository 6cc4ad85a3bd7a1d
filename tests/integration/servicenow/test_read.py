"""Reading: everything once, whatever the instance hides, cuts or moves."""

from __future__ import annotations

import pytest

from simulators.servicenow import ServiceNow
from synchub.domain.plan import TargetObject
from synchub.errors import ContractChanged, Unavailable
from synchub.ports import Target
from tests.integration.servicenow.conftest import Open, requests


def read(target: Target, kind: str = "cmdb_ci_computer", *fields: str, since: int | None = None) -> list[TargetObject]:
    return [item for page in target.objects(kind, fields or ("name",), since=since) for item in page]


def names(items: list[TargetObject]) -> list[str]:
    return sorted(str(item.fields["name"]) for item in items)


@pytest.fixture
def ids(sim: ServiceNow) -> list[str]:
    """Forty-three computers, over five pages."""
    return sim.seed("cmdb_ci_computer", [{"name": f"nb-{n:02d}", "ram": "8192"} for n in range(43)])


def test_hidden_rows_make_short_and_empty_pages(sim: ServiceNow, target: Target, ids: list[str]) -> None:
    """The limit counts before access rules: a page without rows is not the end."""
    visible = sorted(ids)[-3:]
    sim.deny("read", "cmdb_ci", rows=set(ids) - set(visible))
    assert sorted(item.id for item in read(target)) == visible


def test_rows_that_come_and_go_move_nothing_out_of_sight(sim: ServiceNow, target: Target, ids: list[str]) -> None:
    """Deleting what was read shifts an offset, not a key."""
    stay = sorted(ids)[5:]

    def drift() -> None:
        for identifier in sorted(ids)[:5]:
            sim.delete("cmdb_ci_computer", identifier)

    sim.faults.add("call", path="/table/cmdb_ci_computer", nth=2, times=1, call=drift)
    found = [item.id for item in read(target)]
    assert set(stay) <= set(found)
    assert len(found) == len(set(found))


def test_broken_off_answer_halves_the_page(sim: ServiceNow, connect: Open, ids: list[str]) -> None:
    """200 with an error inside is no result; a smaller page passes."""
    sim.cancel_above_rows = 25
    assert len(read(connect(page=100))) == len(ids)


def test_answer_that_is_always_broken_off_is_an_error(sim: ServiceNow, connect: Open, ids: list[str]) -> None:
    """The page is not halved for ever, and nothing short is returned."""
    sim.cancel_above_rows = 1
    with pytest.raises(Unavailable):
        read(connect(page=100))
    assert requests(sim) < 100


def test_parent_table_shows_the_fields_of_the_class(sim: ServiceNow, target: Target) -> None:
    """What a parent table does not show is read from each object's own class."""
    sim.seed("cmdb_ci_computer", [{"name": "pc", "ram": "8192"}])
    sim.seed("cmdb_ci_printer", [{"name": "lj", "print_type": "laser"}])
    found = {str(i.fields["name"]): i for i in read(target, "cmdb_ci_hardware", "name", "ram", "print_type")}
    assert found["pc"].fields == {"name": "pc", "ram": "8192"}
    assert found["lj"].fields == {"name": "lj", "print_type": "laser"}
    assert (found["pc"].kind, found["pc"].cls) == ("cmdb_ci_hardware", "cmdb_ci_computer")


def test_hidden_field_is_absent_and_empty_field_is_none(sim: ServiceNow, target: Target) -> None:
    """What this login may not see must not be taken for empty."""
    sim.seed("cmdb_ci_computer", [{"name": "pc", "ram": "8192"}])
    sim.deny("read", "cmdb_ci", "ram")
    assert read(target, "cmdb_ci_computer", "name", "ram", "os")[0].fields == {"name": "pc", "os": None}


def test_since_is_inclusive(sim: ServiceNow, target: Target, ids: list[str]) -> None:
    """Stamps have a second's resolution: what changed in that second comes again."""
    held = read(target)
    latest = max(item.updated_at for item in held)
    sim.clock.advance(100)
    sim.edit("cmdb_ci_computer", ids[3], {"ram": "1"})
    assert {item.id for item in read(target, since=latest + 50)} == {ids[3]}
    assert len(read(target, since=latest)) == len(ids)


def test_field_that_does_not_exist_does_not_return_the_table(sim: ServiceNow, connect: Open) -> None:
    """An unknown field in a query is ignored by the instance: the answer is not taken for a match."""
    sim.seed("cmdb_ci_computer", [{"name": "pc"}])
    target = connect(marks={"cmdb_ci": "u_misspelt"})
    assert target.find("cmdb_ci_computer", ["name"], ["acme:1"]) == {}
    with pytest.raises(ContractChanged):
        target.lookup("cmdb_ci_computer", "u_nothing", ["pc"])


def test_long_address_is_shortened(sim: ServiceNow, connect: Open) -> None:
    """More fields than an address can carry go through a tiny URL."""
    sim.seed("cmdb_ci_computer", [{"name": "pc"}])
    sim.max_url = 2048
    fields = ["name", *(f"u_{'x' * 50}_{n}" for n in range(60))]
    assert [i.fields for i in read(connect(), "cmdb_ci_computer", *fields)] == [{"name": "pc"}]


def test_fetch_of_many_ids_is_few_requests(sim: ServiceNow, connect: Open) -> None:
    """Two hundred objects by id are one batch, and every address stays short."""
    sim.max_url = 2048
    ids = sim.seed("cmdb_ci_computer", [{"name": f"nb-{n}"} for n in range(200)])
    target = connect()
    assert set(target.fetch("cmdb_ci_computer", ["name"], [*ids, "../sys_user", "a^b"])) == set(ids)
    assert requests(sim) == 1


def test_lookup_resolves_awkward_names(sim: ServiceNow, target: Target) -> None:
    """Commas, carets and case do not matter; ambiguous and unknown names are missing."""
    made = sim.seed(
        "core_company",
        [{"name": n} for n in ("HP", "Smith, Jones & Co", "a^ORname=HP", "Dup", "Dup", "dell", "Dell")],
    )
    asked = ["hp", "Smith, Jones & Co", "a^ORname=HP", "Dup", "Dell", "Nobody", "javascript:gs.info()", ""]
    assert target.lookup("core_company", "name", asked) == {
        "Smith, Jones & Co": made[1], "a^ORname=HP": made[2], "Dell": made[6],
    } | target.lookup("core_company", "name", ["hp"])  # fmt: skip


def test_lookup_by_two_names(sim: ServiceNow, target: Target) -> None:
    """A model is found by its manufacturer and its own name."""
    hp, dell = sim.seed("core_company", [{"name": "HP"}, {"name": "Dell"}])
    one, two = sim.seed("cmdb_hardware_product_model", [
        {"name": "X1", "manufacturer": hp}, {"name": "X1", "manufacturer": dell},
    ])  # fmt: skip
    by = "manufacturer.name+name"
    asked = ["HP\x1fX1", "Dell\x1fX1", "IBM\x1fX1", "X1"]
    assert target.lookup("cmdb_hardware_product_model", by, asked) == {"HP\x1fX1": one, "Dell\x1fX1": two}


def test_lookup_survives_throttling(sim: ServiceNow, target: Target) -> None:
    """Look-ups go through pysnow, and wait when asked to, like everything else."""
    [made] = sim.seed("core_company", [{"name": "HP"}])
    sim.faults.add("throttle", path="core_company", nth=1, times=1, status=429, retry_after=2)
    sim.faults.add("status", path="core_company", nth=2, times=1, status=503)
    assert target.lookup("core_company", "name", ["HP"]) == {"HP": made}


def test_lookup_does_not_believe_an_error_with_a_result(sim: ServiceNow, target: Target) -> None:
    """The library takes `result` and overlooks `error`; the session below it does not."""
    sim.seed("core_company", [{"name": "HP"}])
    sim.faults.add("cancelled", path="core_company")
    with pytest.raises(Unavailable):
        target.lookup("core_company", "name", ["HP"])


def test_identity_tells_a_clone_apart(sim: ServiceNow, connect: Open) -> None:
    """Name and id of the instance are both part of its identity."""
    before = connect().identity()
    sim.set_property("instance_id", "another")
    assert connect().identity() != before
