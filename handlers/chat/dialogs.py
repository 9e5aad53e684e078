"""What members type: answers to customers, questions whom they are for, leaving a dialog, edits and deletions.

Routers by their turn: `words` with the commands, `replies` before wizards that await text, `typed` after them.
"""

from __future__ import annotations

from contextlib import suppress

from aiogram import Bot, F, Router
from aiogram.filters import BaseFilter, Command
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message, ReplyParameters, Update

from adapters.errors import Refused
from handlers.chat import buttons, content, render
from handlers.chat.buttons import (
    HeldPress,
    InsistPress,
    TabPress,
    button,
    foreign_buttons,
    held_buttons,
    in_every_language,
)
from handlers.chat.context import Services
from handlers.chat.marked import Marked, joined, plain, said, short
from handlers.chat.who import Who
from services.conversations import Ask, AskWhy, InquiryView, Outcome, Sent, Tab, TokenTyped
from services.texts import N_, _

words = Router(name="dialog words")
replies = Router(name="replies")
typed = Router(name="typed")

QUESTIONS = {
    AskWhy.NO_DIALOG: N_("Whom is this for? It has not been sent to anybody."),
    AskWhy.GUARD: N_("Another customer wrote while you were typing. Whom is this for? It has not been sent yet."),
    AskWhy.TAKEN: N_("You have taken another customer meanwhile. Whom is this for? It has not been sent yet."),
    AskWhy.HEADER: N_("The pinned line is not up to date yet. Whom is this for? It has not been sent yet."),
    AskWhy.UNKNOWN_COPY: N_(
        "I do not know which customer the message that you reply to is about. Whom is this for?"
        " It has not been sent yet."
    ),
    AskWhy.NOTE: N_(
        "This looks like a note for colleagues, which Pult does not keep. Send it to the customer all the same?"
        " It has not been sent yet."
    ),
}
NOBODY_TO_ASK = N_(
    "You have no dialog open, so this has not been sent to anybody. Press «Take» or «Reply» under an inquiry, or swipe"
    " a customer's message to reply to it."
)
TOKEN = N_(
    "That looked like a platform's secret key. I deleted it here and sent it to nobody. To connect a channel, press"
    " /connect"
)


class ToCopy(BaseFilter):
    """A reply to a message that stands for a customer's inquiry; other replies are for whoever comes later."""

    async def __call__(self, message: Message, services: Services, who: Who | None = None) -> bool:
        replied = message.reply_to_message
        if replied is None or who is None:
            return False
        return await services.conversations.knows(who.person_id, replied.message_id)


# Leaving and ending


@words.message(Command("exit"))
@words.message(F.text.in_(in_every_language(buttons.LEAVE)))
async def leave(message: Message, services: Services, who: Who) -> None:
    """The header's job says that the dialog is left, and takes the keyboard away."""
    left = await services.conversations.leave_dialog(who.person_id)
    await _tidy(message)
    if left is None:
        await message.answer(**said(plain(_("No dialog is open."))))


@words.message(F.text.in_(in_every_language(buttons.DONE)))
async def done(message: Message, services: Services, who: Who) -> None:
    """«Готово» of the keyboard: the open dialog's inquiry."""
    current = await services.conversations.dialog(who.person_id)
    await _tidy(message)
    if current is None:
        await message.answer(**said(plain(_("No dialog is open."))))
        return
    view = await services.conversations.done(who.person_id, current.id)
    text = joined(" ", [_("Inquiry No. {number} is done.", number=view.number), render.who(view)])
    await message.answer(**said(text))


@words.message(Command("delete"))
async def delete(message: Message, services: Services, who: Who) -> None:
    """In reply to an own answer: it disappears at the customer and here."""
    replied = message.reply_to_message
    await services.conversations.erase(who.person_id, replied.message_id if replied else 0)
    await _tidy(message)
    text = _("This answer is being deleted at the customer's side.")
    await message.answer(**said(plain(text)), reply_parameters=_under(replied) if replied else None)


# Answers


@replies.message(ToCopy(), F.content_type.in_(content.ANSWERS | content.NO_ANSWERS))
@typed.message(F.content_type.in_(content.ANSWERS | content.NO_ANSWERS))
async def answer(message: Message, bot: Bot, services: Services, who: Who) -> None:
    outcome = await services.conversations.typed(who.person_id, content.typed_of(message, who.control_bot_id))
    await tell(outcome, message, who)


async def tell(outcome: Outcome, message: Message, who: Who) -> None:
    """What has to be said about a typed message; a plain answer is told by its mark alone."""
    match outcome:
        case Sent():
            await _told(outcome, message)
        case Ask(again=False):
            text, keyboard = _question(outcome, who)
            await message.answer(**said(text), reply_markup=keyboard, reply_parameters=_under(message))
        case TokenTyped():
            await _tidy(message)
            await message.answer(**said(plain(_(TOKEN))))


async def _told(sent: Sent, message: Message) -> None:
    lines = [_(note) for note in sent.notes]
    if sent.opened:
        lines.insert(0, _("Inquiry No. {number} was opened.", number=sent.inquiry.number))
    if lines:
        await message.answer(**said(joined("\n", lines)), reply_parameters=_under(message))


def _question(ask: Ask, who: Who) -> tuple[Marked, InlineKeyboardMarkup]:
    if ask.why is AskWhy.FOREIGN:
        inquiry = ask.options[0]
        text = _("{name} is answering {customer}. Send your message all the same?",
                 name=inquiry.assignee or "…", customer=render.who(inquiry))  # fmt: skip
        return plain(text), foreign_buttons(ask.held_id, inquiry)
    if not ask.options:
        inbox = TabPress(project=who.in_project(), tab=Tab.MINE, page=0)
        return plain(_(NOBODY_TO_ASK)), InlineKeyboardMarkup(inline_keyboard=[[button(_("Conversations"), inbox)]])
    alike = [_last_words(one) for one in ask.options if one.alike or one.contact_name is None]
    return joined("\n\n", [_(QUESTIONS[ask.why]), joined("\n", alike)]), held_buttons(ask.held_id, ask.options)


def _last_words(inquiry: InquiryView) -> str | None:
    """What tells one customer from another of the same name."""
    said = inquiry.last.text if inquiry.last is not None else ""
    return f"{render.who(inquiry)}: {short(said, render.QUOTE_LIMIT)}" if said else None


@typed.callback_query(HeldPress.filter(F.inquiry == 0))
async def to_nobody(press: CallbackQuery, callback_data: HeldPress, services: Services, who: Who) -> None:
    await services.conversations.drop(who.person_id, callback_data.held)
    await press.answer()
    if isinstance(press.message, Message):
        await press.message.edit_text(**said(plain(_("Not sent to anybody."))))


@typed.callback_query(HeldPress.filter())
async def to_somebody(press: CallbackQuery, callback_data: HeldPress, services: Services, who: Who) -> None:
    outcome = await services.conversations.settle(who.person_id, callback_data.held, callback_data.inquiry)
    if isinstance(outcome, Sent):
        await _goes(press, outcome)
        return
    await press.answer()
    if isinstance(press.message, Message):
        text, keyboard = _question(outcome, who)
        with suppress(Refused):
            await press.message.edit_text(**said(text), reply_markup=keyboard)


@typed.callback_query(InsistPress.filter())
async def all_the_same(press: CallbackQuery, callback_data: InsistPress, services: Services, who: Who) -> None:
    await _goes(press, await services.conversations.insist(who.person_id, callback_data.held, callback_data.inquiry))


async def _goes(press: CallbackQuery, sent: Sent) -> None:
    await press.answer(_("Goes to {who}", who=render.who(sent.inquiry)))
    if isinstance(press.message, Message):
        question = press.message
        await _told(sent, question.reply_to_message if isinstance(question.reply_to_message, Message) else question)
        await _tidy(question)


# Second thoughts


@typed.edited_message(F.content_type.in_(content.ANSWERS))
async def edited(message: Message, services: Services, who: Who) -> None:
    result = await services.conversations.edited(who.person_id, message.message_id, content.content_of(message))
    if result.why is not None:
        await message.answer(**said(plain(_(result.why))), reply_parameters=_under(message))


async def tidy_pin(bot: Bot, update: Update) -> None:
    """The line by which Telegram reports our own pinning of the header says nothing that the pin does not."""
    if update.message is not None and update.message.pinned_message is not None:
        with suppress(Refused):
            await bot.delete_message(update.message.chat.id, update.message.message_id)


async def _tidy(message: Message) -> None:
    """Take away what has done its work; where Telegram refuses, it stays."""
    with suppress(Refused):
        await message.delete()


def _under(message: Message) -> ReplyParameters:
    return ReplyParameters(message_id=message.message_id, allow_sending_without_reply=True)
