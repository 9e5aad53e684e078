"""What others may do to the one lane of a control bot, beside a project with a normal load."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from adapters.base import Rates
from models.enums import Priority
from models.people import Account, Project
from services import clock, job_batches, sql
from services.budget import Budget
from services.jobs import Job, Kind, NewJob
from services.runner import Runner

LANE = "control:1"
MINE = "control:1:mine"


async def projects(count: int) -> list[int]:
    """So many projects; returns their ids."""
    made, now = [], clock.now()
    account = await Account.create(name="Соседи", created_at=now)
    for number in range(count):
        project = await Project.create(
            account=account, name=f"{number}", time_zone="Europe/Moscow", language="ru", created_at=now
        )
        made.append(project.id)
    return made


def copy(project: int | None, chat: str, key: str | None = None, priority: Priority = Priority.COPY) -> NewJob:
    return NewJob("copy", LANE, priority, project_id=project, target=f"{LANE}:{chat}", order_key=key)


@dataclass
class Desk:
    """A worker, its rates, and whose calls were made, in order. rtt: how many seconds each takes."""

    postgres: bool
    rates: Rates
    rtt: float = 0.0
    done: list[str | None] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    waits: list[float] = field(default_factory=list)
    overtaken: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.budget = Budget(lambda lane: self.rates if lane == LANE else None)

    async def perform(self, job: Job) -> None:
        await asyncio.sleep(self.rtt)
        self.done.append(job.target)
        if job.target == MINE:
            self.came.set()

    async def answer(self, chat: str, *, stranger: bool) -> None:
        """Without end, as soon as there is a place."""
        while True:
            await self.budget.take(LANE, f"{LANE}:{chat}", stranger=stranger)
            self.done.append(chat)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Runner]:
        runner = Runner({"copy": Kind(self.perform)}, postgres=self.postgres, budget=self.budget)
        sql.on_commit(runner.wake)
        task = asyncio.create_task(runner.run())
        try:
            yield runner
        finally:
            runner.stop()
            await task
            sql.on_commit(None)

    async def mine(self, project: int, count: int, pause: float) -> None:
        """A project with a normal load: a copy after each pause, one at a time."""
        for _ in range(count):
            before, started = len(self.done), time.perf_counter()
            await put([copy(project, "mine")])
            await asyncio.wait_for(self.came.wait(), 60)
            self.came.clear()
            self.waits.append(time.perf_counter() - started)
            self.overtaken.append(self.done[before:].index(MINE))
            await asyncio.sleep(pause)


async def put(wanted: list[NewJob]) -> None:
    await sql.transact(lambda: job_batches.enqueue_all([(one, None) for one in wanted]))


Load = Callable[[Desk, list[int]], Awaitable[list[asyncio.Task[None]]]]


async def accounts(desk: Desk, others: list[int]) -> list[asyncio.Task[None]]:
    """Free accounts, 36 of them, with 60 copies each."""
    for number in others:
        await put([copy(number, f"{number}", f"{number}:{n % 5}") for n in range(60)])
    return []


async def team(desk: Desk, others: list[int]) -> list[asyncio.Task[None]]:
    """A team of 36 in whose dialogs everybody is: 60 messages come to each of them."""
    for n in range(60):
        await put([copy(others[0], f"member{m}", f"{m}:{n % 5}") for m in range(36)])
    return []


async def strangers(desk: Desk, others: list[int]) -> list[asyncio.Task[None]]:
    """People who never registered, 40 of them, each asking again as soon as there is an answer."""
    return [asyncio.create_task(desk.answer(f"stranger{n}", stranger=True)) for n in range(40)]


async def presses(desk: Desk, others: list[int]) -> list[asyncio.Task[None]]:
    """Members, 40 of them, pressing buttons without end."""
    return [asyncio.create_task(desk.answer(f"member{n}", stranger=False)) for n in range(40)]


LOADS: dict[str, Load] = {
    "36 accounts with 60 copies each": accounts, "40 strangers": strangers, "a team of 36": team,
    "40 who press buttons": presses,
}  # fmt: skip


@asynccontextmanager
async def loaded(load: Load, desk: Desk, others: list[int]) -> AsyncIterator[None]:
    tasks = await load(desk, others)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
