"""Deliberate mistakes in connectors, and in the laws of the hub (`law_…`): each turns the test red that is to catch it.

Says that the conformance kit and the tests of the laws can fail. The mutants stand in `tests/meta/mutants/`;
`tests/meta/mutate.py` says how to
add one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import SHARED
from tests.meta.mutate import Mutant, StaleMutantError, apply_mutant, copy_project, read_mutant

MUTANTS = [read_mutant(path) for path in sorted((Path(__file__).parent / "mutants").glob("*.patch"))]


def _pytest(folder: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV"))}
    environment |= {
        "PYTHONDONTWRITEBYTECODE": "1", "SYNCHUB_SHARED": str(SHARED), "PYTHONPATH": str(folder),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider", *tests],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def _run_bent(mutant: Mutant, folder: Path) -> subprocess.CompletedProcess[str]:
    apply_mutant(mutant, copy_project(folder))
    return _pytest(folder, mutant.test)


Verdicts = Callable[[Mutant], "Future[subprocess.CompletedProcess[str]]"]


@pytest.fixture(scope="module")
def verdicts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Verdicts]:
    """Runs the mutants that were asked for, two at a time; one where pytest itself runs in several processes."""
    alone = "PYTEST_XDIST_WORKER" in os.environ
    asked = [item.callspec.params.get("mutant") for item in request.session.items if hasattr(item, "callspec")]
    running: dict[str, Future[subprocess.CompletedProcess[str]]] = {}
    with ThreadPoolExecutor(1 if alone else 2) as pool:

        def verdict(mutant: Mutant) -> Future[subprocess.CompletedProcess[str]]:
            wanted = [mutant] if alone else [m for m in MUTANTS if m in asked]
            for each in wanted:
                if each.name not in running:
                    running[each.name] = pool.submit(_run_bent, each, tmp_path_factory.mktemp(each.name) / "bent")
            return running[mutant.name]

        yield verdict


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project as it is."""
    return copy_project(tmp_path_factory.mktemp("unchanged") / "copy")


def test_unchanged_code_passes_the_same_tests(copied: Path) -> None:
    """In an unbent copy the named tests are green, so that red means the mutant and not the copying."""
    done = _pytest(copied, *sorted({mutant.test for mutant in MUTANTS}))

    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_is_caught(mutant: Mutant, verdicts: Verdicts) -> None:
    """The named test fails, and fails as a test does (exit code 1), when the mistake is made."""
    done = verdicts(mutant).result()

    told = f"{done.stdout[-2000:]}{done.stderr[-500:]}"
    assert done.returncode == 1, f"{mutant.wrong}: {mutant.test} did not notice\n{told}"


def test_there_are_enough() -> None:
    """At least ten wrong connectors and 25 laws of the hub that are broken, each with a mistake of its own."""
    laws = [mutant for mutant in MUTANTS if mutant.name.startswith("law_")]
    assert len(laws) >= 25
    assert len(MUTANTS) - len(laws) >= 10
    assert len({mutant.hunks for mutant in MUTANTS}) == len(MUTANTS)


def test_stale_mutant_is_noticed(tmp_path: Path) -> None:
    """A patch whose lines are gone is an error, not a mutant that was caught."""
    (tmp_path / "code.py").write_text("a = 1\n")
    mutant = Mutant("x", "y", "z", (("code.py", "b = 1", "b = 2"),))

    with pytest.raises(StaleMutantError, match="0 times"):
        apply_mutant(mutant, tmp_path)
