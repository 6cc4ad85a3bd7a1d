"""`synchub init`: from nothing to a configuration that `synchub check` can look at."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from synchub.cli.options import common, examples
from synchub.cli.output import emit
from synchub.errors import ConfigError

if TYPE_CHECKING:
    from connectors.registry import Connector
    from synchub.cli.starter import Question


@click.command(
    epilog=examples(
        "synchub init",
        "synchub init --source erp=files --target snow=servicenow --set erp.root=drops"
        " --set 'erp.streams.devices.glob=*.csv' --set snow.url=https://acmetest.service-now.com"
        " --set snow.auth.client_id=hub",
    )
)
@click.option("--source", metavar="NAME=CONNECTOR", help="Where records come from, for example mdm=intune.")
@click.option("--target", metavar="NAME=CONNECTOR", help="What is kept up to date, for example snow=servicenow.")
@click.option("--hub-id", default="", help="Marks what this hub owns in each target; the folder's name if absent.")
@click.option("--timezone", default="UTC", show_default=True, help="Zone in which people are shown times.")
@click.option("--set", "given", multiple=True, metavar="WAY=VALUE", help="Answer a question beforehand; repeatable.")
@common
def init(
    source: str | None,
    target: str | None,
    hub_id: str,
    timezone: str,
    given: tuple[str, ...],
    config: Path,
    as_json: bool,
) -> int:
    """Write a first configuration: one source, one target.

    Asks on a terminal for what the options do not say; nothing is connected or written to a system yet. Secrets are
    never asked for: the configuration names the environment variables that will hold them. An existing file is left as
    it is. The target begins in mode preview.
    """
    from synchub.cli import starter

    if config.exists():
        raise ConfigError("the file exists already.", where=str(config), fix="Edit it, or name another with --config.")
    answers = _Answers(given)
    blocks: dict[str, dict[str, Any]] = {}
    for side, chosen in (("source", source), ("target", target)):
        name, connector = _connection(side, chosen)
        asked = starter.questions(connector, name)
        blocks[side] = {name: starter.block_of(connector.name, asked, lambda q, name=name: answers.to(name, q))}  # type: ignore[misc]
    answers.finish()
    text = starter.render(hub_id or _slug(config), timezone, blocks["source"], blocks["target"])
    _write(config, text)
    needed = [name for block in blocks.values() for name in starter.variables(block)]
    emit({"config": str(config), "variables": needed}, _next(config, needed), as_json=as_json)
    return 0


def _connection(side: str, chosen: str | None) -> tuple[str, Connector]:
    from connectors import registry

    able = [n for n in registry.shipped() if getattr(registry.load(n), f"open_{side}") is not None]
    if chosen is None:
        if not sys.stdin.isatty():
            raise ConfigError(
                f"no {side} is named.", where="init", fix=f"Add --{side} NAME=CONNECTOR: {', '.join(able)}."
            )
        kind = click.prompt(f"Connector of the {side}", type=click.Choice(able), err=True)
        chosen = f"{click.prompt('A short name for it', default=kind.partition('_')[0], err=True)}={kind}"
    name, _, connector = chosen.partition("=")
    if not connector:
        name, connector = name.partition("_")[0], name
    found = registry.load(connector, where=f"--{side}")
    if getattr(found, f"open_{side}") is None:
        raise ConfigError(f"{connector} has no {side}.", where=f"--{side}", fix=f"One of: {', '.join(able)}.")
    return name, found


class _Answers:
    """Answers from `--set`, else from a person."""

    def __init__(self, given: tuple[str, ...]) -> None:
        self._given: dict[str, str] = {}
        for word in given:
            way, equals, value = word.partition("=")
            if not equals or not value:
                raise ConfigError(f"cannot read {word!r}.", where="--set", fix="Write WAY=VALUE.")
            self._given[way] = value
        self._used: set[str] = set()
        self._stream: dict[str, str] = {}

    def to(self, name: str, question: Question) -> str:
        """Answer one question of the connection `name`."""
        if question.way[-1] == "(stream)":
            return self._stream_of(name, question)
        way = f"{name}.{question.name}".replace("(stream)", self._stream.get(name, ""))
        if way in self._given:
            self._used.add(way)
            return self._given[way]
        if question.default:
            return question.default if question.secret or not sys.stdin.isatty() else self._ask(way, question)
        return self._ask(way, question)

    def _stream_of(self, name: str, question: Question) -> str:
        prefix = f"{name}.{'.'.join(question.way[:-1])}."
        named = [way.removeprefix(prefix).partition(".")[0] for way in self._given if way.startswith(prefix)]
        self._stream[name] = named[0] if named else self._ask(f"{prefix}(stream)", question)
        return self._stream[name]

    def _ask(self, way: str, question: Question) -> str:
        if not sys.stdin.isatty():
            raise ConfigError(f"{way} is not said: {question.text}", where="init", fix=f"Add --set '{way}=…'.")
        return str(click.prompt(f"{way}: {question.text}", default=question.default or None, err=True))

    def finish(self) -> None:
        """Refuse answers that nobody asked for.

        Raises:
            ConfigError: There is one.
        """
        unused = sorted(way for way in self._given if way not in self._used)
        if unused:
            raise ConfigError(
                f"nothing asks for {unused[0]!r}.",
                where="--set",
                fix="Write it into the file afterwards, if it is a key.",
            )


def _slug(config: Path) -> str:
    import re

    name = re.sub(r"[^A-Za-z0-9._-]+", "-", config.absolute().parent.name).strip("-._")
    return name[:40] or "hub"


def _write(config: Path, text: str) -> None:
    """Write the file whole, readable by its owner, and read it back as every command will."""
    import os

    from synchub.wiring import open_hub

    config.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(config, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    try:
        hub = open_hub(config)
        for name in hub.loaded.settings.sources:
            hub.source_settings(name)
        for name in hub.loaded.settings.targets:
            hub.target_settings(name)
    except ConfigError:
        config.unlink()
        raise


def _next(config: Path, needed: list[str]) -> str:
    lines = [f"Wrote {config}."]
    if needed:
        lines.append(f"It reads secrets from the environment: {', '.join(needed)}.")
    option = "" if config.name == "synchub.yaml" and config.parent == Path() else f" --config {config}"
    return "\n".join([*lines, f"NEXT  {'set them, then ' if needed else ''}synchub check{option}"])
