"""A worker: leases, an unreachable database, mistakes in book-keeping, and how it stops."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from models.enums import Priority
from services import clock, figures, jobs, runner, sql, taking
from services.claiming import PER_LANE, PER_TARGET
from services.jobs import Effect, Job, Kind
from services.sql import Steps, when
from tests.jobs.engine import PATIENCE, Engine, Notes, job, until, until_async
from tests.jobs.outage import outage


async def test_long_job_keeps_its_lease(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "RENEWALS", 360_000)
    notes = Notes()
    notes.gate.clear()
    [one, _] = await engine.put(job(order_key="a", payload={"n": 1}), job(order_key="a", payload={"n": 2}))

    async def renewed() -> bool:
        row = await engine.row(one)
        return row is not None and when(row["lease_until"]) > clock.now() + jobs.LEASE * 0.9

    async with engine.working(notes):
        await until(lambda: bool(notes.begun))
        for _ in range(5):
            await until_async(renewed)
            clock.shift(jobs.LEASE * 0.8)
            assert await engine.claim() == []
        notes.gate.set()
        await until(lambda: notes.values == [1, 2])
    assert [each.attempts for each in notes.done] == [1, 1]


async def test_job_that_outlived_its_lease_is_reported_and_done_once_more(engine: Engine) -> None:
    notes = Notes()
    notes.gate.clear()
    [one] = await engine.put(job())
    lost = figures.FINISHED.labels("note", "lease lost")
    before = lost._value.get()
    async with engine.working(notes):
        await until(lambda: len(notes.begun) == 1)
        clock.shift(jobs.LEASE + timedelta(seconds=1))
        await until(lambda: len(notes.begun) == 2)
        notes.gate.set()
        await until(lambda: len(notes.done) == 2)
        await until(lambda: lost._value.get() == before + 1)
    assert [(each.id, each.suspect) for each in notes.begun] == [(one, False), (one, True)]
    assert await engine.count() == 0


async def test_job_whose_lease_ran_out_while_it_waited_for_its_place_does_not_begin(engine: Engine) -> None:
    class Slow:
        async def wait_target(self, one: Job) -> float:
            return 0.0

        async def take_lane(self, one: Job) -> None:
            waiting.append(one)
            if len(waiting) == 1:
                await gate.wait()

    waiting: list[Job] = []
    gate = asyncio.Event()
    notes = Notes()
    await engine.put(job())
    async with engine.working(notes, budget=Slow()):
        await until(lambda: len(waiting) == 1)
        clock.shift(jobs.LEASE + timedelta(seconds=1))
        gate.set()
        await until(lambda: len(notes.done) == 1)
    assert len(notes.begun) == 1


async def test_a_place_once_taken_is_used_though_the_next_of_the_chat_has_to_wait(engine: Engine) -> None:
    class OnePlace:
        async def wait_target(self, one: Job) -> float:
            asked.append(one)
            return 0.0 if len(asked) == 1 else 3600.0

        async def take_lane(self, one: Job) -> None:
            await gate.wait()

    asked: list[Job] = []
    gate = asyncio.Event()
    notes = Notes()
    await engine.put(*(job(target="chat", payload={"n": number}) for number in range(3)))
    async with engine.working(notes, budget=OnePlace()):
        await until(lambda: len(asked) == 3)
        gate.set()
        await until(lambda: len(notes.done) == 1)
    assert notes.done[0].id == asked[0].id


async def test_stopping_finishes_what_is_under_way_and_puts_the_rest_back(engine: Engine) -> None:
    class OneOnly:
        async def wait_target(self, one: Job) -> float:
            return 0.0

        async def take_lane(self, one: Job) -> None:
            if one.payload["n"]:
                await asyncio.sleep(PATIENCE)

    notes = Notes()
    notes.gate.clear()
    await engine.put_all(job(payload={"n": n}) for n in range(3))
    worker = engine.runner(notes, budget=OneOnly())
    task = asyncio.create_task(worker.run())
    await until(lambda: len(notes.begun) == 1)
    await engine.put(job(payload={"n": 3}))
    worker.stop()
    await asyncio.sleep(0.02)
    assert not task.done()
    notes.gate.set()
    await asyncio.wait_for(task, 1)
    assert notes.values == [0]
    rows = await sql.fetch("SELECT state, attempts, suspect FROM jobs")
    assert [(row["state"], row["attempts"], bool(row["suspect"])) for row in rows] == [("queued", 0, False)] * 3


async def test_what_does_not_end_in_time_is_left_to_its_lease(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "STOP_WITHIN", 0.03)
    notes = Notes()
    notes.gate.clear()
    await engine.put(job())
    async with engine.working(notes):
        await until(lambda: bool(notes.begun))
    assert await engine.count("running") == 1
    clock.shift(jobs.LEASE + timedelta(seconds=1))
    assert [one.suspect for one in await engine.claim()] == [True]


async def test_end_is_recorded_once_the_database_is_back_and_nothing_is_done_twice(
    engine: Engine, database: str
) -> None:
    notes = Notes()
    notes.gate.clear()
    await engine.put_all(job(lane=f"l{n}", order_key="a" if n < 2 else None, payload={"n": n}) for n in range(4))
    async with engine.working(notes):
        await until(lambda: len(notes.begun) == 3)
        async with outage(database):
            notes.gate.set()
            await until(lambda: len(notes.done) == 3)
            await asyncio.sleep(0.08)
        await until(lambda: len(notes.done) == 4)
    assert sorted(notes.values) == [0, 1, 2, 3]
    assert len(notes.begun) == 4
    assert await engine.count() == 0


async def test_worker_outlives_an_absent_database(engine: Engine, database: str) -> None:
    notes = Notes()
    async with engine.working(notes):
        async with outage(database):
            await asyncio.sleep(0.08)
        await engine.put(job(payload={"n": 1}))
        await until(lambda: notes.values == [1])


async def test_effect_is_recorded_with_the_end(engine: Engine) -> None:
    async def perform(one: Job) -> Effect:
        return lambda: jobs.pause("recorded", clock.now() + timedelta(days=1), f"by {one.payload['n']}")

    await engine.put(job(payload={"n": 7}))
    await engine.drain({"note": Kind(perform)})
    assert [row["reason"] for row in await sql.fetch("SELECT reason FROM lane_pauses")] == ["by 7"]


async def test_what_was_done_but_cannot_be_recorded_is_not_done_again(engine: Engine) -> None:
    performed: list[int] = []

    def wrong() -> Steps[None]:
        yield "INSERT INTO no_such_table (a) VALUES (?)", (1,)

    async def perform(one: Job) -> Effect:
        performed.append(one.id)
        return wrong if one.payload["n"] == "wrong" else None

    [one, _] = await engine.put(job(payload={"n": "wrong"}), job(payload={"n": "right"}))
    await engine.drain({"note": Kind(perform)})
    assert len(performed) == 2
    row = await engine.row(one)
    assert row is not None
    assert row["state"] == "refused"
    assert "done, but not recorded" in row["last_error"]


async def test_end_that_the_disk_has_no_room_for_is_recorded_when_it_has(engine: Engine) -> None:
    """Leases can be renewed meanwhile: a row that is there already needs no more room."""
    refused: list[int] = []

    def full() -> Steps[None]:
        if len(refused) < 6:
            refused.append(1)
            raise asyncpg.DiskFullError("no space left on device")
        yield "INSERT INTO lane_pauses (lane, until, reason) VALUES ('recorded', ?, 'x')", (clock.now(),)

    async def perform(one: Job) -> Effect:
        return full

    await engine.put(job())
    await engine.drain({"note": Kind(perform)})
    assert await sql.fetch("SELECT lane FROM lane_pauses") == [{"lane": "recorded"}]
    assert await engine.count() == 0


async def test_hanging_job_is_cut_off(engine: Engine) -> None:
    notes = Notes()
    notes.gate.clear()
    [one] = await engine.put(job())
    async with engine.working({"note": Kind(notes.perform, repeatable=False, longest=timedelta(seconds=0.02))}):
        await until(lambda: bool(notes.begun) and not any(notes.under_way.values()))
        await asyncio.sleep(0.05)
    row = await engine.row(one)
    assert row is not None
    assert row["last_error"].startswith("TimeoutError")
    assert row["suspect"]


async def test_hot_chat_is_left_alone_and_its_jobs_keep_their_turn(engine: Engine) -> None:
    class Hot:
        def __init__(self) -> None:
            self.asked: list[str | None] = []

        async def wait_target(self, one: Job) -> float:
            self.asked.append(one.target)
            return 0.0 if one.target != "lane:hot" or clock.now() >= cool else 30.0

        async def take_lane(self, one: Job) -> None:
            return None

    cool = clock.now() + timedelta(seconds=30)
    hot, notes = Hot(), Notes()
    await engine.put_all(job(target="lane:hot", cancel_key=f"c{n}", payload={"n": n}) for n in range(10))
    async with engine.working(notes, budget=hot) as worker:
        for n in range(20, 25):
            await engine.put(job(target="lane:cool", payload={"n": n}))
            await until(lambda n=n: n in notes.values)
        assert hot.asked.count("lane:hot") <= PER_TARGET
        assert await engine.count("queued") == 10
        await engine.put(job(target="lane:hot", cancel_key="c3"))
        assert await engine.count("queued") == 10
        await until(lambda: len(notes.done) == 15, step=5, runner=worker)
    assert notes.values[5:] == list(range(10))
    assert {one.attempts for one in notes.done} == {1}


async def test_answer_waits_for_one_call_of_a_lane_full_of_broadcasts(engine: Engine) -> None:
    notes = Notes()
    await engine.put_all(job(priority=Priority.BROADCAST, payload={"n": n}) for n in range(200))
    async with engine.working(notes):
        await until(lambda: len(notes.done) >= 20)
        await engine.put(job(priority=Priority.ANSWER, payload={"n": "answer"}))
        seen = len(notes.begun)
        await until(lambda: "answer" in notes.values)
        assert notes.values.index("answer") - seen <= 2 * PER_LANE


async def test_commit_wakes_the_worker_at_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "IDLE", PATIENCE)
    notes = Notes()
    async with engine.working(notes):
        await asyncio.sleep(0.05)
        await engine.put(job(payload={"n": 1}))
        await until(lambda: notes.values == [1])
        await engine.put(job(payload={"n": 2}, run_at=clock.now() + timedelta(seconds=0.05)))
        await until(lambda: notes.values == [1, 2])


async def test_job_that_falls_due_while_the_worker_looks_does_not_wait_for_its_next_look(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "IDLE", PATIENCE)
    claim, looked = jobs.claim, []

    def slow(*args: Any, **options: Any) -> Steps[list[Job]]:
        found = yield from claim(*args, **options)
        if not looked:
            looked.append(True)
            clock.shift(timedelta(seconds=1))
        return found

    monkeypatch.setattr(jobs, "claim", slow)
    notes = Notes()
    await engine.put(job(run_at=clock.now() + timedelta(seconds=0.9)))
    async with engine.working(notes):
        await until(lambda: bool(notes.done))


async def test_cancelled_worker_leaves_the_database_free(engine: Engine) -> None:
    for pause in range(12):
        await engine.put_all(job(lane=f"l{n}") for n in range(5))
        task = asyncio.create_task(engine.runner(Notes()).run())
        await asyncio.sleep(pause / 1000)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(2):
        async with sql.transaction():
            await sql.run(jobs.sweep())
