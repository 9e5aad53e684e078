"""A migration of a PostgreSQL database: one transaction, ended by the comparison, under an advisory lock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.transactions import in_transaction

from bot.database import CONNECTION, Schema, new_context, tortoise_config
from bot.migrate import compare
from bot.migrate.executor import Executor
from bot.migrate.structure import Structure, read, table_names

Apps = dict[str, dict[str, Any]]

LOCK = 0x50756C74  # "Pult"


async def migrate(url: str, schema: Schema, say: Callable[[str], None]) -> tuple[str, ...]:
    """The names of the migrations applied."""
    async with _connected(url, schema) as apps, in_transaction(CONNECTION) as db:
        await _take_turn(db, say)
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
