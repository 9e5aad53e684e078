"""Named leases in the database: who polls a bot, who ticks. One holder at a time, over all processes.

A holder renews every third of its lease and stops its work before the lease can have passed to another. Clocks of
several machines must agree to within a second or so, as NTP keeps them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import structlog
from prometheus_client import Counter

from services import clock
from services.sql import Steps, transact

log = structlog.get_logger(__name__)

SECONDS = 30.0
"""Within which another takes over when a holder dies: the lease itself (25), the next look at it (3), and the rest."""


TAKEN = Counter("pult_leases_taken", "How often this process came to hold a lease", ["lease"])
LOST = Counter("pult_leases_lost", "How often a lease passed to another while this process was at work", ["lease"])


def _what(name: str) -> str:
    """The lease without the number of its bot."""
    return name.rstrip("0123456789 ")


def new_holder() -> str:
    """A name for this process that no other has, nor an earlier one of the same number."""
    return f"{os.getpid()}-{secrets.token_hex(8)}"


class Lost(Exception):
    """The lease passed to another, or could not be renewed in time."""


def take(name: str, holder: str, seconds: float) -> Steps[bool]:
    """Take a lease that is free, over or one's own, or renew it; False where another holds it."""
    now = clock.now()
    rows = yield (
        "INSERT INTO leases (name, holder, until) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
        " holder = excluded.holder, until = excluded.until"
        " WHERE leases.until < ? OR leases.holder = excluded.holder RETURNING name",
        (name, holder, now + timedelta(seconds=seconds), now),
    )
    return bool(rows)


def living(prefix: str) -> Steps[int]:
    """How many leases whose names begin so are held now."""
    rows = yield "SELECT COUNT(*) AS n FROM leases WHERE name LIKE ? AND until >= ?", (f"{prefix}%", clock.now())
    return int(rows[0]["n"])


def sweep(older: timedelta) -> Steps[None]:
    """Forget leases that ended so long ago: those of processes that died."""
    yield "DELETE FROM leases WHERE until < ?", (clock.now() - older,)


def give_back(name: str, holder: str) -> Steps[None]:
    """End one's own lease, so that another need not wait for its end."""
    yield "DELETE FROM leases WHERE name = ? AND holder = ?", (name, holder)


@contextlib.asynccontextmanager
async def hold(name: str, holder: str, seconds: float = SECONDS) -> AsyncIterator[asyncio.Event]:
    """Wait for the lease and keep it. Gives an event that is set when it is lost: stop then, at once."""
    lost = asyncio.Event()
    length, look = seconds * 5 / 6, seconds / 10
    while True:
        if await _taken(name, holder, length):
            TAKEN.labels(_what(name)).inc()
            break
        await asyncio.sleep(look)
    keeping = asyncio.create_task(_keep(name, holder, length, lost))
    # Whatever ends it: a lease that nobody renews is not ours for long.
    keeping.add_done_callback(lambda _: lost.set())
    try:
        yield lost
    finally:
        ours = not lost.is_set()
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        if ours:
            with contextlib.suppress(Exception):
                await transact(lambda: give_back(name, holder))


async def while_held(
    name: str, work: Callable[[], Awaitable[None]], *, holder: str | None = None, seconds: float = SECONDS
) -> None:
    """Run `work` while the lease is ours: whenever it is taken anew, until cancelled. What `work` raises is raised;
    when it returns, the lease is given back and this returns."""
    holder = holder or new_holder()
    while True:
        try:
            async with hold(name, holder, seconds) as lost:
                await _unless(lost, work)
                return
        except Lost:
            log.warning("a lease was lost", lease=name)
            LOST.labels(_what(name)).inc()


async def _unless(lost: asyncio.Event, work: Callable[[], Awaitable[None]]) -> None:
    working = asyncio.ensure_future(work())
    watching = asyncio.create_task(lost.wait())
    try:
        await asyncio.wait([working, watching], return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Lost
        await working
    finally:
        watching.cancel()
        working.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


async def _taken(name: str, holder: str, length: float) -> bool:
    try:
        return await transact(lambda: take(name, holder, length))
    except Exception as error:
        log.warning("a lease could not be asked for", lease=name, error=repr(error))
        return False


async def _keep(name: str, holder: str, length: float, lost: asyncio.Event) -> None:
    """Renew every third; give up a sixth before the end, so that the work has stopped when another begins."""
    loop = asyncio.get_running_loop()
    sure_until = loop.time() + length * 5 / 6
    pause = length / 3
    while True:
        await asyncio.sleep(min(pause, max(0.0, sure_until - loop.time())))
        asked = loop.time()
        if asked >= sure_until:
            lost.set()
            return
        try:
            async with asyncio.timeout_at(sure_until):
                kept = await transact(lambda: take(name, holder, length))
        except Exception as error:
            log.warning("a lease could not be renewed", lease=name, error=repr(error))
            pause = min(1.0, length / 12)
            continue
        if not kept:
            lost.set()
            return
        sure_until, pause = asked + length * 5 / 6, length / 3
