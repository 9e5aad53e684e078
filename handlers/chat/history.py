"""«История» on the customer's card: earlier inquiries in a list, what was said in each, media on request."""

from __future__ import annotations

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from handlers.chat.buttons import LABEL_LIMIT, HistoryPress, MessagePress, TalkPress, button
from handlers.chat.context import Services
from handlers.chat.marked import Marked, bold, italic, joined, said, short
from handlers.chat.marks import edit_mark
from handlers.chat.pages import turns
from handlers.chat.render import author, brief, inquiry_title, last_words, media_names, moment
from handlers.chat.who import Who
from models.enums import InquiryState
from services.history import HERE, Past, Talk
from services.ports import InquiryView, MessageView
from services.texts import _

router = Router(name="history")
DEFAULT_ZONE = "UTC"
LAST_LIMIT = 60
MESSAGE_LIMIT = 400
"""Characters of a message on a page of eight; a longer one is sent in full on request."""


@router.callback_query(HistoryPress.filter(F.anew))
async def first(press: CallbackQuery, callback_data: HistoryPress, bot: Bot, services: Services, who: Who) -> None:
    """The card's button: the card stays, the list is a message of its own."""
    past = await services.history.of_contact(who.person_id, callback_data.inquiry, 0)
    text, buttons = _list(past, who)
    await bot.send_message(who.chat_id, **said(text), reply_markup=buttons)
    await press.answer()


@router.callback_query(HistoryPress.filter())
async def turn(press: CallbackQuery, callback_data: HistoryPress, services: Services, who: Who) -> None:
    """Another page of the list, or back to it."""
    past = await services.history.of_contact(who.person_id, callback_data.inquiry, callback_data.page)
    await press.answer()
    await _put(press, *_list(past, who))


@router.callback_query(TalkPress.filter())
async def read(press: CallbackQuery, callback_data: TalkPress, services: Services, who: Who) -> None:
    talk = await services.history.read(who.person_id, callback_data.inquiry, callback_data.page)
    await press.answer()
    await _put(press, *_talk(talk, who))


@router.callback_query(MessagePress.filter(F.act == "show"))
async def show(press: CallbackQuery, callback_data: MessagePress, services: Services, who: Who) -> None:
    await services.history.show(who.person_id, callback_data.id)
    await press.answer(_("It comes below."))


async def _put(press: CallbackQuery, text: Marked, buttons: InlineKeyboardMarkup) -> None:
    if isinstance(press.message, Message):
        await press.message.edit_text(**said(text), reply_markup=buttons)


def _list(past: Past, who: Who) -> tuple[Marked, InlineKeyboardMarkup]:
    zone = who.time_zone or DEFAULT_ZONE
    title = bold(joined(" · ", [_("History"), short(past.contact, LABEL_LIMIT)]))
    text = joined("\n\n", [title, *(_row(one, zone) for one in past.items)])
    entries = [button(f"№{one.number}", TalkPress(inquiry=one.id, page=0)) for one in past.items]
    rows = [entries[start : start + 4] for start in range(0, len(entries), 4)]

    def to(page: int) -> HistoryPress:
        return HistoryPress(inquiry=past.inquiry_id, page=page)

    return text, InlineKeyboardMarkup(inline_keyboard=[*rows, *turns(past.page, past.pages, to)])


def _row(one: InquiryView, zone: str) -> Marked:
    """No. 12 · 14.03 10:05 · VK · Мария · done, and the last that was said."""
    name = bold(_("No. {number}", number=one.number))
    head = joined(" · ", [name, moment(one.opened_at, zone), one.platform, one.assignee, _stands(one)])
    return joined("\n", [head, last_words(one, LAST_LIMIT)])


def _stands(one: InquiryView) -> str:
    if one.state is InquiryState.DONE:
        return _("spam") if one.spam else _("done")
    return _("new") if one.state is InquiryState.NEW else _("in progress")


def _talk(talk: Talk, who: Who) -> tuple[Marked, InlineKeyboardMarkup]:
    zone = who.time_zone or DEFAULT_ZONE
    inquiry = talk.inquiry
    title = bold(inquiry_title(inquiry)) + f" · {short(inquiry.contact, LABEL_LIMIT)} · {_stands(inquiry)}"
    lines = [_said(one, inquiry, zone) for one in talk.messages] or [italic(_("No messages yet"))]
    wholes = [_whole(one, zone) for one in talk.messages if _cut(one)]

    def to(page: int) -> TalkPress:
        return TalkPress(inquiry=inquiry.id, page=page)

    back = button(_("All inquiries"), HistoryPress(inquiry=inquiry.id, page=HERE))
    rows = [wholes[start : start + 2] for start in range(0, len(wholes), 2)]
    buttons = InlineKeyboardMarkup(inline_keyboard=[*rows, *turns(talk.page, talk.pages, to), [back]])
    return joined("\n\n", [title, *lines]), buttons


def _said(message: MessageView, inquiry: InquiryView, zone: str) -> Marked:
    """Who said what, and when; what is longer than there is room for can be asked for."""
    by = short(author(message, inquiry) or inquiry.contact, LABEL_LIMIT)
    mark = _("deleted") if message.deleted else edit_mark([message])
    head = joined(" · ", [bold(by), moment(message.at, zone), italic(mark) if mark else None])
    return joined("\n", [head, brief(message.content, MESSAGE_LIMIT)])


def _cut(message: MessageView) -> bool:
    """Whether there is more of it than stands on the page."""
    content = message.content
    return bool(content.attachments or content.location) or len(content.text) > MESSAGE_LIMIT


def _whole(message: MessageView, zone: str) -> InlineKeyboardButton:
    what = media_names(message.content) or _("In full")
    label = short(f"{what} · {moment(message.at, zone)}", LABEL_LIMIT)
    return button(label, MessagePress(act="show", id=message.id))
