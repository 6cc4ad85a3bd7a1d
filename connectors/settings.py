"""What the settings models of all connectors share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ConnectorSettings(BaseModel):
    """Base of a connector's settings: unknown keys are refused, and no error repeats what was typed.

    Whoever turns a `ValidationError` of an enclosing model into a message uses `errors(include_input=False)`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class StreamOptions(ConnectorSettings):
    """What every stream takes, whatever the connector; connectors add their own by subclassing.

    Attributes:
        fresh_within: Age at which the stream counts as stale, e.g. `"6h"`; judged by the hub, not by the connector.
        maps: Field maps that override the shipped one, paths relative to the configuration file.
    """

    fresh_within: str | None = None
    maps: tuple[str, ...] = ()
