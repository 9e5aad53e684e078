"""A bot made with one button: its token is taken without anybody seeing it, and replaced the same way."""

from __future__ import annotations

import pytest

from adapters.telegram.emulator import BotAccount, Person
from adapters.telegram.emulator.people import NotPossible
from handlers.chat.buttons import ManagedPress
from handlers.chat.managed import username_for
from services.sql import fetch
from tests.chat.office import Office
from tests.chat.test_connect import channels, nowhere, paste, pasting

BUTTON = "Создать бота одной кнопкой"


@pytest.fixture
async def oleg(office: Office) -> Person:
    office.emulator.allow_managing(office.account)
    return await office.owner()


async def asking(office: Office, person: Person) -> None:
    await pasting(office, person)
    await office.press(person, BUTTON)


async def make(office: Office, person: Person, name: str = "Цветы", username: str = "flowers_test_bot") -> BotAccount:
    made = office.emulator.create_managed(office.account, person, name, username)
    await office.rest()
    return made


def seen(office: Office, person: Person) -> str:
    return "\n".join(message.text for message in office.chat(person).all())


async def test_one_button_makes_the_bot_and_takes_its_token(office: Office, oleg: Person) -> None:
    await asking(office, oleg)
    made = await make(office, oleg)
    proposal = office.menu(oleg)
    assert "Цветы" in proposal.text
    assert "@flowers_test_bot" in proposal.text
    await nowhere(made.token)
    await office.press(oleg, "Подключить", proposal)
    assert await channels() == ["active"]
    await nowhere(made.token)
    assert made.token.split(":")[1] not in seen(office, oleg)
    assert office.chat(oleg).reply_keyboard is None


async def test_the_button_suggests_names_from_the_project(office: Office, oleg: Person) -> None:
    await asking(office, oleg)
    keyboard = office.chat(oleg).reply_keyboard
    assert keyboard is not None
    wanted = keyboard["keyboard"][0][0]["request_managed_bot"]
    assert wanted["suggested_name"]
    assert wanted["suggested_username"].endswith("_bot")


def test_a_name_becomes_latin() -> None:
    assert username_for("Цветы на Ленина, 5", 3) == "tsvety_na_lenina_5_bot"
    assert username_for("日本", 3) == "shop_3_bot"
    assert len(username_for("Щ" * 60, 3)) <= 32


async def test_a_control_bot_that_may_not_manage_offers_no_button(office: Office, oleg: Person) -> None:
    office.emulator.allow_managing(office.account, False)
    assert BUTTON not in (await pasting(office, oleg)).labels()


async def test_an_ability_lost_meanwhile_is_said(office: Office, oleg: Person) -> None:
    await pasting(office, oleg)
    office.emulator.allow_managing(office.account, False)
    told = await office.press(oleg, BUTTON)
    assert told is not None
    assert "BotFather" in told


async def test_a_creation_that_was_cancelled_leaves_the_wizard_waiting_for_a_token(
    office: Office, oleg: Person
) -> None:
    shop = office.emulator.create_bot("Цветы", "flowers_test_bot")
    await asking(office, oleg)
    await paste(office, oleg, shop.token)
    assert "@flowers_test_bot" in office.menu(oleg).text


async def test_a_bot_made_after_the_wizard_was_left_is_offered(office: Office, oleg: Person) -> None:
    await asking(office, oleg)
    await office.say(oleg, "/cancel")
    made = await make(office, oleg)
    offer = office.menu(oleg)
    assert "Вы создали Цветы" in offer.text
    await office.press(oleg, "Подключить", offer)
    await office.press(oleg, "Подключить")
    assert await channels() == ["active"]
    told = await office.emulator.press_data(office.menu(oleg), ManagedPress(id=made.id).pack())
    assert told is not None
    assert "уже" in str(told["text"])
    assert await channels() == ["active"]


async def test_a_token_that_is_not_handed_over_can_be_asked_for_again(office: Office, oleg: Person) -> None:
    await asking(office, oleg)
    office.emulator.fault("500", bot=office.account, method="getManagedBotToken")
    await make(office, oleg)
    offer = office.menu(oleg)
    assert "не отвечает" in offer.text
    await office.press(oleg, "Подключить", offer)
    assert "@flowers_test_bot" in office.menu(oleg).text


async def test_nobody_else_can_take_the_bot(office: Office, oleg: Person) -> None:
    await asking(office, oleg)
    await office.say(oleg, "/cancel")
    made = await make(office, oleg)
    stranger = await office.owner("Чужой")
    menu = office.menu(stranger)
    answer = await office.emulator.press_data(menu, ManagedPress(id=made.id).pack())
    await office.rest()
    assert answer is not None
    assert "не знаю" in str(answer["text"])
    assert await channels() == []


async def test_somebody_without_the_right_is_refused(office: Office, oleg: Person) -> None:
    maria = await office.member(oleg, "Мария", "администратора")
    await asking(office, maria)
    await fetch("UPDATE members SET role = 'manager' WHERE role <> 'owner' RETURNING id")
    await make(office, maria)
    assert "Вы создали" in office.menu(maria).text
    told = await office.press(maria, "Подключить")
    assert told
    assert await channels() == []


async def test_the_token_is_replaced_by_one_button(office: Office, oleg: Person) -> None:
    await asking(office, oleg)
    made = await make(office, oleg)
    await office.press(oleg, "Подключить")
    old = made.token
    await office.say(oleg, "/channels")
    await office.press(oleg, "Цветы")
    await office.press(oleg, "Новый токен")
    await office.press(oleg, "Заменить токен")
    assert made.token != old
    assert await channels() == ["active"]
    rows = await fetch("SELECT id FROM channels")
    found = await office.services.channels.source(rows[0]["id"])
    assert found is not None
    assert found[1].credentials["token"] == made.token
    await nowhere(made.token)


async def test_a_replaced_token_that_did_not_get_through_is_made_again(office: Office, oleg: Person) -> None:
    await asking(office, oleg)
    made = await make(office, oleg)
    await office.press(oleg, "Подключить")
    await office.say(oleg, "/channels")
    await office.press(oleg, "Цветы")
    await office.press(oleg, "Новый токен")
    office.emulator.fault("500", bot=made, method="getMe")
    told = await office.press(oleg, "Заменить токен")
    assert told is not None
    assert "ещё раз" in told
    await office.press(oleg, "Заменить токен")
    assert await channels() == ["active"]


async def test_a_bot_with_a_pasted_token_has_no_such_button(office: Office, oleg: Person) -> None:
    shop = office.emulator.create_bot("Цветы", "flowers_test_bot")
    await pasting(office, oleg)
    await paste(office, oleg, shop.token)
    await office.press(oleg, "Подключить")
    await office.say(oleg, "/channels")
    await office.press(oleg, "Цветы")
    await office.press(oleg, "Новый токен")
    assert not any("Заменить" in label for label in office.menu(oleg).labels())


async def test_only_a_manager_is_given_tokens(office: Office, oleg: Person) -> None:
    await asking(office, oleg)
    office.emulator.allow_managing(office.account, False)
    with pytest.raises(NotPossible):
        office.emulator.create_managed(office.account, oleg, "Цветы", "flowers_test_bot")
