"""Run one simulated instance alone: `python -m simulators.servicenow --port 0 --seed 1 --load data.json`.

Prints its address as one line of JSON and answers until it is interrupted.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

import orjson

from simulators.servicenow.app import ServiceNow, load_seed


def main() -> None:
    """Parse the arguments, start, wait for a signal, stop."""
    parser = argparse.ArgumentParser(
        prog="python -m simulators.servicenow", description="Simulated ServiceNow instance"
    )
    parser.add_argument("--port", type=int, default=0, help="0 for any free port (loopback only)")
    parser.add_argument("--seed", type=int, default=0, help="of sys_ids, tokens and fault probabilities")
    parser.add_argument("--start", default="", help="UTC moment at which its clock starts")
    parser.add_argument("--name", default="synchub-sim", help="instance_name")
    parser.add_argument("--load", type=Path, help="JSON file with rows: {table: [row, ...]}")
    parser.add_argument("--validate", action="store_true", help="check every exchange against the documents")
    parser.add_argument("--sync-requests", type=int, default=0, help="asset and CI follow so many requests late")
    args = parser.parse_args()
    sim = ServiceNow(
        port=args.port,
        seed=args.seed,
        start=args.start,
        name=args.name,
        validate=args.validate,
        sync_requests=args.sync_requests,
    )
    rows = load_seed(sim, orjson.loads(args.load.read_bytes())) if args.load else 0
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with sim:
        sys.stdout.write(orjson.dumps({"url": sim.url, "rows": rows}).decode() + "\n")
        sys.stdout.flush()
        ended.wait()


if __name__ == "__main__":
    main()
