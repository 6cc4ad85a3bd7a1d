"""The tables of the state.

Numbers are 64-bit; moments are seconds since 1970 UTC; documents are JSON bytes; hashes are xxh3 digests. A table is
named after the one word the design has for what it holds (design §2).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

# SQLite makes a column the row id only when its type is exactly INTEGER.
_Id = BigInteger().with_variant(Integer(), "sqlite")


def _table(name: str, *items: Column[Any] | UniqueConstraint | Index, rowless: bool = False) -> Table:
    return Table(name, metadata, *items, sqlite_with_rowid=not rowless)


def _id(name: str = "id") -> Column[Any]:
    return Column(name, _Id, primary_key=True, autoincrement=False)


def _int(name: str, *, null: bool = False, key: bool = False) -> Column[Any]:
    return Column(name, BigInteger, nullable=null, primary_key=key, autoincrement=False)


def _text(name: str, *, null: bool = False, key: bool = False) -> Column[Any]:
    return Column(name, Text, nullable=null, primary_key=key)


def _blob(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, LargeBinary, nullable=null)


meta = _table("meta", _text("name", key=True), _text("value"))
sequence = _table("sequence", _text("name", key=True), _int("next"))
lease = _table("lease", _text("scope", key=True), _text("owner"), _int("until_at"))

stream = _table(
    "stream", _id(), _text("source"), _text("stream"), _text("fingerprint"), _text("cursor", null=True), _text("scope"),
    _blob("shape", null=True), _text("paths"), _int("read_at", null=True), _int("complete_at", null=True),
    _int("fresh_at", null=True), _text("proof"), _int("withheld", null=True), _int("withheld_at", null=True),
    UniqueConstraint("source", "stream", name="stream_name"),
)  # fmt: skip

# The ledger: what each source last said, mapped. `doc` holds the canonical fields, volatile ones included.
record = _table(
    "record", _id(), _int("stream"), _text("key"), _blob("doc_hash"), _text("cls"), _blob("doc"), _int("observed_at"),
    _int("run"), UniqueConstraint("stream", "key", name="record_key"),
)  # fmt: skip
# What the next read of a stream looks up, apart from the wide rows: hashes of the bytes a record came from, with and
# without stamps, and what mere check-ins said since (volatile fields over `record.doc`, stamps over `payload.body`, the
# moment beside `record.observed_at`).
seen = _table(
    "seen", _int("stream", key=True), _int("record", key=True), _blob("raw_hash"), _blob("essence"),
    _blob("fields", null=True), _blob("stamps", null=True), _int("observed_at", null=True), rowless=True,
)  # fmt: skip
payload = _table("payload", _id("record"), _blob("body"))
# What complete snapshots do not hold any more. `scope` is the one under which it was last seen: only snapshots of the
# same scope count. `aged_at`: missed often and long enough.
absence = _table(
    "absence",
    _id("record"),
    _int("since_at"),
    _int("snapshots"),
    _int("scope_run"),
    _text("scope", null=True),
    _int("aged_at", null=True),
)
field_warning = _table("field_warning", _id("record"), _blob("warnings"))

# Identification. `identifier` joins, `proposal_key` only proposes; `removed` are hashes that lost a holder since the
# last run.
identifier = _table("identifier", _int("hash", key=True), _int("record", key=True), rowless=True)
proposal_key = _table("proposal_key", _int("hash", key=True), _int("record", key=True), rowless=True)
shared = _table("shared", _id("hash"), _int("holders"))
dirty = _table("dirty", _id("record"))
removed = _table("removed", _id("hash"))
# `was` is the entity a record belonged to before: a merge can be split again into what it was made of.
member = _table("member", _id("record"), _int("entity"), _int("was", null=True), Index("member_entity", "entity"))

entity = _table(
    "entity", _id(), _text("family"), _text("cls"), _blob("doc"), _blob("winners"), _blob("hash"), _text("sources"),
    _int("rev"),
    _int("created_run"), _int("due_at", null=True), _int("merged_into", null=True), _text("state"),
    _int("missing_at", null=True), _text("hub_key", null=True),
    Index("entity_rev", "rev"), Index("entity_hub_key", "hub_key", unique=True),
    Index("entity_due", "due_at", sqlite_where=text("due_at is not null"), postgresql_where=text("due_at is not null")),
)  # fmt: skip
entity_change = _table(
    "entity_change",
    _id(),
    _int("entity"),
    _int("run"),
    _int("at"),
    _blob("changes"),
    Index("entity_change_entity", "entity"),
)
proposal = _table(
    "proposal", _int("a", key=True), _int("b", key=True), _text("reason"), _text("state"), _int("run"),
    Index("proposal_b", "b"), rowless=True,
)  # fmt: skip

target = _table(
    "target", _id(), _text("name"), _text("identity", null=True), _int("planned_rev"), _int("read_since", null=True),
    _text("fingerprint"), _int("identified"), _text("looks", null=True), UniqueConstraint("name", name="target_name"),
)  # fmt: skip
# Every object of a target that the hub knows: linked when `entity` is set. `base` is NULL while it equals `fields`.
# `was` is whose it was before things were merged: an object that is nobody's and was somebody's is a duplicate.
target_object = _table(
    "target_object", _id(), _int("target"), _text("kind"), _text("object_id"), _int("entity", null=True),
    _text("facet", null=True),
    _blob("fields"), _blob("base", null=True), _text("version", null=True), _int("updated_at"),
    _text("updated_by", null=True),
    _text("counterpart", null=True), _text("cls", null=True), _blob("refused", null=True), _text("origin"),
    _text("mark", null=True),
    _blob("gone", null=True), _int("was", null=True),
    UniqueConstraint("target", "object_id", "kind", name="target_object_id"),
    Index(
        "target_object_orphan", "target",
        sqlite_where=text("entity is null and origin='created'"),
        postgresql_where=text("entity is null and origin='created'"),
    ),
    Index("target_object_was", "was", sqlite_where=text("was is not null"), postgresql_where=text("was is not null")),
    Index(
        "target_object_entity", "entity", "target",
        sqlite_where=text("entity is not null"), postgresql_where=text("entity is not null"),
    ),
    Index(
        "target_object_mark", "target", "mark",
        sqlite_where=text("mark is not null and entity is null"),
        postgresql_where=text("mark is not null and entity is null"),
    ),
)  # fmt: skip
target_identifier = _table(
    "target_identifier", _int("hash", key=True), _int("object", key=True), _int("target"), rowless=True
)
# When an object was last told that its thing was seen, and what.
heartbeat = _table("heartbeat", _id("object"), _int("at"), _text("seen"))
# Entities that are planned again though they did not change: when `due_at` has come, or what they await is there.
replan = _table(
    "replan", _int("target", key=True), _int("entity", key=True), _text("reason"), _int("due_at"),
    Index("replan_due", "target", "due_at"), rowless=True,
)  # fmt: skip
awaited = _table(
    "awaited", _int("target", key=True), _text("kind", key=True), _text("name", key=True), _int("entity", key=True),
    Index("awaited_entity", "entity", "target"), rowless=True,
)  # fmt: skip

plan = _table(
    "plan", _id(), _text("token"), _int("target"), _int("run"), _int("created_at"), _int("expires_at"), _text("state"),
    _text("config"),
    _int("upto_rev"), _blob("summary"), _text("digest", null=True), _int("undoes", null=True),
    _text("covers", null=True),
    Index("plan_token", "token"), Index("plan_target", "target", "state"),
)  # fmt: skip
plan_row = _table(
    "plan_row", _int("plan", key=True), _int("n", key=True), _int("entity"), _text("cls"), _text("facet"),
    _text("kind"), _text("op"),
    _text("object_id", null=True), _blob("changes"), _text("label"), _text("state"), _text("note"),
    Column("attempts", SmallInteger, nullable=False), _int("hold", null=True), _int("run", null=True),
    Index("plan_row_entity", "entity"), rowless=True,
)  # fmt: skip
conflict = _table(
    "conflict", _id(), _int("target", null=True), _int("entity"), _text("facet"), _text("field"), _text("kind"),
    _blob("detail"), _text("state"),
    _int("run"), UniqueConstraint("target", "entity", "facet", "field", "kind", name="conflict_about"),
)  # fmt: skip

run = _table(
    "run", _id(), _text("kind"), _int("started_at"), _int("ended_at", null=True), _text("state"),
    _text("flow_run", null=True),
    _text("config"), _blob("counts"),
)  # fmt: skip
dead_letter = _table(
    "dead_letter", _id(), _int("run"), _text("source"), _text("stream"), _text("place"), _text("code"),
    _text("message"), _text("key", null=True),
    _blob("payload"), _int("at"), UniqueConstraint("source", "stream", "place", "code", name="dead_letter_place"),
)  # fmt: skip
# What somebody was told, or is to be told: open until `resolved_at`; the row goes when its end was told.
alert = _table(
    "alert", _text("kind", key=True), _text("about", key=True), _int("since_at"), _int("told_at", null=True),
    _int("resolved_at", null=True), _int("claimed_until", null=True), _text("text"), _text("fix"), rowless=True,
)  # fmt: skip
audit = _table("audit", _id(), _int("at"), _int("run", null=True), _text("actor"), _text("action"), _blob("detail"))

# Stops by a guard: which rows wait for an approval, and the answer. A row is recognised by what it does, so that an
# approval holds for the next plan, too, as long as it would do the same.
hold = _table(
    "hold", _id(), _int("target"), _text("guard"), _text("cls"), _text("state"), _int("opened_at"), _int("run"),
    _int("plan"), _int("held"), _int("total"), _text("allowed"), _text("cause"), _text("asked_by"),
    _int("answered_at", null=True), _text("answered_by", null=True), _text("reason", null=True),
    Index("hold_target", "target", "state"),
)  # fmt: skip
held_row = _table(
    "held_row", _int("hold", key=True), _int("entity", key=True), _text("facet", key=True), _text("op", key=True),
    _text("digest", key=True), Index("held_row_entity", "entity"), rowless=True,
)  # fmt: skip
# What people decided: which records are or are not one thing, whose value a field keeps. `about` names records or
# fields in a form that outlives a rebuilt state. `event` ascends with every decision and every revocation.
decision = _table(
    "decision", _id(), _text("kind"), _text("about"), _blob("answer"), _text("who"), _int("at"), _text("reason"),
    _int("revoked_at", null=True), _int("event"), Index("decision_about", "kind", "about"),
)  # fmt: skip
# Values of other people that the hub wrote over, by policy or because an edit fell between look and write.
overwritten = _table(
    "overwritten", _id(), _int("target"), _int("entity"), _text("facet"), _text("kind"), _text("object_id"),
    _text("field"), _blob("theirs"), _blob("ours"), _text("how"), _text("edited_by", null=True),
    _int("edited_at", null=True), _int("at"), _int("run"), _int("put_back_at", null=True), _text("state"),
    Index("overwritten_entity", "entity"),
    Index(
        "overwritten_due", "target", sqlite_where=text("state = 'due'"), postgresql_where=text("state = 'due'"),
    ),
)  # fmt: skip
# Values that a rollback restored: they stay until the hub would want something else than what it undid.
pin = _table(
    "pin", _int("target", key=True), _int("entity", key=True), _text("facet", key=True), _text("field", key=True),
    _blob("undone"), _int("run"), _int("at"), rowless=True,
)  # fmt: skip
# Fields that flipped to and fro between sources: frozen until somebody decides.
frozen = _table(
    "frozen", _int("entity", key=True), _text("field", key=True), _blob("value"), _blob("detail"), _int("at"),
    rowless=True,
)  # fmt: skip
# What is left of each credential's request budget, shared by all processes. Microseconds since 1970 UTC: when the next
# request may leave at a steady rate, until when everybody waits, until when only urgent requests are served.
budget = _table(
    "budget", _text("credential", key=True), _int("ready_at"), _int("paused_until"), _int("urgent_until"), rowless=True,
)  # fmt: skip
# People whose data must not be erased, and who said so.
legal_hold = _table(
    "legal_hold", _int("entity", key=True), _text("reason"), _text("who"), _int("at"), rowless=True,
)  # fmt: skip
# Salted digests of records and objects of erased people, which are not stored again.
erased = _table("erased", Column("hash", LargeBinary, primary_key=True), rowless=True)

__all__ = ["metadata"]
