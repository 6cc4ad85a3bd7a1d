"""The order in which writes of one slice are sent."""

from __future__ import annotations

from state.store import SqlState
from synchub.domain.plan import Op, Write
from synchub.engine.sending import Sender
from synchub.ports import Capabilities
from tests.support.world import World


def test_what_goes_past_identification_comes_last(state: SqlState) -> None:
    """Of two things of one name the one that the target identifies is created before the other is inserted."""
    world = World(state)
    world.target.can = Capabilities(batch=2, workers=4)
    sender = Sender(world.target)
    writes = [
        Write(n, "ci_computer", Op.CREATE, None, {"name": f"nb-{n}"}, f"k{n}", extra={"direct": True} if n % 2 else {})
        for n in range(8)
    ]
    outcomes = sender.send(writes)
    sent = [int(str(fields["name"]).removeprefix("nb-")) for _, _, _, fields in world.target.log]

    assert {o.row for o in outcomes} == set(range(8))
    assert {0, 2, 4, 6} == set(sent[:4])
    assert {1, 3, 5, 7} == set(sent[4:])
