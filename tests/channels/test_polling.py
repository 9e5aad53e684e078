"""Channels without a public address: polled, in order, with nothing confirmed before it is stored."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.http import Http
from adapters.registry import build
from models.enums import Receiving
from services import clock, connecting
from services.access import Refusal
from services.channel_rows import Status
from services.channels import Channels
from services.sql import fetch
from tests.contract.subjects import toy_platform
from tests.installation import PUBLIC, Installation, installed


@asynccontextmanager
async def polled(place: Installation) -> AsyncIterator[None]:
    task = asyncio.create_task(place.polling.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(check: Callable[[], Any], timeout: float = 5.0) -> None:
    async with asyncio.timeout(timeout):
        while not await check():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def events() -> list[dict[str, Any]]:
    return await fetch("SELECT * FROM events ORDER BY id")


async def test_messages_come_in_without_an_address(laptop: Installation) -> None:
    async with polled(laptop):
        view = await laptop.connect()
        assert view.receiving is Receiving.POLLING
        assert not laptop.bot.webhook
        laptop.emulator.start(laptop.bot, laptop.anna)
        for number in range(5):
            laptop.emulator.say(laptop.bot, laptop.anna, f"{number}")
        await until(lambda: _count(6))
        await until(lambda: _confirmed(laptop))
    texts = [row["content"] for row in await fetch("SELECT content FROM messages ORDER BY id")]
    assert len(texts) == 5
    assert (await laptop.rows())[0]["cursor"] is not None
    assert (await laptop.channels.card(*laptop.olga, view.id)).status is Status.WORKS


async def _count(number: int) -> bool:
    return len(await events()) == number


async def _confirmed(place: Installation) -> bool:
    return not place.bot.pending


async def test_a_restart_goes_on_where_it_was(laptop: Installation) -> None:
    async with polled(laptop):
        await laptop.connect()
        laptop.emulator.start(laptop.bot, laptop.anna)
        await until(lambda: _count(1))
    laptop.emulator.say(laptop.bot, laptop.anna, "while it was away")
    async with polled(laptop):
        await until(lambda: _count(2))
    assert len({row["key"] for row in await events()}) == 2


async def test_a_webhook_that_somebody_set_is_removed(laptop: Installation) -> None:
    view = await laptop.connect()
    channel = (await laptop.connected(view.id)).channel(None)
    await laptop.adapters["telegram"].subscribe(replace(channel, hook="https://other.test/hook"))
    await laptop.watch.repair(view.id)
    assert not laptop.bot.webhook
    assert await laptop.told() == ["channel_webhook_repaired"] * 2
    async with polled(laptop):
        laptop.emulator.start(laptop.bot, laptop.anna)
        await until(lambda: _count(1))


async def test_a_dead_key_ends_the_polls_and_is_told(laptop: Installation) -> None:
    async with polled(laptop):
        view = await laptop.connect()
        laptop.emulator.revoke(laptop.bot)

        async def told() -> bool:
            return bool(await laptop.told())

        await until(told)
        assert await laptop.told() == ["channel_revoked"] * 2
        calls = len(laptop.emulator.calls("getUpdates"))
        await asyncio.sleep(0.3)
        assert len(laptop.emulator.calls("getUpdates")) == calls
        await laptop.channels.replace_credentials(*laptop.olga, view.id, laptop.key())
        laptop.emulator.start(laptop.bot, laptop.anna)
        await until(lambda: _count(1))


async def test_a_disconnected_channel_is_polled_no_more(laptop: Installation) -> None:
    async with polled(laptop):
        view = await laptop.connect()
        await until(lambda: _polled(laptop))
        await laptop.channels.disconnect(*laptop.olga, view.id)
        await asyncio.sleep(0.2)
        calls = len(laptop.emulator.calls("getUpdates"))
        await asyncio.sleep(0.5)
        assert len(laptop.emulator.calls("getUpdates")) == calls


async def _polled(place: Installation) -> bool:
    return bool(place.emulator.calls("getUpdates"))


async def test_getting_an_address_changes_the_way(laptop: Installation) -> None:
    view = await laptop.connect()
    moved = Channels(laptop.adapters, PUBLIC)
    await moved.start(before=clock.now())
    found = await laptop.connected(view.id)
    assert found.receiving is Receiving.WEBHOOK
    assert laptop.emulator.calls("setWebhook")[-1].params["url"] == f"{PUBLIC}/hooks/telegram/{found.hook_key}"
    await Channels(laptop.adapters, None).start(before=clock.now())
    assert (await laptop.connected(view.id)).receiving is Receiving.POLLING
    assert not laptop.bot.webhook


async def test_a_platform_that_cannot_be_polled_is_refused_with_the_reason(database: str, tmp_path: Path) -> None:
    with toy_platform():
        async with installed(tmp_path, public_url=None) as laptop, Http() as http:
            toys = Channels(build(lambda _: http), None)
            with pytest.raises(Refusal) as refused:
                await toys.may_connect(*laptop.olga, "toy")
            assert refused.value.message == connecting.NO_ADDRESS
            assert refused.value.params == {"platform": "Toy"}
