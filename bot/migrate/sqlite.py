"""A migration of an SQLite file: lock, backup, migrate with foreign keys off, compare, keep or put back."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tortoise.backends.base.client import BaseDBAsyncClient

from bot.database import CONNECTION, DatabaseBusy, Schema, new_context, sqlite_path, tortoise_config, use_lock
from bot.locks import FileLock
from bot.migrate import backup, compare
from bot.migrate.executor import Executor
from bot.migrate.structure import Structure, read, table_names


@asynccontextmanager
async def turn(url: str, say: Callable[[str], None]) -> AsyncIterator[None]:
    """One migration at a time: waits for one that is under way."""
    path = sqlite_path(url)
    lock = FileLock(path.with_name(path.name + ".migrate.lock"))
    if not lock.try_exclusive():
        say("Another migration is under way: waiting for it")
        await lock.wait_exclusive()
    try:
        yield
    finally:
        lock.release()


@asynccontextmanager
async def locked(url: str, say: Callable[[str], None]) -> AsyncIterator[None]:
    """A turn, and nobody who has the file open."""
    async with turn(url, say):
        alone = use_lock(sqlite_path(url))
        if not alone.try_exclusive():
            raise DatabaseBusy(f"Pult is running on {sqlite_path(url)}: stop it first")
        try:
            yield
        finally:
            alone.release()


def recover(url: str, say: Callable[[str], None]) -> None:
    path = sqlite_path(url)
    if left := backup.unfinished(path):
        say(f"An earlier migration died half way: going back to {left}")
        backup.restore(path, left)


async def migrate(url: str, schema: Schema, say: Callable[[str], None]) -> tuple[tuple[str, ...], Path | None]:
    """The names of the migrations applied and the backup made. Call it inside `locked`."""
    path = sqlite_path(url)
    async with _connected(url, schema) as (db, executor):
        created = not await table_names(db)
        names = tuple(step.migration.name for step in await executor.pending())
        if created:
            await executor.migrate(direction="forward")
    if created or not names:
        return names, None
    with compare.refusing():
        fresh = await _fresh(schema)
        kept = backup.make(path, names[0])
        say(f"Backup: {kept}")
        try:
            await _migrate_and_compare(url, schema, fresh)
        except BaseException:
            backup.restore(path, kept)
            raise
    backup.finish(path)
    return names, kept


async def _migrate_and_compare(url: str, schema: Schema, fresh: Structure) -> None:
    async with _connected(url, schema) as (db, executor):
        before = await compare.snapshot(db)
        await executor.pending()
        await executor.migrate(direction="forward")
        after = await compare.snapshot(db)
    if faults := compare.faults(before, after, fresh, executor.intent):
        raise compare.MigrationRefused(faults)


async def _fresh(schema: Schema) -> Structure:
    with tempfile.TemporaryDirectory() as folder:
        async with _connected(f"sqlite://{folder}/fresh.sqlite3", schema) as (db, executor):
            await executor.migrate(direction="forward")
            return await read(db)


@asynccontextmanager
async def _connected(url: str, schema: Schema) -> AsyncIterator[tuple[BaseDBAsyncClient, Executor]]:
    config = tortoise_config(url, schema, foreign_keys="OFF")
    context = await new_context(config)
    with context:
        try:
            db = context.db(CONNECTION)
            yield db, Executor(db, config["apps"])
        finally:
            await context.close_connections()
