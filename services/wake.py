"""Wakes the workers as soon as jobs are committed: those of this process directly, those of others through Redis.

A wake-up is a courtesy. Whoever misses one, with Redis gone or slow, finds the jobs at its next look at the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self

import structlog

log = structlog.get_logger(__name__)

CHANNEL = "pult:jobs"
AT_MOST_EVERY = 0.005
"""Seconds between two messages: commits in between share one."""
LISTEN = 10.0
RECONNECT = (0.2, 5.0)


class Wakes(Protocol):
    """Tells workers of new jobs. `made` is for `sql.on_commit`: cheap, from the event loop, as often as one likes."""

    def made(self) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Here:
    """The workers of this process only."""

    def __init__(self, wake: Callable[[], None] | None = None) -> None:
        self._wake = wake or (lambda: None)

    def made(self) -> None:
        self._wake()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class Everywhere:
    """The workers of all processes on the same Redis. `wake` is this process's worker, None where it has none.

    While it is entered it listens and reconnects by itself.
    """

    def __init__(self, redis_url: str, wake: Callable[[], None] | None = None) -> None:
        # Only several processes need Redis: one alone runs without the package.
        from redis.asyncio import Redis

        self.name = f"pult-{secrets.token_hex(8)}"
        self._redis: Any = Redis.from_url(
            redis_url, client_name=self.name, socket_connect_timeout=2, health_check_interval=10
        )
        self._wake = wake
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def made(self) -> None:
        if self._wake is not None:
            self._wake()
        self._news.set()

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._lasting(self._tell))]
        if self._wake is not None:
            self._tasks.append(asyncio.create_task(self._lasting(self._listen)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(Exception):
            await self._redis.aclose()

    async def _lasting(self, part: Callable[[], Any]) -> None:
        pause, longest = RECONNECT
        while True:
            started = asyncio.get_running_loop().time()
            try:
                await part()
            except Exception as error:
                if asyncio.get_running_loop().time() - started > longest:
                    pause = RECONNECT[0]
                log.warning("Redis does not answer: jobs are found by looking for them", error=repr(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, longest)

    async def _tell(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await self._redis.publish(CHANNEL, self.name)
            await asyncio.sleep(AT_MOST_EVERY)

    async def _listen(self) -> None:
        assert self._wake is not None
        async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(CHANNEL)
            # What was made while nobody listened.
            self._wake()
            while True:
                # With a time-out, so that a connection that died without a word is noticed.
                message = await channel.get_message(timeout=LISTEN)
                if message is not None and message["data"] != self.name.encode():
                    self._wake()
