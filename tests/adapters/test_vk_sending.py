"""What answers become in VK: each kind, its conversions and limits, edits, deletions, reactions, once and only once."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from adapters.base import (
    Attachment,
    AttachmentKind,
    Button,
    ButtonKind,
    ContactCard,
    Content,
    Envelope,
    Location,
    MessageId,
    NotFound,
    Quoted,
    Rejected,
    Span,
    SpanKind,
)
from adapters.vk import keyboards, limits, outbound, refusals
from adapters.vk.emulator import Message, picture
from adapters.vk.emulator.model import File
from tests.adapters.communities import Vk

PRESS, LINK, PLACE = ButtonKind.PRESS, ButtonKind.LINK, ButtonKind.LOCATION


@pytest.fixture
async def talk(vk: Vk) -> Vk:
    """The community is connected, and the customer has written."""
    await vk.connect()
    vk.emulator.say(vk.community, vk.anna, "Здравствуйте")
    return vk


def stored(tmp_path: Path, data: bytes, kind: AttachmentKind, file_id: int = 1, **more: Any) -> Attachment:
    path = tmp_path / str(file_id)
    path.write_bytes(data)
    return Attachment(kind, file_id=file_id, path=path, size=len(data), **more)


def files(message: Message) -> list[File]:
    return [item for item in message.attachments if isinstance(item, File)]


async def test_a_text_arrives_with_both_of_its_numbers(talk: Vk) -> None:
    (sent,) = await talk.send(Content(text="Добрый день"))
    (message,) = talk.got()
    assert message.text == "Добрый день"
    assert (sent.messages[0].id, sent.messages[0].aliases) == (str(message.cmid), (f"id{message.id}",))
    (call,) = talk.emulator.calls("messages.send")
    assert call.params["peer_ids"] == talk.user
    assert call.params["random_id"] == "1"


async def test_the_same_number_is_the_same_message(talk: Vk) -> None:
    (first,) = await talk.send(Content(text="Раз"), number=42)
    (again,) = await talk.send(Content(text="Раз"), number=42)
    assert (first, len(talk.got())) == (again, 1)


async def test_a_long_text_is_cut(talk: Vk) -> None:
    text = "Слово " * 1500
    await talk.send(Content(text=text))
    assert "".join(message.text for message in talk.got()) == text
    assert max(len(message.text) for message in talk.got()) <= limits.TEXT


async def test_markup_is_left_out_and_links_are_written_out(talk: Vk) -> None:
    spans = (Span(SpanKind.BOLD, 0, 3), Span(SpanKind.LINK, 4, 5, "https://pult.test/roses"))
    content = Content(text="Вот букет", spans=spans)
    assert talk.adapter.plan(content).notes == (outbound.PLAIN,)
    await talk.send(content)
    assert talk.got()[0].text == "Вот букет (https://pult.test/roses)"


async def test_photos_go_together_with_their_text(talk: Vk, tmp_path: Path) -> None:
    photos = tuple(stored(tmp_path, picture(), AttachmentKind.PHOTO, number) for number in range(1, 13))
    sent = await talk.send(Content(text="Букеты", attachments=photos))
    assert [len(message.attachments) for message in talk.got()] == [10, 2]
    assert [message.text for message in talk.got()] == ["Букеты", ""]
    handles = {number: handle for one in sent for number, handle in one.cached.items()}
    assert sorted(handles) == list(range(1, 13))
    assert all(handle.startswith(f"photo-{talk.community.id}_") for handle in handles.values())
    before = len(talk.emulator.calls("photos.getMessagesUploadServer"))
    again = tuple(replace(photo, cached=handles[photo.file_id or 0]) for photo in photos)
    await talk.send(Content(attachments=again), number=100)
    assert len(talk.emulator.calls("photos.getMessagesUploadServer")) == before


async def test_a_handle_that_vk_has_forgotten_is_uploaded_again(talk: Vk, tmp_path: Path) -> None:
    photo = stored(tmp_path, picture(), AttachmentKind.PHOTO)
    (sent,) = await talk.send(Content(attachments=(replace(photo, cached="photo-1_404"),)))
    assert sent.cached[1] != "photo-1_404"
    assert len(files(talk.got()[0])) == 1
    with pytest.raises(Rejected):
        await talk.send(Content(attachments=(replace(photo, cached="photo-1_404", path=None),)), number=5)


async def test_documents_and_voice_go_as_what_they_are(talk: Vk, tmp_path: Path) -> None:
    price = stored(tmp_path, b"%PDF-1.4", AttachmentKind.FILE, 1, name="прайс.pdf", mime="application/pdf")
    voice = stored(tmp_path, b"OggS" + b"0" * 50, AttachmentKind.VOICE, 2, mime="audio/ogg", duration=3)
    await talk.send(Content(text="Слушайте", attachments=(price, voice)))
    kinds = [[file.kind for file in files(message)] for message in talk.got()]
    assert kinds == [["doc"], ["audio_message"]]
    assert files(talk.got()[0])[0].name == "прайс.pdf"
    assert [message.text for message in talk.got()] == ["Слушайте", ""]


async def test_a_recording_that_vk_does_not_play_goes_as_a_file(talk: Vk, tmp_path: Path) -> None:
    await talk.send(Content(attachments=(stored(tmp_path, b"no ogg", AttachmentKind.VOICE, mime="audio/ogg"),)))
    assert [file.kind for file in files(talk.got()[0])] == ["doc"]


@pytest.mark.parametrize(
    ("kind", "more", "note"),
    [
        (AttachmentKind.VIDEO, {"mime": "video/mp4"}, outbound.MEDIUM_AS_FILE),
        (AttachmentKind.VIDEO_NOTE, {"mime": "video/mp4"}, outbound.MEDIUM_AS_FILE),
        (AttachmentKind.ANIMATION, {"mime": "image/gif"}, outbound.MEDIUM_AS_FILE),
        (AttachmentKind.AUDIO, {"mime": "audio/mp4"}, outbound.MEDIUM_AS_FILE),
        (AttachmentKind.VOICE, {"mime": "audio/mp4"}, outbound.VOICE_AS_FILE),
        (AttachmentKind.VOICE, {"mime": "audio/ogg", "duration": 400}, outbound.VOICE_AS_FILE),
        (AttachmentKind.PHOTO, {"width": 9000, "height": 100}, outbound.SHAPE_AS_FILE),
        (AttachmentKind.PHOTO, {"width": 9000, "height": 9000}, outbound.SHAPE_AS_FILE),
        (AttachmentKind.STICKER, {"mime": "application/x-tgsticker"}, outbound.STICKER_AS_FILE),
    ],
)
async def test_what_vk_lacks_goes_as_a_file_and_is_said(
    talk: Vk, tmp_path: Path, kind: AttachmentKind, more: dict[str, Any], note: str
) -> None:
    content = Content(attachments=(stored(tmp_path, b"bytes", kind, **more),))
    assert talk.adapter.plan(content).notes == (note,)
    await talk.send(content)
    assert [file.kind for file in files(talk.got()[0])] == ["doc"]


@pytest.mark.parametrize("form", ["WEBP", "TIFF"])
async def test_pictures_are_made_what_vk_takes(talk: Vk, tmp_path: Path, form: str) -> None:
    data = picture(form=form)
    mime = f"image/{form.lower()}"
    sticker = stored(tmp_path, data, AttachmentKind.STICKER, 1, mime=mime)
    assert talk.adapter.plan(Content(attachments=(sticker,))).notes == (outbound.STICKER_AS_PICTURE,)
    await talk.send(Content(attachments=(sticker, stored(tmp_path, data, AttachmentKind.PHOTO, 2, mime=mime))))
    kept = files(talk.got()[0])
    assert [file.kind for file in kept] == ["photo", "photo"]
    assert {Image.open(io.BytesIO(file.data)).format for file in kept} <= {"PNG", "JPEG"}


async def test_what_is_no_picture_goes_as_a_file(talk: Vk, tmp_path: Path) -> None:
    broken = stored(tmp_path, b"no picture at all", AttachmentKind.PHOTO, 1, mime="image/jpeg", name="a.jpg")
    webp = stored(tmp_path, b"no picture either", AttachmentKind.PHOTO, 2, mime="image/webp", name="b.webp")
    await talk.send(Content(attachments=(broken, webp)))
    assert [file.kind for file in files(talk.got()[0])] == ["doc", "doc"]


@pytest.mark.parametrize(("name", "mime"), [("song.mp3", "audio/mpeg"), ("setup.EXE", None), (None, "audio/mpeg")])
async def test_what_vk_forbids_is_packed(talk: Vk, tmp_path: Path, name: str | None, mime: str | None) -> None:
    kind = AttachmentKind.AUDIO if mime else AttachmentKind.FILE
    content = Content(attachments=(stored(tmp_path, b"music", kind, 1, name=name, mime=mime),))
    assert talk.adapter.plan(content).notes == (outbound.PACKED,)
    await talk.send(content)
    (file,) = files(talk.got()[0])
    with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
        (inside,) = archive.namelist()
        assert archive.read(inside) == b"music"
    assert file.name == f"{inside}.zip"
    assert name is None or inside == name


@pytest.mark.parametrize(
    ("name", "mime", "sent"),
    [
        ("README", "text/plain", "README.txt"), ("смета", "application/pdf", "смета.pdf"),
        (".profile", "text/plain", ".profile.txt"), ("v 1. итог!", "text/csv; charset=utf-8", "v 1. итог!.csv"),
        ("LICENSE", None, "LICENSE.zip"), ("ключ.??", "application/octet-stream", "ключ.??.zip"),
        ("заметки.текст", None, "заметки.текст"),
    ],
)  # fmt: skip
async def test_a_name_without_an_ending_gets_one_or_goes_packed(
    talk: Vk, tmp_path: Path, name: str, mime: str | None, sent: str
) -> None:
    content = Content(attachments=(stored(tmp_path, b"read me", AttachmentKind.FILE, 1, name=name, mime=mime),))
    assert talk.adapter.plan(content).notes == ((outbound.PACKED,) if sent.endswith(".zip") else ())
    await talk.send(content)
    (file,) = files(talk.got()[0])
    assert file.name == sent
    assert b"read me" in file.data


async def test_a_kind_of_file_that_vk_refuses_goes_packed(talk: Vk, tmp_path: Path) -> None:
    """VK publishes no list of what it refuses: its answer to the upload tells."""
    await talk.send(Content(attachments=(stored(tmp_path, b"#!", AttachmentKind.FILE, 1, name="run.sh"),)))
    (file,) = files(talk.got()[0])
    assert file.name == "run.sh.zip"


async def test_a_zip_is_not_packed_twice(talk: Vk, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", "a")
    content = Content(
        attachments=(stored(tmp_path, packed.getvalue(), AttachmentKind.FILE, 1, name="a.zip", mime="application/zip"),)
    )
    assert talk.adapter.plan(content).notes == ()
    await talk.send(content)
    assert files(talk.got()[0])[0].data == packed.getvalue()


async def test_bytes_that_are_gone_are_said(talk: Vk, tmp_path: Path) -> None:
    for item in (
        Attachment(AttachmentKind.FILE, file_id=1, name="a.pdf"),
        Attachment(AttachmentKind.FILE, file_id=1, name="a.pdf", path=tmp_path / "nowhere"),
        Attachment(AttachmentKind.PHOTO, file_id=1, path=tmp_path / "nowhere"),
    ):
        with pytest.raises(Rejected):
            await talk.send(Content(attachments=(item,)))
    assert talk.got() == []


async def test_places_and_contacts_are_told(talk: Vk) -> None:
    where = Location(55.75, 37.61, "Кофейня", "Мира, 5")
    await talk.send(Content(location=where))
    await talk.send(Content(location=Location(1.5, 2.5)), number=2)
    await talk.send(Content(contact=ContactCard("Олег", "+79001234567")), number=3)
    titled, bare, card = talk.got()
    assert titled.geo is not None
    assert titled.geo["coordinates"] == {"latitude": 55.75, "longitude": 37.61}
    assert titled.text == "Кофейня\nМира, 5"
    assert bare.text
    assert card.text == "Олег\n+79001234567"
    assert talk.adapter.plan(Content(contact=ContactCard("О", "1"))).notes == (outbound.CONTACT_AS_TEXT,)


async def test_an_answer_quotes_what_it_answers(talk: Vk) -> None:
    question = talk.emulator.say(talk.community, talk.anna, "Сколько?")
    await talk.send(Content(text="Сто", quoted=Quoted(MessageId(str(question.cmid)))))
    await talk.send(Content(text="Рублей", quoted=Quoted(MessageId(f"id{question.id}"))), number=2)
    await talk.send(Content(text="Да", quoted=Quoted(MessageId("press:1"))), number=3)
    assert [message.reply_to for message in talk.got()] == [question.cmid, question.cmid, None]


def grid(kind: ButtonKind, *rows: int) -> tuple[tuple[Button, ...], ...]:
    value = "https://pult.test/" if kind is LINK else "v"
    numbers = iter(range(1000))
    return tuple(tuple(Button(kind, f"B{next(numbers)}", value) for _ in range(row)) for row in rows)


@pytest.mark.parametrize(
    ("rows", "inline", "shape"),
    [
        (grid(PRESS, 2, 1), True, [2, 1]),
        (grid(LINK, 7), True, [5, 2]),
        (grid(PLACE, 2), True, [1, 1]),
        (grid(PRESS, *[1] * 9), True, [5, 4]),
        (grid(PLACE, *[1] * 9), False, [1] * 9),
        (grid(PRESS, 12), False, [5, 5, 2]),
        (grid(PRESS, *[4] * 10), False, [4] * 10),
        (grid(PRESS, *[1] * 12), False, [5, 5, 2]),
    ],
)
async def test_buttons_are_laid_out_as_vk_takes_them(
    talk: Vk, rows: tuple[tuple[Button, ...], ...], inline: bool, shape: list[int]
) -> None:
    await talk.send(Content(text="Выберите", buttons=rows))
    keyboard = talk.got()[0].keyboard
    assert keyboard is not None
    assert (keyboard["inline"], [len(row) for row in keyboard["buttons"]]) == (inline, shape)


@pytest.mark.parametrize(
    ("buttons", "message"),
    [
        (grid(PRESS, 41), keyboards.TOO_MANY),
        (grid(PLACE, *[1] * 11), keyboards.TOO_MANY),
        (((Button(PRESS, "x" * 41, "v"),),), keyboards.LABEL),
        (((Button(PRESS, " ", "v"),),), keyboards.LABEL),
        (((Button(PRESS, "x", "v" * 250),),), keyboards.VALUE),
        (((Button(ButtonKind.PHONE, "x"),),), keyboards.NO_PHONE),
    ],
)
def test_buttons_that_do_not_fit_are_refused_with_the_limit(buttons: Any, message: str) -> None:
    with pytest.raises(Rejected) as raised:
        outbound.plan(Content(text="x", buttons=buttons))
    assert raised.value.reason == message
    assert raised.value.reason.format(**raised.value.params)


async def test_buttons_stand_below_an_album(talk: Vk, tmp_path: Path) -> None:
    photos = tuple(stored(tmp_path, picture(), AttachmentKind.PHOTO, number) for number in (1, 2))
    await talk.send(Content(attachments=photos, buttons=grid(PRESS, 1)))
    assert [bool(message.keyboard) for message in talk.got()] == [False, True]


async def test_abilities_that_were_switched_off_are_switched_on_again(talk: Vk) -> None:
    talk.community.settings["bots_capabilities"] = False
    await talk.send(Content(text="Да?", buttons=grid(PRESS, 1)))
    assert talk.community.settings["bots_capabilities"]
    assert len(talk.got()) == 1


async def test_an_edit_keeps_what_hangs_on_the_message(talk: Vk, tmp_path: Path) -> None:
    photo = stored(tmp_path, picture(), AttachmentKind.PHOTO)
    (sent,) = await talk.send(Content(text="Букет", attachments=(photo,), buttons=grid(PRESS, 1)))
    edited = Content(text="Букет роз", attachments=(replace(photo, path=None),), buttons=grid(PRESS, 1))
    (part,) = talk.adapter.plan(edited).parts
    await talk.adapter.edit(talk.channel, talk.user, sent.messages[0].id, part)
    (message,) = talk.got()
    assert (message.text, len(message.attachments), message.labels()) == ("Букет роз", 1, ["B0"])
    await talk.adapter.edit(talk.channel, talk.user, sent.messages[0].aliases[0], Content(text="Букет"))
    assert (message.text, message.attachments) == ("Букет", [])


async def test_messages_are_deleted_for_both(talk: Vk) -> None:
    sent = [await talk.send(Content(text=text), number=number) for number, text in enumerate("abc", 1)]
    ids = tuple(one[0].messages[0].id for one in sent)
    await talk.adapter.delete(talk.channel, talk.user, ids[:1])
    await talk.adapter.delete(talk.channel, talk.user, ids[1:])
    assert talk.got() == []
    with pytest.raises(NotFound):
        await talk.adapter.delete(talk.channel, talk.user, ids[:1])


async def test_after_a_day_nothing_can_be_changed(talk: Vk) -> None:
    (sent,) = await talk.send(Content(text="Раз"))
    talk.got()[0].sent_at -= 25 * 3600
    with pytest.raises(Rejected) as edit:
        await talk.adapter.edit(talk.channel, talk.user, sent.messages[0].id, Content(text="Два"))
    with pytest.raises(Rejected) as delete:
        await talk.adapter.delete(talk.channel, talk.user, (sent.messages[0].id,))
    assert (edit.value.reason, delete.value.reason) == (refusals.NOT_EDITABLE, refusals.NOT_DELETABLE)


async def test_reactions_typing_and_reading_are_shown(talk: Vk) -> None:
    question = talk.emulator.say(talk.community, talk.anna, "Сколько?")
    message = MessageId(str(question.cmid))
    await talk.adapter.react(talk.channel, talk.user, message, "❤️")
    assert question.reactions == {"bot": 1}
    await talk.adapter.react(talk.channel, talk.user, message, None)
    assert question.reactions == {}
    with pytest.raises(Rejected) as raised:
        await talk.adapter.react(talk.channel, talk.user, message, "🦄")
    assert raised.value.reason == refusals.REACTION
    await talk.adapter.typing(talk.channel, talk.user)
    dialog = talk.emulator.dialog(talk.community, talk.anna)
    assert dialog.typing_until > 0
    await talk.adapter.mark_read(talk.channel, talk.user, message)
    assert dialog.answered == question.cmid
    await talk.adapter.mark_read(talk.channel, talk.user, None)
    assert dialog.answered >= question.cmid


async def test_ids_that_are_not_vks_are_not_found(talk: Vk) -> None:
    for message in ("press:1", "x", "id", "²"):
        with pytest.raises(NotFound):
            await talk.adapter.edit(talk.channel, talk.user, MessageId(message), Content(text="x"))
    with pytest.raises(NotFound):
        await talk.adapter.react(talk.channel, talk.user, MessageId("id5"), "👍")


async def test_an_empty_part_is_refused(talk: Vk) -> None:
    with pytest.raises(Rejected):
        await talk.adapter.send(talk.channel, talk.user, Content(), Envelope("t", 1))


EVERYTHING = "keyboard inline_keyboard text callback open_link location"


def test_what_an_app_shows_is_read_from_its_events() -> None:
    client = {"keyboard": True, "inline_keyboard": False, "button_actions": ["text", "vkpay", "open_link", 7]}
    assert keyboards.shown_by(client) == "keyboard text open_link"
    assert keyboards.shown_by({}) is None


def test_an_app_that_shows_everything_gets_the_keyboard_as_it_is() -> None:
    part = Content(text="Когда?", buttons=((Button(PRESS, "Завтра", "1"),),))
    assert keyboards.within(part, EVERYTHING) == keyboards.within(part, None)


def test_an_app_without_callbacks_gets_text_buttons() -> None:
    part = Content(text="Когда?", buttons=((Button(PRESS, "Завтра", "1"),),))
    _same, made = keyboards.within(part, "keyboard inline_keyboard text")
    assert made is not None
    assert made["buttons"][0][0]["action"]["type"] == "text"


def test_an_app_without_inline_keyboards_gets_one_below_the_field() -> None:
    part = Content(text="Когда?", buttons=((Button(PRESS, "Завтра", "1"),),))
    _same, made = keyboards.within(part, "keyboard text callback")
    assert made is not None
    assert (made["inline"], made["one_time"]) == (False, True)


@pytest.mark.parametrize("client", ["", "keyboard inline_keyboard text"])
def test_what_an_app_cannot_show_becomes_numbered_lines(client: str) -> None:
    part = Content(text="Когда?", buttons=((Button(PRESS, "Завтра", "1"), Button(LINK, "Сайт", "https://x.ru")),))
    written, made = keyboards.within(part, client)
    assert made is None
    assert written.text == "Когда?\n1. Завтра\n2. Сайт: https://x.ru"


async def test_buttons_go_out_as_the_persons_app_shows_them(talk: Vk) -> None:
    part = Content(text="Когда?", buttons=((Button(PRESS, "Завтра", "1"),),))
    envelope = Envelope("token", 77, client="")
    await talk.adapter.send(talk.channel, talk.user, part, envelope)
    sent = talk.emulator.dialog(talk.community, talk.anna).sent()[-1]
    assert sent.text == "Когда?\n1. Завтра"
    assert sent.keyboard is None
