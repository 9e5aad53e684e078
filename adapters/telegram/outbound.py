"""Cuts a Content into parts that are one Bot API call each. Pure, and a part of a plan is its own plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from adapters import kinds
from adapters.base import (
    Attachment,
    AttachmentKind,
    Button,
    ButtonKind,
    Content,
    Plan,
    Quoted,
    Rejected,
)
from adapters.split import clip, length, split, utf16
from adapters.telegram import limits
from adapters.texts import N_

Keyboard = tuple[tuple[Button, ...], ...]

# A keyboard needs a message to stand under; where an album leaves none, this one says nothing but "here".
POINTER = "👇"
NOTHING = N_("There is nothing in this message that can be sent.")
UNSUPPORTED = N_("Telegram bots cannot send this kind of message: {kind}.")
TOO_LARGE = N_("The file is over {limit} MB, the most that Telegram takes from bots.")
TOO_MANY_BUTTONS = N_("More than {limit} buttons do not fit under one Telegram message.")
LABEL = N_("A button needs a label of 1 to {limit} characters.")
VALUE = N_("A button's data is over {limit} bytes, the most that Telegram takes.")
PHOTO_AS_FILE = N_("Telegram takes photos up to 10 MB: the picture goes as a file.")
SHAPE_AS_FILE = N_("The picture is too long or too wide for a Telegram photo: it goes as a file.")
STICKER_AS_FILE = N_("The sticker is too large for Telegram: it goes as a file.")
VOICE_AS_FILE = N_("Telegram does not play this recording as a voice message: it goes as an audio file.")
ROUND_AS_VIDEO = N_("Round videos last up to a minute in Telegram: this one goes as an ordinary video.")

_ASKING = frozenset({ButtonKind.PHONE, ButtonKind.LOCATION})
_NO_CAPTION = frozenset({AttachmentKind.STICKER, AttachmentKind.VIDEO_NOTE})
# Kinds that may share an album ("sendMediaGroup"); the others go one by one.
_FAMILIES = {
    AttachmentKind.PHOTO: "pictures",
    AttachmentKind.VIDEO: "pictures",
    AttachmentKind.FILE: "files",
    AttachmentKind.AUDIO: "audio",
}


def plan(content: Content) -> Plan:
    """Media first, the text with the buttons last; a text that fits is the caption of what goes first.

    Raises Rejected, naming the limit, for what no cutting makes sendable.
    """
    if content.unsupported and replace(content, unsupported=None).empty:
        raise Rejected(UNSUPPORTED, {"kind": kinds.names(content.unsupported)[0]})
    settled = [_settle(item) for item in content.attachments]
    groups = _groups([item for item, _ in settled])
    keyboards = _keyboards(content.buttons)
    parts = _parts(content, groups, bool(keyboards))
    if not parts:
        raise Rejected(NOTHING)
    parts = _with_keyboards(parts, keyboards)
    if content.quoted and content.quoted.message_id:
        parts[0] = replace(parts[0], quoted=Quoted(content.quoted.message_id))
    return Plan(tuple(parts), tuple(dict.fromkeys(note for _, note in settled if note)))


def _parts(content: Content, groups: list[tuple[Attachment, ...]], keyboard: bool) -> list[Content]:
    parts = [Content(attachments=group) for group in groups]
    if content.location:
        parts.append(Content(location=content.location))
    if content.contact:
        parts.append(Content(contact=content.contact))
    if _captioned(content, groups, keyboard and len(parts) == len(groups)):
        parts[0] = replace(parts[0], text=content.text, spans=clip(content.spans, 0, len(content.text)))
    else:
        pieces = split(content.text, content.spans, limits.TEXT, utf16)
        parts += [Content(text=text, spans=spans) for text, spans in pieces]
    return parts


def _captioned(content: Content, groups: list[tuple[Attachment, ...]], keyboard_under_media: bool) -> bool:
    if not content.text.strip() or not groups or groups[0][0].kind in _NO_CAPTION:
        return False
    if keyboard_under_media and len(groups[-1]) > 1:
        return False
    return length(content.text) <= limits.CAPTION


def _groups(media: Sequence[Attachment]) -> list[tuple[Attachment, ...]]:
    """Neighbours of one family in albums of 2 to 10."""
    groups: list[tuple[Attachment, ...]] = []
    for family, members in groupby(media, key=lambda item: _FAMILIES.get(item.kind)):
        run = tuple(members)
        step = limits.ALBUM if family else 1
        groups += [run[start : start + step] for start in range(0, len(run), step)]
    return groups


def _settle(item: Attachment) -> tuple[Attachment, str | None]:
    """The attachment in the kind that Telegram takes it in, and what to say of a change."""
    size = item.size or 0
    if size > limits.UPLOAD:
        raise Rejected(TOO_LARGE, {"limit": str(limits.UPLOAD // limits.MB)})
    if item.kind is AttachmentKind.PHOTO and size > limits.PHOTO:
        return replace(item, kind=AttachmentKind.FILE), PHOTO_AS_FILE
    if item.kind is AttachmentKind.PHOTO and not _photo_shape(item):
        return replace(item, kind=AttachmentKind.FILE), SHAPE_AS_FILE
    if item.kind is AttachmentKind.STICKER and size > limits.STICKER:
        return replace(item, kind=AttachmentKind.FILE), STICKER_AS_FILE
    if item.kind is AttachmentKind.VOICE and item.mime and item.mime.split(";")[0] not in limits.VOICE_TYPES:
        return replace(item, kind=AttachmentKind.AUDIO), VOICE_AS_FILE
    if item.kind is AttachmentKind.VIDEO_NOTE and (item.duration or 0) > limits.VIDEO_NOTE_SECONDS:
        return replace(item, kind=AttachmentKind.VIDEO), ROUND_AS_VIDEO
    return item, None


def _photo_shape(item: Attachment) -> bool:
    width, height = item.width or 0, item.height or 0
    if width <= 0 or height <= 0:
        return True
    return width + height <= limits.PHOTO_SIDES and max(width, height) <= limits.PHOTO_RATIO * min(width, height)


def _keyboards(rows: Keyboard) -> list[Keyboard]:
    """Buttons under a message, and those that ask for phone or place, which are a keyboard of their own."""
    for button in (button for row in rows for button in row):
        _check(button)
    kinds = (
        tuple(kept for row in rows if (kept := tuple(b for b in row if (b.kind in _ASKING) is asking)))
        for asking in (False, True)
    )
    keyboards = [_narrow(keyboard) for keyboard in kinds if keyboard]
    if any(sum(map(len, keyboard)) > limits.BUTTONS.total for keyboard in keyboards):
        raise Rejected(TOO_MANY_BUTTONS, {"limit": str(limits.BUTTONS.total)})
    return keyboards


def _check(button: Button) -> None:
    if not button.label.strip() or len(button.label) > limits.BUTTONS.label:
        raise Rejected(LABEL, {"limit": str(limits.BUTTONS.label)})
    if button.kind is ButtonKind.PRESS and len(button.value.encode()) > limits.CALLBACK_DATA:
        raise Rejected(VALUE, {"limit": str(limits.CALLBACK_DATA)})


def _narrow(rows: Keyboard) -> Keyboard:
    step = limits.BUTTONS.per_row
    return tuple(row[start : start + step] for row in rows for start in range(0, len(row), step))


def _with_keyboards(parts: list[Content], keyboards: list[Keyboard]) -> list[Content]:
    for number, keyboard in enumerate(keyboards):
        if number or len(parts[-1].attachments) > 1:
            parts.append(Content(text=POINTER))
        parts[-1] = replace(parts[-1], buttons=keyboard)
    return parts
