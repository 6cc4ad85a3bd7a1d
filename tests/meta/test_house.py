"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

from tests.meta.project import PACKAGES, ROOT, files, named

HARD_STOP = 500
# Dictionaries and the first migration are data: one line per entry.
DATA = ("mapping/dictionaries/*.yaml", "state/migrations/versions/*.py", "lock/*.txt", "LICENSE")


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_file_is_too_long() -> None:
    """Nobody reads a file of more than 500 lines; data are looked up, not read."""
    data = set(named(*DATA))
    code = [path for path in named("**/*.py", "**/*.yaml", "**/*.md", "Makefile") if path not in data]

    assert [f"{p.relative_to(ROOT)}: {_lines(p)}" for p in code if _lines(p) > HARD_STOP] == []


def test_every_test_folder_is_a_package() -> None:
    """Without `__init__.py` two test modules of one name stop mypy and pytest."""
    folders = {path.parent for path in named("tests/**/*.py")}

    assert [str(f.relative_to(ROOT)) for f in sorted(folders) if not (f / "__init__.py").is_file()] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_top_level_names_are_ours_alone(package: str) -> None:
    """They are common words: another installed distribution of such a name would shadow ours, or we theirs."""
    found = importlib.util.find_spec(package)

    assert set(metadata.packages_distributions().get(package, ())) <= {"synchub"}
    assert found is not None
    assert Path(str(found.origin)).parent == ROOT / package


def test_flow_files_hide_no_package() -> None:
    """Prefect's path entrypoints put `flows/` on `sys.path`: a file `state.py` there would hide our package."""
    taken = {*PACKAGES, *sys.stdlib_module_names}

    assert [p.name for p in named("flows/*.py") if p.stem in taken] == []


def test_flow_files_define_no_class() -> None:
    """A class of a flow file has two module names, so that pickles of it do not travel."""
    trees = {p: ast.parse(p.read_text(encoding="utf-8")) for p in named("flows/*.py")}

    assert [p.name for p, tree in trees.items() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)] == []


def test_every_package_is_typed() -> None:
    """`py.typed` tells type checkers of other packages that our annotations count."""
    assert [name for name in PACKAGES if not (ROOT / name / "py.typed").is_file()] == []


_MACHINE_PATHS = re.compile(r"(?<![\w./])/(?:work|tmp/w|root|home/[a-z]+)/")
_SECRETS = re.compile(
    r"-----BEGIN (?:RSA |EC |OPENSSH )?PRIVATE KEY-----\n[A-Za-z0-9+/]{20}|\bAKIA[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bxox[abprs]-[0-9A-Za-z-]{20,}"
    r"|\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\."
)
_REGISTRIES = re.compile(r"(?i)(?:files\.pythonhosted|\bpypi)\.org/(?:simple|packages)|^\s*index-url\s*=", re.MULTILINE)


def _texts() -> list[tuple[str, str]]:
    found = []
    for path in files():
        content = path.read_bytes()
        if b"\0" not in content:
            found.append((str(path.relative_to(ROOT)), content.decode("utf-8", "replace")))
    return found


@pytest.mark.parametrize("what", [_MACHINE_PATHS, _SECRETS, _REGISTRIES], ids=["paths", "secrets", "registries"])
def test_nothing_of_the_machine_is_in_the_tree(what: re.Pattern[str]) -> None:
    """Paths of one machine, keys and addresses of package registries belong into nobody else's checkout."""
    found = [(name, match.group(0)) for name, text in _texts() if (match := what.search(text))]

    assert found == []
