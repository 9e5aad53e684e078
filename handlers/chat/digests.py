"""How a person's digest reads: who waits, since when, with their last words, and a button for each."""

from __future__ import annotations

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from handlers.chat.buttons import LABEL_LIMIT, Act, InquiryPress, button, inquiry_buttons
from handlers.chat.marked import TEXT_LIMIT, Marked, bold, italic, joined, plain, short
from handlers.chat.render import last_words, moment
from services.ports import DigestView, Due, Seat
from services.texts import _, n_

LAST_LIMIT = 60
ROOM = TEXT_LIMIT - 200
"""What headings and endings leave of a message."""
_ACTS = {"untaken": (Act.TAKE, Act.CARD), "unread": (Act.REPLY, Act.READ), "left": (Act.CARD,)}
BUTTONS = 16
"""More would push the names off a phone's screen; the list has them all."""


def worded(seat: Seat, view: DigestView) -> tuple[Marked, InlineKeyboardMarkup | None]:
    """The digest in the language in force, and its buttons."""
    if not view.items:
        over = _("There are no more reminders for you.") if view.over else _("Nobody is waiting any more.")
        return plain(over), None
    lines = _lines(seat, view)
    count = len(view.items)
    title = bold(n_("{count} customer is waiting", "{count} customers are waiting", count)) if count > 1 else None
    left = count - len(lines)
    more = italic(n_("and {count} more in /inbox", "and {count} more in /inbox", left)) if left else None
    suspect = italic(_("possible repeat")) if view.suspect else None
    return joined("\n\n", [title, *lines, more, suspect]), _keyboard(view)


def _lines(seat: Seat, view: DigestView) -> list[Marked]:
    """As many as there is room for."""
    lines: list[Marked] = []
    room = ROOM
    for due in view.items:
        line = _line(seat, due)
        room -= line.units + 2
        if room < 0:
            break
        lines.append(line)
    return lines


def _line(seat: Seat, due: Due) -> Marked:
    inquiry = due.inquiry
    name = bold(f"№{inquiry.number} {short(inquiry.contact, LABEL_LIMIT)}")
    since = moment(inquiry.waiting_since or inquiry.opened_at, seat.time_zone)
    waits = _waits(due, since)
    project = short(due.project, LABEL_LIMIT) if due.project else None
    head = joined(" · ", [project, name, inquiry.platform, waits])
    return joined("\n", [head, last_words(inquiry, LAST_LIMIT)])


def _waits(due: Due, since: str) -> str:
    if due.what == "untaken":
        return _("nobody has taken it since {time}", time=since)
    if due.what == "left":
        return _("unread since {time}, {name} is away", time=since, name=due.inquiry.assignee or "…")
    return _("unread since {time}", time=since)


def _keyboard(view: DigestView) -> InlineKeyboardMarkup:
    if len(view.items) == 1:
        (due,) = view.items
        return inquiry_buttons(due.inquiry.id, _ACTS[due.what])
    buttons = [_shows(due) for due in view.items[:BUTTONS]]
    return InlineKeyboardMarkup(inline_keyboard=[buttons[start : start + 2] for start in range(0, len(buttons), 2)])


def _shows(due: Due) -> InlineKeyboardButton:
    label = short(f"№{due.inquiry.number} {due.inquiry.contact}", LABEL_LIMIT)
    return button(label, InquiryPress(act=Act.SHOW, id=due.inquiry.id))
