"""/help in the present context, /cancel, commands that do not exist, and buttons that nobody knows any more."""

from __future__ import annotations

from collections.abc import Mapping

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message
from aiogram_dialog import DialogManager

from adapters.base import Adapter
from handlers.chat import render
from handlers.chat.commands import offered_to
from handlers.chat.context import Services
from handlers.chat.session import DeskBot
from handlers.chat.steps import STEPS
from handlers.chat.who import Who
from handlers.chat.windows import awaits_text, say, values
from services.ports import InquiryView
from services.texts import _

router = Router(name="help")
last = Router(name="last")


@router.message(Command("help"))
async def help_(message: Message, bot: DeskBot, services: Services, who: Who, dialog_manager: DialogManager) -> None:
    """What one can do from here: in an open dialog, in a wizard, or at large."""
    open_dialog = await services.conversations.dialog(who.person_id)
    parts = []
    if open_dialog is not None and not await awaits_text(dialog_manager):
        parts.append(
            _(
                "You are answering <b>{contact}</b> ({channel}): everything you write goes there."
                " “Leave” ends it without closing the inquiry, “Done” closes it.",
                **values(contact=open_dialog.contact, channel=open_dialog.channel),
            )
        )
    if dialog_manager.has_context():
        parts.append(await _step(dialog_manager, suspends=open_dialog is not None))
    parts += [_how(), _marks(services.registry), _list_of(who)]
    await say(bot, message.chat.id, "\n\n".join(parts))


async def _step(manager: DialogManager, *, suspends: bool) -> str:
    """The step of a menu or wizard that one is in."""
    title = _("You are at this step:")
    lines = [f"<b>{title}</b>"]
    if (about := STEPS.get(manager.current_context().state)) is not None:
        lines.append(_(about))
    if suspends and await awaits_text(manager):
        lines.append(_("What you type now goes there and not to the customer."))
    return "\n".join([*lines, _("/cancel closes it.")])


def _how() -> str:
    return _(
        "A customer's first message comes as a card to everybody on duty; whoever presses “Take” gets the conversation,"
        " and what they write then goes there. To answer, swipe a message to reply to it, or press “Reply” and just"
        " write."
        " What you write without either goes to nobody: I ask first."
    )


def _marks(adapters: Mapping[str, Adapter]) -> str:
    """What stands under an answer; which messengers never say that it was read."""
    told = _("Marks under your answers: ✍ waits, 👌 sent, 👀 read, 👎 refused.")
    silent = ", ".join(adapter.title for adapter in adapters.values() if not adapter.capabilities.seen)
    if silent:
        told += " " + _("Not reported as read by: {platforms}.", **values(platforms=silent))
    return told


def _list_of(who: Who) -> str:
    return "\n".join(f"/{one.name} – {_(one.about)}" for one in offered_to(who.role, who.denied))


@router.message(Command("cancel"))
async def cancel(message: Message, bot: DeskBot, services: Services, who: Who, dialog_manager: DialogManager) -> None:
    """Leave any menu or wizard. What it had done already stays done, so that nothing is said of that."""
    was_open, suspended = dialog_manager.has_context(), await awaits_text(dialog_manager)
    await dialog_manager.reset_stack()
    open_dialog = await services.conversations.dialog(who.person_id)
    await say(bot, message.chat.id, _left(was_open, suspended, open_dialog))


def _left(was_open: bool, suspended: bool, open_dialog: InquiryView | None) -> str:
    """What /cancel did, and where typed text goes now."""
    told = _("Closed.") if was_open else _("There is nothing to leave. Menu: /menu")
    if open_dialog is None:
        return told
    whom = values(who=render.who(open_dialog))
    goes_on = _("You are answering again: <b>{who}</b>", **whom) if suspended else _("You are answering: {who}", **whom)
    return (" " if was_open else "\n").join([told, goes_on])


async def unknown(message: Message, bot: DeskBot, who: Who) -> None:
    """A command that does not exist is never sent to a customer."""
    word = (message.text or message.caption or "").split(maxsplit=1)[0]
    told = _("There is no command {command}. These exist:", **values(command=word[:64]))
    await say(bot, message.chat.id, f"{told}\n\n{_list_of(who)}")


@last.callback_query()
async def stale(press: CallbackQuery) -> None:
    await press.answer(_("This button does not work any more. Menu: /menu"), show_alert=True)
