"""What a history tells about edits around a write."""

from __future__ import annotations

from synchub.domain.plan import Edit
from synchub.reconcile.diff import same_value
from synchub.reconcile.races import Around, around, value_of

LOOK = 100  # the object's last change that the look had shown


def theirs(at: int, value: str | None, *, told: bool = True) -> Edit:
    return Edit(at, "jane", "os", None, value, value=value if told else None, told=told)


def ours(at: int, value: str) -> Edit:
    return Edit(at, "hub", "os", None, value, ours=True, value=value, told=True)


def seen(*edits: Edit, shown: str | None = "old") -> Around:
    return around(edits, "os", shown, "new", LOOK, same_value)


def test_an_edit_between_look_and_write_is_lost() -> None:
    """Right below the write, with another value than was shown."""
    edit = theirs(105, "typed")
    assert seen(ours(106, "new"), edit, ours(50, "old")) == Around(lost=(edit,), seen=True)


def test_in_one_second_the_value_tells() -> None:
    """Stamps have a resolution of a second."""
    edit = theirs(LOOK, "typed")
    assert seen(ours(LOOK, "new"), edit).lost == (edit,)
    assert seen(ours(LOOK, "new"), theirs(LOOK, "old")).lost == ()


def test_an_edit_that_the_look_had_shown_is_no_race() -> None:
    """It was written over by policy."""
    edit = theirs(LOOK, "typed")
    assert seen(ours(101, "new"), edit, shown="typed") == Around(over=edit, seen=True)


def test_an_edit_after_the_write_stands() -> None:
    """Nothing is lost."""
    edit = theirs(102, "typed")
    assert seen(edit, ours(101, "new")) == Around(after=edit, seen=True)


def test_each_of_several_writes_is_looked_at() -> None:
    """After a lost answer the same was written twice."""
    first, second = theirs(101, "one"), theirs(103, "two")
    assert seen(ours(104, "new"), second, ours(102, "new"), first, ours(50, "old")).lost == (second, first)


def test_a_write_that_changed_nothing_lost_nothing() -> None:
    """Somebody had typed what the hub was about to write."""
    edit = theirs(101, "new")
    assert seen(edit, ours(50, "old")) == Around(after=edit, seen=True)


def test_other_fields_and_an_empty_history_tell_nothing() -> None:
    """What is not there cannot be blamed on anybody."""
    other = Edit(101, "jane", "ram", None, "8", value="8", told=True)
    assert seen(other) == seen() == Around()


def test_emptying_is_an_edit_like_any_other() -> None:
    """The value that was lost is the empty one."""
    edit = theirs(101, None)
    assert seen(ours(102, "new"), edit).lost == (edit,)


def test_what_is_only_shown_is_compared_as_text() -> None:
    """The label of a reference is kept where its id is not told."""
    edit = theirs(101, "Acme Ltd", told=False)
    assert seen(ours(102, "new"), edit).lost == (edit,)
    assert value_of(edit) == "Acme Ltd"
