"""A clock that was set back: what was to run soon by the clock as it was would wait for as long as that was ahead."""

from __future__ import annotations

import time
from datetime import timedelta

from services import clock, heads, shares
from services.sql import Steps, when

TOLERANCE = timedelta(seconds=1)
"""Clocks are adjusted by less all the time, and those of several machines differ by less."""


ONCE_MORE = 1.0
"""Seconds after which it is told again: what was under way may have been put back by the clock as it was."""


class JumpWatch:
    """Tells when the clock was set back, by a clock that never is."""

    def __init__(self) -> None:
        self._ahead = _ahead()
        self._again_at: float | None = None

    def again(self) -> None:
        """Tell it once more a little later."""
        self._again_at = time.monotonic() + ONCE_MORE

    def set_back(self) -> bool:
        """Whether it was since the last look, or is to be told again."""
        ahead, before = _ahead(), self._ahead
        self._ahead = ahead
        if ahead < before - TOLERANCE.total_seconds():
            self.again()
            return True
        if self._again_at is None or time.monotonic() < self._again_at:
            return False
        self._again_at = None
        return True


def _ahead() -> float:
    return clock.now().timestamp() - time.monotonic()


def from_the_future() -> Steps[int]:
    """Move jobs that were made later than now to where they would be, had they been made now; returns how many."""
    now = clock.now()
    rows = yield (
        "SELECT id, order_key, seq, created_at, due_at, run_at FROM jobs WHERE state = 'queued' AND created_at > ?",
        (now + TOLERANCE,),
    )
    for row in rows:
        ahead = when(row["created_at"]) - now
        yield (
            "UPDATE jobs SET created_at = ?, due_at = ?, run_at = ?, turn = ? WHERE id = ? AND state = 'queued'",
            (now, when(row["due_at"]) - ahead, when(row["run_at"]) - ahead, shares.instant(now), row["id"]),
        )
        if when(row["due_at"]) - ahead > now:
            yield from heads.move_up(row["order_key"], row["seq"])
    return len(rows)


def set_back() -> Steps[int]:
    """After the clock was set back: what was put back to wait is tried at once, and pauses for being too fast end.

    Both are harmless where they were right: the platform then asks for its pause again.
    """
    now = clock.now()
    count = yield from from_the_future()
    rows = yield (
        "UPDATE jobs SET run_at = ?, due_at = CASE WHEN due_at > ? THEN ? ELSE due_at END"
        " WHERE state = 'queued' AND last_error IS NOT NULL AND run_at > ? RETURNING id",
        (now, now, now, now),
    )
    yield "DELETE FROM lane_pauses WHERE until > ? AND reason LIKE 'Throttled%'", (now,)
    return count + len(rows)
