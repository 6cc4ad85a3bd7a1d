"""Jira platform REST v3: links between issues, remote links, properties."""

from __future__ import annotations

from typing import Any

import orjson

from simulators.http import Response
from simulators.jira.call import Call, Routes
from simulators.jira.errors import JiraError, bad_request, forbidden
from simulators.jira.issue_lookup import IssueLookup
from simulators.jira.issues import LINK_TYPES, Issue

_MAX_PROPERTY = 32_768


class LinkApi(IssueLookup):
    """Answers for what hangs on issues."""

    def routes(self, routes: Routes) -> None:
        """Add what is served."""
        read, write = ("read:jira-work", "read:issue:jira"), ("write:jira-work", "write:issue:jira")
        routes.add("GET", "/issue/{}/remotelink", self.remote_links, *read)
        routes.add("POST", "/issue/{}/remotelink", self.add_remote_link, *write)
        routes.add("GET", "/issue/{}/properties", self.property_keys, *read)
        routes.add("GET", "/issue/{}/properties/{}", self.property, *read)
        routes.add("PUT", "/issue/{}/properties/{}", self.set_property, *write)
        routes.add("DELETE", "/issue/{}/properties/{}", self.delete_property, *write)
        routes.add("POST", "/issueLink", self.link, *write)

    def link(self, call: Call) -> Response:
        """`POST /issueLink`: the same link twice is one."""
        data = call.body()
        sides = [self._named(call, data.get(name)) for name in ("inwardIssue", "outwardIssue")]
        wanted = data.get("type") if isinstance(data.get("type"), dict) else {}
        assert wanted is not None
        name = str(wanted.get("name", "")).lower()
        kind = next((n for n, found in LINK_TYPES.items() if n == wanted.get("id") or found[0].lower() == name), "")
        if not kind:
            raise JiraError(404, f"No issue link type with name '{name[:40]}' found.")
        inward, outward = sides
        for issue in sides:
            self._need(call, "LINK_ISSUES", self._store.projects[issue.project])
        if not any(link[1:] == (kind, True, outward.id) for link in inward.links):
            number = self._store.number("link")
            inward.links.append((number, kind, True, outward.id))
            outward.links.append((number, kind, False, inward.id))
            call.wrote()
        return Response(201)

    def _named(self, call: Call, value: object) -> Issue:
        key = str(value.get("key") or value.get("id") or "") if isinstance(value, dict) else ""
        return self._visible(call, key)

    def remote_links(self, call: Call) -> Response:
        """`GET /issue/{issueIdOrKey}/remotelink`; with `globalId` that one."""
        issue, wanted = self._issue(call), call.params.get("globalId", "")
        found = [self._remote(issue, number) for number in issue.remote]
        if not wanted:
            return Response.json(found)
        match = next((one for one in found if one.get("globalId") == wanted), None)
        if match is None:
            raise JiraError(404, "No remote issue link with the global ID was found.")
        return Response.json(match)

    def _remote(self, issue: Issue, number: int) -> dict[str, Any]:
        url = f"{self._sim.url}/rest/api/3/issue/{issue.key}/remotelink/{number}"
        return {"id": number, "self": url, **issue.remote[number]}

    def add_remote_link(self, call: Call) -> Response:
        """`POST /issue/{issueIdOrKey}/remotelink`: a known `globalId` is updated (200), else created (201)."""
        issue, data = self._issue(call), call.body()
        self._need(call, "LINK_ISSUES", self._store.projects[issue.project])
        about = data.get("object")
        missing = [name for name in ("url", "title") if not isinstance(about, dict) or not about.get(name)]
        if missing:
            raise JiraError(400, "", {name: f"'{name}' is required." for name in missing})
        if not isinstance(data.get("globalId", ""), str):
            raise JiraError(400, "", {"globalId": "'globalId' must be a string."})
        known = {one["globalId"]: number for number, one in issue.remote.items() if one.get("globalId")}
        number = known.get(data.get("globalId"), 0)
        status = 200 if number else 201
        number = number or int(self._store.number("remote"))
        sent: dict[str, Any] = {
            name: data[name] for name in ("globalId", "application", "relationship", "object") if name in data
        }
        if issue.remote.get(number) != sent:
            issue.remote[number] = sent
            call.wrote()
        url = f"{self._sim.url}/rest/api/3/issue/{issue.key}/remotelink/{number}"
        return Response.json({"id": number, "self": url}, status)

    def property_keys(self, call: Call) -> Response:
        """`GET /issue/{issueIdOrKey}/properties`."""
        issue = self._issue(call)
        url = f"{self._sim.url}/rest/api/3/issue/{issue.key}/properties/"
        return Response.json({"keys": [{"key": key, "self": f"{url}{key}"} for key in issue.properties]})

    def property(self, call: Call) -> Response:
        """`GET /issue/{issueIdOrKey}/properties/{propertyKey}`."""
        issue, key = self._issue(call), call.ids[1]
        if key not in issue.properties:
            raise JiraError(404, f"The property {key[:60]} does not exist.")
        return Response.json({"key": key, "value": issue.properties[key]})

    def set_property(self, call: Call) -> Response:
        """`PUT /issue/{issueIdOrKey}/properties/{propertyKey}`: 201 when new, else 200."""
        issue, key = self._issue(call), call.ids[1]
        if not self._sim.permits("EDIT_ISSUES", self._store.projects[issue.project], call.account):
            raise forbidden("You do not have permission to edit the issue.")
        if len(key) > 255 or len(call.request.body) > _MAX_PROPERTY:
            raise bad_request("The property key or value is too long.")
        try:
            value = orjson.loads(call.request.body)
        except orjson.JSONDecodeError:
            raise bad_request("The property value has to be a valid, non-empty JSON.") from None
        status = 200 if key in issue.properties else 201
        if issue.properties.get(key) != value:
            issue.properties[key] = value
            call.wrote()
        return Response(status)

    def delete_property(self, call: Call) -> Response:
        """`DELETE /issue/{issueIdOrKey}/properties/{propertyKey}`."""
        issue, key = self._issue(call), call.ids[1]
        if issue.properties.pop(key, None) is None:
            raise JiraError(404, f"The property {key[:60]} does not exist.")
        call.wrote()
        return Response(204)
