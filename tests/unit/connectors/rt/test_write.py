"""Writing: what RT bends, breaks off or says in prose is refused, told field by field, and never half done unseen."""

from __future__ import annotations

import pytest

from synchub.domain.plan import Op, RowState, Write
from tests.unit.connectors.rt.conftest import Desk


def test_a_field_that_rt_refuses_in_prose_is_refused_and_the_others_stand(desk: Desk) -> None:
    """Status 200 says nothing: the field is read back, and RT's words are the reason."""
    number = desk.seed(Name="one", Status="new")
    got = desk.update(number, Status="bogus", Serial_Number="S1", Environment="nowhere")

    assert got.state is RowState.APPLIED
    assert set(got.refused) == {"Status", "Environment"}
    assert "isn't a valid status" in got.refused["Status"]
    assert desk.row(number)["Serial Number"] == "S1"
    assert got.fields["Status"] == "new"


def test_a_create_that_rt_refuses_is_made_bare_and_filled_field_by_field(desk: Desk) -> None:
    """RT refuses a create as a whole, without saying for which field."""
    got = desk.create(Name="one", Environment="nowhere", Serial_Number="S1")

    assert got.state is RowState.APPLIED
    assert set(got.refused) == {"Environment"}
    assert desk.row(str(got.object_id))["Serial Number"] == "S1"
    assert desk.row(str(got.object_id))["Hub Key"] == "kit:1"


@pytest.mark.parametrize("value", ["2026-02-30", "32/13/2026", "soon", "2026-05-01 10:00:00"])
def test_a_date_that_is_none_is_never_sent(desk: Desk, value: str) -> None:
    """RT would store 1970-01-01 or another day."""
    number = desk.seed(Name="one", Warranty_End="2025-01-01")
    got = desk.update(number, Warranty_End=value)

    assert got.state is RowState.REFUSED
    assert set(got.refused) == {"Warranty End"}
    assert desk.row(number)["Warranty End"] == "2025-01-01"
    assert desk.puts() == 0


def test_emptying_a_date_leaves_no_1970(desk: Desk) -> None:
    """`null` takes the value away; an empty text or list would store the beginning of time."""
    number = desk.seed(Name="one", Warranty_End="2025-01-01", Serial_Number="S1", IP_Addresses=["10.0.0.1"])
    got = desk.update(number, Warranty_End=None, Serial_Number=None, IP_Addresses=None)

    assert got.state is RowState.APPLIED
    assert got.refused == {}
    assert not {"Warranty End", "Serial Number", "IP Addresses"} & set(desk.row(number))


def test_emptying_what_is_empty_stores_no_empty_value(desk: Desk) -> None:
    """`null` for an empty custom field would store an empty value: nothing is sent."""
    number = desk.seed(Name="one")
    got = desk.update(number, Serial_Number=None, Warranty_End=None)

    assert got.state is RowState.UNCHANGED
    assert desk.puts() == 0


def test_a_text_that_rt_would_cut_is_refused(desk: Desk) -> None:
    """255 characters fit, 256 do not."""
    number = desk.seed(Name="one")
    fits = desk.update(number, Name="y" * 255)
    cut = desk.update(number, Name="z" * 256, Description="short")

    assert fits.refused == {}
    assert set(cut.refused) == {"Name"}
    assert desk.row(number)["Name"] == "y" * 255
    assert desk.row(number)["Description"] == "short"


def test_an_unknown_holder_breaks_nothing_off_and_makes_no_user(desk: Desk) -> None:
    """Ids are looked up before they are sent; an e-mail address is no id."""
    number = desk.seed(Name="one")
    users = len(desk.sim.store.users)
    for value in ("999999", "stranger@corp.example", "root"):
        got = desk.update(number, HeldBy=value, Description=f"with {value}")

        assert set(got.refused) == {"HeldBy"}
        assert desk.row(number)["Description"] == f"with {value}"
    assert len(desk.sim.store.users) == users
    assert desk.sim.log.count(status=500) == 0


def test_who_holds_an_asset_is_written_by_id_and_taken_away(desk: Desk) -> None:
    """One holder after another, then nobody; owner `Nobody` reads as nothing."""
    number = desk.seed(Name="one")
    jane = str(desk.sim.store.user("jane", "jane@acme.example"))
    held = desk.update(number, HeldBy=jane, Owner=jane)
    freed = desk.update(number, HeldBy=None, Owner=None)

    assert held.fields == {"HeldBy": jane, "Owner": jane}
    assert freed.fields == {"HeldBy": None, "Owner": None}
    assert freed.refused == {}


def test_who_was_faster_is_not_written_over(desk: Desk) -> None:
    """An edit between reading and writing is noticed by the ETag; a field that nobody touched is then written."""
    number = desk.seed(Name="one", Serial_Number="S0")
    plan = desk.target.fetch("asset", ["Serial Number", "Description"], [number])[number]
    edit = {"Serial Number": "typed"}
    desk.sim.faults.add("call", method="PUT", path=r"/asset/", nth=1, call=lambda: desk.sim.edit(int(number), edit))
    write = Write(1, "computer", Op.UPDATE, number, {"Serial Number": "S1"}, "kit:1", plan.version,
                  {"expected": {"Serial Number": "S0"}})  # fmt: skip
    [got] = desk.target.write([write])

    assert got.state is RowState.DRIFTED
    assert "Serial Number" in got.message
    assert desk.row(number)["Serial Number"] == "typed"


def test_an_edit_beside_ours_does_not_keep_ours_out(desk: Desk) -> None:
    """The ETag moved, the field did not: it is sent again under the new one."""
    number = desk.seed(Name="one", Serial_Number="S0")
    edit = {"Description": "typed"}
    desk.sim.faults.add("call", method="PUT", path=r"/asset/", nth=1, call=lambda: desk.sim.edit(int(number), edit))
    got = desk.update(number, Serial_Number="S1")

    assert got.state is RowState.APPLIED
    assert desk.row(number)["Serial Number"] == "S1"
    assert desk.row(number)["Description"] == "typed"


def test_an_asset_of_another_hub_is_not_touched(desk: Desk) -> None:
    """Neither changed nor deleted."""
    number = desk.seed(Name="one", Hub_Key="other:0123456789abcdef")

    assert desk.update(number, Name="two").state is RowState.CONFLICT
    assert desk.update(number, Op.DELETE).state is RowState.CONFLICT
    assert desk.row(number)["Name"] == "one"


def test_an_asset_that_carries_the_hub_key_but_is_another_thing_is_a_conflict(desk: Desk) -> None:
    """It is neither taken over nor made a second time."""
    number = desk.seed(Name="other", Serial_Number="X", Hub_Key="kit:1")
    got = desk.create(Name="one", Serial_Number="S1")

    assert got.state is RowState.CONFLICT
    assert got.object_id == number
    assert len(desk.sim.store.assets) == 1


def test_deleting_gives_the_status_and_is_done_once(desk: Desk) -> None:
    """RT's own DELETE answers 500; a deleted asset is gone for every list, and deleting it again does nothing."""
    made = desk.create(Name="one")
    number = str(made.object_id)
    first, second = desk.update(number, Op.DELETE), desk.update(number, Op.DELETE)

    assert (first.state, second.state) == (RowState.APPLIED, RowState.UNCHANGED)
    assert desk.row(number)["Status"] == "deleted"
    assert desk.target.fetch("asset", ["Name"], [number]) == {}
    assert desk.puts() == 1


def test_a_deletion_whose_answer_was_lost_is_done_once(desk: Desk) -> None:
    """Sent again it meets another ETag: gone by ourselves is done, changed by others is not."""
    made = [str(desk.create(mark=f"kit:{n}", Name=f"n{n}").object_id) for n in (1, 2)]
    desk.sim.faults.add("timeout_after", method="PUT", path=f"/asset/{made[0]}$", nth=1)
    edit = {"Description": "typed"}
    desk.sim.faults.add("call", method="PUT", path=f"/asset/{made[1]}$", nth=1,
                        call=lambda: desk.sim.edit(int(made[1]), edit))  # fmt: skip

    assert desk.update(made[0], Op.DELETE).state is RowState.UNCHANGED
    assert desk.update(made[1], Op.DELETE).state is RowState.DRIFTED
    assert desk.row(made[1])["Status"] == "new"


@pytest.mark.parametrize(("old", "new"), [("new", "recycled"), ("recycled", "in-use"), ("in-use", "allocated")])
def test_a_status_is_reached_by_way_of_another(desk: Desk, old: str, new: str) -> None:
    """The shipped lifecycle allows no direct way from new to recycled, nor from recycled to in use."""
    number = desk.seed(Name="one", Status=old)
    got = desk.update(number, Status=new, Description="with it")

    assert (got.state, got.refused) == (RowState.APPLIED, {})
    assert (desk.row(number)["Status"], desk.row(number)["Description"]) == (new, "with it")


def test_a_status_without_a_way_is_refused_and_the_asset_stays_as_it_is(desk: Desk) -> None:
    """Back to new there is none, and none is tried."""
    number = desk.seed(Name="one", Status="in-use")
    got = desk.update(number, Status="new")

    assert got.state is RowState.REFUSED
    assert "can't change status" in got.refused["Status"]
    assert desk.row(number)["Status"] == "in-use"
    assert desk.puts() == 1


def test_a_new_asset_that_is_retired_already(desk: Desk) -> None:
    """RT takes no such create; it is made and then retired."""
    got = desk.create(Name="one", Status="recycled")

    assert (got.state, got.refused) == (RowState.APPLIED, {})
    assert desk.row(str(got.object_id))["Status"] == "recycled"


def test_a_recycled_asset_is_deleted_by_way_of_another_status(desk: Desk) -> None:
    """There is no direct way either."""
    number = desk.seed(Name="one", Status="recycled")

    assert desk.update(number, Op.DELETE).state is RowState.APPLIED
    assert desk.row(number)["Status"] == "deleted"


def test_a_kind_goes_to_its_catalog(desk: Desk) -> None:
    """`catalogs` by object type, `catalog` for the rest."""
    desk.target = desk.open(catalogs={"server": "Servers"})
    server, computer = desk.create("server", "kit:1", Name="s"), desk.create("computer", "kit:2", Name="c")

    assert desk.row(str(server.object_id))["Catalog"] == "Servers"
    assert desk.row(str(computer.object_id))["Catalog"] == "Laptops"
