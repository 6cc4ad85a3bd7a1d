"""Look-ups of reference records through pysnow.

pysnow 0.7.9 (its newer versions do not resolve beside Prefect 3) fits here: small reads of companies, models, sites
and people by name. It brings no proxy, no private certificate authority, no time-outs, no size limit, no rate budget,
and it does not look at `error` beside `result`; the session handed to it does all that. Writes do not go through it:
its update reads and writes by query, one object at a time.
"""

from __future__ import annotations

import io
import ssl
import warnings
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

from connectors.http import user_agent
from connectors.registry import Context
from connectors.retry import RetryPolicy, call
from connectors.servicenow.client import ServiceNowClient, error_text, result_of
from connectors.status import error_for, parse_date, parse_retry_after
from synchub.errors import AuthError, ConfigError, ContractChanged, RateLimited, Unavailable

with warnings.catch_warnings():
    # Its doc strings hold escape sequences that Python warns of when it compiles them first.
    warnings.simplefilter("ignore", DeprecationWarning)
    import pysnow

_UNREADABLE = (
    pysnow.exceptions.MissingResult, pysnow.exceptions.ResponseError, pysnow.exceptions.UnexpectedResponseFormat,
    ValueError,
)  # fmt: skip
MAX_BYTES = 32 * 1024 * 1024
TIMEOUTS = (10, 60)  # seconds to connect, seconds between two reads


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
        self.trust_env = False
        if context.proxy and context.transport is None:
            self.proxies = {"http": context.proxy, "https": context.proxy}
        adapter: BaseAdapter = _Bridge(context.transport) if context.transport else _Adapter(_tls(client.name, context))
        self.mount("https://", adapter)
        self.mount("http://", adapter)

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
        body = _read(response, where)
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


def _read(response: requests.Response, where: str) -> bytes:
    """Read a body up to the limit and leave it where pysnow looks for it."""
    parts, size = [], 0
    for chunk in response.iter_content(256 * 1024):
        size += len(chunk)
        if size > MAX_BYTES:
            response.close()
            raise ContractChanged(f"the answer is larger than {MAX_BYTES:,} bytes.", where=where, fix="Check `url`.")
        parts.append(chunk)
    body = b"".join(parts)
    response._content = body  # noqa: SLF001  # requests has no public way to set what was read by hand
    return body


class _Adapter(HTTPAdapter):
    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Verify with our certificate authorities."""
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Verify with our certificate authorities behind a proxy, too."""
        return super().proxy_manager_for(*args, ssl_context=self._context, **kwargs)


class _Bridge(BaseAdapter):
    """Sends through the transport that stands for the network in tests."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        super().__init__()
        self._transport = transport

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Send one request."""
        body = request.body.encode() if isinstance(request.body, str) else request.body
        sent = httpx.Request(str(request.method), str(request.url), headers=dict(request.headers), content=body)
        answer = self._transport.handle_request(sent)
        response = requests.Response()
        response.status_code = answer.status_code
        response.headers = requests.structures.CaseInsensitiveDict(_headers(answer.headers))
        response.raw = urllib3.HTTPResponse(
            body=io.BytesIO(answer.read()), status=answer.status_code, preload_content=False
        )
        response.url, response.request = str(request.url), request
        return response

    def close(self) -> None:
        """Leave the transport to whoever lent it."""


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() != "content-encoding"}


def _tls(name: str, context: Context) -> ssl.SSLContext:
    tls = httpx.create_ssl_context(trust_env=False)
    if context.ca_file is not None:
        try:
            tls.load_verify_locations(cafile=str(context.ca_file))
        except (OSError, ssl.SSLError):
            raise ConfigError("`http.ca_file` cannot be read as PEM certificates.", where=name) from None
    return tls
