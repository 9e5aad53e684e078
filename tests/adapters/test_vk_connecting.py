"""Connecting a community: whose key it is, every refusal in words, the whole set-up, and what becomes of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from adapters.base import (
    Channel,
    ConnectRefused,
    Credentials,
    CredentialsRevoked,
    Forbidden,
    HealthState,
    HookRequest,
    MessageReceived,
    Rejected,
    Temporary,
    Throttled,
    Unprepared,
)
from adapters.vk import connecting, limits, refusals
from tests.adapters.communities import HOOK, Vk, vk_wire

SHAPED = "vk1.a." + "x" * 100


async def refused(vk: Vk, token: str) -> ConnectRefused:
    with pytest.raises(ConnectRefused) as raised:
        await vk.adapter.identify(Credentials(token=token))
    assert raised.value.message.format(**raised.value.params)
    assert not token or token not in str(raised.value)
    return raised.value


async def test_a_key_names_its_community(vk: Vk) -> None:
    profile = await vk.adapter.identify(Credentials(token=f" {vk.community.token}\n"))
    assert (profile.id, profile.name) == (str(vk.community.id), "Кофейня")
    assert (profile.username, profile.link) == ("coffee_club", "https://vk.com/coffee_club")
    assert profile.picture
    assert profile.picture.startswith(vk.address)
    assert (profile.tied_to, profile.missing, profile.warnings) == (None, (), ())


@pytest.mark.parametrize("token", ["", "hello", "123456789:AAFakeTokenOfAnotherMessenger00000000", "vk1.a.short"])
async def test_what_is_no_key_is_said_without_asking(vk: Vk, token: str) -> None:
    assert (await refused(vk, token)).message == connecting.WRONG_SHAPE
    assert vk.emulator.calls() == []


async def test_a_deleted_key_is_said(vk: Vk) -> None:
    old = vk.community.token
    vk.emulator.revoke(vk.community)
    assert (await refused(vk, old)).message == connecting.REVOKED
    assert (await refused(vk, SHAPED)).message == connecting.REVOKED


async def test_a_personal_page_cannot_be_connected(vk: Vk) -> None:
    assert (await refused(vk, vk.emulator.personal_key(vk.anna))).message == connecting.NOT_A_COMMUNITY


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"closed": 1}, connecting.CLOSED),
        ({"closed": 2}, connecting.PRIVATE),
        ({"deactivated": "banned"}, connecting.BLOCKED),
        ({"deactivated": "deleted"}, connecting.BLOCKED),
        ({"administered": False}, connecting.NOT_ADMINISTERED),
    ],
)
async def test_a_community_that_does_not_fit_is_told_why(vk: Vk, options: dict[str, Any], message: str) -> None:
    community = vk.emulator.create_community("Другая", "other", **options)
    error = await refused(vk, community.token)
    assert error.message == message
    if "{name}" in message:
        assert error.params["name"] == "Другая"


async def test_missing_rights_are_named(vk: Vk) -> None:
    community = vk.emulator.create_community("Без прав", "weak", rights=["messages", "photos"])
    profile = await vk.adapter.identify(Credentials(token=community.token))
    assert profile.missing == (limits.RIGHTS["manage"], limits.RIGHTS["docs"])


async def test_what_should_be_known_before_is_said(vk: Vk) -> None:
    community = vk.emulator.create_community("Бар", "bar", age_limits=3)
    profile = await vk.adapter.identify(Credentials(token=community.token))
    assert profile.warnings == (connecting.AGE_LIMIT,)
    await other_service(vk)
    profile = await vk.adapter.identify(Credentials(token=vk.community.token))
    assert profile.warnings == (connecting.SHARED,)


async def other_service(vk: Vk, url: str = "https://other.test/vk") -> None:
    """Somebody else's callback server, confirmed."""
    from adapters.vk.emulator.model import CallbackServer

    number = vk.community.next_server
    vk.community.next_server += 1
    vk.community.servers[number] = CallbackServer(number, "Other", url, "secret", status="ok")


async def test_a_silent_platform_is_temporary(vk: Vk) -> None:
    key = Credentials(token=vk.community.token)
    for kind in ("500", "reset_before", "reset_after"):
        vk.emulator.fault(kind, method="groups.getById")
        with pytest.raises(Temporary):
            await vk.adapter.identify(key)
    vk.emulator.fault("429", method="groups.getById")
    with pytest.raises(Throttled):
        await vk.adapter.identify(key)


async def test_everything_is_set_up_by_itself(vk: Vk) -> None:
    channel = await vk.connect()
    assert vk.community.settings["messages"]
    assert vk.community.settings["bots_capabilities"]
    assert not vk.community.settings["bots_add_to_chat"]
    (server,) = vk.community.servers.values()
    assert (server.url, server.status, server.version) == (HOOK, "ok", limits.API_VERSION)
    assert server.secret == channel.credentials["hook_secret"]
    assert server.events == set(limits.EVENTS)
    assert len(server.title) <= limits.SERVER_TITLE
    assert (await vk.adapter.inspect(channel)).state is HealthState.WORKS
    vk.emulator.say(vk.community, vk.anna, "Добрый день")
    (event,) = await vk.received(MessageReceived)
    assert event.content.text == "Добрый день"


async def test_subscribing_twice_changes_nothing(vk: Vk) -> None:
    channel = await vk.connect()
    await vk.adapter.subscribe(channel)
    assert [server.id for server in vk.community.servers.values()] == [1]


async def test_the_confirmation_code_is_stored_before_it_is_asked_for(vk: Vk) -> None:
    prepared = await vk.adapter.prepare(Credentials(token=vk.community.token), HOOK)
    assert prepared["confirmation"] == vk.community.code
    assert prepared["hook_secret"].isalnum()
    assert len(prepared["hook_secret"]) <= 50
    assert vk.community.servers == {}
    assert "confirmation" not in await vk.adapter.prepare(Credentials(token=vk.community.token), None)


async def test_a_code_that_vk_has_changed_meanwhile_is_prepared_anew(vk: Vk) -> None:
    vk.credentials = await vk.adapter.prepare(Credentials(token=vk.community.token), HOOK)
    vk.emulator.new_code(vk.community)
    with pytest.raises(Unprepared):
        await vk.adapter.subscribe(vk.channel)
    assert vk.community.servers == {}
    vk.credentials = await vk.adapter.prepare(vk.credentials, HOOK)
    await vk.adapter.subscribe(vk.channel)
    assert [server.status for server in vk.community.servers.values()] == ["ok"]


async def test_a_preparation_that_vk_did_not_answer_is_finished_later(vk: Vk) -> None:
    vk.emulator.fault("500", method="groups.getCallbackConfirmationCode")
    vk.credentials = await vk.adapter.prepare(Credentials(token=vk.community.token), HOOK)
    assert "confirmation" not in vk.credentials
    with pytest.raises(Unprepared):
        await vk.adapter.subscribe(vk.channel)


async def test_an_address_that_vk_cannot_reach_is_said(vk: Vk) -> None:
    vk.emulator.hosts.clear()
    vk.emulator.hosts["pult.test"] = "http://127.0.0.1:9"
    with pytest.raises(Rejected) as raised:
        await vk.connect()
    assert raised.value.reason == connecting.UNREACHABLE
    assert raised.value.params == {"address": "pult.test"}


async def test_an_address_without_https_is_refused(vk: Vk) -> None:
    with pytest.raises(Rejected):
        await vk.connect("http://pult.test/hooks/vk/key")


async def test_an_eleventh_server_is_refused_with_what_to_do(vk: Vk) -> None:
    for number in range(limits.SERVERS):
        await other_service(vk, f"https://other{number}.test/vk")
    with pytest.raises(Rejected) as raised:
        await vk.connect()
    assert raised.value.reason == refusals.SERVERS_FULL
    assert raised.value.reason.format(**raised.value.params)


async def test_own_earlier_servers_make_room_and_others_stay(vk: Vk) -> None:
    await other_service(vk)
    await other_service(vk, "https://pult.test/hooks/vk/an-earlier-key")
    await vk.connect()
    assert sorted(server.url for server in vk.community.servers.values()) == ["https://other.test/vk", HOOK]


async def test_a_server_of_an_earlier_public_address_is_taken_away(vk: Vk) -> None:
    """The service has moved to another host: its channel's own key stands at the end of the address."""
    await vk.connect()
    vk.emulator.hosts["new.test"] = vk.emulator.hosts["pult.test"]
    moved = HOOK.replace("pult.test", "new.test")
    vk.credentials = await vk.adapter.prepare(vk.credentials, moved)
    await vk.adapter.subscribe(vk.channel_of(vk.community, moved))
    assert [(server.url, server.status) for server in vk.community.servers.values()] == [(moved, "ok")]


@pytest.mark.parametrize("status", ["wait", "unconfigured"])
async def test_a_server_that_vk_never_confirmed_is_lost_and_made_anew(vk: Vk, status: str) -> None:
    channel = await vk.connect()
    vk.community.servers[1].status = status
    health = await vk.adapter.inspect(channel)
    assert (health.state, health.webhook) == (HealthState.WEBHOOK_LOST, HOOK)
    assert health.detail
    await vk.adapter.subscribe(channel)
    assert [(server.id, server.status) for server in vk.community.servers.values()] == [(2, "ok")]


async def test_a_server_that_vk_has_stopped_is_lost_and_made_anew(vk: Vk) -> None:
    channel = await vk.connect()
    vk.community.servers[1].status = "failed"
    health = await vk.adapter.inspect(channel)
    assert (health.state, health.webhook) == (HealthState.WEBHOOK_LOST, HOOK)
    assert health.detail
    await vk.adapter.subscribe(channel)
    assert [server.status for server in vk.community.servers.values()] == ["ok"]
    assert (await vk.adapter.inspect(channel)).state is HealthState.WORKS


async def test_a_changed_set_of_events_is_noticed(vk: Vk) -> None:
    channel = await vk.connect()
    vk.community.servers[1].events.discard("message_read")
    assert (await vk.adapter.inspect(channel)).state is HealthState.WEBHOOK_LOST
    await vk.adapter.subscribe(channel)
    assert (await vk.adapter.inspect(channel)).state is HealthState.WORKS


async def test_another_version_of_events_is_noticed_and_set_right(vk: Vk) -> None:
    channel = await vk.connect()
    vk.community.servers[1].version = "5.50"
    assert (await vk.adapter.inspect(channel)).state is HealthState.WEBHOOK_LOST
    await vk.adapter.subscribe(channel)
    assert [server.version for server in vk.community.servers.values()] == [limits.API_VERSION]
    assert (await vk.adapter.inspect(channel)).state is HealthState.WORKS


async def test_another_version_of_the_long_poll_is_noticed_and_set_right(vk: Vk) -> None:
    channel = replace(await vk.connect(), hook=None)
    await vk.adapter.subscribe(channel)
    vk.community.long_poll_version = "5.50"
    assert (await vk.adapter.inspect(channel)).state is HealthState.WEBHOOK_LOST
    await vk.adapter.subscribe(channel)
    assert (await vk.adapter.inspect(channel)).state is HealthState.WORKS


async def test_disconnecting_takes_ours_away_and_leaves_others(vk: Vk) -> None:
    await other_service(vk)
    channel = await vk.connect()
    await vk.adapter.unsubscribe(channel)
    assert [server.url for server in vk.community.servers.values()] == ["https://other.test/vk"]
    assert (await vk.adapter.inspect(channel)).state is HealthState.WEBHOOK_LOST


async def test_a_dead_key_counts_as_disconnected(vk: Vk) -> None:
    channel = await vk.connect()
    vk.emulator.revoke(vk.community)
    await vk.adapter.unsubscribe(channel)
    assert (await vk.adapter.inspect(channel)).state is HealthState.REVOKED
    for call in (
        vk.adapter.poll(channel, None, 0),
        vk.adapter.subscribe(channel),
        vk.adapter.typing(channel, vk.user),
        vk.adapter.profile(channel, vk.user),
    ):
        with pytest.raises(CredentialsRevoked):
            await call


async def test_polling_takes_the_callback_server_away_first(vk: Vk) -> None:
    channel = await vk.connect()
    polled = Channel(channel.id, channel.credentials, channel.username)
    assert (await vk.adapter.inspect(polled)).state is HealthState.WEBHOOK_LOST
    await vk.adapter.subscribe(polled)
    assert vk.community.servers == {}
    assert vk.community.long_poll_events == set(limits.EVENTS)
    assert (await vk.adapter.inspect(polled)).state is HealthState.WORKS


async def test_only_the_agreed_secret_opens_the_webhook(vk: Vk) -> None:
    credentials = Credentials(token=SHAPED, hook_secret="s" * 40, confirmation="c0de")

    def request(body: str) -> HookRequest:
        return HookRequest("POST", {}, {}, body.encode())

    genuine = request('{"type": "message_new", "secret": "%s"}' % ("s" * 40))
    vk.adapter.verify(genuine, credentials)
    for body in ("", "{}", "[]", '"ssss"', '{"secret": null}', '{"secret": ""}', '{"secret": "S"}', '{"secret": 1}'):
        with pytest.raises(Forbidden):
            vk.adapter.verify(request(body), credentials)
    with pytest.raises(Forbidden):
        vk.adapter.verify(genuine, Credentials(token=SHAPED))
    assert vk.adapter.handshake(genuine, credentials) is None
    reply = vk.adapter.handshake(request('{"type": "confirmation"}'), credentials)
    assert reply is not None
    assert (reply.status, reply.body, reply.content_type) == (200, b"c0de", "text/plain")
    assert vk.adapter.success([]).body == b"ok"


async def test_the_link_carries_a_code(vk: Vk) -> None:
    assert vk.adapter.link(vk.channel) == "https://vk.me/coffee_club"
    assert vk.adapter.link(vk.channel, "utm_1-a") == "https://vk.me/coffee_club?ref=utm_1-a"
    nameless = Channel(vk.channel.id, vk.credentials)
    assert vk.adapter.link(nameless) == f"https://vk.me/club{vk.community.id}"


async def test_the_calls_stay_within_what_vk_takes() -> None:
    async with vk_wire(budgets=True) as vk:
        await vk.connect()
        await asyncio.gather(*(vk.adapter.typing(vk.channel, vk.user) for _ in range(30)))
        assert [call for call in vk.emulator.calls() if call.outcome != "ok"] == []
