"""The whole state of one emulated Telegram, and the few operations that every part of it uses."""

from __future__ import annotations

import itertools
import json
import secrets
import string
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from .budgets import Budgets
from .changes import Changes
from .faults import Faults
from .files import Files
from .model import BotAccount, CallbackQuery, Chat, Json, Message, Person, Update

encode = json.JSONEncoder(separators=(",", ":")).encode
_LETTERS = string.ascii_letters + string.digits + "_-"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a bot, as it was judged."""

    number: int
    at: float
    bot: int
    method: str
    params: Json
    outcome: str


@dataclass(slots=True, eq=False)
class InlineQuery:
    bot: BotAccount
    person: Person
    answer: Any
    results: dict[str, Json] = field(default_factory=dict)


class World:
    def __init__(self, clock: Callable[[], float], seed: int, budgets: bool, log: int, history: int | None) -> None:
        self.clock = clock
        self.changes = Changes()
        self.faults = Faults(seed, lambda: self.changes.tell("faults", None))
        self.budgets = Budgets() if budgets else None
        self.history = history
        self.calls: deque[Call] = deque(maxlen=log)
        self.hosts: dict[str, str] = {}
        self.callback_seconds = 30.0
        # The delivery of webhooks puts itself here.
        self.wake: Callable[[BotAccount], None] = lambda bot: None
        self.session: Callable[[], aiohttp.ClientSession] | None = None
        self.route: Callable[[str], tuple[str, dict[str, str]]] = lambda url: (url, {})
        self.clear()

    def clear(self) -> None:
        self.files = Files()
        self.bots: dict[int, BotAccount] = {}
        self.by_token: dict[str, BotAccount] = {}
        self.people: dict[int, Person] = {}
        self.users: dict[int, Json] = {}
        self.callbacks: dict[str, CallbackQuery] = {}
        self.inline_queries: dict[str, InlineQuery] = {}
        self.calls.clear()
        self._bot_ids = itertools.count(7_000_000_001)
        self._person_ids = itertools.count(101)
        self._group_ids = itertools.count(4_000_000_001)
        self._query_ids = itertools.count(4_611_686_018_427_000_001)
        self._call_numbers = itertools.count(1)
        self._albums = itertools.count(13_900_000_000_000_001)

    def now(self) -> int:
        return int(self.clock())

    # Accounts

    def create_bot(self, name: str, username: str, control: bool, inline: bool) -> BotAccount:
        bot_id = next(self._bot_ids)
        bot = BotAccount(bot_id, new_token(bot_id), username, name, control, inline)
        self.bots[bot_id] = bot
        self.by_token[bot.token] = bot
        self.users[bot_id] = bot.user()
        self.changes.tell("bot", bot)
        return bot

    def revoke(self, bot: BotAccount) -> str:
        """A new token; the old one answers 401 from now on."""
        del self.by_token[bot.token]
        bot.token = new_token(bot.id)
        self.by_token[bot.token] = bot
        self.changes.tell("bot", bot)
        return bot.token

    def add_person(self, person: Person) -> Person:
        self.people[person.id] = person
        self.users[person.id] = person.user()
        self.changes.tell("person", person)
        return person

    def new_person_id(self) -> int:
        return next(number for number in self._person_ids if number not in self.people)

    def private_chat(self, bot: BotAccount, person: Person) -> Chat:
        chat = bot.chats.get(person.id)
        if chat is None:
            wire: Json = {"id": person.id, "first_name": person.name}
            if person.last_name:
                wire["last_name"] = person.last_name
            if person.username:
                wire["username"] = person.username
            chat = bot.chats[person.id] = Chat(bot, person.id, wire | {"type": "private"}, person)
        return chat

    def new_group(self, bot: BotAccount, title: str) -> Chat:
        group_id = -next(self._group_ids)
        wire = {"id": group_id, "title": title, "type": "group", "all_members_are_administrators": True}
        chat = bot.chats[group_id] = Chat(bot, group_id, wire, started=True)
        return chat

    # Messages and updates

    def place(self, message: Message) -> Message:
        """Give the message its place in the chat and show it. Ids grow over all private chats of one bot."""
        chat = message.chat
        bot = chat.bot
        message.wire["message_id"] = bot.next_message
        bot.next_message += 1
        message.sent_at = self.clock()
        chat.messages[message.wire["message_id"]] = message
        if self.history is not None and len(chat.messages) > self.history:
            del chat.messages[next(iter(chat.messages))]
        self.changes.message(message)
        return message

    def remove(self, message: Message) -> None:
        chat = message.chat
        chat.messages.pop(message.id, None)
        if message.id in chat.pinned:
            chat.pinned.remove(message.id)
        self.changes.gone(chat, message.id)

    def queue(self, bot: BotAccount, kind: str, payload: Json, key: int) -> None:
        """Make an update of it, if the bot wants the kind; `key` is the chat within which order is kept."""
        if kind not in bot.kinds:
            return
        number = bot.next_update
        bot.next_update += 1
        body = encode({"update_id": number, kind: payload}).encode("utf-8", "replace")
        bot.pending[number] = Update(number, kind, key, body, self.clock())
        self.wake(bot)
        self.changes.touch()

    def next_query_id(self) -> str:
        return str(next(self._query_ids))

    def next_album_id(self) -> str:
        return str(next(self._albums))

    def log(self, bot: BotAccount, method: str, params: Json, outcome: str) -> None:
        self.calls.append(Call(next(self._call_numbers), self.clock(), bot.id, method, params, outcome))


def new_token(bot_id: int) -> str:
    return f"{bot_id}:AA" + "".join(secrets.choice(_LETTERS) for _ in range(33))
