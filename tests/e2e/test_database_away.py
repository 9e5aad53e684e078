"""The database is locked or away for a while: what arrives is delivered again, and nothing is half done."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from adapters.telegram.emulator import TelegramEmulator
from services import clock
from services.sql import fetch
from tests.e2e.conftest import Office, opened


@contextlib.asynccontextmanager
async def outage(url: str) -> AsyncIterator[None]:
    """Nothing can be written: a lock on SQLite's file, no connections to PostgreSQL's database."""
    if url.startswith("sqlite"):
        other = sqlite3.connect(url.removeprefix("sqlite://").partition("?")[0], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            other.close()
        return
    server, _, name = url.rpartition("/")
    admin = await asyncpg.connect(f"{server}/postgres")
    try:
        await admin.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
        await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        yield
    finally:
        await admin.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
        await admin.close()


@pytest.fixture
async def hasty(
    telegram: TelegramEmulator, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    """The running service, which gives up on SQLite's lock soon."""
    url = f"{migrated_url}?busy_timeout=150" if migrated_url.startswith("sqlite") else migrated_url
    async with opened(telegram, url, tmp_path / "data", monkeypatch) as office:
        yield office
    clock.reset()


async def test_what_is_written_meanwhile_arrives_once_and_in_order(hasty: Office, migrated_url: str) -> None:
    (olga,) = await hasty.company()
    people = [hasty.customer(f"Клиент {number}") for number in range(10)]
    for person in people:
        hasty.say(person, f"до: {person.name}.")
    for person in people:
        await hasty.sees(olga, f"до: {person.name}.")
    hook = hasty.shop.webhook
    assert hook is not None
    async with outage(migrated_url):
        for person in people:
            hasty.say(person, f"во время: {person.name}.")
            hasty.say(person, f"и ещё: {person.name}.")
        answer = hasty.type(olga, "ответ", reply_to=hasty.holding(olga, "до: Клиент 0.")[0])
        await hasty.until(lambda: "503" in hook.last_error_message)
    for person in people:
        await hasty.sees(olga, f"и ещё: {person.name}.")
    await hasty.hears(people[0], "ответ")
    await hasty.until(lambda: "👌" in str(answer.reactions))
    told = [one.text.splitlines()[-1] for one in hasty.sent(olga)]
    for person in people:
        words = [f"до: {person.name}.", f"во время: {person.name}.", f"и ещё: {person.name}."]
        assert [text for text in told if text in words] == words
    assert len(hasty.answers(people[0])) == 1
    [counts] = await fetch("SELECT COUNT(*) AS n FROM messages")
    assert counts["n"] == 31


async def test_an_answer_under_way_when_it_goes_away_is_sent_once(hasty: Office, migrated_url: str) -> None:
    (olga,) = await hasty.company()
    anna = hasty.customer("Анна")
    hasty.say(anna, "вопрос")
    copy = await hasty.sees(olga, "вопрос")
    hasty.telegram.fault("slow", bot=hasty.shop, method="sendMessage", seconds=0.3)
    own = hasty.type(olga, "ответ", reply_to=copy)
    await hasty.until(lambda: not hasty.telegram.world.faults.orders)
    async with outage(migrated_url):
        await hasty.hears(anna, "ответ")
    await hasty.until(lambda: "👌" in str(own.reactions))
    assert len(hasty.answers(anna)) == 1
