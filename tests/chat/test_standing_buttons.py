"""Buttons that stand in chats fit the inquiry as it is now; «Спам» asks, and loses nobody when it is taken back."""

from __future__ import annotations

import pytest

from handlers.chat import app
from handlers.chat.steps import STEPS
from services.sql import fetch
from tests.chat.office import Office
from tests.chat.shop import Shop, opened_shop


@pytest.fixture
async def shop(office: Office) -> Shop:
    return await opened_shop(office, "Мария")


async def test_one_press_of_spam_hides_nobody(shop: Shop) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    card = shop.with_text(shop.maria, "Есть пионы?")
    assert "спам?" in str(await shop.office.press(shop.maria, "Спам", card))
    assert card.labels() == ["Да, спам", "Отмена"]
    await shop.office.press(shop.maria, "Отмена", card)
    assert card.labels() == ["Взять", "Карточка", "Спам"]
    assert await fetch("SELECT state FROM inquiries") == [{"state": "new"}]


async def test_spam_is_not_called_done_and_taken_back_loses_nothing(shop: Shop) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    card = shop.with_text(shop.maria, "Есть пионы?")
    await shop.office.press(shop.maria, "Спам", card)
    await shop.office.press(shop.maria, "Да, спам", card)
    await shop.settle()
    for member in (shop.maria, shop.oleg):
        stands = shop.with_text(member, "Есть пионы?")
        assert "спам" in stands.text
        assert "готово" not in stands.text
        assert stands.labels() == ["Не спам", "Карточка"]
    await shop.write(shop.anna, "Вы где?")
    await shop.settle()
    assert not shop.has(shop.maria, "Вы где?")
    await shop.office.press(shop.maria, "Не спам", card)
    await shop.settle()
    card = shop.with_text(shop.maria, "Вы где?")
    assert card.text.startswith("Новое обращение №1"), "what came back is offered anew"
    assert card.labels() == ["Взять", "Карточка", "Спам"]
    await shop.office.press(shop.maria, "Взять", card)
    await shop.settle()
    assert shop.has(shop.maria, "Вы где?")


async def test_the_customers_card_asks_too(shop: Shop) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    await shop.office.press(shop.maria, "Карточка", shop.with_text(shop.maria, "Есть пионы?"))
    card = shop.with_text(shop.maria, "клиент №")
    await shop.office.press(shop.maria, "Спам", card)
    assert card.labels() == ["Да, спам", "Отмена"]
    await shop.office.press(shop.maria, "Отмена", card)
    assert card.labels() == ["Написать", "Спам", "История"]
    await shop.office.press(shop.maria, "Спам", card)
    await shop.office.press(shop.maria, "Да, спам", card)
    await shop.settle()
    assert "Не спам" in card.labels()


async def test_what_was_written_meanwhile_opens_an_inquiry_where_none_was_cut_off(shop: Shop) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    await shop.office.press(shop.maria, "Взять", shop.with_text(shop.maria, "Есть пионы?"))
    await shop.settle()
    await shop.office.say(shop.maria, "Есть", reply_to=shop.with_text(shop.maria, "Есть пионы?"))
    await shop.office.press(shop.maria, "Готово", shop.with_text(shop.maria, "Есть пионы?"))
    await shop.settle()
    await shop.office.press(shop.maria, "Карточка", shop.with_text(shop.maria, "Есть пионы?"))
    card = shop.with_text(shop.maria, "клиент №")
    await shop.office.press(shop.maria, "Спам", card)
    await shop.office.press(shop.maria, "Да, спам", card)
    await shop.write(shop.anna, "Эй!")
    await shop.settle()
    await shop.office.press(shop.maria, "Не спам", card)
    await shop.settle()
    assert [row["number"] for row in await fetch("SELECT number FROM inquiries WHERE state = 'new'")] == [2]
    assert "Эй!" in shop.with_text(shop.oleg, "обращение №2").text


async def test_every_card_of_an_inquiry_that_is_done_loses_its_live_buttons(shop: Shop) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    first = shop.with_text(shop.maria, "Есть пионы?")
    await shop.office.press(shop.maria, "№1 Анна", await shop.office.say(shop.maria, "/inbox"))
    await shop.settle()
    second = shop.office.last(shop.maria)
    assert second.id > first.id
    await shop.office.press(shop.maria, "Взять", second)
    await shop.settle()
    assert "Взять" not in first.labels()
    await shop.office.press(shop.maria, "Готово", second)
    await shop.settle()
    for card in (first, second, shop.with_text(shop.oleg, "Есть пионы?")):
        assert card.labels() == ["Написать", "Карточка"]


async def test_the_first_copy_of_a_dialog_loses_its_live_buttons_too(office: Office) -> None:
    shop = await opened_shop(office)
    await shop.write(shop.anna, "Есть пионы?")
    await shop.settle()
    copy = shop.with_text(shop.oleg, "Есть пионы?")
    assert copy.labels() == ["Ответить", "Готово", "Карточка"]
    await office.press(shop.oleg, "Готово", copy)
    await shop.settle()
    assert copy.labels() == ["Написать", "Карточка"]


# /help


async def test_help_speaks_of_the_step_one_is_in(shop: Shop) -> None:
    await shop.office.say(shop.maria, "/profile")
    assert "Ваш профиль" in (await shop.office.say(shop.maria, "/help")).text
    await shop.office.press(shop.maria, "Изменить имя", shop.with_text(shop.maria, "Язык: русский"))
    told = (await shop.office.say(shop.maria, "/help")).text
    assert "Жду имя" in told
    assert "Закрыть: /cancel" in told


def test_every_step_has_its_sentence() -> None:
    _, _, sections, _ = app._routers()
    windows = {state for section in sections for state in section.states()}  # type: ignore[attr-defined]
    assert windows
    assert windows <= set(STEPS)
