"""A Messenger message as Content. Source: Messenger Platform, "Webhook events: messages", message_echoes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from adapters.content import Attachment, AttachmentKind, ContactCard, Content, Location, MessageId, Quoted, UserId
from adapters.reading import decimal, integer, items, section, string
from adapters.texts import N_

NO_MEDIA = N_("Facebook told of an attachment but did not hand it over.")

_KINDS = {
    "image": AttachmentKind.PHOTO,
    "video": AttachmentKind.VIDEO,
    "audio": AttachmentKind.AUDIO,
    "file": AttachmentKind.FILE,
    "sticker": AttachmentKind.STICKER,
}
_MIMES = {AttachmentKind.STICKER: "image/png"}
# The thumbs up that Messenger's button sends, small to large.
_THUMBS = frozenset({369239263222822, 369239343222814, 369239383222810})
_PHONE = re.compile(r"\+?[0-9]{7,15}")
_NAME = re.compile(r"[^/\\\x00-\x1f\x7f]{1,120}\.[A-Za-z0-9]{1,8}")
_LINES = 40
# What Messenger calls a place that has no name.
_UNNAMED = frozenset({"Pinned Location", "Pin"})

Body = dict[str, Any]


def content(message: Body, user: UserId | None = None) -> Content:
    """What was written or sent; what cannot be carried over is named in `unsupported`. `user`: who shares a phone."""
    lines = [string(message, "text") or ""]
    attachments: list[Attachment] = []
    place: Location | None = None
    strange: str | None = None
    for item in _distinct(items(message, "attachments")):
        kind = string(item, "type") or "attachment"
        if kind in _KINDS:
            attachments.append(_medium(item, kind))
        elif kind == "location" and (found := _location(item)) is not None:
            place = place or found
        else:
            told = _told(item)
            lines += [line for line in told if line not in lines[0]]
            strange = strange or (kind if not told else None)
    card = _own_phone(message, user)
    text = "" if card else "\n".join(filter(None, lines))
    quoted = _quoted(message)
    if not (text or attachments or place or card or strange):
        strange = "empty"
    return Content(
        text=text, attachments=tuple(attachments), location=place, contact=card, quoted=quoted, unsupported=strange
    )


def _distinct(found: list[Body]) -> Iterator[Body]:
    """Without an image that repeats a sticker: for some months both came."""
    stickers = {_sticker(item) for item in found if string(item, "type") == "sticker"} - {None}
    for item in found:
        if string(item, "type") == "image" and _sticker(item) in stickers:
            continue
        yield item


def _sticker(item: Body) -> int | None:
    payload = section(item, "payload")
    number = string(payload, "sticker_id")
    return integer(payload, "sticker_id") or (int(number) if number and re.fullmatch("[0-9]{1,18}", number) else None)


def _medium(item: Body, kind: str) -> Attachment:
    payload = section(item, "payload")
    sticker = _sticker(item)
    found = AttachmentKind.STICKER if sticker is not None and kind == "image" else _KINDS[kind]
    url = string(payload, "url")
    return Attachment(
        kind=found,
        handle=url,
        name=_name(url) if found in (AttachmentKind.FILE, AttachmentKind.AUDIO, AttachmentKind.VIDEO) else None,
        mime=_MIMES.get(found),
        emoji="👍" if sticker in _THUMBS else None,
        unavailable=None if url else NO_MEDIA,
    )


def _name(url: str | None) -> str | None:
    """The file's name as its link tells it."""
    try:
        name = unquote(basename(urlsplit(url or "").path), errors="replace")
    except ValueError:
        return None
    return name if _NAME.fullmatch(name) and "\ufffd" not in name else None


def _location(item: Body) -> Location | None:
    """A pin: coordinates in the payload, a name beside it."""
    point = section(section(item, "payload"), "coordinates")
    latitude, longitude = decimal(point, "lat"), decimal(point, "long")
    if latitude is None or longitude is None:
        return None
    title = string(item, "title")
    return Location(latitude, longitude, None if title in _UNNAMED else title)


def _told(item: Body) -> list[str]:
    """The words and links of what is no file: shared posts and pages, reels, templates."""
    payload = section(item, "payload")
    found = [string(item, "title"), string(payload, "title"), string(payload, "text")]
    elements = items(payload, "elements") or items(section(payload, "generic"), "elements")
    for element in elements:
        found += [string(element, "title"), string(element, "subtitle")]
    found += [_shown(string(payload, "url") or string(item, "url"))]
    return list(dict.fromkeys(line for line in found if line))[:_LINES]


def _shown(url: str | None) -> str | None:
    """The link itself, out of Facebook's own redirect (l.facebook.com/l.php?u=…)."""
    try:
        parts = urlsplit(url or "")
        if parts.hostname in ("l.facebook.com", "lm.facebook.com") and (found := parse_qs(parts.query).get("u")):
            return found[0].replace("\x00", "\ufffd")
    except ValueError:
        return url
    return url


def _own_phone(message: Body, user: UserId | None) -> ContactCard | None:
    """The phone that a person shared by the quick reply for it: text and payload are the number."""
    payload = string(section(message, "quick_reply"), "payload")
    phone = re.sub(r"[\s()-]", "", payload or "")
    if user is None or not _PHONE.fullmatch(phone) or string(message, "text") != payload:
        return None
    return ContactCard(phone, phone, user)


def _quoted(message: Body) -> Quoted | None:
    """What is answered to: a message of this dialog, or a story."""
    reply = section(message, "reply_to")
    if (mid := string(reply, "mid")) is not None:
        return Quoted(MessageId(mid))
    url = string(section(reply, "story"), "url")
    return Quoted(text=url) if url else None
