"""A Telegram adapter talking real HTTP to the emulated Bot API, with one bot and one customer."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.http import Http
from adapters.telegram.adapter import TelegramAdapter
from adapters.telegram.emulator import TelegramEmulator
from adapters.telegram.settings import TelegramSettings
from tests.adapters.communities import Vk, vk_wire
from tests.adapters.phones import Telegram
from tests.adapters.viber_phones import Viber, viber_phones


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    emulator = TelegramEmulator(hosts=dict.fromkeys(("pult.test", "other.test"), "http://127.0.0.1:9"))
    async with emulator.serve() as address, Http() as http:
        bot = emulator.create_bot("Flowers", "flowers_test_bot")
        anna = emulator.person("Anna", username="anna", last_name="Petrova")
        adapter = TelegramAdapter(http, TelegramSettings(api=address, _env_file=None))
        yield Telegram(emulator, adapter, bot, anna, address)


@pytest.fixture
async def viber() -> AsyncIterator[Viber]:
    """A Viber adapter talking real HTTP to the emulated Viber, with one bot, one customer and a webhook."""
    async with viber_phones() as phones:
        yield phones


@pytest.fixture
async def vk() -> AsyncIterator[Vk]:
    """A VK adapter talking real HTTP to the emulated VK; the community is not connected yet."""
    async with vk_wire() as wire:
        yield wire
