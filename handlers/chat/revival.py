"""A control bot whose token was refused once: asked again until Telegram takes it, then everything that waits leaves.

A lane that is paused for a refused token waits for a day; a channel's is let go by whoever brings a new key, a control
bot's by a new start, or here, where the refusal was Telegram's mistake of a moment.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import Final

import structlog

from adapters.errors import CredentialsRevoked
from handlers.chat.session import Bots
from services import jobs
from services.sql import transact

log = structlog.get_logger(__name__)

PAUSES: Final = (2.0, 5.0, 15.0, 30.0, 60.0)
_LANE: Final = re.compile(r"control:(\d+)")


class Revival:
    """let_go is told the lane whose pause was ended."""

    def __init__(self, bots: Bots, let_go: Callable[[str], None]) -> None:
        self._bots = bots
        self._let_go = let_go
        self._asking: dict[str, asyncio.Task[None]] = {}

    def paused(self, lane: str, error: Exception) -> None:
        """A lane was paused by an error. For the runner's `on_paused`."""
        found = _LANE.fullmatch(lane)
        if found is None or not isinstance(error, CredentialsRevoked) or lane in self._asking:
            return
        task = self._asking[lane] = asyncio.create_task(self._until_taken(lane, int(found[1])))
        task.add_done_callback(lambda _: self._asking.pop(lane, None))

    async def _until_taken(self, lane: str, control_bot_id: int) -> None:
        failures = 0
        while True:
            await asyncio.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
            try:
                await self._bots[control_bot_id].get_me()
                await transact(partial(jobs.resume, lane))
            except Exception as error:
                failures += 1
                log.info("the control bot is still refused", lane=lane, error=repr(error))
            else:
                log.warning("the control bot's token is taken again: what waited leaves", lane=lane)
                self._let_go(lane)
                return

    async def close(self) -> None:
        """Ask no more."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
