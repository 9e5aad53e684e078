"""What a member changes in an answer that is not its words alone: albums, media, places that move."""

from __future__ import annotations

from adapters.telegram.emulator import Message, Person, picture
from adapters.telegram.emulator import media as telegram_media
from tests.cases.player import telegram_bytes
from tests.e2e.conftest import Office
from tests.e2e.test_answer_media import dialog
from tests.e2e.vk_shop import Shop, shop

__all__ = ["shop"]

RED, GREEN, BLUE = picture(60, 40, "red"), picture(60, 40, "green"), picture(60, 40, "blue")


def replaced(office: Office, message: Message, data: bytes, caption: str = "", kind: str = "photo") -> None:
    """The member puts another medium into an own message."""
    world = office.telegram.world
    file = world.files.store(kind, data, "a.jpg", "")
    file.width, file.height = 60, 40
    content = telegram_media.wire_of(world, office.desk, file) | ({"caption": caption} if caption else {})
    office.telegram.edit_content(message, content)


def album(office: Office, member: Person, *parts: tuple[bytes, str], reply_to: Message | None = None) -> list[Message]:
    world, group = office.telegram.world, office.telegram.world.next_album_id()
    replied = {"reply_to_message": dict(reply_to.wire)} if reply_to else {}
    sent = []
    for data, caption in parts:
        file = world.files.store("photo", data, "a.jpg", "")
        file.width, file.height = 60, 40
        content = telegram_media.wire_of(world, office.desk, file) | {"media_group_id": group}
        content |= ({"caption": caption} if caption else {}) | replied
        sent.append(office.telegram.send_content(office.desk, member, content))
    return sent


def pictures(office: Office, customer: Person) -> list[bytes | None]:
    return [telegram_bytes(office, office.shop, one) for one in office.answers(customer) if "photo" in one.wire]


async def test_every_caption_of_an_album_goes_and_is_edited_where_it_stands(office: Office) -> None:
    olga, oleg, anna = await dialog(office)
    parts = album(office, olga, (RED, ""), (GREEN, "до ремонта"), (BLUE, "после ремонта"))
    answer = await office.hears(anna, "до ремонта\nпосле ремонта")
    await office.sees(oleg, "до ремонта\nпосле ремонта")
    await office.until(lambda: any("👌" in str(part.reactions) for part in parts))
    office.telegram.edit(parts[2], "почти готово")
    await office.until(lambda: answer.text == "до ремонта\nпочти готово")
    await office.sees(oleg, "до ремонта\nпочти готово")
    assert len(pictures(office, anna)) == 3


async def test_a_held_album_keeps_its_captions_for_whom_it_is_for(lite: Office) -> None:
    (olga,) = await lite.company()
    anna = lite.customer("Анна")
    lite.say(anna, "вопрос")
    await lite.sees(olga, "вопрос")
    parts = album(lite, olga, (RED, "раз"), (GREEN, "два"))
    question = await lite.sees(olga, "Кому это")
    await lite.until(lambda: not lite.desk.pending)
    await lite.press(question, question.labels()[0])
    answer = await lite.hears(anna, "раз\nдва")
    await lite.until(lambda: any("👌" in str(part.reactions) for part in parts))
    lite.telegram.edit(parts[0], "один")
    await lite.until(lambda: answer.text == "один\nдва")


async def test_another_medium_takes_the_place_of_the_one_that_was_sent(office: Office) -> None:
    olga, oleg, anna = await dialog(office)
    own = office.telegram.send_media(office.desk, olga, "photo", RED, caption="прайс")
    answer = await office.hears(anna, "прайс")
    await office.until(lambda: "👌" in str(own.reactions))
    replaced(office, own, GREEN, "прайс новый")
    await office.until(lambda: pictures(office, anna) == [GREEN])
    assert answer.text == "прайс новый"
    await office.until(lambda: [one for one in office.sent(oleg) if telegram_bytes(office, office.desk, one) == GREEN])
    await office.sees(oleg, "прайс новый")


async def test_another_medium_takes_its_place_in_an_album(office: Office) -> None:
    olga, _, anna = await dialog(office)
    parts = album(office, olga, (RED, "до"), (GREEN, "после"))
    await office.hears(anna, "до\nпосле")
    await office.until(lambda: any("👌" in str(part.reactions) for part in parts))
    replaced(office, parts[1], BLUE, "после всего")
    await office.until(lambda: pictures(office, anna) == [RED, BLUE])
    await office.hears(anna, "до\nпосле всего")


async def test_a_medium_of_a_kind_that_stays_is_said_to_stay(lite: Office) -> None:
    olga, _, anna = await dialog(lite)
    own = lite.telegram.send_media(lite.desk, olga, "voice", b"OggS" + bytes(600), name="a.ogg", mime="audio/ogg")
    await lite.until(lambda: "👌" in str(own.reactions))
    replaced(lite, own, b"OggS" + bytes(700), kind="voice")
    line = await lite.sees(olga, "Правка не прошла")
    assert line.reply_to == own.id
    assert "voice" in lite.answers(anna)[-1].wire


async def test_a_members_live_location_moves_at_the_customer_until_it_ends(office: Office) -> None:
    olga, oleg, anna = await dialog(office)
    live = {"latitude": 55.7, "longitude": 37.6, "live_period": 900}
    own = office.telegram.send_content(office.desk, olga, {"location": live})
    await office.until(lambda: "👌" in str(own.reactions))
    shown = office.answers(anna)[-1]
    said = len(office.sent(olga))
    for latitude in (55.8, 55.9):
        office.telegram.edit_content(own, {"location": live | {"latitude": latitude}})
    await office.until(lambda: shown.wire["location"]["latitude"] == 55.9)
    office.telegram.edit_content(own, {"location": {"latitude": 56.0, "longitude": 37.6}})
    await office.until(lambda: shown.wire["location"] == {"latitude": 56.0, "longitude": 37.6})
    await office.until(
        lambda: [one.wire["location"]["latitude"] for one in office.sent(oleg) if "location" in one.wire] == [56.0]
    )
    assert len(office.sent(olga)) == said


async def test_another_medium_takes_its_place_in_vk(shop: Shop) -> None:
    await shop.talk()
    own = album(shop.office, shop.olga, (RED, "до"), (GREEN, "после"), reply_to=shop.copy)
    await shop.until(lambda: "до\nпосле" in shop.answers())
    await shop.office.until(lambda: any("👌" in str(part.reactions) for part in own))
    replaced(shop.office, own[1], BLUE, "после")
    await shop.until(lambda: [item.data for item in shop.got()[-1].attachments] == [RED, BLUE])
    assert shop.answers()[-1] == "до\nпосле"
