"""Files on their way to Facebook: in a form that Messenger shows, uploaded once for a page and sent by their id.

Sources: Messenger Platform, "Saving Assets", "Send Messages" (several images in one message).
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters import pictures
from adapters.base import Attachment, AttachmentKind, Channel, Content, Rejected, Temporary
from adapters.facebook import limits
from adapters.facebook.api import NO_BYTES, Api, File, node
from adapters.facebook.outbound import TOO_LARGE
from adapters.reading import string
from adapters.texts import N_

UNREADABLE = N_("One of the pictures cannot be read. Send it by itself or as a file.")
_TYPES = {
    AttachmentKind.PHOTO: "image",
    AttachmentKind.VIDEO: "video",
    AttachmentKind.AUDIO: "audio",
}
_EXTENSIONS = {
    "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "video/mp4": "mp4", "audio/mpeg": "mp3",
    "audio/mp4": "m4a", "audio/ogg": "ogg", "application/pdf": "pdf",
}  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x1f\x7f/\\\"]")
_MIME = re.compile(r"[\w.+-]+/[\w.+-]+")


@dataclass(frozen=True, slots=True)
class Ready:
    """The attachments of a part as Facebook is told of them, with the handles that are new."""

    media: tuple[dict[str, Any], ...] = ()
    cached: tuple[tuple[int, str], ...] = ()


async def ready(api: Api, channel: Channel, part: Content, *, anew: bool = False) -> Ready:
    """Upload what Facebook does not have yet; with `anew` everything. Raises Rejected for bytes that are gone."""
    media: list[dict[str, Any]] = []
    cached: list[tuple[int, str]] = []
    for item in part.attachments:
        if item.cached and not (anew and item.path):
            kind, handle = _known(item)
        else:
            kind, handle = await _uploaded(api, channel, item)
            if item.file_id is not None:
                cached.append((item.file_id, f"{kind}:{handle}"))
        if kind != "image" and len(part.attachments) > 1:
            raise Rejected(UNREADABLE)
        media.append({"type": kind, "payload": {"attachment_id": handle}})
    return Ready(tuple(media), tuple(cached))


def by_link(part: Content) -> Ready | None:
    """An album of pictures that Facebook fetches itself, the form that it documents; None where that cannot be."""
    if len(part.attachments) < 2 or not all(_fetchable(item) for item in part.attachments):
        return None
    return Ready(tuple({"type": "image", "payload": {"url": item.url}} for item in part.attachments))


def _fetchable(item: Attachment) -> bool:
    small = 0 < (item.size or 0) <= limits.IMAGE_BY_LINK
    return small and mime_of(item) in limits.PICTURES and (item.url or "").startswith("https://")


def _known(item: Attachment) -> tuple[str, str]:
    """What the channel knows a file by: its type at Facebook and its id there."""
    kind, _, handle = (item.cached or "").rpartition(":")
    return kind or _TYPES.get(item.kind, "file"), handle


async def _uploaded(api: Api, channel: Channel, item: Attachment) -> tuple[str, str]:
    kind, file = await _shown(item)
    message = {"message": {"attachment": {"type": kind, "payload": {"is_reusable": True}}}}
    answer = await api.upload(channel.credentials, f"{node(channel.id)}/message_attachments", message, file)
    handle = string(answer, "attachment_id")
    if handle is None:
        raise Temporary("the answer names no attachment")
    return kind, handle


async def _shown(item: Attachment) -> tuple[str, File]:
    """The file in a form that Messenger shows, or as a plain file where nothing here can make one."""
    if item.path is None:
        raise Rejected(NO_BYTES)
    try:
        size = (await asyncio.to_thread(item.path.stat)).st_size
    except OSError:
        raise Rejected(NO_BYTES) from None
    if size > limits.UPLOAD:
        raise Rejected(TOO_LARGE, {"limit": str(limits.UPLOAD // limits.MB)})
    mime = mime_of(item)
    if item.kind is AttachmentKind.PHOTO and mime not in limits.PICTURES:
        picture = await pictures.alone(_picture, item.path)
        if picture is None:
            return "file", File(name_of(item, mime), mime, item.path)
        data, mime = picture
        return "image", File(name_of(item, mime), mime, data)
    return _TYPES.get(item.kind, "file"), File(name_of(item, mime), mime, item.path)


def _picture(path: Path) -> tuple[bytes, str] | None:
    try:
        data = pictures.to_png(path)
        if len(data) > limits.UPLOAD:
            return pictures.fit(path, limits.PICTURE_SIDE, limits.UPLOAD), "image/jpeg"
        return data, "image/png"
    except pictures.Unreadable:
        frame = pictures.still(path)
        return None if frame is None else (frame, "image/png")


def mime_of(item: Attachment) -> str:
    mime = (item.mime or "").split(";")[0].strip().lower()
    if _MIME.fullmatch(mime):
        return mime
    return "image/jpeg" if item.kind is AttachmentKind.PHOTO and not mime else "application/octet-stream"


def name_of(item: Attachment, mime: str) -> str:
    """A name that a form can carry and that says what the file is."""
    name, extension = _CONTROL.sub("_", item.name or ""), _EXTENSIONS.get(mime, "bin")
    if not name:
        return f"{item.kind.value}.{extension}"
    return name if mime == (item.mime or "") or extension == "bin" else f"{name.rpartition('.')[0] or name}.{extension}"
