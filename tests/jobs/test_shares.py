"""Nobody stops anybody else: projects take turns in a lane, and what answers people has a part of it, not all."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from adapters.base import Rates
from models.enums import Priority
from services import clock, sql
from services.claiming import PER_LANE
from services.jobs import Job
from services.turns import WEIGHTS, Line, Place, Queue
from tests.jobs.crowds import LOADS, Desk, copy, loaded, projects, put
from tests.jobs.engine import Engine


async def all_in_turn(engine: Engine) -> list[Job]:
    """What there is, one after another."""
    found = []
    while claimed := await engine.claim(1):
        found += claimed
        await engine.complete(*claimed)
    return found


async def test_first_of_all_before_second_of_any(engine: Engine) -> None:
    many, few, one = await projects(3)
    await put([copy(many, "a", f"a{n % 7}") for n in range(50)])
    await put([copy(few, "b", "b") for _ in range(3)])
    await put([copy(one, "c")])
    order = [job.project_id for job in await all_in_turn(engine)]
    assert sorted(order[:3]) == sorted([many, few, one])
    assert sorted(order[3:5]) == sorted(order[5:7]) == sorted([many, few])
    assert order[7:] == [many] * 47


async def test_who_comes_anew_alternates_with_who_has_been_served_for_long(engine: Engine) -> None:
    old, new = await projects(2)
    await put([copy(old, "a") for _ in range(200)])
    for _ in range(100):
        await engine.complete(*(await engine.claim(1)))
    await put([copy(new, "b") for _ in range(100)])
    order = [job.project_id for job in await all_in_turn(engine)]
    assert set(order[:32]) == {new}
    assert Counter(order[40:140])[old] == pytest.approx(50, abs=2)


async def test_jobs_of_nobodys_project_are_one_share(engine: Engine) -> None:
    [mine] = await projects(1)
    await put([copy(None, f"{n}") for n in range(30)])
    await put([copy(mine, "mine")])
    order = [job.project_id for job in await all_in_turn(engine)]
    assert mine in order[:2]


async def test_turns_are_taken_within_a_priority(engine: Engine) -> None:
    one, other = await projects(2)
    await put([copy(one, "a", priority=Priority.COPY) for _ in range(5)])
    await put([copy(other, "b", priority=Priority.TICK)])
    assert [job.project_id for job in await all_in_turn(engine)] == [one] * 5 + [other]


async def test_what_is_tried_again_comes_at_its_time_whatever_waits(engine: Engine) -> None:
    [one] = await projects(1)
    await put([copy(one, "a")])
    [failed] = await engine.claim()
    await engine.put_back(failed, 30)
    await put([copy(one, "a") for _ in range(40)])
    assert failed.id not in [job.id for job in await engine.claim()]
    clock.shift(timedelta(seconds=31))
    assert failed.id in [job.id for job in await engine.claim(room={"control:1": 40, "control:1:a": 40})]


@pytest.mark.parametrize("load", LOADS)
async def test_normal_load_is_carried_out_at_once_beside(engine: Engine, load: str) -> None:
    """Counted in others' jobs that went before, not in time: what was under way and one round at most."""
    mine, *others = await projects(37)
    desk = Desk(engine.postgres, Rates(per_second=150))
    async with loaded(LOADS[load], desk, others), desk.working():
        await asyncio.sleep(0.5)
        await desk.mine(mine, 12, 0.02)
    # Those that began before, and as many that ended while it was claimed.
    assert sorted(desk.overtaken)[-2] <= 2 * PER_LANE
    if load != "a team of 36":
        return
    waiting = await sql.fetch("SELECT COUNT(*) AS n FROM jobs WHERE state = 'queued'")
    assert waiting[0]["n"] > 100


async def test_classes_share_by_their_weights(engine: Engine) -> None:
    queue, given = Queue(), Counter[Line]()

    async def ask() -> float:
        await asyncio.sleep(0)
        return 0.0

    async def one(line: Line) -> None:
        await queue.take(Place(line, whose=str(line)), ask)
        given[line] += 1
        if sum(given.values()) == 100:
            seen.update(given)

    seen = Counter[Line]()
    async with asyncio.TaskGroup() as group:
        for _ in range(100):
            for line in Line:
                group.create_task(one(line))
    assert all(abs(seen[line] - 10 * WEIGHTS[line]) <= 4 for line in Line)
    assert queue.empty


async def test_among_those_who_press_nobody_waits_for_one_who_presses_all_the_time() -> None:
    queue, order, gate = Queue(), list[str](), asyncio.Event()

    async def ask() -> float:
        await gate.wait()
        return 0.0

    async def one(whose: str) -> None:
        await queue.take(Place(Line.DIRECT, whose=whose), ask)
        order.append(whose)

    async with asyncio.TaskGroup() as group:
        for whose in ["busy"] * 10 + ["calm"]:
            group.create_task(one(whose))
        await asyncio.sleep(0)
        gate.set()
    assert "calm" in order[:3]
