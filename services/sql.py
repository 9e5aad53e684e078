"""Transactions written as steps: a generator yields (SQL, parameters) and is sent the rows.

The same steps run on both databases. On SQLite a whole transaction is one hop into the connection's thread instead of
one per statement; on PostgreSQL the statements are awaited one by one. SQL is written with `?`; `LOCK` at the end of a
SELECT takes the row lock on PostgreSQL and is nothing on SQLite, where a writer is alone anyway.

    def rename(project: int, name: str) -> Steps[bool]:
        rows = yield "UPDATE projects SET name = ? WHERE id = ? RETURNING id", (name, project)
        return bool(rows)

    await transact(lambda: rename(1, "Cafe"))
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar, cast

import asyncpg
import orjson
from tortoise import connections
from tortoise.backends.base.client import BaseDBAsyncClient, TransactionalDBClient
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.transactions import in_transaction

from models.fields import to_text

T = TypeVar("T")
Row = dict[str, Any]
Statement = tuple[str, Sequence[Any]]
Steps = Generator[Statement, list[Row], T]
Make = Callable[[], Steps[T]]

LOCK = "/*lock*/"
TRIES = 3
CONNECTION = "default"

_RACES = (
    IntegrityError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
)


class _AfterCommit:
    hook: Callable[[], None] | None = None


def on_commit(hook: Callable[[], None] | None) -> None:
    """Set what is called after each commit made here; the jobs' runner is woken by it."""
    _AfterCommit.hook = hook


async def transact(make: Make[T]) -> T:
    """Run the steps as one transaction, again up to three times where two transactions met.

    `make` is called anew for each try. Inside a transaction that is already open the steps join it.
    """
    client = connections.get(CONNECTION)
    if isinstance(client, TransactionalDBClient):
        return await run(make())
    for attempt in range(1, TRIES + 1):
        try:
            result = (await _commit(client, [make], savepoints=False))[0]
        except _RACES:
            if attempt == TRIES:
                raise
        else:
            return cast(T, result)
    raise AssertionError("unreachable")


async def transact_all(makes: Sequence[Make[T]]) -> list[T | Exception]:
    """Run many in one commit, each under its own savepoint: one that fails undoes only itself.

    Returns each result, or the exception that undid it; raises only where the commit as a whole failed.
    """
    return await _commit(connections.get(CONNECTION), makes, savepoints=True)


async def run(steps: Steps[T]) -> T:
    """Run steps on the connection in use: inside an open transaction, or each statement by itself."""
    client = connections.get(CONNECTION)
    if client.capabilities.dialect == "sqlite":
        raw = cast(Any, client)
        async with raw._lock:
            return cast(T, await raw._connection._execute(_drive, raw._connection._conn, steps))
    async with client.acquire_connection() as connection:
        return await _drive_async(connection, steps)


@asynccontextmanager
async def transaction() -> AsyncIterator[BaseDBAsyncClient]:
    """A transaction for the ORM; steps join it by `await run(...)`. Wakes the jobs after its commit."""
    async with in_transaction(CONNECTION) as client:
        yield client
    _committed()


async def fetch(sql: str, *params: Any) -> list[Row]:
    """The rows of one statement."""
    return await run(one(sql, *params))


def one(sql: str, *params: Any) -> Steps[list[Row]]:
    """A statement as steps."""
    return (yield sql, params)


async def _commit(client: BaseDBAsyncClient, makes: Sequence[Make[T]], *, savepoints: bool) -> list[T | Exception]:
    if client.capabilities.dialect == "sqlite":
        raw = cast(Any, client)
        if raw._connection is None:
            await raw.create_connection(with_db=True)
        async with raw._lock:
            # Shielded: a cancelled caller must not free the lock while the thread is inside the transaction.
            work = asyncio.ensure_future(
                raw._connection._execute(_commit_in_thread, raw._connection._conn, makes, savepoints)
            )
            try:
                results = await asyncio.shield(work)
            except asyncio.CancelledError:
                await asyncio.wait([work])
                raise
    else:
        async with client.acquire_connection() as connection:
            results = await _commit_async(connection, makes, savepoints)
    _committed()
    return cast("list[T | Exception]", results)


def _committed() -> None:
    if _AfterCommit.hook is not None:
        _AfterCommit.hook()


def _commit_in_thread(connection: sqlite3.Connection, makes: Sequence[Make[T]], savepoints: bool) -> list[Any]:
    try:
        connection.execute("BEGIN IMMEDIATE")
        results = [_guarded(connection, make) if savepoints else _drive(connection, make()) for make in makes]
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.IntegrityError):
            raise IntegrityError(error) from error
        if isinstance(error, sqlite3.Error):
            raise OperationalError(error) from error
        raise
    return results


def _guarded(connection: sqlite3.Connection, make: Make[T]) -> T | Exception:
    connection.execute("SAVEPOINT step")
    try:
        result = _drive(connection, make())
    except Exception as error:
        if not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO step")
        connection.execute("RELEASE step")
        return error
    connection.execute("RELEASE step")
    return result


def _drive(connection: sqlite3.Connection, steps: Steps[T]) -> T:
    rows: list[Row] | None = None
    try:
        while True:
            sql, params = steps.send(rows)  # type: ignore[arg-type]  # the first send takes None
            rows = [dict(row) for row in connection.execute(sql, [_plain(value) for value in params]).fetchall()]
    except StopIteration as stop:
        return cast(T, stop.value)


def _plain(value: Any) -> Any:
    return to_text(value) if isinstance(value, datetime) else value


async def _commit_async(connection: Any, makes: Sequence[Make[T]], savepoints: bool) -> list[Any]:
    results: list[Any] = []
    async with connection.transaction():
        for make in makes:
            if not savepoints:
                results.append(await _drive_async(connection, make()))
                continue
            try:
                async with connection.transaction():
                    results.append(await _drive_async(connection, make()))
            except Exception as error:
                if connection.is_closed():
                    raise
                results.append(error)
    return results


async def _drive_async(connection: Any, steps: Steps[T]) -> T:
    rows: list[Row] | None = None
    try:
        while True:
            sql, params = steps.send(rows)  # type: ignore[arg-type]  # the first send takes None
            rows = [dict(row) for row in await connection.fetch(_numbered(sql), *params)]
    except StopIteration as stop:
        return cast(T, stop.value)
    except asyncpg.IntegrityConstraintViolationError as error:
        raise IntegrityError(error) from error


@lru_cache(maxsize=2048)
def _numbered(sql: str) -> str:
    """`?` as PostgreSQL's `$1`, `$2`, …, and the row lock spelled out."""
    pieces = sql.split("?")
    numbered = "".join(f"{piece}${place}" for place, piece in enumerate(pieces[:-1], 1)) + pieces[-1]
    return numbered.replace(LOCK, "FOR UPDATE")


def moment(value: Any) -> datetime | None:
    """A time column of a row: text on SQLite, a datetime on PostgreSQL."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value).astimezone(UTC)


def when(value: Any) -> datetime:
    """`moment` of a column that is never null."""
    found = moment(value)
    if found is None:
        raise ValueError("a moment was expected")
    return found


def to_json(value: Any) -> str:
    """A value for a JSON column."""
    return orjson.dumps(value).decode()


def from_json(value: Any) -> Any:
    """A JSON column of a row."""
    return orjson.loads(value) if isinstance(value, str | bytes) else value


def marks(values: Sequence[Any]) -> str:
    """`?, ?, ?` for an IN list; (NULL) matches nothing where the list is empty."""
    return ", ".join("?" for _ in values) or "NULL"


class Grouped:
    """Commits what arrives together in one transaction: while one commit runs, the next group gathers."""

    def __init__(self, limit: int = 256) -> None:
        self._limit = limit
        self._waiting: list[tuple[Make[Any], asyncio.Future[Any]]] = []
        self._flushing: asyncio.Task[None] | None = None

    async def submit(self, make: Make[T]) -> T:
        """Run the steps in the next group; returns after its commit, raises what undid them."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((make, future))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        return await future

    async def _flush(self) -> None:
        while self._waiting:
            # One turn of the loop, so that everything that is already readable joins this commit.
            await asyncio.sleep(0)
            group, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
            try:
                results: list[Any] = await transact_all([make for make, _ in group])
            except Exception as error:
                results = [error] * len(group)
            for (_, future), result in zip(group, results, strict=True):
                if future.done():
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)
