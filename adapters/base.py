"""The contract between Pult and a messenger: what a platform folder must offer, what it may, and in which words.

A platform is one folder below `adapters/` whose `adapter.py` holds one subclass of `Adapter`. It sees content,
channels and events only: no rows, no other platform. Abilities that not every messenger has are the Protocols at the
end; whoever needs one asks `isinstance(adapter, CanEdit)`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol, runtime_checkable

from pydantic_settings import BaseSettings

from adapters.content import (
    Attachment,
    AttachmentKind,
    Button,
    ButtonKind,
    ChannelId,
    ContactCard,
    Content,
    Location,
    MessageId,
    Quoted,
    Span,
    SpanKind,
    UserId,
)  # fmt: skip
from adapters.errors import (
    Ambiguous,
    ChannelSuspended,
    CredentialsRevoked,
    Forbidden,
    NotFound,
    PlatformError,
    RecipientGone,
    Refused,
    Rejected,
    Scope,
    Temporary,
    Throttled,
    WindowClosed,
)  # fmt: skip
from adapters.events import (
    EVENT_TYPES,
    TIMELESS,
    ButtonPressed,
    Delivery,
    Event,
    MessageDeleted,
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
)  # fmt: skip
from adapters.http import Http

__all__ = [
    "EVENT_TYPES",
    "TIMELESS",
    "Adapter",
    "Ambiguous",
    "Attachment",
    "AttachmentKind",
    "AttachmentLimit",
    "Button",
    "ButtonKind",
    "ButtonLimits",
    "ButtonPressed",
    "CanAcknowledge",
    "CanDelete",
    "CanEdit",
    "CanEditProfile",
    "CanGreet",
    "CanMarkRead",
    "CanPoll",
    "CanReact",
    "CanType",
    "Capabilities",
    "Channel",
    "ChannelId",
    "ChannelProfile",
    "ChannelSuspended",
    "ConnectForm",
    "ConnectRefused",
    "ContactCard",
    "Content",
    "Credentials",
    "CredentialsRevoked",
    "Delivery",
    "Envelope",
    "Event",
    "Forbidden",
    "FormField",
    "Guide",
    "Health",
    "HealthState",
    "HookReply",
    "HookRequest",
    "Location",
    "MessageDeleted",
    "MessageEdited",
    "MessageId",
    "MessageReceived",
    "NotFound",
    "OperatorEcho",
    "Plan",
    "PlatformError",
    "Polled",
    "Profile",
    "Quoted",
    "Rates",
    "ReactionChanged",
    "RecipientGone",
    "Refused",
    "Rejected",
    "Scope",
    "Sent",
    "SentMessage",
    "Span",
    "SpanKind",
    "Started",
    "StatusChanged",
    "Subscribed",
    "Temporary",
    "Throttled",
    "Unprepared",
    "Unsubscribed",
    "Unsupported",
    "UserId",
    "WindowClosed",
]  # fmt: skip


class Credentials(Mapping[str, str]):
    """A channel's secrets by name. Neither `repr` nor `str` shows a value."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str] | None = None, /, **more: str) -> None:
        self._values: dict[str, str] = {**(values or {}), **more}

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Credentials({', '.join(sorted(self._values))})"


@dataclass(frozen=True, slots=True)
class Channel:
    """A connected account as an adapter sees it. `hook` is the public address of its webhook, if it has one."""

    id: ChannelId
    credentials: Credentials
    username: str | None = None
    hook: str | None = None
    name: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    """What the team has switched on for it, by names that the platform knows (Facebook's `human_agent`: "on")."""


class ConnectRefused(PlatformError):
    """Connecting is impossible as things are. `message` is an English message id with {placeholders} in `params`:
    it says what happened and what to do, in the words of the person who pasted the token."""

    def __init__(self, message: str, **params: str) -> None:
        super().__init__(message, params)
        self.message = message


class Unprepared(PlatformError):
    """What `prepare` gave does not hold any more: prepare, store and subscribe again."""


@dataclass(frozen=True, slots=True)
class ChannelProfile:
    """Who a set of credentials belongs to.

    tied_to: the webhook that the platform has for it now, if any. missing: rights that the token lacks, as the
    platform names them. warnings: message ids that the person should read before confirming.
    """

    id: ChannelId
    name: str
    username: str | None = None
    link: str | None = None
    picture: str | None = None
    tied_to: str | None = None
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class HealthState(StrEnum):
    WORKS = "works"
    WEBHOOK_LOST = "webhook_lost"
    REVOKED = "revoked"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Health:
    """How a channel stands with its platform. `webhook` is what is set there; `pending` events wait for delivery."""

    state: HealthState
    webhook: str | None = None
    pending: int | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class HookRequest:
    """A webhook request as it came: the raw body is what signatures are made over. Header names are lower case."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class HookReply:
    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What goes with a content besides it.

    token: unique per platform message and the same on every attempt (Facebook's metadata); number: the same as a
    non-zero int32 (VK's random_id). by_person: a person pressed Send (Facebook's HUMAN_AGENT allows no one else).
    """

    token: str
    number: int
    by_person: bool = True
    window_until: datetime | None = None
    """When the platform's reply window closes, where it has one."""
    at: datetime | None = None
    """The moment of sending by the caller's clock, which rules the window; None: the machine's."""


@dataclass(frozen=True, slots=True)
class SentMessage:
    """One message that now exists on the platform; `aliases` are further ids under which events may name it."""

    id: MessageId
    aliases: tuple[MessageId, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """The platform messages that one part became. `cached` gives this channel's handle of each `file_id` sent."""

    messages: tuple[SentMessage, ...]
    cached: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """A content cut into parts that the platform takes one call each, in order.

    notes are message ids of what had to be changed on the way ("The sticker goes as a picture."), said to the
    author once. Refusals are raised, as `Rejected` with a message id that names the limit.
    """

    parts: tuple[Content, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AttachmentLimit:
    max_bytes: int
    mimes: frozenset[str] = frozenset()
    """Media types that the platform takes in this kind; empty means any."""


@dataclass(frozen=True, slots=True)
class ButtonLimits:
    kinds: frozenset[ButtonKind]
    total: int
    per_row: int
    label: int


@dataclass(frozen=True, slots=True)
class Rates:
    """What the platform takes: calls a second in all, to one recipient, and how many may come in a burst."""

    per_second: float
    per_recipient: float | None = None
    burst: int = 1


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a messenger can do, as data: limits in characters, bytes, hours. The README's table is made from it."""

    text_limit: int
    caption_limit: int
    spans: frozenset[SpanKind]
    attachments: Mapping[AttachmentKind, AttachmentLimit]
    album_limit: int
    location: bool
    contact: bool
    buttons: ButtonLimits | None
    edit: bool
    delete: bool
    react: bool
    typing: bool
    delivered: bool
    seen: bool
    reply_window_hours: int | None
    batch: int
    fetch_limit: int
    rates: Rates
    media_by_link: bool = False
    """The platform fetches media from a public link instead of taking bytes."""
    picture_limit: int | None = None
    """With `media_by_link`: pictures must be JPEG or PNG of at most so many bytes. `send` is given the link of such a
    one, made of the picture, where one can be made."""
    greeting_limit: int | None = None
    """The most characters of what `CanGreet` says."""
    repeats_dropped_minutes: int = 0
    """For how long the platform takes a second send with the same `Envelope.number` for the first one."""
    profile_texts: Mapping[str, int] = field(default_factory=dict)
    """What `CanEditProfile` takes: the names of the texts and the most characters of each."""


@dataclass(frozen=True, slots=True)
class FormField:
    """One thing to ask for when connecting. `label` and `hint` are message ids."""

    name: str
    label: str
    hint: str
    pattern: re.Pattern[str]
    secret: bool = True


@dataclass(frozen=True, slots=True)
class Guide:
    """A short numbered instruction; title and steps are message ids."""

    title: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConnectForm:
    fields: tuple[FormField, ...]
    guides: tuple[Guide, ...]
    check: str
    """Message id: how to see that it works ("Write to it now …")."""


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll brought: raw payloads for `parse`, and the cursor that confirms them once they are stored."""

    payloads: tuple[dict[str, Any], ...]
    cursor: str | None


class Adapter(ABC):
    """A messenger. One instance serves every channel of its platform; it keeps no state about any of them.

    Every method that talks to the platform raises the tree of `adapters.errors` and nothing else.
    """

    platform: ClassVar[str]
    title: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    connect: ClassVar[ConnectForm]
    settings: ClassVar[type[BaseSettings]]

    def __init__(self, http: Http, settings: Any) -> None:
        self.http = http
        self.options = settings

    @abstractmethod
    async def identify(self, credentials: Credentials) -> ChannelProfile:
        """Ask the platform whose credentials these are. Raises ConnectRefused (wrong, revoked, personal, missing
        right), Temporary or Throttled."""

    @abstractmethod
    async def prepare(self, credentials: Credentials, hook: str | None) -> Credentials:
        """Everything that must be stored before `subscribe` is called: webhook secrets, confirmation codes."""

    @abstractmethod
    async def subscribe(self, channel: Channel) -> None:
        """Have events sent to `channel.hook`, or prepare for polling where it is None. Never drops waiting events.

        Raises Unprepared where what `prepare` gave has expired."""

    @abstractmethod
    async def unsubscribe(self, channel: Channel) -> None:
        """Take our webhook away. A channel whose token is dead counts as unsubscribed."""

    @abstractmethod
    async def inspect(self, channel: Channel) -> Health:
        """Compare what the platform has with `channel.hook`. Raises Temporary where the platform does not answer."""

    @abstractmethod
    def verify(self, request: HookRequest, credentials: Credentials) -> None:
        """Constant-time check over the raw bytes; raises Forbidden."""

    def handshake(self, request: HookRequest, credentials: Credentials) -> HookReply | None:
        """The answer to a platform's set-up request, which is no event; None for ordinary ones."""
        return None

    @abstractmethod
    def parse(self, payload: Any) -> list[Event]:
        """Pure. Unknown kinds become Unsupported; a payload that is no payload of this platform raises ValueError."""

    def success(self, events: list[Event]) -> HookReply:
        """What the platform wants to hear once everything is stored."""
        return HookReply()

    @abstractmethod
    def plan(self, content: Content) -> Plan:
        """Pure and repeatable: the same content always gives the same parts."""

    @abstractmethod
    async def send(self, channel: Channel, to: UserId, part: Content, envelope: Envelope) -> Sent:
        """Send one part of a plan."""

    @abstractmethod
    def fetch(self, channel: Channel, attachment: Attachment, limit: int) -> AsyncIterator[bytes]:
        """The bytes of an inbound attachment, in chunks. Raises Rejected past `limit` bytes, NotFound if expired."""

    async def profile(self, channel: Channel, user: UserId) -> Profile | None:
        """What the platform tells of a person beyond its events, or None."""
        return None

    @abstractmethod
    def link(self, channel: Channel, code: str | None = None) -> str:
        """The address that opens a dialog with the channel and carries `code` ([A-Za-z0-9_-]{1,64})."""

    def secrets(self, credentials: Credentials) -> frozenset[str]:
        """Strings that must never be seen in a log."""
        return frozenset(value for value in credentials.values() if value)


@runtime_checkable
class CanPoll(Protocol):
    async def poll(self, channel: Channel, cursor: str | None, wait: float) -> Polled:
        """Events after `cursor`, waiting up to `wait` seconds. Passing a cursor confirms everything before it."""
        ...


@runtime_checkable
class CanEdit(Protocol):
    async def edit(self, channel: Channel, to: UserId, message: MessageId, part: Content) -> None:
        """Replace text or caption of a message that we sent."""
        ...


@runtime_checkable
class CanDelete(Protocol):
    async def delete(self, channel: Channel, to: UserId, messages: tuple[MessageId, ...]) -> None:
        """Delete messages that we sent, at the person's side too."""
        ...


@runtime_checkable
class CanReact(Protocol):
    async def react(self, channel: Channel, to: UserId, message: MessageId, emoji: str | None) -> None:
        """Set or take back our reaction to a message."""
        ...


@runtime_checkable
class CanType(Protocol):
    async def typing(self, channel: Channel, to: UserId) -> None:
        """Show for some seconds that an answer is being typed."""
        ...


@runtime_checkable
class CanMarkRead(Protocol):
    async def mark_read(self, channel: Channel, to: UserId, message: MessageId | None) -> None:
        """Show the person that their messages were read."""
        ...


@runtime_checkable
class CanAcknowledge(Protocol):
    async def acknowledge(self, channel: Channel, token: str, text: str | None) -> None:
        """Stop the waiting mark on a pressed button, with a short text if given."""
        ...


@runtime_checkable
class CanGreet(Protocol):
    def greet(self, channel: Channel, events: list[Event]) -> HookReply | None:
        """The success reply that shows `channel.settings["greeting"]` to whoever has just opened the chat; None where
        nobody has, or there is no such text. Pure."""
        ...


@runtime_checkable
class CanEditProfile(Protocol):
    async def edit_profile(self, channel: Channel, name: str, value: str) -> None:
        """Change one of the texts that the platform shows about the channel."""
        ...
