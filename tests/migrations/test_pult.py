from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.migrations.executor import MigrationTarget

from bot.database import CONNECTION, PULT, is_sqlite, new_context, sqlite_path, tortoise_config
from bot.migrate import ensure_current, migrate
from bot.migrate.compare import differences
from bot.migrate.executor import Executor
from bot.migrate.state import RECORDS
from bot.migrate.structure import Structure, count_rows, read
from tests.migrations.scratch import connected


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> str:
    url = str(request.getfixturevalue(f"{request.param}_url"))
    if is_sqlite(url):
        sqlite_path(url).parent.mkdir()
    return url


async def test_rows_of_the_first_version_are_all_there_in_the_last(url: str) -> None:
    await begin(url)
    async with connected(url, PULT) as db:
        await fill(db)
        before = await count_rows(db)

    await migrate(url)

    async with connected(url, PULT) as db:
        after = await count_rows(db)
    assert all(count == 1 for table, count in before.items() if table != RECORDS)
    assert {table: after.get(table) for table in before if table != RECORDS} == {
        table: count for table, count in before.items() if table != RECORDS
    }
    await ensure_current(url)


async def test_the_migrations_make_what_the_models_say(url: str) -> None:
    context = await new_context(tortoise_config(url))
    with context:
        await context.db(CONNECTION).execute_query("SELECT 1")
        await context.generate_schemas()
        wanted = await read(context.db(CONNECTION))
        for table in wanted.columns:
            await context.db(CONNECTION).execute_query(f'DROP TABLE "{table}"' + cascade(url))
        await context.close_connections()

    await migrate(url)

    async with connected(url, PULT) as db:
        found = await read(db)
    assert list(differences(found, wanted, Structure({RECORDS: {}}, frozenset(), frozenset()))) == []


def cascade(url: str) -> str:
    return "" if is_sqlite(url) else " CASCADE"


async def begin(url: str) -> None:
    """A database as the first version of Pult made it."""
    config = tortoise_config(url, foreign_keys="OFF") if is_sqlite(url) else tortoise_config(url)
    context = await new_context(config)
    with context:
        try:
            executor = Executor(context.db(CONNECTION), config["apps"])
            first = (await executor.pending())[0].migration
            await executor.migrate([MigrationTarget(first.app_label, first.name)])
        finally:
            await context.close_connections()


async def fill(db: BaseDBAsyncClient) -> None:
    """One row in every table, all of its columns filled; the rows of one number belong together."""
    sqlite = db.capabilities.dialect == "sqlite"
    if sqlite:
        await db.execute_query("PRAGMA foreign_keys = OFF")
    structure = await read(db)
    statements = [insert(table, await column_types(db, table), structure) for table in structure.columns]
    script = "; ".join(statement for statement in statements if statement)
    await db.execute_script(script if sqlite else f"SET session_replication_role = replica; {script}")


async def column_types(db: BaseDBAsyncClient, table: str) -> dict[str, str]:
    if db.capabilities.dialect == "sqlite":
        rows = await db.execute_query_dict(f'PRAGMA table_info("{table}")')
        return {row["name"]: row["type"].lower() for row in rows}
    rows = await db.execute_query_dict(
        "SELECT column_name AS name, data_type AS type FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = $1",
        [table],
    )
    return {row["name"]: row["type"].lower() for row in rows}


def insert(table: str, types: dict[str, str], structure: Structure) -> str:
    if table == RECORDS:
        return ""
    keys = {column for child, column, _ in structure.foreign_keys if child == table}
    values = {name: "1" if name in keys | {"id"} else literal(kind) for name, kind in types.items()}
    names = ", ".join(f'"{name}"' for name in values)
    return f'INSERT INTO "{table}" ({names}) VALUES ({", ".join(values.values())})'


def literal(kind: str) -> str:
    if "bool" in kind:
        return "true"
    if "int" in kind or "real" in kind or "double" in kind or "numeric" in kind:
        return "1"
    if "time" in kind:
        return f"'{datetime(2026, 1, 1, tzinfo=UTC):%Y-%m-%d %H:%M:%S.%f}+00:00'"
    if "json" in kind:
        return "'{}'"
    if "uuid" in kind:
        return "'00000000-0000-0000-0000-000000000001'"
    return "'1'"
