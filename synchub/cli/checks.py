"""The single checks of `synchub check`. Each one is told apart, so that a problem hides no other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel

from connectors.secrets import SecretRef, TextOrRef, is_reference
from connectors.tls import tls_context
from synchub.cli.output import Stages
from synchub.domain.clocks import apart
from synchub.engine.contact import wrong_instance
from synchub.errors import ConfigError, HubError, StateError
from synchub.explain import stored_map
from synchub.lint import lint
from synchub.ports import Examined
from synchub.reconcile.policies import check_policies
from synchub.settings.serve import Tls
from synchub.wiring import Hub

_READ = 1  # records read of each stream


class Checks:
    """Runs all checks.

    Attributes:
        results: `{"what", "ok", "note"}` or `{"what", "ok", "code", "where", "message", "fix"}`, in order. What is fine
            and has a `code` is a warning.
    """

    def __init__(self, hub: Hub, stages: Stages, *, offline: bool) -> None:
        self._hub, self._stages, self._offline = hub, stages, offline
        self._settings = hub.loaded.settings
        self.results: list[dict[str, Any]] = []

    def run(self) -> None:
        """Check everything."""
        self._one("configuration", self._configuration)
        self._one("time zone", self._zone)
        if self._one("rules", self._rules):
            self._lint()
        if self._settings.notify is not None:
            self._one("notify", self._notify)
        http = self._settings.http
        if http.proxy is not None or http.ca_file is not None:
            self._one("http", self._http)
        self._one("serve", self._serve)
        state = self._one("state", self._state)
        for name in self._settings.sources:
            self._source(name)
        for name in self._settings.targets:
            self._target(name, state=state)

    def _one(self, what: str, work: Callable[[], str]) -> bool:
        """Do one check; its note, or what went wrong, is kept."""
        try:
            self.results.append({"what": what, "ok": True, "note": work()})
        except HubError as exc:
            self.results.append(
                {
                    "what": what,
                    "ok": False,
                    "code": exc.code,
                    "where": exc.where,
                    "message": exc.message,
                    "fix": exc.fix,
                }
            )
            return False
        return True

    # --- the hub itself ---------------------------------------------------------------------------------------------

    def _configuration(self) -> str:
        """Name the file."""
        return self._hub.loaded.path.name

    def _zone(self) -> str:
        name = self._settings.hub.timezone
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ConfigError(
                f"there is no time zone {name!r}.", where=self._hub.loaded.document.where("hub", "timezone"),
                fix="Use a name such as Europe/Berlin.",
            ) from None  # fmt: skip
        return name

    def _rules(self) -> str:
        self._hub.rules()
        return ", ".join(f"{name} is {self._hub.role(name)}" for name in self._settings.sources)

    def _lint(self) -> None:
        """Look for what is right in form and does not do what it says; what may be meant is only a warning."""
        for found in lint(self._hub):
            self.results.append(
                {
                    "what": found.code,
                    "ok": not found.wrong,
                    "code": "config" if found.wrong else found.code,
                    "where": found.where,
                    "message": found.message,
                    "fix": found.fix,
                }
            )

    def _notify(self) -> str:
        """Look whether the references lead to services that are known; nothing is sent."""
        block = self._settings.notify
        assert block is not None
        self._hub.notifier()
        return f"{', '.join(block.when)}: {len(block.places)} service{'s' if len(block.places) > 1 else ''}"

    def _http(self) -> str:
        """Look whether the proxy is one, and the certificate authorities can be read; nothing is connected."""
        document, http = self._hub.loaded.document, self._settings.http
        said = []
        if self._hub.proxy() is not None:
            said.append("by way of a proxy")
        if http.ca_file is not None:
            tls_context(document.where("http", "ca_file"), self._hub.loaded.base_dir / http.ca_file)
            said.append(f"authorities of {http.ca_file} are believed, too")
        return ", ".join(said)

    def _serve(self) -> str:
        """Look whether the server's secret and certificate are there; nothing is listened on."""
        block = self._settings.serve
        if block.metrics_token is not None:
            self._hub.resolve(block.metrics_token)
        for path in (block.tls.cert, block.tls.key) if isinstance(block.tls, Tls) else ():
            if not (self._hub.loaded.base_dir / path).is_file():
                where = self._hub.loaded.document.where("serve", "tls")
                raise ConfigError(f"there is no file {path!r}.", where=where, fix="Correct the path.")
        return block.listen

    def _state(self) -> str:
        """Open the state if it is there; a check makes none."""
        url = self._hub.state_url()
        if url.startswith("sqlite:///"):
            path = Path(url.removeprefix("sqlite:///"))
            _writable(path)
            if not path.exists():
                return "does not exist yet; the first run makes it"
        streams = self._hub.state.reports.streams()
        return f"{sum(s['records'] for s in streams):,} records of {len(streams)} streams"

    # --- sources ----------------------------------------------------------------------------------------------------

    def _source(self, name: str) -> None:
        what = f"source {name}"
        if not self._one(what, lambda: self._source_settings(name)):
            return
        secrets = self._secrets(what, self._hub.source_settings(name)[1])
        for stream in self._configured_streams(name):
            self._one(f"{what} {stream} map", lambda stream=stream: self._map(name, stream))  # type: ignore[misc]
        if secrets and not self._offline:
            self._stages.stage(f"asking {name}")
            self._connection(name)
            self._rate(what, "sources", name)

    def _source_settings(self, name: str) -> str:
        connector, _ = self._hub.source_settings(name)
        if connector.open_source is None:
            where = self._hub.loaded.document.where("sources", name)
            raise ConfigError(f"{connector.name} has no source.", where=where, fix="Configure it under targets.")
        return f"connector {connector.name}"

    def _configured_streams(self, name: str) -> list[str]:
        streams = (self._settings.sources[name].model_extra or {}).get("streams")
        return list(streams) if isinstance(streams, dict) else []

    def _map(self, name: str, stream: str) -> str:
        found = stored_map(self._hub, name, stream)
        return f"{', '.join(found.classes)}: {len(found.paths)} paths"

    def _connection(self, name: str) -> None:
        streams: list[str] = []

        def list_streams() -> str:
            with self._hub.source(name) as source:
                streams.extend(source.streams())
            return f"streams: {', '.join(streams)}"

        if self._one(f"source {name} opens", list_streams):
            for stream in streams:
                self._one(f"source {name} {stream} reads", lambda stream=stream: self._read(name, stream))  # type: ignore[misc]

    def _read(self, name: str, stream: str) -> str:
        with self._hub.source(name) as source:
            for page in source.read(stream, limit=_READ):
                if page.payloads:
                    return "; ".join(("gives records", *page.warnings))
                if page.rejected:
                    return f"gives dead letters first: {page.rejected[0].where}"
        return "holds nothing"

    # --- targets ----------------------------------------------------------------------------------------------------

    def _target(self, name: str, *, state: bool) -> None:
        what = f"target {name}"
        settings_fit = self._one(what, lambda: self._target_settings(name))
        self._one(f"{what} map", lambda: self._target_map(name))
        if not settings_fit:
            return
        secrets = self._secrets(what, self._hub.target_settings(name)[1])
        if secrets and not self._offline:
            self._stages.stage(f"asking {name}")
            if self._one(f"{what} answers", lambda: self._identity(name, state=state)):
                self._one(f"{what} clock", lambda: self._clock(name))
                self._examined(what, name)
                self._rate(what, "targets", name)

    def _target_settings(self, name: str) -> str:
        connector, _ = self._hub.target_settings(name)
        if connector.open_target is None:
            where = self._hub.loaded.document.where("targets", name)
            raise ConfigError(f"{connector.name} has no target.", where=where, fix="Configure it under sources.")
        return f"connector {connector.name}, mode {self._settings.targets[name].mode}"

    def _target_map(self, name: str) -> str:
        maps = self._hub.target_map(name)
        wanted = self._settings.targets[name].classes or maps.classes
        unknown = [cls for cls in wanted if not maps.facets(cls)]
        if unknown:
            raise ConfigError(
                f"the target map takes no {unknown[0]!r}.",
                where=self._hub.loaded.document.where("targets", name, "classes"),
                fix=f"It takes: {', '.join(maps.classes)}.",
            )
        block, document = self._settings.targets[name], self._hub.loaded.document
        if "theirs" in block.model_fields_set:
            check_policies(block.theirs, maps, wanted, lambda *way: document.where("targets", name, "theirs", *way))
        return ", ".join(wanted)

    def _identity(self, name: str, *, state: bool) -> str:
        with self._hub.target_job(name) as job:
            identity = job.target.identity()
        pinned = self._pinned(name) if state else None
        if pinned is not None and pinned != identity:
            raise wrong_instance(name, identity, pinned)
        return f"{identity} (not met before)" if pinned is None else identity

    def _clock(self, name: str) -> str:
        with self._hub.target_job(name) as job:
            return apart(job.target.server_time() - self._hub.clock.now()) or "agrees with ours"

    def _examined(self, what: str, name: str) -> None:
        """Let a target look at itself, where it can."""
        with self._hub.target_job(name) as job:
            if isinstance(job.target, Examined):
                for about, look in job.target.examine():
                    self._one(f"{what} {about}", look)

    def _rate(self, what: str, kind: str, name: str) -> None:
        """Show what the system says of its rate limit, and what the hub keeps to; files have none."""
        notes = self._hub.rate_notes.get((kind, name))
        if notes is not None and notes.text():
            self.results.append({"what": f"{what} rate limit", "ok": True, "note": notes.text()})

    def _pinned(self, name: str) -> str | None:
        url = self._hub.state_url()
        if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
            return None
        return next((t["identity"] for t in self._hub.state.reports.targets() if t["name"] == name), None)

    # --- secrets ----------------------------------------------------------------------------------------------------

    def _secrets(self, what: str, settings: BaseModel) -> bool:
        """Resolve every reference of a block; the values are thrown away at once."""
        found = True
        for way, reference in references(settings):
            found &= self._one(f"{what} {way}", lambda reference=reference: self._resolve(reference))  # type: ignore[misc]
        return found

    def _resolve(self, reference: str) -> str:
        self._hub.resolve(reference)
        return reference


def _writable(path: Path) -> None:
    """Look whether a file, or the nearest folder above it that is there, can be written; nothing is made.

    Raises:
        StateError: It cannot.
    """
    there = next(p for p in (path, *path.parents) if os.path.lexists(p))
    if there == path:
        fits = path.is_file() and os.access(path, os.R_OK | os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)
    else:
        fits = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    if not fits:
        raise StateError(
            f"the state {path} cannot be {'written' if there == path else 'made'}: look at {there}.", where="state",
            fix="Make its folder writable for the user that runs the hub, or name another place in `state:`.",
        )  # fmt: skip


def references(value: Any, way: str = "") -> Iterator[tuple[str, str]]:
    """Yield (dotted way, reference) of all secrets and texts that live elsewhere in a settings object."""
    if isinstance(value, SecretRef):
        yield way, value.reference
    elif isinstance(value, TextOrRef):
        if is_reference(value.text):
            yield way, value.text
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from references(getattr(value, name), f"{way}.{name}" if way else name)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from references(item, f"{way}.{name}")
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from references(item, f"{way}.{i}")
