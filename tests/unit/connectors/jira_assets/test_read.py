"""Reading: pages, lists that move, changed-since, names, ids."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from synchub.errors import ContractChanged, Unavailable
from tests.unit.connectors.jira_assets.script import Script, item, page


def start_of(request: httpx.Request) -> int:
    return int(request.url.params["startAt"])


def ids(script: Script, **options: Any) -> list[str]:
    return [o.id for some in script.target.objects("Hardware", ["Name"], **options) for o in some]


def test_the_last_page_says_so_and_nothing_else_ends_a_list() -> None:
    """Pages shorter than asked for, and the word "false" of the documentation's example, do not end it."""
    items = [item(n) for n in range(1, 6)]

    def search(request: httpx.Request) -> Any:
        start = start_of(request)
        return page(*items[start : start + 2], last=start + 2 >= 5 or "false")

    script = Script({"/object/aql": search, "/object/aql/totalcount": lambda _: {"totalCount": 5}})

    assert ids(script) == ["1", "2", "3", "4", "5"]


def test_an_object_that_slipped_between_pages_is_read_all_the_same() -> None:
    """When something in front of a page is deleted meanwhile, the list is read again for what it hid."""
    items = [item(n) for n in range(1, 7)]

    def search(request: httpx.Request) -> Any:
        start = start_of(request)
        found = page(*items[start : start + 3], last=start + 3 >= len(items))
        if len(items) == 6:
            del items[0]
        return found

    script = Script({"/object/aql": search, "/object/aql/totalcount": lambda _: {"totalCount": len(items)}})

    assert sorted(ids(script)) == ["1", "2", "3", "4", "5", "6"]


def test_a_list_shorter_than_the_count_is_an_error() -> None:
    """The last page came, but the system counts more objects than it showed."""
    script = Script({
        "/object/aql": lambda _: page(item(1), last=True), "/object/aql/totalcount": lambda _: {"totalCount": 9},
    })  # fmt: skip

    with pytest.raises(Unavailable, match="not all of it"):
        ids(script)


def test_empty_pages_without_an_end_are_an_error() -> None:
    """A list that neither goes on nor ends is given up, and not taken for complete."""
    script = Script({"/object/aql": lambda _: page(last=False)})

    with pytest.raises(ContractChanged, match="stay empty"):
        ids(script)


def test_objects_without_attributes_are_not_taken_for_empty_ones() -> None:
    """An answer that lacks `attributes` says nothing about them."""
    bare = {k: v for k, v in item(1).items() if k != "attributes"}

    with pytest.raises(ContractChanged, match="without its attributes"):
        ids(Script({"/object/aql": lambda _: page(bare)}))


def test_changed_since_is_asked_relative_to_the_systems_own_time() -> None:
    """Minutes before now, with room for the search index; the list is not counted."""
    now = httpx.Response(200, json={"isLast": True, "values": []}, headers={"Date": "Sun, 22 Nov 2026 10:10:00 GMT"})
    script = Script()
    script.target.objects("Hardware", [])
    script.target.identity()
    list(script.target.objects("Hardware", []))
    script.answers["/objectschema/list"] = lambda _: now
    since = 1795342200 - 600  # ten minutes before that date

    list(script.target.objects("Hardware", ["Name"], since=since))

    assert script.queries()[-1] == 'objectTypeId in (1, 2) AND Updated >= "now(-14m)" order by Key asc'


@pytest.mark.parametrize("answer", [{"totalCount": 0}, httpx.Response(400, json={"errorMessages": [], "errors": {}})])
def test_a_system_that_does_not_understand_relative_dates_is_read_whole(answer: Any) -> None:
    """A search that matches nothing, or is refused, must not hide the edits of other people."""

    def count(_: httpx.Request) -> Any:
        return answer if "now(" in script.queries()[-1] else {"totalCount": 3}

    script = Script({
        "/object/aql": lambda _: page(item(1), item(2), item(3) | {"updated": "2026-11-22T12:00:00.000Z"}),
        "/object/aql/totalcount": count,
    })  # fmt: skip

    assert ids(script, since=1795348800) == ["3"]  # noon of that day
    assert "now(" not in script.queries()[-2]


def test_no_object_type_no_objects_and_no_request() -> None:
    """Before the schema is there nothing is in it."""
    script = Script()

    assert list(script.target.objects("Spaceship", ["Name"])) == []
    assert script.target.lookup("Spaceship", "Name", ["x"]) == {}
    assert script.queries() == []


def test_names_are_compared_exactly_first_and_ambiguous_ones_are_unknown() -> None:
    """Searches leave case aside; the answer is judged here."""
    found = [item(1, Name="HP"), item(2, Name="hp"), item(3, Name="Dell"), item(4, Name="DELL")]
    script = Script({"/object/aql": lambda _: page(*found)})

    assert script.target.lookup("Hardware", "Name", ["HP", "dell", "Acer"]) == {"HP": "1"}


def test_hub_keys_are_compared_exactly_and_the_oldest_copy_counts() -> None:
    """A person copied an object with its hub key."""
    found = [item(9, Hub_Key="acme:1"), item(4, Hub_Key="acme:1"), item(5, Hub_Key="ACME:1")]
    script = Script({"/object/aql": lambda _: page(*found)})

    assert {k: o.id for k, o in script.target.find("Hardware", [], ["acme:1"]).items()} == {"acme:1": "4"}


def test_ids_that_are_none_are_never_sent() -> None:
    """An object id from a state is checked before it becomes part of a query."""
    script = Script()

    assert script.target.fetch("Hardware", ["Name"], ["1) OR objectId in (2", "", "ITAM-1"]) == {}
    assert script.queries() == []
