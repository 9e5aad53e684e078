"""What happens by the clock: channels are looked after, old rows and files go, the disk is watched.

In one process at a time: whoever holds the lease ticks.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from prometheus_client import Counter, Gauge

from bot.assembly import Parts
from bot.settings import Settings
from handlers.chat.storage import sweep as sweep_wizards
from services import app_bodies, channel_health, clock_trust, control, inbox, jobs, logins, sweeping
from services.retention import Retention
from services.sql import transact

log = structlog.get_logger("bot")

HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)
SOON: Final = timedelta(seconds=5)
LAST: Final = Gauge("pult_tick_last_timestamp_seconds", "When a tick last ended in this process", ["tick"])
EVERY: Final = Gauge("pult_tick_every_seconds", "How often it is to come, where this process ticks", ["tick"])
LATE: Final = Gauge("pult_tick_late_seconds", "By how much it last came too late", ["tick"])
SPENT: Final = Gauge("pult_tick_spent_seconds", "How long it last took", ["tick"])
FAILED: Final = Counter("pult_tick_failures", "Ticks that failed", ["tick"])
Work = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Tick:
    """Work that comes every so often. first: how soon after the start. deletes: not while the clock is doubted."""

    name: str
    every: timedelta
    work: Work
    first: timedelta | None = None
    deletes: bool = False


class Ticks:
    """The schedule of one process, kept by a clock that nobody sets."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self._settings = settings
        self._parts = parts
        self._retention = Retention(parts.alarm)

    async def run(self) -> None:
        """Tick until cancelled. A tick that fails is logged and comes again."""
        ticking = [asyncio.create_task(_tick(tick)) for tick in self._schedule()]
        try:
            await asyncio.wait(ticking, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ticking:
                task.cancel()
            await asyncio.gather(*ticking, return_exceptions=True)
            # Another process ticks now: old figures of this one would look like ticks that do not come.
            for gauge in (LAST, EVERY, LATE, SPENT):
                gauge.clear()

    def _schedule(self) -> list[Tick]:
        parts, settings, kept = self._parts, self._settings, self._retention
        return [
            Tick("clock", MINUTE, lambda: clock_trust.look(postgres=not settings.sqlite), first=SOON),
            Tick("channels", channel_health.EVERY, parts.watch.watch, first=channel_health.EVERY),
            Tick("disk", 5 * MINUTE, parts.files.watch_disk, first=MINUTE),
            Tick("jobs", HOUR, lambda: transact(jobs.sweep), deletes=True),
            Tick("refused", HOUR, lambda: sweeping.refused_jobs(kept), deletes=True),
            Tick("held", HOUR, lambda: sweeping.held(kept), deletes=True),
            Tick("updates", HOUR, lambda: control.sweep(kept), deletes=True),
            Tick("wizards", HOUR, sweep_wizards, deletes=True),
            Tick("logins", HOUR, logins.sweep, deletes=True),
            Tick("events", HOUR, lambda: inbox.forget(settings.events_days, kept), deletes=True),
            Tick("app bodies", HOUR, lambda: app_bodies.sweep(2 * settings.events_days, kept), deletes=True),
            Tick("files", HOUR, lambda: parts.files.retire(settings.files_days, kept), deletes=True),
        ]


async def _tick(tick: Tick) -> None:
    """The first soon after the start, so that a service that is restarted every day cleans up too."""
    first = tick.first or random.uniform(1, 5) * MINUTE  # noqa: S311  jitter
    carry_out = _guarded(tick)
    await asyncio.sleep(first.total_seconds())
    due = time.monotonic()
    while True:
        await carry_out(due)
        # A tick that took longer than its pause is not made up for.
        due = max(due + tick.every.total_seconds(), time.monotonic())
        await asyncio.sleep(due - time.monotonic())


def _guarded(tick: Tick) -> Callable[[float], Awaitable[None]]:
    """The work as a tick: it never raises, and shows when it came, how late, and how long it took."""
    name = tick.name

    async def carry_out(due: float) -> None:
        began = time.monotonic()
        LATE.labels(name).set(max(0.0, began - due))
        try:
            if not tick.deletes or clock_trust.certain():
                await tick.work()
        except Exception:
            log.exception("a tick failed", tick=name)
            FAILED.labels(name).inc()
        SPENT.labels(name).set(time.monotonic() - began)
        LAST.labels(name).set_to_current_time()

    EVERY.labels(name).set(tick.every.total_seconds())
    return carry_out
