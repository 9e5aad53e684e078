"""Looking for jobs at the end of commits that make or end some, where all write through one connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from services import driving, jobs, runner, sql, taking
from services.claiming import PER_TARGET
from services.jobs import Effect, Job, Kind
from services.runner import Unlimited
from services.sql import WAKE, Grouped, Steps
from tests.jobs.engine import PATIENCE, Engine, Notes, job, until

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
"""Only SQLite's one connection commits for everybody."""


@pytest.fixture
def lite(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine whose worker, once it has looked, looks no more of its own accord."""
    monkeypatch.setattr(taking, "IDLE", PATIENCE)
    return engine


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many steps each commit of a group had."""
    seen: list[int] = []
    commit = driving.commit_in_thread

    def counted(connection: Any, makes: Any, *rest: Any) -> list[Any]:
        seen.append(len(makes))
        return commit(connection, makes, *rest)

    monkeypatch.setattr(driving, "commit_in_thread", counted)
    return seen


async def test_job_is_claimed_by_the_commit_that_makes_it(lite: Engine, commits: list[int]) -> None:
    group, notes = Grouped(), Notes()
    notes.gate.clear()
    async with lite.working(notes, commits=group) as worker:
        await until(lambda: len(commits) >= 2)
        await worker._taking.settled()
        commits.clear()
        await group.submit(lambda: jobs.enqueue(job()))
        rows = await sql.fetch("SELECT state FROM jobs")
        assert [row["state"] for row in rows] == ["running"]
        assert commits == [1]
        notes.gate.set()
        await until(lambda: bool(notes.done))


async def test_end_of_a_job_claims_what_waited_for_its_place(lite: Engine) -> None:
    notes = Notes()
    await lite.put_all(job(target="chat", payload={"n": n}) for n in range(3 * PER_TARGET))
    async with lite.working(notes, commits=Grouped()):
        await until(lambda: len(notes.done) == 3 * PER_TARGET)


async def test_end_of_a_job_claims_what_waited_for_its_turn(lite: Engine) -> None:
    notes = Notes()
    await lite.put_all(job(order_key="dialog", payload={"n": n}) for n in range(20))
    async with lite.working(notes, commits=Grouped()):
        await until(lambda: notes.values == list(range(20)))


async def test_look_that_fails_undoes_nothing_of_the_commit_and_is_made_again(
    lite: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    group, notes, claim, failed = Grouped(), Notes(), jobs.claim, []

    def failing(*args: Any, **options: Any) -> Steps[list[Job]]:
        rows = yield "SELECT COUNT(*) AS n FROM jobs", ()
        if rows[0]["n"] and len(failed) < 2:
            # Once for the commit without savepoints, once for that with them.
            failed.append(True)
            yield "SELECT nonsense", ()
        return (yield from claim(*args, **options))

    monkeypatch.setattr(jobs, "claim", failing)
    async with lite.working(notes, commits=group) as worker:
        await until(lambda: worker._taking._looked > 0)
        await group.submit(lambda: jobs.enqueue(job()))
        await until(lambda: bool(notes.done))
    assert len(failed) == 2


async def test_worker_that_stops_takes_nothing_more_by_the_commits_of_others(lite: Engine) -> None:
    group, notes = Grouped(), Notes()
    async with lite.working(notes, commits=group) as worker:
        worker.stop()
        await group.submit(lambda: jobs.enqueue(job()))
    assert notes.begun == []
    assert await lite.count("queued") == 1


async def test_worker_without_room_leaves_jobs_where_they_are(lite: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "CONCURRENCY", 2)
    group, notes = Grouped(), Notes()
    notes.gate.clear()
    async with lite.working(notes, commits=group):
        for n in range(5):
            await group.submit(lambda n=n: jobs.enqueue(job(payload={"n": n})))
        await until(lambda: len(notes.begun) == 2)
        assert await lite.count("queued") == 3
        notes.gate.set()
        await until(lambda: sorted(notes.values) == list(range(5)))


async def test_group_without_a_worker_wakes_whoever_waits_for_jobs(lite: Engine) -> None:
    woken = []
    sql.on_commit(lambda: woken.append(True))

    def makes() -> Steps[None]:
        yield WAKE

    await Grouped().submit(makes)
    assert woken == [True]


class Reading:
    """Does jobs that begin with reading a row; keeps what each had been read for it."""

    def __init__(self) -> None:
        self.ahead: list[tuple[Any, ...]] = []

    def kind(self, reads: Callable[[Job], Steps[Any]]) -> dict[str, Kind]:
        return {"note": Kind(self.perform, reads=reads)}

    async def perform(self, job: Job) -> Effect:
        self.ahead.append(job.ahead)
        return None


def states(_job: Job) -> Steps[list[str]]:
    return [row["state"] for row in (yield "SELECT state FROM jobs", ())]


async def test_what_a_job_begins_with_is_read_by_its_claim(lite: Engine) -> None:
    reading = Reading()
    await lite.put(job())
    async with lite.working(reading.kind(states)):
        await until(lambda: bool(reading.ahead))
    assert reading.ahead == [(["running"],)]


async def test_job_that_waited_for_its_place_reads_again(lite: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Unlimited):
        async def take_lane(self, _job: Job) -> None:
            await asyncio.sleep(0.005)

    monkeypatch.setattr(runner, "FRESH", 0.004)
    reading = Reading()
    await lite.put(job())
    async with lite.working(reading.kind(states), budget=Slow()):
        await until(lambda: bool(reading.ahead))
    assert reading.ahead == [()]


@pytest.mark.parametrize("how", ["its rows are gone", "the statement fails"])
async def test_job_that_cannot_be_read_for_holds_nobody_up(lite: Engine, how: str) -> None:
    def broken(_job: Job) -> Steps[None]:
        if how == "its rows are gone":
            raise LookupError(how)
        yield "SELECT nonsense", ()

    reading = Reading()
    await lite.put(job(payload={"n": 1}), job(payload={"n": 2}))
    async with lite.working(reading.kind(broken)):
        await until(lambda: len(reading.ahead) == 2)
    assert reading.ahead == [(), ()]
