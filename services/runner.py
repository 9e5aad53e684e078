"""Carries out jobs: claims what is due, keeps within the platforms' budgets, renews leases, decides after errors."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import structlog

from services import clock, figures, heads, jobs, jumps, trace
from services.decisions import Give, Retry, decide, over
from services.driving import out_of_reach
from services.jobs import Effect, Job, Kind
from services.jumps import JumpWatch
from services.sql import Grouped, Make, Steps, transact
from services.taking import BREATH, FEW, Taking

T = TypeVar("T")
log = structlog.get_logger(__name__)

RENEWALS = 3
"""How often a lease is renewed within its length."""
FRESH = 0.1
"""For so many seconds what a claim has read holds; a job that had to wait for its place reads again, rights and all."""
STOP_WITHIN = 25.0
WIDENED_WITHIN = timedelta(seconds=2)
SHUT_FOR = timedelta(seconds=5)
"""How long a pause is remembered here, for what was claimed before it; the database knows it, and when it is ended."""
RECORD_TRIES = 3
UNKNOWN_KIND_PAUSE = timedelta(seconds=30)
"""A newer process beside this one may make kinds that this one does not know; it will carry them out itself."""


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


@dataclass(slots=True, eq=False)
class _Work:
    """A claimed job under way. `begun`: from here on it may have an effect."""

    job: Job
    claimed_at: float
    """By the loop's clock, which nobody moves."""
    lease_until: datetime
    begun: bool = False
    looks: int | None = None
    """Where it was done: how often the runner had looked for jobs when its end was on its way to the database."""
    task: asyncio.Task[None] = field(init=False)


def _at_start() -> Steps[int]:
    """Should the clock have been ahead when jobs were made, or one ever wait behind nothing, a restart helps."""
    count = yield from heads.mend()
    if count:
        log.error("jobs waited behind nothing", count=count)
    return (yield from jumps.from_the_future())


class Runner:
    """One worker: `run` until `stop`. `kinds` says what each kind of job does; `postgres` which SQL to claim with.

    on_paused is told the lane and the error when a revoked token or a suspended channel has paused it. platform: whose
    a lane is, for the metrics. alike: the lanes that share a lane's limit, for a refusal that means all of them.
    commits: shared with others, where all write through one connection. worker: this one's name, see `services.crew`.
    """

    def __init__(
        self,
        kinds: Mapping[str, Kind],
        *,
        postgres: bool,
        budget: Budget | None = None,
        on_paused: Callable[[str, Exception], None] | None = None,
        platform: Callable[[str], str] | None = None,
        alike: Callable[[str], Steps[list[str]]] | None = None,
        commits: Grouped | None = None,
        worker: str = "",
    ) -> None:
        self._kinds = kinds
        self._budget = budget or Unlimited()
        self._on_paused = on_paused
        self._platform = platform or (lambda lane: lane.partition(":")[0])
        self._alike = alike
        self._ends = commits or Grouped(parallel=4 if postgres else 1)
        self._taking = Taking(
            self._ends, kinds, postgres=postgres, worker=worker, start=self._start, platform=self._platform
        )
        self._works: set[_Work] = set()
        self._throttled: dict[str, tuple[str, datetime]] = {}
        self._jumps = JumpWatch()
        self._stopping = False

    def wake(self) -> None:
        """There may be something due: called after commits that made jobs."""
        self._taking.awake.set()

    def let_go(self, *lanes: str) -> None:
        """What these lanes were paused for may be over: the database alone says whether they wait."""
        self._taking.let_go(lanes)
        self.wake()

    async def run(self) -> None:
        """Work until `stop`; what is under way is then finished, or left to its lease."""
        renewing = asyncio.create_task(self._renew())
        await self._straighten(_at_start)
        self._taking.follow()
        try:
            while not self._stopping:
                self._taking.awake.clear()
                if self._jumps.set_back():
                    await self._straighten(jumps.set_back)
                pause = await self._taking.take()
                soonest = asyncio.get_running_loop().time() + BREATH
                if pause > 0 and not self._stopping:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._taking.awake.wait(), pause)
                if len(self._works) > FEW and not self._stopping:
                    await asyncio.sleep(soonest - asyncio.get_running_loop().time())
            await self._finish()
        finally:
            self._taking.unfollow()
            tasks = [renewing, *(work.task for work in self._works)]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _straighten(self, how: Callable[[], Steps[int]]) -> None:
        """Let nothing wait for a moment that only the clock as it was had thought to be near."""
        self._taking.let_go()
        try:
            count = await transact(how)
        except Exception as error:
            self._jumps.again()
            log.warning("jobs could not be looked through after the clock was set back", error=repr(error))
        else:
            if count:
                log.warning("the clock was set back: jobs that would have waited for it are moved", count=count)

    def stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stopping

    def stop(self) -> None:
        """Claim nothing more; `run` returns when what is under way has ended."""
        self._stopping = True
        self._taking.unfollow()
        self.wake()

    async def _finish(self) -> None:
        await self._taking.settled()
        # What has not begun goes back; a task that has not run at all yet could not see to that.
        await asyncio.sleep(0)
        for work in self._works:
            if not work.begun:
                work.task.cancel()
        if self._works:
            await asyncio.wait([work.task for work in self._works], timeout=STOP_WITHIN)

    def _start(self, job: Job, claimed_at: datetime) -> None:
        work = _Work(job, asyncio.get_running_loop().time(), claimed_at + jobs.LEASE)
        self._works.add(work)
        work.task = asyncio.create_task(self._carry_out(work))
        work.task.add_done_callback(lambda _: self._ended(work))

    def _ended(self, work: _Work) -> None:
        self._works.discard(work)
        self._taking.ended(work.job, since=work.looks)

    async def _carry_out(self, work: _Work) -> None:
        job = work.job
        trace.REQUEST.set(job.request)
        kind = self._kinds.get(job.kind)
        if kind is None:
            await self._unknown(job)
            return
        try:
            if not await self._admitted(work):
                return
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            await self._release(job)
            return
        except Exception as error:
            await self._failed(job, kind, error)
            return
        work.begun = True
        if job.ahead and asyncio.get_running_loop().time() - work.claimed_at > FRESH:
            job = replace(job, ahead=())
        try:
            async with asyncio.timeout(kind.longest.total_seconds()):
                effect = await kind.perform(job)
        except Exception as error:
            await self._failed(job, kind, error)
        else:
            work.looks = self._taking.ending(job)
            await self._done(job, effect)

    async def _admitted(self, work: _Work) -> bool:
        """Whether it may begin now. If not, it is put back as it was, and its target left alone until it may."""
        job = work.job
        if not self._taking.admits(job):
            await self._release(job)
            return False
        wait = await self._budget.wait_target(job)
        if wait > 0 and job.target is not None:
            # Not shut: another job of this target may have the place already, and waits for its lane.
            self._taking.full(job.target, clock.now() + timedelta(seconds=wait))
            await self._release(job)
            return False
        await self._budget.take_lane(job)
        if clock.now() >= work.lease_until:
            # Perhaps by our clock alone, which jumped while we claimed; if another has it, this changes nothing.
            log.warning("a job's lease ran out before it began", kind=job.kind, job=job.id)
            await self._release(job)
            return False
        if self._taking.is_shut(job):
            await self._release(job)
            return False
        return True

    async def _release(self, job: Job) -> None:
        await self._record(job, lambda: jobs.put_back(job, job.run_at, None, suspect=job.suspect, counted=False))

    async def _unknown(self, job: Job) -> None:
        log.error("a job of an unknown kind", kind=job.kind, job=job.id)
        error = LookupError(f"unknown kind {job.kind}")
        if over(job, jobs.LIFETIME):
            await self._record(job, lambda: jobs.refuse(job, error, None))
            return
        later = clock.now() + UNKNOWN_KIND_PAUSE
        await self._record(job, lambda: jobs.put_back(job, later, error, suspect=job.suspect, counted=False))

    async def _done(self, job: Job, effect: Effect) -> None:
        try:
            kept = await self._record(job, lambda: jobs.complete(job, effect))
        except Exception as error:
            # It was done: to try again would do it twice, for a mistake in our own book-keeping.
            figures.ended(job, self._platform(job.lane), "unrecorded")
            wrong = RuntimeError(f"done, but not recorded: {jobs.describe(error)}")
            await self._record(job, lambda: jobs.refuse(job, wrong, None))
            return
        figures.ended(job, self._platform(job.lane), "done" if kept else "lease lost")
        if not kept:
            log.warning("a job outlived its lease: it may have been repeated", kind=job.kind, job=job.id)

    async def _failed(self, job: Job, kind: Kind, error: Exception) -> None:
        decision = decide(job, error, kind)
        if isinstance(decision, Give):
            await self._refused(job, kind, error)
            return
        figures.put_off(job, kind, self._platform(job.lane), error, decision)
        log.info("a job is tried again", kind=job.kind, job=job.id, error=jobs.describe(error), at=decision.run_at)
        paused = self._widen(job, decision)
        for lane in await self._record(job, lambda: self._retry(job, error, decision, paused)):
            self._taking.shut(lane, min(decision.run_at, clock.now() + SHUT_FOR))
        if paused == job.lane and decision.counted and self._on_paused is not None:
            self._on_paused(job.lane, error)

    def _retry(self, job: Job, error: Exception, decision: Retry, paused: str | None) -> Steps[list[str]]:
        """Put it back and pause what must wait with it; returns the other lanes that wait too."""
        yield from jobs.put_back(
            job, decision.run_at, error, suspect=decision.suspect, counted=decision.counted,
            keep_place=decision.keep_place,
        )  # fmt: skip
        if paused is None:
            return []
        alike = (yield from self._alike(job.lane)) if decision.alike and self._alike else []
        for lane in (paused, *alike):
            yield from jobs.pause(lane, decision.run_at, jobs.describe(error))
        return alike

    async def _refused(self, job: Job, kind: Kind, error: Exception) -> None:
        log.warning("a job was refused", kind=job.kind, job=job.id, error=jobs.describe(error))
        figures.refused(job, self._platform(job.lane), error)
        tell = kind.refused
        try:
            await self._record(job, lambda: jobs.refuse(job, error, tell(job, error) if tell else None))
        except Exception:
            await self._record(job, lambda: jobs.refuse(job, error, None))

    def _widen(self, job: Job, decision: Retry) -> str | None:
        """What to pause. A second recipient refused within two seconds means that the whole lane is too fast."""
        paused = decision.pause_lane
        if paused is None:
            return None
        now = clock.now()
        if paused == job.target:
            earlier = self._throttled.get(job.lane)
            self._throttled[job.lane] = (paused, now)
            if earlier and earlier[0] != paused and now - earlier[1] <= WIDENED_WITHIN:
                paused = job.lane
        self._taking.shut(paused, min(decision.run_at, now + SHUT_FOR))
        return paused

    async def _record(self, job: Job, make: Make[T]) -> T:
        """Commit a job's end, for as long as the database is away: given up, what it did would be done again.

        Raises where the database works and the steps themselves fail, three times. It does not work where it has no
        room for a new row, although leases can be renewed in the rows that are there.
        """
        pause, failures = 0.05, 0
        while True:
            try:
                return await self._ends.submit(make)
            except Exception as error:
                log.warning("a job's end could not be recorded", kind=job.kind, job=job.id, error=repr(error))
                if await self._keep([job]) and not out_of_reach(error):
                    failures += 1
                if failures == RECORD_TRIES:
                    log.exception("a job's end cannot be recorded", kind=job.kind, job=job.id)
                    raise
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def _keep(self, held: list[Job]) -> bool:
        """Renew leases; False where the database is out of reach."""
        until = clock.now() + jobs.LEASE
        try:
            kept = await transact(lambda: jobs.renew(held, until))
        except Exception as error:
            log.warning("leases could not be renewed", error=repr(error))
            return False
        for work in self._works:
            if (work.job.id, work.job.lease_token) in kept:
                work.lease_until = until
        return True

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(jobs.LEASE.total_seconds() / RENEWALS)
            if self._works:
                await self._keep([work.job for work in self._works])
