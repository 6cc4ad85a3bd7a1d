"""Reading an answer within limits: bytes, decompression ratio, depth. A hostile server costs at most these."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from synchub.errors import ContractChanged, Unavailable

_CHUNK = 256 * 1024
_RATIO_FREE_BYTES = 1024 * 1024  # small bodies may compress as well as they like


@dataclass(frozen=True, slots=True)
class Limits:
    """What one answer may cost.

    Attributes:
        body_bytes: Size of the body after decompression.
        ratio: Decompressed bytes per compressed byte, judged beyond the first MiB. JSON lists reach about 30.
        depth: Nesting of JSON.
        redirects: Redirects followed within the connection's own origin (GET only).
    """

    body_bytes: int = 64 * 1024 * 1024
    ratio: int = 200
    depth: int = 64
    redirects: int = 3


def read_body(raw: Iterable[bytes], encoding: str, limits: Limits, where: str) -> bytes:
    """Read and decompress a body while counting.

    Args:
        raw: The body as it comes from the wire.
        encoding: The `Content-Encoding` header; `gzip`, `deflate`, `identity` or empty.
        limits: What is allowed.
        where: For messages.

    Raises:
        ContractChanged: A limit is passed, or the encoding is another one.
        Unavailable: The compressed body ends early or is damaged.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        chunks: Iterator[bytes] = iter(raw)
    elif name in ("gzip", "x-gzip", "deflate"):
        chunks = _inflate(raw, limits, where)
    else:
        raise ContractChanged(
            "the answer is packed in a way that was not offered.", where=where, fix="Check proxies in between."
        )
    parts, size = [], 0
    for chunk in chunks:
        size += len(chunk)
        if size > limits.body_bytes:
            raise ContractChanged(
                f"the answer is larger than {limits.body_bytes:,} bytes.", where=where, fix="Ask for smaller pages."
            )
        parts.append(chunk)
    return b"".join(parts)


def _inflate(raw: Iterable[bytes], limits: Limits, where: str) -> Iterator[bytes]:
    unpack = zlib.decompressobj(wbits=47)  # 32 + 15: gzip or zlib, told by the header
    packed = unpacked = 0
    for piece in raw:
        packed += len(piece)
        while piece and not unpack.eof:
            try:
                chunk = unpack.decompress(piece, _CHUNK)
            except zlib.error:
                raise Unavailable(
                    "the packed answer is damaged.", where=where, fix="Try again later.", sent=True
                ) from None
            unpacked += len(chunk)
            if unpacked > _RATIO_FREE_BYTES and unpacked > packed * limits.ratio:
                raise ContractChanged(
                    f"the answer unpacks to more than {limits.ratio} times its size.", where=where,
                    fix="Check `url`: this is not how the system answers.",
                )  # fmt: skip
            yield chunk
            piece = unpack.unconsumed_tail  # what max_length left over
    if packed and not unpack.eof:
        raise Unavailable("the packed answer ends early.", where=where, fix="Try again later.", sent=True)


def parse_json(body: bytes, limits: Limits, where: str) -> Any:
    """Parse a JSON body.

    Raises:
        Unavailable: It ends in the middle.
        ContractChanged: It is something else (an HTML page of a proxy or login, damaged JSON), or nested too deeply.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        if not body.strip() or _ends_early(body, exc):
            raise Unavailable(
                f"the answer ends early, after {len(body):,} bytes.", where=where, fix="Try again later.", sent=True
            ) from None
        kind = "an HTML page" if body.lstrip()[:1] == b"<" else "not valid JSON"
        raise ContractChanged(
            f"the answer is {kind} (byte {exc.pos}).", where=where, fix="Check `url`, and proxies or logins in between."
        ) from None
    if _deeper(value, limits.depth):
        raise ContractChanged(
            f"the answer is nested deeper than {limits.depth} levels.",
            where=where,
            fix="Check `url` and the API version.",
        )
    return value


def _ends_early(body: bytes, error: orjson.JSONDecodeError) -> bool:
    if "end of data" in error.msg:
        return True
    try:
        body.decode()
    except UnicodeDecodeError as exc:
        return exc.reason == "unexpected end of data"  # cut within a character
    return False


def _deeper(value: Any, depth: int) -> bool:
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(depth):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return False
    return True
