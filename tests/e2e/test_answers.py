"""What members type: whom it is for, what is asked first, what never leaves, and how dialogs end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.telegram.emulator import Message, Person, picture
from services import clock
from tests.e2e.conftest import Office

pytestmark = pytest.mark.judged

TOKEN = "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"


def keyboard(office: Office, member: Person) -> str | None:
    return office.telegram.chat(office.desk, member).input_placeholder


def pinned(office: Office, member: Person) -> list[str]:
    chat = office.telegram.chat(office.desk, member)
    return [chat.messages[number].text for number in chat.pinned]


def reactions(message: Message) -> str:
    return str(message.reactions)


async def written(office: Office, *names: str) -> list[Person]:
    """Customers with these names have written "вопрос от …"."""
    people = [office.customer(name) for name in names]
    for person in people:
        office.say(person, f"вопрос от {person.name}")
    for person in people:
        await office.until(
            lambda person=person: any(office.find(one, f"вопрос от {person.name}") for one in office.team)
        )
    return people


async def test_a_reply_to_a_card_takes_the_inquiry_and_answers(office: Office) -> None:
    olga, oleg = await office.company("Олег")
    (anna,) = await written(office, "Анна")
    card = await office.sees(oleg, "вопрос от Анна")
    other = await office.sees(olga, "вопрос от Анна")
    own = office.type(oleg, "здравствуйте", reply_to=card)
    await office.hears(anna, "здравствуйте")
    await office.until(lambda: "👌" in reactions(own))
    await office.until(lambda: "взял(а) Олег" in other.text)
    assert [one.text for one in office.answers(anna)] == ["здравствуйте"]


async def test_a_reply_quotes_the_message_it_answers(lite: Office) -> None:
    olga, _ = await lite.company("Олег")
    anna = lite.customer("Анна")
    first = lite.say(anna, "один")
    lite.say(anna, "два")
    await lite.take(olga, "Анна")
    await lite.sees(olga, "два")
    lite.type(olga, "про один", reply_to=next(one for one in lite.sent(olga) if "один" in one.text))
    answer = await lite.hears(anna, "про один")
    assert answer.reply_to in (first.id, None)


async def test_an_open_dialog_is_named_by_the_header_and_by_the_fields_hint(office: Office) -> None:
    _, oleg = await office.company("Олег")
    anna, boris = await written(office, "Анна", "Борис")
    await office.talk(oleg, "Анна")
    await office.until(lambda: keyboard(office, oleg) == "Ответ: Анна · Telegram")
    await office.until(lambda: "Отвечаете: Анна · Telegram" in "".join(pinned(office, oleg)))
    office.type(oleg, "раз")
    office.type(oleg, "два")
    await office.hears(anna, "два")
    assert [one.text for one in office.answers(anna)] == ["раз", "два"]
    await office.talk(oleg, "Борис")
    await office.until(lambda: keyboard(office, oleg) == "Ответ: Борис · Telegram")
    await office.until(lambda: len(pinned(office, oleg)) == 1 and "Борис" in pinned(office, oleg)[0])
    clock.shift(timedelta(seconds=20))
    office.type(oleg, "это Борису")
    await office.hears(boris, "это Борису")
    office.type(oleg, "Выйти")
    await office.until(lambda: keyboard(office, oleg) is None and not pinned(office, oleg))
    office.type(oleg, "в пустоту")
    await office.sees(oleg, "Кому это?")
    assert not [one for one in [*office.answers(anna), *office.answers(boris)] if "пустоту" in one.text]


async def test_text_without_a_dialog_is_asked_about_and_goes_where_the_button_says(office: Office) -> None:
    olga, _ = await office.company("Олег")
    anna, boris = await written(office, "Анна", "Борис")
    for name in ("Анна", "Борис"):
        await office.take(olga, name)
    office.type(olga, "/exit")
    await office.sees(olga, "Вы вышли из диалога")
    own = office.type(olga, "кому-то")
    question = await office.sees(olga, "Кому это?")
    assert question.reply_to == own.id
    assert {"Анна · Telegram", "Борис · Telegram", "Никому"} == set(question.labels())
    await office.press(question, "Борис · Telegram")
    await office.hears(boris, "кому-то")
    await office.until(lambda: "👌" in reactions(own))
    assert office.answers(anna) == []
    office.type(olga, "никому")
    question = await office.sees(olga, "Кому это?")
    await office.press(question, "Никому")
    await office.until(lambda: question.text == "Никому не отправлено.")


async def test_a_reply_beats_the_open_dialog_and_a_command_beats_both(office: Office) -> None:
    olga, _ = await office.company("Олег")
    anna, boris = await written(office, "Анна", "Борис")
    copy = await office.take(olga, "Анна")
    await office.talk(olga, "Борис")
    office.type(olga, "это Анне", reply_to=copy)
    await office.hears(anna, "это Анне")
    office.type(olga, "/help", reply_to=copy)
    await office.sees(olga, "Отвечаете")
    office.type(olga, "/nosuchcommand и слова", reply_to=copy)
    await office.sees(olga, "Команды /nosuchcommand нет")
    office.type(olga, "/nosuchcommand")
    clock.shift(timedelta(seconds=20))
    office.type(olga, "это Борису")
    await office.hears(boris, "это Борису")
    told = [one.text for one in [*office.answers(anna), *office.answers(boris)]]
    assert sorted(told) == ["это Анне", "это Борису"]


async def test_a_wizard_that_waits_for_words_gets_them_before_the_open_dialog(lite: Office) -> None:
    olga, _ = await lite.company("Олег")
    (anna,) = await written(lite, "Анна")
    card = await lite.talk(olga, "Анна")
    lite.type(olga, "/profile")
    menu = await lite.sees(olga, "Новые обращения")
    await lite.press(menu, "Изменить имя")
    await lite.sees(olga, "Как вас видят коллеги?")
    lite.type(olga, "Ольга Петровна")
    await lite.sees(olga, "Ольга Петровна")
    lite.type(olga, "а это ответ", reply_to=card)
    await lite.hears(anna, "а это ответ")
    assert [one.text for one in lite.answers(anna)] == ["а это ответ"]


async def test_words_typed_as_another_customer_appears_are_held_until_a_button_says_whose(office: Office) -> None:
    olga, _ = await office.company("Олег")
    (anna,) = await written(office, "Анна")
    await office.talk(olga, "Анна")
    office.type(olga, "раз")
    await office.hears(anna, "раз")
    (boris,) = await written(office, "Борис")
    await office.sees(olga, "вопрос от Борис")
    own = office.type(olga, "адрес такой-то")
    question = await office.sees(olga, "пришло сообщение от другого клиента")
    assert question.labels()[:2] == ["Анна · Telegram", "Борис · Telegram"]
    await office.press(question, "Борис · Telegram")
    await office.hears(boris, "адрес такой-то")
    await office.until(lambda: "👌" in reactions(own))
    clock.shift(timedelta(seconds=20))
    office.type(olga, "два")
    await office.hears(anna, "два")
    assert [one.text for one in office.answers(anna)] == ["раз", "два"]


async def test_what_looks_like_a_key_goes_to_nobody_and_disappears(office: Office) -> None:
    olga, _ = await office.company("Олег")
    (anna,) = await written(office, "Анна")
    card = await office.talk(olga, "Анна")
    for reply_to in (None, card):
        typed = office.type(olga, f"вот {TOKEN}", reply_to=reply_to)
        await office.until(lambda typed=typed: typed.id not in typed.chat.messages)
    await office.sees(olga, "Это похоже на секретный ключ")
    office.type(olga, "после")
    await office.hears(anna, "после")
    assert [one.text for one in office.answers(anna)] == ["после"]


async def test_answering_a_colleagues_customer_asks_first_and_both_see_both(office: Office) -> None:
    olga, oleg = await office.company("Олег")
    (anna,) = await written(office, "Анна")
    hers = await office.sees(olga, "вопрос от Анна")
    await office.take(oleg, "Анна")
    await office.until(lambda: "взял(а) Олег" in hers.text)
    office.type(olga, "и я скажу", reply_to=hers)
    question = await office.sees(olga, "общается Олег. Всё равно отправить")
    assert office.answers(anna) == []
    await office.press(question, "Да, отправить")
    await office.hears(anna, "и я скажу")
    copy = await office.sees(oleg, "и я скажу")
    assert "Ольга → Анна" in copy.text
    office.type(oleg, "а я добавлю", reply_to=copy)
    await office.hears(anna, "а я добавлю")
    assert "Олег → Анна" in (await office.sees(olga, "а я добавлю")).text
    office.say(anna, "спасибо обоим")
    for member in (olga, oleg):
        await office.sees(member, "спасибо обоим")


async def test_done_ends_the_dialog_everywhere(office: Office) -> None:
    olga, oleg = await office.company("Олег")
    (anna,) = await written(office, "Анна")
    card = await office.talk(oleg, "Анна")
    office.type(oleg, "✓ Готово")
    await office.until(lambda: "готово" in card.text)
    await office.until(lambda: not pinned(office, oleg) and keyboard(office, oleg) is None)
    other = office.find(olga, "вопрос от Анна")
    assert other is not None
    await office.until(lambda: other.labels() == ["Написать", "Карточка"])
    office.type(oleg, "никому")
    await office.sees(oleg, "никому не отправлено")
    assert office.answers(anna) == []


async def test_a_reply_to_a_copy_of_a_done_inquiry_opens_a_new_one_of_the_writer(office: Office) -> None:
    olga, oleg = await office.company("Олег")
    (anna,) = await written(office, "Анна")
    card = await office.take(oleg, "Анна")
    await office.press(card, "Готово")
    old = office.find(olga, "вопрос от Анна")
    assert old is not None
    await office.until(lambda: "готово" in old.text)
    office.type(olga, "ещё одно", reply_to=old)
    await office.hears(anna, "ещё одно")
    await office.sees(olga, "Открыто обращение №2")
    office.say(anna, "да?")
    await office.sees(olga, "да?")
    assert office.find(oleg, "да?") is None


async def test_write_on_a_done_card_goes_on_with_the_first_words(lite: Office) -> None:
    olga, _ = await lite.company("Олег")
    (anna,) = await written(lite, "Анна")
    card = await lite.take(olga, "Анна")
    await lite.press(card, "Готово")
    await lite.until(lambda: "Написать" in card.labels())
    await lite.press(card, "Написать")
    await lite.sees(olga, "Отвечаете: Анна")
    lite.type(olga, "это снова мы")
    await lite.hears(anna, "это снова мы")
    await lite.sees(olga, "Открыто обращение №2")
    lite.type(olga, "и ещё")
    await lite.hears(anna, "и ещё")


async def test_formatting_and_long_texts_reach_the_customer(lite: Office) -> None:
    olga, _ = await lite.company("Олег")
    (anna,) = await written(lite, "Анна")
    card = await lite.take(olga, "Анна")
    lite.telegram.say(
        lite.desk, olga, "жирно <b>", reply_to=card, entities=[{"type": "bold", "offset": 0, "length": 5}]
    )
    answer = await lite.hears(anna, "жирно <b>")
    assert answer.entities == [{"type": "bold", "offset": 0, "length": 5}]


async def test_misspelled_commands_and_those_for_other_bots_never_reach_a_customer(lite: Office) -> None:
    olga, _ = await lite.company("Олег")
    anna = lite.customer("Анна")
    lite.say(anna, "вопрос")
    card = await lite.talk(olga, "Анна")
    for words in ("/отправить", "/send now", "/start@other_bot", "/Delete", "/done", "/"):
        lite.type(olga, words)
        lite.type(olga, words, reply_to=card)
    lite.type(olga, "последнее")
    await lite.hears(anna, "последнее")
    lite.telegram.send_media(lite.desk, olga, "photo", picture(), caption="/send")
    await lite.sees(olga, "Команды /send нет")
    lite.type(olga, "дробь 1/2 и / сама по себе")
    await lite.hears(anna, "дробь 1/2")
    told = [one.text for one in lite.answers(anna)]
    assert told == ["/", "/", "последнее", "дробь 1/2 и / сама по себе"]


async def test_every_button_in_a_members_chat_is_answered(lite: Office) -> None:
    olga, _ = await lite.company("Олег")
    anna = lite.customer("Анна")
    lite.say(anna, "вопрос")
    await lite.take(olga, "Анна")
    for command in ("/menu", "/inbox", "/team", "/project", "/profile", "/channels", "/connect", "/help"):
        lite.type(olga, command)
    await lite.until(lambda: not lite.desk.pending)
    await lite.sees(olga, "Общение")
    for message in list(lite.sent(olga)):
        for row, buttons in enumerate(message.buttons):
            for column, button in enumerate(buttons):
                if "callback_data" not in button:
                    continue
                if row < len(message.buttons) and column < len(message.buttons[row]):
                    answer = await lite.telegram.press(message, (row, column), timeout=5)
                    assert answer is not None, (message.text, button)
