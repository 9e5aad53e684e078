"""One part of a plan as the body of one Send API call. Source: Messenger Platform, "Send API" and its templates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.base import Button, ButtonKind, ContactCard, Content, Location, Rejected, UserId
from adapters.facebook.outbound import NOTHING, POINTER, template
from adapters.facebook.window import Way
from adapters.facebook.wire import MARK

Body = dict[str, Any]
MAP = "https://www.google.com/maps?q={latitude},{longitude}"


def message_of(part: Content, media: Sequence[Body] = ()) -> Body:
    """`message` of the call; `media` are the part's attachments as Facebook is told of them."""
    if media:
        return {"attachment": media[0]} if len(media) == 1 else {"attachments": list(media)}
    text = text_of(part)
    if not text:
        raise Rejected(NOTHING)
    keyboard = tuple(button for row in part.buttons for button in row)
    if not keyboard:
        return {"text": text}
    if template(keyboard):
        buttons = [_button(button) for button in keyboard]
        return {
            "attachment": {
                "type": "template",
                "payload": {"template_type": "button", "text": text, "buttons": buttons},
            }
        }
    return {"text": text, "quick_replies": [_quick_reply(button) for button in keyboard]}


def call_of(part: Content, to: UserId, way: Way, token: str, media: Sequence[Body] = ()) -> Body:
    """The whole call. `token` comes back in the echo of the message."""
    body: Body = {"recipient": {"id": to}, **way.fields(), "message": message_of(part, media) | {"metadata": token}}
    if part.quoted and part.quoted.message_id:
        body["reply_to"] = {"mid": part.quoted.message_id}
    return body


def text_of(part: Content) -> str:
    """What is read: the text, a place as a link to a map, a contact in lines."""
    if part.location:
        return _place(part.location)
    if part.contact:
        return _card(part.contact)
    return part.text or (POINTER if part.buttons else "")


def _place(place: Location) -> str:
    link = MAP.format(latitude=f"{place.latitude:.6f}", longitude=f"{place.longitude:.6f}")
    lines = (place.title, place.address if place.address != place.title else None)
    return "\n".join([*(line[:200] for line in lines if line), link])


def _card(card: ContactCard) -> str:
    return "\n".join(dict.fromkeys(line[:200] for line in (card.name, card.phone) if line))


def _button(button: Button) -> Body:
    if button.kind is ButtonKind.LINK:
        return {"type": "web_url", "url": button.value, "title": button.label}
    return {"type": "postback", "title": button.label, "payload": MARK + (button.value or button.label)}


def _quick_reply(button: Button) -> Body:
    if button.kind is ButtonKind.PHONE:
        return {"content_type": "user_phone_number"}
    return {"content_type": "text", "title": button.label, "payload": MARK + (button.value or button.label)}
