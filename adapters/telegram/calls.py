"""One part of a plan as one Bot API call, and what came of it as `Sent`. Sources: sendMessage to sendMediaGroup."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

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
    Rejected,
    Sent,
    SentMessage,
    UserId,
)
from adapters.reading import integer, items, section, string
from adapters.telegram.entities import from_spans
from adapters.telegram.outbound import NOTHING
from adapters.telegram.refusals import MESSAGE_GONE
from adapters.texts import N_

NO_BYTES = N_("The file is no longer stored here, so it cannot be sent.")

FIXED_KIND = N_("Telegram does not let a medium of this kind be exchanged.")
OTHER_NUMBER = N_("The edited message does not fit into the messages that were sent.")

# Kind → (method, field of the call and of the answer).
_MEDIA = {
    AttachmentKind.PHOTO: ("sendPhoto", "photo"),
    AttachmentKind.VIDEO: ("sendVideo", "video"),
    AttachmentKind.VIDEO_NOTE: ("sendVideoNote", "video_note"),
    AttachmentKind.VOICE: ("sendVoice", "voice"),
    AttachmentKind.AUDIO: ("sendAudio", "audio"),
    AttachmentKind.FILE: ("sendDocument", "document"),
    AttachmentKind.ANIMATION: ("sendAnimation", "animation"),
    AttachmentKind.STICKER: ("sendSticker", "sticker"),
}
_EXCHANGED = frozenset({
    AttachmentKind.PHOTO, AttachmentKind.VIDEO, AttachmentKind.AUDIO, AttachmentKind.FILE, AttachmentKind.ANIMATION,
})  # fmt: skip
# What a call of each kind may say of its medium beside the bytes.
_DETAILS = {
    AttachmentKind.PHOTO: ("has_spoiler",),
    AttachmentKind.VIDEO: ("width", "height", "duration", "has_spoiler"),
    AttachmentKind.VIDEO_NOTE: ("duration",),
    AttachmentKind.VOICE: ("duration",),
    AttachmentKind.AUDIO: ("duration",),
    AttachmentKind.FILE: (),
    AttachmentKind.ANIMATION: ("width", "height", "duration", "has_spoiler"),
    AttachmentKind.STICKER: (),
}
_EXTENSIONS = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "application/x-tgsticker": "tgs",
    "video/webm": "webm", "video/mp4": "mp4", "audio/ogg": "ogg", "audio/mpeg": "mp3", "audio/mp4": "m4a",
    "application/pdf": "pdf", "image/gif": "gif",
}  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x1f\x7f/\\]")


@dataclass(frozen=True, slots=True)
class Call:
    """A method, its JSON parameters and the files that go along, by the name of their form field."""

    method: str
    params: dict[str, Any]
    files: Mapping[str, Attachment] = field(default_factory=dict)


def call_of(part: Content, to: UserId, *, upload: bool = False) -> Call:
    """The call that sends a part; with `upload` bytes are sent even where the channel has a handle of them."""
    around = _around(part, to)
    if len(part.attachments) > 1:
        return _album(part, around, upload)
    if part.attachments:
        return _medium(part, around, upload)
    if part.location:
        return _location(part.location, around)
    if part.contact:
        return _contact(part.contact, around)
    if not part.text:
        raise Rejected(NOTHING)
    return Call("sendMessage", around | _marked("text", "entities", part))


def edit_of(part: Content, to: UserId, message: MessageId) -> Call:
    """The call that replaces a text, or a caption where the part has media (editMessageText, editMessageCaption)."""
    target = {"chat_id": chat(to), "message_id": number(message), **_markup(part.buttons)}
    if part.attachments:
        return caption_edit(part, to, message)
    return Call("editMessageText", target | _marked("text", "entities", part))


def caption_edit(part: Content, to: UserId, message: MessageId) -> Call:
    target = {"chat_id": chat(to), "message_id": number(message), **_markup(part.buttons)}
    return Call("editMessageCaption", target | _marked("caption", "caption_entities", part))


def media_edit(part: Content, place: int, to: UserId, message: MessageId) -> Call:
    """editMessageMedia: what stands there may be a text, too. Raises Rejected for kinds that it does not know."""
    if place >= len(part.attachments) or part.attachments[place].kind not in _EXCHANGED:
        raise Rejected(FIXED_KIND)
    item = part.attachments[place]
    source = _known(item, upload=False)
    files = {} if source is not None else {"file": item}
    media = {"type": _MEDIA[item.kind][1], "media": source or "attach://file", **_details(item)}
    if place == 0 and part.text:
        media |= _marked("caption", "caption_entities", part)
    target = {"chat_id": chat(to), "message_id": number(message), **_markup(part.buttons)}
    return Call("editMessageMedia", target | {"media": media}, files)


def moves_of(place: Location, to: UserId, message: MessageId) -> list[Call]:
    """The calls that move a live location, and end it where nobody is followed any more."""
    target = {"chat_id": chat(to), "message_id": number(message)}
    moved = Call("editMessageLiveLocation", target | {"latitude": place.latitude, "longitude": place.longitude})
    return [moved] if place.live else [moved, Call("stopMessageLiveLocation", target)]


def as_files(part: Content) -> Content:
    """The part with its photos as files, as far as it holds nothing else (an album mixes files with nothing)."""
    if any(item.kind is not AttachmentKind.PHOTO for item in part.attachments):
        return part
    return replace(part, attachments=tuple(replace(item, kind=AttachmentKind.FILE) for item in part.attachments))


def sent(part: Content, result: Any) -> Sent:
    """The messages that a call made, with the handles of their media."""
    made = [one for one in (result if isinstance(result, list) else [result]) if integer(one, "message_id") is not None]
    cached = {
        item.file_id: handle
        for item, message in zip(part.attachments, made, strict=False)
        if item.file_id is not None and (handle := _handle(message)) is not None
    }
    return Sent(tuple(SentMessage(MessageId(str(one["message_id"]))) for one in made), cached)


def chat(user: UserId) -> int | str:
    return int(user) if user.lstrip("-").isdecimal() else user


def number(message: MessageId) -> int:
    """A message id as Telegram has it; raises NotFound for one that cannot be Telegram's."""
    if not message.isdecimal():
        raise NotFound(MESSAGE_GONE)
    return int(message)


def file_name(item: Attachment) -> str:
    """A name that a form can carry; Telegram tells the kind of an upload by its extension too."""
    if name := _CONTROL.sub("_", item.name or ""):
        return name
    extension = _EXTENSIONS.get((item.mime or "").split(";")[0], "bin")
    return f"{item.kind.value}.{extension}"


def _around(part: Content, to: UserId) -> dict[str, Any]:
    params: dict[str, Any] = {"chat_id": chat(to), **_markup(part.buttons)}
    answered = part.quoted.message_id if part.quoted else None
    if answered and answered.isdecimal():
        params["reply_parameters"] = {"message_id": int(answered), "allow_sending_without_reply": True}
    return params


def _marked(text: str, entities: str, part: Content) -> dict[str, Any]:
    """Text with entities, never with a parse mode: nothing that a person types can break it."""
    params: dict[str, Any] = {text: part.text}
    if marks := from_spans(part.text, part.spans):
        params[entities] = marks
    return params


def _medium(part: Content, around: dict[str, Any], upload: bool) -> Call:
    item = part.attachments[0]
    method, name = _MEDIA[item.kind]
    params = around | _details(item)
    if part.text:
        params |= _marked("caption", "caption_entities", part)
    if (known := _known(item, upload)) is not None:
        return Call(method, params | {name: known})
    return Call(method, params, {name: item})


def _album(part: Content, around: dict[str, Any], upload: bool) -> Call:
    """sendMediaGroup: uploads are named by attach://; the first item carries the caption of the whole."""
    media: list[dict[str, Any]] = []
    files: dict[str, Attachment] = {}
    for number, item in enumerate(part.attachments):
        source = _known(item, upload)
        if source is None:
            files[f"file{number}"] = item
            source = f"attach://file{number}"
        media.append({"type": _MEDIA[item.kind][1], "media": source, **_details(item)})
    if part.text:
        media[0] |= _marked("caption", "caption_entities", part)
    return Call("sendMediaGroup", around | {"media": media}, files)


def _known(item: Attachment, upload: bool) -> str | None:
    """What stands for the bytes: the channel's own handle or a public address; None where they are uploaded."""
    if item.cached and not (upload and item.path):
        return item.cached
    if item.path:
        return None
    if item.url:
        return item.url
    raise Rejected(NO_BYTES)


def _details(item: Attachment) -> dict[str, Any]:
    told = {"width": item.width, "height": item.height, "duration": item.duration, "has_spoiler": item.spoiler}
    details = {name: told[name] for name in _DETAILS[item.kind] if told[name]}
    return details | {"supports_streaming": True} if item.kind is AttachmentKind.VIDEO else details


def _location(place: Location, around: dict[str, Any]) -> Call:
    params = around | {"latitude": place.latitude, "longitude": place.longitude}
    if not place.title:
        return Call("sendLocation", params | ({"live_period": place.live} if place.live else {}))
    return Call("sendVenue", params | {"title": place.title, "address": place.address or place.title})


def _contact(card: ContactCard, around: dict[str, Any]) -> Call:
    return Call("sendContact", around | {"phone_number": card.phone, "first_name": card.name or card.phone})


def _markup(rows: tuple[tuple[Button, ...], ...]) -> dict[str, Any]:
    if not rows:
        return {}
    if any(button.kind in _REQUESTS for row in rows for button in row):
        keyboard = [[{"text": button.label, _REQUESTS[button.kind]: True} for button in row] for row in rows]
        return {"reply_markup": {"keyboard": keyboard, "resize_keyboard": True, "one_time_keyboard": True}}
    return {"reply_markup": {"inline_keyboard": [[_inline(button) for button in row] for row in rows]}}


_REQUESTS = {ButtonKind.PHONE: "request_contact", ButtonKind.LOCATION: "request_location"}


def _inline(button: Button) -> dict[str, str]:
    name = "url" if button.kind is ButtonKind.LINK else "callback_data"
    return {"text": button.label, name: button.value or button.label}


def _handle(message: dict[str, Any]) -> str | None:
    """The file_id of a sent message's medium; Telegram may have made another kind of it than was asked for."""
    if sizes := items(message, "photo"):
        return string(max(sizes, key=lambda size: integer(size, "width") or 0), "file_id")
    names = ("animation", *(name for _, name in _MEDIA.values()))
    return next((found for name in names if (found := string(section(message, name), "file_id"))), None)
