"""What nobody took or read for fifteen minutes: who is reminded, once, and what takes the reminder back."""

from __future__ import annotations

from datetime import timedelta
from types import ModuleType

import pytest

from adapters.telegram.emulator import Message, Person
from services.reminders import AFTER
from services.sql import fetch
from tests.chat.office import Office
from tests.chat.shop import Shop, opened_shop

UNTAKEN, UNREAD = "никто не взял", "не прочитано"


@pytest.fixture
async def shop(office: Office) -> Shop:
    return await opened_shop(office, "Мария", "Вера")


def reminded(shop: Shop, words: str) -> list[str]:
    """Who has a reminder, once for each."""
    team = (shop.oleg, *shop.team)
    return [one.name for one in team for text in shop.office.texts(one) if words in text]


async def pass_time(shop: Shop, clock: ModuleType, by: timedelta = AFTER) -> None:
    clock.shift(by + timedelta(seconds=1))
    shop.office.runner.wake()
    await shop.rest()


async def dialog(shop: Shop, customer: Person | None = None) -> tuple[Message, Message]:
    """Мария has taken a customer's inquiry: its card, and the copy of the next message, which nobody has read."""
    await shop.write(customer or shop.anna, "Есть пионы?")
    card = shop.with_text(shop.maria, "Есть пионы?")
    await shop.office.press(shop.maria, "Взять", card)
    await shop.write(customer or shop.anna, "Алло?")
    return card, shop.with_text(shop.maria, "Алло?")


async def test_everybody_who_may_take_it_hears_once_of_an_inquiry_that_nobody_took(
    shop: Shop, clock: ModuleType
) -> None:
    await fetch("UPDATE members SET on_duty = ? WHERE name = ? RETURNING id", False, "Вера")
    await shop.write(shop.anna, "Есть пионы?")
    await pass_time(shop, clock, AFTER - timedelta(minutes=1))
    assert reminded(shop, UNTAKEN) == []
    await shop.write(shop.anna, "Алло?")
    await pass_time(shop, clock, timedelta(minutes=1))
    assert reminded(shop, UNTAKEN) == ["Олег", "Мария"]
    await pass_time(shop, clock)
    assert reminded(shop, UNTAKEN) == ["Олег", "Мария"]
    assert "№1 ваше" in str(await shop.office.press(shop.maria, "Взять", shop.with_text(shop.maria, UNTAKEN)))


async def test_what_was_taken_is_not_called_untaken_and_what_was_handed_back_is(shop: Shop, clock: ModuleType) -> None:
    await dialog(shop)
    await pass_time(shop, clock)
    assert reminded(shop, UNTAKEN) == []
    await shop.office.press(shop.maria, "Вернуть", shop.with_text(shop.maria, "Есть пионы?"))
    await shop.settle()
    await pass_time(shop, clock)
    assert reminded(shop, UNTAKEN) == ["Олег", "Мария", "Вера"]


async def test_those_in_a_dialog_hear_of_what_they_have_not_read(shop: Shop, clock: ModuleType) -> None:
    await dialog(shop)
    await pass_time(shop, clock)
    assert reminded(shop, UNREAD) == ["Мария"]
    reminder = shop.with_text(shop.maria, UNREAD)
    assert reminder.labels() == ["Ответить", "Прочитано"]
    await shop.write(shop.anna, "Вы там?")
    assert "прочитанным" in str(await shop.office.press(shop.maria, "Прочитано", reminder))
    await pass_time(shop, clock)
    assert reminded(shop, UNREAD) == ["Мария"]


async def test_whatever_shows_that_somebody_read_takes_the_reminder_back(shop: Shop, clock: ModuleType) -> None:
    dialogs: dict[str, tuple[Message, Message]] = {}
    for way in ("answer", "open", "react", "done", "nothing"):
        customer = shop.office.emulator.person(f"Клиент {way}")
        shop.office.emulator.start(shop.bot, customer)
        dialogs[way] = await dialog(shop, customer)
    shop.office.emulator.say(shop.office.account, shop.maria, "Есть", reply_to=dialogs["answer"][1])
    await shop.office.press(shop.maria, "Ответить", dialogs["open"][0])
    shop.office.emulator.react(dialogs["react"][1], "👍")
    await shop.office.press(shop.maria, "Готово", dialogs["done"][0])
    await shop.settle()
    await pass_time(shop, clock)
    told = [text for text in shop.office.texts(shop.maria) if UNREAD in text]
    assert ["Клиент nothing" in text for text in told] == [True]


async def test_a_right_that_was_taken_away_meanwhile_takes_the_reminder_with_it(shop: Shop, clock: ModuleType) -> None:
    await dialog(shop)
    await fetch("UPDATE members SET denied = ? WHERE name = ? RETURNING id", '["inbox"]', "Мария")
    await pass_time(shop, clock)
    assert reminded(shop, UNREAD) == []
