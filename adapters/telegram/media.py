"""Inbound media of a Telegram message as attachments. Sources: Bot API types PhotoSize, Video, Sticker and the like."""

from __future__ import annotations

from typing import Any

from adapters.content import Attachment, AttachmentKind
from adapters.reading import integer, items, section, string, true
from adapters.telegram.limits import DOWNLOAD
from adapters.texts import N_

TOO_LARGE = N_("Telegram does not hand files over 20 MB to bots. Ask for a link instead.")

# The first that is there counts: an animation comes with a document too, a live photo with a photo.
_KINDS = (
    ("animation", AttachmentKind.ANIMATION, "video/mp4"),
    ("sticker", AttachmentKind.STICKER, None),
    ("video", AttachmentKind.VIDEO, "video/mp4"),
    ("video_note", AttachmentKind.VIDEO_NOTE, "video/mp4"),
    ("voice", AttachmentKind.VOICE, "audio/ogg"),
    ("audio", AttachmentKind.AUDIO, None),
    ("document", AttachmentKind.FILE, None),
    ("live_photo", AttachmentKind.VIDEO, "video/mp4"),
)


def attachments(message: dict[str, Any]) -> tuple[Attachment, ...]:
    """The medium of a message; a Telegram message has one at most."""
    spoiler = True if true(message, "has_media_spoiler") else None
    for sizes in (items(message, "photo"), items(section(message, "live_photo"), "photo")):
        if (photo := _photo(sizes, spoiler)) is not None:
            return (photo,)
    for name, kind, mime in _KINDS:
        if (medium := _medium(section(message, name), kind, mime, spoiler)) is not None:
            return (medium,)
    return ()


def _photo(sizes: list[dict[str, Any]], spoiler: bool | None) -> Attachment | None:
    usable = [size for size in sizes if string(size, "file_id")]
    if not usable:
        return None
    largest = max(usable, key=lambda size: (integer(size, "width") or 0) * (integer(size, "height") or 0))
    return _attachment(AttachmentKind.PHOTO, largest, "image/jpeg", spoiler)


def _medium(body: dict[str, Any], kind: AttachmentKind, mime: str | None, spoiler: bool | None) -> Attachment | None:
    if not string(body, "file_id"):
        return None
    if kind is AttachmentKind.STICKER:
        mime = _sticker_type(body)
    elif kind is AttachmentKind.VIDEO:
        body = _fitting(body)
    return _attachment(kind, body, mime, spoiler)


def _attachment(kind: AttachmentKind, body: dict[str, Any], mime: str | None, spoiler: bool | None) -> Attachment:
    size = integer(body, "file_size")
    return Attachment(
        kind=kind,
        handle=string(body, "file_id"),
        unique=string(body, "file_unique_id"),
        name=string(body, "file_name"),
        mime=string(body, "mime_type") or mime,
        size=size,
        width=integer(body, "width") or integer(body, "length"),
        height=integer(body, "height") or integer(body, "length"),
        duration=integer(body, "duration"),
        emoji=string(body, "emoji"),
        unavailable=TOO_LARGE if size is not None and size > DOWNLOAD else None,
        spoiler=spoiler,
    )


def _sticker_type(body: dict[str, Any]) -> str:
    if true(body, "is_animated"):
        return "application/x-tgsticker"
    return "video/webm" if true(body, "is_video") else "image/webp"


def _fitting(video: dict[str, Any]) -> dict[str, Any]:
    """The video itself, or its best other quality that bots may download, where it alone is too large."""
    if (integer(video, "file_size") or 0) <= DOWNLOAD:
        return video
    fitting = [
        quality
        for quality in items(video, "qualities")
        if string(quality, "file_id") and 0 < (integer(quality, "file_size") or 0) <= DOWNLOAD
    ]
    best = max(fitting, key=lambda quality: integer(quality, "height") or 0, default={})
    return {**video, **best}
