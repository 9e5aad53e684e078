"""Connecting a bot: who it is, its webhook, what is said when it cannot be."""

from __future__ import annotations

import json
import socket

import pytest

from adapters.base import (
    ConnectRefused,
    Credentials,
    CredentialsRevoked,
    Forbidden,
    HealthState,
    HookRequest,
    Rejected,
    Temporary,
    Throttled,
)
from adapters.http import Http
from adapters.telegram import connecting
from adapters.telegram.adapter import TelegramAdapter
from adapters.telegram.limits import UPDATES
from adapters.telegram.settings import TelegramSettings
from tests.adapters.phones import Telegram

HOOK = "https://pult.test/hooks/telegram/abc"
SHAPED = "123456789:" + "A" * 35


async def test_a_bot_tells_its_name_and_link(telegram: Telegram) -> None:
    profile = await telegram.adapter.identify(Credentials(token=f"  {telegram.bot.token}\n"))
    assert (profile.id, profile.name, profile.username) == (str(telegram.bot.id), "Flowers", "flowers_test_bot")
    assert profile.link == "https://t.me/flowers_test_bot"
    assert profile.tied_to is None


async def test_a_bot_of_another_service_says_where_it_is_tied(telegram: Telegram) -> None:
    await telegram.adapter.subscribe(telegram.channel_of(telegram.bot, "https://other.test/hook"))
    profile = await telegram.adapter.identify(Credentials(token=telegram.bot.token))
    assert profile.tied_to == "https://other.test/hook"


@pytest.mark.parametrize(
    "token", ["", "hello", "123:short", "https://t.me/bot", SHAPED + "/../x", "١٢٣٤٥٦٧:" + "A" * 35]
)
async def test_what_is_no_key_is_refused_without_a_call(telegram: Telegram, token: str) -> None:
    with pytest.raises(ConnectRefused) as refused:
        await telegram.adapter.identify(Credentials(token=token))
    assert refused.value.message == connecting.WRONG_SHAPE
    assert telegram.emulator.calls() == []


async def test_a_revoked_key_is_refused_in_words(telegram: Telegram) -> None:
    old = telegram.bot.token
    telegram.emulator.revoke(telegram.bot)
    for token in (old, SHAPED):
        with pytest.raises(ConnectRefused) as refused:
            await telegram.adapter.identify(Credentials(token=token))
        assert refused.value.message == connecting.REVOKED


async def test_a_silent_platform_is_temporary(telegram: Telegram) -> None:
    telegram.emulator.fault("500", method="getMe")
    with pytest.raises(Temporary):
        await telegram.adapter.identify(telegram.channel.credentials)
    telegram.emulator.fault("reset_before", method="getMe")
    with pytest.raises(Temporary):
        await telegram.adapter.identify(telegram.channel.credentials)
    telegram.emulator.fault("429", method="getMe", retry_after=7)
    with pytest.raises(Throttled) as throttled:
        await telegram.adapter.identify(telegram.channel.credentials)
    assert throttled.value.retry_after == 7


async def test_nobody_listening_is_temporary() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    async with Http() as http:
        adapter = TelegramAdapter(http, TelegramSettings(api=f"http://127.0.0.1:{port}"))
        with pytest.raises(Temporary):
            await adapter.identify(Credentials(token=SHAPED))


async def test_the_webhook_is_set_with_secret_and_kinds_and_drops_nothing(telegram: Telegram) -> None:
    telegram.emulator.start(telegram.bot, telegram.anna)
    prepared = await telegram.adapter.prepare(Credentials(token=telegram.bot.token + "\n"), HOOK)
    assert prepared["token"] == telegram.bot.token
    assert len(prepared["hook_secret"]) >= 32
    channel = telegram.channel_of(telegram.bot, HOOK)
    await telegram.adapter.subscribe(channel)
    params = telegram.emulator.calls("setWebhook")[-1].params
    assert "drop_pending_updates" not in params
    named = params["allowed_updates"]
    assert set(json.loads(named) if isinstance(named, str) else named) == set(UPDATES)
    assert params["secret_token"] == channel.credentials["hook_secret"]
    assert (await telegram.adapter.inspect(channel)).state is not HealthState.WEBHOOK_LOST
    await telegram.adapter.subscribe(telegram.channel)
    assert len(await telegram.received()) == 1


async def test_two_preparations_share_no_secret(telegram: Telegram) -> None:
    first = await telegram.adapter.prepare(Credentials(token=telegram.bot.token), HOOK)
    second = await telegram.adapter.prepare(Credentials(token=telegram.bot.token), HOOK)
    assert first["hook_secret"] != second["hook_secret"]


async def test_an_address_that_telegram_does_not_take_is_rejected(telegram: Telegram) -> None:
    with pytest.raises(Rejected):
        await telegram.adapter.subscribe(telegram.channel_of(telegram.bot, "http://pult.test/hooks/telegram/abc"))


async def test_a_lost_webhook_is_noticed(telegram: Telegram) -> None:
    channel = telegram.channel_of(telegram.bot, HOOK)
    assert (await telegram.adapter.inspect(channel)).state is HealthState.WEBHOOK_LOST
    await telegram.adapter.subscribe(channel)
    assert (await telegram.adapter.inspect(channel)).state is HealthState.WORKS
    await telegram.adapter.subscribe(telegram.channel_of(telegram.bot, "https://other.test/hook"))
    health = await telegram.adapter.inspect(channel)
    assert (health.state, health.webhook) == (HealthState.WEBHOOK_LOST, "https://other.test/hook")
    assert (await telegram.adapter.inspect(telegram.channel)).state is HealthState.WEBHOOK_LOST


async def test_disconnecting_takes_our_webhook_away_and_leaves_a_foreign_one(telegram: Telegram) -> None:
    channel = telegram.channel_of(telegram.bot, HOOK)
    await telegram.adapter.subscribe(channel)
    await telegram.adapter.unsubscribe(channel)
    assert (await telegram.adapter.identify(channel.credentials)).tied_to is None
    await telegram.adapter.subscribe(telegram.channel_of(telegram.bot, "https://other.test/hook"))
    await telegram.adapter.unsubscribe(channel)
    assert (await telegram.adapter.identify(channel.credentials)).tied_to == "https://other.test/hook"


async def test_a_dead_key_counts_as_disconnected(telegram: Telegram) -> None:
    channel = telegram.channel_of(telegram.bot, HOOK)
    telegram.emulator.revoke(telegram.bot)
    await telegram.adapter.unsubscribe(channel)
    assert (await telegram.adapter.inspect(channel)).state is HealthState.REVOKED


async def test_only_the_agreed_secret_opens_the_webhook(telegram: Telegram) -> None:
    def request(**headers: str) -> HookRequest:
        return HookRequest("POST", {name.replace("_", "-"): value for name, value in headers.items()}, {}, b"{}")

    credentials = telegram.channel.credentials
    telegram.adapter.verify(request(x_telegram_bot_api_secret_token="s" * 43), credentials)
    for wrong in ("", "s" * 42, "S" * 43, "ы" * 43, "s" * 44):
        with pytest.raises(Forbidden):
            telegram.adapter.verify(request(x_telegram_bot_api_secret_token=wrong), credentials)
    with pytest.raises(Forbidden):
        telegram.adapter.verify(request(), credentials)
    with pytest.raises(Forbidden):
        telegram.adapter.verify(request(x_telegram_bot_api_secret_token=""), Credentials(token="t"))


async def test_the_link_carries_a_code(telegram: Telegram) -> None:
    assert telegram.adapter.link(telegram.channel) == "https://t.me/flowers_test_bot"
    assert telegram.adapter.link(telegram.channel, "utm_1-a") == "https://t.me/flowers_test_bot?start=utm_1-a"


async def test_the_texts_of_the_bot_are_edited(telegram: Telegram) -> None:
    for name, limit in telegram.adapter.capabilities.profile_texts.items():
        await telegram.adapter.edit_profile(telegram.channel, name, "Flowers, 9 to 21")
        with pytest.raises(Rejected) as refused:
            await telegram.adapter.edit_profile(telegram.channel, name, "x" * (limit + 1))
        assert refused.value.params == {"limit": str(limit)}
    assert (await telegram.adapter.identify(telegram.channel.credentials)).name == "Flowers, 9 to 21"
    with pytest.raises(Rejected):
        await telegram.adapter.edit_profile(telegram.channel, "motto", "x")


async def test_a_dead_key_is_said_by_every_call(telegram: Telegram) -> None:
    channel = telegram.channel
    telegram.emulator.revoke(telegram.bot)
    for call in (
        telegram.adapter.poll(channel, None, 0),
        telegram.adapter.subscribe(channel),
        telegram.adapter.typing(channel, telegram.user),
        telegram.adapter.profile(channel, telegram.user),
    ):
        with pytest.raises(CredentialsRevoked):
            await call
