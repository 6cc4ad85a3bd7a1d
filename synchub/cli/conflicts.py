"""`synchub conflicts`: what the hub will not decide by itself, and the answers of people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from synchub.cli.options import acting, common, examples, opened
from synchub.cli.output import emit

if TYPE_CHECKING:
    from synchub.conflicts import Conflict, Filter
    from synchub.resolve import Answer
    from synchub.wiring import Hub

F = TypeVar("F", bound=Callable[..., Any])


@click.group(
    epilog=examples(
        "synchub conflicts list", "synchub conflicts show k-118", "synchub conflicts resolve k-118 --keep hub"
    )
)
def conflicts() -> None:
    """Show what waits for a person's decision; decide it.

    See docs/conflicts.md.
    """


def _filters(function: F) -> F:
    for option in (
        click.option("--plan", default="", metavar="PLAN", help="Only things of which this plan has a row."),
        click.option("--field", default="", metavar="FIELD", help="Only this field."),
        click.option("--target", default="", metavar="TARGET", help="Only this target."),
        click.option("--class", "cls", default="", metavar="CLASS", help="Only things of this class."),
        click.option(
            "--kind", default="", metavar="KIND",
            help="Only ask, theirs, race, identity, duplicate, merge or frozen.",
        ),
    ):  # fmt: skip
        function = option(function)
    return function


@conflicts.command("list", epilog=examples("synchub conflicts list --kind merge --json"))
@_filters
@click.option("--rows", type=click.IntRange(1, 100_000), default=20, show_default=True, help="Conflicts to list.")
@common
def list_conflicts(rows: int, config: Path, as_json: bool, **wanted: str) -> int:
    """List what waits for a decision: how much of what, then single ones with their names."""
    from synchub.conflicts import Filter, counts, listed

    with opened(config) as hub:
        found = listed(hub, Filter(**wanted), rows)
        total = counts(hub)
    emit({"counts": total, "conflicts": [item.document() for item in found]}, _list_text(found, total), as_json=as_json)
    return 4 if found else 0


@conflicts.command("show", epilog=examples("synchub conflicts show k-118"))
@click.argument("conflict")
@common
def show(conflict: str, config: Path, as_json: bool) -> None:
    """Show both sides, the evidence, and what each answer would do."""
    from synchub.conflicts import found_conflict, shown

    with opened(config) as hub:
        found = shown(hub, found_conflict(hub, conflict))
    emit(found, _show_text(found), as_json=as_json)


def _answers(function: F) -> F:
    for option in (
        click.option("--dismiss", is_flag=True, help="List it no more."),
        click.option("--object", "object_id", default="", metavar="ID", help="The target's object that the thing is."),
        click.option("--apart", is_flag=True, help="They are two things."),
        click.option("--together", is_flag=True, help="They are one thing."),
        click.option("--keep", default="", metavar="SIDE", help="hub, target, or the source that wins the field."),
    ):
        function = option(function)
    return function


@conflicts.command(
    "resolve",
    epilog=examples(
        "synchub conflicts resolve m-12-57 --together --reason 'same sticker'",
        "synchub conflicts resolve --all --kind ask --field os_version --keep hub",
        "synchub conflicts resolve f-12-os_name --keep mdm --as-rule",
    ),
)
@click.argument("conflict", required=False)
@_answers
@click.option("--all", "everything", is_flag=True, help="All that the filters leave; needs --kind.")
@_filters
@click.option("--as-rule", is_flag=True, help="Print the rule that would settle all of this kind; decides nothing.")
@acting
@common
def resolve(
    conflict: str | None, everything: bool, as_rule: bool, who: str | None, reason: str, config: Path, as_json: bool,
    keep: str, together: bool, apart: bool, object_id: str, dismiss: bool, **wanted: str,
) -> None:  # fmt: skip
    """Decide a conflict. It is remembered, goes to the audit log, and works with the next plan."""
    from synchub.conflicts import Filter
    from synchub.errors import InputError
    from synchub.process import login_name
    from synchub.resolve import Answer, resolve

    answer = Answer(keep, together, apart, object_id, dismiss)
    with opened(config) as hub:
        chosen = _chosen(hub, conflict, Filter(**wanted), everything=everything)
        if as_rule:
            _print_rules(chosen, answer, as_json=as_json)
            return
        if sum(map(bool, (keep, together, apart, object_id, dismiss))) != 1:
            raise InputError(
                "exactly one answer is needed.", where="conflicts resolve",
                fix="--keep hub|target|SOURCE, --together, --apart, --object ID or --dismiss.",
            )  # fmt: skip
        done = [resolve(hub, item, answer, who or login_name(), reason) for item in chosen]
    text = "\n".join(f"{one['conflict']}: {one['answer']}" for one in done[:20])
    emit({"resolved": done}, f"{text}\n{len(done):,} decided. See what comes of it: synchub plan", as_json=as_json)


@conflicts.command("decisions", epilog=examples("synchub conflicts decisions"))
@common
def decisions(config: Path, as_json: bool) -> None:
    """List what was decided and still holds."""
    from synchub.resolve import decided
    from synchub.visible import cell

    with opened(config) as hub:
        found = decided(hub)
    lines = [
        f"{d['decision']:>5}  {d['kind']:<9} {cell(d['about'], 60)}  {cell(d['who'], 20)}  {cell(d['reason'], 40)}"
        for d in found
    ]
    emit({"decisions": found}, "\n".join(lines) or "Nothing was decided.", as_json=as_json)


@conflicts.command("revoke", epilog=examples("synchub conflicts revoke 17 --reason 'was the spare'"))
@click.argument("decision", type=int)
@acting
@common
def revoke(decision: int, who: str | None, reason: str, config: Path, as_json: bool) -> None:
    """Take a decision back; what it settled is open again with the next plan."""
    from synchub.process import login_name
    from synchub.resolve import revoke

    with opened(config) as hub:
        revoke(hub, decision, who or login_name(), reason)
    emit({"revoked": decision}, f"Decision {decision} is taken back. See: synchub plan", as_json=as_json)


def _chosen(hub: Hub, word: str | None, wanted: Filter, *, everything: bool) -> list[Conflict]:
    from synchub.conflicts import found_conflict, listed
    from synchub.errors import InputError

    if everything == (word is not None) or (everything and not wanted.kind):
        raise InputError(
            "name one conflict, or --all with --kind.", where="conflicts resolve", fix="synchub conflicts list"
        )
    return [found_conflict(hub, word)] if word is not None else listed(hub, wanted, 100_000)


def _print_rules(chosen: list[Conflict], answer: Answer, *, as_json: bool) -> None:
    from synchub.resolve import as_rule

    rules = list(dict.fromkeys(filter(None, (as_rule(item, answer) for item in chosen))))
    text = "\n".join(rules) or "No rule can settle this: it is about single things."
    emit({"rules": rules}, text, as_json=as_json)


def _list_text(found: list[Conflict], total: list[dict[str, Any]]) -> str:
    from synchub.visible import cell

    if not total:
        return "Nothing waits for a decision."
    lines = [
        f"{one['count']:>8,}  {one['kind']:<10}{one['target']:<10}{one['class']:<16}{one['field']}"
        for one in total[:15]
    ]
    lines.append("")
    lines += [
        f"{item.name:<12} {item.kind:<9} {item.target:<8} {cell(item.label, 30)}  {item.field}"
        f"\n             {cell(item.says, 100)}"
        for item in found
    ]
    return "\n".join([*lines, "", "synchub conflicts show NAME | resolve NAME"])


def _show_text(found: dict[str, Any]) -> str:
    from synchub.visible import cell, moment

    lines = [
        f"{found['conflict']}  {found['kind']}  {found['class']} {cell(found['label'], 60)}  {found['field']}",
        cell(found["says"], 200), "",
    ]  # fmt: skip
    for thing in found["things"]:
        name = found["field"]
        lines.append(f"thing {thing['entity']}  {thing['class']}  {cell(_brief(thing['fields']), 100)}")
        for record in thing["records"]:
            says = f"  {name} = {cell(record['says'], 50)}" if name and record["says"] is not None else ""
            lines.append(f"  {cell(record['record'], 60)}{says}   seen {moment(record['observed_at'])}")
    for item in found["objects"]:
        owner = f"thing {item['entity']}'s" if item["entity"] else "nobody's yet"
        lines.append(f"object {item['object']}  {item['kind']}, {owner}  {cell(_brief(item['fields']), 90)}")
    lines += ["", *(f"{option:<20} {does}" for option, does in found["answers"].items())]
    return "\n".join(lines)


def _brief(fields: dict[str, Any]) -> str:
    names = ("hostname", "name", "serial_number", "asset_tag", "manufacturer", "model", "assigned_to", "email")
    return ", ".join(f"{name} {fields[name]}" for name in names if fields.get(name))
