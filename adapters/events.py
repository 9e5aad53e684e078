"""What a platform tells us, normalised. `Adapter.parse` turns a payload into these and does nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from adapters.content import ChannelId, Content, MessageId, UserId
from adapters.texts import N_

ANOTHER_SERVICE = N_("another service")
"""`OperatorEcho.author` where a program answered, and no person in the platform's own interface."""
TIMELESS = datetime(1970, 1, 1, tzinfo=UTC)
"""`Event.at` where the platform names no time (a press of a button on Telegram): the time of arrival counts."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A person as far as the event, or the platform's profile call, shows them."""

    name: str | None = None
    username: str | None = None
    language: str | None = None
    picture: str | None = None
    link: str | None = None
    client: str | None = None
    """What the person's app can show, in the adapter's own words; it comes back in `Envelope.client`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event carries.

    key is unique within the channel and the same on every redelivery; sequence orders events of one dialog whose
    `at` is equal; `at` may be TIMELESS. window_until is set by platforms that allow replies for a limited time only.
    `raw` is the part of the payload that this event was read from.
    """

    key: str
    user: UserId
    at: datetime
    channel: ChannelId | None = None
    sequence: int = 0
    profile: Profile | None = None
    window_until: datetime | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived(Event):
    """incomplete: the platform cut it for the event; `CanComplete.whole` tells the rest."""

    message_id: MessageId
    content: Content
    ref: str | None = None
    incomplete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEdited(Event):
    message_id: MessageId
    content: Content
    incomplete: bool = False
    words_only: bool = False
    """The platform tells the new words and nothing else: what hangs on the message stays."""
    edition: int = 0
    """The platform's number that grows from edit to edit; 0 where it has none: then what arrives later is later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDeleted(Event):
    message_id: MessageId


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonPressed(Event):
    """A press of a button under one of our messages. `acknowledge` is what `CanAcknowledge.acknowledge` needs."""

    payload: str
    message_id: MessageId | None = None
    label: str | None = None
    acknowledge: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionChanged(Event):
    """The person's reactions to a message are now `emoji` (empty: taken back); custom ones come as their text."""

    message_id: MessageId
    emoji: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Event):
    """The chat was opened or "Start" pressed; `ref` is the code of the link that led here.

    subscribed: this allows messages, too; elsewhere only a message or a subscription does.
    """

    ref: str | None = None
    message_id: MessageId | None = None
    subscribed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed(Event):
    """The person allows messages (again)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribed(Event):
    """The person blocked the channel or withdrew the permission."""


class Delivery(StrEnum):
    DELIVERED = "delivered"
    SEEN = "seen"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChanged(Event):
    """What became of our messages: the named ones, or everything up to `watermark`, or up to the message `up_to`."""

    status: Delivery
    message_ids: tuple[MessageId, ...] = ()
    watermark: datetime | None = None
    up_to: MessageId | None = None
    """Where the platform names no time but the last message, ours or the person's, that the person has seen."""
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorEcho(Event):
    """A message sent to the person outside Pult, in the platform's own interface or by another app."""

    message_id: MessageId
    content: Content
    author: str | None = None
    author_id: UserId | None = None
    """Who it was, where `Adapter.profile` can name them."""
    token: str | None = None
    """Our own mark, where the platform returns it: an echo that carries it is our own message."""
    number: int | None = None
    """The same as a number (VK's random_id)."""


class Enforcement(StrEnum):
    WARNED = "warned"
    BLOCKED = "blocked"
    RELEASED = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enforced(Event):
    """The platform acts on the channel itself for what it sent; `user` is empty. reason: in the platform's words."""

    action: Enforcement
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported(Event):
    """Something the adapter has no form for; kept in the journal, shown to nobody. `what` is the platform's word."""

    what: str


EVENT_TYPES: tuple[type[Event], ...] = (
    MessageReceived, MessageEdited, MessageDeleted, ButtonPressed, ReactionChanged, Started, Subscribed,
    Unsubscribed, StatusChanged, OperatorEcho, Enforced, Unsupported,
)  # fmt: skip
