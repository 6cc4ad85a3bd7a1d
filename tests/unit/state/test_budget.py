"""The request budget that processes share, on both databases, in real time."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from state.budget import SharedBudget, label
from tests.support.states import Databases

RATE, BURST = 100.0, 10


def budget(
    databases: Databases, url: str, *, rate: float = RATE, burst: int = BURST, urgent: bool = False
) -> SharedBudget:
    """Open what another process would open."""
    return SharedBudget(
        databases.open(url).database, "c:x", per_second=rate, burst=burst, now=time.monotonic, sleep=time.sleep,
        urgent=urgent,
    )  # fmt: skip


@pytest.fixture
def workers(databases: Databases) -> Iterator[list[subprocess.Popen[str]]]:
    """Two processes that wait for a line, then take for 1.2 seconds."""
    url = databases.url()
    command = [sys.executable, "-m", "tests.unit.state.budget_worker", url, str(RATE), str(BURST), "1.2"]
    pipe = subprocess.PIPE
    some = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    for worker in some:
        assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
    yield some
    for worker in some:
        worker.kill()
        worker.wait()
        for stream in (worker.stdin, worker.stdout):
            assert stream is not None
            stream.close()


def test_two_processes_keep_to_one_rate_and_a_dead_one_blocks_nobody(workers: list[subprocess.Popen[str]]) -> None:
    """Together they take what one may; when one is killed the other goes on with all of it."""
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    time.sleep(0.6)
    workers[1].kill()
    moments = sorted(float(line) for w in workers if w.stdout for line in w.stdout if line.strip())
    span = moments[-1] - moments[0]
    assert len(moments) <= RATE * (span + 0.25) + BURST + 1
    assert len(moments) >= RATE * span * 0.4  # nobody waits for what the dead one held
    gaps = [b - a for a, b in itertools.pairwise(moments)]
    assert max(gaps) < 1.0


def test_a_pause_of_one_stops_the_other(databases: Databases) -> None:
    """429 in one process: the other waits as soon as it has used up the few tokens it holds."""
    url = databases.url()
    one, other = budget(databases, url), budget(databases, url)
    one.take()
    other.take()
    one.pause(timedelta(seconds=0.8))
    one.pause(timedelta(seconds=0.1))  # never shortens
    begun = time.monotonic()
    for _ in range(25):
        other.take()
    assert time.monotonic() - begun >= 0.7
    begun = time.monotonic()
    one.take()
    assert time.monotonic() - begun < 0.5


def test_a_burst_goes_at_once_and_no_more_than_that(databases: Databases) -> None:
    """Then the rate holds, whoever asks."""
    url = databases.url()
    one, other = budget(databases, url, rate=20, burst=8), budget(databases, url, rate=20, burst=8)
    begun = time.monotonic()
    for _ in range(4):
        one.take()
        other.take()
    assert time.monotonic() - begun < 0.3
    for _ in range(4):
        one.take()
        other.take()
    assert time.monotonic() - begun >= 0.25


def test_tokens_are_not_saved_up(databases: Databases) -> None:
    """Who rests has the burst afterwards, not the burst and what it held."""
    url = databases.url()
    one = budget(databases, url, rate=50, burst=1)
    one.take()  # holds nine more
    time.sleep(0.6)
    begun = time.monotonic()
    for _ in range(10):
        one.take()
    assert time.monotonic() - begun >= 0.1


def test_urgent_requests_go_first(databases: Databases) -> None:
    """While they wait, the others take no further tokens."""
    url = databases.url()
    slow, urgent = budget(databases, url, rate=20, burst=1), budget(databases, url, rate=20, burst=1, urgent=True)
    for _ in range(3):
        slow.take()
    for _ in range(6):
        urgent.take()
    begun = time.monotonic()
    with databases.open(url).database.read() as tx:
        assert tx.value("select urgent_until from budget") > 0
    for _ in range(3):
        slow.take()
    assert time.monotonic() - begun > 0.05


def test_a_credential_is_not_told(databases: Databases) -> None:
    """The books hold a digest; the login stays out of backups and views."""
    assert label("jira:ann@corp.example").startswith("jira:")
    assert "ann" not in label("jira:ann@corp.example")
    assert label("jira:ann@corp.example") != label("jira:ben@corp.example")
