"""A Viber message as Content. Source: REST Bot API, "Receive message from user"."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from adapters.content import Attachment, AttachmentKind, ContactCard, Content, Location
from adapters.reading import decimal, integer, section, string, whole
from adapters.texts import N_

Body = dict[str, Any]

STICKERS = "https://viber.github.io/docs/img/stickers/{id}.png"
NOT_GIVEN = N_("Viber did not hand this file over. Ask for it once more.")

_TYPES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "pdf": "application/pdf",
}


def content(message: Body) -> Content:
    """What the person wrote or sent; a kind that cannot be carried over is named in `unsupported`."""
    kind = string(message, "type") or ("text" if string(message, "text") else "empty")
    read = _READERS.get(kind, _unknown)
    found = read(message)
    return found if not found.empty else Content(unsupported="empty" if kind == "text" else kind)


def _text(message: Body) -> Content:
    return Content(text=string(message, "text") or "")


def _medium(kind: AttachmentKind, usual: str | None) -> Callable[[Body], Content]:
    def read(message: Body) -> Content:
        return Content(text=string(message, "text") or "", attachments=(_attachment(message, kind, usual),))

    return read


def _attachment(message: Body, kind: AttachmentKind, usual: str | None) -> Attachment:
    address = string(message, "media")
    name = string(message, "file_name")
    size = whole(message, "size")
    if size is None:
        size = whole(message, "file_size")
    return Attachment(
        kind=kind,
        handle=address,
        name=name,
        mime=_type(name or _path(address)) or usual,
        size=size,
        duration=whole(message, "duration"),
        unavailable=None if address else NOT_GIVEN,
        link=address,
    )


def _sticker(message: Body) -> Content:
    """Its picture; one whose id alone is told has its picture in Viber's own list."""
    number = integer(message, "sticker_id")
    name = str(number) if number is not None else string(message, "sticker_id")
    address = string(message, "media")
    if address is None and name is not None and name.isascii() and name.isdecimal():
        address = STICKERS.format(id=name)
    if address is None:
        return Content(unsupported="sticker")
    item = Attachment(AttachmentKind.STICKER, handle=address, mime=_type(_path(address)) or "image/png")
    return Content(text=string(message, "text") or "", attachments=(item,))


def _location(message: Body) -> Content:
    place = section(message, "location")
    latitude, longitude = decimal(place, "lat"), decimal(place, "lon")
    address = string(place, "address")
    if latitude is None or longitude is None:
        return Content(text=address or "", unsupported="location")
    return Content(text=string(message, "text") or "", location=Location(latitude, longitude, None, address))


def _contact(message: Body) -> Content:
    card = section(message, "contact")
    name, phone = string(card, "name"), string(card, "phone_number")
    if phone is None:
        return Content(text=name or "", unsupported="contact")
    return Content(text=string(message, "text") or "", contact=ContactCard(name or phone, phone))


def _url(message: Body) -> Content:
    lines = (string(message, "text"), string(message, "media"))
    return Content(text="\n".join(dict.fromkeys(line for line in lines if line)))


def _unknown(message: Body) -> Content:
    """A kind that came later: its words and its file are better than nothing."""
    media = (_attachment(message, AttachmentKind.FILE, None),) if string(message, "media") else ()
    text = string(message, "text") or string(message, "alt_text") or ""
    return Content(text=text, attachments=media, unsupported=string(message, "type") or "empty")


_READERS: dict[str, Callable[[Body], Content]] = {
    "text": _text,
    "picture": _medium(AttachmentKind.PHOTO, "image/jpeg"),
    "video": _medium(AttachmentKind.VIDEO, "video/mp4"),
    "file": _medium(AttachmentKind.FILE, None),
    "sticker": _sticker,
    "location": _location,
    "contact": _contact,
    "url": _url,
}


def _path(address: str | None) -> str:
    try:
        return unquote(urlsplit(address or "").path)
    except ValueError:
        return ""


def _type(name: str) -> str | None:
    return _TYPES.get(posixpath.splitext(name)[1].removeprefix(".").lower())
