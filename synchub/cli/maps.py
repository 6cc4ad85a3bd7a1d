"""`synchub map test`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from synchub.cli.options import common, examples, opened
from synchub.cli.output import emit
from synchub.errors import ConfigError, InputError

if TYPE_CHECKING:
    from synchub.wiring import Hub

_MAX_BYTES = 4_000_000


@click.group("map", epilog=examples("synchub map test mdm devices"))
def map_group() -> None:
    """Show how records are mapped, step by step."""


@map_group.command(
    "test",
    epilog=examples(
        "synchub map test mdm devices",
        "synchub map test mdm devices --key 6f0c1e2a-0000-0000-0000-000000000000",
        "synchub map test erp purchase_order_lines --record line.json",
    ),
)
@click.argument("source")
@click.argument("stream")
@click.option("--record", metavar="FILE", help="JSON file with one record; - for standard input.")
@click.option("--key", metavar="KEY", help="Native key of a record that the state holds.")
@common
def test(source: str, stream: str, record: str | None, key: str | None, config: Path, as_json: bool) -> int:
    """Show each field of a record with every intermediate value and the place of its rule.

    The record comes from a file, from the state (--key), or is the first one the stream gives. Nothing is stored. Ends
    with 1 when the map refuses the record.
    """
    from dataclasses import asdict

    from mapping.trace import render
    from synchub.explain import stored_map
    from synchub.steps import chosen

    if record is not None and key is not None:
        raise click.UsageError("--record and --key exclude each other.")
    with opened(config) as hub:
        chosen(list(hub.loaded.settings.sources), frozenset([source]), "source")
        field_map = stored_map(hub, source, stream)
        payload = (
            _given(record) if record else _stored(hub, source, stream, key) if key else _first(hub, source, stream)
        )
    trace = field_map.trace(payload)
    warnings = sum(len(item.warnings) for item in trace.fields)
    document: dict[str, Any] = {"source": source, "warnings": warnings, **asdict(trace)}
    emit(document, "\n".join(render(trace)), as_json=as_json)
    return 1 if trace.refused else 0


def _given(name: str) -> Any:
    try:
        with click.open_file(name, "rb") as handle:
            body = handle.read(_MAX_BYTES + 1)
    except OSError as exc:
        raise InputError(f"the record cannot be read: {exc.strerror}.", where=name, fix="Check the path.") from None
    if len(body) > _MAX_BYTES:
        raise InputError("the record is larger than 4 MB.", where=name, fix="Give a file with one record.")
    return _parsed(body, name)


def _parsed(body: bytes, where: str) -> Any:
    import orjson

    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise InputError(f"the record is not valid JSON: {exc}.", where=where, fix="Give one JSON object.") from None


def _stored(hub: Hub, source: str, stream: str, key: str) -> Any:
    body = hub.state.lookup.payload(source, stream, key)
    if body is None:
        raise InputError(
            f"no record of {source} {stream} with this key is stored.",
            where=key[:80],
            fix="Run `synchub pull`, or use --record.",
        )
    return _parsed(body, key)


def _first(hub: Hub, source: str, stream: str) -> Any:
    with hub.source(source) as opened_source:
        known = opened_source.streams()
        if stream not in known:
            raise ConfigError(
                f"{source} has no stream {stream!r}.", where="map test", fix=f"It has: {', '.join(known)}."
            )
        rejected = ""
        for page in opened_source.read(stream, limit=1):
            if page.payloads:
                return _parsed(page.payloads[0], page.where(0))
            rejected = rejected or next(
                (f" The first item is a dead letter: {r.where}: {r.message}" for r in page.rejected), ""
            )
    raise InputError(
        f"the stream holds no record.{rejected}", where=f"{source} {stream}", fix="Give one with --record."
    )
