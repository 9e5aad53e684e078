"""Connecting a Viber bot: whose key it is, the webhook that answers while it is set, health, the end."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

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
)
from adapters.viber import connecting, refusals
from adapters.viber.emulator.model import OPTIONAL_EVENTS
from tests.adapters.viber_phones import HOOK, Viber


async def test_a_key_tells_whose_it_is(viber: Viber) -> None:
    profile = await viber.adapter.identify(Credentials(token=f"  {viber.bot.token}\n"))
    assert (profile.id, profile.name, profile.username) == (viber.bot.id, "Flowers", "flowers")
    assert profile.link == "https://chats.viber.com/flowers"
    assert profile.picture
    assert profile.tied_to is None
    assert profile.warnings == (connecting.COMMERCIAL,)


async def test_another_services_webhook_is_named(viber: Viber) -> None:
    viber.bot.webhook = "https://other.example/viber"
    assert (await viber.adapter.identify(viber.channel.credentials)).tied_to == "https://other.example/viber"


@pytest.mark.parametrize("token", ["", "hello", "445da6az1s345z78-dazcczb2542zv51a", "ключ" * 12, "a" * 16 + "\n-b"])
async def test_what_is_no_key_is_not_sent_anywhere(viber: Viber, token: str) -> None:
    with pytest.raises(ConnectRefused) as refused:
        await viber.adapter.identify(Credentials(token=token))
    assert refused.value.message == connecting.WRONG_SHAPE
    assert viber.emulator.calls() == []


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        (2, connecting.REVOKED), (7, connecting.BLOCKED), (8, connecting.UNKNOWN_BOT), (9, connecting.SUSPENDED),
        (15, connecting.NOT_AUTHORISED), (21, connecting.REFUSED),
    ],
)  # fmt: skip
async def test_each_refusal_has_its_sentence(viber: Viber, trouble: int, message: str) -> None:
    viber.bot.trouble = trouble
    with pytest.raises(ConnectRefused) as refused:
        await viber.adapter.identify(viber.channel.credentials)
    assert refused.value.message == message or refused.value.params.get("reason")
    assert message.format(reason="") or refused.value.message


async def test_a_replaced_key_is_refused_in_words(viber: Viber) -> None:
    viber.emulator.revoke(viber.bot)
    with pytest.raises(ConnectRefused) as refused:
        await viber.adapter.identify(viber.channel.credentials)
    assert refused.value.message == connecting.REVOKED


async def test_without_a_public_address_there_is_no_viber(viber: Viber) -> None:
    with pytest.raises(ConnectRefused) as refused:
        await viber.adapter.prepare(viber.channel.credentials, None)
    assert "PULT_PUBLIC_URL" in refused.value.message


async def test_the_address_answers_while_it_is_being_set(viber: Viber) -> None:
    await viber.subscribe()
    assert viber.handshakes == 1
    assert viber.events == []
    assert viber.bot.webhook == f"{HOOK}?key={'s' * 32}"
    assert set(viber.bot.events) == set(OPTIONAL_EVENTS)
    assert viber.bot.send_name
    assert viber.bot.send_photo
    assert (await viber.adapter.inspect(viber.channel)).state is HealthState.WORKS


@pytest.mark.parametrize("status", [403, 404, 500, 503])
async def test_an_address_that_does_not_answer_is_not_set(viber: Viber, status: int) -> None:
    viber.status = status
    with pytest.raises(Rejected) as refused:
        await viber.subscribe()
    assert refused.value.reason == refusals.INVALID_URL
    assert viber.bot.webhook is None


async def test_an_address_without_https_is_not_set(viber: Viber) -> None:
    with pytest.raises(Rejected):
        await viber.adapter.subscribe(replace(viber.channel, hook="http://pult.test/hooks/viber/abc"))


async def test_health_sees_what_others_did_to_the_webhook(viber: Viber) -> None:
    await viber.subscribe()
    viber.bot.events = ("delivered",)
    assert (await viber.adapter.inspect(viber.channel)).state is HealthState.WEBHOOK_LOST
    await viber.subscribe()
    viber.bot.webhook = "https://other.example/viber?secret=1"
    health = await viber.adapter.inspect(viber.channel)
    assert (health.state, health.webhook) == (HealthState.WEBHOOK_LOST, "https://other.example/viber")
    viber.bot.webhook = None
    assert (await viber.adapter.inspect(viber.channel)).state is HealthState.WEBHOOK_LOST
    viber.emulator.revoke(viber.bot)
    assert (await viber.adapter.inspect(viber.channel)).state is HealthState.REVOKED


async def test_disconnecting_takes_away_only_our_webhook(viber: Viber) -> None:
    await viber.subscribe()
    await viber.adapter.unsubscribe(viber.channel)
    assert viber.bot.webhook is None
    viber.bot.webhook = "https://other.example/viber"
    await viber.adapter.unsubscribe(viber.channel)
    assert viber.bot.webhook == "https://other.example/viber"
    viber.emulator.revoke(viber.bot)
    await viber.adapter.unsubscribe(viber.channel)


async def test_a_callback_needs_both_the_signature_and_the_secret_of_the_address(viber: Viber) -> None:
    await viber.subscribe()
    event = {"event": "message", "timestamp": 1, "message_token": 5}
    good = viber.bot.webhook
    assert (await viber.emulator.delivery.post(viber.bot, event))[0] == 200
    for url, key in ((good, "x" * 16), (HOOK, None), (f"{HOOK}?key=guess", None), (f"{HOOK}?key=", None)):
        assert (await viber.emulator.delivery.post(viber.bot, event, url=url, key=key))[0] == 403
    assert len(viber.refused) == 4


def test_a_second_question_mark_after_the_secret_does_no_harm(viber: Viber) -> None:
    """Viber repeats the signature as ?sig=, whatever the address looks like."""
    credentials = viber.channel.credentials
    headers = {"x-viber-content-signature": "0" * 64}
    with pytest.raises(Forbidden):
        viber.adapter.verify(HookRequest("POST", headers, {"key": "s" * 32}, b"{}"), credentials)
    headers = {"x-viber-content-signature": hmac.new(viber.bot.token.encode(), b"{}", hashlib.sha256).hexdigest()}
    viber.adapter.verify(HookRequest("POST", headers, {"key": "s" * 32 + "?sig=1"}, b"{}"), credentials)


async def test_the_profile_is_asked_for_within_vibers_limit(viber: Viber) -> None:
    await viber.subscribe()
    profile = await viber.adapter.profile(viber.channel, viber.user)
    assert profile is not None
    assert (profile.name, profile.language) == ("Анна", "ru")
    viber.anna.registered = False
    assert await viber.adapter.profile(viber.channel, viber.user) is None


async def test_an_answer_that_is_not_vibers_condemns_no_key(viber: Viber) -> None:
    for kind in ("page", "500", "502"):
        viber.emulator.fault(kind)
        with pytest.raises(Temporary):
            await viber.adapter.identify(viber.channel.credentials)
    with pytest.raises(CredentialsRevoked):
        await viber.adapter.subscribe(replace(viber.channel, credentials=Credentials(token="nonsense")))
