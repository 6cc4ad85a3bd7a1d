"""Serves a small estate's Intune alone: `python -m simulators.intune [--port N] [--devices N] [--seed N]`."""

from __future__ import annotations

import argparse
import sys
import threading

from simulators.estate import build
from simulators.intune.app import Intune


def main() -> int:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m simulators.intune", description="Simulated Microsoft Intune on loopback."
    )
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--devices", type=int, default=200)
    parser.add_argument("--seed", type=int, default=42)
    options = parser.parse_args()
    estate = build(options.seed, people=max(10, options.devices * 2 // 3), devices=options.devices)
    graph = Intune(estate.intune_devices, users=estate.intune_users)
    with graph.serve(options.port) as server:
        sys.stdout.write(
            f"Graph      {server.url}/v1.0/deviceManagement/managedDevices\n"
            f"token      POST {server.url}/{graph.tenant}/oauth2/v2.0/token\n"
            f"client     {graph.client_id}  secret {graph.client_secret}\n"
            f"devices    {len(estate.intune_devices)}   (Ctrl-C ends)\n"
        )
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
