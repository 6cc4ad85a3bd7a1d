"""Serves a small estate's people alone: `python -m simulators.bamboohr [--port N] [--people N] [--seed N]`."""

from __future__ import annotations

import argparse
import sys
import threading

from simulators.bamboohr.app import BambooHR
from simulators.bamboohr.fields import custom
from simulators.estate import build
from simulators.estate.bamboohr import CUSTOM_FIELDS, employees


def main() -> int:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m simulators.bamboohr", description="Simulated BambooHR on loopback."
    )
    parser.add_argument("--port", type=int, default=8767)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--seed", type=int, default=42)
    options = parser.parse_args()
    estate = build(options.seed, people=options.people, devices=10)
    bamboo = BambooHR(employees(estate), custom_fields=[custom(*field) for field in CUSTOM_FIELDS])
    with bamboo.serve(options.port) as server:
        sys.stdout.write(
            f"API        {server.url}/api/gateway.php/{bamboo.domain}/v1/employees/directory\n"
            f"key        {bamboo.api_key} (as user name)\n"
            f"employees  {len(bamboo.company.employees)}   (Ctrl-C ends)\n"
        )
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
