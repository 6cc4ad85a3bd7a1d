"""`serve:` and `notify:` of `synchub.yaml`."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253}):([0-9]{1,5})")
_REFERENCE = re.compile(r"(env|file|prefect):.{1,1000}", re.DOTALL)


def _reference(text: str) -> str:
    if not _REFERENCE.fullmatch(text):
        msg = "a secret is never written into the configuration; expected a reference: env:NAME or file:/path"
        raise ValueError(msg)
    return text


Reference = Annotated[str, AfterValidator(_reference)]


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Tls(_Block):
    """Certificate of the hub's own server."""

    cert: str = Field(description="PEM file: the certificate, then those between it and its authority.")
    key: str = Field(description="PEM file with its private key, readable for the hub only.")


class ServeBlock(_Block):
    """The HTTP server of `synchub serve`."""

    listen: str = Field(default="127.0.0.1:8642", description="Address and port, or off.")
    tls: Tls | Literal["proxy"] | None = Field(
        default=None, description="cert and key, or proxy where a reverse proxy does it; needed off loopback."
    )
    metrics_token: Reference | None = Field(
        default=None, description="Reference to the bearer token that /metrics and /healthz/ready ask for."
    )

    @field_validator("listen")
    @classmethod
    def _address(cls, value: str) -> str:
        match = _ADDRESS.fullmatch(value)
        if value != "off" and (match is None or not 0 <= int(match[2]) < 65_536):
            msg = "expected an address and a port such as 127.0.0.1:8642 or [::1]:8642, or off"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _protected(self) -> ServeBlock:
        """Passwords of agents do not travel in the clear."""
        if self.address is not None and self.address[0] not in LOOPBACK and self.tls is None:
            msg = "listening on more than loopback needs tls: {cert, key}, or tls: proxy behind a reverse proxy"
            raise ValueError(msg)
        return self

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port; None: off."""
        match = _ADDRESS.fullmatch(self.listen)
        return None if match is None else (match[1].strip("[]"), int(match[2]))


class NotifyBlock(_Block):
    """Whom to tell of what."""

    when: tuple[Literal["held", "failed", "stale"], ...] = Field(
        default=("held", "failed", "stale"), description="Of what."
    )
    to: Reference | tuple[Reference, ...] = Field(
        description="References to the URLs of services, as apprise writes them (mailtos://, slack:// …)."
    )

    @property
    def places(self) -> tuple[str, ...]:
        """The references, one or several."""
        return (self.to,) if isinstance(self.to, str) else self.to
