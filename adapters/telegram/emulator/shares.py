"""What people send that is not text: files, albums, places, contacts, dice, polls."""

from __future__ import annotations

from collections.abc import Sequence

from .files import picture, picture_size
from .media import KINDS, describe, wire_of
from .model import Chat, File, Json, Message, Person
from .params import Params
from .people import NotPossible, person_message, written
from .world import World

_DICE = "🎲"


def keep(world: World, kind: str, data: bytes, name: str, mime: str, duration: int = 1) -> File:
    if kind not in KINDS:
        raise NotPossible(f"A medium is one of {', '.join(KINDS)}.")
    file = world.files.store(kind, data, name, mime)
    describe(file, (picture_size(data) or (800, 600)) if kind == "photo" else None, Params({"duration": duration}))
    return file


def send_file(world: World, chat: Chat, person: Person, file: File, caption: str, extra: Json) -> Message:
    content = wire_of(world, chat.bot, file) | written(world, caption, None, "caption") | extra
    return person_message(world, chat, person, content)


def send_album(world: World, chat: Chat, person: Person, files: Sequence[File], caption: str) -> list[Message]:
    """Every item is an update of its own; the first carries the caption."""
    if not 2 <= len(files) <= 10:
        raise NotPossible("An album has 2 to 10 items.")
    album = {"media_group_id": world.next_album_id()}
    return [
        send_file(world, chat, person, file, caption if number == 0 else "", dict(album))
        for number, file in enumerate(files)
    ]


def place_content(latitude: float, longitude: float, title: str | None, address: str | None) -> Json:
    location = {"latitude": latitude, "longitude": longitude}
    if title is None:
        return {"location": location}
    return {"location": location, "venue": {"location": location, "title": title, "address": address or ""}}


def contact_content(name: str, phone: str, user_id: int | None = None) -> Json:
    contact: Json = {"phone_number": phone, "first_name": name}
    if user_id is not None:
        contact["user_id"] = user_id
    return {"contact": contact}


def dice_content(world: World, emoji: str = _DICE) -> Json:
    return {"dice": {"emoji": emoji, "value": world.faults.dice.randint(1, 6)}}


def poll_content(world: World, question: str, options: Sequence[str]) -> Json:
    choices = [{"persistent_id": str(n), "text": text, "voter_count": 0} for n, text in enumerate(options)]
    flags = ("is_closed", "allows_multiple_answers", "allows_revoting", "members_only")
    poll: Json = {"id": world.next_query_id(), "question": question, "options": choices, "total_voter_count": 0}
    return {"poll": poll | dict.fromkeys(flags, False) | {"is_anonymous": True, "type": "regular"}}


def sticker(world: World) -> File:
    return keep(world, "sticker", picture(128, 128, "#ffcc33", "WEBP"), "sticker.webp", "image/webp")
