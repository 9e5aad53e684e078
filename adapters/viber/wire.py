"""A callback of Viber as events. Source: REST Bot API, "Callbacks"; every field name here is from its tables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from adapters.base import (
    TIMELESS,
    ButtonPressed,
    Delivery,
    Event,
    MessageId,
    MessageReceived,
    Profile,
    Started,
    StatusChanged,
    Subscribed,
    Unsubscribed,
    Unsupported,
    UserId,
)
from adapters.reading import section, string, true, whole
from adapters.texts import N_
from adapters.viber import messages, tracking

Body = dict[str, Any]

SETUP = "webhook"
"""What Viber sends while set_webhook is under way, to see whether anybody answers."""
NOT_DELIVERED = N_("Viber could not deliver this message.")
_LONGEST_TOKEN = 2**64
_LONGEST_KEY = 200


def parse(payload: Any) -> list[Event]:
    """The events of one callback: one, or none for the set-up request. Raises ValueError for anything else."""
    name = string(payload, "event")
    if name is None:
        raise ValueError("no callback of Viber: the event is missing")
    if name == SETUP:
        return []
    read = _READERS.get(name)
    found = read(payload) if read and _user(payload) else None
    return [found or _event(Unsupported, payload, what=name)]


def _message(callback: Body) -> Event:
    message = section(callback, "message")
    token = _token(callback)
    press = tracking.pressed(string(message, "text"), string(message, "tracking_data"))
    if press is not None and string(message, "type") == "text":
        return _event(
            ButtonPressed, callback, payload=press.value, message_id=MessageId(press.message), label=press.label
        )
    return _event(
        MessageReceived, callback, message_id=MessageId(token or _key(callback)), content=messages.content(message)
    )


def _status(status: Delivery) -> Callable[[Body], Event | None]:
    def read(callback: Body) -> Event | None:
        token = _token(callback)
        if token is None:
            return None
        # Why, if Viber says so (`desc`), stands in the journal, in English.
        reason = NOT_DELIVERED if status is Delivery.FAILED else None
        return _event(StatusChanged, callback, status=status, message_ids=(MessageId(token),), reason=reason)

    return read


def _started(callback: Body) -> Event:
    """A chat that was opened is no subscription: only `subscribed` says that it is one already."""
    return _event(Started, callback, ref=string(callback, "context"), subscribed=true(callback, "subscribed"))


_READERS: dict[str, Callable[[Body], Event | None]] = {
    "message": _message,
    "conversation_started": _started,
    "subscribed": lambda callback: _event(Subscribed, callback),
    "unsubscribed": lambda callback: _event(Unsubscribed, callback),
    "delivered": _status(Delivery.DELIVERED),
    "seen": _status(Delivery.SEEN),
    "failed": _status(Delivery.FAILED),
}


def _event(kind: type[Event], callback: Body, **more: Any) -> Event:
    return kind(
        key=_key(callback),
        user=UserId(_user(callback)),
        at=_at(callback),
        profile=_profile(callback),
        raw=callback,
        **more,
    )


def _key(callback: Body) -> str:
    """(event, token, person): the token of delivered and seen is our message's, so that it alone is not unique."""
    token = _token(callback)
    if token is None:
        # Nothing to know a redelivery by but that it is the same, byte for byte.
        token = hashlib.sha256(_canonical(callback)).hexdigest()
    key = f"{string(callback, 'event')}:{token}:{_user(callback)}"
    return key if len(key) <= _LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()


def _canonical(callback: Body) -> bytes:
    try:
        return orjson.dumps(callback, option=orjson.OPT_SORT_KEYS, default=repr)
    except (TypeError, ValueError, RecursionError):
        plain = {name: value for name, value in callback.items() if isinstance(value, str | int | float)}
        return repr(sorted(plain.items(), key=repr)).encode(errors="replace")


def _token(callback: Body) -> str | None:
    """The message's token: 64 bits that no browser counts exactly, so it is text from here on."""
    value = callback.get("message_token")
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _LONGEST_TOKEN:
        return str(value)
    text = string(callback, "message_token")
    return text[:64] if text and text.isascii() and text.isalnum() and text != "0" else None


def _person(callback: Body) -> Body:
    return section(callback, "sender") or section(callback, "user")


def _user(callback: Body) -> str:
    return string(_person(callback), "id") or string(callback, "user_id") or ""


def _profile(callback: Body) -> Profile | None:
    """Name, picture and language, each of which Viber may leave out (send_name, send_photo, privacy)."""
    person = _person(callback)
    name, language, picture = (string(person, key) for key in ("name", "language", "avatar"))
    return Profile(name=name, language=language, picture=picture) if name or language or picture else None


def _at(callback: Body) -> datetime:
    milliseconds = whole(callback, "timestamp")
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds and milliseconds > 0 else TIMELESS
    except (OverflowError, OSError, ValueError):
        return TIMELESS
