"""Durations as people write them in configuration: `90s`, `15m`, `26h`, `7d`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_FORM = re.compile(r"([1-9][0-9]{0,6})([smhd])")


def seconds(text: str) -> int:
    """Read a duration.

    Raises:
        ValueError: It is zero, negative or of another form; nothing is guessed, because a staleness window of zero
            would let the worst source win.

    >>> seconds("26h")
    93600
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        msg = "expected a duration above zero such as 90s, 15m, 26h or 7d"
        raise ValueError(msg)
    return int(match[1]) * _UNITS[match[2]]


def _check(text: str) -> str:
    seconds(text)
    return text


Duration = Annotated[str, AfterValidator(_check), Field(examples=["26h"])]
