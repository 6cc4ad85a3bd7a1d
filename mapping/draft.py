"""A first field map from sample records: which path probably fills which canonical field.

A draft is a proposal for a person. It is made of the names of paths and of whether a field's normaliser understands
the values; no value of a record is written into it.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mapping.normalise import NORMALISERS
from synchub.domain.model import FIELDS

MAX_DEPTH = 6
MAX_PATHS = 500
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LIKELY = 0.72  # names less alike than this propose nothing
_UNDERSTOOD = 0.5  # share of the values that the field's normaliser must understand

# How a field's values are brought into shape; the transforms of the shipped maps. Others are taken as text.
_CHAINS: dict[str, str] = {
    "serial_number": "[serial]", "asset_tag": "[asset_tag]", "uuid": "[uuid]", "imei": "[imei]",
    "manufacturer": "[manufacturer]", "mac_addresses": "[mac]", "ip_addresses": "[ip]", "hostname": "[hostname]",
    "fqdn": "[fqdn]", "email": "[email]", "login": "[login]", "assigned_to": "[person]", "requested_for": "[person]",
    "given_name": "[person_name]", "family_name": "[person_name]", "phone": "[phone]", "os_version": "[os_version]",
    "os_name": "[os_name]", "currency": "[currency]", "price": "[decimal]", "quantity": "[decimal]",
    "line_total": "[decimal]", "received_quantity": "[decimal]", "cpu_cores": "[integer]",
    "ram_mib": "[{mib: {unit: MB}}]", "storage_gb": "[{gb: {unit: GB}}]", "storage_free_gb": "[{gb: {unit: GB}}]",
    "is_encrypted": "[boolean]",
}  # fmt: skip

# What systems call a field besides its own name, as words.
_ALSO: dict[str, tuple[str, ...]] = {
    "serial_number": ("serial", "serial no", "service tag", "sn"),
    "asset_tag": ("tag", "inventory number", "asset number", "asset id", "asset no"),
    "manufacturer": ("vendor name", "make", "brand", "maker"),
    "model": ("product name", "model name", "device model"),
    "part_number": ("mfr part no", "sku", "mpn", "item number"),
    "hostname": ("host name", "computer name", "device name", "netbios name", "host"),
    "fqdn": ("dns name", "full name dns"),
    "mac_addresses": ("mac", "mac address", "wifi mac", "ethernet mac", "wi fi mac address"),
    "ip_addresses": ("ip", "ip address", "ipv4"),
    "uuid": ("hardware uuid", "smbios uuid", "system uuid"),
    "os_name": ("os", "operating system", "os family", "platform"),
    "os_version": ("operating system version", "os build", "version"),
    "cpu_model": ("cpu", "processor"), "cpu_cores": ("cores", "core count"),
    "ram_mib": ("ram", "memory", "ram mb", "physical memory"),
    "storage_gb": ("disk size", "total storage", "storage"),
    "assigned_to": ("user", "primary user", "user principal name", "owner", "assigned user", "user email", "upn"),
    "last_seen_at": ("last seen", "last sync", "last check in", "last contact", "last sync date time"),
    "enrolled_at": ("enrolled date time", "enrolment date"),
    "management_id": ("device id", "azure ad device id"),
    "location": ("site", "office", "ship to location", "building"),
    "cost_centre": ("cost center", "cost code"),
    "vendor": ("supplier", "reseller"),
    "price": ("unit price", "cost", "purchase cost", "amount"),
    "ordered_on": ("order date", "purchase date"), "received_on": ("received date", "delivery date", "receipt date"),
    "warranty_ends_on": ("warranty end", "warranty expiry", "warranty until"),
    "order_number": ("po number", "purchase order", "po", "order no"),
    "line_number": ("line no", "po line", "line"),
    "invoice_number": ("invoice no", "invoice"),
    "worker_id": ("employee id", "employee number", "personnel number", "staff id"),
    "given_name": ("first name", "forename"), "family_name": ("last name", "surname"),
    "email": ("mail", "work email", "e mail", "email address"), "login": ("user name", "username", "sam account name"),
    "job_title": ("title", "position"), "manager": ("manager id", "supervisor", "reports to", "manager employee id"),
    "starts_on": ("hire date", "start date"), "ends_on": ("termination date", "end date", "leave date"),
    "requested_for": ("requester", "requested by", "requested for email"),
    "quantity": ("qty", "ordered quantity"), "received_quantity": ("received qty",),
    "phone": ("work phone", "telephone", "mobile"),
}  # fmt: skip
_CLASS_NOTE = "   # or rules: [{is: mobile_device, when: \"os == 'iOS'\"}, {is: computer}]"
_CANDIDATES = ("computer", "person", "purchase_order_line")
_TELLING = {  # a field that hardly any other class has decides more than ten that all have
    "computer": {"serial_number", "hostname", "mac_addresses", "os_name", "ram_mib", "uuid", "last_seen_at"},
    "person": {"worker_id", "email", "given_name", "family_name", "starts_on", "job_title", "login"},
    "purchase_order_line": {"order_number", "line_number", "quantity", "price"},
}
_UNITS = {"bytes": "B", "byte": "B", "kb": "KB", "mb": "MB", "mib": "MiB", "gb": "GB", "gib": "GiB", "tb": "TB"}
_SEEN = re.compile(
    r"updated|modified|changed|last_?seen|last_?sync|last_?check|timestamp|observed|inventory_?date", re.IGNORECASE
)


@dataclass(slots=True)
class Seen:
    """What the samples hold at one path.

    Attributes:
        path: As a field map writes it.
        records: Samples that have a value there.
        values: Their values as text, the first of each sample.
    """

    path: str
    records: int = 0
    values: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Draft:
    """A drafted map.

    Attributes:
        text: YAML, with a comment wherever a person has to decide.
        fields: Canonical field -> path.
        left: Paths that fill nothing, the fuller first.
    """

    text: str
    fields: Mapping[str, str]
    left: Sequence[str]


def draft(stream: str, samples: Sequence[Mapping[str, Any]]) -> Draft:
    """Draft a field map.

    Args:
        stream: Name of the stream.
        samples: Payloads, a hundred or so; more say little more.
    """
    seen = list(_look(samples))
    cls, chosen = _class_of(seen)
    key = _key_of(seen, len(samples))
    observed = next((s for s in seen if _SEEN.search(s.path) and _share(s.values, "moment") > _UNDERSTOOD), None)
    used = {s.path for s in (*chosen.values(), key, observed) if s is not None}
    left = sorted((s for s in seen if s.path not in used), key=lambda s: (-s.records, s.path))
    lines = [
        f"# Drafted from {len(samples)} records by the names of their paths: read every line before you use it.",
        "# docs/mapping.md has the format; `synchub map test` shows what a record becomes.",
        "version: 1",
        f"stream: {stream}",
        f"class: {cls}{_CLASS_NOTE if cls == 'computer' else ''}",
        f"key: {_written(key.path)}" if key else "key: id   # no path is filled and unique in all samples: choose one",
    ]
    if key and _id_rank(key.path):
        lines[-1] += "   # filled and unique in all samples; is it the system's own id?"
    if observed:
        lines.append(f"observed_at: {{path: {_written(observed.path)}, to: [moment]}}")
    lines.append("fields:")
    for name in (name for name in FIELDS[cls] if name in chosen):
        found = chosen[name]
        rule = f"  {name}: {{path: {_written(found.path)}, to: {_chain(name, found)}}}"
        lines.append(f"{rule:<72}# in {100 * found.records // max(1, len(samples))} %")
    if left:
        lines.append("# Not used:")
        lines += [f"#   {_comment(s.path)}   in {100 * s.records // max(1, len(samples))} %" for s in left]
    return Draft("\n".join(lines) + "\n", {n: s.path for n, s in chosen.items()}, [s.path for s in left])


def _look(samples: Sequence[Mapping[str, Any]]) -> Iterator[Seen]:
    found: dict[str, Seen] = {}
    for sample in samples:
        for path, value in dict(reversed(list(_flat(sample, "", 0)))).items():
            if path not in found and len(found) >= MAX_PATHS:
                continue
            at = found.setdefault(path, Seen(path))
            at.records += 1
            at.values.append(value)
    yield from (found[path] for path in sorted(found))


def _flat(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and depth < MAX_DEPTH:
        for name, item in value.items():
            part = name if _PLAIN.fullmatch(name) else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
            yield from _flat(item, f"{path}.{part}" if path else part, depth + 1)
    elif isinstance(value, list) and depth < MAX_DEPTH:
        for item in value[:20]:
            yield from _flat(item, f"{path}[]", depth + 1)
    elif value not in (None, "") and not isinstance(value, Mapping | list):
        yield path, str(value)


def _class_of(seen: Sequence[Seen]) -> tuple[str, dict[str, Seen]]:
    """Choose the class of which most fields are found, those counted more that tell it from the others."""
    found = {cls: _choose(cls, seen) for cls in _CANDIDATES}
    best = max(_CANDIDATES, key=lambda cls: 3 * len(_TELLING[cls] & found[cls].keys()) + len(found[cls]))
    return best, found[best]


def _choose(cls: str, seen: Sequence[Seen]) -> dict[str, Seen]:
    """Give each field the path that fits best, each path to one field."""
    ranked = sorted(
        (
            (alike, s.records, name, s)
            for s in seen
            for name in FIELDS[cls]
            if (alike := _alike(s.path, name)) >= _LIKELY
        ),
        key=lambda item: (-item[0], -item[1], item[2], item[3].path),
    )
    chosen: dict[str, Seen] = {}
    taken: set[str] = set()
    for _, _, name, s in ranked:
        if name in chosen or s.path in taken or not _fits(cls, name, s):
            continue
        chosen[name] = s
        taken.add(s.path)
    return chosen


def _fits(cls: str, name: str, s: Seen) -> bool:
    if FIELDS[cls][name].many != ("[]" in s.path) and not FIELDS[cls][name].many:
        return False
    normaliser = _chain(name, s).strip("[]{}").partition(":")[0]
    return _share(s.values, normaliser) > _UNDERSTOOD


def _share(values: Sequence[str], normaliser: str) -> float:
    """Say which share of some values a normaliser understands."""
    work = NORMALISERS.get(normaliser)
    if work is None or normaliser in ("mib", "gb"):
        return 1.0
    understood = 0
    for value in values:
        try:
            understood += work(value) is not None
        except ValueError:
            continue
    return understood / max(1, len(values))


def _chain(name: str, s: Seen) -> str:
    if name.endswith("_on"):
        return "[date]"
    if name.endswith("_at"):
        return "[moment]"
    chain = _CHAINS.get(name, "[text]")
    if "unit" in chain:  # the path's name mostly says it
        unit = next((unit for word, unit in _UNITS.items() if word in _words(s.path)), None)
        chain = re.sub(r"unit: \w+", f"unit: {unit}", chain) if unit else chain
    return chain


def _words(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(name))


def _alike(path: str, name: str) -> float:
    """Compare the end of a path with the names of a field: 1 for the same words, less for similar ones."""
    parts = [_words(part) for part in path.replace("[]", "").replace('"', "").split(".")]
    ends = {" ".join(parts[-1]), " ".join(word for part in parts[-2:] for word in part)}
    ends.add(" ".join(word for word in parts[-1] if word not in _UNITS))
    best = 0.0
    for known in (name.replace("_", " "), *_ALSO.get(name, ())):
        for end in ends:
            if end == known:
                return 1.0
            best = max(best, 0.95 * difflib.SequenceMatcher(None, end, known).ratio())
    return best


def _key_of(seen: Sequence[Seen], samples: int) -> Seen | None:
    """Choose a path that is filled and unique in all samples, one that is called an id rather than another."""
    fit = [s for s in seen if s.records == samples and "[]" not in s.path and max(Counter(s.values).values()) == 1]
    return min(fit, key=lambda s: (_id_rank(s.path), s.path.count("."), len(s.path), s.path), default=None)


def _id_rank(path: str) -> int:
    last = _words(path.rpartition(".")[2])[-1:]
    return 0 if last in (("id",), ("key",), ("guid",)) else 1 if last in (("uuid",), ("number",), ("no",)) else 2


def _comment(path: str) -> str:
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in path)


def _written(path: str) -> str:
    return path if re.fullmatch(r"[A-Za-z0-9_.]+", path) else "'" + path.replace("'", "''") + "'"
