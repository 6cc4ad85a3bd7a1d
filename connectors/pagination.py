"""What every paginator needs: never ask for the same page twice."""

from __future__ import annotations

from synchub.errors import ContractChanged


class LoopGuard:
    """Remembers the page tokens of one read.

    Args:
        where: For the message.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._seen: set[str] = set()

    def step(self, token: str) -> str:
        """Return the token when it is new.

        Raises:
            ContractChanged: It was followed before: the list would never end.
        """
        if token in self._seen:
            raise ContractChanged(
                f"the list points back to a page that was read already (after {len(self._seen)} pages).",
                where=self._where, fix="Try again; if it stays, ask who runs the system.",
            )  # fmt: skip
        self._seen.add(token)
        return token
