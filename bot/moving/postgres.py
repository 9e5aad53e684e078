"""A PostgreSQL database as one end of a move: its values are turned into those of the exported file, and back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import orjson

from bot.direct import LOCK_WAIT, connected
from models.fields import to_text

BATCH: Final = 2000


@asynccontextmanager
async def reading(url: str) -> AsyncIterator[PostgresSide]:
    """The database as it stands now, whatever is written meanwhile."""
    async with connected(url) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        yield PostgresSide(connection)


@asynccontextmanager
async def writing(url: str) -> AsyncIterator[PostgresSide]:
    """One transaction."""
    async with connected(url, LOCK_WAIT) as connection, connection.transaction():
        yield PostgresSide(connection)


class PostgresSide:
    """What both ends of a move have in common; SQLite's is `SqliteSide`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def migrations(self, table: str) -> list[str]:
        return [row["name"] for row in await self._connection.fetch(f'SELECT name FROM "{table}" ORDER BY name')]

    async def tables(self) -> list[str]:
        rows = await self._connection.fetch(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
        )
        return sorted(row["table_name"] for row in rows)

    async def columns(self, table: str) -> list[str]:
        return list(await self._types(table))

    async def _types(self, table: str) -> dict[str, str]:
        rows = await self._connection.fetch(
            "SELECT column_name, udt_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position",
            table,
        )
        return {row["column_name"]: row["udt_name"] for row in rows}

    async def count(self, table: str) -> int:
        return int(await self._connection.fetchval(f'SELECT count(*) FROM "{table}"'))

    async def _sequence(self, table: str) -> str | None:
        if "id" not in await self._types(table):
            return None
        found: str | None = await self._connection.fetchval("SELECT pg_get_serial_sequence($1, 'id')", table)
        return found

    async def number(self, table: str) -> int | None:
        """The last number that the table gave out, None where it gives out none."""
        sequence = await self._sequence(table)
        if sequence is None:
            return None
        last = await self._connection.fetchrow(f"SELECT last_value, is_called FROM {sequence}")
        return int(last["last_value"]) if last["is_called"] else None

    async def number_from(self, table: str, last: int | None) -> None:
        """Go on above this number."""
        sequence = await self._sequence(table)
        if sequence is not None and last:
            await self._connection.execute("SELECT setval($1::text::regclass, $2)", sequence, last)

    async def rows(self, table: str, columns: list[str]) -> AsyncIterator[list[Any]]:
        named = ", ".join(f'"{name}"' for name in columns)
        query = f'SELECT {named} FROM "{table}"'
        async for row in self._connection.cursor(query, prefetch=BATCH):
            yield [_plain(value) for value in row]

    async def fill(self, table: str, columns: list[str], rows: Iterable[list[Any]]) -> None:
        types = await self._types(table)
        turns = [_TURNS.get(types[name], _same) for name in columns]

        async def turned() -> AsyncIterator[list[Any]]:
            for row in rows:
                yield [None if value is None else turn(value) for turn, value in zip(turns, row, strict=True)]

        await self._connection.copy_records_to_table(table, records=turned(), columns=columns)

    @asynccontextmanager
    async def without_foreign_keys(self) -> AsyncIterator[None]:
        """Rows may come in any order; at the end each points to one that is there."""
        found = await self._connection.fetch(
            "SELECT conrelid::regclass::text AS at, conname AS name, pg_get_constraintdef(oid) AS body"
            " FROM pg_constraint WHERE contype = 'f' AND connamespace ="
            " (SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
        )
        for key in found:
            await self._connection.execute(f'ALTER TABLE {key["at"]} DROP CONSTRAINT "{key["name"]}"')
        yield
        for key in found:
            await self._connection.execute(f'ALTER TABLE {key["at"]} ADD CONSTRAINT "{key["name"]}" {key["body"]}')


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    return to_text(value) if isinstance(value, datetime) else value


def _same(value: Any) -> Any:
    return value


def _text(value: str) -> str:
    """PostgreSQL has no character 0."""
    return value.replace("\0", "")


def _json(value: str) -> str:
    if "\\u0000" not in value:
        return value
    return orjson.dumps(_without_zero(orjson.loads(value))).decode()


def _without_zero(value: Any) -> Any:
    if isinstance(value, dict):
        return {_text(name): _without_zero(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_zero(one) for one in value]
    return _text(value) if isinstance(value, str) else value


_TURNS: Final[dict[str, Callable[[Any], Any]]] = {
    "bool": bool,
    "timestamptz": datetime.fromisoformat,
    "jsonb": _json,
    "json": _json,
    "text": _text,
    "varchar": _text,
}
