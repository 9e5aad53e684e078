"""Where a database stands, without changing it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.database import CONNECTION, PULT, Schema, is_sqlite, new_context, sqlite_path, tortoise_config
from bot.migrate import backup
from bot.migrate.executor import Executor
from bot.migrate.structure import table_names

RECORDS = "tortoise_migrations"


@dataclass(frozen=True, slots=True)
class State:
    empty: bool = False
    foreign: bool = False
    died: bool = False
    pending: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


async def look(url: str, schema: Schema = PULT) -> State:
    if is_sqlite(url):
        path = sqlite_path(url)
        if backup.unfinished(path):
            return State(died=True)
        if not path.exists() or path.stat().st_size == 0:
            return State(empty=True)
    config = tortoise_config(url, schema)
    context = await new_context(config)
    with context:
        try:
            db = context.db(CONNECTION)
            tables = await table_names(db)
            if RECORDS not in tables:
                return State(empty=not tables, foreign=bool(tables))
            executor = Executor(db, config["apps"])
            plan = await executor.plan()
            applied = await executor.recorder.applied_migrations()
            return State(
                empty=not applied and tables == [RECORDS],
                pending=tuple(step.migration.name for step in plan if not step.backward),
                unknown=tuple(await executor.unknown()),
            )
        finally:
            await context.close_connections()
