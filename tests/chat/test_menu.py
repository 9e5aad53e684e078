"""Menus, wizards and buttons: they act, or say why they no longer can; nothing typed gets lost in them."""

from __future__ import annotations

import pytest

from handlers.chat.storage import KEYS
from models.fields import seal
from services.sql import fetch
from tests.chat.office import Office


async def test_menu_shows_the_project_and_what_exists(office: Office) -> None:
    oleg = await office.owner()
    shown = await office.say(oleg, "/menu")
    assert shown.text.startswith("Олег")
    assert {"Команда", "Настройки проекта", "Профиль"} <= set(shown.labels())


async def test_every_section_is_a_command_and_leads_back(office: Office) -> None:
    oleg = await office.owner()
    for command in ("/team", "/project", "/profile"):
        shown = await office.say(oleg, command)
        assert "Меню" in shown.labels(), command
        await office.press(oleg, "Меню")
        assert "Профиль" in office.menu(oleg).labels()


async def test_a_button_of_a_closed_menu_says_so(office: Office) -> None:
    oleg = await office.owner()
    old = await office.say(oleg, "/menu")
    buttons = old.wire["reply_markup"]
    await office.say(oleg, "/menu")
    old.wire["reply_markup"] = buttons
    assert "устарело" in str(await office.press(oleg, "Команда", old))


async def test_a_button_that_nobody_knows_is_answered(office: Office) -> None:
    oleg = await office.owner()
    message = office.menu(oleg)
    message.wire["reply_markup"] = {"inline_keyboard": [[{"text": "Старая", "callback_data": "gone:1"}]]}
    assert "больше не работает" in str(await office.press(oleg, "Старая", message))


async def test_a_stranger_who_presses_is_answered(office: Office) -> None:
    oleg = await office.owner()
    message = office.menu(oleg)
    await fetch("DELETE FROM jobs RETURNING id")
    for table in ("members", "people"):
        if table == "people":
            await fetch("UPDATE people SET current_project_id = NULL RETURNING id")
        await fetch(f"DELETE FROM {table} RETURNING id")
    assert "/start" in str(await office.press(oleg, message.labels()[0], message))


async def test_unknown_commands_are_answered_with_help(office: Office) -> None:
    oleg = await office.owner()
    told = await office.say(oleg, "/nonsense 5")
    assert "/nonsense" in told.text
    assert "/menu" in told.text


async def test_cancel_leaves_a_wizard_without_a_trace(office: Office) -> None:
    oleg = await office.owner()
    await office.say(oleg, "/project")
    await office.press(oleg, "Название")
    assert "Закрыто" in (await office.say(oleg, "/cancel")).text
    assert await fetch("SELECT name FROM projects") == [{"name": "Олег"}]
    assert await fetch("SELECT key FROM wizard_states") == []
    assert "Выходить неоткуда" in (await office.say(oleg, "/cancel")).text


async def test_a_wizard_survives_a_restart(office: Office) -> None:
    oleg = await office.owner()
    await office.say(oleg, "/project")
    await office.press(oleg, "Название")
    await office.restart()
    await office.say(oleg, "Кофейня")
    assert await fetch("SELECT name FROM projects") == [{"name": "Кофейня"}]


async def test_a_wizard_says_what_it_is_waiting_for(office: Office) -> None:
    oleg = await office.owner()
    await office.say(oleg, "/project")
    await office.press(oleg, "Название")
    office.emulator.send_sticker(office.account, oleg)
    await office.rest()
    assert "жду текст" in office.last(oleg).text
    await office.say(oleg, "Кофейня")
    assert await fetch("SELECT name FROM projects") == [{"name": "Кофейня"}]


async def test_an_overlong_name_is_refused_and_the_wizard_goes_on(office: Office) -> None:
    oleg = await office.owner()
    await office.say(oleg, "/project")
    await office.press(oleg, "Название")
    assert "128" in (await office.say(oleg, "я" * 129)).text
    await office.say(oleg, "Кофейня")
    assert await fetch("SELECT name FROM projects") == [{"name": "Кофейня"}]


@pytest.mark.parametrize("state", ["GoneGroup:gone", "Menu:gone"])
async def test_a_stored_menu_that_no_longer_fits_is_reset_with_a_line(office: Office, state: str) -> None:
    oleg = await office.owner()
    await office.say(oleg, "/menu")
    await office.stop()
    await fetch("UPDATE wizard_states SET data = ? WHERE key LIKE '%context%' RETURNING key", seal(_context(state)))
    await office.begin()
    shown = await office.start(oleg)
    assert "Команда" in shown.labels()
    assert any("Пульт обновился" in text for text in office.texts(oleg))
    assert "Команда" in (await office.say(oleg, "/menu")).labels()


def _context(state: str) -> str:
    return (
        f'{{"_intent_id": "abc", "_stack_id": "", "state": "{state}", "start_data": null, "dialog_data": {{}},'
        ' "widget_data": {}, "access_settings": null}'
    )


async def test_wizard_state_that_cannot_be_read_is_reset(office: Office) -> None:
    oleg = await office.owner()
    old = await office.say(oleg, "/menu")
    await office.stop()
    await fetch("UPDATE wizard_states SET data = 'spoiled' RETURNING key")
    await office.begin()
    assert "устарело" in str(await office.press(oleg, "Команда", old))
    assert "Команда" in (await office.say(oleg, "/menu")).labels()


async def test_wizard_states_are_encrypted(office: Office) -> None:
    oleg = await office.owner()
    await office.say(oleg, "/project")
    await office.press(oleg, "Часовой пояс")
    await office.say(oleg, "Екатеринбург")
    rows = await fetch("SELECT key, data FROM wizard_states")
    assert rows
    assert all(row["data"].startswith("gAAAA") for row in rows)
    assert all(row["key"].startswith(f"{KEYS.prefix}:{office.account.id}:{oleg.id}:") for row in rows)


async def test_text_passes_a_menu_that_awaits_none(office: Office) -> None:
    oleg = await office.owner()
    menu = await office.say(oleg, "/menu")
    await office.say(oleg, "Добрый день!")
    assert menu.labels(), "the menu was taken for the receiver of the text"


async def test_profile_changes_language_duty_and_cards(office: Office) -> None:
    oleg = await office.owner()
    await office.say(oleg, "/profile")
    profile = office.last(oleg)
    await office.press(oleg, "Отошёл")
    await office.press(oleg, "Новые: без звука", profile)
    assert await fetch("SELECT cards FROM members WHERE on_duty = ?", False) == [{"cards": "silent"}]
    await office.press(oleg, "In English", profile)
    assert "Language: English" in profile.text
    assert "I am on duty" in profile.labels()
    assert "Team" in (await office.say(oleg, "/menu")).labels()


async def test_the_own_display_name_is_changed(office: Office) -> None:
    oleg = await office.owner()
    await office.say(oleg, "/profile")
    await office.press(oleg, "Изменить имя")
    await office.say(oleg, "Олег Петрович")
    assert await fetch("SELECT name FROM members") == [{"name": "Олег Петрович"}]


async def test_settings_of_the_project(office: Office) -> None:
    oleg = await office.owner()
    await office.say(oleg, "/project")
    await office.press(oleg, "Повторные обращения – всем")
    await office.press(oleg, "Писать клиентам по-английски")
    await office.press(oleg, "Сообщение после «Готово»")
    await office.press(oleg, "6 часов")
    assert "6 часов" in office.menu(oleg).text
    rows = await fetch("SELECT language, reopen_hours FROM projects WHERE repeat_to_last = ?", False)
    assert rows == [{"language": "en", "reopen_hours": 6}]


@pytest.mark.parametrize(("typed", "found"), [("+5", "Екатеринбург (UTC+5)"), ("Paris", "Париж"), ("нет такого", None)])
async def test_the_time_zone_is_found_by_city_or_offset(office: Office, typed: str, found: str | None) -> None:
    oleg = await office.owner()
    await office.say(oleg, "/project")
    await office.press(oleg, "Часовой пояс")
    shown = await office.say(oleg, typed)
    if found is None:
        assert "Не знаю" in shown.text
    else:
        assert any(found in label for label in shown.labels())


async def test_another_project_is_made_and_switched_to(office: Office) -> None:
    oleg = await office.owner()
    await office.say(oleg, "/project")
    await office.press(oleg, "Создать ещё один проект")
    shown = await office.say(oleg, "Вторая кофейня")
    assert shown.text.startswith("Вторая кофейня")
    await office.press(oleg, "Другой проект")
    await office.press(oleg, "Олег")
    assert office.menu(oleg).text.startswith("Олег")


async def test_in_a_group_the_bot_says_once_where_it_works_and_leaves(office: Office) -> None:
    oleg = await office.owner()
    group = office.emulator.add_to_group(office.account, oleg, "Кофейня")
    await office.rest()
    said = [message.text for message in group.sent()]
    assert len(said) == 1
    assert "личных чатах" in said[0]
    assert office.emulator.calls("leaveChat")


async def test_someone_who_blocked_the_bot_is_unreachable_until_the_next_start(office: Office) -> None:
    oleg = await office.owner()
    office.emulator.block(office.account, oleg)
    await office.rest()
    assert await fetch("SELECT id FROM people WHERE reachable = ?", True) == []
    await office.start(oleg)
    assert len(await fetch("SELECT id FROM people WHERE reachable = ?", True)) == 1


async def test_something_that_breaks_is_said_and_written_down(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    oleg = await office.owner()
    await office.say(oleg, "/menu")

    async def broken(*_args: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(type(office.services.team), "view", broken)
    assert "Что-то пошло не так" in str(await office.press(oleg, "Команда"))
    assert len(await fetch("SELECT id FROM control_updates WHERE state = 'failed'")) == 1
    assert "Что-то пошло не так" in (await office.say(oleg, "/team")).text


async def test_a_section_taken_from_a_manager_is_neither_offered_nor_opened(office: Office) -> None:
    oleg = await office.owner()
    anna = await office.member(oleg, "Анна")
    await fetch("UPDATE members SET denied = ? WHERE role = 'manager' RETURNING id", '["inbox"]')
    shown = await office.say(anna, "/menu")
    assert not any("Общение" in label for label in shown.labels())
    assert "нет на это прав" in (await office.say(anna, "/inbox")).text


async def test_help_lists_what_the_role_has(office: Office) -> None:
    oleg = await office.owner()
    anna = await office.member(oleg, "Анна")
    told = (await office.say(oleg, "/help")).text
    assert "/channels" in told
    assert "О прочтении не сообщают: " in told
    assert "Telegram" in told
    told = (await office.say(anna, "/help")).text
    assert "/inbox" in told
    assert "/channels" not in told
