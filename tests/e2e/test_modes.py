"""The ways in which updates come: polled or pushed, one after the other, repeated, out of order, forged."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.telegram.emulator import BotAccount, TelegramEmulator
from services import clock
from services.sql import fetch
from tests.e2e.conftest import Office, opened


@pytest.fixture(autouse=True)
async def now() -> AsyncIterator[None]:
    yield
    clock.reset()


async def texts(condition: str = "1 = 1") -> list[str]:
    """What the journal's messages say, in the order of a conversation."""
    rows = await fetch(f"SELECT content FROM messages WHERE {condition} ORDER BY identity_id, at, sequence, id")
    return [json.loads(row["content"])["text"] if isinstance(row["content"], str) else row["content"]["text"]
            for row in rows]  # fmt: skip


async def number(table: str, condition: str = "1 = 1") -> int:
    [row] = await fetch(f"SELECT COUNT(*) AS n FROM {table} WHERE {condition}")
    return int(row["n"])


async def test_without_a_public_address_channels_are_polled_in_order(
    telegram: TelegramEmulator, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(telegram, migrated_url, tmp_path, monkeypatch, public=False) as office:
        (olga,) = await office.company()
        assert office.shop.webhook is None
        anna = office.customer("Анна")
        words = [f"слово {place:02}." for place in range(30)]
        for word in words:
            office.say(anna, word)
        await office.sees(olga, words[-1])
        assert await texts() == words
        office.type(olga, "ответ", reply_to=office.find(olga, words[-1]))
        await office.hears(anna, "ответ")
        assert await number("events", "state <> 'applied'") == 0


async def test_polling_and_webhooks_follow_each_other_without_loss_or_doubles(
    telegram: TelegramEmulator, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    desk: BotAccount | None = None
    olga: Any = None
    anna: Any = None
    shop: Any = None
    for turn, public in enumerate((False, True, False, True)):
        async with opened(telegram, migrated_url, tmp_path, monkeypatch, public=public, desk=desk) as office:
            if desk is None:
                (olga,) = await office.company()
                desk, shop = office.desk, office.shop
                anna = office.customer("Анна")
            office.shop = shop
            await office.until(lambda bot=shop, pushed=public: (bot.webhook is not None) is pushed)
            for place in range(3):
                said.append(f"при {turn}: {place}.")
                office.say(anna, said[-1])
            await office.sees(olga, said[-1])
            assert await texts() == said
        # While nobody is there.
        for place in range(3):
            said.append(f"после {turn}: {place}.")
            telegram.say(shop, anna, said[-1])
    async with opened(telegram, migrated_url, tmp_path, monkeypatch, desk=desk) as office:
        await office.sees(olga, said[-1])
        assert await texts() == said
        shown = [one.text for one in office.sent(olga)]
        assert all(sum(word in text for text in shown) == 1 for word in said)


async def post(address: str, body: Any, **headers: str) -> int:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with aiohttp.ClientSession() as session, session.post(address, data=data, headers=headers) as response:
        return response.status


SECRET = "X-Telegram-Bot-Api-Secret-Token"


def local(office: Office, bot: BotAccount) -> str:
    assert bot.webhook is not None
    return office.telegram.delivery.route(bot.webhook.url)[0]


def odd_bodies(person: Any, bot: BotAccount) -> dict[str, bytes]:
    chat = {"id": person.id, "type": "private", "first_name": "Анна"}
    good = {"message_id": 7, "date": 1, "chat": chat, "from": person.user(), "text": "подделка"}

    def update(place: int, **changes: Any) -> bytes:
        return json.dumps({"update_id": 900_000 + place, "message": good | changes}).encode()

    return {
        "broken": b'{"update_id": 1, "message": {',
        "empty": b"",
        "list": b"[1, 2, 3]",
        "null": b"null",
        "no number": json.dumps({"message": good}).encode(),
        "number of words": json.dumps({"update_id": "семь", "message": good}).encode(),
        "huge number": json.dumps({"update_id": 2**63, "message": good}).encode(),
        "date of words": update(1, date="вчера"),
        "text of an object": update(2, text={"a": [1]}),
        "chat of a number": update(3, chat=7),
        "nobody": update(4, **{"from": None, "chat": None}),
        "deep": b'{"update_id": 900005, "message": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        "less deep": b'{"update_id": 900006, "message": {"chat": ' + b"[" * 600 + b"]" * 600 + b"}}",
        "no utf-8": b'{"update_id": 900007, "message": {"text": "\xff\xfe"}}',
    }


async def test_what_no_platform_sends_is_refused_or_journaled_and_the_service_goes_on(office: Office) -> None:
    (olga,) = await office.company()
    anna = office.customer("Анна")
    office.say(anna, "до")
    await office.sees(olga, "до")
    hook = office.shop.webhook
    assert hook is not None
    address = local(office, office.shop)
    journaled = await number("events")
    fine = {"update_id": 1, "message": {}}
    assert await post(address, fine) == 403
    assert await post(address, fine, **{SECRET: "wrong"}) == 403
    assert await post(address + "x", fine, **{SECRET: hook.secret}) == 404
    assert await post(address.replace("/telegram/", "/nowhere/"), fine, **{SECRET: hook.secret}) == 404
    assert await number("events") == journaled
    for name, body in odd_bodies(anna, office.shop).items():
        assert await post(address, body, **{SECRET: hook.secret}) == 200, name
    # One that lacks no more than its number is a message all the same, once.
    assert sorted(await texts()) in (["до"], ["до", "подделка"])
    before = await number("messages")
    assert await number("events", "state = 'failed'") >= 3
    office.say(anna, "после")
    await office.sees(olga, "после")
    assert await number("messages") == before + 1


async def test_a_body_of_twenty_megabytes_is_refused(lite: Office) -> None:
    (olga,) = await lite.company()
    hook = lite.shop.webhook
    assert hook is not None
    assert await post(local(lite, lite.shop), b" " * 20_000_000, **{SECRET: hook.secret}) == 413
    lite.say(lite.customer("Анна"), "после")
    await lite.sees(olga, "после")


async def test_repeated_and_shuffled_deliveries_are_one_conversation_in_its_order(office: Office) -> None:
    (olga,) = await office.company()
    start = office.telegram.world.clock
    people = [office.customer(f"Клиент {place}") for place in range(5)]
    said: dict[int, list[str]] = {person.id: [] for person in people}
    office.telegram.fault("duplicate", where="webhook", bot=office.shop, times=None)
    office.telegram.fault("shuffle", where="webhook", bot=office.shop, times=None, seconds=0.05)
    for place in range(8):
        office.telegram.world.clock = lambda place=place: start() + place
        for person in people:
            said[person.id].append(f"{person.name}, слово {place}.")
            office.say(person, said[person.id][-1])
    office.telegram.world.clock = start
    await office.until(lambda: not office.shop.pending)
    stored = await texts()
    for person in people:
        assert [word for word in stored if person.name in word] == said[person.id]
    assert len(stored) == len(people) * 8
    assert await number("inquiries") == len(people)
    for words in said.values():
        for word in words:
            await office.sees(olga, word)
            assert len(office.holding(olga, word)) == 1


async def test_the_control_bot_works_by_webhook_and_refuses_a_wrong_secret(
    telegram: TelegramEmulator, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(telegram, migrated_url, tmp_path, monkeypatch, PULT_UPDATES="webhook") as office:
        await office.until(lambda: office.desk.webhook)
        _, oleg = await office.company("Олег")
        anna = office.customer("Анна")
        office.say(anna, "вопрос")
        await office.sees(oleg, "вопрос")
        await office.talk(oleg, "Анна")
        office.telegram.fault("duplicate", where="webhook", bot=office.desk, times=None)
        office.type(oleg, "ответ")
        await office.hears(anna, "ответ")
        hook = office.desk.webhook
        assert hook is not None
        address = local(office, office.desk)
        forged = {"update_id": 5, "message": {"message_id": 1, "date": 1, "chat": {"id": oleg.id, "type": "private"},
                                              "from": oleg.user(), "text": "подделка"}}  # fmt: skip
        assert await post(address, forged) == 403
        assert await post(address, forged, **{SECRET: "wrong"}) == 403
        assert await post(address + "x", forged, **{SECRET: hook.secret}) == 404
        for name, body in odd_bodies(oleg, office.desk).items():
            assert await post(address, body, **{SECRET: hook.secret}) == 200, name
        office.type(oleg, "ещё ответ")
        await office.hears(anna, "ещё ответ")
        await office.until(lambda: not office.desk.pending)
        # Of those that were odd one lacked no more than its date, and is an answer all the same, once.
        assert [one.text for one in office.answers(anna)] == ["ответ", "подделка", "ещё ответ"]
    async with opened(telegram, migrated_url, tmp_path, monkeypatch, desk=office.desk) as again:
        again.shop = office.shop
        await again.until(lambda: office.desk.webhook is None)
        again.type(oleg, "и опросом")
        await again.hears(anna, "и опросом")
        assert [one.text for one in again.answers(anna)] == ["ответ", "подделка", "ещё ответ", "и опросом"]
