"""Which rates a lane of jobs has: control bots Telegram's, a channel those of its platform."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Final

import structlog

from adapters.base import Adapter, Rates
from services.sql import fetch

log = structlog.get_logger(__name__)

CONTROL: Final = Rates(per_second=30, per_recipient=1, burst=20)
"""Telegram: about thirty messages a second a bot, about one a second to a chat, bursts tolerated."""
_CHANNEL: Final = re.compile(r"channel:(\d+)")


class LaneRates:
    """Rates by lane. A channel met for the first time has the most careful rates of all until its row is read."""

    def __init__(self, adapters: Mapping[str, Adapter], control: Rates = CONTROL) -> None:
        self._adapters = adapters
        self._control = control
        self._platforms: dict[int, str] = {}
        self._asking: dict[int, asyncio.Task[None]] = {}
        rates = [adapter.capabilities.rates for adapter in adapters.values()]
        self._careful = min(rates, key=lambda one: one.per_second, default=control)

    def __call__(self, lane: str) -> Rates | None:
        if lane.startswith("control:"):
            return self._control
        found = _CHANNEL.fullmatch(lane)
        if found is None:
            return None
        channel_id = int(found[1])
        if channel_id not in self._platforms and channel_id not in self._asking:
            self._asking[channel_id] = asyncio.create_task(self._ask(channel_id))
        adapter = self._adapters.get(self._platforms.get(channel_id, ""))
        return self._careful if adapter is None else adapter.capabilities.rates

    def platform(self, lane: str) -> str:
        """Whose a lane is, for the metrics: a messenger's name, "control" for the team's chats."""
        found = _CHANNEL.search(lane)
        return lane.partition(":")[0] if found is None else self._platforms.get(int(found[1]), "unknown")

    async def load(self) -> None:
        """Learn of all channels that there are at the start."""
        for row in await fetch("SELECT id, platform FROM channels"):
            self._platforms[row["id"]] = row["platform"]

    async def learned(self) -> None:
        """Until every channel that was met has been asked for."""
        await asyncio.gather(*self._asking.values())

    async def _ask(self, channel_id: int) -> None:
        """A channel never changes its platform: one look is enough, whichever process connected it."""
        try:
            for row in await fetch("SELECT platform FROM channels WHERE id = ?", channel_id):
                self._platforms[channel_id] = row["platform"]
        except Exception as error:
            log.warning("a channel's platform could not be read", channel=channel_id, error=repr(error))
        finally:
            del self._asking[channel_id]
