"""Connectors by name."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from connectors.registry import Connector, load, names
from synchub.errors import ConfigError


def test_ours_load_by_name() -> None:
    """A name of ours gives its connector, with its maps and its page."""
    connector = load("intune")

    assert (connector.name, connector.docs) == ("intune", "docs/connectors/intune.md")
    assert (connector.maps / "devices.yaml").is_file()
    assert connector.open_source is not None
    assert connector.open_target is None


def test_unknown_name_offers_the_nearest() -> None:
    """A typing mistake is answered with the name that was meant, and with the place."""
    with pytest.raises(ConfigError, match="intune") as caught:
        load("intnue", where="synchub.yaml:12")

    assert caught.value.where == "synchub.yaml:12"
    assert "Did you mean 'intune'?" in caught.value.fix


def test_listing_names_imports_nothing() -> None:
    """What is installed but not configured is not run."""
    code = "import sys, connectors.registry as r; r.names(); print([m for m in sys.modules if 'intune' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
    assert {"files", "intune", "agent_inventory", "servicenow"} <= set(names())


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install an outside package in a folder on the path."""
    (tmp_path / "outside_kit.py").write_text(
        "from pathlib import Path\nfrom pydantic import BaseModel\nfrom connectors.registry import Connector\n"
        "CONNECTOR = Connector('jamf', BaseModel, Path('.'), 'README.md')\nWRONG = object()\n"
    )
    info = tmp_path / "outside_kit-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside-kit\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[synchub.connectors]\njamf = outside_kit:CONNECTOR\nwrong = outside_kit:WRONG\nbroken = outside_none:X\n"
        "intune = outside_kit:CONNECTOR\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("outside")
def test_outside_package_joins() -> None:
    """An installed package adds a name, loaded when it is configured."""
    assert "jamf" in names()
    assert "outside_kit" not in sys.modules

    assert isinstance(load("jamf"), Connector)


@pytest.mark.usefixtures("outside")
def test_outside_package_cannot_replace_ours() -> None:
    """A package that takes one of our names is not used for it."""
    assert load("intune").docs == "docs/connectors/intune.md"


@pytest.mark.usefixtures("outside")
@pytest.mark.parametrize("name", ["wrong", "broken"])
def test_outside_package_that_does_not_work(name: str) -> None:
    """A package that cannot be loaded is a configuration error that names it."""
    with pytest.raises(ConfigError, match=name):
        load(name)


def test_two_packages_with_one_name(outside: Path) -> None:
    """Two packages with the same name: neither is picked by chance."""
    info = outside / "other_kit-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-kit\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[synchub.connectors]\njamf = outside_kit:CONNECTOR\n")
    assert len(metadata.entry_points(group="synchub.connectors", name="jamf")) == 2

    with pytest.raises(ConfigError, match="2 installed packages"):
        load("jamf")
