"""What happens by the clock: channels are looked after, old rows and files go, the disk is watched.

In one process at a time: whoever holds the lease ticks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from prometheus_client import Counter, Gauge

from bot.assembly import Parts
from bot.settings import Settings
from handlers.chat.storage import sweep as sweep_wizards
from services import channel_health, control, inbox, jobs, logins
from services.sql import transact

log = structlog.get_logger("bot")

HOUR: Final = timedelta(hours=1)
LAST: Final = Gauge("pult_tick_last_timestamp_seconds", "When a tick last ended in this process", ["tick"])
EVERY: Final = Gauge("pult_tick_every_seconds", "How often it is to come, where this process ticks", ["tick"])
LATE: Final = Gauge("pult_tick_late_seconds", "By how much it last came too late", ["tick"])
SPENT: Final = Gauge("pult_tick_spent_seconds", "How long it last took", ["tick"])
FAILED: Final = Counter("pult_tick_failures", "Ticks that failed", ["tick"])
FIRST_LOOK: Final = timedelta(minutes=1)


class Ticks:
    """The schedule of one process."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self._settings = settings
        self._parts = parts

    async def run(self) -> None:
        """Tick until cancelled. A tick that fails is logged and comes again."""
        scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        for name, every, work in self._schedule():
            scheduler.add_job(_guarded(name, every, work), "interval", seconds=every.total_seconds())
        scheduler.start()
        try:
            await asyncio.Event().wait()
        finally:
            scheduler.shutdown(wait=False)
            # Another process ticks now: old figures of this one would look like ticks that do not come.
            for gauge in (LAST, EVERY, LATE, SPENT):
                gauge.clear()

    def _schedule(self) -> list[tuple[str, timedelta, Callable[[], Awaitable[object]]]]:
        parts, settings = self._parts, self._settings
        return [
            ("channels", channel_health.EVERY, parts.watch.watch),
            ("disk", timedelta(minutes=5), parts.files.watch_disk),
            ("jobs", HOUR, lambda: transact(jobs.sweep)),
            ("updates", HOUR, control.sweep),
            ("wizards", HOUR, sweep_wizards),
            ("logins", HOUR, logins.sweep),
            ("events", HOUR, lambda: inbox.forget(settings.events_days)),
            ("files", HOUR, lambda: parts.files.retire(settings.files_days)),
        ]


def _guarded(name: str, every: timedelta, work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
    """The work as a tick: it never raises, and shows when it came, how late, and how long it took."""
    last = time.monotonic()

    async def tick() -> None:
        nonlocal last
        began = time.monotonic()
        LATE.labels(name).set(max(0.0, began - last - every.total_seconds()))
        last = began
        try:
            await work()
        except Exception:
            log.exception("a tick failed", tick=name)
            FAILED.labels(name).inc()
        SPENT.labels(name).set(time.monotonic() - began)
        LAST.labels(name).set_to_current_time()

    EVERY.labels(name).set(every.total_seconds())
    return tick
