"""A member's message as Content: every kind, with markup counted as Pult counts it."""

from __future__ import annotations

from typing import Any

import pytest
from aiogram.types import Message
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import AttachmentKind, ContactCard, Location, Span, SpanKind
from handlers.chat.content import content_of, typed_of
from handlers.chat.marked import Marked, bold, joined, short, spans
from services.access import Refusal

CHAT = {"id": 101, "type": "private", "first_name": "Олег"}
FILE = {"file_id": "F", "file_unique_id": "U", "file_size": 10}
BOX = {"width": 3, "height": 2}


def message(**matter: Any) -> Message:
    around = {"message_id": 7, "date": 1, "chat": CHAT, "from": {"id": 101, "is_bot": False, "first_name": "Олег"}}
    return Message.model_validate(around | matter)


@pytest.mark.parametrize(
    ("matter", "kind", "mime"),
    [
        (
            {"photo": [FILE | BOX, {**FILE, "file_id": "L", "width": 30, "height": 20}]},
            AttachmentKind.PHOTO,
            "image/jpeg",
        ),
        ({"video": FILE | BOX | {"duration": 3, "mime_type": "video/mp4"}}, AttachmentKind.VIDEO, "video/mp4"),
        ({"video_note": FILE | {"length": 9, "duration": 3}}, AttachmentKind.VIDEO_NOTE, "video/mp4"),
        ({"voice": FILE | {"duration": 3}}, AttachmentKind.VOICE, "audio/ogg"),
        ({"audio": FILE | {"duration": 3, "mime_type": "audio/mpeg"}}, AttachmentKind.AUDIO, "audio/mpeg"),
        ({"document": FILE | {"mime_type": "application/pdf"}}, AttachmentKind.FILE, "application/pdf"),
        (
            {"animation": FILE | BOX | {"duration": 1, "mime_type": "video/mp4"}, "document": FILE},
            AttachmentKind.ANIMATION,
            "video/mp4",
        ),
        (
            {"sticker": FILE | BOX | {"type": "regular", "is_animated": True, "is_video": False, "emoji": "🙂"}},
            AttachmentKind.STICKER,
            "application/x-tgsticker",
        ),
    ],
)
def test_every_medium(matter: dict[str, Any], kind: AttachmentKind, mime: str) -> None:
    content = content_of(message(**matter, caption="Вот"))
    (item,) = content.attachments
    assert (item.kind, item.mime, content.text) == (kind, mime, "Вот")
    assert item.handle == ("L" if kind is AttachmentKind.PHOTO else "F")


def test_places_venues_and_contacts() -> None:
    place = {"latitude": 55.7, "longitude": 37.6}
    assert content_of(message(location=place)).location == Location(55.7, 37.6)
    venue = {"location": place, "title": "Лавка", "address": "Ленина, 1"}
    assert content_of(message(venue=venue, location=place)).location == Location(55.7, 37.6, "Лавка", "Ленина, 1")
    card = {"phone_number": "+79001234567", "first_name": "Иван", "last_name": "Петров"}
    assert content_of(message(contact=card)).contact == ContactCard("Иван Петров", "+79001234567")


def test_a_video_goes_in_a_quality_that_bots_may_fetch() -> None:
    small = {
        "file_id": "S",
        "file_unique_id": "S",
        "width": 640,
        "height": 360,
        "codec": "h264",
        "file_size": 1_000_000,
    }
    video = FILE | BOX | {"duration": 3, "file_size": 30_000_000, "qualities": [small]}
    assert content_of(message(video=video)).attachments[0].handle == "S"


@pytest.mark.parametrize(
    ("matter", "words"),
    [
        ({"dice": {"emoji": "🎲", "value": 3}}, "cannot be passed on"),
        ({"document": FILE | {"file_size": 20 * 1024 * 1024 + 1}}, "20 MB"),
    ],
)
def test_what_cannot_be_carried_is_refused_with_a_reason(matter: dict[str, Any], words: str) -> None:
    with pytest.raises(Refusal, match=words):
        content_of(message(**matter))


def test_where_it_was_typed_is_its_key() -> None:
    told = typed_of(message(text="Да", reply_to_message={"message_id": 5, "date": 1, "chat": CHAT}), 3)
    assert (told.origin, told.telegram_id, told.reply_to, told.album) == ("3:101:7", 7, 5, None)
    assert typed_of(message(text="Да", media_group_id="g"), 3).album == "3:101:g"


def test_markup_is_counted_in_characters() -> None:
    entities = [{"type": "bold", "offset": 3, "length": 2}, {"type": "url", "offset": 6, "length": 9}]
    content = content_of(message(text="😀 Да pult.test", entities=entities))
    assert content.spans == (Span(SpanKind.BOLD, 2, 2),)


@given(st.text(max_size=40), st.data())
def test_markup_goes_to_telegram_and_back_unchanged(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, max(len(text) - 1, 0)))
    length = data.draw(st.integers(1, 10))
    marked = Marked(text, (Span(SpanKind.ITALIC, start, length),))
    whole = Marked(text, tuple(Span(s.kind, s.start, min(s.length, len(text) - s.start)) for s in marked.spans))
    wanted = whole.spans if start < len(text) else ()
    assert spans(text, marked.entities()) == wanted


@given(st.lists(st.text(max_size=30), max_size=4), st.integers(8, 60))
def test_a_beginning_keeps_to_its_limit(parts: list[str], limit: int) -> None:
    text = joined(" · ", [bold(part) for part in parts])
    assert text.begun(limit).units <= limit
    assert len(short(text.text, limit)) <= limit
