r"""Words of the query languages AQL and JQL, which share quoting: `"…"` with `\"` and `\\`; JQL also knows `'…'`."""

from __future__ import annotations

from dataclasses import dataclass

MAX_QUERY = 100_000
_SYMBOLS = ("!=", "!~", ">=", "<=", "==", "=", "~", ">", "<", "(", ")", ",")
_STOP = set('"()=!<>,~')
_ESCAPES = {'"': '"', "\\": "\\", "'": "'", "n": "\n", "r": "\r", "t": "\t", " ": " "}


class QueryError(ValueError):
    """A query that is not well formed."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a quoted text or a symbol.

    Attributes:
        kind: `word`, `text` (quoted) or `symbol`.
        start: Position of the first character.
        end: Position after the last.
    """

    kind: str
    text: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Say whether this is one of the words, unquoted, whatever its case."""
        return self.kind == "word" and self.text.upper() in words


def tokens(query: str, *, quotes: str = '"') -> list[Token]:
    """Cut a query into tokens.

    Args:
        query: The query.
        quotes: Characters that open and close a text.

    Raises:
        QueryError: An unclosed quotation, an unknown escape, a bare backslash, a control character.
    """
    if len(query) > MAX_QUERY:
        msg = "The query is too long"
        raise QueryError(msg)
    found, at = [], 0
    while at < len(query):
        char = query[at]
        if char.isspace():
            at += 1
            continue
        if char in quotes:
            text, end = _quoted(query, at)
            found.append(Token("text", text, at, end))
        elif symbol := next((s for s in _SYMBOLS if query.startswith(s, at)), ""):
            end = at + len(symbol)
            found.append(Token("symbol", symbol, at, end))
        else:
            end = at
            while end < len(query) and not query[end].isspace() and query[end] not in _STOP | set(quotes):
                end += 1
            word = query[at:end]
            if not word or "\\" in word or any(ord(c) < 32 for c in word):
                msg = f"unexpected character {query[at]!r} at position {at + 1}"
                raise QueryError(msg)
            found.append(Token("word", word, at, end))
        at = end
    return found


def _quoted(query: str, start: int) -> tuple[str, int]:
    quote, at = query[start], start + 1
    parts: list[str] = []
    while at < len(query):
        char = query[at]
        if char == quote:
            return "".join(parts), at + 1
        if char == "\\":
            follows = query[at + 1 : at + 2]
            if follows not in _ESCAPES or not follows:
                msg = f"unknown escape \\{follows} at position {at + 1}"
                raise QueryError(msg)
            parts.append(_ESCAPES[follows])
            at += 2
        else:
            parts.append(char)
            at += 1
    msg = f"the quoted text that begins at position {start + 1} is not closed"
    raise QueryError(msg)


class Reader:
    """Walks over tokens.

    Args:
        found: Of `tokens`.
    """

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0

    def peek(self, ahead: int = 0) -> Token:
        """Look at a token; at the end one that is nothing."""
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else Token("end", "", -1, -1)

    def next(self) -> Token:
        """Take a token.

        Raises:
            QueryError: There is none.
        """
        token = self.peek()
        if token.kind == "end":
            msg = "the query ends too early"
            raise QueryError(msg)
        self._at += 1
        return token

    def words(self, *wanted: str) -> bool:
        """Take these words if they come next, one after the other."""
        if all(self.peek(i).is_word(word) for i, word in enumerate(wanted)):
            self._at += len(wanted)
            return True
        return False

    def symbol(self, wanted: str) -> bool:
        """Take this symbol if it comes next."""
        token = self.peek()
        if token.kind == "symbol" and token.text == wanted:
            self._at += 1
            return True
        return False

    def expect(self, wanted: str) -> None:
        """Take this symbol.

        Raises:
            QueryError: Something else comes next.
        """
        if not self.symbol(wanted):
            token = self.peek()
            where = f"at position {token.start + 1}" if token.kind != "end" else "at the end"
            msg = f"expected {wanted!r} {where}, found {token.text[:40]!r}"
            raise QueryError(msg)

    def value(self) -> str:
        """Take a word or a quoted text.

        Raises:
            QueryError: A symbol, a keyword or nothing comes next.
        """
        token = self.next()
        if token.kind == "symbol" or token.is_word("AND", "OR", "NOT", "ORDER", "IN", "LIKE", "IS"):
            msg = f"expected a value at position {token.start + 1}, found {token.text[:40]!r}"
            raise QueryError(msg)
        return token.text

    def done(self) -> bool:
        """Say whether all tokens are taken."""
        return self.peek().kind == "end"
