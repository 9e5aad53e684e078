"""How many workers there are, so that each can keep to its part of the platforms' rates where nothing is shared.

Each holds a lease of its own name. Who dies counts until its lease is over: the others go slower for so long.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import Final

import structlog

from services import leases
from services.sql import Steps, transact

log = structlog.get_logger(__name__)

NAME: Final = "worker "
LENGTH: Final = 25.0
LOOK_EVERY: Final = 3.0
FORGOTTEN: Final = timedelta(hours=1)


class Crew:
    """The workers, as one of them sees them; alone until `run` has looked."""

    def __init__(self, *, look_every: float = LOOK_EVERY) -> None:
        self._holder = leases.new_holder()
        self._look_every = look_every
        self._number = 1

    def share(self) -> int:
        """Among how many the rates are to be divided."""
        return self._number

    async def run(self) -> None:
        """Be one of them and count them, until cancelled."""
        try:
            while True:
                try:
                    self._number = max(1, await transact(self._counted))
                except Exception as error:
                    log.warning("the workers could not be counted", error=repr(error))
                await asyncio.sleep(self._look_every)
        finally:
            with contextlib.suppress(Exception):
                await transact(lambda: leases.give_back(NAME + self._holder, self._holder))

    def _counted(self) -> Steps[int]:
        yield from leases.take(NAME + self._holder, self._holder, LENGTH)
        yield from leases.sweep(FORGOTTEN)
        return (yield from leases.living(NAME))
