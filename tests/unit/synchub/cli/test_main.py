"""The front door: cheap help that teaches, errors in two lines, one exit code each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from synchub.cli.main import COMMANDS, cli, run
from synchub.cli.reference import commands, renewed

HEAVY = (
    "sqlalchemy",
    "prefect",
    "pydantic",
    "httpx",
    "synchub.domain",
    "synchub.wiring",
    "mapping",
    "connectors",
    "rich",
    "yaml",
)
PAGE = Path(__file__).resolve().parents[4] / "docs" / "cli.md"


ALL = dict(commands(cli, ()))


def test_help_imports_nothing_heavy_and_costs_little() -> None:
    """Neither database, domain nor Prefect; well below 0.5 CPU seconds, here with slack for a busy machine."""
    program = (
        "import sys, time; from synchub.cli.main import run; code = run(['--help']);"
        "print(code, time.process_time(), [m for m in sys.argv[1].split(',') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, ",".join(HEAVY)], capture_output=True, text=True, check=True, timeout=60
    )
    code, seconds, loaded = done.stderr.split(" ", 2)

    assert code == "0"
    assert loaded.strip() == "[]"
    assert float(seconds) < 0.5


@pytest.mark.parametrize("name", list(COMMANDS))
def test_a_commands_line_in_the_list_is_its_own(name: str) -> None:
    """The table that `--help` is made of says the same as the command."""
    assert (ALL[name,].help or "").splitlines()[0] == COMMANDS[name][2]


@pytest.mark.parametrize("words", list(ALL), ids=" ".join)
def test_every_help_text_shows_an_example(words: tuple[str, ...]) -> None:
    """At least one line that can be typed."""
    command = ALL[words]
    shown = (command.epilog or "") if words else (command.epilog or "").replace("First steps", "Example")

    assert "Example" in shown
    assert f"synchub {' '.join(words)}".strip() in shown


@pytest.mark.parametrize("words", [w for w in ALL if w], ids=" ".join)
def test_help_of_every_command_can_be_shown(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, on standard output."""
    assert run([*words, "--help"]) == 0
    assert "Usage: synchub" in capsys.readouterr().out


def test_the_documentation_describes_every_command_as_it_is() -> None:
    """The generated part of `docs/cli.md` is current: `python -m synchub.cli.reference docs/cli.md` renews it."""
    page = PAGE.read_text(encoding="utf-8")

    assert page == renewed(page)


@pytest.mark.parametrize("words", [w for w in ALL if w], ids=" ".join)
def test_every_command_and_option_is_in_the_documentation(words: tuple[str, ...]) -> None:
    """`docs/cli.md` has a section for each command that names each of its options."""
    section = PAGE.read_text(encoding="utf-8").split(f"## `synchub {' '.join(words)}`\n", 1)[1].split("\n## ", 1)[0]

    for option in (p for p in ALL[words].params if isinstance(p, click.Option)):
        assert all(f"`{name}" in section for name in option.opts)
        assert option.help


def test_an_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2."""
    assert run(["plam"]) == 2
    assert "Did you mean 'plan'?" in capsys.readouterr().err


def test_a_missing_configuration_is_two_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where and what, then what to do; exit code 2."""
    assert run(["status", "--config", str(tmp_path / "none.yaml")]) == 2
    captured = capsys.readouterr()

    assert captured.out == ""
    assert len(captured.err.splitlines()) == 2
    assert "none.yaml" in captured.err


def test_an_error_with_json_is_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Scripts find the reason on standard output, people on standard error."""
    assert run(["status", "--json", "--config", str(tmp_path / "none.yaml")]) == 2
    captured = capsys.readouterr()

    assert json.loads(captured.out)["error"]["code"] == "config"
    assert "none.yaml" in captured.err


@pytest.mark.parametrize("words", [["apply"], ["nosuch"], ["plan", "--nosuch"], ["pull", "--limit", "none"]])
def test_a_wrong_command_with_json_is_one_document(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Also what click itself refuses, with all keys of an error."""
    assert run([*words, "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]

    assert set(error) == {"code", "where", "message", "fix"}
    assert error["code"] == "config"


def test_an_unexpected_error_shows_no_traceback_and_no_value(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its message may hold anything, so only its kind is told; `--debug` raises it."""

    @click.command()
    @click.option("--debug", is_flag=True)
    def broken(debug: bool) -> None:
        del debug
        raise KeyError("hunter2")

    monkeypatch.setattr(sys.modules["synchub.cli.run"], "demo", broken)

    assert run(["demo"]) == 1
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert "hunter2" not in captured.err
    with pytest.raises(KeyError):
        run(["demo", "--debug"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_command_without_a_traceback(number: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C and a service manager's stop: one line, exit code 130."""
    fifo = tmp_path / "record"
    os.mkfifo(fifo)
    config = tmp_path / "synchub.yaml"
    config.write_text(
        "version: 1\nhub: {id: t}\nsources:\n"
        "  mdm: {connector: files, root: ., streams: {devices: {glob: '*.ndjson'}}}\n"
    )
    command = [
        sys.executable,
        "-m",
        "synchub.cli.main",
        "map",
        "test",
        "mdm",
        "devices",
        "--record",
        str(fifo),
        "--config",
        str(config),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        writer = fifo.open("w")  # waits until the command reads
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
        writer.close()

    assert "Traceback" not in err
    assert "stopped" in err
    assert process.returncode == 130
