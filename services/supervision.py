"""Work that lasts as long as the process: whatever ends it, it is begun again, counted, and told to whoever asks.

A part is well while it runs. After a failure it is not, until it has been begun again; the pauses before that grow as
long as it keeps failing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog
from prometheus_client import Counter, Gauge

from services.alarms import Alarm, Quiet

log = structlog.get_logger(__name__)

PAUSES: Final = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
"""Seconds after the first, second, … failure in a row."""
STEADY: Final = 60.0
"""Seconds of work after which a failure is the first in a row again."""
TELL_AFTER: Final = 3
"""Failures in a row after which operators are told: one may be a database that was away for a moment."""
FAILURES: Final = Counter("pult_part_failures", "How often a part of the service ended and was begun again", ["part"])
DOWN: Final = Gauge("pult_part_down", "1 while a part of the service does not run, for having failed", ["part"])

Work = Callable[[], Awaitable[None]]


class Ended(Exception):
    """The work returned, or was cancelled from inside, although it is to last."""


@dataclass(slots=True)
class _Part:
    down: bool = False
    failures: int = 0
    """In a row."""


class Supervisor:
    """Keeps the parts of this process going. alarm: tells the operators a message id with its values."""

    def __init__(self, alarm: Alarm | None = None, *, pauses: tuple[float, ...] = PAUSES) -> None:
        self._alarm = Quiet(alarm)
        self._pauses = pauses
        self._parts: dict[str, _Part] = {}

    def well(self, name: str) -> bool:
        """Whether the part runs, or has not begun yet."""
        part = self._parts.get(name)
        return part is None or not part.down

    async def keep(self, name: str, work: Work, told: str, *, until: Callable[[], bool] = lambda: False) -> None:
        """Have the work done until cancelled: begun again when it fails, and when it returns before `until` says so.

        told: the message id by which operators hear of a part that keeps failing.
        """

        async def lasting() -> None:
            await work()
            if not until():
                raise Ended("returned")

        await self.finish(name, lasting, told)

    async def finish(
        self, name: str, work: Work, told: str, *, final: type[Exception] | tuple[type[Exception], ...] = ()
    ) -> None:
        """Have the work done once: tried again until it returns. Raises what it raises of `final`."""
        part = self._parts.setdefault(name, _Part())
        DOWN.labels(name).set(0)
        while (error := await self._failure(part, work)) is not None:
            if isinstance(error, final):
                raise error
            await self._failed(name, part, error, told)
        part.failures = 0

    async def _failure(self, part: _Part, work: Work) -> Exception | None:
        """Do the work; what ended it, None where it came to its end."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        part.down = False
        try:
            await work()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Nobody cancelled us: something that the work waited for was given up.
            error: Exception = Ended("cancelled from inside")
        except Exception as raised:
            error = raised
        else:
            return None
        part.failures = 1 if loop.time() - began >= STEADY else part.failures + 1
        part.down = True
        return error

    async def _failed(self, name: str, part: _Part, error: Exception, told: str) -> None:
        pause = self._pauses[min(part.failures, len(self._pauses)) - 1]
        FAILURES.labels(name).inc()
        DOWN.labels(name).set(1)
        trace = None if isinstance(error, Ended) else error
        log.error("a part of the service failed", part=name, reason=repr(error), again_in=pause, exc_info=trace)
        if part.failures >= TELL_AFTER:
            await self._alarm.raise_(name, told)
        await asyncio.sleep(pause)
        DOWN.labels(name).set(0)
