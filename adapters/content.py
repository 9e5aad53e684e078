"""What a message consists of, in one form for every messenger: text with light markup, attachments, buttons.

Offsets and lengths of spans count Unicode code points (Python string indices); an adapter whose platform
counts otherwise (Telegram: UTF-16 units) converts at its own edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NewType

from adapters.texts import N_

ChannelId = NewType("ChannelId", str)
"""The platform's id of a page, bot or community. Opaque."""
UserId = NewType("UserId", str)
"""The platform's id of a person who writes. Opaque, per channel on Facebook and Viber."""
MessageId = NewType("MessageId", str)
"""The platform's id of one message, unique within the dialog of one user with one channel."""

SOMEBODY = N_("somebody whose name is not shown")
"""`Content.forwarded_from` where the platform does not say whose message it was."""


class SpanKind(StrEnum):
    BOLD = "bold"
    ITALIC = "italic"
    UNDERLINE = "underline"
    STRIKE = "strike"
    SPOILER = "spoiler"
    CODE = "code"
    PRE = "pre"
    QUOTE = "quote"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Span:
    kind: SpanKind
    start: int
    length: int
    url: str | None = None


class AttachmentKind(StrEnum):
    PHOTO = "photo"
    VIDEO = "video"
    VIDEO_NOTE = "video_note"
    VOICE = "voice"
    AUDIO = "audio"
    FILE = "file"
    ANIMATION = "animation"
    STICKER = "sticker"


@dataclass(frozen=True, slots=True)
class Attachment:
    """One medium. Inbound it carries `handle` (what `Adapter.fetch` needs); outbound `path` (and perhaps `cached`).

    size in bytes, duration in seconds, width and height in pixels; None where the platform does not say.
    """

    kind: AttachmentKind
    handle: str | None = None
    unique: str | None = None
    """What the platform calls the same medium each time, whatever the handle."""
    name: str | None = None
    mime: str | None = None
    size: int | None = None
    width: int | None = None
    height: int | None = None
    duration: int | None = None
    emoji: str | None = None
    """The emoji that a sticker stands for."""
    unavailable: str | None = None
    """Why the platform cannot hand it over (a message id of the catalogue), where it cannot."""
    unavailable_values: tuple[tuple[str, str], ...] = ()
    """The values of that text's placeholders, by name."""
    link: str | None = None
    """Where a person can look at what could not be handed over."""
    spoiler: bool | None = None
    """Hidden until it is tapped."""
    file_id: int | None = None
    """The row of `files` that holds the bytes; set by services, opaque to adapters."""
    path: Path | None = None
    """Outbound: the bytes on this machine."""
    url: str | None = None
    """Outbound: a public, expiring link to the bytes, for platforms that fetch by URL."""
    cached: str | None = None
    """Outbound: this channel's own handle of a file sent earlier, so that bytes are uploaded once."""


@dataclass(frozen=True, slots=True)
class Location:
    latitude: float
    longitude: float
    title: str | None = None
    address: str | None = None
    live: int | None = None
    """For how many seconds from the start it follows whoever shared it, while it does."""


@dataclass(frozen=True, slots=True)
class ContactCard:
    name: str
    phone: str
    user: UserId | None = None
    """Whose card it is, where the platform vouches for it."""


class ButtonKind(StrEnum):
    PRESS = "press"
    LINK = "link"
    PHONE = "phone"
    LOCATION = "location"


@dataclass(frozen=True, slots=True)
class Button:
    kind: ButtonKind
    label: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Quoted:
    """What a message answers to or quotes, as far as the platform tells: its id, its words, or both.

    kind: what it is beside its words, or in place of them, in the platform's word ("photo", "market"); `text` is then
    the name of it, if it has one.
    """

    message_id: MessageId | None = None
    text: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A line of ours about what a message holds, in the reader's language: a message id of the catalogue and the values
    of its placeholders, by name."""

    message: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """One message as people see it. Empty content (no text, media, location, contact, notice) is never sent."""

    text: str = ""
    spans: tuple[Span, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    location: Location | None = None
    contact: ContactCard | None = None
    buttons: tuple[tuple[Button, ...], ...] = ()
    quoted: Quoted | None = None
    forwarded_from: str | None = None
    """Whose message it was, where a person forwarded somebody else's."""
    unsupported: str | None = None
    """The kind of a message that cannot be carried over ("poll", "dice"), so that it can be named; several of them
    parted by ", "."""
    notes: tuple[Note, ...] = ()
    """What the platform tells beside the words: the product that is asked about, when somebody wants to come."""
    album: str | None = None
    """The platform's mark of parts of one album."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing that a person could see."""
        told = self.unsupported or self.notes
        return not (self.text or self.attachments or self.location or self.contact or told)


def in_brief(content: Content) -> Quoted:
    """What can be told of a message in a line: its words, or what kind of thing it is and what that is called."""
    if content.unsupported:
        return Quoted(text=content.text or None, kind=content.unsupported)
    if content.text:
        return Quoted(text=content.text)
    if content.attachments:
        return Quoted(text=content.attachments[0].name, kind=content.attachments[0].kind.value)
    if content.location:
        return Quoted(text=content.location.title or content.location.address, kind="location")
    return Quoted(text=content.contact.name, kind="contact") if content.contact else Quoted()


def dump(content: Content) -> dict[str, Any]:
    """Content as a JSON-ready dictionary without empty values; `load` reads it. Paths, links and caches stay out."""
    data: dict[str, Any] = {}
    if content.text:
        data["text"] = content.text
    if content.spans:
        data["spans"] = [[s.kind.value, s.start, s.length, s.url] for s in content.spans]
    if content.attachments:
        data["attachments"] = [
            {k: v for k in _STORED if (v := getattr(item, k)) is not None} for item in content.attachments
        ]
    if content.location:
        place = content.location
        known = [place.latitude, place.longitude, place.title, place.address]
        data["location"] = [*known, place.live] if place.live else known
    if content.contact:
        data["contact"] = [content.contact.name, content.contact.phone, content.contact.user]
    if content.buttons:
        data["buttons"] = [[[b.kind.value, b.label, b.value] for b in row] for row in content.buttons]
    if content.quoted:
        quoted = content.quoted
        data["quoted"] = [quoted.message_id, quoted.text, *([quoted.kind] if quoted.kind else [])]
    if content.notes:
        data["notes"] = [[note.message, *map(list, note.values)] for note in content.notes]
    for name in ("forwarded_from", "unsupported", "album"):
        if (value := getattr(content, name)) is not None:
            data[name] = value
    return data


def load(data: dict[str, Any]) -> Content:
    """The inverse of `dump`; unknown keys of a newer version are left aside."""
    return Content(
        text=data.get("text", ""),
        spans=tuple(Span(SpanKind(k), start, length, url) for k, start, length, url in data.get("spans", ())),
        attachments=tuple(_attachment(item) for item in data.get("attachments", ())),
        location=Location(*data["location"]) if "location" in data else None,
        contact=ContactCard(*data["contact"]) if "contact" in data else None,
        buttons=tuple(
            tuple(Button(ButtonKind(kind), label, value) for kind, label, value in row)
            for row in data.get("buttons", ())
        ),
        quoted=Quoted(*data["quoted"]) if "quoted" in data else None,
        forwarded_from=data.get("forwarded_from"),
        unsupported=data.get("unsupported"),
        notes=tuple(
            Note(message, tuple((name, value) for name, value in values)) for message, *values in data.get("notes", ())
        ),
        album=data.get("album"),
    )


_STORED = (
    "kind", "handle", "unique", "name", "mime", "size", "width", "height", "duration", "emoji", "unavailable", "link",
    "spoiler", "file_id",
)  # fmt: skip


def _attachment(item: dict[str, Any]) -> Attachment:
    known = {key: value for key, value in item.items() if key in _STORED and key != "kind"}
    return Attachment(kind=AttachmentKind(item["kind"]), **known)
