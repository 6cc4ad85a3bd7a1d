"""Look-ups of reference records through pysnow.

pysnow 0.7.9 (its newer versions do not resolve beside Prefect 3) fits here: small reads of companies, models, sites
and people by name. It brings no proxy, no private certificate authority, no time-outs, no size limit, no rate budget,
and it does not look at `error` beside `result`; the session handed to it does all that. Writes do not go through it:
its update reads and writes by query, one object at a time.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests

from connectors.http import user_agent
from connectors.registry import Context
from connectors.requests_session import TIMEOUTS, outfit, read_whole
from connectors.retry import RetryPolicy, call
from connectors.servicenow.client import ServiceNowClient, error_text, result_of
from connectors.status import error_for, parse_date, parse_retry_after
from synchub.errors import AuthError, ContractChanged, RateLimited, Unavailable

with warnings.catch_warnings():
    # Its doc strings hold escape sequences that Python warns of when it compiles them first.
    warnings.simplefilter("ignore", DeprecationWarning)
    import pysnow

_UNREADABLE = (
    pysnow.exceptions.MissingResult, pysnow.exceptions.ResponseError, pysnow.exceptions.UnexpectedResponseFormat,
    ValueError,
)  # fmt: skip


class ReferenceReader:
    """Reads small reference tables through pysnow. Safe to use from several threads.

    Args:
        client: Our client of the same instance: its log-in and budget are shared.
        context: What the hub lends (proxy, certificate authorities, transport of tests).
    """

    def __init__(self, client: ServiceNowClient, context: Context) -> None:
        self._client = client
        parts = urlsplit(client.settings.url)
        self._session = _Session(client, context)
        self._pysnow = pysnow.Client(host=parts.netloc, use_ssl=parts.scheme == "https", session=self._session)
        self._session.headers["User-Agent"] = f"{user_agent()} pysnow/{pysnow.__version__}"

    def rows(self, table: str, query: str, fields: list[str]) -> Iterator[dict[str, Any]]:
        """Yield the rows that an encoded query selects, page by page to the end that the instance states.

        Raises:
            ConnectorError: As `connectors.http.HttpClient.request`.
        """
        limit, offset = self._client.settings.page, 0
        while True:
            page, total = call(
                partial(self._page, table, query, fields, limit, offset),
                policy=RetryPolicy(), clock=self._client.clock, idempotent=True,
            )  # fmt: skip
            yield from page
            offset += limit
            if offset >= total:
                return

    def _page(
        self, table: str, query: str, fields: list[str], limit: int, offset: int
    ) -> tuple[list[dict[str, Any]], int]:
        # A resource of its own per request: pysnow keeps the parameters of the last one in it.
        resource = self._pysnow.resource(api_path=f"/table/{table}")
        resource.parameters.add_custom(
            {"sysparm_exclude_reference_link": "true", "sysparm_display_value": "false",
             "sysparm_suppress_pagination_header": "false"}
        )  # fmt: skip
        where = f"{self._client.name}: GET /api/now/table/{table}"
        try:
            answer = resource.get(query=query, fields=fields, limit=limit, offset=offset)
            rows = answer.all()
        except requests.RequestException as exc:
            raise Unavailable(
                f"no connection ({type(exc).__name__}).", where=where, fix="Check `url` and `http`."
            ) from None
        except _UNREADABLE as exc:
            raise ContractChanged(f"pysnow cannot read the answer ({type(exc).__name__}).", where=where) from None
        total = str(answer.headers.get("X-Total-Count", ""))
        if not isinstance(rows, list) or not total.isdigit():
            raise ContractChanged("the answer is no list with an X-Total-Count.", where=where, fix="Check proxies.")
        return [row for row in rows if isinstance(row, dict)], int(total)

    def close(self) -> None:
        """Give connections back."""
        self._session.close()


class _Session(requests.Session):
    """A requests session that does what the hub asks of every way out."""

    def __init__(self, client: ServiceNowClient, context: Context) -> None:
        super().__init__()
        self._client = client
        outfit(self, client.name, context)

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send within the budget, with the log-in, time-outs and limits; raises the hub's errors."""
        # pysnow sends empty parameters that the instance does not know as such (`sysparm_view=`).
        kwargs["params"] = {k: v for k, v in (kwargs.get("params") or {}).items() if v not in ("", None)}
        kwargs |= {"timeout": TIMEOUTS, "allow_redirects": False, "stream": True}
        where = f"{self._client.name}: {method!s} {urlsplit(str(url)).path}"
        for last_login in (False, True):
            credentials = dict(self._client.auth.headers())
            self._client.budget.take()
            kwargs["headers"] = credentials
            response = super().request(method, url, *args, **kwargs)
            try:
                self._check(response, where)
            except AuthError:
                if last_login or not self._client.auth.refused(credentials):
                    raise
            else:
                return response
        raise AssertionError(where)

    def _check(self, response: requests.Response, where: str) -> None:
        body = read_whole(response, where)
        if not 200 <= response.status_code < 300:
            now = parse_date(response.headers.get("Date")) or self._client.clock.now()
            wait = parse_retry_after(response.headers.get("Retry-After"), now=now)
            said = self._client.http.clean(error_text(body))
            error = error_for(response.status_code, where=where, said=said, retry_after=wait)
            if isinstance(error, RateLimited) and wait is not None:
                self._client.budget.pause(wait)
            raise error
        try:
            result_of(orjson.loads(body), where)
        except orjson.JSONDecodeError:
            raise Unavailable("the answer is no JSON, or broken off.", where=where, fix="Try again later.") from None
