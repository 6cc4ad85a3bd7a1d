"""What the parts of the platform API that deal with issues share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators.jira.call import Call
from simulators.jira.errors import JiraError
from simulators.jira.issues import Issue, Project

if TYPE_CHECKING:
    from simulators.jira.app import Jira

NO_ISSUE = "Issue does not exist or you do not have permission to see it."


class IssueLookup:
    """Finds issues for a caller, and says no in Jira's words.

    Args:
        sim: The site.
    """

    def __init__(self, sim: Jira) -> None:
        self._sim = sim
        self._store = sim.issues

    def _issue(self, call: Call) -> Issue:
        return self._visible(call, call.ids[0])

    def _visible(self, call: Call, key: str) -> Issue:
        issue = self._store.find(key)
        if issue is None:
            raise JiraError(404, NO_ISSUE)
        if not self._sim.permits("BROWSE_PROJECTS", self._store.projects[issue.project], call.account):
            raise JiraError(404, NO_ISSUE)
        return issue

    def _need(self, call: Call, permission: str, project: Project) -> None:
        """Refuse what a project does not permit; Jira says so with 400 for edits, else with 403.

        Raises:
            JiraError: 400 or 403.
        """
        if not self._sim.permits(permission, project, call.account):
            text = "You do not have permission to do this in the project. Contact your administrator."
            raise JiraError(400 if permission == "ADD_COMMENTS" else 403, text)
