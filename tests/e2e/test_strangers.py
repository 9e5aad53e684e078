"""Whoever has no business with something gets nothing of it: other projects, people who left, buttons of long ago."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from adapters.telegram.emulator import Message, Person
from handlers.chat.buttons import Act, ChannelPress, HeldPress, InquiryPress, InsistPress, MessagePress, TabPress
from models.enums import Role
from services import clock
from services.conversations import Tab
from services.sql import fetch
from services.team import Team
from tests.e2e.conftest import Office

KEPT = {
    "inquiries": "*",
    "inquiry_members": "*",
    "messages": "*",
    "message_parts": "*",
    "operator_copies": "*",
    "held": "*",
    "contacts": "*",
    "identities": "*",
    "channels": "id, project_id, state, trouble, credentials",
    "members": "*",
    "invitations": "*",
    "people": "id, dialog_id, current_project_id, reachable",
    "projects": "*",
}
TOKEN = "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"
MARK = 1234567
BROKEN = "Что-то пошло не так"


async def standing() -> dict[str, list[Any]]:
    """Everything that a press could have changed, once what was under way has come to its end."""
    async with asyncio.timeout(15):
        while True:
            if not await number("jobs", "state = 'running' OR state = 'queued' AND run_at <= ?", clock.now()):
                break
            await asyncio.sleep(0.01)
    return {
        table: sorted(str(dict(row)) for row in await fetch(f"SELECT {columns} FROM {table}"))
        for table, columns in KEPT.items()
    }


async def only(query: str, *values: Any) -> int:
    [row] = await fetch(query, *values)
    return int(next(iter(row.values())))


async def number(table: str, condition: str = "1 = 1", *values: Any) -> int:
    return await only(f"SELECT COUNT(*) FROM {table} WHERE {condition}", *values)


async def told(office: Office, under: Message, data: str) -> str:
    """What a forged or old press is answered with: always a sentence, and never that something broke."""
    answer = await office.telegram.press_data(under, data)
    assert answer is not None, data
    assert BROKEN not in answer["text"], data
    return str(answer["text"])


async def two_projects(office: Office) -> tuple[list[Person], Person, Message]:
    """Ольга's company with a customer in dialog and a held answer; Вера with a channel of her own, and her menu."""
    team = await office.company("Олег")
    anna = office.customer("Анна")
    office.say(anna, "тайна Анны")
    await office.talk(team[0], "Анна")
    office.type(team[0], "ответ Анне")
    await office.hears(anna, "ответ Анне")
    boris = office.customer("Борис")
    office.say(boris, "дело Бориса")
    await office.sees(team[1], "дело Бориса")
    office.type(team[1], "кому это?")
    await office.sees(team[1], "никому не отправлено")
    ours = office.shop
    vera = await office.owner("Вера")
    await office.connect(vera, "bakery_bot")
    office.shop = ours
    return team, vera, office.sent(vera)[-1]


def everything(inquiry: int, held: int, message: int, channel: int, project: int) -> list[str]:
    """Every button there is, about these."""
    packed = [InquiryPress(act=act, id=inquiry).pack() for act in Act]
    packed += [HeldPress(held=held, inquiry=inquiry).pack(), HeldPress(held=held, inquiry=0).pack()]
    packed += [InsistPress(held=held, inquiry=inquiry).pack()]
    packed += [MessagePress(act=act, id=message).pack() for act in ("retry", "delete")]
    packed += [ChannelPress(act=act, id=channel).pack() for act in ("card", "check", "token", "whatever")]
    packed += [TabPress(project=project, tab=tab, page=page).pack() for tab in Tab for page in (0, -1, 7)]
    return packed


async def test_forged_buttons_of_another_project_show_and_change_nothing(office: Office) -> None:
    team, vera, under = await two_projects(office)
    held = await only("SELECT id FROM held")
    project = (await office.place(team[0]))[1]
    message = await only("SELECT id FROM messages WHERE direction = 'out'")
    channel = await only(f"SELECT id FROM channels WHERE project_id = {project}")
    inquiries = [row["id"] for row in await fetch("SELECT id FROM inquiries ORDER BY id")]
    before = await standing()
    for inquiry in inquiries:
        for data in everything(inquiry, held, message, channel, project):
            assert await told(office, under, data), data
    assert await standing() == before
    seen = " ".join(one.text for one in office.sent(vera))
    assert not any(secret in seen for secret in ("Анна", "Борис", "тайна", "дело", "coffee_bot", "Кофейня"))


async def test_forged_numbers_that_nothing_has_are_answered(office: Office) -> None:
    _, vera, under = await two_projects(office)
    before = await standing()
    for odd in (0, 2**31, 2**63):
        for data in everything(*[MARK] * 5):
            forged = data.replace(str(MARK), str(odd))
            assert await told(office, under, forged), forged
    for data in ("", "q", "q:take", "q:take:x", "q:fly:1", "t:1:nowhere:0", "h:1", "c:card:", "zzz", "🙂"):
        assert await told(office, under, data) or data == "", data
    assert await standing() == before
    assert await number("control_updates", "state = 'failed'") == 0
    assert office.find(vera, BROKEN) is None


async def test_a_reply_to_the_number_of_somebody_elses_message_reaches_nobody(office: Office) -> None:
    team, vera, _ = await two_projects(office)
    answers = await number("messages", "direction = 'out'")
    copies = [row["telegram_id"] for row in await fetch("SELECT telegram_id FROM operator_copies")]
    own = office.sent(vera)[-1]
    for telegram_id in copies:
        forged = dict(own.wire) | {"message_id": telegram_id}
        office.telegram.send_content(
            office.desk, vera, {"text": f"подслушано {telegram_id}", "reply_to_message": forged}
        )
    await office.until(lambda: len(office.holding(vera, "никому не отправлено")) == len(copies))
    assert await number("messages", "direction = 'out'") == answers
    assert not any("подслушано" in one.text for member in team for one in office.sent(member))


async def test_old_buttons_of_a_member_who_was_removed_do_nothing(office: Office) -> None:
    olga, oleg = await office.company("Олег")
    anna = office.customer("Анна")
    office.say(anna, "вопрос")
    card = await office.talk(oleg, "Анна")
    office.type(oleg, "отвечаю")
    await office.hears(anna, "отвечаю")
    owner_id, project_id = await office.place(olga)
    member = await only("SELECT id FROM members WHERE name = 'Олег'")
    await Team().remove(owner_id, project_id, member)
    await office.until(lambda: office.card(olga, "Анна"))
    await office.until(lambda: card.id not in office.telegram.chat(office.desk, oleg).messages)
    under = office.sent(oleg)[-1]
    inquiry, message, channel = 1, await only("SELECT id FROM messages WHERE direction = 'out'"), 1
    before = await standing()
    for data in everything(inquiry, 1, message, channel, project_id):
        # Whoever is in no project any more is answered now and then.
        clock.shift(timedelta(seconds=2))
        assert await told(office, under, data), data
    assert await standing() == before
    clock.shift(timedelta(minutes=1))
    reply = {"reply_to_message": dict(card.wire)}
    office.telegram.send_content(office.desk, oleg, {"text": "а я ещё тут"} | reply)
    office.type(oleg, "и тут")
    office.say(anna, "кто-нибудь?")
    await office.until(lambda: "кто-нибудь?" in str(office.card(olga, "Анна").text))
    assert [one.text for one in office.answers(anna)] == ["отвечаю"]
    assert office.find(oleg, "кто-нибудь?") is None


async def test_old_buttons_of_what_is_done_or_taken_answer_and_change_nothing(office: Office) -> None:
    olga, oleg = await office.company("Олег")
    anna, boris = office.customer("Анна"), office.customer("Борис")
    office.say(anna, "вопрос Анны")
    office.say(boris, "вопрос Бориса")
    taken = await office.take(olga, "Анна")
    theirs = await office.sees(oleg, "вопрос Анны")
    await office.until(lambda: "взял(а) Ольга" in theirs.text)
    before = await standing()
    spam = (Act.SPAM, Act.SPAM_SURE, Act.BLOCK, Act.BLOCK_SURE)
    for act in (Act.TAKE, Act.REPLY, Act.WRITE, Act.DONE, Act.BACK, *spam):
        assert "Ольга" in await told(office, theirs, InquiryPress(act=act, id=1).pack()), act
    assert await standing() == before
    await office.press(taken, "Готово")
    await office.until(lambda: "готово" in taken.text and "готово" in theirs.text)
    before = await standing()
    for act in (Act.TAKE, Act.DONE, Act.BACK):
        for card in (taken, theirs):
            assert await told(office, card, InquiryPress(act=act, id=1).pack()), act
    assert await standing() == before


async def test_what_was_settled_is_not_settled_again(office: Office) -> None:
    olga, _ = await office.company("Олег")
    anna = office.customer("Анна")
    office.say(anna, "вопрос")
    await office.take(olga, "Анна")
    office.type(olga, "/exit")
    await office.sees(olga, "Вы вышли из диалога")
    own = office.type(olga, "одному из вас")
    question = await office.sees(olga, "Кому это?")
    yes, no = (question.buttons[row][0]["callback_data"] for row in (0, -1))
    await told(office, question, yes)
    await office.hears(anna, "одному из вас")
    await office.until(lambda: "👌" in str(own.reactions))
    before = await standing()
    assert "уже всё решено" in await told(office, question, yes)
    assert "уже всё решено" in await told(office, question, no)
    assert await standing() == before
    assert office.find(olga, "Никому не отправлено") is None


async def test_a_used_or_revoked_invitation_lets_nobody_in(office: Office) -> None:
    (olga,) = await office.company()
    owner_id, project_id = await office.place(olga)
    used = await Team().invite(owner_id, project_id, Role.MANAGER)
    office.telegram.start(office.desk, office.telegram.person("Олег", staff=True), used.start)
    await office.until(lambda: office.find(olga, "Олег"))
    members = await number("members")
    ivan = office.telegram.person("Иван", staff=True)
    for payload in (used.start, used.start[:-1] + "x", used.start[: len(used.start) // 2]):
        seen = len(office.sent(ivan))
        office.telegram.start(office.desk, ivan, payload)
        await office.until(lambda seen=seen: len(office.sent(ivan)) > seen)
    assert await number("members", f"project_id = {project_id}") == members
    assert office.find(ivan, BROKEN) is None


async def test_buttons_about_a_disconnected_channel_say_so(office: Office) -> None:
    (olga,) = await office.company()
    anna = office.customer("Анна")
    office.say(anna, "вопрос")
    copy = await office.sees(olga, "вопрос")
    person_id, project_id = await office.place(olga)
    await office.parts.channels.disconnect(person_id, project_id, 1)
    before = await number("messages")
    for act in ("check", "token", "card"):
        answer = await office.telegram.press_data(copy, ChannelPress(act=act, id=1).pack())
        assert answer is not None
        assert BROKEN not in answer["text"]
    own = office.type(olga, "ответ", reply_to=copy)
    refused = await office.sees(olga, "Канал отключён")
    assert refused.reply_to == own.id
    assert await number("messages") == before


async def test_fifty_races_for_a_card_have_one_winner_each(lite: Office) -> None:
    olga, oleg = await lite.company("Олег")
    customers = [lite.customer(f"Клиент {place:02}") for place in range(50)]
    for customer in customers:
        lite.say(customer, f"вопрос от {customer.name}")
    for member in (olga, oleg):
        await lite.until(lambda member=member: all(lite.card(member, one.name) for one in customers))
    pairs = [(lite.card(olga, one.name), lite.card(oleg, one.name)) for one in customers]
    # All at once, whoever presses first.
    order = [card for place, pair in enumerate(pairs) for card in (pair if place % 2 else pair[::-1])]
    answers = await asyncio.gather(*(lite.press(card, "Взять") for card in order))
    by_card = {id(card): (answer or {}).get("text", "") for card, answer in zip(order, answers, strict=True)}
    for hers, his in pairs:
        texts = {"Ольга": by_card[id(hers)], "Олег": by_card[id(his)]}
        [winner] = [name for name, text in texts.items() if "ваше" in text]
        [loser] = [name for name in texts if name != winner]
        assert texts[loser] == f"Обращение уже взял(а) {winner}."
    assert await number("inquiry_members") == 50


async def test_commands_that_do_not_exist_never_reach_a_customer(office: Office) -> None:
    (olga,) = await office.company()
    anna = office.customer("Анна")
    office.say(anna, "вопрос")
    copy = await office.sees(olga, "вопрос")
    commands = ["/inbxo", "/Оплата@pult_bot", "/price@pult_bot 100", "/", "/start_over", "/INBOX2\nи текст"]
    latin = [one for one in commands if one[1:2].isascii() and one[1:2]]
    for word in latin:
        office.type(olga, word)
    await office.until(lambda: len(office.holding(olga, "Есть такие:")) == len(latin))
    await office.press(copy, "Ответить")
    await office.sees(olga, "Отвечаете: Анна")
    for word in latin:
        office.type(olga, word)
        office.type(olga, word, reply_to=copy)
    await office.until(lambda: len(office.holding(olga, "Есть такие:")) == 3 * len(latin))
    office.type(olga, "настоящий ответ")
    await office.hears(anna, "настоящий ответ")
    assert [one.text for one in office.answers(anna)] == ["настоящий ответ"]


async def test_what_is_typed_without_a_dialog_reaches_nobody(office: Office) -> None:
    (olga,) = await office.company()
    anna = office.customer("Анна")
    office.type(olga, "раз")
    await office.sees(olga, "никому не отправлено")
    office.say(anna, "вопрос")
    await office.sees(olga, "вопрос")
    office.type(olga, "два")
    await office.sees(olga, "Кому это?")
    assert await number("messages", "direction = 'out'") == 0
    assert office.answers(anna) == []


async def test_a_token_in_a_dialog_disappears_and_reaches_nobody(office: Office) -> None:
    olga, oleg = await office.company("Олег")
    anna = office.customer("Анна")
    office.say(anna, "вопрос")
    card = await office.talk(olga, "Анна")
    chat = office.telegram.chat(office.desk, olga)
    typed = [
        office.type(olga, TOKEN),
        office.type(olga, f"вот наш ключ: {TOKEN}, берегите", reply_to=card),
        office.telegram.send_media(office.desk, olga, "document", b"%PDF", name="a.pdf", caption=f"ключ {TOKEN}"),
    ]
    await office.until(lambda: not any(one.id in chat.messages for one in typed))
    await office.until(lambda: len(office.holding(olga, "секретный ключ")) == len(typed))
    own = office.type(olga, "обычный ответ")
    await office.hears(anna, "обычный ответ")
    office.telegram.edit(own, f"а теперь {TOKEN}")
    await office.until(lambda: [one for one in office.sent(olga) if one.reply_to == own.id and "ключ" in one.text])
    assert [one.text for one in office.answers(anna)] == ["обычный ответ"]
    assert not any(TOKEN in one.text for person in (olga, oleg) for one in office.sent(person))


async def spoil(office: Office, change: str) -> None:
    """What an older or newer release may have left of an open menu."""
    await fetch(f"UPDATE wizard_states SET {change} RETURNING key")
    storage: Any = office.parts.control._dispatcher.storage
    storage.forget()


@pytest.mark.parametrize("change", ["state = 'NoSuchWizard:asks'", "data = 'nonsense'", "state = 'Menu:gone'"])
async def test_a_stored_menu_that_no_longer_fits_is_reset_with_one_line(lite: Office, change: str) -> None:
    (olga,) = await lite.company()
    for word in ("/menu", "/start", "/channels", "/profile"):
        lite.type(olga, "/project")
        await lite.until(lambda: lite.sent(olga)[-1].labels())
        menu = lite.sent(olga)[-1]
        await spoil(lite, change)
        answer = await lite.press(menu, (0, 0))
        assert answer is not None
        assert answer["text"]
        assert BROKEN not in answer["text"]
        lite.type(olga, "/project")
        await lite.until(lambda menu=menu: lite.sent(olga)[-1].id > menu.id and lite.sent(olga)[-1].labels())
        await spoil(lite, change)
        seen = lite.sent(olga)[-1].id
        lite.type(olga, word)
        await lite.until(lambda seen=seen: lite.sent(olga)[-1].id > seen and lite.sent(olga)[-1].labels())
        new = [one.text for one in lite.sent(olga) if one.id > seen]
        assert len([text for text in new if "Пульт обновился" in text]) <= 1
    assert lite.find(olga, BROKEN) is None
    assert await number("control_updates", "state = 'failed'") == 0


async def test_typing_over_a_stored_menu_that_no_longer_fits_still_answers_the_customer(lite: Office) -> None:
    (olga,) = await lite.company()
    anna = lite.customer("Анна")
    lite.say(anna, "вопрос")
    copy = await lite.sees(olga, "вопрос")
    lite.type(olga, "/menu")
    await lite.until(lambda: lite.sent(olga)[-1].labels() and lite.sent(olga)[-1].id > copy.id)
    await spoil(lite, "state = 'NoSuchWizard:asks'")
    lite.type(olga, "ответ", reply_to=copy)
    await lite.hears(anna, "ответ")
    assert len(lite.holding(olga, "Пульт обновился")) <= 1


async def test_dialogs_of_a_member_who_blocks_the_bot_return_and_the_owner_hears(office: Office) -> None:
    olga, oleg = await office.company("Олег")
    anna = office.customer("Анна")
    office.say(anna, "вопрос")
    await office.talk(oleg, "Анна")
    office.telegram.block(office.desk, oleg)
    told = await office.sees(olga, "Олег")
    await office.until(lambda: office.card(olga, "Анна"))
    assert told is not None
    assert await number("people", "dialog_id IS NOT NULL") == 0
    boris = office.customer("Борис")
    office.say(boris, "вопрос Бориса")
    await office.sees(olga, "вопрос Бориса")
    assert office.find(oleg, "вопрос Бориса") is None
    office.telegram.start(office.desk, oleg)
    await office.sees(oleg, "вопрос Бориса")
    await office.take(oleg, "Борис")
    office.type(oleg, "слышу", reply_to=office.find(oleg, "вопрос Бориса"))
    await office.hears(boris, "слышу")


async def test_an_update_that_cannot_be_understood_is_journaled_and_skipped(office: Office) -> None:
    (olga,) = await office.company()
    world = office.telegram.world
    deep: Any = "дно"
    for _ in range(600):
        deep = [deep]
    good = {"message_id": 1, "date": 0, "chat": {"id": olga.id, "type": "private"}}
    for odd in (
        {}, {"nonsense": True}, good | {"date": "вчера"}, good | {"from": 7}, good | {"chat": {"id": 10**30}},
        good | {"reply_to_message": deep}, [1, 2], "слова", None, good | {"text": {"a": 1}},
    ):  # fmt: skip
        world.queue(office.desk, "message", odd, olga.id)
    world.queue(office.desk, "my_chat_member", {"chat": {}}, 5)
    world.queue(office.desk, "callback_query", {"id": "1", "from": olga.user()}, olga.id)
    office.type(olga, "/help")
    await office.sees(olga, "/inbox")
    await office.until(lambda: not office.desk.pending)
    assert await number("control_updates", "state = 'skipped'") >= 8


async def test_the_control_bot_says_once_in_a_group_that_it_leaves_and_leaves(office: Office) -> None:
    (olga,) = await office.company()
    group = office.telegram.add_to_group(office.desk, olga, "Кофейня, все")
    await office.until(lambda: group.blocked)
    assert [one.text for one in group.sent()] == ["Я работаю только в личных чатах. Напишите мне туда."]
    office.type(olga, "/help")
    await office.sees(olga, "/inbox")
    assert await number("control_updates", "state = 'failed'") == 0
