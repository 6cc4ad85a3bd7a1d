"""Reports: short at any size, honest about what they leave out, and harmless whatever they show."""

from __future__ import annotations

import pytest

from synchub.domain.plan import FieldChange, Op, PlanRow, RowState
from synchub.engine.summary import Summary
from synchub.report import MAX_LINES, causes, has_changes, render_plan, render_sync, report_markdown, totals
from tests.unit.synchub.cli.results import cause, counts, large, report, result

HOSTILE = "\x1b[31mred\x1b[0m\u202e|*a*<b>\r\n# title"


@pytest.mark.parametrize("things", [0, 1, 3, 10, 60])
def test_a_plan_has_at_most_forty_lines(things: int) -> None:
    """However many streams, targets, classes, causes and problems there are."""
    text = render_plan(large(things))

    assert len(text.splitlines()) <= MAX_LINES


@pytest.mark.parametrize("count", [0, 1, 10, 10_000])
def test_a_plan_of_any_number_of_rows_has_at_most_forty_lines(count: int) -> None:
    """Of any classes, operations, fields, sources and states."""
    classes = ("computer", "server", "person", "mobile_device", "printer", "network_device", "storage", "facility")
    summary = Summary("snow")
    summary.add_all(
        PlanRow(
            n, n, classes[n % 8], "ci", "kind", list(Op)[n % 5], f"id{n}",
            {f"field_{n % 997}": FieldChange(n, HOSTILE, f"source_{n % 7}", HOSTILE)}, HOSTILE,
            RowState.CONFLICT if n % 11 == 0 else RowState.PENDING, f"why {n % 301}: {HOSTILE}",
        )
        for n in range(count)
    )  # fmt: skip
    text = render_plan(result(targets={"snow": report(summary=summary.as_dict())}))

    assert len(text.splitlines()) <= MAX_LINES


@pytest.mark.parametrize("things", [0, 1, 10, 60])
def test_a_sync_has_at_most_forty_lines(things: int) -> None:
    """However many streams and targets there are."""
    assert len(render_sync(large(things)).splitlines()) <= MAX_LINES


def test_what_is_left_out_is_counted() -> None:
    """A shortened part says how much more there is."""
    text = render_plan(large(50))

    assert "more streams" in text
    assert "more things" in text
    assert "more causes" in text
    assert "more plans" in text


def test_the_total_counts_the_classes_that_are_left_out() -> None:
    """TOTAL is that of the plan, not of the lines shown."""
    shown = next(line for line in render_plan(large(50)).splitlines() if line.startswith("TOTAL"))

    assert shown.split()[3] == f"{50 * sum(range(50)):,}"


def test_incomplete_and_failed_streams_are_shown_first_when_not_all_fit() -> None:
    """A stream in trouble is never the one that is cut."""
    streams = {f"s{n:03}": counts() for n in range(100)} | {"last": counts(error="refused", code="auth", proof="")}
    text = render_plan(result(pulled={"mdm": streams}))

    assert "FAILED: refused" in text


def test_a_failed_stream_needs_a_person() -> None:
    """It is listed under NEEDS YOU."""
    text = render_plan(result(pulled={"mdm": {"devices": counts(error="no", code="auth", complete=False)}}))

    assert "mdm devices could not be read" in text.split("NEEDS YOU")[1]


def test_causes_come_largest_first_with_the_number_that_plan_show_takes() -> None:
    """The number counts within the plan, the order over all targets."""
    small = report(summary={"causes": [cause(1, count=5)], "counts": {}}, plan="aaaa")
    big = report(summary={"causes": [cause(1, count=9), cause(2, count=7)], "counts": {}}, plan="bbbb")

    found = causes(result(targets={"a": small, "b": big}))

    assert [(c["plan"], c["number"], c["count"]) for c in found] == [("bbbb", 1, 9), ("bbbb", 2, 7), ("aaaa", 1, 5)]


def test_unchanged_counts_things_without_a_row() -> None:
    """100 computers, 6 of them in the plan."""
    assert totals(result())[0]["unchanged"] == 94


def test_unchanged_is_not_invented_where_it_is_not_known() -> None:
    """Without the number of things there is no such column."""
    assert "unchanged" not in render_plan(result(entities={}))


def test_a_plan_of_conflicts_alone_has_no_changes() -> None:
    """Only creates, updates and links are changes."""
    none = report(summary={"counts": {"computer": {"conflict": 3}}})

    assert not has_changes(result(targets={"snow": none}))
    assert has_changes(result())


def test_times_are_shown_in_the_zone_of_the_hub() -> None:
    """`created_at` 2026-11-22 15:56:03 UTC is 16:56 in Berlin."""
    assert "2026-11-22 16:56 CET" in render_plan(result(), "Europe/Berlin")


def test_an_unknown_zone_falls_back_to_utc() -> None:
    """A wrong zone must not keep anybody from reading a plan."""
    assert "2026-11-22 15:56 UTC" in render_plan(result(), "Mars/Olympus")


def test_hostile_values_are_visible_and_stay_on_their_line() -> None:
    """Control and direction characters of values, names and errors are shown as code points."""
    bad = cause(1, old=HOSTILE, new=HOSTILE, example=HOSTILE, field=HOSTILE)
    summary = {"counts": {}, "causes": [bad], "needs": [{"why": HOSTILE, "count": 1, "example": HOSTILE}]}
    given = result(
        pulled={"mdm": {"devices": counts(proof=HOSTILE, error=HOSTILE, code="x")}},
        targets={"snow": report(summary=summary)},
    )

    text = render_plan(given) + render_sync(given)

    assert "\\u001b[31mred" in text
    assert all(line.isprintable() for line in text.splitlines())
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not any(line.startswith("# title") for line in text.splitlines())


def test_markdown_holds_no_value_of_a_record() -> None:
    """Neither old and new values, nor what things and people are called."""
    bad = cause(1, old="anna.novak@corp.example", new="ben.kim@corp.example", example="Anna Novak")
    needs = [{"why": "emptied", "count": 1, "example": "Anna Novak"}]
    summary = {"counts": {"person": {"update": 1}}, "causes": [bad], "needs": needs}

    text = report_markdown(result(targets={"snow": report(summary=summary, mode="write", states={"applied": 1})}))

    assert "field" in text
    assert "Novak" not in text
    assert "corp" not in text


def test_markdown_is_escaped() -> None:
    """A name cannot start markup, a link, HTML or another cell."""
    bad = cause(1, field="a|b <img src=x> [c](http://evil.example) `d` *e*")

    text = report_markdown(result(targets={"sn|ow": report(summary={"counts": {}, "causes": [bad]})}))

    assert "a\\|b \\<img src=x\\> \\[c\\]\\(http\\://evil.example\\) \\`d\\` \\*e\\*" in text
    assert "## sn\\|ow" in text


def test_markdown_of_a_failed_stream_names_the_code_only() -> None:
    """The message may quote what a system answered."""
    text = report_markdown(result(pulled={"mdm": {"devices": counts(error="secret words", code="auth")}}))

    assert "failed \\(auth\\)" in text
    assert "secret words" not in text


def test_a_failed_target_is_told() -> None:
    """Its error stands where its outcome would."""
    failed = report(plan="", summary={}, error="snow: 401")

    assert "FAILED: snow: 401" in render_sync(result(targets={"snow": failed}, state="failed"))
    assert "FAILED: snow: 401" in render_plan(result(targets={"snow": failed}, state="failed"))


def test_heartbeats_are_told_apart_from_writes() -> None:
    """A plan says how many are due, a sync how many were told; neither counts as something to write."""
    due = report() | {"heartbeats": {"due": 1200, "sent": 0, "newer": 0, "failed": 0}}
    sent = report(mode="write") | {"heartbeats": {"due": 1200, "sent": 1190, "newer": 10, "failed": 0}}

    planned = render_plan(result(targets={"snow": due}))
    synced = render_sync(result(targets={"snow": sent}))

    assert "SEEN   at most weekly, no writes: last seen of snow 1,200 objects" in planned
    assert "1,190 told when last seen" in synced
