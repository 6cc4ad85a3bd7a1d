"""Kill a hub at random moments, let it go on, and compare what it left with what an undisturbed hub leaves.

    make soak                                                    # both databases, 200 kills each, 5,000 devices
    python bench/soak.py --devices 500 --kills 12 --database sqlite

A real `synchub sync` process works between simulators over HTTP whose answers fail now and then (503, 429, time-outs
before and after the commit, truncated bodies). It is killed with SIGKILL while it pulls, reconciles, delivers, and
between the target's commit of a write and its answer; the next process goes on. When a day's sync has ended by itself
the next day comes: a fifth of the records changed, more devices. In the end the instance is compared, object by object
and field by field, with another one whose hub had the same days and was left alone. One line per database:

    sqlite kills=200 faults=312 lost=0 doubled=0 wrongly_retired=0

and exit code 1 unless all three are 0, no value differs, and each of the four kinds of moment had its share of kills.
Then comes a bad Monday (`bench/bad_monday.py`) with a line of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.bad_monday import bad_monday
from bench.soak_judge import Verdict, compare
from bench.soak_world import PHASES, Sync, Systems, attempt, day
from simulators.estate import Estate, build

_QUIET = 6  # syncs after the last day until nothing is written any more


class SoakError(Exception):
    """The soak itself cannot go on."""


def soak(
    folder: Path, databases: tuple[str, str], estate: Estate, kills: int, seed: int, days: int
) -> tuple[Verdict, Counter[str], int]:
    """Run one soak; returns the verdict, the kills by phase and the number of faults.

    Args:
        folder: Empty.
        databases: URLs of two empty databases, of the killed and the undisturbed hub.
        estate: What there is in the end.
        kills: At least so many, a quarter of them in each phase.
        seed: Of the moments.
        days: Over so many days; more follow while kills are missing.
    """
    chance, done, typical = random.Random(seed), Counter[str](), dict[str, float]()
    shared = frozenset(row["sys_id"] for rows in estate.servicenow.values() for row in rows)
    with Systems(folder / "killed", databases[0], estate) as killed:
        number = 0
        while number < days or (number < 3 * days and any(done[phase] * len(PHASES) < kills for phase in PHASES)):
            killed.show(day(estate, number, days))
            killed.disturb(on=True)
            _one_day(killed, chance, done, typical, -(-kills * min(number + 1, days) // (days * len(PHASES))))
            _say(f"day {number}: {dict(done)} kills, {killed.faults} faults, {killed.writes():,} records written")
            number += 1
        killed.disturb(on=False)
        _until_quiet(killed)
        with Systems(folder / "calm", databases[1], estate) as calm:
            for n in range(number):
                calm.show(day(estate, n, days))
                _whole(calm)
            _until_quiet(calm)
            for one in (killed, calm):
                one.snow.settle()
            return compare(killed.snow, calm.snow, shared), done, killed.faults


def _one_day(systems: Systems, chance: random.Random, done: Counter[str], typical: dict[str, float], each: int) -> None:
    """Kill until each phase has had so many kills, or nothing of the day is left to be killed in; then let one end."""
    missed: set[str] = set()
    while wanted := [p for p in PHASES if done[p] < each and p not in missed]:
        phase = min(wanted, key=lambda p: (done[p], chance.random()))
        sync = attempt(systems, phase, chance, typical)
        if sync.killed_in:
            done[sync.killed_in] += 1
        else:
            missed.add(phase)
    _whole(systems)


def _whole(systems: Systems) -> Sync:
    """Let a sync end; faults may stop one that stands at its end, then another follows."""
    for _ in range(10):
        sync = Sync(systems)
        if sync.wait(1800) in (0, 4, 5):
            return sync
    raise SoakError("\n".join(["no sync ends by itself:", *sync.said[-5:]]))


def _until_quiet(systems: Systems) -> None:
    for _ in range(_QUIET):
        before = systems.writes()
        _whole(systems)
        if systems.writes() == before:
            return
    raise SoakError(f"after {_QUIET} syncs without a change the hub still writes")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def databases(kind: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Provide two empty databases."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/killed.db", f"sqlite:///{folder}/calm.db"
        return
    from tests.support.postgres import PostgresServer

    server = PostgresServer()
    try:
        yield server.create("killed"), server.create("calm")
    finally:
        server.stop()


def main() -> int:
    """Run the soak on each database asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=5_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--monday", type=int, default=30, help="kills of a bad Monday afterwards; 0 for none")
    options = parser.parse_args()
    estate = build(seed=options.seed, people=max(options.devices * 2 // 3, 10), devices=options.devices)
    good = True
    for kind in ("sqlite", "postgresql") if options.database == "both" else (options.database,):
        folder = Path(tempfile.mkdtemp(prefix="synchub-soak-"))
        with databases(kind, folder) as urls:
            verdict, done, faults = soak(folder, urls, estate, options.kills, options.seed, options.days)
        for line in verdict.examples:
            _say(f"  {line}")
        shutil.rmtree(folder)
        share = all(done[phase] * len(PHASES) >= options.kills for phase in PHASES)
        print(f"# {kind}: {verdict.objects:,} objects compared, {verdict.wrong} with other values, kills {dict(done)}")
        print(
            f"{kind} kills={done.total()} faults={faults} lost={verdict.lost} doubled={verdict.doubled}"
            f" wrongly_retired={verdict.retired}",
            flush=True,
        )
        good = good and verdict.equal and share and done.total() >= options.kills
    if options.monday:
        found = bad_monday(Path(tempfile.mkdtemp(prefix="synchub-monday-")), options.monday)
        print(found, flush=True)
        good = good and found.good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
