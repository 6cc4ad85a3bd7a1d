"""Addresses of other systems: which ones are taken, and who their origin is."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

Origin = tuple[str, str, int | None]
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def origin(url: str) -> Origin:
    """Return (scheme, host, port) of an address; empty where it has none, or holds credentials: nobody's origin."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return "", "", None
    if parts.username is not None or parts.password is not None:
        return "", "", None
    return parts.scheme.lower(), (parts.hostname or "").lower(), port


def fault(url: str) -> tuple[str, str]:
    """Say what is wrong with the address of a system, and the way out; two empty texts when nothing is.

    >>> fault("acme.service-now.com")
    ('`url` is no http(s) address, or holds credentials.', 'Use https://host.')
    """
    scheme, host, _ = origin(url)
    if scheme not in ("http", "https") or not host:
        return "`url` is no http(s) address, or holds credentials.", "Use https://host."
    if scheme == "http" and host not in _LOOPBACK:
        return "`url` must use https; plain http is for this machine only.", "Use https."
    return "", ""


def _fitting(url: str) -> str:
    said, fix = fault(url)
    if said:
        raise ValueError(f"{said.replace('`url`', 'this')} {fix}")
    return url


SystemUrl = Annotated[str, AfterValidator(_fitting)]
"""Address of a system in a connector's settings: told with file and line, before anything is connected."""
