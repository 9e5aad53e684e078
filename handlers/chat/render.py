"""How inquiries and messages read in a member's chat: views in, marked text out. Wording only, no Telegram calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from adapters import kinds
from adapters.base import (
    ANOTHER_SERVICE,
    Attachment,
    AttachmentKind,
    Button,
    ButtonKind,
    ContactCard,
    Content,
    Location,
    Note,
    Quoted,
)
from adapters.content import SOMEBODY
from handlers.chat.marked import CAPTION_LIMIT, TEXT_LIMIT, Marked, bold, italic, joined, link, plain, quote, short
from handlers.chat.marks import edit_mark
from handlers.chat.origin import came_by
from models.enums import Author, Direction, InquiryState
from services import clock
from services.conversations import ContactView
from services.ports import CardView, CopyView, FileStatus, InquiryView, MessageView, Seat
from services.texts import N_, _, __, filled, n_

QUOTE_LIMIT = 120
NAME_LIMIT = 64
LAST_LIMIT = 160
BEGINNING = 300
"""Characters of a message that stands in full elsewhere."""

MEDIA = {kind: __(name) for kind, name in kinds.MEDIA.items()}


def moment(at: datetime, time_zone: str, *, seconds: bool = False) -> str:
    """The time in a zone, with the date unless it was today."""
    local = at.astimezone(ZoneInfo(time_zone))
    time = local.strftime("%H:%M:%S" if seconds else "%H:%M")
    today = _today(time_zone)
    if local.date() == today:
        return time
    if local.date() == today - timedelta(days=1):
        return _("yesterday {time}", time=time)
    if local.date() == today + timedelta(days=1):
        return _("tomorrow {time}", time=time)
    return f"{local:%d.%m.%Y} {time}" if local.year != today.year else f"{local:%d.%m} {time}"


def _today(time_zone: str) -> date:
    return clock.now().astimezone(ZoneInfo(time_zone)).date()


def who(inquiry: InquiryView, limit: int = 2 * NAME_LIMIT, *, numbered: bool = False) -> str:
    """Whom it is about: "Anna · VK", with the inquiry's number where another is called so, or where it is asked for.

    A name that is too long for `limit` characters is cut, not what follows it.
    """
    rest = where(inquiry, numbered=numbered)
    return short(inquiry.contact, max(min(NAME_LIMIT, limit - len(rest)), 2)) + rest


def where(inquiry: InquiryView, *, numbered: bool = False) -> str:
    """What follows the customer's name: " · VK", and what tells them from another of that name."""
    number = _("No. {number}", number=inquiry.number) if inquiry.alike or numbered else None
    return " · " + " · ".join(part for part in (inquiry.platform, number) if part)


# Cards


def card(seat: Seat, view: CardView) -> Marked:
    """An inquiry's card in full, however long its first message is."""
    return _card(seat, view, messages_body(seat, view.first))


def card_within(seat: Seat, view: CardView, limit: int) -> Marked:
    """The card with as much of its first message as `limit` leaves room for."""
    body = messages_body(seat, view.first)
    whole = _card(seat, view, body)
    if whole.units <= limit:
        return whole
    rest = limit - (whole.units - body.units)
    return _card(seat, view, body.begun(max(rest, 2)))


def _card(seat: Seat, view: CardView, body: Marked) -> Marked:
    head = joined("\n", [_title(seat, view.inquiry), _about(view.inquiry), _circumstances(seat, view.inquiry)])
    suspect = italic(_("possible repeat")) if view.suspect else None
    return joined("\n\n", [head, body, _taken_back(view), _more(view), _answered(view), suspect])


def _taken_back(view: CardView) -> Marked | None:
    """The customer deleted what the card quotes: whoever takes it knows that it is not to be answered."""
    gone = view.first and all(one.deleted for one in view.first)
    return italic(_("Deleted by the customer")) if gone else None


def _title(seat: Seat, inquiry: InquiryView) -> Marked:
    title = bold(joined(" · ", [seat.project, inquiry_title(inquiry)]))
    return joined(" · ", [title, _state(inquiry, seat.member_id)])


def inquiry_title(inquiry: InquiryView) -> str:
    """Its number, and whether it is new or the customer's first."""
    number = inquiry.number
    if inquiry.repeat:
        return _("Repeat inquiry No. {number}", number=number)
    if inquiry.state is not InquiryState.NEW:
        return _("Inquiry No. {number}", number=number)
    return _("New inquiry No. {number}", number=number)


def _state(inquiry: InquiryView, member_id: int) -> str | None:
    if inquiry.state is InquiryState.DONE:
        return _("spam") if inquiry.spam else _("done")
    if inquiry.state is InquiryState.NEW:
        return None
    if inquiry.assignee_id == member_id:
        return _("yours")
    return _("taken by {name}", name=inquiry.assignee or "—")


def _about(inquiry: InquiryView) -> Marked:
    return bold(inquiry.contact) + f" · {inquiry.platform}, {inquiry.channel}"


def _circumstances(seat: Seat, inquiry: InquiryView) -> Marked:
    """Where the customer came from, and when, unless it was today: the chat itself shows the time."""
    today = inquiry.opened_at.astimezone(ZoneInfo(seat.time_zone)).date() == _today(seat.time_zone)
    source = came_by(inquiry.source) if inquiry.source else None
    opened = None if today else moment(inquiry.opened_at, seat.time_zone)
    return joined("\n", [joined(" · ", [opened, source]), _window(inquiry, seat.time_zone)])


def _window(inquiry: InquiryView, time_zone: str) -> str | None:
    """How long the messenger lets the customer be answered, where it limits that (Facebook)."""
    if inquiry.window_until is None or inquiry.state is InquiryState.DONE:
        return None
    if inquiry.window_until <= clock.now():
        return _("{platform}'s time for answers is over", platform=inquiry.platform)
    return _("To be answered by {time}", time=moment(inquiry.window_until, time_zone))


def _more(view: CardView) -> Marked | None:
    """What the customer wrote since: an unclaimed card alone counts, a taken one's messages come in full."""
    count = view.inquiry.inbound - len(view.first)
    if count <= 0 or view.inquiry.state is not InquiryState.NEW:
        return None
    last = last_words(view.inquiry, LAST_LIMIT)
    return italic(n_("{count} more message, the latest: ", "{count} more messages, the latest: ", count)) + last


def _answered(view: CardView) -> Marked | None:
    """What was said to the customer elsewhere: there may be nothing left to take."""
    if view.answer is None:
        return None
    what = brief(view.answer.content, LAST_LIMIT)
    by = author(view.answer, view.inquiry) or ""
    return joined(" ", [italic(_("Answered already ({by}):", by=by)), what])


# Copies


def copy(seat: Seat, view: CopyView) -> Marked:
    """A copy's heading and what it says."""
    return joined("\n", [heading(seat, view), messages_body(seat, view.messages)])


def copy_within(seat: Seat, view: CopyView, limit: int) -> Marked:
    return copy(seat, view).begun(limit)


def heading(seat: Seat, view: CopyView) -> Marked:
    """Who it is from, and what is unusual about it."""
    first = view.messages[0]
    name = bold(joined(" → ", [author(first, view.inquiry), view.inquiry.contact]))
    marks = ", ".join(_marks(seat, view))
    line = joined(" · ", [seat.project, name + where(view.inquiry), italic(marks)])
    return joined("\n", [bold(inquiry_title(view.inquiry)), line]) if view.first and view.inquiry.repeat else line


def author(message: MessageView, inquiry: InquiryView) -> str | None:
    """Who wrote it, where that was not the customer."""
    if message.direction is Direction.IN:
        return None
    if message.author is Author.AUTOMATION:
        return _("automation")
    if message.author is Author.OUTSIDE and message.author_name == ANOTHER_SERVICE:
        return _(ANOTHER_SERVICE)
    if message.author is Author.OUTSIDE:
        outside = _("from {platform}'s own interface", platform=inquiry.platform)
        return ", ".join(name for name in (message.author_name, outside) if name)
    return message.author_name or _("the team")


def _marks(seat: Seat, view: CopyView) -> list[str]:
    messages = view.messages
    marks = []
    if late := next((one for one in messages if one.late), None):
        marks.append(_("arrived later, from {time}", time=moment(late.at, seat.time_zone, seconds=True)))
    if all(one.deleted for one in messages):
        inbound = messages[0].direction is Direction.IN
        marks.append(_("deleted by the customer") if inbound else _("deleted"))
    elif edited := edit_mark(messages):
        marks.append(edited)
    if view.suspect or any(one.repeated for one in messages):
        marks.append(_("possible repeat"))
    return marks


# What a message says in words


def messages_body(seat: Seat, messages: Iterable[MessageView]) -> Marked:
    """The words of messages that belong together."""
    return joined("\n", [message_body(message) for message in messages])


def message_body(message: MessageView) -> Marked:
    """The text, and words for whatever is not shown as itself beside it."""
    content = message.content
    lines: list[Marked | str | None] = [
        _forwarded(content.forwarded_from) if content.forwarded_from else None,
        _answered_to(message.quoted) if message.quoted else None,
        *(
            absence(item, status)
            for item, status in zip(content.attachments, message.files, strict=False)
            if status is not FileStatus.READY
        ),
        *(_sticker(item) for item in content.attachments if item.kind is AttachmentKind.STICKER),
        italic(kind_name(content.unsupported)) if content.unsupported else None,
        *(italic(_noted(note)) for note in content.notes),
        Marked(content.text, content.spans),
        _place(content),
        _person(content),
        _keys(content),
    ]
    body = joined("\n", lines)
    return body if body or content.attachments else italic(_("A message without content"))


def brief(content: Content, limit: int) -> Marked:
    """What a message says in one line: its words, and the names of what is more than words."""
    return joined(" · ", [italic(media_names(content)), short(content.text, limit)]) or italic(
        _("A message without content")
    )


def media_names(content: Content) -> str:
    """What is more than words in a message, by name."""
    names = [
        *(_counted(kind, count) for kind, count in Counter(item.kind for item in content.attachments).items()),
        _("Location") if content.location is not None else None,
        _("Contact") if content.contact is not None else None,
        kind_name(short(content.unsupported, NAME_LIMIT)) if content.unsupported else None,
        *(_noted(note) for note in content.notes),
        _("Forwarded from: {name}", name=short(content.forwarded_from, NAME_LIMIT)) if content.forwarded_from else None,
    ]
    return ", ".join(name for name in names if name)


def _counted(kind: AttachmentKind, count: int) -> str:
    return f"{MEDIA[kind]} × {count}" if count > 1 else str(MEDIA[kind])


def last_words(inquiry: InquiryView, limit: int) -> Marked:
    """The newest that stands in an inquiry, in a line."""
    if inquiry.last is not None:
        return brief(inquiry.last, limit)
    return italic(_("Deleted by the customer") if inquiry.inbound else _("No messages yet"))


def _forwarded(name: str) -> Marked:
    name = _(SOMEBODY) if name == SOMEBODY else short(name, NAME_LIMIT)
    return italic(_("Forwarded from: {name}", name=name))


def _answered_to(quoted: Quoted) -> Marked | None:
    """The beginning of what is answered to, and what kind of thing it is where that is no text."""
    name = kind_name(quoted.kind) if quoted.kind else None
    said = joined(": ", [name, short(quoted.text or "", QUOTE_LIMIT)])
    return quote(said.text) if said else None


def _noted(note: Note) -> str:
    return filled(note.message, {name: short(value, LAST_LIMIT) for name, value in note.values})


def absence(item: Attachment, status: FileStatus) -> Marked:
    """A medium that cannot be shown: what it is, why, and where a person can look at it."""
    name = joined(" ", [str(MEDIA[item.kind]), _file(item)]).text
    if status is FileStatus.COMING and not item.unavailable:
        return italic(_("{what}: loading…", what=name))
    values = dict(item.unavailable_values)
    reason = filled(item.unavailable, values) if item.unavailable else _("It could not be received.")
    line = italic(f"{name}. {reason}")
    return line + " " + link(_("Open"), item.link) if item.link else line


def _file(item: Attachment) -> str | None:
    return f"«{short(item.name, QUOTE_LIMIT)}»" if item.name else None


def unshown(item: Attachment) -> Marked:
    """A medium that Telegram did not take in any form."""
    name = joined(" ", [str(MEDIA[item.kind]), _file(item)]).text
    line = italic(f"{name}. " + _("Telegram did not accept it."))
    return line + " " + link(_("Open"), item.link) if item.link else line


def untaken(location: Location | None, contact: ContactCard | None) -> Marked:
    """A place or a contact card that Telegram did not take as one."""
    what = _("Location") if location is not None else _("Contact")
    line = italic(f"{what}. " + _("Not shown: Telegram refused it."))
    where = f"{location.latitude}, {location.longitude}" if location is not None else None
    return joined("\n", [line, where or (contact.phone if contact is not None else None)])


def _sticker(item: Attachment) -> Marked:
    return italic(" ".join(part for part in (str(MEDIA[item.kind]), short(item.emoji or "", NAME_LIMIT)) if part))


def kind_name(kind: str) -> str:
    """What people call a kind of message that has no form here, or several of them."""
    return ", ".join(_(name) for name in kinds.names(kind))


def _place(content: Content) -> Marked | None:
    place = content.location
    if place is None:
        return None
    return joined(
        "\n",
        [italic(_("Location")), joined(", ", [short(part or "", LAST_LIMIT) for part in (place.title, place.address)])],
    )


def _person(content: Content) -> Marked | None:
    if content.contact is None:
        return None
    name, phone = short(content.contact.name, NAME_LIMIT), short(content.contact.phone, NAME_LIMIT)
    return italic(_("Contact")) + f"\n{name}, " + (phone or _("without a number"))


def _keys(content: Content) -> Marked | None:
    """The buttons that an automatic message had, with the addresses of those that open one."""
    rows = [joined(" ", [_key(button) for button in row]) for row in content.buttons]
    return joined("\n", rows)


def _key(button: Button) -> Marked:
    label = f"[{short(button.label, QUOTE_LIMIT)}]"
    return link(label, button.value) if button.kind is ButtonKind.LINK else plain(label)


# The customer's card


def contact(view: ContactView, time_zone: str) -> Marked:
    """Everything that is known of the customer."""
    number = _("customer No. {number}", number=view.number) if view.inquiry.contact_name is not None else None
    title = joined(" · ", [bold(view.inquiry.contact), number])
    name = f"@{view.username}" if view.username else None
    seen = joined(" · ", [
        _("First contact: {time}", time=moment(view.first_at, time_zone)),
        _("last: {time}", time=moment(view.last_at, time_zone)) if view.last_at else None,
    ])  # fmt: skip
    return joined("\n", [
        title,
        f"{view.platform}, {view.channel}",
        link(name or _("Profile"), view.link) if view.link else name,
        _("Phone: {phone}", phone=view.phone) if view.phone else None,
        came_by(view.source) if view.source else None,
        seen,
        n_("{count} inquiry", "{count} inquiries", view.inquiries),
        _window(view.inquiry, time_zone),
        italic(_("Blocked the channel: answers do not arrive")) if not view.subscribed else None,
        italic(_("Spam: messages are not shown")) if view.spam else None,
    ])  # fmt: skip


# Who is being answered

ANSWERING = N_("You are answering: {who}")


def header(seat: Seat, inquiry: InquiryView) -> Marked:
    """The pinned line that always says who is being answered."""
    text = _(ANSWERING, who=who(replace(inquiry, alike=False)))
    return joined(" · ", [seat.project, bold(text), _("No. {number}", number=inquiry.number)])


__all__ = [
    "CAPTION_LIMIT", "TEXT_LIMIT", "absence", "card", "card_within", "copy", "copy_within", "header", "heading",
    "message_body", "messages_body", "moment", "unshown", "who",
]  # fmt: skip
