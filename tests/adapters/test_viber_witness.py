"""Viber's own library as the witness: it reads what the emulator sends, and builds what the adapter must send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from viberbot import Api
from viberbot.api.bot_configuration import BotConfiguration
from viberbot.api.messages import (
    ContactMessage,
    FileMessage,
    KeyboardMessage,
    LocationMessage,
    PictureMessage,
    TextMessage,
    VideoMessage,
)
from viberbot.api.messages.data_types.contact import Contact
from viberbot.api.messages.data_types.location import Location as Point
from viberbot.api.viber_requests import create_request

from adapters.base import (
    Attachment,
    AttachmentKind,
    Button,
    ButtonKind,
    ContactCard,
    Content,
    HookRequest,
    Location,
    MessageReceived,
    Started,
    StatusChanged,
)
from adapters.viber import calls
from tests.adapters.viber_phones import ENVELOPE, Viber
from tests.contract.subjects import SUBJECTS

SUBJECT = SUBJECTS["viber"]
UNKNOWN_TO_IT = {"unknown_event", "unknown_kind", "message_from_nobody", "delivered_without_token"}
"""What is newer than the library, or broken on purpose."""
PARTIAL = {
    "text_without_profile", "picture_without_media", "sticker_unknown", "sticker_by_id", "location_bare",
    "contact_without_name", "contact_without_phone",
    "failed_without_reason",
}  # fmt: skip
"""What lacks fields that the library takes for granted."""


def library(token: str) -> Api:
    return Api(BotConfiguration(auth_token=token, name="Flowers", avatar=""))


@pytest.mark.parametrize("name", sorted(set(SUBJECT.cases) - UNKNOWN_TO_IT - PARTIAL))
def test_samples_are_what_vibers_library_reads(name: str) -> None:
    payload = SUBJECT.cases[name]["payload"]
    request: Any = create_request(payload)
    assert request.event_type == payload["event"]
    events = SUBJECT.adapter().parse(payload)
    for event in events:
        if isinstance(event, MessageReceived):
            assert (event.user, event.message_id) == (request.sender.id, str(request.message_token))
            assert (event.profile.name if event.profile else None) == request.sender.name
            if payload["message"]["type"] == "text":
                assert event.content.text == (request.message.text or "")
        elif isinstance(event, Started):
            assert (event.user, event.ref) == (request.user.id, request.context or None)
        elif isinstance(event, StatusChanged):
            assert event.message_ids == (str(request.message_token),)
            assert event.user == request.user_id


def test_signatures_agree() -> None:
    genuine, token = SUBJECT.genuine, SUBJECT.credentials["token"]
    api = library(token)
    assert api.verify_signature(genuine.body, genuine.headers["x-viber-content-signature"])
    for body in (b"{}", '{"event":"message","text":"Здравствуйте 👋"}'.encode(), bytes(range(256))):
        headers = {"x-viber-content-signature": api._calculate_message_signature(body)}
        asked = HookRequest("POST", headers, {"key": SUBJECT.credentials["hook_secret"]}, body)
        SUBJECT.adapter().verify(asked, SUBJECT.credentials)


async def test_the_emulators_callbacks_are_vibers(viber: Viber) -> None:
    """Each one as it went over the wire is signed as the library wants it, and read by it."""
    await viber.subscribe()
    emulator, bot, anna = viber.emulator, viber.bot, viber.anna
    emulator.open(bot, anna, "promo")
    emulator.subscribe(bot, anna)
    emulator.say(bot, anna, "Здравствуйте")
    emulator.send_media(bot, anna, "photo", b"x", caption="Такой")
    emulator.send_media(bot, anna, "video", b"x")
    emulator.send_media(bot, anna, "file", b"x", name="a.pdf")
    emulator.send_sticker(bot, anna)
    emulator.send(bot, anna, {"type": "location", "location": {"lat": 1.5, "lon": 2.5}})
    emulator.send(bot, anna, {"type": "contact", "contact": {"name": "A", "phone_number": "+1"}})
    await viber.adapter.send(viber.channel, viber.user, Content(text="Да"), ENVELOPE)
    emulator.read(bot, anna)
    emulator.unsubscribe(bot, anna)
    await emulator.wait_for(lambda: not emulator.delivery.pending)
    api = library(bot.token)
    read = [api.parse_request(body) for body, _ in emulator.delivery.posts]
    assert {request.event_type for request in read} == {
        "webhook", "conversation_started", "subscribed", "message", "delivered", "seen", "unsubscribed",
    }  # fmt: skip
    assert viber.refused == []


def written(part: Content) -> dict[str, Any]:
    """What the adapter sends, without what surrounds the message."""
    body = calls.body_of(part, SUBJECT.channel, calls.UserId("501"), ENVELOPE)
    around = ("receiver", "sender", "min_api_version", "tracking_data")
    return {name: value for name, value in body.items() if name not in around}


def theirs(message: Any) -> dict[str, Any]:
    """What the library sends, without the fields that are nothing."""
    assert message.validate() is not False
    plain: dict[str, Any] = json.loads(
        json.dumps(message.to_dict()),
        object_hook=lambda found: {name: value for name, value in found.items() if value is not None},
    )
    return plain


def test_messages_are_built_as_vibers_library_builds_them() -> None:
    url = "https://pult.test/media/x.pdf"
    photo = Attachment(AttachmentKind.PHOTO, mime="image/jpeg", size=5, url=url)
    video = Attachment(AttachmentKind.VIDEO, size=5, duration=3, url=url)
    file = Attachment(AttachmentKind.FILE, size=5, name="Прайс.pdf", url=url)
    card = Contact(name="Вера", phone_number="+380501234567")
    pairs = [
        (Content(text="Да"), TextMessage(text="Да")),
        (Content(text="Вот", attachments=(photo,)), PictureMessage(media=url, text="Вот")),
        (Content(attachments=(video,)), VideoMessage(media=url, size=5, duration=3)),
        (Content(attachments=(file,)), FileMessage(media=url, size=5, file_name="Прайс.pdf")),
        (Content(location=Location(50.45, 30.52)), LocationMessage(location=Point(lat=50.45, lon=30.52))),
        (Content(contact=ContactCard("Вера", "+380501234567")), ContactMessage(contact=card)),
    ]
    for part, message in pairs:
        assert written(part) == theirs(message)


def test_a_keyboard_stands_where_vibers_library_puts_it() -> None:
    part = Content(text="Да?", buttons=((Button(ButtonKind.PRESS, "Да"),),))
    keyboard = written(part)["keyboard"]
    assert theirs(KeyboardMessage(keyboard=keyboard))["keyboard"] == keyboard
