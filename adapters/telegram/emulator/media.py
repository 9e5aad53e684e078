"""Methods that send files: uploads, file ids and addresses, one by one or as an album."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp

from .calls import method
from .errors import bad
from .files import file_id, measure_photo, photo_sizes, picture_size
from .model import BotAccount, File, Json
from .params import Params, Upload, as_boolean
from .target import caption_of, post, target
from .world import World

KINDS = ("photo", "video", "video_note", "voice", "audio", "document", "animation", "sticker")
_WRONG = "wrong file identifier/HTTP URL specified"
_SHOWN = {"photo": "Photo", "video": "Video", "video_note": "VideoNote", "voice": "VoiceNote", "audio": "Audio"}
_MIXING = {"photo": "visual", "video": "visual", "document": "document", "audio": "audio"}
_PAGE_LIMITS = {"photo": 5 * 1024 * 1024}
_PAGE_LIMIT = 20 * 1024 * 1024


def store(world: World, kind: str, upload: Upload, params: Params) -> File:
    """Keep an upload, with what its sender tells about it."""
    if not upload.data:
        raise bad("file must be non-empty")
    size = measure_photo(upload.data) if kind == "photo" else None
    file = world.files.store(kind, upload.data, upload.name, upload.mime)
    describe(file, size, params)
    return file


def describe(file: File, size: tuple[int, int] | None, params: Params) -> None:
    side = min(640, max(1, params.integer("length", 384)))
    usual = {"video": (640, 360), "animation": (320, 240), "sticker": (512, 512), "video_note": (side, side)}
    width, height = size or usual.get(file.kind, (0, 0))
    if file.kind == "sticker":
        width, height = picture_size(file.data) or (width, height)
    if file.kind in ("video", "animation"):
        width, height = params.integer("width") or width, params.integer("height") or height
    file.width, file.height = max(0, width), max(0, height)
    file.duration = max(0, params.integer("duration", 1))
    for name in ("performer", "title"):
        if file.kind == "audio" and name in params:
            file.extra[name] = params.text(name)


def wire_of(world: World, bot: BotAccount, file: File) -> Json:
    """The part of a message that shows this file to this bot."""
    if file.kind == "photo":
        return {"photo": photo_sizes(world.files, bot, file)}
    wire: Json = {"file_id": file_id(bot, file), "file_unique_id": file.unique_id, "file_size": file.size}
    if file.kind in ("video", "animation", "sticker"):
        wire |= {"width": file.width, "height": file.height}
    if file.kind in ("video", "animation", "video_note", "voice", "audio"):
        wire["duration"] = file.duration
    if file.kind not in ("sticker", "video_note"):
        wire["mime_type"] = file.mime
    if file.kind in ("video", "animation", "audio", "document"):
        wire["file_name"] = file.name
    if file.kind == "video_note":
        wire["length"] = file.width
    if file.kind == "sticker":
        wire |= {"type": "regular", "emoji": file.extra.get("emoji", "🙂"), "set_name": "PultSamples"}
        wire |= {"is_animated": file.data[:2] == b"\x1f\x8b", "is_video": file.data[:4] == b"\x1aE\xdf\xa3"}
    wire |= {name: file.extra[name] for name in ("performer", "title") if name in file.extra}
    content: Json = {file.kind: wire}
    if file.kind == "animation":
        content["document"] = {key: value for key, value in wire.items() if key not in ("width", "height", "duration")}
    return content


async def resolve(world: World, bot: BotAccount, params: Params, kind: str, value: str, field: str) -> File:
    """The file that a parameter means: an upload, a file id of this very bot, or an address to fetch."""
    value = value.strip()
    if value.startswith("attach://"):
        upload = params.files.get(value.removeprefix("attach://"))
        if upload is None:
            raise bad(_WRONG)
        return store(world, kind, upload, params)
    if not value:
        upload = params.files.get(field)
        if upload is None:
            raise bad(f"there is no {kind.replace('_', ' ')} in the request")
        return store(world, kind, upload, params)
    known = bot.files.get(value)
    if known is not None:
        return _usable(known, kind)
    if value.startswith(("http://", "https://")):
        if kind == "video_note":
            raise bad("sending video notes by a URL is currently unsupported")
        return store(world, kind, await _fetch(world, value, kind), params)
    raise bad(_WRONG)


def _usable(file: File, kind: str) -> File:
    """Photos are their own class of files; the others may stand for each other and stay what they are."""
    if (file.kind == "photo") != (kind == "photo"):
        raise bad(f"can't use file of type {_SHOWN.get(file.kind, 'Document')} as {_SHOWN.get(kind, 'Document')}")
    return file.original or file


async def _fetch(world: World, url: str, kind: str) -> Upload:
    address, headers = world.route(url)
    limit = _PAGE_LIMITS.get(kind, _PAGE_LIMIT)
    assert world.session is not None
    try:
        timeout = aiohttp.ClientTimeout(total=20)
        async with world.session().get(address, headers=headers, timeout=timeout) as response:
            if response.status != 200:
                raise bad("failed to get HTTP URL content")
            data = await response.content.read(limit + 1)
            while len(data) <= limit and (more := await response.content.read(limit + 1)):
                data += more
            mime = response.content_type
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        raise bad("failed to get HTTP URL content") from None
    if len(data) > limit:
        raise bad("failed to get HTTP URL content")
    if mime == "text/html":
        raise bad("wrong type of the web page content")
    return Upload(url.partition("?")[0].rpartition("/")[2], mime, data)


def _sender(kind: str) -> Callable[[World, BotAccount, Params], Coroutine[Any, Any, Json]]:
    async def send(world: World, bot: BotAccount, params: Params) -> Json:
        caption = {} if kind in ("video_note", "sticker") else caption_of(world, params)
        to = target(world, bot, params)
        file = await resolve(world, bot, params, kind, params.text(kind), kind)
        content = wire_of(world, bot, file) | caption
        if kind in ("photo", "video", "animation") and params.boolean("has_spoiler"):
            content["has_media_spoiler"] = True
        return post(world, bot, to, content).wire

    return send


for _kind, _name in zip(
    KINDS, ("Photo", "Video", "VideoNote", "Voice", "Audio", "Document", "Animation", "Sticker"), strict=True
):
    method(f"send{_name}")(_sender(_kind))


@method("sendMediaGroup")
async def send_media_group(world: World, bot: BotAccount, params: Params) -> list[Json]:
    items = _album(params)
    captions = [caption_of(world, item) for item in items]
    to = target(world, bot, params)
    contents = []
    for item, caption in zip(items, captions, strict=True):
        file = await input_media(world, bot, item)
        contents.append(wire_of(world, bot, file) | caption | spoiler(item))
    album = world.next_album_id()
    return [post(world, bot, to, {**content, "media_group_id": album}).wire for content in contents]


def spoiler(item: Params) -> Json:
    return {"has_media_spoiler": True} if as_boolean(item.values.get("has_spoiler")) else {}


def _album(params: Params) -> list[Params]:
    data = params.data("media", "media")
    if not isinstance(data, list):
        raise bad("expected an Array of InputMedia")
    if len(data) < 2:
        raise bad("too few messages to send as an album")
    if len(data) > 10:
        raise bad("too many messages to send as an album")
    items = [media_item(item, params) for item in data]
    classes = {_MIXING.get(item.text("type")) for item in items}
    if None in classes:
        raise bad("can't parse InputMedia: media of this type can't be sent in an album")
    if len(classes) > 1:
        odd = "Document" if "document" in classes else "Audio"
        raise bad(f"{odd} can't be mixed with other media types")
    return items


def media_item(data: Any, params: Params) -> Params:
    if not isinstance(data, dict):
        raise bad("can't parse InputMedia: expected an Object")
    if data.get("type") not in ("photo", "video", "animation", "audio", "document"):
        raise bad("can't parse InputMedia: unsupported type specified")
    if not isinstance(data.get("media"), str) or not data["media"]:
        raise bad("can't parse InputMedia: media not found")
    return Params(data, params.files)


async def input_media(world: World, bot: BotAccount, item: Params) -> File:
    return await resolve(world, bot, item, item.text("type"), item.text("media"), "")
