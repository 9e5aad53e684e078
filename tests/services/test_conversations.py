"""Taking, answering and ending conversations: who may, who was first, whom a text is for."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from adapters.base import Attachment, AttachmentKind, Content, MessageDeleted, MessageReceived
from models import Member
from services import clock
from services.access import Denied, Gone, Refusal, Right
from services.conversations import Ask, AskWhy, Conversations, InquiryView, Sent, Tab, TokenTyped
from services.inquiries import release_member
from services.sql import fetch, from_json, transact
from tests.services.conftest import Company, found


async def opened(company: Company, customer: str = "Анна") -> int:
    await company.hear(company.said(customer))
    return (await company.inquiries())[-1]["id"]


async def test_of_many_claims_at_once_exactly_one_wins_and_the_others_learn_who(company: Company) -> None:
    inquiry = await opened(company)
    results = await asyncio.gather(
        *(company.conversations.claim(company.person(name), inquiry) for name in ("Ольга", "Олег", "Мария")),
        return_exceptions=True,
    )
    winners = [result for result in results if not isinstance(result, BaseException)]
    losers = [result for result in results if isinstance(result, Refusal)]
    assert (len(winners), len(losers)) == (1, 2)
    assert {loser.params["name"] for loser in losers} == {winners[0].assignee}


async def test_a_thousand_races_have_one_winner_each(database: str, company: Company) -> None:
    # On PostgreSQL, where each is several round trips, two hundred show the same.
    races = 1000 if database.startswith("sqlite") else 200
    await company.hear(*(company.said(f"Клиент {n}") for n in range(races)))
    ids = [row["id"] for row in await company.inquiries()]
    for start in range(0, races, 100):
        outcomes = await asyncio.gather(
            *(
                company.conversations.claim(company.person(name), inquiry)
                for inquiry in ids[start : start + 100]
                for name in ("Олег", "Мария")
            ),
            return_exceptions=True,
        )
        for first, second in zip(outcomes[::2], outcomes[1::2], strict=True):
            assert isinstance(first, Refusal) != isinstance(second, Refusal)
    rows = await fetch("SELECT COUNT(*) AS n FROM inquiry_members")
    assert rows[0]["n"] == races


async def test_who_takes_an_inquiry_gets_the_rest_in_order(company: Company) -> None:
    events = [company.said("Анна", f"{n}") for n in range(4)]
    for event in events:
        await company.hear(event)
    [inquiry] = await company.inquiries()
    await company.conversations.claim(company.person("Олег"), inquiry["id"])
    copies = await company.jobs("copy")
    assert {job["payload"]["member"] for job in copies} == {company.members["Олег"].id}
    assert [job["seq"] for job in copies] == sorted(job["seq"] for job in copies)
    messages = [row["id"] for row in await company.messages()]
    assert [job["payload"]["message"] for job in copies] == messages


async def test_later_messages_go_only_to_those_in_the_dialog(company: Company) -> None:
    inquiry = await opened(company)
    await company.conversations.claim(company.person("Олег"), inquiry)
    await company.hear(company.said("Анна", "ещё"))
    assert {job["payload"]["member"] for job in await company.jobs("copy")} == {company.members["Олег"].id}


async def test_a_reply_to_a_copy_answers_its_customer_and_takes_an_unclaimed_inquiry(company: Company) -> None:
    inquiry = await opened(company)
    await company.shown_as("Олег", inquiry, 501)
    sent = await company.conversations.typed(company.person("Олег"), company.typed("Олег", "Да!", reply_to=501))
    assert isinstance(sent, Sent)
    [row] = await company.inquiries()
    assert (row["state"], row["assignee_id"], row["waiting_since"]) == ("active", company.members["Олег"].id, None)
    [job] = await company.jobs("send")
    assert job["payload"]["message"] == sent.message_id


async def test_a_reply_to_what_is_being_shown_waits_until_it_is_written_down(company: Company) -> None:
    inquiry = await opened(company)
    await fetch("UPDATE jobs SET state = 'running' WHERE kind = 'card'")
    typed = company.typed("Олег", "Да!", reply_to=501)
    answering = asyncio.create_task(company.conversations.typed(company.person("Олег"), typed))
    await asyncio.sleep(0)
    await company.shown_as("Олег", inquiry, 501)
    assert isinstance(await answering, Sent)


async def test_a_reply_to_what_nobody_is_showing_is_asked_about_at_once(company: Company) -> None:
    await opened(company)
    # Somebody else's card is on its way.
    other = company.members["Мария"].id
    await fetch("UPDATE jobs SET state = 'running' WHERE kind = 'card' AND order_key LIKE ?", f"copies:{other}:%")
    asked = await company.conversations.typed(company.person("Олег"), company.typed("Олег", "Да!", reply_to=501))
    assert isinstance(asked, Ask)
    assert asked.why is AskWhy.UNKNOWN_COPY
    # It may be a card whose showing was cut off: what waits is among the answers.
    assert [option.contact for option in asked.options] == ["Анна"]
    await company.conversations.settle(company.person("Олег"), asked.held_id, asked.options[0].id)
    assert (await company.inquiries())[0]["assignee_id"] == company.members["Олег"].id
    assert len(await company.jobs("send")) == 1


async def test_a_reply_to_the_unknown_offers_only_what_one_may_take(
    company: Company, conversations: Conversations
) -> None:
    stranger = await found("Чужие", conversations)
    await stranger.join("Пётр")
    await stranger.hear(stranger.said("Вера"))
    await opened(company)
    await Member.filter(id=company.members["Мария"].id).update(denied=[Right.ANSWER.value])
    for name, names in (("Олег", ["Анна"]), ("Мария", [])):
        asked = await company.conversations.typed(company.person(name), company.typed(name, "Да!", reply_to=501))
        assert isinstance(asked, Ask)
        assert [option.contact for option in asked.options] == names


async def test_the_same_update_twice_is_one_answer(company: Company) -> None:
    inquiry = await opened(company)
    await company.shown_as("Олег", inquiry, 501)
    typed = company.typed("Олег", "Да!", reply_to=501)
    first = await company.conversations.typed(company.person("Олег"), typed)
    second = await company.conversations.typed(company.person("Олег"), typed)
    assert isinstance(first, Sent)
    assert isinstance(second, Sent)
    assert first.message_id == second.message_id
    assert len(await company.jobs("send")) == 1


async def test_text_without_a_dialog_or_a_reply_goes_to_nobody_and_is_asked_about(company: Company) -> None:
    inquiry = await opened(company)
    await company.conversations.claim(company.person("Олег"), inquiry)
    await company.conversations.leave_dialog(company.person("Олег"))
    asked = await company.conversations.typed(company.person("Олег"), company.typed("Олег", "Сейчас узнаю"))
    assert isinstance(asked, Ask)
    assert asked.why is AskWhy.NO_DIALOG
    assert [option.contact for option in asked.options] == ["Анна"]
    assert await company.jobs("send") == []
    sent = await company.conversations.settle(company.person("Олег"), asked.held_id, inquiry)
    assert isinstance(sent, Sent)
    assert sent.inquiry.id == inquiry
    assert len(await company.jobs("send")) == 1
    with pytest.raises(Gone):
        await company.conversations.settle(company.person("Олег"), asked.held_id, inquiry)


async def test_a_dialog_that_became_a_colleagues_is_answered_only_after_a_yes(company: Company) -> None:
    """«Написать» opened a finished inquiry; the customer's next words re-opened it with whoever had it."""
    await fetch("UPDATE projects SET reopen_hours = 24")
    inquiry = await opened(company)
    await company.conversations.claim(company.person("Мария"), inquiry)
    await company.conversations.done(company.person("Мария"), inquiry)
    await company.conversations.open_dialog(company.person("Олег"), inquiry)
    await company.hear(company.said("Анна", "и ещё вопрос"))
    assert (await company.inquiries())[0]["assignee_id"] == company.members["Мария"].id
    asked = await company.conversations.typed(company.person("Олег"), company.typed("Олег", "Добрый день"))
    assert isinstance(asked, Ask)
    assert await company.jobs("send") == []
    await company.conversations.insist(company.person("Олег"), asked.held_id, inquiry)
    assert len(await company.jobs("send")) == 1


async def test_in_an_open_dialog_typed_text_goes_to_its_customer(company: Company) -> None:
    inquiry = await opened(company)
    await company.conversations.open_dialog(company.person("Олег"), inquiry)
    sent = await company.conversations.typed(company.person("Олег"), company.typed("Олег", "Добрый день"))
    assert isinstance(sent, Sent)
    await company.conversations.leave_dialog(company.person("Олег"))
    asked = await company.conversations.typed(company.person("Олег"), company.typed("Олег", "Ау"))
    assert isinstance(asked, Ask)


async def test_text_typed_just_after_another_customer_appeared_is_held(company: Company) -> None:
    anna, boris = await opened(company, "Анна"), await opened(company, "Борис")
    for inquiry in (boris, anna):
        await company.conversations.open_dialog(company.person("Олег"), inquiry)
    await company.conversations.typed(company.person("Олег"), company.typed("Олег", "раз"))
    clock.shift(timedelta(seconds=1))
    await company.shown_as("Олег", boris, 700)
    clock.shift(timedelta(seconds=3))
    asked = await company.conversations.typed(company.person("Олег"), company.typed("Олег", "два"))
    assert isinstance(asked, Ask)
    assert asked.why is AskWhy.GUARD
    assert {option.contact for option in asked.options} == {"Анна", "Борис"}
    clock.shift(timedelta(seconds=16))
    sent = await company.conversations.typed(company.person("Олег"), company.typed("Олег", "три"))
    assert isinstance(sent, Sent)
    assert sent.inquiry.contact == "Анна"


async def test_a_question_tells_whose_customer_was_chosen_before_anything_goes_into_that_dialog(
    company: Company,
) -> None:
    anna, boris = await opened(company, "Анна"), await opened(company, "Борис")
    await company.conversations.open_dialog(company.person("Олег"), anna)
    await company.conversations.typed(company.person("Олег"), company.typed("Олег", "раз"))
    clock.shift(timedelta(seconds=1))
    await company.shown_as("Олег", boris, 700)
    asked = await company.conversations.typed(company.person("Олег"), company.typed("Олег", "два"))
    assert isinstance(asked, Ask)
    assert asked.why is AskWhy.GUARD
    await company.conversations.claim(company.person("Мария"), boris)
    foreign = await company.conversations.settle(company.person("Олег"), asked.held_id, boris)
    assert isinstance(foreign, Ask)
    assert (foreign.why, foreign.held_id) == (AskWhy.FOREIGN, asked.held_id)
    assert [option.assignee for option in foreign.options] == ["Мария"]
    assert await fetch("SELECT id FROM messages WHERE inquiry_id = ? AND direction = 'out'", boris) == []
    sent = await company.conversations.insist(company.person("Олег"), asked.held_id, boris)
    assert sent.inquiry.id == boris


@pytest.mark.parametrize(
    "token",
    [
        "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc",
        "вот ключ 445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9",
        "vk1.a." + "x" * 60,
        "EAA" + "B" * 80,
    ],
)
async def test_what_looks_like_a_key_never_goes_to_a_customer(company: Company, token: str) -> None:
    inquiry = await opened(company)
    await company.conversations.open_dialog(company.person("Олег"), inquiry)
    outcome = await company.conversations.typed(company.person("Олег"), company.typed("Олег", token))
    assert isinstance(outcome, TokenTyped)
    assert await company.jobs("send") == []
    assert await fetch("SELECT id FROM held") == []


@pytest.mark.parametrize("note", ["// любит у окна", "//", "  //не забыть скидку"])
@pytest.mark.parametrize("reply_to", [None, 501])
async def test_what_is_written_as_a_note_reaches_the_customer_only_after_a_yes(
    company: Company, note: str, reply_to: int | None
) -> None:
    inquiry = await opened(company)
    await company.shown_as("Олег", inquiry, 501)
    await company.conversations.open_dialog(company.person("Олег"), inquiry)
    asked = await company.conversations.typed(company.person("Олег"), company.typed("Олег", note, reply_to=reply_to))
    assert isinstance(asked, Ask)
    assert asked.why is AskWhy.NOTE
    assert [option.id for option in asked.options] == [inquiry]
    assert await company.jobs("send") == []
    await company.conversations.settle(company.person("Олег"), asked.held_id, inquiry)
    assert len(await company.jobs("send")) == 1


async def test_answering_a_colleagues_customer_asks_first(company: Company) -> None:
    inquiry = await opened(company)
    await company.shown_as("Мария", inquiry, 900)
    await company.conversations.claim(company.person("Олег"), inquiry)
    asked = await company.conversations.typed(company.person("Мария"), company.typed("Мария", "Я!", reply_to=900))
    assert isinstance(asked, Ask)
    assert asked.why is AskWhy.FOREIGN
    again = await company.conversations.settle(company.person("Мария"), asked.held_id, inquiry)
    assert isinstance(again, Ask)
    assert again.why is AskWhy.FOREIGN
    await company.conversations.insist(company.person("Мария"), asked.held_id, inquiry)
    copies = {job["payload"]["member"] for job in await company.jobs("copy")}
    assert company.members["Олег"].id in copies


async def test_replying_to_a_done_inquiry_opens_a_new_one_of_the_writers(company: Company) -> None:
    inquiry = await opened(company)
    await company.shown_as("Олег", inquiry, 501)
    await company.conversations.claim(company.person("Мария"), inquiry)
    await company.conversations.done(company.person("Мария"), inquiry)
    sent = await company.conversations.typed(company.person("Олег"), company.typed("Олег", "Кстати", reply_to=501))
    assert isinstance(sent, Sent)
    assert sent.opened
    newest = (await company.inquiries())[-1]
    assert (newest["number"], newest["assignee_id"]) == (2, company.members["Олег"].id)


async def test_an_album_typed_part_by_part_is_one_answer(company: Company) -> None:
    inquiry = await opened(company)
    await company.conversations.open_dialog(company.person("Олег"), inquiry)
    for number in range(3):
        photo = Content(
            text="подпись" if number == 0 else "",
            attachments=(Attachment(AttachmentKind.PHOTO, handle=f"p{number}", size=10),),
        )
        part = company.typed("Олег", "", content=photo, album="album-1")
        outcome = await company.conversations.typed(company.person("Олег"), part)
        assert isinstance(outcome, Sent)
    answers = [row for row in await company.messages() if row["direction"] == "out"]
    assert len(answers) == 1
    content = from_json(answers[0]["content"])
    assert [item["handle"] for item in content["attachments"]] == ["p0", "p1", "p2"]
    assert content["text"] == "подпись"
    assert len(await company.jobs("send")) == 1
    own = await fetch("SELECT id FROM operator_copies WHERE kind = 'own'")
    assert len(own) == 3


async def test_a_part_of_an_album_that_is_handled_twice_is_one_part_also_when_the_album_has_left(
    company: Company,
) -> None:
    inquiry = await opened(company)
    await company.conversations.open_dialog(company.person("Олег"), inquiry)
    parts = [
        company.typed(
            "Олег", "", album="album-3",
            content=Content(attachments=(Attachment(AttachmentKind.PHOTO, handle=f"p{number}", size=10),)),
        )
        for number in range(3)
    ]  # fmt: skip
    for part in (*parts[:2], parts[1]):
        await company.conversations.typed(company.person("Олег"), part)
    await fetch("UPDATE messages SET state = 'sent' WHERE direction = 'out'")
    for part in parts[:2]:
        assert isinstance(await company.conversations.typed(company.person("Олег"), part), Sent)
    await company.conversations.leave_dialog(company.person("Олег"))
    late = await company.conversations.typed(company.person("Олег"), parts[2])
    assert isinstance(late, Sent)
    assert late.inquiry.id == inquiry
    answers = [row for row in await company.messages() if row["direction"] == "out"]
    handles = [[item["handle"] for item in from_json(row["content"])["attachments"]] for row in answers]
    assert handles == [["p0", "p1"], ["p2"]]


async def test_an_album_without_a_dialog_is_asked_about_once_and_sent_whole(company: Company) -> None:
    inquiry = await opened(company)
    await company.conversations.claim(company.person("Олег"), inquiry)
    await company.conversations.leave_dialog(company.person("Олег"))
    outcomes = []
    for number in range(3):
        photo = Content(attachments=(Attachment(AttachmentKind.PHOTO, handle=f"p{number}", size=10),))
        part = company.typed("Олег", "", content=photo, album="album-2")
        outcomes.append(await company.conversations.typed(company.person("Олег"), part))
    assert [outcome.again for outcome in outcomes if isinstance(outcome, Ask)] == [False, True, True]
    assert isinstance(outcomes[0], Ask)
    await company.conversations.settle(company.person("Олег"), outcomes[0].held_id, inquiry)
    [answer] = [row for row in await company.messages() if row["direction"] == "out"]
    assert len(from_json(answer["content"])["attachments"]) == 3


async def test_what_the_channel_cannot_carry_is_refused_with_the_limit_and_nothing_is_stored(company: Company) -> None:
    inquiry = await opened(company)
    await company.conversations.open_dialog(company.person("Олег"), inquiry)
    huge = Content(attachments=(Attachment(AttachmentKind.FILE, handle="f", size=60 * 1024 * 1024, name="a.zip"),))
    with pytest.raises(Refusal):
        await company.conversations.typed(company.person("Олег"), company.typed("Олег", "", content=huge))
    assert [row["direction"] for row in await company.messages()] == ["in"]


async def test_done_and_handed_back(company: Company) -> None:
    inquiry = await opened(company)
    await company.conversations.open_dialog(company.person("Олег"), inquiry)
    view = await company.conversations.hand_back(company.person("Олег"), inquiry)
    assert view.state == "new"
    assert await company.conversations.dialog(company.person("Олег")) is None
    await company.conversations.claim(company.person("Мария"), inquiry)
    with pytest.raises(Denied):
        await company.conversations.done(company.person("Олег"), inquiry)
    done = await company.conversations.done(company.person("Мария"), inquiry)
    again = await company.conversations.done(company.person("Мария"), inquiry)
    assert done.state == again.state == "done"
    with pytest.raises(Refusal):
        await company.conversations.claim(company.person("Олег"), inquiry)


async def test_one_project_sees_and_presses_nothing_of_another(company: Company) -> None:
    inquiry = await opened(company)
    stranger = await found("Чужие", company.conversations)
    await stranger.join("Яков")
    yakov = stranger.person("Яков")
    calls = [
        company.conversations.claim(yakov, inquiry),
        company.conversations.open_dialog(yakov, inquiry),
        company.conversations.done(yakov, inquiry),
        company.conversations.hand_back(yakov, inquiry),
        company.conversations.spam(yakov, inquiry, True),
        company.conversations.card(yakov, inquiry),
        company.conversations.tab(yakov, company.project.id, Tab.NEW, 0),
        company.conversations.counts(yakov, company.project.id),
    ]
    for call in calls:
        with pytest.raises((Denied, Gone)):
            await call
    await company.shown_as("Олег", inquiry, 501)
    outcome = await company.conversations.typed(yakov, stranger.typed("Яков", "привет", reply_to=501))
    assert isinstance(outcome, Ask)
    assert outcome.options == ()
    with pytest.raises((Denied, Gone)):
        await company.conversations.settle(yakov, outcome.held_id, inquiry)
    assert (await company.inquiries())[0]["state"] == "new"


async def test_a_removed_member_can_press_nothing_any_more(company: Company) -> None:
    inquiry = await opened(company)
    await Member.filter(id=company.members["Олег"].id).update(removed_at=clock.now())
    with pytest.raises(Gone):
        await company.conversations.claim(company.person("Олег"), inquiry)


async def test_a_member_who_left_returns_the_dialogs(company: Company) -> None:
    inquiry = await opened(company)
    await company.conversations.open_dialog(company.person("Олег"), inquiry)
    oleg = company.members["Олег"].id
    await Member.filter(id=oleg).update(removed_at=clock.now())
    released = await transact(lambda: release_member(company.project.id, oleg))
    assert (released.returned, released.passed) == (1, 0)
    assert (await company.inquiries())[0]["state"] == "new"
    offered = {job["payload"]["member"] for job in await company.jobs("card")}
    assert company.members["Мария"].id in offered


async def test_a_member_who_blocked_the_bot_is_unreachable_and_administrators_hear(company: Company) -> None:
    inquiry = await opened(company)
    await company.conversations.claim(company.person("Олег"), inquiry)
    [person] = await fetch("SELECT telegram_id FROM people WHERE id = ?", company.person("Олег"))
    await company.conversations.blocked(company.bot.id, person["telegram_id"])
    await company.conversations.blocked(company.bot.id, person["telegram_id"])
    assert (await company.inquiries())[0]["state"] == "new"
    [told] = await company.jobs("notice")
    assert told["payload"]["what"] == "member_unreachable"
    assert told["payload"]["member"] == company.members["Ольга"].id
    await company.conversations.unblocked(company.bot.id, person["telegram_id"])
    [back] = await fetch("SELECT reachable FROM people WHERE id = ?", company.person("Олег"))
    assert back["reachable"]
    offered = [job for job in await company.jobs("card") if job["payload"]["member"] == company.members["Олег"].id]
    assert {job["payload"]["inquiry"] for job in offered} == {inquiry}


async def test_lists_hold_three_hundred_inquiries_newest_first(company: Company) -> None:
    await company.hear(*(company.said(f"Клиент {number}") for number in range(300)))
    first = await company.conversations.tab(company.person("Олег"), company.project.id, Tab.NEW, 0)
    assert first.counts[Tab.NEW] == 300
    assert first.items[0].contact == "Клиент 299"
    last = await company.conversations.tab(company.person("Олег"), company.project.id, Tab.NEW, 999)
    assert last.page == last.pages - 1
    assert last.items[-1].contact == "Клиент 0"
    waiting = await company.conversations.tab(company.person("Олег"), company.project.id, Tab.WAITING, 0)
    assert waiting.items[0].contact == "Клиент 0"


async def test_the_card_tells_who_the_customer_is(company: Company) -> None:
    inquiry = await opened(company)
    card = await company.conversations.card(company.person("Олег"), inquiry)
    assert (card.name, card.number, card.platform, card.inquiries, card.spam) == ("Анна", 1, "Telegram", 1, False)


async def test_what_the_customer_deleted_waits_for_no_answer(company: Company) -> None:
    first, second = company.said("Анна", "Есть пионы?"), company.said("Анна", "Алло?")
    await company.hear(first, second)
    olga = company.person("Олег")

    async def waiting() -> list[InquiryView]:
        return list((await company.conversations.tab(olga, company.project.id, Tab.WAITING, 0)).items)

    await company.hear(gone(first))
    (one,) = await waiting()
    assert one.last is not None
    assert one.last.text == "Алло?"
    assert one.waiting_since == second.at
    await company.hear(gone(second))
    assert await waiting() == []
    (one,) = (await company.conversations.tab(olga, company.project.id, Tab.NEW, 0)).items
    assert one.last is None


def gone(message: MessageReceived) -> MessageDeleted:
    return MessageDeleted(
        key=f"gone:{message.message_id}", user=message.user, at=clock.now(), sequence=0, profile=None,
        message_id=message.message_id, raw={},
    )  # fmt: skip
