"""Updating linked objects: re-read, compared, refused field by field, nobody else's."""

from __future__ import annotations

import pytest

from simulators.servicenow import ServiceNow
from synchub.domain.plan import Op, RowState, Write
from synchub.errors import AuthError
from synchub.ports import Target
from tests.integration.servicenow.conftest import Open, by_row, requests, update


@pytest.fixture
def ci(sim: ServiceNow) -> str:
    """A computer that somebody else created."""
    return sim.seed("cmdb_ci_computer", [{"name": "nb-1", "ram": "8192", "os": "Windows 10"}])[0]


def test_update_costs_a_tenth_of_a_request(sim: ServiceNow, connect: Open) -> None:
    """A hundred updates are a handful of requests, and each is read back."""
    ids = sim.seed("cmdb_ci_computer", [{"name": f"nb-{n}", "ram": "8192"} for n in range(200)])
    target = connect()
    for start in (0, 100):
        got = target.write([update(n, ids[n], ram="16384") for n in range(start, start + 100)])
        assert {(o.state, o.fields["ram"], o.version) for o in got} == {(RowState.APPLIED, "16384", "1")}
    assert requests(sim) <= 20


def test_equal_values_are_not_written(sim: ServiceNow, target: Target, ci: str) -> None:
    """No change, no write: neither stamps nor journal move."""
    before = len(sim.store.journal)
    got = target.write([update(1, ci, ram="8192", os="Windows 10")])[0]
    assert got.state is RowState.UNCHANGED
    assert len(sim.store.journal) == before


def test_field_that_is_dropped_is_refused(sim: ServiceNow, target: Target, ci: str) -> None:
    """The instance drops a protected field and says 200: reading back tells."""
    sim.deny("write", "cmdb_ci", "os")
    got = target.write([update(1, ci, ram="16384", os="Windows 11")])[0]
    assert (got.state, set(got.refused)) == (RowState.APPLIED, {"os"})
    assert got.fields == {"ram": "16384", "os": "Windows 10"}


def test_forbidden_field_does_not_keep_the_others_out(sim: ServiceNow, target: Target, ci: str) -> None:
    """403 for one field: the others are written, that one is refused with the instance's reason."""
    sim.deny("write", "cmdb_ci", "os", loud=True)
    got = target.write([update(1, ci, ram="16384", os="Windows 11")])[0]
    assert (got.state, set(got.refused)) == (RowState.APPLIED, {"os"})
    assert "403" in got.refused["os"]
    row = sim.get("cmdb_ci_computer", ci)
    assert row is not None
    assert (row["ram"], row["os"]) == ("16384", "Windows 10")


def test_row_that_a_rule_refuses_is_refused_alone(sim: ServiceNow, target: Target, ci: str) -> None:
    """403 of a business rule concerns that row; the next one is written."""
    [other] = sim.seed("cmdb_ci_computer", [{"name": "nb-2"}])
    sim.business_rule("cmdb_ci", lambda row: row.get("name") == "nb-1", "no")
    got = by_row(target.write([update(1, ci, ram="16384"), update(2, other, ram="16384")]))
    assert (got[1].state, got[2].state) == (RowState.REFUSED, RowState.APPLIED)
    assert "Business Rule" in got[1].message


@pytest.mark.parametrize("field", ["u_nowhere", "no_such_field"])
def test_unknown_field_is_refused(target: Target, ci: str, field: str) -> None:
    """The instance ignores unknown fields silently; the hub does not."""
    got = target.write([update(1, ci, **{field: "x"})])[0]
    assert (got.state, set(got.refused)) == (RowState.REFUSED, {field})


def test_text_that_is_cut_is_refused(target: Target, ci: str) -> None:
    """A value that the instance cuts is not what was sent, and would be sent for ever."""
    got = target.write([update(1, ci, asset_tag="x" * 60)])[0]
    assert set(got.refused) == {"asset_tag"}


@pytest.mark.parametrize("field", ["sys_created_by", "assigned_to.email", "name^active", "Name"])
def test_what_is_no_writable_field_never_leaves(sim: ServiceNow, target: Target, ci: str, field: str) -> None:
    """Fields of the system, of other tables, and what is no name at all are refused before anything is sent."""
    before = requests(sim)
    assert target.write([update(1, ci, **{field: "x"})])[0].state is RowState.REFUSED
    assert requests(sim) == before


def test_another_hubs_object_is_not_touched(sim: ServiceNow, target: Target) -> None:
    """An object that carries another hub's key is a conflict."""
    [theirs] = sim.seed("cmdb_ci_computer", [{"name": "x", "correlation_id": "otherhub:12"}])
    got = target.write([update(1, theirs, ram="1")])[0]
    assert got.state is RowState.CONFLICT
    assert "otherhub" in got.message
    row = sim.get("cmdb_ci_computer", theirs)
    assert row is not None
    assert "ram" not in row


def test_foreign_correlation_id_is_no_hub(target: Target, sim: ServiceNow) -> None:
    """Other integrations use the field as well; their ids are no hub keys."""
    [theirs] = sim.seed("cmdb_ci_computer", [{"name": "x", "correlation_id": "SCCM 16777219"}])
    assert target.write([update(1, theirs, ram="1")])[0].state is RowState.APPLIED


def _versioned(object_id: str, expected: dict[str, str] | None) -> Write:
    extra = {"expected": expected} if expected is not None else {}
    return Write(1, "cmdb_ci_computer", Op.UPDATE, object_id, {"ram": "16384"}, "acme:1", "0", extra)


def test_edit_of_the_same_field_is_not_overwritten(sim: ServiceNow, target: Target, ci: str) -> None:
    """What somebody typed between plan and write stays."""
    sim.edit("cmdb_ci_computer", ci, {"ram": "32768"})
    got = target.write([_versioned(ci, {"ram": "8192"})])[0]
    assert (got.state, got.fields) == (RowState.DRIFTED, {"ram": "32768"})


def test_edit_of_another_field_does_not_stop_the_write(sim: ServiceNow, target: Target, ci: str) -> None:
    """Only the fields about to be overwritten matter, where their old values are known."""
    sim.edit("cmdb_ci_computer", ci, {"comments": "hello"})
    assert target.write([_versioned(ci, {"ram": "8192"})])[0].state is RowState.APPLIED


def test_moved_version_without_old_values_stops_the_write(sim: ServiceNow, target: Target, ci: str) -> None:
    """Where the old values are not known, any edit counts."""
    sim.edit("cmdb_ci_computer", ci, {"comments": "hello"})
    assert target.write([_versioned(ci, None)])[0].state is RowState.DRIFTED


def test_edit_between_reread_and_write_is_reported(sim: ServiceNow, target: Target, ci: str) -> None:
    """There is no compare-and-swap: a gap in the version counter shows that somebody was faster."""
    sim.faults.add(
        "call", path="/v1/batch", nth=1, times=1, call=lambda: sim.edit("cmdb_ci_computer", ci, {"comments": "x"})
    )
    got = target.write([update(1, ci, ram="16384")])[0]
    assert got.state is RowState.APPLIED
    assert "Somebody else" in got.message


def test_object_whose_class_changed_is_written_in_its_own_class(sim: ServiceNow, target: Target) -> None:
    """A linked object keeps its id when its class changes; its fields are those of the new class."""
    [server] = sim.seed("cmdb_ci_linux_server", [{"name": "srv-1"}])
    [tablet] = sim.seed("cmdb_ci_handheld_computing", [{"name": "tab-1"}])
    got = by_row(target.write([update(1, server, ram="16384"), update(2, tablet, os="iOS 18")]))
    assert {o.state for o in got.values()} == {RowState.APPLIED}
    row = sim.get("cmdb_ci_linux_server", server)
    assert row is not None
    assert row["ram"] == "16384"


def test_expired_token_is_renewed(sim: ServiceNow, connect: Open, ci: str) -> None:
    """401 to a token means: log in once more, then go on."""
    target = connect(
        auth={"oauth": "client_credentials", "client_id": "hub-client", "client_secret": "env:SNOW_SECRET"}
    )
    assert target.identity()
    sim.access.expire_tokens()
    assert target.write([update(1, ci, ram="1")])[0].state is RowState.APPLIED


def test_wrong_password_names_the_way_out(connect: Open) -> None:
    """Nothing is sent with credentials the instance does not know."""
    with pytest.raises(AuthError) as caught:
        connect(auth={"user": "nobody", "password": "env:SNOW_PASSWORD"}).identity()
    assert "auth" in caught.value.fix


def test_part_that_is_throttled_is_sent_again(sim: ServiceNow, target: Target, ci: str) -> None:
    """429 for the whole request waits and repeats."""
    sim.faults.add("throttle", path="/v1/batch", nth=1, times=1, status=429, retry_after=3)
    assert target.write([update(1, ci, ram="1")])[0].state is RowState.APPLIED


@pytest.mark.parametrize(("status", "retryable"), [(500, True), (413, False)])
def test_batch_that_fails_as_a_whole_fails_its_rows(
    sim: ServiceNow, target: Target, ci: str, status: int, retryable: bool
) -> None:
    """Each row says that it was not written, and whether later may be better."""
    sim.faults.add("status", path="/v1/batch", status=status)
    got = target.write([update(1, ci, ram="1")])[0]
    assert (got.state, got.retryable) == (RowState.FAILED, retryable)


def test_write_that_cannot_be_read_back_is_not_taken_for_done(sim: ServiceNow, target: Target, ci: str) -> None:
    """What was not checked is sent again; the next time it is found there."""
    sim.faults.add("status", method="GET", path="/table/cmdb_ci", nth=tuple(range(2, 12)), status=503)
    write = update(1, ci, ram="1")
    got = target.write([write])[0]
    assert (got.state, got.retryable) == (RowState.FAILED, True)
    sim.faults.clear()
    assert target.write([write])[0].state is RowState.UNCHANGED


def test_object_that_vanishes_during_the_write_fails(sim: ServiceNow, target: Target, ci: str) -> None:
    """Gone between reading and writing: a failure of that row."""
    sim.faults.add("call", path="/v1/batch", nth=1, times=1, call=lambda: sim.delete("cmdb_ci_computer", ci))
    got = target.write([update(1, ci, ram="1")])[0]
    assert (got.state, got.retryable) == (RowState.FAILED, False)
