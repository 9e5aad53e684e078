"""Members' chats through aiogram: the port `services.ports.Desk`. What is shown stands in `render` and `notices`."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
from aiogram import Bot
from aiogram.types import InlineKeyboardMarkup, ReactionTypeEmoji, ReplyKeyboardRemove, ReplyParameters

from adapters.base import NotFound, PlatformError, Rejected, Scope, Temporary, Throttled
from adapters.http import describe
from handlers.chat import desk_media, digests, notices, render
from handlers.chat.buttons import card_buttons, copy_buttons, dialog_keyboard
from handlers.chat.desk_change import Change
from handlers.chat.desk_send import Sender, say_in_some_form
from handlers.chat.marked import captioned, plain, said
from handlers.chat.session import DeskBot
from handlers.chat.telegram_errors import NotModified, mapped
from services.ports import CardView, CopyView, DigestView, InquiryView, Notice, Seat, Shown, Standing, Tick
from services.texts import _, use_locale

TICKS = {Tick.QUEUED: "✍", Tick.SENT: "👌", Tick.SEEN: "👀", Tick.REFUSED: "👎"}
DELETE_BATCH = 100
"""Ids in one deleteMessages (Bot API)."""
SHORT_WAIT = 3.0
CROWD = 2.0
"""Seconds within which a second chat's 429 means that the whole bot is too fast."""


class AiogramDesk:
    """Implements `Desk`. `bot` gives the Bot of a control_bots row."""

    def __init__(self, bot: Callable[[int], DeskBot]) -> None:
        self._bot = bot
        self._throttled: dict[int, tuple[int, float]] = {}

    async def show_card(self, seat: Seat, view: CardView) -> Shown:
        view = _checked_card(view)
        with self._speaking(seat):
            beginning = render.card_within(seat, view, render.BEGINNING)
            posts = desk_media.card_posts(
                view.first, render.card(seat, view), beginning, render.messages_body(seat, view.first)
            )
            return await self._sender(seat, card_buttons(view.inquiry, seat.member_id)).send(posts)

    async def update_card(
        self, seat: Seat, standing: Sequence[Standing], view: CardView, *, grows: bool = True, again: bool = False
    ) -> Shown:
        view = replace(view, first=tuple(desk_media.checked(one, standing) for one in view.first))
        with self._speaking(seat):
            change = Change(self._of(seat), seat, standing, card_buttons(view.inquiry, seat.member_id), silent=True)
            return await change.card(view, grows=grows, again=again)

    async def show_copy(self, seat: Seat, view: CopyView, reply_to: int | None = None) -> Shown:
        view = _checked_copy(view)
        with self._speaking(seat):
            posts = desk_media.copy_posts(view.messages, render.copy(seat, view), buttons=view.first)
            sender = self._sender(seat, copy_buttons(view.inquiry), preview=True)
            return await sender.send(posts, reply_to)

    async def update_copy(
        self, seat: Seat, standing: Sequence[Standing], view: CopyView, *, again: bool = False
    ) -> Shown:
        view = replace(view, messages=tuple(desk_media.checked(one, standing) for one in view.messages))
        with self._speaking(seat):
            change = Change(
                self._of(seat), seat, standing, copy_buttons(view.inquiry), silent=seat.silent, preview=True
            )
            return await change.copy(view, again=again)

    async def update_buttons(self, seat: Seat, telegram_id: int, inquiry: InquiryView, *, inside: bool) -> None:
        with self._speaking(seat), contextlib.suppress(NotModified), mapped():
            await self._of(seat).edit_message_reply_markup(
                chat_id=seat.chat_id, message_id=telegram_id, reply_markup=copy_buttons(inquiry, inside=inside)
            )

    async def react(self, seat: Seat, telegram_id: int, emoji: str | None) -> None:
        # Telegram's list has hearts and the like without the variation selector that platforms add.
        bare = emoji.replace("\ufe0f", "") if emoji else None
        reaction = [ReactionTypeEmoji(emoji=bare)] if bare else []
        with self._speaking(seat):
            await self._of(seat).set_message_reaction(seat.chat_id, telegram_id, reaction=list(reaction))

    async def tick(self, seat: Seat, telegram_id: int, tick: Tick) -> None:
        await self.react(seat, telegram_id, TICKS[tick])

    async def tell(self, seat: Seat, notice: Notice, reply_to: int | None = None) -> int:
        with self._speaking(seat):
            text, buttons = notices.worded(seat, notice)
            around: dict[str, Any] = {"chat_id": seat.chat_id, "disable_notification": seat.silent}
            if buttons is not None:
                around["reply_markup"] = buttons
            if reply_to is not None:
                around["reply_parameters"] = _reply(reply_to)
            return await say_in_some_form(self._of(seat), text, around)

    async def show_digest(self, seat: Seat, view: DigestView) -> int:
        with self._speaking(seat):
            text, buttons = digests.worded(seat, view)
            message = await self._of(seat).send_message(
                seat.chat_id, **said(text), reply_markup=buttons, disable_notification=seat.silent
            )
            return message.message_id

    async def update_digest(self, seat: Seat, telegram_id: int, view: DigestView) -> None:
        with self._speaking(seat), contextlib.suppress(NotModified), mapped():
            text, buttons = digests.worded(seat, view)
            await self._of(seat).edit_message_text(
                chat_id=seat.chat_id, message_id=telegram_id, reply_markup=buttons, **said(text)
            )

    async def head(self, seat: Seat, inquiry: InquiryView | None, previous: int | None) -> int | None:
        """A message with a keyboard cannot be edited, so that a change is a new message, pinned instead of the old."""
        with self._speaking(seat):
            bot = self._of(seat)
            if inquiry is None and previous is None:
                return None
            if inquiry is None:
                left = plain(_("You are out of the dialog. What you type goes to nobody now."))
                await bot.send_message(
                    seat.chat_id, **said(left), reply_markup=ReplyKeyboardRemove(), disable_notification=True
                )
                header = None
            else:
                message = await bot.send_message(
                    seat.chat_id, **said(render.header(seat, inquiry)), reply_markup=dialog_keyboard(inquiry),
                    disable_notification=True,
                )  # fmt: skip
                header = message.message_id
                await self._unimportant(
                    lambda: bot.pin_chat_message(seat.chat_id, message.message_id, disable_notification=True)
                )
            if previous is not None:
                await self._put_away(bot, seat.chat_id, previous)
            return header

    async def delete(self, seat: Seat, telegram_ids: tuple[int, ...]) -> None:
        with self._speaking(seat):
            for start in range(0, len(telegram_ids), DELETE_BATCH):
                # Refused where all of them are older than 48 hours: they stay.
                with contextlib.suppress(Rejected, NotFound), mapped():
                    await self._of(seat).delete_messages(seat.chat_id, list(telegram_ids[start : start + DELETE_BATCH]))

    async def outdate(self, seat: Seat, standing: Sequence[Standing]) -> None:
        with self._speaking(seat):
            bot, line = self._of(seat), plain(_("This card is out of date."))
            for row in standing:
                where: dict[str, Any] = {"chat_id": seat.chat_id, "message_id": row.telegram_id}
                if row.words is None and not row.keys:
                    continue
                with contextlib.suppress(Rejected, NotFound, NotModified), mapped():
                    if row.caption:
                        await bot.edit_message_caption(**where, **captioned(line))
                    else:
                        await bot.edit_message_text(**where, **said(line))

    async def fetch(self, control_bot_id: int, handle: str, path: Path, limit: int) -> int:
        bot = self._bot(control_bot_id)
        with mapped():
            file = await bot.get_file(handle)
            if (file.file_size or 0) > limit:
                raise Rejected(f"the file is over {limit} bytes")
            if file.file_path is None:
                raise NotFound("the file is not there any more")
            address = bot.session.api.file_url(bot.token, file.file_path)
            part = path.with_name(f"{path.name}.part")
            try:
                size = await _save(bot, address, part, limit)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
            part.replace(path)
        return size

    def _of(self, seat: Seat) -> DeskBot:
        return self._bot(seat.control_bot_id)

    def _sender(self, seat: Seat, buttons: InlineKeyboardMarkup, *, preview: bool = False) -> Sender:
        return Sender(self._of(seat), seat.chat_id, buttons, silent=seat.silent, preview=preview)

    async def _put_away(self, bot: Bot, chat_id: int, header: int) -> None:
        """Delete a header; one that is older than 48 hours can only be unpinned."""
        if not await self._unimportant(lambda: bot.delete_message(chat_id, header)):
            await self._unimportant(lambda: bot.unpin_chat_message(chat_id, message_id=header))

    async def _unimportant(self, call: Callable[[], Awaitable[object]]) -> bool:
        """A call without which the chat is untidy, not wrong: one short wait, then it is let go. Whether it worked."""
        for wait in (1.0, 0.0):
            try:
                with mapped():
                    await call()
                return True
            except (Throttled, Temporary) as error:
                if not wait or (error.retry_after or wait) > SHORT_WAIT:
                    return False
                await asyncio.sleep(error.retry_after or wait)
            except PlatformError:
                return False
        return False

    @contextlib.contextmanager
    def _speaking(self, seat: Seat) -> Iterator[None]:
        """In the member's language; whatever goes wrong is one of `adapters.errors`."""
        try:
            with use_locale(seat.language), mapped():
                yield
        except Throttled as error:
            raise self._scoped(seat, error) from None

    def _scoped(self, seat: Seat, error: Throttled) -> Throttled:
        """A 429 concerns one chat; two chats refused at the same time mean that the bot as a whole must wait."""
        chat_id, at = self._throttled.get(seat.control_bot_id, (seat.chat_id, 0.0))
        now = time.monotonic()
        self._throttled[seat.control_bot_id] = (seat.chat_id, now)
        crowded = chat_id != seat.chat_id and now - at < CROWD
        return Throttled(error.reason, error.retry_after, Scope.CHANNEL) if crowded else error


def _reply(telegram_id: int) -> ReplyParameters:
    return ReplyParameters(message_id=telegram_id, allow_sending_without_reply=True)


def _checked_card(view: CardView) -> CardView:
    return replace(view, first=tuple(map(desk_media.checked, view.first)))


def _checked_copy(view: CopyView) -> CopyView:
    return replace(view, messages=tuple(map(desk_media.checked, view.messages)))


async def _save(bot: Bot, address: str, path: Path, limit: int) -> int:
    """Write what the address holds into `path`. Reading changes nothing, so that a cut is no reason for doubt."""
    size = 0
    try:
        with path.open("wb") as target:
            async for chunk in bot.session.stream_content(address):
                size += len(chunk)
                if size > limit:
                    raise Rejected(f"the file is over {limit} bytes")
                target.write(chunk)
    except aiohttp.ClientResponseError as error:
        raise (NotFound if error.status == HTTPStatus.NOT_FOUND else Temporary)(f"HTTP {error.status}") from None
    except (TimeoutError, aiohttp.ClientError) as error:
        raise Temporary(describe(error)) from None
    return size
