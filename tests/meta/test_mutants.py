"""Deliberately wrong connectors: each must turn the test red that is there to catch it.

Says that the conformance kit can fail. The mutants stand in `tests/meta/mutants/`; `tests/meta/mutate.py` says how to
add one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SHARED
from tests.meta.mutate import Mutant, StaleMutantError, apply_mutant, copy_project, read_mutant

MUTANTS = [read_mutant(path) for path in sorted((Path(__file__).parent / "mutants").glob("*.patch"))]


def _pytest(folder: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV"))}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "SYNCHUB_SHARED": str(SHARED), "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider", *tests],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project as it is."""
    return copy_project(tmp_path_factory.mktemp("unchanged"))


def test_unchanged_code_passes_the_same_tests(copied: Path) -> None:
    """In an unbent copy the named tests are green, so that red means the mutant and not the copying."""
    done = _pytest(copied, *sorted({mutant.test for mutant in MUTANTS}))

    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_is_caught(mutant: Mutant, tmp_path: Path) -> None:
    """The named test fails, and fails as a test does (exit code 1), when the mistake is made."""
    folder = copy_project(tmp_path / "bent")
    apply_mutant(mutant, folder)

    done = _pytest(folder, mutant.test)

    assert done.returncode == 1, (
        f"{mutant.wrong}: {mutant.test} did not notice\n{done.stdout[-2000:]}{done.stderr[-500:]}"
    )


def test_there_are_enough() -> None:
    """At least ten wrong connectors, each with a mistake of its own."""
    assert len(MUTANTS) >= 10
    assert len({mutant.wrong for mutant in MUTANTS}) == len(MUTANTS)


def test_stale_mutant_is_noticed(tmp_path: Path) -> None:
    """A patch whose lines are gone is an error, not a mutant that was caught."""
    (tmp_path / "code.py").write_text("a = 1\n")
    mutant = Mutant("x", "y", "z", (("code.py", "b = 1", "b = 2"),))

    with pytest.raises(StaleMutantError, match="0 times"):
        apply_mutant(mutant, tmp_path)
