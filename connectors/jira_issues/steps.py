"""What is more than setting fields: moving an issue to a status category, saying something on it once.

Source: *Jira Cloud platform REST API v3*, `GET|POST /issue/{id}/transitions` and `/comment` (OpenAPI document of
2025-12, read 2026-11-22): only the transitions that the workflow, its conditions and the login allow now are listed;
comments have no key of the client's own, and reads of them do not lag behind writes.
"""

from __future__ import annotations

from typing import Any

from connectors.jira_assets.client import may_be_done
from connectors.jira_issues import adf
from connectors.jira_issues.client import IssuesClient
from connectors.jira_issues.fields import CATEGORIES, author, category_of
from synchub.errors import ConnectorError, ContractChanged, Rejected

_PAGE = 100
_MOST_PAGES = 60  # an issue holds at most 5,000 comments


class RefusedStepError(Exception):
    """Jira does not let the step happen; the text says why."""


class Steps:
    """Carries out steps. Safe to use from several threads as long as they work on different issues."""

    def __init__(self, client: IssuesClient) -> None:
        self._client = client

    def move(self, issue: str, wanted: Any) -> None:
        """Carry out the transition that leads to a status category, in one step.

        Of several the one that the configuration prefers, else the one with the lowest id.

        Raises:
            RefusedStepError: No transition leads there now, or the workflow refuses it (a field to be filled first).
            ConnectorError: It could not be asked.
        """
        if wanted not in CATEGORIES:
            raise RefusedStepError(f"no status category: use {', '.join(CATEGORIES)}")
        listed = self._client.call(lambda library: library.transitions(issue))
        leading = [t for t in listed if isinstance(t, dict) and category_of(t.get("to")) == wanted
                   and t.get("isAvailable") is not False and str(t.get("id") or "").isdecimal()]  # fmt: skip
        if not leading:
            names = ", ".join(sorted(str(t.get("name")) for t in listed if isinstance(t, dict))) or "none"
            raise RefusedStepError(f"no transition leads to {wanted!r} from here for this login (there are: {names})")
        preferred = self._client.settings.transitions.get(wanted)
        chosen = min(leading, key=lambda t: (t.get("name") != preferred, int(t["id"])))
        try:
            # Sent twice it would be refused the second time, or do something else: a loop of the workflow.
            self._client.call(lambda library: library.transit(issue, str(chosen["id"])), idempotent=False)
        except Rejected as error:
            raise RefusedStepError(f"transition {chosen.get('name')!r}: {error.message}") from None

    def say(self, issue: str, text: str) -> None:
        """Add a comment, unless this login said the same on this issue before.

        The text is what a comment is known by: a lost answer is looked up, never repeated blindly.

        Raises:
            RefusedStepError: Jira does not take it.
            ConnectorError: It could not be asked, or it is not known what became of it.
        """
        if self._said(issue, text):
            return
        document: Any = adf.document(text)
        try:
            self._client.call(lambda library: library.add_comment(issue, document), idempotent=False)
        except Rejected as error:
            raise RefusedStepError(error.message) from None
        except ConnectorError as error:
            if not may_be_done(error) or not self._said(issue, text):
                raise

    def _said(self, issue: str, text: str) -> bool:
        own = self._client.account()
        for page in range(_MOST_PAGES):
            comments = self._client.call(
                lambda library, start=page * _PAGE: library.comments(  # type: ignore[misc]
                    issue, start_at=start, max_results=_PAGE, order_by="-created"
                )
            )
            if any(
                author(c.raw) == own and adf.plain(c.raw.get("body")) == adf.plain(adf.document(text)) for c in comments
            ):
                return True
            if len(comments) == 0:
                return False
        raise ContractChanged("the comments of an issue do not end.", where=f"{self._client.name}: issue/{issue}")
