"""An instance and a target on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.kit.cases import context
from simulators.servicenow import ServiceNow
from synchub.domain.plan import Op, Outcome, Value, Write
from synchub.ports import Target
from tests.contract.servicenow_case import open_snow

Open = Callable[..., Target]


@pytest.fixture
def sim() -> Iterator[ServiceNow]:
    """A running instance whose requests and answers are checked against the vendor's documents."""
    with ServiceNow(seed=7, validate=True) as running:
        yield running
        assert running.log.problems() == []


@pytest.fixture
def connect(sim: ServiceNow) -> Iterator[Open]:
    """Open targets on the instance; settings as keywords."""
    opened: list[Target] = []

    def make(**settings: Any) -> Target:
        opened.append(open_snow(sim, context(), **settings))
        return opened[-1]

    yield make
    for target in opened:
        target.close()


@pytest.fixture
def target(connect: Open) -> Target:
    """A target with the shipped settings but small pages."""
    return connect()


def new_ci(n: int, extra: dict[str, Any] | None = None, **fields: Value) -> Write:
    """Make the create of a computer."""
    values: dict[str, Value] = {"name": f"nb-{n}", "serial_number": f"SER{n:05d}", **fields}
    return Write(n, "cmdb_ci_computer", Op.CREATE, None, values, f"acme:{n}", extra=extra or {})


def update(n: int, object_id: str, kind: str = "cmdb_ci_computer", **fields: Value) -> Write:
    """Make an update that does not look at the version."""
    return Write(n, kind, Op.UPDATE, object_id, dict(fields), f"acme:{n}")


def by_row(outcomes: list[Outcome]) -> dict[int, Outcome]:
    """Index outcomes by row; each row has exactly one."""
    found = {o.row: o for o in outcomes}
    assert len(found) == len(outcomes)
    return found


def requests(sim: ServiceNow) -> int:
    """Count HTTP requests; parts of a batch are none."""
    return sum(1 for entry in sim.log.entries if not entry.via)
