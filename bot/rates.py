"""Which rates a lane of jobs has: control bots Telegram's, a channel those of its platform."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from adapters.base import Adapter, Rates
from services.sql import fetch

CONTROL: Final = Rates(per_second=30, per_recipient=1, burst=20)
"""Telegram: about thirty messages a second a bot, about one a second to a chat, bursts tolerated."""
_CHANNEL: Final = re.compile(r"channel:(\d+)")


class LaneRates:
    """Rates by lane. A channel connected since the last `load` has the most careful rates of all platforms."""

    def __init__(self, adapters: Mapping[str, Adapter], control: Rates = CONTROL) -> None:
        self._adapters = adapters
        self._control = control
        self._platforms: dict[int, str] = {}
        rates = [adapter.capabilities.rates for adapter in adapters.values()]
        self._careful = min(rates, key=lambda one: one.per_second, default=control)

    def __call__(self, lane: str) -> Rates | None:
        if lane.startswith("control:"):
            return self._control
        found = _CHANNEL.fullmatch(lane)
        if found is None:
            return None
        adapter = self._adapters.get(self._platforms.get(int(found[1]), ""))
        return self._careful if adapter is None else adapter.capabilities.rates

    async def load(self) -> None:
        """Learn of channels that were connected since."""
        newest = max(self._platforms, default=0)
        for row in await fetch("SELECT id, platform FROM channels WHERE id > ?", newest):
            self._platforms[row["id"]] = row["platform"]
