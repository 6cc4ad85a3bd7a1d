"""Faults, limits and the control path of the simulated site."""

from __future__ import annotations

import json
import subprocess
import sys

import httpx
import pytest

from tests.contract.simulators.jira_site import HUB, Site


def _control(site: Site, method: str, path: str, body: object = None, **params: str) -> httpx.Response:
    answer = httpx.request(method, f"{site.sim.url}/_sim/{path}", json=body, params=params, trust_env=False)
    assert answer.status_code == 200, answer.text
    return answer


def test_other_people_act_over_the_control_path(site: Site) -> None:
    """Objects come, change with author and time, hide and go; nothing of it is in the request log."""
    jane = site.sim.access.add("jane@acme.example", "Jane").account_id
    [key] = _control(site, "POST", "objects/Laptop", [{"Name": "A", "Tags": ["x", "y"]}], by=jane).json()["keys"]
    _control(site, "POST", f"edit/{key}", {"Serial": "S1"}, by=jane, at="1800000000")
    [found] = _control(site, "GET", "objects", schema="ITAM").json()
    assert (found["type"], found["values"]["Tags"], found["values"]["Serial"]) == ("Laptop", ["x", "y"], ["S1"])
    event = _control(site, "GET", "history").json()[-1]
    assert (event["actor"], event["attribute"], event["new"], event["time"]) == (jane, "Serial", "S1", 1_800_000_000)
    _control(site, "POST", f"hide/{key}")
    assert site.found("objectType = Laptop") == []
    _control(site, "DELETE", f"objects/{key}")
    assert _control(site, "GET", "objects").json() == []
    assert ["ITAM", "Laptop", "Serial"] in _control(site, "GET", "structure").json()
    assert [one["method"] for one in _control(site, "GET", "log").json()] == ["POST"]


def test_other_people_work_on_issues_over_the_control_path(site: Site) -> None:
    """Fields, comments and transitions of somebody else; the state is there for auditors."""
    key = site.sim.issue(site.sim.project("ITS"), "A", by=site.sim.admin.account_id).key
    _control(site, "POST", f"issues/{key}", {"fields": {"summary": "B"}, "comment": "Hi", "transition": "Resolve"})
    [issue] = _control(site, "GET", "issues").json()

    assert (issue["status"], issue["values"]["summary"], issue["comments"][0]["text"]) == ("Resolved", "B", "Hi")


def test_bad_control_requests_are_told(site: Site) -> None:
    """An unknown object, type or value is 400, an unknown path 404."""
    url = f"{site.sim.url}/_sim"
    with httpx.Client(base_url=url, trust_env=False) as client:
        assert client.post("/edit/ITAM-9", json={}).status_code == 400
        assert client.post("/objects/Nothing", json=[]).status_code == 400
        assert client.post("/objects/Laptop", json=[{"Name": "A", "RAM": "x"}]).status_code == 400
        assert client.get("/nothing").status_code == 404


def test_rules_are_set_over_the_control_path(site: Site) -> None:
    """Limits, page sizes and refused attributes."""
    site.laptops({"Name": "A"}, {"Name": "B"}, {"Name": "C"})
    refuse = [{"type": "Laptop", "attribute": "Serial", "why": "no"}]
    _control(site, "POST", "config", {"aql_limit": 1, "retry_after": False, "max_page": 2, "refuse": refuse})

    assert len(site.aql("objectType = Laptop").json()["values"]) == 2
    assert site.aql("objectType = Laptop").status_code == 429
    assert site.update(1, Serial="x").status_code == 400


def test_limits_of_the_platform_say_why(site: Site) -> None:
    """Bursts are counted per endpoint and method, writes per issue; the headers are those of the documents."""
    site.sim.clock._frozen = True
    site.sim.burst_limit(2)
    answers = [site.site.get("/myself") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].headers["ratelimit-reason"] == "jira-burst-based"
    assert answers[-1].headers["x-ratelimit-reset"].endswith("Z") and int(answers[-1].headers["retry-after"]) >= 1
    assert site.site.get("/serverInfo").status_code == 200

    key = site.sim.issue(site.sim.project("ITS"), "A", by=site.sim.admin.account_id).key
    site.sim.issue_limit(1)
    edits = [site.site.put(f"/issue/{key}", json={"fields": {"summary": f"B{n}"}}) for n in range(2)]
    assert [edit.status_code for edit in edits] == [204, 429]
    assert edits[1].headers["ratelimit-reason"] == "jira-per-issue-on-write"
    site.sim.assets_limit(1)
    assert [site.http.get("/objectschema/list").status_code for _ in range(2)] == [200, 429]


def test_faults_have_the_vendors_form(site: Site) -> None:
    """Injected errors look like Jira's, with Retry-After where asked."""
    site.sim.faults.add("throttle", path="/object/aql", nth=1, retry_after=7)
    site.sim.faults.add("status", path="/object/aql", nth=2, status=503)
    first, second = site.aql("objectType = Laptop"), site.aql("objectType = Laptop")

    assert (first.status_code, first.headers["retry-after"], second.status_code) == (429, "7", 503)
    assert set(first.json()) == set(second.json()) == {"errorMessages", "errors"}


def test_a_write_may_have_happened_though_no_answer_came(site: Site) -> None:
    """A time-out after the commit leaves the object there; a look-up before the next try finds it."""
    site.sim.faults.add("timeout_after", path="/object/create", nth=1)
    with pytest.raises(httpx.RemoteProtocolError):
        site.create(Name="A", Hub_Key="k1")
    assert site.found('"Hub Key" = k1') == ["A"]
    assert site.create(Name="A", Hub_Key="k1").status_code == 400


def test_objects_drift_while_pages_are_read() -> None:
    """An object that comes before the present page moves the next one by one: without an order some are seen twice."""
    site = Site()
    site.laptops(*({"Name": f"N{n}"} for n in range(4)))
    site.sim.faults.add(
        "drift", path="/object/aql", nth=2, options={"insert": {"Laptop": [{"Name": "A"}]}, "delete": []}
    )
    pages = [site.aql("objectType = Laptop", startAt=at, maxResults=2).json() for at in (0, 2)]
    site.close()

    assert [value["label"] for page in pages for value in page["values"]] == ["N0", "N1", "N1", "N2"]


def test_it_runs_alone() -> None:
    """The module serves a filled schema and says where."""
    command = [sys.executable, "-m", "simulators.jira", "--seed", "3", "--devices", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        about = json.loads(process.stdout.readline())
        answer = httpx.get(f"{about['url']}/rest/servicedeskapi/assets/workspace", auth=HUB, trust_env=False)
        process.terminate()
    assert answer.json()["values"][0]["workspaceId"] == about["workspace"] and about["objects"] > 40
