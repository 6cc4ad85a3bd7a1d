"""What holds for every normaliser, whatever it is given."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mapping.normalise import NORMALISERS, derived, device_class, hardware_identity

_TRICKY = "0123456789.,-/: ABCDEFabcdefTZ+()'\"S/N:#_\\@<>$€\u2019\u00e9\u0130\u200b"
_DATELIKE = st.from_regex(r"[0-9]{1,4}[./-][0-9]{1,4}[./-][0-9]{1,5}( [0-9]{1,2}:[0-9]{2})?", fullmatch=True)
_TEXTS = st.one_of(st.text(max_size=60), st.text(alphabet=_TRICKY, max_size=40), _DATELIKE)
_SCALARS = st.one_of(_TEXTS, st.integers(), st.floats(), st.booleans(), st.none())
_FORMERS = sorted(set(NORMALISERS) - {"os_end_of_life"})  # its result is a date, not a name
_JSON = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


def _outcome(name: str, value: Any) -> Any:
    try:
        return NORMALISERS[name](value)
    except ValueError:
        return None


@pytest.mark.parametrize("name", _FORMERS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(value=_SCALARS)
@example(value="0.C0-")  # a legal form behind punctuation
def test_normalising_twice_changes_nothing(name: str, value: Any) -> None:
    """What a normaliser gives it also takes, and leaves as it is."""
    once = _outcome(name, value)
    if once is not None:
        assert NORMALISERS[name](once) == once


@pytest.mark.parametrize("name", sorted(NORMALISERS))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(value=_JSON)
def test_anything_of_a_json_document_gives_a_value_or_a_value_error(name: str, value: Any) -> None:
    """No other exception leaves a normaliser, and no empty text."""
    assert _outcome(name, value) != ""


@settings(max_examples=150, deadline=None)
@given(fields=st.lists(_JSON, min_size=6, max_size=6))
def test_identity_of_hardware_never_fails_otherwise(fields: list[Any]) -> None:
    """The combined functions keep the same promise."""
    for call in (lambda: hardware_identity(*fields), lambda: device_class(*fields)):
        try:
            call()
        except ValueError as error:
            assert str(error).startswith("expected")  # noqa: PT017 - most inputs are fine


@settings(max_examples=150, deadline=None)
@given(
    fields=st.dictionaries(st.sampled_from(["os_name", "os_version", "manufacturer", "model", "form_factor"]), _JSON)
)
def test_deriving_takes_whatever_a_map_filled(fields: dict[str, Any]) -> None:
    """A field of an odd type is passed over."""
    assert all(value for value in derived(fields).values())


_HOSTILE = [
    "a", " ", "1", "(", "a-", "1,", "a.", "S/N:", "x ", ", ", "1.1 ", "Inc. ", "_A", '"', "PC ", "1 Notebook PC",
    "Co., ", "()", "=+", "\u0301", "\u200b", "-", "0.", "<", "vmware-", "Version ", " (x64)", "windows ", "@",
    "\\", "tel:", "[", "%", "/", "' ", "00:", "Dell ",
]  # fmt: skip


@pytest.mark.parametrize("name", sorted(NORMALISERS))
def test_hostile_repetition_takes_linear_time(name: str) -> None:
    """Each pattern at the longest length that is read takes milliseconds; longer texts are refused at once."""
    start = time.process_time()
    for piece in _HOSTILE:
        _outcome(name, (piece * 400)[:400])
        _outcome(name, (piece * 4000)[:3999] + "!")
        _outcome(name, piece * 100_000)
    assert time.process_time() - start < 2.0


def test_very_long_text_is_refused_not_cut() -> None:
    """Cutting silently would make two values one."""
    for name in NORMALISERS:
        with pytest.raises(ValueError, match=r"at most|expected"):
            NORMALISERS[name]("x" * 70_000)


def test_long_text_is_cut_where_the_map_says_so() -> None:
    """A description may be cut; the ellipsis shows it."""
    cut = NORMALISERS["text"]("x" * 5000, cut=True)
    assert len(cut) == 4000
    assert cut.endswith("x…")


def test_messages_never_repeat_the_value() -> None:
    """A warning goes to logs, and values may be personal."""
    for normaliser in NORMALISERS.values():
        try:
            normaliser("Geheim\u00fcnis, 4711 a@b@c 32.13.2024 6.37702E+15")
        except ValueError as error:
            assert "Geheim" not in str(error)  # noqa: PT017 - many normalisers keep it
            assert "4711" not in str(error)  # noqa: PT017
