"""What goes wrong, one at a time: each strikes an installation for as long as its context lasts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from tests.chaos.installations import Installation, Large, Small
from tests.chaos.servers import in_thread

Strike = Callable[[Installation], AbstractAsyncContextManager[None]]
ECHO = 60.0
"""Seconds for which Facebook's echo of a doubtful answer is waited for."""
MINUTE = 60.0
"""Seconds for which Viber's refusal of whoever is too fast is waited out: it tells no time."""
LEASE = 28.0
"""Seconds that the jobs of a dead process wait for another one."""


@dataclass(frozen=True)
class Fault:
    """`absent` says why there is no such fault in an installation, None where there is.

    deadline: seconds after the fault's end within which everything must have come.
    """

    name: str
    title: str
    strike: Strike
    absent: Callable[[Installation], str | None] = lambda _: None
    deadline: float = 45.0


def _api(kind: str, **how: Any) -> Strike:
    """The messengers answer every method of all bots like this, with a probability."""

    @contextlib.asynccontextmanager
    async def strike(where: Installation) -> AsyncIterator[None]:
        fault = where.telegram.fault(kind, times=None, **how)
        with where.others.faulty(kind, **how):
            try:
                yield
            finally:
                where.telegram.world.faults.remove(fault.id)

    return strike


@contextlib.asynccontextmanager
async def _nothing(where: Installation) -> AsyncIterator[None]:
    yield


@contextlib.asynccontextmanager
async def _chat_429(where: Installation) -> AsyncIterator[None]:
    """One of the team's chats and some of the customers' are too fast, again and again."""
    people = [person for person in where.telegram.world.people.values() if person.staff][1:2]
    people += [person for person in where.telegram.world.people.values() if not person.staff][:4]
    faults = [where.telegram.fault("429", person=one, times=None, probability=0.5) for one in people]
    try:
        yield
    finally:
        for fault in faults:
            where.telegram.world.faults.remove(fault.id)


@contextlib.asynccontextmanager
async def _bot_429(where: Installation) -> AsyncIterator[None]:
    """Every bot, page and community is too fast as a whole: for two seconds of every three nothing gets through."""

    async def waves() -> None:
        while True:
            fault = where.telegram.fault("429", times=None, retry_after=2)
            with where.others.faulty("429"):
                await asyncio.sleep(2)
            where.telegram.world.faults.remove(fault.id)
            await asyncio.sleep(1)

    async with _meanwhile(waves()):
        yield
    for fault in list(where.telegram.world.faults.orders):
        where.telegram.world.faults.remove(fault.id)


@contextlib.asynccontextmanager
async def _meanwhile(work: Any) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def _deliveries(where: Installation) -> AsyncIterator[None]:
    """Webhooks come three times over, out of order, and some are lost on the way at first."""
    kinds = (("duplicate", 0.5), ("shuffle", 0.3), ("drop", 0.2))
    with contextlib.ExitStack() as stack:
        for kind, often in kinds:
            fault = where.telegram.fault(kind, where="webhook", times=None, probability=often, seconds=0.05)
            stack.callback(where.telegram.world.faults.remove, fault.id)
            stack.enter_context(where.others.faulty(kind, where="webhook", probability=often, seconds=0.05))
        yield


@contextlib.asynccontextmanager
async def _no_names(where: Installation) -> AsyncIterator[None]:
    """The messenger's name cannot be resolved, and connections that stand are cut."""
    await asyncio.sleep(2)
    cut = where.telegram.fault("reset_before", times=40)
    where.names_lost.touch()
    try:
        yield
    finally:
        where.names_lost.unlink(missing_ok=True)
        where.telegram.world.faults.remove(cut.id)


@contextlib.asynccontextmanager
async def _disk_full(where: Installation) -> AsyncIterator[None]:
    assert where.disk is not None
    await asyncio.sleep(2)
    if isinstance(where, Small):
        await in_thread(where.use_up_log)
    await in_thread(where.disk.fill)
    try:
        yield
    finally:
        await in_thread(where.disk.free)


def _no_disk(where: Installation) -> str | None:
    return None if where.disk else "n/a: this machine lets nobody mount a disk to fill"


@contextlib.asynccontextmanager
async def _locked(where: Installation) -> AsyncIterator[None]:
    await asyncio.sleep(2)
    async with where.locked():
        yield


@contextlib.asynccontextmanager
async def _database_restarted(where: Installation) -> AsyncIterator[None]:
    assert where.postgres is not None
    await asyncio.sleep(2)
    await in_thread(where.postgres.crash)
    await asyncio.sleep(3)
    await in_thread(where.postgres.start)
    yield


@contextlib.asynccontextmanager
async def _redis_gone(where: Installation) -> AsyncIterator[None]:
    assert where.redis is not None
    await asyncio.sleep(2)
    await in_thread(where.redis.kill)
    try:
        yield
    finally:
        await in_thread(where.redis.start)


def _only_large(why: str) -> Callable[[Installation], str | None]:
    return lambda where: None if isinstance(where, Large) else f"n/a: {why}"


def _killed(role: str) -> Strike:
    """kill -9 of the first process of a role in the middle of its work; it is started again two seconds later."""

    @contextlib.asynccontextmanager
    async def strike(where: Installation) -> AsyncIterator[None]:
        await asyncio.sleep(3)
        process = where.processes[role][0]
        await process.kill()
        await asyncio.sleep(2)
        await process.start()
        yield
        await process.ready()

    return strike


def _has(role: str) -> Callable[[Installation], str | None]:
    return lambda where: None if role in where.processes else f"n/a: no `{role}` here"


def _jump(seconds: float) -> Strike:
    """The clock of every process jumps, and jumps back."""

    @contextlib.asynccontextmanager
    async def strike(where: Installation) -> AsyncIterator[None]:
        await asyncio.sleep(2)
        where.move_clock(seconds)
        try:
            yield
        finally:
            where.move_clock(0)

    return strike


FAULTS = {
    fault.name: fault
    for fault in (
        Fault("none", "nothing", _nothing),
        Fault("429-chat", "429, scope chat: half of the calls to five chats", _chat_429),
        Fault("429-bot", "429, scope bot, page, community: 2 s of every 3", _bot_429, deadline=MINUTE + 45),
        Fault("500", "500: 30 % of the calls", _api("500", probability=0.3)),
        Fault("reset-before", "reset before the effect: 15 %", _api("reset_before", probability=0.15),
              deadline=ECHO + 45),
        Fault("reset-after", "reset after the effect: 15 %", _api("reset_after", probability=0.15),
              deadline=ECHO + 45),
        Fault("timeout", "time-out, after the effect: 10 %", _api("timeout", probability=0.1, seconds=6.0),
              deadline=ECHO + 45),
        Fault("slow", "slow: every call takes 0.7 s", _api("slow", seconds=0.7)),
        Fault("webhooks", "webhooks repeated, shuffled, dropped", _deliveries),
        Fault("dns", "the messengers' names cannot be resolved", _no_names, deadline=ECHO + 45),
        Fault("disk", "disk full", _disk_full, _no_disk),
        Fault("locked", "database locked by another", _locked),
        Fault("restart", "database crashes and restarts", _database_restarted,
              _only_large("the database is a file, and no server"), deadline=60.0),
        Fault("redis", "Redis gone", _redis_gone, _only_large("no Redis in this installation")),
        Fault("kill-run", "kill -9 of `run`", _killed("run"), _has("run"), deadline=LEASE + 45),
        Fault("kill-web", "kill -9 of a `web`", _killed("web"), _has("web"), deadline=LEASE + 45),
        Fault("kill-worker", "kill -9 of a `worker`", _killed("worker"), _has("worker"), deadline=LEASE + 45),
        Fault("forward", "clock 10 minutes ahead, and back", _jump(600.0)),
        Fault("back", "clock 10 minutes behind, and back", _jump(-600.0)),
    )
}  # fmt: skip
