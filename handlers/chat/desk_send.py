"""Sends the posts of a view into one chat: uploads once, takes the next best form of what Telegram refuses.

A view of several posts is shown whole or not at all, as far as that can be had: a short wait is waited out between
them, and what stands there already is taken back before an error is passed on.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from aiogram import methods
from aiogram.types import (
    FSInputFile,
    InlineKeyboardMarkup,
    InputMediaAudio,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
    Message,
    ReplyParameters,
)

from adapters.base import (
    Attachment,
    AttachmentKind,
    ContactCard,
    Location,
    PlatformError,
    Rejected,
    Temporary,
    Throttled,
)
from handlers.chat.desk_media import Item, Post, degraded
from handlers.chat.marked import NOTHING, Marked, captioned, joined, plain, said
from handlers.chat.render import unshown, untaken
from handlers.chat.session import DeskBot
from handlers.chat.telegram_errors import mapped
from services.ports import Shown, Standing

log = structlog.get_logger(__name__)

PATIENCE = 20.0
"""Seconds waited in all for the further posts of a view; longer ones begin anew later."""

_METHODS: dict[AttachmentKind, tuple[type[methods.TelegramMethod[Message]], str]] = {
    AttachmentKind.PHOTO: (methods.SendPhoto, "photo"),
    AttachmentKind.VIDEO: (methods.SendVideo, "video"),
    AttachmentKind.VIDEO_NOTE: (methods.SendVideoNote, "video_note"),
    AttachmentKind.VOICE: (methods.SendVoice, "voice"),
    AttachmentKind.AUDIO: (methods.SendAudio, "audio"),
    AttachmentKind.FILE: (methods.SendDocument, "document"),
    AttachmentKind.ANIMATION: (methods.SendAnimation, "animation"),
    AttachmentKind.STICKER: (methods.SendSticker, "sticker"),
}
_ALBUM: dict[AttachmentKind, type[Any]] = {
    AttachmentKind.PHOTO: InputMediaPhoto,
    AttachmentKind.VIDEO: InputMediaVideo,
    AttachmentKind.AUDIO: InputMediaAudio,
    AttachmentKind.FILE: InputMediaDocument,
}
_BARE = frozenset({"chat_id", "disable_notification"})
_SIZED = frozenset({AttachmentKind.VIDEO, AttachmentKind.ANIMATION})
_TIMED = _SIZED | {AttachmentKind.VOICE, AttachmentKind.AUDIO}
_HIDDEN = _SIZED | {AttachmentKind.PHOTO}
_SPEECHLESS = frozenset({AttachmentKind.STICKER, AttachmentKind.VIDEO_NOTE})
_EXTENSIONS = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "application/x-tgsticker": "tgs",
    "video/webm": "webm", "video/mp4": "mp4", "audio/ogg": "ogg", "audio/mpeg": "mp3", "audio/mp4": "m4a",
    "application/pdf": "pdf", "image/gif": "gif",
}  # fmt: skip
_UNFIT = re.compile(r"[\x00-\x1f\x7f/\\\"]")


@dataclass(slots=True)
class Sender:
    """One view on its way into one chat."""

    bot: DeskBot
    chat_id: int
    buttons: InlineKeyboardMarkup | None = None
    silent: bool = False
    preview: bool = False
    shown: list[Standing] = field(default_factory=list)
    uploaded: dict[int, str] = field(default_factory=dict)
    _waited: float = 0.0

    async def send(self, posts: Sequence[Post], reply_to: int | None = None) -> Shown:
        """Send the posts in order; later ones reply to the first. Raises `adapters.errors`."""
        waiting = deque(posts)
        try:
            while waiting:
                instead = await self._patiently(
                    waiting.popleft(), self.shown[0].telegram_id if self.shown else reply_to
                )
                waiting.extendleft(reversed(instead))
        except PlatformError:
            await self._take_back()
            raise
        return Shown(tuple(self.shown), dict(self.uploaded))

    async def _patiently(self, post: Post, reply_to: int | None) -> Sequence[Post]:
        while True:
            try:
                return await self._show(post, reply_to)
            except (Throttled, Temporary) as error:
                wait = error.retry_after or 1.0
                if not self.shown or self._waited + wait > PATIENCE:
                    raise
                self._waited += wait
                await asyncio.sleep(wait)

    async def _take_back(self) -> None:
        """Everything will be shown anew: what stands there already would be seen twice."""
        if self.shown:
            try:
                with mapped():
                    await self.bot.delete_messages(self.chat_id, [one.telegram_id for one in self.shown])
            except PlatformError:
                pass

    async def _show(self, post: Post, reply_to: int | None) -> Sequence[Post]:
        """Send a post; returns what to send instead where Telegram does not take its media."""
        around = self._around(post, reply_to)
        if len(post.items) > 1:
            return await self._or_instead(self._album(post, around), _instead_of_album(post))
        if post.items:
            return await self._or_instead(self._single(post, around), _instead_of_single(post))
        if (post.location or post.contact) and not post.text:
            return await self._or_instead(
                self._shared(post, around), [replace(post, text=untaken(post.location, post.contact))]
            )
        await self._text(post, around)
        return ()

    async def _shared(self, post: Post, around: dict[str, Any]) -> None:
        if post.location:
            method = _place(post.location, around)
        else:
            card = post.contact or ContactCard("", "")
            method = methods.SendContact(phone_number=card.phone, first_name=card.name or card.phone, **around)
        self._stands(post, (await self._call(method)).message_id)

    async def _or_instead(self, sending: Awaitable[None], instead: Sequence[Post]) -> Sequence[Post]:
        try:
            await sending
        except Rejected:
            return instead
        return ()

    def _around(self, post: Post, reply_to: int | None) -> dict[str, Any]:
        """What every send method takes."""
        around: dict[str, Any] = {"chat_id": self.chat_id, "disable_notification": self.silent or bool(self.shown)}
        if reply_to is not None:
            around["reply_parameters"] = ReplyParameters(message_id=reply_to, allow_sending_without_reply=True)
        if post.buttons and self.buttons is not None:
            around["reply_markup"] = self.buttons
        return around

    async def _text(self, post: Post, around: dict[str, Any]) -> None:
        self._stands(post, await say_in_some_form(self.bot, post.text, around, preview=self.preview))

    async def _single(self, post: Post, around: dict[str, Any]) -> None:
        item = post.items[0]
        method, name = _METHODS[item.medium.kind]
        params = around | {name: _source(item)} | _details(item.medium)
        if post.text and item.medium.kind not in _SPEECHLESS:
            params |= captioned(post.text)
        message = await self._call(method(**params))
        self._keep(item, message)
        shows = replace(post, message_id=post.message_id if post.buttons else item.message_id)
        self._stands(shows, message.message_id, item)

    async def _album(self, post: Post, around: dict[str, Any]) -> None:
        media = [
            _ALBUM[item.medium.kind](
                media=_source(item), **_details(item.medium), **(captioned(post.text) if place == 0 else {})
            )
            for place, item in enumerate(post.items)
        ]
        messages = await self._call(methods.SendMediaGroup(media=media, **around))
        for place, (item, message) in enumerate(zip(post.items, messages, strict=False)):
            self._keep(item, message)
            words = post.words if place == 0 else None
            self._stands(replace(post, message_id=item.message_id, words=words), message.message_id, item)

    def _stands(self, post: Post, number: int, item: Item | None = None) -> None:
        self.shown.append(Standing(
            number, post.message_id, words=post.words, caption=item is not None and post.words is not None,
            keys=post.buttons, file_id=item.medium.file_id if item is not None else None, refused=post.refused,
            place=post.location, contact=post.contact,
        ))  # fmt: skip

    def _keep(self, item: Item, message: Message) -> None:
        """Remember the file_id of what was uploaded."""
        number = item.medium.file_id
        if number is not None and item.keep and (item.upload or not item.medium.cached):
            handle = file_id(message)
            if handle is not None:
                self.uploaded[number] = handle

    async def _call(self, method: methods.TelegramMethod[Any]) -> Any:
        with mapped():
            return await self.bot(method)


async def say_in_some_form(bot: DeskBot, text: Marked, around: dict[str, Any], *, preview: bool = False) -> int:
    """Send a text: where Telegram does not take it so without markup, then without what hangs on it. Words must arrive.

    around: what else sendMessage takes. Returns the number of its message.
    """
    bare = {name: value for name, value in around.items() if name in _BARE}
    for form in (text, plain(text.text)):
        try:
            return await bot.say(methods.SendMessage(**said(form, preview=preview), **around))
        except Rejected as error:
            log.warning("a text is tried in a plainer form", error=str(error))
    return await bot.say(methods.SendMessage(**said(plain(text.text), preview=preview), **bare))


def file_id(message: Message) -> str | None:
    """The handle of a message's medium; Telegram may have made another kind of it than was asked for."""
    if message.photo:
        return message.photo[-1].file_id
    media = (
        message.animation, message.video, message.video_note, message.voice, message.audio, message.document,
        message.sticker,
    )  # fmt: skip
    return next((medium.file_id for medium in media if medium is not None), None)


def _instead_of_album(post: Post) -> list[Post]:
    """The album by its bytes; else its parts one by one, so that a bad one does not take the others along."""
    if any(_by_bytes(item) != item for item in post.items if item.medium.cached):
        return [replace(post, items=tuple(map(_by_bytes, post.items)))]
    return [
        replace(post, items=(item,)) if place == 0 else replace(post, items=(item,), text=NOTHING, words=None)
        for place, item in enumerate(post.items)
    ]


def _instead_of_single(post: Post) -> list[Post]:
    """The medium in its next best form; in the end a line that names it."""
    item = post.items[0]
    better = degraded(item)
    if better is not None:
        return [replace(post, items=(better,))]
    refused = () if item.medium.file_id is None else (item.medium.file_id,)
    told = replace(post, text=joined("\n", [post.text, unshown(item.medium)]), items=(), refused=refused)
    return [told if post.buttons else replace(told, message_id=item.message_id)]


def _by_bytes(item: Item) -> Item:
    return replace(item, upload=True) if item.medium.path is not None else item


def _source(item: Item) -> str | FSInputFile:
    medium = item.medium
    if medium.cached and not item.upload:
        return medium.cached
    if medium.path is None:
        raise Rejected("the file is not stored any more")
    return FSInputFile(medium.path, filename=_file_name(medium))


def _file_name(medium: Attachment) -> str:
    """A name that a form can carry; Telegram tells the kind of an upload by its extension too."""
    if name := _UNFIT.sub("_", medium.name or ""):
        return name
    extension = _EXTENSIONS.get((medium.mime or "").split(";")[0], "bin")
    return f"{medium.kind.value}.{extension}"


def _details(medium: Attachment) -> dict[str, Any]:
    kind, details = medium.kind, dict[str, Any]()
    if kind in _TIMED and medium.duration:
        details["duration"] = medium.duration
    if kind in _SIZED and medium.width and medium.height:
        details |= {"width": medium.width, "height": medium.height}
    if kind in _HIDDEN and medium.spoiler:
        details["has_spoiler"] = True
    if kind is AttachmentKind.VIDEO:
        details["supports_streaming"] = True
    return details


def _place(place: Location, around: dict[str, Any]) -> methods.TelegramMethod[Message]:
    where: dict[str, Any] = {"latitude": place.latitude, "longitude": place.longitude} | around
    if not place.title:
        return methods.SendLocation(live_period=place.live, **where)
    return methods.SendVenue(title=place.title, address=place.address or place.title, **where)
