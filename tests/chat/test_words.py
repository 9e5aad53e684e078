"""What the chat says is true and stands where it belongs: /cancel, second thoughts, lists, repeat inquiries."""

from __future__ import annotations

import pytest

from adapters.telegram.emulator import picture
from services.sql import fetch
from tests.chat.office import Office
from tests.chat.shop import Shop, opened_shop


@pytest.fixture
async def shop(office: Office) -> Shop:
    return await opened_shop(office, "Мария")


async def talk(shop: Shop) -> None:
    """Мария has Анна's dialog open."""
    await shop.write(shop.anna, "Есть пионы?")
    await shop.office.press(shop.maria, "Взять", shop.with_text(shop.maria, "Есть пионы?"))
    await shop.settle()
    await shop.office.press(shop.maria, "Ответить", shop.with_text(shop.maria, "Есть пионы?"))
    await shop.settle()


# /cancel


async def test_cancel_closes_a_wizard_and_names_who_is_answered_again(shop: Shop) -> None:
    await talk(shop)
    await shop.office.say(shop.maria, "/profile")
    await shop.office.press(shop.maria, "Изменить имя")
    assert (await shop.office.say(shop.maria, "/cancel")).text == "Закрыто. Снова отвечаете: Анна · Telegram"


async def test_cancel_after_something_was_done_does_not_say_that_nothing_was(shop: Shop) -> None:
    await shop.office.say(shop.maria, "/profile")
    await shop.office.press(shop.maria, "Отошёл")
    assert (await shop.office.say(shop.maria, "/cancel")).text == "Закрыто."


async def test_cancel_with_nothing_open_says_where_one_is(shop: Shop) -> None:
    await shop.office.say(shop.maria, "/cancel")  # the menu in which she was welcomed
    assert (await shop.office.say(shop.maria, "/cancel")).text == "Выходить неоткуда. Меню: /menu"
    await talk(shop)
    told = (await shop.office.say(shop.maria, "/cancel")).text
    assert told == "Выходить неоткуда. Меню: /menu\nОтвечаете: Анна · Telegram"
    await shop.office.say(shop.maria, "/menu")
    assert (await shop.office.say(shop.maria, "/cancel")).text == "Закрыто. Отвечаете: Анна · Telegram"


# Second thoughts


async def test_a_refused_edit_says_why_under_the_message(shop: Shop) -> None:
    await talk(shop)
    await shop.office.say(shop.maria, "В пять")
    await shop.settle()
    own = next(one for one in shop.office.chat(shop.maria).messages.values() if one.text == "В пять")
    shop.office.emulator.fault("refused", bot=shop.bot, method="editMessageText", description="message can't be edited")
    shop.office.emulator.edit(own, "В шесть")
    await shop.settle()
    told = shop.with_text(shop.maria, "Правка не прошла")
    assert told.reply_to == own.id
    assert "больше не даёт править" in told.text
    assert "can't" not in told.text


async def test_a_possible_repeat_stands_under_its_message(shop: Shop) -> None:
    await talk(shop)
    shop.office.emulator.fault("reset_after", bot=shop.bot, method="sendMessage")
    await shop.office.say(shop.maria, "В пять")
    own = next(one for one in shop.office.chat(shop.maria).messages.values() if one.text == "В пять")
    await shop.settle()
    told = shop.with_text(shop.maria, "Возможен повтор")
    assert told.reply_to == own.id
    assert "связь оборвалась" in told.text


async def test_what_is_edited_while_it_is_asked_about_goes_out_as_edited(shop: Shop) -> None:
    await talk(shop)
    await shop.office.say(shop.maria, "Выйти")
    await shop.settle()
    question = await shop.office.say(shop.maria, "В пять")
    typed = next(one for one in shop.office.chat(shop.maria).messages.values() if one.text == "В пять")
    shop.office.emulator.edit(typed, "В шесть")
    await shop.settle()
    await shop.office.press(shop.maria, "Анна", question)
    await shop.settle()
    assert shop.heard(shop.anna) == ["В шесть"]


async def test_a_card_says_that_what_it_quotes_was_deleted(shop: Shop) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    await fetch("UPDATE messages SET deleted_at = at RETURNING id")
    await shop.office.press(shop.maria, "№1 Анна", await shop.office.say(shop.maria, "/inbox"))
    await shop.settle()
    assert shop.office.last(shop.maria).text.endswith("Удалено клиентом")
    assert (await shop.office.say(shop.maria, "/inbox")).text.endswith("Удалено клиентом")


# Lists


@pytest.mark.parametrize(
    ("kind", "name"),
    [("photo", "Фото"), ("voice", "Голосовое сообщение"), ("document", "Файл"), ("video_note", "Видеосообщение")],
)
async def test_a_row_names_the_medium_that_stands_there(shop: Shop, kind: str, name: str) -> None:
    await shop.send(shop.anna, kind, picture())
    shown = await shop.office.say(shop.maria, "/inbox")
    assert shown.text.endswith(f"\n{name}")
    await shop.send(shop.anna, kind, picture(), caption="Вот такие")
    shown = await shop.office.say(shop.maria, "/inbox")
    if kind != "video_note":
        assert shown.text.endswith(f"\n{name} · Вот такие")


# Repeat inquiries


async def test_a_repeat_inquiry_that_goes_to_its_member_says_that_it_is_one(shop: Shop) -> None:
    await talk(shop)
    await shop.office.say(shop.maria, "✓ Готово")
    await shop.settle()
    await shop.write(shop.anna, "И снова я")
    await shop.settle()
    copy = shop.with_text(shop.maria, "И снова я")
    assert copy.text == "Повторное обращение №2\nАнна · Telegram\nИ снова я"
    await shop.office.say(shop.maria, "Слушаю", reply_to=copy)
    await shop.write(shop.anna, "Вы тут?")
    assert shop.with_text(shop.maria, "Вы тут?").text == "Анна · Telegram\nВы тут?"
    assert await fetch("SELECT number, state FROM inquiries ORDER BY id") == [
        {"number": 1, "state": "done"}, {"number": 2, "state": "active"},
    ]  # fmt: skip
