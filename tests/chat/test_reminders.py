"""What nobody took or read for fifteen minutes: a digest for each whom it concerns, and what takes names out of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import ModuleType

import pytest

from adapters.telegram.emulator import Message, Person, picture
from services.access import Refusal
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
    await shop.settle()


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
    assert reminded(shop, UNREAD) == []
    assert reminder.text == "Больше никто не ждёт."


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
    assert reminded(shop, UNREAD) == ["Олег", "Вера"]


# One digest


async def crowd(shop: Shop, count: int, first: int = 1) -> list[Person]:
    people = [shop.office.emulator.person(f"Клиент {number}") for number in range(first, first + count)]
    for one in people:
        shop.office.emulator.start(shop.bot, one)
        shop.office.emulator.say(shop.bot, one, f"Вопрос: {one.name}?")
    await shop.rest()
    return people


def digests(shop: Shop, member: Person) -> list[Message]:
    return [one for one in shop.office.chat(member).sent() if "не взял" in one.text or "не прочитано" in one.text]


def calls(shop: Shop, member: Person, method: str = "sendMessage") -> int:
    """How often something sounded in the member's chat."""
    found = shop.office.emulator.calls(method, shop.office.account)
    return len([one for one in found if one.params.get("chat_id") in (member.id, str(member.id))])


async def test_twenty_eight_inquiries_make_one_message_that_sounds_once(shop: Shop, clock: ModuleType) -> None:
    await crowd(shop, 28)
    await shop.settle()
    before = calls(shop, shop.maria)
    await pass_time(shop, clock)
    (digest,) = digests(shop, shop.maria)
    assert calls(shop, shop.maria) == before + 1
    assert digest.text.startswith("Ждут 28 клиентов")
    for number in range(1, 29):
        assert f"Вопрос: Клиент {number}?" in digest.text
    assert len(digest.labels()) == 16


async def test_a_digest_grows_and_shrinks_in_place(shop: Shop, clock: ModuleType) -> None:
    await crowd(shop, 2)
    await shop.settle()
    clock.shift(timedelta(minutes=5))
    await crowd(shop, 1, 3)
    await shop.settle()
    await pass_time(shop, clock, AFTER - timedelta(minutes=5))
    await shop.settle()
    (digest,) = digests(shop, shop.maria)
    assert "Клиент 3" not in digest.text
    before = calls(shop, shop.maria)
    await pass_time(shop, clock, timedelta(minutes=6))
    await shop.settle()
    assert digests(shop, shop.maria) == [digest]
    assert calls(shop, shop.maria) == before
    assert "Ждут 3 клиента" in digest.text
    assert "Клиент 3" in digest.text
    await shop.office.press(shop.oleg, "Взять", shop.with_text(shop.oleg, "Новое обращение №2"))
    await shop.settle()
    assert "Клиент 2" not in digest.text
    assert "Ждут 2 клиента" in digest.text


async def test_when_nobody_waits_any_more_the_digest_says_so_and_the_next_one_sounds(
    shop: Shop, clock: ModuleType
) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    await pass_time(shop, clock)
    (digest,) = digests(shop, shop.maria)
    await shop.office.press(shop.oleg, "Взять", shop.with_text(shop.oleg, "Новое обращение №1"))
    await shop.settle()
    assert digest.text == "Больше никто не ждёт."
    assert digest.labels() == []
    await shop.write(shop.boris, "А розы?")
    await pass_time(shop, clock)
    (later,) = digests(shop, shop.maria)
    assert later.id > digest.id
    assert digest.id not in shop.office.chat(shop.maria).messages


async def test_what_falls_due_much_later_is_heard_again(shop: Shop, clock: ModuleType) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    await pass_time(shop, clock)
    (digest,) = digests(shop, shop.maria)
    clock.shift(timedelta(hours=1))
    await shop.write(shop.boris, "А розы?")
    await pass_time(shop, clock)
    (later,) = digests(shop, shop.maria)
    assert later.id > digest.id
    assert "Анна" in later.text
    assert "Борис" in later.text


async def test_a_reply_to_a_digest_of_one_answers_and_of_several_asks(shop: Shop, clock: ModuleType) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    await pass_time(shop, clock)
    (digest,) = digests(shop, shop.maria)
    clock.shift(timedelta(minutes=1) - AFTER)
    await shop.write(shop.boris, "А розы?")
    await pass_time(shop, clock)
    assert "Борис" in digest.text
    asked = await shop.office.say(shop.maria, "Есть", reply_to=digest)
    assert "никому не отправлено" in asked.text or "Кому" in asked.text
    assert shop.heard(shop.anna) == shop.heard(shop.boris) == []


async def test_a_name_in_the_digest_leads_to_its_card(shop: Shop, clock: ModuleType) -> None:
    await crowd(shop, 2)
    await pass_time(shop, clock)
    (digest,) = digests(shop, shop.maria)
    await shop.office.press(shop.maria, "№2 Клиент 2", digest)
    await shop.settle()
    card = shop.office.last(shop.maria)
    assert card.labels()[0] == "Взять"
    await shop.office.press(shop.maria, "Взять", card)
    await shop.settle()
    assert "Клиент 2" not in digest.text


async def test_media_are_named_and_what_was_answered_elsewhere_is_no_more_reminded_of(
    shop: Shop, clock: ModuleType
) -> None:
    await shop.send(shop.anna, "photo", picture())
    await pass_time(shop, clock)
    (digest,) = digests(shop, shop.maria)
    assert digest.text.endswith("\nФото")


async def test_a_dialog_whose_members_are_all_away_is_told_to_those_who_are_there(
    shop: Shop, clock: ModuleType
) -> None:
    await dialog(shop)
    await away(shop, shop.maria)
    await pass_time(shop, clock)
    assert digests(shop, shop.maria) == []
    (digest,) = digests(shop, shop.oleg)
    assert "Анна" in digest.text
    assert "Мария не на смене" in digest.text
    assert digest.labels() == ["Карточка"]
    asked = await shop.office.say(shop.oleg, "Сейчас отвечу", reply_to=digest)
    await shop.office.press(shop.oleg, "Да, отправить", asked)
    await shop.settle()
    assert "Сейчас отвечу" in shop.heard(shop.anna)
    assert digest.text == "Больше никто не ждёт."


async def test_mark_as_read_says_when_there_is_nothing_to_read_any_more(shop: Shop, clock: ModuleType) -> None:
    await dialog(shop)
    await pass_time(shop, clock)
    assert digests(shop, shop.maria)
    people = await fetch("SELECT person_id FROM members WHERE name = ?", "Мария")
    conversations = shop.office.services.conversations
    with pytest.raises(Refusal):
        await conversations.read(people[0]["person_id"], (await conversations.done(people[0]["person_id"], 1)).id)


# Duty


async def test_the_last_on_duty_is_warned_and_may_stay(shop: Shop, clock: ModuleType) -> None:
    await away(shop, shop.maria)
    await away(shop, shop.oleg)
    assert not shop.has(shop.maria, "На смене больше никого")
    assert not shop.has(shop.oleg, "На смене больше никого")
    vera = shop.team[1]
    await away(shop, vera)
    warning = shop.with_text(vera, "На смене больше никого")
    assert warning.labels() == ["Остаться на смене"]
    assert "никого нет" in shop.with_text(vera, "Язык: русский").text
    assert "на смене" in str(await shop.office.press(vera, "Остаться", warning))
    await shop.write(shop.anna, "Есть пионы?")
    await shop.settle()
    assert shop.has(vera, "Есть пионы?")
    assert not shop.has(shop.maria, "Есть пионы?")


async def test_two_who_go_at_the_same_moment_do_not_both_think_the_other_is_there(shop: Shop) -> None:
    people = await fetch("SELECT person_id, project_id FROM members ORDER BY id")
    duty = shop.office.services.duty
    await asyncio.gather(*(duty.go(one["person_id"], one["project_id"]) for one in people))
    await shop.settle()
    team = (shop.oleg, *shop.team)
    assert len([one for one in team if shop.has(one, "На смене больше никого")]) == 1


async def test_coming_back_brings_a_summary_of_what_waits(shop: Shop, clock: ModuleType) -> None:
    await dialog(shop)  # Мария's, with a message that she has not answered
    for one in (shop.maria, shop.team[1], shop.oleg):
        await away(shop, one)
    await shop.write(shop.boris, "А розы?")
    await shop.settle()
    told = await back(shop, shop.maria)
    assert "перечислено" in str(told)
    (digest,) = digests(shop, shop.maria)
    assert "№1 Анна" in digest.text
    assert "Алло?" in digest.text
    assert "№2 Борис" in digest.text
    assert "А розы?" in digest.text
    await back(shop, shop.oleg)
    (digest,) = digests(shop, shop.oleg)
    assert "Анна" not in digest.text


async def test_coming_back_to_nothing_says_so(shop: Shop) -> None:
    await away(shop, shop.maria)
    assert await back(shop, shop.maria) == "Вы на смене. Никто не ждёт."


async def test_whoever_goes_is_not_told_that_nobody_waits(shop: Shop, clock: ModuleType) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    await pass_time(shop, clock)
    (digest,) = digests(shop, shop.maria)
    await away(shop, shop.maria)
    await shop.settle()
    # The customer waits on; only this person is not told of it.
    assert digest.text == "Напоминаний для вас больше нет."


async def test_those_who_lead_hear_when_the_last_on_duty_is_lost(shop: Shop) -> None:
    vera = shop.team[1]
    await away(shop, shop.maria)
    await away(shop, shop.oleg)
    shop.office.emulator.block(shop.office.account, vera)
    await shop.settle()
    assert shop.has(shop.oleg, "На смене никого не осталось")
    assert not shop.has(shop.maria, "На смене никого не осталось")


async def away(shop: Shop, member: Person) -> None:
    await shop.office.say(member, "/profile")
    await shop.office.press(member, "Отошёл")


async def back(shop: Shop, member: Person) -> str | None:
    await shop.office.say(member, "/profile")
    told = await shop.office.press(member, "На смене")
    await shop.settle()
    return told
