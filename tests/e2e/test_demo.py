"""The demo from end to end: simulators, Prefect server, flow, delivery, audit. Small, so that it fits into CI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

_SMALL = (
    "import sys; from pathlib import Path; from synchub.demo import run; "
    "sys.exit(run(True, Path(sys.argv[1]), people=60, devices=90))"
)

Demo = tuple[dict[str, Any], list[str], Path, list[float]]
TARGETS = ("snow", "assets")


def _heading(said: list[str], run: str) -> str:
    return next(line for line in said if line.startswith(f"=== {run} ==="))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Run the demo once; returns its JSON line, what it said meanwhile, its folder, and the seconds between lines."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    printed = tmp_path_factory.mktemp("out") / "stdout"
    said, gaps, last = [], [], time.monotonic()
    with printed.open("w") as out, subprocess.Popen(
        [sys.executable, "-c", _SMALL, str(folder)], stdout=out, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    ) as running:  # fmt: skip
        limit = threading.Timer(420, running.kill)
        limit.start()
        for line in running.stderr or ():
            gaps.append(time.monotonic() - last)
            last = time.monotonic()
            said.append(line.rstrip("\n"))
        limit.cancel()
    assert running.returncode == 0, "\n".join(said)[-3000:]
    lines = printed.read_text().strip().splitlines()
    assert len(lines) == 1, "exactly one line on stdout"
    return json.loads(lines[0]), said, folder, gaps


@pytest.mark.prefect
@pytest.mark.slow
class TestDemo:
    """What the demo promises."""

    def test_shape_of_the_json_line(self, demo: Demo) -> None:
        """The line names three runs with the agreed figures for each target by its name."""
        runs = demo[0]["runs"]

        assert ["first", "unchanged", "one_percent"] == [run["name"] for run in runs]
        for run in runs:
            assert {"name", "records", "changed", "entities", "seconds", "targets"} == set(run)
            assert ["snow", "assets"] == list(run["targets"])
            promised = {"create", "update", "retire", "delete", "unchanged", "failed", "held", "conflicts", "requests"}
            assert all(promised <= set(figures) for figures in run["targets"].values())

    def test_four_kinds_of_source_are_read(self, demo: Demo) -> None:
        """Files, HR and device management over HTTP, agents: each is named and brings records at first."""
        said = demo[1]
        first = [line.split() for line in said[: said.index(_heading(said, "unchanged"))] if line.startswith("read ")]
        new = {words[1]: int(words[words.index("new") + 1].replace(",", "")) for words in first}

        assert {"erp", "hr", "mdm", "scan"} == set(new)
        assert all(count > 30 for count in new.values())
        for name, kind in (("erp", "files"), ("hr", "BambooHR"), ("mdm", "Intune"), ("scan", "agents")):
            assert any(line.split()[:1] == [name] and kind in line for line in said), name

    @pytest.mark.parametrize("target", TARGETS)
    def test_first_run_fills_the_target(self, demo: Demo, target: str) -> None:
        """The first run creates and updates, and nothing fails."""
        first = demo[0]["runs"][0]["targets"][target]

        assert first["create"] > 50
        assert first["update"] > 20
        assert first["failed"] == 0

    @pytest.mark.parametrize("target", TARGETS)
    def test_unchanged_run_writes_nothing(self, demo: Demo, target: str) -> None:
        """The second run sends no write at all, by the target's own log."""
        unchanged = demo[0]["runs"][1]

        assert unchanged["changed"] == 0
        assert (0, 0, 0, 0) == tuple(unchanged["targets"][target][k] for k in ("create", "update", "delete", "writes"))

    @pytest.mark.parametrize("target", TARGETS)
    def test_one_percent_writes_little(self, demo: Demo, target: str) -> None:
        """A change of one per cent at the sources writes a few records, and deletes none."""
        changed = demo[0]["runs"][2]
        figures = changed["targets"][target]

        assert 0 < changed["changed"] < 20
        assert (0, 0) == (figures["create"], figures["delete"])
        assert 0 < figures["writes"] <= 2 * changed["changed"] + 4

    def test_no_takeover_and_no_overwrite(self, demo: Demo) -> None:
        """The auditors find no name taken over and no value of other people overwritten, in any run of any target."""
        said = [line.strip() for line in demo[1]]

        assert 6 == sum(line.startswith("name takeovers") and line.split()[2] == "0" for line in said)
        assert 6 == sum(line.startswith("overwritten") and line.split()[1] == "0" for line in said)

    def test_prefect_knows_the_runs(self, demo: Demo) -> None:
        """Each run names its flow run, completed by Prefect's own word."""
        assert 3 == sum("Prefect flow run" in line and line.endswith("Completed") for line in demo[1])

    def test_the_one_percent_run_is_undone(self, demo: Demo) -> None:
        """Field for field, by the targets' own tables, and the next sync plans and writes nothing."""
        undone = demo[0]["rollback"]

        assert undone["run"] == 3
        assert all(undone["fields"][target] > 0 for target in TARGETS)
        assert {"snow": 0, "assets": 0} == undone["differences"]
        assert {"planned": 0, "written": 0} == undone["next"]["snow"] == undone["next"]["assets"]
        assert any("fields restored" in line for line in demo[1])

    def test_targets_are_compared(self, demo: Demo) -> None:
        """At the end stands how many things are in both targets and how much of them is equal."""
        said = demo[1]
        [line] = [line for line in said if line.startswith("snow and assets: ")]

        both = int(line.split()[3].replace(",", ""))
        share = float(line.split(" fields, ")[1].split(" %")[0])
        assert both > 100
        assert 50 < share <= 100

    def test_it_is_never_silent_for_long(self, demo: Demo) -> None:
        """A line every few seconds: five are promised, the rest is for a machine that runs other tests meanwhile."""
        assert max(demo[3]) < 8

    def test_no_secret_is_left_behind(self, demo: Demo) -> None:
        """The credentials of the simulated systems stand in no file that a run leaves and in no line it says."""
        secrets = (b"hub-client-secret", b"simulated-secret", b"simulated-bamboohr-key", b"hub-token")
        found = [
            path.name for path in demo[2].rglob("*") if path.is_file() and any(s in path.read_bytes() for s in secrets)
        ]

        assert [] == found
        assert not any(s.decode() in line for s in secrets for line in demo[1])

    def test_explain_answers_afterwards(self, demo: Demo) -> None:
        """The demo explains a contested field: who won, who lost, what the target holds."""
        text = "\n".join(demo[1])

        assert "=== explain: a contested field ===" in text
        assert "WON" in text
        assert "TARGETS" in text
