"""What follows from the error of a job: tried again, when and how carefully, or given up."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters.base import (
    Ambiguous,
    ChannelSuspended,
    CredentialsRevoked,
    Refused,
    Scope,
    Temporary,
    Throttled,
)  # fmt: skip
from services import clock, clock_trust
from services.driving import out_of_reach
from services.jobs import Job, Kind, NotYet

BUG_ATTEMPTS = 5
LONGEST_PAUSE = 300.0
AGAIN = timedelta(minutes=5)
"""Before what is past its time by a doubted clock is tried once more."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again at `run_at`; `pause_lane` waits with it until then, and with `alike` the lanes that share its limit."""

    run_at: datetime
    suspect: bool
    counted: bool = True
    pause_lane: str | None = None
    keep_place: bool = True
    alike: bool = False


@dataclass(frozen=True, slots=True)
class Give:
    """Give up: the reason goes to the person concerned."""


Decision = Retry | Give


def decide(job: Job, error: Exception, kind: Kind) -> Decision:
    """What follows from an error. The only place that knows; see `adapters.errors` for what each means."""
    now = clock.now()
    if isinstance(error, NotYet):
        return Retry(error.run_at, job.suspect, counted=False, keep_place=error.keep_place)
    if over(job, kind.lifetime):
        return Give()
    match error:
        case Throttled():
            until = now + timedelta(seconds=error.retry_after + random.uniform(0.05, 0.3))  # noqa: S311  jitter
            lane, alike = _throttled(job, error.scope), error.scope is Scope.PLATFORM
            return Retry(until, job.suspect, counted=False, pause_lane=lane, alike=alike)
        case CredentialsRevoked() | ChannelSuspended():
            return Retry(now + max(kind.lifetime - job.age, AGAIN), job.suspect, pause_lane=job.lane)
        case Refused():
            return Give()
        case Ambiguous():
            wait = timedelta(seconds=error.retry_after) if error.retry_after else backoff(job.attempts)
            return Retry(now + wait, suspect=job.suspect or not kind.repeatable)
        case Temporary():
            wait = timedelta(seconds=error.retry_after) if error.retry_after else backoff(job.attempts)
            return Retry(now + wait, job.suspect)
        case _ if job.attempts >= BUG_ATTEMPTS and not out_of_reach(error):
            return Give()
    return Retry(now + backoff(job.attempts), suspect=job.suspect or not kind.repeatable)


def over(job: Job, lifetime: timedelta) -> bool:
    """Whether the job has been tried for long enough; not by a clock that is doubted."""
    return job.age > lifetime and clock_trust.certain()


def _throttled(job: Job, scope: Scope) -> str:
    if scope is Scope.RECIPIENT and job.target:
        return job.target
    return f"{job.lane}#{job.kind}" if scope is Scope.METHOD else job.lane


def backoff(attempts: int) -> timedelta:
    """1, 2, 4 … seconds up to five minutes, each drawn from its upper half so that crowds spread out."""
    longest = min(LONGEST_PAUSE, 2.0 ** min(attempts - 1, 12))
    return timedelta(seconds=random.uniform(longest / 2, longest))  # noqa: S311  jitter
