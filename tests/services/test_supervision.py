"""Work that is to last is begun again however it ends, and says so."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from services.supervision import FAILURES, Supervisor
from tests.jobs.engine import until

SOON = (0.01,)


@contextlib.asynccontextmanager
async def kept(supervisor: Supervisor, work: Callable[[], Awaitable[None]]) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(supervisor.keep("part", work, "it fails"))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def raises() -> None:
    raise OSError("gone")


async def returns() -> None:
    return None


async def is_cancelled() -> None:
    """What it waited for was given up by whoever was to bring it."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


@pytest.mark.parametrize("end", [raises, returns, is_cancelled])
async def test_however_it_ends_it_is_begun_again(end: Callable[[], Awaitable[None]]) -> None:
    begun = 0
    works = asyncio.Event()

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun <= 3:
            await end()
        else:
            works.set()
            await asyncio.Event().wait()

    counted = FAILURES.labels("part")._value.get()
    supervisor = Supervisor(pauses=SOON)
    async with kept(supervisor, work):
        await asyncio.wait_for(works.wait(), 10)
        assert supervisor.well("part")
    assert FAILURES.labels("part")._value.get() - counted == 3


async def test_it_is_not_well_between_a_failure_and_the_next_beginning() -> None:
    supervisor = Supervisor(pauses=(60.0,))
    assert supervisor.well("part")
    async with kept(supervisor, raises):
        await until(lambda: not supervisor.well("part"))


async def test_operators_hear_of_what_keeps_failing_once_and_until_it_is_told() -> None:
    told: list[str] = []
    away = [OSError("the database"), OSError("the database")]

    async def alarm(message: str, params: dict[str, str]) -> None:
        if away:
            raise away.pop()
        told.append(message)

    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        raise OSError("gone")

    async with kept(Supervisor(alarm, pauses=(0.001,)), work):
        await until(lambda: begun >= 2)
        await until(lambda: begun >= 12)
    assert told == ["it fails"]


async def test_a_cancelled_part_ends() -> None:
    async with kept(Supervisor(pauses=SOON), lambda: asyncio.Event().wait()) as task:  # type: ignore[arg-type,return-value]
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task], timeout=10)
        assert task.cancelled()


async def test_what_is_done_once_is_tried_until_it_is_done_or_final() -> None:
    tries = 0

    async def work() -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise OSError("gone")

    await Supervisor(pauses=SOON).finish("part", work, "it fails")
    assert tries == 3
    with pytest.raises(OSError, match="gone"):
        await Supervisor(pauses=SOON).finish("part", raises, "it fails", final=OSError)
