"""When a worker looks for jobs, and how many it takes of each lane and for each chat.

It looks when it is woken, when something falls due, and, where all write through one connection (SQLite), at the end of
commits that make jobs or end some: the job of a message that has come is then taken by the commit that stores it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from services import clock, jobs
from services.claiming import PER_LANE, PER_TARGET
from services.driving import Last
from services.jobs import Job, Kind
from services.places import Places, subtract
from services.sql import Grouped, Make, Steps, transact

log = structlog.get_logger(__name__)

IDLE = 1.0
"""Longest sleep in seconds: other processes' jobs, retries and moved clocks are noticed by then at the latest."""
BREATH = 0.004
"""Seconds between two claims while many jobs are under way: what ends meanwhile makes room for one claim, not many."""
FEW = 2
"""With no more jobs than this under way, the next claim is made at once: whoever writes alone waits for nothing."""
AGAIN = 0.02
"""Seconds after a claim that took what there was room for, until another looks behind it; what ends comes sooner."""
BATCH = 32
"""Candidates looked at for a claim, of each priority, and taken at most."""
CONCURRENCY = 256

Found = tuple[list[Job], datetime | None]


class Taking:
    """What one worker takes. `start` is told of each job that was claimed, and when.

    awake: set where a look is worth while. commits: those whose ends it follows on SQLite (`sql.Follower`). kinds: what
    jobs begin with reading is read by the claim on SQLite, where one more trip to its thread is dear. platform: whose a
    lane is.
    """

    def __init__(
        self, commits: Grouped, kinds: Mapping[str, Kind], *, postgres: bool, worker: str,
        start: Callable[[Job, datetime], None], platform: Callable[[str], str],
    ) -> None:  # fmt: skip
        self.awake = asyncio.Event()
        self._commits = commits
        self._kinds = kinds
        self._postgres = postgres
        self._worker = worker
        self._start = start
        self._under_way = 0
        self._ends = 0
        self._places = Places(platform)
        self._targets: Counter[str] = Counter()
        self._shut: dict[str, datetime] = {}
        self._full: dict[str, datetime] = {}
        self._limited = False
        self._looks = 0
        self._looked = 0
        self._looked_at = 0.0
        self._looking: asyncio.Future[None] | None = None
        self._wanted: tuple[int, datetime, bool] = (0, clock.now(), False)
        self._alarm: asyncio.TimerHandle | None = None
        self._sleeps_until = 0.0

    # What is under way

    def ending(self, job: Job) -> int:
        """The job is done and its end on its way to the database; returns what `ended` wants to know.

        Its place is free already for whoever looks in the same commit.
        """
        self._ends += 1
        self._leave(job)
        return self._looks

    def ended(self, job: Job, *, since: int | None) -> None:
        """The job is no longer under way.

        Whoever waited for it in its order key was told by its end. What waited for its place may be taken, unless a
        later look has found the end committed.
        """
        self._under_way -= 1
        if since is None:
            self._leave(job)
        else:
            self._ends -= 1
        if since is None or (self._limited and (self._postgres or self._looked <= since)):
            self.awake.set()

    def _leave(self, job: Job) -> None:
        self._places.give_back(job.lane)
        if job.target is not None:
            subtract(self._targets, job.target)

    # What is left alone

    def shut(self, name: str, until: datetime) -> None:
        """Take nothing of this lane or for this target: the platform said so."""
        self._shut[name] = until

    def full(self, target: str, until: datetime) -> None:
        """Claim nothing for this target. What was claimed already may go on: it can have the place."""
        self._full[target] = until

    def let_go(self, names: Iterable[str] | None = None) -> None:
        """Forget what was shut: all of it, or these."""
        for name in list(self._shut) if names is None else names:
            self._shut.pop(name, None)

    def admits(self, job: Job) -> bool:
        """Whether what was claimed has a place, or its platform has too many under way."""
        return self._places.admit(job.lane)

    def is_shut(self, job: Job) -> bool:
        """Whether the job must not begin, although it was claimed."""
        return any(name in self._shut for name in (job.lane, job.target, f"{job.lane}#{job.kind}"))

    # Looking

    async def take(self) -> float:
        """Claim and start; returns for how long there is nothing more to take, unless something wakes us."""
        await self.settled()
        steps = self._steps()
        if steps is None:
            return self._sleep(IDLE)
        try:
            # SQLite has one writer: a claim goes with the ends that gathered. PostgreSQL's lock for claims is short.
            found = await (transact(steps) if self._postgres else self._commits.submit(steps))
        except Exception as error:
            self._end_look()
            log.warning("jobs could not be claimed", error=repr(error))
            return self._sleep(IDLE)
        except BaseException:
            self._end_look()
            raise
        return self._sleep(self._took(found))

    def follow(self) -> None:
        """From now on look at the end of commits too."""
        if not self._postgres:
            self._commits.follower = self

    def unfollow(self) -> None:
        """Look no more by commits of others."""
        if self._commits.follower is self:
            self._commits.follower = None

    async def settled(self) -> None:
        """Wait for the look that is under way: two at a time would fill the same places."""
        while self._looking is not None:
            await asyncio.shield(self._looking)

    def last(self) -> Last | None:
        """See `sql.Follower`."""
        now = asyncio.get_running_loop().time()
        if self._looking is not None or (self._under_way > FEW and now < self._looked_at + BREATH):
            return None
        steps = self._steps()
        return None if steps is None else Last(steps, always=self._limited and self._ends > 0)

    def followed(self, result: Any) -> None:
        """See `sql.Follower`."""
        if isinstance(result, Exception):
            log.warning("jobs could not be claimed", error=repr(result))
            self.awake.set()
        if result is None or isinstance(result, Exception):
            self._end_look()
            return
        self._wake_in(self._took(result))

    def _wake_in(self, pause: float) -> None:
        loop = asyncio.get_running_loop()
        if pause == 0:
            self.awake.set()
        elif loop.time() + pause < self._sleeps_until:
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm = loop.call_later(pause, self.awake.set)
            self._sleeps_until = self._alarm.when()

    def _sleep(self, pause: float) -> float:
        self._sleeps_until = asyncio.get_running_loop().time() + pause
        return pause

    def _steps(self) -> Make[Found] | None:
        """What claims as much as there is room for; None where there is none. From now on a look is under way."""
        room = min(BATCH, CONCURRENCY - self._under_way)
        if room <= 0:
            return None
        now = clock.now()
        self._shut = {name: until for name, until in self._shut.items() if until > now}
        self._full = {name: until for name, until in self._full.items() if until > now}
        left = self._places.left()
        left |= {target: PER_TARGET - count for target, count in self._targets.items()}
        shut = [*self._shut, *self._full, *(name for name, free in left.items() if free <= 0)]
        self._looks += 1
        self._looking = asyncio.get_running_loop().create_future()
        self._wanted = room, now, bool(shut)
        return partial(self._claim, now, room, shut, left)

    def _claim(self, now: datetime, room: int, shut: list[str], left: dict[str, int]) -> Steps[Found]:
        claimed = yield from jobs.claim(room, postgres=self._postgres, shut=shut, room=left, worker=self._worker)
        if not claimed:
            # Of the moment before the claim: what fell due during it was neither claimed nor is it upcoming any more.
            return [], (yield from jobs.upcoming(now, postgres=self._postgres))
        if self._postgres:
            return claimed, None
        ahead = []
        for job in claimed:
            ahead.append((yield from self._read(job)))
        return ahead, None

    def _read(self, job: Job) -> Steps[Job]:
        kind = self._kinds.get(job.kind)
        if kind is None or kind.reads is None:
            return job
        try:
            return replace(job, ahead=((yield from kind.reads(job)),))
        except Exception as error:
            # It will fail again when the job is carried out, and then count as its own.
            log.info("a job could not be read for", kind=job.kind, job=job.id, error=repr(error))
            return job

    def _took(self, found: Found) -> float:
        """Start what was claimed; returns for how long there is nothing more to take."""
        claimed, upcoming = found
        room, now, shut = self._wanted
        self._looked, self._looked_at = self._looks, asyncio.get_running_loop().time()
        self._end_look()
        for job in claimed:
            self._under_way += 1
            self._places.take(job.lane)
            if job.target is not None:
                self._targets[job.target] += 1
            self._start(job, now)
        self._limited = shut or len(claimed) == room or self._at_limit(claimed)
        if claimed:
            return 0.0 if len(claimed) == room else AGAIN
        ends = [*self._shut.values(), *self._full.values()] + ([upcoming] if upcoming else [])
        return min([IDLE, *(max(0.001, (end - now).total_seconds()) for end in ends)])

    def _at_limit(self, claimed: Iterable[Job]) -> bool:
        """Whether there may be more of what was claimed, which was left for want of places."""
        return any(
            self._places.of_lane(job.lane) >= PER_LANE
            or (job.target is not None and self._targets[job.target] >= PER_TARGET)
            for job in claimed
        )  # fmt: skip

    def _end_look(self) -> None:
        if self._looking is not None:
            self._looking.set_result(None)
            self._looking = None
