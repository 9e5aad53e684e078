"""Carries out jobs: claims what is due, keeps within the platforms' budgets, renews leases, decides after errors."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

import structlog
from prometheus_client import Counter as Metric

from services import clock, jobs
from services.jobs import Effect, Give, Job, Kind
from services.sql import Grouped, Make, Steps, fetch, moment, transact

T = TypeVar("T")
log = structlog.get_logger(__name__)

FINISHED = Metric("pult_jobs_finished", "Jobs by kind and how they ended", ["kind", "outcome"])

IDLE = 1.0
"""Longest sleep in seconds: other processes' jobs, retries and moved clocks are noticed by then at the latest."""
BATCH = 32
PER_LANE = 12
CONCURRENCY = 128
STOP_WITHIN = 25.0


class Budget(Protocol):
    """The platforms' rates. Times in seconds."""

    async def wait_target(self, job: Job) -> float:
        """0 where the job's recipient may be written to now (the place is then taken), else how long to wait."""
        ...

    async def take_lane(self, job: Job) -> None:
        """Wait for the lane's next place and take it."""
        ...


class Unlimited:
    """No rates at all."""

    async def wait_target(self, job: Job) -> float:
        return 0.0

    async def take_lane(self, job: Job) -> None:
        return None


class Runner:
    """One worker: `run` until `stop`. `kinds` says what each kind of job does; `postgres` which SQL to claim with."""

    def __init__(
        self,
        kinds: Mapping[str, Kind],
        *,
        postgres: bool,
        budget: Budget | None = None,
        on_paused: Callable[[str, Exception], None] | None = None,
    ) -> None:
        self._kinds = kinds
        self._postgres = postgres
        self._budget = budget or Unlimited()
        self._ends = Grouped()
        self._awake = asyncio.Event()
        self._running: dict[Job, asyncio.Task[None]] = {}
        self._busy: Counter[str] = Counter()
        self._hot: dict[str, datetime] = {}
        self._throttled: dict[str, tuple[str, datetime]] = {}
        self._on_paused = on_paused
        self._stopping = False

    def wake(self) -> None:
        """There may be something due: called after each commit."""
        self._awake.set()

    async def run(self) -> None:
        """Work until `stop`; what is under way is then finished, or left to its lease."""
        renewing = asyncio.create_task(self._renew())
        try:
            while not self._stopping:
                self._awake.clear()
                if not await self._take():
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._awake.wait(), await self._until_next())
            if self._running:
                await asyncio.wait(self._running.values(), timeout=STOP_WITHIN)
        finally:
            renewing.cancel()
            for task in self._running.values():
                task.cancel()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when what is under way has ended."""
        self._stopping = True
        self._awake.set()

    async def _take(self) -> bool:
        """Claim and start; False where there was nothing to take, or no room."""
        room = min(BATCH, CONCURRENCY - len(self._running))
        if room <= 0:
            return False
        now = clock.now()
        self._hot = {target: until for target, until in self._hot.items() if until > now}
        full = [lane for lane, count in self._busy.items() if count >= PER_LANE]
        try:
            claimed = await transact(
                lambda: jobs.claim(room, postgres=self._postgres, lanes=full, targets=list(self._hot))
            )
        except Exception:
            log.exception("jobs could not be claimed")
            return False
        for job in claimed:
            self._busy[job.lane] += 1
            task = asyncio.create_task(self._carry_out(job))
            self._running[job] = task
            task.add_done_callback(partial(self._ended, job))
        return bool(claimed)

    def _ended(self, job: Job, _: asyncio.Task[None]) -> None:
        self._running.pop(job, None)
        self._busy[job.lane] -= 1
        if not self._busy[job.lane]:
            del self._busy[job.lane]
        self._awake.set()

    async def _until_next(self) -> float:
        """Seconds until the next job is due, at most IDLE."""
        rows = await fetch("SELECT MIN(run_at) AS next FROM jobs WHERE state = 'queued' AND run_at > ?", clock.now())
        upcoming = [found for row in rows if (found := moment(row["next"]))] + list(self._hot.values())
        if not upcoming:
            return IDLE
        return max(0.001, min(IDLE, (min(upcoming) - clock.now()).total_seconds()))

    async def _carry_out(self, job: Job) -> None:
        kind = self._kinds.get(job.kind)
        if kind is None:
            log.error("a job of an unknown kind", kind=job.kind, job=job.id)
            await self._record(job, lambda: jobs.refuse(job, LookupError(f"unknown kind {job.kind}"), None))
            return
        wait = await self._budget.wait_target(job)
        if wait > 0 and job.target is not None:
            until = clock.now() + timedelta(seconds=wait)
            self._hot[job.target] = until
            await self._record(job, lambda: _release(job, until))
            return
        await self._budget.take_lane(job)
        try:
            effect = await kind.perform(job)
        except Exception as error:
            await self._failed(job, kind, error)
        else:
            await self._done(job, effect)

    async def _done(self, job: Job, effect: Effect) -> None:
        kept = await self._record(job, lambda: jobs.complete(job, effect))
        FINISHED.labels(job.kind, "done" if kept else "lease lost").inc()
        if not kept:
            log.warning("a job outlived its lease: it may have been repeated", kind=job.kind, job=job.id)

    async def _record(self, job: Job, make: Make[T]) -> T:
        """Commit a job's end, for as long as it takes: given up, what it did would be done again."""
        pause = 0.05
        while True:
            try:
                return await self._ends.submit(make)
            except Exception:
                log.exception("a job's end could not be recorded", kind=job.kind, job=job.id)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def _failed(self, job: Job, kind: Kind, error: Exception) -> None:
        decision = jobs.decide(job, error, kind)
        if isinstance(decision, Give):
            log.warning("a job was refused", kind=job.kind, job=job.id, error=jobs.describe(error))
            FINISHED.labels(job.kind, "refused").inc()
            refused = kind.refused
            await self._record(job, lambda: jobs.refuse(job, error, refused(job, error) if refused else None))
            return
        FINISHED.labels(job.kind, "retried").inc()
        log.info("a job is tried again", kind=job.kind, job=job.id, error=jobs.describe(error), at=decision.run_at)
        paused = self._widen(job, decision)
        await self._record(job, lambda: _retry(job, error, decision, paused))
        if decision.pause_lane is not None and self._on_paused is not None:
            self._on_paused(job.lane, error)

    def _widen(self, job: Job, decision: jobs.Retry) -> str | None:
        """The lane to pause. A second recipient refused within two seconds means that the whole bot is too fast."""
        paused = decision.pause_lane
        if paused is None or paused != job.target:
            return paused
        now = clock.now()
        earlier = self._throttled.get(job.lane)
        self._throttled[job.lane] = (paused, now)
        if earlier and earlier[0] != paused and now - earlier[1] < timedelta(seconds=2):
            return job.lane
        return paused

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(jobs.LEASE.total_seconds() / 3)
            if self._running:
                try:
                    await transact(lambda: jobs.renew(list(self._running)))
                except Exception:
                    log.exception("leases could not be renewed")


def _release(job: Job, until: datetime) -> Steps[None]:
    yield from jobs.put_back(job, until, None, suspect=job.suspect, counted=False)


def _retry(job: Job, error: Exception, decision: jobs.Retry, paused: str | None) -> Steps[None]:
    yield from jobs.put_back(
        job,
        decision.run_at,
        error,
        suspect=decision.suspect,
        counted=decision.counted,
        keep_place=decision.keep_place,
    )
    if paused is not None:
        yield from jobs.pause(paused, decision.run_at, jobs.describe(error))
