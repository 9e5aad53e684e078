"""The things of the emulated VK: communities, people, dialogs, messages, callback servers and files."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

RIGHTS = {"photos": 4, "messages": 4096, "docs": 131072, "manage": 262144}
EVENTS = frozenset({
    "message_new", "message_reply", "message_edit", "message_allow", "message_deny", "message_read",
    "message_typing_state", "message_event", "message_reaction_event", "user_block", "user_unblock", "group_join",
    "group_leave", "group_change_settings", "group_change_photo", "group_officers_edit", "audio_new",
    "board_post_delete", "board_post_edit", "board_post_new", "board_post_restore", "donut_money_withdraw",
    "donut_money_withdraw_error", "donut_subscription_cancelled", "donut_subscription_create",
    "donut_subscription_expired", "donut_subscription_price_changed", "donut_subscription_prolonged",
    "lead_forms_new", "like_add", "like_remove", "market_comment_delete", "market_comment_edit", "market_comment_new",
    "market_comment_restore", "market_order_edit", "market_order_new", "photo_comment_delete", "photo_comment_edit",
    "photo_comment_new", "photo_comment_restore", "photo_new", "poll_vote_new", "video_comment_delete",
    "video_comment_edit", "video_comment_new", "video_comment_restore", "video_new", "wall_post_new",
    "wall_reply_delete", "wall_reply_edit", "wall_reply_new", "wall_reply_restore", "wall_repost",
    "wall_schedule_post_delete", "wall_schedule_post_new",
})  # fmt: skip
"""Every kind that can be switched on ("groups.setCallbackSettings")."""
UNTOLD = frozenset({"message_event", "like_add", "like_remove"})
"""Kinds that the settings' answers leave out ("groups_long_poll_events")."""
CLIENT: Json = {
    "button_actions": ["text", "vkpay", "open_app", "location", "open_link", "callback"],
    "keyboard": True,
    "inline_keyboard": True,
    "carousel": True,
    "lang_id": 0,
}


@dataclass(slots=True, eq=False)
class File:
    """Stored content; `wire` is the object under which messages name it."""

    key: str
    kind: str
    data: bytes
    name: str
    mime: str
    owner: int
    number: int
    access_key: str
    width: int = 0
    height: int = 0
    duration: int = 0

    @property
    def word(self) -> str:
        """What `attachment` calls it."""
        return f"{self.kind}{self.owner}_{self.number}"


@dataclass(slots=True, eq=False)
class Person:
    id: int
    name: str
    username: str | None = None
    language: str | None = "ru"
    staff: bool = False
    last_name: str | None = None
    deactivated: str | None = None


@dataclass(slots=True, eq=False)
class Event:
    """One event on its way to one callback server."""

    kind: str
    peer: int
    body: bytes
    at: float
    attempts: int = 0
    not_before: float = 0.0


@dataclass(slots=True, eq=False)
class CallbackServer:
    id: int
    title: str
    url: str
    secret: str
    status: str = "wait"
    events: set[str] = field(default_factory=set)
    version: str = "5.199"
    pending: list[Event] = field(default_factory=list)
    failures: int = 0


@dataclass(slots=True, eq=False)
class Message:
    """A message as VK keeps it; `attachments` holds files or ready objects."""

    dialog: Dialog
    id: int
    cmid: int
    out: bool
    date: int
    sent_at: float
    text: str = ""
    attachments: list[File | Json] = field(default_factory=list)
    geo: Json | None = None
    keyboard: Json | None = None
    reply_to: int | None = None
    forwarded: list[Json] = field(default_factory=list)
    random_id: int = 0
    admin: int | None = None
    payload: str | None = None
    ref: str | None = None
    ref_source: str | None = None
    cropped: bool = False
    update_time: int | None = None
    reactions: dict[str, int] = field(default_factory=dict)
    """Reaction numbers by who set them: "person" or "bot"."""
    raw: Json = field(default_factory=dict)
    """Further fields of the message, as they are on the wire."""
    event: Json = field(default_factory=dict)
    """What only the event of the message says, in place of what the message itself says."""

    @property
    def buttons(self) -> list[list[Json]]:
        rows: list[list[Json]] = self.keyboard["buttons"] if self.keyboard and self.keyboard.get("inline") else []
        return rows

    def labels(self) -> list[str]:
        return [label_of(button) for row in self.buttons for button in row]


@dataclass(slots=True, eq=False)
class Dialog:
    """A community's conversation with a person."""

    community: Community
    person: Person
    messages: dict[int, Message] = field(default_factory=dict)
    next: int = 1
    allowed: bool = False
    denied: bool = False
    blacklisted: bool = False
    typing_until: float = 0.0
    keyboard: Json | None = None
    randoms: dict[int, tuple[float, Message]] = field(default_factory=dict)
    read: int = 0
    """The last of the community's messages that the person has seen."""
    answered: int = 0
    """The last of the person's messages that the community has marked as read."""

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages.values())

    def sent(self) -> list[Message]:
        """What the community wrote, oldest first."""
        return [message for message in self if message.out]

    def last(self) -> Message:
        return next(reversed(self.messages.values()))


@dataclass(slots=True, eq=False)
class Community:
    id: int
    token: str
    name: str
    screen_name: str
    rights: set[str] = field(default_factory=lambda: set(RIGHTS))
    closed: int = 0
    deactivated: str | None = None
    age_limits: int = 1
    administered: bool = True
    """Whether the keys' maker, who signs in as well, is an administrator; an editor otherwise."""
    settings: dict[str, bool] = field(default_factory=lambda: {"messages": False, "bots_capabilities": False})
    code: str = ""
    servers: dict[int, CallbackServer] = field(default_factory=dict)
    next_server: int = 1
    long_poll: bool = False
    long_poll_events: set[str] = field(default_factory=set)
    long_poll_version: str = "5.199"
    long_poll_key: str = ""
    long_poll_base: int = 1
    """The ts of the first event that is kept."""
    history: list[Json] = field(default_factory=list)
    waiting: list[asyncio.Future[None]] = field(default_factory=list)
    polled_at: float = 0.0
    dialogs: dict[int, Dialog] = field(default_factory=dict)
    next_message: int = 1000
    greeting: str = ""

    @property
    def link(self) -> str:
        return f"https://vk.me/{self.screen_name}"

    @property
    def ts(self) -> int:
        return self.long_poll_base + len(self.history)


@dataclass(slots=True, eq=False)
class Press:
    """A press of a callback button that waits for its answer."""

    event_id: str
    dialog: Dialog
    asked_at: float
    answer: asyncio.Future[Json | None]


def label_of(button: Json) -> str:
    action = button["action"]
    return str(action.get("label") or ("📍" if action["type"] == "location" else action["type"]))
