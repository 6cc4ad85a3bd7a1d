"""The configurations that come with the hub do what they say: nothing in them is worth a warning."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bench.run import configuration
from synchub.demo.world import CONFIGURATION, HR_MAP
from synchub.lint import lint, said
from synchub.wiring import open_hub

_NAMES = {"tenant": "t", "client_id": "c", "company": "acme"}
_PLACES = _NAMES | {name: f"https://{name}.example" for name in ("graph", "bamboo", "snow", "jira")}


def _config(folder: Path, text: str) -> Path:
    (folder / "hr.yaml").write_text(HR_MAP)
    path = folder / "synchub.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("of", ["demo", "bench"])
def test_what_is_shipped_is_clean(tmp_path: Path, of: str) -> None:
    """Of each source it is known what it says, without its secret, its folder or its system; nothing is found."""
    demo = CONFIGURATION.format(**_PLACES)
    bench = yaml.safe_dump(configuration(tmp_path, tmp_path / "s.db"))
    hub = open_hub(_config(tmp_path, demo if of == "demo" else bench), environ={})
    assert [name for name in hub.loaded.settings.sources if not said(hub, name)] == []
    assert lint(hub) == []


def test_two_copies_of_a_source_of_the_demo_are_equal_authorities(tmp_path: Path) -> None:
    """What is found with a second inventory of the same role, at its line."""
    text = CONFIGURATION.format(**_PLACES)
    more = text.replace("targets:\n", "  scan2:\n    connector: agent_inventory\n    root: more\ntargets:\n", 1)
    [found] = lint(open_hub(_config(tmp_path, more), environ={}))
    assert found.code == "equal_authorities"
    assert found.where == f"synchub.yaml:{1 + more.splitlines().index('  scan2:')}"
