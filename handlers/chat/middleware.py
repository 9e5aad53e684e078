"""Around every update: only personal chats, only known people, in their language; and the answer to what goes wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from aiogram import BaseMiddleware, Bot
from aiogram.enums import ChatType
from aiogram.types import Chat, TelegramObject, Update, User

from handlers.chat import dialogs, errors, groups
from handlers.chat.context import Services
from handlers.chat.session import DeskBot, known
from handlers.chat.strangers import Strangers
from handlers.chat.who import who_of
from services.accounts import Visitor
from services.texts import _, use_locale

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class Reception(BaseMiddleware):
    """Gives handlers `services`, `visitor` (what Telegram says of the person) and `who` (a known person).

    Raises `strangers.Later` for what is beyond the share of somebody who is in no project.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._strangers = Strangers()

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        user: User | None = data.get("event_from_user")
        chat: Chat | None = data.get("event_chat")
        bot: DeskBot = data["bot"]
        assert isinstance(event, Update)
        if user is None or chat is None:
            return await handler(event, data)
        if user.id == bot.id:
            return await dialogs.tidy_pin(bot, event)
        if user.is_bot:
            # Bots may write to bots: one that is answered answers, and neither is a person to register.
            return None
        visitor = visitor_of(user, self._services.locale)
        if chat.type != ChatType.PRIVATE:
            with use_locale(visitor.locale):
                return await groups.leave(bot, event, chat)
        data["services"], data["visitor"] = self._services, visitor
        try:
            person = await self._services.accounts.recognise(bot.control_bot_id, user.id)
        except Exception as error:
            with use_locale(visitor.locale):
                return await errors.answer(error, event, data)
        if person is not None and person.project_id is not None:
            known()
            share: AbstractContextManager[None] = nullcontext()
        else:
            share = nullcontext() if event.my_chat_member is not None else self._strangers.admitted(user.id)
        with share, use_locale(visitor.locale if person is None else person.language):
            try:
                if person is None and not _open_to_strangers(event):
                    return await _refuse(bot, event)
                if data.get("unread"):
                    return await errors.unread(bot, event)
                data["who"] = None if person is None else who_of(person)
                return await handler(event, data)
            except Exception as error:
                return await errors.answer(error, event, data)


def visitor_of(user: User, locale: str) -> Visitor:
    return Visitor(user.id, user.full_name, user.username, user.language_code or locale)


def _open_to_strangers(update: Update) -> bool:
    """/start makes them known; blocking and coming back is no use of the bot."""
    if update.my_chat_member is not None:
        return True
    text = update.message.text if update.message is not None else None
    return text is not None and text.split(maxsplit=1)[:1] == ["/start"]


async def _refuse(bot: Bot, update: Update) -> None:
    await errors.tell(bot, update, _("We have not met yet. Press /start"))
