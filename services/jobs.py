"""Jobs: the only way anything about a customer, or for another person, leaves.

A job is made by `enqueue` inside the transaction of its cause and carries ids, never texts. `claim`, `complete` and
`put_back` are the rest of its life in the database; `services.runner` drives them, `decide` says what errors mean.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from adapters.base import Ambiguous, ChannelSuspended, CredentialsRevoked, Refused, Scope, Temporary, Throttled
from models.enums import JobState, Priority
from services import clock
from services.sql import Make, Row, Steps, from_json, marks, to_json, when

LEASE = timedelta(seconds=60)
LIFETIME = timedelta(hours=24)
"""How long a job is tried before it is refused: messengers recover within a day or not at all."""
REFUSED_KEPT = timedelta(days=30)
BUG_ATTEMPTS = 5
LONGEST_PAUSE = 300.0


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be made.

    lane, target: the budgets it draws on ("control:1", "control:1:555"). order_key: jobs that share it run one at a
    time, in the order made. cancel_key: a waiting job with this key is joined instead of doubled; with `postpone` the
    joined one runs at this job's time. run_at: not before that moment.
    """

    kind: str
    lane: str
    priority: Priority
    payload: dict[str, Any] = field(default_factory=dict)
    project_id: int | None = None
    target: str | None = None
    order_key: str | None = None
    cancel_key: str | None = None
    run_at: datetime | None = None
    postpone: bool = False
    hold: bool = False
    """Keep the place in the order key from now on, although it runs only at `run_at`."""


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job. `suspect`: an earlier attempt may have taken effect."""

    id: int
    kind: str
    lane: str
    target: str | None
    order_key: str | None
    priority: int
    attempts: int
    suspect: bool
    lease_token: str
    payload: dict[str, Any]
    project_id: int | None
    created_at: datetime

    @property
    def age(self) -> timedelta:
        return clock.now() - self.created_at


class NotYet(Exception):
    """Raised by a job that has to wait for something other than its platform: it runs again at `run_at`.

    keep_place: the later jobs of its order key wait with it; else they overtake it meanwhile.
    """

    def __init__(self, run_at: datetime, *, keep_place: bool) -> None:
        super().__init__("not yet")
        self.run_at = run_at
        self.keep_place = keep_place


Effect = Make[None] | None
"""How to make the steps that record what a job did; None where there is nothing to record."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of job does.

    perform: carries it out, HTTP included, and returns how to make the steps that record the effect; they are committed
    together with the job's end. refused: steps for the final failure, told the job and its error. repeatable: doing it
    twice changes nothing, so that a lost answer is no reason for doubt.
    """

    perform: Callable[[Job], Awaitable[Effect]]
    refused: Callable[[Job, Exception], Steps[None]] | None = None
    repeatable: bool = True
    lifetime: timedelta = LIFETIME


_INSERT = """
INSERT INTO jobs (project_id, kind, lane, target, order_key, seq, cancel_key, priority, due_at, run_at, state,
                  attempts, suspect, payload, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', 0, ?, ?, ?)
"""
# A joined job is updated even where nothing changes: the row lock keeps a worker from taking it, and from reading the
# old state, before this transaction commits.
_JOIN_EARLIEST = """
ON CONFLICT (cancel_key) DO UPDATE SET
    run_at = CASE WHEN excluded.run_at < jobs.run_at THEN excluded.run_at ELSE jobs.run_at END,
    due_at = CASE WHEN excluded.due_at < jobs.due_at THEN excluded.due_at ELSE jobs.due_at END
"""
_JOIN_POSTPONE = "ON CONFLICT (cancel_key) DO UPDATE SET run_at = excluded.run_at, due_at = excluded.due_at"


def enqueue(job: NewJob) -> Steps[int]:
    """Make a job in the transaction of its cause; returns its id (of the joined one, if it joined one)."""
    now = clock.now()
    run_at = job.run_at or now
    seq = 0
    if job.order_key is not None:
        rows = yield (
            "INSERT INTO order_keys (key, next) VALUES (?, 2)"
            " ON CONFLICT (key) DO UPDATE SET next = order_keys.next + 1 RETURNING next - 1 AS seq",
            (job.order_key,),
        )
        seq = rows[0]["seq"]
    join = "" if job.cancel_key is None else _JOIN_POSTPONE if job.postpone else _JOIN_EARLIEST
    rows = yield (
        f"{_INSERT} {join} RETURNING id",
        (
            job.project_id, job.kind, job.lane, job.target, job.order_key, seq, job.cancel_key, int(job.priority),
            now if job.hold else run_at, run_at, False, to_json(job.payload), now,
        ),
    )  # fmt: skip
    return int(rows[0]["id"])


def hasten(cancel_key: str) -> Steps[bool]:
    """Have a waiting job run now; False where none waits under this key."""
    now = clock.now()
    rows = yield (
        "UPDATE jobs SET run_at = ?, due_at = CASE WHEN due_at > ? THEN ? ELSE due_at END"
        " WHERE cancel_key = ? AND state = 'queued' RETURNING id",
        (now, now, now, cancel_key),
    )
    return bool(rows)


def cancel(cancel_key: str) -> Steps[bool]:
    """Take back a job that has not started; False where there is none."""
    rows = yield "DELETE FROM jobs WHERE cancel_key = ? AND state = 'queued' RETURNING id", (cancel_key,)
    return bool(rows)


_CLAIM = """
UPDATE jobs SET state = 'running', attempts = attempts + 1, cancel_key = NULL, lease_token = ?, lease_until = ?,
    suspect = (suspect OR state = 'running')
WHERE id IN (
    SELECT j.id FROM jobs j
    WHERE (j.state = 'queued' AND j.run_at <= ? OR j.state = 'running' AND j.lease_until < ?)
      AND j.lane NOT IN ({lanes})
      AND (j.target IS NULL OR j.target NOT IN ({targets}))
      AND NOT EXISTS (SELECT 1 FROM lane_pauses p WHERE p.until > ? AND (p.lane = j.lane OR p.lane = j.target))
      AND NOT EXISTS (
        SELECT 1 FROM jobs e
        WHERE e.order_key = j.order_key AND e.id <> j.id
          AND (e.state = 'running' AND e.lease_until >= ?
               OR e.seq < j.seq AND (e.state = 'running' OR e.state = 'queued' AND e.due_at <= ?)))
    ORDER BY j.priority, j.run_at, j.id
    LIMIT ?
    {skip_locked}
)
RETURNING id, kind, lane, target, order_key, seq, priority, attempts, suspect, lease_token, payload, project_id,
    created_at, run_at
"""
# Claims are made one after another on PostgreSQL: two at once could each take a job of the same order key.
_CLAIM_LOCK = "SELECT pg_advisory_xact_lock(7205741)"


def claim(limit: int, *, postgres: bool, lanes: Sequence[str] = (), targets: Sequence[str] = ()) -> Steps[list[Job]]:
    """Take up to `limit` due jobs for LEASE, most urgent first, leaving out busy `lanes` and `targets`."""
    now = clock.now()
    if postgres:
        yield _CLAIM_LOCK, ()
    sql = _CLAIM.format(
        lanes=marks(lanes) if lanes else "''",
        targets=marks(targets) if targets else "''",
        skip_locked="FOR UPDATE OF j SKIP LOCKED" if postgres else "",
    )
    token = secrets.token_hex(16)
    rows = yield sql, (token, now + LEASE, now, now, *lanes, *targets, now, now, now, limit)
    rows.sort(key=lambda row: (row["priority"], when(row["run_at"]), row["id"]))
    return [_job(row) for row in rows]


def _job(row: Row) -> Job:
    return Job(
        id=row["id"],
        kind=row["kind"],
        lane=row["lane"],
        target=row["target"],
        order_key=row["order_key"],
        priority=row["priority"],
        attempts=row["attempts"],
        suspect=bool(row["suspect"]),
        lease_token=row["lease_token"],
        payload=from_json(row["payload"]),
        project_id=row["project_id"],
        created_at=when(row["created_at"]),
    )


def renew(jobs: Sequence[Job]) -> Steps[None]:
    """Keep running jobs for another LEASE."""
    ids = [job.id for job in jobs]
    tokens = sorted({job.lease_token for job in jobs})
    yield (
        f"UPDATE jobs SET lease_until = ? WHERE id IN ({marks(ids)}) AND lease_token IN ({marks(tokens)})",
        (clock.now() + LEASE, *ids, *tokens),
    )


def complete(job: Job, effect: Effect) -> Steps[bool]:
    """Record the effect and end the job. False: the lease was lost meanwhile, another worker may have repeated it."""
    if effect is not None:
        yield from effect()
    rows = yield "DELETE FROM jobs WHERE id = ? AND lease_token = ? RETURNING id", (job.id, job.lease_token)
    return bool(rows)


def refuse(job: Job, error: Exception, effect: Steps[None] | None) -> Steps[bool]:
    """End the job for good: it is kept for a while with its reason, and its effect on rows is recorded."""
    if effect is not None:
        yield from effect
    rows = yield (
        "UPDATE jobs SET state = ?, last_error = ?, lease_token = NULL, lease_until = NULL, run_at = ?"
        " WHERE id = ? AND lease_token = ? RETURNING id",
        (JobState.REFUSED.value, describe(error), clock.now(), job.id, job.lease_token),
    )
    return bool(rows)


def put_back(
    job: Job,
    run_at: datetime,
    error: Exception | None,
    *,
    suspect: bool,
    counted: bool = True,
    keep_place: bool = True,
) -> Steps[None]:
    """Have the job run again at `run_at`; `counted=False` takes the attempt back, as if it had not been claimed.

    `keep_place=False` lets the later jobs of its order key overtake it until then.
    """
    yield (
        "UPDATE jobs SET state = 'queued', run_at = ?, lease_token = NULL, lease_until = NULL, last_error = ?,"
        " suspect = ?, attempts = attempts - ?, due_at = CASE WHEN ? THEN due_at ELSE ? END"
        " WHERE id = ? AND lease_token = ?",
        (
            run_at, None if error is None else describe(error), suspect, 0 if counted else 1, keep_place, run_at,
            job.id, job.lease_token,
        ),
    )  # fmt: skip


def pause(lane: str, until: datetime, reason: str) -> Steps[None]:
    """Keep a lane, or one target in it, from being claimed until then; a longer pause stands."""
    yield (
        "INSERT INTO lane_pauses (lane, until, reason) VALUES (?, ?, ?) ON CONFLICT (lane) DO UPDATE SET"
        " until = CASE WHEN excluded.until > lane_pauses.until THEN excluded.until ELSE lane_pauses.until END,"
        " reason = excluded.reason",
        (lane, until, reason[:255]),
    )


def resume(lane: str) -> Steps[None]:
    """End a pause now: a new token, a page that is free again. Jobs that wait for their retry run at once."""
    yield "DELETE FROM lane_pauses WHERE lane = ?", (lane,)
    yield "UPDATE jobs SET run_at = ? WHERE lane = ? AND state = 'queued' AND attempts > 0", (clock.now(), lane)


def drop(lane: str, kinds: Sequence[str]) -> Steps[list[dict[str, Any]]]:
    """Take all waiting jobs of these kinds out of a lane; returns their payloads."""
    rows = yield (
        f"DELETE FROM jobs WHERE lane = ? AND state = 'queued' AND kind IN ({marks(kinds)}) RETURNING payload",
        (lane, *kinds),
    )
    return [from_json(row["payload"]) for row in rows]


def sweep() -> Steps[None]:
    """Forget refused jobs past their time, pauses that are over and counters of keys without jobs."""
    now = clock.now()
    yield "DELETE FROM jobs WHERE state = 'refused' AND run_at < ?", (now - REFUSED_KEPT,)
    yield "DELETE FROM lane_pauses WHERE until < ?", (now,)


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again at `run_at`; `pause_lane` waits with it until then."""

    run_at: datetime
    suspect: bool
    counted: bool = True
    pause_lane: str | None = None
    keep_place: bool = True


@dataclass(frozen=True, slots=True)
class Give:
    """Give up: the reason goes to the person concerned."""


Decision = Retry | Give


def decide(job: Job, error: Exception, kind: Kind) -> Decision:
    """What follows from an error. The only place that knows; see `adapters.errors` for what each means."""
    now = clock.now()
    if isinstance(error, NotYet):
        return Retry(error.run_at, job.suspect, counted=False, keep_place=error.keep_place)
    if job.age > kind.lifetime:
        return Give()
    match error:
        case Throttled():
            scope = job.target if error.scope is Scope.RECIPIENT and job.target else job.lane
            until = now + timedelta(seconds=error.retry_after + random.uniform(0.05, 0.3))  # noqa: S311  jitter
            return Retry(until, job.suspect, counted=False, pause_lane=scope)
        case CredentialsRevoked() | ChannelSuspended():
            return Retry(now + kind.lifetime - job.age, job.suspect, pause_lane=job.lane)
        case Refused():
            return Give()
        case Ambiguous():
            return Retry(now + backoff(job.attempts), suspect=not kind.repeatable)
        case Temporary():
            wait = timedelta(seconds=error.retry_after) if error.retry_after else backoff(job.attempts)
            return Retry(now + wait, job.suspect)
        case _ if job.attempts >= BUG_ATTEMPTS:
            return Give()
    return Retry(now + backoff(job.attempts), suspect=job.suspect or not kind.repeatable)


def backoff(attempts: int) -> timedelta:
    """1, 2, 4 … seconds up to five minutes, each drawn from its upper half so that crowds spread out."""
    longest = min(LONGEST_PAUSE, 2.0 ** min(attempts - 1, 12))
    return timedelta(seconds=random.uniform(longest / 2, longest))  # noqa: S311  jitter


def describe(error: Exception) -> str:
    """The error in a line for `last_error`; a platform's errors have their secrets taken out already."""
    return f"{type(error).__name__}: {error}"[:1000]
