"""JSON documents: a list of records, a list at a path, or one record.

The text is held in memory, the records are not: each is decoded, checked and passed on as the text it was, so that an
unchanged record has an unchanged hash however the file around it was written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NoReturn

import orjson

from connectors.files.reading import Batch, Reading
from connectors.files.text import detect
from synchub.domain.records import Page
from synchub.errors import InputError

_BLANK = re.compile(r"[ \t\r\n]*")


def read(reading: Reading) -> Iterator[Page]:
    """Yield pages of records with the number of the item, starting at 1.

    `item` is the dotted path of the list; an object there is one record. What follows an item that is no JSON is not
    read, as nothing tells where the next one begins.
    """
    batch = Batch(reading)
    count = 0
    try:
        text = _text(reading, batch)
        document = _Document(text)
        start = document.find(reading.stream.item)
        for count, (begin, end) in enumerate(document.items(start), 1):
            _add(reading, batch, text[begin:end], count)
            if batch.is_full():
                yield batch.flush()
        if not reading.stream.item:
            document.check_end()
    except InputError as exc:
        batch.cut_off(count + 1, exc.context.get("reason", "not_json"), f"{exc.message} {exc.fix}", "is no whole JSON")
    yield batch.flush()


def _text(reading: Reading, batch: Batch) -> str:
    if reading.file.size > reading.limits.document_bytes:
        raise InputError(
            f"the document has {reading.file.size:,} bytes, the limit is {reading.limits.document_bytes:,}.",
            fix="Deliver NDJSON (one record per line), which is read piece by piece.", reason="file_too_large",
        )  # fmt: skip
    encoding = detect(reading.file.handle, reading.stream.encoding)
    reading.file.handle.seek(encoding.mark)
    data = b"".join(iter(lambda: reading.file.handle.read(reading.limits.block_bytes), b""))
    try:
        return data.decode(encoding.name)
    except UnicodeDecodeError as exc:
        if not encoding.repair:
            raise InputError(f"byte {exc.start:,} is no {encoding.name}.", fix="Correct `encoding`.") from exc
    batch.warn("the document is no UTF-8 and was read as Windows-1252; set `encoding` if that is wrong")
    return data.decode("cp1252", "replace")


def _add(reading: Reading, batch: Batch, text: str, number: int) -> None:
    if text[0] != "{":
        batch.reject(number, "not_an_object", "the item is no object. Check `item`.", text.encode("utf-8", "replace"))
    elif len(text) > reading.limits.record_bytes:
        batch.reject(number, "item_too_large", f"the item is larger than {reading.limits.record_bytes:,}. Split it.")
    elif _depth(text, reading.limits.depth) > reading.limits.depth:
        batch.reject(number, "too_deep", f"the item is nested deeper than {reading.limits.depth}. Flatten it.")
    else:
        payload = text.encode("utf-8", "surrogatepass")
        if "\n" in text or "\r" in text:
            payload = orjson.dumps(orjson.loads(payload))
        batch.add(payload, number)


def _depth(text: str, limit: int) -> int:
    """Bound the nesting of one valid item; counts brackets only when there are enough of them to matter."""
    if text.count("{") + text.count("[") <= limit:
        return 0
    deepest = depth = 0
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[][{}]', text, re.DOTALL):
        if token[0] in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif token[0] in "}]":
            depth -= 1
    return deepest


class _Document:
    """Walks over the text of a JSON document and decodes one value at a time.

    Raises:
        InputError: From every method: the text is no JSON, or is nested too deep.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._decode = json.JSONDecoder(parse_constant=_refuse_constant).raw_decode
        self._end = 0

    def _blank(self, at: int) -> int:
        match = _BLANK.match(self._text, at)
        return match.end() if match else at

    def _skip(self, at: int) -> int:
        """Decode the value at a place and return where it ends."""
        try:
            return self._decode(self._text, at)[1]
        except RecursionError as exc:
            raise InputError("it is nested too deep.", fix="Flatten it.", reason="too_deep") from exc
        except ValueError as exc:
            why = exc.msg if isinstance(exc, json.JSONDecodeError) else str(exc)
            raise self._broken(at, why) from exc

    def _broken(self, at: int, why: str) -> InputError:
        line = self._text.count("\n", 0, at) + 1
        return InputError(
            f"the document is no JSON from line {line:,} on ({why}); what follows was not read.",
            fix="Deliver it again.",
        )

    def _char(self, at: int) -> str:
        return self._text[at : at + 1]

    def find(self, path: str | None) -> int:
        """Return where the value at a dotted path begins."""
        at = self._blank(0)
        for key in path.split(".") if path else ():
            at = self._member(at, key)
        return at

    def _member(self, at: int, wanted: str) -> int:
        if self._char(at) != "{":
            raise InputError(f"there is no object that could hold {wanted!r}.", fix="Correct `item`.", reason="no_item")
        at = self._blank(at + 1)
        while self._char(at) == '"':
            key_end = self._skip(at)
            key = json.loads(self._text[at:key_end])
            at = self._blank(key_end)
            if self._char(at) != ":":
                raise self._broken(at, "a colon is missing")
            at = self._blank(at + 1)
            if key == wanted:
                return at
            at = self._blank(self._skip(at))
            if self._char(at) == ",":
                at = self._blank(at + 1)
        raise InputError(f"the document has no {wanted!r}.", fix="Correct `item`.", reason="no_item")

    def items(self, at: int) -> Iterator[tuple[int, int]]:
        """Yield where each item of the list at a place begins and ends; an object is a list of one."""
        if self._char(at) != "[":
            self._end = self._skip(at)
            yield at, self._end
            return
        at = self._blank(at + 1)
        if self._char(at) == "]":
            self._end = at + 1
            return
        while True:
            end = self._skip(at)
            yield at, end
            at = self._blank(end)
            if self._char(at) == "]":
                self._end = at + 1
                return
            if self._char(at) != ",":
                raise self._broken(at, "a comma is missing, or the file was cut")
            at = self._blank(at + 1)

    def check_end(self) -> None:
        """Refuse anything but blanks after the document."""
        end = self._blank(self._end)
        if end < len(self._text):
            raise self._broken(end, "there is more after the end; several documents in a row are NDJSON")


def _refuse_constant(name: str) -> NoReturn:
    msg = f"{name} is no JSON"
    raise ValueError(msg)
