"""Steps: transactions, savepoints, groups, races, cancellation, and the word after a commit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError

from models.work import LanePause
from services import clock, jobs, sql
from services.sql import Grouped, Make, Steps, fetch, one, run, transact, transact_all, transaction, when
from tests.jobs.engine import Engine, job
from tests.jobs.outage import outage

LEASE = "INSERT INTO leases (name, holder, until) VALUES (?, ?, ?)"


def lease(name: str, holder: str = "me") -> Steps[str]:
    yield LEASE, (name, holder, clock.now())
    return name


def wrong(name: str) -> Steps[str]:
    yield LEASE, (name, "me", clock.now())
    raise ValueError(name)


def doubled(name: str) -> Steps[str]:
    yield LEASE, (name, "me", clock.now())
    yield LEASE, (name, "me", clock.now())
    return name


def broken(name: str) -> Steps[str]:
    yield LEASE, (name, "me", clock.now())
    yield "SELECT nonsense FROM nowhere", ()
    return name


async def names() -> list[str]:
    return [row["name"] for row in await fetch("SELECT name FROM leases ORDER BY name")]


@pytest.fixture
def commits(engine: Engine) -> Iterator[list[int]]:
    heard: list[int] = []
    sql.on_commit(lambda: heard.append(1))
    yield heard
    sql.on_commit(None)


async def test_values_come_back_as_they_went(engine: Engine) -> None:
    moment = datetime(2026, 3, 1, 12, 30, 0, 5, tzinfo=UTC)
    later = moment.astimezone(tz=None) + timedelta(hours=1)
    await transact(lambda: one("INSERT INTO leases (name, holder, until) VALUES (?, ?, ?)", "ключ", "é", later))
    [row] = await fetch("SELECT * FROM leases WHERE until > ?", moment)
    assert (row["name"], row["holder"], when(row["until"])) == ("ключ", "é", moment + timedelta(hours=1))


async def test_moment_without_a_zone_is_refused(engine: Engine) -> None:
    naive = clock.now().replace(tzinfo=None)
    with pytest.raises(ValueError, match="zone"):
        await fetch("SELECT name FROM leases WHERE until > ?", naive)


@pytest.mark.parametrize("failing", [wrong, doubled, broken])
async def test_failing_steps_leave_nothing(engine: Engine, failing: type[wrong]) -> None:  # type: ignore[valid-type]
    with pytest.raises((ValueError, IntegrityError, OperationalError)):
        await transact(lambda: failing("a"))
    assert await names() == []
    assert await transact(lambda: lease("a")) == "a"


async def test_errors_have_one_name_on_both_databases(engine: Engine) -> None:
    with pytest.raises(IntegrityError):
        await transact(lambda: doubled("a"))
    with pytest.raises(OperationalError) as caught:
        await transact(lambda: broken("a"))
    assert not isinstance(caught.value, IntegrityError)
    await transact(lambda: lease("a"))
    with pytest.raises(IntegrityError):
        await run(lease("a"))


async def test_lost_race_is_run_again(engine: Engine) -> None:
    tries = []

    def meeting() -> Steps[int]:
        tries.append(1)
        yield from lease("taken" if len(tries) < 3 else "free")
        return len(tries)

    await transact(lambda: lease("taken"))
    assert await transact(meeting) == 3


async def test_deadlock_is_run_again(engine: Engine) -> None:
    """Two transactions that lock the same two rows in opposite order."""

    async def cross(first: str, second: str) -> None:
        def steps() -> Steps[None]:
            if engine.postgres:
                yield "SET LOCAL deadlock_timeout = '20ms'", ()
            for name in (first, second):
                yield f"SELECT name FROM leases WHERE name = ? {sql.LOCK}", (name,)
                yield "UPDATE leases SET holder = ? WHERE name = ?", (first, name)
                if engine.postgres:
                    yield "SELECT pg_sleep(0.02)", ()

        await transact(steps)

    await transact_all([lambda: lease("a"), lambda: lease("b")])
    await asyncio.gather(cross("a", "b"), cross("b", "a"))


async def test_one_that_fails_undoes_only_itself(engine: Engine) -> None:
    makes: list[Make[str]] = [lambda: lease("a"), lambda: wrong("b"), lambda: lease("c"), lambda: doubled("d")]
    results = await transact_all(makes)
    assert results[0] == "a"
    assert isinstance(results[1], ValueError)
    assert results[2] == "c"
    assert isinstance(results[3], IntegrityError)
    assert await names() == ["a", "c"]


async def test_steps_join_an_open_transaction(engine: Engine) -> None:
    async def undone() -> None:
        async with transaction():
            await run(lease("a"))
            await transact(lambda: lease("b"))
            results = await transact_all([lambda: lease("c"), lambda: wrong("d")])
            assert results[0] == "c"
            assert await names() == ["a", "b", "c"]
            raise RuntimeError("undo")

    with pytest.raises(RuntimeError, match="undo"):
        await undone()
    assert await names() == []


async def test_transaction_inside_another_is_a_savepoint(engine: Engine, commits: list[int]) -> None:
    async def inner() -> None:
        async with transaction():
            await run(lease("inner"))
            raise RuntimeError

    async with transaction():
        await run(jobs.enqueue(job()))
        with pytest.raises(RuntimeError):
            await inner()
        async with transaction():
            await run(lease("kept"))
        assert commits == []
    assert commits == [1]
    assert await names() == ["kept"]


async def test_task_that_outlives_its_transaction_has_its_own(engine: Engine) -> None:
    async def afterwards() -> None:
        await over.wait()
        await transact(lambda: lease("task"))
        await Grouped().submit(lambda: lease("group"))

    over = asyncio.Event()
    async with transaction():
        task = asyncio.create_task(afterwards())
        await run(lease("first"))
    over.set()
    await task
    assert await names() == ["first", "group", "task"]


async def test_only_commits_that_made_jobs_are_told(engine: Engine, commits: list[int]) -> None:
    await transact(lambda: lease("a"))
    await fetch("SELECT name FROM leases")
    async with transaction():
        await LanePause.create(lane="x", until=clock.now(), reason="")
    with pytest.raises(ValueError, match="undone"):
        await transact(lambda: undone())
    assert commits == []
    await engine.put(job())
    await transact_all([lambda: lease("b"), lambda: jobs.enqueue(job())])
    await Grouped().submit(lambda: jobs.enqueue(job()))
    assert commits == [1, 1, 1]


def undone() -> Steps[None]:
    yield from jobs.enqueue(job())
    raise ValueError("undone")


async def test_group_gathers_while_a_commit_runs(engine: Engine) -> None:
    group = Grouped(limit=8)
    results = await asyncio.gather(*(group.submit(lambda n=n: lease(f"{n:03}")) for n in range(50)))
    assert results == [f"{n:03}" for n in range(50)]
    assert await names() == results


async def test_group_gives_each_its_own_end(engine: Engine) -> None:
    group = Grouped()
    ends = await asyncio.gather(
        group.submit(lambda: lease("a")),
        group.submit(lambda: wrong("b")),
        group.submit(lambda: doubled("c")),
        group.submit(lambda: lease("d")),
        return_exceptions=True,
    )
    assert (ends[0], ends[3]) == ("a", "d")
    assert isinstance(ends[1], ValueError)
    assert isinstance(ends[2], IntegrityError)
    assert await names() == ["a", "d"]


async def test_group_survives_one_that_breaks_the_commit_itself(engine: Engine) -> None:
    """A deferred constraint fails at COMMIT, which no savepoint contains."""

    def dangling() -> Steps[None]:
        if not engine.postgres:
            yield "PRAGMA defer_foreign_keys = ON", ()
        yield "INSERT INTO child (parent) VALUES (1)", ()

    await fetch("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
    await fetch("CREATE TABLE child (parent INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)")
    try:
        group = Grouped()
        ends = await asyncio.gather(
            group.submit(lambda: lease("a")),
            group.submit(dangling),
            group.submit(lambda: lease("b")),
            return_exceptions=True,
        )
        assert (ends[0], ends[2]) == ("a", "b")
        assert isinstance(ends[1], IntegrityError)
    finally:
        await fetch("DROP TABLE child")
        await fetch("DROP TABLE parent")


async def test_group_tells_everybody_that_the_database_is_away(engine: Engine, database: str) -> None:
    group = Grouped()
    async with outage(database):
        ends = await asyncio.gather(
            *(group.submit(lambda n=n: lease(f"{n}")) for n in range(3)), return_exceptions=True
        )
        assert all(isinstance(end, DBConnectionError | OperationalError) for end in ends), ends
    assert await group.submit(lambda: lease("back")) == "back"
    assert await names() == ["back"]


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
async def test_full_disk_undoes_the_whole_group_and_spoils_nothing(engine: Engine) -> None:
    """SQLite's page limit plays the full disk."""
    [pages] = await fetch("PRAGMA page_count")
    await fetch(f"PRAGMA max_page_count = {pages['page_count']}")

    def large(n: int) -> Steps[None]:
        yield "INSERT INTO wizard_states (key, state, updated_at) VALUES (?, ?, ?)", (f"{n}", "x" * 9000, clock.now())

    group = Grouped()
    ends = await asyncio.gather(*(group.submit(lambda n=n: large(n)) for n in range(40)), return_exceptions=True)
    assert any(isinstance(end, DBConnectionError) for end in ends)
    await fetch("PRAGMA max_page_count = 1000000")
    assert await group.submit(lambda: lease("a")) == "a"
    async with transaction():
        await LanePause.create(lane="x", until=clock.now(), reason="")


async def test_waiting_for_a_group_inside_a_transaction_is_refused(engine: Engine) -> None:
    async with transaction():
        with pytest.raises(RuntimeError, match="for ever"):
            await Grouped().submit(lambda: lease("a"))


async def test_cancelled_callers_leave_neither_lock_nor_half_a_transaction(engine: Engine) -> None:
    group = Grouped()

    async def through_the_orm() -> None:
        async with transaction():
            await LanePause.create(lane=f"{clock.now()}", until=clock.now(), reason="")
            await run(lease(f"{clock.now()}"))

    for turn in range(60):
        tasks = [
            asyncio.create_task(transact(lambda turn=turn: two(turn))),
            asyncio.create_task(through_the_orm()),
            asyncio.create_task(group.submit(lambda turn=turn: lease(f"group {turn}"))),
            asyncio.create_task(transact_all([lambda turn=turn: lease(f"all {turn}")])),
        ]
        for _ in range(turn % 7):
            await asyncio.sleep(0)
        await asyncio.sleep((turn % 5) / 2000)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    async with asyncio.timeout(5):
        await through_the_orm()
        assert await transact(lambda: lease("free")) == "free"
    [halves] = await fetch(
        "SELECT COUNT(*) AS n FROM leases a WHERE a.name LIKE 'two %'"
        " AND NOT EXISTS (SELECT 1 FROM leases b WHERE b.name = 'and ' || a.name)"
    )
    assert halves["n"] == 0


def two(turn: int) -> Steps[None]:
    yield from lease(f"two {turn}")
    yield from lease(f"and two {turn}")
