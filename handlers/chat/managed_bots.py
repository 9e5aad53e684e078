"""What Telegram tells of bots that were made here: straight on to the wizard's question, or an offer with a button."""

from __future__ import annotations

from aiogram import F, Router
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, ManagedBotUpdated, Message, ReplyKeyboardRemove
from aiogram_dialog import DialogManager

from handlers.chat import buttons
from handlers.chat.buttons import ManagedPress
from handlers.chat.context import Services
from handlers.chat.managed import noted, proposed
from handlers.chat.proposals import propose
from handlers.chat.session import DeskBot
from handlers.chat.states import Connect
from handlers.chat.who import Who
from handlers.chat.windows import given, safe, say, values
from services import managed
from services.access import Refusal
from services.managed import Managed
from services.texts import _, filled

router = Router(name="managed bots")


@router.managed_bot()
async def changed(event: ManagedBotUpdated, bot: DeskBot) -> None:
    """A bot was made, or has another owner or token: from now on it is that user's to connect."""
    await noted(bot, event.bot_user, event.user.id)


@router.message(F.managed_bot_created)
async def created(message: Message, bot: DeskBot, services: Services, who: Who, dialog_manager: DialogManager) -> None:
    """The wizard goes on; whoever has left it is asked, and so is whoever cannot connect the bot yet."""
    assert message.managed_bot_created is not None
    made = await noted(bot, message.managed_bot_created.bot_user, who.chat_id)
    open_dialog = await services.conversations.dialog(who.person_id)
    keyboard = ReplyKeyboardRemove() if open_dialog is None else buttons.dialog_keyboard(open_dialog)
    await say(bot, who.chat_id, _("@{username} is created.", **values(username=made.username)), reply_markup=keyboard)
    if not _waits(dialog_manager):
        await _offer(bot, who, made, None)
        return
    try:
        await _confirm(dialog_manager, made)
    except Refusal as error:
        await _offer(bot, who, made, safe(filled(error.message, error.params)))


def _waits(manager: DialogManager) -> bool:
    return manager.has_context() and manager.current_context().state == Connect.key


async def _offer(bot: DeskBot, who: Who, made: Managed, reason: str | None) -> None:
    question = _("You have created <b>{name}</b>: connect it?", **values(name=made.name))
    text = question if reason is None else f"{reason}\n\n{question}"
    button = buttons.button(_("Connect"), ManagedPress(id=made.telegram_id))
    await say(bot, who.chat_id, text, reply_markup=InlineKeyboardMarkup(inline_keyboard=[[button]]))


async def _confirm(manager: DialogManager, made: Managed) -> None:
    """The same question as after a pasted token."""
    _services, who = given(manager)
    await propose(manager, await proposed(manager, made), who.in_project())


@router.callback_query(ManagedPress.filter())
async def connect_made(
    _press: CallbackQuery, callback_data: ManagedPress, who: Who, dialog_manager: DialogManager
) -> None:
    """The button of the offer, however old; a forged one names somebody else's bot and finds none."""
    await _confirm(dialog_manager, await managed.own(who.person_id, callback_data.id))
