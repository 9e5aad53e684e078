"""Buttons under cards and copies: who may press what, what is answered, and what becomes of old ones."""

from __future__ import annotations

import asyncio

import pytest

from adapters.telegram.emulator import Message
from services.sql import fetch
from tests.chat.office import Office
from tests.chat.shop import Shop, opened_shop

GONE = "Этого здесь больше нет, или вы не в команде, которой это принадлежит."


@pytest.fixture
async def shop(office: Office) -> Shop:
    return await opened_shop(office, "Мария", "Вера")


async def card_of(shop: Shop, text: str = "Есть пионы?") -> Message:
    """Анна writes; the card in Мария's chat."""
    await shop.write(shop.anna, text)
    return shop.with_text(shop.maria, text)


async def test_of_two_who_press_at_once_one_gets_it_and_the_other_hears_who(shop: Shop) -> None:
    await card_of(shop)
    vera = shop.team[1]
    presses = [
        shop.office.emulator.press(shop.with_text(one, "Есть пионы?"), "Взять") for one in (shop.maria, vera, shop.oleg)
    ]
    answers = [str((answer or {}).get("text")) for answer in await asyncio.gather(*presses)]
    assert answers.count("Обращение №1 ваше.") == 1
    rows = await fetch("SELECT m.name FROM inquiries q JOIN members m ON m.id = q.assignee_id")
    assert answers.count(f"Обращение уже взял(а) {rows[0]['name']}.") == 2


async def test_a_second_tap_is_no_trouble(shop: Shop) -> None:
    card = await card_of(shop)
    buttons = card.wire["reply_markup"]
    await shop.office.press(shop.maria, "Взять", card)
    card.wire["reply_markup"] = buttons
    assert await shop.office.press(shop.maria, "Взять", card) == "Обращение №1 ваше."


async def test_done_ends_it_for_everybody(shop: Shop) -> None:
    card = await card_of(shop)
    await shop.office.press(shop.maria, "Взять", card)
    await shop.settle()
    buttons = card.wire["reply_markup"]
    assert await shop.office.press(shop.maria, "Готово", card) == "Обращение №1 закрыто."
    await shop.settle()
    for member in (shop.maria, shop.oleg):
        assert shop.with_text(member, "Есть пионы?").text.startswith("Обращение №1 · готово")
        assert shop.with_text(member, "Есть пионы?").labels() == ["Написать", "Карточка"]
    card.wire["reply_markup"] = buttons
    assert await shop.office.press(shop.maria, "Готово", card) == "Обращение №1 закрыто."
    assert await shop.office.press(shop.maria, "Вернуть", card) == "Это обращение уже закрыто."


async def test_a_card_that_may_stand_twice_says_so_whatever_becomes_of_it(shop: Shop) -> None:
    desk = shop.office.account
    shop.office.emulator.fault("reset_after", bot=desk, person=shop.maria, method="sendMessage")
    await card_of(shop)
    await shop.settle()
    first, second = (one for one in shop.office.chat(shop.maria).sent() if "Есть пионы?" in one.text)
    assert ("возможен повтор" in first.text, "возможен повтор" in second.text) == (False, True)
    await shop.office.press(shop.team[1], "Взять", shop.with_text(shop.team[1], "Есть пионы?"))
    await shop.settle()
    assert "взял(а) Вера" in second.text
    assert "возможен повтор" in second.text


async def test_who_takes_an_inquiry_by_a_card_in_doubt_is_told_that_its_message_may_come_again(shop: Shop) -> None:
    desk = shop.office.account
    shop.office.emulator.fault("reset_after", bot=desk, person=shop.maria, method="sendMessage")
    card = await card_of(shop)
    assert await shop.office.press(shop.maria, "Взять", card) == "Обращение №1 ваше."
    await shop.settle()
    shown = [one.text for one in shop.office.chat(shop.maria).sent() if "Есть пионы?" in one.text]
    assert [("возможен повтор" in text) for text in shown] == [False, True]


async def test_handing_back_offers_it_to_everybody_again(shop: Shop) -> None:
    card = await card_of(shop)
    await shop.office.press(shop.maria, "Взять", card)
    await shop.settle()
    await shop.office.press(shop.maria, "Ответить", card)
    await shop.settle()
    assert "снова среди новых" in str(await shop.office.press(shop.maria, "Вернуть", card))
    await shop.settle()
    assert shop.with_text(shop.team[1], "Есть пионы?").labels() == ["Взять", "Карточка", "Спам"]
    assert shop.office.chat(shop.maria).pinned == []


async def test_somebody_elses_dialog_cannot_be_opened_from_an_old_button(shop: Shop) -> None:
    card = await card_of(shop)
    await shop.office.press(shop.maria, "Взять", card)
    await shop.settle()
    await shop.office.press(shop.maria, "Вернуть", card)
    await shop.settle()
    await shop.office.press(shop.team[1], "Взять", shop.with_text(shop.team[1], "Есть пионы?"))
    await shop.settle()
    card.wire["reply_markup"] = {"inline_keyboard": [[{"text": "Ответить", "callback_data": "q:reply:1"}]]}
    assert await shop.office.press(shop.maria, "Ответить", card) == "С этим клиентом общается Вера."


async def test_the_customers_card_tells_what_is_known(shop: Shop) -> None:
    card = await card_of(shop)
    await shop.office.press(shop.maria, "Карточка", card)
    await shop.settle()
    shown = shop.office.last(shop.maria)
    assert shown.text.splitlines()[:2] == ["Анна · клиент №1", "Telegram, Цветы на Ленина"]
    assert "1 обращение" in shown.text
    assert shown.labels() == ["Написать", "Спам", "История"]
    await shop.office.say(shop.maria, "Добрый день", reply_to=shown)
    await shop.settle()
    assert shop.heard(shop.anna) == ["Добрый день"]


async def test_spam_is_stored_and_shown_to_nobody_until_it_is_taken_back(shop: Shop) -> None:
    card = await card_of(shop, "Купите крипту")
    await shop.office.press(shop.maria, "Спам", card)
    await shop.office.press(shop.maria, "Да, спам", card)
    await shop.settle()
    await shop.write(shop.anna, "Очень выгодно")
    await shop.settle()
    assert not shop.has(shop.oleg, "Очень выгодно")
    await shop.office.press(shop.maria, "Карточка", card)
    shown = shop.office.last(shop.maria)
    assert "Спам: сообщения не показываются" in shown.text
    assert await shop.office.press(shop.maria, "Не спам", shown) == "Больше не спам."
    assert shown.labels() == ["Написать", "Спам", "История"]
    await shop.write(shop.anna, "Простите, это был сын")
    await shop.settle()
    assert shop.has(shop.oleg, "это был сын")


async def test_whoever_left_the_team_can_press_nothing(shop: Shop) -> None:
    card = await card_of(shop)
    await fetch("UPDATE members SET removed_at = created_at WHERE name = ? RETURNING id", "Мария")
    for label in ("Взять", "Карточка", "Спам"):
        assert await shop.office.press(shop.maria, label, card) == GONE
    told = await shop.office.say(shop.maria, "Да, есть", reply_to=card)
    assert told.text in (GONE, "Вы больше не в команде этого проекта.")
    await shop.settle()
    assert shop.heard(shop.anna) == []


async def test_a_manager_without_the_right_to_answer_can_press_nothing(shop: Shop) -> None:
    card = await card_of(shop)
    await fetch("UPDATE members SET denied = ? WHERE name = ? RETURNING id", '["inbox"]', "Мария")
    assert "нет на это прав" in str(await shop.office.press(shop.maria, "Взять", card))


async def test_ids_of_other_projects_open_nothing(shop: Shop) -> None:
    await card_of(shop)
    stranger = await shop.office.owner("Чужой")
    message = shop.office.menu(stranger)
    for data in ("q:card:1", "q:take:1", "q:show:1", "q:done:1", "q:reply:1", "q:block:1", "m:retry:1"):
        message.wire["reply_markup"] = {"inline_keyboard": [[{"text": "Чужое", "callback_data": data}]]}
        answer = str(await shop.office.press(stranger, "Чужое", message))
        assert "не в команде" in answer, data
        assert "Анна" not in answer
    message.wire["reply_markup"] = {"inline_keyboard": [[{"text": "Чужое", "callback_data": "q:take:9999"}]]}
    assert "больше нет" in str(await shop.office.press(stranger, "Чужое", message))
    assert not any("Анна" in text for text in shop.office.texts(stranger))


async def test_in_a_project_of_one_the_first_copy_has_the_buttons(office: Office) -> None:
    shop = await opened_shop(office)
    await shop.write(shop.anna, "Есть пионы?")
    await shop.write(shop.anna, "И розы?")
    await shop.settle()
    first, second = [one for one in office.chat(shop.oleg).sent() if one.text.startswith("Анна")]
    assert first.labels() == ["Ответить", "Готово", "Карточка"]
    assert second.labels() == []
