"""Why a text is no JSON, for people: what is wrong, where, and in which field."""

from __future__ import annotations

import re
from json import JSONDecodeError

_KEY = re.compile(r'"([^"\\\x00-\x1f]{1,60})"\s*:')
_NO_NUMBER = re.compile(r"-?(?:NaN|Infinity|nan|inf)\b")
_AROUND = 2000  # characters before the fault in which its key is looked for


def why_no_json(error: JSONDecodeError, data: bytes = b"") -> str:
    """Say what is wrong with a JSON text; holds no value of it.

    Args:
        error: As orjson raises it; its `doc` is the text.
        data: The bytes that were read, where they may be no UTF-8.

    >>> import orjson
    >>> def why(data):
    ...     try:
    ...         orjson.loads(data)
    ...     except orjson.JSONDecodeError as error:
    ...         return why_no_json(error, data)
    >>> why(b'{"ram": NaN}')
    'NaN or Infinity, which are no JSON, in "ram", line 1, character 9'
    >>> why(b'{"ram": 1')
    'it ends in the middle, line 1, character 10'
    """
    text, at = error.doc, error.pos
    if "valid UTF-8" in error.msg:
        return _no_utf8(data)
    place = f"line {error.lineno}, character {error.colno}"
    if "end of data" in error.msg:
        return f"it ends in the middle, {place}"
    if "surrogate" in error.msg:
        said = "a lone surrogate (half of a character)"
    elif "infinity" in error.msg:
        said = "a number too large"
    elif _NO_NUMBER.match(text, at):
        said = "NaN or Infinity, which are no JSON,"
    else:
        return f"{error.msg}, {place}"
    keys = _KEY.findall(text, max(0, at - _AROUND), at)
    return f'{said} in "{keys[-1]}", {place}' if keys else f"{said}, {place}".replace(",,", ",")


def _no_utf8(data: bytes) -> str:
    try:
        data.decode()
    except UnicodeDecodeError as exc:
        return f"byte {exc.start + 1:,} is no UTF-8"
    return "it is no UTF-8"
