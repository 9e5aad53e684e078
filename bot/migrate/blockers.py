"""Who keeps a migration of PostgreSQL waiting: it waits for a moment only, since everybody else waits behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import asyncpg

from bot.direct import connected

LOOK: Final = 0.1
"""Seconds between two looks at who is in the way."""
_WHO: Final = (
    "SELECT pid, application_name AS name, usename AS who, client_addr AS at,"
    " extract(epoch FROM clock_timestamp() - xact_start) AS seconds"
    " FROM pg_stat_activity WHERE pid = ANY(pg_blocking_pids($1)) ORDER BY xact_start"
)


class Blockers:
    """Those who were last seen in the way of a session."""

    def __init__(self, session: int) -> None:
        self._session = session
        self._seen: list[Any] = []

    async def watch(self, connection: Any) -> None:
        """Until cancelled."""
        while True:
            self._seen = await connection.fetch(_WHO, self._session) or self._seen
            await asyncio.sleep(LOOK)

    def __str__(self) -> str:
        return "; ".join(_named(one) for one in self._seen) or "a session that has ended meanwhile"

    def advice(self) -> str:
        """What whoever runs Pult may do about it."""
        calls = ", ".join(f"pg_terminate_backend({one['pid']})" for one in self._seen)
        return f"let it end, or end it (SELECT {calls})" if calls else "try again"


@asynccontextmanager
async def watched(url: str, session: int) -> AsyncIterator[Blockers]:
    """Look who is in the way of the server's process `session`, over a connection of its own."""
    blockers = Blockers(session)
    async with connected(url) as connection:
        looking = asyncio.create_task(blockers.watch(connection))
        try:
            yield blockers
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await looking


def was_kept_waiting(error: BaseException | None) -> bool:
    """Whether a lock that others hold is at the bottom of it."""
    while error is not None:
        if isinstance(error, asyncpg.LockNotAvailableError | asyncpg.DeadlockDetectedError):
            return True
        error = error.__cause__
    return False


def _named(session: Any) -> str:
    name, place = session["name"] or "a session without a name", session["at"] or "this machine"
    since = f", in one transaction for {session['seconds']:.0f} s" if session["seconds"] is not None else ""
    return f"{name} (process {session['pid']} of {session['who']} from {place}{since})"
