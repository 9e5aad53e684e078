"""Cuts a Content into parts that are one messages.send each. Pure, and a part of a plan is its own plan."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from adapters import kinds
from adapters.base import (
    Attachment,
    AttachmentKind,
    ContactCard,
    Content,
    Plan,
    Quoted,
    Rejected,
    SpanKind,
)
from adapters.plain import written_out
from adapters.split import length, split, utf16
from adapters.texts import N_
from adapters.vk import keyboards, limits

# A keyboard needs a message to stand under; where an album leaves none, this one says nothing but "here".
POINTER = "👇"
NOTHING = N_("There is nothing in this message that can be sent.")
UNSUPPORTED = N_("VK communities cannot send this kind of message: {kind}.")
TOO_LARGE = N_("The file is over {limit} MB, the most that VK takes from communities.")
PLAIN = N_("VK shows plain text: the formatting is left out.")
CONTACT_AS_TEXT = N_("VK has no contact cards: the contact goes as text.")
PHOTO_AS_FILE = N_("VK takes photos up to 50 MB: the picture goes as a file.")
SHAPE_AS_FILE = N_("The picture is too long or too wide for a VK photo: it goes as a file.")
STICKER_AS_PICTURE = N_("The sticker goes to VK as a picture.")
STICKER_AS_FILE = N_("VK cannot show this moving sticker: it goes as a file.")
VOICE_AS_FILE = N_("VK does not play this recording as a voice message: it goes as a file.")
MEDIUM_AS_FILE = N_("VK takes videos and music from communities as files.")
PACKED = N_("VK takes no files of this kind: it goes packed into a .zip.")

ZIP = "application/zip"
_LOTTIE = "application/x-tgsticker"
_ENDINGS = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif", "application/pdf": "pdf",
    _LOTTIE: "tgs", "video/webm": "webm", "video/mp4": "mp4", "video/quicktime": "mov", "audio/ogg": "ogg",
    "audio/opus": "ogg", "audio/mpeg": "mp3", "audio/mp4": "m4a", ZIP: "zip", "text/plain": "txt", "text/html": "html",
    "text/csv": "csv", "image/svg+xml": "svg", "application/gzip": "gz", "application/vnd.rar": "rar",
    "application/x-7z-compressed": "7z", "application/rtf": "rtf", "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}  # fmt: skip


_ENDING = re.compile(r"\w{1,16}")


def plan(content: Content) -> Plan:
    """Media first, up to ten in a message, the text with the buttons last; with media alone the text goes along.

    Raises Rejected, naming the limit, for what no cutting makes sendable.
    """
    if content.unsupported and replace(content, unsupported=None).empty:
        raise Rejected(UNSUPPORTED, {"kind": kinds.names(content.unsupported)[0]})
    settled = [_settle(item) for item in content.attachments]
    groups = _groups([item for item, _ in settled])
    keyboard = keyboards.laid_out(content.buttons)
    parts = _parts(content, written_out(content.text, content.spans), groups, bool(keyboard))
    if not parts:
        raise Rejected(NOTHING)
    if keyboard:
        if len(parts[-1].attachments) > 1:
            parts.append(Content(text=POINTER))
        parts[-1] = replace(parts[-1], buttons=keyboard)
    if content.quoted and content.quoted.message_id:
        parts[0] = replace(parts[0], quoted=Quoted(content.quoted.message_id))
    notes = [*_notes_of_text(content), *(note for _, note in settled if note)]
    return Plan(tuple(parts), tuple(dict.fromkeys(notes)))


def file_name(item: Attachment) -> str:
    """A name with an ending: VK tells the kind of an upload by it."""
    kind = (item.mime or "").split(";")[0]
    name = "".join("_" if char in "/\\" or not char.isprintable() else char for char in item.name or "")
    if not name:
        return f"{item.kind.value}.{_ENDINGS.get(kind, 'bin')}"
    return f"{name}.{_ENDINGS[kind]}" if not _ending(name) and kind in _ENDINGS else name


def packed(item: Attachment) -> Attachment:
    """The file as it goes where VK does not take its kind: in an archive of its own."""
    return replace(item, name=f"{file_name(item)}.zip", mime=ZIP)


def _parts(content: Content, text: str, groups: list[tuple[Attachment, ...]], keyboard: bool) -> list[Content]:
    parts = [Content(attachments=group) for group in groups]
    if content.location:
        parts.append(Content(location=content.location))
    if content.contact:
        parts.append(Content(text=_contact(content.contact)))
    if _captioned(text, groups, keyboard and len(parts) == len(groups)):
        parts[0] = replace(parts[0], text=text)
    else:
        parts += [Content(text=piece) for piece, _ in split(text, (), limits.TEXT, utf16)]
    return parts


def _captioned(text: str, groups: list[tuple[Attachment, ...]], keyboard_under_media: bool) -> bool:
    if not text.strip() or not groups or groups[0][0].kind is AttachmentKind.VOICE:
        return False
    if keyboard_under_media and len(groups[-1]) > 1:
        return False
    return length(text) <= limits.TEXT


def _notes_of_text(content: Content) -> list[str]:
    notes = []
    if any(span.kind is not SpanKind.LINK for span in content.spans):
        notes.append(PLAIN)
    if content.contact:
        notes.append(CONTACT_AS_TEXT)
    return notes


def _contact(card: ContactCard) -> str:
    return "\n".join(dict.fromkeys(filter(None, (card.name, card.phone))))


def _groups(media: Sequence[Attachment]) -> list[tuple[Attachment, ...]]:
    """Up to ten of any kinds in a message; a voice message stands alone."""
    groups: list[tuple[Attachment, ...]] = []
    for item in media:
        alone = item.kind is AttachmentKind.VOICE
        last = groups[-1] if groups else ()
        if alone or not last or last[-1].kind is AttachmentKind.VOICE or len(last) == limits.ATTACHMENTS:
            groups.append((item,))
        else:
            groups[-1] = (*last, item)
    return groups


def _settle(item: Attachment) -> tuple[Attachment, str | None]:
    """The attachment in the kind that VK takes it in, and what to say of a change."""
    if (item.size or 0) > limits.UPLOAD:
        raise Rejected(TOO_LARGE, {"limit": str(limits.UPLOAD // limits.MB)})
    kind, note = _kind(item)
    changed = replace(item, kind=kind) if kind is not item.kind else item
    if kind is not AttachmentKind.FILE or not _to_pack(changed):
        return changed, note
    return packed(changed), PACKED


def _kind(item: Attachment) -> tuple[AttachmentKind, str | None]:
    match item.kind:
        case AttachmentKind.PHOTO | AttachmentKind.STICKER:
            return _picture(item)
        case AttachmentKind.VOICE:
            plays = item.mime is None or item.mime.split(";")[0] in limits.VOICE_TYPES
            if plays and (item.duration or 0) <= limits.VOICE_SECONDS:
                return AttachmentKind.VOICE, None
            return AttachmentKind.FILE, VOICE_AS_FILE
        case AttachmentKind.FILE:
            return AttachmentKind.FILE, None
        case _:
            return AttachmentKind.FILE, MEDIUM_AS_FILE


def _picture(item: Attachment) -> tuple[AttachmentKind, str | None]:
    sticker = item.kind is AttachmentKind.STICKER
    if sticker and item.mime == _LOTTIE:
        return AttachmentKind.FILE, STICKER_AS_FILE
    if (item.size or 0) > limits.PHOTO:
        return AttachmentKind.FILE, PHOTO_AS_FILE
    if not _photo_shape(item):
        return AttachmentKind.FILE, SHAPE_AS_FILE
    return AttachmentKind.PHOTO, STICKER_AS_PICTURE if sticker else None


def _photo_shape(item: Attachment) -> bool:
    width, height = item.width or 0, item.height or 0
    if width <= 0 or height <= 0:
        return True
    return width + height <= limits.PHOTO_SIDES and max(width, height) <= limits.PHOTO_RATIO * min(width, height)


def _to_pack(item: Attachment) -> bool:
    """Whether VK would not take it as it is: a program, music, or a name that does not say what it is."""
    ending = _ending(file_name(item))
    return not ending or ending in limits.PACKED


def _ending(name: str) -> str:
    """What stands behind the last dot, where that is an ending at all; empty otherwise."""
    stem, dot, ending = name.rpartition(".")
    return ending.lower() if dot and stem and _ENDING.fullmatch(ending) else ""
