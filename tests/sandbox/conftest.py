"""An emulated Telegram on a real port, a bot and a customer in it, a raw caller and aiogram as the witness."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from adapters.telegram.emulator import BotAccount, Person, TelegramEmulator


class Clock:
    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += seconds


class Caller:
    """Calls methods as any HTTP client would: JSON in, status and body out."""

    def __init__(self, base: str, session: aiohttp.ClientSession, account: BotAccount) -> None:
        self.base = base
        self.session = session
        self.account = account

    async def __call__(self, method: str, token: str | None = None, **params: Any) -> tuple[int, dict[str, Any]]:
        url = f"{self.base}/bot{token or self.account.token}/{method}"
        async with self.session.post(url, json=params) as response:
            return response.status, await response.json()

    async def ok(self, method: str, **params: Any) -> Any:
        status, body = await self(method, **params)
        assert status == 200, body
        return body["result"]

    async def refused(self, method: str, **params: Any) -> str:
        """The description of a refusal, after checking that the status agrees with the body."""
        status, body = await self(method, **params)
        assert body["ok"] is False
        assert body["error_code"] == status
        return str(body["description"])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def emulator(clock: Clock) -> TelegramEmulator:
    return TelegramEmulator(clock=clock, pauses=(0.01,), hosts={"pult.test": "http://127.0.0.1:9"})


@pytest.fixture
async def base(emulator: TelegramEmulator) -> AsyncIterator[str]:
    async with emulator.serve() as address:
        yield address


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def shop(emulator: TelegramEmulator) -> BotAccount:
    return emulator.create_bot("Лавка", "lavka_bot")


@pytest.fixture
def anna(emulator: TelegramEmulator) -> Person:
    return emulator.person("Анна", username="anna")


@pytest.fixture
def call(base: str, http: aiohttp.ClientSession, shop: BotAccount) -> Caller:
    return Caller(base, http, shop)


@pytest.fixture
async def chat(emulator: TelegramEmulator, call: Caller, shop: BotAccount, anna: Person) -> int:
    """Anna has started the bot, and the bot has read that."""
    emulator.start(shop, anna)
    await call.ok("getUpdates", offset=-1)
    await call.ok("getUpdates", offset=shop.next_update)
    return anna.id


@pytest.fixture
async def witness(base: str, shop: BotAccount) -> AsyncIterator[Bot]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(base))
    async with Bot(shop.token, session=session) as bot:
        yield bot
