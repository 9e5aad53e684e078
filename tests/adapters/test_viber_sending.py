"""Answers as they come to a phone with Viber: every kind, what each is turned into, and the limits in words."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from adapters.base import (
    Attachment,
    AttachmentKind,
    Button,
    ButtonKind,
    ContactCard,
    Content,
    Delivery,
    Location,
    Rejected,
    Span,
    SpanKind,
)
from adapters.viber import calls, limits, outbound
from adapters.viber.emulator import Message
from adapters.viber.wire import NOT_DELIVERED
from tests.adapters.viber_phones import ENVELOPE, Viber

MB = 1024 * 1024


def picture(form: str = "JPEG") -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(target, form)
    return target.getvalue()


@pytest.mark.parametrize("label", ["&" * 51, "я" * 251])
async def test_a_label_is_measured_as_it_goes_over_the_wire(viber: Viber, label: str) -> None:
    with pytest.raises(Rejected) as refused:
        viber.adapter.plan(Content(text="?", buttons=((Button(ButtonKind.PRESS, label, "x"),),)))
    assert refused.value.reason == outbound.LABEL
    viber.adapter.plan(Content(text="?", buttons=((Button(ButtonKind.PRESS, label[:50], "x"),),)))


async def answer(viber: Viber, content: Content) -> list[Message]:
    """The messages that the answer became on Анна's phone."""
    await viber.subscribe()
    viber.emulator.say(viber.bot, viber.anna, "Пионы есть?")
    for part in viber.adapter.plan(content).parts:
        await viber.adapter.send(viber.channel, viber.user, part, ENVELOPE)
    sent = viber.chat.sent()
    await viber.emulator.wait_for(
        lambda: all(one.file or one.failed for one in sent if one.wire.get("type") in ("picture", "video", "file"))
    )
    return sent


def medium(viber: Viber, kind: AttachmentKind, name: str, data: bytes, mime: str, **more: int) -> Attachment:
    url = viber.place(name, data, mime)
    return Attachment(kind, name=name, mime=mime, size=len(data), url=url, file_id=1, **more)


async def test_text_comes_in_the_bots_name(viber: Viber) -> None:
    viber.channel = replace(viber.channel, name="Магазин цветов на улице Ленина")
    (message,) = await answer(viber, Content(text="Да, есть <b>пионы</b> & розы"))
    assert message.text == "Да, есть <b>пионы</b> & розы"
    call = viber.emulator.calls("send_message")[-1]
    assert call.params["sender"] == {"name": "Магазин цветов на улице Лени"}


async def test_long_text_comes_in_pieces_that_join(viber: Viber) -> None:
    text = "Слово и дело. " * 1200
    messages = await answer(viber, Content(text=text))
    assert len(messages) == 3
    assert "".join(message.text for message in messages) == text


async def test_addresses_of_links_are_written_out(viber: Viber) -> None:
    text = "Сайт и shop.example тут"
    spans = (
        Span(SpanKind.LINK, 0, 4, "https://shop.example/"),
        Span(SpanKind.LINK, 7, 12, "https://shop.example"),
        Span(SpanKind.BOLD, 0, 4),
    )
    plan = viber.adapter.plan(Content(text=text, spans=spans))
    assert plan.notes == (outbound.FORMATTING,)
    (message,) = await answer(viber, Content(text=text, spans=spans))
    assert message.text == "Сайт (https://shop.example/) и shop.example тут"


async def test_a_picture_with_its_words(viber: Viber) -> None:
    photo = medium(viber, AttachmentKind.PHOTO, "a.jpg", picture(), "image/jpeg")
    (message,) = await answer(viber, Content(text="Вот такие", attachments=(photo,)))
    assert (message.wire["type"], message.text, message.failed) == ("picture", "Вот такие", None)


async def test_words_too_long_for_a_picture_follow_it(viber: Viber) -> None:
    photo = medium(viber, AttachmentKind.PHOTO, "a.png", picture("PNG"), "image/png")
    first, second = await answer(viber, Content(text="я" * 513, attachments=(photo,)))
    assert (first.wire["type"], first.text) == ("picture", "")
    assert second.text == "я" * 513


@pytest.mark.parametrize(
    ("kind", "name", "mime", "expected"),
    [
        (AttachmentKind.VIDEO, "v.mp4", "video/mp4", "video"),
        (AttachmentKind.VIDEO_NOTE, "round.mp4", "video/mp4", "video"),
        (AttachmentKind.ANIMATION, "cat.mp4", "video/mp4", "video"),
        (AttachmentKind.ANIMATION, "cat.gif", "image/gif", "file"),
        (AttachmentKind.VIDEO, "v.mov", "video/quicktime", "file"),
        (AttachmentKind.VOICE, "v.ogg", "audio/ogg", "file"),
        (AttachmentKind.AUDIO, "song.mp3", "audio/mpeg", "file"),
        (AttachmentKind.FILE, "Прайс.pdf", "application/pdf", "file"),
        (AttachmentKind.STICKER, "s.tgs", "application/x-tgsticker", "file"),
        (AttachmentKind.PHOTO, "odd.webp", "image/webp", "file"),
    ],
)
async def test_media_in_the_best_form_that_viber_has(
    viber: Viber, kind: AttachmentKind, name: str, mime: str, expected: str
) -> None:
    item = medium(viber, kind, name, b"some bytes", mime)
    media, words = (
        await answer(viber, Content(text="Слова", attachments=(item,)))
        if name != "odd.webp"
        else (
            *await answer(viber, Content(attachments=(item,))),
            None,
        )
    )
    assert media is not None
    assert (media.wire["type"], media.failed) == (expected, None)
    assert words is None or words.text == "Слова"
    if expected == "file":
        assert media.wire["file_name"] == name


async def test_a_file_whose_size_nobody_noted_is_measured(viber: Viber, tmp_path: Path) -> None:
    path = tmp_path / "1"
    path.write_bytes(b"twelve bytes")
    item = replace(
        medium(viber, AttachmentKind.FILE, "a.pdf", b"twelve bytes", "application/pdf"), size=None, path=path
    )
    (message,) = await answer(viber, Content(attachments=(item,)))
    assert (message.wire["size"], message.failed) == (12, None)


@pytest.mark.parametrize(
    ("item", "note"),
    [
        (Attachment(AttachmentKind.STICKER, mime="image/webp"), outbound.STICKER_AS_PICTURE),
        (Attachment(AttachmentKind.STICKER, mime="application/x-tgsticker"), outbound.STICKER_AS_FILE),
        (Attachment(AttachmentKind.VOICE), outbound.VOICE_AS_FILE),
        (Attachment(AttachmentKind.VIDEO_NOTE), outbound.ROUND_AS_VIDEO),
        (Attachment(AttachmentKind.VIDEO, size=27 * MB), outbound.VIDEO_AS_FILE),
        (Attachment(AttachmentKind.VIDEO, duration=181), outbound.VIDEO_AS_FILE),
        (Attachment(AttachmentKind.VIDEO, mime="video/webm"), outbound.VIDEO_AS_FILE),
        (Attachment(AttachmentKind.ANIMATION, mime="image/gif"), outbound.ANIMATION_AS_FILE),
    ],
)
def test_what_is_changed_is_said_once(viber: Viber, item: Attachment, note: str) -> None:
    assert viber.adapter.plan(Content(attachments=(item, item))).notes == (note,)


@pytest.mark.parametrize("name", ["setup.exe", "Ярлык.LNK", "app.apk"])
def test_programs_are_refused_with_their_name(viber: Viber, name: str) -> None:
    with pytest.raises(Rejected) as refused:
        viber.adapter.plan(Content(attachments=(Attachment(AttachmentKind.FILE, name=name),)))
    assert refused.value.params == {"name": name}


@pytest.mark.parametrize(
    ("name", "mime", "expected"),
    [
        (None, "application/pdf", "file.pdf"), (None, None, "file.dat"), ("a/b\\c\n.txt", None, "a_b_c_.txt"),
        ("README", "image/png", "README.png"), (".htaccess", None, ".htaccess.dat"),
        ("я" * 300 + ".docx", None, "я" * 251 + ".docx"),
    ],
)  # fmt: skip
def test_names_of_files_are_within_vibers_limits(name: str | None, mime: str | None, expected: str) -> None:
    made = calls.file_name(Attachment(AttachmentKind.FILE, name=name, mime=mime))
    assert made == expected
    assert len(made) <= limits.FILE_NAME


async def test_place_and_contact(viber: Viber) -> None:
    content = Content(
        location=Location(50.45, 30.52, "Магазин", "Крещатик, 1"), contact=ContactCard("Вера", "+380501234567")
    )
    named, place, card = await answer(viber, content)
    assert named.text == "Магазин\nКрещатик, 1"
    assert place.wire["location"] == {"lat": 50.45, "lon": 30.52}
    assert card.wire["contact"] == {"name": "Вера", "phone_number": "+380501234567"}


async def test_a_contact_that_does_not_fit(viber: Viber) -> None:
    long_name = Content(contact=ContactCard("Очень длинное имя и отчество с фамилией", "+380501234567"))
    assert viber.adapter.plan(long_name).notes == (outbound.NAME_CUT,)
    long_phone = Content(contact=ContactCard("Вера", "+380 (50) 123-45-67, 89"))
    assert viber.adapter.plan(long_phone).notes == (outbound.CARD_AS_TEXT,)
    (text,) = await answer(viber, long_phone)
    assert text.text == "Вера\n+380 (50) 123-45-67, 89"
    (*_, card) = await answer(viber, long_name)
    assert card.wire["contact"]["name"] == "Очень длинное имя и отчество"


async def test_buttons_fill_their_rows(viber: Viber) -> None:
    rows = (
        tuple(Button(ButtonKind.PRESS, str(number), f"n:{number}") for number in range(8)),
        (Button(ButtonKind.LINK, "Сайт & магазин", "https://shop.example"),),
        (Button(ButtonKind.LOCATION, "Где вы?"), Button(ButtonKind.PHONE, "Телефон")),
    )
    (message,) = await answer(viber, Content(text="Выберите", buttons=rows))
    assert [len(row) for row in message.buttons] == [6, 2, 1, 2]
    assert all(sum(button["Columns"] for button in row) == 6 for row in message.buttons)
    assert message.wire["min_api_version"] == 3
    kinds = [button["ActionType"] for row in message.buttons[2:] for button in row]
    assert kinds == ["open-url", "location-picker", "share-phone"]


@pytest.mark.parametrize("count", range(1, 7))
def test_every_row_is_six_columns_wide(count: int) -> None:
    row = tuple(Button(ButtonKind.PRESS, str(number)) for number in range(count))
    assert sum(button["Columns"] for button in calls.keyboard((row,))["Buttons"]) == 6


def test_buttons_that_do_not_fit_are_refused_with_the_limit(viber: Viber) -> None:
    wide = Button(ButtonKind.PRESS, "x" * 250, "y" * 250)
    for buttons in (
        tuple((wide,) for _ in range(25)),
        tuple((wide,) * 6 for _ in range(20)),
        ((Button(ButtonKind.PRESS, "x" * 251),),),
        ((Button(ButtonKind.PRESS, " "),),),
    ):
        with pytest.raises(Rejected) as refused:
            viber.adapter.plan(Content(text="x", buttons=buttons))
        assert refused.value.params["limit"] in refused.value.reason.format(**refused.value.params)


async def test_buttons_without_room_under_a_long_text_stand_alone(viber: Viber) -> None:
    rows = tuple((Button(ButtonKind.PRESS, "я" * 100, "я" * 100 + str(number)),) for number in range(24))
    long, alone = await answer(viber, Content(text="語" * 6900, buttons=rows))
    assert (long.text, long.buttons) == ("語" * 6900, [])
    assert alone.text == outbound.POINTER
    assert len(alone.buttons) == 24


async def test_without_an_address_or_bytes_nothing_is_sent(viber: Viber) -> None:
    await viber.subscribe()
    viber.emulator.say(viber.bot, viber.anna, "Пионы есть?")
    gone = Attachment(AttachmentKind.FILE, url="https://pult.test/media/x", path=Path("/nowhere"))
    words = Content(text="x", attachments=(Attachment(AttachmentKind.PHOTO, mime="image/webp", url="https://a/x"),))
    for part in (
        Content(attachments=(Attachment(AttachmentKind.PHOTO),)), Content(attachments=(gone,)), words, Content(),
    ):  # fmt: skip
        with pytest.raises(Rejected):
            await viber.adapter.send(viber.channel, viber.user, part, ENVELOPE)
    assert viber.emulator.calls("send_message") == []


async def test_a_picture_that_no_phone_shows_is_reported_later(viber: Viber) -> None:
    photo = medium(viber, AttachmentKind.PHOTO, "a.jpg", b"no picture", "image/jpeg")
    (message,) = await answer(viber, Content(attachments=(photo,)))
    assert message.failed
    failed = await viber.emulator.wait_for(
        lambda: [event for event in viber.events if getattr(event, "status", None) is Delivery.FAILED]
    )
    assert failed[0].user == viber.user
    assert failed[0].reason == NOT_DELIVERED, "Viber's own words are for the journal"
