"""Other people's edits in the audit table."""

from __future__ import annotations

from simulators.servicenow import ServiceNow
from synchub.domain.plan import Edit
from synchub.ports import Historied
from tests.contract.servicenow_case import OAUTH
from tests.integration.servicenow.conftest import Open, update


def test_history_tells_others_from_the_hub(sim: ServiceNow, connect: Open) -> None:
    """Newest first, values as they are stored, the hub's own writes known by its login."""
    [ci] = sim.seed("cmdb_ci_computer", [{"name": "nb-1", "ram": "8192"}])
    target = connect()
    target.write([update(1, ci, ram="16384")])
    sim.edit("cmdb_ci_computer", ci, {"ram": "4096"}, "jane.doe")
    assert isinstance(target, Historied)
    newest, oldest = [e for e in target.history(ci) if e.field == "ram"]

    assert (newest.by, newest.old, newest.new, newest.ours, newest.value, newest.told) == (
        "jane.doe", "16384", "4096", False, "4096", True,
    )  # fmt: skip
    assert (oldest.by, oldest.new, oldest.ours) == ("hub", "16384", True)
    assert newest.at >= oldest.at > 0


def test_a_hidden_audit_table_tells_nothing(sim: ServiceNow, connect: Open) -> None:
    """403 is asked once: the gap alone is known then."""
    [ci] = sim.seed("cmdb_ci_computer", [{"name": "nb-1", "ram": "8192"}])
    sim.deny("read", "sys_audit")
    target = connect()
    sim.edit("cmdb_ci_computer", ci, {"ram": "4096"}, "jane.doe")
    assert isinstance(target, Historied)
    histories: list[list[Edit]] = [target.history(ci) for _ in range(3)]

    assert histories == [[], [], []]
    assert sum("sys_audit" in e.path for e in sim.log.entries) == 1


def test_ids_that_are_none_are_not_asked_for(connect: Open) -> None:
    """What a state holds never becomes a query."""
    target = connect()
    assert isinstance(target, Historied)
    assert target.history("x^ORname=1") == []


def test_a_login_that_the_settings_do_not_name_is_learnt(sim: ServiceNow, connect: Open) -> None:
    """With client credentials the answers to the hub's own writes say who it is; before, nothing is told."""
    [ci] = sim.seed("cmdb_ci_computer", [{"name": "nb-1", "ram": "8192"}])
    target = connect(auth=OAUTH)
    assert isinstance(target, Historied)
    assert target.history(ci) == []
    target.write([update(1, ci, ram="16384")])
    [edit] = [e for e in target.history(ci) if e.field == "ram"]

    assert (edit.by, edit.ours) == ("hub", True)
