"""How much of what is past its time goes in a day: no more than a few days of history, whatever the clock says.

Whoever sweeps asks up to when it may delete. Where much more would be due (the clock has jumped and was believed in the
end, or somebody has shortened a setting by months) it goes over as many days as it takes, and operators are told.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from services import moments
from services.alarms import Alarm, Quiet
from services.sql import run, transact
from services.texts import N_

log = structlog.get_logger(__name__)

SHARE: Final = timedelta(days=3)
"""History that may go in a day."""
DAY: Final = 24 * 3600.0
STRANGE: Final = timedelta(days=30)
"""So much more history than a day's share is no service that was off for a while."""
MUCH: Final = N_(
    "{days} days of history ({what}) would be deleted at once: it goes slowly, three days of it a day. Is the clock of"
    " this machine right? If it is, “python -m bot sweep” deletes it now."
)


class Retention:
    """Up to when things of each name may be deleted. alarm: see `services.alarms`."""

    def __init__(self, alarm: Alarm | None = None) -> None:
        self._alarm = Quiet(alarm)
        self._begun: dict[str, tuple[datetime, float]] = {}

    async def until(self, what: str, wanted: datetime) -> datetime:
        """What is older than this may go; `wanted` at most."""
        name = f"deleted {what}"
        last = await run(moments.noted(name))
        allowed = wanted if last is None else min(wanted, max(last, self._from(name, last) + SHARE))
        if wanted - allowed > STRANGE:
            log.error("much is past its time at once and goes slowly", what=what, wanted=wanted, allowed=allowed)
            await self._alarm.raise_(name, MUCH, what=what, days=str((wanted - allowed).days))
        if last is None or allowed > last:
            await transact(partial(moments.note, name, allowed))
        return allowed

    def _from(self, name: str, last: datetime) -> datetime:
        """Up to when all had gone when this day began, by a clock that nobody sets."""
        began = self._begun.get(name)
        if began is None or time.monotonic() - began[1] >= DAY:
            began = self._begun[name] = last, time.monotonic()
        return began[0]


class Everything(Retention):
    """All of it, now: somebody has asked for that."""

    async def until(self, what: str, wanted: datetime) -> datetime:
        await transact(partial(moments.note, f"deleted {what}", wanted))
        return wanted
