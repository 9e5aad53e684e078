"""What answers become on Messenger: each kind, its conversions, its limits, and when it may go at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from adapters.base import (
    Attachment,
    AttachmentKind,
    Button,
    ButtonKind,
    ContactCard,
    Content,
    Location,
    MessageId,
    Quoted,
    Rejected,
    Span,
    SpanKind,
    WindowClosed,
)
from adapters.facebook import outbound, refusals, uploads, window
from adapters.facebook.adapter import HUMAN_AGENT
from adapters.facebook.emulator import Message
from tests.adapters.pages import ENVELOPE, RETIRED, Facebook, subscribed

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MOMENTS = st.integers(-15 * 24 * 60, 15 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))


def got(facebook: Facebook) -> list[Message]:
    return facebook.emulator.chat(facebook.page, facebook.anna).sent()


def wire(facebook: Facebook) -> list[dict[str, Any]]:
    return [call.params for call in facebook.emulator.calls("messages") if "message" in call.params]


def picture(form: str, mode: str = "RGB") -> bytes:
    data = BytesIO()
    Image.new(mode, (40, 30), "red").save(data, form)
    return data.getvalue()


def stored(folder: Path, kind: AttachmentKind, data: bytes, mime: str | None = None, **more: Any) -> Attachment:
    path = folder / f"{len(list(folder.iterdir()))}"
    path.write_bytes(data)
    more = {"file_id": len(list(folder.iterdir())), **more}
    return Attachment(kind, path=path, size=len(data), mime=mime, **more)


# Kinds


async def test_text_goes_as_a_response_with_its_mark() -> None:
    async with subscribed() as facebook:
        (sent,) = await facebook.send(Content(text="Привет 👋"))
        (message,) = got(facebook)
        assert (message.text, message.mid) == ("Привет 👋", sent.messages[0].id)
        assert wire(facebook)[0]["messaging_type"] == "RESPONSE"
        assert wire(facebook)[0]["message"] == {"text": "Привет 👋", "metadata": ENVELOPE.token}


async def test_long_text_is_split_and_hidden_links_are_written_out() -> None:
    async with subscribed() as facebook:
        await facebook.send(Content(text="слово " * 900))
        assert [len(message.text) <= 2000 for message in got(facebook)] == [True] * 3
        spans = (Span(SpanKind.LINK, 0, 4, "https://pult.test/menu"), Span(SpanKind.BOLD, 0, 4))
        plan = facebook.adapter.plan(Content(text="Меню тут", spans=spans))
        assert plan.parts[0].text == "Меню (https://pult.test/menu) тут"
        assert plan.notes == (outbound.PLAIN,)


async def test_an_answer_quotes_what_it_answers() -> None:
    async with subscribed() as facebook:
        (question,) = (one for one in facebook.emulator.chat(facebook.page, facebook.anna).messages.values())
        await facebook.send(Content(text="re", quoted=Quoted(MessageId(question.mid))))
        assert got(facebook)[0].reply_to == question.number


async def test_a_place_and_a_contact_go_as_text() -> None:
    async with subscribed() as facebook:
        await facebook.send(Content(location=Location(55.75, 37.61, "Кофейня", "Арбат, 1")))
        await facebook.send(Content(contact=ContactCard("Олег", "+79001234567")))
        assert [message.text for message in got(facebook)] == [
            "Кофейня\nАрбат, 1\nhttps://www.google.com/maps?q=55.750000,37.610000", "Олег\n+79001234567",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "mime", "expected", "note"),
    [
        (AttachmentKind.VIDEO, "video/mp4", "video", None),
        (AttachmentKind.VIDEO_NOTE, "video/mp4", "video", outbound.ROUND_AS_VIDEO),
        (AttachmentKind.ANIMATION, "video/mp4", "video", None),
        (AttachmentKind.AUDIO, "audio/mpeg", "audio", None),
        (AttachmentKind.AUDIO, "audio/ogg", "file", outbound.VOICE_AS_FILE),
        (AttachmentKind.VOICE, "audio/ogg", "file", outbound.VOICE_AS_FILE),
        (AttachmentKind.VOICE, "audio/mp4", "audio", outbound.VOICE_AS_AUDIO),
        (AttachmentKind.FILE, "application/pdf", "file", None),
        (AttachmentKind.STICKER, "application/x-tgsticker", "file", outbound.STICKER),
    ],
)
async def test_each_kind_goes_in_the_form_that_messenger_has(
    kind: AttachmentKind, mime: str, expected: str, note: str | None, tmp_path: Path
) -> None:
    async with subscribed() as facebook:
        content = Content(text="Вот", attachments=(stored(tmp_path, kind, b"bytes", mime, name='имя "1".bin'),))
        await facebook.send(content)
        medium, caption = got(facebook)
        assert (medium.files[0].kind, medium.files[0].data, caption.text) == (expected, b"bytes", "Вот")
        assert facebook.adapter.plan(content).notes == ((note,) if note else ())


@pytest.mark.parametrize(("form", "mode"), [("WEBP", "RGBA"), ("BMP", "RGB"), ("TIFF", "RGB")])
async def test_a_picture_that_messenger_does_not_show_becomes_one(form: str, mode: str, tmp_path: Path) -> None:
    async with subscribed() as facebook:
        for kind in (AttachmentKind.PHOTO, AttachmentKind.STICKER):
            item = stored(tmp_path, kind, picture(form, mode), f"image/{form.lower()}")
            await facebook.send(Content(attachments=(item,)))
        for message in got(facebook):
            assert (message.files[0].kind, message.files[0].mime) == ("image", "image/png")
            assert Image.open(BytesIO(message.files[0].data)).size == (40, 30)


async def test_a_file_is_uploaded_once(tmp_path: Path) -> None:
    async with subscribed() as facebook:
        item = stored(tmp_path, AttachmentKind.PHOTO, picture("JPEG"), "image/jpeg")
        (sent,) = await facebook.send(Content(attachments=(item,)))
        handle = sent.cached[item.file_id]  # type: ignore[index]
        await facebook.send(Content(attachments=(replace(item, cached=handle),)))
        assert len(facebook.emulator.calls("message_attachments")) == 1
        assert [message.files[0].data for message in got(facebook)] == [picture("JPEG")] * 2


async def test_a_sticker_that_was_sent_as_a_file_is_so_from_its_handle_too(tmp_path: Path) -> None:
    async with subscribed() as facebook:
        item = stored(tmp_path, AttachmentKind.STICKER, b"lottie", "application/x-tgsticker")
        (sent,) = await facebook.send(Content(attachments=(item,)))
        await facebook.send(Content(attachments=(replace(item, cached=sent.cached[item.file_id]),)))  # type: ignore[index]
        assert [message.files[0].kind for message in got(facebook)] == ["file", "file"]


async def test_a_handle_that_facebook_forgot_is_uploaded_again(tmp_path: Path) -> None:
    async with subscribed() as facebook:
        item = stored(tmp_path, AttachmentKind.FILE, b"bytes", "application/pdf", cached="file:1")
        (sent,) = await facebook.send(Content(attachments=(item,)))
        assert got(facebook)[0].files[0].data == b"bytes"
        assert sent.cached
        with pytest.raises(Rejected):
            await facebook.send(Content(attachments=(replace(item, path=None),)))


async def test_pictures_together_are_one_message(tmp_path: Path) -> None:
    async with subscribed() as facebook:
        items = tuple(stored(tmp_path, AttachmentKind.PHOTO, picture("JPEG"), "image/jpeg") for _ in range(3))
        await facebook.send(Content(text="Меню", attachments=items))
        album, caption = got(facebook)
        assert (len(album.files), caption.text) == (3, "Меню")
        assert len(wire(facebook)[0]["message"]["attachments"]) == 3


async def test_pictures_with_public_links_are_fetched_by_facebook_itself(tmp_path: Path) -> None:
    async with subscribed() as facebook:
        link = f"{facebook.address.removesuffix('/facebook')}/facebook/media"
        file = facebook.emulator.file("image", picture("JPEG"))
        facebook.emulator.hosts["media.pult.test"] = link
        url = f"https://media.pult.test/{file.key}/a.jpg?oh=00"
        items = tuple(stored(tmp_path, AttachmentKind.PHOTO, picture("JPEG"), "image/jpeg", url=url) for _ in range(2))
        await facebook.send(Content(attachments=items))
        assert facebook.emulator.calls("message_attachments") == []
        gone = tuple(replace(item, url="https://media.pult.test/none/a.jpg") for item in items)
        await facebook.send(Content(attachments=gone))
        assert len(facebook.emulator.calls("message_attachments")) == 2
        assert [len(message.files) for message in got(facebook)] == [2, 2]


async def test_bytes_that_are_gone_are_said(tmp_path: Path) -> None:
    async with subscribed() as facebook:
        item = stored(tmp_path, AttachmentKind.FILE, b"bytes", "application/pdf")
        item.path.unlink()  # type: ignore[union-attr]
        with pytest.raises(Rejected) as refused:
            await facebook.send(Content(attachments=(item,)))
        assert refused.value.reason == uploads.NO_BYTES


async def test_buttons_take_the_form_that_fits_them() -> None:
    async with subscribed() as facebook:
        press = [Button(ButtonKind.PRESS, f"В {n}", f"{n}") for n in range(13)]
        link = Button(ButtonKind.LINK, "Сайт", "https://pult.test")
        await facebook.send(Content(text="?", buttons=((press[0], link), (press[1],))))
        await facebook.send(Content(text="?", buttons=(tuple(press),)))
        await facebook.send(Content(text="?", buttons=((*press[:3], link),)))
        await facebook.send(Content(text="я" * 700, buttons=((press[0],),)))
        shown = [(message.text[:1], len(message.buttons), len(message.quick_replies)) for message in got(facebook)]
        assert shown == [("?", 3, 0), ("?", 0, 13), ("?", 3, 0), ("👇", 1, 0), ("я", 0, 0), ("👇", 1, 0)]
        for buttons in (
            [*press, press[0]],
            [Button(ButtonKind.LOCATION, "Где?")],
            [Button(ButtonKind.PRESS, "я" * 21)],
        ):
            with pytest.raises(Rejected):
                facebook.adapter.plan(Content(text="?", buttons=(tuple(buttons),)))


async def test_typing_and_reading_are_shown() -> None:
    async with subscribed() as facebook:
        thread = facebook.emulator.chat(facebook.page, facebook.anna)
        await facebook.adapter.typing(facebook.channel, facebook.user)
        assert thread.typing_until > 0
        await facebook.adapter.mark_read(facebook.channel, facebook.user, None)
        assert thread.seen_until > 0


async def test_every_call_proves_the_apps_secret() -> None:
    async with subscribed() as facebook:
        assert facebook.emulator.app.strict, "the emulator refuses a call without a proof"
        await facebook.adapter.identify(facebook.channel.credentials)
        await facebook.send(Content(text="Да"))
        assert {call.outcome for call in facebook.emulator.calls()} == {"ok"}


# Whose turn it is


async def test_a_conversation_that_another_app_has_is_taken_over() -> None:
    async with subscribed() as facebook:
        facebook.emulator.hand_to(facebook.page, facebook.anna, "77")
        await facebook.send(Content(text="Я человек"))
        assert [message.text for message in got(facebook)] == ["Я человек"]
        assert len(facebook.emulator.calls("take_thread_control")) == 1


async def test_a_conversation_that_is_not_handed_over_is_tried_once_more_and_no_further() -> None:
    async with subscribed() as facebook:
        facebook.emulator.fault("refused", method="messages", times=None, description="10/2018300")
        with pytest.raises(Rejected) as refused:
            await facebook.send(Content(text="Я человек"))
        assert refused.value.reason == refusals.TAKEN
        assert len(facebook.emulator.calls("messages")) == 2
        facebook.emulator.world.faults.clear()
        facebook.emulator.hand_to(facebook.page, facebook.anna, "77")
        facebook.emulator.fault("refused", method="take_thread_control", description="10")
        with pytest.raises(Rejected) as refused:
            await facebook.send(Content(text="Я человек"))
        assert refused.value.reason == refusals.TAKEN


# When it may go


@pytest.mark.parametrize(
    ("hours", "by_person", "human_agent", "outcome"),
    [
        (0, True, False, window.RESPONSE),
        (23.99, True, False, window.RESPONSE),
        (0, False, True, window.UPDATE),
        (23.9, False, False, window.UPDATE),
        (23.92, False, False, window.CLOSED),
        (24, True, True, window.LATE),
        (24, True, False, window.CLOSED),
        (24, False, True, window.CLOSED),
        (7 * 24 - 0.01, True, True, window.LATE),
        (7 * 24, True, True, window.CLOSED_FOR_PEOPLE),
        (7 * 24, False, True, window.CLOSED),
    ],
)
def test_the_window_by_the_hour(hours: float, by_person: bool, human_agent: bool, outcome: object) -> None:
    until = window.closes(NOW)
    at = NOW + timedelta(hours=hours)
    try:
        found: object = window.way(until, at, by_person=by_person, human_agent=human_agent)
    except WindowClosed as closed:
        found = closed.reason
    assert found == outcome


@given(
    until=st.none() | MOMENTS,
    now=MOMENTS,
    by_person=st.booleans(),
    human_agent=st.booleans(),
)
def test_no_way_but_a_response_or_a_persons_late_answer(
    until: datetime | None, now: datetime, by_person: bool, human_agent: bool
) -> None:
    try:
        way = window.way(until, now, by_person=by_person, human_agent=human_agent)
    except WindowClosed:
        assert until is not None
        assert now >= until - (timedelta(0) if by_person else window.MARGIN)
        return
    assert way in (window.RESPONSE, window.LATE) if by_person else way is window.UPDATE
    if way is window.LATE:
        assert by_person
        assert human_agent
    assert not set(RETIRED) & set(way.fields().values())


async def test_a_late_answer_of_a_person_is_tagged_where_the_channel_allows_it() -> None:
    async with subscribed() as facebook:
        facebook.emulator.app.human_agent = True
        thread = facebook.emulator.chat(facebook.page, facebook.anna)
        opened_at = datetime.fromtimestamp(thread.opened or 0, UTC)
        thread.opened = (thread.opened or 0) - 3 * 24 * 3600
        late = replace(ENVELOPE, window_until=window.closes(opened_at), at=opened_at + timedelta(days=3))
        await facebook.send(Content(text="Простите за задержку"), late, **{HUMAN_AGENT: "on"})
        assert (wire(facebook)[0]["messaging_type"], wire(facebook)[0]["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")
        for envelope, settings in (
            (late, {}), (late, {HUMAN_AGENT: "off"}), (replace(late, by_person=False), {HUMAN_AGENT: "on"}),
            (replace(late, at=opened_at + timedelta(days=8)), {HUMAN_AGENT: "on"}),
        ):  # fmt: skip
            with pytest.raises(WindowClosed):
                await facebook.send(Content(text="?"), envelope, **settings)
        assert len(facebook.emulator.calls("messages")) == 1, "what may not go is not even tried"


async def test_facebooks_own_word_on_the_window_counts() -> None:
    async with subscribed() as facebook:
        thread = facebook.emulator.chat(facebook.page, facebook.anna)
        thread.opened = (thread.opened or 0) - 25 * 3600
        with pytest.raises(WindowClosed) as closed:
            await facebook.send(Content(text="?"))
        assert closed.value.reason == window.CLOSED


async def test_an_answer_that_is_late_by_facebooks_clock_alone_goes_as_a_late_one() -> None:
    async with subscribed() as facebook:
        facebook.emulator.app.human_agent = True
        thread = facebook.emulator.chat(facebook.page, facebook.anna)
        thread.opened = (thread.opened or 0) - 24 * 3600 - 5
        await facebook.send(Content(text="Успел"), **{HUMAN_AGENT: "on"})
        assert [call.get("tag") for call in wire(facebook)] == [None, "HUMAN_AGENT"]
        for envelope in (replace(ENVELOPE, by_person=False), ENVELOPE):
            with pytest.raises(WindowClosed):
                await facebook.send(Content(text="?"), envelope, **({} if envelope.by_person else {HUMAN_AGENT: "on"}))
        assert [call.get("tag") for call in wire(facebook)[2:]] == [None, None]


async def test_late_answers_that_facebook_has_not_approved_are_said_to_be_so() -> None:
    async with subscribed() as facebook:
        facebook.emulator.fault("refused", method="messages", description="10")
        late = replace(ENVELOPE, window_until=NOW, at=NOW + timedelta(hours=3))
        with pytest.raises(Rejected) as refused:
            await facebook.send(Content(text="?"), late, **{HUMAN_AGENT: "on"})
        assert refused.value.reason == refusals.NO_HUMAN_AGENT


def test_no_retired_tag_stands_in_the_product() -> None:
    root = Path(outbound.__file__).parents[2]
    sources = [
        file for room in ("adapters", "services", "handlers", "bot", "models") for file in (root / room).rglob("*.py")
    ]
    assert sources
    assert [file for file in sources for tag in RETIRED if tag in file.read_text()] == []
