"""What the tests of the project look at: the files that belong to it."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("connectors", "flows", "mapping", "simulators", "state", "synchub")
_MACHINE_MADE = {".venv", ".git", "__pycache__", ".hypothesis", ".mypy_cache", ".ruff_cache", ".pytest_cache", "dist"}


@cache
def files() -> tuple[Path, ...]:
    """List the files under version control and those about to be; in an export without Git all that is no cache."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 0 and done.stdout:
        found = [ROOT / name for name in done.stdout.splitlines()]
    else:
        found = [path for path in ROOT.rglob("*") if not _MACHINE_MADE & set(path.relative_to(ROOT).parts)]
    return tuple(sorted(path for path in found if path.is_file()))


def named(*patterns: str) -> list[Path]:
    """List the project's files that match one of the patterns (relative to the root, `**` for any depth)."""
    return [path for path in files() if any(_matches(path.relative_to(ROOT).as_posix(), p) for p in patterns)]


def _matches(name: str, pattern: str) -> bool:
    expression = re.escape(pattern).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
    return re.fullmatch(expression, name) is not None
