"""Target maps: which canonical field is written where in a target, as data.

A target map says, per canonical class and facet, into which target object a thing goes and which canonical field fills
which target field. It is read in both directions: `FacetMap.desired` says what the target should hold, and
`FacetMap.identity` turns what a target object holds back into canonical identity fields, so that objects that were
there before the hub take part in identification. Everything is compiled once; only `load_target_map` does I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from mapping.target_generate import ABSENT, Getter, generate
from mapping.target_load import FacetSpec, FieldSpec, load_specs
from synchub.domain.plan import Filled, Link, Lookup, Value
from synchub.domain.records import CLEAR
from synchub.domain.shape import AttributeShape

SEPARATOR = "\x1f"  # between the parts of a composed look-up value, as `synchub.ports.Target.lookup` asks


@dataclass(frozen=True, slots=True)
class TargetField:
    """How one target field is filled.

    Attributes:
        name: Target field.
        sources: Canonical fields, first known wins; for a composed look-up all are needed.
        form: Form of the value in the target (`text`, `date`, `datetime`, `number`, `bool`, `raw`).
        lookup: Object type in which the value is searched; None for a plain value.
        by: Field compared in the look-up.
        link: Family of the entity the value points at; None for a plain value.
        ignore_case: Upper and lower case count as equal.
        alone: Written only while the thing has no CI of its own (ordered, in stock); afterwards the CI side writes it
            and the target carries it over.
        joined: All sources together make the value, instead of the first known one.
    """

    name: str
    sources: tuple[str, ...]
    form: str = "text"
    lookup: str | None = None
    by: str = "name"
    link: str | None = None
    ignore_case: bool = False
    alone: bool = False
    joined: bool = False

    @property
    def carries(self) -> str | None:
        """Name the canonical field that a person would look for here; None for a constant."""
        return (self.sources[-1] if self.joined else self.sources[0]) if self.sources else None

    @property
    def is_reference(self) -> bool:
        """Say whether the field holds the id of another object."""
        return self.lookup is not None or self.link is not None


class FacetMap:
    """One facet of a class in one target, compiled. Immutable, safe to share between threads.

    Attributes:
        facet: `ci`, `asset` or `record`.
        kind: Target object type that is created.
        read_kind: Target object type in which existing objects of this facet are looked for (a parent type).
        counterpart: Facet that the target itself keeps in step with this one; None when there is none.
        fields: Target field -> how it is filled. A canonical field is written on one side only.
        reads: Every target field to read, those that serve only matching included; sorted.
        created: Target field that says since when the object exists; None when the map names none.
        duplicate: Target field in which a duplicate names the object that is kept; None: there is none.
        heartbeat: Target field that says when the thing was last seen; it takes no part in plans. None: there is none.
    """

    __slots__ = (
        "_asks", "_identity", "_links", "_parts", "_seen", "_signs", "_spec", "_spelled", "_undiscovered",
        "counterpart", "created", "duplicate", "facet", "fields", "heartbeat", "kind", "read_kind", "reads",
    )  # fmt: skip

    def __init__(self, spec: FacetSpec, siblings: Sequence[FacetSpec]) -> None:
        ci = next((s for s in siblings if s.facet == "ci"), None)
        shared = {source for s in siblings for f in s.fields if f.alone for source in f.sources}
        self.facet = spec.facet
        self.kind = spec.kind
        self.read_kind = spec.read_kind
        self.counterpart = spec.counterpart
        self.fields: Mapping[str, TargetField] = {f.name: _field(f) for f in spec.fields}
        fields = [(f, _getter(f), _converter(f)) for f in spec.fields]
        self._parts = generate([item for item in fields if not item[0].alone], f"{spec.facet} {spec.kind}")
        # Before the first sign of life the other side writes what both carry.
        early = [item for item in fields if item[0].alone or not (spec is ci and shared.intersection(item[0].sources))]
        self._undiscovered = generate(early, f"{spec.facet} {spec.kind} (not discovered)")
        self._links: list[Getter] = [getter for f, getter, _ in fields if f.link]
        self._identity = tuple(spec.identity)
        self._spelled = {
            reads[0]: normalise for name, reads, normalise in self._identity if name in _NUMBERS and len(reads) == 1
        }
        self._spec = spec
        self._signs = ci.signs if ci and len(siblings) > 1 else None
        self._asks = self._signs is not None or self.facet == "asset"
        self.created = spec.created
        self.duplicate = spec.duplicate
        self.heartbeat = spec.heartbeat.name if spec.heartbeat else None
        self._seen = _getter(spec.heartbeat) if spec.heartbeat else None
        self.reads = tuple(
            sorted(
                {f.name for f in spec.fields}
                | {read for _, reads, _ in spec.identity for read in reads}
                | {name for name in (spec.created, spec.duplicate) if name}
            )
        )

    def desired(self, doc: Mapping[str, Any]) -> dict[str, Filled]:
        """Say what a target object should hold.

        Args:
            doc: Canonical fields of an entity. `CLEAR` asks for an empty field.

        Returns:
            Target field -> value in the target's form, or what has to be resolved to an id first. None clears the
            field. Fields about which nothing is known are absent.
        """
        plain, references = self.parts(doc)
        return {**plain, **references}

    def parts(self, doc: Mapping[str, Any]) -> tuple[dict[str, Value], dict[str, Lookup | Link]]:
        """Say the same as `desired` apart: what can be written as it is, and what has to be resolved to an id first."""
        return (self._undiscovered if self._asks and not self.discovered(doc) else self._parts)(doc)

    def links(self, doc: Mapping[str, Any]) -> list[Link]:
        """Return the references to other things' objects among what `desired` says."""
        return [value for getter in self._links if (value := getter(doc)).__class__ is Link]

    def attributes(self, kind_of: Callable[[str], str | None]) -> tuple[AttributeShape, ...]:
        """Say what the object type needs so that every field can be written.

        Args:
            kind_of: Family of an entity -> object type that its objects are of; None when the target takes none.
        """
        shapes = []
        for field in self._spec.fields:
            refers = field.lookup or (kind_of(field.link) if field.link else None)
            if field.link is None or refers is not None:
                values = tuple(dict.fromkeys((field.values or {}).values())) if field.form == "status" else ()
                shapes.append(AttributeShape(field.name, field.form, refers, field.max_length, values))
        return tuple(shapes)

    def identity(self, fields: Mapping[str, Value]) -> dict[str, Any]:
        """Turn the fields of a target object back into canonical identity fields.

        Values are normalised as those of sources are; placeholders are kept, identification judges them. Fields that
        are empty or cannot be understood are absent.
        """
        result: dict[str, Any] = {}
        for canonical, reads, normalise in self._identity:
            for read in reads:
                raw = fields.get(read)
                if raw is None or raw == "":
                    continue
                value = normalise(raw)
                if value is not None and value != [] and value != "":
                    result[canonical] = value
                    break
        return result

    def seen(self, doc: Mapping[str, Any]) -> Value:
        """Say when a thing was last seen, in the form of the field `heartbeat`; None when nobody knows."""
        value = self._seen(doc) if self._seen else ABSENT
        return None if value is ABSENT else str(value)

    def same(self, field: str, desired: Any, actual: Any) -> bool:
        """Compare two values in the target's terms.

        Empty and unset are one; `"8192"` equals 8192, `1249` equals `"1249.0000"`, a date equals the midnight of a
        date-time; text compares exactly unless the map says `ignore_case`, serial numbers and tags however they are
        spelled. References compare by id.
        """
        if desired == actual:
            return True
        left, right = _plain(desired), _plain(actual)
        if left == right:
            return True
        info = self.fields.get(field)
        if _equal(info.form if info else "text", bool(info and info.ignore_case), left, right):
            return True
        spelled = self._spelled.get(field)
        return spelled is not None and bool(left and right) and bool(spelled(left) == spelled(right))

    def discovered(self, doc: Mapping[str, Any]) -> bool:
        """Say whether the thing gave a sign of life, so that its CI is created; else only its asset is.

        A facet without a counterpart side answers for itself: a class with a CI only is always created, a class with
        an asset only is never discovered.
        """
        if self._signs is None:
            return self.facet == "ci"
        return any(doc.get(name) not in (None, CLEAR, []) for name in self._signs)


class TargetMap:
    """All classes a target takes. Immutable.

    Attributes:
        fingerprint: Changes exactly when the maps say something else.
    """

    __slots__ = ("_classes", "fingerprint")

    def __init__(self, classes: Mapping[str, Sequence[FacetMap]], fingerprint: str) -> None:
        self._classes = {name: tuple(facets) for name, facets in classes.items()}
        self.fingerprint = fingerprint

    @property
    def classes(self) -> tuple[str, ...]:
        """Canonical classes the target takes."""
        return tuple(self._classes)

    def facets(self, cls: str) -> Sequence[FacetMap]:
        """Return the facets of a class, the CI first; empty when the target does not take the class."""
        return self._classes.get(cls, ())


def load_target_map(shipped: Sequence[Path], overrides: Sequence[Path] = ()) -> TargetMap:
    """Read target maps and lay overrides over them, field by field.

    Args:
        shipped: The connector's own maps; later files add to earlier ones.
        overrides: The user's files of the same shape. `null` removes a field, a facet or a class.

    Raises:
        ConfigError: A file cannot be read or is not a target map; `where` names file and place.
    """
    specs, fingerprint = load_specs(shipped, overrides)
    classes: dict[str, list[FacetMap]] = {}
    for cls, facets in specs.items():
        classes[cls] = [FacetMap(f, facets) for f in sorted(facets, key=lambda f: f.facet != "ci")]
    return TargetMap(classes, fingerprint)


def _field(spec: FieldSpec) -> TargetField:
    return TargetField(
        spec.name, spec.sources, spec.form, spec.lookup, spec.by, spec.link, spec.ignore_case, spec.alone,
        joined=spec.join is not None or (spec.lookup is not None and len(spec.sources) > 1),
    )  # fmt: skip


def _getter(spec: FieldSpec) -> Getter:
    getter = _joined(spec) if spec.join is not None else None
    getter = getter or (_composed(spec) if spec.lookup and len(spec.sources) > 1 else _single(spec))
    if not spec.where:
        return getter
    where = tuple(spec.where.items())

    def guarded(doc: Mapping[str, Any]) -> Any:
        return getter(doc) if all(doc.get(name) in allowed for name, allowed in where) else ABSENT

    return guarded


def _single(spec: FieldSpec) -> Getter:
    convert = _converter(spec)
    if spec.sources == ():
        constant = convert(spec.value)
        return lambda _doc: constant
    if len(spec.sources) == 1:
        source = spec.sources[0]

        def one(doc: Mapping[str, Any]) -> Any:
            value = doc.get(source)
            if value is None:
                return ABSENT
            return None if value == CLEAR else convert(value)

        return one
    sources = spec.sources

    def first(doc: Mapping[str, Any]) -> Any:
        for source in sources:
            value = doc.get(source)
            if value is not None:
                return None if value == CLEAR else convert(value)
        return ABSENT

    return first


def _joined(spec: FieldSpec) -> Getter:
    """Join what is known of several fields; nothing where nothing is."""
    convert, between = _converter(spec), spec.join or ""

    def joined(doc: Mapping[str, Any]) -> Any:
        parts = [_text(value) for name in spec.sources if (value := doc.get(name)) not in (None, CLEAR)]
        return convert(between.join(parts)) if parts else ABSENT

    return joined


def _composed(spec: FieldSpec) -> Getter:
    sources, kind, by = spec.sources, spec.lookup or "", spec.by

    def composed(doc: Mapping[str, Any]) -> Any:
        parts = [doc.get(source) for source in sources]
        if parts[-1] == CLEAR:
            return None
        if any(part is None or part == CLEAR for part in parts):
            return ABSENT
        return Lookup(kind, by, SEPARATOR.join(map(str, parts)))

    return composed


def _converter(spec: FieldSpec) -> Callable[[Any], Any]:
    plain = _FORMS[spec.form]
    values, length = spec.values, spec.max_length
    if values is not None:
        table = values
        return lambda value: table.get(str(value), ABSENT)
    if spec.lookup is not None:
        kind, by = spec.lookup, spec.by
        return lambda value: Lookup(kind, by, str(value))
    if spec.link is not None:
        family = spec.link
        return lambda value: Link(family, str(value))
    if length is not None:
        return lambda value: str(plain(value))[:length].rstrip()
    return plain


def _text(value: Any) -> Any:
    if value.__class__ is str:
        return value
    if value is True or value is False:
        return "true" if value else "false"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _datetime(value: Any) -> str:
    text = str(value)
    return text[:19].replace("T", " ") if len(text) > 10 else f"{text} 00:00:00"


_NUMBERS = frozenset({"serial_number", "asset_tag"})  # one and the same however they are spelled
_FORMS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "number": _text,
    "integer": _text,
    "status": _text,
    "bool": _text,
    "date": lambda value: str(value)[:10],
    "datetime": _datetime,
    "raw": lambda value: value,
}


def _plain(value: Any) -> Any:
    return None if value is None or value == "" or value == [] or value == CLEAR else _text(value)


def _equal(form: str, ignore_case: bool, left: str | None, right: str | None) -> bool:
    if left is None or right is None:
        # An unset tick box reads as false in some targets and as nothing in others.
        return form == "bool" and {left, right} <= {None, "false", "0"}
    if form in {"number", "integer"}:
        return bool(_number(left) == _number(right))
    if form == "bool":
        return (left.lower() in {"true", "1"}) == (right.lower() in {"true", "1"})
    if form in {"date", "datetime"}:
        one, two = _datetime(left), _datetime(right)
        return one[:10] == two[:10] if form == "date" else one == two
    if ignore_case:
        return left.casefold() == right.casefold()
    return left.strip() == right.strip()


def _number(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except InvalidOperation:
        return text
