"""Wake-ups: at once within a process, through Redis between them, and never needed."""

from __future__ import annotations

import asyncio
import time

import pytest
from redis.asyncio import Redis

from services import sql, taking, wake
from services.wake import Everywhere, Here
from tests.jobs.engine import PATIENCE, Engine, Notes, job, until


async def test_here_wakes_the_worker_of_this_process() -> None:
    woken: list[int] = []
    async with Here(lambda: woken.append(1)) as wakes:
        wakes.made()
    async with Here() as wakes:
        wakes.made()
    assert woken == [1]


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"pult:test:{time.time_ns()}"
    monkeypatch.setattr(wake, "CHANNEL", name)
    return name


@pytest.mark.redis
async def test_news_reaches_the_workers_of_other_processes(redis_url: str, channel: str) -> None:
    mine: list[int] = []
    other: list[int] = []
    async with (
        Everywhere(redis_url, lambda: mine.append(1)) as here,
        Everywhere(redis_url, lambda: other.append(1)),
        Everywhere(redis_url) as web,
    ):
        await until(lambda: bool(mine) and bool(other))
        mine.clear()
        other.clear()
        here.made()
        assert mine == [1]
        await until(lambda: bool(other))
        web.made()
        await until(lambda: len(mine) == 2 and len(other) == 2)
        for _ in range(500):
            web.made()
        await asyncio.sleep(0.03)
        assert len(other) < 20


@pytest.mark.redis
async def test_worker_of_another_process_begins_at_once(
    engine: Engine, redis_url: str, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "IDLE", PATIENCE)
    notes = Notes()
    worker = engine.runner(notes)
    async with Everywhere(redis_url, worker.wake), Everywhere(redis_url) as web:
        task = asyncio.create_task(worker.run())
        await asyncio.sleep(0.05)
        sql.on_commit(web.made)
        started = time.monotonic()
        await engine.put(job(payload={"n": 1}))
        await until(lambda: notes.values == [1])
        assert time.monotonic() - started < PATIENCE / 5
        worker.stop()
        await task


@pytest.mark.redis
async def test_connection_that_is_cut_is_made_again(redis_url: str, channel: str) -> None:
    woken: list[int] = []
    admin = Redis.from_url(redis_url)
    async with Everywhere(redis_url, lambda: woken.append(1)) as here, Everywhere(redis_url) as web:
        await until(lambda: len(woken) == 1)
        for one in await admin.client_list():
            if one["name"] == here.name:
                await admin.client_kill_filter(_id=one["id"])
        await until(lambda: len(woken) == 2)
        web.made()
        await until(lambda: len(woken) == 3)
    await admin.aclose()


async def test_lost_redis_means_only_that_the_next_look_finds_the_jobs(engine: Engine) -> None:
    notes = Notes()
    async with engine.working(notes) as worker:
        async with Everywhere("redis://127.0.0.1:1/0", worker.wake) as wakes:
            sql.on_commit(wakes.made)
            await engine.put(job(payload={"n": 1}))
            await until(lambda: notes.values == [1])
        sql.on_commit(None)
        await engine.put(job(payload={"n": 2}))
        await until(lambda: notes.values == [1, 2])
