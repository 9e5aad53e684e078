"""The database is locked or away: the platform is told to try again, and nothing is half done."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.database import close_database, open_database
from services.sql import fetch
from tests.installation import Installation, installed
from tests.web.test_hooks import genuine, update, url

BUSY_MS = 200


@pytest.fixture
async def hasty(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[tuple[Installation, Path]]:
    """An installation on SQLite that gives up on a lock soon."""
    path = tmp_path / "pult.sqlite3"
    shutil.copyfile(sqlite_template, path)
    await open_database(f"sqlite://{path}?busy_timeout={BUSY_MS}")
    try:
        async with installed(tmp_path) as place:
            yield place, path
    finally:
        await close_database()


async def test_a_locked_database_is_503_and_the_repeat_is_stored(hasty: tuple[Installation, Path]) -> None:
    place, path = hasty
    channel = await place.connected((await place.connect()).id)
    other = sqlite3.connect(path, isolation_level=None)
    async with aiohttp.ClientSession() as client:
        other.execute("BEGIN IMMEDIATE")
        for body in (b'{"broken', None):
            async with client.post(
                url(place, channel), data=body, json=None if body else update(), headers=genuine(channel)
            ) as response:
                assert response.status == 503
        async with client.get(f"{place.address}/health/live") as response:
            assert response.status == 200
        other.execute("ROLLBACK")
        assert await fetch("SELECT id FROM events") == []
        async with client.post(url(place, channel), json=update(), headers=genuine(channel)) as response:
            assert response.status == 200
    other.close()
    assert len(await fetch("SELECT id FROM events")) == 1
    assert len(await fetch("SELECT id FROM messages")) == 1


async def test_what_waited_at_telegram_comes_when_the_lock_is_gone(hasty: tuple[Installation, Path]) -> None:
    place, path = hasty
    await place.connect()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    place.emulator.start(place.bot, place.anna)
    place.emulator.say(place.bot, place.anna, "Здравствуйте")
    await asyncio.sleep(3 * BUSY_MS / 1000)
    assert place.bot.pending
    other.execute("ROLLBACK")
    other.close()
    await place.emulator.wait_for(lambda: not place.bot.pending, timeout=10)
    assert len(await fetch("SELECT id FROM messages")) == 1


async def test_an_absent_database_is_503(database: str, tmp_path: Path) -> None:
    async with installed(tmp_path) as place, aiohttp.ClientSession() as client:
        channel = await place.connected((await place.connect()).id)
        await close_database()
        try:
            for address in (url(place, channel), url(place, channel) + "x"):
                async with client.post(address, json=update(), headers=genuine(channel)) as response:
                    assert response.status == 503
        finally:
            await open_database(database)
        assert await fetch("SELECT id FROM events") == []


async def test_a_full_disk_is_503_and_the_repeat_is_stored(hasty: tuple[Installation, Path]) -> None:
    place, _ = hasty
    channel = await place.connected((await place.connect()).id)
    [pages] = await fetch("PRAGMA page_count")
    await fetch(f"PRAGMA max_page_count = {pages['page_count'] + 8}")
    stored = 0
    async with aiohttp.ClientSession() as client:

        async def deliver(number: int) -> int:
            body = update(number, "Здравствуйте" * 300)
            async with client.post(url(place, channel), json=body, headers=genuine(channel)) as response:
                return response.status

        while (status := await deliver(stored + 1)) == 200:
            stored += 1
        assert status == 503
        await fetch("PRAGMA max_page_count = 1000000")
        assert await deliver(stored + 1) == 200
    assert len(await fetch("SELECT id FROM messages")) == stored + 1
    assert await fetch("SELECT id FROM events WHERE state = 'failed'") == []
