"""Within an order key strictly by seq, one at a time, counted from the moment a job is first due."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest

from adapters.base import Ambiguous, Temporary, Throttled
from models.enums import Priority
from services import clock, decisions, jobs, sql
from services.jobs import Job, Kind, NotYet
from tests.jobs.engine import Engine, Notes, job, until


def by_key(done: list[Job]) -> dict[str | None, list[int]]:
    found: dict[str | None, list[int]] = {}
    for one in done:
        found.setdefault(one.order_key, []).append(one.payload["n"])
    return found


async def test_jobs_of_a_key_run_one_at_a_time_in_the_order_made(engine: Engine) -> None:
    notes = Notes()
    await engine.put_all(job(lane=f"l{n % 7}", order_key=f"k{n % 5}", payload={"n": n}) for n in range(100))
    await engine.drain(notes)
    assert len(notes.done) == 100
    assert notes.doubles == []
    assert all(numbers == sorted(numbers) for numbers in by_key(notes.done).values())


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_order_survives_retries_of_every_kind(engine: Engine, seed: int) -> None:
    chance = random.Random(seed)

    def fails(_: Job) -> Exception | None:
        return chance.choice(
            [None, None, None, Temporary(), Ambiguous(), Throttled(retry_after=0.1), ValueError("bug")]
        )

    notes = Notes(fails=lambda one: None if one.attempts >= decisions.BUG_ATTEMPTS - 1 else fails(one))
    await engine.put_all(
        job(
            lane=f"l{chance.randrange(4)}",
            order_key=f"k{n % 6}",
            priority=chance.choice(list(Priority)),
            payload={"n": n},
        )
        for n in range(60)
    )
    await engine.drain(notes, step=0.5)
    assert len(notes.done) == 60
    assert notes.doubles == []
    assert all(numbers == sorted(numbers) for numbers in by_key(notes.done).values())


async def test_retry_blocks_only_its_own_key(engine: Engine) -> None:
    notes = Notes(fails=lambda one: Temporary() if one.payload["n"] == 0 else None)
    await engine.put(
        job(order_key="a", payload={"n": 0}), job(order_key="a", payload={"n": 1}), job(order_key="b", payload={"n": 2})
    )
    async with engine.working(notes):
        await until(lambda: notes.values == [2])
    assert await engine.count() == 2


async def test_job_of_the_future_holds_up_nobody(engine: Engine) -> None:
    later = clock.now() + timedelta(minutes=5)
    await engine.put(job(order_key="a", payload={"n": 0}, run_at=later), job(order_key="a", payload={"n": 1}))
    first = await engine.claim()
    assert [one.payload["n"] for one in first] == [1]


async def test_job_that_fell_due_goes_before_later_ones(engine: Engine) -> None:
    later = clock.now() + timedelta(minutes=5)
    await engine.put(job(order_key="a", payload={"n": 0}, run_at=later))
    clock.shift(timedelta(minutes=6))
    await engine.put(job(order_key="a", payload={"n": 1}, priority=Priority.ANSWER))
    notes = Notes()
    await engine.drain(notes)
    assert notes.values == [0, 1]


async def test_job_that_fell_due_waits_for_the_one_under_way(engine: Engine) -> None:
    later = clock.now() + timedelta(seconds=5)
    await engine.put(job(order_key="a", payload={"n": 0}, run_at=later), job(order_key="a", payload={"n": 1}))
    [running] = await engine.claim()
    clock.shift(timedelta(seconds=6))
    assert await engine.claim() == []
    await engine.complete(running)
    assert [one.payload["n"] for one in await engine.claim()] == [0]


async def test_held_job_keeps_its_place_before_its_time(engine: Engine) -> None:
    later = clock.now() + timedelta(seconds=5)
    await engine.put(
        job(order_key="a", payload={"n": 0}, run_at=later, hold=True), job(order_key="a", payload={"n": 1})
    )
    assert await engine.claim() == []
    clock.shift(timedelta(seconds=6))
    assert [one.payload["n"] for one in await engine.claim()] == [0]


@pytest.mark.parametrize("keep_place", [True, False])
async def test_not_yet_waits_with_or_without_its_place(engine: Engine, keep_place: bool) -> None:
    notes = Notes()

    async def perform(one: Job) -> None:
        asked.append(one.payload["n"])
        if one.payload["n"] == 0 and clock.now() < ready:
            raise NotYet(ready, keep_place=keep_place)
        await notes.perform(one)

    asked: list[int] = []
    ready = clock.now() + timedelta(seconds=30)
    await engine.put(job(order_key="a", payload={"n": 0}), job(order_key="a", payload={"n": 1}))
    async with engine.working({"note": Kind(perform)}):
        await until(lambda: asked[:2] == ([0] if keep_place else [0, 1]))
        clock.shift(timedelta(seconds=31))
        await until(lambda: len(notes.done) == 2)
    assert notes.values == ([0, 1] if keep_place else [1, 0])
    assert {one.attempts for one in notes.done} == {1}


async def test_refused_job_makes_way(engine: Engine) -> None:
    await engine.put(job("unknown", order_key="a"), job(order_key="a", payload={"n": 1}))
    [first] = await engine.claim()
    await sql.transact(lambda: jobs.refuse(first, ValueError("no"), None))
    assert [one.payload["n"] for one in await engine.claim()] == [1]


async def test_numbers_follow_the_order_of_commits(engine: Engine) -> None:
    """Whoever takes the next number of a key waits until the one before is committed, or undone."""
    order = []

    async def first() -> None:
        async with sql.transaction():
            await sql.run(jobs.enqueue(job(order_key="a", payload={"n": 0})))
            began.set()
            await asyncio.sleep(0.03)
            order.append("first")

    async def second() -> None:
        await began.wait()
        await engine.put(job(order_key="a", payload={"n": 1}))
        order.append("second")

    began = asyncio.Event()
    await asyncio.gather(first(), second())
    assert order == ["first", "second"]
    notes = Notes()
    await engine.drain(notes)
    assert notes.values == [0, 1]


async def test_two_workers_never_take_two_of_a_key(engine: Engine) -> None:
    await engine.put_all(job(lane=f"l{n}", order_key=f"k{n % 4}", payload={"n": n}) for n in range(40))
    done: list[Job] = []

    async def worker() -> None:
        while claimed := await engine.claim(3):
            under_way.extend(one.order_key for one in claimed)
            assert len(set(under_way)) == len(under_way)
            await asyncio.sleep(0)
            for one in claimed:
                done.append(one)
                under_way.remove(one.order_key)
                await engine.complete(one)

    under_way: list[str | None] = []
    while len(done) < 40:
        await asyncio.gather(*(worker() for _ in range(4)))
    assert all(numbers == sorted(numbers) for numbers in by_key(done).values())


async def test_counters_of_idle_keys_are_forgotten_and_order_goes_on_above(engine: Engine) -> None:
    await engine.put(job(order_key="idle"), job(order_key="waiting", run_at=clock.now() + timedelta(days=9)))
    before = {row["order_key"]: row["seq"] for row in await sql.fetch("SELECT order_key, seq FROM jobs")}
    [claimed] = await engine.claim()
    await engine.complete(claimed)
    clock.shift(jobs.COUNTERS_KEPT + timedelta(minutes=1))
    await sql.transact(jobs.sweep)
    assert await sql.fetch("SELECT key FROM order_keys WHERE key = 'idle'") == []
    await engine.put(job(order_key="idle"), job(order_key="waiting"))
    rows = await sql.fetch("SELECT order_key, MAX(seq) AS seq FROM jobs GROUP BY order_key")
    assert all(row["seq"] > before[row["order_key"]] for row in rows)


async def test_a_clock_that_is_set_back_does_not_change_the_order(engine: Engine) -> None:
    for number in range(3):
        await engine.put(job(order_key="a", payload={"n": number}))
        clock.shift(timedelta(minutes=-10))
    clock.shift(timedelta(hours=1))
    said = []
    while claimed := await engine.claim():
        said += [one.payload["n"] for one in claimed]
        await engine.complete(claimed[0])
    assert said == [0, 1, 2]
