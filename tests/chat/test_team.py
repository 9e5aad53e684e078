"""The team: one-time links, roles, leaving, being removed; what each person is told."""

from __future__ import annotations

from datetime import timedelta
from types import ModuleType
from typing import Any

from adapters.telegram.emulator import Person
from services.sql import fetch
from tests.chat.office import Office


async def invite(office: Office, owner: Person, role: str = "менеджера") -> str:
    await office.say(owner, "/team")
    await office.press(owner, f"Пригласить {role}")
    return office.invitation(owner)


async def open_member(office: Office, who: Person, name: str) -> None:
    await office.say(who, "/team")
    await office.press(who, name)


async def members() -> list[dict[str, Any]]:
    return await fetch("SELECT name, role FROM members WHERE removed_at IS NULL ORDER BY id")


async def test_an_invitation_can_be_copied_and_shared(office: Office) -> None:
    oleg = await office.owner()
    await invite(office, oleg)
    message = next(one for one in office.chat(oleg).sent() if "?start=inv_" in one.text)
    copy, share = message.buttons[0]
    assert copy["copy_text"]["text"].startswith("https://t.me/pult_desk_bot?start=inv_")
    assert share["url"].startswith("https://t.me/share/url?url=https%3A%2F%2Ft.me%2Fpult_desk_bot")


async def test_joining_by_a_link_tells_the_inviter(office: Office) -> None:
    oleg = await office.owner()
    anna = await office.member(oleg, "Анна")
    assert await members() == [{"name": "Олег", "role": "owner"}, {"name": "Анна", "role": "manager"}]
    assert any("Добро пожаловать в команду проекта Олег" in text for text in office.texts(anna))
    assert any("Анна" in text and "менеджер" in text for text in office.texts(oleg))
    assert "Настройки проекта" not in office.menu(anna).labels()


async def test_a_used_link_says_so(office: Office) -> None:
    oleg = await office.owner()
    link = await invite(office, oleg)
    await office.start(office.person("Анна"), link)
    told = await office.start(office.person("Борис"), link)
    assert "уже использовано" in told.text
    assert len(await members()) == 2


async def test_pressing_the_own_link_twice_says_the_same(office: Office) -> None:
    oleg = await office.owner()
    link = await invite(office, oleg)
    anna = office.person("Анна")
    await office.start(anna, link)
    await office.start(anna, link)
    assert sum("Добро пожаловать" in text for text in office.texts(anna)) == 2
    assert len(await members()) == 2


async def test_an_expired_link_says_so(office: Office, clock: ModuleType) -> None:
    oleg = await office.owner()
    link = await invite(office, oleg)
    clock.shift(timedelta(days=7, minutes=1))
    assert "истёк" in (await office.start(office.person("Анна"), link)).text


async def test_a_revoked_link_says_so(office: Office) -> None:
    oleg = await office.owner()
    link = await invite(office, oleg)
    await office.press(oleg, "Открытые приглашения", await office.say(oleg, "/team"))
    await office.press(oleg, "менеджер, от Олег")
    assert "Открытых приглашений нет" in office.menu(oleg).text
    assert "отозвано" in (await office.start(office.person("Анна"), link)).text


async def test_an_unknown_link_says_so(office: Office) -> None:
    assert "Такого приглашения нет" in (await office.start(office.person("Анна"), "inv_abc")).text
    assert await fetch("SELECT id FROM people") == []


async def test_the_own_project_and_a_present_one_have_their_sentences(office: Office) -> None:
    oleg = await office.owner()
    anna = await office.member(oleg, "Анна")
    link = await invite(office, oleg)
    assert "собственный проект" in (await office.start(oleg, link)).text
    assert "уже в команде" in (await office.start(anna, link)).text
    assert "Добро пожаловать" in "".join(await _of_new(office, link))


async def _of_new(office: Office, link: str) -> list[str]:
    vera = office.person("Вера")
    await office.start(vera, link)
    return office.texts(vera)


async def test_administrators_invite_managers_only(office: Office) -> None:
    oleg = await office.owner()
    boris = await office.member(oleg, "Борис", "администратора")
    shown = await office.say(boris, "/team")
    assert "Пригласить менеджера" in shown.labels()
    assert "Пригласить администратора" not in shown.labels()
    await office.member(boris, "Анна")
    await open_member(office, boris, "Анна")
    assert "Удалить из команды" in office.menu(boris).labels()
    assert "Сделать администратором" not in office.menu(boris).labels()
    await open_member(office, boris, "Олег")
    assert office.menu(boris).labels() == ["Назад"]


async def test_managers_see_the_team_and_change_nothing(office: Office) -> None:
    oleg = await office.owner()
    anna = await office.member(oleg, "Анна")
    shown = await office.say(anna, "/team")
    assert [label for label in shown.labels() if "Пригласить" in label] == []
    await open_member(office, anna, "Олег")
    assert office.menu(anna).labels() == ["Назад"]


async def test_the_owner_appoints_administrators(office: Office) -> None:
    oleg = await office.owner()
    anna = await office.member(oleg, "Анна")
    await open_member(office, oleg, "Анна")
    await office.press(oleg, "Сделать администратором")
    assert (await members())[1]["role"] == "administrator"
    assert any("администратор" in text for text in office.texts(anna))
    assert "Настройки проекта" in (await office.say(anna, "/menu")).labels()
    await office.press(oleg, "Сделать менеджером")
    assert (await members())[1]["role"] == "manager"


async def test_a_right_that_was_taken_meanwhile_is_refused_at_the_press(office: Office) -> None:
    oleg = await office.owner()
    boris = await office.member(oleg, "Борис", "администратора")
    await office.say(boris, "/team")
    await open_member(office, oleg, "Борис")
    await office.press(oleg, "Сделать менеджером")
    menu = next(one for one in reversed(office.chat(boris).sent()) if "Пригласить менеджера" in one.labels())
    assert "нет на это прав" in str(await office.press(boris, "Пригласить менеджера", menu))


async def test_a_removed_member_is_told_and_every_menu_stops_working(office: Office) -> None:
    oleg = await office.owner()
    anna = await office.member(oleg, "Анна")
    boris = await office.member(oleg, "Борис")
    menu = await office.say(anna, "/team")
    await open_member(office, oleg, "Анна")
    await office.press(oleg, "Удалить из команды")
    await office.press(oleg, "Да, удалить")
    assert [one["name"] for one in await members()] == ["Олег", "Борис"]
    assert any("больше не" in text for text in office.texts(anna))
    assert any("Анна" in text for text in office.texts(boris))
    assert await office.press(anna, "Меню", menu)
    assert "ни в одном проекте" in (await office.say(anna, "/menu")).text


async def test_a_removed_member_comes_back_by_a_new_link(office: Office) -> None:
    oleg = await office.owner()
    anna = await office.member(oleg, "Анна")
    await open_member(office, oleg, "Анна")
    await office.press(oleg, "Удалить из команды")
    await office.press(oleg, "Да, удалить")
    await office.start(anna, await invite(office, oleg))
    assert [one["name"] for one in await members()] == ["Олег", "Анна"]


async def test_a_member_leaves_and_the_owner_cannot(office: Office) -> None:
    oleg = await office.owner()
    anna = await office.member(oleg, "Анна")
    assert "Выйти из проекта" not in (await office.say(oleg, "/team")).labels()
    await office.say(anna, "/team")
    await office.press(anna, "Выйти из проекта")
    await office.press(anna, "Да, выйти")
    assert [one["name"] for one in await members()] == ["Олег"]
    assert any("Анна" in text for text in office.texts(oleg)[-2:])


async def test_links_of_somebody_who_lost_the_right_do_not_work(office: Office) -> None:
    oleg = await office.owner()
    boris = await office.member(oleg, "Борис", "администратора")
    link = await invite(office, boris)
    await open_member(office, oleg, "Борис")
    await office.press(oleg, "Удалить из команды")
    await office.press(oleg, "Да, удалить")
    assert "отозвано" in (await office.start(office.person("Вера"), link)).text


async def test_a_large_team_is_paged(office: Office) -> None:
    oleg = await office.owner()
    link = ""
    for number in range(9):
        link = await invite(office, oleg)
        await office.start(office.person(f"Менеджер {number}"), link)
    shown = await office.say(oleg, "/team")
    assert sum("менеджер" in label.lower() for label in shown.labels() if "·" in label) == 7
    await office.press(oleg, ">")
    assert sum("·" in label for label in office.menu(oleg).labels()) == 2
