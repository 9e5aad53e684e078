"""Chats that the control bot does not work in, and people who close theirs."""

from __future__ import annotations

import structlog
from aiogram import Bot, Router
from aiogram.enums import ChatMemberStatus
from aiogram.types import Chat, ChatMemberUpdated, Update

from adapters.errors import Refused
from handlers.chat.context import Services
from handlers.chat.session import DeskBot
from services.texts import _

log = structlog.get_logger(__name__)
router = Router(name="groups")

_OUTSIDE = (ChatMemberStatus.LEFT, ChatMemberStatus.KICKED)


async def leave(bot: Bot, update: Update, chat: Chat) -> None:
    """Say once, on being added, that Pult works in personal chats only, and leave."""
    change = update.my_chat_member
    if change is not None and change.new_chat_member.status in _OUTSIDE:
        return
    try:
        if change is not None:
            await bot.send_message(chat.id, _("I work in personal chats only. Write to me there."))
        await bot.leave_chat(chat.id)
    except Refused as error:
        log.info("a group could not be left", chat=chat.id, error=str(error))


@router.my_chat_member()
async def membership(change: ChatMemberUpdated, bot: DeskBot, services: Services) -> None:
    """The person blocked the control bot, or let it in again."""
    if change.new_chat_member.status == ChatMemberStatus.KICKED:
        await services.conversations.blocked(bot.control_bot_id, change.from_user.id)
    else:
        await services.conversations.unblocked(bot.control_bot_id, change.from_user.id)
