"""Workers that count each other."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from services import clock, sql
from services.crew import Crew
from services.leases import take
from tests.jobs.engine import Engine, until, until_async


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
