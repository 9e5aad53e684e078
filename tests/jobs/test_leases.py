"""Leases: one holder at a time; another takes over when it dies."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from services import clock, leases, sql
from services.leases import Lost, give_back, hold, new_holder, take, while_held
from tests.jobs.engine import Engine, until
from tests.jobs.outage import outage

SHORT = 0.4
"""Seconds: short enough to wait for, long enough for a busy machine."""


async def taken(name: str, holder: str, seconds: float = 30) -> bool:
    return await sql.transact(lambda: take(name, holder, seconds))


async def test_one_holder_at_a_time(engine: Engine) -> None:
    assert await taken("poll", "a")
    assert not await taken("poll", "b")
    assert await taken("tick", "b")
    assert await taken("poll", "a")
    clock.shift(timedelta(seconds=31))
    assert await taken("poll", "b")
    assert not await taken("poll", "a")
    await sql.transact(lambda: give_back("poll", "a"))
    assert not await taken("poll", "a")
    await sql.transact(lambda: give_back("poll", "b"))
    assert await taken("poll", "a")


async def test_of_many_that_ask_at_once_one_gets_it(engine: Engine) -> None:
    assert sum(await asyncio.gather(*(taken("poll", f"h{n}") for n in range(20)))) == 1


def test_holders_differ() -> None:
    assert new_holder() != new_holder()


async def test_holder_renews_while_it_works_and_gives_back_at_the_end(engine: Engine) -> None:
    async with hold("poll", "a", 3 * SHORT) as lost:
        for _ in range(2):
            await asyncio.sleep(2 * SHORT)
            assert not await taken("poll", "b")
        assert not lost.is_set()
    assert await taken("poll", "b")


async def test_another_takes_over_within_the_time_when_a_holder_dies(engine: Engine) -> None:
    """The lease itself and the next look at it: 25 and 3 of the 30 seconds."""
    assert await taken("poll", "dead", SHORT * 5 / 6)
    started = asyncio.get_running_loop().time()
    async with hold("poll", "b", SHORT):
        assert asyncio.get_running_loop().time() - started <= SHORT + 0.2


async def test_work_stops_when_the_lease_is_lost_and_starts_again_when_it_is_back(engine: Engine) -> None:
    running: list[str] = []

    async def work() -> None:
        running.append("begun")
        try:
            await asyncio.Event().wait()
        finally:
            running.append("stopped")

    task = asyncio.create_task(while_held("poll", work, holder="a", seconds=SHORT))
    await until(lambda: running == ["begun"])
    await sql.fetch("UPDATE leases SET holder = 'thief', until = ?", clock.now() + timedelta(seconds=SHORT))
    await until(lambda: running == ["begun", "stopped"])
    await until(lambda: running[2:] == ["begun"])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert running[3:] == ["stopped"]
    assert await sql.fetch("SELECT name FROM leases") == []


async def test_work_stops_before_the_lease_can_pass_to_another(engine: Engine, database: str) -> None:
    stopped_after: list[float] = []
    loop = asyncio.get_running_loop()

    async def work() -> None:
        started = loop.time()
        try:
            await asyncio.Event().wait()
        finally:
            stopped_after.append(loop.time() - started)

    task = asyncio.create_task(while_held("poll", work, holder="a", seconds=0.6))
    await until(lambda: task.done() or loop.time() > 0)
    await asyncio.sleep(0.05)
    async with outage(database):
        await until(lambda: bool(stopped_after))
    assert stopped_after[0] < 0.6
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_the_work_raises_is_raised_and_its_end_is_the_end(engine: Engine) -> None:
    async def fails() -> None:
        raise KeyError("bug")

    async def ends() -> None:
        return None

    with pytest.raises(KeyError):
        await while_held("poll", fails, seconds=SHORT)
    async with asyncio.timeout(1):
        await while_held("poll", ends, seconds=SHORT)
    assert issubclass(Lost, Exception)
    assert await taken("poll", "next")


async def test_lease_is_asked_for_until_the_database_is_there(engine: Engine, database: str) -> None:
    began = asyncio.Event()

    async def work() -> None:
        began.set()

    async with outage(database):
        task = asyncio.create_task(while_held("poll", work, seconds=SHORT))
        await asyncio.sleep(0.05)
        assert not began.is_set()
    async with asyncio.timeout(5):
        await task
    assert leases.SECONDS == 30
