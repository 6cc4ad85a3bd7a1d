"""Requests to the simulated Jira site and its answers against the vendor's specifications."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.contract.jira_contract import JiraContract
from tests.contract.simulators.jira_site import HUB, Site, document


@pytest.fixture(scope="module")
def contract(shared: Path) -> JiraContract:
    return JiraContract(shared / "contracts")


@pytest.fixture
def strict(contract: JiraContract) -> Iterator[Site]:
    """Serve a site that checks every exchange."""
    found = Site(contract)
    yield found
    found.close()


def test_every_answer_of_assets_meets_the_specification(strict: Site) -> None:
    """Workspace, structure, objects, search, history, status and errors satisfy the OpenAPI documents."""
    site = strict
    person = site.sim.access.add("jane@acme.example", "Jane Doe")
    [model] = site.sim.seed(site.model, [{"Name": "EliteBook"}])
    http = site.http
    workspace = httpx.get(f"{site.sim.url}/rest/servicedeskapi/assets/workspace", auth=HUB, trust_env=False)
    assert workspace.json()["values"] == [{"workspaceId": site.sim.store.workspace}]
    assert http.get("/objectschema/list", params={"includeCounts": "true"}).status_code == 200
    new = http.post("/objectschema/create", json={"name": "New", "objectSchemaKey": "NEW"}).json()
    kind = http.post("/objecttype/create", json={"name": "Phone", "iconId": "13", "objectSchemaId": new["id"]}).json()
    text = http.post(f"/objecttypeattribute/{kind['id']}", json={"name": "IMEI", "type": 0, "defaultTypeId": 0})
    assert text.status_code == 201
    unique = http.put(f"/objecttypeattribute/{kind['id']}/{text.json()['id']}", json={"uniqueAttribute": True})
    assert unique.json()["uniqueAttribute"] is True
    reference = {"name": "Model", "type": 1, "typeValue": str(site.model.id), "additionalValue": "1"}
    assert http.post(f"/objecttypeattribute/{kind['id']}", json=reference).status_code == 201
    assert http.get(f"/objecttype/{kind['id']}").status_code == 200
    assert http.get(f"/objecttype/{kind['id']}/attributes").status_code == 200
    assert http.get(f"/objectschema/{new['id']}/objecttypes").status_code == 200
    assert len(http.get(f"/objectschema/{new['id']}/objecttypes/flat").json()) == 1
    assert http.get(f"/objectschema/{new['id']}/attributes", params={"extended": "true"}).status_code == 200
    status = http.post("/config/statustype", json={"name": "Lost", "category": 0, "objectSchemaId": "1"}).json()
    assert [one["name"] for one in http.get("/config/statustype?objectSchemaId=1").json()] == ["Lost"]
    assert len(http.get("/config/statustype").json()) == 7 and http.get("/icon/global").json()[0]["id"] == "1"

    made = site.create(
        Name="NB-1", Serial="ABC", Hub_Key="k1", RAM="16384", Encrypted="true", Price="999.5", Bought="2026-01-31",
        Seen="2026-11-20T10:00:00Z", Note="x" * 3000, Site="Oslo", Tags=["a", "b"], Owner=person.account_id,
        Status=status["id"], Model=model.key,
    )  # fmt: skip
    assert made.status_code == 201 and "attributes" not in made.json()
    number = made.json()["id"]
    assert site.update(number, Serial="XYZ", Tags=[]).status_code == 200
    assert site.aql('"Hub Key" = "k1"').json()["isLast"] is True
    for path in ("", "/attributes", "/history", "/referenceinfo"):
        assert http.get(f"/object/{number}{path}").status_code == 200
    assert http.get(f"/objectconnectedtickets/{number}/tickets").status_code == 200
    assert http.post("/object/aql/totalcount", json={"qlQuery": "objectType = Laptop"}).json() == {"totalCount": 1}

    assert site.create(Name="NB-2", Hub_Key="k1").status_code == 400
    assert site.aql('"Hub Key" = "k1').status_code == 400
    assert http.get("/object/4711").status_code == 404
    assert http.get("/object/1", auth=("hub@acme.example", "wrong")).status_code == 401
    site.sim.rate_limit(aql=1)
    site.aql("objectType = Laptop")
    assert site.aql("objectType = Laptop").headers["retry-after"]
    assert http.delete(f"/object/{number}").status_code == 200

    assert site.sim.log.problems() == []


def test_every_answer_about_issues_meets_the_specification(strict: Site) -> None:
    """Site, people, fields, issues, comments, transitions, links, properties, search satisfy the OpenAPI document."""
    site = strict
    sim, get, post, put = site.sim, site.site.get, site.site.post, site.site.put
    project = sim.project("ITS", "IT Support")
    key, objects = sim.field("Hub Key"), sim.field("Assets", "cmdb")
    [laptop] = site.laptops({"Name": "NB-1"})
    other = sim.issue(project, "Other", by=sim.admin.account_id, description="Text", labels=["hub"])
    for path in ("serverInfo", "myself", "field", "project", "project/search", "project/ITS", "project/ITS/statuses",
                 "issuetype", "status", "priority", "issueLinkType", "issue/createmeta", "users/search",
                 "issue/createmeta/ITS/issuetypes", "issue/createmeta/ITS/issuetypes/10001", "user/search?query=hub",
                 "mypermissions?permissions=CREATE_ISSUES", f"user?accountId={sim.hub.account_id}",
                 "user/assignable/search?project=ITS&query=hub"):  # fmt: skip
        assert get(f"/{path}").status_code == 200, path

    workspace = sim.store.workspace
    fields = {
        "project": {"key": "ITS"}, "issuetype": {"name": "Task"}, "summary": "Broken", "labels": ["hub"],
        "description": document("It does not start"), key.id: "k1", "priority": {"id": "2"},
        "assignee": {"accountId": sim.hub.account_id},
        objects.id: [{"workspaceId": workspace, "id": f"{workspace}:{laptop.id}", "objectId": str(laptop.id)}],
    }  # fmt: skip
    made = post("/issue", json={"fields": fields})
    assert made.status_code == 201, made.text
    path = f"/issue/{made.json()['key']}"
    assert put(path, json={"fields": {"summary": "Still broken"}}).status_code == 204
    assert put(path, json={"update": {"labels": [{"add": "seen"}]}}).status_code == 204
    assert put(f"{path}/assignee", json={"accountId": None}).status_code == 204
    assert post(f"{path}/comment", json={"body": document("Hello")}).status_code == 201
    [comment] = get(f"{path}/comment").json()["comments"]
    remark = f"{path}/comment/{comment['id']}"
    assert put(remark, json={"body": document("Bye")}).json()["body"] == get(remark).json()["body"] == document("Bye")
    [first] = [t for t in get(f"{path}/transitions").json()["transitions"] if t["name"] == "Resolve"]
    assert post(f"{path}/transitions", json={"transition": {"id": first["id"]}}).status_code == 204
    ends = {"inwardIssue": {"key": other.key}, "outwardIssue": {"key": made.json()["key"]}}
    assert post("/issueLink", json={"type": {"name": "Relates"}, **ends}).status_code == 201
    remote = {"globalId": "hub=1", "object": {"url": "https://hub.example/1", "title": "Hub"}}
    assert [post(f"{path}/remotelink", json=remote).status_code for _ in range(2)] == [201, 200]
    assert [put(f"{path}/properties/hub", json={"id": "1"}).status_code for _ in range(2)] == [201, 200]
    for part in ("", "?fields=summary,labels", "/comment", "/changelog", "/editmeta", "/remotelink?globalId=hub%3D1",
                 "/properties", "/properties/hub"):  # fmt: skip
        assert get(f"{path}{part}").status_code == 200, part
    shown = get(path).json()["fields"]
    assert shown["status"]["name"] == "Resolved" and shown[objects.id][0]["objectId"] == str(laptop.id)
    found = post("/search/jql", json={"jql": "project = ITS", "fields": ["summary"], "maxResults": 1}).json()
    assert found["isLast"] is False and found["nextPageToken"]
    assert get("/search/jql", params={"jql": "labels = seen", "fields": "*all"}).json()["isLast"] is True
    assert post("/search/approximate-count", json={"jql": "project = ITS"}).json() == {"count": 2}
    assert site.http.get(f"/objectconnectedtickets/{laptop.id}/tickets").json()["tickets"][0]["title"] == "Still broken"

    both = post("/issue/bulkfetch", json={"issueIdsOrKeys": ["its-1", "ITS-2", "ITS-9"], "fields": ["summary"]}).json()
    assert ([one["key"] for one in both["issues"]], len(both["issueErrors"])) == (["ITS-1", "ITS-2"], 1)
    changes = get(path, params={"expand": "changelog", "fields": "summary"}).json()["changelog"]["histories"]
    assert changes[0]["items"][0]["field"] == "Status"
    updates = [{"fields": {**fields, "summary": "Bulk"}}, {"fields": {**fields, "labels": ["a b"]}}]
    made_both = post("/issue/bulk", json={"issueUpdates": updates})
    assert (made_both.status_code, len(made_both.json()["issues"])) == (201, 1)
    assert made_both.json()["errors"][0]["failedElementNumber"] == 1
    assert post("/issue/bulk", json={"issueUpdates": updates[1:]}).status_code == 400

    for bad in ({"jql": "project = "}, {"jql": "order by key"}, {"jql": "nonsense = 1"}, {"jql": '"Hub Key" = k1'}):
        assert post("/search/jql", json=bad).status_code == 400
    assert get("/search").status_code == 410
    assert get("/issue/ITS-99").status_code == 404
    assert post("/issue", json={"fields": {**fields, "summary": None}}).json()["errors"].keys() == {"summary"}
    assert post(f"{path}/comment", json={"body": document("")}).status_code == 400
    assert site.site.delete(remark).status_code == 204
    assert site.site.delete(path).status_code == 204
    assert "\n".join(sim.log.problems()) == ""


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "said"),
    [
        ("POST", "/jsm/assets/workspace/w/v1/object/aql", "startAt=x", b'{"qlQuery": "a"}', "startAt"),
        ("POST", "/jsm/assets/workspace/w/v1/object/aql", "", b'{"qlQuery": "a", "startAt": 1}', "startAt"),
        (
            "POST",
            "/jsm/assets/workspace/w/v1/object/create",
            "",
            b'{"objectTypeId": 1, "attributes": []}',
            "objectTypeId",
        ),
        ("PUT", "/jsm/assets/workspace/w/v1/object/1", "", b'{"objectTypeId": "1", "attributes": [], "key": 1}', "key"),
        ("POST", "/rest/api/3/search/jql", "", b'{"jql": "a", "startAt": 0}', "startAt"),
        ("GET", "/rest/api/3/nothing", "", b"", "Path not found"),
        ("GET", "/somewhere", "", b"", "no specification knows"),
    ],
)
def test_the_validator_finds_what_is_not_documented(
    contract: JiraContract, method: str, path: str, query: str, body: bytes, said: str
) -> None:
    """A request a client should not send is named, whatever the answer."""
    headers = {"content-type": "application/json"}

    found = contract.errors(method, path, query, headers, body, 401, "application/json", b"")
    assert any(said in problem for problem in found), found


def test_the_validator_finds_answers_the_vendor_would_not_give(contract: JiraContract) -> None:
    """A success without what is required, an error in another form."""
    aql = (
        "POST",
        "/jsm/assets/workspace/w/v1/object/aql",
        "",
        {"content-type": "application/json"},
        b'{"qlQuery": "a"}',
    )

    assert contract.errors(*aql, 200, "application/json", b'{"values": []}')
    assert contract.errors(*aql, 429, "application/json", b'{"message": "slow down"}')
    assert contract.errors(*aql, 400, "application/json", b'{"errorMessages": "no list", "errors": {}}')
    assert not contract.errors(*aql, 400, "application/json", b'{"errorMessages": ["AQL"], "errors": {}}')
