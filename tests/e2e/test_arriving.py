"""What customers send arrives in members' chats: every kind, albums together, large files later than words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from adapters.telegram.emulator import Message, Person, picture
from services import clock
from tests.e2e.conftest import Office

pytestmark = pytest.mark.judged

Send = Callable[[Office, Person], Message]
MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(600)
BYTES = {"voice": b"OggS" + bytes(600), "audio": b"ID3" + bytes(600), "document": b"%PDF-1.7" + bytes(600)}


def medium(kind: str, name: str = "", mime: str = "", caption: str = "") -> Send:
    data = picture() if kind == "photo" else BYTES.get(kind, MP4)
    return lambda office, anna: office.telegram.send_media(
        office.shop, anna, kind, data, name=name, mime=mime, caption=caption
    )


# What a customer sends, the field of the Telegram message that shows it to a member, and words that stand there.
KINDS: dict[str, tuple[Send, str, str]] = {
    "photo": (medium("photo", caption="вот фото"), "photo", "вот фото"),
    "video": (medium("video", "a.mp4", "video/mp4", "вот видео"), "video", "вот видео"),
    "round video": (medium("video_note", "a.mp4", "video/mp4"), "video_note", ""),
    "voice": (medium("voice", "a.ogg", "audio/ogg"), "voice", ""),
    "audio": (medium("audio", "a.mp3", "audio/mpeg", "песня"), "audio", "песня"),
    "file": (medium("document", "смета.pdf", "application/pdf", "смета"), "document", "смета"),
    "animation": (medium("animation", "a.mp4", "video/mp4", "ха"), "animation", "ха"),
    "sticker": (lambda office, anna: office.telegram.send_sticker(office.shop, anna), "sticker", ""),
    "location": (lambda office, anna: office.telegram.send_location(office.shop, anna, 55.75, 37.6), "location", ""),
    "venue": (
        lambda office, anna: office.telegram.send_location(
            office.shop, anna, 55.75, 37.6, title="Парк", address="Крымский Вал, 9"
        ),
        "venue",
        "",
    ),
    "contact": (
        lambda office, anna: office.telegram.send_contact(office.shop, anna, "Иван", "+79161234567"),
        "contact",
        "",
    ),
    "quoted reply": (
        lambda office, anna: office.say(anna, "именно это", reply_to=first_of(office, anna), quote="начало"),
        "text",
        "именно это",
    ),
    "forwarded": (
        lambda office, anna: office.say(anna, "чужие слова", forward_from="Пётр"),
        "text",
        "Переслано от: Пётр",
    ),
    "poll": (
        lambda office, anna: office.telegram.send_poll(office.shop, anna, "Когда?", ["сегодня", "завтра"]),
        "text",
        "Опрос",
    ),
    "dice": (lambda office, anna: office.telegram.send_dice(office.shop, anna), "text", "Кубик"),
}


def first_of(office: Office, person: Person) -> Message:
    """The person's first own words."""
    return next(one for one in office.telegram.chat(office.shop, person) if one.text == "это начало")


def news(office: Office, member: Person, seen: set[int]) -> list[Message]:
    return [one for one in office.sent(member) if one.id not in seen]


async def test_every_kind_arrives_as_itself_at_whoever_is_in_the_dialog(office: Office) -> None:
    olga, _ = await office.company("Олег")
    anna = office.customer("Анна")
    office.say(anna, "это начало")
    await office.talk(olga, "Анна")
    for kind, (send, field, words) in KINDS.items():
        before = {one.id for one in office.sent(olga)}
        send(office, anna)
        await office.until(
            lambda seen=before, field=field: [one for one in news(office, olga, seen) if field in one.wire]
        )
        told = "\n".join(one.text for one in news(office, olga, before))
        assert words in told, f"{kind}: {told}"
    quoted = office.find(olga, "именно это")
    assert quoted is not None
    assert quoted.reply_to == office.holding(olga, "это начало")[0].id
    assert "\nначало\n" in quoted.text
    office.say(anna, "и на это", reply_to=first_of(office, anna))
    assert "это начало" not in (await office.sees(olga, "и на это")).text


@pytest.mark.parametrize("kind", ["photo", "voice", "round video", "sticker", "location", "poll"])
async def test_an_inquiry_that_begins_with_anything_is_a_card_with_it_for_everybody(lite: Office, kind: str) -> None:
    olga, oleg = await lite.company("Олег")
    anna = lite.customer("Анна")
    send, field, _ = KINDS[kind]
    send(lite, anna)
    for member in (olga, oleg):
        await lite.until(lambda member=member: lite.card(member, "Анна"))
        assert [one for one in lite.sent(member) if field in one.wire]
        assert lite.card(member, "Анна").labels()[0] == "Взять"


async def test_formatting_arrives_as_it_was_written(lite: Office) -> None:
    (olga,) = await lite.company()
    anna = lite.customer("Анна")
    lite.say(anna, "жирно и <b>не тег</b>", entities=[{"type": "bold", "offset": 0, "length": 5}])
    copy = await lite.sees(olga, "жирно и <b>не тег</b>")
    place = copy.text.index("жирно")
    assert {"type": "bold", "offset": place, "length": 5} in copy.entities


async def test_an_album_stays_together_and_a_late_part_replies_to_it(lite: Office) -> None:
    (olga,) = await lite.company()
    anna = lite.customer("Анна")
    parts = lite.telegram.send_album(
        lite.shop, anna, [("photo", picture(60, 40, "red")), ("photo", picture(60, 40, "green"))], caption="две"
    )
    await lite.until(lambda: len([one for one in lite.sent(olga) if one.group]) == 2)
    first = next(one for one in lite.sent(olga) if one.group)
    assert len({one.group for one in lite.sent(olga) if one.group}) == 1
    content = {"photo": parts[0].wire["photo"], "media_group_id": parts[0].group}
    lite.telegram.send_content(lite.shop, anna, content)
    await lite.until(lambda: len([one for one in lite.sent(olga) if "photo" in one.wire]) == 3)
    late = [one for one in lite.sent(olga) if "photo" in one.wire][-1]
    shown = {one.id for one in lite.sent(olga) if one.group} | {first.id}
    words = lite.find(olga, "две")
    assert late.reply_to in shown | {words.id if words else 0}


async def test_an_album_that_opens_an_inquiry_is_whole_for_everybody(lite: Office) -> None:
    olga, oleg = await lite.company("Олег")
    anna = lite.customer("Анна")
    lite.telegram.send_album(
        lite.shop, anna, [("photo", picture(60, 40, colour)) for colour in ("red", "green", "blue")], caption="три"
    )
    for member in (olga, oleg):
        await lite.until(lambda member=member: lite.card(member, "Анна"))
        assert len([one for one in lite.sent(member) if one.group]) == 3


async def test_a_file_that_does_not_come_holds_up_no_words_and_completes_its_placeholder(office: Office) -> None:
    (olga,) = await office.company()
    anna = office.customer("Анна")
    stuck = office.telegram.fault("500", bot=office.shop, method="getFile", times=None)
    office.telegram.send_media(office.shop, anna, "photo", picture(), caption="долгое фото")
    office.say(anna, "а это слова")
    await office.sees(olga, "а это слова")
    assert office.find(olga, "долгое фото") is None
    clock.shift(timedelta(seconds=21))
    placeholder = await office.sees(olga, "долгое фото")
    assert "загружается" in placeholder.text
    office.telegram.world.faults.remove(stuck.id)
    clock.shift(timedelta(seconds=50))
    await office.until(lambda: [one for one in office.sent(olga) if "photo" in one.wire])
    [photo] = [one for one in office.sent(olga) if "photo" in one.wire]
    assert photo.reply_to == placeholder.id


async def test_a_card_does_not_wait_for_a_file_either(lite: Office) -> None:
    olga, _ = await lite.company("Олег")
    anna = lite.customer("Анна")
    stuck = lite.telegram.fault("500", bot=lite.shop, method="getFile", times=None)
    lite.telegram.send_media(lite.shop, anna, "photo", picture(), caption="долгое фото")
    await lite.until(lambda: lite.card(olga, "Анна"))
    lite.telegram.world.faults.remove(stuck.id)
    clock.shift(timedelta(seconds=50))
    await lite.until(lambda: [one for one in lite.sent(olga) if "photo" in one.wire])


async def test_media_is_uploaded_once_for_however_many_members(lite: Office) -> None:
    team = await lite.company("Олег", "Мария", "Пётр", "Семён")
    anna = lite.customer("Анна")
    lite.telegram.send_media(lite.shop, anna, "photo", picture(), caption="одно на всех")
    for member in team:
        await lite.until(lambda member=member: [one for one in lite.sent(member) if "photo" in one.wire])
    assert len(lite.uploads(lite.desk)) == 1


async def test_an_album_is_uploaded_once_for_however_many_members(lite: Office) -> None:
    team = await lite.company("Олег", "Мария", "Пётр")
    anna = lite.customer("Анна")
    lite.telegram.send_album(lite.shop, anna, [("photo", picture(60, 40, c)) for c in ("red", "green")])
    for member in team:
        await lite.until(lambda member=member: len([one for one in lite.sent(member) if one.group]) == 2)
    assert len(lite.uploads(lite.desk)) == 1
