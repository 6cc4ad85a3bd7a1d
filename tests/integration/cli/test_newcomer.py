"""The first hour: init, map new, map diff."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from synchub.settings.load import load_settings
from tests.integration.cli.conftest import Desk, synchub

_BOTH = ("--source", "mdm=intune", "--target", "snow=servicenow")
_SAID = (
    "--set", "mdm.tenant=acme.example", "--set", "mdm.client_id=env:GRAPH_ID",
    "--set", "snow.url=https://acmetest.service-now.com", "--set", "snow.auth.client_id=hub",
)  # fmt: skip


def test_init_writes_what_check_can_read(tmp_path: Path) -> None:
    """The file loads, names its secrets, begins in preview and is its owner's alone; the next command is said."""
    config = tmp_path / "synchub.yaml"

    ran = synchub("init", *_BOTH, *_SAID, "--hub-id", "acme-prod", "--config", str(config))

    assert ran.code == 0
    settings = load_settings(config).settings
    assert settings.hub.id == "acme-prod"
    assert settings.targets["snow"].mode == "preview"
    assert config.stat().st_mode & 0o777 == 0o600
    assert "MDM_CLIENT_SECRET, SNOW_CLIENT_SECRET" in ran.out
    assert "synchub check" in ran.out.splitlines()[-1]
    offline = synchub("check", "--offline", "--config", str(config))
    assert {item["what"] for item in offline_problems(config)} <= {
        "source mdm client_id", "source mdm client_secret", "target snow auth.client_secret"
    }, offline.out  # fmt: skip


def offline_problems(config: Path) -> list[dict[str, str]]:
    """What `check` finds without connecting."""
    found: list[dict[str, str]] = synchub("check", "--offline", "--json", "--config", str(config)).document["problems"]
    return found


def test_init_leaves_an_existing_file_alone(tmp_path: Path) -> None:
    """Nothing is overwritten."""
    config = tmp_path / "synchub.yaml"
    config.write_text("mine")

    ran = synchub("init", *_BOTH, *_SAID, "--config", str(config))

    assert ran.code == 2
    assert config.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "no source is named"),
        (("--source", "mdm=intun"), "Did you mean 'intune'"),
        (("--source", "snow=servicenow"), "servicenow has no source"),
        (_BOTH, "mdm.tenant is not said"),
        ((*_BOTH, *_SAID, "--set", "mdm.tenent=x"), "nothing asks for 'mdm.tenent'"),
        ((*_BOTH, *_SAID, "--set", "tenant"), "cannot read 'tenant'"),
        ((*_BOTH, *_SAID, "--hub-id", "no blanks"), "hub.id"),
        ((*_BOTH, *_SAID, "--set", "mdm.client_secret=hunter2"), "client_secret"),
    ],
)
def test_init_says_what_is_missing(arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    """One line, nothing is left behind, and a secret is neither taken nor repeated."""
    config = tmp_path / "synchub.yaml"

    ran = synchub("init", *arguments, "--config", str(config))

    assert ran.code == 2
    assert says in ran.err
    assert "hunter2" not in ran.err + ran.out
    assert not config.exists()


@pytest.mark.slow
def test_init_asks_on_a_terminal(tmp_path: Path) -> None:
    """Answers typed at the prompts make the same file."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "synchub.cli.main", "init", "--config", str(tmp_path / "synchub.yaml")]
    with subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower) as asked:
        os.close(follower)
        os.write(
            leader, b"files\nerp\ndrops\ndevices\n*.csv\nservicenow\nsnow\nhttps://acmetest.service-now.com\n\nhub\n"
        )
        shown = b""
        try:
            while part := os.read(leader, 1024):
                shown += part
        except OSError:  # the other end has gone
            pass
        assert asked.wait(60) == 0, shown.decode()
    os.close(leader)

    settings = load_settings(tmp_path / "synchub.yaml").settings
    assert list(settings.sources) == ["erp"]
    assert list(settings.targets) == ["snow"]


def test_a_drafted_map_is_written_once(offline: Desk) -> None:
    """`map new` proposes from the records, says what is left over, and overwrites nothing."""
    output = offline.folder / "maps" / "devices.yaml"

    first = offline.run("map", "new", "mdm", "devices", "--output", str(output))
    again = offline.run("map", "new", "mdm", "devices", "--output", str(output))

    assert first.code == 0
    assert "serial_number: {path: serialNumber, to: [serial]}" in output.read_text()
    assert again.code == 2
    assert "exists already" in again.err


def test_an_edit_is_previewed_on_stored_records(offline: Desk) -> None:
    """`map diff` says nothing before an edit, and after it which fields of how many records change, storing nothing."""
    offline.run("pull")
    edit = offline.folder / "edit.yaml"
    edit.write_text("version: 1\nstream: devices\nfields:\n  os_name: null\n  description: {path: model, to: [text]}\n")

    before = offline.run("map", "diff", "mdm", "devices", "--json").document
    after = offline.run("map", "diff", "mdm", "devices", "--map", str(edit), "--json").document
    again = offline.run("map", "diff", "mdm", "devices", "--json").document

    assert (before["records"], before["changed"]) == (2, 0)
    assert after["changed"] == 2
    assert after["fields"]["os_name"]["lost"] == 2
    assert after["fields"]["description"]["gained"] == 2
    assert after["fields"]["description"]["examples"][0][1:] == [None, "Latitude 7450"]
    assert again == before


def test_a_preview_shows_no_person(offline: Desk) -> None:
    """Examples of people hold no values."""
    offline.run("pull")
    edit = offline.folder / "edit.yaml"
    edit.write_text("version: 1\nstream: employees\nfields:\n  given_name: null\n")

    ran = offline.run("map", "diff", "hr", "employees", "--map", str(edit))

    assert "given_name" in ran.out
    assert "Anna" not in ran.out


def test_what_would_become_a_dead_letter_is_counted(offline: Desk) -> None:
    """A key that the payloads do not have refuses them all."""
    offline.run("pull")
    edit = offline.folder / "edit.yaml"
    edit.write_text("version: 1\nstream: devices\nkey: nothing\nfields: {}\n")

    after = offline.run("map", "diff", "mdm", "devices", "--map", str(edit), "--json").document

    assert sum(after["refused"].values()) == 2
