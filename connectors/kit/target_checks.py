"""The checks of a target. Each starts its own simulator and says what must hold.

Writes are judged by their outcomes and by what the system holds afterwards, never by a status alone. A row whose
outcome says `retryable` may be sent again as it is; a check does so once, as the engine does in its next run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from connectors.kit.cases import HOSTILE, Fault, TargetCase, TargetRun, context
from connectors.kit.clock import FakeClock
from connectors.kit.reading import MOST_REQUESTS, fails, no_secrets
from synchub.domain.plan import Op, Outcome, RowState, TargetObject, Value, Write
from synchub.errors import AuthError, ConnectorError, HubError, PermissionDenied, Unavailable
from synchub.ports import Target

TargetCheck = Callable[[TargetCase], None]
TARGET_CHECKS: dict[str, TargetCheck] = {}

_DONE = (RowState.APPLIED, RowState.UNCHANGED)
_NOT_DONE = (RowState.FAILED, RowState.REFUSED, RowState.CONFLICT, RowState.DRIFTED)


def _check(function: TargetCheck) -> TargetCheck:
    TARGET_CHECKS[function.__name__] = function
    return function


@contextmanager
def _opened(case: TargetCase, objects: int, clock: FakeClock | None = None) -> Iterator[tuple[TargetRun, Target]]:
    run = case.start(objects)
    try:
        target = run.open(context(clock))
        try:
            yield run, target
        finally:
            target.close()
        assert run.problems() == [], f"the contract was broken: {run.problems()[:3]}"
    finally:
        run.stop()


def _create(case: TargetCase, n: int, **fields: Value) -> Write:
    values, extra = case.new(n)
    return Write(
        row=n,
        kind=case.kind,
        op=Op.CREATE,
        object_id=None,
        fields={**values, **fields},
        hub_key=f"kit:{n}",
        extra=extra,
    )


def _update(case: TargetCase, n: int, object_id: str, version: str | None = None, **fields: Value) -> Write:
    return Write(
        row=n, kind=case.kind, op=Op.UPDATE, object_id=object_id, fields=fields, hub_key=f"kit:{n}",
        expected_version=version,
    )  # fmt: skip


def _delete(case: TargetCase, n: int, object_id: str, version: str | None) -> Write:
    return Write(n, case.kind, Op.DELETE, object_id, {}, f"kit:{n}", version)


def _send(run: TargetRun, target: Target, writes: Sequence[Write]) -> dict[int, Outcome]:
    """Write and check what holds for every answer: one outcome per row, no secrets, bounded."""
    before = len(run.sent())
    outcomes = target.write(writes)
    assert sorted(o.row for o in outcomes) == sorted(w.row for w in writes), "not one outcome per row"
    assert len(run.sent()) - before <= MOST_REQUESTS * max(len(writes), 1), "it does not give up"
    for outcome in outcomes:
        if outcome.state in _NOT_DONE:
            assert outcome.message or outcome.refused, f"row {outcome.row} is {outcome.state} and does not say why"
        for secret in run.secrets():
            assert secret not in repr(outcome), "a secret is in an outcome"
    return {o.row: o for o in outcomes}


def _send_until_done(run: TargetRun, target: Target, writes: Sequence[Write]) -> dict[int, Outcome]:
    """Write; send what may be sent again once more, as the next run does."""
    got = _send(run, target, writes)
    again = [w for w in writes if got[w.row].retryable and got[w.row].state not in _DONE]
    return {**got, **(_send(run, target, again) if again else {})}


def _added(run: TargetRun, before: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {key: fields for key, fields in run.objects().items() if key not in before}


def _read(case: TargetCase, target: Target) -> dict[str, TargetObject]:
    found: dict[str, TargetObject] = {}
    for page in target.objects(case.kind, [case.text_field]):
        for item in page:
            assert item.id not in found, "an object came twice"
            found[item.id] = item
    return found


@_check
def create(case: TargetCase) -> None:
    """A new object: APPLIED, with its id, once, holding what was sent."""
    with _opened(case, 0) as (run, target):
        before = run.objects()
        got = _send(run, target, [_create(case, 1, **{case.text_field: "made here"})])[1]
        assert got.state is RowState.APPLIED, got.message
        added = _added(run, before)
        assert set(added) == {got.object_id}
        assert added[str(got.object_id)][case.text_field] == "made here"


@_check
def create_many(case: TargetCase) -> None:
    """A batch of creates: each row gets the id of its own object."""
    with _opened(case, 0) as (run, target):
        writes = [_create(case, n, **{case.text_field: f"number {n}"}) for n in range(1, 26)]
        got = _send(run, target, writes)
        held = run.objects()
        for n, outcome in got.items():
            assert outcome.state is RowState.APPLIED, outcome.message
            assert held[str(outcome.object_id)][case.text_field] == f"number {n}", "the outcome belongs to another row"


@_check
def update(case: TargetCase) -> None:
    """A changed field is written, others are left alone, and the version moves on."""
    with _opened(case, 3) as (run, target):
        before = run.objects()
        item = next(iter(_read(case, target).values()))
        got = _send(run, target, [_update(case, 1, item.id, item.version, **{case.text_field: "new text"})])[1]
        assert got.state is RowState.APPLIED, got.message
        assert got.fields.get(case.text_field, "new text") == "new text"
        after = run.objects()
        assert after[item.id][case.text_field] == "new text"
        assert {k: v for k, v in after.items() if k != item.id} == {k: v for k, v in before.items() if k != item.id}
        assert item.version is None or got.version != item.version, "the version did not move on"


@_check
def no_op(case: TargetCase) -> None:
    """Writing what is there already changes nothing."""
    with _opened(case, 1) as (run, target):
        item = next(iter(_read(case, target).values()))
        write = _update(case, 1, item.id, item.version, **{case.text_field: "same"})
        first = _send(run, target, [write])[1]
        held = run.objects()
        got = _send(run, target, [replace(write, expected_version=first.version)])[1]
        assert got.state in _DONE, got.message
        assert run.objects() == held


@_check
def clear(case: TargetCase) -> None:
    """None empties a field."""
    with _opened(case, 1) as (run, target):
        item = next(iter(_read(case, target).values()))
        first = _send(run, target, [_update(case, 1, item.id, item.version, **{case.text_field: "text"})])[1]
        got = _send(run, target, [_update(case, 2, item.id, first.version, **{case.text_field: None})])[2]
        assert got.state in _DONE, got.message
        assert not run.objects()[item.id].get(case.text_field)


@_check
def replay(case: TargetCase) -> None:
    """The same create sent twice makes one object."""
    with _opened(case, 0) as (run, target):
        before = run.objects()
        write = _create(case, 1)
        first = _send(run, target, [write])[1]
        second = _send(run, target, [write])[1]
        assert second.state in _DONE, second.message
        assert second.object_id == first.object_id
        assert len(_added(run, before)) == 1


@_check
def found_again(case: TargetCase) -> None:
    """An object is found by the hub key it carries; unknown keys are missing from the answer."""
    with _opened(case, 2) as (run, target):
        made = _send(run, target, [_create(case, 1)])[1]
        found = target.find(case.kind, [case.text_field], ["kit:1", "kit:404"])
        assert {key: item.id for key, item in found.items()} == {"kit:1": made.object_id}


@_check
def partial_failure(case: TargetCase) -> None:
    """One row the system refuses: that one is said to have failed, the others are written."""
    with _opened(case, 0) as (run, target):
        before = run.objects()
        bad = _create(case, 2)
        got = _send(run, target, [_create(case, 1), replace(bad, fields={**bad.fields, **case.bad}), _create(case, 3)])
        assert got[1].state is RowState.APPLIED, got[1].message
        assert got[3].state is RowState.APPLIED, got[3].message
        whole = got[2].state in _NOT_DONE
        in_part = got[2].state in _DONE and set(case.bad) & set(got[2].refused)
        assert whole or in_part, "the refused row passes for written"
        assert len(_added(run, before)) == (2 if whole and got[2].object_id is None else 3)


@_check
def failed_item(case: TargetCase) -> None:
    """HTTP 200 with a failed item is a failure of that row."""
    with _opened(case, 0) as (run, target):
        run.inject(Fault("failed_item", "write"))
        before = run.objects()
        got = _send(run, target, [_create(case, 1), _create(case, 2)])
        done = {n for n, outcome in got.items() if outcome.state in _DONE}
        assert len(_added(run, before)) >= len(done), "a row passes for written that is not there"
        assert all(outcome.object_id for n, outcome in got.items() if n in done)
        assert len(done) < 2, "the failed item went unnoticed"


@_check
def cut_off_before(case: TargetCase) -> None:
    """The connection breaks before the work is done: in the end there is one object."""
    _cut_off(case, Fault("timeout_before", "write"))


@_check
def cut_off_after(case: TargetCase) -> None:
    """The connection breaks after the work is done: in the end there is exactly one object."""
    _cut_off(case, Fault("timeout_after", "write"))


@_check
def truncated(case: TargetCase) -> None:
    """The answer to a write ends in the middle: in the end there is exactly one object."""
    _cut_off(case, Fault("truncate", "write"))


def _cut_off(case: TargetCase, fault: Fault) -> None:
    with _opened(case, 0) as (run, target):
        before = run.objects()
        run.inject(fault)
        got = _send_until_done(run, target, [_create(case, 1)])[1]
        assert got.state in _DONE, got.message
        assert set(_added(run, before)) == {got.object_id}


@_check
def update_cut_off_after(case: TargetCase) -> None:
    """The answer to an update is lost: in the end the value stands, and it is not taken for somebody else's edit."""
    with _opened(case, 1) as (run, target):
        item = next(iter(_read(case, target).values()))
        run.inject(Fault("timeout_after", "write"))
        write = _update(case, 1, item.id, item.version, **{case.text_field: "new text"})
        got = _send_until_done(run, target, [write])[1]
        assert got.state in _DONE, f"{got.state}: {got.message}"
        assert run.objects()[item.id][case.text_field] == "new text"


@_check
def malformed(case: TargetCase) -> None:
    """An answer to a write that is no JSON is never a success; nothing is sent twice blindly."""
    with _opened(case, 0) as (run, target):
        before = run.objects()
        run.inject(Fault("body", "write", nth=(), text="<html>maintenance</html>"))
        got = _outcome_or_error(run, target, _create(case, 1))
        assert got is None or got.state not in _DONE or got.object_id in run.objects(), "no JSON passes for success"
        assert len(_added(run, before)) <= 1, "the same object was made more than once"


def _outcome_or_error(run: TargetRun, target: Target, write: Write) -> Outcome | None:
    try:
        return _send(run, target, [write])[write.row]
    except HubError as error:
        no_secrets(error, run)
        return None


@_check
def status_401(case: TargetCase) -> None:
    """Credentials refused: AuthError, nothing is written."""
    _refused(case, 401, AuthError)


@_check
def status_403(case: TargetCase) -> None:
    """Not allowed: PermissionDenied or a refused row; nothing is written."""
    _refused(case, 403, PermissionDenied)


def _refused(case: TargetCase, status: int, kind: type[ConnectorError]) -> None:
    with _opened(case, 0) as (run, target):
        before = run.objects()
        run.inject(Fault("status", "write", nth=(), status=status))
        raised: HubError | None = None
        try:
            got = _send(run, target, [_create(case, 1)])[1]
            assert got.state in _NOT_DONE, f"{status} passes for success"
            assert status != 401, "401 is for the whole connection: it must be raised"
            assert not got.retryable, f"{status} is to be sent again, though nothing will change"
        except HubError as error:
            raised = error
        if raised is not None:
            assert isinstance(raised, kind), f"expected {kind.__name__}, got {raised!r}"
            no_secrets(raised, run)
        assert run.objects() == before


@_check
def gone(case: TargetCase) -> None:
    """An update of an object that is not there: that row fails, the others are written."""
    with _opened(case, 1) as (run, target):
        item = next(iter(_read(case, target).values()))
        got = _send(run, target, [
            _update(case, 1, "0" * len(item.id), **{case.text_field: "x"}),
            _update(case, 2, item.id, item.version, **{case.text_field: "y"}),
        ])  # fmt: skip
        assert got[1].state in _NOT_DONE, "an object that is not there passes for written"
        assert not got[1].retryable
        assert got[2].state is RowState.APPLIED, got[2].message


@_check
def delete(case: TargetCase) -> None:
    """An object is taken away, and no other; sent again, or when it is gone already, it is done."""
    with _opened(case, 3) as (run, target):
        if not target.capabilities().deletes:
            return
        before = run.objects()
        item = next(iter(_read(case, target).values()))
        got = _send(run, target, [_delete(case, 1, item.id, item.version)])[1]
        assert got.state is RowState.APPLIED, got.message
        assert run.objects() == {k: v for k, v in before.items() if k != item.id}
        again = _send(run, target, [_delete(case, 1, item.id, item.version)])[1]
        assert again.state in _DONE, again.message
        assert len(run.objects()) == len(before) - 1


@_check
def delete_edited(case: TargetCase) -> None:
    """An object that somebody edited since the decision is not deleted; another one of the batch is."""
    with _opened(case, 2) as (run, target):
        if not target.capabilities().deletes:
            return
        one, two = list(_read(case, target).values())[:2]
        run.edit(one.id, {case.text_field: "typed by a person"})
        got = _send(run, target, [_delete(case, 1, one.id, one.version), _delete(case, 2, two.id, two.version)])
        assert got[1].state in _NOT_DONE, "what somebody typed was deleted"
        assert got[2].state is RowState.APPLIED, got[2].message
        assert one.id in run.objects()
        assert two.id not in run.objects()


@_check
def delete_cut_off(case: TargetCase) -> None:
    """The answer to a deletion is lost: in the end the object is gone, and the row is done."""
    with _opened(case, 2) as (run, target):
        if not target.capabilities().deletes:
            return
        item = next(iter(_read(case, target).values()))
        run.inject(Fault("timeout_after", "write"))
        got = _send_until_done(run, target, [_delete(case, 1, item.id, item.version)])[1]
        assert got.state in _DONE, f"{got.state}: {got.message}"
        assert item.id not in run.objects()


@_check
def delete_refused(case: TargetCase) -> None:
    """A deletion that the system refuses, alone or within an answer of 200, is not done, and nothing is gone."""
    for fault in (Fault("status", "write", nth=(), status=403), Fault("failed_item", "write")):
        with _opened(case, 1) as (run, target):
            if not target.capabilities().deletes:
                return
            item = next(iter(_read(case, target).values()))
            run.inject(fault)
            got = _outcome_or_error(run, target, _delete(case, 1, item.id, item.version))
            gone_ = item.id not in run.objects()
            assert got is None or (got.state in _DONE) == gone_, "a refusal passes for done"


@_check
def status_409_412(case: TargetCase) -> None:
    """A conflict: the row is not done, and nothing is forced."""
    for status in (409, 412):
        with _opened(case, 1) as (run, target):
            item = next(iter(_read(case, target).values()))
            run.inject(Fault("status", "write", nth=(), status=status))
            held = run.objects()
            got = _outcome_or_error(run, target, _update(case, 1, item.id, item.version, **{case.text_field: "x"}))
            assert got is None or got.state in _NOT_DONE, f"{status} passes for success"
            assert run.objects() == held


@_check
def throttled_seconds(case: TargetCase) -> None:
    """429 with `Retry-After` in seconds: waits at least so long, writes once."""
    _throttled(case, http_date=False)


@_check
def throttled_date(case: TargetCase) -> None:
    """429 with `Retry-After` as an HTTP date: waits until then, writes once."""
    _throttled(case, http_date=True)


def _throttled(case: TargetCase, *, http_date: bool) -> None:
    clock = FakeClock()
    with _opened(case, 0, clock) as (run, target):
        before = run.objects()
        run.inject(Fault("status", "write", status=429, retry_after=17, http_date=http_date))
        got = _send(run, target, [_create(case, 1)])[1]
        assert got.state is RowState.APPLIED, got.message
        assert 16 <= sum(clock.slept) <= 60, f"waited {sum(clock.slept):.1f} s where 17 were asked for"
        assert len(_added(run, before)) == 1


@_check
def down_then_up(case: TargetCase) -> None:
    """5xx, then an answer: in the end there is exactly one object."""
    _cut_off(case, Fault("status", "write", status=503))


@_check
def down(case: TargetCase) -> None:
    """5xx without end: the row fails and may be sent again later; bounded."""
    with _opened(case, 0) as (run, target):
        before = run.objects()
        run.inject(Fault("status", "write", nth=(), status=500))
        got = _send(run, target, [_create(case, 1)])[1]
        assert got.state is RowState.FAILED
        assert got.retryable
        assert run.objects() == before


@_check
def read_all_pages(case: TargetCase) -> None:
    """All objects are read, each once, over several pages."""
    with _opened(case, 25) as (run, target):
        assert set(_read(case, target)) == set(run.objects())


@_check
def read_fails(case: TargetCase) -> None:
    """A read that fails is an error, never a short list."""
    with _opened(case, 3) as (run, target):
        run.inject(Fault("status", nth=(), status=503))
        fails(Unavailable, run, lambda: _read(case, target))


@_check
def fetch_missing(case: TargetCase) -> None:
    """Objects that are gone are missing from the answer; the others are there."""
    with _opened(case, 2) as (run, target):
        ids = sorted(run.objects())
        found = target.fetch(case.kind, [case.text_field], [*ids, "0" * len(ids[0])])
        assert set(found) == set(ids)


@_check
def hostile(case: TargetCase) -> None:
    """Awkward values arrive as they are, as values of one object each, and are no query."""
    texts = [text[: case.max_text] for text in HOSTILE]
    with _opened(case, 2) as (run, target):
        before = run.objects()
        writes = [_create(case, n, **{case.text_field: text}) for n, text in enumerate(texts, start=1)]
        got = _send(run, target, writes)
        held = run.objects()
        for n, text in enumerate(texts, start=1):
            assert got[n].state is RowState.APPLIED, f"{text!r}: {got[n].message}"
            assert held[str(got[n].object_id)][case.text_field] == text
        assert {key: held[key] for key in before} == before, "other objects were touched"
        for text in texts:
            target.lookup(case.kind, case.text_field, [text])
            assert target.find(case.kind, [case.text_field], [text]) == {}, f"{text!r} became a query"


@_check
def server_clock(case: TargetCase) -> None:
    """The target's time is the system's own, also when it is an hour off."""
    clock = FakeClock()
    with _opened(case, 0, clock) as (run, target):
        run.inject(Fault("skew", nth=(), seconds=3600))
        assert abs(target.server_time() - clock.now() - 3600) < 30


@_check
def identity(case: TargetCase) -> None:
    """The instance that answers has a name that does not change."""
    with _opened(case, 0) as (_, target):
        assert target.identity()
        assert target.identity() == target.identity()
