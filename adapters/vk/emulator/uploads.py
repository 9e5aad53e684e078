"""Uploading: an address that lives for minutes, the bytes, then a method that makes a photo or document of them."""

from __future__ import annotations

import io
import json
import re
import secrets
from typing import Any

from PIL import Image, UnidentifiedImageError

from .calls import method
from .errors import VkError, wrong
from .model import Community, File, Json
from .params import Params
from .wire import file_wire
from .world import World

MB = 1024 * 1024
PHOTO = 50 * MB
DOCUMENT = 200 * MB
SECONDS = 600
_FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif"}
_FORBIDDEN = frozenset({
    "mp3", "exe", "com", "bat", "cmd", "scr", "msi", "msp", "cpl", "pif", "vbs", "vbe", "js", "jse", "wsf", "wsh",
    "ps1", "jar", "apk", "dll", "sys", "lnk", "reg", "hta", "app", "dmg", "sh", "deb", "rpm",
})  # fmt: skip
"""Music, and whatever can be run. VK publishes no list: this one is rather too strict than too lax."""
_ENDING = re.compile(r"\w{1,16}")


def _address(world: World, community: Community, kind: str) -> str:
    key = secrets.token_urlsafe(24)
    world.uploads[key] = (kind, community.id, world.clock() + SECONDS)
    return f"{world.base}/upload/{kind}/{key}"


@method("photos.getMessagesUploadServer", "photos", "peer_id group_id")
def photo_server(world: World, community: Community, params: Params) -> Json:
    address = _address(world, community, "photo")
    return {"album_id": -64, "upload_url": address, "user_id": 0, "group_id": community.id}


@method("docs.getMessagesUploadServer", "docs", "type peer_id")
def doc_server(world: World, community: Community, params: Params) -> Json:
    kind = params.text("type") or "doc"
    if kind not in ("doc", "audio_message", "graffiti"):
        raise wrong("type")
    return {"upload_url": _address(world, community, kind)}


def receive(world: World, kind: str, key: str, name: str, data: bytes) -> Json:
    """What an upload address answers. An address that is not known (any more) raises KeyError."""
    known, community_id, until = world.uploads[key]
    if known != kind or world.clock() > until:
        raise KeyError(key)
    owner = -community_id
    if kind == "photo":
        return _photo(world, owner, name, data)
    stem, _, ending = name.rpartition(".")
    if not stem or not _ENDING.fullmatch(ending) or ending.lower() in _FORBIDDEN:
        return {"error": "unknown error", "error_descr": "file type is not allowed"}
    if not data or len(data) > DOCUMENT:
        return {"error": "file is empty or too big"}
    if kind == "audio_message" and not data.startswith(b"OggS"):
        return {"error": "no audio", "error_descr": "a voice message is OGG with Opus"}
    file = world.store(kind, data, name, "audio/ogg" if kind == "audio_message" else "", owner)
    token = secrets.token_urlsafe(16)
    world.uploaded[token] = file
    return {"file": token}


def _photo(world: World, owner: int, name: str, data: bytes) -> Json:
    server, token = 109876, secrets.token_hex(8)
    size = measured(data)
    if "." not in name or len(data) > PHOTO or size is None or size[0] + size[1] > 14000 or max(size) > 20 * min(size):
        return {"server": server, "photo": "[]", "hash": token}
    file = world.store("photo", data, name, "image/jpeg", owner)
    file.width, file.height = size
    world.uploaded[token] = file
    return {"server": server, "photo": json.dumps([{"photo": file.key}]), "hash": token}


def measured(data: bytes) -> tuple[int, int] | None:
    """Width and height of a picture in a format that VK takes."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.size if picture.format in _FORMATS else None
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return None


@method("photos.saveMessagesPhoto", "photos", "photo server hash")
def save_photo(world: World, community: Community, params: Params) -> list[Json]:
    params.number("server", required=True)
    params.text("photo", required=True)
    return [file_wire(world, _uploaded(world, community, params.text("hash", required=True), ("photo",)))]


@method("docs.save", "docs", "file title tags return_tags")
def save_doc(world: World, community: Community, params: Params) -> Json:
    file = _uploaded(world, community, params.text("file", required=True), ("doc", "audio_message", "graffiti"))
    if file.kind == "doc" and "title" in params:
        file.name = params.text("title", limit=255)
    return {"type": file.kind, file.kind: file_wire(world, file)}


def _uploaded(world: World, community: Community, token: str, kinds: tuple[str, ...]) -> File:
    file: Any = world.uploaded.pop(token, None)
    if file is None or file.kind not in kinds or file.owner != -community.id:
        raise VkError(121)
    found: File = file
    return found
