"""Everything that the emulated Viber knows, and who is told when it changes."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import itertools
import secrets
import string
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from .faults import Faults
from .model import Bot, Call, Chat, File, Json, Message, NotPossible, Person

T = TypeVar("T")
Listener = Callable[[str, Any], None]
_LETTERS = string.ascii_lowercase + string.digits
_FIRST_TOKEN = 5_741_311_803_571_721_087
"""Beyond what a browser's numbers hold exactly, as in life."""


class World:
    def __init__(self, clock: Callable[[], float], seed: int, log: int) -> None:
        self.clock = clock
        self.hosts: dict[str, str] = {}
        self.base = ""
        """Where this emulator is reached: files are handed out from there."""
        self.faults = Faults(seed, lambda: self.changed("faults", None))
        self.listeners: list[Listener] = []
        self.calls: deque[Call] = deque(maxlen=log)
        self.announce: Callable[[Chat, Json], None] = lambda chat, event: None
        self._wake = asyncio.Event()
        self.clear()

    def clear(self) -> None:
        self.bots: dict[str, Bot] = {}
        self.by_token: dict[str, Bot] = {}
        self.people: dict[int, Person] = {}
        self.chats: dict[tuple[str, int], Chat] = {}
        self.files: dict[str, File] = {}
        self.calls.clear()
        self._numbers = itertools.count(1)
        self._tokens = itertools.count(_FIRST_TOKEN)

    def next(self) -> int:
        return next(self._numbers)

    def token(self) -> int:
        return next(self._tokens)

    # Making things

    def create_bot(self, name: str, uri: str) -> Bot:
        if any(bot.uri == uri for bot in self.bots.values()):
            raise NotPossible(f"The address {uri} is taken.")
        bot = Bot(f"pa:{75346594275468546000 + self.next()}", new_token(), uri, name)
        self.bots[bot.id] = bot
        self.by_token[bot.token] = bot
        self.changed("bot", bot)
        return bot

    def revoke(self, bot: Bot) -> str:
        """A new token; the old one is answered invalidAuthToken from now on."""
        del self.by_token[bot.token]
        bot.token = new_token()
        self.by_token[bot.token] = bot
        self.changed("bot", bot)
        return bot.token

    def chat(self, bot: Bot, person: Person) -> Chat:
        """The same person has another id in every bot; it may hold + and /."""
        place = (bot.id, person.number)
        if place not in self.chats:
            digest = hashlib.sha256(f"{bot.id}:{person.number}".encode()).digest()[:14]
            user = base64.b64encode(b"\xfb\xff" + digest).decode()
            self.chats[place] = Chat(bot, person, user)
        return self.chats[place]

    def by_user(self, bot: Bot, user: str) -> Chat | None:
        return next((chat for chat in self.chats.values() if chat.bot is bot and chat.user == user), None)

    def message(self, chat: Chat, *, outgoing: bool, **more: Any) -> Message:
        message = Message(chat, self.next(), self.token(), outgoing, self.clock(), **more)
        chat.messages[message.number] = message
        self.changed("message", message)
        return message

    def file(self, kind: str, data: bytes, name: str, mime: str) -> File:
        key = secrets.token_hex(12)
        self.files[key] = File(key, kind, data, name, mime)
        return self.files[key]

    # What was seen and what changed

    def log(self, bot: str, method: str, params: Json, outcome: str) -> None:
        self.calls.append(Call(self.next(), self.clock(), bot, method, params, outcome))
        self.touch()

    def changed(self, what: str, subject: Any) -> None:
        for listener in list(self.listeners):
            listener(what, subject)
        self.touch()

    def touch(self) -> None:
        self._wake.set()
        self._wake = asyncio.Event()

    async def wait_for(self, predicate: Callable[[], T], timeout: float) -> T:
        """The first true value of `predicate`, asked again whenever anything changes; TimeoutError otherwise."""
        async with asyncio.timeout(timeout):
            while True:
                wake = self._wake
                if found := predicate():
                    return found
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(wake.wait(), 0.05)

    def route(self, url: str) -> tuple[str, dict[str, str]]:
        """Where an https address really leads, and the headers that a reverse proxy would add."""
        scheme, _, rest = url.partition("://")
        host, slash, path = rest.partition("/")
        local = self.hosts.get(host)
        if local is None:
            return url, {}
        headers = {"Host": host, "X-Forwarded-Proto": scheme, "X-Forwarded-Host": host, "X-Forwarded-For": "52.0.253.1"}
        return local.rstrip("/") + slash + path, headers


def new_token() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(16)) for _ in range(3))
