"""What an author changes is shown to colleagues as the customer sees it: the new words, or the old ones again."""

from __future__ import annotations

import pytest

from adapters.telegram.emulator import Message
from services.sql import fetch
from tests.chat.office import Office
from tests.chat.shop import Shop, opened_shop


@pytest.fixture
async def shop(office: Office) -> Shop:
    return await opened_shop(office, "Мария", "Вера")


async def answered(shop: Shop) -> tuple[Message, Message]:
    """Мария has answered Анна, and Вера is in the dialog as well: the answer, and Вера's copy of it."""
    await shop.write(shop.anna, "Есть пионы?")
    his = shop.with_text(shop.team[1], "Есть пионы?")
    await shop.office.press(shop.maria, "Взять", shop.with_text(shop.maria, "Есть пионы?"))
    await shop.settle()
    await shop.office.say(shop.team[1], "Я тоже тут", reply_to=his)
    await shop.office.press(shop.team[1], "Да, отправить")
    await shop.settle()
    await shop.office.say(shop.maria, "По 200")
    await shop.settle()
    own = next(one for one in shop.office.chat(shop.maria) if one.text == "По 200")
    return own, shop.with_text(shop.team[1], "По 200")


REFUSED = "Мария → Анна · Telegram · правка не прошла\nПо 200"


async def test_an_edit_that_needs_more_messages_stands_nowhere_as_if_the_customer_had_it(shop: Shop) -> None:
    own, copy = await answered(shop)
    shop.office.emulator.edit(own, "слово " * 1500)
    await shop.settle()
    assert shop.heard(shop.anna)[-1] == "По 200"
    assert "клиент видит прежний текст" in shop.with_text(shop.maria, "Правка не прошла").text
    assert copy.text == REFUSED
    stored = await fetch("SELECT content, before_edit FROM messages WHERE direction = 'out' ORDER BY id DESC LIMIT 1")
    assert "По 200" in str(stored[0]["content"])
    assert stored[0]["before_edit"] is None


async def test_an_edit_that_the_messenger_refuses_is_taken_back_until_one_gets_through(shop: Shop) -> None:
    own, copy = await answered(shop)
    shop.office.emulator.fault("refused", bot=shop.bot, method="editMessageText", description="message can't be edited")
    shop.office.emulator.edit(own, "По 250")
    await shop.settle()
    assert copy.text == REFUSED
    shop.office.emulator.edit(own, "По 300")
    await shop.settle()
    assert shop.heard(shop.anna)[-1] == "По 300"
    assert copy.text == "Мария → Анна · Telegram · изменено\nПо 300"


async def test_a_refused_edit_brings_back_the_last_that_got_through(shop: Shop) -> None:
    own, copy = await answered(shop)
    shop.office.emulator.edit(own, "По 250")
    await shop.settle()
    shop.office.emulator.fault("refused", bot=shop.bot, method="editMessageText", description="message can't be edited")
    shop.office.emulator.edit(own, "По 300")
    await shop.settle()
    assert copy.text == "Мария → Анна · Telegram · правка не прошла\nПо 250"


async def test_what_the_messenger_does_not_delete_is_not_called_deleted(shop: Shop) -> None:
    own, copy = await answered(shop)
    for method in ("deleteMessage", "deleteMessages"):
        shop.office.emulator.fault("refused", bot=shop.bot, method=method, description="message can't be deleted")
    await shop.office.say(shop.maria, "/delete", reply_to=own)
    await shop.settle()
    assert shop.heard(shop.anna)[-1] == "По 200"
    assert "клиент по-прежнему видит" in shop.with_text(shop.maria, "Удалить не удалось").text
    assert copy.text == "Мария → Анна · Telegram\nПо 200"


async def test_a_new_display_name_stands_on_colleagues_cards(shop: Shop) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    await shop.office.press(shop.maria, "Взять", shop.with_text(shop.maria, "Есть пионы?"))
    await shop.settle()
    card = shop.with_text(shop.team[1], "Есть пионы?")
    assert "взял(а) Мария" in card.text
    await shop.office.say(shop.maria, "/profile")
    await shop.office.press(shop.maria, "Изменить имя")
    await shop.office.say(shop.maria, "Мария Петровна")
    await shop.settle()
    assert "взял(а) Мария Петровна" in card.text


async def test_an_answer_is_not_edited_into_a_note_at_the_customer(shop: Shop) -> None:
    own, copy = await answered(shop)
    shop.office.emulator.edit(own, "// дороже не брать")
    await shop.settle()
    assert shop.heard(shop.anna)[-1] == "По 200"
    assert "правка клиенту не передана" in shop.with_text(shop.maria, "Похоже на заметку").text
    assert "дороже" not in copy.text
