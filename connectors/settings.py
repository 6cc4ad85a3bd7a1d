"""What the settings models of all connectors share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ConnectorSettings(BaseModel):
    """Base of a connector's settings: unknown keys are refused, and no error repeats what was typed.

    Whoever turns a `ValidationError` of an enclosing model into a message uses `errors(include_input=False)`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
