"""How the phone shows things: dialogs and messages in the form that the sandbox's page reads."""

from __future__ import annotations

from datetime import UTC, datetime

from .faults import Fault
from .model import Community, Dialog, File, Json, Message, Person, label_of
from .world import Call, World

REACTIONS = {
    1: "❤", 2: "🔥", 3: "😂", 4: "👍", 5: "💩", 6: "❓", 7: "😭", 8: "😡", 9: "👎", 10: "👌", 11: "😃", 12: "🤔",
    13: "🙏", 14: "😘", 15: "😍", 16: "🎉",
}  # fmt: skip
_KINDS = {"callback": "callback", "open_link": "url", "text": "callback", "location": "callback"}
_STYLES = {"primary": "primary", "positive": "success", "negative": "danger"}
_SHOWN_AS = {"photo": "photo", "audio_message": "voice", "graffiti": "sticker", "doc": "document"}
_POLLING_SECONDS = 60.0


def bot_view(world: World, community: Community) -> Json:
    polled = world.clock() - community.polled_at < _POLLING_SECONDS
    hooked = any(server.status == "ok" for server in community.servers.values())
    return {
        "platform": "vk",
        "id": str(community.id),
        "username": community.screen_name,
        "name": community.name,
        "token": community.token,
        "control": False,
        "link": community.link,
        "receiving": "webhook" if hooked else "polling" if polled else "nothing",
    }


def person_view(person: Person) -> Json:
    return {
        "id": str(person.id),
        "name": " ".join(filter(None, (person.name, person.last_name))),
        "username": person.username,
        "language": person.language,
        "staff": person.staff,
    }


def chat_view(world: World, dialog: Dialog, messages: bool = True) -> Json:
    view: Json = {
        "platform": "vk",
        "bot": str(dialog.community.id),
        "person": str(dialog.person.id),
        "started": bool(dialog.messages),
        "blocked": dialog.denied,
        "commands": [],
        "reply_keyboard": _keyboard(dialog),
        "pinned": [],
        "typing": dialog.typing_until > world.clock(),
    }
    if messages:
        view["messages"] = [message_view(world, message) for message in dialog]
    return view


def _keyboard(dialog: Dialog) -> Json | None:
    if dialog.keyboard is None:
        return None
    rows = [
        [
            {"text": label_of(button), "request_contact": False,
             "request_location": button["action"]["type"] == "location"}
            for button in row
        ]
        for row in dialog.keyboard["buttons"]
    ]  # fmt: skip
    return {"rows": rows, "placeholder": None, "one_time": bool(dialog.keyboard.get("one_time"))}


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def message_view(world: World, message: Message) -> Json:
    files = [item for item in message.attachments if isinstance(item, File)]
    others = [str(item.get("type")) for item in message.attachments if not isinstance(item, File)]
    text = "\n".join(filter(None, (message.text, *(str(one["text"]) for one in message.forwarded))))
    return {
        "id": message.cmid,
        "from": "bot" if message.out else "person",
        "at": moment(message.sent_at),
        "edited": message.update_time is not None,
        "text": text,
        "entities": [],
        "media": _media(files[0]) if files else None,
        "more_media": [_media(file) for file in files[1:]],
        "location": _location(message),
        "contact": None,
        "other": others[0] if others else None,
        "group": None,
        "reply_to": message.reply_to,
        "forwarded_from": "…" if message.forwarded else None,
        "service": None,
        "buttons": [[_button(button) for button in row] for row in message.buttons],
        "reactions": [{"emoji": REACTIONS.get(number, "❔"), "from": who} for who, number in message.reactions.items()],
        "protected": False,
        "silent": False,
    }


def _media(file: File) -> Json:
    return {
        "kind": _SHOWN_AS.get(file.kind, "document"),
        "url": f"/api/media/vk-{file.key}",
        "name": file.name,
        "mime": file.mime,
        "size": len(file.data),
        "duration": file.duration or None,
        "width": file.width or None,
        "height": file.height or None,
    }


def _location(message: Message) -> Json | None:
    if message.geo is None:
        return None
    place = message.geo.get("place") or {}
    return dict(message.geo["coordinates"]) | {"title": place.get("title"), "address": place.get("city")}


def _button(button: Json) -> Json:
    action = button["action"]
    return {
        "text": label_of(button),
        "kind": _KINDS.get(action["type"], "disabled"),
        "value": str(action.get("link") or action.get("payload") or ""),
        "style": _STYLES.get(button.get("color", "")),
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
