"""The workers: how many there are, so that each can keep to its part of the platforms' rates where nothing is shared,
and what is to be done for one that died.

Each holds a lease of its own name, with which the lease tokens of its jobs begin. Who dies counts until its lease is
over: the others go slower for so long, and then take over what it had begun.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from datetime import datetime, timedelta
from typing import Final

import structlog

from services import clock, jobs, leases
from services.sql import Steps, transact

log = structlog.get_logger(__name__)

PREFIX: Final = "worker "
LENGTH: Final = 25.0
LOOK_EVERY: Final = 3.0
FORGOTTEN: Final = timedelta(hours=1)
STEADY: Final = 3
"""Looks that must have come one soon after another before a worker takes others for dead: where the database was away
for all of them, each needs a moment to say that it lives."""
SOON: Final = timedelta(seconds=LENGTH / 3)


class Crew:
    """The workers, as one of them sees them; alone until `run` has looked. `name`: which of them this is."""

    def __init__(self, *, look_every: float = LOOK_EVERY) -> None:
        self.name = secrets.token_hex(8)
        self._look_every = look_every
        self._number = 1
        self._looked_at: datetime | None = None
        self._steady = 0

    def share(self) -> int:
        """Among how many the rates are to be divided."""
        return self._number

    async def run(self) -> None:
        """Be one of them, count them and stand in for those who died, until cancelled."""
        try:
            while True:
                try:
                    self._number = max(1, await transact(self._look))
                except Exception as error:
                    log.warning("the workers could not be counted", error=repr(error))
                else:
                    self._note()
                await asyncio.sleep(self._look_every)
        finally:
            with contextlib.suppress(Exception):
                await transact(lambda: leases.give_back(PREFIX + self.name, self.name))

    def _note(self) -> None:
        now = clock.now()
        soon = self._looked_at is not None and timedelta() <= now - self._looked_at <= SOON
        self._steady = self._steady + 1 if soon else 0
        self._looked_at = now

    def _look(self) -> Steps[int]:
        yield from leases.take(PREFIX + self.name, self.name, LENGTH)
        if self._steady >= STEADY:
            yield from _stand_in()
        yield from leases.sweep(FORGOTTEN)
        return (yield from leases.living(PREFIX))


def _stand_in() -> Steps[None]:
    """Free the jobs of workers whose lease is over: their own leases may last a minute."""
    rows = yield "DELETE FROM leases WHERE name LIKE ? AND until < ? RETURNING holder", (f"{PREFIX}%", clock.now())
    for row in rows:
        count = yield from jobs.disown(row["holder"])
        log.warning("a worker died: others take over what it had begun", worker=row["holder"], jobs=count)
