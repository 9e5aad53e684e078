"""Viber refuses, stumbles, answers nothing: what is to be done about each, and nobody gets anything twice unnoticed."""

from __future__ import annotations

from dataclasses import replace

import aiohttp
import pytest

from adapters.base import (
    Ambiguous,
    Button,
    ButtonKind,
    Channel,
    ChannelSuspended,
    Content,
    Credentials,
    CredentialsRevoked,
    PlatformError,
    RecipientGone,
    Rejected,
    Scope,
    Temporary,
    Throttled,
    UserId,
)
from adapters.http import Http
from adapters.viber import refusals
from adapters.viber.adapter import ViberAdapter
from adapters.viber.settings import ViberSettings
from tests.adapters.viber_phones import ENVELOPE, Viber

HELLO = Content(text="Да, есть")


@pytest.fixture
async def talking(viber: Viber) -> Viber:
    await viber.subscribe()
    viber.emulator.say(viber.bot, viber.anna, "Пионы есть?")
    return viber


async def send(viber: Viber, part: Content = HELLO, user: UserId | None = None, channel: Channel | None = None) -> None:
    await viber.adapter.send(channel or viber.channel, user or viber.user, part, ENVELOPE)


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (1, Rejected, refusals.INVALID_URL), (2, CredentialsRevoked, None),
        (3, Rejected, refusals.NOT_TAKEN), (4, Rejected, refusals.NOT_TAKEN),
        (5, RecipientGone, refusals.NOT_REGISTERED), (6, RecipientGone, refusals.NOT_SUBSCRIBED),
        (7, ChannelSuspended, None), (8, ChannelSuspended, None), (9, ChannelSuspended, None),
        (10, Temporary, None), (11, Rejected, refusals.NO_DEVICE), (12, Throttled, None),
        (13, Rejected, refusals.OLD_CLIENT), (14, Rejected, refusals.NOT_TAKEN), (15, ChannelSuspended, None),
        *((status, Rejected, refusals.NOT_ALLOWED) for status in (16, 17, 18, 19, 20, 22)),
        (21, Rejected, refusals.COUNTRY), (23, Rejected, refusals.FREE_OVER),
        (24, Rejected, refusals.NO_BALANCE), (99, Rejected, refusals.NOT_TAKEN),
    ],
)  # fmt: skip
async def test_every_status_has_its_consequence(
    talking: Viber, status: int, error: type[PlatformError], reason: str | None
) -> None:
    talking.emulator.fault("refused", method="send_message", description=str(status))
    with pytest.raises(error) as refused:
        await send(talking)
    assert refused.value.reason == reason or reason is None
    assert refused.value.reason.format(**refused.value.params)
    assert talking.chat.sent() == []


async def test_who_is_not_subscribed_is_gone_until_they_write(talking: Viber) -> None:
    talking.emulator.unsubscribe(talking.bot, talking.anna)
    with pytest.raises(RecipientGone):
        await send(talking)
    talking.emulator.say(talking.bot, talking.anna, "Я снова тут")
    await send(talking)
    with pytest.raises(RecipientGone):
        await send(talking, user=UserId("nobody=="))


async def test_a_lost_webhook_is_put_back_and_the_message_tried_again(talking: Viber) -> None:
    talking.bot.webhook = None
    with pytest.raises(Temporary) as lost:
        await send(talking)
    assert lost.value.retry_after
    assert talking.bot.webhook is not None
    await send(talking)
    assert talking.chat.sent()[-1].text == HELLO.text


async def test_a_webhook_that_cannot_be_put_back_is_tried_again_all_the_same(talking: Viber) -> None:
    talking.bot.webhook = None
    talking.status = 500
    with pytest.raises(Temporary):
        await send(talking)
    assert talking.bot.webhook is None
    with pytest.raises(Temporary):
        await send(talking, channel=replace(talking.channel, hook=None))


async def test_too_many_for_one_person_and_for_the_bot(talking: Viber) -> None:
    boris = talking.emulator.person("Борис")
    vera = talking.emulator.person("Вера")
    for person in (boris, vera):
        talking.emulator.say(talking.bot, person, "Здравствуйте")
    users = [UserId(talking.emulator.chat(talking.bot, person).user) for person in (boris, vera)]
    scopes = []
    for user in (talking.user, talking.user, users[0]):
        talking.emulator.fault("429", method="send_message")
        with pytest.raises(Throttled) as throttled:
            await send(talking, user=user)
        scopes.append(throttled.value.scope)
        assert throttled.value.retry_after > 0
    assert scopes == [Scope.RECIPIENT, Scope.RECIPIENT, Scope.CHANNEL]


async def test_a_hundred_messages_without_an_answer_are_enough_for_an_hour(talking: Viber) -> None:
    for _ in range(100):
        await send(talking)
    with pytest.raises(Throttled) as throttled:
        await send(talking)
    assert throttled.value.scope is Scope.RECIPIENT
    talking.emulator.say(talking.bot, talking.anna, "Хватит")
    await send(talking)


async def test_an_old_client_is_spared_what_it_cannot_show(talking: Viber) -> None:
    talking.anna.api_version = 2
    rows = ((Button(ButtonKind.PHONE, "Телефон"),), (Button(ButtonKind.PRESS, "Да"),))
    await send(talking, Content(text="Позвонить?", buttons=rows))
    assert talking.chat.sent()[-1].labels() == ["Да"]
    await send(talking, Content(text="Позвонить?", buttons=rows[:1]))
    assert talking.chat.sent()[-1].keyboard is None
    talking.anna.api_version = 0
    with pytest.raises(Rejected) as refused:
        await send(talking)
    assert refused.value.reason == refusals.OLD_CLIENT


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("500", Temporary), ("502", Ambiguous), ("http429", Throttled), ("page", Ambiguous),
        ("reset_before", Ambiguous), ("reset_after", Ambiguous), ("timeout", Ambiguous),
    ],
)  # fmt: skip
async def test_what_may_have_left_is_told_from_what_has_not(
    talking: Viber, kind: str, error: type[PlatformError]
) -> None:
    talking.emulator.fault(kind, method="send_message", seconds=1.0, retry_after=7)
    async with Http(timeout=aiohttp.ClientTimeout(total=0.3)) as http:
        adapter = ViberAdapter(http, ViberSettings(api=talking.address, _env_file=None))
        with pytest.raises(error) as failed:
            await adapter.send(talking.channel, talking.user, HELLO, ENVELOPE)
    assert type(failed.value) is error
    if isinstance(failed.value, Throttled):
        assert (failed.value.retry_after, failed.value.scope) == (7, Scope.CHANNEL)
    there = kind in ("reset_after", "timeout")
    assert [message.text for message in talking.chat.sent()] == ([HELLO.text] if there else [])


async def test_a_slow_answer_is_an_answer(talking: Viber) -> None:
    talking.emulator.fault("slow", seconds=0.2)
    await send(talking)
    assert len(talking.chat.sent()) == 1


async def test_a_replaced_key_pauses_everything(talking: Viber) -> None:
    talking.emulator.revoke(talking.bot)
    with pytest.raises(CredentialsRevoked) as revoked:
        await send(talking)
    assert talking.channel.credentials["token"] not in str(revoked.value)
    with pytest.raises(CredentialsRevoked):
        await send(talking, channel=replace(talking.channel, credentials=Credentials()))


async def test_a_request_over_thirty_kilobytes_never_leaves(talking: Viber) -> None:
    with pytest.raises(Rejected) as refused:
        await send(talking, Content(text="語" * 11_000))
    assert refused.value.params == {"limit": "30"}
    assert talking.emulator.calls("send_message") == []
