"""Viber over the whole service: connected, written to, answered from a member's chat, whatever goes wrong."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image

from adapters.base import Credentials
from adapters.telegram.emulator import Message, Person, TelegramEmulator
from adapters.viber.emulator import Bot, ViberEmulator
from adapters.viber.emulator import Message as ViberMessage
from adapters.viber.emulator import Person as ViberPerson
from services import clock
from services.access import Refusal
from services.sql import fetch
from tests.e2e.conftest import HOST, PATIENCE, Office, judged, opened
from tests.judge import phones

pytestmark = pytest.mark.judged


def photo(side: int = 64, form: str = "JPEG", noise: bool = False) -> bytes:
    target = io.BytesIO()
    picture = (
        Image.frombytes("RGB", (side, side), os.urandom(side * side * 3)) if noise else Image.new("RGB", (side, side))
    )
    picture.save(target, form)
    return target.getvalue()


@dataclass
class Shop:
    """A Viber bot of Ольга's project, with Анна writing to it."""

    office: Office
    viber: ViberEmulator
    bot: Bot
    olga: Person
    anna: ViberPerson

    async def until(self, true: Callable[[], Any]) -> Any:
        return await self.viber.wait_for(true, PATIENCE)

    def answers(self) -> list[ViberMessage]:
        return self.viber.chat(self.bot, self.anna).sent()

    async def hears(self, text: str) -> ViberMessage:
        await self.until(lambda: [one for one in self.answers() if text in one.text])
        return next(one for one in self.answers() if text in one.text)

    async def asked(self, text: str = "Есть столик на двоих?") -> Message:
        """Анна writes; the copy of it in Ольга's chat."""
        self.viber.say(self.bot, self.anna, text)
        return await self.office.sees(self.olga, text)


@pytest.fixture
async def viber() -> AsyncIterator[tuple[ViberEmulator, str]]:
    emulator = ViberEmulator(pauses=(0.05, 0.1, 0.2), webhook_timeout=5)
    async with emulator.serve() as address:
        yield emulator, address


@pytest.fixture
async def shop(
    request: pytest.FixtureRequest, telegram: TelegramEmulator,
    viber: tuple[ViberEmulator, str], sqlite_copy: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Shop]:  # fmt: skip
    emulator, address = viber
    async with opened(telegram, sqlite_copy, tmp_path / "data", monkeypatch, PULT_VIBER_API=address) as office:
        emulator.hosts[HOST] = f"http://127.0.0.1:{office.port}"
        olga = await office.owner()
        shop = Shop(office, emulator, emulator.create_bot("Кофейня", "coffee"), olga, emulator.person("Анна"))
        await connect(shop)
        yield shop
        await judged(request, office, phones.viber(emulator, shop.bot))
    clock.reset()


async def connect(shop: Shop) -> None:
    person_id, project_id = await shop.office.place(shop.olga)
    channels = shop.office.parts.channels
    proposal = await channels.identify(person_id, project_id, "viber", Credentials(token=shop.bot.token))
    assert proposal.warnings
    await channels.connect(person_id, project_id, proposal.ticket)


async def test_a_customer_of_viber_is_heard_answered_and_ticked(shop: Shop) -> None:
    assert shop.bot.webhook is not None
    assert shop.bot.webhook.startswith(f"https://{HOST}/hooks/viber/")
    copy = await shop.asked()
    assert "Анна" in copy.text
    answer = shop.office.type(shop.olga, "Да, приходите", reply_to=copy)
    message = await shop.hears("Да, приходите")
    assert (message.wire["type"], message.wire["text"]) == ("text", "Да, приходите")
    call = shop.viber.calls("send_message")[-1]
    assert call.params["sender"]["name"] == "Кофейня"
    await shop.until(lambda: "👌" in str(answer.reactions))
    shop.viber.read(shop.bot, shop.anna)
    await shop.until(lambda: "👀" in str(answer.reactions))


async def test_setting_the_webhook_up_is_no_first_message(shop: Shop) -> None:
    rows = await fetch("SELECT state, confirmed_at FROM channels")
    assert [(row["state"], row["confirmed_at"]) for row in rows] == [("active", None)]
    assert await fetch("SELECT id FROM events") == []
    await shop.asked()
    assert (await fetch("SELECT confirmed_at FROM channels"))[0]["confirmed_at"] is not None


async def test_a_wrong_key_connects_nothing(shop: Shop) -> None:
    person_id, project_id = await shop.office.place(shop.olga)
    for token in ("hello", "445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9"):
        with pytest.raises(Refusal) as refused:
            await shop.office.parts.channels.identify(person_id, project_id, "viber", Credentials(token=token))
        assert "Viber" in refused.value.message
    other = shop.viber.create_bot("Чай", "tea")
    proposal = await shop.office.parts.channels.identify(person_id, project_id, "viber", Credentials(token=other.token))
    shop.viber.fault("refused", method="set_webhook", description="1")
    with pytest.raises(Refusal):
        await shop.office.parts.channels.connect(person_id, project_id, proposal.ticket)
    assert [row["state"] for row in await fetch("SELECT state FROM channels")] == ["active"]
    assert other.webhook is None


async def test_pictures_come_in_and_go_out(shop: Shop) -> None:
    shop.viber.send_media(shop.bot, shop.anna, "photo", photo(), caption="Такой торт?")
    copy = await shop.office.sees(shop.olga, "Такой торт?")
    shop.office.telegram.send_media(
        shop.office.desk, shop.olga, "photo", photo(form="PNG"), caption="Вот такой", reply_to=copy
    )
    message = await shop.hears("Вот такой")
    await shop.until(lambda: message.file or message.failed)
    assert (message.wire["type"], message.failed) == ("picture", None)
    assert message.wire["media"].startswith(f"https://{HOST}/media/")


async def test_a_picture_over_a_megabyte_and_a_sticker_are_made_to_fit(shop: Shop) -> None:
    copy = await shop.asked()
    large = photo(1400, noise=True)
    telegram = shop.office.telegram
    telegram.send_media(shop.office.desk, shop.olga, "photo", large, caption="Большой", reply_to=copy)
    message = await shop.hears("Большой")
    await shop.until(lambda: message.file or message.failed)
    assert message.failed is None
    assert message.file is not None
    assert message.file.mime == "image/jpeg"
    assert len(message.file.data) <= 1024 * 1024 < len(large)
    telegram.send_media(shop.office.desk, shop.olga, "sticker", photo(form="WEBP"), reply_to=copy)
    await shop.until(lambda: len(shop.answers()) == 2)
    sticker = shop.answers()[-1]
    await shop.until(lambda: sticker.file or sticker.failed)
    assert (sticker.wire["type"], sticker.failed) == ("picture", None)
    await shop.office.sees(shop.olga, "картинк")


async def test_who_opens_the_chat_opens_no_inquiry(shop: Shop) -> None:
    shop.viber.open(shop.bot, shop.anna, "promo_42")
    await shop.until(lambda: not shop.viber.delivery.pending)
    assert await fetch("SELECT id FROM inquiries") == []
    rows = await fetch("SELECT source FROM contacts")
    assert [row["source"] for row in rows] == ["promo_42"]


@pytest.mark.untrue("what failed stays on the phone")
async def test_what_fails_on_the_phone_is_told_to_its_author(shop: Shop) -> None:
    copy = await shop.asked()
    answer = shop.office.type(shop.olga, "Да", reply_to=copy)
    message = await shop.hears("Да")
    shop.viber.phones.event(
        message.chat, "failed", message.token, user_id=message.chat.user, desc="unsupported content"
    )
    told = await shop.office.sees(shop.olga, "Viber не смог доставить")
    assert "unsupported" not in told.text
    await shop.until(lambda: "👎" in str(answer.reactions))


async def test_who_left_is_reported_and_may_come_back(shop: Shop) -> None:
    copy = await shop.asked()
    shop.viber.unsubscribe(shop.bot, shop.anna)
    answer = shop.office.type(shop.olga, "Да", reply_to=copy)
    await shop.until(lambda: "👎" in str(answer.reactions))
    assert shop.answers() == []
    again = await shop.asked("Я снова тут")
    shop.office.type(shop.olga, "Рады вам", reply_to=again)
    await shop.hears("Рады вам")


@pytest.mark.parametrize("kind", ["500", "http429", "reset_before"])
async def test_a_stumbling_viber_loses_nothing(shop: Shop, kind: str) -> None:
    copy = await shop.asked()
    shop.viber.fault(kind, method="send_message")
    shop.office.type(shop.olga, "Да, приходите", reply_to=copy)
    await shop.hears("Да, приходите")
    assert len(shop.answers()) == 1


async def test_an_answer_that_was_lost_on_its_way_back_may_come_twice_and_says_so(shop: Shop) -> None:
    copy = await shop.asked()
    shop.viber.fault("reset_after", method="send_message")
    shop.office.type(shop.olga, "Да, приходите", reply_to=copy)
    await shop.until(lambda: len(shop.answers()) == 2)
    await shop.office.sees(shop.olga, "повтор")


async def test_a_webhook_that_viber_lost_is_put_back_by_the_next_answer(shop: Shop) -> None:
    copy = await shop.asked()
    before, shop.bot.webhook = shop.bot.webhook, None
    shop.office.type(shop.olga, "Да, приходите", reply_to=copy)
    await shop.hears("Да, приходите")
    assert shop.bot.webhook == before


async def test_a_bot_that_viber_has_blocked_is_told_of_before_anybody_answers(shop: Shop) -> None:
    await shop.asked()
    shop.bot.trouble = 7
    await shop.office.parts.watch.watch()
    told = await shop.office.sees(shop.olga, "заблокировал")
    assert "Напишите в поддержку Viber" in told.text
    assert [row["trouble"] for row in await fetch("SELECT trouble FROM channels")] == ["suspended"]


async def test_a_key_that_is_made_anew_loses_neither_side(shop: Shop) -> None:
    """Viber signs with the new key at once; the secret in the address stands for it until it is pasted."""
    copy = await shop.asked()
    shop.viber.revoke(shop.bot)
    shop.office.type(shop.olga, "Да, приходите", reply_to=copy)
    await shop.office.sees(shop.olga, "токен")
    await shop.asked("Ау, вы тут?")
    assert shop.answers() == []
    bare = (shop.bot.webhook or "").partition("?")[0]
    for url in (bare, f"{bare}?key=guess"):
        assert (await shop.viber.delivery.post(shop.bot, {"event": "message"}, url=url))[0] == 403
    person_id, project_id = await shop.office.place(shop.olga)
    [row] = await fetch("SELECT id FROM channels")
    channels = shop.office.parts.channels
    await channels.replace_credentials(person_id, project_id, row["id"], Credentials(token=shop.bot.token))
    clock.shift(timedelta(seconds=6))
    await shop.hears("Да, приходите")
    assert len(shop.answers()) == 1


async def test_what_is_forged_cut_or_too_large_is_refused_and_nothing_of_it_stays(shop: Shop) -> None:
    await shop.asked()
    deliver, hook = shop.viber.delivery.post, shop.bot.webhook
    event = {
        "event": "message", "timestamp": 1764000000000, "message_token": 77, "message": {"type": "text", "text": "?"},
        "sender": {"id": shop.viber.chat(shop.bot, shop.anna).user},
    }  # fmt: skip
    bare = (hook or "").partition("?")[0]
    for key, url, status in (("x" * 50, hook, 403), (None, f"{bare}?key=guess", 403), (None, bare, 403)):
        assert (await deliver(shop.bot, event, url=url, key=key))[0] == status
    large = {**event, "message": {"type": "text", "text": "x" * 3_000_000}}
    assert (await deliver(shop.bot, large))[0] == 413
    assert await count() == 1
    body, token = json.dumps(event).encode()[:-9], shop.bot.token
    headers = {"X-Viber-Content-Signature": hmac.new(token.encode(), body, hashlib.sha256).hexdigest()}
    local = (hook or "").replace(f"https://{HOST}", f"http://127.0.0.1:{shop.office.port}")
    async with aiohttp.ClientSession() as session, session.post(local, data=body, headers=headers) as response:
        assert response.status == 200, "kept as it is, for replay"
    rows = await fetch("SELECT state FROM events WHERE state = 'failed'")
    assert len(rows) == 1
    assert (await deliver(shop.bot, event))[0] == 200
    assert await count() == 2


async def count() -> int:
    return int((await fetch("SELECT COUNT(*) AS n FROM messages WHERE direction = 'in'"))[0]["n"])


async def test_callbacks_that_come_thrice_and_mixed_up_are_shown_once(shop: Shop) -> None:
    shop.viber.fault("duplicate", where="webhook", times=None)
    shop.viber.fault("shuffle", where="webhook", seconds=0.1)
    for number in range(3):
        shop.viber.say(shop.bot, shop.anna, f"вопрос {number}")
    await shop.until(lambda: not shop.viber.delivery.pending)
    await shop.office.sees(shop.olga, "вопрос 2")
    rows = await fetch("SELECT COUNT(*) AS n FROM messages WHERE direction = 'in'")
    assert rows[0]["n"] == 3
    for number in range(3):
        await shop.until(lambda number=number: shop.office.holding(shop.olga, f"вопрос {number}"))
        assert len(shop.office.holding(shop.olga, f"вопрос {number}")) == 1


async def test_disconnecting_takes_the_webhook_away(shop: Shop) -> None:
    await shop.asked()
    person_id, project_id = await shop.office.place(shop.olga)
    rows = await fetch("SELECT id FROM channels")
    await shop.office.parts.channels.disconnect(person_id, project_id, rows[0]["id"])
    assert shop.bot.webhook is None
    await connect(shop)
    copy = await shop.asked("Снова я")
    assert "Анна" in copy.text
