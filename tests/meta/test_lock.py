"""The lock is whole: hashes for everything, no address of any registry, everything that pyproject.toml asks for."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.meta.project import ROOT

LOCKS = ("lock/requirements.txt", "lock/bootstrap.txt")


def _entries(name: str) -> dict[str, str]:
    """Return requirement -> its block of the lock."""
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    return {re.split(r"[=\[ ;]", block, maxsplit=1)[0].lower().replace("_", "-"): block for block in blocks}


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_with_hashes(name: str) -> None:
    """A version and a digest, so that what is installed is what was looked at."""
    entries = _entries(name)

    assert entries
    assert [
        n for n, block in entries.items() if not re.match(r"\S+==\S+", block) or "--hash=sha256:" not in block
    ] == []


@pytest.mark.parametrize("name", LOCKS)
def test_no_address_is_in_the_lock(name: str) -> None:
    """Where packages come from is a setting of the machine."""
    assert re.findall(r"\w+://\S+|--(?:extra-)?index-url|--find-links", (ROOT / name).read_text(encoding="utf-8")) == []


def test_everything_asked_for_is_locked() -> None:
    """Requirements and extras of pyproject.toml, each at a version that satisfies what is asked."""
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [Requirement(text) for text in project["dependencies"]]
    asked += [Requirement(text) for extra in project["optional-dependencies"].values() for text in extra]
    locked = _entries(LOCKS[0])
    versions = {name: re.match(r"[^=]+==([^ ;\\]+)", block) for name, block in locked.items()}
    wrong = []
    for requirement in asked:
        found = versions.get(requirement.name.lower().replace("_", "-"))
        if found is None or not requirement.specifier.contains(found.group(1), prereleases=True):
            wrong.append(str(requirement))

    assert wrong == []


def test_bootstrap_is_the_uv_of_the_lock() -> None:
    """One version of uv, so that the second installation does not replace the program that runs it."""
    first = {name: block.split()[0] for name, block in _entries(LOCKS[1]).items()}

    assert first == {"uv": _entries(LOCKS[0])["uv"].split()[0]}
