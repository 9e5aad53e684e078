"""A Telegram adapter talking real HTTP to the emulated Bot API, with one bot and one customer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from adapters.base import Channel, ChannelId, Credentials, Envelope, Event, UserId
from adapters.http import Http
from adapters.telegram.adapter import TelegramAdapter
from adapters.telegram.emulator import BotAccount, Person, TelegramEmulator
from adapters.telegram.settings import TelegramSettings

ENVELOPE = Envelope(token="00000000-0000-4000-8000-000000000001", number=1)


@dataclass
class Telegram:
    """Both ends of the wire."""

    emulator: TelegramEmulator
    adapter: TelegramAdapter
    bot: BotAccount
    anna: Person
    address: str

    @property
    def user(self) -> UserId:
        return UserId(str(self.anna.id))

    @property
    def channel(self) -> Channel:
        return self.channel_of(self.bot)

    def channel_of(self, bot: BotAccount, hook: str | None = None) -> Channel:
        credentials = Credentials(token=bot.token, hook_secret="s" * 43)
        return Channel(ChannelId(str(bot.id)), credentials, bot.username, hook)

    async def received(self) -> list[Event]:
        """What waits at the platform, by polling, in order."""
        polled = await self.adapter.poll(self.channel, None, 0)
        return [event for payload in polled.payloads for event in self.adapter.parse(payload)]


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    emulator = TelegramEmulator()
    async with emulator.serve() as address, Http() as http:
        bot = emulator.create_bot("Flowers", "flowers_test_bot")
        anna = emulator.person("Anna", username="anna", last_name="Petrova")
        adapter = TelegramAdapter(http, TelegramSettings(api=address, _env_file=None))  # type: ignore[call-arg]
        yield Telegram(emulator, adapter, bot, anna, address)
