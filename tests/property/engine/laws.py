"""Run a law on one kind of database with a bounded number of examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.support.states import Databases
from tests.support.world import World


def hold(
    databases: Databases,
    law: Callable[..., None],
    *drawn: st.SearchStrategy[Any],
    examples: int = 60,
    regressions: Sequence[tuple[Any, ...]] = (),
) -> None:
    """Check a law `law(make, *drawn)` where `make(**options)` gives an empty world; a tenth of it on PostgreSQL.

    Args:
        databases: Where the worlds live.
        law: The law.
        drawn: What it takes.
        examples: How often.
        regressions: Values that broke it once; they come first.
    """
    count = examples if databases.kind == "sqlite" else max(examples // 10, 3)
    states = [databases.open(), databases.open()]

    # Explaining a failure costs minutes, and the shrunk example says enough.
    @settings(
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        max_examples=count,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    @given(st.tuples(*drawn))
    def holds(values: tuple[Any, ...]) -> None:
        free = list(states)

        def make(**options: Any) -> World:
            state = free.pop()
            databases.wipe(state)
            return World(state, **options)

        law(make, *values)

    for values in regressions:
        holds = example(values)(holds)
    holds()
