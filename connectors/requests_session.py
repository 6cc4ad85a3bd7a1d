"""What the hub asks of a `requests` session that a vendor's library talks through.

Such a library brings no proxy of ours, no private certificate authorities, no size limit, and in tests no transport;
the session handed to it does. Log-in, budget and errors are the connector's own.
"""

from __future__ import annotations

import io
import logging
import ssl
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpx
import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

from connectors.registry import Context
from connectors.tls import tls_context
from synchub.errors import ContractChanged

logging.getLogger("urllib3").setLevel(logging.WARNING)  # below, it writes whole addresses, query values included

MAX_BYTES = 32 * 1024 * 1024
TIMEOUTS = (10, 60)  # seconds to connect, seconds between two reads


def outfit(session: requests.Session, name: str, context: Context) -> None:
    """Give a session the hub's way out: proxy, certificate authorities or the transport of tests, nothing ambient.

    Args:
        session: Neither reads the environment nor keeps cookies afterwards.
        name: Connection name, for messages.
        context: What the hub lends.

    Raises:
        ConfigError: The certificate authorities cannot be read.
    """
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    if context.proxy and context.transport is None:
        session.proxies = {"http": context.proxy, "https": context.proxy}
    adapter: BaseAdapter = (
        _Bridge(context.transport) if context.transport else _Adapter(tls_context(name, context.ca_file))
    )
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.hooks["response"].append(lambda response, **_: context.notes.heard(response.headers))


def read_whole(response: requests.Response, where: str) -> bytes:
    """Read a body up to the limit and leave it where the library looks for it.

    Raises:
        ContractChanged: It is larger than `MAX_BYTES`.
        requests.RequestException: The connection broke.
    """
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
