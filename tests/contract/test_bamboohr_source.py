"""What is particular to BambooHR: leavers from facts, reads of changes, fields that a key is offered, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.bamboohr.api import BATCH
from connectors.bamboohr.source import FIELDS
from connectors.kit import FakeClock, Fault
from connectors.kit.cases import context
from connectors.registry import Context
from simulators.bamboohr import custom
from simulators.http import SimClock
from synchub.domain.records import End, Page
from synchub.errors import AuthError, ConfigError, NotFound, PermissionDenied, RateLimited, Rejected, Unavailable
from tests.contract.bamboohr_case import LIST, PAGE, ROOT, BambooUnderTest, employee

Start = Callable[..., BambooUnderTest]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start companies; at noon of 22 November 2026 UTC, so that days are told apart."""
    started: list[BambooUnderTest] = []

    def make(employees: int = 3, **options: Any) -> BambooUnderTest:
        clock = options.pop("clock", None) or SimClock("2026-11-22 12:00:00", frozen=True)
        options.setdefault("loaded_at", int(clock.now()) - 86_400)  # everybody was entered yesterday
        started.append(BambooUnderTest(employees, clock=clock, **options))
        return started[-1]

    yield make
    for company in started:
        company.server.stop()
        assert company.server.log.problems() == []


def _read(
    company: BambooUnderTest,
    cursor: str | None = None,
    lent: Context | None = None,
    limit: int | None = None,
    **settings: Any,
) -> list[Page]:
    source = company.open(lent or context(FakeClock(company.clock.now())), **settings)
    try:
        return list(source.read("employees", cursor=cursor, limit=limit))
    finally:
        source.close()


def _people(pages: list[Page]) -> dict[str, dict[str, Any]]:
    parsed = [json.loads(payload) for page in pages for payload in page.payloads]
    return {person["eeid"]: person for person in parsed}


def _warnings(pages: list[Page]) -> str:
    return "\n".join(warning for page in pages for warning in page.warnings)


def _end(pages: list[Page]) -> End:
    assert pages[-1].end is not None
    return pages[-1].end


def _fact(company: BambooUnderTest, key: str = "100", **settings: Any) -> dict[str, str]:
    found: dict[str, str] = _people(_read(company, **settings))[key]["_employment"]
    return found


def _terminated(date: str) -> dict[str, str]:
    return {"date": date, "employmentStatus": "Terminated"}


# --- who works here ---------------------------------------------------------------------------------------------------


def test_everybody_comes_not_only_who_is_active(start: Start) -> None:
    """Who left and who is still to come are read, though the directory shows neither."""
    people = [
        employee(0),
        employee(1, employmentStatus=[*employee(1)["employmentStatus"], _terminated("2026-03-31")]),
        employee(2, hireDate="2027-01-01", employmentStatus=[{"date": "2027-01-01", "employmentStatus": "Full-Time"}]),
    ]
    found = _people(_read(start(people=people)))

    assert {key: p["_employment"] for key, p in found.items()} == {
        "100": {"state": "active", "startsOn": "2020-01-01"},
        "101": {"state": "terminated", "startsOn": "2020-01-01", "endsOn": "2026-03-31"},
        "102": {"state": "prehire", "startsOn": "2027-01-01"},
    }


def test_job_of_somebody_who_is_to_come(start: Start) -> None:
    """Before the first day the dataset shows no job; what it will be is read from the single employee."""
    joiner = employee(2, hireDate="2027-01-01", jobInfo=[{**employee(2)["jobInfo"][0], "date": "2027-01-01"}])
    company = start(people=[employee(0), joiner])
    person = _people(_read(company))["102"]

    assert "" == company.bamboo.company.values(company.bamboo.company.employees["102"])["department"]
    assert ("Finance", "E00000") == (person["jobInformationDepartment"], person["supervisorId"])
    assert company.asked("/v1/employees/102") == 1
    assert company.asked("/v1/employees/100") == 0


def test_termination_to_come_is_a_fact_of_today(start: Start) -> None:
    """Somebody who has given notice is active with an end, though the dataset shows no termination date yet."""
    company = start()
    company.bamboo.company.add_row("100", "employmentStatus", _terminated("2026-12-31"))
    person = _people(_read(company))["100"]

    assert person["terminationDate"] == "0000-00-00"
    assert person["_employment"] == {"state": "active", "startsOn": "2020-01-01", "endsOn": "2026-12-31"}


def test_rescinded_termination_is_gone(start: Start) -> None:
    """When the row is removed, so is the end."""
    company = start()
    company.bamboo.company.add_row("100", "employmentStatus", _terminated("2026-12-31"))
    cursor = _end(_read(company)).cursor
    company.clock.advance(60)
    company.bamboo.company.drop_rows("100", "employmentStatus", "2026-12-31")
    again = _people(_read(company, cursor))

    assert "endsOn" not in again["100"]["_employment"]


def test_rehire_takes_the_end_away(start: Start) -> None:
    """A row of another status after the termination: active again, no end."""
    company = start()
    company.bamboo.company.add_row("100", "employmentStatus", _terminated("2024-05-31"))
    company.bamboo.company.add_row("100", "employmentStatus", {"date": "2026-02-01", "employmentStatus": "Part-Time"})

    assert _fact(company) == {"state": "active", "startsOn": "2020-01-01"}


def test_leave_is_what_the_account_calls_so(start: Start) -> None:
    """Employment statuses that mean leave are configured."""
    company = start()
    company.bamboo.company.add_row("100", "employmentStatus", {"date": "2026-11-01", "employmentStatus": "Sabbatical"})

    assert _fact(company)["state"] == "active"
    assert _fact(company, streams={"employees": {"leave_statuses": ["sabbatical"]}})["state"] == "leave"


def test_hidden_table_leaves_the_termination_date(start: Start) -> None:
    """Without the table leavers are still told, from their termination date; that ends to come are not seen is said."""
    company = start(hidden_tables=["employmentStatus"])
    company.bamboo.company.add_row("100", "employmentStatus", _terminated("2026-03-31"))
    company.bamboo.company.add_row("101", "employmentStatus", _terminated("2026-12-31"))
    pages = _read(company)

    assert _people(pages)["100"]["_employment"]["endsOn"] == "2026-03-31"
    assert _people(pages)["101"]["_employment"] == {"state": "active", "startsOn": "2020-01-01"}
    assert "employmentStatus is hidden" in _warnings(pages)


# --- what changed -----------------------------------------------------------------------------------------------------


def test_second_read_takes_only_what_changed(start: Start) -> None:
    """Full, then changes: one person is read, in the same form, and nothing is claimed about the others."""
    company = start(25)
    first = _read(company)
    company.clock.advance(3600)
    company.bamboo.company.update("103", {"workPhone": "+49 30 99"})
    before = company.asked(LIST)
    second = _read(company, _end(first).cursor)

    assert set(_people(second)) == {"103"}
    assert _people(second)["103"] == _people(first)["103"] | {"workPhone": "+49 30 99"}
    assert (_end(first).complete, _end(second).complete) == (True, False)
    assert _end(second).proof == "only what changed since 2026-11-22 12:00 UTC: 1 employees"
    assert company.asked(LIST) - before == 1


def test_nothing_changed_asks_for_nobody(start: Start) -> None:
    """A read of changes without changes costs three requests and no page."""
    company = start()
    cursor = _end(_read(company)).cursor
    company.clock.advance(3600)
    before = len(company.sent())
    pages = _read(company, cursor)

    assert _people(pages) == {}
    assert [s.path.removeprefix(ROOT) for s in company.sent()[before:]] == [
        "/v1_2/datasets/employee/fields",
        "/v1/employees/changed",
        "/v1/employees/changed/tables/employmentStatus",
    ]


def test_many_changes_come_in_batches(start: Start) -> None:
    """Changed people are asked for by number, fifty in a filter."""
    company = start(BATCH + 7)
    cursor = _end(_read(company, page_size=100)).cursor
    company.clock.advance(3600)
    for key in list(company.bamboo.company.employees):
        company.bamboo.company.update(key, {"workPhone": "1"})
    before = company.asked(LIST)

    assert len(_people(_read(company, cursor))) == BATCH + 7
    assert company.asked(LIST) - before == 2


def test_filter_by_number_that_is_refused_makes_the_read_full(start: Start) -> None:
    """An account whose numbers cannot be filtered by is read in full, and says so, instead of failing for ever."""
    company = start()
    cursor = _end(_read(company)).cursor
    company.clock.advance(3600)
    company.bamboo.company.update("101", {"workPhone": "1"})
    company.inject(Fault("status", nth=(1,), status=422))
    pages = _read(company, cursor)

    assert (len(_people(pages)), _end(pages).complete) == (3, True)
    assert all("endsOn" not in p["_employment"] for p in _people(pages).values())
    assert "people cannot be asked for by number" in _warnings(pages)


def test_when_nearly_everybody_changed_the_read_is_full(start: Start) -> None:
    """Beyond a thousand changed people a full read costs less than asking for each by number."""
    company = start(1001)
    cursor = _end(_read(company, page_size=1000)).cursor
    company.clock.advance(3600)
    for key in list(company.bamboo.company.employees):
        company.bamboo.company.update(key, {"workPhone": "1"})
    before = company.asked(LIST)
    pages = _read(company, cursor, page_size=1000)

    assert (len(_people(pages)), _end(pages).complete) == (1001, True)
    assert company.asked(LIST) - before == 2


def test_change_of_the_second_of_the_read_is_not_lost(start: Start) -> None:
    """A change that is stamped with the very second of the last read comes with the next: reads overlap."""
    company = start()
    cursor = _end(_read(company)).cursor
    company.bamboo.company.update("101", {"workPhone": "late"})
    company.clock.advance(300)

    assert _people(_read(company, cursor))["101"]["workPhone"] == "late"


def test_cursor_uses_the_servers_clock(start: Start) -> None:
    """A machine whose clock is a day ahead loses no change."""
    company = start()
    ahead = FakeClock(1_795_435_200)  # 2026-11-23 12:00 UTC
    cursor = _end(_read(company, lent=context(ahead))).cursor
    company.clock.advance(60)
    company.bamboo.company.update("101", {"workPhone": "changed"})

    assert _people(_read(company, cursor, context(ahead)))["101"]["workPhone"] == "changed"


def test_deleted_record_makes_the_read_full(start: Start) -> None:
    """A deleted record is no leaver: the next read is full, so that its absence is judged by the hub's own rules."""
    company = start()
    cursor = _end(_read(company)).cursor
    company.clock.advance(3600)
    company.bamboo.company.delete("101")
    company.clock.advance(60)
    pages = _read(company, cursor)

    assert set(_people(pages)) == {"100", "102"}
    assert _end(pages).complete
    assert all(p["_employment"]["state"] == "active" for p in _people(pages).values())


def test_after_a_day_the_read_is_full(start: Start) -> None:
    """An effective date that came moved no stamp; the daily full read brings it."""
    company = start()
    company.bamboo.company.add_row("100", "employmentStatus", _terminated("2026-11-23"))
    company.clock.advance(3600)
    cursor = _end(_read(company)).cursor
    company.clock.advance(23 * 3600)
    soon = _read(company, cursor)
    company.clock.advance(2 * 3600)
    later = _read(company, _end(soon).cursor)

    assert (_people(soon), _end(soon).complete) == ({}, False)
    assert _people(later)["100"]["_employment"]["state"] == "terminated"
    assert _end(later).complete


@pytest.mark.parametrize("cursor", ["", "nonsense", "[1]", '{"since": "x", "full": 1, "scope": ""}'])
def test_cursor_that_is_not_ours_means_a_full_read(start: Start, cursor: str) -> None:
    """A damaged cursor costs a full read, nothing else."""
    assert _end(_read(start(), cursor)).complete


def test_another_field_means_a_full_read(start: Start) -> None:
    """A field that is asked for from now on is wanted of everybody, not only of who changed."""
    company = start(custom_fields=[custom("customBadge", "Badge", 1)])
    cursor = _end(_read(company)).cursor
    company.clock.advance(3600)
    pages = _read(company, cursor, streams={"employees": {"fields": ["customBadge"]}})

    assert len(_people(pages)) == 3
    assert _end(pages).complete


def test_limited_read_keeps_the_cursor(start: Start) -> None:
    """A read that stops early leaves the cursor where it was: what it did not reach comes later."""
    company = start(25)
    cursor = _end(_read(company)).cursor
    company.clock.advance(3600)
    for key in ("103", "104", "105"):
        company.bamboo.company.update(key, {"workPhone": "1"})
    pages = _read(company, cursor, limit=2)

    assert len(_people(pages)) == 2
    assert _end(pages).cursor == cursor
    assert _end(_read(company, limit=2)).cursor is None


def test_deletion_and_hire_at_once_are_noticed(start: Start) -> None:
    """One gone, one new: the total stays the same, yet somebody slipped between two pages: not complete."""
    company = start(PAGE * 3)

    def swap() -> None:
        company.clock.advance(5)
        company.bamboo.company.delete("100")
        company.insert(1)

    company.inject(Fault("call", nth=(2,), call=swap))
    pages = _read(company)

    assert not _end(pages).complete
    assert "deleted" in _end(pages).proof


def test_people_who_vanish_while_read_are_noticed(start: Start) -> None:
    """An access level that shrinks between two pages moves people forward; the announced total does not add up."""
    company = start(PAGE * 3)
    company.inject(Fault("call", nth=(2,), call=lambda: company.bamboo.hidden_employees.add("100")))
    pages = _read(company)

    assert not _end(pages).complete
    assert _end(pages).proof == "server total 30, but 29 read"


def test_people_hidden_from_the_key_are_counted(start: Start) -> None:
    """Somebody who changed and is hidden meanwhile is said, not invented."""
    company = start()
    cursor = _end(_read(company)).cursor
    company.clock.advance(3600)
    company.bamboo.company.update("101", {"workPhone": "1"})

    def hide() -> None:
        company.bamboo.hidden_employees.add("101")

    company.inject(Fault("call", nth=(1,), call=hide))
    assert "1 employees changed that this API key does not see" in _warnings(_read(company, cursor))


# --- fields -----------------------------------------------------------------------------------------------------------


def test_only_named_fields_are_asked_for(start: Start) -> None:
    """Pay, birthdays and government ids are in no answer."""
    pages = _read(start())
    keys = set(_people(pages)["100"])

    assert keys == {*FIELDS, "_employment"}
    assert b"never-ask" not in b"".join(payload for page in pages for payload in page.payloads)


def test_custom_fields_come_as_they_are(start: Start) -> None:
    """Hostile text in a custom field is neither cut nor executed on the way."""
    text = "O'Brien' or eeid gt 0;<script>\x1b[31m\u202e=HYPERLINK(1)"
    company = start(custom_fields=[custom("customBadge", "Badge", 1)])
    company.bamboo.company.update("101", {"customBadge": text})
    pages = _read(company, streams={"employees": {"fields": ["customBadge"]}})

    assert _people(pages)["101"]["customBadge"] == text


def test_fields_not_offered_are_left_out_and_said(start: Start) -> None:
    """A hidden field and a misspelt one cost their values, not the read."""
    company = start(hidden_fields=["workPhone"])
    pages = _read(company, streams={"employees": {"fields": ["customBagde"]}})

    assert "workPhone" not in _people(pages)["100"]
    assert "not offered to this API key, so unknown for everybody: customBagde, workPhone" in _warnings(pages)


def test_without_the_key_nothing_is_said(start: Start) -> None:
    """Without the employee number within BambooHR records cannot be told apart."""
    with pytest.raises(PermissionDenied, match="no eeid"):
        _read(start(hidden_fields=["id"]))


@pytest.mark.parametrize("name", ["a,b", "x eq 1 or", "", "1abc", "a" * 101])
def test_odd_field_names_are_refused(start: Start, name: str) -> None:
    """A configured field is a name, not a piece of a query."""
    with pytest.raises(ValueError, match="fields"):
        start().open(context(), streams={"employees": {"fields": [name]}})


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_wrong_key_is_an_auth_error_at_once(start: Start) -> None:
    """A refused key is not tried again."""
    company = start()
    company.bamboo.api_key = "another"
    with pytest.raises(AuthError) as raised:
        _read(company)

    assert len(company.sent()) == 1
    assert "api_key" in raised.value.fix


def test_words_of_the_header_are_shown(start: Start) -> None:
    """Where BambooHR says why in a header, the message says it too."""
    company = start()
    with pytest.raises(NotFound, match="Company not found"):
        _read(company, url=f"{company.server.url}/api/gateway.php/other")


def test_words_of_a_problem_are_shown(start: Start) -> None:
    """Where BambooHR says why in the body, code and detail are in the message."""
    company = start()
    text = '{"title": "Unprocessable Content", "status": 422, "detail": "Too odd.", "code": "INVALID_FILTER"}'
    company.inject(Fault("status", nth=(), status=422, text=text))

    with pytest.raises(Rejected, match=r"INVALID_FILTER: Too odd\."):
        _read(company)


def test_datasets_forbidden(start: Start) -> None:
    """A key whose owner may not use reports is told so."""
    with pytest.raises(PermissionDenied) as raised:
        _read(start(datasets=False))

    assert "reports" in raised.value.fix


@pytest.mark.parametrize(("status", "error"), [(429, RateLimited), (503, Unavailable)])
def test_limit_is_waited_for_in_both_forms(start: Start, status: int, error: type[Exception]) -> None:
    """Before and after the change of September 2026: `Retry-After` is honoured, then it goes on; for ever: an error."""
    company = start()
    clock = FakeClock()
    company.server.faults.add("status", path=LIST, nth=1, status=status, retry_after=31)
    assert len(_people(_read(company, lent=context(clock)))) == 3
    company.server.faults.add("status", path=LIST, status=status, retry_after=1)

    assert sum(clock.slept) >= 31
    with pytest.raises(error):
        _read(company)


@pytest.mark.parametrize("company", ["a.b", "acme/../x", "acme:1", ""])
def test_odd_company_is_refused(start: Start, company: str) -> None:
    """The company becomes part of the address, so it is a name and nothing else."""
    with pytest.raises((ConfigError, ValueError)):
        start().open(context(), company=company, url=None)


def test_default_address_is_the_companys_own(start: Start) -> None:
    """Without `url` the company's domain is asked, over https."""
    source = start().open(context(), url=None, company="acme")

    assert str(source._api.client._base) == "https://acme.bamboohr.com/api"  # type: ignore[attr-defined]
    source.close()


def test_stream_that_is_not_configured(start: Start) -> None:
    """Only configured streams are read."""
    source = start().open(context(), streams={})
    with pytest.raises(ConfigError, match="not configured"):
        list(source.read("employees"))
    source.close()
