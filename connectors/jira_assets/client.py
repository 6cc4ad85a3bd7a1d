"""The way to one Assets workspace: finding it, logging in, budgets, errors in words and by attribute.

Source: *Jira Service Management REST API* (`GET /rest/servicedeskapi/assets/workspace`) and *Assets REST API* (base
address `https://api.atlassian.com/jsm/assets/workspace/{workspaceId}/v1`), OpenAPI documents of 2025-12, read
2026-11-22.
Searches answer 429 beyond 500 requests a minute per API key; `Retry-After` may be missing. An error body holds
`errorMessages` and `errors`; clients report that `errors` is keyed `rlabs-insight-attribute-<attribute id>`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson

from connectors.auth import Basic
from connectors.http import Answer, HttpClient, quote
from connectors.jira_assets.settings import JiraAssetsSettings
from connectors.pagination import LoopGuard
from connectors.registry import Context, Rate
from connectors.status import parse_date
from synchub.errors import ConfigError, ConnectorError, ContractChanged, PermissionDenied, Unavailable
from synchub.ports import RateBudget

_BURST = 20  # 480 a minute and a burst of 20 make 500 in the worst minute, as the specification allows
_ATTRIBUTE = re.compile(r"(?:.*-)?(\d{1,19})")
_FIXES = {
    401: "Check the references under `auth`, and that the API token has not expired.",
    403: "Give the account the role that docs/connectors/jira_assets.md names in this object schema.",
}


class AssetsClient:
    """Requests to one workspace. Safe to use from several threads.

    Args:
        name: Connection name, for messages.
        settings: Of the connection.
        context: What the hub lends.
    """

    def __init__(self, name: str, settings: JiraAssetsSettings, context: Context) -> None:
        self.name = name
        self.settings = settings
        self.clock = context.clock
        self.host = urlsplit(settings.url).hostname or ""
        login = f"jira_assets:{self.host}:{settings.auth.email}"
        general = context.budget(login, Rate(settings.requests_per_minute / 60, _BURST))
        search = context.budget(f"{login}:aql", Rate(settings.searches_per_minute / 60, _BURST))
        self.email = settings.auth.email.read(context.resolve)
        auth = Basic(self.email, settings.auth.token.read(context.resolve))
        options: dict[str, Any] = {"auth": auth, "fixes": _FIXES, "said": error_text, "facts": error_facts}
        self._site = HttpClient.open(name, settings.url, context, budget=general, **options)
        self._api = HttpClient.open(name, settings.api, context, budget=general, **options)
        self._search = HttpClient.open(name, settings.api, context, budget=_Both(general, search), **options)
        self._workspace: str | None = None
        self._lock = threading.Lock()

    def workspace(self) -> str:
        """Return the id of the workspace, asked for once.

        Raises:
            PermissionDenied: This login sees none.
            ConfigError: It sees several, or not the configured one.
        """
        with self._lock:
            if self._workspace is None:
                self._workspace = self._choose(self._workspaces())
            return self._workspace

    def ask_workspace_again(self) -> str:
        """Return the id of the workspace that answers now; pages and ids of an earlier one are of no use then."""
        with self._lock:
            self._workspace = None
        return self.workspace()

    def _workspaces(self) -> list[str]:
        found: list[str] = []
        guard = LoopGuard(f"{self.name}: list of workspaces")
        while True:
            params = {"start": guard.step(str(len(found))), "limit": 50}
            page = self._site.request_json("GET", "/rest/servicedeskapi/assets/workspace", params=params)
            values = page.get("values") if isinstance(page, dict) else None
            if not isinstance(values, list):
                raise ContractChanged("the list of Assets workspaces cannot be read.", where=self.name,
                                      fix="Check `url`.")  # fmt: skip
            found += [str(v["workspaceId"]) for v in values if isinstance(v, dict) and v.get("workspaceId")]
            if page.get("isLastPage") is True or (not values and "isLastPage" not in page):
                return found

    def _choose(self, found: list[str]) -> str:
        wanted = self.settings.workspace
        if not found:
            raise PermissionDenied("this login sees no Assets workspace.", where=f"{self.name}: {self.host}",
                                   fix="Assets needs a plan that includes it, and the account a Jira Service "
                                       "Management licence and access to Assets.")  # fmt: skip
        if wanted is None and len(found) == 1:
            return found[0]
        if wanted in found:
            return str(wanted)
        raise ConfigError(
            f"the site has the Assets workspaces {', '.join(found[:5])}." if wanted is None
            else f"the site has no Assets workspace {wanted!r}.",
            where=f"{self.name}: workspace", fix=f"Set `workspace` to one of: {', '.join(found[:5])}.",
        )  # fmt: skip

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """Read and parse; raises as `HttpClient.request_json`."""
        return self._api.request_json("GET", self._path(path), params=params)

    def search(self, path: str, query: str, params: Mapping[str, str | int] | None = None) -> Any:
        """Ask with AQL (a POST that changes nothing) and parse; raises as `HttpClient.request_json`."""
        body = orjson.dumps({"qlQuery": query})
        return self._search.request_json("POST", self._path(path), params=params, json=body, idempotent=True)

    def create(self, path: str, body: Any) -> Any:
        """Create something; never sent twice unless the system certainly did nothing the first time.

        Raises:
            ConnectorError: `context["sent"]` is True where the answer came but cannot be read.
        """
        answer = self._api.request("POST", self._path(path), json=orjson.dumps(body), idempotent=False)
        try:
            return answer.json()
        except ConnectorError as error:
            error.context["sent"] = True
            raise

    def put(self, path: str, body: Any) -> Any:
        """Set values; sending it twice has the effect of sending it once."""
        return self._api.request_json("PUT", self._path(path), json=orjson.dumps(body))

    def delete(self, path: str) -> None:
        """Take something away; sending it twice has the effect of sending it once.

        Raises:
            NotFound: It is gone already.
        """
        self._api.request("DELETE", self._path(path))

    def server_time(self) -> int:
        """Read the API's clock from the `Date` header, seconds since 1970 UTC.

        Raises:
            ContractChanged: The answer carries no date (a proxy removed it).
        """
        answer: Answer = self._api.request("GET", self._path("/objectschema/list"), params={"maxResults": 1})
        moment = parse_date(answer.headers.get("date"))
        if moment is None:
            raise ContractChanged("the answer carries no readable Date header.", where=answer.where,
                                  fix="Check proxies in between; cursors need the system's own time.")  # fmt: skip
        return moment

    def close(self) -> None:
        """Give connections back."""
        for client in (self._site, self._api, self._search):
            client.close()

    def _path(self, path: str) -> str:
        return f"/jsm/assets/workspace/{quote(self.workspace())}/v1{path}"


class _Both:
    """Two budgets that a request needs both of."""

    def __init__(self, *budgets: RateBudget) -> None:
        self._budgets = budgets

    def take(self, count: int = 1) -> None:
        """Wait for both."""
        for budget in self._budgets:
            budget.take(count)

    def pause(self, wait: timedelta) -> None:
        """Stop searches only: that is what was throttled."""
        self._budgets[-1].pause(wait)


def may_be_done(error: ConnectorError) -> bool:
    """Say whether a failed request may have been carried out, so that it has to be looked up."""
    sent = error.context.get("sent")
    return sent is True or (isinstance(error, (Unavailable, ContractChanged)) and sent is not False)


def error_text(body: bytes) -> str:
    """Pick the system's words out of an error body."""
    parsed = _parsed(body)
    messages = parsed.get("errorMessages")
    parts = [str(m) for m in messages] if isinstance(messages, list) else []
    parts += [str(v) for v in _errors(parsed).values()]
    parts += [str(parsed[k]) for k in ("message", "errorMessage") if parsed.get(k)]
    return " ".join("; ".join(dict.fromkeys(parts)).split())[:300]


def error_facts(body: bytes) -> dict[str, Any]:
    """Return attribute id -> the system's words, where an error body names attributes."""
    found = {}
    for key, words in _errors(_parsed(body)).items():
        match = _ATTRIBUTE.fullmatch(str(key))
        if match:
            found[match[1]] = "".join(c if c.isprintable() else " " for c in str(words))[:200]
    return {"attributes": found} if found else {}


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _errors(parsed: Mapping[str, Any]) -> dict[str, Any]:
    errors = parsed.get("errors")
    return errors if isinstance(errors, dict) else {}
