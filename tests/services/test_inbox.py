"""What arrives becomes rows and jobs, once, in one commit."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.base import (
    TIMELESS,
    Attachment,
    AttachmentKind,
    ButtonPressed,
    Content,
    MessageEdited,
    OperatorEcho,
    ReactionChanged,
    Started,
    Subscribed,
    Unsubscribed,
)
from adapters.content import MessageId, UserId, load
from models import Member
from models.enums import Role
from services import applying, arrivals, clock
from services.applying import ChannelRow
from services.sql import Steps, fetch, from_json, when
from tests.services.conftest import Company, found


async def test_a_first_message_opens_an_inquiry_and_offers_it_to_everybody(company: Company) -> None:
    await company.hear(company.said("Анна", "Есть столик?"))
    [inquiry] = await company.inquiries()
    assert (inquiry["number"], inquiry["state"], inquiry["inbound"]) == (1, "new", 1)
    assert {job["payload"]["member"] for job in await company.jobs("card")} == {m.id for m in company.members.values()}
    assert await company.jobs("copy") == []


async def test_the_same_event_thrice_changes_nothing(company: Company) -> None:
    event = company.said("Анна")
    assert [await company.hear(event) for _ in range(3)] == [1, 0, 0]
    assert len(await company.messages()) == 1
    [inquiry] = await company.inquiries()
    assert inquiry["inbound"] == 1


async def test_repeats_at_the_same_instant_are_one_message(company: Company) -> None:
    event = company.said("Анна")
    await asyncio.gather(*(company.hear(event) for _ in range(20)))
    assert len(await company.messages()) == 1


async def test_a_burst_of_one_new_customer_opens_one_inquiry(company: Company) -> None:
    events = [company.said("Анна", f"{n}") for n in range(30)]
    random.Random(1).shuffle(events)
    await asyncio.gather(*(company.hear(event) for event in events))
    [inquiry] = await company.inquiries()
    assert inquiry["inbound"] == 30
    assert len(await company.messages()) == 30


async def test_many_customers_at_once_get_numbers_without_gaps(company: Company) -> None:
    await asyncio.gather(*(company.hear(company.said(f"Клиент {n}")) for n in range(40)))
    assert [row["number"] for row in await company.inquiries()] == list(range(1, 41))


async def test_opening_a_chat_or_subscribing_opens_no_inquiry(company: Company) -> None:
    now = clock.now()
    await company.hear(
        Started(key="1", user=UserId("Анна"), at=now, ref="promo"),
        Subscribed(key="2", user=UserId("Анна"), at=now),
        ReactionChanged(key="3", user=UserId("Анна"), at=now, message_id=MessageId("9"), emoji=("👍",)),
    )
    assert await company.inquiries() == []
    [contact] = await fetch("SELECT source FROM contacts")
    assert contact["source"] == "promo"


@pytest.mark.parametrize("word", ["стоп", "STOP", " Отписаться "])
async def test_asking_to_stop_opens_no_inquiry(company: Company, word: str) -> None:
    await company.hear(company.said("Анна", word))
    assert await company.inquiries() == []
    assert (await fetch("SELECT opted_out_at FROM identities"))[0]["opted_out_at"] is not None


async def test_a_photo_without_text_opens_an_inquiry_and_is_fetched(company: Company) -> None:
    photo = Content(attachments=(Attachment(AttachmentKind.PHOTO, handle="file-1", size=100),))
    await company.hear(company.said("Анна", content=photo))
    [inquiry] = await company.inquiries()
    assert inquiry["state"] == "new"
    [job] = await company.jobs("fetch")
    [message] = await company.messages()
    assert from_json(message["content"])["attachments"][0]["file_id"] == job["payload"]["file"]


async def test_with_one_member_every_inquiry_is_theirs(database: str, company: Company) -> None:
    alone = await found("Один", company.conversations)
    await alone.join("Иван", Role.OWNER)
    await alone.hear(alone.said("Анна"))
    [inquiry] = await alone.inquiries()
    assert (inquiry["state"], inquiry["assignee_id"]) == ("active", alone.members["Иван"].id)
    assert await alone.jobs("card") == []
    assert len(await alone.jobs("copy")) == 1


async def test_off_duty_and_denied_members_get_no_card(company: Company) -> None:
    await Member.filter(id=company.members["Олег"].id).update(on_duty=False)
    await Member.filter(id=company.members["Мария"].id).update(denied=["inbox"])
    await company.hear(company.said("Анна"))
    assert {job["payload"]["member"] for job in await company.jobs("card")} == {company.members["Ольга"].id}


async def test_a_repeat_inquiry_goes_to_the_member_who_had_the_last(company: Company) -> None:
    await company.hear(company.said("Анна"))
    [first] = await company.inquiries()
    await company.conversations.claim(company.person("Мария"), first["id"])
    await company.conversations.done(company.person("Мария"), first["id"])
    await company.hear(company.said("Анна", "Ещё вопрос"))
    second = (await company.inquiries())[1]
    assert (second["state"], second["assignee_id"]) == ("active", company.members["Мария"].id)
    await company.conversations.done(company.person("Мария"), second["id"])
    await Member.filter(id=company.members["Мария"].id).update(on_duty=False)
    await company.hear(company.said("Анна", "И ещё"))
    assert (await company.inquiries())[2]["state"] == "new"


async def test_a_message_soon_after_the_end_reopens_where_the_project_wants_it(company: Company) -> None:
    company.project.reopen_hours = 2
    await company.project.save()
    await company.hear(company.said("Анна"))
    [inquiry] = await company.inquiries()
    await company.conversations.claim(company.person("Олег"), inquiry["id"])
    await company.conversations.done(company.person("Олег"), inquiry["id"])
    clock.shift(timedelta(hours=1))
    await company.hear(company.said("Анна", "Спасибо"))
    [again] = await company.inquiries()
    assert again["state"] == "active"
    await company.conversations.done(company.person("Олег"), inquiry["id"])
    clock.shift(timedelta(hours=3))
    await company.hear(company.said("Анна", "Здравствуйте"))
    assert len(await company.inquiries()) == 2


async def test_history_is_ordered_by_the_platforms_time_and_late_ones_are_marked(company: Company) -> None:
    early, late = company.said("Анна", "раз"), company.said("Анна", "два", at=clock.now() + timedelta(seconds=5))
    await company.hear(late)
    await company.hear(early)
    rows = await fetch("SELECT content, late FROM messages ORDER BY at, sequence, id")
    assert [from_json(row["content"])["text"] for row in rows] == ["раз", "два"]
    assert [bool(row["late"]) for row in rows] == [True, False]


async def test_an_edit_that_comes_before_its_message_is_not_lost(company: Company) -> None:
    said = company.said("Анна", "Превет")
    edit = MessageEdited(
        key="edit", user=said.user, at=said.at + timedelta(seconds=1), message_id=said.message_id,
        content=Content(text="Привет"), profile=said.profile,
    )  # fmt: skip
    await company.hear(edit)
    assert await company.inquiries() == []
    await company.hear(said)
    [message] = await company.messages()
    assert from_json(message["content"])["text"] == "Привет"
    assert len(await company.inquiries()) == 1


@pytest.mark.parametrize("edit_first", [False, True])
async def test_an_edit_of_the_words_alone_leaves_what_hangs_on_the_message(company: Company, edit_first: bool) -> None:
    photo = Attachment(AttachmentKind.PHOTO, handle="https://scontent.test/a.jpg")
    said = company.said("Анна", content=Content(text="Такую", attachments=(photo,), unsupported="product"))
    edit = MessageEdited(
        key="edit", user=said.user, at=said.at + timedelta(seconds=1), message_id=said.message_id,
        content=Content(text="Вот такую"), words_only=True,
    )  # fmt: skip
    for event in (edit, said) if edit_first else (said, edit):
        await company.hear(event)
    [message] = await company.messages()
    content = load(from_json(message["content"]))
    assert (content.text, content.unsupported, len(content.attachments)) == ("Вот такую", "product", 1)
    assert content.attachments[0].file_id is not None
    assert len(await fetch("SELECT id FROM files")) == 1


async def test_of_two_edits_of_one_second_the_platforms_own_numbers_tell_which_is_later(company: Company) -> None:
    said = company.said("Анна", "первое")
    second, third = (
        MessageEdited(
            key=f"edit{number}", user=said.user, at=said.at, message_id=said.message_id, content=Content(text=text),
            edition=number,
        )
        for number, text in ((7, "второе"), (8, "третье"))
    )  # fmt: skip
    await company.hear(said)
    await company.hear(third)
    await company.hear(second)
    [message] = await company.messages()
    assert from_json(message["content"])["text"] == "третье"


async def test_within_one_second_the_platforms_own_numbers_tell_what_is_late(company: Company) -> None:
    first, second, third, fourth = (company.said("Анна", f"слово {n}", at=clock.now()) for n in range(4))
    second, third, fourth = (replace(one, at=first.at) for one in (second, third, fourth))
    await company.hear(first)
    await company.hear(third)
    await company.hear(second)
    # What comes together is taken in by another way.
    await asyncio.gather(company.hear(fourth), company.hear(company.said("Борис")))
    rows = await fetch("SELECT sequence, late FROM messages WHERE external_id <> ? ORDER BY sequence", "5")
    assert [(row["sequence"], bool(row["late"])) for row in rows] == [(1, False), (2, True), (3, False), (4, False)]


async def test_of_what_comes_together_in_another_order_the_earlier_is_late(company: Company) -> None:
    await company.hear(company.said("Анна", "слово"))
    second, third, fourth = (company.said("Анна", f"слово {n}", at=clock.now()) for n in range(3))
    second, third = replace(second, at=fourth.at), replace(third, at=fourth.at)
    await asyncio.gather(company.hear(fourth), company.hear(second), company.hear(third))
    rows = await fetch("SELECT sequence, late FROM messages ORDER BY sequence")
    assert [(row["sequence"], bool(row["late"])) for row in rows] == [(1, False), (2, True), (3, True), (4, False)]


async def test_an_older_reaction_that_arrives_later_changes_nothing(company: Company) -> None:
    said = company.said("Анна")
    await company.hear(said)
    now = clock.now()
    newer = ReactionChanged(key="b", user=said.user, at=now, message_id=said.message_id, emoji=("👍",))
    older = ReactionChanged(
        key="a", user=said.user, at=now - timedelta(seconds=3), message_id=said.message_id, emoji=("👎",)
    )
    await company.hear(newer, older)
    assert (await company.messages())[0]["reaction"] == "👍"


async def test_who_blocked_and_came_back_in_the_wrong_order_is_back(company: Company) -> None:
    said = company.said("Анна")
    await company.hear(said)
    now = clock.now()
    await company.hear(
        Subscribed(key="2", user=said.user, at=now),
        Unsubscribed(key="1", user=said.user, at=now - timedelta(seconds=2)),
    )
    [identity] = await fetch("SELECT subscribed FROM identities")
    assert identity["subscribed"]


async def test_an_answer_given_in_the_platforms_own_interface_stands_in_the_history(company: Company) -> None:
    said = company.said("Анна")
    await company.hear(said)
    await company.hear(
        OperatorEcho(key="e", user=said.user, at=clock.now(), message_id=MessageId("77"), content=Content(text="Да"))
    )
    [inquiry] = await company.inquiries()
    assert inquiry["waiting_since"] is None
    assert [row["author"] for row in await company.messages()] == ["customer", "outside"]


async def test_what_a_spammer_writes_is_kept_and_shown_to_nobody(company: Company) -> None:
    await company.hear(company.said("Анна"))
    [inquiry] = await company.inquiries()
    await company.conversations.spam(company.person("Олег"), inquiry["id"], True)
    cards = len(await company.jobs("card"))
    await company.hear(company.said("Анна", "купите"))
    assert len(await company.inquiries()) == 1
    assert len(await company.messages()) == 2
    assert len(await company.jobs("card")) == cards


async def test_an_event_that_cannot_be_applied_is_journaled_and_the_rest_go_on(company: Company) -> None:
    poisoned = company.said("Анна", content=Content(text="x", album="y" * 300))
    broken = MessageEdited(
        key="broken",
        user=UserId("Анна"),
        at=clock.now(),
        message_id=None,
        content=Content(text="x"),  # type: ignore[arg-type]
    )
    await company.hear(poisoned, broken, company.said("Борис"))
    assert len(await company.inquiries()) == 2
    states = await fetch("SELECT key, state FROM events ORDER BY id")
    assert {row["state"] for row in states} <= {"applied", "failed"}


async def test_the_journal_is_encrypted(company: Company) -> None:
    await company.hear(company.said("Анна", "очень личное"))
    [event] = await fetch("SELECT payload FROM events")
    assert "личное" not in event["payload"]
    assert event["payload"].startswith("gAAAA")


async def test_a_press_without_a_time_happened_when_it_arrived(company: Company) -> None:
    said = company.said("Анна")
    await company.hear(said)
    await company.hear(ButtonPressed(key="p", user=said.user, at=TIMELESS, payload="x"))
    [event] = await fetch("SELECT at FROM events WHERE key = 'p'")
    assert clock.now() - when(event["at"]) < timedelta(minutes=1)


async def test_a_failed_event_is_applied_by_replay_and_an_old_one_without_a_sound(company: Company) -> None:
    event = company.said("Анна", "раньше", at=clock.now() - timedelta(hours=3))
    await company.inbox.failed(company.channel, b"{}", ValueError("x"))
    [row] = await fetch("SELECT id, state FROM events")
    assert row["state"] == "failed"
    await company.inbox.replay(company.channel, event, row["id"], event.at)
    assert await company.inquiries() == []
    assert len(await company.messages()) == 1
    fresh = company.said("Борис")
    await company.inbox.replay(company.channel, fresh, row["id"], fresh.at)
    assert len(await company.inquiries()) == 1


async def test_a_channel_is_noted_as_heard_by_its_first_event_and_again_when_its_row_was_read_anew(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[bool] = []

    def counted(channel: ChannelRow) -> Steps[None]:
        noted.append(channel.confirmed)
        yield from applying.heard_from(channel)

    monkeypatch.setattr(arrivals, "heard_from", counted)
    read = replace(company.channel, confirmed=False)
    for place in range(3):
        await company.inbox.accept(read, [company.said("Анна", f"слово {place}")])
    assert noted == [False]
    # As when it was disconnected and connected again.
    await company.inbox.accept(replace(read), [company.said("Анна", "снова")])
    assert noted == [False, False]
