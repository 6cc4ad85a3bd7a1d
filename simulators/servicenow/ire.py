"""The Identification and Reconciliation API: `/api/now/identifyreconcile[/query|/enhanced|/queryEnhanced]`.

Documents: docs_rest/c_IdentifyReconcileAPI.md, docs_cmdb/ire.md, id-engine-error-messages.md (read 2026-11-22). Not
simulated: dynamic reconciliation rules, dynamic IRE, tasks for de-duplication and reclassification.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from simulators.http import Request, Response
from simulators.servicenow import errors
from simulators.servicenow.access import User
from simulators.servicenow.ire_commit import Committer
from simulators.servicenow.ire_identify import Identifier
from simulators.servicenow.ire_model import Item, values_of
from simulators.servicenow.ire_reconcile import Reconciler
from simulators.servicenow.ire_run import Run

if TYPE_CHECKING:
    from simulators.servicenow.app import ServiceNow

_OPTIONS = {"partial_payloads": True, "partial_commits": True, "deduplicate_payloads": True, "generate_summary": False}
_ROLES = {"itil", "asset", "admin"}


class Ire:
    """The engine of one instance.

    Attributes:
        default_source: Data source where the request names none; empty means such payloads are stored as incomplete.
        blocked_inserts: (data source, class) that IRE data source rules keep from inserting.
        partials: Stored partial items by identifier key, as (sys_id of the partial payload, item).
        incomplete: How many incomplete payloads were stored.
        reconciler: Static reconciliation rules: `reconciler.add(table, source, attributes, priority=)`.
    """

    def __init__(self, sim: ServiceNow) -> None:
        self.default_source = ""
        self.blocked_inserts: set[tuple[str, str]] = set()
        self.partials: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}
        self.incomplete = 0
        self.reconciler = Reconciler()
        self._sim = sim
        self._identifier = Identifier(sim)
        self._committer = Committer(sim)

    def describe(self, table: str) -> dict[str, Any]:
        """Show a class's identification rule as CMDB Meta does."""
        rule = self._identifier.rule(table)
        if rule is None:
            return {}
        entries = [
            {
                "condition": "^".join(
                    [f"{k}={v}" for k, v in entry.condition] + [f"{k}!={v}" for k, v in entry.excluded]
                )
                or None,
                "exact_count_match": entry.lookup, "referenced_field": "cmdb_ci" if entry.lookup else None,
                "active": True, "attributes": ",".join(entry.attributes), "allow_fallback": False,
                "table": entry.table if entry.lookup else None, "order": (number + 1) * 100,
                "allow_null_attribute": False,
            }
            for number, entry in enumerate(rule.entries)
        ]  # fmt: skip
        return {
            "related_rules": [], "applies_to": rule.table, "identifiers": entries, "name": rule.name, "description": "",
            "active": True, "is_independent": not rule.host,
        }  # fmt: skip

    def handle(self, request: Request, user: User, parts: list[str]) -> Response:
        """Answer one request; `parts` is the path after `identifyreconcile`.

        Raises:
            SnowError: No role, bad options, a body that is no payload.
        """
        kind = parts[0] if len(parts) == 1 else "" if not parts else "?"
        if kind not in ("", "query", "enhanced", "queryEnhanced"):
            raise errors.no_resource()
        if not user.roles & _ROLES:
            raise errors.forbidden("User is not authorized: itil or asset role is required", "User Not Authorized")
        params = request.params()
        enhanced = kind in ("enhanced", "queryEnhanced")
        options = read_options(params.get("options", "")) if enhanced else dict.fromkeys(_OPTIONS, False)
        payload = read_payload(request.body)
        run = Run(self._sim, self, payload, params.get("sysparm_data_source", "") or self.default_source, options, user)
        result, writes = run.go(enhanced=enhanced, write=kind in ("", "enhanced"))
        request.entry.writes = writes
        return Response.json({"result": result})

    def shown(self, item: Item) -> str:
        """Render an item as error messages quote it."""
        data = {"className": item.class_name, "values": values_of(item.data)}
        return orjson.dumps({**data, "sys_object_source_info": dict(item.source_info), "settings": {}}).decode()

    @property
    def identifier(self) -> Identifier:
        """Finds records."""
        return self._identifier

    @property
    def committer(self) -> Committer:
        """Writes records."""
        return self._committer


def read_options(text: str) -> dict[str, bool]:
    """Read `name:true,name:false`; partial payloads force partial commits and deduplication.

    Raises:
        SnowError: 500 for a chunk that is none.
    """
    options = dict(_OPTIONS)
    for chunk in filter(None, text.split(",")):
        name, _, value = chunk.partition(":")
        if name.strip() not in options or value.strip() not in ("true", "false"):
            raise errors.SnowError(500, "Internal Server Error", f"Chunk [{chunk}] is not a valid entry")
        options[name.strip()] = value.strip() == "true"
    if options["partial_payloads"]:
        options["partial_commits"] = options["deduplicate_payloads"] = True
    return options


def read_payload(body: bytes) -> dict[str, Any]:
    """Read a payload: an object with a list of items.

    Raises:
        SnowError: 400 for no JSON, 500 for no payload.
    """
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise errors.SnowError(400, "Exception while reading request", "The payload is not valid JSON.") from None
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        detail = "Error occurred during parsing input json payload: items"
        raise errors.SnowError(500, "Internal Server Error", detail)
    assert isinstance(data, dict)
    return data
