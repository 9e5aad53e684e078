"""A message object of VK as Content. Pure; tolerant of any missing or wrong-typed field ("Private message")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters.content import Attachment, Content, Location, MessageId, Quoted
from adapters.reading import decimal, integer, items, section, string, true
from adapters.vk import media

CROPPED = "cropped"
"""VK cuts large messages for bots ("is_cropped"): what is missing must not be missing in silence."""
FORWARDED_PIECES = 100


def message_id(message: dict[str, Any]) -> MessageId | None:
    """The number within the dialog, under which every event names a message; the global one where it is missing."""
    for name in ("conversation_message_id", "cmid"):
        if (number := integer(message, name)) is not None and number > 0:
            return MessageId(str(number))
    number = integer(message, "id")
    return global_id(number) if number is not None and number > 0 else None


def global_id(number: int) -> MessageId:
    """A community-wide message id, told apart from the dialog's own numbers."""
    return MessageId(f"id{number}")


def content(message: dict[str, Any]) -> Content:
    """What the person wrote or sent; kinds that cannot be carried over are named in `unsupported`."""
    text = string(message, "text") or ""
    found = media.read(message, text)
    lines, attachments, kinds = [text, *found.lines], [*found.media], [*found.kinds]
    authors: list[str] = []
    for piece in _forwarded(message):
        said = string(piece, "text") or ""
        inner = media.read(piece, said)
        lines += [_quote(line) for line in (said, *inner.lines) if line]
        attachments += inner.media
        kinds += inner.kinds
        authors += [author] if (author := _author(piece)) else []
    if cropped(message):
        kinds.append(CROPPED)
    place = location(message)
    return _whole("\n".join(filter(None, lines)), attachments, kinds, place, message, authors)


def cropped(message: dict[str, Any]) -> bool:
    """Whether VK cut the message for the event; messages.getById has all of it ("is_cropped")."""
    return true(message, "is_cropped")


def _whole(
    text: str, attachments: list[Attachment], kinds: list[str], place: Location | None, message: dict[str, Any],
    authors: list[str],
) -> Content:  # fmt: skip
    if not (text or attachments or place or kinds):
        kinds = ["empty"]
    return Content(
        text=text,
        attachments=tuple(attachments),
        location=place,
        quoted=_quoted(section(message, "reply_message")),
        forwarded_from=", ".join(dict.fromkeys(authors)) or None,
        unsupported=", ".join(dict.fromkeys(kinds)) or None,
    )


def location(message: dict[str, Any]) -> Location | None:
    """`geo` with its place, where the person named one."""
    geo = section(message, "geo")
    point, place = section(geo, "coordinates"), section(geo, "place")
    latitude, longitude = decimal(point, "latitude"), decimal(point, "longitude")
    if latitude is None or longitude is None:
        return None
    where = [name for name in (string(place, "country"), string(place, "city")) if name]
    return Location(latitude, longitude, string(place, "title"), ", ".join(where) or None)


def _quoted(replied: dict[str, Any]) -> Quoted | None:
    number, text = message_id(replied), string(replied, "text")
    return Quoted(number, text) if number or text else None


def _forwarded(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Forwarded messages in reading order, those inside them too; without recursion: a person decides how deep."""
    waiting = list(reversed(items(message, "fwd_messages")))
    for _ in range(FORWARDED_PIECES):
        if not waiting:
            return
        piece = waiting.pop()
        yield piece
        waiting += reversed(items(piece, "fwd_messages"))


def _quote(line: str) -> str:
    return "\n".join(f"> {part}" for part in line.splitlines())


def _author(piece: dict[str, Any]) -> str | None:
    number = integer(piece, "from_id")
    if not number:
        return None
    return f"vk.com/id{number}" if number > 0 else f"vk.com/club{-number}"
