"""A copy or card that stands in several Telegram messages: whatever changes, every word, medium and place stands there.

As it was last edited, once, and nothing that is said beside it is lost on the way.
"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from adapters.telegram.emulator import Message, Person, picture
from services import clock
from services.sql import fetch
from tests.e2e.conftest import Office
from tests.e2e.vk_shop import Shop, shop

pytestmark = pytest.mark.judged

__all__ = ["shop"]


def words(count: int, mark: str = "w") -> str:
    return " ".join(f"{mark}{number:04}" for number in range(count))


def standing(office: Office, member: Person, mark: str = "w") -> list[str]:
    """The numbered words in a member's chat, in the order in which they stand there."""
    return re.findall(rf"\b{mark}\d{{4}}\b", " ".join(one.text for one in office.sent(member)))


def kinds(office: Office, member: Person, kind: str) -> list[Message]:
    return [one for one in office.sent(member) if kind in one.wire]


async def all_words(office: Office, member: Person, count: int, mark: str = "w") -> None:
    expected = words(count, mark).split()
    await office.until(lambda: standing(office, member, mark) == expected)


async def test_a_long_text_is_edited_grows_and_shrinks_piece_by_piece(office: Office) -> None:
    (olga,) = await office.company()
    anna = office.customer("Анна")
    said = office.say(anna, words(680))
    await all_words(office, olga, 680)
    office.telegram.edit(said, words(679) + " последнее")
    await office.sees(olga, "последнее")
    await all_words(office, olga, 679)
    first = office.find(olga, "w0000")
    assert first is not None
    office.telegram.edit(said, "коротко")
    await office.until(lambda: standing(office, olga) == [] and "коротко" in first.text)
    office.telegram.edit(said, words(680))
    await all_words(office, olga, 680)
    assert [one.reply_to for one in office.holding(olga, "w0679")] == [first.id]
    assert len([one for one in office.sent(olga) if "Готово" in one.labels()]) == 1


async def test_a_caption_that_grows_goes_on_in_a_reply(lite: Office) -> None:
    (olga,) = await lite.company()
    anna = lite.customer("Анна")
    said = lite.telegram.send_media(lite.shop, anna, "photo", picture(60, 40, "red"), caption="было")
    copy = await lite.sees(olga, "было")
    lite.telegram.edit(said, words(300))
    await all_words(lite, olga, 300)
    assert "w0000" in copy.text
    assert lite.holding(olga, "w0299")[0].reply_to == copy.id
    assert len(kinds(lite, olga, "photo")) == 1
    lite.telegram.edit(said, "стало")
    await lite.until(lambda: copy.text.endswith("стало") and standing(lite, olga) == [])


async def test_a_card_whose_text_grows_keeps_every_word_before_and_after_it_is_taken(office: Office) -> None:
    olga, oleg = await office.company("Олег")
    anna = office.customer("Анна")
    said = office.say(anna, "вопрос")
    card = await office.sees(olga, "вопрос")
    await office.sees(oleg, "вопрос")
    office.telegram.edit(said, words(679))
    await office.until(lambda: set(standing(office, olga)) == set(words(679).split()))
    await office.until(lambda: set(standing(office, oleg)) == set(words(679).split()))
    assert "Взять" in card.labels()
    await office.press(card, "Взять")
    await office.until(lambda: "Ответить" in card.labels())
    office.telegram.edit(said, words(600) + " уже не так")
    await office.sees(olga, "уже не так")
    await office.until(lambda: set(standing(office, olga)) == set(words(600).split()))


async def test_the_album_of_an_untaken_inquiry_stays_an_album_when_its_caption_is_edited(office: Office) -> None:
    olga, oleg = await office.company("Олег")
    anna = office.customer("Анна")
    items = [("photo", picture(60, 40, "red")), ("photo", picture(40, 60, "green"))]
    first, _ = office.telegram.send_album(office.shop, anna, items, caption="два букета")
    for member in (olga, oleg):
        card = await office.sees(member, "два букета")
        assert "Взять" in card.labels()
    office.telegram.edit(first, "три букета")
    for member in (olga, oleg):
        await office.until(lambda member=member: office.find(member, "три букета"))
        await office.until(lambda member=member: office.find(member, "два букета") is None)
        assert [one.text for one in kinds(office, member, "photo")] == ["", ""]
        assert not any("Готово" in one.labels() for one in office.sent(member))


async def test_another_part_of_an_album_gets_its_caption_under_the_first(lite: Office) -> None:
    (olga,) = await lite.company()
    anna = lite.customer("Анна")
    items = [("photo", picture(60, 40, "red")), ("photo", picture(40, 60, "green"))]
    _, second = lite.telegram.send_album(lite.shop, anna, items, caption="до")
    await lite.sees(olga, "до")
    lite.telegram.edit(second, "после")
    found = await lite.sees(olga, "после")
    assert "до" in found.text
    assert len(lite.holding(olga, "до")) == 1


async def test_a_file_that_telegram_refused_is_named_whatever_changes(lite: Office) -> None:
    (olga,) = await lite.company()
    anna = lite.customer("Анна")
    said = lite.telegram.send_media(lite.shop, anna, "document", b"", caption="вот договор", name="договор.pdf")
    await lite.sees(olga, "договор.pdf")
    lite.telegram.edit(said, "вот договор, подпишите")
    found = await lite.sees(olga, "подпишите")
    assert "договор.pdf" in found.text
    assert "Telegram" in found.text


async def test_a_place_follows_a_text_moves_and_goes(office: Office) -> None:
    (olga,) = await office.company()
    anna = office.customer("Анна")
    said = office.say(anna, "буду здесь")
    copy = await office.sees(olga, "буду здесь")
    office.telegram.edit_content(said, {"location": {"latitude": 55.7, "longitude": 37.6}})
    await office.until(lambda: places(office, olga) == [55.7])
    assert kinds(office, olga, "location")[0].reply_to == copy.id
    office.telegram.edit_content(said, {"location": {"latitude": 59.93, "longitude": 30.33}})
    await office.until(lambda: places(office, olga) == [59.93])
    office.telegram.edit_content(said, {"text": "передумала"})
    await office.until(lambda: places(office, olga) == [])
    assert "передумала" in copy.text


def places(office: Office, member: Person) -> list[float]:
    return [one.wire["location"]["latitude"] for one in kinds(office, member, "location")]


async def test_a_live_location_moves_where_it_stands_until_it_ends(office: Office) -> None:
    olga, oleg = await office.company("Олег")
    anna = office.customer("Анна")
    live = {"latitude": 55.7, "longitude": 37.6, "live_period": 900}
    said = office.telegram.send_content(office.shop, anna, {"location": live})
    for member in (olga, oleg):
        await office.until(lambda member=member: places(office, member) == [55.7])
    shown = kinds(office, olga, "location")[0]
    for latitude in (55.8, 55.9):
        office.telegram.edit_content(said, {"location": live | {"latitude": latitude}})
    await office.until(lambda: places(office, olga) == [55.9])
    await office.take(olga, "Анна")
    office.telegram.edit_content(said, {"location": {"latitude": 59.93, "longitude": 30.33}})
    await office.until(lambda: places(office, olga) == [59.93])
    assert kinds(office, olga, "location")[0].id == shown.id
    await office.until(lambda: "live_period" not in shown.wire["location"])


@pytest.mark.untrue("a customer's exchanged medium follows as a reply, and the one before stays")
async def test_a_file_of_equal_name_and_length_is_another_file(office: Office) -> None:
    (olga,) = await office.company()
    anna = office.customer("Анна")
    said = office.telegram.send_media(office.shop, anna, "document", b"count=100", name="zakaz.txt")
    await office.until(lambda: len(kinds(office, olga, "document")) == 1)
    other = office.telegram.send_media(office.shop, anna, "document", b"count=200", name="zakaz.txt")
    await office.until(lambda: len(kinds(office, olga, "document")) == 2)
    office.telegram.edit_content(said, {"document": other.wire["document"]})
    await office.until(lambda: len(kinds(office, olga, "document")) == 3)
    rows = await fetch("SELECT name FROM files")
    assert len(rows) == 3


async def test_a_photo_for_an_inquiry_that_came_back_empty_is_shown_to_those_who_may_take_it(office: Office) -> None:
    olga, oleg = await office.company("Олег")
    anna = office.customer("Анна")
    office.say(anna, "вопрос")
    card = await office.take(oleg, "Анна")
    await office.press(card, "Готово")
    await office.until(lambda: "Написать" in card.labels())
    office.type(oleg, "забыл сказать", reply_to=card)
    await office.hears(anna, "забыл сказать")
    office.telegram.block(office.desk, oleg)
    await office.until(lambda: len([one for one in office.holding(olga, "Анна") if "Взять" in one.labels()]) == 1)
    office.telegram.send_media(office.shop, anna, "photo", picture(60, 40, "red"))
    await office.until(lambda: len(kinds(office, olga, "photo")) == 1)


async def test_what_vk_cut_stands_whole_in_as_many_messages_as_it_takes(shop: Shop) -> None:
    shop.say(words(1500), cropped=True)
    await all_words(shop.office, shop.olga, 1500)


async def test_no_word_vanishes_when_the_name_is_learned(shop: Shop) -> None:
    order = shop.vk.fault("500", method="users.get", times=None)
    shop.say(words(750))
    await all_words(shop.office, shop.olga, 750)
    shop.vk.world.faults.remove(order.id)
    clock.shift(timedelta(seconds=30))
    await shop.office.sees(shop.olga, "Анна Петрова")
    await all_words(shop.office, shop.olga, 750)
