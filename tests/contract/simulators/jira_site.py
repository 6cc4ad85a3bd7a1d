"""A served Jira site with a small Assets schema, for tests of the simulator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from simulators.http import Check, Server
from simulators.jira import Jira
from simulators.jira.control import Control
from simulators.jira.errors import injected
from simulators.jira.store import Obj

HUB = ("hub@acme.example", "hub-token")


def document(text: str) -> dict[str, Any]:
    """Make an Atlassian document of one paragraph."""
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
    return {"type": "doc", "version": 1, "content": [paragraph]}


def clients(sim: Jira) -> tuple[httpx.Client, httpx.Client]:
    """Make the hub's clients of Assets and of the platform."""
    return (
        httpx.Client(base_url=sim.assets_url, auth=HUB, trust_env=False, timeout=10),
        httpx.Client(base_url=f"{sim.url}/rest/api/3", auth=HUB, trust_env=False, timeout=10),
    )


class Stage:
    """One server for many sites, since starting one takes longer than a test."""

    def __init__(self) -> None:
        self.sim = Jira(seed=1)
        self.server = Server(
            lambda request: self.sim.handle(request),
            control=lambda request: Control(self.sim).handle(request),
            error=injected,
        ).start()
        self.sim.server = self.server
        self.http, self.site = clients(self.sim)  # sites of one seed have one workspace id

    def close(self) -> None:
        """Stop."""
        self.http.close()
        self.site.close()
        self.server.stop()

    def put_on(self, sim: Jira) -> Jira:
        """Let a site answer, with an empty log and no faults."""
        self.sim, sim.server = sim, self.server
        self.server.faults.clear()
        self.server.log.clear()
        return sim


class Site:
    """What a client sees of a site: schema ITAM with Laptop (and its kinds of attributes), Person, Model.

    Args:
        checks: Contract validators.
        stage: Where it answers; a server of its own when not given.
    """

    def __init__(self, *checks: Check, stage: Stage | None = None, **options: Any) -> None:
        self._alone = stage is None
        sim = Jira(seed=1, checks=checks, **options)
        self.sim = stage.put_on(sim) if stage else sim.start()
        self.schema = self.sim.schema("IT assets", "ITAM")
        self.person = self.sim.type(self.schema, "Person", {"Email": {"default_type": 8}})
        self.model = self.sim.type(self.schema, "Model", {})
        self.laptop = self.sim.type(
            self.schema,
            "Laptop",
            {
                "Serial": {}, "Hub Key": {"unique": True}, "RAM": {"default_type": 1},
                "Encrypted": {"default_type": 2}, "Price": {"default_type": 3}, "Bought": {"default_type": 4},
                "Seen": {"default_type": 6}, "Note": {"default_type": 9},
                "Site": {"default_type": 10, "options": "Berlin,Oslo"}, "Tags": {"most": -1},
                "Owner": {"kind": 2}, "Status": {"kind": 7},
                "Model": {"kind": 1, "target": self.model.id, "reference_type": "1"},
            },
        )  # fmt: skip
        self.http, self.site = (stage.http, stage.site) if stage else clients(self.sim)

    def close(self) -> None:
        """Stop, if it is alone."""
        if self._alone:
            self.http.close()
            self.site.close()
            self.sim.stop()

    def id(self, name: str) -> str:
        """Return the id of an attribute of Laptop."""
        return str(self.sim.attribute(self.laptop, name).id)

    def attributes(self, **values: object) -> list[dict[str, Any]]:
        """Write attributes as a client sends them; `Hub_Key` stands for "Hub Key"."""
        found = []
        for name, value in values.items():
            texts = value if isinstance(value, list) else [value]
            attribute = self.id(name.replace("_", " "))
            found.append({"objectTypeAttributeId": attribute, "objectAttributeValues": [{"value": t} for t in texts]})
        return found

    def create(self, **values: object) -> httpx.Response:
        """Create a laptop."""
        body = {"objectTypeId": str(self.laptop.id), "attributes": self.attributes(**values)}
        return self.http.post("/object/create", json=body)

    def update(self, number: str | int, **values: object) -> httpx.Response:
        """Change a laptop."""
        body = {"objectTypeId": str(self.laptop.id), "attributes": self.attributes(**values)}
        return self.http.put(f"/object/{number}", json=body)

    def aql(self, query: str, **params: object) -> httpx.Response:
        """Search."""
        return self.http.post("/object/aql", json={"qlQuery": query}, params=params)  # type: ignore[arg-type]

    def found(self, query: str) -> list[str]:
        """Search and list the labels."""
        answer = self.aql(query, maxResults=1000)
        assert answer.status_code == 200, answer.text
        return [value["label"] for value in answer.json()["values"]]

    def laptops(self, *rows: Mapping[str, object]) -> list[Obj]:
        """Put laptops in as somebody else."""
        return self.sim.seed(self.laptop, rows)

    def row(self, number: str) -> dict[str, list[str]]:
        """Show what an object holds now."""
        return self.sim.row(self.sim.store.objects[int(number)])
