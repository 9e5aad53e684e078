"""Every kind of answer reaches the customer in the best form that the channel has."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.telegram.emulator import Message, Person, picture
from tests.e2e.conftest import Office

pytestmark = pytest.mark.judged

Send = Callable[[Office, Person], Message]
MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(600)
BYTES = {"voice": b"OggS" + bytes(600), "audio": b"ID3" + bytes(600), "document": b"%PDF-1.7" + bytes(600)}


def medium(kind: str, name: str = "", mime: str = "", caption: str = "") -> Send:
    data = picture() if kind == "photo" else BYTES.get(kind, MP4)
    return lambda office, olga: office.telegram.send_media(
        office.desk, olga, kind, data, name=name, mime=mime, caption=caption
    )


KINDS: dict[str, tuple[Send, str]] = {
    "photo": (medium("photo", caption="вот фото"), "photo"),
    "video": (medium("video", "a.mp4", "video/mp4", "вот видео"), "video"),
    "round video": (medium("video_note", "a.mp4", "video/mp4"), "video_note"),
    "voice": (medium("voice", "a.ogg", "audio/ogg"), "voice"),
    "audio": (medium("audio", "a.mp3", "audio/mpeg"), "audio"),
    "file": (medium("document", "смета.pdf", "application/pdf", "смета"), "document"),
    "animation": (medium("animation", "a.mp4", "video/mp4"), "animation"),
    "sticker": (lambda office, olga: office.telegram.send_sticker(office.desk, olga), "sticker"),
    "location": (lambda office, olga: office.telegram.send_location(office.desk, olga, 55.75, 37.6), "location"),
    "contact": (
        lambda office, olga: office.telegram.send_contact(office.desk, olga, "Иван", "+79161234567"),
        "contact",
    ),
}


async def dialog(office: Office) -> tuple[Person, Person, Person]:
    """Ольга is in a dialog with Анна, and Олег has joined it."""
    olga, oleg = await office.company("Олег")
    anna = office.customer("Анна")
    office.say(anna, "вопрос")
    his = await office.sees(oleg, "вопрос")
    await office.talk(olga, "Анна")
    office.type(oleg, "я тоже здесь", reply_to=his)
    question = await office.sees(oleg, "Всё равно отправить")
    await office.press(question, "Да, отправить")
    await office.hears(anna, "я тоже здесь")
    return olga, oleg, anna


async def test_every_kind_reaches_the_customer_and_the_colleague_in_the_dialog(office: Office) -> None:
    olga, oleg, anna = await dialog(office)
    for kind, (send, field) in KINDS.items():
        before = len(office.answers(anna))
        own = send(office, olga)
        await office.until(lambda seen=before: len(office.answers(anna)) > seen)
        answer = office.answers(anna)[-1]
        assert field in answer.wire, kind
        assert answer.text == own.text, kind
        await office.until(lambda own=own: "👌" in str(own.reactions))
        await office.until(lambda field=field: [one for one in office.sent(oleg) if field in one.wire])
    document = next(one for one in office.answers(anna) if "document" in one.wire and "смета" in one.text)
    assert document.wire["document"]["file_name"] == "смета.pdf"


async def test_an_album_reaches_the_customer_as_one_and_has_one_mark(office: Office) -> None:
    olga, oleg, anna = await dialog(office)
    parts = office.telegram.send_album(
        office.desk, olga, [("photo", picture(60, 40, colour)) for colour in ("red", "green", "blue")], caption="три"
    )
    await office.until(lambda: len([one for one in office.answers(anna) if one.group]) == 3)
    assert len({one.group for one in office.answers(anna) if one.group}) == 1
    await office.until(lambda: [part for part in parts if "👌" in str(part.reactions)])
    await office.until(lambda: len([one for one in office.sent(oleg) if one.group]) == 3)
    assert len([one for one in office.answers(anna) if "photo" in one.wire]) == 3


async def test_an_album_in_reply_to_a_card_takes_the_inquiry_once(lite: Office) -> None:
    olga, _ = await lite.company("Олег")
    anna = lite.customer("Анна")
    lite.say(anna, "покажите")
    card = await lite.sees(olga, "покажите")
    await lite.press(card, "Ответить") if "Ответить" in card.labels() else None
    await lite.talk(olga, "Анна")
    lite.telegram.send_album(lite.desk, olga, [("photo", picture(60, 40, c)) for c in ("red", "green")])
    await lite.until(lambda: len([one for one in lite.answers(anna) if one.group]) == 2)


async def test_an_album_that_nobody_was_named_for_is_asked_about_once(lite: Office) -> None:
    olga, _ = await lite.company("Олег")
    anna = lite.customer("Анна")
    lite.say(anna, "покажите")
    await lite.take(olga, "Анна")
    await lite.sees(olga, "Отвечаете: Анна")
    lite.type(olga, "/exit")
    await lite.sees(olga, "Вы вышли из диалога")
    lite.telegram.send_album(lite.desk, olga, [("photo", picture(60, 40, c)) for c in ("red", "green", "blue")])
    question = await lite.sees(olga, "Кому это?")
    await lite.press(question, "Анна · Telegram")
    await lite.until(lambda: len([one for one in lite.answers(anna) if one.group]) == 3)
    assert len(lite.holding(olga, "Кому это?")) <= 1


async def test_what_no_messenger_understands_is_refused_with_its_name(lite: Office) -> None:
    olga, _, anna = await dialog(lite)
    before = len(lite.answers(anna))
    lite.telegram.send_poll(lite.desk, olga, "Когда?", ["сегодня", "завтра"])
    await lite.sees(olga, "Опрос: такое клиенту не передать")
    lite.telegram.send_dice(lite.desk, olga)
    await lite.sees(olga, "Кубик: такое клиенту не передать")
    assert len(lite.answers(anna)) == before


async def test_a_file_that_is_too_large_is_refused_with_the_limit(lite: Office) -> None:
    olga, _, anna = await dialog(lite)
    before = len(lite.answers(anna))
    content = {
        "document": {
            "file_id": "x" * 40, "file_unique_id": "y" * 12, "file_name": "big.zip", "file_size": 21 * 1024 * 1024,
            "mime_type": "application/zip",
        }
    }  # fmt: skip
    lite.telegram.send_content(lite.desk, olga, content)
    await lite.sees(olga, "Файл больше 20 МБ")
    assert len(lite.answers(anna)) == before


async def test_answers_with_files_and_words_keep_their_order(office: Office) -> None:
    olga, _, anna = await dialog(office)
    before = len(office.answers(anna))
    office.type(olga, "первое")
    office.telegram.send_media(office.desk, olga, "photo", picture(), caption="второе")
    office.type(olga, "третье")
    office.telegram.send_media(office.desk, olga, "document", BYTES["document"], name="a.pdf", caption="четвёртое")
    office.type(olga, "пятое")
    await office.hears(anna, "пятое")
    told = [one.text for one in office.answers(anna)[before:]]
    assert told == ["первое", "второе", "третье", "четвёртое", "пятое"]
