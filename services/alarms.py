"""What the installation's operators are told of: once for a while, and for certain."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from services import clock

log = structlog.get_logger(__name__)

EVERY: Final = timedelta(minutes=30)
"""Where one thing fails, a thousand may."""

Alarm = Callable[[str, dict[str, str]], Awaitable[None]]
"""Tells the operators a message id with its values."""


class Quiet:
    """An alarm that is raised for the same thing once in a while. Without `alarm` it does nothing."""

    def __init__(self, alarm: Alarm | None) -> None:
        self._alarm = alarm
        self._until: dict[str, tuple[float, float]] = {}

    async def raise_(self, thing: str, message: str, **params: str) -> None:
        """Tell of the thing, unless it was told lately. Never raises; what could not be told is told the next time."""
        now = clock.now().timestamp()
        since, until = self._until.get(thing, (0.0, 0.0))
        if self._alarm is None or since <= now < until:
            return
        try:
            await self._alarm(message, params)
        except Exception:
            log.exception("operators could not be told", what=message)
        else:
            self._until[thing] = now, now + EVERY.total_seconds()
