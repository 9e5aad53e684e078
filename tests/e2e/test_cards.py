"""New inquiries as cards: who gets them, how they change, who takes them, and what follows for everybody."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from adapters.telegram.emulator import TelegramEmulator, picture
from services.sql import fetch
from tests.e2e.conftest import Office, opened

pytestmark = pytest.mark.judged


async def test_what_follows_on_an_untaken_inquiry_changes_its_card_without_a_sound(office: Office) -> None:
    team = await office.company("Олег", "Мария")
    anna = office.customer("Анна")
    office.say(anna, "первое")
    for member in team:
        await office.until(lambda member=member: office.card(member, "Анна"))
    before = {member.id: len(office.holding(member, "Анна")) for member in team}
    for words in ("второе", "третье", "четвёртое"):
        office.say(anna, words)
    for member in team:
        await office.until(lambda member=member: office.card(member, "Анна"))
        card = office.card(member, "Анна")
        await office.until(lambda card=card: "четвёртое" in card.text)
        assert "ещё 3" in card.text
        assert "первое" in card.text
        assert len(office.holding(member, "Анна")) == before[member.id]


async def test_who_takes_it_gets_the_rest_in_order_and_nobody_else_anything_more(office: Office) -> None:
    olga, oleg, maria = await office.company("Олег", "Мария")
    anna = office.customer("Анна")
    words = [f"слово {number}." for number in range(12)]
    for one in words:
        office.say(anna, one)
    for member in (olga, oleg, maria):
        await office.until(lambda member=member: "слово 11." in (office.find(member, "слово 0.") or _Nothing).text)
    quiet = {member.id: len(office.holding(member, "Анна")) for member in (olga, maria)}
    await office.take(oleg, "Анна")
    office.say(anna, "и ещё одно")
    await office.sees(oleg, "и ещё одно")
    told = [one.text for one in office.sent(oleg)]
    places = [next(place for place, text in enumerate(told) if word in text) for word in words[1:]]
    assert places == sorted(places)
    assert all(len([text for text in told if word in text]) == 1 for word in words[1:-1])
    for member in (olga, maria):
        card = office.find(member, "Анна")
        assert card is not None
        await office.until(lambda card=card: "взял(а) Олег" in card.text)
        assert "Взять" not in card.labels()
        assert len(office.holding(member, "Анна")) == quiet[member.id]
        assert office.find(member, "и ещё одно") is None


class _Nothing:
    text = ""


async def test_twenty_colleagues_see_within_three_seconds_who_took_it(
    telegram: TelegramEmulator, sqlite_copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Telegram's own limits in force on both sides."""
    async with opened(telegram, sqlite_copy, tmp_path / "data", monkeypatch, lifted=False) as office:
        team = await office.company(*(f"Коллега {number}" for number in range(19)))
        anna = office.customer("Анна")
        office.say(anna, "кто возьмёт?")
        for member in team:
            await office.until(lambda member=member: office.card(member, "Анна"))
        cards = [office.card(member, "Анна") for member in team]
        started = time.monotonic()
        await office.press(cards[7], "Взять")
        await office.until(lambda: all("Взять" not in card.labels() for card in cards))
        assert time.monotonic() - started < 3
        assert all("взял(а) Коллега 6" in card.text for card in cards if card is not cards[7])


async def test_of_two_who_press_at_the_same_instant_one_gets_it_and_the_other_learns_who(office: Office) -> None:
    olga, oleg = await office.company("Олег")
    customers = [office.customer(f"Клиент {number:02}") for number in range(50)]
    for customer in customers:
        office.say(customer, f"вопрос от {customer.name}")
    for member in (olga, oleg):
        await office.until(lambda member=member: all(office.card(member, one.name) for one in customers))
    pairs = [(office.card(olga, one.name), office.card(oleg, one.name)) for one in customers]
    for start in range(0, 50, 10):
        batch = pairs[start : start + 10]
        answers = await asyncio.gather(*(office.press(card, "Взять") for pair in batch for card in pair))
        for hers, his in zip(answers[::2], answers[1::2], strict=True):
            assert hers is not None
            assert his is not None
            won = [answer for answer in (hers, his) if "ваше" in answer["text"]]
            lost = [answer for answer in (hers, his) if answer["text"].startswith("Обращение уже взял(а)")]
            assert (len(won), len(lost)) == (1, 1)
            assert ("Ольга" if won[0] is hers else "Олег") in lost[0]["text"]
    rows = await fetch("SELECT COUNT(*) AS n FROM inquiry_members")
    assert rows[0]["n"] == 50


async def test_in_a_project_of_one_everything_is_theirs_at_once(office: Office) -> None:
    (olga,) = await office.company()
    anna = office.customer("Анна")
    office.say(anna, "раз")
    copy = await office.sees(olga, "раз")
    assert "Взять" not in copy.labels()
    assert "Ответить" in copy.labels()
    office.say(anna, "два")
    assert "раз" not in (await office.sees(olga, "два")).text
    office.type(olga, "ответ", reply_to=copy)
    await office.hears(anna, "ответ")


async def test_a_repeat_inquiry_goes_to_whoever_had_the_last_one(office: Office) -> None:
    olga, oleg, _ = await office.company("Олег", "Мария")
    anna = office.customer("Анна")
    office.say(anna, "первый раз")
    card = await office.take(oleg, "Анна")
    await office.press(card, "Готово")
    await office.until(lambda: "готово" in card.text)
    seen = len(office.sent(olga))
    office.say(anna, "второй раз")
    copy = await office.sees(oleg, "второй раз")
    assert "Взять" not in copy.labels()
    office.say(anna, "и дальше")
    await office.sees(oleg, "и дальше")
    assert len(office.sent(olga)) == seen
    assert office.find(olga, "второй раз") is None


async def test_a_card_is_changed_back_to_a_new_one_when_it_is_handed_back(office: Office) -> None:
    olga, oleg = await office.company("Олег")
    anna = office.customer("Анна")
    office.say(anna, "вопрос")
    card = await office.talk(oleg, "Анна")
    office.type(oleg, "сейчас")
    await office.hears(anna, "сейчас")
    answer = await office.press(card, "Вернуть в новые")
    assert answer is not None
    assert "снова среди новых" in answer["text"]
    await office.until(lambda: office.card(olga, "Анна"))
    await office.sees(oleg, "Вы вышли из диалога")
    await office.take(olga, "Анна")
    office.say(anna, "так что же?")
    await office.sees(olga, "так что же?")
    assert office.find(oleg, "так что же?") is None


async def test_edits_and_reactions_of_the_customer_show_on_the_copy(office: Office) -> None:
    (olga,) = await office.company()
    anna = office.customer("Анна")
    said = office.say(anna, "встреча в пять")
    copy = await office.sees(olga, "встреча в пять")
    office.telegram.edit(said, "встреча в шесть")
    await office.until(lambda: "встреча в шесть" in copy.text)
    assert "изменено" in copy.text
    office.telegram.react(said, "❤")
    await office.until(lambda: "❤" in str(copy.reactions))
    office.telegram.react(said, None)
    await office.until(lambda: "❤" not in str(copy.reactions))
    own = office.type(olga, "хорошо", reply_to=copy)
    answer = await office.hears(anna, "хорошо")
    await office.until(lambda: "👌" in str(own.reactions))
    office.telegram.react(answer, "👍")
    line = await office.sees(olga, "👍")
    assert line.reply_to == own.id


async def test_an_edited_caption_shows_under_the_same_picture(office: Office) -> None:
    (olga,) = await office.company()
    anna = office.customer("Анна")
    said = office.telegram.send_media(office.shop, anna, "photo", picture(), caption="было")
    copy = await office.sees(olga, "было")
    office.telegram.edit(said, "стало")
    await office.until(lambda: "стало" in copy.text)
    office.say(anna, "потом")
    await office.sees(olga, "потом")
    assert "загружается" not in copy.text
    assert len([one for one in office.sent(olga) if "photo" in one.wire]) == 1


async def test_an_edited_first_message_shows_on_the_card(lite: Office) -> None:
    olga, _ = await lite.company("Олег")
    anna = lite.customer("Анна")
    said = lite.say(anna, "было так")
    card = await lite.sees(olga, "было так")
    lite.telegram.edit(said, "стало иначе")
    await lite.until(lambda: "стало иначе" in card.text)
    assert "Взять" in card.labels()


async def test_a_message_that_arrives_late_is_marked_with_its_time(lite: Office) -> None:
    (olga,) = await lite.company()
    anna = lite.customer("Анна")
    lite.say(anna, "вовремя")
    await lite.sees(olga, "вовремя")
    before = lite.telegram.world.clock
    lite.telegram.world.clock = lambda: before() - 40
    lite.say(anna, "из прошлого")
    lite.telegram.world.clock = before
    late = await lite.sees(olga, "из прошлого")
    assert "пришло позже, от" in late.text
    lite.say(anna, "снова вовремя")
    assert "пришло позже" not in (await lite.sees(olga, "снова вовремя")).text


async def test_off_duty_members_get_no_cards(lite: Office) -> None:
    olga, oleg, maria = await lite.company("Олег", "Мария")
    lite.type(maria, "/profile")
    menu = await lite.sees(maria, "Новые обращения")
    await lite.press(menu, "Отошёл")
    await lite.until(lambda: "отошли" in menu.text)
    anna = lite.customer("Анна")
    lite.say(anna, "вопрос")
    await lite.sees(oleg, "вопрос")
    await lite.sees(olga, "вопрос")
    await lite.take(oleg, "Анна")
    assert lite.find(maria, "вопрос") is None


async def test_a_spammer_is_heard_by_nobody(lite: Office) -> None:
    olga, oleg = await lite.company("Олег")
    spammer = lite.customer("Спамер")
    lite.say(spammer, "купите")
    card = await lite.sees(olga, "купите")
    await lite.press(card, "Спам")
    await lite.until(lambda: "Да, спам" in card.labels())
    await lite.press(card, "Да, спам")
    await lite.until(lambda: "Не спам" in card.labels())
    lite.say(spammer, "ещё купите")
    anna = lite.customer("Анна")
    lite.say(anna, "вопрос")
    await lite.sees(oleg, "вопрос")
    assert lite.find(oleg, "ещё купите") is None


async def test_what_waits_is_offered_to_who_comes_back_on_the_list(lite: Office) -> None:
    olga, oleg = await lite.company("Олег")
    anna = lite.customer("Анна")
    lite.say(anna, "вопрос Анны")
    await lite.sees(olga, "вопрос Анны")
    lite.type(oleg, "/inbox")
    listed = await lite.sees(oleg, "Общение")
    assert any("Анна" in label for label in listed.labels())
    assert any("Новые 1" in label for label in listed.labels())
    shown = await lite.press(listed, next(label for label in listed.labels() if "Анна" in label))
    assert shown is not None
    await lite.until(lambda: len([one for one in lite.holding(oleg, "вопрос Анны") if "Взять" in one.labels()]) == 2)


async def test_a_card_on_its_way_while_somebody_takes_the_inquiry_ends_up_right(office: Office) -> None:
    olga, oleg = await office.company("Олег")
    anna = office.customer("Анна")
    held = office.telegram.fault("held", bot=office.desk, person=oleg, method="sendMessage", times=None)
    office.say(anna, "вопрос")
    await office.take(olga, "Анна")
    assert office.find(oleg, "вопрос") is None
    office.telegram.world.faults.remove(held.id)
    card = await office.sees(oleg, "вопрос")
    await office.until(lambda: "Взять" not in card.labels())
    assert "взял(а) Ольга" in card.text


async def test_an_edit_while_the_copy_is_on_its_way_shows_in_the_end(office: Office) -> None:
    (olga,) = await office.company()
    anna = office.customer("Анна")
    office.telegram.fault("slow", bot=office.desk, person=olga, method="sendMessage", seconds=0.5)
    said = office.say(anna, "в пять")
    await office.until(lambda: not office.telegram.world.faults.orders)
    office.telegram.edit(said, "в шесть")
    await office.sees(olga, "в шесть")
    assert office.find(olga, "в пять") is None


async def test_a_picture_that_the_customer_exchanges_follows_under_the_first(lite: Office) -> None:
    (olga,) = await lite.company()
    anna = lite.customer("Анна")
    said = lite.telegram.send_media(lite.shop, anna, "photo", picture(60, 40, "red"), caption="было")
    copy = await lite.sees(olga, "было")
    other = lite.telegram.send_media(lite.shop, anna, "photo", picture(90, 30, "green"))
    await lite.until(lambda: len([one for one in lite.sent(olga) if "photo" in one.wire]) == 2)
    said.wire["photo"] = other.wire["photo"][:1]
    lite.telegram.edit(said, "стало")
    await lite.until(lambda: len([one for one in lite.sent(olga) if "photo" in one.wire]) == 3)
    assert [one for one in lite.sent(olga) if "photo" in one.wire][-1].reply_to == copy.id
    assert copy.text.endswith("стало")
    assert "загружается" not in copy.text
