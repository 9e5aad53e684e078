"""What becomes of a community's channel: dead keys, a server that VK stops, strangers at its webhook."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from adapters.base import Credentials
from adapters.vk import community
from services import clock
from services.sql import fetch
from tests.e2e.vk_shop import Shop, shop

__all__ = ["shop"]


async def test_a_key_that_dies_in_the_middle_keeps_the_answers_and_what_customers_write(shop: Shop) -> None:
    await shop.talk()
    token = shop.vk.revoke(shop.community)
    answer = shop.answer("Да, на семь")
    await shop.office.sees(shop.olga, "Ждёт ключа")
    shop.say("Вы тут?")
    await shop.office.sees(shop.olga, "Вы тут?")
    await shop.watch()
    await shop.watch()
    (told,) = shop.office.holding(shop.olga, "больше не принимает")
    assert told.labels() == ["Новый токен"]
    assert shop.answers() == []
    person_id, project_id = await shop.office.place(shop.olga)
    channel_id = (await fetch("SELECT id FROM channels"))[0]["id"]
    channels = shop.office.parts.channels
    await channels.replace_credentials(person_id, project_id, channel_id, Credentials(token=token))
    await shop.hears("Да, на семь")
    await shop.marked(answer, "👌")
    assert [server.status for server in shop.community.servers.values()] == ["ok"]


async def test_a_server_that_vk_stops_is_put_back_and_told_only_if_it_goes_on(shop: Shop) -> None:
    await shop.talk()
    for told in (0, 1, 1):
        next(iter(shop.community.servers.values())).status = "failed"
        await shop.watch()
        assert [server.status for server in shop.community.servers.values()] == ["ok"]
        await shop.settled()
        assert len(shop.office.holding(shop.olga, "не может доставить")) == told
    await shop.watch()
    await shop.office.sees(shop.olga, "снова работает")
    await shop.talk("Вы ещё тут?")


async def test_a_server_that_cannot_be_put_back_is_told_with_a_button(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(community, "CHECKS", (0.0, 0.1, 0.1))
    address = shop.vk.hosts.pop("pult.test")
    shop.vk.hosts["pult.test"] = "http://127.0.0.1:9"
    next(iter(shop.community.servers.values())).status = "failed"
    await shop.watch()
    await shop.watch()
    told = await shop.office.sees(shop.olga, "не может доставить")
    assert told.labels() == ["Проверить"]
    shop.vk.hosts["pult.test"] = address
    await shop.office.press(told, "Проверить")
    await shop.watch()
    await shop.talk("Вы ещё тут?")


async def test_a_community_is_no_name_of_telegram_and_is_set_up_at_vk(shop: Shop) -> None:
    """«@coffee_club» would lead to whoever has it in Telegram; and there is nothing to be changed from here."""
    office, olga = shop.office, shop.olga
    another = shop.vk.create_community("Пекарня", "bakery")
    office.type(olga, "/connect")
    menu = await office.sees(olga, "Что подключаем?")
    await office.press(menu, "VK")
    await office.until(lambda: "Подключаем VK" in menu.text)
    office.type(olga, another.token)
    proposal = await office.sees(olga, "Подключить?")
    assert "https://vk.com/bakery" in proposal.text
    office.type(olga, "/channels")
    card = await office.sees(olga, "Каналы")
    await office.until(lambda: any("Кофейня" in label for label in card.labels()))
    await office.press(card, next(label for label in card.labels() if "Кофейня" in label))
    await office.until(lambda: "Настройки бота" in card.labels())
    assert "@" not in proposal.text + card.text
    await office.press(card, "Настройки бота")
    await office.until(lambda: "отсюда ничего не меняется" in card.text)
    assert card.labels() == ["Настройки в мессенджере", "Назад"]


async def post(shop: Shop, body: bytes, **more: Any) -> tuple[int, bytes]:
    server = next(iter(shop.community.servers.values()))
    address = server.url.replace("https://pult.test", f"http://127.0.0.1:{shop.office.port}")
    async with aiohttp.request(more.get("method", "POST"), address, data=body) as response:
        return response.status, await response.read()


async def test_strangers_at_the_webhook_are_refused_and_nothing_is_stored(shop: Shop) -> None:
    await shop.talk()
    server = next(iter(shop.community.servers.values()))
    message = {"id": 9, "conversation_message_id": 9, "from_id": shop.anna.id, "peer_id": shop.anna.id, "date": 1,
               "text": "подделка", "out": 0}  # fmt: skip
    genuine = {"type": "message_new", "event_id": "e9", "v": "5.199", "group_id": shop.community.id,
               "secret": server.secret, "object": {"message": message}}  # fmt: skip
    before = await journaled()
    forged: list[Any] = [
        genuine | {"secret": "wrong"}, {**genuine, "secret": None}, genuine | {"group_id": shop.community.id + 1},
        {name: value for name, value in genuine.items() if name != "secret"}, [], "text", None,
        {"type": "confirmation", "group_id": shop.community.id, "secret": "wrong"},
    ]  # fmt: skip
    for body in forged:
        assert (await post(shop, json.dumps(body).encode()))[0] == 403, body
    whole = json.dumps(genuine, ensure_ascii=False).encode()
    assert (await post(shop, whole[:-20]))[0] == 403
    assert (await post(shop, b" " * 20_000_000))[0] == 413
    assert await journaled() == before
    for _ in range(3):
        assert await post(shop, whole) == (200, b"ok")
    await shop.office.sees(shop.olga, "подделка")
    assert await journaled() == before + 1


async def journaled() -> int:
    return int((await fetch("SELECT COUNT(*) AS n FROM events"))[0]["n"])


@pytest.mark.parametrize(("later", "doubted"), [(timedelta(minutes=45), False), (timedelta(minutes=51), True)])
async def test_vk_drops_a_repeat_for_less_than_an_hour_and_later_ones_are_doubted(
    shop: Shop, later: timedelta, doubted: bool
) -> None:
    """Where no echo of it comes either, which would leave nothing to doubt."""
    await shop.talk()
    shop.community.servers[1].events.discard("message_reply")
    order = shop.vk.fault("500", method="messages.send", times=None)
    answer = shop.answer("Да")
    await shop.until(lambda: shop.vk.calls("messages.send"))
    clock.shift(later)
    shop.vk.world.faults.remove(order.id)
    shop.vk.fault("reset_after", method="messages.send")
    shop.office.parts.runner.wake()
    await shop.marked(answer, "👌")
    rows = await fetch("SELECT repeated FROM messages WHERE direction = 'out'")
    assert bool(rows[0]["repeated"]) is doubted
    assert len({call.params["random_id"] for call in shop.vk.calls("messages.send")}) == 1
    assert shop.answers() == ["Да"]
