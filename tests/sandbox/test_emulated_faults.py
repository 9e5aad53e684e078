"""Failures to order, and Telegram's budgets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from adapters.telegram.emulator import BotAccount, Person, TelegramEmulator

LOST = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)


async def test_429_tells_how_long_to_wait(emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int) -> None:
    emulator.fault("429", method="sendMessage", retry_after=7)
    await call.ok("getMe")
    status, body = await call("sendMessage", chat_id=chat, text="x")
    assert status == 429
    assert body["parameters"] == {"retry_after": 7}
    assert body["description"] == "Too Many Requests: retry after 7"
    await call.ok("sendMessage", chat_id=chat, text="x")
    assert len(emulator.chat(shop, chat).sent()) == 1


async def test_500_and_refusals_happen_without_effect(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int
) -> None:
    emulator.fault("500")
    assert (await call("sendMessage", chat_id=chat, text="x"))[0] == 500
    emulator.fault("refused", person=chat)
    assert await call.refused("sendMessage", chat_id=chat, text="x") == "Forbidden: bot was blocked by the user"
    emulator.fault("refused", description="user is deactivated")
    assert await call.refused("sendMessage", chat_id=chat, text="x") == "Forbidden: user is deactivated"
    assert emulator.chat(shop, chat).sent() == []


async def test_a_reset_comes_before_or_after_the_effect(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int
) -> None:
    emulator.fault("reset_before")
    with pytest.raises(LOST):
        await call("sendMessage", chat_id=chat, text="lost")
    assert emulator.chat(shop, chat).sent() == []
    emulator.fault("reset_after")
    with pytest.raises(LOST):
        await call("sendMessage", chat_id=chat, text="out")
    assert [message.text for message in emulator.chat(shop, chat).sent()] == ["out"]


async def test_a_timeout_has_its_effect_and_no_answer(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int
) -> None:
    emulator.fault("timeout", seconds=30)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await call("sendMessage", chat_id=chat, text="out")
    assert [message.text for message in emulator.chat(shop, chat).sent()] == ["out"]


async def test_a_slow_answer_is_an_answer(emulator: TelegramEmulator, call: Any, chat: int) -> None:
    emulator.fault("slow", seconds=0.01)
    await call.ok("sendMessage", chat_id=chat, text="x")


async def test_a_fault_strikes_only_what_it_names(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, anna: Person, chat: int
) -> None:
    boris = emulator.person("Борис")
    emulator.start(shop, boris)
    other = emulator.create_bot("Other", "other_bot")
    emulator.start(other, anna)
    emulator.fault("500", bot=shop, person=anna, method="sendmessage", times=None)
    assert (await call("sendMessage", chat_id=chat, text="x"))[0] == 500
    assert (await call("sendMessage", chat_id=boris.id, text="x"))[0] == 200
    assert (await call("sendChatAction", chat_id=chat, action="typing"))[0] == 200
    assert (await call("sendMessage", token=other.token, chat_id=chat, text="x"))[0] == 200


async def test_a_fault_ends_after_its_times(emulator: TelegramEmulator, call: Any) -> None:
    emulator.fault("500", times=2)
    assert [(await call("getMe"))[0] for _ in range(3)] == [500, 500, 200]
    assert emulator.world.faults.orders == []


async def test_chances_can_be_had_again(call: Any, chat: int) -> None:
    def run(seed: int) -> list[bool]:
        emulator = TelegramEmulator(seed=seed)
        emulator.fault("500", times=None, probability=0.5)
        return [emulator.world.faults.draw("api", 1, None, "getMe") is not None for _ in range(40)]

    assert run(3) == run(3)
    assert run(3) != run(4)
    assert 5 < sum(run(3)) < 35


async def test_a_wrong_order_is_not_taken(emulator: TelegramEmulator) -> None:
    with pytest.raises(ValueError, match="duplicate"):
        emulator.fault("telepathy", where="webhook")


@pytest.fixture
async def metered(clock: Any, http: aiohttp.ClientSession) -> AsyncIterator[tuple[TelegramEmulator, Any, BotAccount]]:
    emulator = TelegramEmulator(clock=clock, budgets=True)
    bot = emulator.create_bot("Busy", "busy_bot")
    async with emulator.serve() as base:

        async def send(person: Person, text: str = "x") -> tuple[int, dict[str, Any]]:
            body = {"chat_id": person.id, "text": text}
            async with http.post(f"{base}/bot{bot.token}/sendMessage", json=body) as response:
                return response.status, await response.json()

        yield emulator, send, bot


async def test_one_chat_takes_a_burst_and_then_one_a_second(metered: Any, clock: Any) -> None:
    emulator, send, bot = metered
    anna = emulator.person("Анна")
    emulator.start(bot, anna)
    statuses = [(await send(anna))[0] for _ in range(21)]
    assert statuses == [200] * 20 + [429]
    clock.move(1)
    status, _ = await send(anna)
    assert status == 200
    status, body = await send(anna)
    assert (status, body["parameters"]["retry_after"]) == (429, 1)


async def test_a_bot_sends_thirty_messages_a_second(metered: Any, clock: Any) -> None:
    emulator, send, bot = metered
    people = [emulator.person(f"P{number}") for number in range(31)]
    for person in people:
        emulator.start(bot, person)
    assert [(await send(person))[0] for person in people] == [200] * 30 + [429]
    clock.move(1)
    assert (await send(people[-1]))[0] == 200
