"""How a connector and its simulated system are described to the kit."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from connectors.budget import LocalBudget
from connectors.kit.clock import FakeClock
from connectors.registry import Context
from connectors.secrets import Resolver
from synchub.domain.plan import Value
from synchub.ports import Source, Target

FaultKind = Literal[
    "status", "timeout_before", "timeout_after", "truncate", "body", "skew", "call",
    "short_page", "empty_page", "duplicate_page", "foreign_link", "failed_item",
]  # fmt: skip
Where = Literal["read", "write", "login"]

HOSTILE: tuple[str, ...] = (
    "O'Brien^active=false^ORname!=",
    '" OR 1=1 --',
    "${jndi:ldap://x}{{7*7}}<script>alert(1)</script>",
    '=HYPERLINK("http://x")',
    "a&b#c?d=e/f\\g%00%2e%2e",
    "line\nbreak\ttab\x1b[31m",
    "\u202egnp.exe \u00e9\u0301 \U0001f4bb",
    "x" * 300,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A misbehaviour that the simulated system is to show.

    Attributes:
        kind: What; `timeout_before` and `timeout_after` cut the connection without and with the work being done,
            `failed_item` refuses one object of a batch inside an answer of status 200.
        where: Which requests: reads of the list or object, writes, or the login.
        nth: Which of these requests, from 1; empty for every one.
        status: For `status`.
        retry_after: For `status`: seconds asked for; None for no header.
        http_date: Ask as an HTTP date.
        text: For `status` and `body`: the body.
        seconds: For `skew`.
        call: For `call`: done before the request is answered.
    """

    kind: FaultKind
    where: Where = "read"
    nth: tuple[int, ...] = (1,)
    status: int = 0
    retry_after: int | None = None
    http_date: bool = False
    text: str = ""
    seconds: float = 0
    call: Callable[[], object] | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that reached the simulated system; parts of batches are not listed."""

    method: str
    path: str
    query: str = ""
    status: int = 0


@dataclass(frozen=True)
class SourceRun:
    """A started simulator and the connector's way to it.

    Attributes:
        open: Opens the connector.
        stream: Stream to read.
        inject: Makes the system misbehave.
        keys: Native keys that the system holds now.
        change: Sets raw fields of a record by key; the value `...` removes the field.
        insert: Adds so many records, where they move others to later pages if the system can.
        delete: Removes a record.
        sent: Requests so far.
        secrets: Texts that must never be seen (client secret, tokens given out).
        stop: Ends the simulator.
        problems: What contract validation found in requests and answers; empty when there is none.
    """

    open: Callable[[Context], Source]
    stream: str
    inject: Callable[[Fault], None]
    keys: Callable[[], set[str]]
    change: Callable[[str, Mapping[str, Any]], None]
    insert: Callable[[int], None]
    delete: Callable[[str], None]
    sent: Callable[[], list[Sent]]
    secrets: Callable[[], list[str]]
    stop: Callable[[], None]
    problems: Callable[[], list[str]] = list


@dataclass(frozen=True)
class SourceCase:
    """A source connector under test.

    Attributes:
        name: Connector name.
        start: Starts the simulator with so many records and returns it; a page holds `page` records.
        page: Records per page.
        key_of: Native key of a parsed payload.
        key_field: Raw field with the key.
        text_field: Raw field with free text.
        optional_field: Raw field that a record may lack.
        is_list: Tells whether a request asks for a page of the list.
        exempt: Check -> why it does not apply.
    """

    name: str
    start: Callable[[int], SourceRun]
    page: int
    key_of: Callable[[dict[str, Any]], str]
    key_field: str
    text_field: str
    optional_field: str
    is_list: Callable[[Sent], bool]
    exempt: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TargetRun:
    """A started simulator and the connector's way to it.

    Attributes:
        open: Opens the connector.
        inject: Makes the system misbehave.
        objects: What the system holds of the kind now: id -> fields.
        edit: Changes fields of an object as a person would; the version moves on.
        sent: Requests so far.
        secrets: Texts that must never be seen.
        stop: Ends the simulator.
        problems: What contract validation found; empty when there is none.
    """

    open: Callable[[Context], Target]
    inject: Callable[[Fault], None]
    objects: Callable[[], dict[str, dict[str, Any]]]
    edit: Callable[[str, Mapping[str, Any]], None]
    sent: Callable[[], list[Sent]]
    secrets: Callable[[], list[str]]
    stop: Callable[[], None]
    problems: Callable[[], list[str]] = list


@dataclass(frozen=True)
class TargetCase:
    """A target connector under test.

    Attributes:
        name: Connector name.
        start: Starts the simulator with so many objects of the kind.
        kind: Object type that is written.
        new: Fields and `extra` of the n-th new object.
        text_field: Target field with free text of at least 60 characters.
        bad: Fields that make the system refuse an object.
        max_text: Longest text of `text_field`.
        exempt: Check -> why it does not apply.
    """

    name: str
    start: Callable[[int], TargetRun]
    kind: str
    new: Callable[[int], tuple[dict[str, Value], dict[str, Any]]]
    text_field: str
    bad: Mapping[str, Value]
    max_text: int = 60
    exempt: Mapping[str, str] = field(default_factory=dict)


def context(clock: FakeClock | None = None, **changes: Any) -> Context:
    """Build what the hub lends, for tests: no waiting, no proxy, environment empty, a generous budget."""
    used = clock or FakeClock()
    budget = LocalBudget(per_second=1000, burst=1000, now=used.exact, sleep=used.sleep)
    folder = Path(tempfile.gettempdir())
    values: dict[str, Any] = {
        "clock": used, "resolve": Resolver({}, folder), "budget": lambda _credential, _rate=None: budget,
        "hub_id": "kit", "base_dir": folder, **changes,
    }  # fmt: skip
    return Context(**values)


def applicable(checks: Iterable[str], case: SourceCase | TargetCase) -> list[str]:
    """List the checks that apply to a connector.

    Raises:
        ValueError: An exemption names no check, or gives no reason.
    """
    known = list(checks)
    for name, reason in case.exempt.items():
        if name not in known or not reason.strip():
            msg = f"{case.name}: exemption {name!r} names no check or gives no reason"
            raise ValueError(msg)
    return [name for name in known if name not in case.exempt]


def waited(clock: FakeClock) -> timedelta:
    """Return the longest wait in a row."""
    return timedelta(seconds=max(clock.slept, default=0))
