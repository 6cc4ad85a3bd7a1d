"""`synchub person`."""

from __future__ import annotations

from pathlib import Path

import click

from synchub.cli.options import acting, common, examples, opened
from synchub.cli.output import emit

_WHO = click.argument("person", metavar="PERSON")


@click.group("person", epilog=examples("synchub person erase anna.novak@corp.example --reason 'asked on 2 May'"))
def person_group() -> None:
    """Erase people, or say who must be kept."""


@person_group.command("erase", epilog=examples("synchub person erase E100213 --yes"))
@_WHO
@click.option("--yes", is_flag=True, help="Do not ask.")
@acting
@common
def erase(person: str, config: Path, as_json: bool, *, yes: bool, who: str | None, reason: str) -> None:
    """Clear a person from records, history, plans, pre-images and audit log.

    This cannot be undone. Nothing is deleted in a target: the objects that stay there are listed. Backups that were
    made before still hold the person.
    """
    from synchub.find import display_id
    from synchub.person import erase as clear
    from synchub.person import person_of
    from synchub.process import login_name

    with opened(config) as hub:
        entity = person_of(hub, person)
        if not yes:
            click.confirm(f"Erase {display_id(entity, 'person')} for good?", abort=True, err=True)
        found = clear(hub, entity, who or login_name(), reason)
    rows = sum(found["rows"].values())
    lines = [f"{found['id']} is erased: {rows:,} rows in {len(found['rows'])} tables were deleted or cleared."]
    lines += [f"still in {o['target']}: {o['kind']} {o['id']}; clear it there" for o in found["objects"]]
    lines += [f"STILL MENTIONED in {count} rows of {table}" for table, count in found["left"].items()]
    emit(found, "\n".join(lines), as_json=as_json)


@person_group.command("hold", epilog=examples("synchub person hold E100213 --reason 'court case 7 O 12/26'"))
@_WHO
@acting
@common
def hold(person: str, config: Path, as_json: bool, *, who: str | None, reason: str) -> None:
    """Keep a person from being erased (legal hold)."""
    from synchub.find import display_id
    from synchub.person import person_of
    from synchub.process import login_name

    with opened(config) as hub:
        entity, by = person_of(hub, person), who or login_name()
        hub.state.erasure.hold(entity, reason, by, hub.clock.now())
        hub.state.runs.audit(hub.clock.now(), None, by, "legal hold", {"person": display_id(entity, "person")})
        name = display_id(entity, "person")
    emit({"id": name, "held": True}, f"{name} is kept until `synchub person release {name}`.", as_json=as_json)


@person_group.command("release", epilog=examples("synchub person release E100213"))
@_WHO
@acting
@common
def release(person: str, config: Path, as_json: bool, *, who: str | None, reason: str) -> None:
    """End a legal hold."""
    from synchub.find import display_id
    from synchub.person import person_of
    from synchub.process import login_name

    with opened(config) as hub:
        entity = person_of(hub, person)
        name, by = display_id(entity, "person"), who or login_name()
        ended = hub.state.erasure.release(entity)
        detail = {"person": name, "reason": reason}
        hub.state.runs.audit(hub.clock.now(), None, by, "legal hold ended", detail)
    text = f"{name} may be erased." if ended else f"{name} was not held."
    emit({"id": name, "held": False, "ended": ended}, text, as_json=as_json)
