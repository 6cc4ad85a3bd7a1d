"""What the documentation shows can be done: configurations load, commands and targets exist, links lead somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from synchub.cli.main import COMMANDS, LazyGroup, cli
from synchub.wiring import open_hub
from tests.meta.project import ROOT, named

PAGES = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in named("*.md", "docs/**/*.md")}
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def _blocks(*languages: str) -> list[tuple[str, str]]:
    return [(page, text) for page, whole in PAGES.items() for language, text in _FENCE.findall(whole)
            if language in languages]  # fmt: skip


def _is_configuration(text: str) -> bool:
    """Tell whether a block is (a part of) synchub.yaml and not a field map."""
    data = yaml.safe_load(text)
    return isinstance(data, dict) and bool({"hub", "sources", "targets", "rules"} & set(data))


CONFIGURATIONS = [(page, text) for page, text in _blocks("yaml") if _is_configuration(text)]


def _whole(text: str) -> dict[str, Any]:
    """Add to a fragment what it leaves out: the head, and the sources that rules name."""
    data: dict[str, Any] = {"version": 1, "hub": {"id": "docs"}, **yaml.safe_load(text)}
    if "sources" not in data:
        other = {"connector": "files", "root": ".", "streams": {"employees": {"glob": "*.csv"}}}
        data["sources"] = dict.fromkeys(("mdm", "scan", "erp"), other)
    return data


@pytest.mark.parametrize(("page", "text"), CONFIGURATIONS, ids=[f"{p}-{n}" for n, (p, _) in enumerate(CONFIGURATIONS)])
def test_configuration_of_the_docs_is_valid(page: str, text: str, tmp_path: Path) -> None:
    """Each is loaded, each connection fits its connector, and its rules compile."""
    whole = text if "hub:" in text else json.dumps(_whole(text))
    path = tmp_path / "synchub.yaml"
    path.write_text(whole, encoding="utf-8")
    hub = open_hub(path)
    settings = hub.loaded.settings
    hub.rules()

    assert [name for name in settings.sources if hub.source_settings(name)[0].open_source is None] == [], page
    assert [name for name in settings.targets if hub.target_settings(name)[0].open_target is None] == [], page


def test_configurations_are_found() -> None:
    """The tests above look at something, the README's first configuration among it."""
    assert {"README.md", "docs/configuration.md"} <= {page for page, _ in CONFIGURATIONS}


def _command(words: list[str]) -> tuple[click.Command, list[str]]:
    """Follow words to a command; returns it and what is left."""
    found: click.Command = cli
    context = click.Context(cli)
    while isinstance(found, click.Group) and words and not words[0].startswith("-"):
        below = found.get_command(context, words[0])
        if below is None:
            if isinstance(found, LazyGroup) or not found.invoke_without_command:
                pytest.fail(f"there is no command {words[0]!r}")
            break
        found, words = below, words[1:]
    return found, words


def _calls() -> set[tuple[str, str]]:
    """List the calls of `synchub` in all pages, code spans and blocks: page, arguments."""
    spans = re.compile(r"`(?:\$ )?synchub ([a-z][^`]*)`")
    lines = re.compile(r"^(?: {4}|\$ )?(?:.*&& )?synchub ([a-z][^#\n]*)", re.MULTILINE)
    found = set()
    for page, whole in PAGES.items():
        found |= {(page, call) for call in spans.findall(_FENCE.sub("", whole))}
        found |= {(page, call) for call in re.findall(r"^ {4}synchub ([a-z][^#\n]*)", whole, re.MULTILINE)}
    for page, block in _blocks("bash", "console", "shell"):
        found |= {(page, call) for call in lines.findall(block)}
    return found


@pytest.mark.parametrize(("page", "call"), sorted(_calls()))
def test_command_of_the_docs_exists(page: str, call: str) -> None:
    """Command and options that a page shows can be typed."""
    command, left = _command(re.split(r"\s+", re.split(r" [>|&] | && |\|", call)[0].strip()))
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    options = {word.split("=")[0].rstrip("`,.;:") for word in left if word.startswith("--")}

    assert options <= known | {"--help"}, page


def test_every_command_is_described() -> None:
    """`docs/cli.md` has a part for each command."""
    assert [name for name in COMMANDS if f"## `synchub {name}" not in PAGES["docs/cli.md"]] == []


def test_make_targets_of_the_docs_exist() -> None:
    """`make demo` and its like stand in the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named_there = {
        (page, t) for page, whole in PAGES.items() for t in re.findall(r"(?:`|^)make ([a-z-]+)", whole, re.MULTILINE)
    }

    assert {("README.md", "demo"), ("README.md", "test")} <= named_there
    assert [(page, target) for page, target in sorted(named_there) if target not in targets] == []


def test_links_lead_somewhere() -> None:
    """Links among the pages, with their headings."""
    broken = []
    for page, whole in PAGES.items():
        for link in re.findall(r"\]\(([^)\s]+)\)", _FENCE.sub("", whole)):
            place, _, heading = link.partition("#")
            if "://" in place:
                continue
            target = (ROOT / page).parent / place if place else ROOT / page
            if not target.exists() or (heading and heading not in _anchors(target)):
                broken.append((page, link))

    assert broken == []


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_no_page_points_at_a_page_that_is_gone() -> None:
    """Also the messages of the program, which name pages of the documentation."""
    found = []
    for path in named("connectors/**/*.py", "mapping/**/*.py", "state/**/*.py", "synchub/**/*.py", "flows/*.py"):
        pages = re.findall(r"docs/[a-z_/0-9-]+\.md", path.read_text(encoding="utf-8"))
        found += [(str(path.relative_to(ROOT)), page) for page in pages if not (ROOT / page).exists()]

    assert found == []
