"""Reading: every asset once, changes since a moment, logins that see little, look-ups, history."""

from __future__ import annotations

from typing import Any

import pytest

from synchub.errors import ConfigError, PermissionDenied
from synchub.ports import Target
from tests.unit.connectors.rt.conftest import Desk


def read(target: Target, **options: Any) -> list[str]:
    return [item.id for page in target.objects("asset", ["Name"], **options) for item in page]


def test_assets_of_all_configured_catalogs_and_of_no_other(desk: Desk) -> None:
    """Deleted ones are missing."""
    for catalog in ("Laptops", "Servers", "Phones"):
        desk.sim.seed(catalog, [{"Name": catalog}])
    desk.sim.seed("Laptops", [{"Name": "gone", "Status": "deleted"}])

    assert read(desk.open(catalogs={"server": "Servers"})) == ["1", "2"]


def test_what_is_added_or_deleted_while_a_list_is_read_hides_nothing(desk: Desk) -> None:
    """Pages go on behind the last id seen."""
    for n in range(25):
        desk.seed(Name=f"n{n}")
    desk.sim.faults.add("call", path=r"/assets$", nth=2, call=lambda: desk.sim.edit(1, {"Status": "deleted"}))
    desk.sim.faults.add("call", path=r"/assets$", nth=2, call=lambda: desk.sim.edit(2, {"Status": "deleted"}))

    assert read(desk.target) == [str(n) for n in range(1, 26)]


def test_changes_since_a_moment(desk: Desk) -> None:
    """Only what was changed; where nothing was, one request tells."""
    for n in range(3):
        desk.seed(Name=f"n{n}")
    desk.sim.server.clock.advance(7200)
    now = desk.target.server_time()
    desk.target.objects("asset", ["Name"])
    before = desk.sim.log.count(path="/assets")
    nothing = read(desk.target, since=now - 60)
    asked = desk.sim.log.count(path="/assets") - before
    desk.sim.edit(2, {"Name": "changed"})

    assert nothing == []
    assert asked == 1
    assert read(desk.target, since=now - 60) == ["2"]
    assert read(desk.target, since=now - 10_000) == ["1", "2", "3"]


def test_a_condition_that_rt_misreads_hides_no_change(desk: Desk) -> None:
    """Where it does not find the asset that was changed last, everything is read and sifted."""
    for n in range(3):
        desk.seed(Name=f"n{n}")
    desk.sim.server.clock.advance(7200)
    now = desk.target.server_time()
    desk.sim.edit(2, {"Name": "changed"})
    empty = '{"items": [], "total": 0, "count": 0, "page": 1, "pages": 0, "per_page": 10}'
    desk.sim.faults.add("body", path=r"/assets$", query="ago", text=empty)

    assert read(desk.target, since=now - 60) == ["2"]


def test_a_login_without_a_global_right_reads_up_to_the_highest_it_sees(desk: Desk) -> None:
    """`total` is null for it, and a page may be empty though more follow."""
    for n in range(60):
        desk.seed(Name=f"n{n}")
    token = desk.sim.login("narrow")
    desk.sim.limited.add(desk.sim.tokens[token])
    desk.sim.hidden = set(range(11, 36))

    assert read(desk.open(token)) == [str(n) for n in range(1, 61) if not 10 < n < 36]


def test_a_custom_field_that_a_catalog_lacks_is_absent_and_not_empty(desk: Desk) -> None:
    """Absent means hidden: the hub plans nothing for it."""
    number = desk.seed(Name="one")
    item = desk.target.fetch("asset", ["Name", "Serial Number", "Nope"], [number])[number]

    assert item.fields == {"Name": "one", "Serial Number": None}


def test_versions_differ_after_every_change_within_one_second(desk: Desk) -> None:
    """RT stamps to the second; the values count too."""
    number = desk.seed(Name="one")
    versions = set()
    for n in range(3):
        desk.sim.edit(int(number), {"Serial Number": str(n)})
        versions.add(desk.target.fetch("asset", ["Name"], [number])[number].version)

    assert len(versions) == 3


def test_people_are_found_by_address_else_by_name_whatever_the_case(desk: Desk) -> None:
    """Unknown ones are missing; RT's own users never come."""
    jane = str(desk.sim.store.user("jane", "Jane@acme.example"))
    found = desk.target.lookup("user", "EmailAddress", ["jane@ACME.example", "JANE", "x@acme.example", "Nobody", "'"])

    assert found == {"jane@ACME.example": jane, "JANE": jane}


def test_history_tells_who_changed_what_newest_first(desk: Desk) -> None:
    """Custom fields by name, own edits marked, values where the field as a whole is told."""
    made = desk.create(Name="one", Serial_Number="S1")
    desk.sim.store.user("jane", "jane@acme.example")
    desk.sim.edit(int(str(made.object_id)), {"Serial Number": "typed"}, by="jane")
    edits = desk.target.history(str(made.object_id))

    assert [(e.by, e.field, e.old, e.new, e.ours) for e in edits] == [
        ("jane", "Serial Number", "S1", "typed", False), ("root", "", None, None, True),
    ]  # fmt: skip
    assert edits[0].told
    assert edits[0].value == "typed"
    assert desk.target.history("999") == []


def test_identity_is_the_installation(desk: Desk) -> None:
    """Address and the moment of installation; unseen, it is said and not guessed."""
    told = desk.target.identity()
    del desk.sim.store.catalogs[1]

    assert told.startswith("127.0.0.1:")
    assert desk.target.identity is not None
    with pytest.raises(PermissionDenied, match="installed"):
        desk.target.identity()


def test_a_catalog_that_is_not_there_is_named(desk: Desk) -> None:
    """With those that are."""
    with pytest.raises(ConfigError, match="Lptops") as told:
        read(desk.open(catalog="Lptops"))

    assert "Laptops" in told.value.fix
