"""A flower shop with two managers, and its judge."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet

from bot.database import close_database, open_database
from models.fields import use_cipher
from services import clock
from services.sql import fetch
from tests.chat.conftest import spoken
from tests.chat.office import opened
from tests.chat.shop import Shop, opened_shop
from tests.judge import phones
from tests.judge.judge import Judge

__all__ = ["spoken"]


@pytest.fixture
async def shop(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """On SQLite: the judge looks at chats, which are the same on both databases."""
    copy = tmp_path / "pult.sqlite3"
    copy.write_bytes(sqlite_template.read_bytes())
    await open_database(f"sqlite://{copy}")
    use_cipher(MultiFernet([Fernet(Fernet.generate_key())]))
    try:
        async with opened(tmp_path / "files", False, monkeypatch) as office:
            yield await opened_shop(office, "Мария", "Пётр")
    finally:
        await close_database()
        clock.reset()


@pytest.fixture
def judge(shop: Shop) -> Judge:
    emulator = shop.office.emulator
    return Judge(emulator, shop.office.account, [phones.telegram(emulator, shop.bot)], fetch)
