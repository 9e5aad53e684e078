"""How the phone shows things: chats and messages in the form that the sandbox's page reads."""

from __future__ import annotations

from datetime import UTC, datetime
from html import unescape

from .faults import Fault
from .model import Bot, Call, Chat, File, Json, Message, Person

_KINDS = {"picture": "photo", "file": "document"}
_BUTTONS = {"open-url": "url", "none": "disabled"}


def bot_view(bot: Bot) -> Json:
    return {
        "platform": "viber",
        "id": bot.id,
        "username": bot.uri,
        "name": bot.name,
        "token": bot.token,
        "control": False,
        "link": f"https://chats.viber.com/{bot.uri}",
        "receiving": "webhook" if bot.webhook else "nothing",
        "lacks": ["dice"],
    }


def person_view(person: Person) -> Json:
    return {
        "id": str(person.number),
        "name": person.name,
        "username": person.username,
        "language": person.language,
        "staff": person.staff,
    }


def chat_view(chat: Chat, messages: bool = True) -> Json:
    view: Json = {
        "platform": "viber",
        "bot": chat.bot.id,
        "person": str(chat.person.number),
        "started": chat.opened,
        "blocked": chat.left,
        "commands": [],
        "reply_keyboard": None,
        "pinned": [],
        "typing": False,
    }
    if messages:
        view["messages"] = [message_view(message) for message in chat]
    return view


def message_view(message: Message) -> Json:
    wire = message.wire
    place, card = wire.get("location"), wire.get("contact")
    return {
        "id": message.number,
        "from": "bot" if message.outgoing else "person",
        "at": moment(message.at),
        "edited": False,
        "text": message.text or (str(wire.get("media")) if wire.get("type") == "url" else ""),
        "entities": [],
        "media": _media(message.file) if message.file else None,
        "location": _place(place) if isinstance(place, dict) else None,
        "contact": {"name": card.get("name"), "phone": card.get("phone_number")} if isinstance(card, dict) else None,
        "other": "sticker" if wire.get("type") == "sticker" and message.file is None else None,
        "group": None,
        "reply_to": None,
        "forwarded_from": None,
        "service": message.service or message.failed,
        "buttons": [[_button(button) for button in row] for row in message.buttons],
        "reactions": [],
        "protected": False,
        "silent": False,
    }


def _place(place: Json) -> Json:
    return {
        "latitude": place.get("lat"),
        "longitude": place.get("lon"),
        "title": None,
        "address": place.get("address"),
    }


def _media(file: File) -> Json:
    return {
        "kind": _KINDS.get(file.kind, file.kind),
        "url": f"/api/media/viber-{file.key}",
        "name": file.name,
        "mime": file.mime,
        "size": len(file.data),
        "duration": None,
        "width": None,
        "height": None,
    }


def _button(button: Json) -> Json:
    return {
        "text": unescape(str(button.get("Text") or "")),
        "kind": _BUTTONS.get(str(button.get("ActionType")), "callback"),
        "value": str(button.get("ActionBody") or ""),
        "style": None,
    }


def fault_view(fault: Fault) -> Json:
    return {
        "id": fault.id,
        "where": fault.where,
        "bot": fault.bot,
        "person": None if fault.person is None else str(fault.person),
        "method": fault.method,
        "kind": fault.kind,
        "times": fault.times,
        "retry_after": fault.retry_after,
        "seconds": fault.seconds,
        "probability": fault.probability,
        "description": fault.description,
    }


def call_view(call: Call) -> Json:
    return {
        "n": call.number,
        "at": moment(call.at),
        "bot": call.bot,
        "method": call.method,
        "params": call.params,
        "outcome": call.outcome,
    }


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
