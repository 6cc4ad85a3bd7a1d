"""One sync over several workers: the parts of a plan meet in the target as one delivery would."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from simulators.servicenow import ServiceNow
from synchub.errors import ConfigError
from synchub.sharing import SharedRun, can_spread, deliver_part, finish_target, plan_for_parts, pulled_in, read_ticket
from synchub.steps import begin_run, end_run, exclusive, identify_all, pull_source
from synchub.wiring import open_hub
from tests.integration.cli.conftest import Desk, people_and_devices
from tests.support.states import Databases

_PARTS = 3


def _shared(desk: Desk) -> dict[str, Any]:
    """Run one sync as the flow does with several workers, each with a hub of its own."""
    with exclusive(hub := open_hub(desk.config)) as lease:
        run = begin_run(hub, "sync")
        ticket = SharedRun(hub, run, lease).ticket

        def as_worker(work: Any, *words: Any) -> Any:
            number, owner = read_ticket(ticket)
            mine = open_hub(desk.config)
            mine.state.runs.work_under("sync", owner)
            try:
                return work(mine, *words, number)
            finally:
                mine.close()

        with ThreadPoolExecutor(_PARTS) as workers:
            list(workers.map(lambda name: as_worker(pull_source, name), ("erp", "hr", "mdm")))
            pulled = pulled_in(hub, run)
            identify_all(hub, run)
            token = plan_for_parts(hub, "snow", run)
            assert token is not None
            parts = [f"{n + 1}/{_PARTS}" for n in range(_PARTS)]
            delivered = list(workers.map(lambda part: as_worker(deliver_part, token, part), parts))
        report = finish_target(hub, "snow", token, run)
        end_run(hub, run, "done")
    hub.close()
    return {"pulled": pulled, "parts": delivered, "report": report}


def _held(sim: ServiceNow) -> list[tuple[Any, ...]]:
    """What the instance holds, without its own ids."""
    people = {row["sys_id"]: row["email"] for row in sim.dump("sys_user") if row.get("email")}
    computers = [
        (row["serial_number"], row["name"], people.get(row.get("assigned_to", "")))
        for row in sim.dump("cmdb_ci_computer")
    ]
    assets = [(row["serial_number"], row.get("cost")) for row in sim.dump("alm_hardware")]
    users = [(row["email"], people.get(row.get("manager", ""))) for row in sim.dump("sys_user") if row.get("email")]
    return [*sorted(computers, key=str), *sorted(assets, key=str), *sorted(users, key=str)]


@pytest.mark.slow
def test_parts_deliver_what_one_worker_delivers(
    tmp_path: Path, sim: ServiceNow, postgres_databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three workers on PostgreSQL and one worker on SQLite end in the same target, each object once; then 0 writes."""
    monkeypatch.setenv("SNOW_PASSWORD", "hub-password")
    with ServiceNow(seed=3) as other:
        [dell] = other.seed("core_company", [{"name": "Dell", "manufacturer": "true"}])
        other.seed("cmdb_hardware_product_model", [{"name": "Latitude 7450", "manufacturer": dell}])
        (tmp_path / "alone").mkdir()
        alone = people_and_devices(Desk(tmp_path / "alone", other.url), 40, 60)
        assert alone.run("sync").code == 0
        expected = _held(other)
    (tmp_path / "shared").mkdir()
    desk = people_and_devices(Desk(tmp_path / "shared", sim.url), 40, 60)
    desk.changes["state"] = postgres_databases.url()
    desk.write()

    first = _shared(desk)
    writes = sim.log.count(writes=True)
    second = _shared(desk)

    assert _held(sim) == expected
    assert first["pulled"].keys() == {"erp", "hr", "mdm"}
    assert all(part.get("applied", 0) > 0 for part in first["parts"])
    assert first["report"].applied["create"] == 100
    assert sim.log.count(writes=True) == writes
    assert second["report"].applied == {}


def test_sqlite_is_not_shared(offline: Desk) -> None:
    """Several workers are refused where the state is a file."""
    hub = open_hub(offline.config)

    with pytest.raises(ConfigError, match="several workers need PostgreSQL"):
        can_spread(hub)
    hub.close()


@pytest.mark.parametrize("part", ["", "0/2", "3/2", "1/0", "1", "a/b", "1/2/3", "1/1000"])
def test_what_is_no_part_is_refused(part: str) -> None:
    """A part is one number of another."""
    from synchub.engine.parts import Part

    with pytest.raises(ConfigError, match="no part"):
        Part.parse(part)


@pytest.mark.slow
def test_what_a_choice_leaves_out_is_not_marked_as_sent(
    tmp_path: Path, sim: ServiceNow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows between those that are sent stay as they were, and the same plan delivers them later."""
    monkeypatch.setenv("SNOW_PASSWORD", "hub-password")
    desk = people_and_devices(Desk(tmp_path, sim.url), 4, 6)
    token = desk.token()

    ran = desk.run("apply", token, "--select", "object:NB-00000", "--select", "object:NB-00004", "--json")

    hub = open_hub(desk.config)
    rows = hub.state.plans.rows(hub.state.plans.get(token).id, after=-1)  # type: ignore[union-attr]
    hub.close()
    assert ran.code == 0, ran.err
    assert sum(row.state == "applied" for row in rows) == 4  # a CI and its asset each
    assert not [row.label for row in rows if row.state == "sent"]
    assert desk.run("apply", token).code == 0
    assert len(sim.dump("cmdb_ci_computer")) == 6
