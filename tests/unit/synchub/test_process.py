"""Whose lease need not be waited for: a process of this system that has ended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from synchub.process import has_died, owner
from synchub.settings.load import Loaded
from synchub.steps import exclusive
from synchub.wiring import Hub
from tests.support.fakes import FakeClock

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when a process began")
_NAME = "from synchub.process import owner; print(owner(), flush=True); input()"


def _another() -> tuple[subprocess.Popen[str], str]:
    child = subprocess.Popen([sys.executable, "-c", _NAME], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    return child, child.stdout.readline().strip()


def test_a_living_owner_has_not_died() -> None:
    """Neither this process nor another one that runs."""
    child, name = _another()
    try:
        assert not has_died(owner())
        assert not has_died(name)
    finally:
        child.communicate("\n")


def test_a_killed_owner_has_died_even_before_it_is_collected() -> None:
    """From the moment of the kill, also while the parent has not asked for the exit code."""
    child, name = _another()
    child.kill()
    while not has_died(name):  # the kernel needs a moment
        pass
    child.communicate()
    assert has_died(name)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda name: name.replace(" in ", " in 0"), id="another boot or namespace"),
        pytest.param(lambda name: name.partition(" in ")[0], id="no place is told"),
        pytest.param(lambda _name: "", id="nothing is told"),
        pytest.param(lambda name: f"x:y:1 in {name.partition(' in ')[2]}", id="no number"),
    ],
)
def test_of_others_nothing_is_known(change: object) -> None:
    """Another machine, container or boot: its lease has to end by itself."""
    child, name = _another()
    child.kill()
    child.communicate()
    assert has_died(name)
    assert not has_died(change(name))  # type: ignore[operator]


def test_a_number_given_anew_is_another_process() -> None:
    """The time of its beginning tells them apart."""
    name = owner()
    assert has_died(name[:-1] + ("0" if name[-1] != "0" else "1"))


def test_a_lease_of_a_killed_run_is_taken_at_once(tmp_path: Path) -> None:
    """Nobody waits out the minute; the lease of a run that lives is respected (see the tests of `serve`)."""
    child, name = _another()
    child.kill()
    child.communicate()
    hub = Hub(_loaded(tmp_path), FakeClock(), {})
    hub.state.runs.acquire("sync", name, 60)
    with exclusive(hub) as lease:
        assert lease == owner()
    hub.close()


def _loaded(folder: Path) -> Loaded:
    from synchub.settings.load import load_settings

    config = folder / "synchub.yaml"
    config.write_text("version: 1\nhub: {id: test}\nstate: sqlite:///state.db\n")
    return load_settings(config)
