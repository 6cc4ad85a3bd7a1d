"""Sync a generated estate into a null target with the default configuration and the wiring of `sync`.

    python bench/run.py --data DIR --state FILE --json

Called again with the same state it is the unchanged run, with a changed directory the incremental one. `--noop` does
everything but the sync. The last line is JSON. Afterwards `synchub --config FILE.yaml explain|history|plan` works on
that state; the configuration is written beside it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import yaml

from bench.null_target import NullTarget
from synchub.engine.pull import pull
from synchub.engine.sync import deliver_step, identify_step, plan_step
from synchub.wiring import Hub, open_hub

_HERE = Path(__file__).parent
_STREAMS = {
    "erp": ("procurement", "purchase_order_lines", "procurement"),
    "hr": ("hr", "employees", "hr"),
    "mdm": ("mdm", "devices", "mdm"),
    "scan": ("discovery", "hosts", "discovery"),
}


def configuration(data: Path, state: Path) -> dict[str, object]:
    """Return the bench's configuration: four file sources of the yardstick's shape, the null target, no own rules."""
    return {
        "version": 1,
        "hub": {"id": "bench"},
        "state": f"sqlite:///{state.absolute()}",
        "sources": {
            name: {
                "connector": "files",
                "root": str(data.absolute()),
                "role": role,
                "streams": {stream: {"glob": f"{file}.ndjson", "complete_when": "always"}},
            }
            for name, (file, stream, role) in _STREAMS.items()
        },
        "guards": {"default": {}},  # counted, without limits: a first load of any size goes through
        "targets": {"null": {"connector": "null", "mode": "write", "path": state.with_suffix(".null.db").name}},
    }


def main() -> None:
    """Run one sync and print what it did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, required=True, help="directory with procurement, hr, mdm and discovery .ndjson"
    )
    parser.add_argument(
        "--state", type=Path, required=True, help="SQLite file of the state; the null target lives beside it"
    )
    parser.add_argument("--json", action="store_true", help="print nothing but the last line")
    parser.add_argument("--noop", action="store_true", help="do everything but the sync")
    options = parser.parse_args()
    options.state.parent.mkdir(parents=True, exist_ok=True)
    config = options.state.with_suffix(".yaml")
    config.write_text(yaml.safe_dump(configuration(options.data, options.state), sort_keys=False))
    hub = open_hub(config)
    target = NullTarget(options.state.with_suffix(".null.db"))
    hub.targets = {"null": target}
    result = sync(hub, target, noop=options.noop) | evidence(hub, options.state)
    hub.close()
    print(json.dumps(result))


def sync(hub: Hub, target: NullTarget, *, noop: bool) -> dict[str, object]:
    """Pull, identify, plan and deliver; `cpu` are seconds of this process by stage."""
    state, rules, clock = hub.state, hub.rules(), hub.clock
    read = changed = 0
    cpu: dict[str, float] = {}
    with hub.target_job("null") as job:
        run = state.runs.begin("bench", clock.now(), hub.loaded.fingerprint)
        for name, (_, stream, _) in _STREAMS.items():
            with hub.source(name) as source, _timed(cpu, "pull"):
                pulled = hub.pull_job(name, source, stream)
                if noop:
                    continue
                counts = pull(pulled, state.ledger, clock, run)
                read, changed = read + counts.read, changed + counts.new + counts.changed
        if not noop:
            with _timed(cpu, "identify"):
                identify_step(state, rules, clock, run)
            with _timed(cpu, "plan"):
                plan, report = plan_step(job, state, rules, clock, run)
            with _timed(cpu, "deliver"):
                deliver_step(job, state, plan, report, clock, run)
        state.runs.end(run, clock.now(), "done")
    entities = sum(state.entities.count().values())
    return {"read": read, "changed": changed, "entities": entities, "writes": target.writes, "cpu": cpu}


@contextmanager
def _timed(cpu: dict[str, float], stage: str) -> Iterator[None]:
    start = time.process_time()
    yield
    cpu[stage] = round(cpu.get(stage, 0.0) + time.process_time() - start, 3)


def evidence(hub: Hub, state: Path) -> dict[str, object]:
    """Write who belongs to whom, and the merges that are left to a person."""
    files = {name: file for name, (file, _, _) in _STREAMS.items()}
    clusters, proposals = state.with_suffix(".clusters.ndjson"), state.with_suffix(".proposals.ndjson")
    with clusters.open("wb") as out:
        for source, _, key, entity in hub.state.reports.membership():
            out.write(orjson.dumps({"source": files[source], "key": key, "entity": entity}) + b"\n")
    with proposals.open("w") as out:
        for proposal in hub.state.reports.proposals():
            out.write(json.dumps({"a": proposal["a"], "b": proposal["b"]}) + "\n")
    return {"clusters": str(clusters), "proposals": str(proposals)}


if __name__ == "__main__":
    sys.path.insert(0, str(_HERE.parent))
    main()
