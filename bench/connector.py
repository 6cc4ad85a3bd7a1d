"""The null target as a connector, so that the commands work on a bench's state: `synchub --config FILE plan`.

It joins through the entry point `synchub.connectors`, as any outside connector does, and is there only in a checkout.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from bench.null_target import NullTarget
from connectors.registry import Connector, Context
from synchub.ports import Target


class NullSettings(BaseModel):
    """Where the null target keeps what it was told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path = Field(description="Its SQLite file, relative to the configuration.")


def _open(name: str, settings: NullSettings, context: Context) -> Target:
    del name
    return NullTarget(context.base_dir / settings.path)


CONNECTOR = Connector(
    name="null",
    settings=NullSettings,
    maps=Path(__file__).parent / "maps",
    docs="docs/performance.md",
    open_target=_open,
)
