"""Nothing outside the root is opened, and nothing that is no file."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from connectors.files.limits import Limits
from connectors.files.root import Root, compile_glob
from synchub.errors import InputError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "drops"
    folder.mkdir()
    (tmp_path / "secret.csv").write_text("no")
    return folder


def refuse(root: Path, name: str) -> str:
    """Return the reason for which a file is not opened."""
    with pytest.raises(InputError) as caught:
        Root(root).open(name)
    return str(caught.value.context["reason"])


def test_a_link_out_of_the_root_is_refused(root: Path) -> None:
    """Also over a folder, and also with a relative way up."""
    (root / "a.csv").symlink_to(root.parent / "secret.csv")
    (root / "up").symlink_to(root.parent)

    assert refuse(root, "a.csv") == "outside_root"
    assert refuse(root, "up/secret.csv") == "outside_root"
    assert refuse(root, "../secret.csv") == "outside_root"


def test_a_neighbour_with_the_same_beginning_is_outside(root: Path) -> None:
    """`/drops-old` is not below `/drops`."""
    other = root.parent / "drops-old"
    other.mkdir()
    (other / "a.csv").write_text("no")

    assert refuse(root, "../drops-old/a.csv") == "outside_root"


def test_a_link_that_stays_below_is_followed(root: Path) -> None:
    """`current.csv -> 2026/a.csv` is how deliveries are switched."""
    (root / "2026").mkdir()
    (root / "2026" / "a.csv").write_text("yes")
    (root / "current.csv").symlink_to("2026/a.csv")

    with Root(root).open("current.csv") as file:
        assert file.handle.read() == b"yes"


def test_a_root_behind_a_link_works(root: Path) -> None:
    """The root itself is resolved once."""
    (root / "a.csv").write_text("yes")
    (root.parent / "link").symlink_to(root)

    with Root(root.parent / "link").open("a.csv") as file:
        assert file.handle.read() == b"yes"


def test_a_folder_swapped_for_a_link_between_look_and_open_is_an_error(root: Path) -> None:
    """The check is not trusted: the way is walked again without following links."""
    (root / "in").mkdir()
    (root / "in" / "a.csv").write_text("fine")
    swapped = _Swapped(root)

    with pytest.raises(InputError) as caught:
        swapped.open("in/a.csv")
    assert caught.value.context["reason"] == "unreadable"


class _Swapped(Root):
    """A root on whose disk somebody is at work: the attack happens right after the check."""

    def _is_below(self, real: str) -> bool:
        _swap(self.path)
        return super()._is_below(real)


def _swap(root: Path) -> None:
    (root / "in" / "a.csv").unlink()
    (root / "in").rmdir()
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "a.csv").write_text("secret")
    (root / "in").symlink_to(outside)


def test_only_regular_files_are_read(root: Path) -> None:
    """A FIFO would hang, a folder and a socket are none."""
    os.mkfifo(root / "fifo")
    (root / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(root / "sock"))

        assert refuse(root, "fifo") == "no_regular_file"
        assert refuse(root, "folder") == "no_regular_file"
        assert refuse(root, "sock") == "unreadable"


def test_missing_looping_and_too_large_files_are_refused(root: Path) -> None:
    """Each with its reason."""
    (root / "loop").symlink_to("loop")
    (root / "big").write_bytes(b"x" * 100)

    assert refuse(root, "gone") == "unreadable"
    assert refuse(root, "loop") == "unreadable"
    with pytest.raises(InputError, match="100 bytes, the limit is 10"):
        Root(root, Limits(file_bytes=10)).open("big")


def test_files_are_listed_by_name(root: Path) -> None:
    """Whatever order the disk has."""
    for name in ("b.csv", "a.csv", "c.csv", ".hidden.csv", "d.txt"):
        (root / name).write_text("")

    assert Root(root).matching("*.csv").names == ["a.csv", "b.csv", "c.csv"]


def test_folders_match_only_where_the_glob_says_so(root: Path) -> None:
    """`*` stops at a slash, `**` is any depth."""
    for name in ("a.csv", "x/a.csv", "x/y/a.csv", ".git/a.csv"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")

    assert Root(root).matching("*.csv").names == ["a.csv"]
    assert Root(root).matching("*/*.csv").names == ["x/a.csv"]
    assert Root(root).matching("**/*.csv").names == ["a.csv", "x/a.csv", "x/y/a.csv"]


def test_links_between_folders_do_not_go_round(root: Path) -> None:
    """Each folder is listed once, and one that leads out is a problem in words."""
    (root / "x").mkdir()
    (root / "x" / "a.csv").write_text("")
    (root / "x" / "again").symlink_to(root)
    (root / "out").symlink_to(root.parent)

    found = Root(root).matching("**/*.csv")

    assert found.names == ["x/a.csv"]
    assert found.problems == ["out/ leads out of the root and was not listed"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything, so nothing is unreadable")
def test_an_unreadable_folder_is_a_problem(root: Path) -> None:
    """It may hold anything."""
    (root / "x").mkdir(mode=0)

    assert Root(root).matching("**/*").problems == ["x/ unreadable (Permission denied)"]


def test_a_missing_root_is_an_error(root: Path) -> None:
    """Also a root that is a file."""
    with pytest.raises(InputError, match="does not exist"):
        Root(root / "nowhere")
    with pytest.raises(InputError, match="no folder"):
        Root(root.parent / "secret.csv")


def test_too_many_files_are_refused(root: Path) -> None:
    """A root on a whole disk is a mistake."""
    for number in range(5):
        (root / f"{number}.csv").write_text("")

    with pytest.raises(InputError, match="more than 3 files"):
        Root(root, Limits(files=3)).matching("*")


@pytest.mark.parametrize(
    ("glob", "name", "expected"),
    [
        ("po_*.csv", "po_1.csv", True), ("po_?.csv", "po_12.csv", False), ("po_[0-9].csv", "po_7.csv", True),
        ("po_[!0-9].csv", "po_7.csv", False), ("po_[!0-9].csv", "po_x.csv", True), ("a.csv", "aXcsv", False),
        ("[", "[", True), ("[^a]", "^", True), ("**", "x/y", True), ("x/**/a", "x/a", True),
        ("x/**/a", "x/b/c/a", True),
        ("*", ".hidden", False), (".h*", ".hidden", True),
    ],
)  # fmt: skip
def test_globs(glob: str, name: str, expected: bool) -> None:
    """As a shell does it."""
    assert bool(compile_glob(glob).fullmatch(name)) is expected


def test_a_glob_of_many_stars_is_fast() -> None:
    """Repeated stars collapse; a long name does not blow up."""
    assert not compile_glob("a" + "**" * 50 + "b").fullmatch("a" * 5000)
