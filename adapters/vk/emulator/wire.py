"""Messages, files and accounts as VK's API and events show them (5.199)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .model import Community, File, Json, Message, Person

if TYPE_CHECKING:
    from .world import World


def message_wire(world: World, message: Message) -> Json:
    dialog = message.dialog
    author = -dialog.community.id if message.out else dialog.person.id
    wire: Json = {
        "date": message.date,
        "from_id": author,
        "id": message.id,
        "version": 10_000_000 + message.id,
        "out": int(message.out),
        "attachments": [attachment_wire(world, item) for item in message.attachments],
        "conversation_message_id": message.cmid,
        "fwd_messages": message.forwarded,
        "important": False,
        "is_hidden": False,
        "peer_id": dialog.person.id,
        "random_id": message.random_id,
        "text": message.text,
    }
    optional = {
        "geo": message.geo, "admin_author_id": message.admin, "payload": message.payload, "ref": message.ref,
        "ref_source": message.ref_source, "update_time": message.update_time, "keyboard": message.keyboard,
    }  # fmt: skip
    wire |= {name: value for name, value in optional.items() if value is not None}
    replied = dialog.messages.get(message.reply_to) if message.reply_to else None
    if replied is not None:
        names = ("date", "from_id", "text", "attachments", "conversation_message_id", "peer_id", "id")
        full = message_wire(world, replied)
        wire["reply_message"] = {name: full[name] for name in names}
    return wire | message.raw


def attachment_wire(world: World, item: File | Json) -> Json:
    if not isinstance(item, File):
        return item
    return {"type": item.kind, item.kind: file_wire(world, item)}


def file_wire(world: World, file: File) -> Json:
    url = world.media_url(file)
    wire: Json = {"id": file.number, "owner_id": file.owner, "access_key": file.access_key}
    match file.kind:
        case "photo":
            size = {"type": "w", "url": url, "width": file.width, "height": file.height}
            small = {"type": "s", "url": url, "width": max(1, file.width // 8), "height": max(1, file.height // 8)}
            wire |= {"album_id": -64, "date": world.now(), "text": "", "has_tags": False, "sizes": [small, size]}
        case "doc":
            ending = file.name.rpartition(".")[2].lower() if "." in file.name else ""
            wire |= {"title": file.name, "size": len(file.data), "ext": ending, "date": world.now(), "url": url}
            wire["type"] = {"gif": 3, "ogg": 5, "mp4": 6}.get(ending, 1)
        case "audio_message":
            wire |= {"duration": file.duration, "waveform": [0, 5, 9], "link_ogg": url, "link_mp3": url}
        case "graffiti":
            wire |= {"url": url, "width": file.width, "height": file.height}
    return wire


def person_wire(world: World, person: Person) -> Json:
    wire: Json = {
        "id": person.id,
        "first_name": person.name,
        "last_name": person.last_name or "",
        "can_access_closed": True,
        "is_closed": False,
        "screen_name": person.username or f"id{person.id}",
        "photo_200": f"{world.base}/media/avatar-{person.id}/jpg",
    }
    return wire | ({"deactivated": person.deactivated} if person.deactivated else {})


def community_wire(world: World, community: Community) -> Json:
    picture = f"{world.base}/media/avatar-{community.id}/jpg"
    wire: Json = {
        "id": community.id,
        "name": community.name,
        "screen_name": community.screen_name,
        "is_closed": community.closed,
        "type": "group",
        "age_limits": community.age_limits,
        "photo_50": picture,
        "photo_100": picture,
        "photo_200": picture,
    }
    return wire | ({"deactivated": community.deactivated} if community.deactivated else {})
