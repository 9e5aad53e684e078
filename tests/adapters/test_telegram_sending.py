"""What Pult sends, as it stands on the customer's phone in the emulated Telegram."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.base import (
    Attachment,
    AttachmentKind,
    Button,
    ButtonKind,
    ContactCard,
    Content,
    Location,
    MessageId,
    NotFound,
    Quoted,
    RecipientGone,
    Rejected,
    Sent,
    Span,
    SpanKind,
    UserId,
)
from adapters.telegram import refusals
from adapters.telegram.calls import NO_BYTES
from adapters.telegram.emulator import Message, picture
from tests.adapters.phones import ENVELOPE, Telegram

PHOTO, VIDEO, FILE = AttachmentKind.PHOTO, AttachmentKind.VIDEO, AttachmentKind.FILE


@pytest.fixture(autouse=True)
def started(telegram: Telegram) -> None:
    telegram.emulator.start(telegram.bot, telegram.anna)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    paths = {"photo": tmp_path / "a", "other": tmp_path / "b", "bytes": tmp_path / "c"}
    paths["photo"].write_bytes(picture(64, 48))
    paths["other"].write_bytes(picture(32, 32))
    paths["bytes"].write_bytes(b"content" * 1000)
    return paths


async def send(telegram: Telegram, content: Content) -> list[Sent]:
    """Plan and send all parts, as the outbox does."""
    parts = telegram.adapter.plan(content).parts
    return [await telegram.adapter.send(telegram.channel, telegram.user, part, ENVELOPE) for part in parts]


def on_phone(telegram: Telegram, sent: Sent) -> list[Message]:
    chat = telegram.emulator.chat(telegram.bot, telegram.anna)
    return [chat.messages[int(message.id)] for message in sent.messages]


async def test_text_arrives_with_its_markup(telegram: Telegram) -> None:
    spans = (Span(SpanKind.BOLD, 2, 5), Span(SpanKind.LINK, 8, 4, "https://pult.test/"))
    (sent,) = await send(telegram, Content(text="👋 roses here <b>&", spans=spans))
    (message,) = on_phone(telegram, sent)
    assert message.text == "👋 roses here <b>&"
    assert [(e["type"], e["offset"], e["length"]) for e in message.entities] == [("bold", 3, 5), ("text_link", 9, 4)]


async def test_a_long_text_arrives_whole_and_in_order(telegram: Telegram) -> None:
    text = " ".join(f"word{number}😀" for number in range(1500))
    sent = await send(telegram, Content(text=text))
    assert len(sent) > 1
    arrived = [on_phone(telegram, one)[0].text for one in sent]
    assert " ".join(piece.strip() for piece in arrived) == text


@pytest.mark.parametrize("kind", AttachmentKind)
async def test_every_kind_of_medium_arrives_and_its_handle_is_kept(
    telegram: Telegram, files: dict[str, Path], kind: AttachmentKind
) -> None:
    path = files["photo"] if kind in (PHOTO, AttachmentKind.STICKER) else files["bytes"]
    item = Attachment(kind, path=path, name="прайс «весна».pdf", file_id=7, duration=3, width=64, height=48)
    (sent,) = await send(telegram, Content(attachments=(item,)))
    (message,) = on_phone(telegram, sent)
    name = "document" if kind is FILE else kind.value
    assert name in message.wire
    if kind is FILE:
        assert message.wire["document"]["file_name"] == "прайс «весна».pdf"
    handle = sent.cached[7]
    again = replace(item, path=None, cached=handle)
    (second,) = await send(telegram, Content(attachments=(again,)))
    assert name in on_phone(telegram, second)[0].wire


async def test_an_album_is_one_call_with_all_its_ids(telegram: Telegram, files: dict[str, Path]) -> None:
    items = (
        Attachment(PHOTO, path=files["photo"], file_id=1, spoiler=True),
        Attachment(VIDEO, path=files["bytes"], file_id=2),
        Attachment(PHOTO, path=files["other"], file_id=3),
    )
    (sent,) = await send(telegram, Content(text="Choose", attachments=items))
    messages = on_phone(telegram, sent)
    assert len(messages) == 3
    assert len({message.group for message in messages}) == 1
    assert messages[0].text == "Choose"
    assert set(sent.cached) == {1, 2, 3}
    mixed = (replace(items[0], path=None, cached=sent.cached[1]), items[1])
    (second,) = await send(telegram, Content(attachments=mixed))
    assert len(on_phone(telegram, second)) == 2


async def test_media_of_several_families_go_in_several_calls(telegram: Telegram, files: dict[str, Path]) -> None:
    photo = Attachment(PHOTO, path=files["photo"])
    document = Attachment(FILE, path=files["bytes"])
    voice = Attachment(AttachmentKind.VOICE, path=files["bytes"], mime="audio/ogg")
    sent = await send(telegram, Content(text="All", attachments=(*[photo] * 11, document, document, voice)))
    assert [len(one.messages) for one in sent] == [10, 1, 2, 1]


async def test_a_handle_of_another_bot_falls_back_to_the_bytes(telegram: Telegram, files: dict[str, Path]) -> None:
    item = Attachment(FILE, path=files["bytes"], file_id=1, cached="BQACAgIAAxkBAAIBQmRvc2VzLW9mLWFub3RoZXItYm90")
    (sent,) = await send(telegram, Content(attachments=(item,)))
    assert sent.cached[1] != item.cached
    (album,) = await send(telegram, Content(attachments=(item, replace(item, cached=None))))
    assert len(album.messages) == 2
    with pytest.raises(Rejected):
        await send(telegram, Content(attachments=(replace(item, path=None),)))


async def test_a_handle_of_another_kind_falls_back_to_the_bytes(telegram: Telegram, files: dict[str, Path]) -> None:
    (sent,) = await send(telegram, Content(attachments=(Attachment(PHOTO, path=files["photo"], file_id=1),)))
    as_file = Attachment(FILE, path=files["photo"], file_id=1, cached=sent.cached[1])
    (second,) = await send(telegram, Content(attachments=(as_file,)))
    assert on_phone(telegram, second)[0].wire.keys() & {"document", "photo"}


async def test_a_file_that_is_gone_from_the_disk_is_refused(telegram: Telegram, tmp_path: Path) -> None:
    for item in (Attachment(FILE, path=tmp_path / "nothing"), Attachment(FILE)):
        with pytest.raises(Rejected) as refused:
            await send(telegram, Content(attachments=(item,)))
        assert refused.value.reason == NO_BYTES


async def test_places_and_cards_arrive(telegram: Telegram) -> None:
    place = Location(55.75, 37.61)
    for content, name in (
        (Content(location=place), "location"),
        (Content(location=replace(place, title="Shop", address="Main street")), "venue"),
        (Content(location=replace(place, title="Shop")), "venue"),
        (Content(contact=ContactCard("Anna", "+79000000001")), "contact"),
    ):
        (sent,) = await send(telegram, content)
        assert name in on_phone(telegram, sent)[0].wire


async def test_a_reply_is_a_reply_and_a_lost_one_still_arrives(telegram: Telegram) -> None:
    asked = telegram.emulator.say(telegram.bot, telegram.anna, "Roses?")
    (sent,) = await send(telegram, Content(text="Yes", quoted=Quoted(MessageId(str(asked.id)))))
    assert on_phone(telegram, sent)[0].reply_to == asked.id
    telegram.emulator.delete(asked)
    (sent,) = await send(telegram, Content(text="Yes", quoted=Quoted(MessageId(str(asked.id)))))
    assert on_phone(telegram, sent)[0].reply_to is None


async def test_buttons_stand_under_the_last_message(telegram: Telegram, files: dict[str, Path]) -> None:
    rows = ((Button(ButtonKind.PRESS, "Yes", "y"), Button(ButtonKind.LINK, "Shop", "https://pult.test/")),)
    (sent,) = await send(telegram, Content(text="Roses?", buttons=rows))
    assert on_phone(telegram, sent)[0].labels() == ["Yes", "Shop"]
    photo = Attachment(PHOTO, path=files["photo"])
    album, text = await send(telegram, Content(text="Roses?", attachments=(photo, photo), buttons=rows))
    assert on_phone(telegram, text)[0].labels() == ["Yes", "Shop"]
    assert [message.text for message in on_phone(telegram, album)] == ["", ""]


async def test_asking_for_a_phone_number_shows_its_keyboard(telegram: Telegram) -> None:
    rows = ((Button(ButtonKind.PHONE, "My number"),), (Button(ButtonKind.LOCATION, "Where I am"),))
    await send(telegram, Content(text="Where to?", buttons=rows))
    keyboard = telegram.emulator.chat(telegram.bot, telegram.anna).reply_keyboard
    assert keyboard is not None
    assert keyboard["keyboard"][0][0]["request_contact"] is True
    assert keyboard["keyboard"][1][0]["request_location"] is True


async def test_texts_and_captions_are_edited(telegram: Telegram, files: dict[str, Path]) -> None:
    (text,) = await send(telegram, Content(text="Helo"))
    photo = Attachment(PHOTO, path=files["photo"])
    (captioned,) = await send(telegram, Content(text="Helo", attachments=(photo,)))
    await telegram.adapter.edit(telegram.channel, telegram.user, text.messages[0].id, Content(text="Hello"))
    edited = Content(text="Hello", attachments=(photo,))
    await telegram.adapter.edit(telegram.channel, telegram.user, captioned.messages[0].id, edited)
    assert on_phone(telegram, text)[0].text == on_phone(telegram, captioned)[0].text == "Hello"
    await telegram.adapter.edit(telegram.channel, telegram.user, text.messages[0].id, Content(text="Hello"))
    await telegram.adapter.edit(telegram.channel, telegram.user, captioned.messages[0].id, Content(text="Bye"))
    assert on_phone(telegram, captioned)[0].text == "Bye"
    with pytest.raises(NotFound):
        await telegram.adapter.edit(telegram.channel, telegram.user, MessageId("99999"), Content(text="x"))
    with pytest.raises(NotFound):
        await telegram.adapter.edit(telegram.channel, telegram.user, MessageId("no number"), Content(text="x"))


async def test_messages_are_deleted_at_the_persons_side(telegram: Telegram) -> None:
    sent = [(await send(telegram, Content(text=f"{number}")))[0].messages[0].id for number in range(3)]
    await telegram.adapter.delete(telegram.channel, telegram.user, (sent[0],))
    await telegram.adapter.delete(telegram.channel, telegram.user, (sent[1], sent[2]))
    chat = telegram.emulator.chat(telegram.bot, telegram.anna)
    assert not {int(one) for one in sent} & set(chat.messages)
    with pytest.raises(NotFound):
        await telegram.adapter.delete(telegram.channel, telegram.user, (sent[0],))


async def test_what_is_older_than_two_days_stays(telegram: Telegram) -> None:
    (sent,) = await send(telegram, Content(text="old"))
    telegram.emulator.world.clock = lambda: 49 * 3600 + on_phone(telegram, sent)[0].wire["date"]
    with pytest.raises(Rejected) as refused:
        await telegram.adapter.delete(telegram.channel, telegram.user, (sent.messages[0].id,))
    assert refused.value.reason == refusals.NOT_DELETABLE


async def test_reactions_are_set_and_taken_back(telegram: Telegram) -> None:
    asked = telegram.emulator.say(telegram.bot, telegram.anna, "Roses?")
    number = MessageId(str(asked.id))
    await telegram.adapter.react(telegram.channel, telegram.user, number, "👍")
    assert "👍" in asked.reactions.values()
    await telegram.adapter.react(telegram.channel, telegram.user, number, None)
    assert not asked.reactions
    with pytest.raises(Rejected) as refused:
        await telegram.adapter.react(telegram.channel, telegram.user, number, "🧉")
    assert refused.value.reason == refusals.REACTION


async def test_typing_shows(telegram: Telegram) -> None:
    await telegram.adapter.typing(telegram.channel, telegram.user)
    assert telegram.emulator.calls("sendChatAction")[-1].params["action"] == "typing"


async def test_whoever_blocked_or_never_started_is_gone(telegram: Telegram) -> None:
    boris = telegram.emulator.person("Boris")
    for user in (UserId(str(boris.id)), UserId("123")):
        with pytest.raises(RecipientGone) as gone:
            await telegram.adapter.send(telegram.channel, user, Content(text="Hi"), ENVELOPE)
        assert gone.value.reason == refusals.NEVER_STARTED
    telegram.emulator.block(telegram.bot, telegram.anna)
    with pytest.raises(RecipientGone) as gone:
        await send(telegram, Content(text="Hi"))
    assert gone.value.reason == refusals.BLOCKED


@pytest.mark.parametrize("gone", [False, True])
async def test_an_answer_goes_to_the_customers_topic_or_outside_where_there_is_none(
    telegram: Telegram, files: dict[str, Path], gone: bool
) -> None:
    telegram.bot.topics = True
    topic = {"message_thread_id": 700, "is_topic_message": True}
    telegram.emulator.send_content(telegram.bot, telegram.anna, {"text": "here", **topic})
    if gone:
        telegram.emulator.chat(telegram.bot, telegram.anna).topics.clear()
    photos = tuple(Attachment(PHOTO, path=files[name], name="a.jpg", mime="image/jpeg") for name in ("photo", "other"))
    contents = (
        Content(text="one"),
        Content(attachments=photos[:1]),
        Content(attachments=photos),
        Content(location=Location(55.75, 37.6)),
    )
    for content in contents:
        (part,) = telegram.adapter.plan(content).parts
        envelope = replace(ENVELOPE, client="700")
        sent = await telegram.adapter.send(telegram.channel, telegram.user, part, envelope)
        threads = {message.wire.get("message_thread_id") for message in on_phone(telegram, sent)}
        assert threads == {None if gone else 700}
