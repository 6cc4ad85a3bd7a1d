"""What is particular to Intune: details that a list hides, batches, people, personal devices, requests per device."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.intune.source import DETAILS, NEVER
from connectors.kit import FakeClock, Fault
from connectors.kit.cases import context
from connectors.registry import Context
from synchub.domain.records import Page
from synchub.errors import AuthError, ConfigError, PermissionDenied, Unavailable
from tests.contract.intune_case import LIST, PAGE, IntuneUnderTest, device


@pytest.fixture
def tenant() -> Iterator[IntuneUnderTest]:
    """A tenant with 25 devices."""
    under_test = IntuneUnderTest(25)
    yield under_test
    assert under_test.server.log.problems() == []
    under_test.server.stop()


def _read(tenant: IntuneUnderTest, lent: Context | None = None, stream: str = "devices", **settings: Any) -> list[Page]:
    source = tenant.open(lent or context(), **settings)
    try:
        return list(source.read(stream))
    finally:
        source.close()


def _payloads(pages: list[Page]) -> dict[str, dict[str, Any]]:
    parsed = [json.loads(payload) for page in pages for payload in page.payloads]
    return {entity["id"]: entity for entity in parsed}


def _warnings(pages: list[Page]) -> list[str]:
    return [warning for page in pages for warning in page.warnings]


def _batches(tenant: IntuneUnderTest) -> int:
    return tenant.server.log.count(method="POST", path="/$batch")


def test_details_come_from_the_single_device(tenant: IntuneUnderTest) -> None:
    """Memory, Ethernet MAC and notes are the real ones, not the defaults of the list."""
    got = _payloads(_read(tenant))[device(7)["id"]]

    assert {name: got[name] for name in DETAILS} == {name: device(7)[name] for name in DETAILS}


def test_what_opens_locks_is_never_read(tenant: IntuneUnderTest) -> None:
    """The activation lock bypass code and session addresses are neither asked for nor kept."""
    pages = _read(tenant)

    assert all(name not in entity for entity in _payloads(pages).values() for name in NEVER)
    assert b"never-store-this" not in b"".join(payload for page in pages for payload in page.payloads)


def test_without_details_the_fields_are_absent(tenant: IntuneUnderTest) -> None:
    """With `details: false` no batch is sent, and no default of the list passes for a value."""
    got = _payloads(_read(tenant, streams={"devices": {"details": False}}))

    assert _batches(tenant) == 0
    assert all(name not in entity for entity in got.values() for name in DETAILS)


def test_one_request_per_page_and_one_per_twenty_devices(tenant: IntuneUnderTest) -> None:
    """25 devices in one page cost one list request, two batches and one login."""
    _read(tenant, page_size=100)

    assert tenant.server.log.count(path=LIST, method="GET") == 1
    assert _batches(tenant) == 2
    assert len(tenant.sent()) == 4


def test_budget_is_charged_for_every_part(tenant: IntuneUnderTest) -> None:
    """Graph counts each request inside a batch, and so does the budget."""
    taken: list[int] = []

    class _Budget:
        def take(self, count: int = 1) -> None:
            taken.append(count)

        def pause(self, wait: object) -> None:
            raise AssertionError(wait)

    _read(tenant, context(budget=lambda _credential, _rate=None: _Budget()), page_size=100)

    assert sum(taken) == 1 + 25


def test_throttled_parts_are_asked_again(tenant: IntuneUnderTest) -> None:
    """Parts of a batch that get 429 are sent again after the wait, the others are not."""
    clock = FakeClock()
    source = tenant.open(context(clock), page_size=100)
    tenant.inject(Fault("call", "write", call=lambda: tenant.graph.throttle(5, retry_after=9)))

    pages = list(source.read("devices"))
    source.close()

    assert all(name in entity for entity in _payloads(pages).values() for name in DETAILS)
    assert sum(clock.slept) >= 9
    parts = [entry for entry in tenant.server.log.entries if entry.via]
    assert len(parts) == 25 + 5
    assert _warnings(pages) == []


def test_details_that_stay_throttled_are_absent(tenant: IntuneUnderTest) -> None:
    """When parts fail for good the devices come without those fields, and a person is told how many."""
    tenant.inject(Fault("call", "write", nth=(), call=lambda: tenant.graph.throttle(20, retry_after=None)))

    pages = _read(tenant, page_size=100)

    got = _payloads(pages)
    assert len(got) == 25
    assert all(name not in entity for entity in got.values() for name in DETAILS)
    assert any("details of 25 devices could not be read (25 times 429)" in warning for warning in _warnings(pages))
    assert pages[-1].end is not None
    assert pages[-1].end.complete


def test_device_that_vanishes_before_its_details(tenant: IntuneUnderTest) -> None:
    """A device deleted between list and detail comes as the list had it, without the detail fields."""
    tenant.inject(Fault("call", "write", call=lambda: tenant.graph.remove(device(3)["id"])))

    got = _payloads(_read(tenant, page_size=100))

    assert got[device(3)["id"]]["deviceName"] == "NB-0003"
    assert not set(DETAILS) & set(got[device(3)["id"]])
    assert set(DETAILS) <= set(got[device(4)["id"]])


def test_batch_that_fails_as_a_whole_ends_the_read(tenant: IntuneUnderTest) -> None:
    """Details of nobody can be read: the read fails instead of thinning out all devices."""
    tenant.inject(Fault("status", "write", nth=(), status=503))

    with pytest.raises(Unavailable):
        _read(tenant)


def test_missing_consent_says_what_to_grant(tenant: IntuneUnderTest) -> None:
    """Without the application permission the error names it."""
    tenant.graph.permissions = set()

    with pytest.raises(PermissionDenied) as caught:
        _read(tenant)
    assert "DeviceManagementManagedDevices.Read.All" in caught.value.fix


def test_wrong_secret(tenant: IntuneUnderTest) -> None:
    """A refused client is an AuthError that does not repeat the secret."""
    tenant.graph.tokens.client_secret = "another"

    with pytest.raises(AuthError) as caught:
        _read(tenant)
    assert "secret" in caught.value.fix


def test_tokens_revoked_while_reading(tenant: IntuneUnderTest) -> None:
    """Tokens that end between list and batch are renewed."""
    tenant.inject(Fault("call", "write", call=tenant.graph.revoke_tokens))

    assert len(_payloads(_read(tenant))) == 25


def test_count_of_the_server_is_held_against_the_list(tenant: IntuneUnderTest) -> None:
    """Fewer devices than the first page announced: the snapshot does not call itself complete."""

    def lose_three() -> None:
        for n in range(3):
            tenant.graph.remove(device(n)["id"])

    tenant.inject(Fault("call", nth=(2,), call=lose_three))

    end = _read(tenant)[-1].end

    assert end is not None
    assert not end.complete
    assert "server total 25" in end.proof


def test_next_link_by_skip(tenant: IntuneUnderTest) -> None:
    """A next link that counts instead of carrying a token is followed as well."""
    tenant.graph.next_link = "skip"

    assert len(_payloads(_read(tenant))) == 25


def test_hostile_device_ids(tenant: IntuneUnderTest) -> None:
    """An id that would be another path is not asked for; the device itself comes."""
    for n, key in enumerate(("..", ".", "../users", "a?$select=id", "é#/%2e")):
        tenant.graph.put({**device(500 + n), "id": key})

    got = _payloads(_read(tenant, page_size=100))

    assert len(got) == 30
    assert {e.path for e in tenant.server.log.entries if e.via and not e.path.startswith(f"{LIST}/")} == set()


def test_people(tenant: IntuneUnderTest) -> None:
    """People come with the selected fields only, marked as personal, page by page."""
    users = [
        {"id": f"u{n}", "displayName": f"P {n}", "mail": f"p{n}@corp.example", "employeeId": f"E{n}"}
        for n in range(PAGE + 2)
    ]
    tenant.graph.replace_users(users)
    streams: dict[str, Any] = {"people": {}}
    source = tenant.open(context(), streams=streams)

    assert source.streams()["people"].personal
    assert "devices" not in source.streams()
    source.close()

    pages = _read(tenant, stream="people", streams=streams)
    got = _payloads(pages)
    assert len(got) == PAGE + 2
    assert got["u3"]["employeeId"] == "E3"
    assert "mobilePhone" not in got["u3"]
    assert len(pages) == 2


def test_stream_that_is_not_configured(tenant: IntuneUnderTest) -> None:
    """A stream that nobody configured is a configuration error that names those that are."""
    with pytest.raises(ConfigError, match="people"):
        _read(tenant, stream="people")


def test_tenant_that_is_none(tenant: IntuneUnderTest) -> None:
    """A tenant that would be another path is refused before anything is sent."""
    with pytest.raises(ConfigError, match="tenant"):
        tenant.open(context(), tenant="x/../common")
    assert tenant.sent() == []
