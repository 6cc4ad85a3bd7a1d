"""What all tests share: no network but loopback, a clean environment, real data where it is present."""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["tests.support.states"]

# `SYNCHUB_SHARED` names the folder with real data, contracts and the yardstick; beside the checkout by default.
SHARED = Path(os.environ.get("SYNCHUB_SHARED", Path(__file__).resolve().parents[2] / "shared"))
_LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")  # noqa: S104 - compared, never bound

_real_connect = socket.socket.connect


def _loopback_only(self: socket.socket, address: Any) -> None:
    host = address[0] if isinstance(address, tuple) else ""
    if self.family in (socket.AF_INET, socket.AF_INET6) and not str(host).startswith(_LOOPBACK):
        msg = f"a test tried to connect to {host}: only loopback is allowed"
        raise RuntimeError(msg)
    _real_connect(self, address)


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Let tests talk to loopback only."""
    socket.socket.connect = _loopback_only  # type: ignore[method-assign, assignment]  # stricter on purpose
    yield
    socket.socket.connect = _real_connect  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep proxies and settings of the machine out of the tests."""
    for name in list(os.environ):
        if name.upper().endswith("_PROXY") or name.startswith(("SYNCHUB_", "SSL_CERT")):
            monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder with real data, vendor contracts and the yardstick; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"no shared data beside the checkout ({SHARED.name}/); set SYNCHUB_SHARED to run this test")
    return SHARED


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None]:
    """End with the skips by reason, so that nobody has to search for what was not tested."""
    yield
    reports = terminalreporter.stats.get("skipped", [])
    reasons = Counter(_reason(report) for report in reports)
    terminalreporter.section("skips by reason")
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count:5}  {reason}")
    if not reasons:
        terminalreporter.write_line("nothing was skipped")


def _reason(report: pytest.TestReport) -> str:
    told = report.longrepr
    return told[2].removeprefix("Skipped: ") if isinstance(told, tuple) else str(told)
