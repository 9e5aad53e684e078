"""A migration of a PostgreSQL database: one transaction, ended by the comparison, under an advisory lock.

A table that others have open is waited for briefly: whatever the service wants of that table waits behind. Then all is
undone and tried again a little later, and after a few tries a sentence names who is in the way.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from bot.database import CONNECTION, Schema, new_context, tortoise_config
from bot.migrate import compare
from bot.migrate.blockers import Blockers, was_kept_waiting, watched
from bot.migrate.executor import Executor
from bot.migrate.structure import Structure, read, table_names

Apps = dict[str, dict[str, Any]]

LOCK = 0x50756C74  # "Pult"
WAIT: Final = "2s"
"""For so long a table is waited for, and whoever comes after waits too."""
TRIES: Final = 5
PAUSE: Final = 3.0
"""Seconds between two tries, in which those who waited have their turn."""


async def migrate(url: str, schema: Schema, say: Callable[[str], None]) -> tuple[str, ...]:
    """The names of the migrations applied. Raises `MigrationRefused`."""
    for left in reversed(range(TRIES)):
        async with _connected(url, schema) as apps:
            async with watched(url, await _session()) as blockers:
                try:
                    return await _migrate(apps, say)
                except Exception as error:
                    if not was_kept_waiting(error):
                        raise
                    if not left:
                        raise _in_use(blockers) from error
            say(f"A table is in use by {blockers}: trying again in {PAUSE:.0f} s, {left} times at most")
        await asyncio.sleep(PAUSE)
    raise AssertionError("the last try returns or raises")


def _in_use(blockers: Blockers) -> compare.MigrationRefused:
    fault = f"a table that is to be changed was in use at {TRIES} tries, last by {blockers}: {blockers.advice()}"
    return compare.MigrationRefused([f"{fault}, then migrate again"])


async def _session() -> int:
    """The server's process that carries out what is asked over the one connection."""
    rows = await get_connection(CONNECTION).execute_query_dict("SELECT pg_backend_pid() AS pid")
    return int(rows[0]["pid"])


async def _migrate(apps: Apps, say: Callable[[str], None]) -> tuple[str, ...]:
    async with in_transaction(CONNECTION) as db:
        await _take_turn(db, say)
        await db.execute_query(f"SET LOCAL lock_timeout = '{WAIT}'")
        created = not await table_names(db)
        executor = Executor(db, apps)
        names = tuple(step.migration.name for step in await executor.pending())
        if created or not names:
            await executor.migrate(direction="forward")
            return names
        with compare.refusing():
            await _migrate_and_compare(db, executor, apps)
        return names


async def _take_turn(db: BaseDBAsyncClient, say: Callable[[str], None]) -> None:
    rows = await db.execute_query_dict(f"SELECT pg_try_advisory_xact_lock({LOCK}) AS mine")
    if not rows[0]["mine"]:
        say("Another migration is under way: waiting for it")
        await db.execute_query(f"SELECT pg_advisory_xact_lock({LOCK})")


async def _migrate_and_compare(db: BaseDBAsyncClient, executor: Executor, apps: Apps) -> None:
    fresh = await _fresh(db, apps)
    before = await compare.snapshot(db)
    await executor.migrate(direction="forward")
    after = await compare.snapshot(db)
    if faults := compare.faults(before, after, fresh, executor.intent):
        raise compare.MigrationRefused(faults)


async def _fresh(db: BaseDBAsyncClient, apps: Apps) -> Structure:
    """What the migrations make from nothing: in a namespace of its own, behind a savepoint that is rolled back."""
    found: list[Structure] = []
    try:
        async with in_transaction(CONNECTION):
            await db.execute_query("CREATE SCHEMA pult_fresh")
            await db.execute_query("SET LOCAL search_path TO pult_fresh")
            executor = Executor(db, apps)
            await executor.pending()
            await executor.migrate(direction="forward")
            found.append(await read(db))
            raise _Undo
    except _Undo:
        return found[0]


class _Undo(Exception):
    """Ends the savepoint without keeping anything of it."""


@asynccontextmanager
async def _connected(url: str, schema: Schema) -> AsyncIterator[Apps]:
    config = tortoise_config(url, schema, minsize=1, maxsize=1)
    context = await new_context(config)
    with context:
        try:
            yield config["apps"]
        finally:
            await context.close_connections()
