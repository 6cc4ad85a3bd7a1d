"""Run one simulated site alone: `python -m simulators.jira --port 0 --seed 1 --devices 200`.

Prints its address as one line of JSON and answers until it is interrupted.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading

import orjson

from simulators.estate import build, load_assets
from simulators.jira.app import Jira


def main() -> None:
    """Parse the arguments, start, wait for a signal, stop."""
    parser = argparse.ArgumentParser(prog="python -m simulators.jira", description="Simulated Jira Cloud site")
    parser.add_argument("--port", type=int, default=0, help="0 for any free port (loopback only)")
    parser.add_argument("--seed", type=int, default=0, help="of ids, tokens and fault probabilities")
    parser.add_argument("--start", default="", help="UTC moment at which its clock starts")
    parser.add_argument("--devices", type=int, default=0, help="size of the estate that fills the schema ITAM")
    args = parser.parse_args()
    sim = Jira(port=args.port, seed=args.seed, start=args.start)
    if args.devices:
        load_assets(build(args.seed, people=max(10, args.devices * 2 // 3), devices=args.devices), sim)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with sim:
        about = {"url": sim.url, "workspace": sim.store.workspace, "objects": len(sim.store.objects)}
        sys.stdout.write(orjson.dumps(about).decode() + "\n")
        sys.stdout.flush()
        ended.wait()


if __name__ == "__main__":
    main()
