"""Programmable faults: which request is hit, and how."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = frozenset(
    {
        "status",
        "throttle",
        "timeout_before",
        "timeout_after",
        "truncate",
        "content_type",
        "duplicate",
        "latency",
        "skew",
        "call",
        "call_after",
        "body",
    }
)


@dataclass(slots=True)
class Rule:
    """One fault and the requests it hits.

    A rule hits a request when method and path match and, counted over the matching requests from 1, the request is the
    `nth` (a number, or several), or falls under `probability` (seeded), or, with neither given, always; and not more
    than `times` times.

    Attributes:
        kind: One of `KINDS`, or a name the simulator registered (see `Faults.register`).
        method: HTTP method; empty for any.
        path: Regular expression searched in the path; empty for any.
        query: Regular expression searched in the raw query; empty for any.
        nth: Which of the matching requests, from 1.
        probability: Share of the matching requests.
        times: At most so many hits; 0 for no limit.
        status: For `status`: the HTTP status. For `throttle`: 429 by default.
        retry_after: For `throttle` and `status`: seconds; negative for none.
        http_date: Send `Retry-After` as an HTTP date.
        seconds: For `latency` and the time-outs (how long the connection hangs before it is closed), and for `skew`.
        keep: For `truncate`: share of the body that is sent.
        text: For `content_type`: the type; for `status`/`body`: the body, instead of the vendor's.
        call: For `call`: run before the request is handled (page drift: insert or delete rows). For `call_after`: run
            when it was carried out, before its answer goes out (the caller dies in between).
        options: What a registered kind needs.
        seen: Matching requests so far.
        hits: Hits so far.
    """

    kind: str
    method: str = ""
    path: str = ""
    query: str = ""
    nth: int | tuple[int, ...] = ()
    probability: float = 0.0
    times: int = 0
    status: int = 503
    retry_after: float = -1
    http_date: bool = False
    seconds: float = 0.0
    keep: float = 0.5
    text: str = ""
    call: Callable[[], object] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    hits: int = 0

    def hit(self, method: str, path: str, query: str, chance: Callable[[], float]) -> bool:
        """Say whether this request is hit, counting it."""
        if (self.method and method != self.method) or (self.times and self.hits >= self.times):
            return False
        if (self.path and not re.search(self.path, path)) or (self.query and not re.search(self.query, query)):
            return False
        self.seen += 1
        if self.nth:
            wanted = (self.nth,) if isinstance(self.nth, int) else self.nth
            chosen = self.seen in wanted
        else:
            chosen = chance() < self.probability if self.probability else True
        self.hits += chosen
        return chosen


class Faults:
    """The rules of one simulator, asked for every request.

    Args:
        seed: Of the probabilities.
    """

    def __init__(self, seed: int = 0) -> None:
        self.rules: list[Rule] = []
        self._random = random.Random(seed)
        self._known = set(KINDS)

    def register(self, kind: str) -> None:
        """Allow a kind that the simulator itself carries out."""
        self._known.add(kind)

    def add(self, kind: str, **settings: Any) -> Rule:
        """Add a rule; the settings are the attributes of `Rule`.

        Raises:
            ValueError: The kind or a setting is unknown.
        """
        if kind not in self._known:
            msg = f"unknown fault {kind!r}; known: {', '.join(sorted(self._known))}"
            raise ValueError(msg)
        if kind == "throttle":
            settings.setdefault("status", 429)
            settings.setdefault("retry_after", 1)
        if isinstance(settings.get("nth"), list):
            settings["nth"] = tuple(settings["nth"])
        try:
            rule = Rule(kind, **settings)
        except TypeError as problem:
            raise ValueError(str(problem)) from problem
        self.rules.append(rule)
        return rule

    def seed(self, seed: int) -> None:
        """Start the probabilities anew."""
        self._random = random.Random(seed)

    def clear(self) -> None:
        """Remove all rules."""
        self.rules.clear()

    def match(self, method: str, path: str, query: str) -> list[Rule]:
        """List the rules that hit this request, in the order they were added."""
        if not self.rules:
            return []
        return [rule for rule in self.rules if rule.hit(method, path, query, self._random.random)]

    def load(self, data: Mapping[str, Any]) -> None:
        """Take rules from JSON: `{"seed": 1, "clear": true, "rules": [{"kind": "throttle", "nth": 2}]}`.

        Raises:
            ValueError: A kind or a setting is unknown.
        """
        if data.get("clear"):
            self.clear()
        if "seed" in data:
            self.seed(int(data["seed"]))
        for item in data.get("rules", []):
            self.add(**item)
