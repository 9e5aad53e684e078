"""Cuts a Content into parts that are one send_message each. Pure, and a part of a plan is its own plan."""

from __future__ import annotations

import html
from dataclasses import replace

import orjson

from adapters import kinds
from adapters.base import Attachment, AttachmentKind, Button, ButtonKind, ContactCard, Content, Location, Plan, Rejected
from adapters.plain import written_out
from adapters.split import length, split, utf16
from adapters.texts import N_
from adapters.viber import calls, limits

Rows = calls.Rows

# Buttons need a message to stand under; where the text leaves them no room, this one says nothing but "here".
POINTER = "👇"
NOTHING = calls.NOTHING
UNSUPPORTED = N_("Viber bots cannot send this kind of message: {kind}.")
TOO_LARGE = N_("The file is over {limit} MB, the most that Viber takes from bots.")
PROGRAM = N_("Viber takes no programs, and {name} is one for it. Send it in an archive.")
TOO_MANY_ROWS = N_("More than {limit} rows of buttons do not fit under one Viber message.")
BUTTONS_TOO_LARGE = N_("The buttons are over {limit} KB together, the most that Viber takes.")
LABEL = N_("A Viber button needs a label of 1 to {limit} characters.")
FORMATTING = N_("Viber shows no formatting: the text goes plain.")
STICKER_AS_PICTURE = N_("Viber has stickers of its own only: this one goes as a picture.")
STICKER_AS_FILE = N_("Viber cannot show this sticker: it goes as a file.")
VOICE_AS_FILE = N_("Viber bots send no sound: the recording goes as a file.")
ROUND_AS_VIDEO = N_("Viber has no round videos: this one goes as an ordinary video.")
VIDEO_AS_FILE = N_("Viber shows MP4 videos up to 26 MB and 3 minutes: this one goes as a file.")
ANIMATION_AS_FILE = N_("Viber bots send no GIF animations: it goes as a file.")
CARD_AS_TEXT = N_("The phone number is too long for a Viber contact: it goes as text.")
NAME_CUT = N_("Names of Viber contacts hold 28 characters: this one was cut.")

# Bytes of a request that are neither text nor keyboard: receiver, sender, tracking data, JSON itself.
_AROUND = 6 * 1024


def plan(content: Content) -> Plan:
    """Media first, the text with the buttons last; a text that fits is the caption of a picture that goes first.

    Raises Rejected, naming the limit, for what no cutting makes sendable.
    """
    if content.unsupported and replace(content, unsupported=None).empty:
        raise Rejected(UNSUPPORTED, {"kind": kinds.names(content.unsupported)[0]})
    notes: list[str] = [FORMATTING] if content.spans else []
    media = [_settle(item, notes) for item in content.attachments]
    rows = _rows(content.buttons)
    text = written_out(content.text, content.spans)
    parts = [Content(attachments=(item,)) for item in media]
    parts += _place(content.location) + _card(content.contact, notes)
    if text.strip() and media and media[0].kind is AttachmentKind.PHOTO and length(text) <= limits.CAPTION:
        parts[0] = replace(parts[0], text=text)
    else:
        parts += [Content(text=piece) for piece, _ in split(text, (), limits.TEXT, utf16)]
    if not parts:
        raise Rejected(NOTHING)
    return Plan(tuple(_with_buttons(parts, rows)), tuple(dict.fromkeys(notes)))


def _settle(item: Attachment, notes: list[str]) -> Attachment:
    """The attachment in the kind that Viber takes it in."""
    if (item.size or 0) > limits.FILE:
        raise Rejected(TOO_LARGE, {"limit": str(limits.FILE // limits.MB)})
    kind, note = _kind(item)
    if note:
        notes.append(note)
    if kind is AttachmentKind.FILE:
        _check_name(item)
    if kind is item.kind:
        return item
    # A file's name is all that tells the person what it is.
    name = item.name or (calls.file_name(item) if kind is AttachmentKind.FILE else None)
    return replace(item, kind=kind, name=name)


def _kind(item: Attachment) -> tuple[AttachmentKind, str | None]:
    match item.kind:
        case AttachmentKind.STICKER if item.mime == "application/x-tgsticker":
            return AttachmentKind.FILE, STICKER_AS_FILE
        case AttachmentKind.STICKER:
            return AttachmentKind.PHOTO, STICKER_AS_PICTURE
        case AttachmentKind.VOICE | AttachmentKind.AUDIO:
            return AttachmentKind.FILE, VOICE_AS_FILE
        case AttachmentKind.ANIMATION if item.mime == "image/gif":
            return AttachmentKind.FILE, ANIMATION_AS_FILE
        case AttachmentKind.VIDEO | AttachmentKind.ANIMATION | AttachmentKind.VIDEO_NOTE if not _playable(item):
            return AttachmentKind.FILE, VIDEO_AS_FILE
        case AttachmentKind.VIDEO_NOTE:
            return AttachmentKind.VIDEO, ROUND_AS_VIDEO
        case AttachmentKind.ANIMATION:
            return AttachmentKind.VIDEO, None
    return item.kind, None


def _playable(item: Attachment) -> bool:
    short = (item.size or 0) <= limits.VIDEO and (item.duration or 0) <= limits.VIDEO_SECONDS
    return short and (item.mime is None or item.mime.split(";")[0] in limits.VIDEO_TYPES)


def _check_name(item: Attachment) -> None:
    name = calls.file_name(item)
    if name.rpartition(".")[2].lower() in limits.BLOCKED:
        raise Rejected(PROGRAM, {"name": name})


def _place(place: Location | None) -> list[Content]:
    """The point; what it is called goes before it, as Viber's locations have no name."""
    if place is None:
        return []
    named = "\n".join(line for line in (place.title, place.address) if line)
    words = [Content(text=piece) for piece, _ in split(named, (), limits.TEXT, utf16)]
    return [*words, Content(location=Location(place.latitude, place.longitude))]


def _card(card: ContactCard | None, notes: list[str]) -> list[Content]:
    if card is None:
        return []
    name = card.name.strip() or card.phone
    if len(card.phone) > limits.CONTACT_PHONE:
        notes.append(CARD_AS_TEXT)
        return [Content(text="\n".join(dict.fromkeys((name, card.phone))))]
    if len(name) > limits.CONTACT_NAME:
        notes.append(NAME_CUT)
    return [Content(contact=ContactCard(name[: limits.CONTACT_NAME], card.phone))]


def _rows(rows: Rows) -> Rows:
    """The buttons in rows of six at most."""
    for button in (button for row in rows for button in row):
        _check(button)
    step = limits.BUTTON_COLUMNS
    narrow = tuple(row[start : start + step] for row in rows for start in range(0, len(row), step))
    if len(narrow) > limits.BUTTON_ROWS:
        raise Rejected(TOO_MANY_ROWS, {"limit": str(limits.BUTTON_ROWS)})
    if _size(narrow, "") > limits.BODY:
        raise Rejected(BUTTONS_TOO_LARGE, {"limit": str(limits.BODY // 1024)})
    return narrow


def _check(button: Button) -> None:
    wordless = button.kind is ButtonKind.LINK and not button.value
    # As it goes over the wire, where "&" is five characters.
    written = html.escape(button.label, quote=False)
    if wordless or not button.label.strip() or len(written) > limits.BUTTONS.label:
        raise Rejected(LABEL, {"limit": str(limits.BUTTONS.label)})


def _with_buttons(parts: list[Content], rows: Rows) -> list[Content]:
    if not rows:
        return parts
    if _size(rows, parts[-1].text) > limits.BODY:
        parts.append(Content(text=POINTER))
    parts[-1] = replace(parts[-1], buttons=rows)
    return parts


def _size(rows: Rows, text: str) -> int:
    """Bytes of a request with these buttons under that text."""
    if not rows:
        return 0
    return len(orjson.dumps(calls.keyboard(rows))) + len(text.encode(errors="replace")) + _AROUND
