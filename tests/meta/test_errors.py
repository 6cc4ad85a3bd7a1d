"""The error tree holds together."""

from __future__ import annotations

import pickle
from datetime import timedelta

import pytest

from synchub import errors
from synchub.errors import HubError, RateLimited, Recovery
from tests.meta.project import ROOT, named


def _tree(cls: type[HubError] = HubError) -> list[type[HubError]]:
    return [cls, *(below for sub in cls.__subclasses__() for below in _tree(sub))]


CLASSES = [cls for cls in _tree() if cls.__module__ == errors.__name__]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_error_survives_pickling(cls: type[HubError]) -> None:
    """Prefect pickles errors between processes; one that does not come back hides the real failure."""
    error = cls("it failed.", where="here", fix="Mend it.", status=503)
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert type(back) is cls
    assert str(back) == str(error) == "here: it failed. Mend it."
    assert back.__dict__ == error.__dict__


def test_retry_after_survives_pickling() -> None:
    """Also what a subclass adds."""
    back = pickle.loads(pickle.dumps(RateLimited("slow.", retry_after=timedelta(seconds=3))))  # noqa: S301

    assert back.retry_after == timedelta(seconds=3)


def _drawn() -> dict[str, tuple[int, str]]:
    """Read the tree of the docstring: class name -> (depth, recovery; empty for those that are never raised)."""
    found = {}
    for line in (errors.__doc__ or "").splitlines():
        name = line.lstrip(" │├└─")
        if line.startswith("    ") and name:
            words = name.split()
            recovery = words[-1] if words[-1] in Recovery.__members__ else ""
            found[words[0]] = ((len(line) - len(name)) // 4 - 1, recovery)
    return found


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_error_is_drawn_where_it_stands(cls: type[HubError]) -> None:
    """The picture in `synchub/errors.py` shows each error at its depth with its recovery."""
    depth, recovery = _drawn()[cls.__name__]

    assert depth == len(cls.__mro__) - len(HubError.__mro__)
    assert recovery in ("", cls.recovery.name)


def test_nothing_else_is_drawn() -> None:
    """No error stands in the picture that does not exist."""
    assert set(_drawn()) == {cls.__name__ for cls in CLASSES}


def test_errors_page_names_every_error() -> None:
    """`docs/errors.md` tells people what each error means."""
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")

    assert [cls.__name__ for cls in CLASSES if cls is not HubError and f"`{cls.__name__}`" not in page] == []


def test_errors_are_defined_in_one_file() -> None:
    """Apart from the standard ones, the hub raises what `synchub/errors.py` draws."""
    folders = ("connectors/**/*.py", "mapping/**/*.py", "state/**/*.py", "synchub/**/*.py", "flows/*.py")
    others = [p for p in named(*folders) if "(HubError)" in p.read_text(encoding="utf-8")]

    assert others == [ROOT / "synchub" / "errors.py"]
