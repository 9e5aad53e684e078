"""An SQLite file as one end of a move. Its values are those of the exported file: times as text, truth as 0 and 1."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, closing
from typing import Any

from bot.database import sqlite_path, use_lock
from bot.migrate import sqlite as locks


@asynccontextmanager
async def reading(url: str, say: Callable[[str], None]) -> AsyncIterator[SqliteSide]:
    """The database as it stands now, whatever is written meanwhile."""
    alone = use_lock(sqlite_path(url))
    if not alone.try_exclusive():
        say("Pult is running: what comes in from now on is not in the file")
    try:
        with closing(sqlite3.connect(sqlite_path(url), isolation_level=None)) as connection:
            connection.execute("BEGIN")
            yield SqliteSide(connection)
    finally:
        alone.release()


@asynccontextmanager
async def writing(url: str, say: Callable[[str], None]) -> AsyncIterator[SqliteSide]:
    """One transaction, while nobody else has the file open."""
    async with locks.locked(url, say):
        with closing(sqlite3.connect(sqlite_path(url), isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            yield SqliteSide(connection)
            connection.execute("COMMIT")


class SqliteSide:
    """What both ends of a move have in common; PostgreSQL's is `PostgresSide`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def _all(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, values).fetchall()

    async def migrations(self, table: str) -> list[str]:
        return [name for (name,) in self._all(f'SELECT name FROM "{table}" ORDER BY name')]

    async def tables(self) -> list[str]:
        names = self._all("SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_'")
        return sorted(name for (name,) in names)

    async def columns(self, table: str) -> list[str]:
        return [row[1] for row in self._all(f'PRAGMA table_info("{table}")')]

    async def count(self, table: str) -> int:
        return int(self._all(f'SELECT count(*) FROM "{table}"')[0][0])

    async def number(self, table: str) -> int | None:
        """The last number that the table gave out, None where it gives out none."""
        rows = self._all("SELECT seq FROM sqlite_sequence WHERE name = ?", table)
        return int(rows[0][0]) if rows else None

    async def number_from(self, table: str, last: int | None) -> None:
        """Go on above this number."""
        if last is not None:
            self._connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
            self._connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last))

    async def rows(self, table: str, columns: list[str]) -> AsyncIterator[list[Any]]:
        for row in self._connection.execute(f'SELECT {_named(columns)} FROM "{table}"'):
            yield list(row)

    async def fill(self, table: str, columns: list[str], rows: Iterable[list[Any]]) -> None:
        marks = ", ".join("?" for _ in columns)
        self._connection.executemany(f'INSERT INTO "{table}" ({_named(columns)}) VALUES ({marks})', rows)

    @asynccontextmanager
    async def without_foreign_keys(self) -> AsyncIterator[None]:
        """Rows may come in any order; at the end each points to one that is there."""
        yield
        if broken := self._all("PRAGMA foreign_key_check"):
            raise sqlite3.IntegrityError(f"{len(broken)} rows of {broken[0][0]} point to nothing")


def _named(columns: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)
