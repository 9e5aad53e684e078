"""What customers do in Viber as it arrives: over real callbacks, in the words of the contract."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.base import (
    Attachment,
    AttachmentKind,
    Button,
    ButtonKind,
    ButtonPressed,
    Content,
    MessageReceived,
    NotFound,
    Rejected,
    Started,
    StatusChanged,
    Subscribed,
    Unsubscribed,
)
from adapters.http import Http
from adapters.viber import wire
from adapters.viber.files import FOREIGN, Media
from tests.adapters.viber_phones import ENVELOPE, Viber


async def received(viber: Viber) -> Content:
    (event,) = await viber.expect(1, MessageReceived)
    assert isinstance(event, MessageReceived)
    assert event.user == viber.user
    return event.content


async def fetched(viber: Viber, content: Content, limit: int = 1000) -> bytes:
    chunks = viber.adapter.fetch(viber.channel, content.attachments[0], limit)
    return b"".join([chunk async for chunk in chunks])


async def test_text_with_its_writer(viber: Viber) -> None:
    await viber.subscribe()
    message = viber.emulator.say(viber.bot, viber.anna, "Есть пионы? 🌷")
    assert (await received(viber)).text == "Есть пионы? 🌷"
    (event,) = viber.of(MessageReceived)
    assert isinstance(event, MessageReceived)
    assert event.message_id == str(message.token)
    assert event.profile is not None
    assert (event.profile.name, event.profile.language) == ("Анна", "ru")
    assert event.profile.picture


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [("photo", "a.jpg", AttachmentKind.PHOTO), ("video", "v.mp4", AttachmentKind.VIDEO),
     ("file", "Договор.pdf", AttachmentKind.FILE)],
)  # fmt: skip
async def test_media_are_fetched_by_their_address(viber: Viber, kind: str, name: str, expected: AttachmentKind) -> None:
    await viber.subscribe()
    viber.emulator.send_media(viber.bot, viber.anna, kind, b"bytes", name=name, caption="Такой")
    content = await received(viber)
    (item,) = content.attachments
    assert (item.kind, item.size) == (expected, 5)
    assert content.text == ("Такой" if kind == "photo" else "")
    assert await fetched(viber, content) == b"bytes"
    with pytest.raises(Rejected) as refused:
        await fetched(viber, content, 4)
    assert "{limit}" in refused.value.reason


async def test_a_sticker_is_a_picture(viber: Viber) -> None:
    await viber.subscribe()
    viber.emulator.send_sticker(viber.bot, viber.anna)
    content = await received(viber)
    assert content.attachments[0].kind is AttachmentKind.STICKER
    assert (await fetched(viber, content)).startswith(b"\x89PNG")


async def test_a_file_that_is_gone_is_said_to_be(viber: Viber) -> None:
    await viber.subscribe()
    viber.emulator.send_media(viber.bot, viber.anna, "file", b"bytes", name="a.pdf")
    content = await received(viber)
    viber.emulator.world.files.clear()
    with pytest.raises(NotFound):
        await fetched(viber, content)


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/x.jpg", "http://dl-media.viber.com/x.jpg", "https://dl-media.viber.com:8080/x.jpg",
        "https://dl-media.viber.com.evil.example/x", "https://evilviber.com/x", "https://user@dl-media.viber.com/x",
        "file:///etc/passwd", "http://127.0.0.1:1/x", "http://169.254.169.254/latest/meta-data", "http://[", "//evil/x",
        "https://viber.com@evil.example/",
    ],
)  # fmt: skip
async def test_only_vibers_hosts_are_asked(viber: Viber, address: str) -> None:
    chunks = viber.adapter.fetch(viber.channel, Attachment(AttachmentKind.PHOTO, handle=address), 1000)
    with pytest.raises(Rejected) as refused:
        await anext(chunks)
    assert refused.value.reason == FOREIGN


async def test_vibers_own_hosts_are_allowed() -> None:
    media = Media(Http(), "https://chatapi.viber.com/pa")
    for address in (
        "https://dl-media.viber.com/1/x.jpg",
        "https://media-direct.cdn.viber.com/pg_download?id=1",
        "https://viber.github.io/docs/img/stickers/40133.png",
        "https://chatapi.viber.com/x",
    ):
        assert media.allowed(address)
    assert not media.allowed("http://127.0.0.1/x")


async def test_location_and_contact(viber: Viber) -> None:
    await viber.subscribe()
    place = {"lat": 50.45, "lon": 30.52, "address": "Крещатик"}
    viber.emulator.send(viber.bot, viber.anna, {"type": "location", "location": place})
    card = {"name": "Вера", "phone_number": "+380501234567"}
    viber.emulator.send(viber.bot, viber.anna, {"type": "contact", "contact": card})
    contents = [event.content for event in await viber.expect(2, MessageReceived) if isinstance(event, MessageReceived)]
    assert contents[0].location is not None
    assert (contents[0].location.latitude, contents[0].location.address) == (50.45, "Крещатик")
    assert contents[1].contact is not None
    assert (contents[1].contact.name, contents[1].contact.phone) == ("Вера", "+380501234567")


async def test_opening_subscribing_and_leaving(viber: Viber) -> None:
    await viber.subscribe()
    viber.emulator.open(viber.bot, viber.anna, "promo_42")
    viber.emulator.subscribe(viber.bot, viber.anna)
    viber.emulator.unsubscribe(viber.bot, viber.anna)
    started, subscribed, left = await viber.expect(3)
    assert isinstance(started, Started)
    assert (started.ref, started.subscribed) == ("promo_42", False)
    assert isinstance(subscribed, Subscribed)
    assert isinstance(left, Unsubscribed)
    assert left.user == viber.user


async def test_whoever_opens_the_chat_is_greeted(viber: Viber) -> None:
    await viber.subscribe()
    viber.channel = replace(viber.channel, settings={"greeting": "Здравствуйте! Что подсказать?"})
    viber.emulator.open(viber.bot, viber.anna)
    await viber.emulator.wait_for(viber.chat.sent)
    assert viber.chat.sent()[0].text == "Здравствуйте! Что подсказать?"
    viber.emulator.say(viber.bot, viber.anna, "Пионы")
    await viber.expect(1, MessageReceived)
    assert len(viber.chat.sent()) == 1


async def test_nobody_is_greeted_without_a_greeting(viber: Viber) -> None:
    await viber.subscribe()
    viber.emulator.open(viber.bot, viber.anna)
    await viber.expect(1, Started)
    assert viber.chat.sent() == []


async def test_a_press_is_told_from_typed_words(viber: Viber) -> None:
    await viber.subscribe()
    viber.emulator.say(viber.bot, viber.anna, "Пионы есть?")
    buttons = (
        (Button(ButtonKind.PRESS, "Да <3", "yes:1"), Button(ButtonKind.PRESS, "Нет")),
        (Button(ButtonKind.PHONE, "Телефон"),),
    )
    sent = await viber.adapter.send(viber.channel, viber.user, Content(text="Заказать?", buttons=buttons), ENVELOPE)
    assert sent.messages[0].aliases == (ENVELOPE.token,)
    (message,) = viber.chat.sent()
    viber.emulator.press(message, "Да <3")
    (pressed,) = await viber.expect(1, ButtonPressed)
    assert isinstance(pressed, ButtonPressed)
    assert (pressed.payload, pressed.label, pressed.message_id) == ("yes:1", "Да <3", ENVELOPE.token)
    viber.emulator.press(message, "Нет")
    viber.emulator.press(message, "Телефон")
    _, no, phone = await viber.expect(3, MessageReceived)
    assert isinstance(no, MessageReceived)
    assert no.content.text == "Нет"
    assert isinstance(phone, MessageReceived)
    assert phone.content.contact is not None


async def test_ticks_name_our_message_and_the_person(viber: Viber) -> None:
    await viber.subscribe()
    viber.emulator.say(viber.bot, viber.anna, "Пионы есть?")
    sent = await viber.adapter.send(viber.channel, viber.user, Content(text="Да"), ENVELOPE)
    viber.emulator.read(viber.bot, viber.anna)
    wanted = sent.messages[0].id

    def ours() -> list[tuple[str, str]]:
        return [
            (event.status.value, event.user)
            for event in viber.events
            if isinstance(event, StatusChanged) and event.message_ids == (wanted,)
        ]

    await viber.emulator.wait_for(lambda: len(ours()) == 2)
    assert ours() == [("delivered", viber.user), ("seen", viber.user)]


async def test_a_token_beyond_a_browsers_numbers_stays_whole(viber: Viber) -> None:
    events = wire.parse(
        orjson.loads(b'{"event":"seen","timestamp":1,"message_token":18446744073709551615,"user_id":"a"}')
    )
    assert isinstance(events[0], StatusChanged)
    assert events[0].message_ids == ("18446744073709551615",)


async def test_unanswered_callbacks_come_again_and_twice_is_once(viber: Viber) -> None:
    await viber.subscribe()
    viber.status = 503
    viber.emulator.say(viber.bot, viber.anna, "Пионы есть?")
    await viber.emulator.wait_for(lambda: len(viber.emulator.delivery.posts) >= 3)
    viber.status = 200
    viber.emulator.fault("duplicate", where="webhook", times=None)
    viber.emulator.say(viber.bot, viber.anna, "Ау")
    await viber.emulator.wait_for(lambda: not viber.emulator.delivery.pending)
    keys = [event.key for event in viber.of(MessageReceived)]
    assert len(set(keys)) == 2
    assert len(keys) > 2


async def test_shuffled_callbacks_are_ordered_by_their_time(viber: Viber) -> None:
    await viber.subscribe()
    viber.emulator.fault("shuffle", where="webhook", seconds=0.05)
    for number in range(6):
        viber.emulator.world.clock = lambda number=number: 1_795_262_400.0 + number  # type: ignore[misc]
        viber.emulator.say(viber.bot, viber.anna, str(number))
    events = await viber.expect(6, MessageReceived)
    texts = [
        event.content.text for event in sorted(events, key=lambda event: event.at) if isinstance(event, MessageReceived)
    ]
    assert texts == list("012345")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(
    ["text", "picture", "video", "file", "sticker", "location", "contact", "url", "rich_media", "new", ""]
)
FIELDS = st.sampled_from(
    [
        "text",
        "media",
        "location",
        "contact",
        "sticker_id",
        "size",
        "file_size",
        "duration",
        "file_name",
        "tracking_data",
    ]
)


@settings(max_examples=300, deadline=None)
@given(kind=KINDS, fields=st.dictionaries(FIELDS, JSON, max_size=5), token=JSON, user=st.text(min_size=1))
def test_no_message_vanishes(kind: str, fields: dict[str, Any], token: Any, user: str) -> None:
    """Whatever its fields hold, a message of somebody is a message, with something to see in it."""
    payload = {
        "event": "message", "message_token": token, "sender": {"id": user}, "message": {"type": kind, **fields},
    }  # fmt: skip
    (event,) = wire.parse(payload)
    assert isinstance(event, MessageReceived | ButtonPressed)
    assert len(event.key) <= 255
    if isinstance(event, MessageReceived):
        assert not event.content.empty
        assert event.message_id
