"""What `~` of JQL looks for in texts (support.atlassian.com, "Search syntax for text fields", read 2026-11-22)."""

from __future__ import annotations

import re

from simulators.jira.lexer import QueryError

_WORD = re.compile(r"\w+")
_SPECIAL = set('+-&|!(){}[]^~*?\\:/"')


class Words:
    """What a `~` looks for: words that all have to be there, a phrase, or beginnings of words.

    Args:
        text: The value of the clause.
        name: Of the field, for messages.

    Raises:
        QueryError: A wildcard comes first, or a quotation is not closed.
    """

    def __init__(self, text: str, name: str) -> None:
        self.phrases: list[list[str]] = []
        self.starts: list[str] = []
        if text[:1] in ("*", "?"):
            msg = f"The text query '{text[:60]}' for field '{name}' is not allowed to start with '{text[0]}'"
            raise QueryError(msg)
        parts = re.split(r'(?<!\\)"', text)
        if len(parts) % 2 == 0:
            msg = f"Unable to parse the text '{text[:60]}' for field '{name}'."
            raise QueryError(msg)
        for number, part in enumerate(parts):
            if number % 2:
                self.phrases.append(_split(part))
                continue
            if any(char in _SPECIAL - set("*?-/+:") for char in re.sub(r"\\.", "", part)):
                msg = f"Unable to parse the text '{text[:60]}' for field '{name}'."
                raise QueryError(msg)
            for word in part.split():
                if word.endswith("*") and not word.endswith("\\*"):
                    self.starts.append(word[:-1].lower())
                else:
                    self.phrases.append(_split(word))
        self.phrases = [phrase for phrase in self.phrases if phrase]

    def found(self, texts: list[str]) -> bool:
        """Say whether all that is looked for stands in one of the texts each."""
        split = [_split(text) for text in texts]
        return all(any(_holds(words, phrase) for words in split) for phrase in self.phrases) and all(
            any(word.startswith(start) for words in split for word in words) for start in self.starts
        )


def _split(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _holds(words: list[str], phrase: list[str]) -> bool:
    return any(words[at : at + len(phrase)] == phrase for at in range(len(words) - len(phrase) + 1))
