"""The things of the emulated Telegram: people, bots, chats, messages, updates and files."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

# getUpdates and setWebhook leave these out unless they are named (Bot API, "getUpdates").
OPT_IN_KINDS = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
KINDS = frozenset(
    [
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "business_connection",
        "business_message",
        "edited_business_message",
        "deleted_business_messages",
        "guest_message",
        "message_reaction",
        "message_reaction_count",
        "inline_query",
        "chosen_inline_result",
        "callback_query",
        "shipping_query",
        "pre_checkout_query",
        "purchased_paid_media",
        "poll",
        "poll_answer",
        "my_chat_member",
        "chat_member",
        "chat_join_request",
        "chat_boost",
        "removed_chat_boost",
        "managed_bot",
        "subscription",
        "stopped_message_generation",
    ]
)
DEFAULT_KINDS = KINDS - OPT_IN_KINDS


@dataclass(slots=True, eq=False)
class File:
    """Stored content. Each bot knows it by ids of its own; the unique id is the same for all."""

    number: int
    kind: str
    data: bytes
    name: str
    mime: str
    unique_id: str
    size: int
    width: int = 0
    height: int = 0
    duration: int = 0
    original: File | None = None
    extra: Json = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Person:
    id: int
    name: str
    username: str | None = None
    language: str | None = None
    staff: bool = False
    last_name: str | None = None
    photo: File | None = None

    def user(self) -> Json:
        data: Json = {"id": self.id, "is_bot": False, "first_name": self.name}
        optional = {"last_name": self.last_name, "username": self.username, "language_code": self.language}
        data.update((key, value) for key, value in optional.items() if value)
        return data


@dataclass(slots=True, eq=False)
class Update:
    id: int
    kind: str
    key: int
    body: bytes
    at: float
    attempts: int = 0
    not_before: float = 0.0


@dataclass(slots=True, eq=False)
class Webhook:
    url: str
    secret: str = ""
    max_connections: int = 40
    ip_address: str = ""
    last_error_date: int = 0
    last_error_message: str = ""


@dataclass(slots=True, eq=False)
class Message:
    """A message as the bot sees it (`wire`), and what only the phone shows."""

    chat: Chat
    wire: Json
    outgoing: bool
    silent: bool = False
    editable: bool = True
    service: str | None = None
    forwarded_from: str | None = None
    other: str | None = None
    sent_at: float = 0.0
    reactions: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> int:
        return int(self.wire["message_id"])

    @property
    def text(self) -> str:
        """The text, or the caption of a medium."""
        return str(self.wire.get("text") or self.wire.get("caption") or "")

    @property
    def entities(self) -> list[Json]:
        return list(self.wire.get("entities") or self.wire.get("caption_entities") or [])

    @property
    def group(self) -> str | None:
        return self.wire.get("media_group_id")

    @property
    def reply_to(self) -> int | None:
        replied = self.wire.get("reply_to_message")
        return int(replied["message_id"]) if replied else None

    @property
    def buttons(self) -> list[list[Json]]:
        markup = self.wire.get("reply_markup")
        return markup["inline_keyboard"] if markup else []

    def labels(self) -> list[str]:
        return [str(button["text"]) for row in self.buttons for button in row]


@dataclass(slots=True, eq=False)
class Chat:
    """A bot's conversation with a person, or a group that it is in."""

    bot: BotAccount
    id: int
    wire: Json
    person: Person | None = None
    started: bool = False
    blocked: bool = False
    messages: dict[int, Message] = field(default_factory=dict)
    pinned: list[int] = field(default_factory=list)
    topics: set[int] = field(default_factory=set)
    """Topics that the person has written in, where the bot has any."""
    typing_until: float = 0.0
    reply_keyboard: Json | None = None
    input_placeholder: str | None = None

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages.values())

    def all(self) -> list[Message]:
        return list(self.messages.values())

    def sent(self) -> list[Message]:
        """What the bot wrote, oldest first."""
        return [message for message in self if message.outgoing]

    def last(self) -> Message:
        return next(reversed(self.messages.values()))


@dataclass(slots=True, eq=False)
class CallbackQuery:
    id: str
    bot: BotAccount
    asked_at: float
    answer: asyncio.Future[Json] | None


@dataclass(slots=True, eq=False)
class BotAccount:
    id: int
    token: str
    username: str
    name: str
    control: bool = False
    inline: bool = False
    topics: bool = False
    manages: bool = False
    manager: int | None = None
    creator: int | None = None
    photo: File | None = None
    next_message: int = 1
    next_update: int = 700_000_001
    pending: OrderedDict[int, Update] = field(default_factory=OrderedDict)
    kinds: frozenset[str] = DEFAULT_KINDS
    kinds_named: list[str] | None = None
    webhook: Webhook | None = None
    poll: asyncio.Future[str | None] | None = None
    polled_at: float = 0.0
    chats: dict[int, Chat] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    file_ids: dict[int, str] = field(default_factory=dict)
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    menu_buttons: dict[int, Json] = field(default_factory=dict)
    commands_changed: int = 0

    def user(self) -> Json:
        return {"id": self.id, "is_bot": True, "first_name": self.name, "username": self.username}

    @property
    def link(self) -> str:
        return f"https://t.me/{self.username}"
