"""The things of the emulated Facebook: apps, pages, keys, people, threads, messages, files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

FIELDS = frozenset({
    "messages", "messaging_postbacks", "messaging_optins", "messaging_referrals", "message_deliveries",
    "message_reads", "message_echoes", "message_reactions", "message_edits", "standby", "messaging_handovers",
    "messaging_policy_enforcement", "message_template_status_update", "feed", "messaging_account_linking",
})  # fmt: skip
TASKS = frozenset({"MANAGE", "CREATE_CONTENT", "MODERATE", "MESSAGING", "ADVERTISE", "ANALYZE"})
EDITOR = frozenset({"CREATE_CONTENT", "ANALYZE"})
RIGHTS = frozenset({"pages_show_list", "pages_messaging", "pages_manage_metadata", "pages_read_engagement"})
PAGE_INBOX = "263902037430900"


@dataclass(slots=True, eq=False)
class App:
    """An app with its one webhook. strict: calls need appsecret_proof."""

    id: str
    name: str
    secret: str
    strict: bool = True
    advanced: bool = True
    human_agent: bool = False
    login_config: str | None = None
    """Facebook Login for Business: scopes stand in this configuration, and in no address."""
    callback: str | None = None
    verify_token: str = ""
    fields: list[str] = field(default_factory=list)

    @property
    def token(self) -> str:
        return f"{self.id}|{self.secret}"


@dataclass(slots=True, eq=False)
class Page:
    id: str
    name: str
    username: str
    token: str = ""
    published: bool = True
    hidden: bool = False
    """Age or country limits: apps are not shown it."""
    restricted: bool = False
    subscribed: dict[str, list[str]] = field(default_factory=dict)
    """Kinds of events by app."""
    get_started: str | None = None
    greeting: list[Json] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Key:
    """An access token of a page or, without one, of a person."""

    token: str
    app: App
    page: Page | None
    owner: str
    scopes: frozenset[str] = RIGHTS
    tasks: frozenset[str] = TASKS
    dead: bool = False
    expires_at: int = 0


@dataclass(slots=True, eq=False)
class Person:
    number: int
    name: str
    username: str | None = None
    language: str | None = "ru"
    staff: bool = False
    consent: bool = True
    """Whether pages may see the profile."""
    phone_only: bool = False
    """Registered by phone: pages are told that there is no such object."""
    tester: bool = False
    """Has a role in the app."""


@dataclass(slots=True, eq=False)
class File:
    """Bytes that somebody sent. `page` and `reusable` are of uploads, which get an attachment id."""

    key: str
    kind: str
    data: bytes
    name: str
    mime: str
    page: str | None = None
    reusable: bool = False


@dataclass(slots=True, eq=False)
class Message:
    thread: Thread
    number: int
    mid: str
    outgoing: bool
    at: float
    text: str = ""
    files: list[File] = field(default_factory=list)
    buttons: list[Json] = field(default_factory=list)
    quick_replies: list[Json] = field(default_factory=list)
    location: Json | None = None
    reply_to: int | None = None
    reactions: dict[str, str] = field(default_factory=dict)
    edits: int = 0
    gone: bool = False
    body: Json = field(default_factory=dict)
    """Of the page's messages: what the call said."""
    service: str | None = None

    def labels(self) -> list[str]:
        return [str(button.get("title", button.get("content_type"))) for button in self.pressable]

    @property
    def pressable(self) -> list[Json]:
        return [*self.buttons, *self.quick_replies]


@dataclass(slots=True, eq=False)
class Thread:
    """A page and a person. owner: the app that answers; opened: the last act of the person that allows answers."""

    page: Page
    person: Person
    psid: str
    owner: str
    opened: float | None = None
    started: bool = False
    blocked: bool = False
    typing_until: float = 0.0
    seen_until: float = 0.0
    messages: dict[int, Message] = field(default_factory=dict)

    def sent(self) -> list[Message]:
        """What the page wrote, oldest first."""
        return [message for message in self.messages.values() if message.outgoing]

    def find(self, mid: str) -> Message | None:
        return next((one for one in self.messages.values() if one.mid == mid and not one.gone), None)


@dataclass(frozen=True, slots=True)
class Call:
    """One request of an app, as it came. `raw` is its body as text, for those who search it."""

    number: int
    at: float
    page: str
    method: str
    params: Json
    outcome: str
    raw: str = ""
