"""A plan as a file: JSON that `apply` takes back, CSV for spreadsheets, HTML for reading. One row in memory at a time.

A JSON file has its head on the first line and one row on each of the next. It is only ever compared with what the state
issued: nothing in it is executed.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from synchub.domain.fields import Privacy
from synchub.domain.model import FIELDS
from synchub.domain.packed import packed, packed_row
from synchub.domain.plan import PlanRow
from synchub.engine.references import STANDING
from synchub.engine.shape import FIRST
from synchub.errors import ConfigError, HubError, InputError, PlanError
from synchub.planforms import csv_parts, html_parts
from synchub.reconcile.rules import Rules
from synchub.stores import PlanState
from synchub.wiring import Hub

FORMATS = ("json", "csv", "html")
_VERSION = 1
_MOST_WHOLE = 64 << 20  # bytes of a file that somebody laid out anew, and that is read as a whole
_MOST_LINE = 16 << 20
_SHOWN = 5  # differing rows that are named
_ORDER = (Privacy.PUBLIC, Privacy.INTERNAL, Privacy.PERSONAL)

Document = dict[str, Any]


def format_of(path: Path, wanted: str | None) -> str:
    """Tell the form of a file: as wanted, else by its suffix.

    Raises:
        ConfigError: The suffix says none.
    """
    found = wanted or path.suffix.lower().lstrip(".")
    if found == "htm":
        found = "html"
    if found not in FORMATS:
        raise ConfigError(
            f"{path.name!r} has no suffix that says its form.", where="--output", fix="Use .json, .csv or .html."
        )
    return found


def write_plan(hub: Hub, plan: PlanState, name: str, path: Path, form: str) -> None:
    """Write a plan to a file that only its owner may read; an existing one is replaced as a whole.

    Args:
        hub: The open configuration.
        plan: A sealed plan.
        name: Configured name of its target.
        path: Where to.
        form: See `FORMATS`.

    Raises:
        ConfigError: The file cannot be written.
    """
    head = head_of(hub, plan, name)
    parts = {"json": _json, "csv": csv_parts, "html": html_parts}[form](head, rows_of(hub, plan, name))
    try:
        handle, made = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # 0600 from the start
    except OSError as exc:
        raise _unwritable(path, exc) from exc
    try:
        with os.fdopen(handle, "wb") as out:
            out.writelines(parts)
        Path(made).replace(path)
    except BaseException as exc:
        with suppress(OSError):
            Path(made).unlink()
        if isinstance(exc, OSError):
            raise _unwritable(path, exc) from exc
        raise


def _unwritable(path: Path, exc: OSError) -> ConfigError:
    return ConfigError(
        f"the plan cannot be written: {exc.strerror}.", where=str(path), fix="Name a file in a folder of yours."
    )


def head_of(hub: Hub, plan: PlanState, name: str) -> Document:
    """Return what a plan file says before its rows."""
    return {
        "synchub_plan": _VERSION,
        "plan": plan.token,
        "digest": f"sha256:{plan.digest}",
        "hub": hub.loaded.settings.hub.id,
        "target": name,
        "instance": hub.state.targets.target(name).identity,
        "config": plan.config,
        "created_at": plan.created_at,
        "expires_at": plan.expires_at,
        "run": plan.run,
        "state": plan.state,
        "undoes": plan.undoes,
        "timezone": str(hub.loaded.settings.hub.timezone),
        "summary": plan.summary,
    }


# --- rows as documents ------------------------------------------------------------------------------------------------


def rows_of(hub: Hub, plan: PlanState, name: str) -> Iterator[Document]:
    """Yield the rows of a plan in the order of delivery, a slice in memory at a time."""
    teller = _Teller(hub, plan, name)
    after = FIRST - 1
    while rows := hub.state.plans.rows(plan.id, after=after):
        after = rows[-1].n
        yield from teller.tell(rows)


class _Teller:
    """Says of each field where its value comes from and how far it may travel."""

    def __init__(self, hub: Hub, plan: PlanState, name: str) -> None:
        self._hub, self._plan = hub, plan
        self._sources: dict[tuple[str, str, str], tuple[str, ...]] = {}
        self._privacy: dict[tuple[str, str, str], str] = {}
        self._rules: Rules | None = None
        self._texts: dict[tuple[str, str], str] = {}
        try:
            maps = hub.target_map(name)
            self._rules = hub.rules()
        except (HubError, KeyError):  # a map that cannot be read any more: values are told without
            return
        for cls in maps.classes:
            for facet in maps.facets(cls):
                for field, filled in facet.fields.items():
                    self._sources[cls, facet.facet, field] = filled.sources

    def tell(self, rows: Sequence[PlanRow]) -> Iterator[Document]:
        fresh = sorted({row.entity for row in rows if row.values})
        stored = self._hub.state.entities.get(fresh) if fresh else {}
        winners = {e: orjson.loads(row.winners) for e, row in stored.items() if row.rev <= self._plan.upto_rev}
        for row in rows:
            yield self._row(row, winners.get(row.entity, {}))

    def _row(self, row: PlanRow, winners: Mapping[str, str]) -> Document:
        if row.values:
            changes = [self._value(row, field, value, winners) for field, value in row.values.items()]
        else:
            changes = [
                {"field": field, "old": c.old, "new": c.new, "source": c.source, "rule": c.rule,
                 "privacy": self._class(row, field)}
                for field, c in row.changes.items()
            ]  # fmt: skip
        return {
            "n": row.n, "entity": row.entity, "class": row.cls, "facet": row.facet, "kind": row.kind,
            "op": row.op.value, "object_id": row.object_id, "label": row.label, "state": row.state.value,
            "note": row.note, "fresh": bool(row.values), "changes": changes,
        }  # fmt: skip

    def _value(self, row: PlanRow, field: str, value: Any, winners: Mapping[str, str]) -> Document:
        canonical = next((c for c in self._sources.get((row.cls, row.facet, field), ()) if c in winners), None)
        source = winners[canonical] if canonical else ""
        rule = self._rule(row.cls, canonical) if canonical else ""
        return {
            "field": field, "old": None, "new": value, "source": source, "rule": rule,
            "privacy": self._class(row, field),
        }  # fmt: skip

    def _rule(self, cls: str, canonical: str) -> str:
        if self._rules is None:
            return ""
        if (cls, canonical) not in self._texts:
            rule = self._rules.classes[cls].rule(canonical)
            self._texts[cls, canonical] = f"{rule.text} ({rule.place})"
        return self._texts[cls, canonical]

    def _class(self, row: PlanRow, field: str) -> str:
        """Return the privacy class of a target field: the strictest of what fills it."""
        key = (row.cls, row.facet, field)
        if key not in self._privacy:
            known = FIELDS.get(row.cls, {})
            some = [known[c].privacy for c in self._sources.get(key, ()) if c in known]
            self._privacy[key] = max(some, key=_ORDER.index, default=Privacy.INTERNAL).value
        return self._privacy[key]


def _json(head: Document, rows: Iterator[Document]) -> Iterator[bytes]:
    yield orjson.dumps(head)[:-1] + b',"rows":[\n'
    lead = b""
    for row in rows:
        yield lead + orjson.dumps(row)
        lead = b",\n"
    yield b"\n]}\n"


# --- a file that comes back -------------------------------------------------------------------------------------------


def token_of(hub: Hub, path: Path) -> str:
    """Return the token of the plan that a JSON file holds, once it is sure that the state issued exactly this.

    Raises:
        InputError: It is no plan file, or the state does not know its plan.
        PlanError: It is not what the state issued; the message names rows that differ.
    """
    head, rows = _read(path)
    plan = hub.state.plans.get(str(head.get("plan") or "?"))
    if plan is None or plan.token != head.get("plan"):
        raise InputError("this state did not issue the plan.", where=str(path), fix="Plan again: synchub plan.")
    digest = hashlib.sha256()
    try:
        for row in rows:
            if row["n"] < STANDING:
                digest.update(_digested(row))
    except (KeyError, TypeError, ValueError) as exc:
        raise _no_plan(path) from exc
    if head.get("digest") != f"sha256:{plan.digest}" or digest.hexdigest() != plan.digest:
        found = _differences(hub, plan, path)
        why = f": {'; '.join(found)}" if found else ""
        raise PlanError(
            f"the file is not plan {plan.token} as the state issued it{why}.", where=str(path),
            fix=f"Apply the plan itself (synchub apply {plan.token}), or change the sources and plan again.",
        )  # fmt: skip
    return plan.token


def _digested(row: Mapping[str, Any]) -> bytes:
    head = [row[key] for key in ("n", "entity", "class", "facet", "kind", "op", "object_id", "label")]
    changes: Sequence[Mapping[str, Any]] = row["changes"]
    if row["fresh"]:
        return packed_row(head, packed({"values": {c["field"]: c["new"] for c in changes}}))
    return packed_row(
        head, packed({"changes": {c["field"]: [c["old"], c["new"], c["source"], c["rule"]] for c in changes}})
    )


def _differences(hub: Hub, plan: PlanState, path: Path) -> list[str]:
    """Name rows that a file has otherwise than the state, at most `_SHOWN`, without their values."""
    ours = (row for row in rows_of(hub, plan, "") if row["n"] < STANDING)
    found: list[str] = []
    mine = next(ours, None)
    for row in _read(path)[1]:
        if row["n"] >= STANDING:
            continue
        while mine is not None and mine["n"] < row["n"] and len(found) < _SHOWN:
            found.append(f"row {mine['n']} ({mine['label']}) is missing")
            mine = next(ours, None)
        if mine is None or mine["n"] != row["n"]:
            found.append(f"row {row['n']} is not in the plan")
        else:
            if _digested(row) != _digested(mine):
                found.append(f"row {row['n']} ({mine['label']}) differs{_in_fields(row, mine)}")
            mine = next(ours, None)
        if len(found) >= _SHOWN:
            return [*found[:_SHOWN], "and perhaps more"]
    while mine is not None and len(found) < _SHOWN:
        found.append(f"row {mine['n']} ({mine['label']}) is missing")
        mine = next(ours, None)
    return found


def _in_fields(row: Mapping[str, Any], mine: Mapping[str, Any]) -> str:
    theirs = {c["field"]: (c["old"], c["new"]) for c in row["changes"]}
    own = {c["field"]: (c["old"], c["new"]) for c in mine["changes"]}
    names = sorted(name for name in theirs.keys() | own.keys() if theirs.get(name) != own.get(name))
    return f" in {', '.join(map(str, names[:5]))}" if names else ""


def _no_plan(path: Path) -> InputError:
    return InputError("this is no plan file.", where=str(path), fix="Write one: synchub plan --output plan.json")


def _read(path: Path) -> tuple[Document, Iterator[Document]]:
    """Return the head of a plan file, and its rows as they are read."""
    try:
        with path.open("rb") as file:
            first = file.readline(_MOST_LINE)
        if first.rstrip().endswith(b'"rows":['):
            return _head(orjson.loads(first.rstrip() + b"]}"), path), _lines(path)
        if path.stat().st_size > _MOST_WHOLE:
            raise _no_plan(path)
        whole = _head(orjson.loads(path.read_bytes()), path)
    except OSError as exc:
        raise InputError(
            f"the file cannot be read: {exc.strerror}.", where=str(path), fix="Name a token or a plan file."
        ) from exc
    except orjson.JSONDecodeError as exc:
        raise _no_plan(path) from exc
    rows = whole.get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _no_plan(path)
    return whole, iter(rows)


def _head(found: Any, path: Path) -> Document:
    if not isinstance(found, dict) or found.get("synchub_plan") != _VERSION:
        raise _no_plan(path)
    return found


def _lines(path: Path) -> Iterator[Document]:
    with path.open("rb") as file:
        file.readline(_MOST_LINE)
        while line := file.readline(_MOST_LINE):
            text = line.rstrip().removesuffix(b",")
            if text == b"]}":
                return
            row = orjson.loads(text) if text else {}
            if not isinstance(row, dict) or "n" not in row:
                raise _no_plan(path)
            yield row
