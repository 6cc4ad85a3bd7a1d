"""Users of the simulated Graph."""

from __future__ import annotations

from tests.contract.simulators.conftest import Serve
from tests.contract.simulators.graph import ids, user

USERS = "/v1.0/users"


def test_default_properties_are_eleven(serve: Serve) -> None:
    """Without $select a user shows the documented set only."""
    found = serve(1).get(USERS).json()["value"][0]

    assert len(found) == 11
    assert "accountEnabled" not in found and "department" not in found


def test_select_shows_exactly_what_is_asked(serve: Serve) -> None:
    """$select replaces the default set."""
    found = serve(1).get(USERS, select="id,accountEnabled,employeeId").json()["value"][0]

    assert found == {"id": "u-0000", "accountEnabled": True, "employeeId": None}


def test_pages_of_a_hundred(serve: Serve) -> None:
    """The default page holds 100 users; $top goes to 999."""
    graph = serve(1, users=250)

    assert [len(page["value"]) for page in graph.pages(USERS)] == [100, 100, 50]
    assert ids(graph.pages(USERS, top="999")) == [user(n)["id"] for n in range(250)]
    assert graph.get(USERS, top="1000").status_code == 400


def test_user_by_id_and_by_name(serve: Serve) -> None:
    """A user is found by id and by user principal name."""
    graph = serve(3)

    assert graph.get(f"{USERS}/u-0002").json()["mail"] == "user2@corp.example"
    assert graph.get(f"{USERS}/USER1@corp.example").json()["id"] == "u-0001"
    assert graph.get(f"{USERS}/nobody").json()["error"]["code"] == "Request_ResourceNotFound"


def test_count_needs_consistency_level(serve: Serve) -> None:
    """Users are counted only with `ConsistencyLevel: eventual`."""
    graph = serve(4)
    counted = graph.http.get(USERS, params={"$count": "true"}, headers={"ConsistencyLevel": "eventual"}).json()

    assert "@odata.count" not in graph.get(USERS, count="true").json()
    assert counted["@odata.count"] == 4


def test_filter_by_name(serve: Serve) -> None:
    """Equality and startswith select users; a quote in a value is written twice."""
    graph = serve(12)

    assert ids([graph.get(USERS, filter="mail eq 'user7@corp.example'").json()]) == ["u-0007"]
    assert ids([graph.get(USERS, filter="startswith(displayName,'User 1')").json()]) == ["u-0001", "u-0010", "u-0011"]
    assert graph.get(USERS, filter="mail eq 'o''brien@corp.example'").json()["value"] == []
    assert graph.get(USERS, filter="accountEnabled eq false").json()["value"] == []
