"""The first minute: one press makes the account, the project and the place in it."""

from __future__ import annotations

import pytest

from services import control
from services.accounts import Registration
from services.sql import fetch
from tests.chat.office import Office


async def test_start_makes_a_desk_with_defaults(office: Office) -> None:
    oleg = office.person("Олег", language="ru", last_name="Петров")
    shown = await office.start(oleg)
    assert "Проект: Олег" in shown.text
    assert "Москва (UTC+3)" in shown.text
    assert shown.labels() == ["Оставить", "Изменить название", "Изменить часовой пояс"]
    assert len(await fetch("SELECT id FROM accounts")) == 1


@pytest.mark.parametrize(
    ("language", "zone", "word"),
    [("uk", "Киев", "Оставить"), ("kk", "Алматы", "Оставить"), ("en", "London", "Keep"), ("de", "Berlin", "Keep")],
)
async def test_language_and_zone_follow_the_phone(office: Office, language: str, zone: str, word: str) -> None:
    shown = await office.start(office.person("Olha", language=language))
    assert zone in shown.text
    assert word in shown.labels()


async def test_keeping_the_defaults_offers_the_first_channel(office: Office) -> None:
    oleg = await office.owner()
    await office.press(oleg, "Оставить")
    assert "первый канал" in office.last(oleg).text


async def test_name_and_zone_are_changed_before_the_first_channel(office: Office) -> None:
    oleg = await office.owner()
    await office.press(oleg, "Изменить название")
    await office.say(oleg, "Кофейня <Пенка>")
    assert "Проект: Кофейня <Пенка>" in office.menu(oleg).text
    await office.press(oleg, "Изменить часовой пояс")
    await office.say(oleg, "екатерин")
    await office.press(oleg, "Екатеринбург")
    assert "Екатеринбург (UTC+5)" in office.menu(oleg).text
    await office.press(oleg, "Оставить")
    assert "первый канал" in office.last(oleg).text


async def test_menus_opened_within_one_second_are_told_apart(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.randint", lambda low, _high: low)
    monkeypatch.setattr("time.time", lambda: 1_790_000_000.0)
    oleg = await office.owner()
    await office.press(oleg, "Изменить название")
    await office.say(oleg, "Кофейня")
    assert "Проект: Кофейня" in office.menu(oleg).text


async def test_a_second_start_makes_nothing_new(office: Office) -> None:
    oleg = await office.owner()
    again = await office.start(oleg)
    assert "Команда" in again.labels()
    assert len(await fetch("SELECT id FROM projects")) == 1


async def test_a_start_that_is_handled_twice_makes_one_account(office: Office) -> None:
    oleg = await office.owner()
    await fetch("UPDATE control_updates SET state = 'received', payload = ? RETURNING id", await _start_of(oleg.id))
    await office.restart()
    await office.rest()
    assert len(await fetch("SELECT id FROM accounts")) == 1
    assert len(await fetch("SELECT id FROM projects")) == 1


async def _start_of(person_id: int) -> str:
    import orjson

    from models.fields import seal

    user = {"id": person_id, "is_bot": False, "first_name": "Олег", "language_code": "ru"}
    chat = {"id": person_id, "type": "private", "first_name": "Олег"}
    entities = [{"type": "bot_command", "offset": 0, "length": 6}]
    message = {"message_id": 1, "date": 1, "from": user, "chat": chat, "text": "/start", "entities": entities}
    return seal(orjson.dumps({"update_id": 700_000_001, "message": message}).decode())


async def test_people_who_never_started_are_asked_to(office: Office) -> None:
    oleg = office.person("Олег")
    told = await office.say(oleg, "Здравствуйте")
    assert "/start" in told.text
    assert await fetch("SELECT id FROM people") == []


async def test_only_the_first_may_register_where_so_set(office: Office) -> None:
    office.registration = Registration.FIRST
    await office.restart()
    await office.owner("Олег")
    told = await office.start(office.person("Борис"))
    assert "уже есть владелец" in told.text
    assert len(await fetch("SELECT id FROM accounts")) == 1


async def test_nobody_registers_where_people_are_invited(office: Office) -> None:
    office.registration = Registration.INVITE
    await office.restart()
    told = await office.start(office.person("Борис"))
    assert "по приглашению" in told.text
    assert await fetch("SELECT id FROM people") == []


async def test_the_command_menu_speaks_the_language_and_knows_the_role(office: Office) -> None:
    oleg = await office.owner()
    commands = {one["command"]: one["description"] for one in _menu_of(office, oleg.id)}
    assert commands["team"] == "Команда проекта"
    assert {"menu", "profile", "help", "cancel"} <= set(commands)


def _menu_of(office: Office, chat_id: int) -> list[dict[str, str]]:
    scopes = {scope: menu for (scope, _language), menu in office.account.commands.items()}
    return next(menu for scope, menu in scopes.items() if str(chat_id) in scope)


async def test_the_control_bots_row_keeps_its_hook(office: Office) -> None:
    me = office.account
    again = await control.register_bot("1:new", me.id, me.username, "Другое имя")
    assert (again.id, again.hook_key, again.hook_secret) == (office.row.id, office.row.hook_key, office.row.hook_secret)
    assert again.token == "1:new"


async def test_somebody_without_a_language_is_spoken_to_in_the_installations(office: Office) -> None:
    assert "Оставить" in (await office.start(office.person("Олег", language=None))).labels()


async def test_a_bot_is_no_person_to_register(office: Office) -> None:
    bot = office.person("Робот")
    written = {"from": {**bot.user(), "is_bot": True}, "text": "/start"}
    office.emulator.send_content(office.account, bot, written)
    await office.rest()
    assert await fetch("SELECT id FROM people") == []
    assert office.texts(bot) == []
