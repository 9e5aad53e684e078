"""A dialog on Messenger and one on Viber with every kind of message, both ways, as both sides see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from adapters.telegram.emulator import Message, picture
from services import clock
from services.sql import fetch
from tests.e2e import test_facebook as pages
from tests.e2e import test_viber as bots
from tests.e2e.conftest import Office
from tests.e2e.test_answer_media import KINDS
from tests.jobs.engine import until_async

page, bot = pages.shop, bots.shop
viber = bots.viber
PDF = b"%PDF-1.7" + bytes(600)
MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(600)


async def arrives(office: Office, olga: Any, field: str, words: str, send: Callable[[], object]) -> None:
    """What a customer sends stands in the member's chat in that form, with those words."""
    before = {one.id for one in office.sent(olga)}
    send()

    def news() -> list[Message]:
        return [one for one in office.sent(olga) if one.id not in before]

    await office.until(
        lambda: any(field in one.wire for one in news()) and words in "\n".join(one.text for one in news())
    )


def on_messenger(shop: pages.Shop) -> dict[str, tuple[str, str, Callable[[], object]]]:
    facebook, place = shop.facebook, (shop.page, shop.anna)

    def raw(kind: str, **more: Any) -> Callable[[], object]:
        return lambda: facebook.say(*place, "", raw=[{"type": kind, **more}])

    def media(kind: str, data: bytes, name: str = "", mime: str = "") -> Callable[[], object]:
        return lambda: facebook.send_media(*place, kind, data, name=name, mime=mime)

    album = [facebook.file("image", picture(60, 40, colour)) for colour in ("red", "green")]
    return {
        "picture": ("photo", "", media("image", picture())),
        "album": ("photo", "", lambda: facebook.say(*place, "", files=album)),
        "video": ("video", "", media("video", MP4)),
        "recording": ("audio", "", media("audio", b"ID3" + bytes(600), "a.mp3", "audio/mpeg")),
        "file": ("document", "", media("file", PDF, "смета.pdf", "application/pdf")),
        "sticker": ("photo", "Стикер", media("sticker", picture())),
        "place": ("location", "", lambda: facebook.send_location(*place, 55.75, 37.6)),
        "answer": ("text", "именно", lambda: facebook.say(*place, "именно", reply_to=shop.first)),
        "reel": ("text", "https://www.facebook.com/reel/1", raw("reel", payload={"url": "https://www.facebook.com/reel/1"})),
        "nothing to read": ("text", "такого вида", raw("🛸", payload={})),
    }  # fmt: skip


async def test_every_kind_of_messenger_arrives_at_the_team(page: pages.Shop) -> None:
    page.first = page.say("это начало").number
    await page.office.sees(page.olga, "это начало")
    for field, words, send in on_messenger(page).values():
        await arrives(page.office, page.olga, field, words, send)
    await arrives(page.office, page.olga, "text", "не то", lambda: page.say("не то"))
    slip = next(one for one in page.facebook.chat(page.page, page.anna).messages.values() if one.text == "не то")
    page.facebook.edit(slip, "а то")
    changed = await page.office.sees(page.olga, "а то")
    page.facebook.delete(slip)
    await page.office.until(lambda: "удалено клиентом" in changed.text)


ON_MESSENGER = {
    "photo": ["image"], "video": ["video"], "round video": ["video"], "voice": ["file"], "audio": ["audio"],
    "file": ["file"], "animation": ["video"], "sticker": ["image"], "location": [], "contact": [],
}  # fmt: skip
ON_VIBER = {
    "photo": ["picture"], "video": ["video", "text"], "round video": ["video"], "voice": ["file"], "audio": ["file"],
    "file": ["file", "text"], "animation": ["video"], "sticker": ["picture"], "location": ["location"],
    "contact": ["contact"],
}  # fmt: skip


async def test_every_kind_of_answer_arrives_on_messenger(page: pages.Shop) -> None:
    await page.talk()
    await page.office.press(page.copy, "Ответить")
    await page.office.sees(page.olga, "Отвечаете: Анна Петрова")
    for kind, files in ON_MESSENGER.items():
        thread, own, before = page.facebook.chat(page.page, page.anna), None, len(page.answers())
        own = KINDS[kind][0](page.office, page.olga)
        await page.office.until(lambda own=own: "👌" in str(own.reactions))
        came = thread.sent()[before:]
        assert [file.kind for message in came for file in message.files] == files, kind
        assert kind != "voice" or came[0].files[0].name == "voice.ogg", "its name says what it is"
        if own.text:
            assert came[-1].text == own.text
    texts = " ".join(page.answers())
    assert "https://www.google.com/maps?q=55.750000,37.600000" in texts
    assert "Иван\n+79161234567" in texts
    for note in ("уйдёт файлом", "уйдёт обычным", "уйдёт картинкой"):
        assert page.office.find(page.olga, note), note


async def test_every_kind_of_viber_arrives_at_the_team(bot: bots.Shop) -> None:
    viber, place = bot.viber, (bot.bot, bot.anna)
    await bot.asked("это начало")
    for field, words, send in (
        ("photo", "торт", lambda: viber.send_media(*place, "photo", picture(), caption="торт")),
        ("video", "", lambda: viber.send_media(*place, "video", MP4)),
        ("document", "", lambda: viber.send_media(*place, "file", PDF, name="смета.pdf", mime="application/pdf")),
        ("photo", "Стикер", lambda: viber.send_sticker(*place)),
        ("location", "", lambda: viber.send(*place, {"type": "location", "location": {"lat": 50.7, "lon": 6.1}})),
        ("contact", "", lambda: viber.send(
            *place, {"type": "contact", "contact": {"name": "Иван", "phone_number": "+380501112233"}})),
        ("text", "https://pult.test/a", lambda: viber.send(*place, {"type": "url", "media": "https://pult.test/a"})),
        ("text", "такого вида", lambda: viber.send(*place, {"type": "🛸"})),
    ):  # fmt: skip
        await arrives(bot.office, bot.olga, field, words, send)


async def test_every_kind_of_answer_arrives_on_viber(bot: bots.Shop) -> None:
    copy = await bot.asked()
    await bot.office.press(copy, "Ответить")
    await bot.office.sees(bot.olga, "Отвечаете: Анна")
    for kind, types in ON_VIBER.items():
        before = len(bot.answers())
        own = KINDS[kind][0](bot.office, bot.olga)
        await bot.office.until(lambda own=own: "👌" in str(own.reactions))
        came = bot.answers()[before:]
        assert [one.wire["type"] for one in came] == types, kind
        assert kind != "voice" or came[0].wire["file_name"] == "voice.ogg", "its name says what it is"
        await bot.until(lambda came=came: all(one.file or one.failed for one in came if "media" in one.wire))
        assert [one.failed for one in came if one.failed] == [], kind
        if own.text:
            assert any(own.text in one.text for one in came)
    for note in ("уйдёт файлом", "уйдёт обычным", "уйдёт картинкой"):
        assert bot.office.find(bot.olga, note), note


@pytest.mark.parametrize("kind", ["429", "http429"])
async def test_a_viber_that_says_too_many_gets_every_answer_once_and_in_order(bot: bots.Shop, kind: str) -> None:
    copy = await bot.asked()
    bot.viber.fault(kind, method="send_message", retry_after=1)
    for number in range(3):
        bot.office.type(bot.olga, f"ответ {number}", reply_to=copy)

    async def paused() -> bool:
        return bool(await fetch("SELECT lane FROM lane_pauses"))

    await until_async(paused)
    clock.shift(timedelta(seconds=62))
    await bot.hears("ответ 2")
    assert [one.text for one in bot.answers()] == ["ответ 0", "ответ 1", "ответ 2"]
