"""Who is told that something changed: tests that wait for a condition, and the sandbox's live page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Changes:
    def __init__(self) -> None:
        self._waiters: list[asyncio.Future[None]] = []
        self.listeners: list[Callable[[str, object], None]] = []

    def tell(self, what: str, subject: object) -> None:
        for listener in self.listeners:
            listener(what, subject)
        self.touch()

    def touch(self) -> None:
        """Wake everybody who waits for a condition."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait_for(self, predicate: Callable[[], T], timeout: float) -> T:
        """The first true value of `predicate`, asked again after every change; TimeoutError if it never comes."""
        async with asyncio.timeout(timeout):
            while not (found := predicate()):
                waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiters.append(waiter)
                await waiter
        return found
