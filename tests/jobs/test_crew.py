"""Workers that count each other."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from services import clock, sql
from services.crew import STEADY, Crew
from services.jobs import Job
from services.leases import take
from tests.jobs.engine import Engine, job, until, until_async


async def test_workers_count_each_other_while_they_live(engine: Engine) -> None:
    crews = [Crew(look_every=0.02) for _ in range(3)]
    assert [crew.share() for crew in crews] == [1, 1, 1]
    tasks = [asyncio.create_task(crew.run()) for crew in crews]
    await until(lambda: [crew.share() for crew in crews] == [3, 3, 3])
    tasks[0].cancel()
    await until(lambda: [crew.share() for crew in crews[1:]] == [2, 2])
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert await sql.fetch("SELECT name FROM leases") == []


async def test_jobs_of_one_that_died_are_taken_over_when_its_lease_is_over(engine: Engine) -> None:
    await engine.put(job(payload={"n": 1}), job(payload={"n": 2}))
    [theirs] = await engine.claim(1, worker="dead")
    crew = Crew(look_every=0.02)
    [mine] = await engine.claim(1, worker=crew.name)
    assert await sql.transact(lambda: take("worker dead", "dead", 25.0))
    task = asyncio.create_task(crew.run())
    await until(lambda: crew.share() == 2)
    assert await engine.claim() == []
    clock.shift(timedelta(seconds=26))

    taken: list[Job] = []

    async def free() -> bool:
        taken.extend(await engine.claim())
        return bool(taken)

    await until_async(free)
    assert [(one.id, one.suspect) for one in taken] == [(theirs.id, True)]
    assert (await engine.row(mine.id) or {})["attempts"] == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_whoever_was_away_with_the_database_takes_nobody_for_dead(engine: Engine) -> None:
    one, other = Crew(look_every=0.05), Crew(look_every=0.01)
    await engine.put(job())
    await engine.claim(worker=other.name)
    tasks = [asyncio.create_task(crew.run()) for crew in (one, other)]
    await until(lambda: one.share() == 2)
    clock.shift(timedelta(minutes=1))
    looked = one._looked_at
    await until(lambda: one._looked_at != looked and one._steady > STEADY + 1)
    assert one.share() == 2
    assert await engine.claim() == []
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_one_that_died_counts_until_its_lease_is_over(engine: Engine) -> None:
    assert await sql.transact(lambda: take("worker dead", "dead", 25.0))
    crew = Crew(look_every=0.02)
    task = asyncio.create_task(crew.run())
    await until(lambda: crew.share() == 2)
    clock.shift(timedelta(seconds=26))
    await until(lambda: crew.share() == 1)
    clock.shift(timedelta(hours=1))

    async def forgotten() -> bool:
        return len(await sql.fetch("SELECT name FROM leases")) == 1

    await until_async(forgotten)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
