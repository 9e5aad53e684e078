"""Both ends of the wire between the Telegram adapter and the emulated Bot API."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.base import Channel, ChannelId, Credentials, Envelope, Event, UserId
from adapters.telegram.adapter import TelegramAdapter
from adapters.telegram.emulator import BotAccount, Person, TelegramEmulator

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
