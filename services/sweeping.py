"""Deletes what is past its time and belongs to no other service's sweep: refused jobs, texts that nobody addressed."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from services import clock
from services.retention import Retention
from services.sql import Steps, in_slices

REFUSED_KEPT: Final = timedelta(days=30)
HELD_KEPT: Final = timedelta(days=30)
"""For what was typed while it was unclear whom it is for: the buttons under it go on until then."""
AT_ONCE: Final = 2000


async def refused_jobs(retention: Retention) -> None:
    """Forget why jobs were given up, after a month."""
    before = await retention.until("jobs", clock.now() - REFUSED_KEPT)
    await in_slices(partial(_refused, before), AT_ONCE)


async def held(retention: Retention) -> None:
    """Forget what somebody typed and never said whom it is for."""
    before = await retention.until("held", clock.now() - HELD_KEPT)
    await in_slices(partial(_held, before), AT_ONCE)


def _refused(before: datetime) -> Steps[int]:
    rows = yield (
        "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE state = 'refused' AND run_at < ? LIMIT ?)"
        " RETURNING id",
        (before, AT_ONCE),
    )
    return len(rows)


def _held(before: datetime) -> Steps[int]:
    rows = yield (
        "DELETE FROM held WHERE id IN (SELECT id FROM held WHERE created_at < ? LIMIT ?) RETURNING id",
        (before, AT_ONCE),
    )
    return len(rows)
