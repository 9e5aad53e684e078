"""Of a long queue of one key a claim looks at its head alone, and no job is ever left behind nothing."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from services import clock, heads, job_batches, jobs, sql
from services.jobs import Job
from tests.jobs.engine import Engine, Notes, job, until

KEYS = [f"k{n}" for n in range(4)]


async def heads_of(key: str) -> int:
    rows = await sql.fetch("SELECT id FROM jobs WHERE order_key = ? AND head AND state <> 'refused'", key)
    return len(rows)


async def test_one_job_of_a_key_is_looked_at_however_many_wait(engine: Engine) -> None:
    for _ in range(3):
        await sql.transact(lambda: job_batches.enqueue_all([(job(order_key="a"), None) for _ in range(300)]))
        await engine.put(job(order_key="a"))
        # Those of the first batch do not know whether the first of them joins another.
        assert await heads_of("a") == 300
    for left in range(902, 892, -1):
        [first] = await engine.claim()
        await engine.complete(first)
        assert await engine.count() == left


@pytest.mark.parametrize("end", ["complete", "refuse", "cancel", "drop", "give way", "postpone"])
async def test_whatever_makes_way_lets_the_next_move_up(engine: Engine, end: str) -> None:
    await engine.put(job("first", order_key="a", cancel_key="c"), job(order_key="a", payload={"n": 1}))
    assert await heads_of("a") == 1
    if end in ("cancel", "drop", "postpone"):
        later = job(order_key="a", cancel_key="c", run_at=clock.now() + timedelta(hours=1), postpone=True)
        steps: dict[str, sql.Make[object]] = {
            "cancel": lambda: jobs.cancel("c"),
            "drop": lambda: jobs.drop("lane", ["first"]),
            "postpone": lambda: jobs.enqueue(later),
        }
        await sql.transact(steps[end])
    else:
        [first] = await engine.claim()
        if end == "complete":
            await engine.complete(first)
        elif end == "refuse":
            await sql.transact(lambda: jobs.refuse(first, ValueError("no"), None))
        else:
            await engine.put_back(first, 60, keep_place=False)
    assert [one.payload for one in await engine.claim()] == [{"n": 1}]


async def test_job_that_is_hastened_overtakes_one_of_the_future(engine: Engine) -> None:
    soon, later = (clock.now() + timedelta(minutes=n) for n in (1, 2))
    await engine.put(job(order_key="a", run_at=soon), job(order_key="a", cancel_key="c", run_at=later))
    assert await heads_of("a") == 1
    await sql.transact(lambda: jobs.hasten("c"))
    assert [one.cancel_key for one in await engine.claim()] == ["c"]


async def test_worker_that_starts_mends_what_waits_behind_nothing(engine: Engine) -> None:
    notes = Notes()
    await engine.put(job(order_key="a", payload={"n": 0}), job(order_key="a", payload={"n": 1}))
    await sql.fetch("UPDATE jobs SET head = FALSE")
    async with engine.working(notes):
        await until(lambda: notes.values == [0, 1])


@dataclass
class Crowd:
    """Many at once make, end, take back and put back jobs, each in a transaction that stays open for a moment."""

    engine: Engine
    chance: random.Random
    made: int = 0
    running: set[str] = field(default_factory=set)
    done: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    async def one(self, acts: int) -> None:
        for _ in range(acts):
            try:
                await self.chance.choice([self.make, self.make, self.make_many, self.work, self.work, self.take_back])()
            except sql.RACES:
                continue

    async def held(self, *steps: sql.Steps[object]) -> None:
        async with sql.transaction():
            for each in steps:
                await sql.run(each)
            await asyncio.sleep(self.chance.random() * 0.01)

    def new(self) -> jobs.NewJob:
        self.made += 1
        cancel_key = self.chance.choice(["c0", "c1", None, None])
        # A key of its own for each, as everywhere in the product.
        key = KEYS[int(cancel_key[1])] if cancel_key else self.chance.choice(KEYS)
        return job(order_key=key, cancel_key=cancel_key, payload={"n": self.made}, postpone=self.chance.random() < 0.2)

    async def make(self) -> None:
        await self.held(jobs.enqueue(self.new()))

    async def make_many(self) -> None:
        await self.held(job_batches.enqueue_all([(self.new(), None) for _ in range(4)]))

    async def take_back(self) -> None:
        await self.held(jobs.cancel(self.chance.choice(["c0", "c1"])))

    async def work(self) -> None:
        for one in await self.engine.claim(3):
            assert one.order_key is not None
            assert one.order_key not in self.running
            self.running.add(one.order_key)
            try:
                await asyncio.sleep(self.chance.random() * 0.005)
            finally:
                self.running.remove(one.order_key)
            await self.end(one)

    async def end(self, one: Job) -> None:
        later = clock.now() + timedelta(seconds=self.chance.choice([0, 5]))
        if self.chance.random() < 0.25:
            error = jobs.NotYet(later, keep_place=False)
            await sql.transact(lambda: jobs.put_back(one, later, error, suspect=False, keep_place=False))
        else:
            await sql.transact(lambda: jobs.complete(one, None))
            if one.cancel_key is None:
                self.done[str(one.order_key)].append(one.payload["n"])


@pytest.mark.parametrize("seed", range(4))
async def test_no_job_is_left_behind_nothing_whoever_meets(engine: Engine, seed: int) -> None:
    crowd = Crowd(engine, random.Random(seed))
    await asyncio.gather(*(crowd.one(40) for _ in range(5)))
    assert await sql.transact(heads.mend) == 0
    clock.shift(timedelta(minutes=1))
    while claimed := await engine.claim():
        assert all(await engine.complete(*claimed))
    assert await engine.count() == 0
