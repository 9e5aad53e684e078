"""A Messenger message as Content. Source: Messenger Platform, "Webhook events: messages", message_echoes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import basename
from typing import Any
from urllib.parse import unquote, urlsplit

from adapters import kinds
from adapters.content import Attachment, AttachmentKind, ContactCard, Content, Location, MessageId, Quoted, UserId
from adapters.facebook import cards
from adapters.facebook.cards import Card
from adapters.facebook.stamps import fraction
from adapters.reading import integer, items, section, string
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
# What their words alone would not tell from something that the person has written.
_NAMED = frozenset({"ig_post", "ig_reel", "post", "product", "reel"})
# What Messenger calls a place that has no name.
_UNNAMED = frozenset({"Pinned Location", "Pin"})

Body = dict[str, Any]


@dataclass(slots=True)
class _Found(Card):
    """What the attachments of a message come to, and the kinds that have to be named."""

    place: Location | None = None
    kinds: list[str] = field(default_factory=list)


def content(message: Body, user: UserId | None = None) -> Content:
    """What was written or sent; what cannot be carried over is named in `unsupported`. `user`: who shares a phone."""
    said = string(message, "text") or ""
    found = _Found(notes=[*cards.referred(section(message, "referral"))])
    for item in _distinct(items(message, "attachments")):
        _add(found, item, said)
    phone = _own_phone(message, user)
    text = "" if phone else "\n".join(filter(None, (said, *found.lines)))
    if not (text or found.media or found.place or phone or found.kinds or found.notes):
        found.kinds.append("empty")
    return Content(
        text=text,
        attachments=tuple(found.media),
        location=found.place,
        contact=phone,
        buttons=tuple(found.buttons),
        quoted=_quoted(message),
        unsupported=kinds.SEPARATOR.join(dict.fromkeys(found.kinds)) or None,
        notes=tuple(dict.fromkeys(found.notes)),
    )


def _add(found: _Found, item: Body, said: str) -> None:
    """One attachment; a line that stands in the text already is not repeated."""
    kind = string(item, "type") or "attachment"
    if kind in _KINDS:
        found.media.append(_medium(item, kind))
        return
    if kind == "location" and (place := _location(item)) is not None:
        found.place = found.place or place
        return
    card = cards.read(item)
    found.lines += [line for line in card.lines if line not in said]
    found.media += card.media
    found.notes += card.notes
    found.buttons += card.buttons
    name = cards.kind(item, kind)
    if card.blank or name in _NAMED:
        found.kinds.append(name)


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
        link=url,
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
    latitude, longitude = fraction(point, "lat"), fraction(point, "long")
    if latitude is None or longitude is None:
        return None
    title = string(item, "title")
    return Location(latitude, longitude, None if title in _UNNAMED else title)


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
