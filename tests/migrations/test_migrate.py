from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.database import DatabaseBusy, close_database, is_sqlite, open_database, sqlite_path
from bot.migrate import (
    ForeignDatabase,
    MigrationRefused,
    NewerDatabase,
    OldDatabase,
    ensure_current,
    migrate,
)
from bot.migrate.backup import marker
from bot.migrate.structure import Structure, count_rows, read
from tests.migrations.scratch import Scratch, connected, query, seed

WIDER = 'ops.AlterField("Channel", "name", fields.CharField(max_length=200, db_index=True)),'


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Scratch]:
    scratch = Scratch(tmp_path)
    yield scratch
    scratch.leave()


async def structure(url: str, scratch: Scratch) -> Structure:
    async with connected(url, scratch.schema) as db:
        return await read(db)


async def rows(url: str, scratch: Scratch) -> dict[str, int]:
    async with connected(url, scratch.schema) as db:
        return {table: n for table, n in (await count_rows(db)).items() if table != "tortoise_migrations"}


async def start(url: str, scratch: Scratch) -> Structure:
    await migrate(url, scratch.schema)
    await seed(url, scratch.schema)
    return await structure(url, scratch)


async def test_altering_a_parent_table_loses_neither_children_nor_indexes(url: str, scratch: Scratch) -> None:
    before = await start(url, scratch)
    scratch.add("0002_wider", WIDER)

    done = await migrate(url, scratch.schema)

    assert done.applied == ("0002_wider",)
    assert await rows(url, scratch) == {"cards": 1, "channels": 2, "messages": 3}
    after = await structure(url, scratch)
    assert after.indexes == before.indexes
    assert after.foreign_keys == before.foreign_keys
    assert {index.columns for index in after.indexes if index.table == "channels"} == {
        ("platform", "external_id"),
        ("platform", "name"),
        ("name",),
        ("key",),
    }


async def test_removing_a_field_takes_only_its_own_indexes(url: str, scratch: Scratch) -> None:
    before = await start(url, scratch)
    scratch.add("0002_no_key", 'ops.RemoveField("Channel", "key"),')

    await migrate(url, scratch.schema)

    after = await structure(url, scratch)
    assert before.indexes - after.indexes == {index for index in before.indexes if index.columns == ("key",)}
    assert after.indexes <= before.indexes
    assert await rows(url, scratch) == {"cards": 1, "channels": 2, "messages": 3}


async def test_a_field_renamed_and_altered_keeps_its_indexes(url: str, scratch: Scratch) -> None:
    await start(url, scratch)
    scratch.add(
        "0002_title",
        'ops.AlterField("Channel", "name", fields.CharField(max_length=90, null=True, db_index=True,'
        ' source_field="title")),',
    )

    await migrate(url, scratch.schema)

    found = {index.columns for index in (await structure(url, scratch)).indexes if index.table == "channels"}
    assert found == {("platform", "external_id"), ("platform", "title"), ("title",), ("key",)}
    titles = await query(url, scratch.schema, "SELECT title FROM channels ORDER BY id")
    assert [row["title"] for row in titles] == ["Cafe", "Shop"]


async def test_a_one_to_one_stays_unique_when_its_table_is_rebuilt(url: str, scratch: Scratch) -> None:
    await start(url, scratch)
    scratch.add("0002_text", 'ops.AlterField("Card", "text", fields.CharField(max_length=32, null=True)),')

    await migrate(url, scratch.schema)

    cards = [index for index in (await structure(url, scratch)).indexes if index.table == "cards"]
    assert [(index.columns, index.unique) for index in cards] == [(("channel_id",), True)]


async def test_a_relation_can_be_removed(url: str, scratch: Scratch) -> None:
    await start(url, scratch)
    scratch.add("0002_alone", 'ops.RemoveField("Card", "channel"),')

    await migrate(url, scratch.schema)

    assert set((await structure(url, scratch)).columns["cards"]) == {"id", "text"}


async def test_an_index_and_uniques_can_be_given_up(url: str, scratch: Scratch) -> None:
    await start(url, scratch)
    scratch.add(
        "0002_looser",
        """
        ops.AlterField("Channel", "name", fields.CharField(max_length=64)),
        ops.AlterField("Channel", "key", fields.CharField(max_length=64)),
        ops.RemoveConstraint("Channel", fields=["platform", "external_id"]),
        """,
    )

    await migrate(url, scratch.schema)

    found = (await structure(url, scratch)).indexes
    names = {(index.columns, index.unique) for index in found if index.table == "channels"}
    assert names == {(("platform", "name"), False), (("name",), True)}


async def test_an_index_can_be_added_to_a_field(url: str, scratch: Scratch) -> None:
    await start(url, scratch)
    scratch.add("0002_index", 'ops.AlterField("Card", "text", fields.CharField(max_length=32, db_index=True)),')

    await migrate(url, scratch.schema)

    assert ("text",) in {index.columns for index in (await structure(url, scratch)).indexes}


async def test_renamed_tables_and_columns_count_as_kept(url: str, scratch: Scratch) -> None:
    await start(url, scratch)
    scratch.add(
        "0002_rename",
        """
        ops.RunSQL(["ALTER TABLE messages RENAME TO letters", 'ALTER TABLE letters RENAME COLUMN text TO body']),
        """,
    )

    await migrate(url, scratch.schema)

    assert (await rows(url, scratch))["letters"] == 3


async def test_a_table_can_be_deleted(url: str, scratch: Scratch) -> None:
    await start(url, scratch)
    scratch.add("0002_no_cards", 'ops.DeleteModel("Card"),')

    await migrate(url, scratch.schema)

    assert "cards" not in await rows(url, scratch)


async def test_numbers_are_not_given_twice_after_a_rebuild(url: str, scratch: Scratch) -> None:
    await start(url, scratch)
    await query(url, scratch.schema, "DELETE FROM cards")
    scratch.add("0002_text", 'ops.AlterField("Card", "text", fields.CharField(max_length=32, null=True)),')

    await migrate(url, scratch.schema)

    fresh = await query(url, scratch.schema, "INSERT INTO cards (channel_id, text) VALUES (1, 'x') RETURNING id")
    assert fresh == [{"id": 2}]


LOSES_AN_INDEX = """
async def lose(apps, editor):
    await editor.client.execute_query("DROP INDEX uid_channels_named")
"""

LOSES_ROWS = """
async def lose(apps, editor):
    await editor.client.execute_query("DELETE FROM messages WHERE id = 1")
"""

BREAKS = """
async def lose(apps, editor):
    await editor.client.execute_query("DELETE FROM messages")
    raise ValueError("broken on purpose")
"""


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (LOSES_AN_INDEX, "uid_channels_named on channels(name)"),
        (LOSES_ROWS, "the table messages has 2 rows, it had 3"),
        (BREAKS, "broken on purpose"),
    ],
)
async def test_a_migration_that_loses_something_is_undone(url: str, scratch: Scratch, code: str, told: str) -> None:
    before = await start(url, scratch)
    scratch.add("0002_wider", WIDER)
    scratch.add("0003_lose", "ops.RunPython(lose),", before=code)

    with pytest.raises(MigrationRefused) as refused:
        await migrate(url, scratch.schema)

    assert told in str(refused.value)
    assert await structure(url, scratch) == before
    assert await rows(url, scratch) == {"cards": 1, "channels": 2, "messages": 3}
    with pytest.raises(OldDatabase):
        await ensure_current(url, scratch.schema)


async def test_a_table_rebuilt_by_hand_without_its_index_is_refused(sqlite_url: str, scratch: Scratch) -> None:
    before = await start(sqlite_url, scratch)
    scratch.add(
        "0002_by_hand",
        """
        ops.RunSQL([
            "CREATE TABLE new (id INTEGER PRIMARY KEY, platform TEXT NOT NULL, external_id TEXT NOT NULL,"
            " name TEXT NOT NULL, key TEXT NOT NULL, note TEXT)",
            "INSERT INTO new SELECT id, platform, external_id, name, key, note FROM channels",
            "DROP TABLE channels",
            "ALTER TABLE new RENAME TO channels",
        ]),
        """,
    )

    with pytest.raises(MigrationRefused, match="unique on channels"):
        await migrate(sqlite_url, scratch.schema)

    assert await structure(sqlite_url, scratch) == before
    assert await rows(sqlite_url, scratch) == {"cards": 1, "channels": 2, "messages": 3}


async def test_a_migration_may_lose_what_it_names(url: str, scratch: Scratch) -> None:
    await start(url, scratch)
    scratch.add("0002_lose", "ops.RunPython(lose),", before=LOSES_ROWS, extra='may_lose = ("messages",)')

    await migrate(url, scratch.schema)

    assert (await rows(url, scratch))["messages"] == 2


async def test_rows_left_without_their_parent_are_refused(sqlite_url: str, scratch: Scratch) -> None:
    await start(sqlite_url, scratch)
    orphans = (
        "async def lose(apps, editor):\n    await editor.client.execute_query('DELETE FROM channels WHERE id = 2')"
    )
    scratch.add("0002_orphans", "ops.RunPython(lose),", before=orphans, extra='may_lose = ("channels",)')

    with pytest.raises(MigrationRefused, match="1 rows of messages point to nothing in channels"):
        await migrate(sqlite_url, scratch.schema)


async def test_a_migration_that_died_half_way_is_undone_before_the_next(sqlite_url: str, scratch: Scratch) -> None:
    await start(sqlite_url, scratch)
    scratch.add("0002_wider", WIDER)
    path = sqlite_path(sqlite_url)
    kept = (await migrate(sqlite_url, scratch.schema)).backup
    assert kept is not None
    await query(sqlite_url, scratch.schema, "DELETE FROM messages")
    marker(path).write_text(str(kept))

    with pytest.raises(OldDatabase, match="died half way"):
        await ensure_current(sqlite_url, scratch.schema)
    said: list[str] = []
    assert (await migrate(sqlite_url, scratch.schema, said.append)).applied == ("0002_wider",)

    assert "died half way" in said[0]
    assert (await rows(sqlite_url, scratch))["messages"] == 3
    await ensure_current(sqlite_url, scratch.schema)


async def test_of_two_migrations_at_once_one_waits(url: str, scratch: Scratch) -> None:
    await start(url, scratch)
    scratch.add("0002_wider", WIDER)
    said: list[str] = []

    done = await asyncio.gather(*(migrate(url, scratch.schema, said.append) for _ in range(2)))

    assert sorted(one.applied for one in done) == [(), ("0002_wider",)]
    assert said.count("Another migration is under way: waiting for it") == 1
    assert await rows(url, scratch) == {"cards": 1, "channels": 2, "messages": 3}


async def test_an_empty_database_is_made_at_once_by_several(url: str, scratch: Scratch) -> None:
    await asyncio.gather(*(ensure_current(url, scratch.schema) for _ in range(3)))

    assert await rows(url, scratch) == {"cards": 0, "channels": 0, "messages": 0}


async def test_an_old_database_is_refused_and_the_command_named(url: str, scratch: Scratch) -> None:
    before = await start(url, scratch)
    scratch.add("0002_wider", WIDER)

    with pytest.raises(OldDatabase, match="python -m bot migrate"):
        await ensure_current(url, scratch.schema)

    assert await structure(url, scratch) == before


async def test_a_newer_and_a_foreign_database_are_refused(url: str, scratch: Scratch) -> None:
    scratch.add("0002_wider", WIDER)
    await start(url, scratch)
    scratch.forget("0002_wider")
    with pytest.raises(NewerDatabase, match="0002_wider"):
        await migrate(url, scratch.schema)

    await query(url, scratch.schema, "DROP TABLE tortoise_migrations")
    with pytest.raises(ForeignDatabase):
        await ensure_current(url, scratch.schema)


async def test_a_start_during_a_migration_waits_for_it(sqlite_url: str, scratch: Scratch) -> None:
    await start(sqlite_url, scratch)
    scratch.add("0002_wider", WIDER)
    migrating = asyncio.create_task(migrate(sqlite_url, scratch.schema))
    while not marker(sqlite_path(sqlite_url)).exists():
        await asyncio.sleep(0)
        assert not migrating.done()

    await ensure_current(sqlite_url, scratch.schema)

    assert (await migrating).applied == ("0002_wider",)


async def test_a_database_in_use_is_not_migrated(sqlite_url: str, scratch: Scratch) -> None:
    await migrate(sqlite_url, scratch.schema)
    await open_database(sqlite_url, scratch.schema)
    try:
        with pytest.raises(DatabaseBusy, match="stop it first"):
            await migrate(sqlite_url, scratch.schema)
    finally:
        await close_database()


async def test_the_backup_holds_the_rows_of_before(sqlite_url: str, scratch: Scratch) -> None:
    await start(sqlite_url, scratch)
    scratch.add("0002_no_cards", 'ops.DeleteModel("Card"),')

    done = await migrate(sqlite_url, scratch.schema)

    assert is_sqlite(sqlite_url)
    assert (await rows(f"sqlite://{done.backup}", scratch))["cards"] == 1
