"""Applies a mutant: a unified diff with a header that says what is wrong and which test must notice.

    Mutant: a page that is shorter than asked for counts as the last one
    Test: tests/contract/test_intune_conformance.py::test_intune_source[short_page]
    --- a/connectors/intune/graph.py
    +++ b/connectors/intune/graph.py
    @@ …

Hunks are found by their text, not by their line numbers, so that a mutant lives as long as the lines it bends. Adding
one is adding a file `tests/meta/mutants/<name>.patch`, made with `git diff -U3`.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("connectors", "mapping", "simulators", "state", "synchub")


class StaleMutantError(Exception):
    """A mutant no longer fits the code, or its header is incomplete: renew or remove it."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A deliberate mistake.

    Attributes:
        name: File name without its end.
        wrong: What it does wrong.
        test: The test that must turn red, as pytest names it.
        hunks: File below the root, old text, new text.
    """

    name: str
    wrong: str
    test: str
    hunks: tuple[tuple[str, str, str], ...]


def read_mutant(path: Path) -> Mutant:
    """Read a patch file.

    Raises:
        StaleMutantError: It has no header or no hunk.
    """
    header: dict[str, str] = {}
    hunks: list[tuple[str, list[str], list[str]]] = []
    target = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("+++ b/"):
            target = line.removeprefix("+++ b/")
        elif line.startswith("@@"):
            hunks.append((target, [], []))
        elif hunks and line[:1] in (" ", "-", "+", "") and not line.startswith(("--- ", "+++ ")):
            if line[:1] != "+":
                hunks[-1][1].append(line[1:])
            if line[:1] != "-":
                hunks[-1][2].append(line[1:])
        elif not target and ": " in line:
            name, _, value = line.partition(": ")
            header[name] = value
    if not hunks or not {"Mutant", "Test"} <= set(header):
        raise StaleMutantError(f"{path.name}: needs `Mutant:`, `Test:` and at least one hunk")
    joined = tuple((target, "\n".join(old), "\n".join(new)) for target, old, new in hunks)
    return Mutant(path.stem, header["Mutant"], header["Test"], joined)


def copy_project(folder: Path) -> Path:
    """Copy code and tests, so that nothing done there reaches the checkout."""
    for name in (*PACKAGES, "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "golden"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def apply_mutant(mutant: Mutant, folder: Path) -> None:
    """Bend the copy.

    Raises:
        StaleMutantError: The text of a hunk is not there exactly once.
    """
    for target, old, new in mutant.hunks:
        path = folder / target
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if text.count(old) != 1:
            raise StaleMutantError(
                f"{mutant.name}: a hunk is found {text.count(old)} times in {target}. "
                "Renew the patch (git diff -U3) or remove it."
            )
        path.write_text(text.replace(old, new), encoding="utf-8")
