"""Counting for the metrics holds up nobody: on SQLite it reads through a connection of its own."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from bot.database import sqlite_path
from models.enums import Priority
from services import aside
from services.jobs import NewJob, enqueue
from services.sql import transact

COUNT = "SELECT COUNT(*) AS n FROM jobs WHERE lane = ?"


async def test_what_is_committed_is_seen_on_both_databases(database: str) -> None:
    await transact(lambda: enqueue(NewJob("copy", "control:1", Priority.COPY)))
    assert await aside.look(COUNT, "control:1") == [{"n": 1}]
    assert await aside.look(COUNT, "control:2") == [{"n": 0}]


async def test_a_writer_is_not_waited_for(database: str) -> None:
    if not database.startswith("sqlite"):
        return
    with closing(sqlite3.connect(sqlite_path(database), isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM jobs")
        assert await aside.look(COUNT, "control:1") == [{"n": 0}]
        writer.execute("ROLLBACK")


async def test_nothing_can_be_written_aside(database: str) -> None:
    if database.startswith("sqlite"):
        with pytest.raises(Exception, match="readonly") as caught:
            await aside.look("DELETE FROM jobs")
        assert isinstance(caught.value.__cause__, sqlite3.Error)
