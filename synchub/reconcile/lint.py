"""Rules that are right in form and cannot do what they say. Pure: compiled rules, and what each source's maps fill.

`compile_rules` refuses what has no meaning (unknown names, a source listed twice, windows of zero). This finds what has
one, and never or hardly works: it is told with its place and the way out before the first record is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from synchub.domain.model import CLASSES, FIELDS, VOLATILE, family_of
from synchub.reconcile.authority import FOLLOWS, SHIPPED, How
from synchub.reconcile.rules import Place, Rules
from synchub.reconcile.voices import Lint, Says, Voices

_SEEN = "last_seen_at"
_DYNAMIC = frozenset(str(how) for how in How if how is not How.ORDERED)
# Step -> groups of fields; it can fire where one map fills a whole group.
_NEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "serial+manufacturer": (("serial_number",), ("uuid",)),
    "uuid": (("uuid",), ("serial_number",)),
    "imei": (("imei",),),
    "asset_tag": (("asset_tag",),),
    "management_id": (("management_id",),),
    "mac+hostname": (("mac_addresses", "hostname"),),
    "mac+model": (("mac_addresses",),),
    "hostname+model": (("hostname", "model"),),
    "worker_id": (("worker_id",),),
    "directory_id": (("directory_id",),),
    "email": (("email",), ("login",)),
    "login": (("login",),),
    "order": (("order_number",),),
    "order+line": (("order_number", "line_number"),),
    "receipt+vendor": (("receipt_number", "vendor"),),
    "invoice+vendor": (("invoice_number", "vendor"),),
    "ticket+tracker": (("ticket_number", "tracker"),),
    "serial~1": (("serial_number", "model"),),
    "owner+model": (("assigned_to", "model"),),
    "hostname+domain": (("fqdn",),),
    "name": (("given_name", "family_name"),),
}


def lint_rules(
    block: Mapping[str, Any],
    rules: Rules,
    says: Mapping[str, Says | None],
    place: Place,
    source_place: Callable[[str], str],
) -> list[Lint]:
    """Look for rules that cannot do what they say.

    Args:
        block: The `rules:` block as plain data; it compiles.
        rules: The same, compiled.
        says: Source -> what its maps fill (`Voices`).
        place: Names the place of a path within `rules:`.
        source_place: Names the place of a source.

    Returns:
        In the order of the file; equal authorities last.
    """
    voices = Voices(says)
    found: list[Lint] = []
    for level, said in block.items():
        family = level if level in SHIPPED else family_of(level)
        found += _level(level, family, voices, place)
        found += _identify(level, family, said, voices, place)
        for name, value in (said.get("fields") or {}).items():
            found += _field(block, (level, "fields", name), family, value, voices, place)
        found += _windows(level, family, said.get("silent_after"), voices, place)
    return found + list(_equals(rules, voices, source_place))


def _level(level: str, family: str, voices: Voices, place: Place) -> Iterator[Lint]:
    """Rules for what nobody gives."""
    given = {cls for source in voices.sources() for cls in voices.classes(source, family)}
    if voices.whole and not (given if level in SHIPPED else level in given):
        yield Lint(
            "no_such_things", False, place((level,)), f"no map gives a {level}, so its rules never work.",
            "Remove them, or correct the `class` of a map.",
        )  # fmt: skip


# --- identification ---------------------------------------------------------------------------------------------------


def _identify(level: str, family: str, said: Mapping[str, Any], voices: Voices, place: Place) -> Iterator[Lint]:
    entries = said.get("identify")
    if entries is None:
        return
    where = place((level, "identify"))
    if level not in SHIPPED:
        yield Lint(
            "identify_of_class", True, where, f"identification is decided for all {family}, not for a {level} alone.",
            f"Move it to `rules: {family}: identify:`.",
        )  # fmt: skip
        return
    if not any(not entry.startswith("propose:") for entry in entries):
        yield Lint(
            "nothing_joins", False, where, f"no step joins records of {family}: each becomes a thing of its own.",
            "Name at least one step without `propose:`.",
        )  # fmt: skip
    if not voices.whole or not any(voices.classes(source, family) for source in voices.sources()):
        return
    filled = [voices.fields(source, family) for source in voices.sources()]
    for entry in entries:
        needs = _NEEDS[entry.removeprefix("propose:").strip()]
        if not any(known.issuperset(group) for known in filled for group in needs):
            wanted = " or ".join(" and ".join(group) for group in needs)
            yield Lint(
                "never_fires", False, where, f"step {entry!r} never fires: no map of {family} fills {wanted}.",
                "Remove it, or map the field.",
            )  # fmt: skip


# --- who is believed --------------------------------------------------------------------------------------------------


def _field(
    block: Mapping[str, Any], path: tuple[str, str, str], family: str, value: Any, voices: Voices, place: Place
) -> Iterator[Lint]:
    level, _, name = path
    where = place(path)
    if level != family and (block.get(family, {}).get("fields") or {}).get(name) == value:
        yield Lint(
            "repeats_family", False, where, f"the rule of {level} for {name} says what that of {family} says already.",
            "Remove one of them.",
        )  # fmt: skip
    if name in FOLLOWS:
        yield Lint(
            "follows", False, where, f"{name} comes from where {FOLLOWS[name]} comes from; this rule hardly works.",
            f"Write the rule for {FOLLOWS[name]}.",
        )  # fmt: skip
    if isinstance(value, str) and value in _DYNAMIC:
        if name == "default":
            yield Lint(
                "dynamic_default", True, where, f"`default: {value}` says no order; sources keep the shipped one.",
                f"List the sources, best first, and write `{value}` for single fields.",
            )  # fmt: skip
        return
    entries = [value] if isinstance(value, str | Mapping) else list(value)
    yield from _listed(entries, family, name, voices, where)
    for entry in entries:
        if isinstance(entry, Mapping):
            yield from _conditions(entry, family, voices, where)


def _listed(entries: Sequence[Any], family: str, name: str, voices: Voices, where: str) -> Iterator[Lint]:
    """Sources that can never win, and fields that nobody may say."""
    if entries.count("*") > 1:
        yield Lint(
            "star_twice", True, where, f"the rule for {name} has `*` twice; only the last one counts.",
            "Remove one of them.",
        )  # fmt: skip
    names = [e if isinstance(e, str) else e["source"] for e in entries]
    listed = [n for n in names if n != "*"]
    silent = [n for n in listed if voices.silent(n, family, name)]
    others = [n for n in voices.sources() if n not in listed and not voices.silent(n, family, name)]
    if name != "default" and listed and silent == listed and others and "*" not in names:
        yield Lint(
            "nobody_may_say", True, where,
            f"only {', '.join(listed)} may say {name}, and no map of theirs fills it; {', '.join(others)} would.",
            "List a source that says it, or add `*` for all others.",
        )  # fmt: skip
        return
    what = f"anything about {family}" if name == "default" else name
    for source in silent:
        yield Lint(
            "never_says", False, where, f"{source} never wins {name}: no map of it says {what}.",
            f"Remove {source} from the rule, or map the field.",
        )  # fmt: skip


def _conditions(entry: Mapping[str, Any], family: str, voices: Voices, where: str) -> Iterator[Lint]:
    source = str(entry["source"])
    for name, wanted in (entry.get("when") or {}).items():
        values = list(wanted) if isinstance(wanted, list) else [wanted]
        reason = _never(source, family, str(name), values, voices)
        if reason:
            yield Lint(
                "never_true", True, where, f"the condition of {source} on {name} never holds: {reason}.",
                "Correct the condition, or remove it.",
            )  # fmt: skip


def _never(source: str, family: str, name: str, values: Sequence[Any], voices: Voices) -> str:
    """Say why a condition never holds; empty: it may."""
    known = source in voices.sources()
    if name == "class":
        classes = voices.classes(source, family)
        return f"it gives {', '.join(classes) or 'none of them'}" if known and not {*classes} & {*values} else ""
    if None in values:
        return ""
    infos = [FIELDS[cls][name] for cls in CLASSES if family_of(cls) == family and name in FIELDS[cls]]
    if not infos:
        return f"{family} has no {name}"
    if any(info.many for info in infos):
        return f"{name} is a list, and lists are not compared"
    if voices.silent(source, family, name):
        return f"no map of {source} fills {name}"
    possible = voices.values(source, family, name)
    if possible is not None and not possible & {*values}:
        return f"{source} always says {', '.join(map(repr, sorted(possible, key=str)))}"
    if not any(_occurs(family, name, value) for value in values):
        return f"{name} is never {' or '.join(map(repr, values))}"
    return ""


def _occurs(family: str, name: str, value: Any) -> bool:
    """Tell whether a canonical field can hold a value in this form."""
    for cls, model in CLASSES.items():
        if family_of(cls) == family and name in FIELDS[cls]:
            try:
                found = model.model_validate({name: value}).model_dump(mode="json")[name]
            except ValidationError:
                continue
            if found == value and type(found) is type(value):
                return True
    return False


# --- staleness --------------------------------------------------------------------------------------------------------


def _windows(level: str, family: str, value: Any, voices: Voices, place: Place) -> Iterator[Lint]:
    """Windows of sources that never say when they last saw a thing."""
    where = place((level, "silent_after"))
    if value is None or not voices.whole:
        return
    speaking = [s for s in voices.sources() if not voices.silent(s, family, _SEEN)]
    mute = [s for s in value if s not in speaking] if isinstance(value, Mapping) else []
    if not isinstance(value, Mapping) and not speaking:
        mute = ["every source"]
    for source in mute:
        yield Lint(
            "never_silent", False, where, f"{source} never goes silent: no map of it fills {_SEEN} of {family}.",
            "Remove the window, or map the field.",
        )  # fmt: skip


# --- two authorities --------------------------------------------------------------------------------------------------


def _equals(rules: Rules, voices: Voices, source_place: Callable[[str], str]) -> Iterator[Lint]:
    """Sources that are equal authorities on fields that both fill: what was observed later wins, back and forth."""
    names = voices.sources()
    for family in SHIPPED:
        if family == "ticket":  # tickets of two trackers are never one
            continue
        for n, a in enumerate(names):
            for b in names[n + 1 :]:
                fields = _contested(rules, voices, family, a, b)
                if fields:
                    shown = ", ".join(fields[:3]) + (" ..." if len(fields) > 3 else "")
                    yield Lint(
                        "equal_authorities", False, source_place(b),
                        f"{a} and {b} are equal authorities on {len(fields)} fields of {family} ({shown}): the newer"
                        " observation wins, so values may go back and forth.",
                        f"Say who comes first: `rules: {family}: fields: default: [{a}, {b}]`, or set another `role`.",
                    )  # fmt: skip


def _contested(rules: Rules, voices: Voices, family: str, a: str, b: str) -> list[str]:
    both = voices.fields(a, family) & voices.fields(b, family)
    found = set()
    for cls in {*voices.classes(a, family), *voices.classes(b, family)}:
        for name in (both & FIELDS[cls].keys()) - VOLATILE[cls]:
            rule = rules.classes[cls].rule(name)
            equal = rule.ranks.get(a, rule.otherwise) == rule.ranks.get(b, rule.otherwise)
            if rule.how is How.ORDERED and equal and not rule.closed:
                found.add(name)
    return sorted(found)
