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
from pathlib import Path

import yaml

from bench.null_target import NullTarget
from mapping.target import load_target_map
from synchub.engine.pull import pull
from synchub.engine.sync import identify_step, target_step
from synchub.wiring import Hub, open_hub

_HERE = Path(__file__).parent
_STREAMS = {
    "erp": ("procurement", "purchase_order_lines", "procurement"),
    "hr": ("hr", "employees", "hr"),
    "mdm": ("mdm", "devices", "mdm"),
    "scan": ("discovery", "hosts", "discovery"),
}


def configuration(data: Path, state: Path) -> dict[str, object]:
    """Return the configuration of the bench: four file sources of the yardstick's shape, the null target, no own rules."""
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
        "targets": {"null": {"connector": "null", "mode": "write"}},
    }


def main() -> None:
    """Run one sync and print what it did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="directory with procurement, hr, mdm and discovery .ndjson")
    parser.add_argument("--state", type=Path, required=True, help="SQLite file of the state; the null target lives beside it")
    parser.add_argument("--json", action="store_true", help="print nothing but the last line")
    parser.add_argument("--noop", action="store_true", help="do everything but the sync")
    options = parser.parse_args()
    options.state.parent.mkdir(parents=True, exist_ok=True)
    config = options.state.with_suffix(".yaml")
    config.write_text(yaml.safe_dump(configuration(options.data, options.state), sort_keys=False))
    hub = open_hub(config)
    target = NullTarget(options.state.with_suffix(".null.db"))
    hub.targets = {"null": target}
    hub.target_maps = {"null": load_target_map([_HERE / "maps" / "null.yaml"])}
    say = (lambda *_: None) if options.json else (lambda what, done, _total: print(f"{what}: {done:,}", file=sys.stderr))
    result = sync(hub, target, noop=options.noop, say=say)
    if not options.noop:
        result |= evidence(hub, options.state)
    hub.close()
    print(json.dumps(result))


def sync(hub: Hub, target: NullTarget, *, noop: bool, say: object) -> dict[str, object]:
    """Pull, identify, plan and deliver."""
    state, rules, clock = hub.state, hub.rules(), hub.clock
    read = changed = 0
    with hub.target_job("null") as job:
        run = state.runs.begin("bench", clock.now(), hub.loaded.fingerprint)
        for name, (_, stream, _) in _STREAMS.items():
            with hub.source(name) as source:
                pulled = hub.pull_job(name, source, stream)
                if noop:
                    continue
                counts = pull(pulled, state.ledger, clock, run)
                read, changed = read + counts.read, changed + counts.new + counts.changed
        if not noop:
            identify_step(state, rules, clock, run)
            target_step(job, state, rules, clock, run)
        state.runs.end(run, clock.now(), "done")
        return {"read": read, "changed": changed, "entities": sum(state.entities.count().values()), "writes": target.writes}


def evidence(hub: Hub, state: Path) -> dict[str, object]:
    """Write who belongs to whom, and the merges that are left to a person."""
    files = {name: file for name, (file, _, _) in _STREAMS.items()}
    clusters, proposals = state.with_suffix(".clusters.ndjson"), state.with_suffix(".proposals.ndjson")
    with clusters.open("w") as out:
        for source, _, key, entity in hub.state.reports.membership():
            out.write(json.dumps({"source": files[source], "key": key, "entity": entity}) + "\n")
    with proposals.open("w") as out:
        for proposal in hub.state.reports.proposals():
            out.write(json.dumps({"a": proposal["a"], "b": proposal["b"]}) + "\n")
    return {"clusters": str(clusters), "proposals": str(proposals)}


if __name__ == "__main__":
    sys.path.insert(0, str(_HERE.parent))
    main()
