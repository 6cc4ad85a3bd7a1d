"""The audit of the dependencies fails when it must and never claims what it has not looked at."""

from __future__ import annotations

from typing import Any

from tests.meta.audit import UNREACHABLE, audit, judge, read_ignored

_ADVISORY = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["2.0"], "description": "bad"}
_UNKNOWN = {"dependencies": [{"name": "a", "version": "1", "skip_reason": "not found"}]}


def _report(*advisories: dict[str, Any]) -> dict[str, Any]:
    return {"dependencies": [{"name": "a", "version": "1.0", "vulns": list(advisories)}, {"name": "b", "vulns": []}]}


def test_advisory_fails() -> None:
    """An advisory nobody has judged is a failure that names package, advisory and the version that mends it."""
    verdict = judge(_report(_ADVISORY), {}, "pypi")

    assert verdict is not None
    assert verdict.code == 1
    assert any("a 1.0: PYSEC-2026-1, fixed in 2.0" in line for line in verdict.lines)


def test_advisory_ignored_with_reason_under_another_name() -> None:
    """A judged advisory passes, also when the list names its CVE, and its reason is shown."""
    verdict = judge(_report(_ADVISORY), {"CVE-2026-1": "the function is not used"}, "pypi")

    assert verdict is not None
    assert verdict.code == 0
    assert any("the function is not used" in line for line in verdict.lines)


def test_ignoring_needs_a_reason() -> None:
    """A line without a reason fails before anything is asked."""
    verdict = audit(lambda _: _report(), read_ignored(["# comment", "", "PYSEC-2026-1"]))

    assert verdict.code == 1


def test_nothing_known_is_no_source() -> None:
    """A mirror that knows no package is no advisory source: the next one is asked."""
    asked: list[str] = []

    def ask(service: str) -> dict[str, Any]:
        asked.append(service)
        return _UNKNOWN if service == "pypi" else _report(_ADVISORY)

    verdict = audit(ask, {})

    assert asked == ["pypi", "osv"]
    assert verdict.code == 1


def test_no_source_reachable_is_said_and_passes() -> None:
    """Without any source the audit says that nothing was checked."""
    assert audit(lambda _: None, {}).lines == [UNREACHABLE]
    assert audit(lambda _: _UNKNOWN, {}).lines == [UNREACHABLE]
    assert audit(lambda _: None, {}).code == 0


def test_unknown_packages_are_named() -> None:
    """Packages the source does not know are listed, not counted as checked."""
    report = {"dependencies": [*_report()["dependencies"], *_UNKNOWN["dependencies"]]}

    verdict = judge(report, {}, "pypi")

    assert verdict is not None
    assert any("2 packages looked up" in line for line in verdict.lines)
    assert any("1 packages unknown there: a" in line for line in verdict.lines)


def test_stale_line_is_named() -> None:
    """An ignored advisory that is found no more is named, so that the list stays short."""
    verdict = judge(_report(), {"PYSEC-2020-1": "old"}, "pypi")

    assert verdict is not None
    assert any("PYSEC-2020-1" in line and "found no more" in line for line in verdict.lines)
