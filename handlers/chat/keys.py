"""Keys pasted into the chat: the message goes at once, whatever becomes of it; nothing of it is left behind."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

import structlog
from aiogram.types import Message

from adapters.base import Adapter, Credentials
from adapters.errors import NotFound, PlatformError
from handlers.chat.session import DeskBot
from handlers.chat.windows import say
from services import pasting
from services.access import Refusal
from services.pasting import Asked, NotThere
from services.texts import N_, _

T = TypeVar("T")
log = structlog.get_logger(__name__)

BROKE = N_("Something went wrong, and nothing was changed. Paste the key again.")


async def pasted(message: Message, bot: DeskBot, adapter: Adapter, given: str | None) -> Asked | Credentials:
    """What a message put into the form. Raises Refusal, saying what is waited for, where it holds nothing for it."""
    field = pasting.asked(adapter, given).field
    text = message.text or message.caption or ""
    if not text:
        raise Refusal(pasting.WAITING, label=_(field.label))
    if pasting.secret_in(field, text):
        await forget(message, bot)
    try:
        return pasting.take(adapter, given, text)
    except NotThere as error:
        raise Refusal(error.message, label=_(field.label), hint=_(field.hint)) from None


async def forget(message: Message, bot: DeskBot) -> None:
    """Delete the message; where that cannot be done, ask for it."""
    try:
        await bot.delete_message(chat_id=message.chat.id, message_id=message.message_id)
    except NotFound:
        return
    except PlatformError as error:
        log.warning("a message with a key could not be deleted", error=str(error))
        await say(bot, message.chat.id, _("I could not delete the message with the key. Please delete it yourself."))


async def with_key(work: Awaitable[T]) -> T:
    """Work that was caused by a message with a key. Should it break, the update must not stay in the journal for a
    later look, as others do: it is settled with a line, and the log has the fault."""
    try:
        return await work
    except (Refusal, PlatformError):
        raise
    except Exception:
        log.exception("a pasted key could not be worked with")
        raise Refusal(BROKE) from None
