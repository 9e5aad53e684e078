"""How the phone shows things: chats and messages in the form that the sandbox's page reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .account import commands_for
from .faults import Fault
from .media import KINDS
from .model import BotAccount, Chat, Json, Message, Person
from .polling import receiving
from .world import Call, World

_KINDS_OF_BUTTONS = {
    "callback_data": "callback",
    "url": "url",
    "login_url": "url",
    "copy_text": "copy",
    "switch_inline_query": "inline",
    "switch_inline_query_current_chat": "inline",
    "switch_inline_query_chosen_chat": "inline",
    "web_app": "web_app",
    "disabled": "disabled",
}


def bot_view(world: World, bot: BotAccount) -> Json:
    return {
        "platform": "telegram",
        "id": str(bot.id),
        "username": bot.username,
        "name": bot.name,
        "token": bot.token,
        "control": bot.control,
        "manages": bot.manages,
        "link": bot.link,
        "receiving": receiving(world, bot),
    }


def person_view(person: Person) -> Json:
    return {
        "id": str(person.id),
        "name": " ".join(filter(None, (person.name, person.last_name))),
        "username": person.username,
        "language": person.language,
        "staff": person.staff,
    }


def chat_view(world: World, chat: Chat, messages: bool = True) -> Json:
    person = chat.person
    view: Json = {
        "platform": "telegram",
        "bot": str(chat.bot.id),
        "person": str(chat.id),
        "started": chat.started,
        "blocked": chat.blocked,
        "commands": commands_for(chat.bot, chat.id, person.language if person else None),
        "reply_keyboard": _reply_keyboard(chat),
        "pinned": list(chat.pinned),
        "typing": chat.typing_until > world.clock(),
    }
    if messages:
        view["messages"] = [message_view(world, message) for message in chat]
    return view


def _reply_keyboard(chat: Chat) -> Json | None:
    keyboard = chat.reply_keyboard
    if keyboard is None:
        return None
    rows = [
        [
            {
                "text": button["text"],
                "request_contact": "request_contact" in button,
                "request_location": "request_location" in button,
                **({"request_managed_bot": button["request_managed_bot"]} if "request_managed_bot" in button else {}),
            }
            for button in row
        ]
        for row in keyboard["keyboard"]
    ]
    return {"rows": rows, "placeholder": chat.input_placeholder, "one_time": keyboard["one_time_keyboard"]}


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def message_view(world: World, message: Message) -> Json:
    wire = message.wire
    return {
        "id": message.id,
        "from": "bot" if message.outgoing else "person",
        "at": moment(message.sent_at),
        "edited": "edit_date" in wire,
        "text": message.text,
        "entities": [_entity(entity) for entity in message.entities],
        "media": _media(world, message),
        "location": _location(wire),
        "contact": _contact(wire),
        "other": next((name for name in ("dice", "poll") if name in wire), None),
        "group": message.group,
        "reply_to": message.reply_to,
        "forwarded_from": message.forwarded_from,
        "service": message.service,
        "buttons": [[_button(button) for button in row] for row in message.buttons],
        "reactions": [{"emoji": emoji, "from": who} for who, emoji in message.reactions.items()],
        "protected": "has_protected_content" in wire,
        "silent": message.silent,
    }


def _entity(entity: Json) -> Json:
    return {"url": None} | entity


def _media(world: World, message: Message) -> Json | None:
    kind = next((name for name in ("animation", *KINDS) if name in message.wire), None)
    if kind is None:
        return None
    wire: Any = message.wire[kind]
    if kind == "photo":
        wire = wire[-1]
    file = message.chat.bot.files[wire["file_id"]]
    return {
        "kind": kind,
        "url": f"/api/media/telegram-{file.unique_id}",
        "name": file.name,
        "mime": file.mime,
        "size": file.size,
        "duration": wire.get("duration"),
        "width": wire.get("width") or wire.get("length"),
        "height": wire.get("height") or wire.get("length"),
    }


def _location(wire: Json) -> Json | None:
    location = wire.get("location")
    if location is None:
        return None
    venue = wire.get("venue") or {}
    return {
        "latitude": location["latitude"],
        "longitude": location["longitude"],
        "title": venue.get("title"),
        "address": venue.get("address"),
    }


def _contact(wire: Json) -> Json | None:
    contact = wire.get("contact")
    if contact is None:
        return None
    name = " ".join(filter(None, (contact["first_name"], contact.get("last_name"))))
    return {"name": name, "phone": contact["phone_number"]}


def _button(button: Json) -> Json:
    field = next((name for name in _KINDS_OF_BUTTONS if name in button), "")
    value = button.get(field, "")
    if isinstance(value, dict):
        value = value.get("url") or value.get("text") or value.get("query") or ""
    return {
        "text": button["text"],
        "kind": _KINDS_OF_BUTTONS.get(field, "disabled"),
        "value": str(value),
        "style": button.get("style"),
    }


def fault_view(fault: Fault) -> Json:
    return {
        "id": fault.id,
        "where": fault.where,
        "bot": None if fault.bot is None else str(fault.bot),
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
        "bot": str(call.bot),
        "method": call.method,
        "params": call.params,
        "outcome": call.outcome,
    }
