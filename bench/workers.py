"""Measure one first sync on PostgreSQL with one worker process and with several.

    python bench/workers.py --data DIR --state postgresql://… [--workers 2]

DIR has the shape of the yardstick's estate (procurement, hr, mdm, discovery). The database is emptied before each
sync. The pieces are those of the flow `sync` with `workers`: a source each, and a part of the plan each; identification
and planning are one piece. Prefect itself is left out. Two workers need more than two cores to be twice as fast: the
database and the null target take theirs. The last line is JSON: wall seconds by stage.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import yaml

from bench.run import configuration
from state.schema import metadata
from synchub.sharing import SharedRun, can_spread, deliver_part, finish_target, plan_for_parts, read_ticket
from synchub.steps import begin_run, end_run, exclusive, identify_all, pull_source
from synchub.wiring import Hub, open_hub

_SOURCES = ("mdm", "scan", "erp", "hr")


def main() -> None:
    """Sync with one worker, then with several."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the estate")
    parser.add_argument("--state", required=True, help="URL of a PostgreSQL database that may be emptied")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    figures = {count: measure(options.data, options.state, count) for count in sorted({1, options.workers})}
    stages = list(figures[1])
    print(f"| workers | {' | '.join(stages)} | all |\n|---|{'--:|' * (len(stages) + 1)}")
    for count, took in figures.items():
        print(f"| {count} | {' | '.join(f'{took[s]:.1f}' for s in stages)} | {sum(took.values()):.1f} |")
    print(json.dumps(figures))


def measure(data: Path, state: str, workers: int) -> dict[str, float]:
    """Sync an estate into an empty state; returns wall seconds by stage."""
    folder = Path(tempfile.mkdtemp(prefix="synchub-workers-"))
    config = folder / "synchub.yaml"
    config.write_text(yaml.safe_dump({**configuration(data, folder / "state.db"), "state": state}, sort_keys=False))
    took: dict[str, float] = {}
    hub = open_hub(config)
    try:
        can_spread(hub)
        _empty(hub)
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            list(pool.map(_open, [config] * workers))  # imports are not part of the work
            _sync(hub, config, pool, workers, took)
    finally:
        hub.close()
        shutil.rmtree(folder)
    return took


def _sync(hub: Hub, config: Path, pool: ProcessPoolExecutor, workers: int, took: dict[str, float]) -> None:
    with exclusive(hub) as lease:
        run = begin_run(hub, "bench")
        ticket = SharedRun(hub, run, lease).ticket
        with _timed(took, "pull"):
            list(pool.map(_piece, [(config, ticket, "pull", (name,)) for name in _SOURCES]))
        with _timed(took, "identify"):
            identify_all(hub, run)
        with _timed(took, "plan"):
            token = plan_for_parts(hub, "null", run)
        with _timed(took, "deliver"):
            parts = [(token, f"{n + 1}/{workers}") for n in range(workers)]
            list(pool.map(_piece, [(config, ticket, "deliver", part) for part in parts]))
            finish_target(hub, "null", str(token), run)
        end_run(hub, run, "done")


def _empty(hub: Hub) -> None:
    with hub.state.database.engine.begin() as connection:
        for table in metadata.sorted_tables:
            connection.exec_driver_sql(f"truncate {table.name}")


@contextmanager
def _timed(took: dict[str, float], stage: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    took[stage] = round(time.monotonic() - begun, 2)


def _open(config: Path) -> None:
    open_hub(config).close()


def _piece(task: tuple[Path, str, str, tuple[str, ...]]) -> None:
    config, ticket, kind, words = task
    run, lease = read_ticket(ticket)
    hub = open_hub(config)
    hub.state.runs.work_under("sync", lease)
    try:
        if kind == "pull":
            pull_source(hub, words[0], run)
        else:
            deliver_part(hub, words[0], words[1], run)
    finally:
        hub.close()


if __name__ == "__main__":
    main()
