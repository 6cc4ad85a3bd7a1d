"""The shape of `synchub.yaml` (see `docs/configuration.md`)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
    field_validator,
)

from synchub.domain.guards import EVERY, KINDS, Limit
from synchub.domain.model import CLASSES
from synchub.domain.yamlfile import nearest
from synchub.settings.duration import Duration, seconds
from synchub.settings.schedule import is_cron
from synchub.settings.serve import NotifyBlock, ServeBlock

Role = Literal["procurement", "hr", "mdm", "discovery", "other"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
_SHARE = re.compile(r"(100|[0-9]{1,2})(\.[0-9])?%")
_POLICIES = ("hub", "target", "if_empty", "ask")


def _policy(text: str) -> str:
    """Check a policy for other people's edits."""
    name, _, window = text.partition(":")
    if name == "target_for" and window:
        seconds(window)
        return text
    if text not in _POLICIES:
        msg = f"expected one of {', '.join(_POLICIES)} or target_for: <duration>"
        raise ValueError(msg)
    return text


def _theirs(said: Any) -> str | dict[str, str]:
    """Check a policy, or the policies of a class by field."""
    if isinstance(said, dict):
        return {str(name): _named_policy(name, text) for name, text in said.items()}
    return _policy(str(said))


def _named_policy(name: Any, text: Any) -> str:
    try:
        return _policy(str(text))
    except ValueError as exc:
        msg = f"{name}: {exc}"
        raise ValueError(msg) from None


def _share(text: str) -> str:
    if not _SHARE.fullmatch(text):
        msg = "expected a share such as 2% or 0.5%"
        raise ValueError(msg)
    return text


def _no_password(url: str) -> str:
    """Refuse a password in a URL; references have none."""
    try:
        parts = urlsplit(url)
        secret = parts.password is not None or "password" in parse_qs(parts.query)
    except ValueError:
        msg = "is no URL"
        raise ValueError(msg) from None
    if secret:
        msg = "a password is never written into the configuration; put the URL elsewhere: env:NAME or file:/path"
        raise ValueError(msg)
    return url


def _guard(key: str) -> str:
    """Check what a guard is about."""
    cls, _, kind = key.rpartition(".")
    if kind not in KINDS and key != EVERY:
        msg = f"is no kind of change; {nearest(kind, [*KINDS, EVERY])}"
        raise ValueError(msg)
    if cls and cls not in CLASSES:
        msg = f"there is no class {cls!r}; {nearest(cls, CLASSES)}"
        raise ValueError(msg)
    return key


GuardKey = Annotated[str, AfterValidator(_guard)]
Url = Annotated[str, AfterValidator(_no_password)]
_POLICY = {"anyOf": [{"enum": [*_POLICIES]}, {"type": "string", "pattern": "^target_for: *[0-9]+[smhdw]$"}]}
Theirs = Annotated[
    str | dict[str, str],
    PlainValidator(_theirs),
    WithJsonSchema({"anyOf": [*_POLICY["anyOf"], {"type": "object", "additionalProperties": _POLICY}]}),
]


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class HubBlock(_Block):
    """Who this hub is."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")] = Field(
        description="Marks what this hub owns in each target."
    )
    timezone: str = Field(default="UTC", description="Zone in which people are shown times.")
    four_eyes: bool = Field(default=False, description="Whoever approves must be another than whoever ran the plan.")


class HttpBlock(_Block):
    """The way out."""

    proxy: Url | None = Field(default=None, description="URL of a proxy; a reference where it holds a password.")
    ca_file: str | None = Field(default=None, description="PEM file with further certificate authorities.")


class SourceBlock(BaseModel):
    """A system the hub reads; further keys belong to the connector."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    connector: str = Field(description="Name of the connector.")
    role: Role | None = Field(
        default=None, description="What the source is an authority on; told from the connector if absent."
    )
    may_create: tuple[str, ...] | None = Field(
        default=None, description="Classes of which it may create entities; all if absent."
    )


class TargetBlock(BaseModel):
    """A system the hub writes; further keys belong to the connector."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    connector: str = Field(description="Name of the connector.")
    mode: Literal["preview", "canary", "write"] = Field(
        default="preview", description="What apply may do: nothing, 10 objects a run, everything."
    )
    classes: tuple[str, ...] | None = Field(
        default=None, description="Canonical classes that are delivered; all the target map knows if absent."
    )
    first_contact: Literal["adopt"] = Field(
        default="adopt", description="Link what is there; its values count as theirs."
    )
    theirs: dict[str, Theirs] = Field(
        default={"default": "target"},
        description="Target or canonical field -> who wins when people changed it; class -> the same for its fields.",
    )
    maps: tuple[str, ...] = Field(default=(), description="Target maps that override the shipped ones.")
    max_creates: int | None = Field(default=None, ge=0, description="Hold the plan when it would create more objects.")


class Absent(_Block):
    """When something counts as missing."""

    missing_after: int = Field(default=3, ge=1, description="Complete snapshots without it.")
    at_least: Duration = Field(default="7d", description="And at least this long.")
    then: Literal["flag", "retire", "delete"] = Field(
        default="flag", description="What is done; only objects that the hub created are deleted, others retired."
    )


class SourceWhen(_Block):
    """A source that may say a field only on a condition."""

    source: str = Field(description="Name of the source.")
    when: dict[str, Any] = Field(default={}, description="Canonical field -> value or list of values of its record.")


class FamilyRules(_Block):
    """How one family, or one class of it, is identified and reconciled."""

    identify: tuple[str, ...] | None = Field(default=None, description="Identifier entries, best first.")
    fields: dict[str, str | SourceWhen | list[str | SourceWhen]] = Field(
        default={}, description="Field -> sources, best first, or newest, largest, most_reported, union."
    )
    absent: Absent = Absent()
    silent_after: Duration | dict[str, Duration] | None = Field(
        default=None, description="A source silent for longer loses its place; for all sources, or per source."
    )


class Guard(_Block):
    """A limit beyond which rows are held."""

    max: int | None = Field(default=None, ge=0, description="More rows of a class than this in one plan are held.")
    share: Annotated[str, AfterValidator(_share)] | None = Field(
        default=None, description="More than this part of the linked things of the class are held, such as 2%."
    )
    at_least: int = Field(default=10, ge=0, description="So many are never held because of their share.")

    def limit(self) -> Limit:
        """Return it as what the engine goes by."""
        return Limit(self.max, float(self.share[:-1]) / 100 if self.share else None, self.at_least)


class Retention(_Block):
    """How long things are kept."""

    raw: Literal["latest"] = "latest"
    history: Duration = "400d"
    pre_images: Duration = "90d"
    dead_letters: Duration = "30d"
    leaver_data: Duration = "180d"


class Settings(_Block):
    """The whole of `synchub.yaml`."""

    version: Literal[1]
    hub: HubBlock
    state: Url = Field(
        default="sqlite:///.synchub/state.db", description="Database URL; a reference where it holds a password."
    )
    http: HttpBlock = HttpBlock()
    sources: dict[Name, SourceBlock] = Field(default={}, description="Systems the hub reads.")
    targets: dict[Name, TargetBlock] = Field(default={}, description="Systems the hub writes.")
    rules: dict[str, FamilyRules] = Field(
        default={}, description="Rules of a family (hardware, person, purchase_order_line …) or of one class."
    )
    guards: dict[GuardKey, Guard] = Field(
        default={},
        description="Kind of change, class.kind or default -> limit beyond which rows wait for an approval.",
        json_schema_extra={"propertyNames": {"pattern": rf"^(default|([a-z_]+\.)?({'|'.join(KINDS)}))$"}},
    )
    notify: NotifyBlock | None = Field(default=None, description="Whom to tell of what.")
    serve: ServeBlock = Field(default=ServeBlock(), description="The HTTP server of `synchub serve`.")
    retention: Retention = Retention()
    schedules: dict[str, str] = Field(default={}, description="Flow -> cron expression.")

    @field_validator("schedules")
    @classmethod
    def _five_fields(cls, value: dict[str, str]) -> dict[str, str]:
        for flow, cron in value.items():
            if len(cron.split()) != 5 or not is_cron(cron):
                msg = f"schedule of {flow!r} must be a cron expression of five fields"
                raise ValueError(msg)
        return value
