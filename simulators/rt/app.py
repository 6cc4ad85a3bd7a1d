"""The REST 2.0 interface of a simulated Request Tracker."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import ceil
from typing import Any, Self
from urllib.parse import quote

import orjson

from simulators.clock import SimClock
from simulators.http import Check, Request, Response, Server
from simulators.rt import change, query
from simulators.rt.store import NOBODY, OFFERED, ROLES, TRANSITIONS, USER_FIELDS, Asset, Store, Transaction, iso

MOST = 100
_BASE = "/REST/2.0"
_ROOT = 14


class Rt:
    """A simulated RT; see the package for what it can do."""

    def __init__(self, *, port: int = 0, seed: int = 0, start: str = "", checks: list[Check] | None = None) -> None:
        clock = SimClock(start) if start else SimClock()
        self.server = Server(self._handle, port=port, clock=clock, seed=seed, error=_error, checks=checks)
        self.store = Store(clock)
        self.tokens: dict[str, int] = {f"1-{_ROOT}-{'0' * 31}1": _ROOT}
        self.limited: set[int] = set()  # users who may see assets, but not globally: `total` is null for them
        self.hidden: set[int] = set()  # assets that such users may not see

    @property
    def url(self) -> str:
        """Where it answers, without `/REST/2.0`."""
        return self.server.url

    @property
    def token(self) -> str:
        """The token of the login that may do everything."""
        return next(iter(self.tokens))

    @property
    def log(self) -> Any:
        """Every request."""
        return self.server.log

    @property
    def faults(self) -> Any:
        """See `simulators.faults`."""
        return self.server.faults

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    def login(self, name: str) -> str:
        """Add a login; return its token."""
        number = self.store.find_user(name) or self.store.user(name, f"{name}@rt.example")
        token = f"1-{number}-{'0' * 20}{number:012d}"
        self.tokens[token] = number
        return token

    def seed(self, catalog: str, rows: list[dict[str, Any]], by: str = "root") -> list[Asset]:
        """Add assets as a person would; keys are RT's fields and names of custom fields."""
        with self.server.lock():
            who = self.store.find_user(by) or _ROOT
            made = []
            for row in rows:
                begin = {**row, "Status": "new"}  # whatever its status, it began somewhere
                made.append(change.create_asset(self.store, {"Catalog": catalog, **_apart(begin)}, who))
                made[-1].status = row.get("Status", "new")
            return made

    def edit(self, number: int, fields: dict[str, Any], by: str = "root") -> list[str]:
        """Change an asset as a person would."""
        with self.server.lock():
            who = self.store.find_user(by) or _ROOT
            return change.change_asset(self.store, self.store.assets[number], _apart(fields), who)

    def row(self, asset: Asset) -> dict[str, Any]:
        """Return an asset by the names of its fields, people by name."""
        names = {role: [self.store.users[i]["Name"] for i in asset.roles[role]] for role in ROLES}
        customs = {self.store.fields[i].name: values for i, values in asset.custom.items()}
        return {
            "Name": asset.name, "Description": asset.description, "Status": asset.status,
            "Catalog": self.store.catalogs[asset.catalog], **names,
            **{n: v[0] if len(v) == 1 else v for n, v in customs.items() if v and v != [None]},
        }  # fmt: skip

    # --- requests -----------------------------------------------------------------------------------------------------

    def _handle(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        user = self.tokens.get(token) if scheme.lower() == "token" else None
        if user is None:
            return _error(401)
        request.entry.user = self.store.users[user]["Name"]
        if request.method in ("POST", "PUT") and request.body:
            if "json" not in request.headers.get("content-type", ""):
                return _error(415)
            try:
                data = orjson.loads(request.body)
            except orjson.JSONDecodeError as problem:
                return _message(400, f"JSON parse error: '{problem}'")
        else:
            data = None
        try:
            return self._route(request, data, user)
        except change.RefusedError as refused:
            return Response(500) if refused.status == 500 else _message(refused.status, refused.message)
        except query.QueryError as problem:
            return _message(400, f"{problem} at Assets.pm line 1631.\n")

    def _route(self, request: Request, data: Any, user: int) -> Response:
        for method, pattern, name in _ROUTES:
            match = re.fullmatch(_BASE + pattern, request.path)
            if match and method == request.method:
                handler: Callable[..., Response] = getattr(self, name)
                return handler(request, data, user, *match.groups())
        return _error(404)

    def _about(self, *_: Any) -> Response:
        return Response.json({"Version": "5.0.3", "Plugins": []})

    # --- lists --------------------------------------------------------------------------------------------------------

    def _assets(self, request: Request, _data: Any, user: int) -> Response:
        params = request.params()
        test = query.parse(params["query"], self.store) if params.get("query") else lambda _: True
        limited = user in self.limited
        found = [a for a in self.store.assets.values() if a.status != "deleted" and test(a)]
        shown = [
            None if limited and a.id in self.hidden else self._listed(a, params) for a in self._ordered(found, params)
        ]
        return _page(request, shown, known=not limited)

    def _ordered(self, found: list[Asset], params: dict[str, str]) -> list[Asset]:
        keys: dict[str, Callable[[Asset], Any]] = {"id": lambda a: a.id, "LastUpdated": lambda a: a.updated}
        key = keys.get(params.get("orderby", ""), lambda a: a.name)
        return sorted(found, key=key, reverse=params.get("order") == "DESC")

    def _listed(self, asset: Asset, params: dict[str, str]) -> dict[str, Any]:
        fields = [f for f in params.get("fields", "").split(",") if f]
        whole = self._record(asset)
        row = {"id": str(asset.id), "type": "asset", "_url": f"{self.url}{_BASE}/asset/{asset.id}"}
        for name in fields:
            if name == "id":
                row["id"] = asset.id  # type: ignore[assignment]  # RT gives a number here
            elif name in ROLES:
                people = [self._user_item(i, params.get(f"fields[{name}]", "")) for i in asset.roles[name]]
                row[name] = people[0] if name == "Owner" else people  # type: ignore[assignment]
            elif name in whole:
                row[name] = whole[name]
        return row

    def _users(self, request: Request, data: Any, _user: int) -> Response:
        found = sorted(self.store.users)
        if request.params().get("find_disabled_rows") != "1":
            found = [i for i in found if not self.store.users[i]["Disabled"]]
        known = [t for t in data or [] if t.get("field") in ("id", *USER_FIELDS)]  # others are passed over
        if known:
            names = {term["field"] for term in known}  # conditions on one field are alternatives, others must all hold
            apart = [[term for term in known if term["field"] == name] for name in names]
            found = [i for i in found if all(any(self._matches(i, t) for t in terms) for terms in apart)]
        return _page(request, [self._user_item(i, request.params().get("fields", "")) for i in found])

    def _matches(self, number: int, term: dict[str, Any]) -> bool:
        name, value = term["field"], str(term.get("value"))
        if name == "id":
            wanted = int(value) if value.isdigit() else 0
            return number > wanted if term.get("operator") == ">" else number == wanted
        return str(self.store.users[number][name]).casefold() == value.casefold()

    def _user_item(self, number: int, fields: str) -> dict[str, Any]:
        user = self.store.users[number]
        row = {"id": user["Name"], "type": "user", "_url": f"{self.url}{_BASE}/user/{quote(user['Name'])}"}
        for name in [f for f in fields.split(",") if f]:
            row[name] = (
                number if name == "id" else iso(user["Updated"]) if name == "LastUpdated" else user.get(name, "")
            )
        return row

    def _catalogs(self, request: Request, *_: Any) -> Response:
        rows = [
            {"id": str(i), "type": "catalog", "Name": name, "Disabled": "0"} for i, name in self.store.catalogs.items()
        ]
        return _page(request, rows)

    def _customfields(self, request: Request, _data: Any, _user: int, catalog: str) -> Response:
        rows = [
            {"id": str(f.id), "type": "customfield", "Name": f.name, "Type": f.type,
             "MaxValues": "0" if f.many else "1", "UniqueValues": "1" if f.unique else "0"}
            for f in self.store.applied(int(catalog))
        ]  # fmt: skip
        return _page(request, rows)

    def _history(self, request: Request, _data: Any, user: int, number: str) -> Response:
        asset = self._seen(number, user)
        if asset is None:
            return _error(404)
        rows = [
            self._entry(t) for t in self.store.transactions if (t.object_type, t.object_id) == ("RT::Asset", asset.id)
        ]
        return _page(request, rows[::-1] if request.params().get("order") == "DESC" else rows)

    def _entry(self, t: Transaction) -> dict[str, Any]:
        return {
            "id": str(t.id), "type": "transaction", "Type": t.type, "Field": t.field, "OldValue": t.old,
            "NewValue": t.new, "Creator": self._user_item(t.creator, ""), "Created": iso(t.created),
            "ObjectId": str(t.object_id), "ObjectType": t.object_type,
        }  # fmt: skip

    # --- single records -----------------------------------------------------------------------------------------------

    def _catalog(self, _request: Request, _data: Any, _user: int, number: str) -> Response:
        found = self.store.find_catalog(number)
        if found is None:
            return _error(404)
        return Response.json({"id": found, "Name": self.store.catalogs[found], "Created": iso(self.store.began)})

    def _user(self, _request: Request, _data: Any, _by: int, who: str) -> Response:
        found = self.store.find_user(who)
        if found is None:
            return _error(404)
        user = self.store.users[found]
        row = {n: user[n] for n in USER_FIELDS if user[n]}
        row |= {"id": found, "Disabled": str(user["Disabled"]), "LastUpdated": iso(user["Updated"])}
        return Response.json(row, headers=[("ETag", self.store.tag("RT::User", found))])

    def _asset(self, _request: Request, _data: Any, user: int, number: str) -> Response:
        asset = self._seen(number, user)
        if asset is None:
            return _error(404)
        record = self._record(asset) | {"id": asset.id}
        people = {r: [self._user_item(i, "") for i in asset.roles[r]] for r in ROLES}
        ways = [to for to in TRANSITIONS[asset.status] if to in OFFERED]
        links = [{"ref": "self"}, *({"ref": "lifecycle", "from": "*", "to": to} for to in ways)]
        record |= people | {"Owner": people["Owner"][0], "_hyperlinks": links}
        return Response.json(record, headers=[("ETag", self.store.tag("RT::Asset", asset.id))])

    def _seen(self, number: str, user: int) -> Asset | None:
        asset = self.store.assets.get(int(number))
        return None if asset is None or (user in self.limited and asset.id in self.hidden) else asset

    def _record(self, asset: Asset) -> dict[str, Any]:
        customs = [
            {"id": str(f.id), "name": f.name, "type": "customfield", "values": list(asset.custom.get(f.id, []))}
            for f in self.store.applied(asset.catalog)
        ]
        return {
            "Name": asset.name, "Description": asset.description, "Status": asset.status, "CustomFields": customs,
            "Catalog": {"id": str(asset.catalog), "type": "catalog"}, "Created": iso(asset.created),
            "LastUpdated": iso(asset.updated), "LastUpdatedBy": self._user_item(asset.updated_by, ""),
        }  # fmt: skip

    # --- writing ------------------------------------------------------------------------------------------------------

    def _new_asset(self, request: Request, data: Any, user: int) -> Response:
        made = change.create_asset(self.store, data or {}, user)
        request.entry.writes = 1
        return _created("asset", made.id, str(made.id))

    def _put_asset(self, request: Request, data: Any, user: int, number: str) -> Response:
        asset = self._seen(number, user)
        if asset is None:
            return _message(404, "Resource does not exist; use POST to create")
        return self._put(request, "RT::Asset", asset.id, lambda: change.change_asset(self.store, asset, data, user))

    def _new_user(self, request: Request, data: Any, _user: int) -> Response:
        made = change.create_user(self.store, data or {})
        request.entry.writes = 1
        return _created("user", made, self.store.users[made]["Name"])

    def _put_user(self, request: Request, data: Any, user: int, who: str) -> Response:
        found = self.store.find_user(who)
        if found is None:
            return _message(404, "Resource does not exist; use POST to create")
        return self._put(request, "RT::User", found, lambda: change.change_user(self.store, found, data, user))

    def _put(self, request: Request, kind: str, number: int, work: Callable[[], list[str]]) -> Response:
        wanted = request.headers.get("if-match")
        if wanted is not None and wanted != self.store.tag(kind, number):
            return _message(412, "Precondition Failed")
        before = len(self.store.transactions)
        try:
            return Response.json(work())
        finally:
            request.entry.writes = 1 if len(self.store.transactions) > before else 0

    def _no_delete(self, *_: Any) -> Response:
        return Response(500)


_ROUTES = (
    ("GET", "/rt", "_about"), ("GET", "/assets", "_assets"), ("POST", "/users", "_users"),
    ("GET", "/catalogs/all", "_catalogs"), ("GET", r"/catalog/(\d+)/customfields", "_customfields"),
    ("GET", r"/catalog/([^/]+)", "_catalog"), ("GET", r"/user/([^/]+)", "_user"), ("GET", r"/asset/(\d+)", "_asset"),
    ("GET", r"/asset/(\d+)/history", "_history"), ("POST", "/asset", "_new_asset"),
    ("PUT", r"/asset/(\d+)", "_put_asset"), ("POST", "/user", "_new_user"), ("PUT", r"/user/([^/]+)", "_put_user"),
    ("DELETE", r"/asset/(\d+)", "_no_delete"),
)  # fmt: skip
_WORDS = {401: "Unauthorized", 403: "Permission Denied", 404: "Not Found", 412: "Precondition Failed",
          415: "Unsupported Media Type"}  # fmt: skip


def _error(status: int) -> Response:
    return _message(status, _WORDS.get(status, "injected"))


def _message(status: int, words: str) -> Response:
    return Response.json({"message": words}, status)


def _created(kind: str, number: int, name: str) -> Response:
    body = {"type": kind, "id": name, "_url": f"{_BASE}/{kind}/{quote(name)}"}
    return Response.json(body, 201, [("Location", f"{_BASE}/{kind}/{number}")])


def _page(request: Request, rows: list[Any], *, known: bool = True) -> Response:
    """Cut a page out of a list; rows that are None are hidden, and missing from the page they are on."""
    params = request.params()
    size = params.get("per_page", "20")
    per_page = min(int(size), MOST) if size.isdigit() and int(size) else 20
    asked = params.get("page", "1")
    number = int(asked) if asked.isdigit() and int(asked) else 1
    items = [row for row in rows[(number - 1) * per_page : number * per_page] if row is not None]
    total = len(rows) if known else None
    pages = ceil(len(rows) / per_page) if known else None
    return Response.json(
        {"count": len(items), "total": total, "pages": pages, "page": number, "per_page": per_page, "items": items}
    )


def _apart(row: dict[str, Any]) -> dict[str, Any]:
    core = {k: v for k, v in row.items() if k in ("Name", "Description", "Status", "Catalog", *ROLES)}
    return core | {"CustomFields": {k: v for k, v in row.items() if k not in core}}


__all__ = ["NOBODY", "Rt"]
