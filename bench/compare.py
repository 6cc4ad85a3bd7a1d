"""Measure the hub beside the floor: the least honest work that any hub has to do, in the same run on the same machine.

    python bench/compare.py [--size 10000] [--rounds 3] [--shared ../shared] [--out figures.json]

Builds an estate with ground truth, and lets the floor and the hub take it in by turns: a first full sync, the same
files again, one per cent changed, and every time stamp moved. CPU is user and system time; the floor tells its own,
that of the hub is the process less a `--noop` process. Seconds differ from machine to machine, the ratios hardly do.

Estate generator, floor and scoring live in the yardstick beside the project (`../shared/bench`); without it there is
nothing to compare with. The last line is JSON.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

_HERE = Path(__file__).resolve().parent
WORK = ("first", "unchanged", "one per cent", "stamps")
_FLOOR = dict(zip(WORK, ("first", "nochange", "pct1", "volatile"), strict=True))
_DATA = dict(zip(WORK, ("", "", "_m1", "_v"), strict=True))
_GOALS = dict(zip(WORK, (3.0, 2.0, 3.0, 2.0), strict=True))
_GOAL_MIB = 400


class Figures(NamedTuple):
    """What one process cost, and what it said last."""

    cpu: float
    peak_mib: float
    said: dict[str, Any]


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=10_000, help="devices; about 3.24 records each")
    parser.add_argument("--seed", type=int, default=42, help="of the estate")
    parser.add_argument("--rounds", type=int, default=3, help="the median counts")
    parser.add_argument("--shared", type=Path, default=_HERE.parents[1] / "shared", help="where the yardstick is")
    parser.add_argument("--out", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    yardstick = options.shared.resolve() / "bench"
    if not (yardstick / "floor_hub.py").is_file():
        sys.exit(f"The floor is not at {options.shared}/bench: nothing to compare with. Name its place with --shared.")
    home = Path(tempfile.mkdtemp(prefix="synchub-bench-", dir=os.environ.get("BENCH_HOME")))
    try:
        figures = Bench(yardstick, home, options.size, options.seed).run(options.rounds)
    finally:
        shutil.rmtree(home)
    print(table(figures))
    text = json.dumps(figures)
    if options.out:
        options.out.write_text(text + "\n")
    print(text)


class Bench:
    """One estate and the two that take it in.

    Args:
        yardstick: Directory of the generator and the floor.
        home: Empty directory for estate, states and results.
        size: Devices.
        seed: Of the estate.
    """

    def __init__(self, yardstick: Path, home: Path, size: int, seed: int) -> None:
        self.yardstick, self.home, self.size, self.seed = yardstick, home, size, seed
        self.data = home / "data" / "estate"
        self.state = home / "hub" / "state.db"
        self.floor_state = home / "data" / "_hub_estate.db"
        self.environment = {**os.environ, "BENCH_HOME": str(home), "PYTHONPATH": str(_HERE.parent)}

    def run(self, rounds: int) -> dict[str, Any]:
        """Measure everything `rounds` times, by turns; returns medians."""
        self._build()
        floor: dict[str, list[Figures]] = {work: [] for work in WORK}
        hub: dict[str, list[Figures]] = {work: [] for work in WORK}
        idle: list[Figures] = []
        for turn in range(rounds):
            print(f"round {turn + 1} of {rounds}", file=sys.stderr, flush=True)
            for work in WORK:
                floor[work].append(self._floor(work))
                hub[work].append(self._hub(work))
                idle.append(self._hub("unchanged", "--noop"))
        # Last of all: a process that was large passes its peak on to those it starts.
        quality = self._quality(floor["first"][-1].said)
        return self._figures(floor, hub, median(figures.cpu for figures in idle), quality)

    def _build(self) -> None:
        generator = [sys.executable, "-B", str(self.yardstick / "gen.py")]
        self._call([*generator, "build", "--n", str(self.size), "--seed", str(self.seed), "--out", str(self.data)])
        for suffix, changes in (("_m1", ["--pct", "1"]), ("_v", ["--pct", "0", "--volatile-pct", "100"])):
            copy = f"{self.data}{suffix}"
            self._call([*generator, "mutate", "--src", str(self.data), "--out", copy, "--seed", "7", *changes])

    def _call(self, command: list[str]) -> Figures:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, env=self.environment, cwd=self.home)
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        if process.returncode:
            sys.exit(f"{' '.join(command)} failed ({process.returncode}).")
        lines = [json.loads(line) for line in said.decode().splitlines() if line.startswith("{")]
        merged = {key: value for line in lines for key, value in line.items()}
        return Figures(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, merged | {"lines": lines})

    def _floor(self, work: str) -> Figures:
        """Run the floor on the state that its first run left."""
        kept = self.home / "floor.db"
        if work != "first":
            shutil.copy(kept, self.floor_state)
        command = [sys.executable, "-B", str(self.yardstick / "floor_hub.py"), _FLOOR[work], "--data", str(self.data)]
        figures = self._call(command)
        if work == "first":
            shutil.copy(self.floor_state, kept)
        total = next(line for line in figures.said["lines"] if str(line.get("phase", "")).endswith(":total"))
        return Figures(total["cpu_s"], total["peak_mb"], figures.said)

    def _hub(self, work: str, *flags: str) -> Figures:
        """Run the hub on the state that its first sync left."""
        kept = self.home / "kept"
        shutil.rmtree(self.state.parent, ignore_errors=True)
        if work == "first":
            self.state.parent.mkdir()
        else:
            shutil.copytree(kept, self.state.parent)
        data = f"{self.data}{_DATA[work]}"
        command = [sys.executable, str(_HERE / "run.py"), "--data", data, "--state", str(self.state), "--json", *flags]
        figures = self._call(command)
        if work == "first":
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(self.state.parent, kept)
        return figures

    def _quality(self, floor: dict[str, Any]) -> dict[str, Any]:
        """Score what the floor said of itself and what the hub's first sync left."""
        scoring = _module(self.yardstick / "evalm.py")
        truth = scoring.truth(str(self.data))
        entity = {(r["source"], r["key"]): r["entity"] for r in _lines(self.home / "kept" / "state.clusters.ndjson")}
        devices: dict[Any, set[str]] = {}
        for key, device in truth.items():
            devices.setdefault(entity.get(key), set()).add(device)
        pairs = [
            (p["a"], p["b"])
            for p in _lines(self.home / "kept" / "state.proposals.ndjson")
            if p["a"] in devices and p["b"] in devices
        ]
        union = scoring.UF()
        for a, b in pairs:
            union.u(a, b)
        proposed = {key: union.f(value) for key, value in entity.items()}
        keys = ("precision", "recall", "f1", "exact_device_pct")
        right = sum(not devices[a].isdisjoint(devices[b]) for a, b in pairs)
        return {
            "floor": {key: floor[key] for key in keys},
            "hub": {key: scoring.score(entity, truth)[key] for key in keys},
            "with proposals": {key: scoring.score(proposed, truth)[key] for key in keys},
            "proposals": len(pairs),
            "proposals_right": round(right / len(pairs), 4) if pairs else 1.0,
        }

    def _figures(
        self, floor: dict[str, list[Figures]], hub: dict[str, list[Figures]], idle: float, quality: dict[str, Any]
    ) -> dict[str, Any]:
        work: dict[str, Any] = {}
        for name in WORK:
            least = max(median(f.cpu for f in floor[name]), 0.01)  # the finest the floor tells
            ours = median(f.cpu for f in hub[name]) - idle
            stages = {s: median(f.said["cpu"].get(s, 0.0) for f in hub[name]) for s in hub[name][0].said["cpu"]}
            work[name] = {
                "floor_cpu": round(least, 3), "hub_cpu": round(ours, 3), "ratio": round(ours / least, 2),
                "goal": _GOALS[name], "floor_mib": round(median(f.peak_mib for f in floor[name])),
                "stages_ratio": round(sum(stages.values()) / least, 2),
                "hub_mib": round(max(f.peak_mib for f in hub[name])), "writes": hub[name][-1].said["writes"],
                "stages": stages,
            }  # fmt: skip
        records = hub["first"][0].said["read"]
        return {"devices": self.size, "records": records, "idle_cpu": round(idle, 3), "work": work, "quality": quality}


def table(figures: dict[str, Any]) -> str:
    """Write the figures as Markdown."""
    lines = [
        (
            f"{figures['devices']:,} devices, {figures['records']:,} records; the hub's start-up of "
            f"{figures['idle_cpu']:.2f} s is taken off."
        ),
        "",
        "| work | floor CPU s | hub CPU s | ratio | goal | floor peak MiB | hub peak MiB | writes |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in figures["work"].items():
        lines.append(
            f"| {name} | {row['floor_cpu']:.2f} | {row['hub_cpu']:.2f} | {row['ratio']:.1f} | <= {row['goal']:.0f} "
            f"| {row['floor_mib']} | {row['hub_mib']} (<= {_GOAL_MIB}) | {row['writes']:,} |"
        )
    quality = figures["quality"]
    lines += ["", "| match quality | precision | recall | F1 | exact devices |", "|---|---|---|---|---|"]
    for name in ("floor", "hub", "with proposals"):
        row = quality[name]
        values = f"{row['precision']:.4f} | {row['recall']:.4f} | {row['f1']:.4f} | {row['exact_device_pct']:.2f} %"
        lines.append(f"| {name} | {values} |")
    right = f"{quality['proposals_right']:.1%}"
    return "\n".join([*lines, "", f"{quality['proposals']} proposals, {right} right."])


def _lines(path: Path) -> list[dict[str, Any]]:
    with path.open("rb") as lines:
        return [json.loads(line) for line in lines]


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
