"""What the tests of jobs share: a worker on a real database, and jobs that note what happens to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from models.enums import Priority
from services import clock, jobs, sql
from services.jobs import Job, Kind, NewJob
from services.runner import Budget, Runner

PATIENCE = 20.0


def job(kind: str = "note", lane: str = "lane", priority: Priority = Priority.COPY, **more: Any) -> NewJob:
    return NewJob(kind=kind, lane=lane, priority=priority, **more)


@dataclass
class Notes:
    """Performs jobs of the kind "note". `fails` says what an attempt raises; `gate` holds all up while it is clear."""

    fails: Callable[[Job], Exception | None] = lambda _: None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: list[Job] = field(default_factory=list)
    done: list[Job] = field(default_factory=list)
    under_way: dict[str, int] = field(default_factory=dict)
    doubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    @property
    def values(self) -> list[Any]:
        return [job.payload.get("n") for job in self.done]

    async def perform(self, job: Job) -> None:
        self.begun.append(job)
        key = job.order_key
        if key is not None:
            if self.under_way.get(key):
                self.doubles.append(key)
            self.under_way[key] = self.under_way.get(key, 0) + 1
        try:
            await asyncio.sleep(0)
            await self.gate.wait()
            error = self.fails(job)
            if error is not None:
                raise error
            self.done.append(job)
        finally:
            if key is not None:
                self.under_way[key] -= 1


@dataclass
class Engine:
    postgres: bool

    async def put(self, *wanted: NewJob) -> list[int]:
        return await self.put_all(wanted)

    async def put_all(self, wanted: Iterable[NewJob]) -> list[int]:
        listed = list(wanted)

        def make() -> sql.Steps[list[int]]:
            ids = []
            for one in listed:
                ids.append((yield from jobs.enqueue(one)))
            return ids

        return await sql.transact(make)

    async def claim(self, limit: int = 32, **how: Any) -> list[Job]:
        return await sql.transact(lambda: jobs.claim(limit, postgres=self.postgres, **how))

    async def complete(self, *done: Job) -> list[bool]:
        return [await sql.transact(lambda job=job: jobs.complete(job, None)) for job in done]

    async def put_back(self, job: Job, after: float = 0.0, **how: Any) -> bool:
        at = clock.now() + timedelta(seconds=after)
        return await sql.transact(lambda: jobs.put_back(job, at, None, suspect=job.suspect, **how))

    async def count(self, state: str | None = None) -> int:
        rows = await sql.fetch("SELECT state FROM jobs")
        return sum(state is None or row["state"] == state for row in rows)

    async def row(self, job_id: int) -> dict[str, Any] | None:
        rows = await sql.fetch("SELECT * FROM jobs WHERE id = ?", job_id)
        return rows[0] if rows else None

    def runner(self, kinds: Mapping[str, Kind] | Notes, budget: Budget | None = None, **how: Any) -> Runner:
        if isinstance(kinds, Notes):
            kinds = {"note": Kind(kinds.perform)}
        return Runner(kinds, postgres=self.postgres, budget=budget, **how)

    @asynccontextmanager
    async def working(self, kinds: Mapping[str, Kind] | Notes, **how: Any) -> AsyncIterator[Runner]:
        runner = self.runner(kinds, **how)
        sql.on_commit(runner.wake)
        task = asyncio.create_task(runner.run())
        try:
            yield runner
        finally:
            runner.stop()
            await asyncio.wait_for(task, PATIENCE)
            sql.on_commit(None)

    async def drain(self, kinds: Mapping[str, Kind] | Notes, *, step: float = 0.0, **how: Any) -> None:
        """Work until nothing is waiting or running; `step` seconds of the clock pass at each look."""
        async with self.working(kinds, **how) as runner:
            await until_async(self._idle, step=step, runner=runner)

    async def _idle(self) -> bool:
        return not await sql.fetch("SELECT 1 AS one FROM jobs WHERE state IN ('queued', 'running') LIMIT 1")


async def until(condition: Callable[[], bool], *, step: float = 0.0, runner: Runner | None = None) -> None:
    async def asked() -> bool:
        return condition()

    await until_async(asked, step=step, runner=runner)


async def until_async(condition: Callable[[], Any], *, step: float = 0.0, runner: Runner | None = None) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await condition():
            # While something runs the clock stands, so that a slow machine does not lose a lease.
            if step and not await sql.fetch("SELECT 1 AS one FROM jobs WHERE state = 'running' LIMIT 1"):
                clock.shift(timedelta(seconds=step))
                if runner is not None:
                    runner.wake()
            await asyncio.sleep(0.003)
