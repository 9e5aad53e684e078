"""A message object of VK as Content. Pure; tolerant of any missing or wrong-typed field ("Private message")."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from adapters import kinds
from adapters.content import Content, Location, MessageId, Quoted, in_brief
from adapters.reading import decimal, integer, items, section, string, true
from adapters.vk import media
from adapters.vk.media import Found

CROPPED = "cropped"
"""VK cuts large messages for bots ("is_cropped"): what is missing must not be missing in silence."""
FORWARDED_PIECES = 100


@dataclass(frozen=True, slots=True)
class _Piece:
    """A message inside another: one that was forwarded (depth 1), or that it answers to (a step deeper)."""

    body: dict[str, Any]
    depth: int


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
    said = replace(_said(message), quoted=_quoted(section(message, "reply_message")))
    return replace(said, unsupported="empty") if said.empty else said


def cropped(message: dict[str, Any]) -> bool:
    """Whether VK cut the message for the event; messages.getById has all of it ("is_cropped")."""
    return true(message, "is_cropped")


def _said(message: dict[str, Any]) -> Content:
    """Everything but what it answers to; empty where there is nothing."""
    text = _text(message)
    found = media.read(message, text)
    found.lines.insert(0, text)
    place, authors = location(message), []
    pieces = list(_pieces(message))
    for piece in pieces[:FORWARDED_PIECES]:
        elsewhere = _add(found, piece)
        place, aside = (place or elsewhere, None) if place is None else (place, elsewhere)
        found.lines += [_quote(_in_words(aside), piece.depth)] if aside else []
        authors += [author] if piece.depth == 1 and (author := _author(piece.body)) else []
    if cropped(message) or len(pieces) > FORWARDED_PIECES:
        found.kinds.append(CROPPED)
    return Content(
        text="\n".join(filter(None, found.lines)),
        attachments=tuple(found.media),
        location=place,
        forwarded_from=", ".join(dict.fromkeys(authors)) or None,
        unsupported=kinds.SEPARATOR.join(dict.fromkeys(found.kinds)) or None,
        notes=tuple(dict.fromkeys(found.notes)),
    )


def _add(found: Found, piece: _Piece) -> Location | None:
    """What a piece holds, its words as a quotation; returns its place."""
    said = _text(piece.body)
    inner = media.read(piece.body, said)
    found.lines += [_quote(line, piece.depth) for line in (said, *inner.lines) if line]
    found.media += inner.media
    found.kinds += inner.kinds
    found.notes += inner.notes
    return location(piece.body)


def _text(message: dict[str, Any]) -> str:
    """`body` is what versions before 5.80 called it."""
    return string(message, "text") or string(message, "body") or ""


def location(message: dict[str, Any]) -> Location | None:
    """`geo` with its place, where the person named one."""
    geo = section(message, "geo")
    point, place = section(geo, "coordinates"), section(geo, "place")
    latitude, longitude = decimal(point, "latitude"), decimal(point, "longitude")
    if latitude is None or longitude is None:
        return None
    where = [name for name in (string(place, "country"), string(place, "city")) if name]
    return Location(latitude, longitude, string(place, "title"), ", ".join(where) or None)


def _in_words(place: Location) -> str:
    """A place where another stands on the map already."""
    point = f"{place.latitude:.6f}, {place.longitude:.6f}"
    return "\n".join(line for line in (place.title, place.address, point) if line)


def _quoted(replied: dict[str, Any]) -> Quoted | None:
    """The message that is answered to, by its words or, where it has none, by what hangs on it."""
    number, brief = message_id(replied), in_brief(_said(replied))
    return replace(brief, message_id=number) if number or brief.text or brief.kind else None


def _pieces(message: dict[str, Any]) -> Iterator[_Piece]:
    """Forwarded messages in reading order, those inside them too, each behind what it answers to.

    Without recursion: a person decides how deep. One piece more than is shown, so that it is known that there is one.
    """
    waiting = list(reversed(items(message, "fwd_messages")))
    count = 0
    while waiting and count <= FORWARDED_PIECES:
        piece = waiting.pop()
        if replied := section(piece, "reply_message"):
            yield _Piece(replied, 2)
            count += 1
        yield _Piece(piece, 1)
        count += 1
        waiting += reversed(items(piece, "fwd_messages"))
        waiting += reversed(items(replied, "fwd_messages"))


def _quote(line: str, depth: int) -> str:
    return "\n".join(f"{'>' * depth} {part}" for part in line.splitlines())


def _author(piece: dict[str, Any]) -> str | None:
    number = integer(piece, "from_id") or integer(piece, "user_id")
    if not number:
        return None
    return f"vk.com/id{number}" if number > 0 else f"vk.com/club{-number}"
