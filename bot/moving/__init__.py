"""A whole database in one file, and back: from SQLite to PostgreSQL, from PostgreSQL to SQLite, to another machine.

The file is gzipped lines of JSON: what it is, then for each table its columns and rows, at the end how many rows each
has. Encrypted columns are in it as they stand in the database, and useless without the key.
"""

from __future__ import annotations

import gzip
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, cast

import asyncpg
import orjson
from cryptography.fernet import InvalidToken

from bot import keys
from bot.beside import refuse_missing
from bot.database import is_sqlite
from bot.migrate import ensure_current
from bot.migrate.state import RECORDS
from bot.moving import postgres
from bot.moving import sqlite as from_sqlite
from bot.moving.postgres import PostgresSide
from bot.moving.sqlite import SqliteSide
from bot.settings import Settings

FORMAT: Final = 1
LEFT_OUT: Final = frozenset({RECORDS, "leases"})
"""The database's own state, and what running processes have agreed on."""
PROOF: Final = b"pult"

Counts = dict[str, int]
Side = SqliteSide | PostgresSide
Say = Callable[[str], None]


class NotMoved(Exception):
    """The file or the database is not fit for it; nothing was changed."""


class _Lines(Protocol):
    def write(self, line: bytes, /) -> object: ...


def _reading(url: str, say: Say) -> AbstractAsyncContextManager[Side]:
    return from_sqlite.reading(url, say) if is_sqlite(url) else postgres.reading(url)


def _writing(url: str, say: Say) -> AbstractAsyncContextManager[Side]:
    return from_sqlite.writing(url, say) if is_sqlite(url) else postgres.writing(url)


async def export(settings: Settings, path: Path, say: Say) -> Counts:
    """Write the database to a new file, as it stands at one moment; the number of rows by table.

    Raises `NotMoved` where there is such a file already, `bot.migrate.WrongDatabase` for one that is not up to date.
    """
    if path.exists():
        raise NotMoved(f"{path} is there already: name a new file")
    await ensure_current(settings.database_url, before_making=partial(refuse_missing, settings))
    await keys.prove(settings, keys.known(settings))
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=5) as lines:
                async with _reading(settings.database_url, say) as side:
                    counts = await _write(side, lines, keys.known(settings))
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise NotMoved(f"{path} could not be written: {error}. What there was of it is gone again") from error
        raise
    part.replace(path)
    return counts


async def _write(side: Side, lines: _Lines, known: tuple[str, ...]) -> Counts:
    proof = keys.cipher(known).encrypt(PROOF).decode() if known else None
    _line(lines, {"pult": FORMAT, "migrations": await side.migrations(RECORDS), "proof": proof})
    counts: Counts = {}
    for table in await side.tables():
        if table in LEFT_OUT:
            continue
        columns = await side.columns(table)
        _line(lines, {"table": table, "columns": columns, "next": await side.number(table)})
        counts[table] = 0
        async for row in side.rows(table, columns):
            lines.write(orjson.dumps(row) + b"\n")
            counts[table] += 1
        if counts[table] != await side.count(table):
            raise NotMoved(f"{table} gave {counts[table]} rows and holds another number")
    _line(lines, {"end": counts})
    return counts


async def take_in(settings: Settings, path: Path, say: Say) -> Counts:
    """Fill an empty database from a file that `export` wrote, in one transaction; the number of rows by table.

    Raises `NotMoved` with a sentence: the file is cut or of another version, the key is another, the database has rows.
    """
    await ensure_current(settings.database_url, say=say)
    with _opened(path) as file:
        lines = _read(file, path)
        head = next(lines)
        if not isinstance(head, dict) or head.get("pult") != FORMAT:
            raise NotMoved(f"{path} is no export of Pult that this version reads")
        _same_key(head.get("proof"), keys.known(settings))
        try:
            async with _writing(settings.database_url, say) as side:
                if await side.migrations(RECORDS) != head["migrations"]:
                    raise NotMoved(f"{path} is of another version of Pult: export and import with the same one")
                return await _fill(side, lines, path)
        except (sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # The first line alone: what follows may show a row.
            raise NotMoved(f"The database did not take what {path} holds: {str(error).splitlines()[0]}") from None


def _opened(path: Path) -> gzip.GzipFile:
    try:
        return gzip.open(path, "rb")
    except OSError as error:
        raise NotMoved(f"{path} cannot be read: {error.strerror}") from None


def _read(file: gzip.GzipFile, path: Path) -> Iterator[Any]:
    try:
        for line in file:
            yield orjson.loads(line)
    except (OSError, EOFError, orjson.JSONDecodeError):
        raise NotMoved(f"{path} is cut or damaged") from None
    raise NotMoved(f"{path} ends in the middle")


def _same_key(proof: str | None, known: tuple[str, ...]) -> None:
    """A database whose key is another could be filled, and then never read."""
    if proof is None:
        return
    try:
        same = bool(known) and keys.cipher(known).decrypt(proof.encode()) == PROOF
    except InvalidToken:
        same = False
    if not same:
        raise NotMoved(
            "The key is another: set PULT_SECRET_KEY to what it was there (or to what data/secret.key holds)"
        )


async def _fill(side: Side, lines: Iterator[Any], path: Path) -> Counts:
    tables = [table for table in await side.tables() if table not in LEFT_OUT]
    for table in tables:
        if await side.count(table):
            raise NotMoved(f"The database is not empty: {table} holds rows. Give the import a new one")
    filled: Counts = {}
    async with side.without_foreign_keys():
        line = next(lines)
        while "end" not in line:
            table, columns = line["table"], line["columns"]
            if table not in tables or sorted(columns) != sorted(await side.columns(table)):
                raise NotMoved(f"{path} has a table that this version does not: {table}")
            rows = _Rows(lines)
            await side.fill(table, columns, rows)
            await side.number_from(table, line["next"])
            filled[table] = rows.count
            line = rows.after
        counted = {table: await side.count(table) for table in tables}
        if not filled == counted == line["end"]:
            raise NotMoved(f"{path} has {line['end']} rows, but {counted} came")
    return counted


class _Rows:
    """The rows of one table; afterwards `count` of them, and the line `after`."""

    def __init__(self, lines: Iterator[Any]) -> None:
        self._lines = lines
        self.count = 0
        self.after: dict[str, Any] = {}

    def __iter__(self) -> Iterator[list[Any]]:
        for line in self._lines:
            if isinstance(line, dict):
                self.after = line
                return
            self.count += 1
            yield cast(list[Any], line)

    async def __aiter__(self) -> AsyncIterator[list[Any]]:
        for row in self:
            yield row


def _line(lines: _Lines, value: dict[str, Any]) -> None:
    lines.write(orjson.dumps(value) + b"\n")
