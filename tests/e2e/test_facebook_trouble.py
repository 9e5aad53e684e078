"""What breaks between a page and its team: limits, a dead key, bodies that are forged, cut or too large."""

from __future__ import annotations

from datetime import timedelta

import aiohttp

from adapters.base import Credentials
from adapters.facebook.emulator.delivery import encoded, signed
from bot.replay import replay_failed
from services import app_bodies, clock
from services.sql import fetch, transact
from tests.e2e import test_facebook as pages
from tests.jobs.engine import until_async

shop = pages.shop


async def test_a_limit_of_the_app_keeps_every_page_still_and_loses_nothing(shop: pages.Shop) -> None:
    tea = shop.facebook.create_page("Чайная", "tea.club")
    await pages.connect(shop.office, shop.facebook, shop.olga, tea)
    await shop.talk("Кофе есть?")
    shop.facebook.say(tea, shop.anna, "Чай есть?")
    copy = await shop.office.sees(shop.olga, "Чай есть?")
    shop.facebook.fault("refused", method="messages", description="4", page=shop.page)
    shop.answer("Кофе есть")
    await shop.office.until(lambda: shop.facebook.calls("messages"))

    async def both_paused() -> bool:
        return len(await fetch("SELECT lane FROM lane_pauses")) == 2

    await until_async(both_paused)
    refused_at = clock.now().timestamp()
    shop.office.type(shop.olga, "Чай есть", reply_to=copy)
    clock.shift(timedelta(seconds=61))
    await shop.hears("Кофе есть")
    await shop.office.until(lambda: [one.text for one in shop.facebook.chat(tea, shop.anna).sent()] == ["Чай есть"])
    assert all(call.at > refused_at + 60 for call in shop.facebook.calls("messages")[1:])


async def test_a_key_that_dies_in_the_middle_loses_neither_side(shop: pages.Shop) -> None:
    await shop.talk()
    shop.facebook.revoke(shop.page)
    shop.answer("Да, ждём")
    await shop.office.sees(shop.olga, "токен")
    shop.say("Ау, вы тут?")
    await shop.office.sees(shop.olga, "Ау, вы тут?")
    assert shop.answers() == []
    person_id, project_id = await shop.office.place(shop.olga)
    [row] = await fetch("SELECT id FROM channels")
    channels = shop.office.parts.channels
    await channels.replace_credentials(person_id, project_id, row["id"], Credentials(token=shop.page.token))
    clock.shift(timedelta(seconds=6))
    await shop.hears("Да, ждём")
    assert shop.answers() == ["Да, ждём"]


async def test_what_is_forged_cut_or_too_large_is_refused_and_nothing_of_it_stays(shop: pages.Shop) -> None:
    await shop.talk()
    address = f"http://127.0.0.1:{shop.office.port}/hooks/facebook"
    event = {
        "sender": {"id": shop.facebook.chat(shop.page, shop.anna).psid}, "recipient": {"id": shop.page.id},
        "timestamp": 1764000000000, "message": {"mid": "m_forged", "text": "Подделка"},
    }  # fmt: skip
    good = encoded({"object": "page", "entry": [{"id": shop.page.id, "time": 1, "messaging": [event]}]})
    secret = shop.facebook.app.secret
    async with aiohttp.ClientSession() as session:
        for body, key, status in (
            (good, "another", 403), (good + b" ", None, 403), (good[:-7], secret, 200), (good[:-7], secret, 200),
            (b"x" * 3_000_000, secret, 413),
            (good, secret, 200),
        ):  # fmt: skip
            headers = signed(key or secret, body if key else good)
            async with session.post(address, data=body, headers=headers) as response:
                assert response.status == status, body[:40]
    await shop.office.sees(shop.olga, "Подделка")
    kept = await fetch("SELECT platform, payload FROM app_bodies")
    assert [row["platform"] for row in kept] == ["facebook"], "what is cut is kept, once"
    assert "Подделка" not in kept[0]["payload"]
    rows = await fetch("SELECT COUNT(*) AS n FROM messages WHERE direction = 'in'")
    assert rows[0]["n"] == 2, "the genuine ones alone"


async def test_what_an_older_version_could_not_read_is_replayed_once(shop: pages.Shop) -> None:
    await shop.talk()
    event = {
        "sender": {"id": shop.facebook.chat(shop.page, shop.anna).psid}, "recipient": {"id": shop.page.id},
        "timestamp": int(clock.now().timestamp() * 1000), "message": {"mid": "m_kept", "text": "Из журнала"},
    }  # fmt: skip
    stranger = {
        "sender": {"id": "1"},
        "recipient": {"id": "2"},
        "timestamp": 1,
        "message": {"mid": "m_x", "text": "Чужое"},
    }
    entries = [{"id": shop.page.id, "time": 1, "messaging": [event]}, {"id": "2", "time": 1, "messaging": [stranger]}]
    body = encoded({"object": "page", "entry": entries})
    said: list[str] = []
    for _ in range(2):
        await transact(lambda: app_bodies.keep("facebook", body, "no words for it"))
        await transact(lambda: app_bodies.keep("facebook", b"{", "cut"))
        assert await replay_failed(dict(shop.office.parts.registry), said.append) == 1
    await shop.office.sees(shop.olga, "Из журнала")
    assert len(shop.office.holding(shop.olga, "Из журнала")) == 1
    assert [row["error"] for row in await fetch("SELECT error FROM app_bodies")] == ["cut"]


async def test_a_page_is_asked_for_once_in_a_while_and_anew_when_it_changes(shop: pages.Shop) -> None:
    known = shop.office.parts.channels.known
    first = await known.by_account("facebook", shop.page.id)
    assert first is not None
    assert await known.by_account("facebook", shop.page.id) is first
    known.forget(first.id)
    assert await known.by_account("facebook", shop.page.id) is not first
    assert await known.by_account("facebook", "nobody") is None


async def test_a_restricted_page_is_said_to_be_so_in_the_readers_language(shop: pages.Shop) -> None:
    await shop.talk()
    shop.facebook.fault("refused", method="messages", description="10/1893063")
    shop.answer("Да")
    told = await shop.office.sees(shop.olga, "заблокировал")
    assert "Facebook на время запретил странице отправлять" in told.text
    assert "Page quality" not in told.text


async def test_an_address_that_facebook_cannot_open_is_said_whole_and_nothing_stays(shop: pages.Shop) -> None:
    tea = shop.facebook.create_page("Чайная", "tea.club")
    shop.facebook.app.callback = None
    office, olga = shop.office, shop.olga
    shop.facebook.fault("refused", method="subscriptions", description="2200", times=1)
    shop.facebook.fault("refused", method="subscriptions", description="368", times=1)
    office.type(olga, "/connect")
    await office.press(await office.sees(olga, "Что подключаем?"), "Facebook")
    await office.sees(olga, "Подключаем Facebook")
    office.type(olga, tea.token)
    proposal = await office.sees(olga, "Подключить?")
    alert = await office.press(proposal, "Подключить")
    assert alert is not None
    assert "не смог открыть адрес" in alert["text"]
    await office.press(proposal, "Подключить")
    told = await office.sees(olga, "счёл сообщения страницы нарушением")
    assert told.text.endswith("только поддержка Facebook."), "longer than an alert holds, so it stands in the chat"
    assert len(await fetch("SELECT id FROM channels")) == 1
    assert tea.subscribed == {}
