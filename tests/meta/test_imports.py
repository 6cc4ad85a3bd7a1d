"""The import rules notice what they forbid: one deliberate violation for each contract, in a copy."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.meta.project import PACKAGES, ROOT

# Contract of .importlinter -> (module that breaks it, what it imports).
VIOLATIONS = {
    "layers": ("synchub/engine/zz.py", "synchub.wiring"),
    "complete": ("synchub/zz.py", "json"),
    "simulators": ("simulators/zz.py", "synchub.errors"),
    "simulators-used": ("connectors/zz1.py", "simulators.http"),
    "connectors-below": ("state/zz1.py", "synchub.engine.pull"),
    "mapping-pure": ("mapping/zz1.py", "synchub.ports"),
    "vendors": ("connectors/intune/zz.py", "connectors.servicenow"),
    "kit": ("connectors/kit/zz.py", "connectors.intune"),
    "pure": ("synchub/reconcile/zz1.py", "sqlite3"),
    "prefect": ("synchub/engine/zz1.py", "prefect"),
    "flows-used": ("connectors/zz2.py", "flows.sync"),
    "http": ("mapping/zz2.py", "httpx"),
    "database": ("synchub/domain/zz1.py", "sqlalchemy"),
    "vendor-clients": ("connectors/files/zz.py", "pysnow"),
    "acyclic": ("synchub/domain/zz2.py", "synchub.domain.zz3"),
}
_BACK = ("synchub/domain/zz3.py", "synchub.domain.zz2")


def _contracts() -> dict[str, str]:
    """Return contract -> its name, from the file."""
    rules = configparser.ConfigParser()
    rules.read(ROOT / ".importlinter")
    return {s.split(":")[2]: rules[s]["name"] for s in rules.sections() if s.startswith("importlinter:contract:")}


def _lint(folder: Path) -> str:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder, env=os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the linter says about a copy with all violations."""
    folder = tmp_path_factory.mktemp("bent")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "*.yaml"))
    shutil.copy(ROOT / ".importlinter", folder)
    for name, module in (*VIOLATIONS.values(), _BACK):
        (folder / name).write_text(f"import {module}\n")
    return _lint(folder)


def test_every_contract_has_a_violation() -> None:
    """A new contract comes with proof that it can break."""
    assert set(_contracts()) == set(VIOLATIONS)


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_violation_is_reported(contract: str, told: str) -> None:
    """The contract is broken, and its report names the module that breaks it."""
    name = _contracts()[contract]
    path = VIOLATIONS[contract][0].removesuffix(".py")
    module, alone = path.replace("/", "."), "." + path.rsplit("/", 1)[1]
    report = re.split(rf"^{re.escape(name)}\n-+$", told, maxsplit=1, flags=re.MULTILINE)

    assert f"{name} BROKEN" in told
    assert len(report) == 2, "the contract has no report"
    section = re.split(r"^-{5,}$", report[1], maxsplit=1, flags=re.MULTILINE)[0]
    assert module in section or f"{alone} " in section
