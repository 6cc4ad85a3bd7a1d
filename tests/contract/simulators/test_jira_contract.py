"""Requests to the simulated Jira site and its answers against the vendor's specifications."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.contract.jira_contract import JiraContract
from tests.contract.simulators.jira_site import HUB, Site


def test_every_answer_of_assets_meets_the_specification(shared: Path) -> None:
    """Workspace, structure, objects, search, history, status and errors satisfy the OpenAPI documents."""
    site = Site(JiraContract(shared / "contracts"))
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
    assert http.get("/config/statustype").status_code == 200

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
    site.close()
