"""The demo from end to end: simulators, Prefect server, flow, delivery, audit. Small, so that it fits into CI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_SMALL = (
    "import sys; from pathlib import Path; from synchub.demo import run; "
    "sys.exit(run(True, Path(sys.argv[1]), people=60, devices=90))"
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], list[str], Path]:
    """Run the demo once; returns its JSON line, what it said meanwhile, and its folder."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    done = subprocess.run(
        [sys.executable, "-c", _SMALL, str(folder)],
        capture_output=True, text=True, timeout=420, check=False, env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    lines = done.stdout.strip().splitlines()
    assert len(lines) == 1, "exactly one line on stdout"
    return json.loads(lines[0]), done.stderr.splitlines(), folder


@pytest.mark.prefect
@pytest.mark.slow
class TestDemo:
    """What the demo promises."""

    def test_shape_of_the_json_line(self, demo: tuple[dict[str, Any], list[str], Path]) -> None:
        """The line names three runs with the agreed figures."""
        runs = demo[0]["runs"]

        assert ["first", "unchanged", "one_percent"] == [run["name"] for run in runs]
        for run in runs:
            assert {"name", "records", "changed", "entities", "seconds", "targets"} == set(run)
            promised = {"create", "update", "retire", "delete", "unchanged", "failed", "held", "conflicts", "requests"}
            assert promised <= set(run["targets"]["snow"])

    def test_first_run_fills_the_target(self, demo: tuple[dict[str, Any], list[str], Path]) -> None:
        """The first run creates and updates, and nothing fails."""
        first = demo[0]["runs"][0]["targets"]["snow"]

        assert first["create"] > 50
        assert first["update"] > 20
        assert first["failed"] == 0

    def test_unchanged_run_writes_nothing(self, demo: tuple[dict[str, Any], list[str], Path]) -> None:
        """The second run sends no write at all, by the target's own log."""
        unchanged = demo[0]["runs"][1]

        assert unchanged["changed"] == 0
        assert (0, 0, 0, 0) == tuple(unchanged["targets"]["snow"][k] for k in ("create", "update", "delete", "writes"))

    def test_one_percent_writes_little(self, demo: tuple[dict[str, Any], list[str], Path]) -> None:
        """A change of one per cent at the sources writes a few records, and deletes none."""
        changed = demo[0]["runs"][2]

        assert 0 < changed["changed"] < 20
        assert changed["targets"]["snow"]["create"] == 0
        assert changed["targets"]["snow"]["delete"] == 0
        assert changed["targets"]["snow"]["writes"] <= 2 * changed["changed"] + 4

    def test_no_takeover_and_no_overwrite(self, demo: tuple[dict[str, Any], list[str], Path]) -> None:
        """The auditor finds no name taken over and no value of other people overwritten, in any run."""
        said = [line.strip() for line in demo[1]]

        assert 3 == sum(line.startswith("name takeovers") and line.split()[2] == "0" for line in said)
        assert 3 == sum(line.startswith("overwritten") and line.split()[1] == "0" for line in said)

    def test_prefect_knows_the_runs(self, demo: tuple[dict[str, Any], list[str], Path]) -> None:
        """Each run names its flow run, completed by Prefect's own word."""
        assert 3 == sum("Prefect flow run" in line and line.endswith("Completed") for line in demo[1])

    def test_no_secret_is_left_behind(self, demo: tuple[dict[str, Any], list[str], Path]) -> None:
        """The credentials of the simulated systems stand in no file that a run leaves and in no line it says."""
        secrets = (b"hub-client-secret", b"simulated-secret", b"simulated-bamboohr-key")
        found = [
            path.name for path in demo[2].rglob("*") if path.is_file() and any(s in path.read_bytes() for s in secrets)
        ]

        assert [] == found
        assert not any(s.decode() in line for s in secrets for line in demo[1])

    def test_explain_answers_afterwards(self, demo: tuple[dict[str, Any], list[str], Path]) -> None:
        """The demo explains a contested field: who won, who lost, what the target holds."""
        text = "\n".join(demo[1])

        assert "=== explain: a contested field ===" in text
        assert "WON" in text
        assert "TARGETS" in text
