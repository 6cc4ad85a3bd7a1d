"""Looks the locked dependencies up in the advisory databases: `make audit`.

Asks PyPI, then OSV, and uses the first that knows the packages. Exit code 1 when an advisory is found that
`tests/meta/audit_ignore.txt` does not name with a reason, or when a line there has no reason. Where no database can be
reached (a build without internet), it says so and passes: nothing was checked, and nobody can read it otherwise.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
IGNORED = Path(__file__).with_name("audit_ignore.txt")
SERVICES = ("pypi", "osv")
UNREACHABLE = "audit: no advisory source reachable, not checked"

Ask = Callable[[str], "dict[str, Any] | None"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out.

    Attributes:
        lines: What to print.
        code: Exit code: 1 when something needs a person, else 0.
    """

    lines: list[str]
    code: int


def ask(service: str) -> dict[str, Any] | None:
    """Ask one service about everything in the lock.

    Returns:
        The report of pip-audit; None when the service gave no answer.
    """
    command = [
        str(Path(sys.executable).with_name("pip-audit")), "--vulnerability-service", service, "--format", "json",
        "--require-hashes", "--disable-pip", "--requirement", "lock/requirements.txt", "--timeout", "10",
        "--progress-spinner", "off", "--aliases", "on",
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False, stdin=subprocess.DEVNULL
        )
        report: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return None
    return report


def read_ignored(lines: Iterable[str]) -> dict[str, str]:
    """Read `ID  reason` lines; `#` begins a comment line. A missing reason is an empty one."""
    rows = (line.strip() for line in lines)
    split = (row.partition(" ") for row in rows if row and not row.startswith("#"))
    return {name: reason.strip() for name, _, reason in split}


def judge(report: dict[str, Any], ignored: dict[str, str], service: str) -> Verdict | None:
    """Judge a report of pip-audit.

    Returns:
        None when the service knew none of the packages: then it is no source.
    """
    dependencies: list[dict[str, Any]] = report.get("dependencies", [])
    checked = [d for d in dependencies if "vulns" in d and "skip_reason" not in d]
    if not checked:
        return None
    lines = [f"audit: {len(checked)} packages looked up at {service}"]
    if missed := [d["name"] for d in dependencies if d not in checked]:
        lines.append(f"audit: {len(missed)} packages unknown there: {', '.join(sorted(missed))}")
    found = [(d, v) for d in checked for v in d["vulns"]]
    used: set[str] = set()
    code = 0
    for dependency, advisory in found:
        names = {advisory["id"], *advisory.get("aliases", ())}
        reasons = [ignored[name] for name in sorted(names) if ignored.get(name)]
        used |= names
        what = f"{dependency['name']} {dependency['version']}: {advisory['id']}"
        if reasons:
            lines.append(f"audit: {what} ignored: {reasons[0]}")
            continue
        code = 1
        fixed = ", ".join(advisory.get("fix_versions", ())) or "no version yet"
        lines.append(f"audit: {what}, fixed in {fixed}. Renew the lock, or name it with a reason in {IGNORED.name}.")
    gone = sorted(set(ignored) - used)
    lines += [f"audit: {name} in {IGNORED.name} is found no more; remove the line." for name in gone]
    lines.append("audit: failed" if code else "audit: nothing open")
    return Verdict(lines, code)


def audit(ask_service: Ask, ignored: dict[str, str]) -> Verdict:
    """Ask the services in turn until one is a source."""
    if silent := sorted(name for name, reason in ignored.items() if not reason):
        return Verdict([f"audit: {IGNORED.name} gives no reason for {', '.join(silent)}"], 1)
    for service in SERVICES:
        report = ask_service(service)
        verdict = judge(report, ignored, service) if report else None
        if verdict:
            return verdict
    return Verdict([UNREACHABLE], 0)


def main() -> int:
    """Run the audit and print what came out."""
    verdict = audit(ask, read_ignored(IGNORED.read_text(encoding="utf-8").splitlines()))
    sys.stdout.write("\n".join(verdict.lines) + "\n")
    return verdict.code


if __name__ == "__main__":
    sys.exit(main())
