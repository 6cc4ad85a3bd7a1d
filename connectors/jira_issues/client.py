"""The way to one Jira project: log-in, budget, retries, pages of searches, fields by name.

Source: *Jira Cloud platform REST API v3* (OpenAPI document of 2025-12, read 2026-11-22): `GET /search/jql` gives pages
by `nextPageToken` until `isLast`, no total, fewer issues than asked for where fields are named, and may lag behind
writes; `POST /issue/bulkfetch` does not lag.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from jira import JIRAError

from connectors import retry
from connectors.auth import Basic
from connectors.jira_assets.settings import JiraAssetsSettings
from connectors.jira_assets.target import JiraAssetsTarget
from connectors.jira_issues import jql
from connectors.jira_issues.session import Library, Session
from connectors.jira_issues.settings import JiraIssuesSettings
from connectors.pagination import LoopGuard
from connectors.registry import Context, Rate
from synchub.errors import ConfigError, ContractChanged

T = TypeVar("T")
Raw = dict[str, Any]

MOST_MINUTES = 90_000  # two months: beyond, everything is read
_BURST = 20
_MOST_EMPTY = 20  # pages in a row that hold nothing
_BULK = 100
_STUMBLES = (JIRAError, AttributeError, KeyError, TypeError, ValueError)


class IssuesClient:
    """Requests to one project. Safe to use from several threads.

    Args:
        name: Connection name, for messages.
        settings: Of the connection.
        context: What the hub lends.
    """

    def __init__(self, name: str, settings: JiraIssuesSettings, context: Context) -> None:
        self.name, self.settings, self.clock = name, settings, context.clock
        self.host = (urlsplit(settings.url).hostname or "").lower()
        auth = Basic(settings.auth.email.read(context.resolve), settings.auth.token.read(context.resolve))
        rate = Rate(settings.requests_per_minute / 60, _BURST)
        budget = context.budget(f"jira_issues:{self.host}:{settings.auth.email}", rate)
        self.session = Session(name, settings.url, auth, budget, context)
        self.library = Library(settings.url, self.session)
        self._assets = _assets(name, settings, context)
        self._lock = threading.RLock()
        self._fields: dict[str, Raw] = {}
        self._account = ""

    def call(self, work: Callable[[Library], T], *, idempotent: bool = True) -> T:
        """Do something with the library, repeated within the hub's policy.

        Raises:
            ConnectorError: As `Session.request`.
            ContractChanged: The library stumbled over the answer; `context["sent"]` is True.
        """

        def once() -> T:
            try:
                return work(self.library)
            except _STUMBLES as exc:
                # Its own message may hold the whole answer.
                raise ContractChanged(f"the library cannot read the answer ({type(exc).__name__}).", where=self.name,
                                      fix="Check `url` and the API version.", sent=True) from None  # fmt: skip

        return retry.call(once, policy=retry.RetryPolicy(), clock=self.clock, idempotent=idempotent)

    # --- searches -----------------------------------------------------------------------------------------------------

    def scope(self, *types: str) -> list[str]:
        """Restrict a query to the project, and to issue types if any are given."""
        return [f"project = {jql.quoted(self.settings.project)}", *([jql.one_of("issuetype", types)] if types else [])]

    def search(self, query: str, fields: Sequence[str]) -> Iterator[tuple[list[Any], bool]]:
        """Yield (issues, whether these are the last), each page when it is asked for.

        Raises:
            ContractChanged: The answer has another form, or the list does not end.
            ConnectorError: As `call`.
        """
        where = f"{self.name}: GET /rest/api/3/search/jql"
        guard, token, empty = LoopGuard(where), None, 0
        while True:
            page = self._page(query, fields, token)
            issues = page.get("issues") if isinstance(page, dict) else None
            if not isinstance(page, dict) or not isinstance(issues, list):
                raise ContractChanged("the answer to a search holds no `issues`.", where=where, fix="Check `url`.")
            following = page.get("nextPageToken")
            last = page.get("isLast") is True or (following is None and page.get("isLast") is not False)
            yield issues, last
            if last:
                return
            if not isinstance(following, str) or not following:
                raise ContractChanged("a page is not the last, and names no next one.", where=where,
                                      fix="Try again later.")  # fmt: skip
            empty = 0 if issues else empty + 1
            if empty >= _MOST_EMPTY:
                raise ContractChanged("pages stay empty and none says that it is the last.", where=where,
                                      fix="Try again later.")  # fmt: skip
            token = guard.step(following)

    def _page(self, query: str, fields: Sequence[str], token: str | None) -> Any:
        size = self.settings.page

        def ask(library: Library) -> Any:
            return library.enhanced_search_issues(
                query, nextPageToken=token, maxResults=size, fields=list(fields), json_result=True
            )

        return self.call(ask)

    def fetch(self, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Raw]:
        """Read issues of the project by id, past the search index; those that are gone or hidden are missing."""
        found: dict[str, Raw] = {}
        wanted = sorted({i for i in ids if i.isdecimal() and i.isascii()})
        for start in range(0, len(wanted), _BULK):
            part = wanted[start : start + _BULK]
            answer = self.call(lambda library, part=part: library.fetch_many(part, fields))  # type: ignore[misc]
            issues = answer.get("issues") if isinstance(answer, dict) else None
            if not isinstance(issues, list):
                raise ContractChanged("the answer holds no `issues`.", where=f"{self.name}: bulkfetch")
            found |= {str(i["id"]): i for i in issues if isinstance(i, dict) and str(i.get("id")) in part}
        return found

    # --- what is asked once -------------------------------------------------------------------------------------------

    def field(self, name: str) -> Raw | None:
        """Find a field by its id, else a custom one by its name; None where there is none.

        Raises:
            ConfigError: Several custom fields have the name.
        """
        with self._lock:
            if not self._fields:
                listed: Any = self.call(lambda library: library.fields())
                if not isinstance(listed, list):
                    raise ContractChanged("the list of fields cannot be read.", where=f"{self.name}: GET field",
                                          fix="Check `url`.")  # fmt: skip
                self._fields = {str(f["id"]): f for f in listed if isinstance(f, dict) and f.get("id")}
            if name in self._fields:
                return self._fields[name]
            found = [f for f in self._fields.values() if f.get("custom") and f.get("name") == name]
        if len(found) > 1:
            raise ConfigError(f"the site has {len(found)} custom fields named {name!r}.", where=self.name,
                              fix=f"Use an id: {', '.join(str(f['id']) for f in found[:5])}.")  # fmt: skip
        return found[0] if found else None

    def field_id(self, name: str) -> str:
        """Return the id of a field that the configuration names.

        Raises:
            ConfigError: There is none, or several.
        """
        found = self.field(name)
        if found is None:
            raise ConfigError(f"there is no field {name!r}, or it is hidden from this login.", where=self.name,
                              fix="Correct the name, or add the field to Jira.")  # fmt: skip
        return str(found["id"])

    def account(self) -> str:
        """Return the account id of this login."""
        with self._lock:
            if not self._account:
                answer: Any = self.call(lambda library: library.myself())
                self._account = str(answer.get("accountId") or "") if isinstance(answer, dict) else ""
                if not self._account:
                    raise ContractChanged("the account of this login cannot be read.", where=f"{self.name}: myself")
            return self._account

    def server_time(self) -> int:
        """Read the site's clock from the `Date` header, seconds since 1970 UTC.

        Raises:
            ContractChanged: The answer carries no date (a proxy removed it).
        """
        self.session.server_now = 0
        self.call(lambda library: library.myself())
        if not self.session.server_now:
            raise ContractChanged("the answer carries no readable Date header.", where=f"{self.name}: myself",
                                  fix="Check proxies in between; cursors need the system's own time.")  # fmt: skip
        return self.session.server_now

    @property
    def assets(self) -> JiraAssetsTarget:
        """Return the way to the Assets objects that issues name.

        Raises:
            ConfigError: None is configured.
        """
        if self._assets is None:
            raise ConfigError("links to Assets objects need the block `assets`.", where=self.name,
                              fix="Name the custom field and the object schema there.")  # fmt: skip
        return self._assets

    def close(self) -> None:
        """Give connections back."""
        self.session.close()
        if self._assets is not None:
            self._assets.close()


def _assets(name: str, settings: JiraIssuesSettings, context: Context) -> JiraAssetsTarget | None:
    if settings.assets is None:
        return None
    about = {"url": settings.url, "api": settings.assets.api, "auth": settings.auth, "schema": settings.assets.schema_}
    return JiraAssetsTarget(name, JiraAssetsSettings.model_validate(about), context)
