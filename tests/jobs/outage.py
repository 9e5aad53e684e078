"""Takes the database away for real, and gives it back."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg

from bot.database import sqlite_path
from services import sql


@asynccontextmanager
async def outage(url: str) -> AsyncIterator[None]:
    if url.startswith("sqlite"):
        async with _locked(url):
            yield
    else:
        async with _refused(url):
            yield


@asynccontextmanager
async def _locked(url: str) -> AsyncIterator[None]:
    """Somebody else holds the write lock, and our patience is short."""
    await sql.fetch("PRAGMA busy_timeout = 5")
    other = sqlite3.connect(sqlite_path(url), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


@asynccontextmanager
async def _refused(url: str) -> AsyncIterator[None]:
    """The server throws everybody out of the database and lets nobody in."""
    name = urlsplit(url).path[1:]
    server = await asyncpg.connect(url.replace(f"/{name}", "/postgres"))
    try:
        await server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        # They die a moment after they are told to.
        throw_out = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
        for _ in range(500):
            if not await server.fetch(throw_out, name):
                break
            await asyncio.sleep(0.002)
        yield
    finally:
        await server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        await server.close()
