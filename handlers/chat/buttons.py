"""Buttons under cards, copies and questions. They carry ids alone and work for as long as the message stands.

Stored in people's chats for ever: prefixes and values are never renamed.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, KeyboardButton, ReplyKeyboardMarkup
from pydantic import Field

from handlers.chat import render
from handlers.chat.marked import short
from models.enums import InquiryState
from services.conversations import Tab
from services.ports import InquiryView
from services.texts import LOCALES, N_, Texts, _, __

PLACEHOLDER_LIMIT = 64
"""Characters of a field's hint (Bot API, ReplyKeyboardMarkup)."""
HINT_WORDS = 10
"""Characters of it that are no name."""
LABEL_LIMIT = 32
"""Longer labels are cut off on a phone."""

Number = Annotated[int, Field(gt=-(2**63), lt=2**63)]
"""What a column holds: a forged button with more is one that nobody knows."""

LEAVE = N_("Leave")
# Not the bare word: a manager may well answer a customer with it.
DONE = N_("✓ Done")


class Act(StrEnum):
    TAKE = "take"
    REPLY = "reply"
    WRITE = "write"
    DONE = "done"
    BACK = "back"
    CARD = "card"
    SPAM = "spam"
    SHOW = "show"
    BLOCK = "block"
    UNBLOCK = "unblock"
    READ = "read"
    SPAM_SURE = "spam_sure"
    SPAM_NO = "spam_no"
    BLOCK_SURE = "block_sure"
    BLOCK_NO = "block_no"
    HAM = "ham"


class InquiryPress(CallbackData, prefix="q"):
    """A button that acts on an inquiry."""

    act: Act
    id: Number


class HeldPress(CallbackData, prefix="h"):
    """Whom a held answer is for; inquiry 0: nobody."""

    held: Number
    inquiry: Number


class InsistPress(CallbackData, prefix="hi"):
    """A held answer goes into a colleague's dialog all the same."""

    held: Number
    inquiry: Number


class MessagePress(CallbackData, prefix="m"):
    """A button that acts on a message: "retry"."""

    act: str
    id: Number


class TabPress(CallbackData, prefix="t"):
    """A tab or page of a project's list of inquiries."""

    project: Number
    tab: Tab
    page: Number


class ChannelPress(CallbackData, prefix="c"):
    """A button under a notice about a channel: "card", "check", "token"."""

    act: str
    id: Number


class ManagedPress(CallbackData, prefix="n"):
    """Connect a bot that was made through the control bot, by its Telegram id."""

    id: Number


class LoginPress(CallbackData, prefix="l"):
    """Go on with a login from which the browser has come back."""

    id: Number


class HistoryPress(CallbackData, prefix="y"):
    """A page of the inquiries of the contact behind one of them; anew: as a message of its own."""

    inquiry: Number
    page: Number
    anew: bool = False


class TalkPress(CallbackData, prefix="r"):
    """A page of what was said in an inquiry."""

    inquiry: Number
    page: Number


class DutyPress(CallbackData, prefix="d"):
    """Be on duty in a project."""

    project: Number


_LABELS = {
    Act.TAKE: __("Take"),
    Act.REPLY: __("Reply"),
    Act.WRITE: __("Write"),
    Act.DONE: __("Done"),
    Act.BACK: __("Return to new"),
    Act.CARD: __("Card"),
    Act.SPAM: __("Spam"),
    Act.BLOCK: __("Spam"),
    Act.UNBLOCK: __("Not spam"),
    Act.HAM: __("Not spam"),
    Act.SPAM_SURE: __("Yes, spam"),
    Act.SPAM_NO: __("Cancel"),
    Act.BLOCK_SURE: __("Yes, spam"),
    Act.BLOCK_NO: __("Cancel"),
    Act.READ: __("Mark as read"),
}


def in_every_language(message: str) -> frozenset[str]:
    """What a button of a reply keyboard may send: people change their language while old keyboards stand."""
    return frozenset(Texts(locale).gettext(message) for locale in LOCALES)


def button(text: str, data: CallbackData, style: str | None = None) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, callback_data=data.pack(), style=style)


def inquiry_buttons(inquiry_id: int, *rows: tuple[Act, ...]) -> InlineKeyboardMarkup:
    """Rows of what can be done with an inquiry."""
    labels = tuple(tuple((act, str(_LABELS[act])) for act in row) for row in rows)
    return _inquiry_buttons(inquiry_id, labels)


@lru_cache(maxsize=4096)
def _inquiry_buttons(inquiry_id: int, rows: tuple[tuple[tuple[Act, str], ...], ...]) -> InlineKeyboardMarkup:
    # Every copy of a dialog has the same ones, and aiogram's models are dear to make; they are frozen.
    return InlineKeyboardMarkup(
        inline_keyboard=[[button(label, InquiryPress(act=act, id=inquiry_id)) for act, label in row] for row in rows]
    )


def card_buttons(inquiry: InquiryView, member_id: int) -> InlineKeyboardMarkup:
    """What this member can do with an inquiry as it stands."""
    if inquiry.state is InquiryState.DONE:
        return inquiry_buttons(inquiry.id, (Act.HAM if inquiry.spam else Act.WRITE, Act.CARD))
    if inquiry.state is InquiryState.NEW:
        return inquiry_buttons(inquiry.id, (Act.TAKE,), (Act.CARD, Act.SPAM))
    if inquiry.assignee_id == member_id:
        return inquiry_buttons(inquiry.id, (Act.REPLY, Act.DONE), (Act.BACK, Act.CARD))
    return inquiry_buttons(inquiry.id, (Act.CARD,))


def sure_buttons(inquiry_id: int, act: Act) -> InlineKeyboardMarkup:
    """Whether the customer is spam, in place of the buttons among which «Спам» was pressed."""
    if act is Act.SPAM:
        return inquiry_buttons(inquiry_id, (Act.SPAM_SURE, Act.SPAM_NO))
    return inquiry_buttons(inquiry_id, (Act.BLOCK_SURE, Act.BLOCK_NO))


def copy_buttons(inquiry: InquiryView, *, inside: bool = True) -> InlineKeyboardMarkup:
    """Under a member's first copy of an inquiry, and under no other: a dialog is not a control panel.

    inside: the member is in the dialog.
    """
    if inquiry.state is InquiryState.ACTIVE and inside:
        return inquiry_buttons(inquiry.id, (Act.REPLY, Act.DONE, Act.CARD))
    if inquiry.state is InquiryState.NEW:
        return inquiry_buttons(inquiry.id, (Act.TAKE, Act.CARD))
    return card_buttons(inquiry, 0)


def contact_buttons(inquiry_id: int, *, spam: bool) -> InlineKeyboardMarkup:
    """Under the customer's card."""
    keys = inquiry_buttons(inquiry_id, (Act.WRITE, Act.UNBLOCK if spam else Act.BLOCK)).inline_keyboard
    past = button(_("History"), HistoryPress(inquiry=inquiry_id, page=0, anew=True))
    return InlineKeyboardMarkup(inline_keyboard=[*keys, [past]])


def held_buttons(held_id: int, options: Iterable[InquiryView]) -> InlineKeyboardMarkup:
    """Whom a held answer is for, one a row, and nobody. No two read the same."""
    rows = [[button(label, HeldPress(held=held_id, inquiry=one.id))] for one, label in told_apart(options)]
    return InlineKeyboardMarkup(inline_keyboard=[*rows, [button(_("Nobody"), HeldPress(held=held_id, inquiry=0))]])


def told_apart(options: Iterable[InquiryView]) -> list[tuple[InquiryView, str]]:
    """A label for each; where two would read the same (a name cut short, another project) with the inquiry's number,
    and where that is the same too with the channel's name."""
    found = list(options)
    labels = [render.who(one, LABEL_LIMIT) for one in found]
    for better in (_numbered, _by_channel):
        same = {label for label in labels if labels.count(label) > 1}
        labels = [better(one) if label in same else label for one, label in zip(found, labels, strict=True)]
    return list(zip(found, labels, strict=True))


def _numbered(inquiry: InquiryView) -> str:
    return render.who(inquiry, LABEL_LIMIT, numbered=True)


def _by_channel(inquiry: InquiryView) -> str:
    return short(f"№{inquiry.number} · {inquiry.channel} · {inquiry.contact}", LABEL_LIMIT)


def foreign_buttons(held_id: int, inquiry: InquiryView) -> InlineKeyboardMarkup:
    """Whether an answer goes into a colleague's dialog."""
    yes = button(_("Yes, send"), InsistPress(held=held_id, inquiry=inquiry.id))
    return InlineKeyboardMarkup(inline_keyboard=[[yes, button(_("No"), HeldPress(held=held_id, inquiry=0))]])


def dialog_keyboard(inquiry: InquiryView) -> ReplyKeyboardMarkup:
    """The keyboard of an open dialog, with the customer's name as the field's hint."""
    hint = _("Reply: {who}", who=render.who(inquiry, PLACEHOLDER_LIMIT - HINT_WORDS))
    return ReplyKeyboardMarkup(
        keyboard=[[KeyboardButton(text=_(DONE)), KeyboardButton(text=_(LEAVE))]],
        resize_keyboard=True,
        is_persistent=True,
        input_field_placeholder=short(hint, PLACEHOLDER_LIMIT),
    )
