"""Through the wire: a source that fails half-way, lies about its size or is asked for less makes nothing missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.kit import Fault
from connectors.kit.cases import context
from mapping.loader import load_map
from state.store import SqlState
from synchub.engine.identify import identify
from synchub.engine.pull import PullCounts, PullJob, pull
from synchub.errors import HubError
from synchub.ports import Source
from synchub.reconcile.rules import compile_rules
from tests.contract.intune_case import IntuneUnderTest, device
from tests.support.fakes import FakeClock
from tests.unit.connectors.files.reads import open_source as open_files

MAPS = Path(__file__).resolve().parents[3] / "connectors"
RULES = compile_rules(None, {"mdm": "mdm"})


class Estate:
    """A state that reads one stream of a real source once a day."""

    def __init__(self, state: SqlState, connector: str) -> None:
        self.state, self.clock = state, FakeClock()
        self._mapper = load_map(MAPS / connector / "maps" / "devices.yaml")

    def read(self, source: Source, **options: Any) -> PullCounts:
        """Read the stream and identify."""
        self.clock.time += 86_400
        try:
            job = PullJob("mdm", source, source.streams()["devices"], self._mapper, **options)
            counts = pull(job, self.state.ledger, self.clock, self.state.runs.begin("test", self.clock.time, ""))
        finally:
            source.close()
            identify(self.state, RULES, self.clock, 1)
        return counts

    @property
    def absent(self) -> int:
        """How many absences count."""
        return self._value("select count(*) from absence where snapshots>0")

    @property
    def missing(self) -> int:
        """How many entities are missing."""
        return self._value("select count(*) from entity where missing_at is not null")

    def _value(self, statement: str) -> int:
        with self.state.database.read() as tx:
            return int(tx.value(statement))


@pytest.fixture
def tenant() -> Iterator[IntuneUnderTest]:
    """An Intune with 60 devices, a few a page."""
    under_test = IntuneUnderTest(60)
    yield under_test
    under_test.server.stop()


def test_intune_that_fails_on_a_part_loses_nothing(state: SqlState, tenant: IntuneUnderTest) -> None:
    """403 on the second page, for weeks: what was read stays, nothing is absent."""
    estate = Estate(state, "intune")
    assert estate.read(tenant.open(context())).complete
    for n in range(20):
        tenant.graph.remove(device(n)["id"])
    tenant.inject(Fault("status", "read", nth=tuple(range(2, 1000)), status=403))
    for _ in range(10):
        with pytest.raises(HubError):
            estate.read(tenant.open(context()))
    assert (estate.absent, estate.missing) == (0, 0)


def test_intune_that_returns_sixty_percent_with_status_200_loses_nothing(
    state: SqlState, tenant: IntuneUnderTest
) -> None:
    """The count it tells fits what it gives, so the snapshot proves itself; so many at once are not believed."""
    estate = Estate(state, "intune")
    estate.read(tenant.open(context()))
    for n in range(24):
        tenant.graph.remove(device(n)["id"])
    for _ in range(10):
        counts = estate.read(tenant.open(context()))
        assert (counts.complete, counts.absent, counts.withheld) == (True, 0, 24)
    assert estate.missing == 0
    for n in range(24):
        tenant.graph.put(device(n))
    counts = estate.read(tenant.open(context()))
    assert (counts.absent, counts.withheld) == (0, 0)


def test_intune_that_tells_of_more_than_it_gives_loses_nothing(state: SqlState, tenant: IntuneUnderTest) -> None:
    """A total that does not add up proves nothing."""
    estate = Estate(state, "intune")
    estate.read(tenant.open(context()))
    tenant.graph.remove(device(3)["id"])
    page = {"value": [], "@odata.count": 60}
    for _ in range(9):
        tenant.inject(Fault("body", "read", nth=(1,), text=json.dumps(page)))
        assert not estate.read(tenant.open(context())).complete
    assert (estate.absent, estate.missing) == (0, 0)


def test_fifteen_percent_of_the_device_ids_replaced(state: SqlState, tenant: IntuneUnderTest) -> None:
    """Devices that were enrolled anew are the same things: none is new, none is missing, no value changes."""
    estate = Estate(state, "intune")
    estate.read(tenant.open(context()))
    before = _entities(state)
    for n in range(9):
        old = device(n)
        tenant.graph.remove(old["id"])
        tenant.graph.put({**old, "id": f"{n:08d}-0000-4000-8000-00000000ffff"})
    for _ in range(10):
        estate.read(tenant.open(context()))
    assert _entities(state) == before
    assert estate.missing == 0


def _entities(state: SqlState) -> list[tuple[int, int]]:
    with state.database.read() as tx:
        return [(row[0], row[1]) for row in tx.rows("select id, rev from entity where state='live' order by id")]


def test_devices_that_are_gone_are_missing_in_the_end(state: SqlState, tenant: IntuneUnderTest) -> None:
    """The other way round: absence that is real is not lost among all that care."""
    estate = Estate(state, "intune")
    estate.read(tenant.open(context()))
    for n in range(4):
        tenant.graph.remove(device(n)["id"])
    for _ in range(9):
        estate.read(tenant.open(context()))
    assert estate.missing == 4


def _drop(folder: Path, name: str, numbers: range) -> None:
    rows = [{"id": f"d{n}", "serialNumber": f"5CG81F{n:05}", "manufacturer": "HP"} for n in numbers]
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_folder_that_is_asked_for_less_loses_nothing(state: SqlState, tmp_path: Path) -> None:
    """A narrowed glob is another scope; wide again, what stayed is there and what went is missed from then on."""
    estate = Estate(state, "files")
    _drop(tmp_path, "a_1.ndjson", range(10))
    _drop(tmp_path, "b_1.ndjson", range(10, 15))

    def read(glob: str) -> PullCounts:
        return estate.read(open_files(tmp_path, {"devices": {"glob": glob, "complete_when": "always"}}))

    assert read("*.ndjson").complete
    for _ in range(12):
        assert read("a_*.ndjson").absent == 0
    assert (estate.absent, estate.missing) == (0, 0)
    _drop(tmp_path, "b_1.ndjson", range(11, 15))
    for _ in range(9):
        assert read("*.ndjson").absent == 1
    assert estate.missing == 1


def test_a_manifest_that_names_less_than_before_is_believed_only_in_part(state: SqlState, tmp_path: Path) -> None:
    """Files that are not in the manifest are not part of the snapshot; if much goes at once, nothing is concluded."""
    estate = Estate(state, "files")
    _drop(tmp_path, "a_1.ndjson", range(100))
    _drop(tmp_path, "b_1.ndjson", range(100, 150))

    def read(**counts: int) -> PullCounts:
        files = [{"name": f"{name}_1.ndjson", "count": count} for name, count in counts.items()]
        (tmp_path / "manifest.json").write_text(json.dumps({"files": files}))
        return estate.read(open_files(tmp_path, {"devices": {"glob": "*.ndjson", "complete_when": "manifest"}}))

    assert read(a=100, b=50).complete
    for _ in range(9):
        counts = read(a=100)
        assert counts.absent == 0, counts
    assert not read(a=100, b=51).complete
    assert (estate.absent, estate.missing) == (0, 0)
