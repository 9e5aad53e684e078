"""What the suite has collected from all its processes, judged at its end; a fault fails the run."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from bot.migrate import migrate
from tests.statements import judge
from tests.statements.collect import Statement


async def judged(statements: Iterable[Statement], server: str) -> list[judge.Fault]:
    """What the planners of both databases refuse, excused places aside; SQLite's alone where no server answers."""
    statements = sorted(set(statements))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pult.sqlite3"
        await migrate(f"sqlite://{path}")
        found = judge.on_sqlite(path, statements)
    async with _scratch(server) as url:
        if url is not None:
            found += await judge.on_postgres(url, statements)
    return [fault for fault in found if not judge.excused(fault)]


@asynccontextmanager
async def _scratch(server: str) -> AsyncIterator[str | None]:
    """A migrated database for a moment; None where no server answers."""
    parts, name = urlsplit(server), f"pult_plans_{os.getpid()}"
    try:
        connection = await asyncpg.connect(server, database="postgres")
    except (OSError, asyncpg.PostgresError):
        yield None
        return
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
        url = urlunsplit(("postgres", parts.netloc, f"/{name}", "", ""))
        await migrate(url)
        yield url
    finally:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.close()
