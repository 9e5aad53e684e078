"""How a worker's places are divided: no messenger has all of them, and no channel all of its messenger's.

A messenger that answers after ten seconds would else fill the places of everybody with what waits for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from services.claiming import PER_LANE

PER_PLATFORM = 96
"""Of a worker's 256 places; so two that hang leave a quarter to the rest."""
RESERVED = 32
"""More of them for lanes that have nothing under way: one each."""
_PART = 8
"""A lane takes at most this part of what its platform has left, one place at least: the first do not take all."""


class Places:
    """What is under way, by lane and by platform. platform: whose a lane is; what fetches files counts by itself."""

    def __init__(self, platform: Callable[[str], str]) -> None:
        self._platform = platform
        self._lanes: Counter[str] = Counter()
        self._known: dict[str, str] = {}
        self._platforms: Counter[str] = Counter()
        self._turned_away: dict[str, set[str]] = {}

    def of_lane(self, lane: str) -> int:
        """How many it has."""
        return self._lanes[lane]

    def take(self, lane: str) -> None:
        """One more is under way."""
        # A new channel's platform may be learned meanwhile: it counts as whose it was when it began.
        self._known.setdefault(lane, self._of(lane))
        self._lanes[lane] += 1
        self._platforms[self._of(lane)] += 1

    def give_back(self, lane: str) -> None:
        """One less is."""
        of = self._of(lane)
        subtract(self._lanes, lane)
        if not self._lanes[lane]:
            del self._known[lane]
        subtract(self._platforms, of)
        if self._platforms[of] < PER_PLATFORM:
            self._turned_away.pop(of, None)

    def admit(self, lane: str) -> bool:
        """Whether what has just been claimed of this lane (and counted) may have its place."""
        of = self._of(lane)
        count = self._platforms[of]
        if count <= PER_PLATFORM or (self._lanes[lane] == 1 and count <= PER_PLATFORM + RESERVED):
            return True
        self._turned_away.setdefault(of, set()).add(lane)
        return False

    def left(self) -> dict[str, int]:
        """How many more may be taken of each lane that is not as free as any: nothing where that is not above 0."""
        left = {lane: self._cap(lane) - count for lane, count in self._lanes.items()}
        for of, lanes in self._turned_away.items():
            reserved = self._platforms[of] < PER_PLATFORM + RESERVED
            left |= {lane: 1 if reserved and not self._lanes[lane] else 0 for lane in lanes}
        return left

    def _cap(self, lane: str) -> int:
        others = self._platforms[self._of(lane)] - self._lanes[lane]
        return min(PER_LANE, max(1, (PER_PLATFORM - others) // _PART))

    def _of(self, lane: str) -> str:
        known = self._known.get(lane)
        return f"{lane.partition(':')[0]} {self._platform(lane)}" if known is None else known


def subtract(counts: Counter[str], name: str) -> None:
    """One less; a name with none is forgotten."""
    counts[name] -= 1
    if not counts[name]:
        del counts[name]
