"""/inbox, «Общение»: the project's inquiries in tabs, paged. One message that changes in place and never grows old."""

from __future__ import annotations

from datetime import timedelta

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message
from aiogram_dialog import DialogManager

from handlers.chat import doors
from handlers.chat.buttons import LABEL_LIMIT, Act, InquiryPress, TabPress, button
from handlers.chat.context import Services
from handlers.chat.marked import Marked, bold, joined, said, short
from handlers.chat.pages import turns
from handlers.chat.render import last_words, moment
from handlers.chat.who import Who
from services import clock
from services.conversations import InquiryView, Tab, TabPage
from services.texts import _, __, n_

router = Router(name="inbox")

LAST_LIMIT = 60
TITLES = {
    Tab.NEW: __("New"),
    Tab.MINE: __("Mine"),
    Tab.WAITING: __("Waiting for an answer"),
    Tab.DONE: __("Done"),
}
EMPTY = {
    Tab.NEW: __("No new inquiries. Everything has been taken."),
    Tab.MINE: __("You have no open dialogs. Take one from the new inquiries."),
    Tab.WAITING: __("Nobody is waiting for an answer."),
    Tab.DONE: __("No inquiry has been finished yet."),
}
_ROWS = ((Tab.NEW, Tab.MINE), (Tab.WAITING, Tab.DONE))


@router.message(Command("inbox"))
async def inbox(message: Message, bot: Bot, services: Services, who: Who) -> None:
    await show(bot, services, who)


@doors.door("inbox")
async def open_inbox(manager: DialogManager) -> None:
    """The menu's button: the list stands by itself, the menu closes."""
    data = manager.middleware_data
    await show(data["bot"], data["services"], data["who"])


async def show(bot: Bot, services: Services, who: Who) -> None:
    """Send the list anew, open on what needs somebody."""
    project_id = who.in_project()
    counts = await services.conversations.counts(who.person_id, project_id)
    tab = next((tab for tab in (Tab.NEW, Tab.MINE) if counts[tab]), Tab.NEW)
    page = await services.conversations.tab(who.person_id, project_id, tab, 0)
    await bot.send_message(who.chat_id, **said(text_of(page, tab, who)), reply_markup=keyboard(page, tab, project_id))


@router.callback_query(TabPress.filter())
async def turn(press: CallbackQuery, callback_data: TabPress, services: Services, who: Who) -> None:
    """Another tab or page, of the project that the list was made for."""
    tab = callback_data.tab
    page = await services.conversations.tab(who.person_id, callback_data.project, tab, callback_data.page)
    await press.answer()
    if isinstance(press.message, Message):
        await press.message.edit_text(
            **said(text_of(page, tab, who)), reply_markup=keyboard(page, tab, callback_data.project)
        )


def text_of(page: TabPage, tab: Tab, who: Who) -> Marked:
    """The tab's inquiries, two lines each."""
    title = joined(" · ", [_("Conversations"), who.project if who.projects > 1 else None, str(TITLES[tab])])
    if not page.items:
        return joined("\n\n", [bold(title), str(EMPTY[tab])])
    return joined("\n\n", [bold(title), *(line(item, who.time_zone or "UTC") for item in page.items)])


def line(item: InquiryView, time_zone: str) -> Marked:
    """No. 12 Anna · VK · 5 min, and below it the last that she wrote."""
    name = bold(_("No. {number}", number=item.number) + f" {short(item.contact, LABEL_LIMIT)}")
    assignee = item.assignee if item.assignee_id is not None else None
    head = joined(" · ", [name, item.platform, _since(item, time_zone), assignee])
    return joined("\n", [head, last_words(item, LAST_LIMIT)])


def _since(item: InquiryView, time_zone: str) -> str:
    """How long the customer has been waiting; else when it was opened or finished."""
    if item.waiting_since is None or item.done_at is not None:
        return moment(item.done_at or item.opened_at, time_zone)
    minutes = max(0, (clock.now() - item.waiting_since) // timedelta(minutes=1))
    if minutes < 60:
        return n_("{count} min", "{count} min", minutes)
    hours = minutes // 60
    return n_("{count} h", "{count} h", hours) if hours < 24 else n_("{count} day", "{count} days", hours // 24)


def keyboard(page: TabPage, tab: Tab, project_id: int) -> InlineKeyboardMarkup:
    """The tabs with their counts, a button per inquiry, the pages."""

    def to(other: Tab, number: int = 0) -> TabPress:
        return TabPress(project=project_id, tab=other, page=number)

    tabs = [[button(_tab_label(other, page, tab), to(other)) for other in row] for row in _ROWS]
    entries = [
        button(short(f"№{item.number} {item.contact}", LABEL_LIMIT), InquiryPress(act=Act.SHOW, id=item.id))
        for item in page.items
    ]
    rows = [entries[start : start + 2] for start in range(0, len(entries), 2)]
    return InlineKeyboardMarkup(
        inline_keyboard=[*rows, *turns(page.page, page.pages, lambda number: to(tab, number)), *tabs]
    )


def _tab_label(other: Tab, page: TabPage, current: Tab) -> str:
    label = f"{TITLES[other]} {page.counts[other]}"
    return f"• {label} •" if other is current else label
