"""Keeps the calls of each key within VK's rate, those included that no job of the service stands for."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

REMEMBERED = 10_000
SHARE = 0.95
"""How much of the rate is used: calls do not reach VK as evenly as they leave."""


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    left_at: float = 0.0


class Pace:
    """Calls leave one after another, evenly, counted from when the last one really left.

    rate: calls a second, asked anew each time.
    """

    def __init__(self, rate: Callable[[], float]) -> None:
        self._rate = rate
        self._turns: OrderedDict[str, _Turn] = OrderedDict()

    async def wait(self, key: str) -> None:
        """Until this key's next call may leave."""
        turn = self._turns.setdefault(key, _Turn())
        self._turns.move_to_end(key)
        while len(self._turns) > REMEMBERED:
            self._turns.popitem(last=False)
        clock = asyncio.get_running_loop().time
        async with turn.lock:
            pause = turn.left_at + 1.0 / (self._rate() * SHARE) - clock()
            if pause > 0:
                await asyncio.sleep(pause)
            turn.left_at = clock()
