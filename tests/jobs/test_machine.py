"""Any sequence of what is done to jobs, and of lost leases, keeps the promises of the queue."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from models.enums import Priority
from services import clock, job_batches, jobs, sql
from services.jobs import Job, NewJob
from services.sql import when
from tests.jobs.engine import Engine, job

KEYS = ["a", "b", "c", None]
LANES = ["l1", "l2"]
MERGED = ["m1", "m2", None, None, None]


@dataclass
class Machine:
    """Acts by chance on the real queue and compares it, after each step, with what it must be."""

    engine: Engine
    chance: random.Random
    running: dict[int, Job] = field(default_factory=dict)
    lapsed: list[Job] = field(default_factory=list)
    ended: set[int] = field(default_factory=set)
    paused: dict[str, datetime] = field(default_factory=dict)

    async def step(self) -> None:
        acts = [self.make] * 4 + [self.claim] * 3 + [self.complete] * 3 + [self.put_back] * 2
        others = [self.refuse, self.cancel, self.hasten, self.drop, self.make_many]
        await self.chance.choice([*acts, *others, self.pause, self.resume, self.wait, self.lapse, self.late_end])()

    def any_job(self) -> NewJob:
        after = self.chance.choice([0, 0, 0, 3, 20])
        return job(
            self.chance.choice(["note", "note", "other"]),
            lane=self.chance.choice(LANES),
            order_key=self.chance.choice(KEYS),
            cancel_key=self.chance.choice(MERGED),
            priority=self.chance.choice(list(Priority)),
            run_at=clock.now() + timedelta(seconds=after),
            postpone=self.chance.random() < 0.3,
            hold=self.chance.random() < 0.3,
        )

    async def make(self) -> None:
        await self.engine.put(self.any_job())

    async def make_many(self) -> None:
        wanted = [(self.any_job(), None) for _ in range(self.chance.randint(2, 6))]
        await sql.transact(lambda: job_batches.enqueue_all(wanted))

    async def refuse(self) -> None:
        if self.running:
            one = self.running.pop(self.chance.choice(list(self.running)))
            assert await sql.transact(lambda: jobs.refuse(one, ValueError("no"), None))

    async def cancel(self) -> None:
        await sql.transact(lambda: jobs.cancel("m1"))

    async def hasten(self) -> None:
        await sql.transact(lambda: jobs.hasten("m2"))

    async def drop(self) -> None:
        if self.chance.random() < 0.3:
            await sql.transact(lambda: jobs.drop(self.chance.choice(LANES), ["other"]))

    async def claim(self) -> None:
        before = {row["id"]: row for row in await sql.fetch("SELECT * FROM jobs")}
        for one in await self.engine.claim(self.chance.randint(1, 5)):
            row = before[one.id]
            again = row["state"] == "running"
            assert when(row["run_at"]) <= clock.now()
            assert self.paused.get(one.lane, clock.now()) <= clock.now()
            assert one.suspect is (bool(row["suspect"]) or again)
            assert one.attempts == row["attempts"] + 1
            assert one.id not in self.running
            assert one.id not in self.ended
            earlier = [
                other
                for other in before.values()
                if other["order_key"] == one.order_key is not None
                and other["id"] != one.id
                and other["state"] != "refused"
                and (
                    (other["id"] in self.running)
                    or (other["seq"] < row["seq"] and when(other["due_at"]) <= clock.now() and other["id"] in before)
                )
            ]
            assert earlier == [], "an earlier job of the key is due, or one of them is running"
            self.running[one.id] = one

    async def complete(self) -> None:
        if self.running:
            one = self.running.pop(self.chance.choice(list(self.running)))
            assert await self.engine.complete(one) == [True]
            self.ended.add(one.id)

    async def put_back(self) -> None:
        if self.running:
            one = self.running.pop(self.chance.choice(list(self.running)))
            after = self.chance.choice([0, 1, 10])
            assert await self.engine.put_back(
                one, after, counted=self.chance.random() < 0.5, keep_place=self.chance.random() < 0.8
            )
            row = await self.engine.row(one.id)
            assert row is not None
            assert row["state"] == "queued"

    async def late_end(self) -> None:
        """A worker that lost its lease ends its job: nothing of it counts any more."""
        if self.lapsed:
            one = self.lapsed.pop()
            count = await self.engine.count()
            done = one.id in self.running and self.running[one.id].lease_token == one.lease_token
            assert not done
            taken_again = await self.engine.row(one.id)
            if taken_again is not None and taken_again["lease_token"] == one.lease_token:
                return
            assert await self.engine.complete(one) == [False]
            assert not await self.engine.put_back(one)
            assert await self.engine.count() == count

    async def pause(self) -> None:
        lane = self.chance.choice(LANES)
        until = clock.now() + timedelta(seconds=self.chance.choice([2, 8]))
        await sql.transact(lambda: jobs.pause(lane, until, "test"))
        self.paused[lane] = max(until, self.paused.get(lane, until))

    async def resume(self) -> None:
        lane = self.chance.choice(LANES)
        await sql.transact(lambda: jobs.resume(lane))
        self.paused.pop(lane, None)

    async def wait(self) -> None:
        clock.shift(timedelta(seconds=self.chance.choice([1, 4, 15])))
        held = list(self.running.values())
        if held:
            await sql.transact(lambda: jobs.renew(held, clock.now() + jobs.LEASE))

    async def lapse(self) -> None:
        """The worker that has all of them dies."""
        if self.chance.random() < 0.3:
            self.lapsed += self.running.values()
            self.running.clear()
            clock.shift(jobs.LEASE + timedelta(seconds=1))

    async def check(self) -> None:
        rows = await sql.fetch("SELECT * FROM jobs")
        alive = {row["id"] for row in rows if row["state"] == "running" and when(row["lease_until"]) >= clock.now()}
        assert alive == set(self.running)
        keys = [one.order_key for one in self.running.values() if one.order_key is not None]
        assert len(keys) == len(set(keys))
        waiting = [row["cancel_key"] for row in rows if row["state"] == "queued" and row["cancel_key"] is not None]
        assert len(waiting) == len(set(waiting))
        numbers = [(row["order_key"], row["seq"]) for row in rows if row["order_key"] is not None]
        assert len(numbers) == len(set(numbers))
        assert not self.ended & {row["id"] for row in rows}
        for row in rows:
            assert row["head"] or row["state"] != "queued" or blocked(row, rows), "it would never run"

    async def finish(self) -> None:
        """Nothing is ever stuck: everything that was made can be carried out."""
        clock.shift(jobs.LEASE + timedelta(minutes=1))
        self.running.clear()
        for _ in range(2000):
            claimed = await self.engine.claim()
            if not claimed:
                break
            assert all(await self.engine.complete(*claimed))
        assert await self.engine.count("queued") == await self.engine.count("running") == 0


def blocked(row: sql.Row, rows: list[sql.Row]) -> bool:
    """Whether a job waits behind another of its key, by the rule itself: an earlier one that is due or runs."""
    return any(
        other["order_key"] == row["order_key"] is not None
        and other["seq"] < row["seq"]
        and other["state"] != "refused"
        # It may be due by the time at which this one is.
        and (other["state"] == "running" or when(other["due_at"]) <= max(clock.now(), when(row["run_at"])))
        for other in rows
    )


@pytest.mark.parametrize("seed", range(6))
async def test_promises_hold_after_any_steps(engine: Engine, seed: int) -> None:
    machine = Machine(engine, random.Random(seed))
    for _ in range(150):
        await machine.step()
        await machine.check()
    await machine.finish()
