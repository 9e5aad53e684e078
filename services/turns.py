"""Who is next among those who wait for a lane's places: classes share them, in each nobody waits for a crowd.

What answers a person who has just pressed something, jobs, and answers to strangers each have their part of the places
while others wait too; who is alone has all. Start-time fair queueing: each class has a clock that goes on by the
inverse of its weight with each place that it gets, and whose clock is behind is next.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Line(IntEnum):
    """The classes, the more urgent first where their clocks agree."""

    DIRECT = 0
    """Somebody of a team has just pressed a button and is looking at the screen."""
    JOBS = 1
    STRANGERS = 2
    """People who belong to no project, of whom there may be any number."""


WEIGHTS: Final = {Line.DIRECT: 3.0, Line.JOBS: 6.0, Line.STRANGERS: 1.0}
"""How many of ten places each gets while all of them wait."""


@dataclass(frozen=True, slots=True)
class Place:
    """What is asked for. Jobs: most urgent first, then by turn (`services.shares`); others: `whose` are fewest."""

    line: Line
    priority: int = 0
    turn: int = 0
    whose: str | None = None


_Entry = tuple[int, int, int, asyncio.Event]


class Queue:
    """Those who wait for one lane: the next of them asks for a place, the others are told when it is theirs."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._lines: dict[Line, list[_Entry]] = {line: [] for line in Line}
        self._clocks = dict.fromkeys(Line, 0.0)
        self._now = 0.0
        self._theirs: Counter[str | None] = Counter()

    @property
    def empty(self) -> bool:
        return not any(self._lines.values())

    async def take(self, place: Place, ask: Callable[[], Awaitable[float]]) -> None:
        """Wait until it is this one's turn and `ask` gives a place; else that says in how many seconds to ask again."""
        turn = asyncio.Event()
        rank = (place.priority, place.turn) if place.line is Line.JOBS else (0, self._theirs[place.whose])
        entry = (*rank, next(self._numbers), turn)
        line = self._lines[place.line]
        heapq.heappush(line, entry)
        self._theirs[place.whose] += 1
        self._call_next()
        try:
            while True:
                await turn.wait()
                wait = await ask()
                if not wait:
                    self._count(place.line)
                    return
                turn.clear()
                await asyncio.sleep(wait)
                self._call_next()
        finally:
            line.remove(entry)
            heapq.heapify(line)
            self._theirs[place.whose] -= 1
            if not self._theirs[place.whose]:
                del self._theirs[place.whose]
            self._call_next()

    def _count(self, line: Line) -> None:
        """A class that was away begins where the others are: it has saved nothing up."""
        self._now = max(self._clocks[line], self._now)
        self._clocks[line] = self._now + 1 / WEIGHTS[line]

    def _call_next(self) -> None:
        waiting = [line for line in Line if self._lines[line]]
        if waiting:
            line = min(waiting, key=lambda one: (max(self._clocks[one], self._now), one))
            self._lines[line][0][-1].set()
