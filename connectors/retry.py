"""The one retry policy: bounded by attempts and by total seconds, with jitter, honouring what the system asks for."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import tenacity

from synchub.errors import ConnectorError, RateLimited, Recovery
from synchub.ports import Clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long one call is tried.

    Attributes:
        attempts: Tries in all, the first included.
        total: Time in all, waiting included; a wait that would go beyond it is not begun.
        first: Longest wait after the first failure; doubles with each further one.
        longest: Longest wait that we choose ourselves (what the system asks for may be longer).
    """

    attempts: int = 5
    total: timedelta = timedelta(minutes=5)
    first: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(seconds=30)


NO_RETRY = RetryPolicy(attempts=1)


def asked_wait(error: BaseException) -> timedelta | None:
    """Return the wait the system asked for, if it did."""
    if isinstance(error, RateLimited):
        return error.retry_after
    wait = error.context.get("retry_after") if isinstance(error, ConnectorError) else None
    return wait if isinstance(wait, timedelta) else None


def may_repeat(error: BaseException, *, idempotent: bool) -> bool:
    """Tell whether the same call may be sent again.

    A call that is not idempotent is repeated only when the system certainly did nothing: the connection was never
    made (`sent=False` in the error's context), or it refused to look at the request (429).
    """
    if not isinstance(error, ConnectorError) or error.recovery is not Recovery.RETRY_LATER:
        return False
    return idempotent or isinstance(error, RateLimited) or error.context.get("sent") is False


def call(
    function: Callable[[], T],
    *,
    policy: RetryPolicy,
    clock: Clock,
    idempotent: bool,
    chance: Callable[[], float] = random.random,
) -> T:
    """Call until it succeeds, fails for good, or the policy is used up; then raise the last error.

    Args:
        function: What to call.
        policy: The bounds.
        clock: Gives the time and waits.
        idempotent: Calling twice has the effect of calling once.
        chance: Numbers in [0, 1) for the jitter.

    Raises:
        ConnectorError: The last failure; its message says how often was tried.
    """
    if policy.attempts <= 1:
        return function()
    started = clock.now()

    def wait(state: tenacity.RetryCallState) -> float:
        ceiling = min(policy.longest, policy.first * 2 ** min(state.attempt_number - 1, 20)).total_seconds()
        error = state.outcome.exception() if state.outcome else None
        asked = asked_wait(error) if error else None
        if asked is not None:
            return asked.total_seconds() + chance()  # never earlier than asked, and not all at once
        return float(ceiling * (0.5 + chance() / 2))

    def spent(state: tenacity.RetryCallState) -> bool:
        elapsed = clock.now() - started + state.upcoming_sleep
        return state.attempt_number >= policy.attempts or elapsed > policy.total.total_seconds()

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: may_repeat(error, idempotent=idempotent)),
        wait=wait,
        stop=spent,
        sleep=clock.sleep,
        reraise=True,
    )
    tries = 0

    def once() -> T:
        nonlocal tries
        tries += 1
        return function()

    try:
        return retrying(once)
    except ConnectorError as error:
        if tries > 1:
            error.message = f"{error.message} Tried {tries} times in {clock.now() - started} s."
            error.context["attempts"] = tries
        raise
