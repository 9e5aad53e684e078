"""Which Telegram messages a view becomes: texts, media with captions, albums; each in a kind that Telegram takes.

Limits: Bot API "sendMessage", "sendPhoto", "sendMediaGroup", "sendVoice", "Sending files".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from adapters.base import Attachment, AttachmentKind, ContactCard, Location
from handlers.chat.marked import CAPTION_LIMIT, NOTHING, TEXT_LIMIT, Marked
from services.ports import FileStatus, MessageView, Standing
from services.texts import N_

MB = 1024 * 1024
UPLOAD_LIMIT = 50 * MB
PHOTO_LIMIT = 10 * MB
PHOTO_SIDES = 10_000
PHOTO_RATIO = 20
STICKER_LIMIT = 512 * 1024
ALBUM_LIMIT = 10
VIDEO_NOTE_SECONDS = 60

_VOICES = frozenset({"audio/ogg", "audio/opus", "audio/mpeg", "audio/mp3", "audio/mp4", "audio/x-m4a", "audio/m4a"})
_STICKERS = frozenset({"image/webp", "application/x-tgsticker", "video/webm"})
_SPEECHLESS = frozenset({AttachmentKind.STICKER, AttachmentKind.VIDEO_NOTE})
# Kinds that may share an album.
_FAMILIES = {
    AttachmentKind.PHOTO: "pictures",
    AttachmentKind.VIDEO: "pictures",
    AttachmentKind.FILE: "files",
    AttachmentKind.AUDIO: "audio",
}


@dataclass(frozen=True, slots=True)
class Item:
    """A medium and the message that it belongs to."""

    medium: Attachment
    message_id: int
    upload: bool = False
    """Bytes are sent although the bot has a file_id: that one did not work."""
    keep: bool = True
    """What Telegram makes of it may be used again for the next member."""


@dataclass(frozen=True, slots=True)
class Post:
    """One call. `text` alone, or the caption of `items`; `message_id` is what it shows (None: the card's own text).

    words: which piece of the view's words the text is; None where it is none. refused: the files that it names, because
    Telegram did not take them.
    """

    text: Marked = NOTHING
    words: int | None = None
    items: tuple[Item, ...] = ()
    location: Location | None = None
    contact: ContactCard | None = None
    message_id: int | None = None
    buttons: bool = False
    """The view's buttons stand under it."""
    refused: tuple[int, ...] = ()


TOO_LARGE = N_("It is larger than the 50 MB that Telegram takes from bots.")
NOT_TAKEN = N_("Telegram did not accept it.")
NOT_STORED = N_("This medium is not kept any more.")


def checked(message: MessageView, standing: Sequence[Standing] = ()) -> MessageView:
    """The message with those media that cannot be shown marked as missing, with the reason.

    standing: what stands in the chat already. Its media are there, whatever became of the files since; of what
    Telegram refused the words go on saying so.
    """
    if not message.content.attachments:
        return message
    told = {number for one in standing if one.words is not None for number in one.refused}
    there = _there(standing)
    attachments, files = list(message.content.attachments), list(message.files)
    for place, (medium, status) in enumerate(zip(attachments, files, strict=False)):
        if medium.file_id in told:
            attachments[place], files[place] = replace(medium, unavailable=NOT_TAKEN), FileStatus.MISSING
        elif medium.file_id in there:
            attachments[place], files[place] = replace(medium, unavailable=None), FileStatus.READY
        elif status is FileStatus.READY and (reason := _obstacle(medium)):
            attachments[place], files[place] = replace(medium, unavailable=reason), FileStatus.MISSING
    return replace(message, content=replace(message.content, attachments=tuple(attachments)), files=tuple(files))


def _there(standing: Sequence[Standing]) -> set[int | None]:
    """The files that stand in the chat, or a message of their own that names them."""
    named = {number for one in standing if one.words is None for number in one.refused}
    return ({one.file_id for one in standing} | named) - {None}


def further(messages: Sequence[MessageView], standing: Sequence[Standing]) -> list[Post]:
    """The media that stand nowhere yet."""
    there = _there(standing)
    return [Post(items=group) for group in _groups([
        item for item in shown_items(messages) if item.medium.file_id not in there
    ])]  # fmt: skip


def _obstacle(medium: Attachment) -> str | None:
    if medium.unavailable:
        return medium.unavailable
    if medium.cached:
        return None
    if medium.path is None or not medium.path.exists():
        return NOT_STORED
    return TOO_LARGE if medium.path.stat().st_size > UPLOAD_LIMIT else None


def shown_items(messages: Iterable[MessageView]) -> list[Item]:
    """The media that are there, in the kinds that Telegram takes them in."""
    return [
        Item(settled(medium), message.id)
        for message in messages
        for medium, status in zip(message.content.attachments, message.files, strict=False)
        if status is FileStatus.READY
    ]


def settled(medium: Attachment) -> Attachment:
    """The medium in the kind that Telegram shows it in; the same every time, so that file_ids can be used again."""
    size, mime = medium.size or 0, (medium.mime or "").split(";")[0]
    if medium.kind is AttachmentKind.STICKER and mime and mime not in _STICKERS:
        kind = AttachmentKind.PHOTO if mime.startswith("image/") else AttachmentKind.FILE
        return settled(replace(medium, kind=kind))
    if medium.kind is AttachmentKind.STICKER and size > STICKER_LIMIT:
        return replace(medium, kind=AttachmentKind.FILE)
    if medium.kind is AttachmentKind.PHOTO and (size > PHOTO_LIMIT or not _photo_shape(medium)):
        return replace(medium, kind=AttachmentKind.FILE)
    if medium.kind is AttachmentKind.VOICE and mime and mime not in _VOICES:
        return replace(medium, kind=AttachmentKind.AUDIO)
    if medium.kind is AttachmentKind.VIDEO_NOTE and (medium.duration or 0) > VIDEO_NOTE_SECONDS:
        return replace(medium, kind=AttachmentKind.VIDEO)
    return medium


def _photo_shape(medium: Attachment) -> bool:
    width, height = medium.width or 0, medium.height or 0
    if width <= 0 or height <= 0:
        return True
    return width + height <= PHOTO_SIDES and max(width, height) <= PHOTO_RATIO * min(width, height)


def captioned(items: Sequence[Item], text: Marked) -> bool:
    """Whether the text can be the caption of what comes first."""
    return bool(items) and items[0].medium.kind not in _SPEECHLESS and text.units <= CAPTION_LIMIT


def copy_posts(messages: Sequence[MessageView], text: Marked, *, buttons: bool) -> list[Post]:
    """A copy: media with the text as caption where that fits, else the text first and the media in reply to it."""
    first = messages[0].id
    groups = _groups(shown_items(messages))
    more = _sharing(messages)
    under_album = buttons and bool(groups) and len(groups[0]) > 1
    if groups and captioned(groups[0], text) and not under_album:
        head = [Post(text, 0, groups[0], message_id=first, buttons=buttons)]
        return [*head, *(Post(items=group) for group in groups[1:]), *more]
    pieces = text.pieces(TEXT_LIMIT)
    texts = [
        Post(piece, number, message_id=first, buttons=buttons and piece is pieces[-1])
        for number, piece in enumerate(pieces)
    ]
    return [*texts, *(Post(items=group) for group in groups), *more]


def card_posts(messages: Sequence[MessageView], text: Marked, beginning: Marked, body: Marked) -> list[Post]:
    """A card: one medium with the card as its caption; else the media first, and the card in reply to it.

    beginning: the card with the first words of `body` only, for a card that does not fit one message.
    """
    groups = _groups(shown_items(messages))
    first = messages[0].id if messages else None
    if len(groups) == 1 and len(groups[0]) == 1 and captioned(groups[0], text) and not _sharing(messages):
        return [Post(text, 0, groups[0], message_id=first, buttons=True)]
    posts = [*(Post(items=group) for group in groups), *_sharing(messages)]
    if text.units > TEXT_LIMIT:
        pieces = [Post(piece, number, message_id=first) for number, piece in enumerate(body.pieces())]
        return [*posts, *pieces, Post(beginning, 0, buttons=True)]
    # A card that holds the message in full stands for it, so that whoever takes the inquiry is not shown it again.
    return [*posts, Post(text, 0, message_id=None if posts else first, buttons=True)]


def _sharing(messages: Sequence[MessageView]) -> list[Post]:
    """Places and contact cards, which are messages of their own."""
    places = [Post(location=one.content.location, message_id=one.id) for one in messages if one.content.location]
    # One without a number is no card for Telegram: its name stands in the text.
    told = ((one.content.contact, one.id) for one in messages)
    cards = [Post(contact=card, message_id=number) for card, number in told if card is not None and card.phone]
    return [*places, *cards]


def _groups(items: Sequence[Item]) -> list[tuple[Item, ...]]:
    """Neighbours of one family in albums of 2 to 10, the others one by one."""
    groups: list[tuple[Item, ...]] = []
    for family, members in groupby(items, key=lambda item: _FAMILIES.get(item.medium.kind)):
        run = tuple(members)
        step = ALBUM_LIMIT if family else 1
        groups += [run[start : start + step] for start in range(0, len(run), step)]
    return groups


def degraded(item: Item) -> Item | None:
    """The next best way to show what Telegram refused: bytes instead of a file_id, then as a file; None: no more."""
    medium = item.medium
    if medium.cached and not item.upload and medium.path is not None:
        return replace(item, upload=True)
    if medium.kind is not AttachmentKind.FILE and medium.path is not None:
        return replace(item, medium=replace(medium, kind=AttachmentKind.FILE), upload=True, keep=False)
    return None
