"""A part of a plan as the JSON of send_message. Source: REST Bot API, "Send Message" and "Keyboards"."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from adapters.base import (
    Attachment,
    AttachmentKind,
    Button,
    ButtonKind,
    Channel,
    Content,
    Envelope,
    MessageId,
    Rejected,
    Sent,
    SentMessage,
    UserId,
)
from adapters.texts import N_
from adapters.viber import limits, tracking

Body = dict[str, Any]
Rows = tuple[tuple[Button, ...], ...]

NAMELESS = "Bot"
NOTHING = N_("There is nothing in this message that can be sent.")
NO_LINK = N_("Viber fetches files from a public https address, and this installation has none.")
NO_PICTURE = N_("Viber cannot show this picture, and files have no words under them: send the two one by one.")
NO_BYTES = N_("The file is not there any more. Send it again.")
_ASKING_VERSION = 3
_ASKING = frozenset({ButtonKind.PHONE, ButtonKind.LOCATION})
_ACTIONS = {
    ButtonKind.PRESS: "reply",
    ButtonKind.LINK: "open-url",
    ButtonKind.PHONE: "share-phone",
    ButtonKind.LOCATION: "location-picker",
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f/\\]")
_EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "application/pdf": "pdf",
    "application/x-tgsticker": "tgs",
    "application/zip": "zip",
    "text/plain": "txt",
    "text/csv": "csv",
}


def body_of(part: Content, channel: Channel, to: UserId, envelope: Envelope) -> Body:
    """The request that sends a part."""
    body: Body = {
        "receiver": to,
        "min_api_version": _ASKING_VERSION if asks(part.buttons) else 1,
        "sender": sender(channel),
        "tracking_data": tracking.data(envelope.token, _flat(part.buttons)),
    }
    body |= _matter(part)
    return body | {"keyboard": keyboard(part.buttons)} if part.buttons else body


def sender(channel: Channel) -> dict[str, str]:
    """Whose name stands over the message: the bot's."""
    return {"name": (channel.name or channel.username or NAMELESS)[: limits.SENDER_NAME]}


def greeting(channel: Channel, text: str) -> Body:
    """A welcome message, as the answer to conversation_started holds it ("Sending a welcome message")."""
    return {"sender": sender(channel), "type": "text", "text": text[: limits.GREETING]}


def sent(part: Content, answer: Body, envelope: Envelope) -> Sent:
    """The message that a call made; presses name it by our own token, as its own is not known beforehand."""
    token = answer.get("message_token")
    known = str(token) if isinstance(token, int | str) and token and not isinstance(token, bool) else envelope.token
    named = any(tracking.marked(button) for button in _flat(part.buttons))
    aliases = (MessageId(envelope.token),) if named and known != envelope.token else ()
    return Sent((SentMessage(MessageId(known), aliases),))


def asks(rows: Rows) -> bool:
    """Whether a button asks for a phone number or a place, which old clients cannot show."""
    return any(button.kind in _ASKING for button in _flat(rows))


def plainer(rows: Rows) -> Rows:
    """The buttons that every client shows."""
    kept = (tuple(button for button in row if button.kind not in _ASKING) for row in rows)
    return tuple(row for row in kept if row)


def keyboard(rows: Rows) -> Body:
    """A keyboard whose rows are six columns wide each: what is narrower lets the next row's buttons in."""
    buttons = [_button(button, columns) for row in rows for button, columns in zip(row, _widths(len(row)), strict=True)]
    return {"Type": "keyboard", "DefaultHeight": False, "Buttons": buttons}


def _button(button: Button, columns: int) -> Body:
    body = button.value or button.label if button.kind is ButtonKind.LINK else tracking.action(button)
    return {
        "Columns": columns,
        "Rows": 1,
        "ActionType": _ACTIONS[button.kind],
        "ActionBody": body,
        "Text": html.escape(button.label, quote=False),
    }


def _widths(count: int) -> list[int]:
    each, left = divmod(limits.BUTTON_COLUMNS, count)
    return [each + (place < left) for place in range(count)]


def _flat(rows: Rows) -> Iterator[Button]:
    return (button for row in rows for button in row)


def _matter(part: Content) -> Body:
    if part.attachments:
        return _medium(part.attachments[0], part.text)
    if part.location:
        return {"type": "location", "location": {"lat": part.location.latitude, "lon": part.location.longitude}}
    if part.contact:
        return {"type": "contact", "contact": {"name": part.contact.name, "phone_number": part.contact.phone}}
    if not part.text:
        raise Rejected(NOTHING)
    return {"type": "text", "text": part.text}


def _medium(item: Attachment, caption: str) -> Body:
    address = item.url
    if address is None:
        raise Rejected(NO_LINK)
    if item.kind is AttachmentKind.PHOTO and _shown(item):
        return {"type": "picture", "text": caption, "media": address}
    if caption:
        raise Rejected(NO_PICTURE)
    size = _size(item)
    if item.kind is AttachmentKind.VIDEO:
        return {"type": "video", "media": address, "size": size} | _lasting(item)
    return {"type": "file", "media": address, "size": size, "file_name": file_name(item)}


def _shown(item: Attachment) -> bool:
    """Whether Viber shows it as a picture; one whose type or size nobody knows is taken for one."""
    return item.mime in (None, *limits.PICTURE_TYPES) and (item.size or 0) <= limits.PICTURE


def _lasting(item: Attachment) -> Body:
    return {"duration": item.duration} if item.duration else {}


def _size(item: Attachment) -> int:
    if item.size:
        return item.size
    try:
        size = item.path.stat().st_size if item.path else 0
    except OSError:
        size = 0
    if not size:
        raise Rejected(NO_BYTES)
    return size


def file_name(item: Attachment) -> str:
    """A name with its extension, within Viber's length."""
    name = _CONTROL.sub("_", item.name or "").strip()
    extension = _EXTENSIONS.get((item.mime or "").split(";")[0], "dat")
    if not name:
        return f"{item.kind.value}.{extension}"
    stem, dot, ending = name.rpartition(".")
    if not dot or not stem:
        stem, ending = name, extension
    ending = ending[:32]
    return f"{stem[: limits.FILE_NAME - len(ending) - 1]}.{ending}"
