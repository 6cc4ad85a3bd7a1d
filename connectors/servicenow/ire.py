"""CIs through the instance's own identification: ask first, create only what it would insert.

Source: *Identification and Reconciliation API* (`/api/now/identifyreconcile/enhanced`, `/queryEnhanced`), *IRE*,
*Computer class*, *IRE error messages* (ServiceNow documentation, release Australia, read 2026-11-22). HTTP is 200
whatever becomes of the items: `operation`, `errors` and `errorCount` of each tell. The source key makes a repeated
create find its own object. Options: no partial payloads (they would be kept and applied later, by whatever comes then),
no merging of items that look alike (they are different things to us), and items without errors are carried out although
others have some.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.servicenow.client import ServiceNowClient
from connectors.servicenow.outcomes import to_wire
from synchub.domain.plan import Write
from synchub.errors import ContractChanged

QUERY = "/api/now/identifyreconcile/queryEnhanced"
CREATE = "/api/now/identifyreconcile/enhanced"
OPTIONS = "partial_payloads:false,partial_commits:true,deduplicate_payloads:false"
INSERT = "INSERT"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the instance did, or would do, with one item.

    Attributes:
        operation: `INSERT`, `UPDATE`, `NO_CHANGE`, `UPDATE_WITH_…`, `INSERT_AS_…`; empty when it does not say.
        sys_id: The object concerned; None when there is none yet, or it is not known.
        by: Attributes by which it matched; `("sys_object_source",)` for the source key.
        errors: Error codes, `""` joined with their messages.
    """

    operation: str
    sys_id: str | None
    by: tuple[str, ...] = ()
    errors: str = ""


def ask(client: ServiceNowClient, writes: Sequence[Write]) -> list[Verdict]:
    """Ask what the instance would do, committing nothing; one verdict per write.

    Raises:
        ConnectorError: It cannot be asked.
    """
    verdicts: dict[int, Verdict] = {}
    for group in apart(writes, client.settings.batch):
        verdicts |= _send(client, QUERY, group, (), again=True)
    return [verdicts[n] for n in range(len(writes))]


def create(client: ServiceNowClient, group: Sequence[tuple[int, Write]], marks: Sequence[str]) -> dict[int, Verdict]:
    """Create the CIs of one group made by `apart`; number -> verdict.

    Args:
        client: The instance.
        group: Numbered writes that do not look alike.
        marks: Fields that carry the hub key.

    Raises:
        ConnectorError: Refused as a whole, or the answer was lost (`Unavailable`): look the objects up by their mark.
    """
    return _send(client, CREATE, group, marks, again=False)


def apart(writes: Sequence[Write], most: int) -> list[list[tuple[int, Write]]]:
    """Split numbered writes into payloads in which no two items could be taken for one another.

    The engine refuses a payload as a whole when two of its items have the same identifying values.
    """
    groups: list[tuple[set[tuple[str, str]], list[tuple[int, Write]]]] = []
    for n, write in enumerate(writes):
        keys = {(key, value.casefold()) for key, value in _identity(write).items()}
        keys.add(("hub_key", write.hub_key))
        for seen, group in groups:
            if len(group) < most and seen.isdisjoint(keys):
                seen |= keys
                group.append((n, write))
                break
        else:
            groups.append((keys, [(n, write)]))
    return [group for _, group in groups]


def _identity(write: Write) -> dict[str, str]:
    """Collect what identification goes by, from the fields and from what the engine knows besides."""
    found: dict[str, str] = {}
    for key, names in (("serial_number", ("serial_number",)), ("name", ("name", "hostname"))):
        for source in (write.fields, write.extra):
            value = next((source[name] for name in names if source.get(name)), None)
            if isinstance(value, str):
                found.setdefault(key, value)
    return found


def _item(client: ServiceNowClient, write: Write, marks: Sequence[str]) -> dict[str, Any]:
    identity = _identity(write)
    values: dict[str, Any] = {
        **identity,
        **{name: to_wire(value) for name, value in write.fields.items() if value not in (None, "", [])},
        **dict.fromkeys(marks, write.hub_key),
    }
    item: dict[str, Any] = {
        "className": write.kind,
        "values": values,
        "settings": {"updateWithoutUpgrade": True, "updateWithoutDowngrade": True, "updateWithoutSwitch": True},
        "sys_object_source_info": {
            "source_name": client.settings.discovery_source, "source_native_key": write.hub_key,
        },
    }  # fmt: skip
    serial = identity.get("serial_number")
    if serial:
        item["lookup"] = [
            {
                "className": "cmdb_serial_number",
                "values": {"serial_number": serial, "serial_number_type": "system", "valid": "true"},
            }
        ]
    return item


def _send(
    client: ServiceNowClient, path: str, group: Sequence[tuple[int, Write]], marks: Sequence[str], *, again: bool
) -> dict[int, Verdict]:
    body = {"items": [_item(client, write, marks) for _, write in group]}
    params = {"sysparm_data_source": client.settings.discovery_source, "options": OPTIONS}
    answer = client.send("POST", path, body, params=params, again=again)
    where = f"{client.name}: POST {path}"
    items = answer.get("items") if isinstance(answer, dict) else None
    if not isinstance(items, list):
        raise ContractChanged("the answer lists no items.", where=where, sent=True)
    placed = _placed(items, len(group))
    missing = Verdict("", None, errors="the answer does not mention this item")
    return {n: _verdict(placed[i]) if i in placed else missing for i, (n, _) in enumerate(group)}


def _placed(items: Sequence[Any], count: int) -> dict[int, Mapping[str, Any]]:
    """Put the items of an answer where they belong: by `inputIndices`, else by position."""
    placed: dict[int, Mapping[str, Any]] = {}
    for position, item in enumerate(items):
        if not isinstance(item, dict):
            continue
        indices = item.get("inputIndices")
        numbers = [i for i in indices if isinstance(i, int)] if isinstance(indices, list) else []
        for number in numbers or [position]:
            if 0 <= number < count:
                placed[number] = item
    return placed


def _verdict(item: Mapping[str, Any]) -> Verdict:
    identifier = item.get("sysId")
    sys_id = identifier if isinstance(identifier, str) and identifier not in ("", "Unknown") else None
    return Verdict(
        operation=str(item.get("operation") or ""),
        sys_id=sys_id,
        by=_matched_by(item.get("identificationAttempts")),
        errors=_errors(item),
    )


def _matched_by(attempts: Any) -> tuple[str, ...]:
    for attempt in attempts if isinstance(attempts, list) else []:
        if not isinstance(attempt, dict) or attempt.get("attemptResult") != "MATCHED":
            continue
        if "sys_object_source" in str(attempt.get("info") or ""):
            return ("sys_object_source",)
        names = attempt.get("attributes")
        return tuple(map(str, names)) if isinstance(names, list) else ()
    several = [a for a in attempts or [] if isinstance(a, dict) and a.get("attemptResult") == "MULTI_MATCH"]
    return tuple(sorted({str(name) for a in several for name in a.get("attributes") or []}))


def _errors(item: Mapping[str, Any]) -> str:
    listed = item.get("errors")
    found = [
        f"{e.get('error', '')}: {str(e.get('message', ''))[:120]}" for e in listed or [] if isinstance(e, dict)
    ] if isinstance(listed, list) else []  # fmt: skip
    if not found and item.get("errorCount"):
        found = [f"{item['errorCount']} errors"]
    attempts = item.get("identificationAttempts")
    for attempt in attempts if isinstance(attempts, list) else []:
        if isinstance(attempt, dict) and attempt.get("attemptResult") == "MULTI_MATCH":
            found.append(f"several CIs match by {', '.join(map(str, attempt.get('attributes') or []))}")
    return "; ".join(found)[:300]
