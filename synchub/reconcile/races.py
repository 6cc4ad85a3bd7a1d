"""Edits of other people around a write of the hub, as a history tells them. Pure.

A target without compare-and-swap lets an edit fall between the last look and the write. Its history then holds, newest
first: *ours*, then *theirs*, whose value is not what the look had shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from synchub.domain.plan import Edit


class Around(NamedTuple):
    """What a history tells about one field that the hub wrote.

    Attributes:
        lost: Edits that the write went over though the look had not shown them, newest first.
        over: Somebody's edit that the look had shown, and the write went over.
        after: Somebody's edit that came after the write and stands.
        seen: The history holds the write itself, or an edit after the look; without either it tells nothing.
    """

    lost: tuple[Edit, ...] = ()
    over: Edit | None = None
    after: Edit | None = None
    seen: bool = False


def around(
    edits: Sequence[Edit],
    field: str,
    shown: Any,
    wrote: Any,
    since: int,
    same: Callable[[Any, Any], bool],
) -> Around:
    """Look at the edits of one field.

    Args:
        edits: Of the object, newest first; of one second in the order in which they were made, newest first.
        field: The field.
        shown: What it held at the last look before the write.
        wrote: What the hub wrote.
        since: Moment of the object's last change that this look had shown, by the target's clock (seconds, 1970 UTC).
        same: How values of this field are compared.
    """
    mine = [edit for edit in edits if edit.field == field]
    ours = next((n for n, edit in enumerate(mine) if edit.ours), None)
    if ours is None or mine[ours].at < since or (mine[ours].told and not same(mine[ours].value, wrote)):
        # The write changed nothing: somebody had put the same value there, or the target did not take it.
        newest = mine[0] if mine and not mine[0].ours and mine[0].at >= since else None
        later = newest if newest is not None and _new(newest, shown, since, same) else None
        return Around(after=later, seen=newest is not None)
    met: list[Edit] = []  # what each of the writes went over: after a lost answer there are several
    for n, edit in enumerate(mine):
        if edit.at < since or (edit.ours and edit.told and not same(edit.value, wrote)):
            break
        if edit.ours and n + 1 < len(mine) and not mine[n + 1].ours:
            met.append(mine[n + 1])
    over = met.pop() if met and not _new(met[-1], shown, since, same) else None
    return Around(tuple(met), over, mine[0] if ours else None, seen=True)


def value_of(edit: Edit) -> Any:
    """Return what somebody put into a field, in the target's form, as far as the history tells."""
    return edit.value if edit.told else edit.new


def _new(edit: Edit, shown: Any, since: int, same: Callable[[Any, Any], bool]) -> bool:
    """Tell whether an edit was made after the look; seconds are too coarse where both fall into one."""
    if edit.at < since:
        return False
    if edit.told:
        return not same(edit.value, shown)
    if same(edit.new, shown):
        return False
    return edit.at > since or isinstance(shown, str | int | float | None)
