"""Look over an open configuration for what is right in form and does not do what it says; nothing is connected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from connectors import registry
from mapping.engine import FieldMap
from synchub.errors import HubError
from synchub.explain import stored_map
from synchub.reconcile.lint import lint_rules
from synchub.reconcile.lintflow import lint_echo, lint_pace
from synchub.reconcile.voices import Lint, Says
from synchub.settings.schedule import longest_gap
from synchub.wiring import Hub

_READING = ("sync", "pull")  # schedules that read sources


def lint(hub: Hub) -> list[Lint]:
    """Look at rules, maps, schedules and systems together.

    Raises:
        ConfigError: The rules do not compile.
    """
    document, settings = hub.loaded.document, hub.loaded.settings
    block = document.data.get("rules") or {}
    says = {name: said(hub, name) for name in settings.sources}

    def place(path: tuple[str, ...]) -> str:
        return document.where("rules", *path)

    def source_place(name: str) -> str:
        return document.where("sources", name)

    return [
        *lint_rules(block, hub.rules(), says, place, source_place),
        *lint_pace(block, _pace(hub), place),
        *lint_echo(_same_systems(hub), says, _writes(hub), source_place),
        *_maps_twice(hub),
    ]


def said(hub: Hub, name: str) -> Says | None:
    """Tell what the maps of a source fill; None where one of them, or its streams, cannot be told now."""
    found: dict[str, dict[str, frozenset[Any] | None]] = {}
    try:
        streams = _streams(hub, name)
        for stream in streams:
            _add(stored_map(hub, name, stream), found)
    except HubError:  # told by the checks of sources and maps
        return None
    return found if streams else None


def _streams(hub: Hub, name: str) -> list[str]:
    try:
        with hub.source(name) as source:
            return list(source.streams())
    except HubError:  # no secret, no folder: its maps are known all the same
        block = hub.loaded.settings.sources[name]
        configured = (block.model_extra or {}).get("streams")
        if isinstance(configured, dict):
            return list(configured)
        return sorted(path.stem for path in registry.load(block.connector).maps.glob("*.yaml"))


def _add(field_map: FieldMap, found: dict[str, dict[str, frozenset[Any] | None]]) -> None:
    for cls, rules in field_map.rules.items():
        fields = found.setdefault(cls, {})
        for compiled in rules:
            rule = compiled.rule
            values = fields.get(rule.field, frozenset())
            constant = not rule.paths and not isinstance(rule.constant, list)
            fields[rule.field] = values | {rule.constant} if constant and values is not None else None


def _pace(hub: Hub) -> dict[str, tuple[int, str]]:
    """Tell for each source how many seconds may lie between two reads, and where that is said."""
    settings = hub.loaded.settings
    gaps = {
        flow: longest_gap(cron, settings.hub.timezone, hub.clock.now())
        for flow, cron in settings.schedules.items()
        if flow in _READING
    }
    slowest = min(((gap, f"schedules: {flow}") for flow, gap in gaps.items()), default=(0, ""))
    found = {}
    for name in settings.sources:
        fresh = max(_fresh_within(hub, name), default=0)
        found[name] = max(slowest, (fresh, "fresh_within"))
    return {name: pace for name, pace in found.items() if pace[0]}


def _fresh_within(hub: Hub, name: str) -> Iterator[int]:
    try:
        _, settings = hub.source_settings(name)
    except HubError:
        return
    streams = getattr(settings, "streams", None)
    for block in (settings, *(streams.values() if isinstance(streams, Mapping) else ())):
        window = getattr(block, "fresh_within", None)
        if isinstance(window, timedelta):
            yield int(window.total_seconds())


def _same_systems(hub: Hub) -> list[tuple[str, str]]:
    """Pair sources with targets that lie behind the same address."""
    settings = hub.loaded.settings
    targets = {name: _host(hub.target_settings, name) for name in settings.targets}
    sources = {name: _host(hub.source_settings, name) for name in settings.sources}
    return [(s, t) for s, host in sources.items() for t, other in targets.items() if host and host == other]


def _host(settings_of: Any, name: str) -> str:
    try:
        _, settings = settings_of(name)
    except HubError:
        return ""
    return urlsplit(str(getattr(settings, "url", None) or "")).netloc.lower()


def _writes(hub: Hub) -> dict[str, dict[str, frozenset[str]]]:
    """Tell which canonical fields each target is told, by class."""
    found: dict[str, dict[str, frozenset[str]]] = {}
    for name, block in hub.loaded.settings.targets.items():
        found[name] = {}
        try:
            maps = hub.target_map(name)
        except HubError:
            continue
        for cls in block.classes or maps.classes:
            filled = [field for facet in maps.facets(cls) for field in facet.fields.values()]
            found[name][cls] = frozenset(source for field in filled for source in field.sources)
    return found


def _maps_twice(hub: Hub) -> Iterator[Lint]:
    """Find maps that are laid over a stream or target twice: only the last time counts."""
    document = hub.loaded.document
    for way, maps in _overrides(hub):
        for i, path in enumerate(maps):
            if path in maps[:i]:
                yield Lint(
                    "map_twice", True, document.where(*way, i), f"the map {path} is listed twice; it overrides itself.",
                    "Remove one of them.",
                )  # fmt: skip


def _overrides(hub: Hub) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    settings = hub.loaded.settings
    for name, target in settings.targets.items():
        yield ("targets", name, "maps"), list(target.maps)
    for name, source in settings.sources.items():
        streams = (source.model_extra or {}).get("streams")
        for stream, options in streams.items() if isinstance(streams, dict) else ():
            maps = options.get("maps") if isinstance(options, dict) else None
            yield ("sources", name, "streams", stream, "maps"), list(maps) if isinstance(maps, list) else []
