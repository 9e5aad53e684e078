"""Webhooks of a page as events. Pure. Source: Messenger Platform, "Webhooks" and "Webhook events" (2026-05-05).

One request may hold events of several pages; each event names its page in `channel`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from adapters.content import ChannelId, Content, MessageId, UserId
from adapters.events import (
    ANOTHER_SERVICE,
    TIMELESS,
    ButtonPressed,
    Delivery,
    Enforced,
    Enforcement,
    Event,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    OperatorEcho,
    ReactionChanged,
    Started,
    StatusChanged,
    Unsupported,
)
from adapters.facebook import messages
from adapters.facebook.stamps import LONGEST, flag, moment, number
from adapters.facebook.window import closes
from adapters.reading import items, section, string, whole
from adapters.texts import N_

GET_STARTED = "GET_STARTED"
MARK = "pult:"
"""Begins the payload of Pult's own buttons: any other press is something that the person says."""
PAGE_INBOX = "263902037430900"
_EMOJI = {"smile": "😆", "angry": "😠", "sad": "😢", "wow": "😮", "love": "❤️", "like": "👍", "dislike": "👎"}
OTHER = N_("a reaction of Messenger")
"""One whose emoji nobody told."""

Body = dict[str, Any]


def parse(payload: Any) -> list[Event]:
    """The events of one request, in order. Raises ValueError for what is no webhook of Facebook."""
    kind = string(payload, "object")
    if kind is None or not isinstance(payload.get("entry"), list):
        raise ValueError("not a webhook of Facebook: object or entry is missing")
    return [event for entry in items(payload, "entry") for event in _entry(entry, kind)]


def _entry(entry: Body, kind: str) -> Iterator[Event]:
    page = number(entry, "id")
    if kind != "page":
        yield _unsupported(entry, page, kind)
        return
    for body in (*items(entry, "messaging"), *items(entry, "standby")):
        yield _event(body, page)
    for change in items(entry, "changes"):
        yield _unsupported(change, page, string(change, "field") or "change", at=moment(entry, "time"))


def _event(body: Body, page: str) -> Event:
    kind = next((name for name in _READERS if isinstance(body.get(name), dict)), None)
    read = _READERS[kind](body, section(body, kind), page) if kind else None
    if read is not None:
        return read
    what = kind or next((name for name in body if name not in ("sender", "recipient", "timestamp")), "empty")
    return _unsupported(body, page, what)


def _message(body: Body, message: Body, page: str) -> Event | None:
    mid = string(message, "mid")
    if mid is None:
        return None
    echo = flag(message, "is_echo")
    if flag(message, "is_deleted"):
        whose = "recipient" if echo else "sender"
        return _made(MessageDeleted, body, page, ("deleted", mid), user=whose, message_id=MessageId(mid))
    if echo:
        return _echo(body, message, page, mid)
    if (press := _own(string(section(message, "quick_reply"), "payload"))) is not None:
        return _press(body, page, ("message", mid), press, string(message, "text"))
    user = UserId(number(section(body, "sender"), "id"))
    content = messages.content(message, user)
    ref = _ref(section(message, "referral"))
    return _made(
        MessageReceived, body, page, ("message", mid), opens=True, message_id=MessageId(mid), content=content, ref=ref
    )


def _echo(body: Body, message: Body, page: str, mid: str) -> Event:
    """What the page itself sent: Pult's own, the page's inbox, another app's."""
    app = number(message, "app_id")
    return _made(
        OperatorEcho, body, page, ("echo", mid), user="recipient", message_id=MessageId(mid),
        content=messages.content(message), token=string(message, "metadata"),
        author=None if app in ("", PAGE_INBOX) else ANOTHER_SERVICE,
    )  # fmt: skip


def _edited(body: Body, edit: Body, page: str) -> Event | None:
    mid = string(edit, "mid")
    if mid is None:
        return None
    number, content = whole(edit, "num_edit"), messages.content(edit)
    key = ("edit", mid, number or whole(body, "timestamp"))
    return _made(
        MessageEdited,
        body,
        page,
        key,
        message_id=MessageId(mid),
        content=content,
        edition=number or 0,
        words_only="attachments" not in edit,
    )


def _postback(body: Body, press: Body, page: str) -> Event | None:
    """ "Get started", one of Pult's own buttons, or a button of a menu or another tool: then it is what they say."""
    payload, title, mid = string(press, "payload"), string(press, "title"), string(press, "mid")
    key = ("postback", mid) if mid else ("postback", _person(body), whole(body, "timestamp"), payload)
    referral = section(press, "referral")
    if payload == GET_STARTED:
        message = MessageId(mid) if mid else None
        return _made(Started, body, page, key, opens=True, ref=_ref(referral), message_id=message)
    if (own := _own(payload)) is not None:
        return _press(body, page, key, own, title)
    if not (title or payload):
        return None
    message = MessageId(mid or f"postback:{whole(body, 'timestamp')}")
    said, ref = Content(text=title or payload or ""), _ref(referral)
    return _made(MessageReceived, body, page, key, opens=True, message_id=message, content=said, ref=ref)


def _press(body: Body, page: str, key: tuple[object, ...], payload: str, label: str | None) -> Event:
    """Messenger shows no waiting mark on a pressed button, so there is nothing to acknowledge."""
    return _made(ButtonPressed, body, page, key, opens=True, payload=payload, label=label)


def _own(payload: str | None) -> str | None:
    return payload.removeprefix(MARK) if payload is not None and payload.startswith(MARK) else None


def _referral(body: Body, referral: Body, page: str) -> Event:
    """A link or an advertisement led back into the dialog."""
    key = ("referral", _person(body), whole(body, "timestamp"))
    return _made(Started, body, page, key, opens=True, ref=_ref(referral))


def _ref(referral: Body) -> str | None:
    """The code of the link; of an advertisement, or a product of the shop, that has none its number."""
    ad, product = number(referral, "ad_id"), number(section(referral, "product"), "id")
    return string(referral, "ref") or (f"ad_{ad}" if ad else f"product_{product}" if product else None)


def _optin(body: Body, optin: Body, page: str) -> Event | None:
    """The plugin's "Send to Messenger"; subscriptions to marketing messages (with a type) are none of Pult's."""
    if "type" in optin or not _person(body):
        return None
    key = ("optin", _person(body), whole(body, "timestamp"))
    return _made(Started, body, page, key, opens=True, ref=string(optin, "ref"))


def _delivered(body: Body, delivery: Body, page: str) -> Event | None:
    mids = delivery.get("mids")
    found = tuple(MessageId(mid) for mid in mids if _usable(mid)) if isinstance(mids, list) else ()
    mark = moment(delivery, "watermark")
    if not found and mark is None:
        return None
    key = ("delivered", _person(body), whole(delivery, "watermark"), *found)
    return _made(
        StatusChanged, body, page, key, status=Delivery.DELIVERED, message_ids=found,
        watermark=None if found else mark,
    )  # fmt: skip


def _read(body: Body, read: Body, page: str) -> Event | None:
    mark = moment(read, "watermark")
    if mark is None:
        return None
    key = ("read", _person(body), whole(read, "watermark"))
    return _made(StatusChanged, body, page, key, status=Delivery.SEEN, watermark=mark)


def _reacted(body: Body, reaction: Body, page: str) -> Event | None:
    mid = string(reaction, "mid")
    if mid is None:
        return None
    name = string(reaction, "reaction") or ""
    emoji = string(reaction, "emoji") or _EMOJI.get(name) or (OTHER if name else "")
    taken_back = string(reaction, "action") == "unreact" or not emoji
    return _made(
        ReactionChanged, body, page, ("reaction", mid, _person(body), whole(body, "timestamp")), opens=not taken_back,
        message_id=MessageId(mid), emoji=() if taken_back else (emoji,),
    )  # fmt: skip


def _enforced(body: Body, enforcement: Body, page: str) -> Event | None:
    """The page broke a rule ("Webhook events", messaging_policy_enforcement)."""
    action = _ENFORCEMENTS.get(string(enforcement, "action") or "")
    if action is None:
        return None
    key = ("policy", whole(body, "timestamp"), action.value)
    return _made(Enforced, body, page, key, action=action, reason=string(enforcement, "reason"))


_ENFORCEMENTS = {
    "warning": Enforcement.WARNED, "block": Enforcement.BLOCKED, "unblock": Enforcement.RELEASED,
}  # fmt: skip
_READERS: dict[str, Callable[[Body, Body, str], Event | None]] = {
    "message": _message,
    "message_edit": _edited,
    "postback": _postback,
    "referral": _referral,
    "optin": _optin,
    "delivery": _delivered,
    "read": _read,
    "reaction": _reacted,
    "policy_enforcement": _enforced,
    "policy-enforcement": _enforced,
}


def _unsupported(body: Body, page: str, what: str, at: datetime | None = None) -> Event:
    what = string({"what": what}, "what") or "empty"
    key = (what, _person(body), whole(body, "timestamp") or (at.isoformat() if at else None), _sub(body))
    return _made(Unsupported, body, page, key, at=at or moment(body, "timestamp"), what=what)


def _sub(body: Body) -> str | None:
    """What tells two changes of one moment apart: the number of the thing that they are about."""
    value = section(body, "value")
    return next(
        (found for name in ("message_template_id", "post_id", "comment_id") if (found := number(value, name))), None
    )


def _made(
    kind: type[Event], body: Body, page: str, key: tuple[object, ...], *, user: str = "sender", opens: bool = False,
    at: datetime | None = None, **more: Any,
) -> Event:  # fmt: skip
    """An event with what all have. opens: it opens or renews the time in which the page may answer."""
    at = at or moment(body, "timestamp") or TIMELESS
    return kind(
        key=_key(*key),
        user=UserId(number(section(body, user), "id")),
        at=at,
        channel=ChannelId(page) if page else None,
        window_until=closes(at) if opens and at != TIMELESS else None,
        raw=body,
        **more,
    )


def _key(*parts: object) -> str:
    """The parts as one text; a digest where it would be too long to store."""
    text = ":".join("" if part is None else str(part) for part in parts)
    return text if len(text) <= LONGEST else hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _person(body: Body) -> str:
    return number(section(body, "sender"), "id")


def _usable(value: object) -> bool:
    return isinstance(value, str) and string({"id": value}, "id") == value
