"""The checks of a source. Each starts its own simulator and says what must hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from connectors.kit.cases import HOSTILE, Fault, SourceCase, SourceRun, context
from connectors.kit.clock import FakeClock
from connectors.kit.reading import MOST_REQUESTS, drain, everything_once, fails, running
from synchub.errors import (
    AuthError,
    ConnectorError,
    ContractChanged,
    NotFound,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
)

SourceCheck = Callable[[SourceCase], None]
SOURCE_CHECKS: dict[str, SourceCheck] = {}


def _check(function: SourceCheck) -> SourceCheck:
    SOURCE_CHECKS[function.__name__] = function
    return function


def _lists(case: SourceCase, run: SourceRun) -> int:
    return sum(1 for sent in run.sent() if case.is_list(sent))


@_check
def empty(case: SourceCase) -> None:
    """An empty list is a complete answer."""
    with running(case, 0) as run:
        got = drain(case, run)
        assert got.keys == []
        assert got.ended().complete, got.ended().proof


@_check
def one_page(case: SourceCase) -> None:
    """Fewer records than a page holds."""
    with running(case, 3) as run:
        got = drain(case, run)
        everything_once(got, run.keys())
        assert got.ended().complete, got.ended().proof


@_check
def three_pages(case: SourceCase) -> None:
    """Two full pages and a rest; the proof and the scope are said, and the pages are asked for as they are used."""
    with running(case, case.page * 2 + 1) as run:
        source = run.open(context())
        pages = source.read(run.stream)
        next(pages)
        assert _lists(case, run) == 1, "more than the first page was asked for before it was used"
        source.close()
        got = drain(case, run)
        everything_once(got, run.keys())
        assert got.ended().complete, got.ended().proof
        assert got.ended().proof, "completeness without a proof"
        assert got.ended().scope, "completeness without a scope"


@_check
def full_last_page(case: SourceCase) -> None:
    """The records fill the pages exactly."""
    with running(case, case.page * 2) as run:
        got = drain(case, run)
        everything_once(got, run.keys())
        assert got.ended().complete, got.ended().proof


@_check
def short_page(case: SourceCase) -> None:
    """A page holds fewer records than asked for though more follow."""
    with running(case, case.page * 3) as run:
        run.inject(Fault("short_page", nth=(1, 2)))
        got = drain(case, run)
        everything_once(got, run.keys())
        assert got.ended().complete, got.ended().proof


@_check
def empty_page_in_the_middle(case: SourceCase) -> None:
    """A page holds nothing though more follow."""
    with running(case, case.page * 3) as run:
        run.inject(Fault("empty_page", nth=(2,)))
        got = drain(case, run)
        everything_once(got, run.keys())
        assert got.ended().complete, got.ended().proof


@_check
def duplicate_page(case: SourceCase) -> None:
    """A page comes twice: nothing comes twice out, nothing is lost unsaid, and it ends."""
    with running(case, case.page * 3) as run:
        run.inject(Fault("duplicate_page", nth=(2,)))
        try:
            got = drain(case, run)
        except ContractChanged:
            return  # noticed: fine as well
        finally:
            assert len(run.sent()) <= MOST_REQUESTS, "the list never ends"
        assert len(got.keys) == len(set(got.keys)), "records came twice"
        assert set(got.keys) == run.keys() or not got.ended().complete, "records are missing, yet it says complete"


@_check
def endless_list(case: SourceCase) -> None:
    """The same page comes again and again: noticed, not followed for ever."""
    with running(case, case.page * 3) as run:
        run.inject(Fault("duplicate_page", nth=()))
        fails(ContractChanged, run, lambda: drain(case, run))


@_check
def drift_insert(case: SourceCase) -> None:
    """Records appear while the list is read: those that were there come, each once."""
    with running(case, case.page * 3) as run:
        before = run.keys()
        run.inject(Fault("call", nth=(2,), call=lambda: run.insert(3)))
        got = drain(case, run)
        assert before <= set(got.keys), f"{len(before - set(got.keys))} records were lost"
        assert len(got.keys) == len(set(got.keys)), "records came twice"


@_check
def drift_delete(case: SourceCase) -> None:
    """A record that was read vanishes meanwhile: what stayed comes, or the read does not call itself complete."""
    with running(case, case.page * 3) as run:
        source = run.open(context())
        victim = case.key_of(_first(case, run))
        source.close()
        run.inject(Fault("call", nth=(2,), call=lambda: run.delete(victim)))
        got = drain(case, run)
        stayed = run.keys()
        assert len(got.keys) == len(set(got.keys)), "records came twice"
        assert stayed <= set(got.keys) or not got.ended().complete, "a record was skipped, yet it says complete"


def _first(case: SourceCase, run: SourceRun) -> dict[str, object]:
    got = drain(case, run, limit=1)
    return got.payloads[got.keys[0]]


@_check
def limit(case: SourceCase) -> None:
    """A read of some records stops there and never calls itself complete."""
    with running(case, case.page * 2) as run:
        got = drain(case, run, limit=2)
        assert len(got.keys) == 2
        assert not got.ended().complete


@_check
def resume(case: SourceCase) -> None:
    """The cursor of a read starts the next one: a change made since comes, with a snapshot everything comes again."""
    with running(case, case.page + 1) as run:
        first = drain(case, run)
        changed = min(run.keys())
        run.change(changed, {case.text_field: "changed since"})
        second = drain(case, run, cursor=first.ended().cursor)
        assert second.payloads[changed][case.text_field] == "changed since"
        if first.ended().cursor is None:
            everything_once(second, run.keys())


@_check
def same_bytes(case: SourceCase) -> None:
    """What did not change reads as the same bytes, so that its hash is the same."""
    with running(case, case.page + 1) as run:
        assert sorted(drain(case, run).raw) == sorted(drain(case, run).raw)


@_check
def login_refused(case: SourceCase) -> None:
    """Wrong credentials: AuthError, and no hammering (accounts get locked)."""
    with running(case, 1) as run:
        run.inject(Fault("status", "login", nth=(), status=401))
        fails(AuthError, run, lambda: drain(case, run))
        assert len(run.sent()) <= 2, "a refused login was tried again"


@_check
def token_expired(case: SourceCase) -> None:
    """A token that ends in the middle is renewed once."""
    with running(case, case.page * 2) as run:
        run.inject(Fault("status", nth=(2,), status=401))
        everything_once(drain(case, run), run.keys())


@_check
def status_401(case: SourceCase) -> None:
    """Credentials that stay refused: AuthError after one new login."""
    with running(case, 1) as run:
        run.inject(Fault("status", nth=(), status=401))
        fails(AuthError, run, lambda: drain(case, run))
        assert _lists(case, run) <= 2


@_check
def status_403(case: SourceCase) -> None:
    """Not allowed: PermissionDenied at once."""
    with running(case, 1) as run:
        run.inject(Fault("status", nth=(), status=403))
        fails(PermissionDenied, run, lambda: drain(case, run))
        assert _lists(case, run) == 1, "a refusal was asked again"


@_check
def status_404(case: SourceCase) -> None:
    """The list itself is not there: an error, never an empty list."""
    with running(case, 1) as run:
        run.inject(Fault("status", nth=(), status=404))
        fails((NotFound, ContractChanged), run, lambda: drain(case, run))


@_check
def status_409_412(case: SourceCase) -> None:
    """A conflict where none can be: an error, not tried again."""
    for status in (409, 412):
        with running(case, 1) as run:
            run.inject(Fault("status", nth=(), status=status))
            fails((Rejected, ContractChanged), run, lambda: drain(case, run))
            assert _lists(case, run) == 1


@_check
def throttled_seconds(case: SourceCase) -> None:
    """429 with `Retry-After` in seconds: waits at least so long, then goes on."""
    _throttled(case, http_date=False)


@_check
def throttled_date(case: SourceCase) -> None:
    """429 with `Retry-After` as an HTTP date: waits until then."""
    _throttled(case, http_date=True)


def _throttled(case: SourceCase, *, http_date: bool) -> None:
    with running(case, case.page * 2) as run:
        clock = FakeClock()
        run.inject(Fault("status", nth=(2,), status=429, retry_after=17, http_date=http_date))
        everything_once(drain(case, run, clock), run.keys())
        assert sum(clock.slept) >= 16, f"waited {sum(clock.slept):.1f} s where 17 were asked for"
        assert sum(clock.slept) <= 60, f"waited {sum(clock.slept):.1f} s where 17 were asked for"


@_check
def throttled_silently(case: SourceCase) -> None:
    """429 without `Retry-After`: waits a time of its own."""
    with running(case, case.page * 2) as run:
        clock = FakeClock()
        run.inject(Fault("status", nth=(2,), status=429))
        everything_once(drain(case, run, clock), run.keys())
        assert sum(clock.slept) > 0


@_check
def throttled_for_ever(case: SourceCase) -> None:
    """429 without end: gives up within bounds and says how long the system asked to wait."""
    with running(case, 1) as run:
        clock = FakeClock()
        run.inject(Fault("status", nth=(), status=429, retry_after=7))
        error = fails(RateLimited, run, lambda: drain(case, run, clock))
        assert error.retry_after == timedelta(seconds=7)
        assert sum(clock.slept) < 3600, "waited for more than an hour"


@_check
def down_then_up(case: SourceCase) -> None:
    """5xx twice, then an answer."""
    with running(case, case.page * 2) as run:
        run.inject(Fault("status", nth=(2, 3), status=503))
        everything_once(drain(case, run), run.keys())


@_check
def down(case: SourceCase) -> None:
    """5xx without end: Unavailable within bounds."""
    with running(case, 1) as run:
        run.inject(Fault("status", nth=(), status=500))
        fails(Unavailable, run, lambda: drain(case, run))


@_check
def cut_off(case: SourceCase) -> None:
    """The connection breaks once without an answer."""
    with running(case, case.page * 2) as run:
        run.inject(Fault("timeout_before", nth=(2,)))
        everything_once(drain(case, run), run.keys())


@_check
def truncated(case: SourceCase) -> None:
    """An answer ends in the middle, once: asked again."""
    with running(case, case.page * 2) as run:
        run.inject(Fault("truncate", nth=(2,)))
        everything_once(drain(case, run), run.keys())


@_check
def truncated_for_ever(case: SourceCase) -> None:
    """Answers that always end in the middle: Unavailable, nothing of them is used."""
    with running(case, 3) as run:
        run.inject(Fault("truncate", nth=()))
        fails(Unavailable, run, lambda: drain(case, run))


@_check
def malformed(case: SourceCase) -> None:
    """Answers of status 200 that are no JSON, or JSON of another shape: ContractChanged."""
    for text in (
        "<html><title>Sign in</title></html>",
        '{"a": 1,}',
        '"text"',
        "[[1]]",
        '{"other": []}',
        "[" * 500 + "]" * 500,
    ):
        with running(case, 1) as run:
            run.inject(Fault("body", nth=(), text=text))
            fails(ContractChanged, run, lambda: drain(case, run))


@_check
def unknown_field(case: SourceCase) -> None:
    """A field nobody knows yet is passed on: drift is judged later, with all that was sent."""
    with running(case, 2) as run:
        key = min(run.keys())
        run.change(key, {"fieldOfTomorrow": {"deep": [1, None, "x"]}})
        assert drain(case, run).payloads[key]["fieldOfTomorrow"] == {"deep": [1, None, "x"]}


@_check
def missing_field(case: SourceCase) -> None:
    """A record that lacks a field comes without it."""
    with running(case, 3) as run:
        key = min(run.keys())
        run.change(key, {case.optional_field: ...})
        got = drain(case, run)
        everything_once(got, run.keys())
        assert case.optional_field not in got.payloads[key]


@_check
def missing_key(case: SourceCase) -> None:
    """A record without its key is a dead letter; the others come."""
    with running(case, 3) as run:
        key = min(run.keys())
        run.change(key, {case.key_field: ...})
        got = drain(case, run)
        assert len(got.keys) == 2
        assert len(got.rejected) == 1
        assert got.rejected[0].where
        assert got.rejected[0].message


@_check
def hostile(case: SourceCase) -> None:
    """Awkward texts come as they are."""
    with running(case, len(HOSTILE)) as run:
        wanted = dict(zip(sorted(run.keys()), HOSTILE, strict=True))
        for key, text in wanted.items():
            run.change(key, {case.text_field: text})
        got = drain(case, run)
        assert {key: got.payloads[key][case.text_field] for key in wanted} == wanted


@_check
def clock_skew(case: SourceCase) -> None:
    """A system whose clock is an hour off is read all the same, and a person is told."""
    with running(case, 2) as run:
        run.inject(Fault("skew", nth=(), seconds=3600))
        got = drain(case, run)
        everything_once(got, run.keys())
        assert any("clock" in warning for warning in got.warnings), "nobody was told that the clocks differ"


@_check
def clock_skew_resume(case: SourceCase) -> None:
    """A system whose clock went off by an hour since the last read is read whole, and leaves no cursor."""
    with running(case, case.page + 1) as run:
        first = drain(case, run)
        run.inject(Fault("skew", nth=(), seconds=3600))
        got = drain(case, run, cursor=first.ended().cursor)
        everything_once(got, run.keys())
        assert got.ended().cursor is None, "a clock that nobody believes became a cursor"


@_check
def foreign_link(case: SourceCase) -> None:
    """A link to another host is not followed: the credentials stay here."""
    with running(case, case.page * 2) as run:
        run.inject(Fault("foreign_link", nth=(1,)))
        fails(ContractChanged, run, lambda: drain(case, run))


@_check
def secrets_echoed(case: SourceCase) -> None:
    """A system that repeats the credentials in its error does not get them into ours."""
    for status in (400, 403, 500):
        _echoed(case, status)


def _echoed(case: SourceCase, status: int) -> None:
    with running(case, 1) as run:
        source = run.open(context())
        list(source.read(run.stream))  # so that this connection has its tokens
        echo = " ".join(run.secrets())
        text = f'{{"error": {{"code": "x", "message": "you sent {echo}", "detail": "{echo}"}}}}'
        run.inject(Fault("status", nth=(), status=status, text=text))
        fails(ConnectorError, run, lambda: list(source.read(run.stream)))
        source.close()
