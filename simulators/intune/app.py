"""The simulator itself: routing, tokens, paging, throttling."""

from __future__ import annotations

import base64
import json
import uuid
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any, Literal
from urllib.parse import quote

from simulators.http import Request, RequestLog, Response, Server, SimClock
from simulators.intune import devices as device_type
from simulators.intune import users as user_type
from simulators.intune.batch import run_batch
from simulators.intune.errors import GraphError, bad_request, of_status, throttled
from simulators.intune.query import Query, Rules, parse
from simulators.intune.tokens import Tokens

_JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
_READ_DEVICES = {"DeviceManagementManagedDevices.Read.All", "DeviceManagementManagedDevices.ReadWrite.All"}
_READ_USERS = {"User.Read.All", "User.ReadWrite.All", "Directory.Read.All"}
_DEVICE_OPTIONS = ("$select", "$filter", "$top", "$count", "$skiptoken")
_USER_PAGE, _USER_TOP = 100, 999
_WINDOW = 20.0  # seconds of the throttling window

DEFAULT_TENANT = "5d1c0000-0000-4000-8000-000000000001"
DEFAULT_CLIENT = "c11e0000-0000-4000-8000-000000000002"
DEFAULT_SECRET = "simulated-secret"


class Intune:
    """A tenant's Graph. See the package for use and options; every method may be called while it is served.

    Args:
        devices: managedDevice objects with their real values; what is absent has the vendor's default.
        users: user objects.
        tenant: Id of the tenant, part of the token URL.
        client_id: Id of the registered application.
        client_secret: Its secret.
        permissions: Consented application permissions.
        licensed: Whether the tenant has an Intune licence.
        page_size: Devices per page, and the largest `$top`.
        empty_pages: Numbers, from 1, of pages of the device list that are empty though more follow.
        next_link: Whether a next link carries `$skiptoken` or `$skip` (always the former with empty pages).
        next_link_origin: Origin of next links, instead of the request's own.
        token_seconds: Life of a token.
        throttle_limit: Requests per 20 seconds; 0 for no limit.
        clock: Simulated time; the server's is the same.
        seed: Order of batch answers.
    """

    def __init__(
        self,
        devices: Iterable[Mapping[str, Any]] = (),
        users: Iterable[Mapping[str, Any]] = (),
        *,
        tenant: str = DEFAULT_TENANT,
        client_id: str = DEFAULT_CLIENT,
        client_secret: str = DEFAULT_SECRET,
        permissions: Collection[str] = ("DeviceManagementManagedDevices.Read.All", "User.Read.All"),
        licensed: bool = True,
        page_size: int = 1000,
        empty_pages: Collection[int] = (),
        next_link: Literal["skiptoken", "skip"] = "skiptoken",
        next_link_origin: str = "",
        token_seconds: int = 3599,
        throttle_limit: int = 2000,
        clock: SimClock | None = None,
        seed: int = 0,
    ) -> None:
        self.clock = clock or SimClock()
        self.tokens = Tokens(tenant, client_id, client_secret, token_seconds, self.clock.now)
        self.permissions = set(permissions)
        self.licensed = licensed
        self.page_size = page_size
        self.empty_pages = set(empty_pages)
        self.next_link = next_link
        self.next_link_origin = next_link_origin
        self.throttle_limit = throttle_limit
        self.log: RequestLog | None = None
        self._devices: dict[str, dict[str, Any]] = {}
        self._properties: set[str] = set()
        self._users: dict[str, dict[str, Any]] = {}
        self._random = Random(seed)
        self._recent: deque[float] = deque()
        self._refusals: deque[float | None] = deque()
        self._drift: Callable[[int], object] | None = None
        self.replace(devices)
        self.replace_users(users)

    tenant = property(lambda self: self.tokens.tenant, doc="Id of the tenant.")
    client_id = property(lambda self: self.tokens.client_id, doc="Id of the registered application.")
    client_secret = property(lambda self: self.tokens.client_secret, doc="Secret of the registered application.")

    def serve(self, port: int = 0) -> Server:
        """Return a server for this tenant, not started yet; it logs the parts of batches too."""
        server = Server(self.handle, port=port, clock=self.clock, error=self._injected)
        self.log = server.log
        return server

    def replace(self, devices: Iterable[Mapping[str, Any]]) -> None:
        """Set what the next request sees as devices; the order is that of the list."""
        self._devices = {str(device["id"]): dict(device) for device in devices}
        self._properties = {*device_type.DEFAULTS, *(name for device in self._devices.values() for name in device)}

    def replace_users(self, users: Iterable[Mapping[str, Any]]) -> None:
        """Set the users."""
        self._users = {str(user["id"]): dict(user) for user in users}

    def put(self, device: Mapping[str, Any], *, first: bool = False) -> None:
        """Add or overwrite one device; `first` puts it in front, which moves all that follow by one."""
        new = {str(device["id"]): dict(device)}
        self._properties |= set(device)
        self._devices = new | {k: v for k, v in self._devices.items() if k not in new} if first else self._devices | new

    def remove(self, device_id: str) -> None:
        """Take one device away."""
        self._devices.pop(device_id, None)

    def throttle(self, times: int = 1, retry_after: float | None = 1) -> None:
        """Refuse the next `times` API requests (parts of a batch count each) with 429; None: without Retry-After."""
        self._refusals.extend([retry_after] * times)

    def revoke_tokens(self) -> None:
        """Let every token expire now."""
        self.tokens.revoke()

    def between_pages(self, call: Callable[[int], object] | None) -> None:
        """Call `call(page number from 1)` after each page of a device list: the place for page drift."""
        self._drift = call

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        origin = f"http://{request.headers.get('host', 'localhost')}"
        parts = request.path.strip("/").split("/")
        if parts[1:] == ["oauth2", "v2.0", "token"]:
            if request.method != "POST":
                return Response.json(
                    {
                        "error": "invalid_request",
                        "error_description": "AADSTS900561: The endpoint only accepts POST requests.",
                    },
                    405,
                )
            kind = request.headers.get("content-type", "")
            status, body = self.tokens.answer(parts[0], kind, request.body, origin)
            return Response.json(body, status, [("cache-control", "no-store, no-cache")])
        request.entry.user = self.tokens.client_id
        request_id = str(uuid.uuid4())
        headers = [
            ("request-id", request_id),
            ("client-request-id", request.headers.get("client-request-id", request_id)),
        ]
        try:
            self._authorise(request, batch=parts[1:] == ["$batch"])
            if parts == ["v1.0", "$batch"]:
                body = run_batch(self, request, origin)
            else:
                body = self.get(request.method, request.path, request.params(), request.headers, origin)
        except GraphError as refusal:
            return self._refuse(refusal, headers)
        response = Response.json(body, 200, [*headers, ("cache-control", "no-cache")])
        response.content_type = "application/json" if "responses" in body else _JSON
        return response

    def error_body(self, refusal: GraphError, request_id: str = "", client_request_id: str = "") -> dict[str, Any]:
        """Render a refusal at the simulated time."""
        date = datetime.fromtimestamp(self.clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return refusal.body(date, request_id or str(uuid.uuid4()), client_request_id)

    def admit(self) -> None:
        """Count one API request against the limits.

        Raises:
            GraphError: 429.
        """
        if self._refusals:
            raise throttled(self._refusals.popleft())
        if not self.throttle_limit:
            return
        now = self.clock.now()
        while self._recent and self._recent[0] <= now - _WINDOW:
            self._recent.popleft()
        if len(self._recent) >= self.throttle_limit:
            raise throttled(max(1, round(self._recent[0] + _WINDOW - now)))
        self._recent.append(now)

    def shuffle(self, items: list[Any]) -> None:
        """Bring a batch's answers into an order of no meaning."""
        self._random.shuffle(items)

    def get(
        self, method: str, path: str, params: Mapping[str, str], headers: Mapping[str, str], origin: str
    ) -> dict[str, Any]:
        """Answer one read, asked directly or inside a batch; `path` starts with `/v1.0/`.

        Raises:
            GraphError: What Graph would refuse, with its status.
        """
        match path.strip("/").split("/"):
            case ["v1.0", "deviceManagement", "managedDevices"]:
                self._may_read_devices(method)
                return self._list_devices(params, origin)
            case ["v1.0", "deviceManagement", "managedDevices", key]:
                self._may_read_devices(method)
                return self._get_device(key, params, origin)
            case ["v1.0", "users"]:
                self._may_read_users(method)
                return self._list_users(params, headers, origin)
            case ["v1.0", "users", key]:
                self._may_read_users(method)
                return self._get_user(key, params, origin)
            case ["v1.0", *_, last]:
                raise bad_request(f"Resource not found for the segment '{last[:50]}'.")
        raise bad_request("Invalid version.")

    def _authorise(self, request: Request, *, batch: bool) -> None:
        wrong = self.tokens.check(request.headers.get("authorization", ""))
        if wrong:
            raise GraphError(
                401, "InvalidAuthenticationToken", wrong, {"WWW-Authenticate": 'Bearer realm="", error="invalid_token"'}
            )
        if not batch:  # a batch is counted by its parts
            self.admit()

    def _may_read_devices(self, method: str) -> None:
        _only_get(method)
        if not self.licensed:
            raise bad_request("Request not applicable to target tenant.")
        if not self.permissions & _READ_DEVICES:
            scopes = ", ".join(sorted(_READ_DEVICES))
            text = f"Application is not authorized to perform this operation. It must have one of the scopes: {scopes}"
            raise GraphError(403, "Forbidden", text)

    def _may_read_users(self, method: str) -> None:
        _only_get(method)
        if not self.permissions & _READ_USERS:
            raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")

    def _device_rules(self) -> Rules:
        return Rules("microsoft.graph.managedDevice", self._properties, device_type.FILTERS, self.page_size)

    def _list_devices(self, params: Mapping[str, str], origin: str) -> dict[str, Any]:
        allowed = (*_DEVICE_OPTIONS, "$skip") if self.next_link == "skip" else _DEVICE_OPTIONS
        query = parse(params, self._device_rules(), allowed)
        if query.count and "azureADDeviceId" in query.filtered:
            raise bad_request("$filter on azureADDeviceId cannot be combined with $count.")
        rows = [device_type.DEFAULTS | device for device in self._devices.values()]
        found = [row for row in rows if query.test is None or query.test(row)]
        offset, page = _position(params)
        size = 0 if page in self.empty_pages else query.top or self.page_size
        body: dict[str, Any] = {"@odata.context": _context(origin, "deviceManagement/managedDevices", query)}
        if query.count:
            body["@odata.count"] = len(found)
        after = offset + size
        if after < len(found):
            link = self.next_link_origin or origin
            body["@odata.nextLink"] = f"{link}/v1.0/deviceManagement/managedDevices?{self._next(params, after, page)}"
        body["value"] = [device_type.listed(row, query.select) for row in found[offset:after]]
        if self._drift is not None:
            self._drift(page)
        return body

    def _next(self, params: Mapping[str, str], offset: int, page: int) -> str:
        kept = {k: v for k, v in params.items() if k not in ("$skiptoken", "$skip")}
        if self.next_link == "skip" and not self.empty_pages:  # a bare position cannot tell pages without rows apart
            kept["$skip"] = str(offset)
        else:
            kept["$skiptoken"] = _token(offset, page + 1)
        return "&".join(f"{k}={quote(v, safe='')}" for k, v in kept.items())

    def _get_device(self, key: str, params: Mapping[str, str], origin: str) -> dict[str, Any]:
        query = parse(params, self._device_rules(), ("$select",))
        device = self._devices.get(key)
        if device is None:
            raise GraphError(404, "ResourceNotFound", f"Device with id {key[:60]} was not found.")
        context = _context(origin, "deviceManagement/managedDevices", query)
        return {"@odata.context": f"{context}/$entity"} | device_type.single(device, query.select)

    def _user_rules(self) -> Rules:
        return Rules("microsoft.graph.user", {*user_type.DEFAULTS, *user_type.ON_SELECT}, user_type.FILTERS, _USER_TOP)

    def _list_users(self, params: Mapping[str, str], headers: Mapping[str, str], origin: str) -> dict[str, Any]:
        query = parse(params, self._user_rules(), _DEVICE_OPTIONS)
        rows = [user_type.ON_SELECT | user_type.DEFAULTS | user for user in self._users.values()]
        found = [row for row in rows if query.test is None or query.test(row)]
        offset, page = _position(params)
        after = offset + (query.top or _USER_PAGE)
        body: dict[str, Any] = {"@odata.context": _context(origin, "users", query)}
        if query.count and headers.get("consistencylevel", "").lower() == "eventual":  # otherwise not counted
            body["@odata.count"] = len(found)
        if after < len(found):
            kept = {k: v for k, v in params.items() if k != "$skiptoken"} | {"$skiptoken": _token(after, page + 1)}
            text = "&".join(f"{k}={quote(v, safe='')}" for k, v in kept.items())
            body["@odata.nextLink"] = f"{self.next_link_origin or origin}/v1.0/users?{text}"
        body["value"] = [user_type.shown(row, query.select) for row in found[offset:after]]
        return body

    def _get_user(self, key: str, params: Mapping[str, str], origin: str) -> dict[str, Any]:
        query = parse(params, self._user_rules(), ("$select",))
        named = (u for u in self._users.values() if str(u.get("userPrincipalName", "")).lower() == key.lower())
        user = self._users.get(key) or next(named, None)
        if user is None:
            text = "does not exist or one of its queried reference-property objects are not present."
            text = f"Resource '{key[:60]}' {text}"
            raise GraphError(404, "Request_ResourceNotFound", text)
        return {"@odata.context": f"{_context(origin, 'users', query)}/$entity"} | user_type.shown(user, query.select)

    def _refuse(self, refusal: GraphError, headers: list[tuple[str, str]]) -> Response:
        body = self.error_body(refusal, headers[0][1], headers[1][1])
        return Response.json(body, refusal.status, [*headers, *refusal.headers.items()])

    def _injected(self, status: int) -> Response:
        return Response.json(self.error_body(of_status(status)), status)


def _only_get(method: str) -> None:
    if method != "GET":
        raise GraphError(405, "MethodNotAllowed", "Specified HTTP method is not allowed for the request target.")


def _context(origin: str, path: str, query: Query) -> str:
    chosen = f"({','.join(query.select)})" if query.select else ""
    return f"{origin}/v1.0/$metadata#{path}{chosen}"


def _token(offset: int, page: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([offset, page]).encode()).decode()


def _position(params: Mapping[str, str]) -> tuple[int, int]:
    """Return (offset, page number from 1) of a request for a page."""
    if (token := params.get("$skiptoken")) is not None:
        try:
            offset, page = json.loads(base64.urlsafe_b64decode(token))
            return int(offset), int(page)
        except (ValueError, TypeError):
            raise bad_request("Skip token is invalid.") from None
    skip = params.get("$skip", "0")
    if not skip.isascii() or not skip.isdigit():
        raise bad_request(f"Invalid value '{skip[:20]}' for $skip query option found.")
    return int(skip), 1
