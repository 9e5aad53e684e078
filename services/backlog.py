"""How far the installation is behind, and what is stuck, for whoever watches it. True of the database: every process
that looks sees the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services import aside, clock
from services.sql import Row, fetch, moment, when

LANES: Final = 20
"""The lanes that are furthest behind; an installation may have thousands."""


@dataclass(frozen=True, slots=True)
class Late:
    """A lane with due jobs: how many, and for how many seconds the oldest has been due."""

    name: str
    seconds: float
    count: int


@dataclass(frozen=True, slots=True)
class Jobs:
    """Jobs of one kind in one state: "due", "waiting" (for their moment or their retry), "running" or "refused".

    oldest: for how many seconds the oldest has been due, 0 where none is.
    """

    kind: str
    state: str
    count: int
    oldest: float


@dataclass(frozen=True, slots=True)
class Channels:
    """Channels of one platform in one state. heard: seconds since the last event of any of them, None for never."""

    platform: str
    state: str
    count: int
    heard: float | None


@dataclass(frozen=True, slots=True)
class Paused:
    """Pauses in force. reason: the class of the error; left: seconds until the last one ends."""

    platform: str
    reason: str
    count: int
    left: float


@dataclass(frozen=True, slots=True)
class Kept:
    """What is in a journal and not done: how many, and the age of the oldest in seconds."""

    count: int
    oldest: float


@dataclass(frozen=True, slots=True)
class Standing:
    """All of it. leases: seconds for which each lease still holds, negative where it is over."""

    jobs: Sequence[Jobs]
    lanes: Sequence[Late]
    events_failed: Kept
    updates_waiting: Kept
    updates_failed: Kept
    channels: Sequence[Channels]
    paused: Sequence[Paused]
    leases: Sequence[tuple[str, float]]


async def look() -> Standing:
    """Ask the database. Raises what it raises."""
    now = clock.now()
    # One after another: whoever watches takes no more than one connection from those who work.
    jobs, lanes, updates = await _jobs(now), await oldest_due(LANES), await _updates(now)
    return Standing(
        jobs, lanes, await _events(now), updates["received"], updates["failed"], await _channels(now),
        await _paused(now), await _leases(now),
    )  # fmt: skip


async def oldest_due(limit: int) -> list[Late]:
    """The lanes that are furthest behind, worst first."""
    now = clock.now()
    rows = await aside.look(
        "SELECT lane, MIN(due_at) AS oldest, COUNT(*) AS n FROM jobs WHERE state = 'queued' AND run_at <= ?"
        " GROUP BY lane ORDER BY 2 LIMIT ?",
        now, limit,
    )  # fmt: skip
    return [Late(row["lane"], _since(row["oldest"], now), row["n"]) for row in rows]


async def reachable() -> bool:
    """Whether the database answers; raises what it raises."""
    return bool(await fetch("SELECT 1 AS one"))


async def _jobs(now: datetime) -> list[Jobs]:
    """A paused lane's jobs wait: the pause is what is to be looked at."""
    rows = await aside.look(
        "SELECT kind, CASE WHEN state <> 'queued' THEN state WHEN run_at > ?1 OR lane IN"
        " (SELECT lane FROM lane_pauses WHERE until > ?1) THEN 'waiting' ELSE 'due' END AS standing,"
        " COUNT(*) AS n, MIN(due_at) AS oldest FROM jobs GROUP BY 1, 2",
        now,
    )  # fmt: skip
    late = ("due", "running")
    return [
        Jobs(row["kind"], row["standing"], row["n"], _since(row["oldest"], now) if row["standing"] in late else 0.0)
        for row in rows
    ]


async def _events(now: datetime) -> Kept:
    rows = await aside.look(
        "SELECT CAST(SUM(n) AS bigint) AS n, MIN(oldest) AS oldest FROM"
        " (SELECT COUNT(*) AS n, MIN(received_at) AS oldest FROM events WHERE state = 'failed'"
        " UNION ALL SELECT COUNT(*), MIN(received_at) FROM app_bodies) AS kept"
    )
    return _kept(rows[0], now)


async def _updates(now: datetime) -> dict[str, Kept]:
    rows = await aside.look(
        "SELECT state, COUNT(*) AS n, MIN(received_at) AS oldest FROM control_updates"
        " WHERE state IN ('received', 'failed') GROUP BY state"
    )
    return {"received": Kept(0, 0.0), "failed": Kept(0, 0.0)} | {row["state"]: _kept(row, now) for row in rows}


async def _channels(now: datetime) -> list[Channels]:
    rows = await aside.look(
        "SELECT platform, state, COUNT(*) AS n, MAX(last_event_at) AS heard FROM channels GROUP BY platform, state"
    )
    heard = [moment(row["heard"]) for row in rows]
    return [
        Channels(row["platform"], row["state"], row["n"], None if last is None else _since(last, now))
        for row, last in zip(rows, heard, strict=True)
    ]


async def _paused(now: datetime) -> list[Paused]:
    rows = await aside.look("SELECT lane, until, reason FROM lane_pauses WHERE until > ?", now)
    if not rows:
        return []
    platforms = {
        f"channel:{row['id']}": row["platform"] for row in await aside.look("SELECT id, platform FROM channels")
    }
    found: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        whose = ":".join(row["lane"].partition("#")[0].removeprefix("files:").split(":")[:2])
        key = (platforms.get(whose, whose.partition(":")[0]), row["reason"].partition(":")[0])
        found.setdefault(key, []).append(-_since(row["until"], now))
    return [Paused(*key, len(left), max(left)) for key, left in found.items()]


async def _leases(now: datetime) -> list[tuple[str, float]]:
    rows = await aside.look("SELECT name, until FROM leases ORDER BY name")
    return [(row["name"], -_since(row["until"], now)) for row in rows]


def _kept(row: Row, now: datetime) -> Kept:
    return Kept(row["n"], _since(row["oldest"], now) if row["n"] else 0.0)


def _since(value: object, now: datetime) -> float:
    return (now - when(value)).total_seconds()
