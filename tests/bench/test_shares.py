"""What a project with a normal load waits, in quiet and beside crowds; how fast a long backlog is carried out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from statistics import quantiles

import pytest

from adapters.base import Rates
from bot.rates import CONTROL
from models.enums import Priority
from services import sql
from services.jobs import Job, Kind, NewJob
from services.runner import Runner
from tests.bench.conftest import Report, kind_of
from tests.jobs.crowds import LOADS, Desk, copy, loaded, projects, put

pytestmark = pytest.mark.bench

RTT = 0.06
"""Seconds that Telegram takes to answer."""
COPIES = 60
PAUSE = 0.1
SLOW = 10.0
BACKLOG = 50_000
TAKEN = 3_000


@pytest.fixture(autouse=True)
async def no_hook(database: str) -> AsyncIterator[None]:
    yield
    sql.on_commit(None)


def p99(waits: list[float]) -> float:
    """In milliseconds."""
    return quantiles(waits, n=100, method="inclusive")[98] * 1e3


def desk(database: str) -> Desk:
    # The one chat of the project that is measured is not to be its own limit.
    return Desk(database.startswith("postgres"), Rates(per_second=CONTROL.per_second), rtt=RTT)


@pytest.mark.parametrize("load", LOADS)
async def test_normal_load_beside_a_crowd(database: str, report: Report, load: str) -> None:
    mine, *others = await projects(37)
    quiet = desk(database)
    async with quiet.working():
        await quiet.mine(mine, COPIES, PAUSE)
    busy = desk(database)
    async with loaded(LOADS[load], busy, others), busy.working():
        await asyncio.sleep(2)
        await busy.mine(mine, COPIES, PAUSE)
    still, crowded = p99(quiet.waits), p99(busy.waits)
    head = ("", "p99 in quiet, ms", "p99 beside them, ms", "ratio")
    report.row(
        "shares", head, f"{kind_of(database)}, {load}", f"{still:.0f}", f"{crowded:.0f}", f"{crowded / still:.1f}"
    )


async def test_messenger_that_answers_late(database: str, report: Report) -> None:
    """Forty channels of it with 20 answers each, and copies of another project meanwhile."""
    [mine] = await projects(1)
    there = desk(database)

    async def slow(_job: Job) -> None:
        await asyncio.sleep(SLOW)

    runner = Runner({"copy": Kind(there.perform), "send": Kind(slow)}, postgres=there.postgres, budget=there.budget)
    sql.on_commit(runner.wake)
    task = asyncio.create_task(runner.run())
    await there.mine(mine, COPIES, PAUSE)
    still = p99(there.waits)
    there.waits.clear()
    await put([NewJob("send", f"channel:{number % 40}", Priority.ANSWER) for number in range(800)])
    await asyncio.sleep(1)
    await there.mine(mine, COPIES, PAUSE)
    crowded = p99(there.waits)
    await sql.fetch("DELETE FROM jobs WHERE state = 'queued'")
    runner.stop()
    await task
    head = ("", "p99 in quiet, ms", "p99 beside them, ms", "ratio")
    name = f"{kind_of(database)}, a messenger that answers in {SLOW:.0f} s"
    report.row("shares", head, name, f"{still:.0f}", f"{crowded:.0f}", f"{crowded / still:.1f}")


async def drained(postgres: bool, waiting: int, keys: int) -> float:
    """Jobs a second of the first TAKEN of those that wait for one chat, rates lifted."""
    for start in range(0, waiting, 250):
        await put([copy(None, "one", f"k{n % keys}") for n in range(start, start + 250)])
    await sql.fetch("ANALYZE")
    left, enough = TAKEN, asyncio.Event()

    async def perform(_job: Job) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            enough.set()

    runner = Runner({"copy": Kind(perform)}, postgres=postgres)
    started = time.perf_counter()
    task = asyncio.create_task(runner.run())
    await enough.wait()
    rate = TAKEN / (time.perf_counter() - started)
    runner.stop()
    await task
    await sql.fetch("DELETE FROM jobs")
    return rate


@pytest.mark.parametrize("keys", [200])
async def test_backlog_to_one_chat(database: str, report: Report, keys: int) -> None:
    postgres = database.startswith("postgres")
    short = await drained(postgres, TAKEN + 250, keys)
    long = await drained(postgres, BACKLOG, keys)
    head = ("", "a second, 3,250 waiting", "a second, 50,000 waiting", "ratio")
    report.row("backlog", head, kind_of(database), f"{short:,.0f}", f"{long:,.0f}", f"{long / short:.2f}")
