"""A Telegram adapter talking real HTTP to the emulated Bot API, with one bot and one customer."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.http import Http
from adapters.telegram.adapter import TelegramAdapter
from adapters.telegram.emulator import TelegramEmulator
from adapters.telegram.settings import TelegramSettings
from tests.adapters.phones import Telegram


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    emulator = TelegramEmulator()
    async with emulator.serve() as address, Http() as http:
        bot = emulator.create_bot("Flowers", "flowers_test_bot")
        anna = emulator.person("Anna", username="anna", last_name="Petrova")
        adapter = TelegramAdapter(http, TelegramSettings(api=address, _env_file=None))
        yield Telegram(emulator, adapter, bot, anna, address)
