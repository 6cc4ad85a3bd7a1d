"""Looks whether something needs somebody, and tells: after each run, and from time to time by `synchub serve`."""

from __future__ import annotations

from collections.abc import Mapping

from synchub.engine.watch import Facts, StreamFacts, Told, find, tell
from synchub.errors import ConfigError, StateError
from synchub.settings.duration import seconds
from synchub.settings.model import Settings
from synchub.stores import Alert
from synchub.wiring import Hub

_RUNS = 50  # looked back for the last word about each stream


def windows(settings: Settings) -> dict[tuple[str, str], int]:
    """Return (source, stream) -> `fresh_within` in seconds, where it is configured."""
    found = {}
    for name, block in settings.sources.items():
        streams = (block.model_extra or {}).get("streams")
        for stream, options in streams.items() if isinstance(streams, Mapping) else ():
            window = options.get("fresh_within") if isinstance(options, Mapping) else None
            if isinstance(window, str):
                found[name, stream] = seconds(window)
    return found


def facts(hub: Hub) -> Facts:
    """Read from the state what alerts go by; streams of sources that are not configured any more are left out."""
    state, settings = hub.state, hub.loaded.settings
    streams = state.reports.streams(count=False)
    known = {(s["source"], s["stream"]): s["fresh_at"] for s in streams}
    withheld = {(s["source"], s["stream"]): s["withheld"] or 0 for s in streams}
    configured = windows(settings)
    names = sorted({key for key in known if key[0] in settings.sources} | configured.keys())
    return Facts(
        streams=[
            StreamFacts(name[0], name[1], known.get(name), configured.get(name), withheld.get(name, 0))
            for name in names
        ],
        runs=state.reports.runs(_RUNS),
        first_run_at=state.watch.first_run_at(),
        held=[row for row in state.watch.held() if row[0] in settings.targets],
        holds=[row for row in state.watch.holds() if row[0] in settings.targets],
        is_working=state.watch.is_working(),
    )


def current(hub: Hub) -> list[Alert]:
    """List what needs somebody now, whether or not anybody is to be told."""
    return find(facts(hub), hub.clock.now())


def watch(hub: Hub) -> Told:
    """Tell what began and what is over since somebody looked last; never fails.

    Without `notify:` nothing is looked at.
    """
    block = hub.loaded.settings.notify
    if block is None:
        return Told()
    try:
        notifier = hub.notifier()
        if notifier is None:
            return Told()
        found = current(hub)
        return tell(hub.loaded.settings.hub.id, found, block.when, hub.state.alerts, notifier, hub.clock.now())
    except (ConfigError, StateError) as exc:  # `synchub check` says where; a run does not fail because of it
        return Told(error=exc.code)
