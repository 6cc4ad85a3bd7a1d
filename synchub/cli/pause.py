"""`synchub pause` and `synchub resume`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from synchub.cli.options import acting, common, examples, opened
from synchub.cli.output import emit

if TYPE_CHECKING:
    from synchub.wiring import Hub

_target = click.option("--target", metavar="NAME", help="Only this target; else all of them.")


@click.command(epilog=examples("synchub pause --reason 'change freeze'", "synchub pause --target snow"))
@_target
@acting
@common
def pause(target: str | None, who: str | None, reason: str, config: Path, as_json: bool) -> None:
    """Stop all writes within one batch, in whichever process.

    Sources are read and plans are made as ever. What was begun goes on from where it stopped after `synchub resume`.
    """
    from synchub.process import login_name
    from synchub.stores.pauses import Pause

    with opened(config) as hub:
        name, by = _named(hub, target), who or login_name()
        now = hub.clock.now()
        hub.state.pauses.pause(Pause(name, by, now, reason))
        hub.state.runs.audit(now, None, by, "pause", {"target": name or None, "reason": reason})
    text = f"Nothing more is written to {name or 'any target'}. Go on with: synchub resume"
    emit({"paused": name or None, "who": by, "reason": reason}, text, as_json=as_json)


@click.command(epilog=examples("synchub resume", "synchub resume --target snow"))
@_target
@acting
@common
def resume(target: str | None, who: str | None, reason: str, config: Path, as_json: bool) -> None:
    """Let writes go on: the next run finishes what was begun.

    Without --target every pause is ended.
    """
    from synchub.process import login_name

    with opened(config) as hub:
        name, by = _named(hub, target), who or login_name()
        ended = [one for one in ([name] if name else hub.state.pauses.all()) if hub.state.pauses.resume(one)]
        detail = {"targets": [one or None for one in ended], "reason": reason}
        hub.state.runs.audit(hub.clock.now(), None, by, "resume", detail)
        still = name and hub.state.pauses.of(name)
    words = ", ".join(one or "all targets" for one in ended)
    text = f"No longer paused: {words}." if ended else "Nothing was paused."
    if still:
        text += " All targets are paused still: synchub resume"
    emit({"resumed": [one or None for one in ended], "paused": bool(still)}, text, as_json=as_json)


def _named(hub: Hub, target: str | None) -> str:
    from synchub.steps import chosen

    chosen(list(hub.loaded.settings.targets), frozenset([target] if target else []), "target")
    return target or ""
