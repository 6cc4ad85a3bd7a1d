"""Whose certificates are believed."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx

from synchub.errors import ConfigError


def tls_context(connection: str, ca_file: Path | str | None) -> ssl.SSLContext:
    """Make the context of all ways out: always verified, nothing of the environment.

    Args:
        connection: Configured name, for messages.
        ca_file: PEM file with further certificate authorities, beside the usual ones.

    Raises:
        ConfigError: The file is missing, or holds no certificate in PEM.
    """
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file is None:
        return context
    try:
        context.load_verify_locations(cafile=str(ca_file))
    except ssl.SSLError:
        raise ConfigError(
            f"`http.ca_file` cannot be read as PEM certificates: {ca_file}.", where=connection,
            fix="Write the authorities' certificates into it, each between BEGIN CERTIFICATE and END CERTIFICATE.",
        ) from None  # fmt: skip
    except OSError as exc:
        raise ConfigError(
            f"`http.ca_file` cannot be read ({exc.strerror}): {ca_file}.", where=connection, fix="Correct the path."
        ) from None
    return context
