"""The command starts fast, and the wheel holds what it needs."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.meta.project import PACKAGES, ROOT

HEAVY = ("alembic", "fastapi", "httpx", "openpyxl", "prefect", "pydantic", "requests", "rich", "sqlalchemy")
_TELL = (
    "import sys\n"
    "from synchub.cli.main import run\n"
    "code = run(['--help'])\n"
    "print('\\nMODULES', code, ' '.join(sorted({name.split('.')[0] for name in sys.modules})))"
)


def test_help_imports_nothing_heavy() -> None:
    """`synchub --help` loads neither database, model nor Prefect."""
    done = subprocess.run([sys.executable, "-c", _TELL], capture_output=True, text=True, check=True)
    _, code, *modules = done.stdout.rsplit("\n", 2)[-2].split() if "MODULES" in done.stdout else ("", "1")

    assert "Usage: synchub" in done.stdout
    assert code == "0"
    assert sorted(set(HEAVY) & set(modules)) == []


def test_help_costs_half_a_second_at_most() -> None:
    """CPU time of the whole process, children counted; the best of three, because machines are busy."""
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([Path(sys.executable).with_name("synchub"), "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    assert min(spent) <= 0.5


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel as it would be published."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, check=True,
    )  # fmt: skip
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_wheel_holds_code_and_data(wheel: zipfile.ZipFile) -> None:
    """Every file of the packages: modules, field maps, dictionaries, migrations with their template."""
    inside = set(wheel.namelist())
    data = [path for package in PACKAGES for path in (ROOT / package).rglob("*")
            if path.suffix in (".py", ".yaml", ".mako", ".typed") and "__pycache__" not in path.parts]  # fmt: skip
    missing = [str(path.relative_to(ROOT)) for path in data if path.relative_to(ROOT).as_posix() not in inside]

    assert missing == []
    assert {"state/migrations/script.py.mako", "connectors/servicenow/maps/hardware.yaml"} <= inside


def test_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    """No tests, documents or benchmarks are installed."""
    tops = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" not in name}

    assert tops == set(PACKAGES)


def test_wheel_says_what_it_is(wheel: zipfile.ZipFile) -> None:
    """Licence, console command, and a mark that keeps it from being uploaded by mistake."""
    texts = {name.split("/", 1)[1]: wheel.read(name).decode() for name in wheel.namelist() if ".dist-info/" in name}

    assert "synchub = synchub.cli.main:main" in texts["entry_points.txt"]
    assert "Apache License" in texts["licenses/LICENSE"]
    assert "Private :: Do Not Upload" in texts["METADATA"]


def test_schema_of_the_console_is_json() -> None:
    """A command that loads the domain works from the console script too."""
    done = subprocess.run(
        [Path(sys.executable).with_name("synchub"), "schema", "--json"], capture_output=True, text=True, check=True
    )

    assert json.loads(done.stdout)["title"] == "synchub.yaml"
