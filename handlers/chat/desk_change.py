"""Brings a card or copy that stands in a chat up to date, Telegram message by message.

Words are edited piece by piece; pieces for which there is no message, media and places that stand nowhere yet follow
as replies. What a member deleted stays deleted.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aiogram.types import InlineKeyboardMarkup

from adapters.base import ContactCard, Location, NotFound, Rejected
from handlers.chat import desk_media, render
from handlers.chat.desk_media import Post
from handlers.chat.desk_send import Sender
from handlers.chat.marked import CAPTION_LIMIT, TEXT_LIMIT, Marked, captioned, plain, said
from handlers.chat.session import DeskBot
from handlers.chat.telegram_errors import NoCaption, NoText, NotModified, mapped
from services.ports import CardView, CopyView, MessageView, Seat, Shown, Standing

NOTHING_HERE = "…"
"""What is left of a piece of words that is not needed any more and too old to be deleted."""


@dataclass(slots=True)
class Change:
    """One card or copy that stands in a seat's chat, on its way to what its view says now."""

    bot: DeskBot
    seat: Seat
    standing: Sequence[Standing]
    buttons: InlineKeyboardMarkup
    silent: bool = False
    preview: bool = False
    _changed: dict[int, Standing] = field(default_factory=dict)
    _gone: list[int] = field(default_factory=list)

    async def copy(self, view: CopyView, *, again: bool) -> Shown:
        """See `Desk.update_copy`."""
        rows = self._words()
        if rows[0].caption is None:
            with contextlib.suppress(NotFound):
                under_media = bool(desk_media.shown_items(view.messages))
                await self._before(rows[0], render.copy(self.seat, view), under_media)
            return self._shown(Shown())
        media = desk_media.further(view.messages, self.standing)
        pieces = self._pieces(view, rows[0])
        if again and (media or len(pieces) > len(rows)):
            view = replace(view, suspect=True)
            pieces = self._pieces(view, rows[0])
        posts = await self._say(rows, pieces, view.messages[0].id)
        # A phone's notice shows a medium without what it replies to.
        heading = render.heading(self.seat, view)
        posts += [*(replace(one, text=heading) for one in media), *(await self._share(view.messages))]
        if posts and not media and rows[0].telegram_id in self._gone:
            posts.insert(0, Post(heading, message_id=view.messages[0].id))
        return await self._follow(posts, rows[0], quiet=not media)

    def _pieces(self, view: CopyView, head: Standing) -> list[Marked]:
        return render.copy(self.seat, view).pieces(first=CAPTION_LIMIT if head.caption else None)

    async def card(self, view: CardView, *, grows: bool, again: bool) -> Shown:
        """See `Desk.update_card`."""
        card = next(one for one in self.standing if one.keys)
        if card.caption is None:
            await self._before(card, render.card(self.seat, view), bool(desk_media.shown_items(view.first)))
            return self._shown(Shown())
        body = [one for one in self._words() if one is not card]
        media = desk_media.further(view.first, self.standing) if grows else []
        view = replace(view, suspect=view.suspect or (again and bool(media)))
        limit = CAPTION_LIMIT if card.caption else TEXT_LIMIT
        apart = bool(body) or (grows and render.card(self.seat, view).units > limit)
        posts = await self._head(card, render.card_within(self.seat, view, render.BEGINNING if apart else limit))
        if view.first:
            words = render.messages_body(self.seat, view.first).pieces() if apart else []
            posts += await self._say(body, words, view.first[0].id, grows=grows)
            posts += [*media, *(await self._share(view.first) if grows else [])]
        return await self._follow(posts, card, quiet=True)

    async def _head(self, card: Standing, text: Marked) -> list[Post]:
        """The card itself; a new one follows where Telegram does not take the edit."""
        try:
            await self._edit(card, text, self.buttons)
        except NotFound:
            raise
        except Rejected:
            return [await self._instead(card, text, keys=True)]
        return []

    def _words(self) -> list[Standing]:
        return sorted((one for one in self.standing if one.words is not None), key=lambda one: one.words or 0)

    async def _before(self, head: Standing, text: Marked, under_media: bool) -> Shown:
        """Of what was shown before it was written down what stands where, the first message alone changes."""
        buttons = self.buttons if head.keys else None
        for caption in (under_media, not under_media):
            with contextlib.suppress(NoText, NoCaption):
                limit = CAPTION_LIMIT if caption else TEXT_LIMIT
                await self._edit(replace(head, caption=caption), text.begun(limit), buttons)
                break
        return self._shown(Shown())

    async def _say(
        self, rows: Sequence[Standing], pieces: Sequence[Marked], message_id: int, *, grows: bool = True
    ) -> list[Post]:
        """Edit the pieces that stand; returns those that are to follow."""
        posts: list[Post] = []
        keyed = next((number for number, row in enumerate(rows) if row.keys), None)
        at = None if keyed is None else min(keyed, len(pieces) - 1)
        for number, row in enumerate(rows):
            if number >= len(pieces):
                await self._take_away(row)
                continue
            try:
                await self._keep(row, pieces[number], keys=number == at)
            except NotFound:
                self._gone.append(row.telegram_id)
                if number == 0:
                    return []
            except Rejected:
                posts.append(await self._instead(row, pieces[number], keys=number == at))
        if grows:
            posts += [
                Post(piece, number, message_id=message_id) for number, piece in enumerate(pieces) if number >= len(rows)
            ]
        return posts

    async def _keep(self, row: Standing, text: Marked, *, keys: bool) -> None:
        await self._edit(row, text, self.buttons if keys else None)
        if keys != row.keys:
            self._now(row, keys=keys)

    async def _instead(self, row: Standing, text: Marked, *, keys: bool) -> Post:
        """Telegram does not take the edit: the words follow, and what stands there goes where that can be."""
        if row.file_id is None:
            await self._take_away(row)
        else:
            self._now(row, words=None, keys=False)
        return Post(text, row.words, message_id=row.message_id, buttons=keys)

    def _now(self, row: Standing, **what: Any) -> None:
        known = self._changed.get(row.telegram_id, row)
        self._changed[row.telegram_id] = replace(known, **what)

    async def _edit(self, row: Standing, text: Marked, buttons: InlineKeyboardMarkup | None) -> None:
        try:
            await self._edit_as(row, text, buttons)
        except (NotFound, NoText, NoCaption):
            raise
        except Rejected:
            if not text.spans:
                raise
            # Whatever Telegram holds against the markup, the words must arrive.
            await self._edit_as(row, plain(text.text), buttons)

    async def _edit_as(self, row: Standing, text: Marked, buttons: InlineKeyboardMarkup | None) -> None:
        where: dict[str, Any] = {"chat_id": self.seat.chat_id, "message_id": row.telegram_id, "reply_markup": buttons}
        with contextlib.suppress(NotModified), mapped():
            if row.caption:
                await self.bot.edit_message_caption(**where, **captioned(text))
            else:
                await self.bot.edit_message_text(**where, **said(text, preview=self.preview))

    async def _take_away(self, row: Standing) -> None:
        """Delete a message; one that is older than 48 hours is emptied."""
        try:
            with mapped():
                await self.bot.delete_message(self.seat.chat_id, row.telegram_id)
        except NotFound:
            pass
        except Rejected:
            with contextlib.suppress(Rejected, NotFound):
                if row.words is not None:
                    await self._edit(row, plain(NOTHING_HERE), None)
            self._now(row, words=None, keys=False, place=None, contact=None)
            return
        self._gone.append(row.telegram_id)

    # Places and contacts

    async def _share(self, messages: Sequence[MessageView]) -> list[Post]:
        """Move the places that can be moved; returns those, and the contacts, that are to follow."""
        posts: list[Post] = []
        for message in messages:
            place = next((one for one in self.standing if one.place and one.message_id == message.id), None)
            card = next((one for one in self.standing if one.contact and one.message_id == message.id), None)
            if await self._put(place, message.content.location):
                posts.append(Post(location=message.content.location, message_id=message.id))
            if await self._put(card, message.content.contact):
                posts.append(Post(contact=message.content.contact, message_id=message.id))
        return posts

    async def _put(self, row: Standing | None, what: Location | ContactCard | None) -> bool:
        """Whether what is shared now has to follow; what stands there and is not shared any more goes."""
        if row is None:
            return what is not None
        if what == (row.place or row.contact):
            return False
        if isinstance(what, Location) and row.place and row.place.live and await self._move(row, what):
            return False
        await self._take_away(row)
        return what is not None

    async def _move(self, row: Standing, place: Location) -> bool:
        """Move a live location; False where Telegram does not let it be moved any more."""
        where: dict[str, Any] = {"chat_id": self.seat.chat_id, "message_id": row.telegram_id}
        try:
            with contextlib.suppress(NotModified), mapped():
                await self.bot.edit_message_live_location(latitude=place.latitude, longitude=place.longitude, **where)
            if not place.live:
                with contextlib.suppress(NotModified), mapped():
                    await self.bot.stop_message_live_location(**where)
        except Rejected:
            return False
        except NotFound:
            self._gone.append(row.telegram_id)
            return True
        self._now(row, place=place)
        return True

    async def _follow(self, posts: Sequence[Post], head: Standing, *, quiet: bool) -> Shown:
        if not posts:
            return self._shown(Shown())
        sender = Sender(self.bot, self.seat.chat_id, self.buttons, silent=self.silent or quiet, preview=self.preview)
        return self._shown(await sender.send(posts, head.telegram_id))

    def _shown(self, added: Shown) -> Shown:
        gone = tuple(self._gone)
        changed = tuple(one for number, one in self._changed.items() if number not in gone)
        return replace(added, changed=changed, gone=gone)
