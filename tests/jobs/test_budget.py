"""Rates: never more than the platform takes, over all processes; little less than it would; the urgent first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from adapters.base import Rates
from models.enums import Priority
from services.budget import GRAIN, Budget, RatesOf, _of_lane
from services.jobs import Job
from tests.jobs.test_errors import claimed

CONTROL = Rates(per_second=30, per_recipient=1, burst=20)
FAST = Rates(per_second=200)


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
async def make(request: pytest.FixtureRequest) -> AsyncIterator[Callable[[RatesOf], Budget]]:
    """Makes budgets, as several processes would; those on Redis share their rates."""
    url = request.getfixturevalue("redis_url") if request.param == "redis" else None
    made: list[Budget] = []

    def new(rates: RatesOf) -> Budget:
        made.append(Budget(rates, url))
        return made[-1]

    yield new
    for budget in made:
        await budget.close()


@asynccontextmanager
async def lane() -> AsyncIterator[str]:
    """A lane that no other test or run has used."""
    yield f"lane:{time.time_ns()}"


def job(lane: str, target: str | None = None, priority: Priority = Priority.COPY) -> Job:
    return claimed(lane=lane, target=target, priority=priority)


def most_within(times: list[float], window: float) -> int:
    times = sorted(times)
    return max(sum(start <= at < start + window for at in times) for start in times)


async def test_chat_takes_a_burst_and_then_one_a_second(make: Callable[[RatesOf], Budget]) -> None:
    budget = make(lambda _: CONTROL)
    async with lane() as name:
        one = job(name, f"{name}:chat")
        waits = [await budget.wait_target(one) for _ in range(22)]
        assert waits[:20] == [0.0] * 20
        assert all(0.8 < wait <= 1.0 for wait in waits[20:])
        assert await budget.wait_target(job(name, f"{name}:other")) == 0.0
        assert await budget.wait_target(job(name)) == 0.0


async def test_lane_is_used_nearly_whole_and_never_more(make: Callable[[RatesOf], Budget]) -> None:
    budget = make(lambda _: FAST)
    async with lane() as name:
        times: list[float] = []

        async def worker() -> None:
            while time.monotonic() < started + 0.8:
                await budget.take_lane(job(name))
                times.append(time.monotonic())

        started = time.monotonic()
        await asyncio.gather(*(worker() for _ in range(12)))
    # In any second at most the rate: here per tenth of one, where the start and the slack weigh more.
    assert most_within(times, 0.1) <= 20 + 4
    assert len(times) <= 0.8 * 200 + 13
    assert len(times) >= 0.8 * 200 * 0.7


@pytest.mark.redis
async def test_rate_holds_over_all_processes(redis_url: str) -> None:
    budgets = [Budget(lambda _: FAST, redis_url) for _ in range(3)]
    times: list[float] = []

    async def worker(budget: Budget) -> None:
        while time.monotonic() < started + 0.6:
            await budget.take_lane(job(name))
            times.append(time.monotonic())

    async with lane() as name:
        started = time.monotonic()
        await asyncio.gather(*(worker(budget) for budget in budgets for _ in range(4)))
        assert 0.6 * 200 * 0.6 <= len(times) <= 0.6 * 200 + 13
        waits = await asyncio.gather(*(budget.wait_target(job(name, f"{name}:t")) for budget in budgets))
        assert waits == [0.0] * 3
    for budget in budgets:
        await budget.close()


@pytest.mark.parametrize("per_second", [1, 5, 20, 29.5, 30, 100, 1000])
def test_no_second_holds_more_than_the_rate(per_second: float) -> None:
    """GCRA lets through at most 1 + (window + tolerance) / interval within a window."""
    quota = _of_lane(Rates(per_second=per_second))
    interval = quota.emission_interval * GRAIN
    tolerance = (quota.burst - GRAIN) * quota.emission_interval
    assert (1 + tolerance) / interval < per_second
    assert 1 / interval >= 0.98 * per_second


async def test_lane_without_rates_waits_for_nothing(make: Callable[[RatesOf], Budget]) -> None:
    budget = make(lambda _: None)
    async with asyncio.timeout(1):
        for _ in range(300):
            assert await budget.wait_target(job("free", "free:chat")) == 0.0
            await budget.take_lane(job("free"))


async def test_slow_rates_are_kept_too(make: Callable[[RatesOf], Budget]) -> None:
    budget = make(lambda _: Rates(per_second=0.5, per_recipient=20 / 60, burst=1))
    async with lane() as name:
        assert await budget.wait_target(job(name, f"{name}:group")) == 0.0
        assert 2.9 < await budget.wait_target(job(name, f"{name}:group")) <= 3.0


async def test_most_urgent_goes_first(make: Callable[[RatesOf], Budget]) -> None:
    budget = make(lambda _: Rates(per_second=50))
    async with lane() as name:
        went: list[Priority] = []

        async def wait(priority: Priority) -> None:
            await budget.take_lane(job(name, priority=priority))
            went.append(priority)

        broadcasts = [asyncio.create_task(wait(Priority.BROADCAST)) for _ in range(6)]
        await asyncio.sleep(0.03)
        seen = len(went)
        answers = [asyncio.create_task(wait(Priority.ANSWER)) for _ in range(2)]
        await asyncio.gather(*broadcasts, *answers)
    # One may have been asking at that moment.
    assert went[seen : seen + 3].count(Priority.ANSWER) == 2


async def test_one_who_gives_up_lets_the_next_go(make: Callable[[RatesOf], Budget]) -> None:
    budget = make(lambda _: Rates(per_second=50))
    async with lane() as name:
        tasks = [asyncio.create_task(budget.take_lane(job(name))) for _ in range(5)]
        await asyncio.sleep(0.01)
        for task in tasks[:4]:
            task.cancel()
        async with asyncio.timeout(1):
            await tasks[4]
        await asyncio.gather(*tasks, return_exceptions=True)
        assert budget._queues == {}


async def test_direct_call_waits_for_chat_and_lane_before_all_jobs(make: Callable[[RatesOf], Budget]) -> None:
    budget = make(lambda _: Rates(per_second=50, per_recipient=25, burst=1))
    async with lane() as name:
        went: list[str] = []

        async def jobs_wait(n: int) -> None:
            await budget.take_lane(job(name))
            went.append(f"job {n}")

        started = time.monotonic()
        await budget.take(name, f"{name}:chat")
        waiting = [asyncio.create_task(jobs_wait(n)) for n in range(6)]
        await budget.take(name, f"{name}:chat")
        assert time.monotonic() - started >= 0.035
        assert len(went) <= 3
        await asyncio.gather(*waiting)


async def test_lost_redis_leaves_each_process_to_itself() -> None:
    budget = Budget(lambda _: Rates(per_second=100, per_recipient=1, burst=2), "redis://127.0.0.1:1/0")
    async with asyncio.timeout(3):
        waits = [await budget.wait_target(job("l", "l:chat")) for _ in range(3)]
        await budget.take_lane(job("l"))
    assert waits[:2] == [0.0, 0.0]
    assert waits[2] > 0
    await budget.close()


async def test_without_redis_each_keeps_to_its_part() -> None:
    workers = [Budget(lambda _: CONTROL, None, lambda: 2) for _ in range(2)]
    async with lane() as name:
        one = job(name, f"{name}:chat")
        waits = [await worker.wait_target(one) for worker in workers for _ in range(11)]
        assert [wait for wait in waits if not wait] == [0.0] * 20
        assert all(1.8 < wait <= 2.0 for wait in waits if wait)


@pytest.mark.redis
async def test_lost_redis_gives_nobody_a_second_burst(redis_url: str) -> None:
    budget = Budget(lambda _: CONTROL, redis_url)
    async with lane() as name:
        one = job(name, f"{name}:chat")
        assert [await budget.wait_target(one) for _ in range(20)] == [0.0] * 20
        budget._away_until = asyncio.get_running_loop().time() + 60
        assert await budget.wait_target(one) > 0
    await budget.close()
