"""However a dialog ends, header, hint and keyboard say so; what comes back is offered anew, who is out keeps none."""

from __future__ import annotations

from datetime import timedelta
from types import ModuleType

import pytest

from adapters.telegram.emulator import Message, Person
from services import notices
from services.sql import fetch, transact
from tests.chat.office import Office
from tests.chat.shop import Shop, opened_shop

PEONIES = "Есть пионы?"


@pytest.fixture
async def shop(office: Office) -> Shop:
    return await opened_shop(office, "Мария", "Вера")


async def taken(shop: Shop) -> Message:
    """Мария answers Анна: her card."""
    await shop.write(shop.anna, PEONIES)
    card = shop.with_text(shop.maria, PEONIES)
    await shop.office.press(shop.maria, "Взять", card)
    await shop.settle()
    assert answering(shop, shop.maria)
    return card


def answering(shop: Shop, member: Person) -> bool:
    """Whether the chat says that somebody is being answered: all three say the same."""
    chat = shop.office.chat(member)
    said = {bool(chat.pinned), chat.reply_keyboard is not None, chat.input_placeholder is not None}
    assert len(said) == 1, "header, keyboard and hint say different things"
    return said.pop()


async def person_of(shop: Shop, member: Person) -> tuple[int, int, int]:
    """The ids of person, project and member."""
    [row] = await fetch(
        "SELECT p.id, m.project_id, m.id AS member_id FROM people p JOIN members m ON m.person_id = p.id"
        " WHERE p.telegram_id = ?",
        member.id,
    )
    return row["id"], row["project_id"], row["member_id"]


async def remove(shop: Shop, member: Person) -> None:
    owner, project, _ = await person_of(shop, shop.oleg)
    await shop.office.services.team.remove(owner, project, (await person_of(shop, member))[2])
    await shop.settle()


ENDS = ("removed", "left", "switched", "spam", "done", "handed_back", "finished_and_removed")


@pytest.mark.parametrize("how", ENDS)
async def test_whatever_ends_a_dialog_clears_header_hint_and_keyboard(shop: Shop, how: str) -> None:
    await taken(shop)
    services = shop.office.services
    maria, project, _ = await person_of(shop, shop.maria)
    owner, _, _ = await person_of(shop, shop.oleg)
    [inquiry] = await fetch("SELECT id FROM inquiries")
    match how:
        case "removed":
            await remove(shop, shop.maria)
        case "left":
            await services.team.leave(maria, project)
        case "switched":
            guest = await shop.office.owner("Павел")
            await shop.office.say(guest, "/team")
            await shop.office.press(guest, "Пригласить менеджера")
            await shop.office.start(shop.maria, shop.office.invitation(guest))
            await shop.settle()
            assert not answering(shop, shop.maria)
            other = (await fetch("SELECT current_project_id AS id FROM people WHERE id = ?", maria))[0]["id"]
            assert other != project
            await services.conversations.open_dialog(maria, inquiry["id"])
            await shop.settle()
            assert answering(shop, shop.maria)
            await services.projects.switch(maria, other)
        case "spam":
            await services.conversations.spam(owner, inquiry["id"], True)
        case "done":
            await services.conversations.done(owner, inquiry["id"])
        case "handed_back":
            await services.conversations.hand_back(owner, inquiry["id"])
        case "finished_and_removed":
            await services.conversations.done(maria, inquiry["id"])
            await services.conversations.open_dialog(maria, inquiry["id"])
            await shop.settle()
            assert answering(shop, shop.maria)
            await remove(shop, shop.maria)
    await shop.settle()
    assert not answering(shop, shop.maria)
    assert (await fetch("SELECT dialog_id FROM people WHERE id = ?", maria))[0]["dialog_id"] is None


async def test_a_member_who_blocked_the_bot_finds_the_chat_right_on_coming_back(shop: Shop) -> None:
    card = await taken(shop)
    shop.office.emulator.block(shop.office.account, shop.maria)
    await shop.settle()
    shop.office.emulator.block(shop.office.account, shop.maria, False)
    await shop.settle()
    assert not answering(shop, shop.maria)
    assert "ваше" not in card.text
    assert "Взять" in card.labels()


async def test_who_is_out_keeps_nothing_of_the_last_two_days_and_older_cards_hold_no_more(
    shop: Shop, clock: ModuleType
) -> None:
    await shop.write(shop.boris, "А розы?")
    old = shop.with_text(shop.maria, "А розы?")
    clock.shift(timedelta(hours=50))
    await taken(shop)
    await shop.write(shop.anna, "Белые")
    await remove(shop, shop.maria)
    assert not shop.has(shop.maria, PEONIES)
    assert not shop.has(shop.maria, "Белые")
    assert (old.text, old.labels()) == ("Эта карточка устарела.", [])
    assert shop.has(shop.team[1], PEONIES), "colleagues are offered what came back"


async def test_after_a_new_invitation_the_chat_is_right(shop: Shop) -> None:
    await taken(shop)
    await remove(shop, shop.maria)
    await shop.office.say(shop.oleg, "/team")
    await shop.office.press(shop.oleg, "Пригласить менеджера")
    await shop.office.start(shop.maria, shop.office.invitation(shop.oleg))
    await shop.settle()
    assert not answering(shop, shop.maria)
    assert not [one for one in shop.office.chat(shop.maria).sent() if "ваше" in one.text and "Обращение" in one.text]
    await shop.write(shop.anna, "Вы тут?")
    await shop.office.press(shop.team[1], "Взять", shop.with_text(shop.team[1], PEONIES))
    await shop.settle()


async def test_what_comes_back_is_offered_anew_at_the_end_of_the_chat(shop: Shop) -> None:
    await taken(shop)
    vera = shop.team[1]
    first = shop.with_text(vera, PEONIES)
    await shop.write(shop.boris, "А розы?")
    maria, project, _ = await person_of(shop, shop.maria)
    await shop.office.services.team.leave(maria, project)
    await shop.settle()
    again = shop.with_text(vera, PEONIES)
    assert again.id > first.id
    assert again.labels() == ["Взять", "Карточка", "Спам"]
    assert len([one for one in shop.office.chat(vera).sent() if PEONIES in one.text]) == 1
    await shop.office.press(vera, "Взять", again)
    await shop.settle()
    assert answering(shop, vera)


async def test_the_team_is_told_what_became_of_each_dialog(shop: Shop) -> None:
    card = await taken(shop)
    vera = shop.team[1]
    await shop.office.say(vera, "И от меня", reply_to=shop.with_text(vera, PEONIES))
    await shop.office.press(vera, "Да, отправить", shop.with_text(vera, "Всё равно"))
    await shop.settle()
    assert "ваше" in card.text
    await remove(shop, shop.maria)
    assert "1 диалог продолжает коллега" in shop.with_text(vera, "Мария").text
    assert "теперь ваше" in shop.with_text(vera, "теперь ваше").text
    assert not [one for one in shop.office.texts(vera) if "вернулся в новые" in one]


async def test_who_is_out_hears_nothing_of_customers_any_more(shop: Shop) -> None:
    await taken(shop)
    shop.office.emulator.block(shop.bot, shop.anna)
    _, project, member = await person_of(shop, shop.maria)
    owner, _, _ = await person_of(shop, shop.oleg)
    [inquiry] = await fetch("SELECT id FROM inquiries")
    await shop.office.services.team.remove(owner, project, member)
    await transact(lambda: notices.notice(member, "refused", {"inquiry": inquiry["id"]}, buttons=[("retry", 1)]))
    await shop.settle()
    assert not any("Анна" in text for text in shop.office.texts(shop.maria))
    assert any("Вас" in text or "команд" in text for text in shop.office.texts(shop.maria)), "but that one is out"
