"""The things of the emulated Viber: people, bots, chats, messages, files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

OPTIONAL_EVENTS = ("delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started")
"""What set_webhook may choose; messages, subscribed and unsubscribed come whatever it says."""
MANDATORY_EVENTS = frozenset({"message", "subscribed", "unsubscribed", "webhook"})


class NotPossible(ValueError):
    """A person cannot do this: there is no such message, no such button, or the bot is blocked."""


@dataclass(slots=True, eq=False)
class File:
    key: str
    kind: str
    data: bytes
    name: str
    mime: str


@dataclass(slots=True, eq=False)
class Person:
    """api_version: how new their Viber is; device: whether it shows bots at all."""

    number: int
    name: str
    username: str | None = None
    language: str | None = "ru"
    staff: bool = False
    api_version: int = 10
    device: bool = True
    registered: bool = True


@dataclass(slots=True, eq=False)
class Bot:
    id: str
    token: str
    uri: str
    name: str
    webhook: str | None = None
    events: tuple[str, ...] = OPTIONAL_EVENTS
    send_name: bool = False
    send_photo: bool = False
    trouble: int = 0
    """The status that every call is answered with: 7 blocked, 8 gone, 9 suspended, 15 not authorised."""
    details: dict[str, list[float]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Message:
    """A message on the phone; `wire` is what the bot sent or was sent."""

    chat: Chat
    number: int
    token: int
    outgoing: bool
    at: float
    wire: Json = field(default_factory=dict)
    keyboard: Json | None = None
    file: File | None = None
    service: str | None = None
    tracking: str | None = None
    failed: str | None = None
    seen: bool = False

    @property
    def text(self) -> str:
        return str(self.wire.get("text") or "")

    @property
    def buttons(self) -> list[list[Json]]:
        """The keyboard in rows, as six columns make them."""
        rows: list[list[Json]] = []
        left = 0
        for button in (self.keyboard or {}).get("Buttons", []):
            columns = int(button.get("Columns", 6))
            if columns > left:
                rows.append([])
                left = 6
            rows[-1].append(button)
            left -= columns
        return rows

    def labels(self) -> list[str]:
        return [str(button.get("Text", "")) for row in self.buttons for button in row]


@dataclass(slots=True, eq=False)
class Chat:
    """A person's conversation with a bot. `user` is the person's id for this bot alone."""

    bot: Bot
    person: Person
    user: str
    opened: bool = False
    subscribed: bool = False
    left: bool = False
    """Unsubscribed by the person; whoever has only opened the chat is not subscribed yet."""
    opened_at: float = 0.0
    greeted: bool = False
    messages: dict[int, Message] = field(default_factory=dict)
    unanswered: list[float] = field(default_factory=list)

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages.values())

    def sent(self) -> list[Message]:
        """What the bot wrote, oldest first."""
        return [message for message in self if message.outgoing]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a bot, as it was judged."""

    number: int
    at: float
    bot: str
    method: str
    params: Json
    outcome: str
