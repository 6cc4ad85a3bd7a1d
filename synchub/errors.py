"""Every error the hub raises on purpose, in one tree.

    HubError
    ├── ConfigError            synchub.yaml, a field map or a rule is wrong           ABORT
    ├── ConnectorError         another system, or the way to it
    │   ├── AuthError          401: credentials missing, wrong or expired             ABORT
    │   ├── PermissionDenied   403: logged in, but not allowed                        ABORT
    │   ├── NotFound           404: missing, or hidden from this user                 SKIP_RECORD
    │   ├── RateLimited        429: the budget is used up                             RETRY_LATER
    │   ├── Rejected           the system refused this object                         SKIP_RECORD
    │   ├── Unavailable        no answer, 5xx, time-out, truncated body               RETRY_LATER
    │   ├── ContractChanged    the answer does not fit the vendor's description       ABORT
    │   └── WrongInstance      another instance answers under the pinned name         ABORT
    ├── InputError             a file, row or payload cannot be read                  SKIP_RECORD
    ├── MappingError           a record cannot be mapped at all                       SKIP_RECORD
    ├── PlanError              a plan is unknown, expired or drifted                  ABORT
    ├── Paused                 somebody stopped all writes                            ABORT
    └── StateError             the state database                                     ABORT
        ├── LeaseHeld          another run works on the same scope                    RETRY_LATER
        └── LeaseLost          this run's lease ended and another run took over       ABORT

Callers branch on `recovery` (or on the class), never on text. A message says where, what, for which object, why, and
what to do, and never holds a secret or a payload. Each error survives pickling, because Prefect pickles errors between
processes and one that does not come back hides the real failure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar


class Recovery(StrEnum):
    """What a caller can do about an error."""

    ABORT = "abort"
    RETRY_LATER = "retry_later"
    SKIP_RECORD = "skip_record"


class HubError(Exception):
    """Root of all errors of the hub.

    Args:
        message: What failed, for which object, and why. One or two sentences.
        where: Connection, file or line, for example `"snow: PATCH cmdb_ci_computer/1234"`.
        fix: What to do about it, as an instruction. Shown on a line of its own.
        context: Further facts for logs and `--json` (status, native key, field …). Never secrets or payloads.
    """

    recovery: ClassVar[Recovery] = Recovery.ABORT
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, where: str = "", fix: str = "", **context: Any) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.fix = fix
        self.context = context

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head} {self.fix}" if self.fix else head

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild from the attributes: keyword-only arguments do not survive the default protocol."""
        return _rebuild, (type(self), self.message, self.__dict__.copy())

    @property
    def code(self) -> str:
        """The error's name in snake case, for counting and for `--json`."""
        name = type(self).__name__.removesuffix("Error") or "hub"
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def _rebuild(cls: type[HubError], message: str, attributes: dict[str, Any]) -> HubError:
    error = cls.__new__(cls)
    Exception.__init__(error, message)
    error.__dict__.update(attributes)
    return error


class ConfigError(HubError):
    """Configuration, a field map or a rule is wrong; `where` names file and line."""

    exit_code = 2


def together(faults: Sequence[ConfigError]) -> ConfigError:
    """Make one error of several faults: the first ten, each once, a line each, with places and ways out.

    Args:
        faults: One or more.
    """
    told = list({str(fault): fault for fault in faults}.values())
    first, *rest = told
    if not rest:
        return first
    lines = [first.message + (f" {first.fix}" if first.fix else ""), *map(str, rest[:9])]
    if len(told) > 10:
        lines.append(f"... and {len(told) - 10} more")
    return ConfigError("\n".join(lines), where=first.where)


class Faults:
    """Keeps faults of a configuration until all of it was looked at."""

    def __init__(self) -> None:
        self.found: list[ConfigError] = []

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Go on after a fault."""
        try:
            yield
        except ConfigError as fault:
            self.found.append(fault)

    def tell(self) -> None:
        """Raise what was found, if anything.

        Raises:
            ConfigError: All of it (`together`).
        """
        if self.found:
            raise together(self.found)


class ConnectorError(HubError):
    """Another system, or the way to it, failed."""


class AuthError(ConnectorError):
    """The system does not know these credentials (401)."""


class PermissionDenied(ConnectorError):
    """The login works, the action is not allowed (403)."""


class NotFound(ConnectorError):
    """The object does not exist or is hidden from this user (404)."""

    recovery = Recovery.SKIP_RECORD


class RateLimited(ConnectorError):
    """The request budget is used up (429).

    Args:
        message: As in `HubError`.
        retry_after: How long the system asked to wait; None when it did not say.
        where: As in `HubError`.
        fix: As in `HubError`.
        context: As in `HubError`.
    """

    recovery = Recovery.RETRY_LATER

    def __init__(
        self, message: str, *, retry_after: timedelta | None = None, where: str = "", fix: str = "", **context: Any
    ) -> None:
        super().__init__(message, where=where, fix=fix, **context)
        self.retry_after = retry_after


class Rejected(ConnectorError):
    """The system refused this one object; others may pass."""

    recovery = Recovery.SKIP_RECORD


class Unavailable(ConnectorError):
    """No answer, 5xx, time-out or a truncated body; the same call may pass later."""

    recovery = Recovery.RETRY_LATER


class ContractChanged(ConnectorError):
    """The answer does not fit what the vendor describes, so nothing in it is trusted."""


class WrongInstance(ConnectorError):
    """Another instance or tenant answers behind the name that is pinned in the state."""


class InputError(HubError):
    """A file, row or payload cannot be read; the rest goes on."""

    recovery = Recovery.SKIP_RECORD


class MappingError(HubError):
    """A record cannot be mapped at all (no key, no class); it becomes a dead letter."""

    recovery = Recovery.SKIP_RECORD


class PlanError(HubError):
    """A plan is unknown, expired, or no longer fits what the target holds."""


class StateError(HubError):
    """The state database is missing, of another version, or inconsistent."""


class Paused(HubError):
    """Somebody stopped all writes (`synchub pause`); what was not sent stays in the outbox."""

    exit_code = 4


class LeaseHeld(StateError):
    """Another run works on the same scope."""

    recovery = Recovery.RETRY_LATER


class LeaseLost(StateError):
    """This run's lease ended and another one took its place; nothing more is written."""
