"""Where wizards keep their place: in the database."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
from aiogram.fsm.storage.base import StorageKey
from cryptography.fernet import Fernet, MultiFernet

from bot.database import close_database, open_database
from handlers.chat import storage as wizard_states
from handlers.chat.storage import DatabaseStorage, Isolation
from models.fields import use_cipher
from services.sql import fetch

KEY = StorageKey(bot_id=1, chat_id=5, user_id=5, destiny="aiogd:stack:")
OTHER = StorageKey(bot_id=1, chat_id=5, user_id=5, destiny="aiogd:context:a")
ELSEWHERE = StorageKey(bot_id=1, chat_id=55, user_id=55, destiny="aiogd:stack:")


@pytest.fixture(autouse=True)
def cipher() -> None:
    use_cipher(MultiFernet([Fernet(Fernet.generate_key())]))


@pytest.fixture
async def storage(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[DatabaseStorage]:
    path = tmp_path / "pult.sqlite3"
    shutil.copyfile(sqlite_template, path)
    await open_database(f"sqlite://{path}")
    yield DatabaseStorage()
    await close_database()


async def test_data_and_state_are_kept_by_destiny(storage: DatabaseStorage) -> None:
    await storage.set_data(KEY, {"name": "Кофейня"})
    await storage.set_state(KEY, "Menu:main")
    assert await storage.get_data(KEY) == {"name": "Кофейня"}
    assert await storage.get_state(KEY) == "Menu:main"
    assert await storage.get_data(OTHER) == {}
    assert await storage.get_state(OTHER) is None


async def test_what_is_emptied_is_gone(storage: DatabaseStorage) -> None:
    await storage.set_data(KEY, {"a": 1})
    await storage.set_data(KEY, {})
    assert await storage.get_data(KEY) == {}


async def test_a_chat_is_cleared_whole_and_alone(storage: DatabaseStorage) -> None:
    for key in (KEY, OTHER, ELSEWHERE):
        await storage.set_data(key, {"a": 1})
    await storage.clear(1, 5)
    assert [await storage.get_data(key) for key in (KEY, OTHER, ELSEWHERE)] == [{}, {}, {"a": 1}]


async def test_given_data_is_a_copy(storage: DatabaseStorage) -> None:
    await storage.set_data(KEY, {"list": [1]})
    (await storage.get_data(KEY))["list"].append(2)
    assert await storage.get_data(KEY) == {"list": [1]}


async def test_nothing_is_written_where_nothing_changes(database: str) -> None:
    storage = DatabaseStorage()
    await storage.set_data(KEY, {})
    assert await fetch("SELECT key FROM wizard_states") == []
    await storage.set_data(KEY, {"a": 1})
    await fetch("DELETE FROM wizard_states RETURNING key")
    await storage.set_data(KEY, {"a": 1})
    assert await fetch("SELECT key FROM wizard_states") == []


async def test_another_process_is_read_after_forgetting(database: str) -> None:
    mine, other = DatabaseStorage(), DatabaseStorage()
    await mine.set_data(KEY, {"a": 1})
    await other.set_data(KEY, {"a": 2})
    mine.forget()
    assert await mine.get_data(KEY) == {"a": 2}


async def test_what_cannot_be_decrypted_is_left_out(database: str) -> None:
    storage = DatabaseStorage()
    await storage.set_data(KEY, {"a": 1})
    storage.forget()
    use_cipher(MultiFernet([Fernet(Fernet.generate_key())]))
    assert await storage.get_data(KEY) == {}


async def test_old_wizards_are_swept(database: str, clock: ModuleType) -> None:
    storage = DatabaseStorage()
    await storage.set_data(KEY, {"a": 1})
    clock.shift(timedelta(days=31))
    await storage.set_data(OTHER, {"a": 1})
    await wizard_states.sweep()
    assert len(await fetch("SELECT key FROM wizard_states")) == 1


async def test_locks_hold_and_leave_nothing_behind() -> None:
    isolation = Isolation()
    order: list[str] = []

    async def work(name: str) -> None:
        async with isolation.lock(KEY):
            order.append(f"{name} in")
            await asyncio.sleep(0.01)
            order.append(f"{name} out")

    await asyncio.gather(work("a"), work("b"), work("c"))
    assert order == ["a in", "a out", "b in", "b out", "c in", "c out"]
    assert len(isolation) == 0
