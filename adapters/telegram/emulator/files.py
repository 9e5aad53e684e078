"""Stored content, and the file ids by which each bot knows it."""

from __future__ import annotations

import base64
import hashlib
import io
import mimetypes
import re

from PIL import Image, UnidentifiedImageError

from .errors import bad
from .model import BotAccount, File, Json

UPLOAD_LIMIT = 50 * 1024 * 1024
DOWNLOAD_LIMIT = 20 * 1024 * 1024
PHOTO_LIMIT = 10 * 1024 * 1024
_PREFIX = {
    "photo": "AgAC",
    "video": "BAAC",
    "video_note": "DQAC",
    "voice": "AwAC",
    "audio": "CQAC",
    "document": "BQAC",
    "animation": "CgAC",
    "sticker": "CAAC",
}
_FOLDER = {"photo": "photos", "video": "videos", "video_note": "video_notes", "voice": "voice", "audio": "music"}
_DEFAULT = {
    "photo": ("image.jpg", "image/jpeg"),
    "video": ("video.mp4", "video/mp4"),
    "video_note": ("round.mp4", "video/mp4"),
    "voice": ("voice.oga", "audio/ogg"),
    "audio": ("audio.mp3", "audio/mpeg"),
    "animation": ("animation.gif.mp4", "video/mp4"),
    "sticker": ("sticker.webp", "image/webp"),
    "document": ("file.bin", "application/octet-stream"),
}
_SIZES = ((90, "s"), (320, "m"), (800, "x"))


class Files:
    def __init__(self) -> None:
        self._files: list[File] = []

    def get(self, number: int) -> File | None:
        return self._files[number - 1] if 0 < number <= len(self._files) else None

    def find(self, unique_id: str) -> File | None:
        return next((file for file in self._files if file.unique_id == unique_id), None)

    def store(self, kind: str, data: bytes, name: str = "", mime: str = "") -> File:
        default_name, default_mime = _DEFAULT[kind]
        name = re.sub(r"[\\/\x00-\x1f]", "_", name) or default_name
        if not mime or mime == "application/octet-stream":
            mime = mimetypes.guess_type(name)[0] or default_mime
        return self._add(kind, data, name, mime, len(data))

    def _add(self, kind: str, data: bytes, name: str, mime: str, size: int) -> File:
        number = len(self._files) + 1
        unique = base64.urlsafe_b64encode(hashlib.blake2b(f"{number}".encode(), digest_size=8).digest()).decode()
        file = File(number, kind, data, name, mime, f"AgAD{unique.rstrip('=')}", size)
        self._files.append(file)
        return file

    def reduced(self, photo: File) -> list[File]:
        """The smaller versions that Telegram keeps of a photo; their bytes are made when somebody asks."""
        if "sizes" not in photo.extra:
            made = []
            for side, letter in _SIZES:
                if max(photo.width, photo.height) <= side:
                    break
                ratio = side / max(photo.width, photo.height)
                small = self._add("photo", b"", f"{letter}.jpg", "image/jpeg", max(1, int(photo.size * ratio * ratio)))
                small.width, small.height = max(1, round(photo.width * ratio)), max(1, round(photo.height * ratio))
                small.original = photo
                made.append(small)
            photo.extra["sizes"] = made
        sizes: list[File] = photo.extra["sizes"]
        return sizes


def file_id(bot: BotAccount, file: File) -> str:
    """This bot's own id for the file: no other bot can use it."""
    known = bot.file_ids.get(file.number)
    if known is None:
        secret = hashlib.blake2b(f"{bot.id}:{file.number}:{file.kind}".encode(), digest_size=30).digest()
        known = _PREFIX[file.kind] + "AgIAAxkBAAI" + base64.urlsafe_b64encode(secret).decode()
        bot.file_ids[file.number] = known
        bot.files[known] = file
    return known


def path_of(file: File) -> str:
    suffix = "." + file.name.rpartition(".")[2] if "." in file.name else ""
    return f"{_FOLDER.get(file.kind, 'documents')}/file_{file.number}{suffix[:10]}"


def content(file: File) -> bytes:
    if file.original is None or file.data:
        return file.data
    try:
        picture = Image.open(io.BytesIO(file.original.data)).convert("RGB").resize((file.width, file.height))
    except (OSError, ValueError):
        return file.original.data
    target = io.BytesIO()
    picture.save(target, "JPEG")
    file.data = target.getvalue()
    file.size = len(file.data)
    return file.data


def measure_photo(data: bytes) -> tuple[int, int]:
    """Width and height of a photo that a bot uploads; refused as Telegram refuses what is not a picture."""
    if len(data) > PHOTO_LIMIT:
        raise bad(f"file of size {len(data)} bytes is too big for a photo; the maximum size is {PHOTO_LIMIT} bytes")
    size = picture_size(data)
    if size is None:
        raise bad("IMAGE_PROCESS_FAILED")
    width, height = size
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise bad("PHOTO_INVALID_DIMENSIONS")
    return size


def picture_size(data: bytes) -> tuple[int, int] | None:
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.size
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return None


def picture(width: int = 64, height: int = 48, colour: str = "#3390ec", form: str = "JPEG") -> bytes:
    """A small real picture, for tests and samples."""
    target = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(target, form)
    return target.getvalue()


def photo_sizes(files: Files, bot: BotAccount, photo: File) -> list[Json]:
    return [size_wire(bot, size) for size in [*files.reduced(photo), photo]]


def size_wire(bot: BotAccount, file: File) -> Json:
    return {
        "file_id": file_id(bot, file),
        "file_unique_id": file.unique_id,
        "file_size": file.size,
        "width": file.width,
        "height": file.height,
    }
