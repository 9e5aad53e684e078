"""A queue that is full when Pult is updated: nothing of it is lost, and each key has its head."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from bot.database import PULT, close_database, is_sqlite, open_database, sqlite_path
from bot.migrate import migrate
from models.enums import Priority
from models.fields import to_text
from services import clock, heads, sql, taking
from services.sql import Row
from tests.jobs.engine import Engine
from tests.migrations.scratch import connected
from tests.migrations.test_pult import begin, fill

BEFORE_HEADS, BEFORE_TURNS = "0007_copy_shows", "0011_reminders"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SOON = 10 * MINUTE
CROWD = [f"crowd{number}" for number in range(30)]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    url = str(request.getfixturevalue(f"{request.param}_url"))
    if is_sqlite(url):
        sqlite_path(url).parent.mkdir()
    monkeypatch.setattr(taking, "IDLE", 0.02)
    yield url
    clock.reset()


@dataclass
class Filling:
    """The jobs of an older version, as it would have stored them. `now` is the moment of the update."""

    now: datetime
    rows: list[Row] = field(default_factory=list)

    def add(self, key: str | None, *, ago: timedelta = MINUTE, due: timedelta | None = None, **more: Any) -> None:
        """A job made so long ago. due: how far from now it is to run; `run_at` too, unless `more` says otherwise."""
        created = self.now - ago
        due_at = created if due is None else self.now + due
        mine = [row["seq"] for row in self.rows if row["order_key"] == key]
        self.rows.append({
            "id": len(self.rows) + 1, "kind": "note", "lane": "lane", "target": None, "order_key": key,
            "seq": max([int(created.timestamp() * 1_000_000), *(seq + 1 for seq in mine)]) if key else 0,
            "cancel_key": None, "priority": 20, "due_at": due_at, "run_at": due_at, "state": "queued", "attempts": 0,
            "suspect": False, "lease_token": None, "lease_until": None, "payload": f'{{"n": {len(self.rows) + 1}}}',
            "last_error": None, "created_at": created, "project_id": len(self.rows) % 2 or None, **more,
        })  # fmt: skip

    def running(self, key: str | None, lease: timedelta) -> None:
        until = self.now + lease
        self.add(key, ago=HOUR, state="running", attempts=1, lease_token="f" * 32, lease_until=until)

    def refused(self, key: str | None) -> None:
        self.add(key, ago=2 * HOUR, state="refused", attempts=3, last_error="Rejected: no")


def full_queue(now: datetime) -> list[Row]:
    """Keys in every state in which an update may meet them, among a crowd of others."""
    queue = Filling(now)
    queue.refused("only refused")
    queue.refused(None)
    queue.refused("behind a refused one")
    queue.running("behind a running one", MINUTE)
    queue.running("behind an abandoned one", -MINUTE)
    queue.running(None, -MINUTE)
    queue.add("behind one of later", ago=2 * HOUR, due=SOON)
    queue.add("all later", ago=2 * HOUR, due=SOON)
    queue.add("behind a held one", ago=2 * HOUR, run_at=now + SOON)
    queue.add("behind one tried again", ago=2 * HOUR, run_at=now + SOON, attempts=2, last_error="Temporary: away")
    queue.add("joined", ago=2 * HOUR, cancel_key="change:1")
    for key in dict.fromkeys(row["order_key"] for row in queue.rows):
        if key not in (None, "only refused"):
            for _ in range(3):
                queue.add(key, **({"due": SOON + MINUTE} if key == "all later" else {}))
    queue.add(None, priority=int(Priority.ANSWER))
    queue.add(None, due=SOON)
    chance = random.Random(8)
    for key in chance.choices(CROWD, k=600):
        queue.add(key, ago=HOUR, priority=10 if key in CROWD[:5] else 20)
    return queue.rows


def marked(rows: list[Row]) -> list[Row]:
    """With the heads that the version wrote that knew of heads but not of turns: no head behind one that was due."""
    last: dict[str, Row] = {}
    for row in rows:
        before = last.get(row["order_key"])
        row["head"] = before is None or before["due_at"] > max(row["run_at"], row["created_at"])
        if row["order_key"] is not None and row["state"] != "refused":
            last[row["order_key"]] = row
    return rows


async def insert(db: BaseDBAsyncClient, rows: list[Row]) -> None:
    def literal(value: Any) -> str:
        value = to_text(value) if isinstance(value, datetime) else value
        return "NULL" if value is None else repr(value)

    names = ", ".join(rows[0])
    values = ", ".join(f"({', '.join(literal(value) for value in row.values())})" for row in rows)
    await db.execute_script(f"DELETE FROM jobs; INSERT INTO jobs ({names}) VALUES {values}")


@asynccontextmanager
async def updated(url: str, version: str) -> AsyncIterator[tuple[list[Row], Engine]]:
    """The rows of a queue that was full when this version was left, and an engine on the database as it is now."""
    await begin(url, version)
    rows = full_queue(clock.now())
    async with connected(url, PULT) as db:
        await fill(db)
        await insert(db, rows if version == BEFORE_HEADS else marked(rows))
        if not is_sqlite(url):
            await db.execute_script(f"SELECT setval(pg_get_serial_sequence('jobs', 'id'), {len(rows)})")
    await migrate(url)
    await open_database(url)
    try:
        yield rows, Engine(postgres=not is_sqlite(url))
    finally:
        sql.on_commit(None)
        await close_database()


def alike(value: Any) -> Any:
    """A stored value, whichever database it is read from."""
    if isinstance(value, datetime):
        return to_text(value)
    return sql.to_json(sql.from_json(value)) if str(value).startswith("{") else value


@pytest.mark.parametrize("version", [BEFORE_HEADS, BEFORE_TURNS])
async def test_every_job_is_as_it_was_and_every_key_has_its_head(url: str, version: str) -> None:
    async with updated(url, version) as (before, _):
        after = await sql.fetch("SELECT * FROM jobs ORDER BY id")
        kept = [{name: alike(row[name]) for name in before[0] if name != "head"} for row in after]
        assert kept == [{name: alike(value) for name, value in row.items() if name != "head"} for row in before]
        assert {(row["turn"], bool(row["timed"])) for row in after} == {(0, True)}
        for key in {row["order_key"] for row in after}:
            mine = [row for row in after if row["order_key"] == key and row["state"] != "refused"]
            assert mine == [] or mine[0]["head"], key
            assert key is not None or all(row["head"] for row in mine)
        crowd = [row for row in after if row["order_key"] in CROWD]
        assert sum(bool(row["head"]) for row in crowd) == len(CROWD)
        assert await sql.transact(heads.mend) == 0
