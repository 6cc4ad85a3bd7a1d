"""Reading a stream to its end within a check."""

from __future__ import annotations

import json
import pickle
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from connectors.kit.cases import SourceCase, SourceRun, TargetRun, context
from connectors.kit.clock import FakeClock
from synchub.domain.records import End, Page, Rejected
from synchub.errors import ConnectorError, HubError

MOST_PAGES = 200  # a check has a few dozen records: more pages mean that a list never ends
MOST_REQUESTS = 60  # and this is more than any bounded retry needs

E = TypeVar("E", bound=HubError)


@dataclass(slots=True)
class Drained:
    """A stream read to its end.

    Attributes:
        keys: Native keys in order, repeated ones included.
        payloads: Key -> parsed payload.
        raw: Payloads in order.
        rejected: Dead letters.
        warnings: What a person should know.
        end: What the stream said at its end.
        pages: How many pages came.
    """

    keys: list[str] = field(default_factory=list)
    payloads: dict[str, dict[str, Any]] = field(default_factory=dict)
    raw: list[bytes] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    end: End | None = None
    pages: int = 0

    def ended(self) -> End:
        """Return the end; a stream without one is a failure of the check."""
        assert self.end is not None, "the stream stopped without an End"
        return self.end


@contextmanager
def running(case: SourceCase, records: int) -> Iterator[SourceRun]:
    """Start the simulator of a case and stop it, whatever happens; the contract must have been kept."""
    run = case.start(records)
    try:
        yield run
        assert run.problems() == [], f"the contract was broken: {run.problems()[:3]}"
    finally:
        run.stop()


def drain(case: SourceCase, run: SourceRun, clock: FakeClock | None = None, **options: Any) -> Drained:
    """Open the connector, read the stream to its end, close it."""
    source = run.open(context(clock))
    got = Drained()
    try:
        for page in source.read(run.stream, **options):
            _add(case, got, page)
    finally:
        source.close()
    return got


def _add(case: SourceCase, got: Drained, page: Page) -> None:
    assert got.end is None, "a page came after the End"
    got.pages += 1
    assert got.pages <= MOST_PAGES, "the list never ends"
    for payload in page.payloads:
        parsed = json.loads(payload)
        key = case.key_of(parsed)
        got.keys.append(key)
        got.payloads[key] = parsed
        got.raw.append(bytes(payload))
    got.rejected += page.rejected
    got.warnings += page.warnings
    got.end = page.end


def everything_once(got: Drained, expected: set[str]) -> None:
    """Check that all records came, each once."""
    missing, extra = expected - set(got.keys), set(got.keys) - expected
    assert not missing, f"{len(missing)} of {len(expected)} records are missing"
    assert not extra, f"{len(extra)} records came that are not there"
    assert len(got.keys) == len(set(got.keys)), "records came twice"


def fails(kind: type[E] | tuple[type[E], ...], run: SourceRun | TargetRun, action: Callable[[], object]) -> E:
    """Check that an action raises an error of ours, after a bounded number of requests, without secrets."""
    before = len(run.sent())
    names = " or ".join(k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,)))
    raised: HubError | None = None
    try:
        action()
    except HubError as error:
        raised = error
    assert raised is not None, f"no error, though {names} was expected"
    assert isinstance(raised, kind), f"expected {names}, got {type(raised).__name__}: {raised}"
    tries = len(run.sent()) - before
    assert tries <= MOST_REQUESTS, f"{tries} requests before it gave up"
    no_secrets(raised, run)
    says_enough(raised)
    return raised


def says_enough(error: HubError) -> None:
    """Check that the error names the place and the way out, survives pickling and is one of ours all along."""
    assert error.where, f"{error!r} does not say where"
    assert error.fix, f"{error} does not say what to do"
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert str(again) == str(error), "the error does not survive pickling"
    if isinstance(error, ConnectorError):
        assert "?" not in error.where, f"the query is named in {error.where!r}"


def no_secrets(error: BaseException, run: SourceRun | TargetRun) -> None:
    """Check that no secret is in an error: its text, its context, or what led to it."""
    seen = "".join(traceback.format_exception(error)) + repr(error) + repr(getattr(error, "context", ""))
    for secret in run.secrets():
        assert secret not in seen, f"a secret is in {type(error).__name__}"
