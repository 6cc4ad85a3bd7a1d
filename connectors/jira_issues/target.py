"""The writing side: `synchub.ports.Target` for one project of one Jira site."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from connectors.jira_issues.client import IssuesClient
from connectors.jira_issues.fields import Fields
from connectors.jira_issues.history import Historian
from connectors.jira_issues.read import Reader
from connectors.jira_issues.settings import JiraIssuesSettings
from connectors.jira_issues.write import Writer
from connectors.registry import Context
from synchub.domain.plan import Edit, Foreseen, Outcome, TargetObject, Write
from synchub.errors import ContractChanged, PermissionDenied
from synchub.ports import Capabilities

USER = "user"
_NEEDED = ("BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES", "ASSIGN_ISSUES")


class JiraIssuesTarget:
    """One project as a target. Safe to use from several threads as long as they write different issues."""

    def __init__(self, name: str, settings: JiraIssuesSettings, context: Context) -> None:
        self._client = IssuesClient(name, settings, context)
        self._fields = Fields(self._client)
        self._reader = Reader(self._client, self._fields)
        self._writer = Writer(self._client, self._fields, self._reader)
        self._historian = Historian(self._client, self._fields)

    def identity(self) -> str:
        """Name site and project that really answer: `host/project id`."""
        project = self._client.call(lambda library: library.project(self._client.settings.project).raw)
        if not str(project.get("id") or "").isdecimal():
            raise ContractChanged(
                "the project has no id.", where=f"{self._client.name}: GET project", fix="Check `url`."
            )
        return f"{self._client.host}/{project['id']}"

    def capabilities(self) -> Capabilities:
        """Say what this target can do: one or more requests per written issue, change logs."""
        settings = self._client.settings
        return Capabilities(
            batch=settings.batch, workers=settings.workers, rows_per_request=1, history=True, versions="opaque"
        )

    def server_time(self) -> int:
        """Read the site's clock, seconds since 1970 UTC."""
        return self._client.server_time()

    def objects(self, kind: str, fields: Sequence[str], *, since: int | None = None) -> Iterator[list[TargetObject]]:
        """Yield pages of the issues of a type, as the port promises."""
        return self._reader.objects(kind, fields, since)

    def fetch(self, kind: str, fields: Sequence[str], ids: Sequence[str]) -> dict[str, TargetObject]:
        """Re-read issues by id, whatever type they are of by now."""
        return self._reader.fetch(kind, fields, ids)

    def find(self, kind: str, fields: Sequence[str], hub_keys: Sequence[str]) -> dict[str, TargetObject]:
        """Find issues by the hub key they carry as a label."""
        found = self._reader.marked(hub_keys, fields)
        return {key: self._reader.parse(row, kind, fields) for key, row in found.items()}

    def lookup(self, kind: str, by: str, values: Sequence[str]) -> dict[str, str]:
        """Resolve names to ids; unknown and ambiguous ones are missing.

        Args:
            kind: `user` (by `email`: account ids), else an object type of the configured Assets schema.
            by: For Assets as `JiraAssetsTarget.lookup`.
            values: Names.
        """
        if kind == USER:
            return self._reader.people(values)
        if self._client.settings.assets is None:
            return {}
        return self._client.assets.lookup(kind, by, values)

    def foresee(self, writes: Sequence[Write]) -> list[Foreseen]:  # noqa: ARG002 - the port
        """Jira has no identification of its own: there is nothing to ask."""
        return []

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Send writes, as the port promises.

        `extra` may hold `expected` (field -> value that the decision was based on: an issue that was changed meanwhile
        is then refused only if one of these moved).
        """
        return self._writer.write(writes)

    def history(self, object_id: str) -> list[Edit]:
        """List who changed what in an issue, newest first; empty where it is gone."""
        return self._historian.edits(object_id) if object_id.isascii() and object_id.isdecimal() else []

    def examine(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Yield single checks for `synchub check`; see `synchub.ports.Examined`."""
        yield "permissions", self._examine_permissions
        yield "hub key", self._examine_mark
        if self._client.settings.assets is not None:
            yield "assets", self._examine_assets

    def _examine_permissions(self) -> str:
        key = self._client.settings.project
        asked = ",".join(_NEEDED)
        answer = self._client.call(lambda library: library.my_permissions(projectKey=key, permissions=asked))
        have = answer.get("permissions")
        if not isinstance(have, dict):
            raise ContractChanged("the permissions cannot be read.", where=self._client.name, fix="Check `url`.")
        missing = [n for n in _NEEDED if not (isinstance(have.get(n), dict) and have[n].get("havePermission"))]
        if missing:
            raise PermissionDenied(
                f"this login lacks {', '.join(missing)} in project {key}.", where=self._client.name,
                fix="Give the account a project role with them; see docs/connectors/jira_issues.md.",
            )  # fmt: skip
        return f"{len(_NEEDED)} project permissions"

    def _examine_mark(self) -> str:
        return f"carried as a label in {self._fields.mark()}"

    def _examine_assets(self) -> str:
        block = self._client.settings.assets
        assert block is not None
        return f"{block.field} is {self._client.field_id(block.field)}"

    def close(self) -> None:
        """Give connections back."""
        self._client.close()
