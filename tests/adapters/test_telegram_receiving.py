"""What customers do on their phones, as events: through getUpdates of the emulated Bot API."""

from __future__ import annotations

import asyncio

import pytest

from adapters.base import (
    Attachment,
    AttachmentKind,
    Button,
    ButtonKind,
    ButtonPressed,
    Content,
    MessageEdited,
    MessageReceived,
    NotFound,
    ReactionChanged,
    Rejected,
    Span,
    SpanKind,
    Started,
    Subscribed,
    Temporary,
    Unsubscribed,
    Unsupported,
)
from adapters.telegram.emulator import picture
from adapters.telegram.media import TOO_LARGE
from tests.adapters.phones import ENVELOPE, Telegram


async def received_message(telegram: Telegram) -> MessageReceived:
    event = (await telegram.received())[-1]
    assert isinstance(event, MessageReceived)
    return event


async def test_start_with_a_code_opens_the_chat_only(telegram: Telegram) -> None:
    telegram.emulator.start(telegram.bot, telegram.anna, "utm_42")
    event = (await telegram.received())[-1]
    assert isinstance(event, Started)
    assert (event.ref, event.user) == ("utm_42", telegram.user)
    assert event.profile is not None
    assert event.profile.name == "Anna Petrova"


async def test_a_text_comes_with_its_markup(telegram: Telegram) -> None:
    entities = [{"type": "bold", "offset": 3, "length": 4}]
    sent = telegram.emulator.say(telegram.bot, telegram.anna, "👋 bold", entities=entities)
    event = await received_message(telegram)
    assert (event.content.text, event.message_id, event.sequence) == ("👋 bold", str(sent.id), sent.id)
    assert event.content.spans == (Span(SpanKind.BOLD, 2, 4),)


async def test_a_reply_names_what_it_answers(telegram: Telegram) -> None:
    first = telegram.emulator.say(telegram.bot, telegram.anna, "Do you have roses?")
    telegram.emulator.say(telegram.bot, telegram.anna, "Red ones", reply_to=first)
    event = await received_message(telegram)
    assert event.content.quoted is not None
    assert (event.content.quoted.message_id, event.content.quoted.text) == (str(first.id), "Do you have roses?")


@pytest.mark.parametrize("kind", ["photo", "video", "video_note", "voice", "audio", "document", "animation", "sticker"])
async def test_media_can_be_fetched(telegram: Telegram, kind: str) -> None:
    data = picture(64, 48) if kind in ("photo", "sticker") else bytes(range(256)) * 400
    telegram.emulator.send_media(telegram.bot, telegram.anna, kind, data, name="file.bin")
    event = await received_message(telegram)
    (item,) = event.content.attachments
    assert item.kind.value == {"document": "file"}.get(kind, kind)
    got = b"".join([chunk async for chunk in telegram.adapter.fetch(telegram.channel, item, 10_000_000)])
    assert got == data


async def test_an_album_is_marked_as_one(telegram: Telegram) -> None:
    items = [("photo", picture(20, 20)), ("photo", picture(30, 30)), ("video", b"v" * 100)]
    telegram.emulator.send_album(telegram.bot, telegram.anna, items, caption="Which one?")
    events = [event for event in await telegram.received() if isinstance(event, MessageReceived)]
    assert len({event.content.album for event in events}) == 1
    assert events[0].content.album
    assert [event.content.text for event in events] == ["Which one?", "", ""]


async def test_places_cards_and_what_has_no_form_are_named(telegram: Telegram) -> None:
    emulator, bot, anna = telegram.emulator, telegram.bot, telegram.anna
    emulator.send_location(bot, anna, 55.75, 37.61, title="Kremlin", address="Red Square")
    emulator.send_contact(bot, anna, "Anna", "+79000000001", user_id=anna.id)
    emulator.send_contact(bot, anna, "Boris", "+79000000002", user_id=77)
    emulator.send_dice(bot, anna)
    emulator.send_poll(bot, anna, "Roses?", ["Yes", "No"])
    contents = [event.content for event in await telegram.received() if isinstance(event, MessageReceived)]
    place, own, other, dice, poll = contents
    assert place.location is not None
    assert place.location.title == "Kremlin"
    assert own.contact is not None
    assert own.contact.user == telegram.user
    assert other.contact is not None
    assert other.contact.user is None
    assert dice.unsupported == "dice"
    assert (poll.unsupported, poll.text) == ("poll", "Roses?\n– Yes\n– No")


async def test_edits_reactions_and_blocking_come_as_what_they_are(telegram: Telegram) -> None:
    emulator, bot, anna = telegram.emulator, telegram.bot, telegram.anna
    await telegram.received()  # names the wanted kinds: reactions are kept from now on
    message = emulator.say(bot, anna, "Helo")
    emulator.edit(message, "Hello")
    answer = await telegram.adapter.send(telegram.channel, telegram.user, Content(text="Hi"), ENVELOPE)
    emulator.react(emulator.chat(bot, anna).messages[int(answer.messages[0].id)], "❤")
    emulator.block(bot, anna)
    emulator.block(bot, anna, False)
    kinds = [type(event) for event in await telegram.received()]
    assert kinds == [MessageReceived, MessageEdited, ReactionChanged, Unsubscribed, Subscribed]


async def test_groups_never_become_messages(telegram: Telegram) -> None:
    group = telegram.emulator.add_to_group(telegram.bot, telegram.anna, "Friends")
    telegram.emulator.say_in_group(group, telegram.anna, "/start@flowers_test_bot")
    events = await telegram.received()
    assert events
    assert {type(event) for event in events} == {Unsupported}


async def test_a_press_is_answered(telegram: Telegram) -> None:
    telegram.emulator.start(telegram.bot, telegram.anna)
    button = Button(ButtonKind.PRESS, "Yes", "yes:1")
    part = Content(text="Roses?", buttons=((button,),))
    sent = await telegram.adapter.send(telegram.channel, telegram.user, part, ENVELOPE)
    message = telegram.emulator.chat(telegram.bot, telegram.anna).messages[int(sent.messages[0].id)]
    pressing = asyncio.create_task(telegram.emulator.press(message, "Yes"))
    await telegram.emulator.wait_for(lambda: telegram.bot.pending and len(telegram.bot.pending) > 1)
    press = (await telegram.received())[-1]
    assert isinstance(press, ButtonPressed)
    assert (press.payload, press.label, press.message_id) == ("yes:1", "Yes", sent.messages[0].id)
    assert press.acknowledge
    await telegram.adapter.acknowledge(telegram.channel, press.acknowledge, "Thank you")
    shown = await pressing
    assert shown is not None
    assert shown["text"] == "Thank you"
    await telegram.adapter.acknowledge(telegram.channel, "1", None)


async def test_polling_confirms_only_what_the_cursor_passed(telegram: Telegram) -> None:
    telegram.emulator.say(telegram.bot, telegram.anna, "one")
    telegram.emulator.say(telegram.bot, telegram.anna, "two")
    first = await telegram.adapter.poll(telegram.channel, None, 0)
    again = await telegram.adapter.poll(telegram.channel, None, 0)
    assert first == again
    assert len(first.payloads) == 2
    after = await telegram.adapter.poll(telegram.channel, first.cursor, 0)
    assert (after.payloads, after.cursor) == ((), first.cursor)


async def test_polling_beside_a_webhook_waits(telegram: Telegram) -> None:
    await telegram.adapter.subscribe(telegram.channel_of(telegram.bot, "https://other.test/hook"))
    with pytest.raises(Temporary) as conflict:
        await telegram.adapter.poll(telegram.channel, None, 0)
    assert "webhook" in conflict.value.reason
    assert conflict.value.retry_after


async def test_a_file_over_the_platforms_limit_says_so(telegram: Telegram) -> None:
    telegram.emulator.send_media(telegram.bot, telegram.anna, "document", b"x" * (20 * 1024 * 1024 + 1))
    event = await received_message(telegram)
    (item,) = event.content.attachments
    assert item.unavailable == TOO_LARGE
    with pytest.raises(Rejected):
        await anext(telegram.adapter.fetch(telegram.channel, item, 10**9))
    told_wrong = Attachment(AttachmentKind.FILE, handle=item.handle)
    with pytest.raises(Rejected):
        await anext(telegram.adapter.fetch(telegram.channel, told_wrong, 10**9))


async def test_fetching_stops_at_the_callers_limit(telegram: Telegram) -> None:
    telegram.emulator.send_media(telegram.bot, telegram.anna, "document", b"x" * 100_000)
    event = await received_message(telegram)
    with pytest.raises(Rejected) as refused:
        async for _ in telegram.adapter.fetch(telegram.channel, event.content.attachments[0], 50_000):
            pass
    assert "limit" in refused.value.params


async def test_a_handle_of_another_bot_is_not_found(telegram: Telegram) -> None:
    telegram.emulator.send_media(telegram.bot, telegram.anna, "document", b"x")
    event = await received_message(telegram)
    other = telegram.emulator.create_bot("Other", "other_test_bot")
    with pytest.raises(NotFound):
        await anext(telegram.adapter.fetch(telegram.channel_of(other), event.content.attachments[0], 1000))


async def test_the_profile_is_told_by_the_platform(telegram: Telegram) -> None:
    telegram.emulator.start(telegram.bot, telegram.anna)
    profile = await telegram.adapter.profile(telegram.channel, telegram.user)
    assert profile is not None
    assert (profile.name, profile.username, profile.link) == ("Anna Petrova", "anna", "https://t.me/anna")
