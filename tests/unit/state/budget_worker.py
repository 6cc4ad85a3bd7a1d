"""A process that takes requests out of a shared budget and prints when; started by `test_budget`."""

from __future__ import annotations

import sys
import time

from state.budget import SharedBudget
from state.db import Database, open_engine


def main() -> None:
    """Take for some seconds; arguments: URL, requests per second, burst, seconds."""
    url, rate, burst, seconds = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    database = Database(open_engine(url))
    budget = SharedBudget(database, "c:x", per_second=rate, burst=burst, now=time.monotonic, sleep=time.sleep)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        budget.take()
        sys.stdout.write(f"{time.monotonic()}\n")
        sys.stdout.flush()
    database.close()


if __name__ == "__main__":
    main()
