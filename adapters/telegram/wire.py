"""Updates of the Bot API as events. Pure: the same update always gives the same events. Source: Bot API, Update."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from adapters.content import MessageId, UserId
from adapters.events import (
    TIMELESS,
    ButtonPressed,
    Event,
    MessageEdited,
    MessageReceived,
    Profile,
    ReactionChanged,
    Started,
    Subscribed,
    Unsubscribed,
    Unsupported,
)
from adapters.reading import integer, items, moment, section, string
from adapters.telegram import messages, topics
from adapters.texts import N_

CUSTOM_EMOJI = N_("custom emoji")
PAID_REACTION = "⭐"
_ALLOWED = "write_access_allowed"
# "Deep linking": up to 64 characters of A-Z, a-z, 0-9, _ and -. Anything else after /start is what a person wrote.
_START = re.compile(r"/start(?:@\w+)?(?: +([A-Za-z0-9_-]{1,64}))?\s*")
_MEMBERSHIPS: dict[str, type[Subscribed] | type[Unsubscribed]] = {"kicked": Unsubscribed, "member": Subscribed}

Body = dict[str, Any]


def parse(update: Any) -> list[Event]:
    """The event of one update; kinds without a form become Unsupported. Raises ValueError for what is no update."""
    if not isinstance(update, dict) or integer(update, "update_id") is None:
        raise ValueError("not an update of the Bot API: update_id is missing")
    kind = next((name for name in update if name != "update_id"), "empty")
    body = section(update, kind)
    read = _READERS.get(kind)
    return [(read(update, body) if read else None) or _unsupported(update, body, kind)]


def _message(update: Body, body: Body) -> Event | None:
    if not _private(body) or _number(body) is None:
        return None
    if (happened := messages.service(body)) is not None:
        return _event(Subscribed, update, body) if happened == _ALLOWED else _unsupported(update, body, happened)
    started = _START.fullmatch(string(body, "text") or "")
    if started and "forward_origin" not in body:
        return _written(Started, update, body, ref=started[1])
    return _written(MessageReceived, update, body, content=messages.content(body))


def _written(kind: type[Event], update: Body, body: Body, **more: Any) -> Event:
    number = integer(body, "message_id") or 0
    profile = _profile(section(body, "from"), topics.of(body))
    return _event(kind, update, body, sequence=number, message_id=MessageId(str(number)), profile=profile, **more)


def _edited(update: Body, body: Body) -> Event | None:
    if not _private(body) or (number := _number(body)) is None:
        return None
    at = moment(body, "edit_date") or moment(body, "date") or TIMELESS
    content = messages.content(body)
    return _event(
        MessageEdited, update, body, at=at, sequence=int(number), message_id=number, content=content,
        edition=update["update_id"],
    )  # fmt: skip


def _pressed(update: Body, body: Body) -> Event | None:
    """CallbackQuery tells no time of the press, and may tell no message: then it is the sender's, wherever it stood."""
    message = section(body, "message")
    query, data = string(body, "id"), string(body, "data")
    alone = not message and string(body, "inline_message_id") is not None
    if query is None or data is None or not (alone or _private(message)):
        return None
    return _event(
        ButtonPressed, update, body, at=TIMELESS, payload=data, message_id=_number(message),
        label=_label(message, data), acknowledge=query,
        profile=_profile(section(body, "from"), None if alone else topics.of(message)),
    )  # fmt: skip


def _reacted(update: Body, body: Body) -> Event | None:
    if not _private(body) or (number := _number(body)) is None:
        return None
    emoji = tuple(mark for reaction in items(body, "new_reaction") if (mark := _reaction(reaction)))
    return _event(ReactionChanged, update, body, sequence=int(number), message_id=number, emoji=emoji)


def _membership(update: Body, body: Body) -> Event | None:
    """The person blocked the bot (kicked) or took it back (member)."""
    kind = _MEMBERSHIPS.get(string(section(body, "new_chat_member"), "status") or "")
    return _event(kind, update, body) if kind and _private(body) else None


_READERS: dict[str, Callable[[Body, Body], Event | None]] = {
    "message": _message,
    "edited_message": _edited,
    "callback_query": _pressed,
    "message_reaction": _reacted,
    "my_chat_member": _membership,
}


def _unsupported(update: Body, body: Body, what: str) -> Event:
    return _event(Unsupported, update, body, what=what)


def _event(kind: type[Event], update: Body, body: Body, **more: Any) -> Event:
    common: dict[str, Any] = {
        "key": str(update["update_id"]),
        "user": _user(body),
        "at": moment(body, "date") or TIMELESS,
        "profile": _profile(section(body, "from") or section(body, "user")),
        "raw": update,
    }
    return kind(**{**common, **more})


def _private(body: Body) -> bool:
    chat = section(body, "chat")
    return string(chat, "type") == "private" and integer(chat, "id") is not None


def _number(body: Body) -> MessageId | None:
    number = integer(body, "message_id")
    return None if number is None else MessageId(str(number))


def _user(body: Body) -> UserId:
    """A private chat has the id of the person; elsewhere the sender is named, if anybody."""
    sources = (section(body, "chat") if _private(body) else {}, section(body, "from"), section(body, "user"))
    return UserId(next((str(found) for source in sources if (found := integer(source, "id")) is not None), ""))


def _profile(user: Body, client: str | None = None) -> Profile | None:
    if integer(user, "id") is None:
        return None
    username = string(user, "username")
    return Profile(
        name=messages.person(user) or username,
        username=username,
        language=string(user, "language_code"),
        link=f"https://t.me/{username}" if username else None,
        client=client,
    )


def _label(message: Body, data: str) -> str | None:
    rows = section(message, "reply_markup").get("inline_keyboard")
    for row in rows if isinstance(rows, list) else []:
        for button in items({"row": row}, "row"):
            if string(button, "callback_data") == data:
                return string(button, "text")
    return None


def _reaction(reaction: Body) -> str | None:
    if (emoji := string(reaction, "emoji")) is not None:
        return emoji
    # Of a type that is newer than this it is known only that it is one.
    return PAID_REACTION if string(reaction, "type") == "paid" else CUSTOM_EMOJI
