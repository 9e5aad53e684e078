"""A member's message to the control bot as Content: everything a member may send, with the control bot's file_ids."""

from __future__ import annotations

from collections.abc import Sequence

from aiogram.enums import ContentType
from aiogram.types import Animation, Audio, Document, Message, PhotoSize, Sticker, Video, VideoNote, Voice

from adapters.base import Attachment, AttachmentKind, ContactCard, Content, Location
from handlers.chat.marked import spans
from handlers.chat.render import kind_name
from services.access import Refusal
from services.conversations import Typed
from services.texts import N_

DOWNLOAD_LIMIT = 20 * 1024 * 1024
"""Bytes of a file that Telegram hands to bots (Bot API, "getFile")."""

ANSWERS = frozenset({
    ContentType.TEXT, ContentType.PHOTO, ContentType.LIVE_PHOTO, ContentType.VIDEO, ContentType.ANIMATION,
    ContentType.VOICE, ContentType.AUDIO, ContentType.VIDEO_NOTE, ContentType.DOCUMENT, ContentType.STICKER,
    ContentType.LOCATION, ContentType.VENUE, ContentType.CONTACT,
})  # fmt: skip
"""What can be an answer to a customer."""
NO_ANSWERS = frozenset({
    ContentType.POLL, ContentType.DICE, ContentType.GAME, ContentType.STORY, ContentType.CHECKLIST,
    ContentType.PAID_MEDIA, ContentType.INVOICE, ContentType.GIVEAWAY, ContentType.GIVEAWAY_WINNERS,
    ContentType.GIFT, ContentType.UNIQUE_GIFT, ContentType.RICH_MESSAGE, ContentType.UNKNOWN,
})  # fmt: skip
"""What a person may send and no other messenger would understand."""

TOO_LARGE = N_("The file is over 20 MB, the most that Telegram hands to bots. Send a link to it instead.")
UNSUITABLE = N_("{what}: this cannot be passed on to a customer. Send text, media, a location or a contact.")

Medium = Animation | Audio | Document | PhotoSize | Sticker | Video | VideoNote | Voice


def typed_of(message: Message, control_bot_id: int) -> Typed:
    """What the services need of a typed message. Raises Refusal for what cannot be carried."""
    return Typed(
        origin=f"{control_bot_id}:{message.chat.id}:{message.message_id}",
        telegram_id=message.message_id,
        content=content_of(message),
        album=message.media_group_id and f"{control_bot_id}:{message.chat.id}:{message.media_group_id}",
        reply_to=message.reply_to_message.message_id if message.reply_to_message else None,
    )


def content_of(message: Message) -> Content:
    """The content of a message. Raises Refusal for kinds that have no counterpart and files that cannot be fetched."""
    if message.content_type in NO_ANSWERS:
        raise Refusal(UNSUITABLE, what=kind_name(message.content_type))
    text = message.text or message.caption or ""
    return Content(
        text=text,
        spans=spans(text, message.entities if message.text else message.caption_entities),
        attachments=_attachments(message),
        location=_location(message),
        contact=_contact(message),
    )


def _attachments(message: Message) -> tuple[Attachment, ...]:
    found = _medium(message)
    if found is None:
        return ()
    kind, medium = found
    if (medium.file_size or 0) > DOWNLOAD_LIMIT:
        raise Refusal(TOO_LARGE)
    width, height = _size(medium)
    attachment = Attachment(
        kind=kind,
        handle=medium.file_id,
        unique=medium.file_unique_id,
        name=getattr(medium, "file_name", None),
        mime=_mime(medium),
        size=medium.file_size,
        width=width,
        height=height,
        duration=_seconds(medium),
        emoji=medium.emoji if isinstance(medium, Sticker) else None,
        spoiler=message.has_media_spoiler or None,
    )
    return (attachment,)


def _medium(message: Message) -> tuple[AttachmentKind, Medium] | None:
    """The first that is there counts: an animation comes with a document too."""
    photo = message.photo or (message.live_photo.photo if message.live_photo else None)
    candidates: tuple[tuple[AttachmentKind, Medium | None], ...] = (
        (AttachmentKind.ANIMATION, message.animation),
        (AttachmentKind.STICKER, message.sticker),
        (AttachmentKind.VIDEO, _fitting(message.video)),
        (AttachmentKind.VIDEO_NOTE, message.video_note),
        (AttachmentKind.VOICE, message.voice),
        (AttachmentKind.AUDIO, message.audio),
        (AttachmentKind.FILE, message.document),
        (AttachmentKind.PHOTO, _largest(photo)),
    )
    return next(((kind, medium) for kind, medium in candidates if medium is not None), None)


def _largest(sizes: Sequence[PhotoSize] | None) -> PhotoSize | None:
    return max(sizes, key=lambda size: size.width * size.height, default=None) if sizes else None


def _fitting(video: Video | None) -> Video | None:
    """The video, in its best quality that bots may download where it alone is too large."""
    if video is None or (video.file_size or 0) <= DOWNLOAD_LIMIT:
        return video
    fitting = [one for one in video.qualities or () if 0 < (one.file_size or 0) <= DOWNLOAD_LIMIT]
    if not fitting:
        return video
    best = max(fitting, key=lambda one: one.height)
    size = {"file_id": best.file_id, "file_size": best.file_size, "width": best.width, "height": best.height}
    return video.model_copy(update=size)


def _mime(medium: Medium) -> str | None:
    match medium:
        case PhotoSize():
            return "image/jpeg"
        case Sticker():
            if medium.is_animated:
                return "application/x-tgsticker"
            return "video/webm" if medium.is_video else "image/webp"
        case VideoNote():
            return "video/mp4"
        case Voice():
            return medium.mime_type or "audio/ogg"
    return medium.mime_type


def _size(medium: Medium) -> tuple[int | None, int | None]:
    match medium:
        case Animation() | PhotoSize() | Sticker() | Video():
            return medium.width, medium.height
        case VideoNote():
            return medium.length, medium.length
    return None, None


def _seconds(medium: Medium) -> int | None:
    duration = getattr(medium, "duration", None)
    return None if duration is None else int(duration)


def _location(message: Message) -> Location | None:
    if message.venue is not None:
        place = message.venue.location
        return Location(place.latitude, place.longitude, message.venue.title, message.venue.address)
    if message.location is None:
        return None
    place = message.location
    return Location(place.latitude, place.longitude, live=place.live_period)


def _contact(message: Message) -> ContactCard | None:
    card = message.contact
    if card is None:
        return None
    name = " ".join(part for part in (card.first_name, card.last_name) if part)
    return ContactCard(name or card.phone_number, card.phone_number)
