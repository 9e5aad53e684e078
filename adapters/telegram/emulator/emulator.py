"""The emulator as tests and the sandbox hold it: make bots and people, act as they do, look at what they see."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from aiohttp import web

from . import managed, people, shares
from .calls import METHODS
from .delivery import Delivery
from .faults import Fault
from .model import BotAccount, Chat, Json, Message, Person
from .server import Server
from .world import Call, World

T = TypeVar("T")
BotLike = BotAccount | int | str
PersonLike = Person | int | str


class TelegramEmulator:
    """Telegram, with any number of bots and people.

    `hosts` maps the host of a webhook's https address to a local base address. `clock` gives Unix seconds and rules
    dates, the 48 hours, the age of queries and the budgets; waiting (long polls, pauses) goes by the event loop.
    """

    def __init__(
        self,
        *,
        hosts: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
        budgets: bool = False,
        seed: int = 1,
        pauses: Sequence[float] = (1, 2, 4, 8, 16, 32, 60),
        webhook_timeout: float = 60.0,
        parallel: int = 1,
        log: int = 20_000,
        history: int | None = None,
    ) -> None:
        self.world = World(clock, seed, budgets, log, history)
        self.world.hosts.update(hosts or {})
        self.server = Server(self.world)
        self.delivery = Delivery(self.world, self.server.execute, pauses, webhook_timeout, parallel)
        self.world.wake = self.delivery.wake
        self.world.session = self.delivery.session
        self.world.route = self.delivery.route

    @property
    def hosts(self) -> dict[str, str]:
        return self.world.hosts

    # Serving

    def mount(self, app: web.Application, prefix: str = "/telegram") -> None:
        self.server.mount(app, prefix)

        async def cleanup(_: web.Application) -> None:
            await self.close()

        app.on_cleanup.append(cleanup)

    @asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """Listen on a port of its own; the base address for TelegramAPIServer.from_base and PULT_TELEGRAM_API."""
        app = web.Application()
        self.mount(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port)
            await site.start()
            bound = runner.addresses[0][1]
            yield f"http://{host}:{bound}/telegram"
        finally:
            await runner.cleanup()

    async def close(self) -> None:
        await self.delivery.close()

    def reset(self) -> None:
        """Forget everything: bots, people, messages, faults."""
        for bot in list(self.world.bots.values()):
            bot.webhook = None
            bot.pending.clear()
            self.delivery.wake(bot)
        self.world.clear()
        self.world.faults.clear()
        self.world.changes.touch()

    # The cast

    def create_bot(self, name: str, username: str, *, control: bool = False, inline: bool | None = None) -> BotAccount:
        """Play BotFather's /newbot. A control bot has inline mode unless told otherwise."""
        managed.check_names(self.world, name, username)
        return self.world.create_bot(name, username, control, control if inline is None else inline)

    def revoke(self, bot: BotLike) -> str:
        """Play BotFather's /revoke: the new token. The old one answers 401 from now on."""
        account = self.bot(bot)
        token = self.world.revoke(account)
        managed.revoked(self.world, account)
        return token

    def allow_managing(self, bot: BotLike, allowed: bool = True) -> None:
        """Play the switch in BotFather's Mini App: whether this bot may manage other bots."""
        account = self.bot(bot)
        account.manages = allowed
        self.world.changes.tell("bot", account)

    def create_managed(
        self, bot: BotLike, person: PersonLike, name: str | None = None, username: str | None = None
    ) -> BotAccount:
        """Press the keyboard's button that creates a bot; what is not given is as the button suggests."""
        return managed.create(self.world, self.chat(bot, person), self.who(person), name, username)[0]

    def person(
        self,
        name: str,
        *,
        username: str | None = None,
        language: str | None = "ru",
        staff: bool = False,
        last_name: str | None = None,
        person_id: int | None = None,
    ) -> Person:
        number = person_id or self.world.new_person_id()
        return self.world.add_person(Person(number, name, username, language, staff, last_name))

    def bot(self, bot: BotLike) -> BotAccount:
        """A bot by itself, its id or its username."""
        if isinstance(bot, BotAccount):
            return bot
        for known in self.world.bots.values():
            if str(bot).removeprefix("@") in (str(known.id), known.username):
                return known
        raise people.NotPossible(f"There is no bot {bot}.")

    def who(self, person: PersonLike) -> Person:
        if isinstance(person, Person):
            return person
        known = self.world.people.get(int(person)) if str(person).isdigit() else None
        if known is None:
            raise people.NotPossible(f"There is no person {person}.")
        return known

    # What people do

    def chat(self, bot: BotLike, person: PersonLike) -> Chat:
        """The conversation as it stands on the person's phone."""
        return self.world.private_chat(self.bot(bot), self.who(person))

    def start(self, bot: BotLike, person: PersonLike, payload: str | None = None) -> Message:
        return people.start(self.world, self.bot(bot), self.who(person), payload)

    def say(
        self,
        bot: BotLike,
        person: PersonLike,
        text: str,
        *,
        reply_to: Message | int | None = None,
        quote: str | None = None,
        entities: list[Json] | None = None,
        forward_from: str | None = None,
    ) -> Message:
        chat = self.chat(bot, person)
        content = people.written(self.world, text, entities)
        if not content:
            raise people.NotPossible("The text is empty.")
        content |= people.replied(chat, number_of(reply_to), quote)
        content |= people.forwarded(self.world, forward_from)
        return people.person_message(self.world, chat, self.who(person), content, forwarded_from=forward_from)

    def send_media(
        self,
        bot: BotLike,
        person: PersonLike,
        kind: str,
        data: bytes,
        *,
        name: str = "",
        mime: str = "",
        caption: str = "",
        duration: int = 1,
        reply_to: Message | int | None = None,
    ) -> Message:
        """`kind` is one of photo, video, video_note, voice, audio, document, animation, sticker."""
        chat = self.chat(bot, person)
        file = shares.keep(self.world, kind, data, name, mime, duration)
        extra = people.replied(chat, number_of(reply_to), None)
        return shares.send_file(self.world, chat, self.who(person), file, caption, extra)

    def send_album(
        self, bot: BotLike, person: PersonLike, items: Sequence[tuple[str, bytes]], *, caption: str = ""
    ) -> list[Message]:
        """Items are (kind, bytes); each becomes an update of its own, with one media_group_id."""
        files = [shares.keep(self.world, kind, data, "", "") for kind, data in items]
        return shares.send_album(self.world, self.chat(bot, person), self.who(person), files, caption)

    def send_location(
        self,
        bot: BotLike,
        person: PersonLike,
        latitude: float,
        longitude: float,
        *,
        title: str | None = None,
        address: str | None = None,
    ) -> Message:
        """A place; with a title it is a venue."""
        return self.send_content(bot, person, shares.place_content(latitude, longitude, title, address))

    def send_contact(
        self, bot: BotLike, person: PersonLike, name: str, phone: str, *, user_id: int | None = None
    ) -> Message:
        return self.send_content(bot, person, shares.contact_content(name, phone, user_id))

    def send_dice(self, bot: BotLike, person: PersonLike, emoji: str = "🎲") -> Message:
        return self.send_content(bot, person, shares.dice_content(self.world, emoji))

    def send_poll(self, bot: BotLike, person: PersonLike, question: str, options: Sequence[str]) -> Message:
        return self.send_content(bot, person, shares.poll_content(self.world, question, options))

    def send_sticker(self, bot: BotLike, person: PersonLike) -> Message:
        chat = self.chat(bot, person)
        return shares.send_file(self.world, chat, self.who(person), shares.sticker(self.world), "", {})

    def send_content(self, bot: BotLike, person: PersonLike, content: Json) -> Message:
        """Anything else: these fields of a Bot API Message as they are."""
        return people.person_message(self.world, self.chat(bot, person), self.who(person), content)

    def set_photo(self, person: PersonLike, data: bytes) -> None:
        self.who(person).photo = shares.keep(self.world, "photo", data, "", "")

    def edit(self, message: Message, text: str, *, entities: list[Json] | None = None) -> Message:
        return people.edit(self.world, message.chat, author(message), message.id, text, entities)

    def edit_content(self, message: Message, content: Json) -> Message:
        """Put other matter in the place of a message's own: these fields as they are."""
        return people.edit_content(self.world, message.chat, author(message), message.id, content)

    def delete(self, message: Message) -> None:
        people.delete(self.world, message.chat, message.id)

    def react(self, message: Message, emoji: str | None) -> Message:
        return people.react(self.world, message.chat, author(message), message.id, emoji)

    async def press(
        self, message: Message, button: str | tuple[int, int], *, timeout: float = people.PRESS_SECONDS
    ) -> Json | None:
        """Press a button by its label or by (row, column); {"text", "alert", "url"}, or None if nobody answered."""
        row, column = button if isinstance(button, tuple) else place_of(message, button)
        return await people.press(self.world, message.chat, author(message), message, row, column, timeout)

    async def press_data(
        self, message: Message, data: str, *, timeout: float = people.PRESS_SECONDS, odd: Json | None = None
    ) -> Json | None:
        """Press under a message as a forged client would: with data that none of its buttons has.

        `odd`: further fields of the message that the press names.
        """
        return await people.query(self.world, message.chat, author(message), message, data, timeout, odd)

    def block(self, bot: BotLike, person: PersonLike, blocked: bool = True) -> None:
        people.block(self.world, self.chat(bot, person), blocked)

    async def ask_inline(self, bot: BotLike, person: PersonLike, text: str, *, timeout: float = 5.0) -> list[Json]:
        """Type @bot text; the results offered, as {"id", "type", "title", "description", "content"}."""
        return await people.ask_inline(self.world, self.bot(bot), self.who(person), text, timeout)

    def choose_inline(self, bot: BotLike, person: PersonLike, result: Json, *, chat: BotLike | None = None) -> Message:
        """Pick an article: its text is sent, via the bot, into the chat with `chat` (the same bot by default)."""
        via = {"via_bot": self.bot(bot).user()}
        return self.send_content(bot if chat is None else chat, person, dict(result["content"]) | via)

    def add_to_group(self, bot: BotLike, person: PersonLike, title: str) -> Chat:
        """The person makes a group with the bot in it."""
        chat = self.world.new_group(self.bot(bot), title)
        people.add_to_group(self.world, chat, self.who(person))
        return chat

    def say_in_group(self, chat: Chat, person: PersonLike, text: str) -> Message:
        content = people.written(self.world, text, None)
        return people.person_message(self.world, chat, self.who(person), content)

    def remove_from_group(self, chat: Chat, person: PersonLike) -> None:
        people.remove_from_group(self.world, chat, self.who(person))

    # Faults, the log, waiting

    def fault(
        self,
        kind: str,
        *,
        where: str = "api",
        bot: BotLike | None = None,
        person: PersonLike | None = None,
        method: str = "*",
        times: int | None = 1,
        retry_after: int = 1,
        seconds: float = 1.0,
        probability: float = 1.0,
        description: str | None = None,
    ) -> Fault:
        """Order a failure; `times=None` keeps it until it is removed."""
        bot_id = None if bot is None else self.bot(bot).id
        person_id = None if person is None else self.who(person).id
        fault = Fault("", kind, where, bot_id, person_id, method, times, retry_after, seconds, probability, description)
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
        return await self.world.changes.wait_for(predicate, timeout)


def number_of(message: Message | int | None) -> int | None:
    return message.id if isinstance(message, Message) else message


def author(message: Message) -> Person:
    person = message.chat.person
    if person is None:
        raise people.NotPossible("This is not a private chat.")
    return person


def place_of(message: Message, label: str) -> tuple[int, int]:
    for row, buttons in enumerate(message.buttons):
        for column, button in enumerate(buttons):
            if label == button["text"] or label in (button["text"], button.get("callback_data")):
                return row, column
    raise people.NotPossible(f"Message {message.id} has no button «{label}», only {message.labels()}.")


def methods() -> list[str]:
    """The names of all methods that the emulator answers."""
    return sorted(name for name, _ in METHODS.values())
