"""Whether the clock can be believed: before something is deleted or given up because so much time has passed.

A clock that jumps (a wrong time server, a dead battery, a machine put back from a snapshot) is told from time that has
passed by a clock that nobody sets, by the database's, and by the time of the last tick, which outlives the process.
A jump is doubted until the clock is where it was, or has stood for as long as the jump was wide: an hour at least, a
day at most. Meanwhile everything goes on, but what would be over by the clock alone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog
from prometheus_client import Gauge

from services import clock, moments
from services.sql import fetch, run, transact, when

log = structlog.get_logger(__name__)

TOLERANCE: Final = timedelta(minutes=2)
"""Clocks are adjusted by less all the time."""
SHORTEST: Final = timedelta(hours=1)
LONGEST: Final = timedelta(days=1)
ABSENCE: Final = timedelta(hours=36)
"""A service may have been off for so long; after more it may be the clock."""
DOUBTED: Final = Gauge("pult_clock_doubted", "1 while the clock is not believed, for having jumped or differing")
_TICK: Final = "last tick"


@dataclass(frozen=True, slots=True)
class _Doubt:
    jump: timedelta
    until: float
    """By the clock that nobody sets."""


class ClockTrust:
    """What one process thinks of its clock. `certain` is to be asked at least every few minutes."""

    def __init__(self) -> None:
        self._ahead = _ahead()
        self._doubts: dict[str, _Doubt] = {}

    def certain(self) -> bool:
        """Whether what is over by the clock is over."""
        ahead = _ahead()
        jump = timedelta(seconds=ahead - self._ahead)
        if self._judge("jumped", jump):
            self._ahead = ahead
        steady = _steady()
        self._doubts = {name: doubt for name, doubt in self._doubts.items() if doubt.until > steady}
        DOUBTED.set(1 if self._doubts else 0)
        return not self._doubts

    def compare(self, witness: str, theirs: datetime) -> None:
        """Another clock says so; it must not lag behind or run ahead."""
        self._judge(witness, clock.unshifted() - theirs)

    def absent_since(self, last: datetime) -> None:
        """The last tick, of this process or an earlier one, was at `last`."""
        away = clock.now() - last
        if away > ABSENCE or away < -TOLERANCE:
            self._judge("last tick", away)

    def _judge(self, witness: str, jump: timedelta) -> bool:
        """Whether the clock may be taken as it is, as far as this witness goes."""
        doubt = self._doubts.get(witness)
        if abs(jump) <= TOLERANCE:
            if self._doubts.pop(witness, None) is not None:
                log.warning("the clock is right again", witness=witness)
            return True
        if doubt is not None and abs(doubt.jump - jump) <= TOLERANCE:
            return doubt.until <= _steady()
        until = _steady() + min(LONGEST, max(SHORTEST, abs(jump))).total_seconds()
        self._doubts[witness] = _Doubt(jump, until)
        log.error("the clock is doubted: nothing is deleted or given up by it", witness=witness, jump=str(jump))
        return False

    def acknowledge(self) -> None:
        """The clock is right as it stands: whoever says so knows."""
        self._ahead, self._doubts = _ahead(), {}
        DOUBTED.set(0)


def certain() -> bool:
    """Whether what is over by the clock is over."""
    return TRUST.certain()


async def look(*, postgres: bool) -> None:
    """A tick: ask the witness outside the process, and note the time for the next start, unless it is doubted."""
    if postgres:
        rows = await fetch("SELECT clock_timestamp() AS at")
        TRUST.compare("database", when(rows[0]["at"]))
    if TRUST.certain():
        await transact(partial(moments.note, _TICK, clock.now()))


async def recall() -> None:
    """At the start: how long ago the last tick was."""
    TRUST.acknowledge()
    last = await run(moments.noted(_TICK))
    if last is not None:
        TRUST.absent_since(last)


def _ahead() -> float:
    return clock.unshifted().timestamp() - _steady()


def _steady() -> float:
    """A clock that nobody sets, and that goes on while the machine sleeps, where there is one."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


TRUST: Final = ClockTrust()
"""This process's."""
