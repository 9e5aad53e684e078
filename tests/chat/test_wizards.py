"""Menus and wizards beside open dialogs: what is typed goes where the person was told it goes."""

from __future__ import annotations

import pytest

from services.sql import fetch
from tests.chat.office import Office
from tests.chat.shop import Shop, opened_shop


@pytest.fixture
async def shop(office: Office) -> Shop:
    """Олег alone, with Анна's dialog open."""
    shop = await opened_shop(office)
    await shop.write(shop.anna, "Есть пионы?")
    await shop.settle()
    await office.press(shop.oleg, "Ответить", shop.with_text(shop.oleg, "Есть пионы?"))
    await shop.settle()
    return shop


async def test_a_wizard_suspends_the_dialog_and_says_so(shop: Shop) -> None:
    await shop.office.say(shop.oleg, "/project")
    await shop.office.press(shop.oleg, "Название")
    assert "Диалог с Анна приостановлен" in shop.office.menu(shop.oleg).text
    await shop.office.say(shop.oleg, "Цветочная")
    await shop.settle()
    assert shop.heard(shop.anna) == []
    assert await fetch("SELECT name FROM projects") == [{"name": "Цветочная"}]


async def test_after_cancel_the_dialog_goes_on(shop: Shop) -> None:
    await shop.office.say(shop.oleg, "/project")
    await shop.office.press(shop.oleg, "Название")
    await shop.office.say(shop.oleg, "/cancel")
    await shop.office.say(shop.oleg, "Да, есть")
    await shop.settle()
    assert shop.heard(shop.anna) == ["Да, есть"]


async def test_an_open_menu_takes_no_text(shop: Shop) -> None:
    await shop.office.say(shop.oleg, "/menu")
    await shop.office.say(shop.oleg, "Да, есть")
    await shop.settle()
    assert shop.heard(shop.anna) == ["Да, есть"]


async def test_unknown_commands_never_reach_a_customer(shop: Shop) -> None:
    assert "/skidka" in (await shop.office.say(shop.oleg, "/skidka 10")).text
    await shop.settle()
    assert shop.heard(shop.anna) == []


async def test_a_reply_to_an_old_menu_is_no_press_in_it(shop: Shop) -> None:
    old = await shop.office.say(shop.oleg, "/menu")
    await shop.office.say(shop.oleg, "/team")
    await shop.office.say(shop.oleg, "Да, есть", reply_to=old)
    await shop.settle()
    assert not any("обновился" in text for text in shop.office.texts(shop.oleg))


async def test_a_menu_that_no_longer_fits_keeps_no_answer_from_the_customer(shop: Shop) -> None:
    await shop.office.say(shop.oleg, "/menu")
    await shop.office.stop()
    await fetch("DELETE FROM wizard_states WHERE key LIKE '%context%' RETURNING key")
    await shop.office.begin()
    await shop.office.say(shop.oleg, "Да, есть")
    await shop.settle()
    assert shop.heard(shop.anna) == ["Да, есть"]


async def test_the_menu_counts_what_waits(shop: Shop) -> None:
    shown = await shop.office.say(shop.oleg, "/menu")
    assert "мои: 1" in shown.text
    assert "Общение (1)" in shown.labels()


async def test_help_names_the_customer_who_is_being_answered(shop: Shop) -> None:
    assert "Вы отвечаете: Анна" in (await shop.office.say(shop.oleg, "/help")).text


async def test_a_removed_member_gives_the_dialogs_back(office: Office) -> None:
    shop = await opened_shop(office, "Мария")
    await shop.write(shop.anna, "Есть пионы?")
    await shop.settle()
    await office.press(shop.maria, "Взять", shop.with_text(shop.maria, "Есть пионы?"))
    await shop.settle()
    await office.say(shop.oleg, "/team")
    await office.press(shop.oleg, "Мария")
    await office.press(shop.oleg, "Удалить из команды")
    assert "1 диалог вернулся" in str(await office.press(shop.oleg, "Да, удалить"))
    await shop.settle()
    rows = await fetch("SELECT state, assignee_id FROM inquiries")
    assert rows[0]["assignee_id"] is None or rows[0]["state"] == "active"
    await office.say(shop.maria, "Я ещё тут?")
    await shop.settle()
    assert shop.heard(shop.anna) == []
