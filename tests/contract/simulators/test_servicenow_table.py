"""The simulated Table API keeps what the vendor's documents say, seen through HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from simulators.servicenow import ServiceNow

JSON = {"Accept": "application/json", "Content-Type": "application/json"}


@pytest.fixture
def sim() -> Iterator[ServiceNow]:
    with ServiceNow(seed=1, start="2026-11-22 08:00:00", frozen=True, validate=True) as instance:
        yield instance


@pytest.fixture
def client(sim: ServiceNow) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sim.url, auth=("hub", "hub-password"), headers=JSON, trust_env=False) as http:
        yield http


def rows(client: httpx.Client, table: str, **params: str) -> list[dict[str, Any]]:
    response = client.get(f"/api/now/table/{table}", params=params)
    assert response.status_code == 200, response.text
    return list(response.json()["result"])


def test_values_are_strings_and_references_carry_link_and_value(sim: ServiceNow, client: httpx.Client) -> None:
    """All values are strings, references objects, empty ones empty strings."""
    [user] = sim.seed("sys_user", [{"user_name": "a.b", "first_name": "A", "last_name": "B"}])
    [ci] = sim.seed("cmdb_ci_computer", [{"name": "pc", "assigned_to": user, "ram": 8192, "virtual": True}])
    [row] = rows(client, "cmdb_ci_computer")
    assert row["assigned_to"] == {"link": f"{sim.url}/api/now/table/sys_user/{user}", "value": user}
    assert (row["ram"], row["virtual"], row["location"], row["skip_sync"]) == ("8192", "true", "", "false")
    assert row["sys_id"] == ci
    assert row["sys_class_name"] == "cmdb_ci_computer"


def test_display_values_and_excluded_links(sim: ServiceNow, client: httpx.Client) -> None:
    """The three display modes and the bare form of references."""
    [user] = sim.seed("sys_user", [{"user_name": "a.b", "first_name": "A", "last_name": "B"}])
    sim.seed("alm_hardware", [{"assigned_to": user, "install_status": "6", "cost": "1599.99"}])
    fields = "assigned_to,install_status,cost,sys_class_name"
    [shown] = rows(client, "alm_hardware", sysparm_fields=fields, sysparm_display_value="true")
    assert shown == {
        "assigned_to": {"display_value": "A B", "link": f"{sim.url}/api/now/table/sys_user/{user}"},
        "install_status": "In stock",
        "cost": "$1,599.99",
        "sys_class_name": "Hardware",
    }
    [both] = rows(client, "alm_hardware", sysparm_fields="assigned_to,install_status", sysparm_display_value="all")
    assert both["install_status"] == {"display_value": "In stock", "value": "6"}
    assert set(both["assigned_to"]) == {"display_value", "value", "link"}
    [bare] = rows(client, "alm_hardware", sysparm_fields="assigned_to", sysparm_exclude_reference_link="true")
    assert bare == {"assigned_to": user}


def test_dot_walking_gives_flat_keys(sim: ServiceNow, client: httpx.Client) -> None:
    """Dot-walked fields come back flat; unknown fields are ignored."""
    [user] = sim.seed("sys_user", [{"user_name": "a.b", "email": "a@example.com"}])
    sim.seed("cmdb_ci_computer", [{"name": "pc", "assigned_to": user}, {"name": "other"}])
    found = rows(
        client,
        "cmdb_ci_computer",
        sysparm_query="assigned_to.user_name=a.b",
        sysparm_fields="name,assigned_to.email,nonsense",
    )
    assert found == [{"name": "pc", "assigned_to.email": "a@example.com"}]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("name=alpha", ["alpha"]),
        ("name!=alpha^ORDERBYname", ["be^ta", "gamma,1", "zeta"]),
        ("nameINalpha,zeta^ORDERBYDESCname", ["zeta", "alpha"]),
        ("nameLIKEet", ["zeta"]),
        ("name=be^^ta", ["be^ta"]),
        ("name=be^ta", []),
        ("nameSTARTSWITHga", ["gamma,1"]),
        ("nameENDSWITHta^ORDERBYname", ["be^ta", "zeta"]),
        ("serial_numberISEMPTY", ["zeta"]),
        ("serial_numberISNOTEMPTY^ORDERBYname", ["alpha", "be^ta", "gamma,1"]),
        ("serial_number=S1^ORserial_number=S2^name!=alpha", ["be^ta"]),
        ("name=alpha^NQname=zeta", ["alpha", "zeta"]),
        ("ram>1000", ["be^ta"]),
        ("ram<=900^ORDERBYram", ["alpha"]),
        ("ramBETWEEN800@10000^ORDERBYDESCram", ["be^ta", "alpha"]),
        ("sys_class_nameINSTANCEOFcmdb_ci_server", ["zeta"]),
        ("serial_nmber=S1^ORDERBYname", ["alpha", "be^ta", "gamma,1", "zeta"]),
        ("virtual=false^name=alpha", ["alpha"]),
    ],
)
def test_encoded_queries(sim: ServiceNow, client: httpx.Client, query: str, names: list[str]) -> None:
    """Operators, escaping, order, and an invalid field that silently selects everything."""
    sim.seed(
        "cmdb_ci_computer",
        [
            {"name": "alpha", "serial_number": "S1", "ram": "900"},
            {"name": "be^ta", "serial_number": "S2", "ram": "8192"},
            {"name": "gamma,1", "serial_number": "S3"},
            {"name": "zeta", "sys_class_name": "cmdb_ci_linux_server"},
        ],
    )
    assert [row["name"] for row in rows(client, "cmdb_ci_computer", sysparm_query=query)] == names


def test_invalid_query_can_be_made_to_return_nothing(sim: ServiceNow, client: httpx.Client) -> None:
    """The property glide.invalid_query.returns_no_rows turns the silent whole table into none."""
    sim.seed("cmdb_ci_computer", [{"name": "alpha"}])
    sim.set_property("glide.invalid_query.returns_no_rows", "true")
    assert rows(client, "cmdb_ci_computer", sysparm_query="nonsense=1") == []


def test_scripts_in_queries_are_refused(client: httpx.Client) -> None:
    """What is documented but not simulated is an error, not an answer."""
    response = client.get("/api/now/table/incident", params={"sysparm_query": "caller_id=javascript:gs.getUserID()"})
    assert response.status_code == 400


def test_pages_carry_total_and_links(sim: ServiceNow, client: httpx.Client) -> None:
    """X-Total-Count and the four relations; suppressed on request; no count on request."""
    sim.seed("cmdb_ci_computer", [{"name": f"pc{n:02d}"} for n in range(25)])
    path = "/api/now/table/cmdb_ci_computer?sysparm_limit=10&sysparm_offset=10&sysparm_query=ORDERBYname"
    response = client.get(path)
    assert response.headers["X-Total-Count"] == "25"
    links = {part.split(";")[1]: part.split(";")[0].strip("<>") for part in response.headers["Link"].split(",<")}
    assert set(links) == {'rel="first"', 'rel="prev"', 'rel="next"', 'rel="last"'}
    last = client.get(links['rel="last"'])
    assert [row["name"] for row in last.json()["result"]] == [f"pc{n}" for n in range(20, 25)]
    assert 'rel="next"' not in last.headers["Link"]
    quiet = client.get(path + "&sysparm_suppress_pagination_header=true&sysparm_no_count=true")
    assert "Link" not in quiet.headers
    assert "X-Total-Count" not in quiet.headers


def test_limit_is_applied_before_acls(sim: ServiceNow, client: httpx.Client) -> None:
    """Hidden rows make short and empty pages while more rows follow; one of them is 404."""
    ids = sim.seed("cmdb_ci_computer", [{"name": f"pc{n}"} for n in range(6)])
    sim.deny("read", "cmdb_ci_computer", rows=ids[:3])
    pages = [rows(client, "cmdb_ci_computer", sysparm_limit="2", sysparm_offset=str(n)) for n in (0, 2, 4)]
    assert [len(page) for page in pages] == [0, 1, 2]
    assert client.get(f"/api/now/table/cmdb_ci/{ids[0]}").status_code == 404
    assert client.get(f"/api/now/table/cmdb_ci/{ids[5]}").status_code == 200


def test_hidden_fields_are_left_out_and_protected_ones_dropped(sim: ServiceNow, client: httpx.Client) -> None:
    """A field without read access is missing, one without write access silently not written, a loud one 403."""
    [ci] = sim.seed("cmdb_ci_computer", [{"name": "pc", "cost": "5"}])
    sim.deny("read", "cmdb_ci", "cost")
    sim.deny("write", "cmdb_ci", "serial_number")
    sim.deny("write", "cmdb_ci", "asset_tag", loud=True)
    assert "cost" not in rows(client, "cmdb_ci_computer")[0]
    response = client.patch(f"/api/now/table/cmdb_ci_computer/{ci}", json={"serial_number": "X", "ram": 1})
    assert response.status_code == 200
    assert (response.json()["result"]["serial_number"], response.json()["result"]["ram"]) == ("", "1")
    refused = client.patch(f"/api/now/table/cmdb_ci_computer/{ci}", json={"asset_tag": "X"})
    assert refused.status_code == 403
    assert refused.json()["status"] == "failure"


def test_writes_stamp_the_record(sim: ServiceNow, client: httpx.Client) -> None:
    """Create and change count versions; sys_ fields cannot be written; no change moves no stamp."""
    created = client.post("/api/now/table/core_company", json={"name": "Dell", "sys_created_by": "x", "odd": 1})
    assert created.status_code == 201
    record = created.json()["result"]
    assert created.headers["Location"].endswith(record["sys_id"])
    assert (record["sys_created_by"], record["sys_mod_count"]) == ("hub", "0")
    sim.clock.advance(61)
    path = f"/api/now/table/core_company/{record['sys_id']}"
    same = client.patch(path, json={"name": "Dell"}).json()["result"]
    assert same["sys_mod_count"] == "0"
    changed = client.put(path, json={"city": "Austin", "sys_mod_count": "77"}).json()["result"]
    assert (changed["sys_mod_count"], changed["sys_updated_on"]) == ("1", "2026-11-22 08:01:01")
    assert changed["name"] == "Dell"
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert [entry.writes for entry in sim.log.entries] == [1, 0, 1, 1, 0]


def test_empty_values_clear_all_but_choices(sim: ServiceNow, client: httpx.Client) -> None:
    """An empty value clears a field, except a choice."""
    [ci] = sim.seed("cmdb_ci_computer", [{"name": "pc", "asset_tag": "T", "install_status": "1"}])
    body = {"asset_tag": "", "install_status": ""}
    result = client.patch(f"/api/now/table/cmdb_ci_computer/{ci}", json=body).json()["result"]
    assert (result["asset_tag"], result["install_status"]) == ("", "1")


def test_display_values_as_input(sim: ServiceNow, client: httpx.Client) -> None:
    """Names of referenced records, labels of choices and local times are understood on request."""
    sim.access.users["hub"].zone = "Europe/Berlin"
    sim.seed("cmn_location", [{"name": "Berlin"}])
    body = {"location": "Berlin", "install_status": "In stock", "delivery_date": "2026-07-01 12:00:00"}
    created = client.post("/api/now/table/alm_hardware?sysparm_input_display_value=true", json=body).json()["result"]
    assert created["location"]["value"] == sim.dump("cmn_location")[0]["sys_id"]
    assert (created["install_status"], created["delivery_date"]) == ("6", "2026-07-01 10:00:00")


def test_refusals(sim: ServiceNow, client: httpx.Client) -> None:
    """Status and envelope of the documented refusals."""
    sim.data_policy("incident", ["caller_id"])
    sim.business_rule("core_company", lambda row: row.get("name") == "Evil", "No evil")
    sim.seed("sys_user", [{"user_name": "taken"}])
    cases = [
        (client.get("/api/now/table/nonsense"), 400),
        (client.get("/api/now/nonsense"), 400),
        (client.get("/api/now/table/incident/" + "0" * 32), 404),
        (client.get("/api/now/v1/table/incident"), 404),
        (client.get("/api/now/v2/table/incident"), 200),
        (client.get("/api/now/table/incident?sysparm_offset=-1"), 400),
        (client.post("/api/now/table/incident", json={"short_description": "x"}), 403),
        (client.post("/api/now/table/core_company", json={"name": "Evil"}), 403),
        (client.post("/api/now/table/sys_user", json={"user_name": "taken"}), 403),
        (client.post("/api/now/table/incident", content=b"{"), 400),
        (client.post("/api/now/table/incident", content=b"x=1", headers={"Content-Type": "text/plain"}), 415),
        (client.post("/api/now/table/incident", content=b" " * (10 * 1024 * 1024 + 1)), 400),
        (httpx.get(sim.url + "/api/now/table/incident"), 401),
        (httpx.get(sim.url + "/api/now/table/incident", auth=("hub", "wrong")), 401),
        (client.patch("/api/now/table/incident", json={}), 405),
        (client.get("/api/now/table/incident", headers={"Accept": "application/xml"}), 406),
    ]
    assert [response.status_code for response, _ in cases] == [status for _, status in cases]
    for response, status in cases:
        if status >= 400 and response.request.url.path != "/api/now/v1/table/incident":
            assert set(response.json()) == {"error", "status"}
            assert set(response.json()["error"]) == {"message", "detail"}


def test_missing_data_format_headers_are_refused(sim: ServiceNow) -> None:
    """Accept is needed always, Content-Type for every write."""
    with httpx.Client(base_url=sim.url, auth=("hub", "hub-password"), trust_env=False) as bare:
        bare.headers.clear()
        assert bare.get("/api/now/table/incident").status_code == 400
        posted = bare.post("/api/now/table/incident", content=b"{}", headers={"Accept": "application/json"})
        assert posted.status_code == 400


def test_parent_tables_show_children_by_class(sim: ServiceNow, client: httpx.Client) -> None:
    """A query of a parent table returns its children with their class and only the parent's fields."""
    sim.seed("cmdb_ci_linux_server", [{"name": "srv", "kernel_release": "6.1"}])
    sim.seed("cmdb_ci_printer", [{"name": "prn"}])
    found = rows(client, "cmdb_ci_hardware", sysparm_query="ORDERBYname")
    assert [(row["name"], row["sys_class_name"]) for row in found] == [
        ("prn", "cmdb_ci_printer"),
        ("srv", "cmdb_ci_linux_server"),
    ]
    assert "kernel_release" not in found[0]
    assert rows(client, "cmdb_ci_server", sysparm_query="name=prn") == []


def test_identity_of_the_instance(sim: ServiceNow, client: httpx.Client) -> None:
    """sys_properties tells which instance answers."""
    [row] = rows(client, "sys_properties", sysparm_query="name=instance_name", sysparm_fields="value")
    assert row == {"value": "synchub-sim"}


def test_oauth_and_api_key(sim: ServiceNow) -> None:
    """Tokens by form, expiry, refusal, and the API key header."""
    form = {"grant_type": "client_credentials", "client_id": "hub-client", "client_secret": "hub-client-secret"}
    token = httpx.post(sim.url + "/oauth_token.do", data=form).json()
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 1799)
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    url = sim.url + "/api/now/table/incident"
    assert httpx.get(url, headers=headers).status_code == 200
    sim.clock.advance(1800)
    assert httpx.get(url, headers=headers).status_code == 401
    assert httpx.get(url, headers={"x-sn-apikey": "hub-api-key"}).status_code == 200
    assert httpx.post(sim.url + "/oauth_token.do", data={**form, "client_secret": "no"}).status_code == 401


def test_rate_limit_headers_and_refusal(sim: ServiceNow, client: httpx.Client) -> None:
    """Headers on every answer of a limited resource; the refusal carries Retry-After and the documented body."""
    sim.rate_limit(2, lag=0)
    answers = [client.get("/api/now/table/incident") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["X-RateLimit-Limit"] == "2"
    assert "Retry-After" not in answers[0].headers
    assert int(answers[2].headers["Retry-After"]) > 0
    assert answers[2].json()["error"]["message"] == "Rate limit exceeded"
    assert answers[2].json()["status"] == "failure"
    assert int(answers[2].headers["X-RateLimit-Reset"]) > sim.clock.now()


def test_other_peoples_edits_are_in_the_audit(sim: ServiceNow, client: httpx.Client) -> None:
    """An edit by somebody else can be read with field, both values, author and time."""
    [ci] = sim.seed("cmdb_ci_computer", [{"name": "pc", "sys_mod_count": "3"}])
    sim.edit("cmdb_ci_computer", ci, {"name": "renamed"}, user="jane.doe")
    [entry] = rows(client, "sys_audit", sysparm_query=f"documentkey={ci}")
    assert (entry["fieldname"], entry["oldvalue"], entry["newvalue"]) == ("name", "pc", "renamed")
    assert (entry["user"], entry["record_checkpoint"]) == ("jane.doe", "4")


def test_count_by_aggregate_and_tiny_url(sim: ServiceNow, client: httpx.Client) -> None:
    """Counting and long queries."""
    sim.seed("cmdb_ci_computer", [{"name": f"pc{n}"} for n in range(7)])
    stats = client.get("/api/now/stats/cmdb_ci_computer", params={"sysparm_count": "true"}).json()
    assert stats == {"result": {"stats": {"count": "7"}}}
    long = "nameIN" + ",".join(f"pc{n}" for n in range(3))
    url = f"api/now/table/cmdb_ci_computer?sysparm_query={long}"
    tiny = client.post("/api/now/tinyurl", json={"url": url}).json()["result"]
    assert len(client.get("/" + tiny).json()["result"]) == 3


def test_order_is_not_promised_without_orderby(sim: ServiceNow, client: httpx.Client) -> None:
    """On request rows without ORDERBY come in another order each time; with it they do not."""
    sim.seed("cmdb_ci_computer", [{"name": f"pc{n:02d}"} for n in range(20)])
    sim.unordered = True
    loose = [[row["name"] for row in rows(client, "cmdb_ci_computer")] for _ in range(2)]
    assert loose[0] != loose[1]
    fixed = [row["name"] for row in rows(client, "cmdb_ci_computer", sysparm_query="ORDERBYname")]
    assert fixed == sorted(loose[0])


def test_an_oauth_client_without_scope_is_refused(sim: ServiceNow, client: httpx.Client) -> None:
    """A securely scoped client gets 403 although its user may, and is told it is logged in."""
    sim.oauth_blocked.add(("table", "GET"))
    form = {"grant_type": "client_credentials", "client_id": "hub-client", "client_secret": "hub-client-secret"}
    token = httpx.post(sim.url + "/oauth_token.do", data=form).json()["access_token"]
    answer = httpx.get(sim.url + "/api/now/table/incident", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.headers["X-Is-Logged-In"]) == (403, "true")
    assert answer.json()["error"]["detail"] == "Access to unscoped api is not allowed"
    assert client.get("/api/now/table/incident").status_code == 200


def test_a_wrong_clock_shows_in_header_and_stamps(sim: ServiceNow, client: httpx.Client) -> None:
    """Clock skew of the instance reaches the Date header and what it writes."""
    sim.set_skew(-120)
    created = client.post("/api/now/table/core_company", json={"name": "Dell"})
    assert created.headers["Date"] == "Sun, 22 Nov 2026 07:58:00 GMT"
    assert created.json()["result"]["sys_created_on"] == "2026-11-22 07:58:00"
