"""What a person is told when an update cannot be handled: a refusal, a button out of date, or that something broke."""

from __future__ import annotations

from typing import Any

import structlog
from aiogram import Bot
from aiogram.types import CallbackQuery, Message, ReplyParameters, Update
from aiogram_dialog.api.exceptions import DialogsError, OutdatedIntent, UnknownIntent

from adapters.errors import PlatformError, Refused
from handlers.chat.storage import Forgetting
from services.access import Refusal
from services.control import passing
from services.driving import out_of_reach
from services.texts import N_, _, filled

log = structlog.get_logger(__name__)

ALERT_LIMIT = 200
"""Characters of a callback's answer (Bot API, answerCallbackQuery)."""

UNREAD = {
    "message": N_("This message could not be read in full, so it has not been sent to anybody. Send it another way."),
    "edited_message": N_("This edit could not be read: at the customer's side nothing has changed."),
    "callback_query": N_("This press could not be read. Open the menu anew: /menu"),
}


class Again(Exception):
    """What stood in the way is gone: the same update is to be handled once more."""


async def answer(error: Exception, update: Update, data: dict[str, Any]) -> None:
    """Tell the person. Raises what the journal must know of; returns where the update is settled by the answer."""
    bot: Bot = data["bot"]
    match error:
        case Refusal():
            await tell(bot, update, filled(error.message, error.params))
        case OutdatedIntent() | UnknownIntent() if update.callback_query is not None:
            await _out_of_date(bot, update.callback_query)
        case DialogsError():
            await _start_over(bot, update, data)
        case Refused():
            log.warning("an answer to an update was refused", error=str(error), update=update.update_id)
        case _:
            if not out_of_reach(error) and (data.get("last_try", True) or not passing(error)):
                await _broken(bot, update)
            raise error


async def tell(bot: Bot, update: Update, text: str) -> None:
    """Say it where the person is looking: over the button that was pressed, or under the message."""
    if update.callback_query is not None:
        await alert(bot, update.callback_query, text)
    elif (message := update.message or update.edited_message) is not None:
        # The text may hold names that people chose, and is no markup.
        await bot.send_message(
            message.chat.id, text, parse_mode=None, message_thread_id=thread_of(message),
            reply_parameters=ReplyParameters(message_id=message.message_id, allow_sending_without_reply=True),
        )  # fmt: skip


async def unread(bot: Bot, update: Update) -> None:
    """Say that what was sent or pressed could not be read, and what became of it."""
    await tell(bot, update, _(UNREAD[update.event_type]))


async def alert(bot: Bot, press: CallbackQuery, text: str) -> None:
    """Answer a press with a text that stays until it is read; one that does not fit there stands in the chat."""
    if len(text) > ALERT_LIMIT and press.message is not None:
        await bot.answer_callback_query(press.id)
        await bot.send_message(press.message.chat.id, text, parse_mode=None)
        return
    await bot.answer_callback_query(press.id, text[:ALERT_LIMIT], show_alert=True)


def thread_of(message: Message) -> int | None:
    return message.message_thread_id if message.is_topic_message else None


async def _out_of_date(bot: Bot, press: CallbackQuery) -> None:
    await alert(bot, press, _("This menu is out of date. Open a new one: /menu"))
    if isinstance(press.message, Message):
        try:
            await bot.edit_message_reply_markup(chat_id=press.message.chat.id, message_id=press.message.message_id)
        except PlatformError as error:
            log.info("an old menu kept its buttons", error=str(error))


async def _start_over(bot: Bot, update: Update, data: dict[str, Any]) -> None:
    """The stored state no longer fits the program: forget it, and do what was asked without it."""
    log.warning("a menu's stored state was reset", update=update.update_id)
    storage: Forgetting = data["fsm_storage"]
    await storage.clear(bot.id, data["event_chat"].id)
    if update.callback_query is not None:
        await alert(bot, update.callback_query, _("Pult was updated and this menu was closed. Open a new one: /menu"))
        return
    await tell(bot, update, _("Pult was updated and an open menu was closed. Nothing else is lost."))
    raise Again


async def _broken(bot: Bot, update: Update) -> None:
    try:
        await tell(bot, update, _("Something went wrong. It is written down and will be looked at."))
    except PlatformError as error:
        log.warning("nobody could be told of an error", error=str(error), update=update.update_id)
