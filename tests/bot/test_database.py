from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from bot.database import CONNECTION, close_database, open_database, sqlite_path
from models import Account
from services import clock


async def test_every_task_sees_the_database(database: str) -> None:
    async def work() -> int:
        async with in_transaction():
            await Account.create(name="a", created_at=clock.now())
        return await Account.all().count()

    assert await asyncio.create_task(work()) == 1
    assert await Account.all().count() == 1


async def test_sqlite_is_durable_and_keeps_foreign_keys(sqlite_url: str) -> None:
    await open_database(sqlite_url)
    try:
        db = get_connection(CONNECTION)
        found = {name: (await db.execute_query_dict(f"PRAGMA {name}"))[0] for name in ("journal_mode", "synchronous")}
        assert list(found["journal_mode"].values()) == ["wal"]
        assert list(found["synchronous"].values()) == [2]
        assert list((await db.execute_query_dict("PRAGMA foreign_keys"))[0].values()) == [1]
    finally:
        await close_database()


COUNT = """
import asyncio, sys
from bot.database import close_database, open_database
from tortoise.transactions import in_transaction

async def main():
    await open_database(sys.argv[1])
    for _ in range(40):
        async with in_transaction() as db:
            row = (await db.execute_query_dict("SELECT name FROM accounts"))[0]
            await db.execute_query("UPDATE accounts SET name = ?", [str(int(row["name"]) + 1)])
    await close_database()

asyncio.run(main())
"""


async def test_processes_that_read_and_then_write_do_not_fail_each_other(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "pult.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    url = f"sqlite://{path}"
    await open_database(url)
    await Account.create(name="0", created_at=clock.now())

    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", COUNT, url, stderr=subprocess.PIPE) for _ in range(3)
    ]
    errors = [(await process.communicate())[1].decode() for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0], errors
    assert (await Account.get()).name == "120"
    await close_database()


async def test_a_cancelled_transaction_gives_the_connection_back(database: str) -> None:
    holding = asyncio.Event()

    async def hold() -> None:
        async with in_transaction():
            holding.set()
            await asyncio.sleep(60)

    async def begin() -> None:
        async with in_transaction():
            await Account.create(name="never", created_at=clock.now())

    holder = asyncio.create_task(hold())
    await holding.wait()
    waiting = asyncio.create_task(begin())
    await asyncio.sleep(0)
    waiting.cancel()
    holder.cancel()
    await asyncio.gather(holder, waiting, return_exceptions=True)

    async with asyncio.timeout(5), in_transaction():
        await Account.create(name="after", created_at=clock.now())
    assert [account.name for account in await Account.all()] == ["after"]


async def test_a_begin_that_fails_gives_the_connection_back(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "pult.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    await open_database(f"sqlite://{path}?busy_timeout=1")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(Exception, match="locked"):
            async with in_transaction():
                pass
        other.execute("ROLLBACK")
        async with asyncio.timeout(5), in_transaction():
            await Account.create(name="after", created_at=clock.now())
    finally:
        other.close()
        await close_database()


def test_the_path_of_a_url() -> None:
    assert sqlite_path("sqlite://data/pult.sqlite3") == Path("data/pult.sqlite3")
    assert sqlite_path("sqlite:///var/pult.sqlite3?synchronous=NORMAL") == Path("/var/pult.sqlite3")
    with pytest.raises(ValueError, match="memory"):
        sqlite_path("sqlite://:memory:")
