"""The platforms' rates, kept by throttled-py: in this process, or in Redis for all of them together.

A lane's places are given out one by one to whoever is next among those who wait (`services.turns`), so that a person's
answer goes before the broadcasts that had been claimed earlier, and no project's copies wait for all of another's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, cast

import structlog
from throttled import RateLimiterType, per_duration
from throttled.asyncio import MemoryStore, RedisStore, Throttled
from throttled.asyncio.rate_limiter import Quota

from adapters.base import Rates
from services.jobs import Job
from services.turns import Line, Place, Queue

log = structlog.get_logger(__name__)

GRAIN: Final = 100
"""A place is this many tokens, so that a burst can be a fraction of a place."""
SHARE: Final = 0.985
"""How much of a lane's rate is used; with LATE, at most the whole rate falls into any one second."""
LATE: Final = 0.9 * (1 - SHARE)
"""How many seconds late one may take a place and the next still be on time: a loop never wakes up to the instant."""
KEYS: Final = 100_000
"""Lanes and targets remembered in memory; the one unused for longest is forgotten first."""
AWAY_FOR: Final = 5.0
_REDIS: Final = {"SOCKET_TIMEOUT": 1, "SOCKET_CONNECT_TIMEOUT": 1}

RatesOf = Callable[[str], Rates | None]


class Budget:
    """What the runner asks before each job. `rates` gives a lane's rates, None where it has none.

    With `redis_url` the rates hold over all processes. Without, or while Redis is away, each process keeps to its part
    of them: `share` says among how many they are divided.
    """

    def __init__(self, rates: RatesOf, redis_url: str | None = None, share: Callable[[], int] = lambda: 1) -> None:
        self._rates = rates
        self._share = share
        self._here = MemoryStore(options={"MAX_SIZE": KEYS})
        self._shared = None if redis_url is None else RedisStore(redis_url, options=dict(_REDIS))
        self._away_until = 0.0
        self._limits: dict[tuple[Any, Rates, bool], Throttled] = {}
        self._queues: dict[str, Queue] = {}

    async def wait_target(self, job: Job) -> float:
        """Take the recipient's place; else in how many seconds there is one."""
        return await self._ask_target(job.lane, job.target)

    async def take_lane(self, job: Job) -> None:
        """Wait for the lane's next place, behind the more urgent, and take it."""
        await self._queue_for(job.lane, Place(Line.JOBS, job.priority, job.turn))

    async def take(self, lane: str, target: str | None = None, *, stranger: bool = False) -> None:
        """Wait for a place of both: for what answers a person directly. stranger: who belongs to no project."""
        while True:
            wait = await self._ask_target(lane, target)
            if not wait:
                break
            await asyncio.sleep(wait)
        await self._queue_for(lane, Place(Line.STRANGERS if stranger else Line.DIRECT, whose=target))

    async def close(self) -> None:
        """Give the connections to Redis back."""
        if self._shared is not None:
            await cast(Any, self._shared)._backend.get_client().aclose()

    async def _ask_target(self, lane: str, target: str | None) -> float:
        rates = self._rates(lane)
        if target is None or rates is None or rates.per_recipient is None:
            return 0.0
        return await self._ask(f"target:{target}", rates, recipient=True)

    async def _queue_for(self, lane: str, place: Place) -> None:
        rates = self._rates(lane)
        if rates is None:
            return
        queue = self._queues.get(lane)
        if queue is None:
            if not await self._ask(f"lane:{lane}", rates, recipient=False):
                return
            queue = self._queues.setdefault(lane, Queue())
        try:
            await queue.take(place, lambda: self._ask(f"lane:{lane}", rates, recipient=False))
        finally:
            if queue.empty:
                self._queues.pop(lane, None)

    async def _ask(self, key: str, rates: Rates, *, recipient: bool) -> float:
        """Take a place, or tell in how many seconds to ask again."""
        now = asyncio.get_running_loop().time()
        part = _part(rates, self._share())
        if self._shared is not None and now >= self._away_until:
            try:
                wait = await self._limit(self._shared, key, rates, recipient)
                if not wait:
                    # Noted here too: should Redis go, this process goes on from there, not with a fresh burst.
                    await self._limit(self._here, key, part, recipient)
                return wait
            except Exception as error:
                log.warning("Redis does not answer: each process keeps to its part of the rates", error=repr(error))
                self._away_until = now + AWAY_FOR
        return await self._limit(self._here, key, part, recipient)

    async def _limit(self, store: MemoryStore | RedisStore, key: str, rates: Rates, recipient: bool) -> float:
        limit = self._limits.get((store, rates, recipient))
        if limit is None:
            quota = _of_recipient(rates) if recipient else _of_lane(rates)
            limit = Throttled(using=RateLimiterType.GCRA.value, quota=quota, store=store, key_prefix="pult:rates")
            self._limits[(store, rates, recipient)] = limit
        result = await limit.limit(key, cost=GRAIN)
        return max(result.state.retry_after, 0.001) if result.limited else 0.0


def _part(rates: Rates, among: int) -> Rates:
    """What one of so many processes may use of the rates."""
    if among <= 1:
        return rates
    recipient = None if rates.per_recipient is None else rates.per_recipient / among
    return replace(
        rates, per_second=rates.per_second / among, per_recipient=recipient, burst=max(1, rates.burst // among)
    )


def _of_lane(rates: Rates) -> Quota:
    return _quota(rates.per_second * SHARE, GRAIN + int(GRAIN * LATE * rates.per_second))


def _of_recipient(rates: Rates) -> Quota:
    return _quota(rates.per_recipient or rates.per_second, GRAIN * max(1, rates.burst))


def _quota(per_second: float, capacity: int) -> Quota:
    # Over an hour, as the limit is a whole number: 0.33 a second would be 0.
    return per_duration(timedelta(hours=1), max(1, int(per_second * 3600 * GRAIN)), burst=capacity)
