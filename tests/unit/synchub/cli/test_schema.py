"""The JSON Schema of `synchub.yaml`, and the page that describes it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from synchub.cli.schema import configuration_schema
from synchub.settings.load import load_settings
from synchub.settings.model import Settings

SCHEMA = configuration_schema()
PAGE = Path(__file__).resolve().parents[4] / "docs" / "configuration.md"
GOOD: dict[str, Any] = {
    "version": 1,
    "hub": {"id": "acme", "timezone": "Europe/Berlin"},
    "sources": {
        "erp": {
            "connector": "files", "root": "drops", "role": "procurement",
            "streams": {"purchase_order_lines": {"glob": "po_*.csv", "delimiter": ";", "fresh_within": "26h"}},
        },
        "scan": {"connector": "agent_inventory", "root": "agents", "may_create": ["server"]},
    },
    "targets": {
        "snow": {
            "connector": "servicenow", "url": "https://acme.service-now.com", "mode": "preview",
            "auth": {"oauth": "client_credentials", "client_id": "env:ID", "client_secret": "env:SECRET"},
            "theirs": {"default": "target", "os_version": "hub"},
        }
    },
    "rules": {"hardware": {"fields": {"price": ["erp"]}, "silent_after": "14d"}},
    "schedules": {"sync": "15 */4 * * *"},
}  # fmt: skip


def errors(document: Any) -> list[str]:
    """List what the schema says against a document."""
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(document)]


def test_it_is_a_schema_and_takes_a_good_configuration() -> None:
    """Every reference in it resolves."""
    Draft202012Validator.check_schema(SCHEMA)

    assert errors(GOOD) == []


@pytest.mark.parametrize(
    ("way", "value"),
    [
        (("sources", "erp", "rooot"), "x"),
        (("sources", "erp", "streams", "purchase_order_lines", "delimeter"), ";"),
        (("targets", "snow", "mode"), "yolo"),
        (("targets", "snow", "auth", "client_secret"), "hunter2"),
        (("sources", "scan", "connector"), "servicenow"),
        (("hub", "id"), ""),
        (("typo",), 1),
    ],
)
def test_it_refuses_what_the_program_refuses(way: tuple[str, ...], value: Any) -> None:
    """Unknown keys of the hub and of connectors, other words, literal secrets, a target used as a source."""
    document = copy.deepcopy(GOOD)
    place = document
    for key in way[:-1]:
        place = place[key]
    place[way[-1]] = value

    assert errors(document)


def test_the_page_describes_every_key() -> None:
    """Each key of the hub's own settings is named in `docs/configuration.md`."""
    page = PAGE.read_text(encoding="utf-8")
    keys = set(Settings.model_fields)
    for definition in Settings.model_json_schema()["$defs"].values():
        keys |= set(definition.get("properties", {}))

    assert sorted(key for key in keys if f"`{key}`" not in page and f"{key}:" not in page) == []


def test_the_example_of_the_page_is_a_configuration(tmp_path: Path) -> None:
    """It is loaded by the program and taken by the schema."""
    example = PAGE.read_text(encoding="utf-8").split("```yaml\n", 1)[1].split("```", 1)[0]
    path = tmp_path / "synchub.yaml"
    path.write_text(example)

    assert errors(yaml.safe_load(example)) == []
    assert load_settings(path).settings.version == 1
