"""What people do: write, send media, press, react, read, block; and what administrators do in VK itself."""

from __future__ import annotations

import asyncio
import io
import json
import secrets
from typing import Any

from PIL import Image

from .model import Community, Dialog, File, Json, Message, Person, Press, label_of
from .uploads import measured
from .world import World

PRESS_SECONDS = 10.0
KINDS = {
    "photo": "photo", "document": "doc", "animation": "doc", "audio": "doc", "video": "doc", "video_note": "doc",
    "voice": "audio_message", "sticker": "graffiti",
}  # fmt: skip
_NAMES = {
    "photo": ("photo.jpg", "image/jpeg"), "document": ("file.bin", "application/octet-stream"),
    "animation": ("animation.gif", "image/gif"), "audio": ("audio.ogg", "audio/ogg"),
    "video": ("video.mp4", "video/mp4"), "video_note": ("video.mp4", "video/mp4"), "voice": ("voice.ogg", "audio/ogg"),
    "sticker": ("sticker.png", "image/png"),
}  # fmt: skip


class NotPossible(ValueError):
    """What was asked for cannot be done, with a sentence that says why."""


def write(world: World, dialog: Dialog, **matter: Any) -> Message:
    """A message of the person. Writing allows messages, and shows that what came before was read."""
    if dialog.blacklisted:
        raise NotPossible("The community has blocked this person.")
    opening = dialog.denied or not dialog.messages
    dialog.allowed, dialog.denied = True, False
    read(world, dialog)
    global_id, cmid = world.numbers(dialog)
    message = world.place(Message(dialog, global_id, cmid, False, world.now(), world.clock(), **matter))
    if dialog.keyboard and dialog.keyboard.get("one_time"):
        dialog.keyboard, opening = None, True
    if opening:
        world.changes.tell("chat", dialog)
    if dialog.community.settings["messages"]:
        world.tell_message("message_new", message)
    return message


def keep(world: World, person: Person, kind: str, data: bytes, name: str, mime: str, duration: int = 1) -> File:
    """Store what a person sends; pictures are measured."""
    usual_name, usual_mime = _NAMES.get(kind, _NAMES["document"])
    file = world.store(KINDS.get(kind, "doc"), data, name or usual_name, mime or usual_mime, person.id)
    file.duration = duration
    if file.kind in ("photo", "graffiti"):
        size = measured(data)
        if size is None and kind == "photo":
            file.kind = "doc"
        file.width, file.height = size or (0, 0)
    return file


def edit(world: World, message: Message, text: str) -> Message:
    if message.out:
        raise NotPossible("This is not the person's own message.")
    message.text = text
    message.update_time = world.now()
    world.changes.tell("message", message)
    world.tell_message("message_edit", message)
    return message


def delete(world: World, message: Message) -> None:
    """It disappears on the phone; VK tells the community nothing."""
    del message.dialog.messages[message.cmid]
    world.changes.tell("message_gone", (message.dialog, message.cmid))


def react(world: World, message: Message, number: int | None) -> Message:
    dialog = message.dialog
    body: Json = {"reacted_id": dialog.person.id, "peer_id": dialog.person.id, "cmid": message.cmid}
    if number is None:
        message.reactions.pop("person", None)
    else:
        message.reactions["person"] = body["reaction_id"] = number
    world.changes.tell("message", message)
    world.tell(dialog.community, "message_reaction_event", dialog.person.id, body)
    return message


def read(world: World, dialog: Dialog) -> None:
    """The person has the dialog open: everything that the community wrote is seen."""
    last = max((message.cmid for message in dialog if message.out), default=0)
    if last <= dialog.read:
        return
    dialog.read = last
    body = {
        "from_id": dialog.person.id, "peer_id": dialog.person.id, "read_message_id": dialog.messages[last].id,
        "conversation_message_id": last,
    }  # fmt: skip
    world.tell(dialog.community, "message_read", dialog.person.id, body)


def allow(world: World, dialog: Dialog, allowed: bool) -> None:
    """The person forbids the community to write, or allows it."""
    dialog.denied, dialog.allowed = not allowed, allowed
    body: Json = {"user_id": dialog.person.id} | ({"key": ""} if allowed else {})
    world.tell(dialog.community, "message_allow" if allowed else "message_deny", dialog.person.id, body)
    world.changes.tell("chat", dialog)


def blacklist(world: World, dialog: Dialog, blocked: bool) -> None:
    """An administrator blocks the person in the community, or takes it back."""
    dialog.blacklisted = blocked
    person = dialog.person.id
    if blocked:
        body: Json = {"admin_id": 1, "user_id": person, "unblock_date": 0, "reason": 0, "comment": ""}
        world.tell(dialog.community, "user_block", person, body)
    else:
        world.tell(dialog.community, "user_unblock", person, {"admin_id": 1, "user_id": person, "by_end_date": 0})
    world.changes.tell("chat", dialog)


def answer_in_vk(world: World, dialog: Dialog, text: str, admin: int | None, random_id: int) -> Message:
    """Somebody answers in VK's own interface, or another app does."""
    global_id, cmid = world.numbers(dialog)
    message = Message(
        dialog, global_id, cmid, True, world.now(), world.clock(), text=text, admin=admin, random_id=random_id
    )
    world.place(message)
    world.tell_message("message_reply", message)
    return message


async def press(world: World, message: Message, row: int, column: int, timeout: float) -> Json | None:
    """Press a button; {"text", "alert", "url"}, or None if nobody answered."""
    rows = message.buttons
    if not (0 <= row < len(rows) and 0 <= column < len(rows[row])):
        raise NotPossible("There is no such button.")
    dialog, action = message.dialog, rows[row][column]["action"]
    match action["type"]:
        case "open_link":
            return {"text": None, "alert": False, "url": action["link"]}
        case "callback":
            return await _press_callback(world, message, action, timeout)
        case "location":
            place(world, dialog, 55.7539, 37.6208, payload=action.get("payload"))
        case _:
            write(world, dialog, text=label_of(rows[row][column]), payload=action.get("payload"))
    return {"text": None, "alert": False, "url": None}


async def _press_callback(world: World, message: Message, action: Json, timeout: float) -> Json | None:
    dialog, event_id = message.dialog, secrets.token_hex(6)
    answer: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
    world.presses[event_id] = Press(event_id, dialog, world.clock(), answer)
    body = {
        "user_id": dialog.person.id, "peer_id": dialog.person.id, "event_id": event_id,
        "payload": json.loads(action["payload"]), "conversation_message_id": message.cmid,
    }  # fmt: skip
    world.tell(dialog.community, "message_event", dialog.person.id, body)
    try:
        async with asyncio.timeout(timeout):
            data = await answer
    except TimeoutError:
        return None
    data = data or {}
    return {"text": data.get("text"), "alert": False, "url": data.get("link")}


def place(world: World, dialog: Dialog, latitude: float, longitude: float, **more: Any) -> Message:
    geo: Json = {"type": "point", "coordinates": {"latitude": latitude, "longitude": longitude}}
    if title := more.pop("title", None):
        geo["place"] = {"title": title, "country": "Россия", "city": more.pop("address", None) or "Москва"}
    more.pop("address", None)
    return write(world, dialog, geo=geo, **more)


def find(dialog: Dialog, cmid: int) -> Message:
    if cmid not in dialog.messages:
        raise NotPossible(f"There is no message {cmid} in this dialog.")
    return dialog.messages[cmid]


def community_of(world: World, name: Community | int | str) -> Community:
    if isinstance(name, Community):
        return name
    for community in world.communities.values():
        if str(name) in (str(community.id), community.screen_name):
            return community
    raise NotPossible(f"There is no community {name}.")


def picture(width: int = 64, height: int = 48, colour: str = "#0077ff", form: str = "JPEG") -> bytes:
    """A small real picture, for tests and samples."""
    target = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(target, form)
    return target.getvalue()
