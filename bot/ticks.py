"""What happens by the clock: channels are looked after, old rows and files go, the disk is watched.

In one process at a time: whoever holds the lease ticks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.assembly import Parts
from bot.settings import Settings
from handlers.chat.storage import sweep as sweep_wizards
from services import channel_health, control, inbox, jobs, logins
from services.sql import transact

log = structlog.get_logger("bot")

HOUR: Final = timedelta(hours=1)
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
        for every, work in self._schedule():
            scheduler.add_job(_guarded(work), "interval", seconds=every.total_seconds())
        scheduler.start()
        try:
            await asyncio.Event().wait()
        finally:
            scheduler.shutdown(wait=False)

    def _schedule(self) -> list[tuple[timedelta, Callable[[], Awaitable[object]]]]:
        parts, settings = self._parts, self._settings
        return [
            (channel_health.EVERY, parts.watch.watch),
            (timedelta(minutes=5), parts.files.watch_disk),
            (HOUR, lambda: transact(jobs.sweep)),
            (HOUR, control.sweep),
            (HOUR, sweep_wizards),
            (HOUR, logins.sweep),
            (HOUR, lambda: inbox.forget(settings.events_days)),
            (HOUR, lambda: parts.files.retire(settings.files_days)),
        ]


def _guarded(work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
    async def tick() -> None:
        try:
            await work()
        except Exception:
            log.exception("a tick failed")

    return tick
