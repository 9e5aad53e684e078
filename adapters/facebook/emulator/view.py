"""How the phone shows things: chats and messages in the form that the sandbox's page reads."""

from __future__ import annotations

from datetime import UTC, datetime

from .faults import Fault
from .model import Call, File, Json, Message, Page, Person, Thread
from .world import World

_KINDS = {"image": "photo", "file": "document"}
_BUTTONS = {"postback": "callback", "web_url": "url"}


def bot_view(world: World, page: Page) -> Json:
    receiving = world.app.callback is not None and world.app.id in page.subscribed
    return {
        "platform": "facebook",
        "id": page.id,
        "username": page.username,
        "name": page.name,
        "token": page.token,
        "control": False,
        "link": f"https://m.me/{page.username}",
        "receiving": "webhook" if receiving else "nothing",
        "lacks": ["contact", "dice"],
    }


def person_view(person: Person) -> Json:
    return {
        "id": str(person.number),
        "name": person.name,
        "username": person.username,
        "language": person.language,
        "staff": person.staff,
    }


def chat_view(world: World, thread: Thread, messages: bool = True) -> Json:
    view: Json = {
        "platform": "facebook",
        "bot": thread.page.id,
        "person": str(thread.person.number),
        "started": thread.started,
        "blocked": thread.blocked,
        "commands": [],
        "reply_keyboard": None,
        "pinned": [],
        "typing": thread.typing_until > world.clock(),
    }
    if messages:
        view["messages"] = [message_view(one) for one in thread.messages.values() if not one.gone]
    return view


def message_view(message: Message) -> Json:
    place = message.location
    return {
        "id": message.number,
        "from": "bot" if message.outgoing else "person",
        "at": moment(message.at),
        "edited": message.edits > 0,
        "text": message.text,
        "entities": [],
        "media": _media(message.files[0]) if message.files else None,
        "location": None if place is None else {"title": None, "address": None} | place,
        "contact": None,
        "other": None,
        "group": None,
        "reply_to": message.reply_to,
        "forwarded_from": None,
        "service": message.service,
        "buttons": [[_button(button)] for button in message.pressable],
        "reactions": [{"emoji": emoji, "from": who} for who, emoji in message.reactions.items()],
        "protected": False,
        "silent": False,
    }


def _media(file: File) -> Json:
    return {
        "kind": _KINDS.get(file.kind, file.kind),
        "url": f"/api/media/facebook-{file.key}",
        "name": file.name,
        "mime": file.mime,
        "size": len(file.data),
        "duration": None,
        "width": None,
        "height": None,
    }


def _button(button: Json) -> Json:
    kind = _BUTTONS.get(str(button.get("type")), "callback")
    value = button.get("url") or button.get("payload") or ""
    return {"text": button.get("title") or "☎", "kind": kind, "value": str(value), "style": None}


def fault_view(fault: Fault) -> Json:
    return {
        "id": fault.id,
        "where": fault.where,
        "bot": fault.page,
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
        "bot": call.page,
        "method": call.method,
        "params": call.params,
        "outcome": call.outcome,
    }


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
