"""Reading beside everybody's work: counts over whole tables, for whoever watches.

All of SQLite goes through one thread; what counts a hundred thousand rows there holds up every message for as long. WAL
lets a second connection read what is committed meanwhile. On PostgreSQL a connection of the pool is beside the others
anyway.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from tortoise import connections
from tortoise.backends.sqlite.client import SqliteClient

from models.fields import to_text
from services import driving
from services.sql import CONNECTION, Row, fetch

PATIENCE = 5.0
"""Seconds for which a lock of the file is waited for: WAL lets readers in, but for moments of its own upkeep."""


async def look(sql: str, *params: Any) -> list[Row]:
    """The rows of one SELECT, as of the last commit. Raises what `services.sql.fetch` raises."""
    client = connections.get(CONNECTION)
    if not isinstance(client, SqliteClient):
        return await fetch(sql, *params)
    values = [to_text(value) if isinstance(value, datetime) else value for value in params]
    return await asyncio.to_thread(_read, Path(client.filename), sql, values)


def _read(path: Path, sql: str, values: list[Any]) -> list[Row]:
    with driving.translated(), _opened(path) as connection:
        return [dict(row) for row in connection.execute(sql, values)]


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=PATIENCE)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection
