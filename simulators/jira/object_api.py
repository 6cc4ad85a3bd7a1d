"""Assets REST: objects, AQL search, history, references, connected tickets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.http import Response
from simulators.jira.access import MANAGER, WRITER, Limit, limited
from simulators.jira.call import Call, Routes
from simulators.jira.errors import JiraError, attribute_errors, bad_request, forbidden, not_found
from simulators.jira.lexer import QueryError
from simulators.jira.schema_api import reader
from simulators.jira.store import REFERENCE, Attribute, Obj, number_of, wanted

if TYPE_CHECKING:
    from simulators.jira.app import Jira

MAX_PAGE = 1000


class ObjectApi:
    """Answers for the objects of one workspace."""

    def __init__(self, sim: Jira) -> None:
        self._sim = sim
        self._store = sim.store
        self._limits = {name: Limit(500, 60) for name in ("aql", "totalcount")}
        self._found: tuple[tuple[str, int], list[Obj]] = (("", -1), [])

    def routes(self, routes: Routes) -> None:
        """Add what is served."""
        read, write = "read:cmdb-object:jira", "write:cmdb-object:jira"
        routes.add("POST", "/object/create", self.create, write)
        routes.add("POST", "/object/aql", self.search, read)
        routes.add("POST", "/object/aql/totalcount", self.count, read)
        routes.add("GET", "/object/{}", self.get, read)
        routes.add("PUT", "/object/{}", self.update, write)
        routes.add("DELETE", "/object/{}", self.delete, "delete:cmdb-object:jira")
        routes.add("GET", "/object/{}/attributes", self.attributes, read)
        routes.add("GET", "/object/{}/history", self.history, read)
        routes.add("GET", "/object/{}/referenceinfo", self.references, read)
        routes.add("GET", "/objectconnectedtickets/{}/tickets", self.tickets, read)

    def set_limit(self, count: int, seconds: float = 60, *, retry_after: bool = True) -> None:
        """Change how many AQL requests an account may make; the documents say 500 a minute."""
        self._limits = {name: Limit(count, seconds, retry_after=retry_after) for name in self._limits}

    # -- objects ----------------------------------------------------------

    def create(self, call: Call) -> Response:
        """`POST /object/create`; answers without attributes."""
        writer(call)
        data = call.body()
        wanted(data, "objectTypeId")
        kind = self._store.types.get(number_of(data["objectTypeId"]))
        if kind is None:
            raise JiraError(400, "", {"objectTypeId": "The object type could not be found"})
        if kind.abstract:
            raise JiraError(400, "", {"objectTypeId": "Objects cannot be created in an abstract object type"})
        values = self._taken(call, data, kind.id, None)
        obj = self._store.add_object(kind.id, values, call.account.account_id)
        call.wrote()
        return Response.json(self._sim.renderer.obj(obj, self._sees(call), attributes=False), 201)

    def get(self, call: Call) -> Response:
        """`GET /object/{id}`."""
        reader(call.account)
        obj = self._object(call)
        shown = self._sim.renderer.obj(obj, self._sees(call), definitions=True)
        tickets = bool(self._sim.tickets_of(obj))
        return Response.json(shown | {"extendedInfo": {"openIssuesExists": tickets, "attachmentsExists": False}})

    def update(self, call: Call) -> Response:
        """`PUT /object/{id}`: the attributes sent change, others stay."""
        writer(call)
        obj, data = self._object(call), call.body()
        self._sim.coming.arrive(obj.key)
        if str(data.get("objectTypeId", obj.type)) != str(obj.type):
            raise JiraError(400, "", {"objectTypeId": "The object type of an object cannot be changed"})
        values = self._taken(call, data, obj.type, obj)
        if self._store.change(obj, values, call.account.account_id, self._sim.values.shown):
            call.wrote()
        return Response.json(self._sim.renderer.obj(obj, self._sees(call), definitions=True))

    def delete(self, call: Call) -> Response:
        """`DELETE /object/{id}`; the specification names no status of success."""
        writer(call)
        obj = self._object(call)
        self._store.remove(obj)
        call.wrote()
        return Response(200)

    def attributes(self, call: Call) -> Response:
        """`GET /object/{id}/attributes`: also those without values."""
        reader(call.account)
        obj = self._object(call)
        return Response.json(self._sim.renderer.attributes(obj, self._sees(call), definitions=True, empty=True))

    def history(self, call: Call) -> Response:
        """`GET /object/{id}/history`: newest first unless `asc`."""
        reader(call.account)
        events = [self._sim.renderer.event(event) for event in self._store.history[self._object(call).id]]
        return Response.json(events if call.flag("asc") else events[::-1])

    def references(self, call: Call) -> Response:
        """`GET /object/{id}/referenceinfo`: which types refer to the object, and how often."""
        reader(call.account)
        obj, found = self._object(call), []
        for about in self._store.attributes.values():
            if about.kind != REFERENCE:
                continue
            by_type: dict[int, int] = {}
            for holder in self._store.holders(about.id, str(obj.id)):
                kind = self._store.objects[holder].type
                by_type[kind] = by_type.get(kind, 0) + 1
            found += [
                {
                    "referenceTypes": [self._sim.renderer.reference_type(about.reference_type)],
                    "objectType": self._sim.renderer.kind(self._store.types[kind]),
                    "numberOfReferencedObjects": count, "openIssuesExists": False,
                }
                for kind, count in by_type.items()
            ]  # fmt: skip
        return Response.json(found)

    def tickets(self, call: Call) -> Response:
        """`GET /objectconnectedtickets/{objectId}/tickets`."""
        reader(call.account)
        obj = self._object(call)
        query = f'issueFunction in assetsObject("Key = {obj.key}")'
        return Response.json({"tickets": self._sim.tickets_of(obj), "allTicketsQuery": query})

    # -- search -----------------------------------------------------------

    def search(self, call: Call) -> Response:
        """`POST /object/aql`; `startAt`, `maxResults`, `includeAttributes` are query parameters."""
        self._limit(call, "aql")
        reader(call.account)
        start, size = call.number("startAt", 0), min(call.number("maxResults", 25), self._sim.max_page)
        attributes = call.flag("includeAttributes", default=True)
        found = self._run(call)
        cut = found[start : start + size]
        last = start + size >= len(found)
        sees = self._sees(call)
        values = [self._sim.renderer.obj(obj, sees, attributes=attributes) for obj in cut]
        kinds = dict.fromkeys(obj.type for obj in cut)
        about = {a.id: a for kind in kinds for a in self._store.attributes_of(kind)} if attributes else {}
        return Response.json({
            "startAt": start, "maxResults": size, "total": min(len(found), self._sim.total_cap), "isLast": last,
            "last": last, "values": values,
            "objectTypeAttributes": [self._sim.renderer.attribute(a, with_type=True) for a in about.values()],
        })  # fmt: skip

    def count(self, call: Call) -> Response:
        """`POST /object/aql/totalcount`."""
        self._limit(call, "totalcount")
        reader(call.account)
        return Response.json({"totalCount": len(self._run(call))})

    def _run(self, call: Call) -> list[Obj]:
        data = call.body()
        unknown = set(data) - {"qlQuery"}
        if unknown:
            raise JiraError(400, "", {name[:60]: "unknown property" for name in sorted(unknown)})
        query = data.get("qlQuery")
        if not isinstance(query, str):
            raise JiraError(400, "", {"qlQuery": "qlQuery is required"})
        key = (query, self._store.version)
        if self._found[0] != key:
            try:
                self._found = (key, self._sim.aql.run(query))
            except QueryError as problem:
                raise bad_request(f"The AQL query is not valid: {problem}") from None
        sees = self._sees(call)
        return [obj for obj in self._found[1] if sees(obj)]

    def _limit(self, call: Call, name: str) -> None:
        limit, now = self._limits[name], self._store.clock.now()
        wait = limit.take(call.account.account_id, now)
        if wait:
            raise limited(wait, limit, now)

    # -- rules ------------------------------------------------------------

    def _object(self, call: Call) -> Obj:
        obj = self._store.find(call.ids[0])
        if not self._sees(call)(obj):
            raise not_found(f"Object {call.ids[0]}")
        return obj

    def _sees(self, call: Call) -> Any:
        return lambda obj: self._sim.sees(call.account, obj)

    def _taken(self, call: Call, data: dict[str, Any], kind: int, obj: Obj | None) -> dict[int, list[str]]:
        """Check the attributes of a create or update; all errors at once.

        Raises:
            JiraError: 400, nothing is written.
        """
        known = {about.id: about for about in self._store.attributes_of(kind)}
        values: dict[int, list[str]] = {}
        errors: dict[int, str] = {}
        for about, sent in _sent(data, known):
            why = self._sim.refusal(call.account, about)
            if why:
                errors[about.id] = why
                continue
            try:
                schema = self._store.types[kind].schema
                values[about.id] = self._sim.values.take(about, sent, schema, obj.id if obj else 0)
            except ValueError as problem:
                errors[about.id] = str(problem)
        if obj is None:
            for about in known.values():
                if about.least > 0 and not about.system and about.id not in values and about.id not in errors:
                    errors[about.id] = f"{about.name} is required"
        if errors:
            raise attribute_errors(errors)
        return values


def writer(call: Call) -> None:
    """Refuse who may not change objects.

    Raises:
        JiraError: 403.
    """
    if not call.account.may(WRITER, MANAGER):
        raise forbidden()


def _sent(data: dict[str, Any], known: dict[int, Attribute]) -> list[tuple[Attribute, list[object]]]:
    """Read `attributes` of a request.

    Raises:
        JiraError: 400 for a wrong shape or an attribute the type does not have.
    """
    items = data.get("attributes")
    if not isinstance(items, list):
        raise JiraError(400, "", {"attributes": "attributes is required"})
    found: dict[int, tuple[Attribute, list[object]]] = {}
    for item in items:
        values = item.get("objectAttributeValues") if isinstance(item, dict) else None
        if not isinstance(values, list) or not all(isinstance(value, dict) and "value" in value for value in values):
            raise bad_request("attributes need objectTypeAttributeId and objectAttributeValues with value")
        text = str(item.get("objectTypeAttributeId"))
        about = known.get(number_of(text))
        if about is None:
            raise JiraError(400, f"The object type attribute {text[:40]} could not be found on the object type")
        if about.id in found:
            raise JiraError(400, f"The object type attribute {text} is given twice")
        found[about.id] = (about, [value["value"] for value in values])
    return list(found.values())
