"""Telegram's sending budgets, when switched on: about 30 messages a second per bot, about one per chat with bursts."""

from __future__ import annotations

import math
from dataclasses import dataclass

BOT_RATE, BOT_BURST = 30.0, 30.0
CHAT_RATE, CHAT_BURST = 1.0, 20.0
GROUP_RATE, GROUP_BURST = 20 / 60, 20.0


@dataclass(slots=True)
class _Bucket:
    level: float
    at: float

    def refill(self, rate: float, burst: float, now: float) -> None:
        self.level = min(burst, self.level + max(0.0, now - self.at) * rate)
        self.at = now


class Budgets:
    """`chat_burst`: more than Telegram's is patience with calls that were in time and came late."""

    def __init__(self, chat_burst: float = CHAT_BURST) -> None:
        self._chat_burst = chat_burst
        self._buckets: dict[tuple[int, int], _Bucket] = {}

    def take(self, bot: int, chat: int, count: int, now: float) -> int:
        """Spend `count` messages; 0, or the whole seconds to wait before they would be accepted."""
        rate, burst = (CHAT_RATE, self._chat_burst) if chat > 0 else (GROUP_RATE, GROUP_BURST)
        scopes = [(self._bucket((bot, 0), BOT_BURST, now), BOT_RATE, BOT_BURST)]
        scopes.append((self._bucket((bot, chat), burst, now), rate, burst))
        wait = 0.0
        for bucket, speed, size in scopes:
            bucket.refill(speed, size, now)
            wait = max(wait, (count - bucket.level) / speed)
        if wait > 1e-9:
            return math.ceil(wait)
        for bucket, _, _ in scopes:
            bucket.level -= count
        return 0

    def _bucket(self, key: tuple[int, int], burst: float, now: float) -> _Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(burst, now)
        return bucket
