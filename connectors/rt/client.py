"""The way to one Request Tracker: log-in by token, searches, writes, its clock and its name.

Source: `RT::REST2` of RT 5.0.3 (perldoc and code) and a running 5.0.3, 2026-11-22. Errors are `{"message": "…"}`; an
answer 200 to a PUT says in prose what became of each field, failures included.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

from connectors.auth import Token
from connectors.http import HttpClient
from connectors.registry import Context, Rate
from connectors.rt.settings import RtSettings
from connectors.status import parse_date
from synchub.errors import ConnectorError, ContractChanged, NotFound, PermissionDenied, Unavailable

_BURST = 20
_TOKEN = re.compile(r"1-([0-9]{1,15})-[0-9A-Za-z]+")  # RT::AuthToken: version, user id, secret
_FIXES = {
    401: "Check the reference under `token`, and that the token was not revoked in RT.",
    403: "Give the integration user the rights that docs/connectors/rt.md names, and check the names of catalogs.",
}
Raw = dict[str, Any]


class Look(NamedTuple):
    """One record as RT holds it.

    Attributes:
        record: Fields.
        tag: `ETag`; moves with every change.
        ways: Statuses that the lifecycle offers as the next one.
    """

    record: Raw
    tag: str
    ways: frozenset[str]


class RtClient:
    """Requests to one RT. Safe to use from several threads.

    Args:
        name: Connection name, for messages.
        settings: Of the connection.
        context: What the hub lends.
    """

    def __init__(self, name: str, settings: RtSettings, context: Context) -> None:
        self.name = name
        self.settings = settings
        self.clock = context.clock
        parts = urlsplit(settings.url)
        self.place = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path.rstrip('/')}"
        token = settings.token.read(context.resolve)
        own = _TOKEN.fullmatch(token.get_secret_value().strip())
        self._own_id = own[1] if own else None
        self._own_name: str | None = None
        login = self._own_id or "token"
        rate = Rate(settings.requests_per_minute / 60, _BURST)
        self._http = HttpClient.open(
            name, settings.url, context, auth=Token(token), fixes=_FIXES, said=error_text,
            budget=context.budget(f"rt:{self.place}:{login}", rate),
        )  # fmt: skip

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """Read and parse; raises as `HttpClient.request_json`."""
        return self._http.request_json("GET", _path(path), params=params)

    def look(self, path: str) -> Look:
        """Read one record, with the `ETag` under which it may be overwritten."""
        answer = self._http.request("GET", _path(path))
        record = answer.json()
        if not isinstance(record, dict):
            raise ContractChanged("the record is no object.", where=answer.where, fix="Check `url`.")
        links = [link for link in record.get("_hyperlinks") or () if isinstance(link, dict)]
        ways = frozenset(str(link.get("to")) for link in links if link.get("ref") == "lifecycle")
        return Look(record, answer.headers.get("etag", ""), ways)

    def search(self, path: str, params: Mapping[str, str | int], terms: Sequence[Raw] | None = None) -> Raw:
        """Ask for one page of a list.

        Args:
            path: Collection.
            params: Query.
            terms: Conditions as JSON (a POST that changes nothing); None for a plain GET.

        Raises:
            ContractChanged: The answer is no page.
        """
        if terms is None:
            page = self.get(path, params)
        else:
            body = orjson.dumps(list(terms))
            page = self._http.request_json("POST", _path(path), params=params, json=body, idempotent=True)
        if not isinstance(page, dict) or not isinstance(page.get("items"), list):
            raise ContractChanged("the answer to a search holds no `items`.", where=f"{self.name}: {path}",
                                  fix="Check `url`: it is the address of RT without /REST/2.0.")  # fmt: skip
        return page

    def create(self, path: str, body: Any) -> str:
        """Create a record and return its id; never sent twice unless RT certainly did nothing the first time.

        Raises:
            ConnectorError: `context["sent"]` is True where the answer came but cannot be read.
        """
        answer = self._http.request("POST", _path(path), json=orjson.dumps(body), idempotent=False)
        found = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
        try:
            parsed = answer.json()
        except ConnectorError as error:
            error.context["sent"] = True
            raise
        if not found.isdigit():
            found = str(parsed.get("id", "")) if isinstance(parsed, dict) else ""
        if not found.isdigit():
            raise ContractChanged("the created record has no id.", where=answer.where, sent=True)
        return found

    def put(self, path: str, body: Any, tag: str) -> list[str]:
        """Set values if the record is still as `tag` says; return what RT says about it, one text per field or so.

        Sending it twice has the effect of sending it once: the second time the tag has moved on.

        Raises:
            Rejected: With `context["status"]` 412 when somebody changed the record meanwhile.
        """
        headers = {"If-Match": tag} if tag else None
        answer = self._http.request("PUT", _path(path), json=orjson.dumps(body), headers=headers, idempotent=True)
        parsed = answer.json()
        if not isinstance(parsed, list):
            raise ContractChanged("the answer to a change is no list.", where=answer.where, sent=True)
        return [" ".join(str(text).split())[:300] for text in parsed]

    def server_time(self) -> int:
        """Read RT's clock from the `Date` header, seconds since 1970 UTC.

        Raises:
            ContractChanged: The answer carries no date (a proxy removed it).
        """
        answer = self._http.request("GET", _path("/rt"))
        moment = parse_date(answer.headers.get("date"))
        if moment is None:
            raise ContractChanged("the answer carries no readable Date header.", where=answer.where,
                                  fix="Check proxies in between; cursors need the system's own time.")  # fmt: skip
        return moment

    def version(self) -> str:
        """Return the version of RT, as it says."""
        about = self.get("/rt")
        return str(about.get("Version", "")) if isinstance(about, dict) else ""

    def identity(self) -> str:
        """Name the installation: its address and when its first catalog was made, which the installer does.

        Raises:
            PermissionDenied: That catalog cannot be seen.
        """
        try:
            first = self.get("/catalog/1")
        except NotFound:
            first = None
        made = first.get("Created") if isinstance(first, dict) else None
        if not made:
            raise PermissionDenied(
                "the catalog with which RT was installed (id 1) cannot be seen, so nobody can tell which RT answers.",
                where=f"{self.name}: GET /catalog/1", fix="Grant the integration user ShowCatalog globally.",
            )  # fmt: skip
        return f"{self.place}/{made}"

    def own_name(self) -> str | None:
        """Return the user name of this login; None where the token does not tell whose it is."""
        if self._own_name is None and self._own_id is not None:
            try:
                self._own_name = str(self.get(f"/user/{self._own_id}").get("Name") or "")
            except NotFound:
                self._own_name = ""
        return self._own_name or None

    def close(self) -> None:
        """Give connections back."""
        self._http.close()


def may_be_done(error: ConnectorError) -> bool:
    """Say whether a failed request may have been carried out, so that it has to be looked up."""
    sent = error.context.get("sent")
    return sent is True or (isinstance(error, (Unavailable, ContractChanged)) and sent is not False)


def error_text(body: bytes) -> str:
    """Pick RT's own words out of an error body."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    said = parsed.get("message") if isinstance(parsed, dict) else None
    return " ".join(str(said).split())[:300] if said else ""


def _path(path: str) -> str:
    return f"/REST/2.0{path}"
