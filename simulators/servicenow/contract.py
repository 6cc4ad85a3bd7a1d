"""Checks of requests and answers against the documents."""

from __future__ import annotations

from simulators.http import Request, Response


def check_request(request: Request, response: Response) -> list[str]:
    """Check a request."""
    del request, response
    return []


def check_response(request: Request, response: Response) -> list[str]:
    """Check an answer."""
    del request, response
    return []
