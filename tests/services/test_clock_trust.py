"""A clock that jumps deletes nothing and gives nothing up; time that has passed does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.base import Temporary
from bot import ticks
from bot.ticks import Tick
from models.enums import EventState
from services import clock, clock_trust, inbox, moments
from services.applying import ChannelRow
from services.arrivals import journal
from services.retention import SHARE, Everything, Retention
from services.sql import fetch, run, transact
from tests.installation import Installation, installed
from tests.jobs.engine import PATIENCE, Engine, Notes, job, until, until_async

DAY = timedelta(days=1)


@pytest.fixture
async def place(database: str, tmp_path: Path) -> AsyncIterator[Installation]:
    async with installed(tmp_path) as place:
        yield place
    clock.reset()


@pytest.fixture
async def engine(database: str, migrated_url: str) -> AsyncIterator[Engine]:
    yield Engine(migrated_url.startswith("postgres"))
    clock.reset()


async def test_time_that_has_passed_is_no_jump() -> None:
    clock.shift(400 * DAY)
    try:
        assert clock_trust.certain()
    finally:
        clock.reset()


@pytest.mark.parametrize("jump", [400 * DAY, timedelta(hours=25), -DAY])
async def test_a_jump_is_doubted_until_the_clock_is_where_it_was(jump: timedelta) -> None:
    assert clock_trust.certain()
    clock.jump(jump)
    assert not clock_trust.certain()
    clock.jump(-jump)
    assert clock_trust.certain()
    clock.jump(jump)
    assert not clock_trust.certain()
    clock.reset()
    assert clock_trust.certain()


async def test_a_clock_that_stands_is_believed_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_trust, "SHORTEST", timedelta())
    monkeypatch.setattr(clock_trust, "LONGEST", timedelta())
    clock.jump(DAY)
    clock_trust.certain()
    assert clock_trust.certain()
    clock.reset()


async def test_a_clock_that_differs_from_the_databases_is_doubted(database: str) -> None:
    if not database.startswith("postgres"):
        pytest.skip("SQLite has no clock of its own")
    clock.jump(DAY)
    clock_trust.TRUST.acknowledge()
    await clock_trust.look(postgres=True)
    assert not clock_trust.certain()
    clock.reset()
    clock_trust.TRUST.acknowledge()
    await clock_trust.look(postgres=True)
    assert clock_trust.certain()


@pytest.mark.parametrize("jump", [400 * DAY, -DAY])
async def test_a_start_long_after_or_before_the_last_tick_is_doubted(database: str, jump: timedelta) -> None:
    await clock_trust.look(postgres=False)
    clock.jump(jump)
    await clock_trust.recall()
    assert not clock_trust.certain()
    await clock_trust.look(postgres=False)
    clock.reset()
    await clock_trust.recall()
    assert clock_trust.certain()


async def test_a_tick_that_deletes_waits_for_the_clock() -> None:
    swept: list[str] = []

    async def work() -> None:
        swept.append("swept")

    carry_out = ticks._guarded(Tick("test", ticks.HOUR, work, deletes=True), ticks.MINUTE)
    clock.jump(400 * DAY)
    await carry_out()
    assert swept == []
    clock.reset()
    await carry_out()
    assert swept == ["swept"]


async def test_ticks_go_on_after_the_machines_clock_was_set_back() -> None:
    ticked = asyncio.Event()

    async def work() -> None:
        ticked.set()

    scheduler = ticks.scheduled([Tick("test", ticks.HOUR, work), Tick("other", ticks.HOUR, work)])
    scheduler.start()
    try:
        right, far = scheduler.get_job("other").next_run_time, scheduler.get_job("test")
        far.modify(next_run_time=far.next_run_time + DAY)
        ticks.keep_pace(scheduler)
        async with asyncio.timeout(PATIENCE):
            await ticked.wait()
        assert scheduler.get_job("other").next_run_time == right, "what lies near enough is left alone"
    finally:
        scheduler.shutdown(wait=False)


async def test_an_answer_that_waits_is_given_up_when_its_time_is_over_and_not_by_a_jump(engine: Engine) -> None:
    notes = Notes(fails=lambda _: Temporary("away", 0.05))
    async with engine.working(notes):
        [waiting] = await engine.put(job())
        await until(lambda: len(notes.begun) >= 2)
        clock.jump(timedelta(hours=25))
        tried = len(notes.begun)
        await until(lambda: len(notes.begun) >= tried + 3)
        row = await engine.row(waiting)
        assert row is not None
        assert row["state"] != "refused"
        clock.reset()
        clock.shift(timedelta(hours=25))

        async def refused() -> bool:
            row = await engine.row(waiting)
            return row is not None and row["state"] == "refused"

        await until_async(refused)


async def journaled(place: Installation, channel: ChannelRow, days: int) -> None:
    clock.shift(-days * DAY)
    await transact(lambda: journal(channel, f"{days}", "text", "", clock.now(), EventState.APPLIED))
    clock.reset()


async def test_history_goes_a_few_days_at_a_time_and_operators_hear_of_much(place: Installation) -> None:
    view = await place.connect()
    channel = (await place.connected(view.id)).row
    for days in (29, 25, 10, 1):
        await journaled(place, channel, days)
    told: list[str] = []

    async def alarm(message: str, params: dict[str, str]) -> None:
        told.append(params["what"])

    retention = Retention(alarm)
    await inbox.forget(30, retention)
    assert await left() == 4
    clock.shift(400 * DAY)
    await inbox.forget(30, retention)
    assert await left() == 3
    assert "events applied" in told
    assert await run(moments.noted("deleted events applied")) is not None
    await inbox.forget(30, retention)
    assert await left() == 3
    await inbox.forget(30, Everything())
    assert await left() == 0


async def test_what_was_off_for_a_weekend_is_caught_up_without_an_alarm(place: Installation) -> None:
    told: list[str] = []

    async def alarm(message: str, params: dict[str, str]) -> None:
        told.append(message)

    retention = Retention(alarm)
    now = clock.now()
    await retention.until("files", now)
    assert await retention.until("files", now + 2 * DAY) == now + 2 * DAY
    assert await retention.until("files", now + 10 * DAY) == now + SHARE
    assert told == []


async def left() -> int:
    [row] = await fetch("SELECT COUNT(*) AS n FROM events")
    return int(row["n"])
