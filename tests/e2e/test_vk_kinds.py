"""Every kind of message over the whole service: from VK into a member's chat, and from there to VK."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import aiohttp

from adapters.telegram.emulator import picture
from adapters.vk.emulator.model import File
from services.sql import fetch
from tests.e2e.conftest import PATIENCE
from tests.e2e.test_answer_media import KINDS as ANSWERS
from tests.e2e.vk_shop import Shop, shop

__all__ = ["shop"]

MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(600)
Send = Callable[[Shop], Any]


def media(*kinds: str, data: bytes = b"", **more: Any) -> Send:
    items = [(kind, data or picture()) for kind in kinds]
    return lambda shop: shop.vk.send_media(shop.community, shop.anna, *items, **more)


def hanging(kind: str, **body: Any) -> Send:
    """An attachment of VK that no bytes come with."""
    return lambda shop: shop.vk.send_attachments(shop.community, shop.anna, {"type": kind, kind: body})


def forwarded(shop: Shop) -> Any:
    inner = {"from_id": 77, "text": "слова внутри", "date": 1, "attachments": []}
    outer = {"from_id": -5, "text": "слова снаружи", "date": 2, "attachments": [], "fwd_messages": [inner]}
    return shop.say("пересылаю", forwarded=[outer])


def sticker(shop: Shop) -> Any:
    world = shop.vk.world
    url = world.media_url(world.store("photo", picture(), "128.png", "image/png", 1))
    return hanging("sticker", sticker_id=9019, product_id=279, images=[{"url": url, "width": 128, "height": 128}])(shop)


def two_kinds(shop: Shop) -> Any:
    goods = {"type": "market", "market": {"id": 9, "owner_id": -5, "title": "Кружка"}}
    poll = {"type": "poll", "poll": {"id": 3, "owner_id": -5, "question": "Чай?", "answers": []}}
    return shop.vk.send_attachments(shop.community, shop.anna, goods, poll)


def repost(shop: Shop) -> Any:
    world = shop.vk.world
    url = world.media_url(world.store("photo", picture(), "cake.jpg", "image/jpeg", 1))
    photo = {"type": "photo", "photo": {"sizes": [{"type": "x", "url": url, "width": 64, "height": 64}]}}
    original = {"id": 9, "owner_id": -1, "text": "Рецепт пирога", "attachments": [photo]}
    return hanging("wall", id=5, from_id=-42, owner_id=-42, text="", copy_history=[original])(shop)


def forwarded_answer(shop: Shop) -> Any:
    asked = {"id": 5, "from_id": 888, "text": "Доставка 500 рублей, устроит?", "conversation_message_id": 4}
    geo = {"type": "point", "coordinates": {"latitude": 55.75, "longitude": 37.6}, "place": {"title": "Парк"}}
    piece = {"date": 1, "from_id": 777, "text": "Да", "attachments": [], "geo": geo, "reply_message": asked}
    return shop.say("", forwarded=[piece])


def answer_to_product(shop: Shop) -> Any:
    goods = {"type": "market", "market": {"id": 9, "owner_id": -5, "title": "Кружка белая"}}
    asked = {"id": 5, "from_id": -1, "text": "", "conversation_message_id": 9990, "attachments": [goods]}
    return shop.vk.send_raw(shop.community, shop.anna, {"text": "а это ещё есть?", "reply_message": asked})


# What a customer sends, the field of the Telegram message that shows it, and words that stand there.
KINDS: dict[str, tuple[Send, str, str]] = {
    "photo": (media("photo", caption="вот фото"), "photo", "вот фото"),
    "album": (media("photo", "photo", "photo", caption="три фото"), "photo", "три фото"),
    "file": (media("document", data=b"%PDF-1.7", name="смета.pdf", mime="application/pdf"), "document", ""),
    "voice": (media("voice", data=b"OggS" + bytes(600), duration=3), "voice", ""),
    "animation": (media("animation", name="кот.gif", mime="image/gif"), "animation", ""),
    "graffiti": (media("sticker"), "photo", ""),
    "sticker": (sticker, "photo", "Стикер"),
    "place": (
        lambda shop: shop.vk.send_location(shop.community, shop.anna, 55.75, 37.6, title="Парк"), "venue", "",
    ),
    "quoted": (lambda shop: shop.say("именно это", reply_to=1), "text", "именно это"),
    "forwarded": (forwarded, "text", "слова внутри"),
    "video": (hanging("video", id=5, owner_id=7, title="Как пекут"), "text", "Как пекут"),
    "music": (hanging("audio", id=5, owner_id=7, artist="Хор", title="Песня", duration=9), "text", "Хор – Песня"),
    "link": (hanging("link", url="https://shop.test/roses", title="Розы"), "text", "https://shop.test/roses"),
    "post": (hanging("wall", id=3, from_id=-1, to_id=-1, text="Скидки"), "text", "https://vk.com/wall-1_3"),
    "comment": (hanging("wall_reply", id=4, post_id=3, owner_id=-1, text="Ответ"), "text", "Ответ"),
    "goods": (hanging("market", id=8, owner_id=-1, title="Букет"), "text", "https://vk.com/product-1_8"),
    "poll": (hanging("poll", id=2, owner_id=1, question="Когда?", answers=[{"text": "завтра"}]), "text", "завтра"),
    "story": (hanging("story", id=6, owner_id=9), "text", "https://vk.com/story9_6"),
    "article": (hanging("article", id=1, owner_id=-1, title="О чае", url="https://vk.com/@tea"), "text", "О чае"),
    "call": (hanging("call", initiator_id=1, receiver_id=2, state="canceled_by_initiator"), "text", "Звонок"),
    "a kind of tomorrow": (hanging("hologram", id=1, owner_id=2, title="Купол"), "text", "Купол"),
    "two kinds": (two_kinds, "text", "Товар, Опрос"),
    "repost": (repost, "photo", "Рецепт пирога"),
    "forwarded answer": (forwarded_answer, "venue", "Доставка 500"),
    "answer to a product": (answer_to_product, "text", "Товар: Кружка белая"),
}  # fmt: skip


async def test_every_kind_from_vk_arrives_at_the_member(shop: Shop) -> None:
    await shop.talk("это начало")
    for kind, (send, field, words) in KINDS.items():
        seen = {one.id for one in shop.office.sent(shop.olga)}
        send(shop)

        def shown(seen: set[int] = seen, field: str = field) -> list[Any]:
            return [one for one in shop.office.sent(shop.olga) if one.id not in seen and field in one.wire]

        await shop.office.until(shown)
        told = "\n".join(one.text for one in shop.office.sent(shop.olga) if one.id not in seen)
        assert words in told, f"{kind}: {told}"
    rows = await fetch("SELECT state, COUNT(*) AS n FROM events GROUP BY state")
    assert [row["state"] for row in rows] == ["applied"]


# What the answer of a member becomes in VK, and whether the member is told that it was changed.
BECOMES: dict[str, tuple[str, bool]] = {
    "photo": ("photo", False), "video": ("doc", True), "round video": ("doc", True), "voice": ("audio_message", False),
    "audio": ("doc", True), "file": ("doc", False), "animation": ("doc", True), "sticker": ("photo", True),
    "location": ("geo", False), "contact": ("text", True),
}  # fmt: skip


async def test_every_kind_of_answer_reaches_vk_in_its_best_form(shop: Shop) -> None:
    await shop.talk("вопрос")
    await shop.office.press(shop.copy, "Ответить")
    await shop.office.sees(shop.olga, "Отвечаете: Анна")
    assert BECOMES.keys() == ANSWERS.keys()
    for kind, (send, _) in ANSWERS.items():
        form, changed = BECOMES[kind]
        before = len(shop.got())
        own = send(shop.office, shop.olga)
        await shop.until(lambda before=before: len(shop.got()) > before)
        answer = shop.got()[-1]
        files = [item.kind for item in answer.attachments if isinstance(item, File)]
        assert files == ([] if form in ("geo", "text") else [form]), kind
        assert (answer.geo is not None) == (form == "geo"), kind
        await shop.marked(own, "👌")
        notes = [one for one in shop.office.sent(shop.olga) if one.reply_to == own.id]
        if changed:
            await shop.office.until(
                lambda own=own: [one for one in shop.office.sent(shop.olga) if one.reply_to == own.id]
            )
        else:
            assert not notes, kind


async def test_an_answer_is_taken_back_and_after_a_day_that_is_refused(shop: Shop) -> None:
    await shop.talk()
    first, second = shop.answer("Приходите"), shop.answer("Ждём")
    await shop.marked(second, "👌")
    shop.office.type(shop.olga, "/delete", reply_to=first)
    await shop.until(lambda: shop.answers() == ["Ждём"])
    shop.got()[0].sent_at -= 25 * 3600
    shop.office.type(shop.olga, "/delete", reply_to=second)
    await shop.office.sees(shop.olga, "Удалить не удалось")
    shop.office.telegram.edit(second, "Ждём вас")
    await shop.office.sees(shop.olga, "Правка не прошла")
    assert shop.answers() == ["Ждём"]


async def test_an_answer_in_vk_counts_as_an_answer_and_names_who_gave_it(shop: Shop) -> None:
    oleg = await shop.office.manager(shop.olga, "Олег")
    shop.say("Есть столик?")
    await shop.office.sees(oleg, "Есть столик?")
    waiting = "SELECT waiting_since FROM inquiries"
    assert (await fetch(waiting))[0]["waiting_since"] is not None
    shop.vk.answer_in_vk(shop.community, shop.anna, "Ищу место", admin=99001)
    card = await shop.office.sees(oleg, "Ищу место")
    assert "vk.com/id99001, из интерфейса VK" in card.text
    admin = shop.vk.person("Пётр", last_name="Админов")
    shop.vk.answer_in_vk(shop.community, shop.anna, "Отвечаю из ВК", admin=admin.id)
    await shop.office.until(lambda: "Пётр Админов, из интерфейса VK): Отвечаю из ВК" in card.text)
    assert "Взять" in card.labels()
    await shop.office.press(card, "Взять")
    shop.vk.answer_in_vk(shop.community, shop.anna, "До встречи", admin=admin.id)
    copy = await shop.office.sees(oleg, "До встречи")
    await shop.office.until(lambda: "Пётр Админов, из интерфейса VK → Анна Петрова" in copy.text)
    assert (await fetch(waiting))[0]["waiting_since"] is None
    rows = await fetch("SELECT author, author_name FROM messages WHERE direction = 'out'")
    assert {(row["author"], row["author_name"]) for row in rows} == {
        ("outside", "vk.com/id99001"), ("outside", "Пётр Админов"),
    }  # fmt: skip


async def test_a_button_of_another_service_says_that_it_does_not_work_any_more(shop: Shop) -> None:
    """And is answered at once, instead of spinning for a minute."""
    action = {"type": "callback", "label": "Каталог", "payload": "{}"}
    form = {
        "peer_ids": str(shop.anna.id), "random_id": "77", "message": "Выберите", "v": "5.199",
        "keyboard": json.dumps({"inline": True, "buttons": [[{"action": action}]]}),
    }  # fmt: skip
    shop.say("Здравствуйте")
    headers = {"Authorization": f"Bearer {shop.community.token}"}
    address = f"{shop.vk.world.base}/method/messages.send"
    async with aiohttp.request("POST", address, data=form, headers=headers) as response:
        assert "error" not in await response.json()
    answer = await shop.vk.press(shop.got()[-1], "Каталог", timeout=PATIENCE)
    assert answer is not None
    assert answer["text"].startswith("Эта кнопка больше не действует")
