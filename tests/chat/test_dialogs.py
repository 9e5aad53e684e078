"""What members type reaches the right customer or nobody: the whole desk, from phone to phone."""

from __future__ import annotations

from datetime import timedelta
from types import ModuleType

import pytest

from adapters.telegram.emulator import Message, picture
from tests.chat.office import Office
from tests.chat.shop import Shop, opened_shop


@pytest.fixture
async def shop(office: Office) -> Shop:
    return await opened_shop(office, "Мария")


async def taken(shop: Shop, text: str = "Есть пионы?") -> Message:
    """Анна's inquiry, taken by Мария; its card."""
    await shop.write(shop.anna, text)
    await shop.office.press(shop.maria, "Взять", shop.with_text(shop.maria, text))
    await shop.settle()
    return shop.with_text(shop.maria, text)


async def opened(shop: Shop) -> Message:
    """The same: taking opens the dialog, and the header says so."""
    card = await taken(shop)
    assert shop.office.chat(shop.maria).pinned != []
    return card


async def left(shop: Shop) -> Message:
    """The same with the dialog left again."""
    card = await taken(shop)
    await shop.office.say(shop.maria, "/exit")
    return card


# Whom it is for


async def test_whoever_takes_it_gets_the_rest_in_full_and_the_first_message_once(shop: Shop) -> None:
    for text in ("Есть пионы?", "И розы?", "Алло"):
        await shop.write(shop.anna, text)
    await shop.settle()
    card = shop.with_text(shop.maria, "Есть пионы?")
    assert card.text.endswith("и ещё 2 сообщения, последнее: Алло")
    assert await shop.office.press(shop.maria, "Взять", card) == "Обращение №1 ваше."
    await shop.settle()
    assert card.labels() == ["Ответить", "Готово", "Вернуть в новые", "Карточка"]
    texts = [one.text for one in shop.office.chat(shop.maria).sent() if "Анна" in one.text]
    texts.remove("Отвечаете: Анна · Telegram · №1")
    assert texts == [card.text, "Анна · Telegram\nИ розы?", "Анна · Telegram\nАлло"]
    assert shop.with_text(shop.oleg, "Есть пионы?").text.startswith("Обращение №1 · взял(а) Мария")
    await shop.write(shop.anna, "Вы тут?")
    assert shop.has(shop.maria, "Вы тут?")
    assert not shop.has(shop.oleg, "Вы тут?")


async def test_a_reply_to_a_card_takes_the_inquiry_and_answers(shop: Shop) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    await shop.office.say(shop.maria, "Да, есть", reply_to=shop.with_text(shop.maria, "Есть пионы?"))
    await shop.settle()
    assert shop.heard(shop.anna) == ["Да, есть"]
    own = next(one for one in shop.office.chat(shop.maria) if one.text == "Да, есть")
    assert own.reactions == {"bot": "👌"}
    assert "взял(а) Мария" in shop.with_text(shop.oleg, "Есть пионы?").text


async def test_what_is_typed_in_an_open_dialog_goes_there_until_it_is_left(shop: Shop) -> None:
    await opened(shop)
    chat = shop.office.chat(shop.maria)
    assert shop.with_text(shop.maria, "Отвечаете:").id in chat.pinned
    assert chat.input_placeholder == "Ответ: Анна · Telegram"
    assert not any(one.service for one in chat)
    await shop.office.say(shop.maria, "Да, есть")
    await shop.office.say(shop.maria, "Выйти")
    await shop.settle()
    assert (chat.pinned, chat.reply_keyboard) == ([], None)
    await shop.office.say(shop.maria, "Это я себе")
    await shop.settle()
    assert shop.heard(shop.anna) == ["Да, есть"]
    assert shop.with_text(shop.maria, "Кому это?").labels() == ["Анна · Telegram", "Никому"]


async def test_exit_is_a_command_too_and_twice_does_no_harm(shop: Shop) -> None:
    await opened(shop)
    await shop.office.say(shop.maria, "/exit")
    assert (await shop.office.say(shop.maria, "/exit")).text == "Диалог не открыт."


async def test_nothing_typed_without_a_dialog_goes_anywhere_before_it_is_said_to_whom(shop: Shop) -> None:
    await taken(shop)
    await shop.write(shop.boris, "А тюльпаны?")
    await shop.office.press(shop.maria, "Взять", shop.with_text(shop.maria, "тюльпаны"))
    await shop.office.say(shop.maria, "/exit")
    await shop.office.say(shop.maria, "Да, есть")
    question = shop.with_text(shop.maria, "Кому это?")
    assert question.labels() == ["Борис · Telegram", "Анна · Telegram", "Никому"]
    assert await shop.office.press(shop.maria, "Анна", question) == "Отправляю: Анна · Telegram"
    await shop.settle()
    assert (shop.heard(shop.anna), shop.heard(shop.boris)) == (["Да, есть"], [])
    assert question.id not in shop.office.chat(shop.maria).messages


async def test_whoever_is_taken_is_answered_whatever_dialog_was_open(shop: Shop) -> None:
    await opened(shop)
    await shop.write(shop.boris, "А тюльпаны?")
    await shop.office.press(shop.maria, "Взять", shop.with_text(shop.maria, "тюльпаны"))
    await shop.settle()
    [header] = shop.office.chat(shop.maria).pinned
    assert "Борис" in shop.office.chat(shop.maria).messages[header].text
    await shop.office.say(shop.maria, "Есть и тюльпаны")
    await shop.settle()
    assert (shop.heard(shop.anna), shop.heard(shop.boris)) == ([], ["Есть и тюльпаны"])


async def test_who_set_otherwise_stays_in_the_dialog_and_the_next_words_are_asked_about(
    shop: Shop, clock: ModuleType
) -> None:
    await shop.office.say(shop.maria, "/profile")
    assert "«Взять»: открывает диалог" in shop.office.menu(shop.maria).text
    await shop.office.press(shop.maria, "«Взять» не трогает диалог")
    assert "«Взять»: не трогает открытый диалог" in shop.office.menu(shop.maria).text
    await shop.office.say(shop.maria, "/cancel")
    card = await taken(shop)
    assert shop.office.chat(shop.maria).pinned == []
    await shop.office.press(shop.maria, "Ответить", card)
    await shop.write(shop.boris, "А тюльпаны?")
    await shop.office.press(shop.maria, "Взять", shop.with_text(shop.maria, "тюльпаны"))
    clock.shift(timedelta(minutes=1))
    await shop.office.say(shop.maria, "Есть и тюльпаны")
    question = shop.with_text(shop.maria, "взяли другого клиента")
    assert question.labels() == ["Борис · Telegram", "Анна · Telegram", "Никому"]
    await shop.office.press(shop.maria, "Борис", question)
    await shop.office.say(shop.maria, "А пионы белые")
    await shop.settle()
    assert (shop.heard(shop.anna), shop.heard(shop.boris)) == (["А пионы белые"], ["Есть и тюльпаны"])


async def test_to_nobody(shop: Shop) -> None:
    await left(shop)
    await shop.office.say(shop.maria, "Да, есть")
    question = shop.with_text(shop.maria, "Кому это?")
    await shop.office.press(shop.maria, "Никому", question)
    await shop.settle()
    assert question.text == "Никому не отправлено."
    assert question.labels() == []
    assert shop.heard(shop.anna) == []


async def test_whoever_has_no_dialogs_is_told_where_to_find_one(shop: Shop) -> None:
    told = await shop.office.say(shop.maria, "Да, есть")
    assert "никому не отправлено" in told.text
    await shop.office.press(shop.maria, "Общение", told)
    assert "нет открытых диалогов" in told.text


async def test_another_customer_in_between_makes_the_desk_ask(shop: Shop) -> None:
    await opened(shop)
    await shop.office.say(shop.maria, "Минуту")
    await shop.write(shop.boris, "А тюльпаны?")
    await shop.office.say(shop.maria, "По 200")
    question = shop.with_text(shop.maria, "другого клиента")
    assert question.labels() == ["Анна · Telegram", "Борис · Telegram", "Никому"]
    await shop.office.press(shop.maria, "Анна", question)
    await shop.settle()
    assert shop.heard(shop.anna) == ["Минуту", "По 200"]


async def test_somebody_elses_dialog_is_entered_only_after_a_yes(shop: Shop) -> None:
    await taken(shop)
    await shop.office.say(shop.oleg, "Привет от хозяина", reply_to=shop.with_text(shop.oleg, "Есть пионы?"))
    question = shop.with_text(shop.oleg, "Всё равно")
    assert question.text == "С клиентом Анна · Telegram общается Мария. Всё равно отправить ваше сообщение?"
    assert shop.heard(shop.anna) == []
    await shop.office.press(shop.oleg, "Да, отправить", question)
    await shop.settle()
    assert shop.heard(shop.anna) == ["Привет от хозяина"]
    assert shop.has(shop.maria, "Олег → Анна · Telegram\nПривет от хозяина")


async def test_a_reply_to_what_is_nobodys_message_is_asked_about(shop: Shop) -> None:
    await taken(shop)
    await shop.office.say(shop.maria, "Да, есть", reply_to=shop.office.chat(shop.maria).sent()[0])
    assert shop.with_text(shop.maria, "Не знаю, о каком клиенте").labels() == ["Анна · Telegram", "Никому"]


async def test_a_reply_goes_to_the_customer_although_a_wizard_waits_for_text(shop: Shop) -> None:
    card = await taken(shop)
    await shop.office.say(shop.oleg, "/profile")
    await shop.office.say(shop.maria, "/profile")
    await shop.office.press(shop.maria, "имя")
    await shop.office.say(shop.maria, "Да, есть", reply_to=card)
    await shop.settle()
    assert shop.heard(shop.anna) == ["Да, есть"]
    await shop.office.say(shop.maria, "Маша")
    await shop.settle()
    assert shop.heard(shop.anna) == ["Да, есть"]


async def test_a_key_is_deleted_and_sent_to_nobody(shop: Shop) -> None:
    await opened(shop)
    key = f"123456789:{'A' * 35}"
    await shop.office.say(shop.maria, key)
    await shop.settle()
    assert shop.heard(shop.anna) == []
    assert not any(key in one.text for one in shop.office.chat(shop.maria))
    assert shop.has(shop.maria, "похоже на секретный ключ")


# What can be sent


@pytest.mark.parametrize("kind", ["photo", "video", "voice", "audio", "video_note", "document", "animation"])
async def test_every_kind_of_medium_reaches_the_customer(shop: Shop, kind: str) -> None:
    await opened(shop)
    data = {"photo": picture(), "voice": b"OggS" + bytes(24) + b"OpusHead"}.get(kind, b"medium")
    shop.office.emulator.send_media(shop.office.account, shop.maria, kind, data, duration=3)
    await shop.settle()
    assert [kind in one.wire for one in shop.got(shop.anna)] == [True]


async def test_stickers_places_and_contacts_reach_the_customer(shop: Shop) -> None:
    await opened(shop)
    bot, emulator = shop.office.account, shop.office.emulator
    emulator.send_sticker(bot, shop.maria)
    await shop.settle()
    emulator.send_location(bot, shop.maria, 55.7, 37.6, title="Лавка", address="Ленина, 1")
    emulator.send_contact(bot, shop.maria, "Мария", "+79001234567")
    await shop.settle()
    found = shop.got(shop.anna)
    assert [next(k for k in ("sticker", "venue", "contact") if k in one.wire) for one in found] == [
        "sticker", "venue", "contact",
    ]  # fmt: skip


async def test_an_album_arrives_as_one(shop: Shop) -> None:
    await opened(shop)
    items = [("photo", picture()), ("photo", picture(colour="#ff0000"))]
    shop.office.emulator.send_album(shop.office.account, shop.maria, items, caption="Букеты")
    await shop.settle()
    first, second = shop.got(shop.anna)
    assert first.group == second.group is not None
    assert first.text == "Букеты"


async def test_an_album_without_a_dialog_is_asked_about_once(shop: Shop) -> None:
    await left(shop)
    items = [("photo", picture()), ("photo", picture(colour="#ff0000"))]
    shop.office.emulator.send_album(shop.office.account, shop.maria, items)
    await shop.settle()
    questions = [one for one in shop.office.chat(shop.maria).sent() if "Кому это?" in one.text]
    assert len(questions) == 1
    await shop.office.press(shop.maria, "Анна", questions[0])
    await shop.settle()
    assert len(shop.got(shop.anna)) == 2


async def test_formatting_survives(shop: Shop) -> None:
    await opened(shop)
    await shop.office.say(shop.maria, "😀 Да <b>", entities=[{"type": "bold", "offset": 3, "length": 2}])
    await shop.settle()
    (one,) = shop.got(shop.anna)
    assert one.text == "😀 Да <b>"
    assert one.entities == [{"type": "bold", "offset": 3, "length": 2}]


async def test_what_no_messenger_carries_is_named(shop: Shop) -> None:
    await opened(shop)
    shop.office.emulator.send_poll(shop.office.account, shop.maria, "Кто?", ["Я", "Ты"])
    await shop.settle()
    assert shop.office.last(shop.maria).text.startswith("Опрос: такое клиенту не передать.")
    assert shop.got(shop.anna) == []


async def test_a_file_that_telegram_does_not_hand_over_is_refused_at_once(shop: Shop) -> None:
    await opened(shop)
    file = {"file_id": "BQAC", "file_unique_id": "x", "file_size": 21 * 1024 * 1024, "file_name": "кино.mkv"}
    shop.office.emulator.send_content(shop.office.account, shop.maria, {"document": file})
    await shop.settle()
    assert "больше 20 МБ" in shop.office.last(shop.maria).text


# What comes back


async def test_refusals_come_under_the_answer_and_can_be_tried_again(shop: Shop) -> None:
    await opened(shop)
    shop.office.emulator.block(shop.bot, shop.anna)
    await shop.rest()
    await shop.office.say(shop.maria, "Да, есть")
    await shop.settle()
    own = next(one for one in shop.office.chat(shop.maria) if one.text == "Да, есть")
    refusal = shop.with_text(shop.maria, "Не отправлено")
    assert own.reactions == {"bot": "👎"}
    assert refusal.reply_to == own.id
    shop.office.emulator.block(shop.bot, shop.anna, False)
    await shop.rest()
    assert await shop.office.press(shop.maria, "Повторить", refusal) == "Отправляю ещё раз."
    await shop.settle()
    assert shop.heard(shop.anna) == ["Да, есть"]
    assert own.reactions == {"bot": "👌"}
    assert refusal.id not in shop.office.chat(shop.maria).messages


async def test_media_of_a_customer_comes_in_full(shop: Shop) -> None:
    await taken(shop)
    await shop.send(shop.anna, "photo", picture(), caption="Вот такие")
    await shop.send(shop.anna, "voice", b"OggS", duration=2)
    shop.office.emulator.send_sticker(shop.bot, shop.anna)
    shop.office.emulator.send_album(shop.bot, shop.anna, [("photo", picture()), ("photo", picture())], caption="Ещё")
    await shop.settle()
    seen = [one for one in shop.office.chat(shop.maria).sent() if {"photo", "voice", "sticker"} & set(one.wire)]
    kinds = [next(kind for kind in ("photo", "voice", "sticker") if kind in one.wire) for one in seen]
    assert sorted(kinds) == ["photo", "photo", "photo", "sticker", "voice"]
    assert seen[0].text == "Анна · Telegram\nВот такие"


async def test_a_customers_edit_and_reaction_show(shop: Shop) -> None:
    card = await opened(shop)
    said = await shop.write(shop.anna, "Две штуки")
    shop.office.emulator.edit(said, "Три штуки")
    await shop.settle()
    assert shop.has(shop.maria, "Анна · Telegram · изменено\nТри штуки")
    await shop.office.say(shop.maria, "Да, есть")
    await shop.settle()
    shop.office.emulator.react(shop.got(shop.anna)[0], "❤")
    await shop.settle()
    assert shop.office.last(shop.maria).text == "Анна: ❤"
    assert card.text.endswith("Есть пионы?")


async def test_an_edit_of_the_first_message_shows_on_its_card(shop: Shop) -> None:
    said = await shop.write(shop.anna, "Есть пиноы?")
    shop.office.emulator.edit(said, "Есть пионы?")
    await shop.settle()
    assert shop.has(shop.maria, "Есть пионы?")


# Second thoughts


async def own_answer(shop: Shop, text: str = "По 200") -> Message:
    await shop.office.say(shop.maria, text)
    await shop.settle()
    return next(one for one in shop.office.chat(shop.maria) if one.text == text)


async def test_an_edit_reaches_the_customer(shop: Shop) -> None:
    await opened(shop)
    own = await own_answer(shop)
    shop.office.emulator.edit(own, "По 250")
    await shop.settle()
    assert shop.heard(shop.anna) == ["По 250"]


async def test_delete_takes_an_answer_back(shop: Shop) -> None:
    await opened(shop)
    own = await own_answer(shop)
    await shop.office.say(shop.maria, "/delete", reply_to=own)
    await shop.settle()
    assert shop.got(shop.anna) == []
    assert "Удаляю" in shop.office.last(shop.maria).text


async def test_delete_of_nothing_says_how_it_works(shop: Shop) -> None:
    await opened(shop)
    assert "/delete" in (await shop.office.say(shop.maria, "/delete")).text


async def test_done_on_the_keyboard_closes_the_inquiry_and_the_bare_word_is_an_answer(shop: Shop) -> None:
    await opened(shop)
    await shop.office.say(shop.maria, "Готово")
    await shop.office.say(shop.maria, "✓ Готово")
    await shop.settle()
    assert shop.heard(shop.anna) == ["Готово"]
    assert shop.has(shop.maria, "Обращение №1 закрыто. Анна · Telegram")
    assert shop.office.chat(shop.maria).pinned == []


async def test_writing_to_a_customer_whose_inquiry_is_done_opens_a_new_one(shop: Shop) -> None:
    card = await opened(shop)
    await shop.office.press(shop.maria, "Готово", card)
    await shop.settle()
    await shop.office.press(shop.maria, "Написать", card)
    await shop.settle()
    await shop.office.say(shop.maria, "Ваш букет готов")
    await shop.settle()
    assert shop.heard(shop.anna) == ["Ваш букет готов"]
    assert shop.has(shop.maria, "Открыто обращение №2.")
    await shop.office.say(shop.maria, "Ждём вас")
    await shop.settle()
    assert shop.heard(shop.anna) == ["Ваш букет готов", "Ждём вас"]


async def test_media_that_comes_late_completes_its_placeholder(shop: Shop, clock: ModuleType) -> None:
    await opened(shop)
    shop.office.emulator.fault("500", method="getFile", bot=shop.bot, times=None)
    shop.office.emulator.send_media(shop.bot, shop.anna, "photo", picture(), caption="Вот такие")
    await shop.rest()
    clock.shift(timedelta(seconds=21))
    await shop.office.emulator.wait_for(lambda: shop.has(shop.maria, "Фото: загружается…\nВот такие"))
    await shop.rest()
    placeholder = shop.with_text(shop.maria, "Вот такие")
    shop.office.emulator.world.faults.clear()
    clock.shift(timedelta(minutes=10))
    await shop.settle()
    assert placeholder.text == "Анна · Telegram\nВот такие"
    photo = next(one for one in shop.office.chat(shop.maria).sent() if "photo" in one.wire)
    assert (photo.text, photo.reply_to) == ("Анна · Telegram", placeholder.id)


async def test_words_typed_under_a_header_that_is_behind_are_asked_about(shop: Shop, clock: ModuleType) -> None:
    await opened(shop)
    await shop.write(shop.boris, "А розы?")
    await shop.settle()
    clock.shift(timedelta(seconds=30))
    desk = shop.office.account
    shop.office.emulator.fault("429", bot=desk, person=shop.maria, method="sendMessage", retry_after=30)
    await shop.office.press(shop.maria, "Взять", shop.with_text(shop.maria, "А розы?"))
    await shop.office.emulator.wait_for(lambda: not shop.office.emulator.world.faults.orders, 10)
    shop.office.emulator.say(desk, shop.maria, "Да, есть")
    await shop.office.emulator.wait_for(lambda: "Закреплённая строка" in shop.office.last(shop.maria).text, 10)
    assert shop.heard(shop.boris) == []
    assert shop.heard(shop.anna) == []
