"""How simulated issues behave: fields, refusals, transitions, change log, JQL, search pages, people, permissions."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from simulators.jira.issues import Field, Project
from tests.contract.simulators.jira_site import Site, document

LONG = "x" * 256


class Desk:
    """Project ITS with a text field, a labels field, an exact one, a number, a date, a select and an Assets field."""

    def __init__(self, site: Site) -> None:
        self.site, self.sim, self.http = site, site.sim, site.site
        self.project: Project = self.sim.project("ITS", "IT Support")
        kinds = ("text", "url", "number", "date", "cmdb")
        self.fields: dict[str, Field] = {kind: self.sim.field(f"Hub {kind}", kind) for kind in kinds}
        self.fields["keys"] = self.sim.field("Hub keys", "labels")
        self.fields["select"] = self.sim.field("Site", "select", ["Berlin", "Oslo"])
        self.jane = self.sim.access.add("jane@acme.example", "Jane Doe").account_id

    def create(self, **fields: Any) -> httpx.Response:
        """Create a task; names of `fields` stand for custom fields."""
        base = {"project": {"key": "ITS"}, "issuetype": {"name": "Task"}, "summary": "Broken"}
        return self.http.post("/issue", json={"fields": base | self.named(fields)})

    def named(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Put ids in place of kinds."""
        return {self.fields[name].id if name in self.fields else name: value for name, value in fields.items()}

    def new(self, summary: str, **values: Any) -> str:
        """Put an issue in as somebody else."""
        return self.sim.issue(self.project, summary, by=self.jane, **self.named(values)).key

    def found(self, jql: str) -> list[str]:
        """Search and list summaries."""
        answer = self.http.post("/search/jql", json={"jql": jql, "fields": ["summary"]})
        assert answer.status_code == 200, answer.text
        return [issue["fields"]["summary"] for issue in answer.json()["issues"]]


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("summary", None), ("summary", "  "), ("summary", "two\nlines"), ("summary", LONG), ("labels", ["two words"]),
        ("labels", "hub"), ("description", "plain"), ("description", {"type": "doc", "version": 1}),
        ("description", document("x" * 32_768)), ("priority", {"name": "Urgent"}), ("text", LONG), ("number", "5"),
        ("date", "22.11.2026"), ("select", {"value": "Paris"}), ("cmdb", "ITAM-1"), ("cmdb", [{"id": "other:1"}]),
        ("assignee", {"accountId": "nobody"}), ("status", {"name": "Closed"}), ("customfield_99999", "x"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_refused_under_its_id(desk: Desk, name: str, value: Any) -> None:
    """400 with the field in `errors`, and no issue."""
    answer = desk.create(**{name: value})

    wanted = desk.fields[name].id if name in desk.fields else name
    assert answer.status_code == 400 and set(answer.json()["errors"]) == {wanted}
    assert desk.sim.issues.issues == {} and desk.sim.log.count(writes=True) == 0


def test_several_wrong_fields_are_named_at_once(desk: Desk) -> None:
    """Everything that is wrong is said in one answer."""
    answer = desk.create(summary="", labels=["a b"], text=LONG, issuetype={"name": "Epic"})

    assert set(answer.json()["errors"]) == {"summary", "labels", desk.fields["text"].id, "issuetype"}


def test_an_unseen_assets_object_is_no_value(desk: Desk) -> None:
    """A field names objects the caller sees; issue and object find each other."""
    [seen, hidden] = desk.site.laptops({"Name": "A"}, {"Name": "B"})
    desk.sim.hide(hidden.key)
    workspace = desk.sim.store.workspace

    refused = desk.create(
        cmdb=[{"workspaceId": workspace, "id": f"{workspace}:{hidden.id}", "objectId": str(hidden.id)}]
    )
    made = desk.create(cmdb=[{"workspaceId": workspace, "id": f"{workspace}:{seen.id}", "objectId": str(seen.id)}])

    assert (refused.status_code, made.status_code) == (400, 201)
    tickets = desk.site.http.get(f"/objectconnectedtickets/{seen.id}/tickets").json()["tickets"]
    assert [ticket["key"] for ticket in tickets] == [made.json()["key"]]
    assert desk.site.http.get(f"/object/{seen.id}").json()["extendedInfo"]["openIssuesExists"] is True


def test_the_change_log_says_who_changed_what(desk: Desk) -> None:
    """Others and the hub, in order; an edit that changes nothing is no entry and no write."""
    key = desk.new("Old", labels=["x"])
    desk.sim.edit_issue(key, {"summary": "Theirs"}, by=desk.jane, at=1_800_000_000)
    for _ in range(2):
        desk.http.put(f"/issue/{key}", json={"fields": {"summary": "Ours"}, "update": {"labels": [{"add": "hub"}]}})

    values = desk.http.get(f"/issue/{key}/changelog").json()["values"]
    told = [
        (v["author"]["displayName"], i["field"], i.get("fromString"), i["toString"]) for v in values for i in v["items"]
    ]
    assert told == [
        ("Jane Doe", "Summary", "Old", "Theirs"), ("Hub", "Summary", "Theirs", "Ours"), ("Hub", "Labels", "x", "hub x"),
    ]  # fmt: skip
    assert values[0]["created"] == "2027-01-15T08:00:00.000+0000"
    assert desk.sim.log.count(writes=True) == 1


def test_only_transitions_of_the_present_status_work(desk: Desk) -> None:
    """What is not offered is refused."""
    key = desk.new("A")
    names = {t["name"]: t["id"] for t in desk.http.get(f"/issue/{key}/transitions").json()["transitions"]}
    assert set(names) == {"Start work", "Pending", "Resolve"}

    comment = {"comment": [{"add": {"body": document("Done")}}]}
    moved = desk.http.post(
        f"/issue/{key}/transitions", json={"transition": {"id": names["Resolve"]}, "update": comment}
    )
    again = desk.http.post(f"/issue/{key}/transitions", json={"transition": {"id": names["Resolve"]}})

    assert (moved.status_code, again.status_code) == (204, 400)
    fields = desk.http.get(f"/issue/{key}").json()["fields"]
    assert (fields["status"]["name"], fields["resolution"]["name"], fields["comment"]["total"]) == (
        "Resolved",
        "Done",
        1,
    )


@pytest.mark.parametrize(
    ("jql", "found"),
    [
        ("project = ITS", ["C", "B", "A"]), ("project in (its) order by key", ["A", "B", "C"]), ("key = ITS-2", ["B"]),
        ("key in (ITS-1, ITS-3)", ["C", "A"]), ("labels = hub", ["A"]), ("labels in (hub, other)", ["B", "A"]),
        ("labels is EMPTY", ["C"]), ("labels != hub", ["B"]), ("status = Open", ["C", "A"]),
        ('statusCategory = "In Progress"', ["B"]), ("resolution is EMPTY and issuetype = Task", ["C", "B", "A"]),
        ("reporter = currentUser()", []), ("assignee is EMPTY", ["C", "B", "A"]), ("priority = High", ["A"]),
        ('"Hub text" ~ "key"', ["B", "A"]), ('"Hub text" ~ "\\"key 1\\""', ["A"]), ('"Hub text" ~ "ke*"', ["B", "A"]),
        ("summary ~ a", ["A"]), ("text ~ strange", ["C"]), ("description ~ 'Very strange'", ["C"]),
        ('"Hub url" = "https://hub.example/1"', ["A"]), ('"Hub keys" = k1', ["A"]), ('"Hub number" >= 5', ["A"]),
        ('"Hub date" < "2026-02-01"', ["A"]), ("Site = Oslo", ["A"]), ("issue.property[hub].id = k3", ["C"]),
        ('updated >= "2020-01-01 10:00"', ["C", "B", "A"]), ("created >= -1d AND NOT labels = hub", ["C", "B"]),
        ("updated < -1d", []), ("(labels = hub OR labels = other) AND status = Open", ["A"]),
    ],
)  # fmt: skip
def test_jql_finds(desk: Desk, jql: str, found: list[str]) -> None:
    """Fields, operators, phrases, prefixes, relative dates, declared properties, order."""
    desk.new(
        "A", labels=["hub"], text="key-1", url="https://hub.example/1", number=5, date="2026-01-31",
        priority={"name": "High"}, select={"value": "Oslo"},
    )  # fmt: skip
    desk.sim.edit_issue("ITS-1", {desk.fields["keys"].id: ["k1"]}, by=desk.jane)
    desk.new("B", labels=["other"], text="KEY 2")
    desk.sim.do("ITS-2", "Start work", by=desk.jane)
    desk.new("C", description="very strange")
    desk.sim.searchable.add("hub")
    desk.http.put("/issue/ITS-3/properties/hub", json={"id": "k3"})

    assert desk.found(jql) == found


@pytest.mark.parametrize(
    "jql",
    [
        "project = NONE", "project =", "nonsense = 1", 'summary = "A"', '"Hub text" = key', 'summary ~ "open',
        "key = ITS-9",
        "labels in hub", "status = Nowhere", "project = ITS labels = hub", "order by key", "",
        'updated >= "22.11.2026"',
        "issue.property[other].id = 1", 'summary ~ "*a"', 'summary ~ "a(b"', 'summary ~ "\\"a"', "labels ~ hub",
        "(project = ITS", "project = ITS order by nonsense", "reporter = nobody()",
    ],
)  # fmt: skip
def test_malformed_jql_is_refused(desk: Desk, jql: str) -> None:
    """Unknown fields and values, operators a field does not know, quotes, unbounded: 400 with a message."""
    answer = desk.http.post("/search/jql", json={"jql": jql})

    assert answer.status_code == 400 and len(answer.json()["errorMessages"]) == 1


@pytest.mark.parametrize("value", ['a"b', "back\\slash", '" OR project = OTHER OR labels = "', "o'hara", "(", "a,b"])
def test_an_escaped_label_finds_itself_only(desk: Desk, value: str) -> None:
    r"""`"` and `\` escaped by `\` inside quotes keep a value a value."""
    desk.new("other", labels=["x"])
    issue = desk.sim.issues.issues[desk.sim.issues.by_key[desk.new("mine")]]
    issue.values["labels"] = [value]
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')

    assert desk.found(f'labels = "{escaped}"') == ["mine"]


def test_search_pages_by_token_only(desk: Desk) -> None:
    """Fewer issues a page than asked for, the last says so and has no token; ids alone come in large pages."""
    for n in range(7):
        desk.new(f"T{n}")
    desk.sim.search_page = 3
    body: dict[str, Any] = {"jql": "project = ITS", "fields": ["summary"], "maxResults": 100}
    pages = [desk.http.post("/search/jql", json=body).json()]
    while "nextPageToken" in pages[-1]:
        desk.new("late")
        pages.append(desk.http.post("/search/jql", json=body | {"nextPageToken": pages[-1]["nextPageToken"]}).json())

    assert [(len(page["issues"]), page["isLast"]) for page in pages] == [(3, False), (3, False), (1, True)]
    assert "total" not in pages[0]
    bare = desk.http.post("/search/jql", json={"jql": "project = ITS"}).json()
    assert len(bare["issues"]) == 9 and set(bare["issues"][0]) == {"id"}
    assert desk.http.post("/search/jql", json=body | {"startAt": 3}).status_code == 400
    assert desk.http.post("/search/jql", json=body | {"nextPageToken": "made up"}).status_code == 400
    other = {"jql": "labels = x", "nextPageToken": pages[0]["nextPageToken"]}
    assert desk.http.post("/search/jql", json=other).status_code == 400
    assert desk.http.get("/search", params={"jql": "project = ITS"}).status_code == 410


def test_search_lags_behind_writes_unless_asked_to_be_consistent(desk: Desk) -> None:
    """A new issue is not found at once, an edited one is found as it was; `reconcileIssues` shows the present."""
    old = desk.new("Old")
    desk.sim.search_lag = 60.0
    number = desk.create(summary="New").json()["id"]
    desk.http.put(f"/issue/{old}", json={"fields": {"summary": "Edited"}})

    assert desk.found("project = ITS") == ["Old"]
    asked = {"jql": "project = ITS", "fields": ["summary"], "reconcileIssues": [int(number)]}
    issues = desk.http.post("/search/jql", json=asked).json()["issues"]
    assert [issue["fields"]["summary"] for issue in issues] == ["New", "Old"]
    assert desk.http.get(f"/issue/{old}").json()["fields"]["summary"] == "Edited"
    desk.sim.clock.advance(61)
    assert desk.found("project = ITS") == ["New", "Edited"]


def test_people_are_found_by_the_beginning_of_name_or_address(desk: Desk) -> None:
    """Several may match; those who left are not found; a hidden address is not shown."""
    desk.sim.access.add("jane.doering@acme.example", "Jane Doering", shown=False)
    desk.sim.access.add("jane.left@acme.example", "Jane Left", active=False)

    found = desk.http.get("/user/search", params={"query": "jane"}).json()
    assert [one["displayName"] for one in found] == ["Jane Doe", "Jane Doering"]
    assert [one.get("emailAddress") for one in found] == ["jane@acme.example", None]
    assert desk.http.get("/user/search", params={"query": "doe"}).json()[0]["displayName"] == "Jane Doe"
    assert desk.http.get("/user/search").status_code == 400
    assert len(desk.http.get("/users/search").json()) == 5


def test_permissions_are_told_and_kept(desk: Desk) -> None:
    """Without a permission the operation is refused; without browsing the project is not there."""
    key = desk.new("A")
    desk.sim.deny("CREATE_ISSUES", desk.project, desk.sim.hub)
    desk.sim.deny("TRANSITION_ISSUES", desk.project, desk.sim.hub)
    told = desk.http.get(
        "/mypermissions", params={"permissions": "CREATE_ISSUES,EDIT_ISSUES", "projectKey": "ITS"}
    ).json()
    assert {name: one["havePermission"] for name, one in told["permissions"].items()} == {
        "CREATE_ISSUES": False, "EDIT_ISSUES": True,
    }  # fmt: skip
    assert desk.http.get("/mypermissions").status_code == 400
    assert desk.create().status_code == 400
    assert desk.http.get(f"/issue/{key}/transitions").json()["transitions"] == []
    desk.sim.deny("EDIT_ISSUES", desk.project, desk.sim.hub)
    assert desk.http.put(f"/issue/{key}", json={"fields": {"summary": "B"}}).status_code == 403
    desk.sim.deny("BROWSE_PROJECTS", desk.project, desk.sim.hub)
    assert desk.http.get(f"/issue/{key}").status_code == desk.http.get("/project/ITS").status_code == 404
    assert desk.http.post("/search/jql", json={"jql": "key = ITS-1"}).json()["issues"] == []


def test_a_refused_field_and_a_field_off_the_screen(desk: Desk) -> None:
    """Both are named; the rest of the request is not written."""
    key = desk.new("A")
    desk.sim.refuse_field("labels", "Labels are managed elsewhere.", desk.sim.hub)
    answer = desk.http.put(f"/issue/{key}", json={"fields": {"labels": ["x"], "summary": "B"}})
    assert answer.json()["errors"] == {"labels": "Labels are managed elsewhere."}
    desk.project.fields = frozenset({"summary", "issuetype", "project"})
    assert set(desk.create(text="x").json()["errors"]) == {desk.fields["text"].id}
    screen = desk.http.get("/issue/createmeta/ITS/issuetypes/10001").json()["fields"]
    assert {one["fieldId"] for one in screen} == desk.project.fields
    assert desk.http.get(f"/issue/{key}").json()["fields"]["summary"] == "A"


def test_version_2_speaks_plain_text(desk: Desk) -> None:
    """`/rest/api/2` takes and gives text where version 3 has documents."""
    url = f"{desk.sim.url}/rest/api/2"
    fields = {"project": {"key": "ITS"}, "issuetype": {"name": "Task"}, "summary": "A", "description": "one\ntwo"}
    key = desk.http.post(f"{url}/issue", json={"fields": fields}).json()["key"]
    desk.http.post(f"{url}/issue/{key}/comment", json={"body": "hello"})

    shown = desk.http.get(f"{url}/issue/{key}").json()
    assert shown["fields"]["description"] == "one\ntwo" and shown["self"].startswith(url)
    assert desk.http.get(f"{url}/issue/{key}/comment").json()["comments"][0]["body"] == "hello"
    assert desk.http.get(f"/issue/{key}").json()["fields"]["description"]["type"] == "doc"
