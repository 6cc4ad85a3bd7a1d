"""The short form of `make soak`: real processes, killed and resumed; and the judge that compares what they left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.soak import soak
from bench.soak_judge import TABLES, compare
from simulators.estate import build
from tests.support.states import Databases

Row = dict[str, str]


def test_killed_syncs_leave_what_an_undisturbed_one_leaves(databases: Databases, tmp_path: Path) -> None:
    """Killed in every phase with faults on: every object once, with the same values (long form: `make soak`)."""
    estate = build(seed=3, people=40, devices=60)
    verdict, kills, _ = soak(tmp_path, (databases.url(), databases.url()), estate, kills=4, seed=2, days=1)
    assert verdict.equal, "\n".join(verdict.examples)
    assert verdict.objects > 100
    assert kills.total() >= 3
    assert len(kills) > 1


class _Instance:
    """Rows of one table."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    def dump(self, table: str, query: str = "") -> list[Row]:
        """List them."""
        assert not query
        return self._rows if table == TABLES[0] else []


def _rows() -> list[Row]:
    return [
        {"sys_id": "a", "name": "old", "install_status": "1"},
        {"sys_id": "b", "name": "nb-1", "serial_number": "S1", "assigned_to": "a", "sys_updated_on": "now"},
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(lambda rows: rows[1].update(sys_id="z", sys_updated_on="then"), (0, 0, 0, 0), id="ids and stamps"),
        pytest.param(lambda rows: rows.pop(), (1, 0, 0, 0), id="lost"),
        pytest.param(lambda rows: rows.append({**rows[1], "sys_id": "c"}), (0, 1, 0, 0), id="doubled"),
        pytest.param(lambda rows: rows[1].update(assigned_to="b"), (0, 0, 1, 0), id="wrong value"),
        pytest.param(lambda rows: rows[0].update(install_status="7"), (0, 0, 1, 1), id="wrongly retired"),
        pytest.param(lambda rows: rows[0].update(sys_id="q"), (1, 1, 0, 0), id="another object of others"),
    ],
)
def test_the_judge_sees_what_differs(change: Callable[[list[Row]], object], expected: tuple[int, ...]) -> None:
    """Ids and stamps may differ; objects, values and retirements may not."""
    rows = _rows()
    change(rows)
    verdict = compare(_Instance(rows), _Instance(_rows()), frozenset({"a"}))
    assert (verdict.lost, verdict.doubled, verdict.wrong, verdict.retired) == expected
