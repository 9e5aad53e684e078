"""What hangs on a VK message, as attachments, or as words and links where VK hands over no bytes ("Attachments")."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.content import Attachment, AttachmentKind, Note
from adapters.reading import integer, items, section, string
from adapters.texts import N_
from adapters.vk import words
from adapters.vk.limits import UPLOAD

NO_VIDEO = N_("VK does not hand videos over to communities. It can be watched by the link.")
CALLED = N_("The call lasted {time}")
MISSED = N_("Nobody answered the call")
NO_MUSIC = N_("VK does not hand music over to communities.")
TOO_LARGE = N_("The file is over 200 MB and is not fetched.")

POSTS = frozenset({"wall", "wall_reply"})
REPEATED = 10
"""Posts that a post repeats, at most."""
HANGING = 10
"""Attachments of a post, at most: VK's own clients let people add no more."""

# From the smallest to the largest ("Photo sizes"): very old photos have no width and height.
_LETTERS = "smxopqryzw"
_WIDTHS = (2560, 1280, 807, 604, 130, 75)
_GIF, _AUDIO = 3, 5
_TYPES = {
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp",
    "pdf": "application/pdf", "mp4": "video/mp4", "mov": "video/quicktime", "ogg": "audio/ogg", "mp3": "audio/mpeg",
    "zip": "application/zip", "txt": "text/plain", "csv": "text/csv",
    "doc": "application/msword", "xls": "application/vnd.ms-excel",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip


@dataclass(slots=True)
class Found:
    """What the attachments of a message come to: media, lines of text, kinds that have no form here, lines of ours."""

    media: list[Attachment] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def read(message: dict[str, Any], text: str) -> Found:
    """The attachments of a message; a link that stands in its text already is not repeated."""
    found = Found()
    for item in items(message, "attachments"):
        kind = string(item, "type") or "attachment"
        _add(found, kind, section(item, kind), text)
        if kind in POSTS:
            _add_post(found, section(item, kind))
    return found


def _add(found: Found, kind: str, body: dict[str, Any], text: str) -> None:
    if (attachment := _CARRIED[kind](body) if kind in _CARRIED else None) is not None:
        found.media += _known(kind, body, [*_preview(kind, body), attachment])
        return
    if kind != "link":
        found.kinds.append(kind)
    found.media += _known(kind, body, _pictured(kind, body))
    found.notes += _told(kind, body)
    found.lines += [line for line in words.of(kind, body) if line not in text]


def _add_post(found: Found, post: dict[str, Any]) -> None:
    """What hangs on a post or a comment, and the posts that it repeats, each with its own."""
    _add_hanging(found, post)
    for original in items(post, "copy_history")[:REPEATED]:
        found.lines += [f"> {line}" for told in words.of("wall", original) for line in told.splitlines()]
        _add_hanging(found, original)


def _add_hanging(found: Found, post: dict[str, Any]) -> None:
    for item in items(post, "attachments")[:HANGING]:
        kind = string(item, "type") or "attachment"
        _add(found, kind, section(item, kind), "")


def _photo(body: dict[str, Any]) -> Attachment | None:
    largest = max([*items(body, "sizes"), section(body, "orig_photo")], key=_area)
    if string(largest, "url") is None:
        return _posted(body)
    return Attachment(
        AttachmentKind.PHOTO, handle=string(largest, "url"), mime="image/jpeg",
        width=integer(largest, "width") or None, height=integer(largest, "height") or None,
    )  # fmt: skip


def _known(kind: str, body: dict[str, Any], media: Iterable[Attachment]) -> Iterator[Attachment]:
    """The media by owner and number ("Attachments"): an address is another one each time."""
    number = next((found for name in ("id", "sticker_id") if (found := integer(body, name)) is not None), None)
    for place, one in enumerate(media):
        same = f"{kind}{integer(body, 'owner_id') or ''}_{number}:{place}"
        yield one if number is None else replace(one, unique=same)


def _area(size: dict[str, Any]) -> tuple[bool, int, int]:
    letter = string(size, "type") or ""
    rank = _LETTERS.find(letter) if len(letter) == 1 else -1
    return string(size, "url") is not None, (integer(size, "width") or 0) * (integer(size, "height") or 0), rank


def _doc(body: dict[str, Any]) -> Attachment | None:
    if (url := string(body, "url")) is None:
        return None
    ending, size = (string(body, "ext") or "").lower(), integer(body, "size")
    too_large = size is not None and size > UPLOAD
    kind = {_GIF: AttachmentKind.ANIMATION, _AUDIO: AttachmentKind.AUDIO}.get(integer(body, "type") or 0)
    return Attachment(
        kind or AttachmentKind.FILE, handle=url, name=_named(string(body, "title"), ending), mime=_TYPES.get(ending),
        size=size, unavailable=TOO_LARGE if too_large else None, link=url,
    )  # fmt: skip


def _named(title: str | None, ending: str) -> str | None:
    if title is None or not ending or title.lower().endswith(f".{ending}"):
        return title
    return f"{title}.{ending}"


def _voice(body: dict[str, Any]) -> Attachment | None:
    ogg, mp3 = string(body, "link_ogg"), string(body, "link_mp3")
    if ogg is None and mp3 is None:
        return None
    mime = "audio/ogg" if ogg else "audio/mpeg"
    return Attachment(AttachmentKind.VOICE, handle=ogg or mp3, mime=mime, duration=integer(body, "duration"))


def _music(body: dict[str, Any]) -> Attachment | None:
    names = [name for name in (string(body, "artist"), string(body, "title")) if name]
    url = string(body, "url")
    return Attachment(
        AttachmentKind.AUDIO, handle=url, name=" – ".join(names) or None, mime="audio/mpeg" if url else None,
        duration=integer(body, "duration"), unavailable=None if url else NO_MUSIC,
    )  # fmt: skip


def _video(body: dict[str, Any]) -> Attachment | None:
    link = words.page("video", body)
    if link is None:
        return None
    return Attachment(
        AttachmentKind.VIDEO, name=string(body, "title"), duration=integer(body, "duration"), unavailable=NO_VIDEO,
        link=link,
    )  # fmt: skip


def _preview(kind: str, body: dict[str, Any]) -> Iterator[Attachment]:
    """A picture of a video that cannot be had."""
    if kind == "video" and (images := items(body, "image")):
        largest = max(images, key=_area)
        if (url := string(largest, "url")) is not None:
            yield Attachment(AttachmentKind.PHOTO, handle=url, mime="image/jpeg")


def _sticker(body: dict[str, Any]) -> Attachment | None:
    largest: dict[str, Any] = max(items(body, "images") or items(body, "images_with_background"), key=_area, default={})
    if (url := string(largest, "url")) is None:
        return None
    width, height = integer(largest, "width") or None, integer(largest, "height") or None
    return Attachment(AttachmentKind.STICKER, handle=url, mime="image/png", width=width, height=height)


def _posted(body: dict[str, Any]) -> Attachment | None:
    """A photo of the times before sizes, and one that a post holds without an album ("posted_photo")."""
    url = next((found for width in _WIDTHS if (found := string(body, f"photo_{width}"))), None)
    return None if url is None else Attachment(AttachmentKind.PHOTO, handle=url, mime="image/jpeg")


def _graffiti(body: dict[str, Any]) -> Attachment | None:
    if (url := string(body, "url")) is None:
        return None
    width, height = integer(body, "width") or None, integer(body, "height") or None
    return Attachment(AttachmentKind.PHOTO, handle=url, mime="image/png", width=width, height=height)


def _gift(body: dict[str, Any]) -> Attachment | None:
    url = next((found for name in ("thumb_512", "thumb_256", "thumb_96") if (found := string(body, name))), None)
    if url is None:
        return None
    return Attachment(AttachmentKind.STICKER, handle=url, mime="image/jpeg" if url.endswith(".jpg") else "image/png")


_CARRIED: dict[str, Callable[[dict[str, Any]], Attachment | None]] = {
    "photo": _photo,
    "doc": _doc,
    "audio_message": _voice,
    "audio": _music,
    "video": _video,
    "sticker": _sticker,
    "graffiti": _graffiti,
    "gift": _gift,
    "posted_photo": _posted,
    "clip": _video,
}


def _pictured(kind: str, body: dict[str, Any]) -> Iterator[Attachment]:
    """The picture of something that is more than a picture: a product, a story."""
    if kind == "story" and (photo := _photo(section(body, "photo"))) is not None:
        yield photo
    if kind == "market" and (url := string(body, "thumb_photo")) is not None:
        yield Attachment(AttachmentKind.PHOTO, handle=url, mime="image/jpeg")


def _told(kind: str, body: dict[str, Any]) -> Iterator[Note]:
    """What became of a call ("Call")."""
    if kind != "call":
        return
    if string(body, "state") == "reached":
        minutes, seconds = divmod(max(integer(body, "duration") or 0, 0), 60)
        yield Note(CALLED, (("time", f"{minutes}:{seconds:02}"),))
    elif string(body, "state"):
        yield Note(MISSED)
