"""The contract between Pult and a messenger: what a platform folder must offer, what it may, and in which words.

A platform is one folder below `adapters/` whose `adapter.py` holds one subclass of `Adapter`. It sees content,
channels and events only: no rows, no other platform. Abilities that not every messenger has are the Protocols at the
end; whoever needs one asks `isinstance(adapter, CanEdit)`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import Any, ClassVar, Protocol, runtime_checkable

from pydantic_settings import BaseSettings

from adapters.capabilities import AttachmentLimit, ButtonLimits, Capabilities, Rates
from adapters.channel import (
    Channel,
    ChannelProfile,
    ConnectForm,
    ConnectRefused,
    Credentials,
    FormField,
    Guide,
    Health,
    HealthState,
    Unprepared,
)
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
    Note,
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
    ANOTHER_SERVICE,
    EVENT_TYPES,
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
    Profile,
    ReactionChanged,
    Started,
    StatusChanged,
    Subscribed,
    Unsubscribed,
    Unsupported,
)  # fmt: skip
from adapters.exchange import Envelope, HookReply, HookRequest, Plan, Polled, Sent, SentMessage
from adapters.http import Http
from adapters.login import CanLogin, LoginAccount, Trip
from adapters.options import Choice, Option

__all__ = [
    "ANOTHER_SERVICE",
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
    "CanComplete",
    "CanDelete",
    "CanEdit",
    "CanEditProfile",
    "CanGreet",
    "CanLogin",
    "CanMarkRead",
    "CanPoll",
    "CanReact",
    "CanReplace",
    "CanSetPicture",
    "CanTrustAddress",
    "CanType",
    "Capabilities",
    "Channel",
    "ChannelId",
    "ChannelProfile",
    "ChannelSuspended",
    "Choice",
    "ConnectForm",
    "ConnectRefused",
    "ContactCard",
    "Content",
    "Credentials",
    "CredentialsRevoked",
    "Delivery",
    "Enforced",
    "Enforcement",
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
    "LoginAccount",
    "MessageDeleted",
    "MessageEdited",
    "MessageId",
    "MessageReceived",
    "NotFound",
    "Note",
    "OperatorEcho",
    "Option",
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
    "Trip",
    "Unprepared",
    "Unsubscribed",
    "Unsupported",
    "UserId",
    "WindowClosed",
]  # fmt: skip


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

    def settings_link(self, channel: Channel) -> str | None:
        """Where a person changes at the platform what cannot be changed from here; None where there is no such page."""
        return None

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
class CanReplace(Protocol):
    async def replace(
        self, channel: Channel, to: UserId, messages: tuple[MessageId, ...], part: Content, changed: tuple[int, ...]
    ) -> None:
        """Put other media, and their caption, in the place of what a part of a plan was sent as. Repeatable.

        messages: what it became, in order; changed: the places of the media that are others. Raises Rejected where
        the platform does not let such a medium be exchanged.
        """
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
        """Change one of the texts that the platform shows about the channel; an empty one is taken away."""
        ...

    async def profile_text(self, channel: Channel, name: str) -> str:
        """One of these texts as it is now; empty where there is none."""
        ...


@runtime_checkable
class CanSetPicture(Protocol):
    async def set_picture(self, channel: Channel, picture: Attachment | None) -> None:
        """Show this picture of the channel, a JPEG on disk (`path`); None takes away the one that is there.

        Raises Rejected where the platform does not take it.
        """
        ...


@runtime_checkable
class CanComplete(Protocol):
    async def whole(self, channel: Channel, user: UserId, message: MessageId) -> Content | None:
        """A message whose event was `incomplete`, as the person sees it; None where it is gone or cannot be had."""
        ...


@runtime_checkable
class CanTrustAddress(Protocol):
    def verify_address(self, request: HookRequest, credentials: Credentials) -> None:
        """For a channel whose key is dead, where the platform signs with the key: what is new there is not known here,
        and what customers write must still come in. The address has a secret of its own; raises Forbidden without."""
        ...
