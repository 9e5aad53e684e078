"""Opening and closing the database: what Tortoise is told about SQLite and PostgreSQL, and where rows live.

SQLite: WAL, synchronous=FULL, five seconds of patience. A shared lock on `<file>.lock` is held while it is open, so
that a migration cannot pull the file away; whoever runs on it holds `<file>.run.lock` alone, commands may go beside it.
PostgreSQL: a pool of connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tortoise.backends.base.config_generator import expand_db_url
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.context import TortoiseContext

from bot.locks import FileLock

CONNECTION: Final = "default"
LOOKS: Final = 5
LOOK_PAUSE: Final = 0.2
SQLITE: Final = {
    "busy_timeout": 5000,
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "wal_autocheckpoint": 4000,
    "journal_size_limit": 64 * 1024 * 1024,
    "foreign_keys": "ON",
}
POSTGRES: Final = {
    "minsize": 2,
    "maxsize": 10,
    "application_name": "pult",
    # A plan that was made while a table was all but empty reads the whole of it, and is kept while it grows, until the
    # server has counted its rows: claims took four times as long so. Every query here has its index.
    "server_settings": {"enable_seqscan": "off", "jit": "off"},
}


class DatabaseBusy(Exception):
    """The SQLite file is in use in a way that excludes what was asked."""


@dataclass(frozen=True, slots=True)
class Schema:
    """Whose tables they are: the models' module and the package with their migrations."""

    models: str = "models"
    migrations: str = "models.migrations"
    label: str = "models"


PULT: Final = Schema()


@dataclass(slots=True)
class _Opened:
    context: TortoiseContext
    lock: FileLock | None


_opened: _Opened | None = None


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite:")


def sqlite_path(url: str) -> Path:
    """The file of an SQLite URL: `sqlite://data/pult.sqlite3` is relative, `sqlite:///var/pult.sqlite3` absolute."""
    path: str = expand_db_url(url)["credentials"]["file_path"]
    if ":memory:" in path:
        raise ValueError("an SQLite database in memory cannot be used: name a file")
    return Path(path)


def use_lock(path: Path) -> FileLock:
    return FileLock(path.with_name(path.name + ".lock"))


def run_lock(path: Path) -> FileLock:
    """Held by whoever runs on the file: it alone carries out jobs, polls and ticks there."""
    return FileLock(path.with_name(path.name + ".run.lock"))


@asynccontextmanager
async def alone(url: str) -> AsyncIterator[None]:
    """Run on an SQLite file: two would do everything twice. Raises `DatabaseBusy` where another process does."""
    path = sqlite_path(url)
    lock = run_lock(path)
    for _ in range(LOOKS):
        if lock.try_exclusive():
            break
        # It may be somebody who only looks whether it is held.
        await asyncio.sleep(LOOK_PAUSE)
    else:
        raise DatabaseBusy(f"Pult runs on {path} already: stop it first, or give this one a database of its own")
    try:
        yield
    finally:
        lock.release()


def running(path: Path) -> bool:
    """Whether a process runs on the SQLite file now. Nothing is changed."""
    lock = run_lock(path)
    if not lock.there or lock.share():
        lock.release()
        return False
    return True


def tortoise_config(url: str, schema: Schema = PULT, **credentials: Any) -> dict[str, Any]:
    """Tortoise's configuration for `url`; `credentials` win over the URL's query, which wins over our defaults."""
    connection = expand_db_url(url)
    given = _query_names(url)
    defaults: dict[str, Any] = dict(SQLITE if is_sqlite(url) else POSTGRES)
    connection["engine"] = "bot.sqlite" if is_sqlite(url) else "bot.postgres"
    own = {name: value for name, value in defaults.items() if name not in given}
    connection["credentials"] = {**defaults, **connection["credentials"], **own, **credentials}
    return {
        "connections": {CONNECTION: connection},
        "apps": {
            schema.label: {
                "models": [schema.models],
                "migrations": schema.migrations,
                "default_connection": CONNECTION,
            }
        },
        "use_tz": True,
        "timezone": "UTC",
    }


def _query_names(url: str) -> set[str]:
    _, _, query = url.partition("?")
    return {pair.split("=")[0] for pair in query.split("&") if pair}


async def open_database(url: str, schema: Schema = PULT) -> None:
    """Open the database for the whole process, every task of it. Raises `DatabaseBusy` while a migration runs."""
    global _opened
    if _opened is not None:
        raise RuntimeError("a database is open already")
    lock = None
    if is_sqlite(url):
        path = sqlite_path(url)
        path.parent.mkdir(0o700, parents=True, exist_ok=True)
        lock = use_lock(path)
        if not lock.share():
            raise DatabaseBusy(f"{path} is being migrated: start again when that has ended")
    try:
        context = await new_context(tortoise_config(url, schema), everywhere=True)
    except BaseException:
        if lock:
            lock.release()
        raise
    _opened = _Opened(context, lock)
    try:
        await context.db().execute_query("SELECT 1")
    except BaseException:
        await close_database()
        raise


async def close_database() -> None:
    global _opened
    if _opened is None:
        return
    opened, _opened = _opened, None
    try:
        await opened.context.close_connections()
    finally:
        if opened.lock:
            opened.lock.release()


async def new_context(config: dict[str, Any], *, everywhere: bool = False) -> TortoiseContext:
    """A Tortoise context of `config`; with `everywhere`, the one that all tasks of the process fall back on.

    Tortoise caches SQL per connection name and table, not per dialect, hence the clearing.
    """
    EXECUTOR_CACHE.clear()
    context = TortoiseContext()
    with context:
        await context.init(config=config, _enable_global_fallback=everywhere)
    return context


# For `tortoise -c bot.database.TORTOISE_ORM makemigrations`; no database is opened by it.
TORTOISE_ORM: Final = tortoise_config("sqlite://:memory:")
