"""A migration of PostgreSQL that others are in the way of: it waits briefly, tries again, and says who it was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bot.migrate import MigrationRefused, migrate, postgres
from tests.migrations.scratch import Scratch, query, seed

pytestmark = pytest.mark.postgres
WIDER = 'ops.AlterField("Channel", "name", fields.CharField(max_length=200, db_index=True)),'


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Scratch]:
    scratch = Scratch(tmp_path)
    yield scratch
    scratch.leave()


@pytest.fixture
async def old(postgres_url: str, scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with rows, one migration behind."""
    await migrate(postgres_url, scratch.schema)
    await seed(postgres_url, scratch.schema)
    scratch.add("0002_wider", WIDER)
    monkeypatch.setattr(postgres, "PAUSE", 0.2)
    return postgres_url


@asynccontextmanager
async def reading(url: str) -> AsyncIterator[Any]:
    """A transaction that has read and does not end, as a dump or a forgotten psql."""
    connection = await asyncpg.connect(url, server_settings={"application_name": "a long report"})
    transaction = connection.transaction()
    await transaction.start()
    await connection.fetch("SELECT * FROM channels")
    try:
        yield connection
    finally:
        await connection.close()


async def test_the_reader_is_named_nothing_is_changed_and_nobody_waits_behind(old: str, scratch: Scratch) -> None:
    said: list[str] = []
    async with reading(old) as reader:
        migrating = asyncio.create_task(migrate(old, scratch.schema, said.append))
        longest, others = 0.0, await asyncpg.connect(old)
        while not migrating.done():
            begun = time.monotonic()
            await others.execute("UPDATE channels SET note = 'a customer wrote' WHERE id = 1")
            longest = max(longest, time.monotonic() - begun)
            await asyncio.sleep(0.02)
        await others.close()
        with pytest.raises(MigrationRefused) as refused:
            await migrating
    told = str(refused.value)
    assert "as it was" in told
    assert f"a long report (process {reader.get_server_pid()} of " in told
    assert f"pg_terminate_backend({reader.get_server_pid()})" in told
    assert len([one for one in said if "a long report" in one and "trying again" in one]) == postgres.TRIES - 1
    assert 0.5 < longest < 10, "it waited behind one try, not behind the reader"
    applied = await query(old, scratch.schema, "SELECT name FROM tortoise_migrations")
    assert [row["name"] for row in applied] == ["0001_initial"]


async def test_a_reader_that_ends_in_time_is_only_told_of(old: str, scratch: Scratch) -> None:
    said: list[str] = []
    async with reading(old):
        migrating = asyncio.create_task(migrate(old, scratch.schema, said.append))
        async with asyncio.timeout(60):
            while not said:  # noqa: ASYNC110 - a line that is printed tells nobody
                await asyncio.sleep(0.05)
    assert (await migrating).applied == ("0002_wider",)
    assert "a long report" in said[0]


async def test_what_a_migration_refuses_by_itself_is_tried_once(old: str, scratch: Scratch) -> None:
    scratch.add("0003_bad", 'ops.RunSQL(["SELECT 1 / 0"]),')
    said: list[str] = []
    with pytest.raises(MigrationRefused, match="division by zero"):
        await migrate(old, scratch.schema, said.append)
    assert said == []
