"""Who is told that something changed: tests that wait for a condition, and the sandbox's live page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from .model import Chat, Json, Message

T = TypeVar("T")
Listener = Callable[[Json], None]


class Changes:
    def __init__(self) -> None:
        self._waiters: list[asyncio.Future[None]] = []
        self.listeners: list[Callable[[str, object], None]] = []

    def touch(self) -> None:
        """Wake everybody who waits for a condition."""
        if not self._waiters:
            return
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def message(self, message: Message) -> None:
        self.tell("message", message)

    def gone(self, chat: Chat, message_id: int) -> None:
        self.tell("message_gone", (chat, message_id))

    def chat(self, chat: Chat) -> None:
        self.tell("chat", chat)

    def tell(self, what: str, subject: object) -> None:
        for listener in self.listeners:
            listener(what, subject)
        self.touch()

    async def wait_for(self, predicate: Callable[[], T], timeout: float) -> T:
        """The first true value of `predicate`, asked again after every change; TimeoutError if it never comes."""
        async with asyncio.timeout(timeout):
            while not (found := predicate()):
                waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiters.append(waiter)
                await waiter
        return found
