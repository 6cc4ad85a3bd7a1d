"""How records may come to the hub: what is true in the end, and any way that leads there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from synchub.domain.model import FIELDS
from tests.property.reconcile.strategies import HARDWARE_FIELDS, HOSTS, MACS, MODELS, OWNERS, SERIALS, TAGS
from tests.support.world import ROLES, World

# A value that few share, one that is shared by too many (a MAC may have four holders), and everything between.
_CROWDED: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "serial_number": st.sampled_from(SERIALS[:4]),
        "manufacturer": st.just("HP"),
        "model": st.sampled_from(MODELS[:3]),
        "mac_addresses": st.lists(st.sampled_from(MACS[:2]), min_size=1, max_size=2, unique=True).map(sorted),
        "hostname": st.sampled_from(HOSTS[:2]),
        "assigned_to": st.sampled_from(OWNERS),
        "asset_tag": st.sampled_from(TAGS[:2]),
        "fqdn": st.sampled_from(["nb-1.corp.example", "nb-2.corp.example"]),
        "price": st.sampled_from(["1.00", "2.00"]),
        "last_seen_at": st.sampled_from(["2026-11-01T00:00:00Z", "2026-11-20T00:00:00Z"]),
    },
)
_PERSON: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "worker_id": st.sampled_from(["E1", "E2", "E3"]),
        "email": st.sampled_from(["a@x.example", "b@x.example"]),
        "login": st.sampled_from(["a@x.example", "anna"]),
        "given_name": st.sampled_from(["Anna", "Ben"]),
        "family_name": st.sampled_from(["Novak", "Kim"]),
        "job_title": st.sampled_from(["Analyst", "Clerk"]),
    },
)
_THING = st.tuples(
    st.sampled_from(["computer", "computer", "computer", "server", "hardware"]), HARDWARE_FIELDS | _CROWDED
)
RECORDS = _THING | _THING | _THING | st.tuples(st.just("person"), _PERSON)
SLOTS = [(source, f"k{n}") for source in sorted(ROLES) for n in range(3)]

Said = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class History:
    """Batches of (slot, class, fields, observed at); the last word on each slot is what is true in the end."""

    batches: list[list[tuple[tuple[str, str], str, dict[str, Any], int]]]

    def final(self) -> dict[tuple[str, str], tuple[str, dict[str, Any], int]]:
        """Return the last word on each slot."""
        return {slot: (cls, fields, at) for batch in self.batches for slot, cls, fields, at in batch}

    def play(self, world: World) -> None:
        """Let the sources say one batch after the other, each followed by a sync."""
        for batch in self.batches:
            for (source, key), cls, fields, at in batch:
                world.say(source, key, cls, at, **_of(cls, fields))
            world.update(*sorted({slot[0] for slot, *_ in batch}))


def _of(cls: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name in FIELDS[cls]}


def at_once(final: dict[tuple[str, str], tuple[str, dict[str, Any], int]], order: list[tuple[str, str]]) -> History:
    """Say everything in one batch, in some order of slots."""
    return History([[(slot, *final[slot]) for slot in order]])


@st.composite
def histories(draw: st.DrawFn, *, max_batches: int = 5, max_size: int = 6) -> History:
    """Draw adds, changes and removals (a record that loses its identifiers) in any batching; time never runs back."""
    batches = []
    for number in range(draw(st.integers(1, max_batches))):
        batch = []
        for slot in draw(st.lists(st.sampled_from(SLOTS), min_size=1, max_size=max_size, unique=True)):
            cls, fields = draw(RECORDS)
            if draw(st.integers(0, 5)) == 0:
                fields = {}
            batch.append((slot, cls, fields, draw(st.sampled_from([0, 1000 * (number + 1)]))))
        batches.append(batch)
    return History(batches)
