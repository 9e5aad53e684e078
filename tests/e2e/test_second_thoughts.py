"""What becomes of an answer: its marks, refusals and another try, edits and deletions."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from adapters.telegram.emulator import Message, Person
from services import clock
from services.sql import fetch
from tests.e2e.conftest import PATIENCE, Office

pytestmark = pytest.mark.judged


def reactions(message: Message) -> str:
    return str(message.reactions)


async def noted(column: str) -> None:
    """The newest answer's row says so."""
    async with asyncio.timeout(PATIENCE):
        while not (await fetch(f"SELECT {column} FROM messages ORDER BY id DESC LIMIT 1"))[0][column]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def dialog(office: Office) -> tuple[Person, Person]:
    """Ольга is in a dialog with Анна."""
    olga, _ = await office.company("Олег")
    anna = office.customer("Анна")
    office.say(anna, "вопрос")
    await office.talk(olga, "Анна")
    return olga, anna


async def test_an_answer_that_waits_is_marked_so_and_then_as_sent(office: Office) -> None:
    olga, anna = await dialog(office)
    slow = office.telegram.fault("429", bot=office.shop, retry_after=1, times=None)
    own = office.type(olga, "подождите")
    await office.until(lambda: [c for c in office.telegram.calls(bot=office.shop) if c.outcome == "fault:429"])
    clock.shift(timedelta(seconds=3))
    await office.until(lambda: "✍" in reactions(own))
    office.telegram.world.faults.remove(slow.id)
    clock.shift(timedelta(seconds=30))
    await office.hears(anna, "подождите")
    await office.until(lambda: "👌" in reactions(own))
    assert "✍" not in reactions(own)


async def test_a_refusal_says_why_and_another_try_works(office: Office) -> None:
    olga, anna = await dialog(office)
    office.telegram.fault("refused", bot=office.shop, description="bot was blocked by the user")
    own = office.type(olga, "слышите?")
    refusal = await office.sees(olga, "Не отправлено")
    assert refusal.reply_to == own.id
    assert "заблокировал" in refusal.text
    await office.until(lambda: "👎" in reactions(own))
    assert office.answers(anna) == []
    answer = await office.press(refusal, "Повторить")
    assert answer is not None
    await office.hears(anna, "слышите?")
    await office.until(lambda: "👌" in reactions(own))
    assert refusal.id not in refusal.chat.messages


async def test_what_a_person_repeats_in_doubt_is_known_as_possibly_repeated(office: Office) -> None:
    olga, anna = await dialog(office)
    office.telegram.fault("reset_after", bot=office.shop, method="sendMessage", times=2)
    office.type(olga, "слышите?")
    refusal = await office.sees(olga, "неизвестно, дошло ли это")
    await office.press(refusal, "Повторить")
    await office.sees(olga, "Возможен повтор")
    rows = await fetch("SELECT repeated FROM messages WHERE direction = 'out'")
    assert [bool(row["repeated"]) for row in rows] == [True]
    assert len(office.answers(anna)) == 3


async def test_a_second_try_that_is_refused_says_nothing_of_the_first(office: Office) -> None:
    olga, anna = await dialog(office)
    office.telegram.fault("reset_after", bot=office.shop, method="sendMessage", times=1)
    office.telegram.fault("refused", bot=office.shop, description="bot was blocked by the user", times=1)
    own = office.type(olga, "слышите?")
    told = await office.sees(olga, "неизвестно, дошло ли это")
    assert "заблокировал" in told.text
    assert "Не отправлено" not in told.text
    assert told.reply_to == own.id
    assert [one.text for one in office.answers(anna)] == ["слышите?"]
    await office.press(told, "Повторить")
    await office.sees(olga, "Возможен повтор")
    assert [one.text for one in office.answers(anna)] == ["слышите?"] * 2


async def test_another_try_sends_what_was_edited_meanwhile(office: Office) -> None:
    olga, anna = await dialog(office)
    office.telegram.fault("refused", bot=office.shop, description="bot was blocked by the user", times=1)
    own = office.type(olga, "в пять")
    refusal = await office.sees(olga, "Не отправлено")
    office.telegram.edit(own, "в шесть " + "и подробно " * 500)
    await noted("edited_at")
    await office.press(refusal, "Повторить")
    await office.until(lambda: "👌" in reactions(own))
    assert "".join(one.text for one in office.answers(anna)).startswith("в шесть и подробно")
    assert len(office.answers(anna)) == 2


async def test_what_left_in_part_is_edited_and_the_rest_follows_as_edited(office: Office) -> None:
    olga, anna = await dialog(office)
    for kind in ("slow", "refused"):
        office.telegram.fault(kind, bot=office.shop, method="sendMessage", times=1, seconds=0.1)
    own = office.type(olga, "раз " * 900 + "два " * 300)
    refusal = await office.sees(olga, "Не отправлено")
    assert len(office.answers(anna)) == 1
    office.telegram.edit(own, "три " * 900 + "четыре " * 200)
    await office.until(lambda: "три" in office.answers(anna)[0].text)
    await office.press(refusal, "Повторить")
    await office.until(lambda: "👌" in reactions(own))
    words = " ".join(one.text for one in office.answers(anna)).split()
    assert words == ["три"] * 900 + ["четыре"] * 200


async def test_another_try_of_a_deleted_answer_is_refused(office: Office) -> None:
    olga, anna = await dialog(office)
    office.telegram.fault("refused", bot=office.shop, description="bot was blocked by the user", times=1)
    own = office.type(olga, "ошибка")
    refusal = await office.sees(olga, "Не отправлено")
    office.type(olga, "/delete", reply_to=own)
    await office.sees(olga, "Удаляю этот ответ у клиента")
    answer = await office.press(refusal, "Повторить")
    assert "удалён" in str(answer)
    rows = await fetch("SELECT state FROM messages WHERE direction = 'out'")
    assert [row["state"] for row in rows] == ["refused"]
    assert office.answers(anna) == []


async def test_a_customer_who_blocked_the_bot_is_named_and_comes_back(office: Office) -> None:
    olga, anna = await dialog(office)
    office.telegram.block(office.shop, anna)
    await office.sees(olga, "Клиент заблокировал канал")
    own = office.type(olga, "вы где?")
    refusal = await office.sees(olga, "Не отправлено")
    await office.until(lambda: "👎" in reactions(own))
    office.telegram.block(office.shop, anna, False)
    office.say(anna, "я здесь")
    await office.sees(olga, "я здесь")
    await office.press(refusal, "Повторить")
    await office.hears(anna, "вы где?")


async def test_an_edited_answer_changes_at_the_customer_and_at_colleagues(office: Office) -> None:
    olga, anna = await dialog(office)
    own = office.type(olga, "в пять")
    answer = await office.hears(anna, "в пять")
    await office.until(lambda: "👌" in reactions(own))
    office.telegram.edit(own, "в шесть")
    await office.until(lambda: answer.text == "в шесть")
    assert len(office.answers(anna)) == 1


async def test_an_answer_edited_before_it_left_goes_out_as_edited(office: Office) -> None:
    olga, anna = await dialog(office)
    stuck = office.telegram.fault("500", bot=office.shop, method="sendMessage", times=None)
    own = office.type(olga, "в пять")
    await office.until(lambda: [c for c in office.telegram.calls(bot=office.shop) if c.outcome == "fault:500"])
    office.telegram.edit(own, "в шесть")
    office.type(olga, "до встречи")
    office.telegram.world.faults.remove(stuck.id)
    clock.shift(timedelta(seconds=50))
    await office.hears(anna, "до встречи")
    await office.until(lambda: [one.text for one in office.answers(anna)] == ["в шесть", "до встречи"])


async def test_a_deleted_answer_disappears_at_the_customer(office: Office) -> None:
    olga, anna = await dialog(office)
    own = office.type(olga, "ошибка")
    await office.hears(anna, "ошибка")
    await office.until(lambda: "👌" in reactions(own))
    office.type(olga, "/delete", reply_to=own)
    await office.until(lambda: office.answers(anna) == [])
    await office.sees(olga, "Удаляю этот ответ у клиента")
    office.type(olga, "/delete", reply_to=own)
    await office.sees(olga, "Этот ответ уже удалён")
    office.type(olga, "/delete")
    await office.sees(olga, "Ответьте командой /delete")


async def test_an_answer_deleted_before_it_left_never_leaves(lite: Office) -> None:
    olga, anna = await dialog(lite)
    stuck = lite.telegram.fault("500", bot=lite.shop, method="sendMessage", times=None)
    own = lite.type(olga, "ошибка")
    await lite.until(lambda: [c for c in lite.telegram.calls(bot=lite.shop) if c.outcome == "fault:500"])
    lite.type(olga, "/delete", reply_to=own)
    await lite.sees(olga, "Удаляю этот ответ у клиента")
    lite.telegram.world.faults.remove(stuck.id)
    clock.shift(timedelta(seconds=50))
    lite.type(olga, "правильно")
    await lite.hears(anna, "правильно")
    assert [one.text for one in lite.answers(anna)] == ["правильно"]


async def test_an_answer_whose_fate_is_unknown_goes_out_again_marked_and_no_third_time(office: Office) -> None:
    olga, anna = await dialog(office)
    office.telegram.fault("reset_after", bot=office.shop, method="sendMessage")
    office.type(olga, "дошло?")
    await office.until(lambda: len(office.answers(anna)) == 1)
    await office.until(lambda: len(office.answers(anna)) == 2)
    await office.sees(olga, "Возможен повтор")
    office.telegram.fault("reset_after", bot=office.shop, method="sendMessage", times=None)
    own = office.type(olga, "а теперь?")
    told = await office.sees(olga, "неизвестно, дошло ли это")
    assert "Не отправлено" not in told.text
    await office.until(lambda: "👎" in reactions(own))
    assert [one.text for one in office.answers(anna)] == ["дошло?"] * 2 + ["а теперь?"] * 2


async def test_a_channel_without_a_working_key_keeps_answers_until_the_new_one(office: Office) -> None:
    from adapters.base import Credentials
    from services.sql import fetch

    olga, anna = await dialog(office)
    token = office.telegram.revoke(office.shop)
    own = office.type(olga, "ждём ключа")
    await office.sees(olga, "Ждёт ключа")
    await office.until(lambda: "✍" in reactions(own))
    later = office.type(olga, "и это тоже")
    office.say(anna, "вы пропали?")
    await office.sees(olga, "вы пропали?")
    assert office.answers(anna) == []
    person_id, project_id = await office.place(olga)
    [channel] = await fetch("SELECT id FROM channels")
    await office.parts.channels.replace_credentials(person_id, project_id, channel["id"], Credentials(token=token))
    await office.hears(anna, "и это тоже")
    assert [one.text for one in office.answers(anna)] == ["ждём ключа", "и это тоже"]
    for message in (own, later):
        await office.until(lambda message=message: "👌" in reactions(message))
