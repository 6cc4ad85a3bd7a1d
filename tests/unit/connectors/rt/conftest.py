"""A simulated RT and the connector on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kit.cases import context
from connectors.rt.target import RtTarget
from simulators.rt import Rt
from synchub.domain.plan import Op, Outcome, Value, Write
from synchub.ports import Target
from tests.contract.rt_case import CATALOG, furnish, open_rt


class Desk:
    """A simulated RT with an asset or two, and a connection to it."""

    def __init__(self, sim: Rt) -> None:
        self.sim = sim
        self.opened: list[Target] = []
        self.target = self.open()

    def open(self, token: str = "", **settings: Any) -> RtTarget:
        """Open a connection."""
        target = open_rt(self.sim.url, token or self.sim.token, context(), **settings)
        assert isinstance(target, RtTarget)
        self.opened.append(target)
        return target

    def seed(self, **fields: Any) -> str:
        """Add an asset as a person would; return its id."""
        row = {name.replace("_", " "): value for name, value in fields.items()}
        return str(self.sim.seed(CATALOG, [row])[0].id)

    def row(self, number: str) -> dict[str, Any]:
        """Return an asset as RT holds it."""
        return self.sim.row(self.sim.store.assets[int(number)])

    def create(self, kind: str = "computer", mark: str = "kit:1", **fields: Value) -> Outcome:
        """Create an object."""
        values = {name.replace("_", " "): value for name, value in fields.items()}
        [outcome] = self.target.write([Write(1, kind, Op.CREATE, None, values, mark)])
        return outcome

    def update(self, number: str, op: Op = Op.UPDATE, kind: str = "computer", **fields: Value) -> Outcome:
        """Change an object."""
        values = {name.replace("_", " "): value for name, value in fields.items()}
        [outcome] = self.target.write([Write(1, kind, op, number, values, "kit:1")])
        return outcome

    def puts(self) -> int:
        """Count the changes that were sent."""
        return int(self.sim.log.count(method="PUT"))


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A running RT with the custom fields of the shipped map."""
    with Rt(seed=3) as sim:
        furnish(sim)
        desk = Desk(sim)
        yield desk
        for target in desk.opened:
            target.close()
