"""The judge says nothing where all is true, and catches each kind of lie: chats are falsified behind its back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.telegram.emulator import Message, Person, picture
from adapters.telegram.emulator.model import Json
from services import clock
from services.sql import fetch
from tests.chat.shop import Shop
from tests.judge.judge import Judge
from tests.judge.lies import Kind


async def kinds(judge: Judge) -> set[Kind]:
    return {lie.kind for lie in await judge.lies()}


def forged(shop: Shop, person: Person, text: str, *, like: Message | None = None, **content: Json) -> Message:
    """A message that the control bot never sent."""
    chat = shop.office.chat(person)
    wire = {"message_id": 0, "from": shop.office.account.user(), "chat": chat.wire, "date": 1, "text": text, **content}
    if like is not None:
        wire |= {key: like.wire[key] for key in ("entities", "photo", "location") if key in like.wire}
    return shop.office.emulator.world.place(Message(chat, wire, outgoing=True))


async def talk(shop: Shop) -> None:
    """Мария has taken what Анна wrote, answers it, and has the dialog open; Борис waits."""
    office = shop.office
    await shop.write(shop.anna, "Есть пионы?")
    await office.press(shop.maria, "Взять")
    await office.press(shop.maria, "Ответить")
    await shop.write(shop.anna, "И розы?")
    await shop.settle()
    await office.say(shop.maria, "Есть и те, и другие", reply_to=shop.with_text(shop.maria, "И розы?").id)
    await shop.write(shop.boris, "Вы открыты?")
    await shop.settle()


async def test_a_day_at_the_desk_is_true(shop: Shop, judge: Judge) -> None:
    office, emulator = shop.office, shop.office.emulator
    await shop.write(shop.anna, "Есть пионы?")
    await shop.write(shop.anna, "И розы?")
    await shop.settle()
    assert await judge.lies() == []
    await office.press(shop.maria, "Взять")
    await office.press(shop.maria, "Ответить")
    await office.say(shop.maria, "Есть и те, и другие")
    await shop.write(shop.anna, "слово " * 900)
    await shop.send(shop.anna, "photo", picture(60, 40, "red"), caption="Вот такие")
    emulator.send_album(shop.bot, shop.anna, [("photo", picture(50, 40, "blue")), ("photo", picture(51, 40))])
    emulator.send_location(shop.bot, shop.anna, 55.75, 37.6, title="Парк", address="Аллея")
    emulator.send_contact(shop.bot, shop.anna, "Вера", "+79990001122")
    said = await shop.write(shop.anna, "в пять")
    emulator.edit(said, "в шесть")
    await shop.settle()
    assert await judge.lies() == []
    await office.say(shop.maria, "✓ Готово")
    await shop.settle()
    assert await judge.lies() == []


async def test_words_that_do_not_stand_there_are_missed(shop: Shop, judge: Judge) -> None:
    await talk(shop)
    assert await judge.lies() == []
    shop.with_text(shop.maria, "И розы?").wire["text"] = "Анна · Telegram\nИ роз"
    assert await kinds(judge) == {Kind.MISSING, Kind.UNSAID}


async def test_an_edit_that_does_not_show_is_missed(shop: Shop, judge: Judge) -> None:
    await talk(shop)
    said = next(one for one in shop.office.emulator.chat(shop.bot, shop.anna).all() if one.text == "И розы?")
    said.wire |= {"text": "И тюльпаны?", "edit_date": 2}
    assert Kind.MISSING in await kinds(judge)
    said.wire["text"] = "И розы?"
    assert await kinds(judge) == {Kind.UNMARKED}


async def test_what_stands_twice_must_say_so(shop: Shop, judge: Judge) -> None:
    await talk(shop)
    copy = shop.with_text(shop.maria, "И розы?")
    again = forged(shop, shop.maria, copy.text, like=copy)
    assert await kinds(judge) == {Kind.DOUBLED}
    again.wire["text"] = "Анна · Telegram · возможен повтор\nИ розы?"
    assert await judge.lies() == []


async def test_media_and_places_are_looked_for_by_what_they_are(shop: Shop, judge: Judge) -> None:
    await talk(shop)
    emulator = shop.office.emulator
    await shop.send(shop.anna, "photo", picture(60, 40, "red"), caption="Вот такие")
    emulator.send_location(shop.bot, shop.anna, 55.75, 37.6)
    await shop.settle()
    assert await judge.lies() == []
    place = next(one for one in shop.office.chat(shop.maria).sent() if "location" in one.wire)
    place.wire["location"] = {"latitude": 50.0, "longitude": 30.0}
    assert await kinds(judge) == {Kind.PLACE}
    place.wire["location"] = {"latitude": 55.75, "longitude": 37.6}
    shown = next(one for one in shop.office.chat(shop.maria).sent() if "photo" in one.wire)
    shop.office.account.files[shown.wire["photo"][-1]["file_id"]].data = picture(60, 40, "green")
    assert Kind.MEDIUM in await kinds(judge)


async def test_a_message_that_nobody_took_in_is_missed(shop: Shop, judge: Judge) -> None:
    await talk(shop)
    chat = shop.office.emulator.chat(shop.bot, shop.anna)
    wire = {"message_id": 0, "from": shop.anna.user(), "chat": chat.wire, "date": 1, "text": "Ау?"}
    shop.office.emulator.world.place(Message(chat, wire, outgoing=False))
    assert await kinds(judge) == {Kind.LOST}


@pytest.mark.parametrize(
    ("text", "labels", "kind"),
    [
        ("Новое обращение №1", None, Kind.CARD_HEADING),
        ("Обращение №1 · взял(а) Олег", None, Kind.CARD_HEADING),
        (None, ["Взять", "Карточка", "Спам"], Kind.CARD_BUTTONS),
        (None, ["Ответить", "Готово"], Kind.CARD_BUTTONS),
    ],
)
async def test_a_card_has_to_fit_its_inquiry_and_the_member(
    shop: Shop, judge: Judge, text: str | None, labels: list[str] | None, kind: Kind
) -> None:
    await talk(shop)
    card = shop.with_text(shop.maria, "Обращение №1")
    if text is not None:
        card.wire |= {"text": f"{text}\nАнна · Telegram, Цветы\n\nЕсть пионы?"}
        card.wire["entities"] = [{"type": "bold", "offset": 0, "length": len(text.partition(" · ")[0])}]
    if labels is not None:
        card.wire["reply_markup"] = {"inline_keyboard": [[{"text": one, "callback_data": "q"} for one in labels]]}
    assert await kinds(judge) == {kind}


async def test_a_new_card_has_to_show_the_first_words_and_count_the_rest(shop: Shop, judge: Judge) -> None:
    for text in ("Есть пионы?", "А розы?", "Ау?"):
        await shop.write(shop.anna, text)
    await shop.settle()
    assert await judge.lies() == []
    card = shop.with_text(shop.maria, "Есть пионы?")
    card.wire["text"] = card.text.replace("ещё 2 сообщения", "ещё 1 сообщения")
    assert await kinds(judge) == {Kind.CARD_COUNT}
    card.wire["text"] = card.text.replace("ещё 1 сообщения", "ещё 2 сообщения").replace("пионы", "фикусы")
    assert await kinds(judge) == {Kind.CARD_WORDS}
    for person in (shop.oleg, *shop.team):
        for one in shop.office.chat(person).sent():
            if "обращение №1" in one.text:
                shop.office.emulator.world.remove(one)
    assert await kinds(judge) == {Kind.NO_CARD}


async def test_the_header_and_the_keyboard_have_to_name_whom_the_text_goes_to(shop: Shop, judge: Judge) -> None:
    await talk(shop)
    chat = shop.office.chat(shop.maria)
    chat.input_placeholder = "Ответ: Борис · Telegram"
    assert await kinds(judge) == {Kind.HINT}
    pinned = chat.pinned.pop()
    assert await kinds(judge) == {Kind.HINT, Kind.HEADER}
    chat.pinned, chat.input_placeholder = [pinned], "Ответ: Анна · Telegram"
    assert await judge.lies() == []
    await fetch("UPDATE people SET dialog_id = NULL")
    assert await kinds(judge) == {Kind.HINT, Kind.HEADER}


async def test_an_answer_has_to_stand_at_its_customer_as_it_was_written(shop: Shop, judge: Judge) -> None:
    await talk(shop)
    [answer] = shop.got(shop.anna)
    answer.wire["text"] = "Нет"
    assert await kinds(judge) == {Kind.ANSWER}
    shop.office.emulator.world.remove(answer)
    assert await kinds(judge) == {Kind.TICK}


async def test_what_a_customer_got_twice_or_from_nobody_is_seen(shop: Shop, judge: Judge) -> None:
    await talk(shop)
    [answer] = shop.got(shop.anna)
    chat = shop.office.emulator.chat(shop.bot, shop.anna)
    again = shop.office.emulator.world.place(Message(chat, {**answer.wire}, outgoing=True))
    assert await kinds(judge) == {Kind.ANSWER_TWICE}
    again.wire["text"] = "Приходите вчера"
    assert await kinds(judge) == {Kind.STRAY}


async def test_a_refusal_is_said_once(shop: Shop, judge: Judge) -> None:
    await talk(shop)
    shop.office.emulator.fault("refused", bot=shop.bot, description="bot was blocked by the user")
    own = shop.office.emulator.say(
        shop.office.account, shop.maria, "Слышите?", reply_to=shop.with_text(shop.maria, "И розы?").id
    )
    await shop.settle()
    assert await judge.lies() == []
    refusal = shop.with_text(shop.maria, "Не отправлено")
    again = forged(shop, shop.maria, refusal.text, reply_to_message=refusal.wire["reply_to_message"])
    assert Kind.REFUSAL in await kinds(judge)
    for one in (again, refusal):
        shop.office.emulator.world.remove(one)
    assert await kinds(judge) == {Kind.REFUSAL}
    own.reactions.clear()
    assert await kinds(judge) == {Kind.TICK}


async def test_whoever_lost_the_right_may_hold_nothing_newer(shop: Shop, judge: Judge) -> None:
    await talk(shop)
    judge.right_ended(shop.team[1])
    assert await judge.lies() == []
    await shop.write(shop.anna, "Для своих")
    await shop.settle()
    assert await judge.lies() == []
    forged(shop, shop.team[1], "Анна · Telegram\nДля своих")
    assert Kind.NEWER in await kinds(judge)


async def test_a_reminder_is_said_once_and_only_while_it_is_so(shop: Shop, judge: Judge) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    await shop.settle()
    clock.shift(timedelta(minutes=16))
    shop.office.runner.wake()
    await shop.settle()
    assert await judge.lies() == []
    digest = shop.with_text(shop.maria, "никто не взял")
    again = forged(shop, shop.maria, digest.text)
    assert await kinds(judge) == {Kind.SAID_TWICE}
    shop.office.emulator.world.remove(again)
    digest.wire["text"] = digest.text.replace("никто не взял, ждёт с", "не прочитано с")
    assert await kinds(judge) == {Kind.REMINDER}
    shop.office.emulator.world.remove(digest)
    assert await kinds(judge) == {Kind.REMINDER}


async def test_a_line_under_an_answer_is_said_once(shop: Shop, judge: Judge) -> None:
    await talk(shop)
    shop.office.emulator.fault("reset_after", bot=shop.bot, method="sendMessage")
    shop.office.emulator.say(
        shop.office.account, shop.maria, "Слышите?", reply_to=shop.with_text(shop.maria, "И розы?").id
    )
    await shop.settle()
    assert await judge.lies() == []
    told = shop.with_text(shop.maria, "Возможен повтор")
    other = told.text.replace("Возможен повтор", "Возможно")
    for _ in range(2):
        forged(shop, shop.maria, other, reply_to_message=told.wire["reply_to_message"])
    assert await kinds(judge) == {Kind.SAID_TWICE}
