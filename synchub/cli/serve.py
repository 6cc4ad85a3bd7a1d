"""`synchub serve`: inventories of agents, health and metrics over HTTP, alerts, and the flows on their schedules."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from synchub.cli.options import common, examples, opened, zone_of
from synchub.cli.output import emit

if TYPE_CHECKING:
    from synchub.wiring import Hub

_LOG = logging.getLogger("synchub.serve")
_WATCH_S = 60


@click.command(epilog=examples("synchub serve", "synchub serve --no-schedule"))
@click.option("--no-schedule", is_flag=True, help="Only HTTP and alerts; the flows are run by something else.")
@common
def serve(no_schedule: bool, config: Path, as_json: bool) -> None:
    """Receive inventories, show health and metrics, run the sync on schedule.

    Waits in the foreground. HTTP is answered at `serve: {listen: …}`; every minute it looks whether somebody is to be
    told of something (`notify:`). The flows run on Prefect at the times of `schedules: {sync: …, pull: …, deliver: …}`,
    in the hub's time zone, one run at a time; without a schedule the sync runs when Prefect's pages or API ask for it.
    """
    from synchub.web.server import serving

    with opened(config) as hub, serving(hub) as server, _watching(hub):
        document: dict[str, Any] = {"listen": server.url if server else None}
        if no_schedule:
            emit(document, f"listening at {document['listen'] or 'nothing'}", as_json=as_json)
            threading.Event().wait()  # until a signal
        document |= {"schedules": dict(hub.loaded.settings.schedules), "timezone": zone_of(hub)}
        os.environ["SYNCHUB_CONFIG"] = str(config.absolute())
        _schedule(document, as_json=as_json)


def _schedule(document: dict[str, Any], *, as_json: bool) -> None:
    """Serve the flows, with the Prefect server that is configured or with one of its own."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.deployments import serve as serve_flows
    from flows.revival import ENVIRON
    from synchub.cli.scheduler import own_server

    schedules, zone = document["schedules"], document["timezone"]
    for name, value in ENVIRON.items():
        os.environ.setdefault(name, value)  # flow runs are processes of their own
    with ExitStack() as stack:
        url = PREFECT_API_URL.value()
        if not url:
            url = stack.enter_context(own_server())
            stack.enter_context(temporary_settings({PREFECT_API_URL: url}))
        document["prefect"] = url
        times = "; ".join(f"{name}: {cron}" for name, cron in schedules.items()) or "sync: on demand"
        text = f"listening at {document['listen'] or 'nothing'}; {times} ({zone}); Prefect: {url}"
        emit(document, text, as_json=as_json)
        serve_flows(schedules, zone)


@contextmanager
def _watching(hub: Hub, every_s: float = _WATCH_S) -> Iterator[None]:
    """Look from time to time whether something needs somebody; a stream grows stale without a run."""
    from synchub.alerts import watch

    stop = threading.Event()

    def look() -> None:
        told = ""
        while not stop.wait(every_s):
            error = watch(hub).error
            if error and error != told:
                _LOG.warning("nobody could be told of alerts (%s); see synchub check", error)
            told = error

    thread = threading.Thread(target=look, name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)
