"""Jobs: the only way anything about a customer, or for another person, leaves.

A job is made by `enqueue` inside the transaction of its cause and carries ids, never texts. `claim`, `complete` and
`put_back` are the rest of its life in the database; `services.runner` drives them, `decide` says what errors mean.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from adapters.redaction import told
from models.enums import JobState, Priority
from services import clock, heads, shares, trace
from services.claiming import CLAIM, CLAIM_LOCK, PER_LANE, PER_TARGET, UPCOMING
from services.making import MAKE
from services.sql import LOCK, WAKE, Make, Row, Steps, from_json, marks, moment, to_json, when

LEASE = timedelta(seconds=60)
LIFETIME = timedelta(hours=24)
"""How long a job is tried before it is refused: messengers recover within a day or not at all."""
COUNTERS_KEPT = timedelta(days=1)
_REQUEST = "request"
"""The name in the payload under which a job keeps the id of the request that it follows from."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be made.

    lane, target: the budgets it draws on ("control:1", "control:1:555"). order_key: jobs that share it run one at a
    time, in the order made. cancel_key: a waiting job with this key is joined instead of doubled: it keeps its payload
    and its place, takes the more urgent priority, and runs at the earlier moment, or with `postpone` at this job's.
    run_at: not before that moment.
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
    """A claimed job. `suspect`: an earlier attempt may have taken effect. due_at: when it was first to run."""

    id: int
    kind: str
    lane: str
    target: str | None
    order_key: str | None
    cancel_key: str | None
    priority: int
    attempts: int
    suspect: bool
    lease_token: str
    payload: dict[str, Any]
    project_id: int | None
    due_at: datetime
    run_at: datetime
    created_at: datetime
    turn: int = 0
    """Among jobs of its priority, see `services.shares`."""
    request: str | None = None
    """The request that it follows from, see `services.trace`."""
    ahead: tuple[Any, ...] = ()
    """What `Kind.reads` found a moment ago; empty where it has not read, or not just now."""

    @property
    def age(self) -> timedelta:
        """How long it has been due."""
        return clock.now() - self.due_at


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
    twice changes nothing, so that a lost answer is no reason for doubt. lifetime: how long after it was first due it is
    tried. longest: what hangs for that long is cut off, and counts as an error of ours. reads: what it begins with,
    for the claim to do along the way (`Job.ahead`).
    """

    perform: Callable[[Job], Awaitable[Effect]]
    refused: Callable[[Job, Exception], Steps[None]] | None = None
    repeatable: bool = True
    lifetime: timedelta = LIFETIME
    longest: timedelta = timedelta(minutes=10)
    reads: Callable[[Job], Steps[Any]] | None = None


def enqueue(job: NewJob) -> Steps[int]:
    """Make a job in the transaction of its cause; returns its id (of the joined one, if it joined one)."""
    now = clock.now()
    run_at = job.run_at or now
    ordered = job.order_key is not None
    values = (
        job.project_id, job.kind, job.lane, job.target, job.order_key, job.cancel_key, int(job.priority),
        now if job.hold else run_at, run_at, False, to_json(payload_of(job, trace.current())), now,
        shares.instant(run_at), run_at > now,
    )  # fmt: skip
    rows = yield (
        MAKE[ordered, job.cancel_key is not None, job.postpone],
        (*values, shares.instant(now)) if ordered else values,
    )
    yield WAKE
    if job.postpone:
        yield from heads.move_up(rows[0]["order_key"], rows[0]["seq"])
    return int(rows[0]["id"])


def payload_of(job: NewJob, request: str | None) -> dict[str, Any]:
    """What is stored of a job's payload, with the request that it follows from."""
    return job.payload if request is None else {**job.payload, _REQUEST: request}


def hasten(cancel_key: str) -> Steps[bool]:
    """Have a waiting job run now; False where none waits under this key."""
    now = clock.now()
    rows = yield (
        "UPDATE jobs SET run_at = ?, due_at = CASE WHEN due_at > ? THEN ? ELSE due_at END, head = TRUE"
        " WHERE cancel_key = ? AND state = 'queued' RETURNING id",
        (now, now, now, cancel_key),
    )
    yield WAKE
    return bool(rows)


def cancel(cancel_key: str) -> Steps[bool]:
    """Take back a job that is waiting, for its time or for its retry; False where there is none."""
    rows = yield "DELETE FROM jobs WHERE cancel_key = ? AND state = 'queued' RETURNING order_key, seq", (cancel_key,)
    for row in rows:
        yield from heads.move_up(row["order_key"], row["seq"])
    return bool(rows)


def claim(
    limit: int,
    *,
    postgres: bool,
    shut: Collection[str] = (),
    room: Mapping[str, int] | None = None,
    per_lane: int = PER_LANE,
    per_target: int = PER_TARGET,
    worker: str = "",
) -> Steps[list[Job]]:
    """Take up to `limit` due jobs for LEASE, most urgent first.

    shut: lanes and targets from which nothing is taken. room: how many more are taken of a lane or for a target, where
    that is other than `per_lane` and `per_target`. worker: whose they are, see `disown`.
    """
    now = clock.now()
    if postgres:
        yield CLAIM_LOCK, ()
    token = f"{worker}{secrets.token_hex(16)}"
    names, free = to_json(list(shut)), to_json(dict(room or {}))
    rows = yield CLAIM[postgres], (now, now + LEASE, token, names, free, limit, per_lane, per_target)
    rows.sort(key=lambda row: (row["priority"], row["turn"], when(row["run_at"]), row["id"]))
    return [_job(row) for row in rows]


def disown(worker: str = "") -> Steps[int]:
    """Free what a worker that is no more had under way; returns how much. Without a name, for whoever is alone: all."""
    now = clock.now()
    rows = yield (
        "UPDATE jobs SET lease_until = ? WHERE state = 'running' AND lease_until > ? AND lease_token LIKE ?"
        " RETURNING id",
        (now - timedelta(seconds=1), now, f"{worker}%"),
    )
    if rows:
        yield WAKE
    return len(rows)


def upcoming(since: datetime, *, postgres: bool) -> Steps[datetime | None]:
    """When the next job falls due that was not due at `since`, or the next pause ends."""
    rows = yield UPCOMING[postgres], (since,)
    return moment(rows[0]["next"])


def _job(row: Row) -> Job:
    payload = from_json(row["payload"])
    request = payload.pop(_REQUEST, None)
    return Job(
        id=row["id"],
        kind=row["kind"],
        lane=row["lane"],
        target=row["target"],
        order_key=row["order_key"],
        cancel_key=row["cancel_key"],
        priority=row["priority"],
        attempts=row["attempts"],
        suspect=bool(row["suspect"]),
        lease_token=row["lease_token"],
        payload=payload,
        project_id=row["project_id"],
        due_at=when(row["due_at"]),
        run_at=when(row["run_at"]),
        created_at=when(row["created_at"]),
        turn=row["turn"],
        request=request,
    )


def renew(jobs: Sequence[Job], until: datetime) -> Steps[set[tuple[int, str]]]:
    """Keep running jobs until then; returns id and token of those whose lease was still theirs."""
    ids = [job.id for job in jobs]
    tokens = sorted({job.lease_token for job in jobs})
    rows = yield (
        f"UPDATE jobs SET lease_until = ? WHERE id IN ({marks(ids)}) AND lease_token IN ({marks(tokens)})"
        " RETURNING id, lease_token",
        (until, *ids, *tokens),
    )
    return {(row["id"], row["lease_token"]) for row in rows}


def complete(job: Job, effect: Effect) -> Steps[bool]:
    """Record the effect and end the job. False: the lease was lost meanwhile, another worker may have repeated it."""
    if effect is not None:
        yield from effect()
    rows = yield "DELETE FROM jobs WHERE id = ? AND lease_token = ? RETURNING seq", (job.id, job.lease_token)
    return (yield from _over(job, rows))


def refuse(job: Job, error: Exception, effect: Steps[None] | None) -> Steps[bool]:
    """End the job for good: it is kept for a while with its reason, and its effect on rows is recorded."""
    if effect is not None:
        yield from effect
    rows = yield (
        "UPDATE jobs SET state = ?, last_error = ?, lease_token = NULL, lease_until = NULL, run_at = ?"
        " WHERE id = ? AND lease_token = ? RETURNING seq",
        (JobState.REFUSED.value, describe(error), clock.now(), job.id, job.lease_token),
    )
    return (yield from _over(job, rows))


def _over(job: Job, rows: list[Row]) -> Steps[bool]:
    """A job is at its end, unless it was another worker's by now: what waited for it in its order key may begin."""
    if rows:
        yield from heads.move_up(job.order_key, rows[0]["seq"])
    return bool(rows)


def put_back(
    job: Job,
    run_at: datetime,
    error: Exception | None,
    *,
    suspect: bool,
    counted: bool = True,
    keep_place: bool = True,
) -> Steps[bool]:
    """Have the job run again at `run_at`; `counted=False` takes the attempt back, as if it had not been claimed.

    `keep_place=False` lets the later jobs of its order key overtake it until then. False: its lease was lost.
    """
    due_at = job.due_at if keep_place else run_at
    if job.cancel_key is not None:
        held = yield f"SELECT id FROM jobs WHERE id = ? AND lease_token = ? {LOCK}", (job.id, job.lease_token)
        if not held:
            return False
        run_at, due_at = yield from _absorb(job.cancel_key, run_at, due_at, sooner=isinstance(error, NotYet))
    later = run_at > clock.now()
    rows = yield (
        "UPDATE jobs SET state = 'queued', run_at = ?, due_at = ?, lease_token = NULL, lease_until = NULL,"
        " timed = (timed OR ?), turn = ?, last_error = ?, suspect = ?, attempts = attempts - ?"
        " WHERE id = ? AND lease_token = ? RETURNING seq",
        (
            run_at, due_at, later, shares.instant(run_at) if later else job.turn,
            None if error is None else describe(error), suspect, 0 if counted else 1, job.id, job.lease_token,
        ),
    )  # fmt: skip
    if rows and due_at > clock.now():
        yield from heads.move_up(job.order_key, rows[0]["seq"])
    return bool(rows)


def _absorb(key: str, run_at: datetime, due_at: datetime, *, sooner: bool) -> Steps[tuple[datetime, datetime]]:
    """What was asked for while the job ran joins it now; asked for at a later moment, it postpones the job.

    sooner: what the job waits for may have come while it ran, so that an earlier moment counts too.
    """
    rows = yield (
        "DELETE FROM jobs WHERE cancel_key = ? AND state = 'queued' RETURNING run_at, due_at, order_key, seq",
        (key,),
    )
    for row in rows:
        yield from heads.move_up(row["order_key"], row["seq"])
        if when(row["run_at"]) > run_at:
            return when(row["run_at"]), max(due_at, when(row["due_at"]))
        if sooner:
            return when(row["run_at"]), min(due_at, when(row["due_at"]))
    return run_at, due_at


def pause(lane: str, until: datetime, reason: str) -> Steps[None]:
    """Keep a lane, one target or one kind in it (`lane#kind`), from being claimed until then; a longer pause stands."""
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
    yield WAKE


def drop(lane: str, kinds: Sequence[str]) -> Steps[list[dict[str, Any]]]:
    """Take all waiting jobs of these kinds out of a lane; returns their payloads."""
    rows = yield (
        f"DELETE FROM jobs WHERE lane = ? AND state = 'queued' AND kind IN ({marks(kinds)})"
        " RETURNING payload, order_key, seq",
        (lane, *kinds),
    )
    for row in rows:
        yield from heads.move_up(row["order_key"], row["seq"])
    return [from_json(row["payload"]) for row in rows]


def sweep() -> Steps[None]:
    """Forget pauses that are over and counters of keys without jobs; refused jobs are `services.sweeping`'s."""
    now = clock.now()
    yield "DELETE FROM lane_pauses WHERE until < ?", (now,)
    # A counter in use at this moment is above the limit when its lock is free, and stays.
    yield (
        "DELETE FROM order_keys WHERE number < ?"
        " AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.order_key = order_keys.key AND j.state <> 'refused')",
        (int((now - COUNTERS_KEPT).timestamp() * 1_000_000),),
    )


def describe(error: Exception) -> str:
    """The error in a line for `last_error`."""
    return told(error)[:1000]
