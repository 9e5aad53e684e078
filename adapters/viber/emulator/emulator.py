"""The emulator as tests and the sandbox hold it: make bots and people, act as they do, look at what they see."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from html import unescape
from typing import Any, TypeVar

from aiohttp import web

from .delivery import ATTEMPTS, Delivery
from .faults import Fault
from .media import Phones
from .model import Bot, Call, Chat, File, Json, Message, NotPossible, Person
from .server import Server
from .world import World

T = TypeVar("T")
BotLike = Bot | str
PersonLike = Person | int | str
_TYPES = {"photo": "picture", "video": "video", "file": "file"}
STICKER = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001"
    "a5f645400000000049454e44ae426082"
)
_MIMES = {"photo": "image/jpeg", "video": "video/mp4"}


class ViberEmulator:
    """Viber, with any number of bots and people.

    `hosts` maps the host of an https address to a local base address. `clock` gives Unix seconds and rules times, the
    hour without an answer and the five minutes for a welcome; waiting goes by the event loop.
    """

    def __init__(
        self,
        *,
        hosts: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
        seed: int = 1,
        pauses: Sequence[float] = (10, 60, 300, 600, 900),
        webhook_timeout: float = 30.0,
        attempts: int = ATTEMPTS,
        log: int = 20_000,
    ) -> None:
        self.world = World(clock, seed, log)
        self.world.hosts.update(hosts or {})
        self.delivery = Delivery(self.world, pauses, webhook_timeout, attempts)
        self.phones = Phones(self.world, self.delivery)
        self.world.announce = self.delivery.add
        self.server = Server(self.world, self.delivery, self.phones)

    @property
    def hosts(self) -> dict[str, str]:
        return self.world.hosts

    # Serving

    def mount(self, app: web.Application, prefix: str = "/viber") -> None:
        self.server.mount(app, prefix)

        async def cleanup(_: web.Application) -> None:
            await self.close()

        app.on_cleanup.append(cleanup)

    @asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """Listen on a port of its own; the base address for PULT_VIBER_API."""
        app = web.Application()
        self.mount(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            bound = runner.addresses[0][1]
            self.world.base = f"http://{host}:{bound}/viber"
            yield f"{self.world.base}/pa"
        finally:
            await runner.cleanup()

    async def close(self) -> None:
        await self.phones.close()
        await self.delivery.close()

    def reset(self) -> None:
        """Forget everything: bots, people, messages, faults."""
        for bot in self.world.bots.values():
            bot.webhook = None
        self.world.clear()
        self.world.faults.clear()
        self.world.touch()

    # The cast

    def create_bot(self, name: str, uri: str) -> Bot:
        """Play partners.viber.com."""
        return self.world.create_bot(name, uri)

    def revoke(self, bot: BotLike) -> str:
        """The bot gets a new token; the old one is answered invalidAuthToken from now on."""
        return self.world.revoke(self.bot(bot))

    def person(self, name: str, *, person_id: int | None = None, **more: Any) -> Person:
        number = person_id or max(self.world.people, default=100) + 1
        person = self.world.people[number] = Person(number, name, **more)
        self.world.changed("person", person)
        return person

    def bot(self, bot: BotLike) -> Bot:
        """A bot by itself, its id or its address."""
        if isinstance(bot, Bot):
            return bot
        for known in self.world.bots.values():
            if bot in (known.id, known.uri):
                return known
        raise NotPossible(f"There is no bot {bot}.")

    def who(self, person: PersonLike) -> Person:
        if isinstance(person, Person):
            return person
        known = self.world.people.get(int(person)) if str(person).isdigit() else None
        if known is None:
            raise NotPossible(f"There is no person {person}.")
        return known

    # What people do

    def chat(self, bot: BotLike, person: PersonLike) -> Chat:
        """The conversation as it stands on the person's phone."""
        return self.world.chat(self.bot(bot), self.who(person))

    def open(self, bot: BotLike, person: PersonLike, context: str | None = None) -> Message:
        """Open the chat, perhaps by a deep link: conversation_started, and no subscription."""
        chat = self.chat(bot, person)
        chat.opened, chat.opened_at, chat.greeted = True, self.world.clock(), False
        message = self.world.message(chat, outgoing=False, service="opened the chat")
        more: Json = {"context": context} if context else {}
        self.phones.event(
            chat, "conversation_started", type="open", user=self.phones.card(chat), subscribed=chat.subscribed, **more
        )
        self.world.changed("chat", chat)
        return message

    def subscribe(self, bot: BotLike, person: PersonLike) -> None:
        chat = self.chat(bot, person)
        chat.opened, chat.subscribed, chat.left = True, True, False
        self.phones.event(chat, "subscribed", user=self.phones.card(chat))
        self.world.changed("chat", chat)

    def unsubscribe(self, bot: BotLike, person: PersonLike) -> None:
        chat = self.chat(bot, person)
        chat.subscribed, chat.left = False, True
        self.phones.event(chat, "unsubscribed", user_id=chat.user)
        self.world.changed("chat", chat)

    def say(self, bot: BotLike, person: PersonLike, text: str, **message: Any) -> Message:
        """Write; whoever writes subscribes by it, and has read what stands above."""
        if not text.strip():
            raise NotPossible("The text is empty.")
        return self.send(bot, person, {"type": "text", "text": text, **message})

    def send(self, bot: BotLike, person: PersonLike, message: Json, file: File | None = None) -> Message:
        """Any message, as the bot will see it; Viber adds the tracking data of the last one that the bot sent."""
        chat = self.chat(bot, person)
        self.read(bot, person)
        if not (chat.opened and chat.subscribed):
            chat.opened, chat.subscribed, chat.left = True, True, False
            self.world.changed("chat", chat)
        chat.unanswered.clear()
        tracked = next((one.tracking for one in reversed(chat.sent()) if one.tracking), None)
        body = message | ({"tracking_data": tracked} if tracked else {})
        sent = self.world.message(chat, outgoing=False, wire=message, file=file)
        self.phones.event(chat, "message", sent.token, sender=self.phones.card(chat), message=body, silent=False)
        # Viber reports the person's own messages as delivered, too.
        self.phones.event(chat, "delivered", sent.token, user_id=chat.user)
        return sent

    def file(self, kind: str, data: bytes, name: str = "", mime: str = "") -> File:
        return self.world.file(kind, data, name, mime or _MIMES.get(kind, "application/octet-stream"))

    def send_media(
        self, bot: BotLike, person: PersonLike, kind: str, data: bytes, *, name: str = "", mime: str = "",
        caption: str = "",
    ) -> Message:  # fmt: skip
        """`kind` is photo, video or file; recordings come as files."""
        kind = kind if kind in _TYPES else "file"
        default = {"photo": "image.jpg", "video": "video.mp4"}.get(kind, "file.bin")
        file = self.file(kind, data, name or default, mime)
        message: Json = {"type": _TYPES[kind], "media": self.address(file), "size": len(data)}
        if kind == "photo":
            message |= {"text": caption, "thumbnail": self.address(file), "file_name": file.name}
        elif kind == "video":
            message["duration"] = 1
        else:
            message["file_name"] = file.name
        return self.send(bot, person, message, file)

    def send_sticker(self, bot: BotLike, person: PersonLike, number: int = 46105) -> Message:
        file = self.file("sticker", STICKER, f"{number}.png", "image/png")
        return self.send(bot, person, {"type": "sticker", "sticker_id": number, "media": self.address(file)}, file)

    def address(self, file: File) -> str:
        extension = file.name.rpartition(".")[2] or "bin"
        return f"{self.world.base}/media/{file.key}/x.{extension}"

    def read(self, bot: BotLike, person: PersonLike) -> None:
        """The person looks at the chat: what stands there is seen."""
        self.phones.seen(self.chat(bot, person))

    def press(self, message: Message, button: str | tuple[int, int]) -> Message | None:
        """Press a button of the keyboard by its label or by (row, column); the message that it sent, if any."""
        found = self._button(message, button)
        chat, action = message.chat, found.get("ActionType", "reply")
        if action == "reply":
            return self.say(chat.bot, chat.person, str(found["ActionBody"]))
        if action == "share-phone":
            card = {"name": chat.person.name, "phone_number": f"+38050{chat.person.number:07d}"}
            return self.send(chat.bot, chat.person, {"type": "contact", "contact": card})
        if action == "location-picker":
            return self.send(chat.bot, chat.person, {"type": "location", "location": {"lat": 50.45, "lon": 30.52}})
        return None

    @staticmethod
    def _button(message: Message, button: str | tuple[int, int]) -> Json:
        if isinstance(button, tuple):
            row, column = button
            if 0 <= row < len(message.buttons) and 0 <= column < len(message.buttons[row]):
                return message.buttons[row][column]
        else:
            for found in (one for row in message.buttons for one in row):
                if button in (found.get("Text"), unescape(str(found.get("Text")))):
                    return found
        raise NotPossible(f"Message {message.number} has no button {button}, only {message.labels()}.")

    # Faults, the log, waiting

    def fault(self, kind: str, *, bot: BotLike | None = None, person: PersonLike | None = None, **more: Any) -> Fault:
        """Order a failure; `times=None` keeps it until it is removed."""
        more.setdefault("times", 1)
        fault = Fault(
            "", kind, bot=None if bot is None else self.bot(bot).id,
            person=None if person is None else self.who(person).number, **more,
        )  # fmt: skip
        return self.world.faults.add(fault)

    def calls(self, method: str | None = None, bot: BotLike | None = None) -> list[Call]:
        """What bots called, oldest first."""
        bot_id = None if bot is None else self.bot(bot).id
        return [
            call
            for call in self.world.calls
            if (method is None or call.method.lower() == method.lower()) and bot_id in (None, call.bot)
        ]

    async def wait_for(self, predicate: Callable[[], T], timeout: float = 5.0) -> T:
        """The first true value of `predicate`, asked again whenever anything changes; TimeoutError otherwise."""
        return await self.world.wait_for(predicate, timeout)
