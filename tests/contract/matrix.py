"""Which connector passes which case of the conformance kit: the table in `docs/connectors/README.md`.

    python -m tests.contract.matrix

runs every check of every case that a conformance test runs, and writes what came of it between the two marks of the
page. The connectors are those of the registry: one without a case stands there as "not yet". `tests/meta` holds the
page to the cases; that the checks pass is what the conformance tests themselves say.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from connectors import registry
from connectors.kit import SOURCE_CHECKS, TARGET_CHECKS, SourceCase, TargetCase
from tests.contract.kit.suite import CASE_OF
from tests.meta.project import ROOT, named

PAGE = ROOT / "docs" / "connectors" / "README.md"
BEGIN, END = "<!-- written by `make matrix` -->\n", "<!-- end of what `make matrix` writes -->\n"
PASSES, NOT_YET = "✓", "not yet"

Case = SourceCase | TargetCase
# Runs a check of a case; tells whether it passes.
Run = Callable[[Case, str], bool]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: a connector, or one of its cases where it has several; no case where no test holds it to the kit."""

    title: str
    case: Case | None


def cases() -> list[tuple[str, Case]]:
    """List the cases that tests run, in the order of files and of lines: words of the test's name, case."""
    found = []
    for path in named("tests/contract/test_*_conformance.py"):
        module = importlib.import_module(f"tests.contract.{path.stem}")
        tests = ((name, thing) for name, thing in vars(module).items() if name.startswith("test_"))
        found += [(name.removeprefix("test_").replace("_", " "), CASE_OF[test]) for name, test in tests]
    return found


def columns(kind: type[SourceCase] | type[TargetCase]) -> Iterator[Column]:
    """List the columns of the table of sources or of targets, by connector."""
    held = cases()
    for name in registry.shipped():
        own = [(words, case) for words, case in held if case.name == name and isinstance(case, kind)]
        connector = registry.load(name)
        if not own and (connector.open_source if kind is SourceCase else connector.open_target):
            yield Column(name, None)
        for words, case in own:
            yield Column(f"{name}: {words}" if len(own) > 1 else name, case)


def render(run: Run) -> str:
    """Build what stands between the marks: a table of sources, one of targets, the reasons."""
    reasons: list[str] = []
    lines = []
    for title, checks, kind in (("source", SOURCE_CHECKS, SourceCase), ("target", TARGET_CHECKS, TargetCase)):
        shown = list(columns(kind))
        lines += [f"| case of a {title} | {' | '.join(c.title for c in shown)} |", "|---" * (len(shown) + 1) + "|"]
        for check in checks:
            cells = [_cell(column.case, check, run, reasons) for column in shown]
            lines.append(f"| {check.replace('_', ' ')} | {' | '.join(cells)} |")
        lines.append("")
    lines += [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    return "\n".join([*lines, ""])


def _cell(case: Case | None, check: str, run: Run, reasons: list[str]) -> str:
    """Show one check of one case; a reason is added to the list where it is new."""
    if case is None:
        return NOT_YET
    reason = case.exempt.get(check)
    if reason is None:
        return PASSES if run(case, check) else NOT_YET
    if reason not in reasons:
        reasons.append(reason)
    return f"n/a ({reasons.index(reason) + 1})"


def page(run: Run) -> str:
    """Return the page with its tables written anew."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{render(run)}\n{END}{after}"


def _really(case: Case, check: str) -> bool:
    """Run a check; what it raises is shown."""
    try:
        if isinstance(case, SourceCase):
            SOURCE_CHECKS[check](case)
        else:
            TARGET_CHECKS[check](case)
    except Exception:  # noqa: BLE001 - whatever a check raises, it does not pass
        sys.stderr.write(f"{case.name}: {check}\n{traceback.format_exc()}")
        return False
    return True


if __name__ == "__main__":
    PAGE.write_text(page(_really), encoding="utf-8")
