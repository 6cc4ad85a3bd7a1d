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
    places = _Places()
    for path in (*shipped, *overrides):
        document = _read(path)
        places.add(document)
        merged = _overlay(merged, document.data["classes"])
    resolved = {cls: _resolve(cls, merged, places) for cls, body in merged.items() if body is not None}
    specs = {cls: _facets(cls, body, places) for cls, body in resolved.items()}
    text = json.dumps([resolved, sorted(NORMALISERS)], sort_keys=True, default=str)
    return specs, hashlib.sha256(text.encode()).hexdigest()[:16]


class _Places:
    """Where each part of the map stands: in the last of the files that says it."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, ...], tuple[int, str]] = {}
        self._like: dict[str, str] = {}
        self._files = 0

    def add(self, document: Document) -> None:
        """Note the parts of one more file; it lies over those before."""
        self._files += 1
        for cls, body in document.data["classes"].items():
            self._note(document, (cls,), body, 4)
            if isinstance(body, dict) and "like" in body:
                self._like[cls] = str(body["like"])

    def _note(self, document: Document, steps: tuple[str, ...], value: Any, depth: int) -> None:
        self._found[steps] = (self._files, document.where("classes", *steps))
        if depth > 1 and isinstance(value, dict):
            for key, inner in value.items():
                self._note(document, (*steps, str(key)), inner, depth - 1)

    def of(self, *ways: tuple[str, ...]) -> str:
        """Return file and line of the part that was said last; of a part that stands nowhere, of what it belongs to."""
        return max(self._nearest(way) for way in ways)[1]

    def _nearest(self, way: tuple[str, ...]) -> tuple[int, str]:
        cls, *rest = way
        for size in range(len(rest), -1, -1):
            seen, name = set(), cls
            while name and name not in seen:
                if (name, *rest[:size]) in self._found:
                    return self._found[(name, *rest[:size])]
                seen.add(name)
                name = self._like.get(name, "")
        return 0, f"classes.{cls}"


Place = Callable[..., str]
"""Steps within a facet -> file and line."""


def _read(path: Path) -> Document:
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
    return document


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


def _resolve(cls: str, merged: Mapping[str, Any], places: _Places, seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """Apply `like:`: a class takes over what another one says and changes what differs."""
    body = merged.get(cls)
    if body is None or cls in seen:
        raise ConfigError(
            f"`like` leads nowhere: {' -> '.join((*seen, cls))}.", where=places.of(((*seen, cls)[0], "like"))
        )
    if "like" not in body:
        return dict(body)
    return _overlay(
        _resolve(body["like"], merged, places, (*seen, cls)), {k: v for k, v in body.items() if k != "like"}
    )


def _facets(cls: str, body: Mapping[str, Any], places: _Places) -> list[FacetSpec]:
    facets = [
        _facet(cls, name, body[name], lambda *steps, name=name: places.of((cls, name, *steps)))
        for name in _FACETS
        if body.get(name)
    ]
    written: dict[str, tuple[str, str]] = {}  # canonical field -> facet, target field
    for facet in facets:
        if facet.counterpart is not None and facet.counterpart not in _FACETS:
            raise ConfigError(
                f"counterpart {facet.counterpart!r} is no facet.", where=places.of((cls, facet.facet, "counterpart"))
            )
        for spec in facet.fields:
            for source in spec.sources:
                if source in written and not spec.alone:
                    other, field_there = written[source]
                    here, there = (cls, facet.facet, "fields", spec.name), (cls, other, "fields", field_there)
                    raise ConfigError(
                        f"{source!r} is written on the {other} side and on the {facet.facet} side.",
                        where=places.of(here, there),
                        fix="The target keeps the two in step: write it on one side, or mark the other `alone: true`.",
                    )
        written.update({source: (facet.facet, spec.name) for spec in facet.fields for source in spec.sources})
    return facets


def _facet(cls: str, facet: str, body: Mapping[str, Any], place: Place) -> FacetSpec:
    kind = body.get("kind")
    if not isinstance(kind, str) or not kind:
        raise ConfigError("`kind` names the target object type.", where=place("kind"))
    specs = tuple(
        _field(cls, name, spec, place("fields", name))
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
        identity=_identity(cls, specs, body.get("identity") or {}, place),
        signs=tuple(name for name in signs if name in FIELDS[cls]),
        created=body.get("created"),
        heartbeat=_heartbeat(cls, body.get("heartbeat"), place("heartbeat")),
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
    cls: str, specs: Sequence[FieldSpec], stated: Mapping[str, Any], place: Place
) -> tuple[tuple[str, tuple[str, ...], Normaliser], ...]:
    """List which target fields tell which canonical identity field; plainly written identity fields need no mention."""
    reads: dict[str, tuple[str, ...]] = {}
    for spec in specs:
        if len(spec.sources) == 1 and spec.sources[0] in NORMALISERS and not (spec.lookup or spec.link or spec.values):
            reads.setdefault(spec.sources[0], (spec.name,))
    for canonical, names in stated.items():
        _known({canonical: None}, set(FIELDS[cls]), place("identity", canonical))
        reads[canonical] = _strings(names, place("identity", canonical))
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
