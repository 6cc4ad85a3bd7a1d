"""`synchub map new`, `map test` and `map diff`."""

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


@click.group(
    "map",
    epilog=examples(
        "synchub map new erp devices --output maps/erp_devices.yaml",
        "synchub map test erp devices",
        "synchub map diff erp devices",
    ),
)
def map_group() -> None:
    """Draft a field map, show how records are mapped, preview an edit."""


@map_group.command(
    "new",
    epilog=examples("synchub map new erp devices", "synchub map new erp devices --output maps/erp_devices.yaml"),
)
@click.argument("source")
@click.argument("stream")
@click.option("--records", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How many to look at.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write it there, not to the terminal.")
@common
def new(source: str, stream: str, records: int, output: Path | None, config: Path, as_json: bool) -> int:
    """Draft a field map from the first records of a stream.

    Fields are proposed by the names of the paths and by what their values look like; no value is written into the
    draft, nothing is stored. Read every line before you use it. An existing file is left as it is.
    """
    import orjson

    from mapping.draft import draft
    from synchub.steps import chosen

    if output is not None and output.exists():
        raise ConfigError("the file exists already.", where=str(output), fix="Name another one with --output.")
    with opened(config) as hub:
        chosen(list(hub.loaded.settings.sources), frozenset([source]), "source")
        payloads = _samples(hub, source, stream, records)
    samples = [item for item in map(orjson.loads, payloads) if isinstance(item, dict)]
    if not samples:
        raise InputError("the stream holds no record.", where=f"{source} {stream}", fix="Check root and glob.")
    made = draft(stream, samples)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(made.text, encoding="utf-8")
    document = {"records": len(samples), "fields": dict(made.fields), "left": list(made.left), "map": made.text}
    emit(document, made.text.rstrip() if output is None else _drafted(output, made, source, stream), as_json=as_json)
    return 0


def _drafted(output: Path, made: Any, source: str, stream: str) -> str:
    return (
        f"Wrote {output}: {len(made.fields)} fields, {len(made.left)} paths left over.\n"
        f"NEXT  read it, name it in synchub.yaml (sources: {source}: streams: {stream}: maps: [{output}]), then\n"
        f"      synchub map test {source} {stream}"
    )


def _samples(hub: Hub, source: str, stream: str, count: int) -> list[bytes]:
    found: list[bytes] = []
    with hub.source(source) as opened_source:
        _known(opened_source.streams(), source, stream)
        for page in opened_source.read(stream, limit=count):
            found.extend(page.payloads)
            if len(found) >= count:
                break
    return found[:count]


def _known(streams: Any, source: str, stream: str) -> None:
    if stream not in streams:
        raise ConfigError(
            f"{source} has no stream {stream!r}.", where="synchub map", fix=f"It has: {', '.join(streams)}."
        )


@map_group.command(
    "diff",
    epilog=examples("synchub map diff mdm devices", "synchub map diff mdm devices --map try.yaml"),
)
@click.argument("source")
@click.argument("stream")
@click.option(
    "--map", "override", type=click.Path(dir_okay=False, path_type=Path), help="A map to try on top of the configured."
)
@common
def diff(source: str, stream: str, override: Path | None, config: Path, as_json: bool) -> int:
    """Show what the map as it is now would change in the stored records.

    Compares what the last pull made of each stored record with what the configured map (and --map) makes of the same
    payload. Nothing is stored; the next pull does it. Of people only mapped paths are stored, so a newly mapped path
    shows nothing here and makes the next pull read everything again.
    """
    import orjson

    from synchub.errors import MappingError
    from synchub.explain import stored_map
    from synchub.mapdiff import MapDifference
    from synchub.steps import chosen

    found = MapDifference()
    with opened(config) as hub:
        chosen(list(hub.loaded.settings.sources), frozenset([source]), "source")
        mapper = stored_map(hub, source, stream, *([override.absolute()] if override else []))
        for key, cls, fields, body in hub.state.lookup.mapped(source, stream):
            try:
                found.compare(key, cls, fields, mapper.map(orjson.loads(body)))
            except MappingError as exc:
                found.refuse(exc.message)
    if not found.records:
        raise InputError("nothing of this stream is stored.", where=f"{source} {stream}", fix="Run `synchub pull`.")
    emit({"source": source, "stream": stream, **found.as_dict()}, "\n".join(found.render()), as_json=as_json)
    return 0


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
        _known(opened_source.streams(), source, stream)
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
