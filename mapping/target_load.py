"""Reading target maps: YAML, overrides, checks with file and place, fingerprint."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mapping.target_identity import NORMALISERS, Normaliser
from synchub.domain.model import CLASSES, FIELDS
from synchub.domain.yamlfile import Document, parse_yaml
from synchub.errors import ConfigError

_FORMS = ("text", "date", "datetime", "number", "integer", "bool", "status", "raw")
_FACETS = ("ci", "asset", "record")
_CLASS_KEYS = {"like", *_FACETS}
_FACET_KEYS = {"kind", "read", "counterpart", "fields", "identity", "signs", "created", "heartbeat", "duplicate"}
_HEARTBEAT_KEYS = {"field", "to"}
_FIELD_KEYS = {"from", "value", "lookup", "by", "link", "values", "to", "max_length", "ignore_case", "where", "alone",
               "join"}  # fmt: skip
_SIGNS = ("last_seen_at", "hostname", "fqdn", "os_name", "os_version", "enrolled_at", "management_id", "ip_addresses")


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One target field as the map states it, checked."""

    name: str
    sources: tuple[str, ...]
    value: Any = None
    form: str = "text"
    lookup: str | None = None
    by: str = "name"
    link: str | None = None
    values: Mapping[str, str] | None = None
    max_length: int | None = None
    ignore_case: bool = False
    where: Mapping[str, frozenset[Any]] = field(default_factory=dict)
    alone: bool = False
    join: str | None = None


@dataclass(frozen=True, slots=True)
class FacetSpec:
    """One facet as the map states it, checked; `identity` holds (canonical field, target fields, normaliser).

    `created` names the target field that says since when the object exists, `heartbeat` the one that says when the
    thing was last seen, `duplicate` the one that points from a duplicate at the object that is kept.
    """

    facet: str
    kind: str
    read_kind: str
    counterpart: str | None
    fields: tuple[FieldSpec, ...]
    identity: tuple[tuple[str, tuple[str, ...], Normaliser], ...]
    signs: tuple[str, ...]
    created: str | None = None
    heartbeat: FieldSpec | None = None
    duplicate: str | None = None


def load_specs(shipped: Sequence[Path], overrides: Sequence[Path]) -> tuple[dict[str, list[FacetSpec]], str]:
    """Read, overlay and check target maps; return the specifications and their fingerprint."""
    merged: dict[str, Any] = {}
    for path in (*shipped, *overrides):
        merged = _overlay(merged, _read(path))
    where = ", ".join(str(path) for path in (*overrides, *shipped)[:2])
    resolved = {cls: _resolve(cls, merged, where) for cls, body in merged.items() if body is not None}
    specs = {cls: _facets(cls, body, where) for cls, body in resolved.items()}
    text = json.dumps([resolved, sorted(NORMALISERS)], sort_keys=True, default=str)
    return specs, hashlib.sha256(text.encode()).hexdigest()[:16]


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = path.read_bytes()
    except OSError as exc:
        raise ConfigError(f"the target map cannot be read: {exc.strerror}.", where=str(path)) from exc
    document = parse_yaml(raw, str(path))
    data = document.data
    if not isinstance(data, dict) or data.get("version") != 1 or not isinstance(data.get("classes"), dict):
        raise ConfigError("is not a target map.", where=str(path), fix="It starts with `version: 1` and `classes:`.")
    _known(data, {"version", "classes"}, str(path))
    for cls, body in data["classes"].items():
        _known({cls: None}, set(CLASSES), document.where("classes", cls))
        _check_shape(body, document, cls)
    return dict(data["classes"])


def _check_shape(body: Any, document: Document, cls: str) -> None:
    if body is None:
        return
    _known(body, _CLASS_KEYS, document.where("classes", cls))
    for facet in _FACETS:
        if body.get(facet) is None:
            continue
        _known(body[facet], _FACET_KEYS, document.where("classes", cls, facet))
        fields = body[facet].get("fields") or {}
        if not isinstance(fields, dict):
            raise ConfigError("`fields` maps target fields.", where=document.where("classes", cls, facet, "fields"))
        for name, spec in fields.items():
            if spec is not None:
                _known(spec, _FIELD_KEYS, document.where("classes", cls, facet, "fields", name))


def _known(mapping: Any, allowed: set[str], place: str) -> None:
    if not isinstance(mapping, dict):
        raise ConfigError("a mapping (`name: value`) is expected here.", where=place)
    for key in mapping:
        if key not in allowed:
            near = difflib.get_close_matches(str(key), sorted(allowed), 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(sorted(allowed))}."
            raise ConfigError(f"{key!r} is not known.", where=place, fix=hint)


def _overlay(base: Mapping[str, Any], over: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """Lay one map over another: classes, facets and their fields one by one; a field's definition as a whole."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        if depth < 3 and isinstance(value, dict) and isinstance(old, dict):
            result[key] = _overlay(old, value, depth + 1)
        else:
            result[key] = value
    return result


def _resolve(cls: str, merged: Mapping[str, Any], where: str, seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """Apply `like:`: a class takes over what another one says and changes what differs."""
    body = merged.get(cls)
    if body is None or cls in seen:
        raise ConfigError(
            f"`like` leads nowhere: {' -> '.join((*seen, cls))}.", where=f"{where}: classes.{(*seen, cls)[0]}"
        )
    if "like" not in body:
        return dict(body)
    return _overlay(_resolve(body["like"], merged, where, (*seen, cls)), {k: v for k, v in body.items() if k != "like"})


def _facets(cls: str, body: Mapping[str, Any], where: str) -> list[FacetSpec]:
    facets = [_facet(cls, name, body[name], f"{where}: classes.{cls}.{name}") for name in _FACETS if body.get(name)]
    written: dict[str, str] = {}
    for facet in facets:
        if facet.counterpart is not None and facet.counterpart not in _FACETS:
            raise ConfigError(
                f"counterpart {facet.counterpart!r} is no facet.", where=f"{where}: classes.{cls}.{facet.facet}"
            )
        for spec in facet.fields:
            for source in spec.sources:
                if source in written and not spec.alone:
                    raise ConfigError(
                        f"{source!r} is written on the {written[source]} side and on the {facet.facet} side.",
                        where=f"{where}: classes.{cls}.{facet.facet}.fields.{spec.name}",
                        fix="The target keeps the two in step: write it on one side, or mark the other `alone: true`.",
                    )
        written.update({source: facet.facet for spec in facet.fields for source in spec.sources})
    return facets


def _facet(cls: str, facet: str, body: Mapping[str, Any], where: str) -> FacetSpec:
    kind = body.get("kind")
    if not isinstance(kind, str) or not kind:
        raise ConfigError("`kind` names the target object type.", where=where)
    specs = tuple(
        _field(cls, name, spec, f"{where}.fields.{name}")
        for name, spec in (body.get("fields") or {}).items()
        if spec is not None
    )
    signs = tuple(body.get("signs") or _SIGNS)
    return FacetSpec(
        facet=facet,
        kind=kind,
        read_kind=str(body.get("read") or kind),
        counterpart=body.get("counterpart"),
        fields=specs,
        identity=_identity(cls, specs, body.get("identity") or {}, where),
        signs=tuple(name for name in signs if name in FIELDS[cls]),
        created=body.get("created"),
        heartbeat=_heartbeat(cls, body.get("heartbeat"), f"{where}.heartbeat"),
        duplicate=body.get("duplicate"),
    )


def _heartbeat(cls: str, body: Any, where: str) -> FieldSpec | None:
    if body is None:
        return None
    _known(body, _HEARTBEAT_KEYS, where)
    if not isinstance(body.get("field"), str):
        raise ConfigError("`field` names the target field.", where=where)
    return _field(cls, body["field"], {"from": "last_seen_at", "to": body.get("to", "datetime")}, where)


def _field(cls: str, name: str, body: Mapping[str, Any], where: str) -> FieldSpec:
    sources = _strings(body.get("from"), where)
    for source in sources:
        _known({source: None}, set(FIELDS[cls]), where)
    if not sources and "value" not in body:
        raise ConfigError("`from` names canonical fields, or `value` gives a constant.", where=where)
    form = body.get("to", "text")
    if form not in _FORMS:
        raise ConfigError(f"form {form!r} is not known.", where=where, fix=f"Known: {', '.join(_FORMS)}.")
    values = body.get("values")
    conditions = {
        key: frozenset(allowed if isinstance(allowed, list) else [allowed])
        for key, allowed in (body.get("where") or {}).items()
    }
    _known(conditions, set(FIELDS[cls]), where)
    return FieldSpec(
        name=name,
        sources=sources,
        value=body.get("value"),
        form=form,
        lookup=body.get("lookup"),
        by=str(body.get("by", "name")),
        link=body.get("link"),
        values={str(k): str(v) for k, v in values.items()} if values is not None else None,
        max_length=int(body["max_length"]) if "max_length" in body else None,
        ignore_case=_flag(body.get("ignore_case")),
        where=conditions,
        alone=_flag(body.get("alone")),
        join=str(body["join"]) if "join" in body else None,
    )


def _identity(
    cls: str, specs: Sequence[FieldSpec], stated: Mapping[str, Any], where: str
) -> tuple[tuple[str, tuple[str, ...], Normaliser], ...]:
    """List which target fields tell which canonical identity field; plainly written identity fields need no mention."""
    reads: dict[str, tuple[str, ...]] = {}
    for spec in specs:
        if len(spec.sources) == 1 and spec.sources[0] in NORMALISERS and not (spec.lookup or spec.link or spec.values):
            reads.setdefault(spec.sources[0], (spec.name,))
    for canonical, names in stated.items():
        _known({canonical: None}, set(FIELDS[cls]), f"{where}.identity")
        reads[canonical] = _strings(names, f"{where}.identity.{canonical}")
    return tuple((canonical, names, _normaliser(canonical)) for canonical, names in reads.items() if names)


def _normaliser(canonical: str) -> Callable[[Any], Any]:
    return NORMALISERS.get(canonical, NORMALISERS["name"])


def _flag(value: Any) -> bool:
    return str(value).lower() in {"true", "yes", "on"}


def _strings(value: Any, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    result = tuple(value) if isinstance(value, list) else (value,)
    if not all(isinstance(item, str) and item for item in result):
        raise ConfigError("a field name or a list of field names is expected.", where=where)
    return result
