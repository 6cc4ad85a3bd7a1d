"""Match quality of the pure identification over a generated estate with ground truth.

    python bench/quality.py --data DIR [--show 20] [--json]

DIR holds `procurement.ndjson`, `mdm.ndjson`, `discovery.ndjson` and `truth.ndjson` (`{source, key, device}`), as the
yardstick's generator writes them. Prints pairwise precision, recall and F1 of the automatic merges, the same with the
proposals applied, how many proposals are right, and CPU microseconds per record of each step. Beside it a plain rule
cascade, so that the figures have something to stand next to. With `--show` it prints wrong merges in full.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from mapping.loader import load_map
from synchub.domain.model import family_of
from synchub.domain.records import Contribution
from synchub.reconcile.cluster import Cluster, cluster
from synchub.reconcile.identifiers import JOINING, identifier_hash, identifiers, limit
from synchub.reconcile.proposals import Proposal, propose, proposing_keys, summarise
from synchub.reconcile.steps import default_steps

Key = tuple[str, str]
MAPS = {"procurement": "purchase_order_lines", "mdm": "devices", "discovery": "hosts"}


def load(data: Path) -> list[Contribution]:
    """Map every device record of an estate with the shipped field maps."""
    folder = Path(__file__).parents[1] / "connectors" / "files" / "maps"
    out: list[Contribution] = []
    for source, name in MAPS.items():
        mapper = load_map(folder / f"{name}.yaml")
        with (data / f"{source}.ndjson").open("rb") as lines:
            for line in lines:
                r = mapper.map(orjson.loads(line))
                if r is not None:
                    out.append(Contribution(len(out) + 1, source, name, r.key, r.cls, r.fields, r.observed_at))
    return out


def truth(data: Path) -> dict[Key, str]:
    """Read which device each record is of."""
    with (data / "truth.ndjson").open("rb") as lines:
        rows = (orjson.loads(line) for line in lines)
        return {(r["source"], r["key"]): r["device"] for r in rows if r["source"] in MAPS}


# --- scores -----------------------------------------------------------------------------------------------------------


def _pairs(counts: Iterable[int]) -> int:
    return sum(n * (n - 1) // 2 for n in counts)


def score(found: Mapping[Key, Hashable], true: Mapping[Key, str]) -> dict[str, float]:
    """Score a clustering by pairs of records."""
    predicted = Counter(found[k] for k in true)
    real = Counter(true.values())
    both = Counter((found[k], d) for k, d in true.items())
    hit, claimed, wanted = _pairs(both.values()), _pairs(predicted.values()), _pairs(real.values())
    p, r = hit / claimed if claimed else 1.0, hit / wanted if wanted else 1.0
    return {"precision": round(p, 5), "recall": round(r, 5), "f1": round(2 * p * r / (p + r), 5) if p + r else 0.0}


class Groups:
    """Union-find over anything hashable."""

    def __init__(self) -> None:
        self._up: dict[Hashable, Hashable] = {}

    def find(self, x: Hashable) -> Hashable:
        """Return the representative of `x`."""
        up = self._up
        while up.setdefault(x, x) != x:
            up[x] = up[up[x]]
            x = up[x]
        return x

    def unite(self, a: Hashable, b: Hashable) -> None:
        """Put `a` and `b` into one group."""
        self._up[self.find(a)] = self.find(b)


# --- the pure path ----------------------------------------------------------------------------------------------------


class Clock:
    """CPU seconds by step."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    def measure(self, name: str, start: float) -> float:
        """Book the time since `start`; returns now."""
        now = time.process_time()
        self.spent[name] = self.spent.get(name, 0.0) + now - start
        return now


def components(records: list[Contribution], clock: Clock) -> tuple[list[list[Contribution]], set[int]]:
    """Split the records into components of shared, eligible identifiers; returns them and the shared hashes."""
    start = time.process_time()
    held: dict[int, list[int]] = defaultdict(list)
    kinds: dict[int, int] = {}
    for i, record in enumerate(records):
        for kind, value in identifiers(record.cls, record.fields):
            if kind in JOINING:
                key = identifier_hash(kind, value)
                held[key].append(i)
                kinds[key] = kind
    start = clock.measure("identifiers", start)
    shared = {key for key, holders in held.items() if len(holders) > limit(kinds[key])}
    groups = Groups()
    for key, holders in held.items():
        if key not in shared:
            for other in holders[1:]:
                groups.unite(holders[0], other)
    parts: dict[Hashable, list[Contribution]] = defaultdict(list)
    for i, record in enumerate(records):
        parts[groups.find(i)].append(record)
    clock.measure("components", start)
    return list(parts.values()), shared


def proposals(entities: list[Cluster], clock: Clock) -> list[Proposal]:
    """Propose merges between all clusters; entity ids are positions in the list."""
    start = time.process_time()
    every = {r.source for c in entities for r in c.members}
    summaries = [summarise(n, c.members) for n, c in enumerate(entities)]
    holders: dict[tuple[int, str], list[int]] = defaultdict(list)
    for summary in summaries:
        for pair in proposing_keys(summary):
            holders[pair].append(summary.entity)
    out: set[Proposal] = set()
    for (kind, _), members in holders.items():
        if 1 < len(members) <= limit(kind) and sum(summaries[n].sources != every for n in members) > 1:
            out.update(propose([summaries[n] for n in members], kind))
    clock.measure("proposals", start)
    return sorted(out)


def by_family(part: Sequence[Contribution]) -> Iterator[list[Contribution]]:
    """Split a component by family: order lines that are no device are clusters of their own."""
    devices = [r for r in part if family_of(r.cls) == "hardware"]
    if devices:
        yield devices
    for r in part:
        if family_of(r.cls) != "hardware":
            yield [r]


def cascade(records: list[Contribution]) -> dict[Key, Hashable]:
    """Join by serial, then asset tag, then MAC with host name, asking nothing: what a script would do."""
    first: dict[Hashable, Key] = {}
    groups = Groups()
    for r in records:
        f, me = r.fields, (r.source, r.key)
        keys: list[Hashable] = [("s", f["serial_number"])] if len(f.get("serial_number", "")) > 5 else []
        keys += [("t", f["asset_tag"])] if "asset_tag" in f else []
        keys += [("m", m, f.get("hostname")) for m in f.get("mac_addresses", ())]
        for key in keys:
            groups.unite(first.setdefault(key, me), me)
    return {(r.source, r.key): groups.find((r.source, r.key)) for r in records}


def _wrong(entities: list[Cluster], true: Mapping[Key, str]) -> Iterator[str]:
    for c in entities:
        devices = Counter(true[r.source, r.key] for r in c.members)
        if len(devices) > 1:
            lines = [f"  {true[r.source, r.key]} {r.source:12} {json.dumps(r.fields)}" for r in c.members]
            edges = [f"  -- {e.why} {e.value}" for e in c.edges]
            yield "\n".join(["wrong merge", *lines, *edges])


def run(data: Path, show: int = 0) -> dict[str, Any]:
    """Measure one estate."""
    clock = Clock()
    records, true = load(data), truth(data)
    parts, shared = components(records, clock)
    start = time.process_time()
    rules = default_steps("hardware")
    entities = [c for part in parts for some in by_family(part) for c in cluster(some, shared=shared, rules=rules)]
    clock.measure("cluster", start)
    found: dict[Key, Hashable] = {(r.source, r.key): n for n, c in enumerate(entities) for r in c.members}
    asked = proposals(entities, clock)
    owners = [Counter(true[r.source, r.key] for r in c.members).most_common(1)[0][0] for c in entities]
    right = [p for p in asked if owners[p.a] == owners[p.b]]
    merged = Groups()
    for p in asked:
        merged.unite(p.a, p.b)
    by_why = {why: [sum(p.why == why for p in right), n] for why, n in Counter(p.why for p in asked).items()}
    for text in list(_wrong(entities, true))[:show]:
        print(text, file=sys.stderr)
    return {
        "data": data.name,
        "records": len(records),
        "components": len(parts),
        "largest": max(map(len, parts)),
        "entities": len(entities),
        "automatic": score(found, true),
        "with_proposals": score({k: merged.find(n) for k, n in found.items()}, true),
        "proposals": {"all": len(asked), "right": round(len(right) / max(1, len(asked)), 4), "by_why": by_why},
        "plain_cascade": score(cascade(records), true),
        "microseconds_per_record": {k: round(v / len(records) * 1e6, 1) for k, v in clock.spent.items()},
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, nargs="+")
    parser.add_argument("--show", type=int, default=0)
    arguments = parser.parse_args()
    for data in arguments.data:
        print(json.dumps(run(data, arguments.show)), flush=True)


if __name__ == "__main__":
    main()
