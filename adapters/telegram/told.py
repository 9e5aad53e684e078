"""What kinds of messages without a form of their own say in words. Source: Bot API, the types of Message's fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from adapters.content import Attachment, Location, Span
from adapters.reading import integer, items, section, string
from adapters.telegram import rich
from adapters.telegram.media import attachments

Body = dict[str, Any]

# Currencies without a smaller coin; all others are told in hundredths (core.telegram.org/bots/payments, "exp").
_WHOLE = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND"})
_CARD = re.compile(r"(?:\w+\.)?(TEL|EMAIL|ORG|TITLE|NOTE|URL|ADR)(?:;[^:]*)?:(.*)", re.IGNORECASE)
_LONGEST_CARD = 2048
"""Bytes of a vCard (Contact)."""


@dataclass(frozen=True, slots=True)
class Told:
    text: str = ""
    spans: tuple[Span, ...] = ()
    media: tuple[Attachment, ...] = ()
    place: Location | None = None


def told(kind: str, message: Body) -> Told:
    """As much of this kind as can be told; nothing of one that nobody knew of when this was written."""
    read = _READERS.get(kind)
    return read(section(message, kind)) if read else Told()


def card_lines(card: Body, phone: str | None) -> str:
    """What a contact's vCard holds beside name and number: other numbers, addresses, where they work."""
    body = (string(card, "vcard") or "")[:_LONGEST_CARD]
    found = (_CARD.fullmatch(line.strip()) for line in body.splitlines())
    values = (" ".join(one[2].replace("\\", "").split(";")).strip() for one in found if one)
    known = _digits(phone or "")
    return "\n".join(dict.fromkeys(value for value in values if value and not (known and _digits(value) == known)))


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _lines(*lines: str | None) -> str:
    return "\n".join(line for line in lines if line)


def _poll(poll: Body) -> Told:
    options = items(poll, "options")
    words = _lines(
        string(poll, "question"), string(poll, "description"), *_listed(options), string(poll, "explanation")
    )
    shown = (poll, *options)
    links = (string(section(section(part, "media"), "link"), "url") for part in shown)
    words = _lines(words, *links)
    return Told(words, media=tuple(one for part in shown for one in attachments(section(part, "media"))))


def _listed(options: list[Body]) -> Iterator[str]:
    return (f"– {text}" for option in options if (text := string(option, "text")))


def _checklist(checklist: Body) -> Told:
    return Told(_lines(string(checklist, "title"), *_tasks(items(checklist, "tasks"))))


def _tasks(tasks: list[Body]) -> Iterator[str]:
    for task in tasks:
        done = task.get("completion_date") or task.get("completed_by_user") or task.get("completed_by_chat")
        if text := string(task, "text"):
            yield f"{'☑' if done else '–'} {text}"


def _added(added: Body) -> Told:
    return Told(_lines(*_tasks(items(added, "tasks"))))


def _done(done: Body) -> Told:
    """Which tasks were ticked; only the list that came with it has their words."""
    marks = dict.fromkeys(_numbers(done, "marked_as_done_task_ids"), "☑")
    marks |= dict.fromkeys(_numbers(done, "marked_as_not_done_task_ids"), "☐")
    tasks = items(section(section(done, "checklist_message"), "checklist"), "tasks")
    named = {integer(task, "id"): string(task, "text") for task in tasks}
    return Told(_lines(*(f"{mark} {named.get(number) or f'№{number}'}" for number, mark in marks.items())))


def _numbers(body: Body, name: str) -> list[int]:
    value = body.get(name)
    return [one for one in value if type(one) is int] if isinstance(value, list) else []


def _dice(dice: Body) -> Told:
    value = integer(dice, "value")
    return Told(f"{string(dice, 'emoji') or ''} {'' if value is None else value}".strip())


def _game(game: Body) -> Told:
    words = _lines(string(game, "title"), string(game, "description"), string(game, "text"))
    return Told(words, media=attachments(game))


def _invoice(invoice: Body) -> Told:
    return Told(_lines(string(invoice, "title"), string(invoice, "description"), _amount(invoice)))


def _payment(payment: Body) -> Told:
    """What was paid, and what the payer was asked for."""
    order = section(payment, "order_info")
    address = section(order, "shipping_address")
    where = ("post_code", "country_code", "state", "city", "street_line1", "street_line2")
    return Told(
        _lines(
            _amount(payment),
            *(string(order, name) for name in ("name", "phone_number", "email")),
            ", ".join(part for name in where if (part := string(address, name))),
        )
    )


def _amount(body: Body) -> str | None:
    amount, currency = integer(body, "total_amount"), string(body, "currency")
    if amount is None or currency is None:
        return None
    if currency == "XTR":
        return f"{amount} ⭐"
    return f"{amount} {currency}" if currency in _WHOLE else f"{amount // 100}.{amount % 100:02} {currency}"


def _gift(gift: Body) -> Told:
    return Told(string(gift, "text") or "")


def _unique_gift(info: Body) -> Told:
    gift = section(info, "gift")
    number = integer(gift, "number")
    name = _lines(string(gift, "base_name") or string(gift, "name"))
    return Told(_lines(f"{name} №{number}" if name and number else name, string(info, "text")))


def _giveaway(giveaway: Body) -> Told:
    return Told(_lines(*(string(chat, "title") for chat in items(giveaway, "chats")), _prize(giveaway)))


def _winners(winners: Body) -> Told:
    return Told(_lines(string(section(winners, "chat"), "title"), _prize(winners)))


def _prize(giveaway: Body) -> str | None:
    stars = integer(giveaway, "prize_star_count")
    return string(giveaway, "prize_description") or (f"{stars} ⭐" if stars else None)


def _paid(paid: Body) -> Told:
    stars = integer(paid, "star_count")
    media = tuple(one for item in items(paid, "paid_media") for one in attachments(item))
    return Told(f"{stars} ⭐" if stars else "", media=media)


def story_link(story: Body) -> str | None:
    """Where a person can look at it; only public chats have such an address."""
    username, number = string(section(story, "chat"), "username"), integer(story, "id")
    return f"https://t.me/{username}/s/{number}" if username and number else None


def _story(story: Body) -> Told:
    return Told(story_link(story) or string(section(story, "chat"), "title") or "")


def _rich(message: Body) -> Told:
    read = rich.read(message)
    return Told(read.text, tuple(read.spans), tuple(read.media), read.place)


def _web_app(data: Body) -> Told:
    return Told(_lines(string(data, "button_text"), string(data, "data")))


def _users(shared: Body) -> Told:
    users = items(shared, "users")
    pictures = tuple(one for user in users for one in attachments(user))
    return Told(_lines(*map(_shared, users)), media=pictures)


def _shared(user: Body) -> str | None:
    name = " ".join(part for part in (string(user, "first_name"), string(user, "last_name")) if part)
    username = string(user, "username")
    return ", ".join(part for part in (name, f"@{username}" if username else None) if part) or _number(user, "user_id")


def _chat(shared: Body) -> Told:
    username = string(shared, "username")
    name = ", ".join(part for part in (string(shared, "title"), f"@{username}" if username else None) if part)
    return Told(name or _number(shared, "chat_id") or "", media=attachments(shared))


def _user(shared: Body) -> Told:
    return Told(_number(shared, "user_id") or "")


def _number(body: Body, name: str) -> str | None:
    number = integer(body, name)
    return None if number is None else str(number)


_READERS: dict[str, Callable[[Body], Told]] = {
    "poll": _poll,
    "checklist": _checklist,
    "checklist_tasks_added": _added,
    "checklist_tasks_done": _done,
    "dice": _dice,
    "story": _story,
    "game": _game,
    "invoice": _invoice,
    "successful_payment": _payment,
    "gift": _gift,
    "unique_gift": _unique_gift,
    "giveaway": _giveaway,
    "giveaway_winners": _winners,
    "paid_media": _paid,
    "rich_message": _rich,
    "web_app_data": _web_app,
    "users_shared": _users,
    "user_shared": _user,
    "chat_shared": _chat,
}
