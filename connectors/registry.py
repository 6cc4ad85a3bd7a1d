"""Connectors by name.

The table below names ours, and each is imported only when the configuration names it. An outside package joins through
the entry-point group `synchub.connectors` (`name = "package.module:CONNECTOR"`); it too is imported only when named,
so that an installed package runs nothing by being there.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import httpx
from pydantic import BaseModel

from connectors.ratelimit import RateNotes
from connectors.secrets import Resolve
from synchub.errors import ConfigError
from synchub.ports import Clock, RateBudget, Receiver, Source, Target

GROUP = "synchub.connectors"

_OURS: dict[str, str] = {
    "agent_inventory": "connectors.agent_inventory:CONNECTOR",
    "bamboohr": "connectors.bamboohr:CONNECTOR",
    "files": "connectors.files:CONNECTOR",
    "intune": "connectors.intune:CONNECTOR",
    "jira_assets": "connectors.jira_assets:CONNECTOR",
    "jira_issues": "connectors.jira_issues:CONNECTOR",
    "nmap": "connectors.nmap:CONNECTOR",
    "procurement": "connectors.procurement:CONNECTOR",
    "rt": "connectors.rt:CONNECTOR",
    "servicenow": "connectors.servicenow:CONNECTOR",
}


@dataclass(frozen=True, slots=True)
class Rate:
    """The request budget a connector asks for where the configuration says nothing.

    Attributes:
        per_second: Requests per second in the long run.
        burst: Requests at once after a rest.
    """

    per_second: float
    burst: int


class Budgets(Protocol):
    """Hands out request budgets."""

    def __call__(self, credential: str, rate: Rate | None = None) -> RateBudget:
        """Return the budget of a credential, the same object for the same name.

        Args:
            credential: Names system and login, holds no secret (`"intune:<tenant>:<client id>"`).
            rate: What the connection is configured to keep to; None for the connector's own `rate`. The first one wins.
        """
        ...


@dataclass(frozen=True)
class Context:
    """What the hub lends to a connector when it opens one.

    Attributes:
        clock: Time and waiting.
        resolve: Reads secret and text references (`connectors.secrets.Resolver`).
        budget: Hands out request budgets, one per credential.
        hub_id: `hub.id` of the configuration; marks what this hub owns.
        base_dir: Folder of the configuration file; relative paths start there.
        transport: Replaces the network (tests); then `proxy` and `ca_file` are not used.
        proxy: URL of the outgoing proxy; None for a direct way. May hold credentials: never show it.
        ca_file: PEM file with further certificate authorities.
        notes: Where the connection notes what the system says about its rate limit.
    """

    clock: Clock
    resolve: Resolve
    budget: Budgets
    hub_id: str
    base_dir: Path
    transport: httpx.BaseTransport | None = None
    proxy: str | None = None
    ca_file: Path | None = None
    notes: RateNotes = field(default_factory=RateNotes)

    def __repr__(self) -> str:
        return f"Context(hub_id={self.hub_id!r}, base_dir={str(self.base_dir)!r})"


# Connection name, settings (an instance of the connector's settings model), context.
OpenSource = Callable[[str, Any, Context], Source]
OpenTarget = Callable[[str, Any, Context], Target]
OpenReceiver = Callable[[str, Any, Context], Receiver | None]


@dataclass(frozen=True)
class Connector:
    """What a connector declares about itself.

    Attributes:
        name: As written after `connector:` in the configuration.
        settings: Model of its block in the configuration (without `connector` and what the hub itself reads).
        maps: Folder with its shipped field maps, one `<stream>.yaml` per stream; of a connector that only writes, with
            its target maps.
        target_maps: Folder with its target maps where it reads and writes; None: `maps`.
        docs: Page of the documentation, relative to the project.
        open_source: Opens the reading side; None when there is none.
        open_target: Opens the writing side; None when there is none.
        open_receiver: Opens the side that other systems send to; None where it has none or none is configured.
        rate: Budget of one credential; the hub builds `Context.budget` from it.
    """

    name: str
    settings: type[BaseModel]
    maps: Path
    docs: str
    open_source: OpenSource | None = None
    open_target: OpenTarget | None = None
    open_receiver: OpenReceiver | None = None
    rate: Rate = Rate(per_second=10, burst=20)
    target_maps: Path | None = None


def names() -> list[str]:
    """List the names that can be configured, ours and outside ones, sorted; imports none of them.

    An entry point whose package is not there (the bench of a checkout, from an installed hub) is left out.
    """
    outside = metadata.entry_points(group=GROUP)
    return sorted({*_OURS, *(e.name for e in outside if find_spec(e.module.partition(".")[0]) is not None)})


def shipped() -> list[str]:
    """List the connectors that come with the hub, sorted; imports none of them."""
    return sorted(_OURS)


def load(name: str, *, where: str = "") -> Connector:
    """Import the connector of a name.

    Args:
        name: As in the configuration.
        where: Place in the configuration, for the message.

    Raises:
        ConfigError: Unknown name (the nearest is offered), or an outside connector that cannot be loaded.
    """
    if name in _OURS:
        module, _, attribute = _OURS[name].partition(":")
        found = getattr(importlib.import_module(module), attribute)
    else:
        found = _load_outside(name, where)
    if not isinstance(found, Connector):
        raise ConfigError(
            f"the connector {name!r} is not described by a connectors.registry.Connector.", where=where,
            fix="Ask the author of the package that provides it.",
        )  # fmt: skip
    return found


def _load_outside(name: str, where: str) -> object:
    entries = list(metadata.entry_points(group=GROUP, name=name))
    if not entries:
        near = difflib.get_close_matches(name, names(), n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise ConfigError(f"there is no connector {name!r}.", where=where, fix=f"{hint}Known: {', '.join(names())}.")
    if len(entries) > 1:
        raise ConfigError(
            f"{len(entries)} installed packages provide a connector {name!r}.",
            where=where,
            fix="Uninstall all but one.",
        )
    try:
        return entries[0].load()
    except (ImportError, AttributeError) as exc:
        raise ConfigError(
            f"the connector {name!r} ({entries[0].value}) cannot be loaded: {exc}.", where=where,
            fix="Install what it needs, or remove it from the configuration.",
        ) from exc  # fmt: skip
