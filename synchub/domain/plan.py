"""Plans as data: what would be written, why, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

Value = str | int | float | bool | None | list[str]


class Op(StrEnum):
    """What a plan row does to a target object."""

    LINK = "link"  # adopt an object that is already there; writes nothing by itself
    CREATE = "create"
    INSERT = "insert"  # create past the target's own identification, which would match another thing by name
    UPDATE = "update"
    RETIRE = "retire"  # an update that says the thing is gone; only by policy, and undone by an update
    DELETE = "delete"  # take the object away; only by policy, and only one that the hub created
    UNLINK = "unlink"  # an object that a run adopted is nobody's again; writes nothing


class RowState(StrEnum):
    """The life of a plan row; the pending ones are the outbox."""

    PENDING = "pending"  # to be sent
    WAITING = "waiting"  # its object or a reference does not exist yet (asset that follows a CI, person being created)
    SENT = "sent"  # handed to the wire; outcome not known yet
    APPLIED = "applied"  # the target confirmed it
    UNCHANGED = "unchanged"  # the target held these values already
    FAILED = "failed"  # kept as a dead letter, tried again while `attempts` allow
    REFUSED = "refused"  # the target will not take it; not tried again until an input changes
    HELD = "held"  # a guard stopped it
    CONFLICT = "conflict"  # needs a rule or a person
    DRIFTED = "drifted"  # the target changed between plan and write


@dataclass(frozen=True, slots=True)
class Lookup:
    """A reference to an object found by a name: company, model, site.

    Attributes:
        kind: Target object type that is searched.
        by: Field compared, for example `"name"`.
        value: What is looked for; parts of a composed name are joined by U+001F.
    """

    kind: str
    by: str
    value: str


@dataclass(frozen=True, slots=True)
class Link:
    """A reference to the target object of another entity.

    Attributes:
        family: Family of the entity, for example `"person"`.
        value: Its identity as the sources give it (e-mail, login, worker id).
    """

    family: str
    value: str


Filled = Value | Lookup | Link  # what a target map says about one field


class FieldChange(NamedTuple):
    """One field of a plan row.

    Attributes:
        old: What the target holds now (None: nothing).
        new: What it shall hold; `{"$entity": id}` stands for the object of that entity, once it exists.
        source: Source whose value won, for example `"mdm"`.
        rule: Rule that let it win, with the place in the configuration.
    """

    old: Any
    new: Any
    source: str = ""
    rule: str = ""


@dataclass(slots=True)
class PlanRow:
    """One write to one target object.

    Attributes:
        n: Number within the plan, ascending in the order of delivery.
        entity: Entity id.
        cls: Canonical class of the entity.
        facet: `ci`, `asset` or `record`: which of the entity's objects in this target.
        kind: Target object type (table, object type).
        op: What is done.
        object_id: The target's id; None until created.
        changes: Target field -> change. Empty for a pure link and for objects that do not exist yet. Of a DELETE what
            the object held, with nothing as the new value: the pre-image.
        values: Target field -> value of an object that does not exist yet; see `FieldChange.new`.
        hold: Number of the hold that stops it; None: no guard does.
        agreed: Of a LINK: the target fields that hold what the hub wants; they become the base.
        label: What a person calls the entity (host name, serial), for display.
        state: See `RowState`.
        note: Why it is held, refused or in conflict.
    """

    n: int
    entity: int
    cls: str
    facet: str
    kind: str
    op: Op
    object_id: str | None
    changes: dict[str, FieldChange] = field(default_factory=dict)
    label: str = ""
    state: RowState = RowState.PENDING
    note: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    hold: int | None = None
    agreed: list[str] = field(default_factory=list)

    def wanted(self) -> dict[str, Any]:
        """Return target field -> value that the row would write."""
        return self.values or {name: change.new for name, change in self.changes.items()}


@dataclass(slots=True)  # not frozen: one per row, and freezing doubles the cost of making it
class Write:
    """One row on its way to a target; everything resolved, nothing left to decide.

    Attributes:
        row: Number of the plan row; comes back in the outcome.
        kind: Target object type.
        op: CREATE, UPDATE or DELETE; a RETIRE travels as the update it is.
        object_id: The target's id; None for CREATE.
        fields: Target field -> value in the target's own form. None clears the field. Empty for DELETE.
        hub_key: See `synchub.domain.hubkey`: lets a create be found again after a lost answer.
        expected_version: Version of the object that the decision was based on; None when unknown.
        extra: Identity for the target's own matching (serial, MACs, source key …), by name.
    """

    row: int
    kind: str
    op: Op
    object_id: str | None
    fields: dict[str, Value]
    hub_key: str
    expected_version: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)  # not frozen: one per row, and freezing doubles the cost of making it
class Outcome:
    """What a target did with one write.

    Attributes:
        row: Number of the plan row.
        state: APPLIED, UNCHANGED, FAILED, REFUSED, CONFLICT or DRIFTED.
        object_id: The target's id, when there is one.
        version: Version of the object after the write.
        fields: What the object holds now, as far as it was read back; the base is made of this.
        refused: Field -> reason, for fields that the target dropped or forbade.
        counterpart: Id of the object that the target keeps in step with this one (asset of a CI), when known.
        message: Why it did not work, and what to do.
        retryable: Sending the same row later may work.
    """

    row: int
    state: RowState
    object_id: str | None = None
    version: str | None = None
    fields: dict[str, Value] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    counterpart: str | None = None
    message: str = ""
    retryable: bool = False


@dataclass(slots=True)  # not frozen: one per row, and freezing doubles the cost of making it
class TargetObject:
    """An object as the target holds it.

    Attributes:
        kind: Target object type as asked for.
        id: The target's id.
        fields: Field -> value, references as ids. Fields hidden from this user are absent; empty ones are None.
        version: Changes with every write (`sys_mod_count`, etag …); None when the target has none.
        updated_at: Seconds since 1970 UTC.
        updated_by: Login of the last writer, when the target tells.
        counterpart: Id of the object that the target keeps in step with this one.
        cls: The object's own, most specific type (`sys_class_name`), when it differs from `kind`.
        mark: The hub key that the object carries, of this hub or another; None for none.
    """

    kind: str
    id: str
    fields: dict[str, Value]
    version: str | None = None
    updated_at: int = 0
    updated_by: str | None = None
    counterpart: str | None = None
    cls: str | None = None
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What the target's own identification would do with a create.

    Attributes:
        row: Number of the plan row.
        object_id: The object it would match; None when it would insert.
        by: Attributes by which it matched, e.g. `("name",)`.
        message: What it answered when it could not decide.
    """

    row: int
    object_id: str | None
    by: tuple[str, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of one field of a target object, as the target's own history records it.

    Attributes:
        at: Seconds since 1970 UTC.
        by: Who did it, as the target names people.
        field: Target field; empty for the creation.
        old: Value before, as the target shows it; None for empty.
        new: Value after.
        ours: The hub's own login did it.
        value: `new` in the form of `TargetObject.fields` (references as ids), where the history tells it.
        told: Whether `value` is that.
    """

    at: int
    by: str
    field: str
    old: str | None
    new: str | None
    ours: bool = False
    value: Value = None
    told: bool = False
