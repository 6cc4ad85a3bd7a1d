"""How the simulated Assets behaves: values, uniqueness, visibility, history, AQL, limits."""

from __future__ import annotations

import httpx
import pytest

from tests.contract.simulators.jira_site import HUB, Site

HOSTILE = [
    'a"b',
    "back\\slash",
    '" OR objectType = Person OR Name = "',
    "quote'",
    "(",
    ",",
    "AND",
    "ü ß 漢",
    "%_*",
    "a\nb",
]


def _errors(site: Site, answer: httpx.Response) -> dict[str, str]:
    """Show the errors of a refusal by attribute name."""
    assert answer.status_code == 400, answer.text
    names = {f"rlabs-insight-attribute-{a.id}": a.name for a in site.sim.store.attributes.values()}
    return {names.get(key, key): text for key, text in answer.json()["errors"].items()}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RAM", "much"), ("RAM", "3000000000"), ("Encrypted", "yes"), ("Price", "1,5"), ("Bought", "31.01.2026"),
        ("Seen", "yesterday"), ("Site", "Paris"), ("Status", "Active"), ("Status", "99"), ("Owner", "nobody"),
        ("Owner", "hub@acme.example"), ("Model", "ITAM-99"), ("Serial", "x" * 255), ("Serial", 5),
        ("Created", "2026-01-01"),
        ("Serial", ["a", "b"]), ("Tags", ["a", "a"]), ("Name", []),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_under_its_attribute(site: Site, name: str, value: object) -> None:
    """Wrong type, unknown option, person, status or object, too long, too many, none: 400, and nothing is written."""
    [obj] = site.laptops({"Name": "NB-1"})
    before = site.row(str(obj.id))

    assert set(_errors(site, site.update(obj.id, **{name: value}))) == {name}
    assert site.row(str(obj.id)) == before and site.sim.log.count(writes=True) == 0


def test_all_refused_attributes_are_named_at_once(site: Site) -> None:
    """An object with several bad values is refused with an error for each, and with those that are missing."""
    assert set(_errors(site, site.create(RAM="x", Site="Paris"))) == {"RAM", "Site", "Name"}


def test_an_attribute_of_another_type_is_refused(site: Site) -> None:
    """An attribute id the object type does not have is no attribute of the object."""
    foreign = str(site.sim.attribute(site.person, "Email").id)
    item = {"objectTypeAttributeId": foreign, "objectAttributeValues": [{"value": "a@b.c"}]}
    body = {"objectTypeId": str(site.laptop.id), "attributes": [*site.attributes(Name="NB"), item]}

    assert site.http.post("/object/create", json=body).status_code == 400


def test_a_reference_takes_objects_of_its_type_only(site: Site) -> None:
    """A person is no model."""
    [person] = site.sim.seed(site.person, [{"Name": "Jane"}])
    [model] = site.sim.seed(site.model, [{"Name": "X1"}])

    assert set(_errors(site, site.create(Name="NB", Model=person.key))) == {"Model"}
    made = site.create(Name="NB", Model=model.key)
    shown = site.http.get(f"/object/{made.json()['id']}").json()["attributes"]
    [value] = next(a["objectAttributeValues"] for a in shown if a["objectTypeAttributeId"] == site.id("Model"))
    assert (value["referencedObject"]["objectKey"], value["searchValue"]) == (model.key, model.key)


def test_a_unique_value_is_refused_even_where_its_holder_is_hidden(site: Site) -> None:
    """Uniqueness does not depend on what the caller sees, nor on case; an object may keep its own value."""
    [one, two] = site.laptops({"Name": "A", "Hub Key": "k1"}, {"Name": "B"})
    site.sim.hide(one.key)

    assert set(_errors(site, site.create(Name="C", Hub_Key="K1"))) == {"Hub Key"}
    assert set(_errors(site, site.update(two.id, Hub_Key="k1"))) == {"Hub Key"}
    assert site.update(two.id, Hub_Key="k2").status_code == site.update(two.id, Hub_Key="k2").status_code == 200


def test_an_attribute_with_equal_values_cannot_become_unique(site: Site) -> None:
    """What is there already has to fit."""
    site.laptops({"Name": "A", "Serial": "S1"}, {"Name": "B", "Serial": "s1"})
    path = f"/objecttypeattribute/{site.laptop.id}/{site.id('Serial')}"

    assert site.http.put(path, json={"uniqueAttribute": True}).status_code == 400
    site.update(1, Serial="S2")
    assert site.http.put(path, json={"uniqueAttribute": True}).json()["uniqueAttribute"] is True


def test_a_hidden_object_is_in_no_answer(site: Site) -> None:
    """Not by id, not in a search, not in a count; to others it is there."""
    [one, _two] = site.laptops({"Name": "A"}, {"Name": "B"})
    site.sim.hide(one.key)

    assert site.http.get(f"/object/{one.id}").status_code == 404
    assert site.update(one.id, Serial="x").status_code == 404
    assert site.found("objectType = Laptop") == ["B"]
    admin = httpx.get(f"{site.sim.assets_url}/object/{one.id}", auth=("admin@acme.example", "admin-token"))
    assert admin.status_code == 200


def test_an_update_leaves_other_attributes_alone_and_an_empty_list_clears(site: Site) -> None:
    """Only what is sent changes."""
    [obj] = site.laptops({"Name": "A", "Serial": "S1", "Tags": ["x", "y"], "RAM": "8"})

    site.update(obj.id, RAM="16", Tags=[])

    row = site.row(str(obj.id))
    assert (row["Serial"], row["RAM"], row.get("Tags")) == (["S1"], ["16"], None)


def test_history_says_who_changed_what_and_when(site: Site) -> None:
    """The last writer wins; each change is an entry, an update that changes nothing is none."""
    jane = site.sim.access.add("jane@acme.example", "Jane Doe")
    [obj] = site.laptops({"Name": "A", "Serial": "S1"})
    site.sim.edit(obj.key, {"Serial": "S2"}, by=jane.account_id, at=1_800_000_000)
    site.update(obj.id, Serial="S3", RAM="8")
    site.update(obj.id, Serial="S3")

    entries = site.http.get(f"/object/{obj.id}/history", params={"asc": "true"}).json()
    told = [
        (e["actor"]["displayName"], e.get("affectedAttribute"), e.get("oldValue"), e.get("newValue")) for e in entries
    ]
    assert told == [
        ("Site Admin", None, None, None), ("Jane Doe", "Serial", "S1", "S2"), ("Hub", "Serial", "S2", "S3"),
        ("Hub", "RAM", None, "8"),
    ]  # fmt: skip
    assert entries[1]["created"] == "2027-01-15T08:00:00.000Z"
    assert site.sim.log.count(writes=True) == 1
    newest = site.http.get(f"/object/{obj.id}/history").json()
    assert newest == entries[::-1]


def test_dates_are_shown_for_people_beside_their_value(site: Site) -> None:
    """`displayValue` follows the user's settings, `value` is ISO 8601."""
    made = site.create(Name="A", Bought="2026-01-31", Seen="2026-11-20T10:00:00+02:00")
    shown = site.http.get(f"/object/{made.json()['id']}").json()["attributes"]
    values = {a["objectTypeAttributeId"]: a["objectAttributeValues"][0] for a in shown}

    assert (values[site.id("Bought")]["value"], values[site.id("Bought")]["displayValue"]) == (
        "2026-01-31",
        "31/Jan/26",
    )
    assert values[site.id("Seen")]["value"] == "2026-11-20T08:00:00.000Z"
    assert values[site.id("Seen")]["displayValue"] == "20/Nov/26 8:00 AM"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("objectType = Laptop", ["A", "B", "C"]), ("objectType = laptop and Serial = s1", ["A"]),
        ("Serial == s1", []), ('Serial IN (S1, "S 2")', ["A", "B"]), ("Serial NOT IN (S1)", ["B", "C"]),
        ('Serial LIKE "2"', ["B"]), ("Serial is EMPTY AND objectType = Laptop", ["C"]),
        ("Serial is not empty", ["A", "B"]), ('"Hub Key" = k1 OR Name = C', ["A", "C"]),
        ("objectType = Laptop AND NOT (Name = A OR Name = B)", ["C"]), ("RAM >= 16", ["B"]), ("RAM < 16", ["A"]),
        ("Name startsWith A", ["A"]), ('Model.Name = "X1"', ["A"]), ('Model = "X1"', ["A"]), ("Model = ITAM-1", ["A"]),
        ("Owner = Jane", ["A"]), ("Status = active", ["A"]), ("objectId = 3", ["A"]),
        ("Key IN (ITAM-3, ITAM-4)", ["A", "B"]),
        ('objectSchema = "IT assets" AND objectType IN (Laptop, Person)', ["A", "B", "C"]),
        ("objectType = Nothing", []), ("objectType = Laptop ORDER BY Name DESC", ["C", "B", "A"]),
        ("objectType = Laptop order by RAM desc, Name", ["C", "B", "A"]),
        ('Updated > "2020-01-01 10:00"', ["A", "B", "C", "X1", "X2"]),
        ('objectType in objectTypeAndChildren("Laptop")', ["A", "B", "C"]), ("anyAttribute = k1", ["A"]),
        ("label = B", ["B"]),
    ],
)  # fmt: skip
def test_aql_finds(site: Site, query: str, found: list[str]) -> None:
    """The documented operators, keywords, references, people, status and order."""
    jane = site.sim.access.add("jane@acme.example", "Jane")
    site.sim.seed(site.model, [{"Name": "X1"}, {"Name": "X2"}])
    site.laptops(
        {"Name": "A", "Serial": "S1", "Hub Key": "k1", "RAM": "8", "Model": "ITAM-1", "Owner": jane.account_id,
         "Status": "2"},
        {"Name": "B", "Serial": "S 2", "RAM": "16", "Model": "ITAM-2"},
        {"Name": "C"},
    )  # fmt: skip

    assert site.found(query) == found


@pytest.mark.parametrize(
    "query",
    [
        'Serial = "open', "Serial = ", "= x", "Serial x", "Nonsense = 1", "Serial = a b", "Serial IN a", "Serial IN (a",
        "(Serial = a", "Serial = a)", "Serial = a\\b", "objectType LIKE Lap", 'Serial = "a\\z"', "Serial = now()",
        "Model.Nonsense = 1", "ORDER Name", "Name = A AND", "." , 'Serial = "a" "b"',
    ],
)  # fmt: skip
def test_malformed_aql_is_refused(site: Site, query: str) -> None:
    """Quotes, brackets, operators, unknown attributes and functions: 400 in the vendor's form."""
    answer = site.aql(query)

    assert answer.status_code == 400
    assert answer.json()["errors"] == {} and len(answer.json()["errorMessages"]) == 1


@pytest.mark.parametrize("value", HOSTILE)
def test_an_escaped_value_finds_itself_and_nothing_else(site: Site, value: str) -> None:
    r"""`"` and `\` escaped by `\` inside quotes keep a value a value."""
    site.laptops({"Name": "mine", "Serial": value}, {"Name": "other", "Serial": "other"})
    site.sim.seed(site.person, [{"Name": "Jane"}])
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')

    assert site.found(f'Serial = "{escaped}"') == ["mine"]


def test_a_type_leaves_out_its_children(site: Site) -> None:
    """`objectType = X` finds objects of X only; children inherit attributes of a parent that passes them on."""
    parent = site.sim.type(site.schema, "Asset", {"Tag": {}}, inherited=True)
    child = site.sim.type(site.schema, "Phone", {"IMEI": {}}, parent=parent.id)
    site.sim.seed(parent, [{"Name": "P", "Tag": "1"}])
    site.sim.seed(child, [{"Name": "C", "Tag": "1", "IMEI": "3"}])

    assert site.found("objectType = Asset") == ["P"]
    assert site.found('objectType IN objectTypeAndChildren("Asset")') == ["C", "P"]
    names = [a["name"] for a in site.http.get(f"/objecttype/{child.id}/attributes").json()]
    assert names == ["Key", "Name", "Created", "Updated", "Tag", "IMEI"]


def test_pages_end_with_the_last_flag_and_the_total_is_capped(site: Site) -> None:
    """A page may hold fewer than asked for; only `isLast` says that it is the last."""
    site.laptops(*({"Name": f"N{n:03d}"} for n in range(30)))
    site.sim.max_page, site.sim.total_cap = 10, 20

    pages = [site.aql("objectType = Laptop", startAt=at, maxResults=100).json() for at in (0, 10, 20)]

    assert [len(page["values"]) for page in pages] == [10, 10, 10]
    assert [page["isLast"] for page in pages] == [page["last"] for page in pages] == [False, False, True]
    assert {page["total"] for page in pages} == {20}
    assert len(site.aql("objectType = Laptop").json()["values"]) == 10
    bare = site.aql("objectType = Laptop", includeAttributes="false").json()
    assert "attributes" not in bare["values"][0] and bare["objectTypeAttributes"] == []


def test_aql_is_limited_per_minute(site: Site) -> None:
    """More than allowed: 429, with or without Retry-After; a minute later it goes on. Others are not counted."""
    site.sim.clock._frozen = True
    site.sim.rate_limit(aql=2)
    assert [site.aql("objectType = Laptop").status_code for _ in range(3)] == [200, 200, 429]
    refused = site.aql("objectType = Laptop")
    assert 0 < int(refused.headers["retry-after"]) <= 61 and refused.json()["errorMessages"]
    assert site.http.get("/objectschema/list").status_code == 200
    site.sim.clock.advance(61)
    assert site.aql("objectType = Laptop").status_code == 200
    site.sim.rate_limit(aql=0, retry_after=False)
    assert "retry-after" not in site.aql("objectType = Laptop").headers


def test_refused_attributes_and_roles(site: Site) -> None:
    """An attribute refused to an account, a reader who may not write, a writer who may not change the structure."""
    site.sim.refuse(site.sim.attribute(site.laptop, "Serial"), "Serial: invalid due to restrictions")
    assert set(_errors(site, site.create(Name="A", Serial="S"))) == {"Serial"}

    for name, role in (("reader", "assets-user"), ("writer", "assets-developer"), ("nobody", "agent")):
        site.sim.access.add(f"{name}@acme.example", name, token="t", roles={role})
    body = {"objectTypeId": str(site.laptop.id), "attributes": site.attributes(Name="A")}
    kind = {"name": "T", "iconId": "1", "objectSchemaId": "1"}
    told = {}
    for name in ("reader", "writer", "nobody"):
        with httpx.Client(base_url=site.sim.assets_url, auth=(f"{name}@acme.example", "t"), trust_env=False) as client:
            told[name] = (
                client.get("/objectschema/list").status_code, client.post("/object/create", json=body).status_code,
                client.post("/objecttype/create", json=kind).status_code,
            )  # fmt: skip
    assert told == {"reader": (200, 403, 403), "writer": (200, 201, 403), "nobody": (403, 403, 403)}


def test_a_deleted_object_leaves_references_empty(site: Site) -> None:
    """Nothing points to what is gone; its number is not used again."""
    [model] = site.sim.seed(site.model, [{"Name": "X1"}])
    [obj] = site.laptops({"Name": "A", "Model": model.key})

    assert site.http.delete(f"/object/{model.id}").status_code == 200
    assert "Model" not in site.row(str(obj.id))
    assert site.http.get(f"/object/{model.id}").status_code == 404
    assert int(site.create(Name="B").json()["id"]) > obj.id


def test_bearer_tokens_expire_and_need_scopes(site: Site) -> None:
    """Client credentials give a token; without the scope of an operation the gateway refuses it."""
    site.sim.access.add_client("narrow", "secret", HUB[0], ["read:cmdb-object:jira"])
    body = {"grant_type": "client_credentials", "client_id": "narrow", "client_secret": "secret"}
    token = httpx.post(f"{site.sim.url}/oauth/token", json=body).json()["access_token"]
    url = f"{site.sim.url}/ex/jira/{site.sim.cloud_id}/jsm/assets/workspace/{site.sim.store.workspace}/v1"
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, trust_env=False) as client:
        assert client.post("/object/aql", json={"qlQuery": "objectType = Laptop"}).status_code == 200
        refused = client.get("/objectschema/list")
        assert refused.status_code == 401 and "scope" in refused.text
        site.sim.access.expire_tokens()
        assert client.post("/object/aql", json={"qlQuery": "objectType = Laptop"}).status_code == 401


def test_what_is_not_documented_is_refused(site: Site) -> None:
    """Unknown paths, methods, workspaces, ids and bodies get the vendor's error."""
    assert site.http.get("/object/1/nonsense").status_code == 404
    assert site.http.patch("/object/1").status_code == 404
    other = site.sim.assets_url.replace(site.sim.store.workspace, "other")
    assert httpx.get(f"{other}/objectschema/list", auth=HUB).status_code == 404
    assert site.http.get("/object/ABC").status_code == 404
    assert site.http.post("/object/aql", content=b"{").status_code == 400
    assert site.http.post("/object/aql", json={"qlQuery": "Name = A", "startAt": 0}).status_code == 400
    assert site.http.post("/object/aql", json={"iql": "Name = A"}).status_code == 400
    assert site.http.get("/iql/objects").status_code == 404
