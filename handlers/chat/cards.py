"""Buttons under cards, copies and refusals. What they change is shown by jobs; here the press is answered."""

from __future__ import annotations

from contextlib import suppress

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message, MessageReactionUpdated

from adapters.errors import Refused
from handlers.chat import render
from handlers.chat.buttons import Act, InquiryPress, MessagePress, card_buttons, contact_buttons, sure_buttons
from handlers.chat.context import Services
from handlers.chat.marked import said
from handlers.chat.who import Who
from services.conversations import ContactView
from services.texts import _

router = Router(name="cards")
DEFAULT_ZONE = "UTC"


@router.callback_query(InquiryPress.filter(F.act == Act.TAKE))
async def take(press: CallbackQuery, callback_data: InquiryPress, services: Services, who: Who) -> None:
    view = await services.conversations.claim(who.person_id, callback_data.id)
    await press.answer(_("Inquiry No. {number} is yours.", number=view.number))


@router.callback_query(InquiryPress.filter(F.act.in_({Act.REPLY, Act.WRITE})))
async def reply(press: CallbackQuery, callback_data: InquiryPress, services: Services, who: Who) -> None:
    view = await services.conversations.open_dialog(who.person_id, callback_data.id)
    await press.answer(_("You are answering: {who}", who=render.who(view)))


@router.callback_query(InquiryPress.filter(F.act == Act.DONE))
async def done(press: CallbackQuery, callback_data: InquiryPress, services: Services, who: Who) -> None:
    view = await services.conversations.done(who.person_id, callback_data.id)
    await press.answer(_("Inquiry No. {number} is done.", number=view.number))


@router.callback_query(InquiryPress.filter(F.act == Act.BACK))
async def back(press: CallbackQuery, callback_data: InquiryPress, services: Services, who: Who) -> None:
    view = await services.conversations.hand_back(who.person_id, callback_data.id)
    await press.answer(_("Inquiry No. {number} is among the new ones again.", number=view.number))


@router.callback_query(InquiryPress.filter(F.act == Act.READ))
async def read(press: CallbackQuery, callback_data: InquiryPress, services: Services, who: Who) -> None:
    view = await services.conversations.read(who.person_id, callback_data.id)
    await press.answer(_("Inquiry No. {number} is marked as read.", number=view.number))


@router.message_reaction()
async def reaction(event: MessageReactionUpdated, services: Services, who: Who | None = None) -> None:
    if who is not None and event.new_reaction:
        await services.conversations.reacted(who.person_id, event.message_id)


@router.callback_query(InquiryPress.filter(F.act.in_({Act.SPAM, Act.BLOCK})))
async def ask_spam(press: CallbackQuery, callback_data: InquiryPress, services: Services, who: Who) -> None:
    """One press hides nobody: the buttons ask."""
    inquiry = await services.conversations.may_spam(who.person_id, callback_data.id)
    await press.answer(_("Is {who} spam? What they write will not be shown any more.", who=render.who(inquiry)))
    await _rekey(press, sure_buttons(callback_data.id, callback_data.act))


@router.callback_query(InquiryPress.filter(F.act.in_({Act.SPAM_NO, Act.BLOCK_NO})))
async def not_sure(press: CallbackQuery, callback_data: InquiryPress, services: Services, who: Who) -> None:
    view = await services.conversations.card(who.person_id, callback_data.id)
    await press.answer(_("Nothing was changed."))
    of_card = callback_data.act is Act.SPAM_NO
    await _rekey(
        press,
        card_buttons(view.inquiry, who.member_id or 0) if of_card else contact_buttons(view.inquiry.id, spam=view.spam),
    )


@router.callback_query(InquiryPress.filter(F.act == Act.SPAM_SURE))
async def spam(press: CallbackQuery, callback_data: InquiryPress, services: Services, who: Who) -> None:
    await services.conversations.spam(who.person_id, callback_data.id, True)
    await press.answer(_("Marked as spam: further messages of this customer are not shown."))


@router.callback_query(InquiryPress.filter(F.act == Act.HAM))
async def ham(press: CallbackQuery, callback_data: InquiryPress, services: Services, who: Who) -> None:
    await services.conversations.spam(who.person_id, callback_data.id, False)
    await press.answer(_("Not spam any more."))


async def _rekey(press: CallbackQuery, markup: InlineKeyboardMarkup) -> None:
    """Other buttons under the message; where Telegram refuses, those that stand there go on working."""
    if isinstance(press.message, Message):
        with suppress(Refused):
            await press.message.edit_reply_markup(reply_markup=markup)


@router.callback_query(InquiryPress.filter(F.act == Act.SHOW))
async def show(press: CallbackQuery, callback_data: InquiryPress, services: Services, who: Who) -> None:
    await services.conversations.show(who.person_id, callback_data.id)
    await press.answer()


@router.callback_query(InquiryPress.filter(F.act == Act.CARD))
async def contact(
    press: CallbackQuery, callback_data: InquiryPress, bot: Bot, services: Services, who: Who
) -> None:  # fmt: skip
    view = await services.conversations.card(who.person_id, callback_data.id)
    text = render.contact(view, who.time_zone or DEFAULT_ZONE)
    buttons = contact_buttons(view.inquiry.id, spam=view.spam)
    message = await bot.send_message(who.chat_id, **said(text), reply_markup=buttons)
    await services.conversations.speaks_of(who.person_id, view.inquiry.id, message.message_id)
    await press.answer()


@router.callback_query(InquiryPress.filter(F.act.in_({Act.BLOCK_SURE, Act.UNBLOCK})))
async def block(press: CallbackQuery, callback_data: InquiryPress, services: Services, who: Who) -> None:
    """The buttons of the customer's card: it changes in place."""
    blocked = callback_data.act is Act.BLOCK_SURE
    await services.conversations.spam(who.person_id, callback_data.id, blocked)
    view = await services.conversations.card(who.person_id, callback_data.id)
    await press.answer(_("Marked as spam.") if blocked else _("Not spam any more."))
    await _redraw(press, view, who)


async def _redraw(press: CallbackQuery, view: ContactView, who: Who) -> None:
    if isinstance(press.message, Message):
        text = render.contact(view, who.time_zone or DEFAULT_ZONE)
        await press.message.edit_text(**said(text), reply_markup=contact_buttons(view.inquiry.id, spam=view.spam))


@router.callback_query(MessagePress.filter(F.act == "retry"))
async def retry(press: CallbackQuery, callback_data: MessagePress, services: Services, who: Who) -> None:
    """What was refused goes out once more; should it be refused again, that will be a new line."""
    await services.conversations.retry(who.person_id, callback_data.id)
    await press.answer(_("Sending once more."))
    if isinstance(press.message, Message):
        with suppress(Refused):
            await press.message.delete()
