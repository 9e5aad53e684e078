"""What a worker takes: due, most urgent first, nothing paused, few of each lane, and all of it by an index."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from models.enums import Priority
from models.fields import to_text
from services import clock, jobs, sql, sweeping
from services.claiming import CLAIM, PER_LANE, PER_TARGET, UPCOMING
from services.retention import Retention
from tests.jobs.engine import Engine, Notes, job, until


async def many(count: int, lane: str, priority: Priority, after: timedelta = timedelta()) -> None:
    """Queue many at once, by one statement: making them is not what is tested."""
    made, at = to_text(clock.now()), to_text(clock.now() + after)
    rows = ", ".join(
        f"('note', '{lane}', 't{n}', 0, {int(priority)}, '{at}', '{at}', 'queued', 0, FALSE, '{{}}', '{made}')"
        for n in range(count)
    )
    await sql.fetch(
        "INSERT INTO jobs (kind, lane, target, seq, priority, due_at, run_at, state, attempts, suspect, payload,"
        f" created_at) VALUES {rows}"
    )


async def test_answer_overtakes_five_thousand_broadcasts(engine: Engine) -> None:
    await many(5000, "channel:1", Priority.BROADCAST)
    await engine.put(job(lane="channel:1", priority=Priority.ANSWER, payload={"n": "answer"}))
    claimed = await engine.claim()
    assert claimed[0].payload == {"n": "answer"}
    assert len(claimed) == PER_LANE


async def test_full_lane_leaves_the_rest_to_others(engine: Engine) -> None:
    await many(300, "channel:1", Priority.ANSWER)
    await many(3, "channel:2", Priority.BROADCAST)
    claimed = await engine.claim(32)
    assert [one.lane for one in claimed] == ["channel:1"] * PER_LANE + ["channel:2"] * 3
    assert await engine.claim(32, shut=["channel:1"]) == []


async def test_room_counts_what_is_under_way(engine: Engine) -> None:
    await many(20, "a", Priority.COPY)
    assert len(await engine.claim(32, room={"a": 2})) == 2
    await engine.put_all(job(lane="b", target="b:chat") for _ in range(20))
    assert len(await engine.claim(32, shut=["a"])) == PER_TARGET
    assert len(await engine.claim(32, shut=["a"], room={"b:chat": 1})) == 1
    assert await engine.claim(32, shut=["a", "b:chat"]) == []


async def test_ranks_then_time_then_age(engine: Engine) -> None:
    now = clock.now()
    for n, (priority, after) in enumerate(
        [(Priority.TICK, 0), (Priority.COPY, 2), (Priority.COPY, 1), (Priority.COPY, 1), (Priority.ANSWER, 3)]
    ):
        at = now + timedelta(seconds=after)
        await engine.put(job(lane=f"l{n}", priority=priority, run_at=at, payload={"n": n}))
    clock.shift(timedelta(seconds=5))
    assert [one.payload["n"] for one in await engine.claim()] == [4, 2, 3, 1, 0]


@pytest.mark.parametrize("paused", ["lane", "lane:chat", "lane#note"])
async def test_pause_of_a_lane_a_chat_or_a_method(engine: Engine, paused: str) -> None:
    await engine.put(
        job(target="lane:chat", payload={"n": "here"}),
        job("other", payload={"n": "other kind"}),
        job(lane="elsewhere", payload={"n": "elsewhere"}),
    )
    until = clock.now() + timedelta(seconds=10)
    await sql.transact(lambda: jobs.pause(paused, until, "Throttled"))
    taken = {one.payload["n"] for one in await engine.claim()}
    assert taken == ({"elsewhere"} if paused == "lane" else {"other kind", "elsewhere"})
    clock.shift(timedelta(seconds=11))
    assert "here" in {one.payload["n"] for one in await engine.claim()}


async def test_longer_pause_stands(engine: Engine) -> None:
    now = clock.now()
    await sql.transact(lambda: jobs.pause("lane", now + timedelta(seconds=60), "long"))
    await sql.transact(lambda: jobs.pause("lane", now + timedelta(seconds=5), "short"))
    await engine.put(job())
    clock.shift(timedelta(seconds=30))
    assert await engine.claim() == []


async def test_resuming_runs_at_once_what_waited_for_its_retry(engine: Engine) -> None:
    await engine.put(job(), job(run_at=clock.now() + timedelta(hours=1)))
    [failed] = await engine.claim()
    await engine.put_back(failed, 3600)
    await sql.transact(lambda: jobs.pause("lane", clock.now() + timedelta(hours=1), "CredentialsRevoked"))
    assert await engine.claim() == []
    await sql.transact(lambda: jobs.resume("lane"))
    assert [one.id for one in await engine.claim()] == [failed.id]


async def test_abandoned_job_is_taken_again_as_suspect(engine: Engine) -> None:
    await engine.put(job(order_key="a", payload={"n": 0}), job(order_key="a", payload={"n": 1}))
    [first] = await engine.claim()
    assert not first.suspect
    clock.shift(jobs.LEASE - timedelta(seconds=1))
    assert await engine.claim() == []
    clock.shift(timedelta(seconds=2))
    [again] = await engine.claim()
    assert (again.id, again.suspect, again.attempts) == (first.id, True, 2)
    assert await engine.complete(first, again) == [False, True]
    assert [one.payload["n"] for one in await engine.claim()] == [1]


async def test_who_is_alone_need_not_wait_for_the_leases_of_the_dead(engine: Engine) -> None:
    await engine.put(job())
    [first] = await engine.claim()
    assert await engine.claim() == []
    assert await sql.transact(jobs.disown) == 1
    [again] = await engine.claim()
    assert (again.id, again.suspect) == (first.id, True)


async def test_renewed_lease_is_not_abandoned(engine: Engine) -> None:
    await engine.put(job())
    [first] = await engine.claim()
    clock.shift(jobs.LEASE * 0.9)
    kept = await sql.transact(lambda: jobs.renew([first], clock.now() + jobs.LEASE))
    assert kept == {(first.id, first.lease_token)}
    clock.shift(jobs.LEASE * 0.9)
    assert await engine.claim() == []


async def test_dropping_takes_kinds_out_of_a_lane(engine: Engine) -> None:
    await engine.put(job(payload={"n": 1}), job("other", payload={"n": 2}), job(lane="b", payload={"n": 3}))
    assert await sql.transact(lambda: jobs.drop("lane", ["note"])) == [{"n": 1}]
    assert {one.payload["n"] for one in await engine.claim()} == {2, 3}


async def test_refused_jobs_are_kept_for_a_while(engine: Engine) -> None:
    [one] = await engine.put(job())
    [claimed] = await engine.claim()
    await sql.transact(lambda: jobs.refuse(claimed, ValueError("the chat is gone"), None))
    row = await engine.row(one)
    assert row is not None
    assert (row["state"], row["last_error"]) == ("refused", "ValueError: the chat is gone")
    await sql.transact(lambda: jobs.pause("lane", clock.now() + timedelta(seconds=1), "x"))
    clock.shift(sweeping.REFUSED_KEPT - timedelta(hours=1))
    await sql.transact(jobs.sweep)
    await sweeping.refused_jobs(retention := Retention())
    assert await engine.count() == 1
    assert await sql.fetch("SELECT lane FROM lane_pauses") == []
    clock.shift(timedelta(hours=2))
    await sweeping.refused_jobs(retention)
    assert await engine.count() == 0


async def test_upcoming_is_the_next_to_fall_due(engine: Engine) -> None:
    await engine.put(job())
    now = clock.now()
    assert await sql.transact(lambda: jobs.upcoming(now, postgres=engine.postgres)) is None
    for seconds, priority in [(90, Priority.ANSWER), (60, Priority.BROADCAST)]:
        await engine.put(job(run_at=now + timedelta(seconds=seconds), priority=priority))
    assert await sql.transact(lambda: jobs.upcoming(now, postgres=engine.postgres)) == now + timedelta(seconds=60)
    await sql.transact(lambda: jobs.pause("lane", now + timedelta(seconds=30), "x"))
    assert await sql.transact(lambda: jobs.upcoming(now, postgres=engine.postgres)) == now + timedelta(seconds=30)


async def planned(engine: Engine, statement: str) -> str:
    """How the database goes about a look."""
    now = clock.now()
    values = (now, now, "token", "[]", "{}", 32, 12, 4) if statement == "claim" else (now,)
    text = CLAIM[engine.postgres] if statement == "claim" else UPCOMING[engine.postgres]
    if engine.postgres:
        kinds = ["timestamptz", "timestamptz", "text", "text", "text", "int", "int", "int"]
        text = re.sub(r"\?(\d)", lambda n: f"'{values[int(n[1]) - 1]}'::{kinds[int(n[1]) - 1]}", text)
        return "\n".join(row["QUERY PLAN"] for row in await sql.fetch(f"EXPLAIN {text}"))
    rows = await sql.fetch(f"EXPLAIN QUERY PLAN {text}", *values)
    return "\n".join(row["detail"] for row in rows)


@pytest.mark.parametrize("statement", ["claim", "upcoming"])
async def test_no_look_reads_the_whole_table(engine: Engine, statement: str) -> None:
    await many(3000, "channel:1", Priority.BROADCAST)
    await many(3000, "channel:2", Priority.AUTOMATION, timedelta(days=1))
    await sql.fetch("UPDATE jobs SET order_key = 'k' || (id % 100), seq = id")
    await sql.fetch("ANALYZE")
    plan = await planned(engine, statement)
    if engine.postgres:
        assert "Seq Scan on jobs" not in plan, plan
    else:
        whole = re.findall(r"^SCAN (?:jobs|j|e|r)\b.*", plan, re.MULTILINE)
        # The few that run are looked through for abandoned ones.
        assert [line for line in whole if "idx_jobs_running" not in line] == []
    assert "idx_jobs_due" in plan


@pytest.mark.parametrize("migrated_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
async def test_plan_that_is_made_while_there_are_few_jobs_suits_many(engine: Engine) -> None:
    """PostgreSQL keeps it for as long as nobody has counted the rows anew."""
    await engine.put(job())
    await sql.fetch("ANALYZE jobs")
    assert "Seq Scan on jobs" not in await planned(engine, "claim")


async def test_jobs_of_the_future_cost_a_claim_nothing(engine: Engine) -> None:
    notes = Notes()
    await many(3000, "channel:2", Priority.ANSWER, timedelta(days=1))
    await engine.put(job(priority=Priority.BROADCAST, payload={"n": 1}))
    async with engine.working(notes):
        await until(lambda: notes.values == [1])
