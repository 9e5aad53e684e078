from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

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

MIGRATIONS = Path(__file__).resolve().parents[2] / "models" / "migrations"


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


@pytest.mark.parametrize(
    "names",
    [
        ["0005_logins"], ["0006_copy_suspect"], ["0006_failed_events"], ["0006_copy_suspect", "0006_failed_events"],
        ["0007_copy_shows"], ["0007_copy_shows", "0006_copy_suspect"], ["0012_turns"],
    ],
)  # fmt: skip
async def test_every_older_state_comes_to_the_same_end(url: str, names: list[str]) -> None:
    """Two migrations were made beside each other under the number 6: a database may know either, or both."""
    await begin(url, *names)
    async with connected(url, PULT) as db:
        before = await db.execute_query_dict(f"SELECT name FROM {RECORDS}")
    assert set(names) <= {row["name"] for row in before}

    await migrate(url)

    await ensure_current(url)
    async with connected(url, PULT) as db:
        names_there = [row["name"] for row in await db.execute_query_dict(f"SELECT name FROM {RECORDS}")]
    assert sorted(names_there) == sorted(one.stem for one in MIGRATIONS.glob("0*.py"))
    assert (await migrate(url)).applied == ()


def test_there_is_one_last_migration() -> None:
    files = {one.stem: one.read_text("utf-8") for one in MIGRATIONS.glob("0*.py")}
    assert sum(all(f"'{name}'" not in text for text in files.values()) for name in files) == 1


def cascade(url: str) -> str:
    return "" if is_sqlite(url) else " CASCADE"


async def begin(url: str, *names: str) -> None:
    """A database as the version of Pult made it whose last migrations these were; else as the first one did."""
    config = tortoise_config(url, foreign_keys="OFF") if is_sqlite(url) else tortoise_config(url)
    context = await new_context(config)
    with context:
        try:
            executor = Executor(context.db(CONNECTION), config["apps"])
            first = (await executor.pending())[0].migration
            await executor.migrate([MigrationTarget(first.app_label, name) for name in names or [first.name]])
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
