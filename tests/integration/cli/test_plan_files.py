"""Plans as files: written, read, given back to apply, and refused once somebody changed them."""

from __future__ import annotations

import csv
import html.parser
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from simulators.servicenow import ServiceNow
from tests.integration.cli.conftest import HOSTILE, Desk


@pytest.fixture
def writing(desk: Desk) -> Desk:
    """A desk that may write, with values that mean something to a spreadsheet or a browser."""
    desk.mode = "write"
    desk.rows = {name: [dict(row) for row in rows] for name, rows in desk.rows.items()}
    desk.rows["people"][0]["job_title"] = "=HYPERLINK(1)"
    desk.rows["people"][1]["job_title"] = HOSTILE
    desk.write()
    return desk


def _file(desk: Desk, name: str) -> Path:
    path = desk.folder / name
    ran = desk.run("plan", "--output", str(path))
    assert ran.code == 0, ran.err
    assert f"FILE   {path}" in ran.out
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return path


def _edit(path: Path, change: Any, *, layout: bool = False) -> None:
    document = json.loads(path.read_text())
    change(document)
    if layout:
        path.write_text(json.dumps(document, indent=2))
        return
    rows = ",\n".join(json.dumps(row) for row in document.pop("rows"))
    path.write_text(json.dumps(document)[:-1] + ',"rows":[\n' + rows + "\n]}\n")


def test_a_json_file_says_each_field_and_is_applied(writing: Desk, sim: ServiceNow) -> None:
    """Head with token, digest, expiry and target; old, new, source, rule and privacy of each field."""
    path = _file(writing, "plan.json")
    document = json.loads(path.read_text())
    assert document["digest"].startswith("sha256:")
    assert {"plan", "target", "config", "expires_at", "instance"} <= document.keys()
    [row] = [r for r in document["rows"] if r["label"] == "nb-test1" and r["facet"] == "ci"]
    fields = {c["field"]: c for c in row["changes"]}
    assert (fields["os_version"]["new"], fields["os_version"]["source"]) == ("10.0.22631.3593", "mdm")
    assert "mdm" in fields["os_version"]["rule"]
    assert fields["assigned_to"]["privacy"] == "personal"

    ran = writing.run("apply", str(path), "--json")

    assert ran.code == 0, ran.err
    assert ran.document["not_written"] == []
    assert "nb-test1" in {row["name"] for row in sim.dump("cmdb_ci_computer")}


@pytest.mark.parametrize("layout", [False, True])
def test_a_changed_file_is_refused_and_says_which_rows_differ(writing: Desk, sim: ServiceNow, *, layout: bool) -> None:
    """A value, a row less, another digest: nothing is sent; a mere other layout of the same is applied."""
    path = _file(writing, "plan.json")
    sent = sim.log.count(writes=True)

    def value(document: dict[str, Any]) -> None:
        row = next(r for r in document["rows"] if r["label"] == "nb-test1" and r["facet"] == "ci")
        next(c for c in row["changes"] if c["field"] == "os_version")["new"] = "6.6.6"

    original = path.read_text()
    _edit(path, value, layout=layout)
    ran = writing.run("apply", str(path))
    assert ran.code == 1
    assert "(nb-test1) differs in os_version" in ran.err
    assert "6.6.6" not in ran.err

    path.write_text(original)
    _edit(path, lambda document: document["rows"].pop(0), layout=layout)
    ran = writing.run("apply", str(path))
    assert ran.code == 1
    assert "is missing" in ran.err

    path.write_text(original)
    _edit(path, lambda document: document.update(digest="sha256:00"), layout=layout)
    assert writing.run("apply", str(path)).code == 1
    assert sim.log.count(writes=True) == sent

    path.write_text(original)
    _edit(path, lambda _: None, layout=layout)
    assert writing.run("apply", str(path)).code == 0


def test_other_files_and_plans_of_another_state_are_refused(writing: Desk) -> None:
    """Rubbish, CSV, a file that is not there, and a plan that this state did not issue."""
    path = _file(writing, "plan.json")
    _edit(path, lambda document: document.update(plan="ffffffffffff"))
    assert "did not issue" in writing.run("apply", str(path)).err
    for text in ("", "[]", '{"synchub_plan": 1}', '{"synchub_plan":1,"plan":"x","rows":[\n{"n"'):
        path.write_text(text)
        assert writing.run("apply", str(path)).code == 1
    assert writing.run("apply", str(_file(writing, "plan.csv"))).code == 1
    assert writing.run("apply", str(writing.folder / "none.json")).code == 1


def test_a_superseded_plan_is_refused_though_its_file_is_genuine(writing: Desk) -> None:
    """A newer plan took its place."""
    path = _file(writing, "plan.json")
    writing.run("plan")
    assert writing.run("apply", str(path)).code == 1


def test_a_csv_file_is_safe_in_a_spreadsheet(writing: Desk) -> None:
    """One line a field; what would be a formula is text."""
    with _file(writing, "plan.csv").open(newline="") as file:
        head, *lines = csv.reader(file)
    assert head[0].startswith("# synchub plan ")
    names, *rows = lines
    found = [dict(zip(names, row, strict=True)) for row in rows]
    titles = {row["new"] for row in found if row["field"] == "title"}
    assert "'=HYPERLINK(1)" in titles
    assert not [value for row in rows for value in row if value[:1] in ("=", "+", "@")]
    assert {"mdm", "hr"} <= {row["source"] for row in found}


class _Page(html.parser.HTMLParser):
    """Gathers the elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element and what it loads."""
        self.tags.append(tag)
        self.tags += [name for name, _ in attrs if name in ("src", "href") or name.startswith("on")]


def test_a_page_loads_and_runs_nothing(writing: Desk) -> None:
    """Values are escaped, control characters visible; nothing comes from elsewhere."""
    ran = writing.run("plan", "--json")
    path = writing.folder / "page.html"
    token = ran.document["targets"]["snow"]["plan"]
    assert writing.run("plan", "show", token, "--html", str(path)).code == 0
    text = path.read_text()
    page = _Page()
    page.feed(text)
    assert not {"script", "img", "link", "iframe", "src", "href", "b"} & set(page.tags)
    assert "&lt;script&gt;" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert token in text


def test_a_file_of_unknown_form_is_refused_before_anything_is_read(writing: Desk) -> None:
    """Its suffix says nothing, unless --format does."""
    assert writing.run("plan", "--output", "plan.txt").code == 2
    assert not (writing.folder / "state.db").exists()
    path = writing.folder / "plan.txt"
    assert writing.run("plan", "--output", str(path), "--format", "json").code == 0
    assert json.loads(path.read_text())["synchub_plan"] == 1


def test_apply_names_the_rows_that_were_not_written(writing: Desk, sim: ServiceNow) -> None:
    """A row that drifted since the plan, with the reason; JSON has all of them."""
    assert writing.run("sync").code == 0
    writing.rows["devices"][0]["osVersion"] = "10.0.26100.1"
    writing.write()
    token = writing.token()
    [row] = [r for r in sim.dump("cmdb_ci_computer") if r["name"] == "nb-test1"]
    sim.edit("cmdb_ci_computer", row["sys_id"], {"os_version": "typed"})
    ran = writing.run("apply", token)
    assert ran.code == 5
    assert "NOT WRITTEN" in ran.out
    assert "drifted  update  computer nb-test1" in ran.out
