"""The emulator as tests and the sandbox hold it: make pages and people, act as they do, look at what they see."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiohttp import web

from .delivery import TIMEOUT, Delivery
from .faults import Fault
from .graph import Graph
from .model import EDITOR, RIGHTS, TASKS, App, Call, File, Json, Key, Message, Page, Person, Thread
from .oauth import OAuth
from .people import People
from .world import NotPossible, World

T = TypeVar("T")
PageLike = Page | str
PersonLike = Person | int | str
APP_ID = "123456789012345"
APP_SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - of an app that does not exist
VERIFY_TOKEN = "verify-token-of-the-sandbox"  # noqa: S105


class FacebookEmulator:
    """Facebook with one app, any number of pages and people.

    `hosts` maps the host of an https address to a local base address. `clock` gives Unix seconds and rules the window.
    """

    def __init__(
        self, *, hosts: Mapping[str, str] | None = None, clock: Callable[[], float] = time.time, seed: int = 1,
        pauses: Sequence[float] = (0, 1, 2, 4, 8, 16, 32, 60), webhook_timeout: float = TIMEOUT, log: int = 20_000,
    ) -> None:  # fmt: skip
        self.app = App(APP_ID, "Pult", APP_SECRET)
        self.world = World(clock, seed, self.app, log)
        self.world.hosts.update(hosts or {})
        self.delivery = Delivery(self.world, pauses, webhook_timeout)
        self.graph = Graph(self.world, self.delivery)
        self.oauth = OAuth(self.world)
        self.people = People(self.world, self.delivery)

    @property
    def hosts(self) -> dict[str, str]:
        return self.world.hosts

    # Serving

    def mount(self, app: web.Application, prefix: str = "/facebook") -> None:
        self.oauth.mount(app, prefix)
        self.graph.mount(app, prefix)

        async def cleanup(_: web.Application) -> None:
            await self.close()

        app.on_cleanup.append(cleanup)

    @asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """Listen on a port of its own; the base address for PULT_FACEBOOK_API."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        self.mount(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            yield f"http://{host}:{runner.addresses[0][1]}/facebook"
        finally:
            await runner.cleanup()

    async def close(self) -> None:
        await self.delivery.close()

    def reset(self) -> None:
        """Forget everything: pages, people, messages, faults."""
        self.delivery.pending.clear()
        self.world.clear()
        self.world.faults.clear()

    @staticmethod
    def settings(base: str) -> dict[str, str]:
        """What an installation is told to speak with this emulator."""
        return {
            "PULT_FACEBOOK_API": base,
            "PULT_FACEBOOK_LOGIN": base,
            "PULT_FACEBOOK_APP_ID": APP_ID,
            "PULT_FACEBOOK_APP_SECRET": APP_SECRET,
            "PULT_FACEBOOK_VERIFY_TOKEN": VERIFY_TOKEN,
        }

    # The cast

    def create_page(self, name: str, username: str) -> Page:
        """A page with a key of its administrator for the app."""
        if any(page.username.lower() == username.lower() for page in self.world.pages.values()):
            raise NotPossible(f"{username} is taken.")
        page = self.world.page(name, username)
        page.token = self.key(page).token
        self.world.changed("bot", page)
        return page

    def create_app(self, name: str) -> App:
        """Somebody else's app."""
        app = App(str(987654321000000 + self.world.next()), name, f"{self.world.next():032x}", strict=False)
        self.world.apps[app.id] = app
        return app

    def key(
        self, page: Page | None, *, app: App | None = None, owner: str = "Мария", scopes: frozenset[str] = RIGHTS,
        editor: bool = False,
    ) -> Key:  # fmt: skip
        """A key of the page made by somebody with a role in it; without a page one of the person."""
        return self.world.key(app or self.app, page, owner, scopes=scopes, tasks=EDITOR if editor else TASKS)

    def revoke(self, page: PageLike) -> str:
        """All keys of the page die; the new one."""
        page = self.page(page)
        for key in self.world.keys.values():
            if key.page is page:
                key.dead = True
        page.token = self.key(page).token
        self.world.changed("bot", page)
        return page.token

    def person(
        self, name: str, *, username: str | None = None, language: str | None = "ru", staff: bool = False,
        person_id: int | None = None,
    ) -> Person:  # fmt: skip
        number = person_id or 500 + self.world.next()
        person = self.world.people[number] = Person(number, name, username, language, staff)
        self.world.changed("person", person)
        return person

    def page(self, page: PageLike) -> Page:
        """A page by itself, its id or its name in links."""
        if isinstance(page, Page):
            return page
        for known in self.world.pages.values():
            if page.removeprefix("@") in (known.id, known.username):
                return known
        raise NotPossible(f"There is no page {page}.")

    def who(self, person: PersonLike) -> Person:
        if isinstance(person, Person):
            return person
        known = self.world.people.get(int(person)) if str(person).isdigit() else None
        if known is None:
            raise NotPossible(f"There is no person {person}.")
        return known

    # What people do

    def chat(self, page: PageLike, person: PersonLike) -> Thread:
        """The conversation as it stands on the person's phone."""
        return self.world.thread(self.page(page), self.who(person))

    def start(self, page: PageLike, person: PersonLike, ref: str | None = None) -> Message:
        return self.people.start(self.page(page), self.who(person), ref)

    def say(self, page: PageLike, person: PersonLike, text: str, **more: Any) -> Message:
        """`reply_to` is a message's number; anything else is a field of the message on the wire."""
        return self.people.write(self.page(page), self.who(person), text, **more)

    def send_media(
        self, page: PageLike, person: PersonLike, kind: str, data: bytes, *, name: str = "", mime: str = "",
        text: str = "",
    ) -> Message:  # fmt: skip
        """`kind` is one of image, audio, video, file, sticker."""
        return self.say(page, person, text, files=[self.file(kind, data, name=name, mime=mime)])

    def file(self, kind: str, data: bytes, *, name: str = "", mime: str = "") -> File:
        mime = mime or _MIMES.get(kind, "application/octet-stream")
        return self.world.file(kind, data, name or f"{kind}.{mime.rpartition('/')[2]}", mime)

    def send_location(self, page: PageLike, person: PersonLike, latitude: float, longitude: float) -> Message:
        return self.say(page, person, "", location={"latitude": latitude, "longitude": longitude})

    def edit(self, message: Message, text: str) -> Message:
        return self.people.edit(message, text)

    def delete(self, message: Message) -> None:
        self.people.delete(message)

    def react(self, message: Message, emoji: str | None) -> Message:
        return self.people.react(message, emoji)

    def press(self, message: Message, button: str | int) -> Json | None:
        """Press a button by its label or its place."""
        if isinstance(button, str):
            if button not in message.labels():
                raise NotPossible(f"There is no button «{button}», only {message.labels()}.")
            button = message.labels().index(button)
        return self.people.press(message, button)

    def read(self, page: PageLike, person: PersonLike) -> None:
        self.people.read(self.chat(page, person))

    def block(self, page: PageLike, person: PersonLike, blocked: bool = True) -> None:
        self.people.block(self.page(page), self.who(person), blocked)

    def answer_elsewhere(self, page: PageLike, person: PersonLike, text: str, **more: Any) -> Message:
        """The page's team answers in the page's inbox; `app_id` for another app."""
        return self.people.answer_elsewhere(self.chat(page, person), text, **more)

    def enforce(self, page: PageLike, action: str, reason: str | None = None) -> None:
        """Facebook acts on the page for what it sent: "warning", "block" or "unblock"."""
        self.people.enforce(self.page(page), action, reason)

    def usage(self, page: PageLike | None, percent: int) -> None:
        """How much of its limit a page has used up, or without one the whole app."""
        self.world.usage[self.app.id if page is None else self.page(page).id] = percent

    def hand_to(self, page: PageLike, person: PersonLike, app_id: str) -> None:
        self.people.hand_to(self.chat(page, person), app_id)

    # Faults, the log, waiting

    def fault(
        self, kind: str, *, where: str = "api", page: PageLike | None = None, person: PersonLike | None = None,
        method: str = "*", times: int | None = 1, retry_after: int = 1, seconds: float = 1.0,
        probability: float = 1.0, description: str | None = None,
    ) -> Fault:  # fmt: skip
        """Order a failure; `times=None` keeps it until it is removed. A refusal's description is CODE/SUBCODE."""
        page_id = None if page is None else self.page(page).id
        number = None if person is None else self.who(person).number
        return self.world.faults.add(
            Fault("", kind, where, page_id, number, method, times, retry_after, seconds, probability, description)
        )

    def calls(self, method: str | None = None, page: PageLike | None = None) -> list[Call]:
        """What apps called, oldest first."""
        page_id = None if page is None else self.page(page).id
        return [
            call
            for call in self.world.calls
            if (method is None or call.method == method) and page_id in (None, call.page)
        ]

    async def wait_for(self, predicate: Callable[[], T], timeout: float = 5.0) -> T:
        """The first true value of `predicate`, asked again whenever anything changes; TimeoutError otherwise."""
        return await self.world.wait_for(predicate, timeout)


_MIMES = {"image": "image/jpeg", "audio": "audio/mp4", "video": "video/mp4", "sticker": "image/png"}
