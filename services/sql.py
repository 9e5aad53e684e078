"""Transactions written as steps: a generator yields (SQL, parameters) and is sent the rows.

The same steps run on both databases. On SQLite a whole transaction is one hop into the connection's thread instead of
one per statement; on PostgreSQL the statements are awaited one by one. SQL is written with `?`, or with `?1`, `?2` …
throughout where a value occurs more than once; `LOCK` at the end of a SELECT takes the row lock on PostgreSQL and is
nothing on SQLite, where a writer is alone anyway. Steps may be run again, and in a thread: they touch nothing else.

    def rename(project: int, name: str) -> Steps[bool]:
        rows = yield "UPDATE projects SET name = ? WHERE id = ? RETURNING id", (name, project)
        return bool(rows)

    await transact(lambda: rename(1, "Cafe"))
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, TypeVar, cast
from weakref import WeakKeyDictionary

from tortoise import connections
from tortoise.backends.base.client import BaseDBAsyncClient, TransactionalDBClient
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError
from tortoise.transactions import in_transaction

from services import driving
from services.driving import (
    LOCK,
    NUMBERS,
    RACES,
    WAKE,
    Last,
    Make,
    Notes,
    Row,
    Statement,
    Steps,
    Together,
    either,
    numbered,
)
from services.rows import from_json, marks, moment, to_json, when
from services.trace import REQUEST, carried

__all__ = [
    "LOCK",
    "NUMBERS",
    "RACES",
    "WAKE",
    "Grouped",
    "Make",
    "Row",
    "Statement",
    "Steps",
    "Together",
    "either",
    "fetch",
    "from_json",
    "in_slices",
    "marks",
    "moment",
    "numbered",
    "on_commit",
    "one",
    "run",
    "to_json",
    "transact",
    "transact_all",
    "transaction",
    "when",
]

T = TypeVar("T")
TRIES = 3
CONNECTION = "default"


class _AfterCommit:
    hook: Callable[[], None] | None = None


_open: ContextVar[Notes | None] = ContextVar("open_transaction", default=None)


def on_commit(hook: Callable[[], None] | None) -> None:
    """Set what is called after each commit that made jobs: the runner is woken by it."""
    _AfterCommit.hook = hook


def _committed(notes: Notes) -> None:
    if notes.wakes and _AfterCommit.hook is not None:
        _AfterCommit.hook()


def _client() -> BaseDBAsyncClient:
    """The connection in use. A task that was started inside a transaction may still hold it when it is over."""
    client: Any = connections.get(CONNECTION)
    while _joined(client) and client._finalized:
        client = client._parent
    return cast(BaseDBAsyncClient, client)


def _joined(client: BaseDBAsyncClient) -> bool:
    """Whether this is an open transaction."""
    return _transactional(type(client))


@cache
def _transactional(kind: type[BaseDBAsyncClient]) -> bool:
    # Asked several times for each message, and dear to ask of abstract classes.
    return issubclass(kind, TransactionalDBClient)


async def transact(make: Make[T]) -> T:
    """Run the steps as one transaction, again up to three times where two transactions met.

    `make` is called anew for each try. Inside a transaction that is already open the steps join it. Raises
    IntegrityError, OperationalError, or DBConnectionError where the database is out of reach, on both databases.
    """
    client = _client()
    if _joined(client):
        return await run(make())
    make = carried(make)
    for attempt in range(1, TRIES + 1):
        try:
            result = (await _commit(client, [make], savepoints=False))[0]
        except RACES:
            if attempt == TRIES:
                raise
        else:
            return cast(T, result)
    raise AssertionError("unreachable")


async def transact_all(makes: Sequence[Make[T]], together: Together | None = None) -> list[T | Exception]:
    """Run many in one commit, each under its own savepoint: one that fails undoes only itself.

    `together` is asked first, in the same commit, for what it can do at once.

    Returns each result, or the exception that undid it; raises only where the commit as a whole failed. Inside a
    transaction that is already open they join it.
    """
    return await _commit(_client(), makes, savepoints=True, together=together)


async def run(steps: Steps[T]) -> T:
    """Run steps on the connection in use: inside an open transaction, or each statement by itself."""
    client = _client()
    joined = _open.get() if _joined(client) else None
    notes = joined or Notes()
    with driving.translated():
        if client.capabilities.dialect == "sqlite":
            result = await _in_thread(await driving.ready(client), _Hop(REQUEST.get(), steps, notes))
        else:
            async with client.acquire_connection() as connection:
                result = await driving.drive_async(connection, steps, notes)
    if joined is None:
        _committed(notes)
    return cast(T, result)


@dataclass(slots=True, eq=False)
class _Hop:
    """Steps on their way to SQLite's thread and back."""

    request: str | None
    steps: Steps[Any]
    notes: Notes
    result: Any = None
    error: Exception | None = None
    done: bool = False


_hops: WeakKeyDictionary[Any, list[_Hop]] = WeakKeyDictionary()


async def _in_thread(raw: Any, mine: _Hop) -> Any:
    """Carry the steps out in SQLite's thread; whoever gets there first takes along all that wait with it."""
    waiting = _hops.setdefault(raw, [])
    waiting.append(mine)
    async with raw._lock:
        if not mine.done:
            # None are left where a cancelled one has taken ours along: then this merely waits behind it.
            hops, waiting[:] = list(waiting), []
            await raw._connection._execute(_drive_all, raw._connection._conn, hops)
    if mine.error is not None:
        raise mine.error
    if not mine.done:
        raise DBConnectionError("the connection was closed")
    return mine.result


def _drive_all(connection: sqlite3.Connection, hops: Sequence[_Hop]) -> None:
    for hop in hops:
        REQUEST.set(hop.request)
        try:
            hop.result = driving.drive(connection, hop.steps, hop.notes)
        except Exception as error:
            hop.error = error
        hop.done = True


@asynccontextmanager
async def transaction() -> AsyncIterator[BaseDBAsyncClient]:
    """A transaction for the ORM; steps join it by `await run(...)`. One inside another is a savepoint of it."""
    outer = _open.get() if _joined(_client()) else None
    notes = outer or Notes()
    token = _open.set(notes)
    try:
        async with in_transaction(CONNECTION) as client:
            yield client
    finally:
        _open.reset(token)
    if outer is None:
        _committed(notes)


async def in_slices(make: Make[int], at_once: int) -> None:
    """Run the steps, which delete `at_once` rows at most and return how many, until there are no more."""
    while await transact(make) == at_once:
        pass


async def fetch(sql: str, *params: Any) -> list[Row]:
    """The rows of one statement."""
    return await run(one(sql, *params))


def one(sql: str, *params: Any) -> Steps[list[Row]]:
    """A statement as steps."""
    return (yield sql, params)


async def _commit(
    client: BaseDBAsyncClient,
    makes: Sequence[Make[T]],
    *,
    savepoints: bool,
    together: Together | None = None,
    last: Last | None = None,
) -> list[T | Exception]:
    joined = _joined(client)
    outer = _open.get() if joined else None
    notes = outer or Notes()
    with driving.translated():
        if client.capabilities.dialect == "sqlite":
            raw = await driving.ready(client)
            async with raw._lock:
                # A cancelled caller may free the lock while the thread is still at it: whatever is sent to the thread
                # then runs after the whole transaction.
                results = await raw._connection._execute(
                    driving.commit_in_thread, raw._connection._conn, makes, savepoints, not joined, notes, together,
                    last,
                )  # fmt: skip
        else:
            async with client.acquire_connection() as connection:
                results = await driving.commit_async(connection, makes, savepoints, notes, together)
    if len(results) > len(makes) and not isinstance(results[-1], Exception):
        # Whoever would be woken was there.
        notes.wakes = False
    if outer is None:
        _committed(notes)
    return cast("list[T | Exception]", results)


class Follower(Protocol):
    """Has steps that may end a group's commit, which spares them one of their own."""

    def last(self) -> Last | None:
        """Asked before each commit; None for not with this one."""
        ...

    def followed(self, result: Any) -> None:
        """What the steps gave, the exception that undid them, or None where they were not run."""
        ...


class Grouped:
    """Commits what arrives together in one transaction: while one commit runs, the next group gathers.

    `parallel` commits may run at a time: PostgreSQL gains by some, SQLite has one writer anyway. `together`: see
    `transact_all`.
    """

    follower: Follower | None = None
    """On SQLite alone."""

    def __init__(self, limit: int = 256, *, parallel: int = 1, together: Together | None = None) -> None:
        self._limit = limit
        self._parallel = parallel
        self._together = together
        self._waiting: list[tuple[Make[Any], asyncio.Future[Any]]] = []
        self._flushing = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def submit(self, make: Make[T]) -> T:
        """Run the steps in the next group; returns after its commit, raises what undid them."""
        if _joined(_client()):
            raise RuntimeError("a group is no part of a transaction: to wait for one inside another is for ever")
        make = carried(make)
        for attempt in range(1, TRIES + 1):
            future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            self._waiting.append((make, future))
            if self._flushing < self._parallel:
                self._flushing += 1
                task = asyncio.create_task(self._flush())
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            try:
                return await future
            except RACES:
                if attempt == TRIES:
                    raise
        raise AssertionError("unreachable")

    async def _flush(self) -> None:
        try:
            # One turn of the loop, so that everything that is already readable joins this commit.
            await asyncio.sleep(0)
            while self._waiting:
                group, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
                await _flush_group(group, self._together, self.follower)
                await asyncio.sleep(0)
        finally:
            # At once, not by a callback of the task: whoever submits next must start another.
            self._flushing -= 1


async def _flush_group(
    group: Sequence[tuple[Make[Any], asyncio.Future[Any]]],
    together: Together | None = None,
    follower: Follower | None = None,
) -> None:
    last = follower.last() if follower is not None else None
    followed: Any = None
    try:
        results = await _settle([make for make, _ in group], together, last)
        followed = results.pop() if len(results) > len(group) else None
    except BaseException:
        for _, future in group:
            future.cancel()
        raise
    finally:
        if follower is not None and last is not None:
            follower.followed(followed)
    for (_, future), result in zip(group, results, strict=True):
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)


async def _settle(makes: Sequence[Make[Any]], together: Together | None = None, last: Last | None = None) -> list[Any]:
    """Commit the group; where the commit fails by what one of them left behind, each by itself."""
    try:
        return await _commit(_client(), makes, savepoints=True, together=together, last=last)
    except Exception as error:
        shared = isinstance(error, OperationalError | DBConnectionError) and not isinstance(error, IntegrityError)
        if shared or len(makes) == 1:
            return [error] * len(makes)
    results: list[Any] = []
    for make in makes:
        results += await _settle([make])
    return results
