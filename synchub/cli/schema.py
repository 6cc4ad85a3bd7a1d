"""`synchub schema`: the JSON Schema of `synchub.yaml` with the settings of every shipped connector."""

from __future__ import annotations

from typing import Any

import click

from synchub.cli.options import examples


@click.command(epilog=examples("synchub schema > synchub.schema.json"))
@click.option("--json", "as_json", is_flag=True, help="Without line breaks.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show where an error comes from.")
def schema(as_json: bool) -> None:
    """Print the JSON Schema of synchub.yaml, for editors.

    With `# yaml-language-server: $schema=synchub.schema.json` as the first line of the configuration, an editor with
    YAML support completes and checks it.
    """
    import json

    click.echo(json.dumps(configuration_schema(), indent=None if as_json else 2))


def configuration_schema() -> dict[str, Any]:
    """Return the schema (JSON Schema 2020-12): the hub's own settings, and per `connector:` those of its block."""
    from connectors import registry
    from synchub.settings.model import Settings, SourceBlock, TargetBlock

    result = Settings.model_json_schema()
    definitions: dict[str, Any] = result.setdefault("$defs", {})
    connectors = [registry.load(name) for name in registry.shipped()]
    for block, kind in ((SourceBlock, "open_source"), (TargetBlock, "open_target")):
        able = [c for c in connectors if getattr(c, kind) is not None]
        others = [c.name for c in connectors if c not in able]
        definitions[block.__name__] = _block(definitions[block.__name__], able, others, definitions)
    result["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    result["title"] = "synchub.yaml"
    return result


def _block(
    hub: dict[str, Any], connectors: list[Any], others: list[str], definitions: dict[str, Any]
) -> dict[str, Any]:
    """Make of the hub's part of a block one closed schema per connector, chosen by `connector`.

    Connectors of outside packages are not known here, so their blocks are left open; `others` are ours that cannot
    stand on this side.
    """
    names = [c.name for c in connectors]
    choices = []
    for connector in connectors:
        own = connector.settings.model_json_schema()
        for name, body in own.pop("$defs", {}).items():
            definitions[f"{connector.name}.{name}"] = _renamed(body, connector.name)
        own = _renamed(own, connector.name)
        properties = {**hub["properties"], **own.get("properties", {}), "connector": {"const": connector.name}}
        required = ["connector", *own.get("required", ())]
        choices.append(
            {
                "if": {"properties": {"connector": {"const": connector.name}}, "required": ["connector"]},
                "then": {"properties": properties, "required": required, "additionalProperties": False},
            }
        )
    described = {key: value for key, value in hub.items() if key in ("title", "description")}
    name = {"description": "Name of the connector.", "examples": names, "type": "string", "not": {"enum": others}}
    known = {"connector": name}
    return {**described, "type": "object", "properties": known, "required": ["connector"], "allOf": choices}


def _renamed(value: Any, prefix: str) -> Any:
    """Point references into a connector's own definitions at where they stand in the whole."""
    if isinstance(value, dict):
        return {
            key: f"#/$defs/{prefix}.{item.removeprefix('#/$defs/')}" if key == "$ref" else _renamed(item, prefix)
            for key, item in value.items()
        }
    return [_renamed(item, prefix) for item in value] if isinstance(value, list) else value
