"""One Python function per facet of a target map, written from its checked fields.

A call per field costs more than most fields do, so the fields of a facet become the source of one function, which is
what `mapping.generate` does for field maps. It does what the getters of `mapping.target` do, one after
the other; a property test holds both to that. Names of fields and values go in as constants, never as code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mapping.target_load import FieldSpec
from synchub.domain.plan import Link, Lookup
from synchub.domain.records import CLEAR

Getter = Callable[[Mapping[str, Any]], Any]
Parts = Callable[[Mapping[str, Any]], tuple[dict[str, Any], dict[str, Any]]]
ABSENT: Any = object()  # what a getter gives where nothing is known
_AS_IS = frozenset({"text", "number", "bool", "raw"})  # forms that leave a text as it is


def generate(fields: Sequence[tuple[FieldSpec, Getter, Callable[[Any], Any]]], name: str) -> Parts:
    """Write and compile the function that fills a target object.

    Args:
        fields: The checked field, what fills it alone, and what brings one value into the target's form.
        name: Shown in tracebacks.

    Returns:
        A function that gives, for canonical fields, the plain values by target field and the references among them
        that have to be resolved. What nothing is known about is in neither.
    """
    space: dict[str, Any] = {"ABSENT": ABSENT, "CLEAR": CLEAR, "Lookup": Lookup, "Link": Link}
    lines = ["def parts(doc):", " get = doc.get", " plain = {}", " references = {}"]
    for number, (spec, getter, convert) in enumerate(fields):
        lines += _field(spec, number, getter, convert, space)
    lines.append(" return plain, references")
    text = "\n".join(lines)
    exec(compile(text, f"<target map of {name}>", "exec"), space)  # noqa: S102 - our own text
    parts: Parts = space["parts"]
    return parts


def _field(
    spec: FieldSpec, number: int, getter: Getter, convert: Callable[[Any], Any], space: dict[str, Any]
) -> list[str]:
    composed = spec.lookup is not None and len(spec.sources) > 1
    refers = composed or (spec.values is None and (spec.lookup is not None or spec.link is not None))
    place = f"{'references' if refers else 'plain'}[{spec.name!r}]"
    if spec.where or not spec.sources or composed or spec.join is not None:
        space[f"get{number}"] = getter
        return [f" v = get{number}(doc)", " if v is None:", f"  plain[{spec.name!r}] = None",
                " elif v is not ABSENT:", f"  {place} = v"]  # fmt: skip
    lines = [f" v = get({spec.sources[0]!r})"]
    for source in spec.sources[1:]:
        lines += [" if v is None:", f"  v = get({source!r})"]
    lines += [" if v is not None:", "  if v == CLEAR:", f"   plain[{spec.name!r}] = None"]
    if refers and spec.lookup is not None:
        lines += ["  else:", f"   {place} = Lookup({spec.lookup!r}, {spec.by!r}, str(v))"]
    elif refers:
        lines += ["  else:", f"   {place} = Link({spec.link!r}, str(v))"]
    else:
        if spec.values is None and spec.max_length is None and spec.form in _AS_IS:
            lines += ["  elif v.__class__ is str:", f"   {place} = v"]
        space[f"to{number}"] = convert
        lines += ["  else:", f"   v = to{number}(v)", "   if v is not ABSENT:", f"    {place} = v"]
    return lines
