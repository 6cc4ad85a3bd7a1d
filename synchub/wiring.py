"""The composition root: turns a configuration into open sources, targets, maps and rules."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from connectors import registry
from connectors.budget import LocalBudget
from connectors.ratelimit import RateNotes
from connectors.registry import Connector, Context, Rate
from connectors.secrets import Resolver, is_reference

# DRIFT from mapping.drift import ShapeObserver
from mapping.drift import ShapeObserver
from mapping.engine import FieldMap
from mapping.loader import load_map
from mapping.target import TargetMap, load_target_map
from state.budget import SharedBudget
from state.store import SqlState, open_state
from synchub.domain.guards import Guards
from synchub.domain.model import CLASSES
from synchub.domain.yamlfile import nearest
from synchub.engine.contact import TargetJob
from synchub.engine.pull import PullJob
from synchub.errors import ConfigError
from synchub.ports import Clock, Notifier, RateBudget, Receiver, Source, Target
from synchub.process import login_name
from synchub.reconcile.authority import How
from synchub.reconcile.policies import check_policies, flatten
from synchub.reconcile.rules import Rules, compile_rules
from synchub.settings.load import Loaded, load_settings, validate
from synchub.settings.model import SourceBlock
from synchub.stores.decisions import GONE, about

_HUB_SOURCE_KEYS = {"connector", "role", "may_create"}
_HUB_TARGET_KEYS = {"connector", "mode", "classes", "first_contact", "theirs", "maps", "max_creates"}
# A scan guesses from outside: whoever looks from inside is believed first, so it is no `discovery`.
_ROLE_OF_CONNECTOR = {"intune": "mdm", "agent_inventory": "discovery", "bamboohr": "hr", "nmap": "other"}
_ROLE_OF_STREAM = {
    "purchase_order_lines": "procurement", "orders": "procurement", "receipts": "procurement",
    "invoices": "procurement",
    "employees": "hr", "people": "hr", "workers": "hr", "devices": "mdm", "hosts": "discovery",
    "inventories": "discovery",
}  # fmt: skip


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Seconds since 1970 UTC."""
        return int(time.time())

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Selection:
    """What `--select` names; empty parts select everything.

    Attributes:
        sources: Source names.
        classes: Canonical classes.
        objects: Host names, serials, tags or entity ids.
    """

    sources: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    objects: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, words: tuple[str, ...]) -> Selection:
        """Read `source:mdm`, `class:computer`, `object:NB-1`.

        Raises:
            ConfigError: A word of another form.
        """
        found: dict[str, set[str]] = {"source": set(), "class": set(), "object": set()}
        for word in words:
            kind, _, value = word.partition(":")
            if kind not in found or not value:
                raise ConfigError(
                    f"cannot select {word!r}.", where="--select", fix="Write source:NAME, class:NAME or object:NAME."
                )
            if kind == "class" and value not in CLASSES:
                raise ConfigError(f"there is no class {value!r}.", where="--select", fix=nearest(value, CLASSES))
            found[kind].add(value)
        return cls(frozenset(found["source"]), frozenset(found["class"]), frozenset(found["object"]))


@dataclass(slots=True)
class Hub:
    """An opened configuration. Use `open_hub`."""

    loaded: Loaded
    clock: Clock
    environ: Mapping[str, str]
    transport: httpx.BaseTransport | None = None
    targets: Mapping[str, Target] = field(default_factory=dict)  # ready-made ones, by name: benchmarks and tests
    target_maps: Mapping[str, TargetMap] = field(default_factory=dict)
    blocks: Callable[[str], str] | None = None  # reads a Prefect Secret block; only a flow has one
    urgent: bool = False  # its requests go before those of other runs (joiners, leavers)
    _state: SqlState | None = None
    rate_notes: dict[tuple[str, str], RateNotes] = field(default_factory=dict)  # by (sources or targets, name)
    _budgets: dict[str, RateBudget] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def state(self) -> SqlState:
        """The state database, opened at first use, once however many threads ask."""
        with self._lock:
            if self._state is None:
                self._state = open_state(self.state_url())
            return self._state

    def state_url(self) -> str:
        """Return the database URL; a relative SQLite path starts at the configuration file."""
        url = self.resolve(self.loaded.settings.state)
        prefix = "sqlite:///"
        if url.startswith(prefix) and not url.startswith(prefix + "/"):
            return prefix + str(self.loaded.base_dir / url.removeprefix(prefix))
        return url

    def resolve(self, text: str) -> str:
        """Read a setting that may be a reference."""
        return self._resolver()(text) if is_reference(text) else text

    def _resolver(self) -> Resolver:
        return Resolver(self.environ, self.loaded.base_dir, self.blocks)

    def notifier(self) -> Notifier | None:
        """Return what tells people; None where nobody is to be told.

        Raises:
            ConfigError: A reference leads nowhere, or to no service that is known.
        """
        block = self.loaded.settings.notify
        if block is None or not block.places or not block.when:
            return None
        from connectors.notify import AppriseNotifier

        return AppriseNotifier([self.resolve(reference) for reference in block.places])

    @contextmanager
    def receivers(self) -> Iterator[list[Receiver]]:
        """Open the receiving sides of the sources that have one; closed at the end.

        Raises:
            ConfigError: Settings that do not fit, a secret that cannot be read, or two receivers on one path.
        """
        opened: list[Receiver] = []
        try:
            for name in self.loaded.settings.sources:
                connector, settings = self.source_settings(name)
                if connector.open_receiver is None:
                    continue
                found = connector.open_receiver(name, settings, self.context(connector, "sources", name))
                if found:
                    opened.append(found)
                    if [r.path for r in opened].count(found.path) > 1:
                        where = self.loaded.document.where("sources", name)
                        raise ConfigError(f"two sources receive at {found.path}.", where=where, fix="Set another path.")
            yield opened
        finally:
            for receiver in opened:
                receiver.close()

    def rules(self) -> Rules:
        """Compile identification and reconciliation rules.

        Raises:
            ConfigError: A rule names an unknown field, source or step; `where` names file and line.
        """
        settings = self.loaded.settings
        document = self.loaded.document
        block = document.data.get("rules") or {}
        return compile_rules(
            block,
            {name: self.role(name) for name in settings.sources},
            may_create={
                name: list(source.may_create)
                for name, source in settings.sources.items()
                if source.may_create is not None
            },
            place=lambda path: document.where("rules", *path),
        )

    def role(self, name: str) -> str:
        """Tell what a source is an authority on: configured, or known from its connector or its streams."""
        block = self.loaded.settings.sources[name]
        if block.role:
            return block.role
        if block.connector in _ROLE_OF_CONNECTOR:
            return _ROLE_OF_CONNECTOR[block.connector]
        streams = (block.model_extra or {}).get("streams") or {}
        roles = {_ROLE_OF_STREAM.get(_map_name(stream, options)) for stream, options in streams.items()}
        roles.discard(None)
        return str(next(iter(roles))) if len(roles) == 1 else "other"

    def context(self, connector: Connector, kind: str, name: str) -> Context:
        """Return what a connector is lent for one connection: `sources` or `targets`, and its name."""
        http = self.loaded.settings.http
        notes = self.rate_notes.setdefault((kind, name), RateNotes())

        def budget(credential: str, rate: Rate | None = None) -> RateBudget:
            wanted = rate or connector.rate
            notes.keeps(credential, wanted.per_second, wanted.burst)
            return self._budget(credential, wanted)

        return Context(
            clock=self.clock,
            resolve=self._resolver(),
            budget=budget,
            notes=notes,
            hub_id=self.loaded.settings.hub.id,
            base_dir=self.loaded.base_dir,
            transport=self.transport,
            proxy=self.proxy(),
            ca_file=self.loaded.base_dir / http.ca_file if http.ca_file else None,
        )

    def proxy(self) -> str | None:
        """Return the URL of the proxy on the way out; it may hold credentials.

        Raises:
            ConfigError: It is none.
        """
        text = self.loaded.settings.http.proxy
        url = self.resolve(text) if text else None
        if url and not re.fullmatch(r"https?://[^/\s]+/?", url):
            raise ConfigError(
                "the address of the proxy cannot be read.", where=self.loaded.document.where("http", "proxy"),
                fix="Write http://host:port.",
            )  # fmt: skip
        return url

    def _budget(self, credential: str, rate: Rate) -> RateBudget:
        with self._lock:
            if credential not in self._budgets:
                self._budgets[credential] = self._new_budget(credential, rate)
            return self._budgets[credential]

    def _new_budget(self, credential: str, rate: Rate) -> RateBudget:
        """Make a budget: shared with all processes on the state, once that is open; else of this process alone."""
        if self._state is not None:
            return SharedBudget(
                self._state.database, credential, per_second=rate.per_second, burst=rate.burst, now=time.monotonic,
                sleep=self.clock.sleep, urgent=self.urgent,
            )  # fmt: skip
        return LocalBudget(per_second=rate.per_second, burst=rate.burst, now=time.monotonic, sleep=self.clock.sleep)

    def source_settings(self, name: str) -> tuple[Connector, Any]:
        """Validate a source's block with its connector's model.

        Raises:
            ConfigError: Unknown connector, or settings that do not fit.
        """
        block = self.loaded.settings.sources[name]
        return self._settings("sources", name, block.connector, _HUB_SOURCE_KEYS)

    def target_settings(self, name: str) -> tuple[Connector, Any]:
        """Validate a target's block with its connector's model; see `source_settings`."""
        block = self.loaded.settings.targets[name]
        return self._settings("targets", name, block.connector, _HUB_TARGET_KEYS)

    def _settings(self, kind: str, name: str, connector_name: str, ours: set[str]) -> tuple[Connector, Any]:
        document = self.loaded.document
        connector = registry.load(connector_name, where=document.where(kind, name, "connector"))
        data = {key: value for key, value in document.data[kind][name].items() if key not in ours}
        return connector, validate(connector.settings, data, document, (kind, name))

    @contextmanager
    def source(self, name: str) -> Iterator[Source]:
        """Open a source; closed at the end."""
        connector, settings = self.source_settings(name)
        if connector.open_source is None:
            raise ConfigError(
                f"{connector.name} has no source.",
                where=self.loaded.document.where("sources", name),
                fix="Configure it under targets.",
            )
        source = connector.open_source(name, settings, self.context(connector, "sources", name))
        try:
            yield source
        finally:
            source.close()

    def field_map(self, name: str, source: Source, stream: str, *further: Path) -> FieldMap:
        """Load the field map of a stream: the shipped one with the user's overrides, and further ones on top."""
        block: SourceBlock = self.loaded.settings.sources[name]
        connector = registry.load(block.connector)
        options = ((block.model_extra or {}).get("streams") or {}).get(stream) or {}
        overrides = [*(self.loaded.base_dir / path for path in options.get("maps") or ()), *further]
        values: Callable[[str], dict[str, str]] | None = getattr(source, "options", None)
        shipped = connector.maps / source.streams()[stream].map
        if not shipped.exists() and overrides:
            shipped, overrides = overrides[0], overrides[1:]
        hub = self.loaded.settings.hub
        zone = hub.timezone if "timezone" in hub.model_fields_set else ""  # unsaid, it is nobody's local time
        return load_map(shipped, overrides, options=values(stream) if values else None, zone=zone)

    def pull_job(self, name: str, source: Source, stream: str, limit: int | None = None) -> PullJob:
        """Put together what is to be read."""
        mapper = self.field_map(name, source, stream)
        classes = self.rules().classes.values()
        windows = [window for rules in classes if (window := rules.windows.get(name, rules.window))]
        gone = self.state.decisions.get(GONE, about([name, stream]))
        return PullJob(
            name, source, source.streams()[stream], mapper, lambda shape: ShapeObserver(mapper, shape), limit,
            silent_after=min(windows, default=0),
            newest=any(rule.how is How.NEWEST for rules in classes for _, rule in rules.dynamic),
            gone=(gone.answer, gone.at) if gone else None,
        )  # fmt: skip

    @contextmanager
    def target_job(self, name: str, classes: frozenset[str] = frozenset()) -> Iterator[TargetJob]:
        """Open a target with its map; closed at the end."""
        block = self.loaded.settings.targets[name]
        document = self.loaded.document
        maps = self.target_map(name)
        for cls in block.classes or ():
            if cls not in CLASSES:
                raise ConfigError(
                    f"there is no class {cls!r}.",
                    where=document.where("targets", name, "classes"),
                    fix=nearest(cls, CLASSES),
                )
        delivered = block.classes or maps.classes
        if "theirs" in block.model_fields_set:
            check_policies(block.theirs, maps, delivered, lambda *way: document.where("targets", name, "theirs", *way))
        wanted = [cls for cls in delivered if not classes or cls in classes]
        ready = self.targets.get(name)
        if ready is None:
            connector, settings = self.target_settings(name)
            if connector.open_target is None:
                raise ConfigError(
                    f"{connector.name} has no target.",
                    where=document.where("targets", name),
                    fix="Configure it under sources.",
                )
            ready = connector.open_target(name, settings, self.context(connector, "targets", name))
        try:
            yield TargetJob(
                name=name, target=ready, maps=maps, classes=tuple(wanted), policies=flatten(block.theirs),
                mode=block.mode, hub_id=self.loaded.settings.hub.id, config=self.loaded.fingerprint,
                guards=self.guards(name), asked_by=login_name(),
            )  # fmt: skip
        finally:
            ready.close()

    def guards(self, name: str) -> Guards:
        """Return the limits of a target's plans."""
        settings = self.loaded.settings
        limits = {key: guard.limit() for key, guard in settings.guards.items()}
        return Guards(limits, settings.targets[name].max_creates)

    def target_map(self, name: str) -> TargetMap:
        """Load a target's map: the shipped one with the user's overrides."""
        if name in self.target_maps:
            return self.target_maps[name]
        block = self.loaded.settings.targets[name]
        connector = registry.load(block.connector, where=self.loaded.document.where("targets", name, "connector"))
        return load_target_map(
            sorted((connector.target_maps or connector.maps).glob("*.yaml")),
            [self.loaded.base_dir / path for path in block.maps],
        )

    def close(self) -> None:
        """Give everything back."""
        if self._state is not None:
            self._state.close()


def _map_name(stream: str, options: Any) -> str:
    return str(options.get("map") or stream) if isinstance(options, dict) else stream


def open_hub(
    path: Path,
    *,
    clock: Clock | None = None,
    environ: Mapping[str, str] | None = None,
    transport: httpx.BaseTransport | None = None,
    blocks: Callable[[str], str] | None = None,
) -> Hub:
    """Open a configuration; nothing is connected yet.

    Args:
        path: The file.
        clock: Time; the system's by default.
        environ: Environment variables; those of the process by default.
        transport: Carries HTTP requests; the network by default.
        blocks: Reads `prefect:` references; without it they are refused.

    Raises:
        ConfigError: The file is missing or wrong.
    """
    variables = os.environ if environ is None else environ
    return Hub(load_settings(path), clock or SystemClock(), variables, transport, blocks=blocks)
