"""Deleting records: in batches, refused row by row, never another hub's."""

from __future__ import annotations

from simulators.servicenow import ServiceNow
from synchub.domain.plan import Op, RowState, Write
from synchub.ports import Target
from tests.integration.servicenow.conftest import by_row, requests


def delete(n: int, object_id: str, version: str | None = None) -> Write:
    """Make a deletion."""
    return Write(n, "cmdb_ci_computer", Op.DELETE, object_id, {}, f"acme:{n}", version)


def test_a_hundred_deletions_are_a_handful_of_requests(sim: ServiceNow, target: Target) -> None:
    """And each is looked for afterwards."""
    ids = sim.seed("cmdb_ci_computer", [{"name": f"nb-{n}"} for n in range(100)])
    got = target.write([delete(n, identifier) for n, identifier in enumerate(ids)])
    assert {o.state for o in got} == {RowState.APPLIED}
    assert not any(sim.get("cmdb_ci_computer", identifier) for identifier in ids)
    assert requests(sim) <= 12


def test_refused_deletions_are_refused_alone(sim: ServiceNow, target: Target) -> None:
    """A rule of access keeps one record, the other is gone; the reason is told."""
    kept, gone = sim.seed("cmdb_ci_computer", [{"name": "nb-1"}, {"name": "nb-2"}])
    sim.deny("delete", "cmdb_ci", rows={kept})
    got = by_row(target.write([delete(1, kept), delete(2, gone)]))
    assert (got[1].state, got[2].state) == (RowState.REFUSED, RowState.APPLIED)
    assert "403" in got[1].message
    assert sim.get("cmdb_ci_computer", kept) is not None
    assert sim.get("cmdb_ci_computer", gone) is None


def test_another_hubs_object_is_not_deleted(sim: ServiceNow, target: Target) -> None:
    """Whatever a state says, the mark in the object decides."""
    [theirs] = sim.seed("cmdb_ci_computer", [{"name": "nb-1", "correlation_id": "other:003a4f6df3977d68"}])
    assert target.write([delete(1, theirs)])[0].state is RowState.CONFLICT
    assert sim.get("cmdb_ci_computer", theirs) is not None
