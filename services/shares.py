"""Whose turn it is: within a lane and a priority projects take turns, however much one of them has waiting.

Start-time fair queueing. Each job that is due is given a turn when it is made: a moment, or a step after the last turn
of its project's jobs that wait in the lane, whichever is later. So the first jobs of all projects come before the
second of any, and those of whoever has little waiting before the many of another. Claims go by turn, which is the order
of an index. Whoever comes anew begins at most CREDIT before those that are being served: the last of a long queue is
overtaken by so many of a newcomer's jobs, and then they alternate.

Jobs that were made for a later moment, or are tried again, have been given none: that moment is their turn (`timed`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

STEP: Final = 60_000_000
"""Microseconds from one turn of a project to its next. The turns of those who are served go on faster than the clock as
long as fewer projects have jobs waiting than their lane carries out in a minute."""
CREDIT: Final = 32 * STEP

_LAST: Final = (
    "SELECT turn FROM jobs WHERE lane = {lane} AND priority = {priority} AND state = 'queued' AND NOT timed"
    " AND COALESCE(project_id, 0) = COALESCE({project}, 0) ORDER BY turn DESC LIMIT 1"
)
_SERVED: Final = (
    "SELECT turn FROM jobs WHERE lane = {lane} AND priority = {priority} AND state = 'queued' AND head AND NOT timed"
    " ORDER BY turn LIMIT 1"
)
_TURN: Final = (
    f"CASE WHEN {{timed}} THEN {{run}} ELSE {{greatest}}({{run}}, COALESCE(({_LAST}) + {STEP}, 0),"
    f" COALESCE(({_SERVED}) - {CREDIT}, 0)) END"
)


def turn(*, greatest: str, **what: str) -> str:
    """The expression for a new job's turn: `timed`, `run` (microseconds), `lane`, `priority`, `project` in SQL."""
    return _TURN.format(greatest=greatest, **what)


def instant(moment: datetime) -> int:
    """A moment as a turn: its microseconds."""
    return int(moment.timestamp() * 1_000_000)
