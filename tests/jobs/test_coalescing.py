"""A cancel key joins what waits, and never what runs."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from models.enums import Priority
from services import clock, jobs, sql
from services.sql import when
from tests.jobs.engine import PATIENCE, Engine, Notes, job


async def test_second_job_joins_the_waiting_one(engine: Engine) -> None:
    ids = await engine.put(job(cancel_key="c", payload={"n": 1}), job(cancel_key="c", payload={"n": 2}))
    assert ids[0] == ids[1]
    notes = Notes()
    await engine.drain(notes)
    assert notes.values == [1]


async def test_joined_job_runs_at_the_earlier_time_and_the_higher_rank(engine: Engine) -> None:
    now = clock.now()
    soon, late = now + timedelta(seconds=5), now + timedelta(seconds=60)
    [one, _] = await engine.put(
        job(cancel_key="c", run_at=late, priority=Priority.TICK),
        job(cancel_key="c", run_at=soon, priority=Priority.ANSWER),
    )
    await engine.put(job(cancel_key="c", run_at=late, priority=Priority.BROADCAST))
    row = await engine.row(one)
    assert row is not None
    assert when(row["run_at"]) == soon
    assert row["priority"] == Priority.ANSWER


async def test_postponing_moves_it_back(engine: Engine) -> None:
    later = clock.now() + timedelta(seconds=60)
    [one] = await engine.put(job(cancel_key="c"))
    await engine.put(job(cancel_key="c", run_at=later, postpone=True))
    row = await engine.row(one)
    assert row is not None
    assert when(row["run_at"]) == when(row["due_at"]) == later
    assert await engine.claim() == []


async def test_what_a_job_waits_for_may_come_while_it_finds_that_it_has_to_wait(engine: Engine) -> None:
    [one] = await engine.put(job(cancel_key="c"))
    [running] = await engine.claim()
    now = clock.now()
    await engine.put(job(cancel_key="c", run_at=now))
    waits = jobs.NotYet(now + timedelta(seconds=20), keep_place=False)
    assert await sql.transact(
        lambda: jobs.put_back(running, waits.run_at, waits, suspect=False, counted=False, keep_place=False)
    )
    row = await engine.row(one)
    assert row is not None
    assert when(row["run_at"]) == now
    assert [claimed.id for claimed in await engine.claim()] == [one]


async def test_what_is_asked_for_while_it_fails_does_not_shorten_its_pause(engine: Engine) -> None:
    [one] = await engine.put(job(cancel_key="c"))
    [running] = await engine.claim()
    await engine.put(job(cancel_key="c"))
    later = clock.now() + timedelta(seconds=20)
    await sql.transact(lambda: jobs.put_back(running, later, RuntimeError("away"), suspect=False))
    row = await engine.row(one)
    assert row is not None
    assert when(row["run_at"]) == later


async def test_hastened_job_runs_now(engine: Engine) -> None:
    await engine.put(job(cancel_key="c", run_at=clock.now() + timedelta(hours=1)))
    assert await sql.transact(lambda: jobs.hasten("c"))
    assert not await sql.transact(lambda: jobs.hasten("other"))
    assert len(await engine.claim()) == 1


async def test_what_comes_while_it_runs_is_a_job_of_its_own_and_goes_after_it(engine: Engine) -> None:
    await engine.put(job(order_key="a", cancel_key="c", payload={"n": 1}))
    [running] = await engine.claim()
    await engine.put(job(order_key="a", cancel_key="c", payload={"n": 2}))
    assert await engine.claim() == []
    assert await engine.complete(running) == [True]
    assert [one.payload["n"] for one in await engine.claim()] == [2]


async def test_job_that_is_put_back_takes_in_what_came_meanwhile(engine: Engine) -> None:
    await engine.put(job(order_key="a", cancel_key="c", payload={"n": 1}))
    [running] = await engine.claim()
    await engine.put(job(order_key="a", cancel_key="c", payload={"n": 2}))
    assert await engine.put_back(running)
    assert await engine.count() == 1
    notes = Notes()
    await engine.drain(notes)
    assert notes.values == [1]
    assert notes.done[0].attempts == 2


async def test_later_wish_postpones_the_job_that_is_put_back(engine: Engine) -> None:
    await engine.put(job(cancel_key="c"))
    [running] = await engine.claim()
    later = clock.now() + timedelta(minutes=10)
    await engine.put(job(cancel_key="c", run_at=later, postpone=True))
    await engine.put_back(running, 1)
    row = await engine.row(running.id)
    assert row is not None
    assert when(row["run_at"]) == later


async def test_job_whose_lease_was_lost_takes_nothing_in(engine: Engine) -> None:
    await engine.put(job(cancel_key="c", payload={"n": 1}))
    [running] = await engine.claim()
    await engine.complete(running)
    await engine.put(job(cancel_key="c", payload={"n": 2}))
    assert not await engine.put_back(running)
    assert await engine.count("queued") == 1


async def test_cancelling_takes_back_what_waits(engine: Engine) -> None:
    await engine.put(job(cancel_key="c"), job(cancel_key="d", run_at=clock.now() + timedelta(days=1)))
    assert await sql.transact(lambda: jobs.cancel("c"))
    assert await sql.transact(lambda: jobs.cancel("d"))
    assert not await sql.transact(lambda: jobs.cancel("c"))
    assert await engine.count() == 0


async def test_cancelling_takes_back_what_waits_for_its_retry(engine: Engine) -> None:
    await engine.put(job(cancel_key="c"))
    [running] = await engine.claim()
    assert not await sql.transact(lambda: jobs.cancel("c"))
    await engine.put_back(running, 5)
    assert await sql.transact(lambda: jobs.cancel("c"))
    assert await engine.count() == 0


async def test_job_that_is_being_joined_is_left_until_that_is_committed(engine: Engine) -> None:
    """A worker would read the state from before the change and the job would be gone after it."""
    await engine.put(job(cancel_key="c", payload={"n": 1}), job(lane="other", payload={"n": 2}))
    taken: list[list[int]] = []

    async def look() -> None:
        await began.wait()
        taken.append([one.payload["n"] for one in await engine.claim()])
        looked.set()

    async def change() -> None:
        async with sql.transaction():
            await sql.run(jobs.enqueue(job(cancel_key="c", payload={"n": 1})))
            began.set()
            # On SQLite the look waits for this transaction: there it cannot be waited for.
            await (asyncio.wait_for(looked.wait(), PATIENCE) if engine.postgres else asyncio.sleep(0.03))
            taken.append([])

    began, looked = asyncio.Event(), asyncio.Event()
    await asyncio.gather(change(), look())
    # SQLite has one writer: there the worker comes after the change and takes both.
    assert taken == ([[2], []] if engine.postgres else [[], [1, 2]])
    rest = [one.payload["n"] for one in await engine.claim()]
    assert rest == ([1] if engine.postgres else [])


async def test_joining_waits_for_a_worker_that_is_taking_the_job(engine: Engine) -> None:
    [one] = await engine.put(job(cancel_key="c"))
    joined: list[int] = []

    async def take() -> None:
        async with sql.transaction():
            await sql.run(jobs.claim(1, postgres=engine.postgres))
            began.set()
            await asyncio.sleep(0.03)

    async def join() -> None:
        await began.wait()
        joined.extend(await engine.put(job(cancel_key="c")))

    began = asyncio.Event()
    await asyncio.gather(take(), join())
    assert joined != [one]
    assert await engine.count("queued") == 1


async def test_many_at_once_become_one(engine: Engine) -> None:
    await asyncio.gather(*(engine.put(job(order_key="a", cancel_key="c")) for _ in range(20)))
    assert await engine.count() == 1
