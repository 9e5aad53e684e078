"""Connecting a page: every reason against it in words, the app's webhook and the page's, health, coming back."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from adapters.base import ConnectRefused, Credentials, Forbidden, HealthState, HookRequest
from adapters.facebook import connecting
from adapters.facebook.adapter import FacebookAdapter
from adapters.facebook.emulator import APP_SECRET, VERIFY_TOKEN
from adapters.facebook.emulator.model import EDITOR, FIELDS
from adapters.facebook.limits import FIELDS as WANTED
from adapters.http import Http
from tests.adapters.pages import CALLBACK, HOOK, Facebook, opened, own_settings, subscribed


async def refused(facebook: Facebook, token: str) -> ConnectRefused:
    with pytest.raises(ConnectRefused) as raised:
        await facebook.adapter.identify(Credentials(token=token))
    assert token not in raised.value.message.format(**raised.value.params)
    return raised.value


async def test_a_page_key_says_whose_it_is() -> None:
    async with opened() as facebook:
        profile = await facebook.adapter.identify(Credentials(token=f" {facebook.page.token}\n"))
        assert (profile.id, profile.name, profile.username) == (facebook.page.id, "Coffee", "coffee.club")
        assert profile.link == "https://www.facebook.com/coffee.club"
        assert profile.picture
        assert profile.missing == ()
        assert profile.warnings == ()


async def test_a_persons_key_is_refused_by_the_persons_name() -> None:
    async with opened() as facebook:
        error = await refused(facebook, facebook.emulator.key(None, owner="Мария").token)
        assert error.message == connecting.USER_TOKEN
        assert error.params == {"name": "Мария"}


async def test_a_key_of_another_app_is_refused_with_both_names() -> None:
    async with opened() as facebook:
        other = facebook.emulator.create_app("Rival desk")
        error = await refused(facebook, facebook.emulator.key(facebook.page, app=other).token)
        assert error.message == connecting.OTHER_APP
        assert error.params == {"own": "Pult", "other": "Rival desk"}
        other.strict = True
        error = await refused(facebook, facebook.emulator.key(facebook.page, app=other).token)
        assert (error.message, error.params) == (connecting.SOME_OTHER_APP, {"own": "Pult"})


async def test_an_editors_key_is_refused() -> None:
    async with opened() as facebook:
        error = await refused(facebook, facebook.emulator.key(facebook.page, editor=True).token)
        assert (error.message, error.params) == (connecting.EDITOR, {"name": "Coffee"})


async def test_missing_rights_are_named() -> None:
    async with opened() as facebook:
        key = facebook.emulator.key(facebook.page, scopes=frozenset({"pages_show_list", "pages_messaging"}))
        profile = await facebook.adapter.identify(Credentials(token=key.token))
        assert profile.missing == ("pages_manage_metadata", "pages_read_engagement")


async def test_revoked_hidden_and_misshaped_keys_each_have_their_sentence() -> None:
    async with opened() as facebook:
        old = facebook.page.token
        facebook.emulator.revoke(facebook.page)
        assert (await refused(facebook, old)).message == connecting.REVOKED
        assert (await refused(facebook, "hello-world-this-is-no-key")).message == connecting.WRONG_SHAPE
        facebook.page.hidden = True
        assert (await refused(facebook, facebook.page.token)).message == connecting.NOT_SHOWN


async def test_a_page_that_facebook_restricts_is_refused_with_its_words() -> None:
    async with opened() as facebook:
        facebook.emulator.fault("refused", description="368", method="me")
        assert (await refused(facebook, facebook.page.token)).message == connecting.RESTRICTED


async def test_what_the_person_should_know_first_is_said() -> None:
    async with opened() as facebook:
        facebook.page.published = False
        facebook.emulator.app.advanced = False
        facebook.page.subscribed[facebook.emulator.create_app("Rival desk").id] = ["messages"]
        profile = await facebook.adapter.identify(Credentials(token=facebook.page.token))
        assert profile.warnings == (connecting.NOT_PUBLISHED, connecting.LIMITED_ACCESS, connecting.OTHERS_TOO)


async def test_a_key_that_dies_by_itself_is_announced() -> None:
    async with opened() as facebook:
        facebook.emulator.world.keys[facebook.page.token].expires_at = 1_800_000_000
        profile = await facebook.adapter.identify(Credentials(token=facebook.page.token))
        assert profile.warnings == (connecting.EXPIRES,)


async def test_kinds_of_events_that_came_with_a_newer_version_are_subscribed_to_without_a_word() -> None:
    async with subscribed() as facebook:
        facebook.page.subscribed[facebook.emulator.app.id] = ["messages"]
        health = await facebook.adapter.inspect(facebook.channel)
        assert (health.state, health.webhook) == (HealthState.WEBHOOK_LOST, CALLBACK), "our own address: a renewal"


@pytest.mark.parametrize("without", ["app_id", "app_secret", "verify_token"])
async def test_an_installation_without_an_app_says_so(without: str) -> None:
    async with opened() as facebook, Http() as http:
        facebook.emulator.app.strict = False
        adapter = FacebookAdapter(http, own_settings(facebook.address, **{without: None}))
        with pytest.raises(ConnectRefused) as raised:
            await adapter.identify(Credentials(token=facebook.page.token))
        assert raised.value.message == connecting.NO_APP


async def test_a_wrong_app_secret_is_told_from_a_wrong_key() -> None:
    async with opened() as facebook, Http() as http:
        facebook.emulator.app.strict = False
        adapter = FacebookAdapter(http, own_settings(facebook.address, app_secret="f" * 32))
        with pytest.raises(ConnectRefused):
            await adapter.identify(Credentials(token=facebook.page.token))


async def test_subscribing_sets_up_the_app_the_page_and_the_start_button() -> None:
    async with opened() as facebook:
        assert (await facebook.adapter.inspect(facebook.channel)).state is HealthState.WEBHOOK_LOST
        await facebook.adapter.subscribe(facebook.channel)
        app = facebook.emulator.app
        assert (app.callback, app.verify_token) == (CALLBACK, VERIFY_TOKEN)
        assert set(app.fields) == set(facebook.page.subscribed[app.id]) == set(WANTED) <= FIELDS
        assert facebook.page.get_started == "GET_STARTED"
        health = await facebook.adapter.inspect(facebook.channel)
        assert (health.state, health.webhook) == (HealthState.WORKS, CALLBACK)
        await facebook.adapter.subscribe(facebook.channel)
        assert len([c for c in facebook.emulator.calls("subscriptions") if "callback_url" in c.params]) == 1
        assert len([c for c in facebook.emulator.calls("messenger_profile") if "get_started" in c.params]) == 1


async def test_a_start_button_of_somebody_else_is_left_alone() -> None:
    async with opened() as facebook:
        facebook.page.get_started = "THEIRS"
        await facebook.adapter.subscribe(facebook.channel)
        assert facebook.page.get_started == "THEIRS"


async def test_an_unsubscribed_page_and_a_webhook_taken_away_are_seen_and_repaired() -> None:
    async with subscribed() as facebook:
        facebook.page.subscribed.clear()
        assert (await facebook.adapter.inspect(facebook.channel)).state is HealthState.WEBHOOK_LOST
        await facebook.adapter.subscribe(facebook.channel)
        facebook.emulator.app.callback = "https://elsewhere.test/hook"
        health = await facebook.adapter.inspect(facebook.channel)
        assert (health.state, health.webhook) == (HealthState.WEBHOOK_LOST, "https://elsewhere.test/hook")
        await facebook.adapter.subscribe(facebook.channel)
        assert (await facebook.adapter.inspect(facebook.channel)).state is HealthState.WORKS


async def test_unsubscribing_leaves_other_pages_of_the_app_alone() -> None:
    async with subscribed() as facebook:
        second = facebook.emulator.create_page("Tea", "tea.club")
        await facebook.adapter.subscribe(facebook.channel_of(second))
        await facebook.adapter.unsubscribe(facebook.channel)
        assert facebook.page.subscribed == {}
        assert (await facebook.adapter.inspect(facebook.channel_of(second))).state is HealthState.WORKS


async def test_a_dead_key_is_told_and_counts_as_unsubscribed() -> None:
    async with subscribed() as facebook:
        channel = facebook.channel
        facebook.emulator.revoke(facebook.page)
        assert (await facebook.adapter.inspect(channel)).state is HealthState.REVOKED
        await facebook.adapter.unsubscribe(channel)


async def test_a_key_whose_maker_lost_the_role_on_the_page_is_dead_too() -> None:
    async with subscribed() as facebook:
        facebook.emulator.world.keys[facebook.page.token].tasks = EDITOR
        health = await facebook.adapter.inspect(facebook.channel)
        assert health.state is HealthState.REVOKED
        assert "administrative permission" in (health.detail or "")


async def test_the_greeting_is_set_and_taken_away() -> None:
    async with opened() as facebook:
        await facebook.adapter.edit_profile(facebook.channel, "greeting", "Добро пожаловать!")
        assert facebook.page.greeting == [{"locale": "default", "text": "Добро пожаловать!"}]
        await facebook.adapter.edit_profile(facebook.channel, "greeting", " ")
        assert facebook.page.greeting == []


async def test_a_link_carries_its_code() -> None:
    async with opened() as facebook:
        assert facebook.adapter.link(facebook.channel, "promo_42") == "https://m.me/coffee.club?ref=promo_42"


# The app's own address


def request(method: str = "POST", body: bytes = b"{}", **query: str) -> HookRequest:
    signature = "sha256=" + hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return HookRequest(method, {"x-hub-signature-256": signature}, query, body)


def setup(**changed: str) -> HookRequest:
    query = {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "1158201444", **changed}
    return request("GET", b"", **query)


async def test_the_set_up_request_is_answered_with_its_challenge() -> None:
    async with opened() as facebook:
        nobody = Credentials()
        facebook.adapter.verify(setup(), nobody)
        reply = facebook.adapter.handshake(setup(), nobody)
        assert reply is not None
        assert (reply.status, reply.body, reply.content_type) == (200, b"1158201444", "text/plain")
        assert facebook.adapter.handshake(request(), nobody) is None
        assert facebook.adapter.handshake(setup(**{"hub.mode": "unsubscribe"}), nobody) is None


@pytest.mark.parametrize("wrong", ["", "x", VERIFY_TOKEN + "x", VERIFY_TOKEN[:-1], "ы", "\udcff"])
async def test_a_wrong_verify_token_opens_nothing(wrong: str) -> None:
    async with opened() as facebook:
        with pytest.raises(Forbidden):
            facebook.adapter.verify(setup(**{"hub.verify_token": wrong}), Credentials())


@pytest.mark.parametrize("settings", [{"app_secret": None}, {"verify_token": None}])
async def test_without_its_secrets_an_installation_lets_nobody_in(settings: dict[str, Any]) -> None:
    async with Http() as http:
        adapter = FacebookAdapter(http, own_settings("http://127.0.0.1:9", **settings))
        forged = setup(**{"hub.verify_token": ""}) if "verify_token" in settings else request()
        with pytest.raises(Forbidden):
            adapter.verify(forged, Credentials())


async def test_a_channels_own_address_does_not_open_to_the_apps_secret() -> None:
    async with opened() as facebook:
        prepared = await facebook.adapter.prepare(Credentials(token=facebook.page.token), HOOK)
        with pytest.raises(Forbidden):
            facebook.adapter.verify(request(), prepared)
        with pytest.raises(Forbidden):
            facebook.adapter.verify(setup(), prepared)


async def test_the_apps_secrets_are_never_seen() -> None:
    async with opened() as facebook:
        assert {APP_SECRET, VERIFY_TOKEN} <= facebook.adapter.secrets(Credentials())
        shown = repr(facebook.adapter.options) + str(facebook.adapter.options)
        assert APP_SECRET not in shown
        assert VERIFY_TOKEN not in shown
