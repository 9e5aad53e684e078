"""Bytes to VK, which fetches nothing by address: an upload address, the bytes, then what VK calls them ("Uploads")."""

from __future__ import annotations

import asyncio
import io
import zipfile
from pathlib import Path
from typing import IO, Any

from adapters.base import Attachment, AttachmentKind, Channel, Rejected, UserId
from adapters.pictures import Unreadable, alone, fit, still, to_png
from adapters.reading import integer, items, section, string
from adapters.texts import N_
from adapters.vk import limits
from adapters.vk.api import Api
from adapters.vk.outbound import ZIP, file_name, packed
from adapters.vk.refusals import NOT_TAKEN, UploadFailed

NO_BYTES = N_("The file is no longer stored here, so it cannot be sent.")
MAX_SIDE = 6000
_MOVING = "video/"


class NoPicture(Rejected):
    """Bytes that VK cannot show as a photo; as a file they can be sent."""


async def upload(api: Api, channel: Channel, to: UserId, item: Attachment) -> str:
    """What `attachment` of messages.send calls the bytes ("photo-1_2_key").

    What fails is tried once more, as an upload address lives for minutes; then a recording, which is no voice message
    for VK, goes as a file, and a file, which may be of a kind that VK does not take, packed.
    """
    if item.path is None:
        raise Rejected(NO_BYTES)
    try:
        return await _once(api, channel, to, item)
    except UploadFailed:
        pass
    try:
        return await _once(api, channel, to, item)
    except UploadFailed:
        if item.kind is AttachmentKind.VOICE:
            return await _document(api, channel, to, item, "doc")
        if item.kind is not AttachmentKind.FILE or item.mime == ZIP:
            raise
    return await _document(api, channel, to, packed(item), "doc")


async def _once(api: Api, channel: Channel, to: UserId, item: Attachment) -> str:
    try:
        if item.kind is AttachmentKind.PHOTO:
            return await _photo(api, channel, to, item)
    except NoPicture:
        pass
    kind = "audio_message" if item.kind is AttachmentKind.VOICE else "doc"
    return await _document(api, channel, to, item, kind)


async def _photo(api: Api, channel: Channel, to: UserId, item: Attachment) -> str:
    """photos.getMessagesUploadServer, the bytes, photos.saveMessagesPhoto."""
    name, mime, data = await _picture(item)
    with data:
        place = await api.ask(channel.credentials, "photos.getMessagesUploadServer", {"peer_id": to})
        answer = await api.upload(string(place, "upload_url") or "", "photo", name, data, mime)
    if string(answer, "photo") in (None, "[]", ""):
        raise NoPicture(NOT_TAKEN)
    saved = await api.ask(
        channel.credentials, "photos.saveMessagesPhoto",
        {name: answer[name] for name in ("server", "photo", "hash") if name in answer},
    )  # fmt: skip
    return _key("photo", next(iter(items({"saved": saved}, "saved")), {}))


async def _document(api: Api, channel: Channel, to: UserId, item: Attachment, kind: str) -> str:
    """docs.getMessagesUploadServer, the bytes, docs.save."""
    with await asyncio.to_thread(_file, item) as data:
        place = await api.ask(channel.credentials, "docs.getMessagesUploadServer", {"type": kind, "peer_id": to})
        answer = await api.upload(
            string(place, "upload_url") or "", "file", file_name(item), data, "application/octet-stream"
        )
    if (token := string(answer, "file")) is None:
        raise UploadFailed(NOT_TAKEN, {"reason": string(answer, "error_descr") or string(answer, "error") or ""})
    saved = await api.ask(channel.credentials, "docs.save", {"file": token, "title": file_name(item)})
    kind = string(saved, "type") or kind
    return _key(kind, section(saved, kind))


def _key(kind: str, saved: dict[str, Any]) -> str:
    owner, number, secret = integer(saved, "owner_id"), integer(saved, "id"), string(saved, "access_key")
    if owner is None or number is None:
        raise UploadFailed(NOT_TAKEN)
    return f"{kind}{owner}_{number}" + (f"_{secret}" if secret else "")


async def _picture(item: Attachment) -> tuple[str, str, IO[bytes]]:
    """Name, type and bytes of a photo, in a format that VK takes. Raises NoPicture for what cannot be made one."""
    mime, path = (item.mime or "image/jpeg").split(";")[0], _path(item)
    if mime in limits.PHOTO_TYPES:
        ending = mime.removeprefix("image/").replace("jpeg", "jpg")
        return _ending(file_name(item), ending), mime, await asyncio.to_thread(_opened, path)
    data = await alone(_made, path, mime, item.size or 0)
    if data is None:
        raise NoPicture(NOT_TAKEN)
    kind = "png" if data.startswith(b"\x89PNG") else "jpg"
    return _ending(file_name(item), kind), f"image/{kind.replace('jpg', 'jpeg')}", io.BytesIO(data)


def _made(path: Path, mime: str, size: int) -> bytes | None:
    """A photo of VK's kinds; None where none can be made."""
    try:
        if mime.startswith(_MOVING):
            return still(path)
        return to_png(path) if size < limits.MB else fit(path, MAX_SIDE, limits.PHOTO)
    except Unreadable:
        return None


def _file(item: Attachment) -> IO[bytes]:
    """The bytes of a document, packed where the plan said so and they are not a .zip already."""
    path, name = _path(item), file_name(item)
    if item.mime != ZIP or not name.endswith(".zip") or zipfile.is_zipfile(path):
        return _opened(path)
    packed = io.BytesIO()
    try:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
            archive.write(path, name.removesuffix(".zip"))
    except OSError:
        raise Rejected(NO_BYTES) from None
    packed.seek(0)
    return packed


def _path(item: Attachment) -> Path:
    if item.path is None:
        raise Rejected(NO_BYTES)
    return item.path


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError:
        raise Rejected(NO_BYTES) from None


def _ending(name: str, ending: str) -> str:
    return (
        name
        if name.lower().endswith((f".{ending}", ".jpeg" if ending == "jpg" else f".{ending}"))
        else f"{name}.{ending}"
    )
