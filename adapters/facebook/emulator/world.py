"""Everything that the emulated Facebook knows, and who is told when it changes."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from .faults import Faults
from .model import App, Call, File, Json, Key, Message, Page, Person, Thread

T = TypeVar("T")
Listener = Callable[[str, Any], None]
DAY = 24 * 3600


class NotPossible(ValueError):
    """A person tried what cannot be done."""


class World:
    def __init__(self, clock: Callable[[], float], seed: int, app: App, log: int) -> None:
        self.clock = clock
        self.app = app
        self.hosts: dict[str, str] = {}
        self.base = ""
        """Where this emulator is reached: files are handed out from there."""
        self.faults = Faults(seed, lambda: self.changed("faults", None))
        self.listeners: list[Listener] = []
        self.calls: deque[Call] = deque(maxlen=log)
        self.announce: Callable[[Page, str, Json], None] = lambda page, field, event: None
        self._wake = asyncio.Event()
        self.clear()

    def clear(self) -> None:
        self.apps = {self.app.id: self.app}
        self.pages: dict[str, Page] = {}
        self.keys: dict[str, Key] = {}
        self.people: dict[int, Person] = {}
        self.threads: dict[tuple[str, int], Thread] = {}
        self.files: dict[str, File] = {}
        self.uploads: dict[str, File] = {}
        self.usage: dict[str, int] = {}
        """Percent of the limits used up, by page; of the whole app under its id."""
        self._numbers = itertools.count(1)
        self.app.callback = None
        self.app.fields = []

    # Making things

    def next(self) -> int:
        return next(self._numbers)

    def page(self, name: str, username: str) -> Page:
        page = Page(str(1067280970047000 + self.next()), name, username)
        self.pages[page.id] = page
        return page

    def key(self, app: App, page: Page | None, owner: str, **more: Any) -> Key:
        text = hashlib.sha256(f"{app.id}:{page.id if page else owner}:{self.next()}".encode()).hexdigest()
        key = Key(f"EAA{text}ZD", app, page, owner, **more)
        self.keys[key.token] = key
        return key

    def thread(self, page: Page, person: Person) -> Thread:
        place = (page.id, person.number)
        if place not in self.threads:
            psid = str(int(page.id[-5:]) * 10**11 + 5 * 10**10 + person.number)
            self.threads[place] = Thread(page, person, psid, self.app.id)
        return self.threads[place]

    def by_psid(self, page: Page, psid: str) -> Thread | None:
        return next((one for one in self.threads.values() if one.page is page and one.psid == psid), None)

    def message(self, thread: Thread, *, outgoing: bool, **more: Any) -> Message:
        number = self.next()
        mid = f"m_{hashlib.sha256(f'{thread.psid}:{number}'.encode()).hexdigest()}"
        message = Message(thread, number, mid, outgoing, self.clock(), **more)
        thread.messages[number] = message
        self.changed("message", message)
        return message

    def file(self, kind: str, data: bytes, name: str, mime: str) -> File:
        key = hashlib.sha256(f"file:{self.next()}".encode()).hexdigest()[:24]
        file = File(key, kind, data, name, mime)
        self.files[key] = file
        return file

    # What was seen and what changed

    def log(self, page: str, method: str, params: Json, outcome: str, raw: str) -> None:
        self.calls.append(Call(self.next(), self.clock(), page, method, params, outcome, raw))
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
        headers = {"Host": host, "X-Forwarded-Proto": scheme, "X-Forwarded-Host": host, "X-Forwarded-For": "31.13.24.1"}
        return local.rstrip("/") + slash + path, headers
