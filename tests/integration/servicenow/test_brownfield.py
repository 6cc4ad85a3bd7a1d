"""First contact with a ServiceNow that others have filled, judged by the estate's truth; at full size it is a bench."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.brownfield import Brownfield, goals, ops, rows_of, run
from simulators.estate import Holdings, build
from synchub.errors import WrongInstance
from synchub.steps import apply_plan, begin_run, plan_target
from synchub.wiring import Selection

DEVICES = 600


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Go through first plan, apply, next plan and rebuild once."""
    with Brownfield(tmp_path_factory.mktemp("brownfield"), DEVICES) as world:
        yield run(world)


@pytest.mark.slow
@pytest.mark.parametrize(
    "goal",
    [
        "no retirement", "no overwrite", "no name takeover", "97 % of the linkable linked", "0.1 % wrongly linked",
        "one asset, one CI", "next plan empty", "rebuilt with 0 creates", "rebuilt with 0 updates",
        "nothing left after the rebuild",
    ],
)  # fmt: skip
def test_goal(figures: dict[str, Any], goal: str) -> None:
    """Each goal that docs/reliability.md states at size, here on a small estate."""
    assert goals(figures)[goal], figures


@pytest.mark.slow
def test_there_was_something_to_go_wrong(figures: dict[str, Any]) -> None:
    """The estate held things to link, and things to create beside them."""
    assert figures["first_plan"]["linked"] > 250
    assert figures["first_plan"]["rows"]["create"] > 200


@pytest.mark.parametrize("devices", [400, 1500])
def test_holdings_are_exact(devices: int) -> None:
    """The instance holds exactly the CIs, duplicates, blank serials and reused names that were asked for."""
    wanted = Holdings.scaled(devices)
    estate = build(devices=devices, people=devices // 2, holdings=wanted)
    cis = [row for table, rows in estate.servicenow.items() if table.startswith("cmdb_ci_") for row in rows]
    devices_of = [estate.truth.cis[row["sys_id"]] for row in cis]

    assert len(cis) == wanted.cis
    assert sum(not row["serial_number"] for row in cis) == wanted.blank_serials
    assert len(devices_of) - len(set(devices_of)) == wanted.duplicates
    assert sum(device.startswith("XN") for device in devices_of) == wanted.reused_names


@pytest.mark.slow
def test_a_clone_of_the_instance_is_refused(tmp_path: Path) -> None:
    """Another instance id behind the same address: neither planned nor applied, and the error names the way out."""
    with Brownfield(tmp_path, 100) as world:
        hub = world.hub()
        report, _ = world.plan(hub)
        world.snow.set_property("instance_id", "0" * 32)
        mark = len(world.snow.store.journal)
        with pytest.raises(WrongInstance, match="is linked to") as synced:
            world.sync(hub)
        with pytest.raises(WrongInstance, match="is linked to"):
            apply_plan(hub, report.plan, begin_run(hub, "apply"))
        hub.close()

        assert "give the target another name" in synced.value.fix
        assert len(world.snow.store.journal) == mark


@pytest.mark.slow
def test_the_way_out_of_a_refused_clone_links_it_anew(tmp_path: Path) -> None:
    """Under another name of the target the new instance is met for the first time: nothing is created in it twice."""
    with Brownfield(tmp_path, 100) as world:
        hub = world.hub()
        world.plan(hub)
        world.sync(hub)
        hub.close()
        world.snow.settle()
        world.snow.set_property("instance_id", "0" * 32)
        world.config.write_text(world.config.read_text().replace("  snow:\n", "  snow2:\n"))
        hub = world.hub()
        report = plan_target(hub, "snow2", begin_run(hub, "plan"), Selection())
        found = ops(rows_of(hub, report.plan))
        hub.close()

        assert found["create"] == 0
        assert found["link"] > 100
