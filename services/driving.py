"""Carries steps out on a driver's connection: in SQLite's thread, or statement by statement on PostgreSQL."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, TypeVar, cast

import asyncpg
import structlog
from prometheus_client import Counter
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError

from adapters.redaction import told
from models.fields import to_text

T = TypeVar("T")
Row = dict[str, Any]
Statement = tuple[str, Sequence[Any]]
Steps = Generator[Statement, list[Row], T]
Make = Callable[[], Steps[T]]
Together = Callable[[Sequence[Make[Any]]], Steps[dict[int, Any]]]
"""Steps that do the work of many at once: their results by place. Whoever is left out is done by itself."""

log = structlog.get_logger(__name__)

LOCK: Final = "/*lock*/"
WAKE: Final[Statement] = ("", ())
"""Yielded by steps that made work for others: what `on_commit` was given is called once they are committed."""

RACES: Final = (IntegrityError, asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
"""What two transactions do to each other; neither is to blame, and one of them succeeds when tried again."""
ERRORS: Final = Counter(
    "pult_database_errors", "Statements that failed: DBConnectionError, OperationalError, or a race, which is repeated",
    ["kind"],
)  # fmt: skip
_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # A connection that was cut in the middle of something says this instead.
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    # Its disk is full, its memory or its connections are used up.
    asyncpg.InsufficientResourcesError,
    OSError,
)
_AWAY_CODES = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOMEM,
})  # fmt: skip
"""SQLite's primary result codes for what has nothing to do with the statement."""


@dataclass(frozen=True, slots=True)
class Last:
    """Steps that end a commit: of any kind, or of one alone that made work."""

    make: Make[Any]
    always: bool


class Notes:
    """What a transaction leaves behind for the moment after its commit."""

    __slots__ = ("wakes",)

    def __init__(self) -> None:
        self.wakes = False


async def ready(client: BaseDBAsyncClient) -> Any:
    raw = cast(Any, client)
    if raw._connection is None:
        await raw.create_connection(with_db=True)
    return raw


@contextmanager
def translated() -> Iterator[None]:
    """The drivers' errors as Tortoise's, those of races aside, which `transact` knows."""
    try:
        yield
    except (sqlite3.Error, asyncpg.PostgresError, *_AWAY) as error:
        ours = _as_ours(error)
        ERRORS.labels("race" if isinstance(ours, RACES) else type(ours).__name__).inc()
        raise ours from error


def _as_ours(error: Exception) -> Exception:
    if isinstance(error, sqlite3.IntegrityError | asyncpg.IntegrityConstraintViolationError):
        return IntegrityError(error)
    if _away(error):
        return DBConnectionError(error)
    if isinstance(error, sqlite3.Error | asyncpg.PostgresError | asyncpg.InterfaceError):
        return error if isinstance(error, RACES) else OperationalError(error)
    return error


def out_of_reach(error: BaseException) -> bool:
    """Whether the database cannot be used at all (gone, locked, full), whatever is asked of it."""
    cause = error.args[0] if isinstance(error, OperationalError) and error.args else None
    return isinstance(error, DBConnectionError) or (isinstance(cause, Exception) and _away(cause))


def _away(error: Exception) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _AWAY_CODES
    # asyncpg's complaint about an argument of the wrong type is an InterfaceError too, and a ValueError besides.
    return isinstance(error, _AWAY) and not isinstance(error, ValueError)


def commit_in_thread(
    connection: sqlite3.Connection,
    makes: Sequence[Make[T]],
    savepoints: bool,
    begin: bool,
    notes: Notes,
    together: Together | None = None,
    last: Last | None = None,
) -> list[Any]:
    """The results of all, and after them what the last steps gave, where they were run."""
    if not begin:
        return [_guarded(connection, make, notes) for make in makes]
    try:
        with _begun(connection):
            return _driven(connection, makes, notes, together, last, _straight)
    except Exception as error:
        if not savepoints or _away(error):
            raise
        # A savepoint is two statements more, so that they are taken only once something has failed.
        log.info("what is committed together is taken one by one", error=told(error))
        notes.wakes = False
    with _begun(connection):
        return _driven(connection, makes, notes, None, last, _guarded)


@contextmanager
def _begun(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite itself has rolled back after some failures (disk full, input or output).
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _driven(
    connection: sqlite3.Connection,
    makes: Sequence[Make[Any]],
    notes: Notes,
    together: Together | None,
    last: Last | None,
    how: Callable[[sqlite3.Connection, Make[Any], Notes], Any],
) -> list[Any]:
    done = drive(connection, together(makes), notes) if together is not None else {}
    results = [done[place] if place in done else how(connection, make, notes) for place, make in enumerate(makes)]
    if last is not None and (last.always or notes.wakes):
        results.append(how(connection, last.make, notes))
    return results


def _straight(connection: sqlite3.Connection, make: Make[T], notes: Notes) -> T:
    return drive(connection, make(), notes)


def _guarded(connection: sqlite3.Connection, make: Make[T], notes: Notes) -> T | Exception:
    connection.execute("SAVEPOINT step")
    try:
        result = drive(connection, make(), notes)
    except Exception as error:
        if not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO step")
        connection.execute("RELEASE step")
        return _as_ours(error)
    connection.execute("RELEASE step")
    return result


def drive(connection: sqlite3.Connection, steps: Steps[T], notes: Notes) -> T:
    """What the steps return. A statement that fails is told them first: it alone is undone, and they may go on."""
    try:
        statement = next(steps)
        while True:
            try:
                rows = _executed(connection, statement, notes)
            except Exception as error:
                if _away(error):
                    raise
                statement = steps.throw(error)
            else:
                statement = steps.send(rows)
    except StopIteration as stop:
        return cast(T, stop.value)


def _executed(connection: sqlite3.Connection, statement: Statement, notes: Notes) -> list[Row]:
    sql, params = statement
    if not sql:
        notes.wakes = True
        return []
    return [dict(row) for row in connection.execute(sql, [_plain(value) for value in params]).fetchall()]


def _plain(value: Any) -> Any:
    return to_text(_aware(value)) if isinstance(value, datetime) else value


def _aware(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError("a moment without a zone is no moment")
    return value


async def commit_async(
    connection: Any, makes: Sequence[Make[T]], savepoints: bool, notes: Notes, together: Together | None = None
) -> list[Any]:
    try:
        async with connection.transaction():
            done = await drive_async(connection, together(makes), notes) if together else {}
            return [
                done[place] if place in done else await drive_async(connection, make(), notes)
                for place, make in enumerate(makes)
            ]
    except Exception as error:
        if not savepoints or _away(error) or connection.is_closed():
            raise
    # A savepoint costs two trips to the server, so that they are taken only once something has failed.
    results: list[Any] = []
    async with connection.transaction():
        for make in makes:
            try:
                async with connection.transaction():
                    results.append(await drive_async(connection, make(), notes))
            except Exception as error:
                if _away(error) or connection.is_closed():
                    raise
                results.append(_as_ours(error))
    return results


async def drive_async(connection: Any, steps: Steps[T], notes: Notes) -> T:
    rows: list[Row] | None = None
    try:
        while True:
            sql, params = steps.send(rows)  # type: ignore[arg-type]  # the first send takes None
            if sql:
                rows = [dict(row) for row in await connection.fetch(_numbered(sql), *map(_aware, params))]
            else:
                notes.wakes, rows = True, []
    except StopIteration as stop:
        return cast(T, stop.value)


_POSTGRES: dict[str, str] = {}


def either(sqlite: str, postgres: str) -> str:
    """A statement that the two databases are told in different words, with the same parameters; made once, for good."""
    _POSTGRES[sqlite] = postgres
    return sqlite


NUMBERS: Final = "SELECT value FROM json_each(?)"
"""A JSON list of numbers as rows, where a statement is to stay the same however many there are."""


def numbered(sql: str) -> str:
    """A statement with NUMBERS in it, for both databases."""
    return either(
        sql, sql.replace(NUMBERS, "SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(? AS json))")
    )


@lru_cache(maxsize=2048)
def _numbered(sql: str) -> str:
    """`?` as PostgreSQL's `$1`, `$2`, …, and the row lock spelled out."""
    sql = _POSTGRES.get(sql, sql)
    if "?1" in sql:
        numbered = re.sub(r"\?(\d+)", r"$\1", sql)
    else:
        pieces = sql.split("?")
        numbered = "".join(f"{piece}${place}" for place, piece in enumerate(pieces[:-1], 1)) + pieces[-1]
    # Keys never change, so that rows which only refer to a locked one need not wait for it.
    return numbered.replace(LOCK, "FOR NO KEY UPDATE")
