"""Events of VK (Callback API and long poll alike) as ours. Pure: the same payload always gives the same events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from adapters.content import ChannelId, MessageId, UserId
from adapters.events import (
    TIMELESS,
    ButtonPressed,
    Delivery,
    Event,
    MessageEdited,
    MessageReceived,
    OperatorEcho,
    Profile,
    ReactionChanged,
    Started,
    StatusChanged,
    Subscribed,
    Unsubscribed,
    Unsupported,
)
from adapters.lenient import loads
from adapters.reading import integer, moment, section, string
from adapters.vk import keyboards, messages, reactions
from adapters.vk.keyboards import PRESS

CONFIRMATION = "confirmation"
FIRST_CHAT = 2_000_000_000
"""Numbers from here on are chats of several people ("peer_id"), which Pult leaves alone."""
START = "start"
LONGEST_PAYLOAD = 1000
# client_info: lang_id.
_LANGUAGES = {0: "ru", 1: "uk", 2: "be", 3: "en", 4: "es", 5: "fi", 6: "de", 7: "it"}
# What tells two events of one kind apart where VK gives no event_id (versions before 5.103).
_MARKS = (
    "peer_id",
    "user_id",
    "from_id",
    "id",
    "conversation_message_id",
    "cmid",
    "date",
    "update_time",
    "reaction_id",
)

Body = dict[str, Any]


def parse(payload: Any) -> list[Event]:
    """The event of one payload; kinds without a form become Unsupported. Raises ValueError for what is no payload."""
    kind = string(payload, "type")
    if kind is None or integer(payload, "group_id") is None:
        raise ValueError("not an event of VK: type or group_id is missing")
    body = section(payload, "object")
    read = _READERS.get(kind)
    return [(read(payload, body) if read else None) or _event(Unsupported, payload, body, what=_kind(kind, body))]


def _kind(kind: str, body: Body) -> str:
    return f"{kind} of a chat" if (integer(_message_of(body), "peer_id") or 0) >= FIRST_CHAT else kind


def _received(payload: Body, body: Body) -> Event | None:
    message = _message_of(body)
    number = _incoming(message)
    if number is None or section(message, "action"):
        return None
    client = section(body, "client_info")
    common: dict[str, Any] = {"message_id": number, "ref": string(message, "ref"), "profile": _profile(message, client)}
    if _command(message) == START:
        return _event(Started, payload, message, **common)
    said = {"content": messages.content(message), "incomplete": messages.cropped(message)}
    return _event(MessageReceived, payload, message, **said, **common)


def _edited(payload: Body, body: Body) -> Event | None:
    """What the community itself edits is known to whoever did it."""
    message = _message_of(body)
    if (number := _incoming(message)) is None:
        return None
    at = moment(message, "update_time") or moment(message, "date") or TIMELESS
    said = {"content": messages.content(message), "incomplete": messages.cropped(message)}
    edition = integer(message, "version") or 0
    return _event(MessageEdited, payload, message, at=at, message_id=number, edition=edition, **said)


def _sent(payload: Body, body: Body) -> Event | None:
    """message_reply: anything that left the community. `random_id` tells ours from a person's in VK and other apps'."""
    message = _message_of(body)
    number = messages.message_id(message)
    if number is None or not _private(message):
        return None
    admin = integer(message, "admin_author_id")
    return _event(
        OperatorEcho, payload, message, message_id=number, content=messages.content(message),
        author=f"vk.com/id{admin}" if admin else None, author_id=UserId(str(admin)) if admin else None,
        number=integer(message, "random_id") or None,
    )  # fmt: skip


def _pressed(payload: Body, body: Body) -> Event | None:
    """message_event: a callback button. VK tells no time of the press."""
    query, user, peer = string(body, "event_id"), integer(body, "user_id"), integer(body, "peer_id")
    if query is None or user is None or not _private(body):
        return None
    return _event(
        ButtonPressed, payload, body, payload=_pressed_value(body.get("payload")), message_id=messages.message_id(body),
        acknowledge=f"{query}:{user}:{peer}",
    )  # fmt: skip


def _reacted(payload: Body, body: Body) -> Event | None:
    number = messages.message_id(body)
    if number is None or not _private(body) or integer(body, "reacted_id") != integer(body, "peer_id"):
        return None
    emoji = reactions.emoji(integer(body, "reaction_id"))
    return _event(ReactionChanged, payload, body, message_id=number, emoji=emoji)


def _read(payload: Body, body: Body) -> Event | None:
    number = messages.message_id(body) or _read_message(body)
    if number is None or not _private(body) or integer(body, "from_id") not in (None, integer(body, "peer_id")):
        return None
    return _event(StatusChanged, payload, body, status=Delivery.SEEN, up_to=number)


def _read_message(body: Body) -> MessageId | None:
    number = integer(body, "read_message_id")
    return messages.global_id(number) if number else None


def _allowed(payload: Body, body: Body) -> Event | None:
    return _event(Subscribed, payload, body) if _user(body) else None


def _denied(payload: Body, body: Body) -> Event | None:
    return _event(Unsubscribed, payload, body) if _user(body) else None


_READERS: dict[str, Callable[[Body, Body], Event | None]] = {
    "message_new": _received,
    "message_edit": _edited,
    "message_reply": _sent,
    "message_event": _pressed,
    "message_reaction_event": _reacted,
    "message_read": _read,
    "message_allow": _allowed,
    "message_deny": _denied,
    "user_block": _denied,
    "user_unblock": _allowed,
}


def _event(kind: type[Event], payload: Body, body: Body, /, **more: Any) -> Event:
    common: dict[str, Any] = {
        "key": string(payload, "event_id") or _key(payload, body),
        "user": _user(body),
        "channel": ChannelId(str(integer(payload, "group_id"))),
        "at": moment(body, "date") or TIMELESS,
        "sequence": integer(body, "conversation_message_id") or integer(body, "cmid") or 0,
        "raw": {name: value for name, value in payload.items() if name != "secret"},
    }
    return kind(**{**common, **more})


def _key(payload: Body, body: Body) -> str:
    marks = (integer(_message_of(body), name) for name in _MARKS)
    told = ":".join("" if mark is None else str(mark) for mark in marks)
    return f"{string(payload, 'type')}:{integer(payload, 'group_id')}:{told}"


def _message_of(body: Body) -> Body:
    """message_new wraps its message since 5.103; the other kinds never do.

    Before 5.80 a message named the person instead of the dialog: an administrator may have chosen such a version in the
    community's settings, until the health watch sets it right.
    """
    message = section(body, "message") or body
    person = integer(message, "user_id")
    if "peer_id" in message or "body" not in message or person is None:
        return message
    chat = integer(message, "chat_id")
    return {**message, "peer_id": person if chat is None else FIRST_CHAT + chat}


def _private(body: Body) -> bool:
    peer = integer(body, "peer_id")
    return peer is not None and 0 < peer < FIRST_CHAT


def _incoming(message: Body) -> MessageId | None:
    """The number of a message that the person of this dialog wrote."""
    outgoing = integer(message, "out") == 1 or (integer(message, "from_id") or 0) < 0
    return None if outgoing or not _private(message) else messages.message_id(message)


def _user(body: Body) -> UserId:
    """A private dialog has the number of the person; elsewhere the person is named, if anybody."""
    numbers = (integer(body, name) for name in ("peer_id", "user_id", "from_id"))
    return UserId(next((str(number) for number in numbers if number is not None and 0 < number < FIRST_CHAT), ""))


def _profile(message: Body, client: Body) -> Profile:
    language = integer(client, "lang_id")
    known = _LANGUAGES.get(language) if language is not None else None
    return Profile(language=known, link=f"https://vk.com/id{_user(message)}", client=keyboards.shown_by(client))


def _command(message: Body) -> str | None:
    """The start button writes {"command": "start"} ("Keyboards for bots")."""
    return string(_decoded(message.get("payload")), "command")


def _pressed_value(payload: Any) -> str:
    """Our own value; of a button that another service made, its payload as it is."""
    data = _decoded(payload)
    if (value := string(data, PRESS)) is not None:
        return value
    if isinstance(payload, str):
        return (string({"payload": payload}, "payload") or "")[:LONGEST_PAYLOAD]
    return _told(payload)[:LONGEST_PAYLOAD]


def _told(payload: Any) -> str:
    try:
        told = orjson.dumps(payload).decode() if isinstance(payload, dict | list) else ""
    except (TypeError, ValueError):
        return ""
    return told.replace("\\u0000", "\ufffd")


def _decoded(payload: Any) -> Any:
    """A payload comes as an object or as a text that holds one."""
    if not isinstance(payload, str):
        return payload
    try:
        return loads(payload)
    except ValueError:
        return None
