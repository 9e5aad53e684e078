"""What happens by the clock: channels are looked after, old rows and files go, the disk is watched.

In one process at a time: whoever holds the lease ticks.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
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
LOOK: Final = timedelta(seconds=30)
"""How often it is looked whether the schedule still fits the machine's clock; by a clock that nobody sets."""
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
    """The schedule of one process."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self._settings = settings
        self._parts = parts
        self._retention = Retention(parts.alarm)

    async def run(self) -> None:
        """Tick until cancelled. A tick that fails is logged and comes again."""
        scheduler = scheduled(self._schedule())
        scheduler.start()
        try:
            while True:
                await asyncio.sleep(LOOK.total_seconds())
                keep_pace(scheduler)
        finally:
            scheduler.shutdown(wait=False)
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


def scheduled(ticks: Iterable[Tick]) -> AsyncIOScheduler:
    """A scheduler of these ticks, not started. One that took longer than its pause is not made up for.

    The first of each comes soon after the start, so that a service that is restarted every day cleans up too.
    """
    scheduler = AsyncIOScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    for tick in ticks:
        first = min(tick.every, tick.first or random.uniform(1, 5) * MINUTE)  # noqa: S311  jitter
        scheduler.add_job(
            _guarded(tick, first), "interval", seconds=tick.every.total_seconds(), id=tick.name,
            next_run_time=datetime.now(UTC) + first,
        )  # fmt: skip
    return scheduler


def keep_pace(scheduler: AsyncIOScheduler) -> None:
    """Bring near what lies further ahead than its own pause: the machine's clock was set back.

    The scheduler goes by that clock: after a day that came twice, nothing would tick for a day.
    """
    now = datetime.now(UTC)
    for job in scheduler.get_jobs():
        if job.next_run_time is not None and job.next_run_time > now + job.trigger.interval:
            job.modify(next_run_time=now)


def _guarded(tick: Tick, first: timedelta) -> Callable[[], Awaitable[None]]:
    """The work as a tick: it never raises, and shows when it came, how late, and how long it took."""
    name, due = tick.name, time.monotonic() + first.total_seconds()

    async def carry_out() -> None:
        nonlocal due
        began = time.monotonic()
        LATE.labels(name).set(max(0.0, began - due))
        due = began + tick.every.total_seconds()
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
