"""Creating: once, by the instance's own identification, and never over somebody else's object."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from connectors.kit import FakeClock
from connectors.kit.cases import context
from simulators.servicenow import ServiceNow
from synchub.domain.plan import Op, RowState, Write
from synchub.ports import Target
from tests.contract.servicenow_case import open_snow
from tests.integration.servicenow.conftest import Open, by_row, new_ci, requests


def test_ci_is_created_with_mark_and_values(sim: ServiceNow, target: Target) -> None:
    """A CI comes into being through the identification engine and carries the hub key."""
    got = target.write([new_ci(1, ram="16384")])[0]
    assert got.state is RowState.APPLIED
    row = sim.get("cmdb_ci_computer", str(got.object_id))
    assert row is not None
    assert (row["correlation_id"], row["ram"], row["discovery_source"]) == ("acme:1", "16384", "Other Automated")
    assert got.fields == {"name": "nb-1", "serial_number": "SER00001", "ram": "16384"}


def test_namesake_with_another_serial_is_not_taken_over(sim: ServiceNow, target: Target) -> None:
    """The engine falls back to the name: the hub asks first, and creates nothing where it would take another CI."""
    [theirs] = sim.seed("cmdb_ci_computer", [{"name": "nb-1", "serial_number": "OTHER", "ram": "4096"}])
    before = sim.get("cmdb_ci_computer", theirs)
    assert [(f.object_id, f.by) for f in target.foresee([new_ci(1)])] == [(theirs, ("name",))]
    got = target.write([new_ci(1, ram="16384")])[0]
    assert (got.state, got.object_id) == (RowState.CONFLICT, theirs)
    assert sim.get("cmdb_ci_computer", theirs) == before
    assert len(sim.dump("cmdb_ci_computer")) == 1


def test_direct_insert_passes_the_engine_by(sim: ServiceNow, target: Target) -> None:
    """Where a person agreed that it is another thing, it is inserted beside its namesake, once."""
    [theirs] = sim.seed("cmdb_ci_computer", [{"name": "nb-1", "serial_number": "OTHER"}])
    write = new_ci(1, {"direct": True})
    first, again = target.write([write])[0], target.write([write])[0]
    assert first.state is RowState.APPLIED
    assert again.object_id == first.object_id != theirs
    assert len(sim.dump("cmdb_ci_computer")) == 2


def test_two_new_things_of_one_name_do_not_become_one(sim: ServiceNow, target: Target) -> None:
    """What the first create brings into being must not be taken over by the second of the same plan."""
    first, second = new_ci(1), new_ci(2, name="nb-1")
    got = by_row(target.write([first, second]))
    assert sorted(o.state for o in got.values()) == [RowState.APPLIED, RowState.CONFLICT]
    made = next(o for o in got.values() if o.state is RowState.APPLIED)
    row = sim.get("cmdb_ci_computer", str(made.object_id))
    assert row is not None
    assert row["serial_number"] == f"SER{made.row:05d}"
    assert len(sim.dump("cmdb_ci_computer")) == 1


def test_namesakes_written_at_once_do_not_become_one(sim: ServiceNow, target: Target) -> None:
    """Two threads that create things of one name do not merge them either."""
    writes = [[new_ci(n, name="same")] for n in range(1, 7)]
    with ThreadPoolExecutor(4) as pool:
        got = [outcomes[0] for outcomes in pool.map(target.write, writes)]
    assert [o.state for o in got].count(RowState.APPLIED) == 1
    assert {o.state for o in got} == {RowState.APPLIED, RowState.CONFLICT}
    made = next(o for o in got if o.state is RowState.APPLIED)
    assert [row["serial_number"] for row in sim.dump("cmdb_ci_computer")] == [f"SER{made.row:05d}"]


@pytest.mark.parametrize("count", [250])
def test_a_tenth_of_a_request_per_new_object(sim: ServiceNow, connect: Open, count: int) -> None:
    """Asking, creating and reading back cost at most 0.1 requests per object."""
    target = connect(page=1000)
    got = [
        o
        for start in range(0, count, 100)
        for o in target.write([new_ci(n) for n in range(start, min(start + 100, count))])
    ]
    assert {o.state for o in got} == {RowState.APPLIED}
    assert requests(sim) <= count / 10
    assert len(sim.dump("cmdb_ci_computer", "correlation_idISNOTEMPTY")) == count


def test_counterpart_that_comes_late_is_found_by_its_reference(connect: Open, sim: ServiceNow) -> None:
    """The instance makes the asset of a CI by itself, if need be later; the reference tells which."""
    sim.assets.requests = 50
    target = connect()
    got = target.write([new_ci(1)])[0]
    assert got.counterpart is None
    sim.settle()
    held = target.fetch("cmdb_ci_computer", ["name"], [str(got.object_id)])[str(got.object_id)]
    assert held.counterpart is not None
    asset = target.fetch("alm_hardware", ["serial_number"], [held.counterpart])[held.counterpart]
    assert (asset.fields["serial_number"], asset.counterpart) == ("SER00001", got.object_id)


def test_asset_without_anything_to_find_it_by_is_refused(sim: ServiceNow, target: Target) -> None:
    """Without mark, serial number and tag a lost answer would create it twice."""
    sim.seed("alm_hardware", [{"asset_tag": "there"}])
    got = target.write([Write(1, "alm_hardware", Op.CREATE, None, {"po_number": "PO-1"}, "acme:1")])[0]
    assert got.state is RowState.REFUSED
    assert "marks" in got.message
    assert len(sim.dump("alm_hardware")) == 1


def test_unknown_data_source_creates_nothing(sim: ServiceNow, connect: Open) -> None:
    """A data source that is no choice of the instance is said so; nothing is stored for later."""
    got = connect(discovery_source="No such source").write([new_ci(1)])[0]
    assert got.state in (RowState.REFUSED, RowState.FAILED)
    assert got.message
    assert sim.dump("cmdb_ci_computer") == []
    assert sim.ire.partials == {}


def test_unserviced_parts_are_sent_again(sim: ServiceNow, connect: Open) -> None:
    """What a batch did not get to is sent again; nothing is lost, nothing is done twice."""
    sim.batch_parts = 7
    target = connect()
    writes = [Write(n, "sys_user", Op.CREATE, None, {"user_name": f"u{n}"}, f"acme:{n}") for n in range(30)]
    assert {o.state for o in target.write(writes)} == {RowState.APPLIED}
    assert sorted(row["source"] for row in sim.dump("sys_user")) == sorted(f"acme:{n}" for n in range(30))


def test_every_new_object_has_one_asset(sim: ServiceNow, target: Target) -> None:
    """The hub writes one side; the instance makes the other, once."""
    target.write([new_ci(n) for n in range(5)])
    assert len(sim.dump("alm_hardware")) == 5


def _asset(n: int, serial: str) -> Write:
    return Write(n, "alm_hardware", Op.CREATE, None, {"serial_number": serial}, f"acme:{n}")


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "truncate"])
def test_asset_without_a_mark_is_created_once(sim: ServiceNow, target: Target, fault: str) -> None:
    """Serial number and tag tell what became of a create whose answer was lost."""
    sim.seed("alm_hardware", [{"asset_tag": "there"}])
    sim.faults.add(fault, path="/v1/batch", nth=1, times=1)
    got = target.write([_asset(1, "abc-1")])[0]
    if got.retryable:
        got = target.write([_asset(1, "abc-1")])[0]
    assert got.state is RowState.APPLIED
    assert [row["sys_id"] for row in sim.dump("alm_hardware", "serial_number=abc-1")] == [got.object_id]


def test_two_new_assets_of_one_serial_are_not_both_created(sim: ServiceNow, target: Target) -> None:
    """The second of one request is a conflict, as it would be in the next one."""
    sim.seed("alm_hardware", [{"asset_tag": "there"}])
    got = by_row(target.write([_asset(1, "S1"), _asset(2, "s1")]))
    assert [got[1].state, got[2].state] == [RowState.APPLIED, RowState.CONFLICT]


def test_lost_answer_is_looked_up_when_the_instance_has_finished(sim: ServiceNow) -> None:
    """After a broken connection the instance may still be at work: the look-up waits until it cannot be any more."""
    clock = FakeClock()
    target = open_snow(sim, context(clock))
    sim.faults.add("timeout_after", path="identifyreconcile/enhanced", nth=1, times=1)
    assert target.write([new_ci(1)])[0].state is RowState.APPLIED
    assert max(clock.slept) >= 30
    target.close()
