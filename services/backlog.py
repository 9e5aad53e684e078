"""How far the jobs are behind, for whoever watches the installation."""

from __future__ import annotations

from dataclasses import dataclass

from services import clock
from services.sql import fetch, when


@dataclass(frozen=True, slots=True)
class Late:
    """A lane with due jobs: how many, and for how many seconds the oldest has been due."""

    name: str
    seconds: float
    count: int


async def oldest_due(limit: int) -> list[Late]:
    """The lanes that are furthest behind, worst first."""
    now = clock.now()
    rows = await fetch(
        "SELECT lane, MIN(run_at) AS oldest, COUNT(*) AS n FROM jobs WHERE state = 'queued' AND run_at <= ?"
        " GROUP BY lane ORDER BY 2 LIMIT ?",
        now, limit,
    )  # fmt: skip
    return [Late(row["lane"], (now - when(row["oldest"])).total_seconds(), row["n"]) for row in rows]


async def reachable() -> bool:
    """Whether the database answers; raises what it raises."""
    return bool(await fetch("SELECT 1 AS one"))
