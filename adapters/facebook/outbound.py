"""Cuts a Content into parts that are one message of Messenger each. Pure, and a part of a plan is its own plan."""

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
    SpanKind,
)
from adapters.facebook import limits
from adapters.plain import written_out
from adapters.split import clip, length, split, utf16
from adapters.texts import N_

Keyboard = tuple[Button, ...]
POINTER = "👇"
NOTHING = N_("There is nothing in this message that can be sent.")
UNSUPPORTED = N_("Messenger cannot send this kind of message: {kind}.")
TOO_LARGE = N_("The file is over {limit} MB, the most that Facebook takes.")
TOO_MANY_BUTTONS = N_("More than {limit} buttons do not fit under one Messenger message.")
LABEL = N_("A button needs a label of 1 to {limit} characters.")
VALUE = N_("A button's data is over {limit} characters, the most that Facebook takes.")
NO_PLACE_BUTTON = N_("Messenger has no button that asks for a place. Ask for it in words.")
NOT_A_LINK = N_("A link of a button must begin with https:// or http://.")
STICKER = N_("Messenger pages cannot send stickers: it goes as a picture.")
VOICE_AS_AUDIO = N_("Messenger pages cannot send voice messages: it goes as an audio file.")
VOICE_AS_FILE = N_("Messenger does not play this recording: it goes as a file.")
ROUND_AS_VIDEO = N_("Messenger has no round videos: this one goes as an ordinary video.")
PLAIN = N_("Messenger shows no formatting: the text goes without it.")

_VOICE_NAMES = {"audio/ogg": "voice.ogg", "audio/webm": "voice.webm"}
_CONVERTED = {
    AttachmentKind.VIDEO_NOTE: (AttachmentKind.VIDEO, ROUND_AS_VIDEO),
    AttachmentKind.STICKER: (AttachmentKind.PHOTO, STICKER),
}


def plan(content: Content) -> Plan:
    """Media first, the text with the buttons last. Raises Rejected, naming the limit, for what cannot be sent."""
    if content.unsupported and replace(content, unsupported=None).empty:
        raise Rejected(UNSUPPORTED, {"kind": kinds.names(content.unsupported)[0]})
    settled = [_settle(item) for item in content.attachments]
    parts = [Content(attachments=group) for group in _groups([item for item, _ in settled])]
    if content.location:
        parts.append(Content(location=content.location))
    if content.contact:
        parts.append(Content(contact=content.contact))
    parts += _texts(content)
    if not parts:
        raise Rejected(NOTHING)
    parts = _with_keyboards(parts, _keyboards(content.buttons))
    if content.quoted and content.quoted.message_id:
        parts[0] = replace(parts[0], quoted=Quoted(content.quoted.message_id))
    notes = [note for _, note in settled if note]
    if any(span.kind is not SpanKind.LINK for span in content.spans):
        notes.append(PLAIN)
    return Plan(tuple(parts), tuple(dict.fromkeys(notes)))


def _texts(content: Content) -> list[Content]:
    text = written_out(content.text, clip(content.spans, 0, len(content.text)))
    return [Content(text=piece) for piece, _ in split(text, (), limits.TEXT, utf16)]


def _groups(media: Sequence[Attachment]) -> list[tuple[Attachment, ...]]:
    """Neighbouring pictures in albums, everything else one by one."""
    groups: list[tuple[Attachment, ...]] = []
    for photos, members in groupby(media, key=lambda item: item.kind is AttachmentKind.PHOTO):
        run = tuple(members)
        step = limits.ALBUM if photos else 1
        groups += [run[start : start + step] for start in range(0, len(run), step)]
    return groups


def _settle(item: Attachment) -> tuple[Attachment, str | None]:
    """The attachment in the kind that Messenger takes it in, and what to say of a change."""
    if (item.size or 0) > limits.UPLOAD:
        raise Rejected(TOO_LARGE, {"limit": str(limits.UPLOAD // limits.MB)})
    mime = (item.mime or "").split(";")[0].lower()
    if item.kind is AttachmentKind.ANIMATION:
        return replace(item, kind=AttachmentKind.PHOTO if mime == "image/gif" else AttachmentKind.VIDEO), None
    if item.kind is AttachmentKind.VOICE:
        if mime in limits.PLAYED:
            return replace(item, kind=AttachmentKind.AUDIO), VOICE_AS_AUDIO
        return replace(item, kind=AttachmentKind.FILE, name=item.name or _VOICE_NAMES.get(mime)), VOICE_AS_FILE
    if item.kind is AttachmentKind.AUDIO and mime and mime not in limits.PLAYED:
        return replace(item, kind=AttachmentKind.FILE), VOICE_AS_FILE
    kind, note = _CONVERTED.get(item.kind, (item.kind, None))
    return (item, None) if kind is item.kind else (replace(item, kind=kind), note)


def _keyboards(rows: tuple[tuple[Button, ...], ...]) -> list[Keyboard]:
    """Buttons as Messenger has them: up to three under a text, or quick replies under the last message."""
    buttons = [button for row in rows for button in row]
    for button in buttons:
        _check(button)
    if len(buttons) > limits.QUICK_REPLIES:
        raise Rejected(TOO_MANY_BUTTONS, {"limit": str(limits.QUICK_REPLIES)})
    asking = [button for button in buttons if button.kind is ButtonKind.PHONE]
    others = [button for button in buttons if button.kind is not ButtonKind.PHONE]
    linked = any(button.kind is ButtonKind.LINK for button in others)
    if not linked and (asking or len(others) > limits.TEMPLATE_BUTTONS):
        return [tuple(others + asking)]
    step = limits.TEMPLATE_BUTTONS
    found = [tuple(others[start : start + step]) for start in range(0, len(others), step)]
    return [*found, *([tuple(asking)] if asking else [])]


def _check(button: Button) -> None:
    if button.kind is ButtonKind.LOCATION:
        raise Rejected(NO_PLACE_BUTTON)
    if not button.label.strip() or length(button.label) > limits.TITLE:
        raise Rejected(LABEL, {"limit": str(limits.TITLE)})
    if len(button.value) > limits.PAYLOAD - 10:
        raise Rejected(VALUE, {"limit": str(limits.PAYLOAD - 10)})
    if button.kind is ButtonKind.LINK and not button.value.startswith(("https://", "http://")):
        raise Rejected(NOT_A_LINK)


def template(keyboard: Keyboard) -> bool:
    """Whether buttons stand under a text for good, and are no quick replies, which go with the next message."""
    return len(keyboard) <= limits.TEMPLATE_BUTTONS and all(button.kind is not ButtonKind.PHONE for button in keyboard)


def _with_keyboards(parts: list[Content], keyboards: list[Keyboard]) -> list[Content]:
    for number, keyboard in enumerate(keyboards):
        if number or not _carries(parts[-1], keyboard):
            parts.append(Content(text=POINTER))
        parts[-1] = replace(parts[-1], buttons=(keyboard,))
    return parts


def _carries(part: Content, keyboard: Keyboard) -> bool:
    if not part.text:
        return False
    return not template(keyboard) or length(part.text) <= limits.BUTTON_TEXT
