"""Callbacks: signed, repeated until they are answered 200, in no promised order; the answer may hold a welcome."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from .model import MANDATORY_EVENTS, Bot, Chat, Json
from .world import World

ATTEMPTS = 10


@dataclass(slots=True, eq=False)
class Waiting:
    chat: Chat
    event: Json
    attempts: int = 0


class Delivery:
    """One task per bot for what is new, one more for each event that is tried again."""

    def __init__(self, world: World, pauses: Sequence[float], timeout: float, attempts: int = ATTEMPTS) -> None:
        self._world = world
        self._attempts = attempts
        self._pauses = tuple(pauses) or (1.0,)
        self._timeout = timeout
        self._queues: dict[str, list[Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._running: set[str] = set()
        self._session: aiohttp.ClientSession | None = None
        self.welcome: Callable[[Chat, Json], None] = lambda chat, body: None
        self.posts: list[tuple[bytes, int]] = []
        """Every request and the status that it was answered, 0 for none."""
        self.lost: list[Json] = []
        """Events that were given up."""

    @property
    def pending(self) -> int:
        return sum(map(len, self._queues.values())) + len(self._tasks)

    def add(self, chat: Chat, event: Json) -> None:
        """Queue an event, if the bot has a webhook that wants its kind."""
        bot = chat.bot
        if bot.webhook is None or event["event"] not in MANDATORY_EVENTS | set(bot.events):
            return
        self._queues.setdefault(bot.id, []).append(Waiting(chat, event))
        if bot.id not in self._running:
            self._running.add(bot.id)
            self._spawn(self._run(bot))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._world.touch()

    async def close(self) -> None:
        self._queues.clear()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        return self._session

    async def _run(self, bot: Bot) -> None:
        queue = self._queues[bot.id]
        try:
            while queue and bot.webhook is not None:
                await self._shuffle(bot, queue)
                await self._deliver(queue.pop(0))
        finally:
            queue.clear()
            self._running.discard(bot.id)

    async def _shuffle(self, bot: Bot, queue: list[Waiting]) -> None:
        fault = self._world.faults.draw("webhook", bot.id, None, "*", "shuffle")
        if fault is not None:
            await asyncio.sleep(fault.seconds)
            self._world.faults.dice.shuffle(queue)

    async def _deliver(self, one: Waiting) -> None:
        chat, draw = one.chat, self._world.faults.draw
        address = ("webhook", chat.bot.id, chat.person.number, str(one.event["event"]))
        if draw(*address, "drop", "500"):
            self._again(one)
            return
        copies = 3 if draw(*address, "duplicate") else 1
        answers = [await self.post(chat.bot, one.event) for _ in range(copies)]
        if any(status != 200 for status, _ in answers):
            self._again(one)
        elif one.event["event"] == "conversation_started":
            self._greeted(chat, answers[0][1])
        self._world.touch()

    def _again(self, one: Waiting) -> None:
        one.attempts += 1
        if one.attempts >= self._attempts:
            self.lost.append(one.event)
            return
        self._spawn(self._later(one, self._pauses[min(one.attempts, len(self._pauses)) - 1]))

    async def _later(self, one: Waiting, pause: float) -> None:
        await asyncio.sleep(pause)
        await self._deliver(one)

    def _greeted(self, chat: Chat, body: bytes) -> None:
        try:
            data = json.loads(body) if body.strip() else None
        except ValueError:
            return
        if isinstance(data, dict) and not chat.greeted:
            self.welcome(chat, data)

    async def post(self, bot: Bot, event: Json, *, url: str | None = None, key: str | None = None) -> tuple[int, bytes]:
        """Deliver once; the status and body of the answer, 0 where there was none."""
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
        address, headers = self._world.route(url or bot.webhook or "")
        signature = hmac.new((key or bot.token).encode("ascii"), body, hashlib.sha256).hexdigest()
        headers |= {"Content-Type": "application/json", "X-Viber-Content-Signature": signature}
        address += ("&" if "?" in address else "?") + f"sig={signature}"
        limit = aiohttp.ClientTimeout(total=self._timeout)
        status, answer = 0, b""
        try:
            async with self.session().post(
                address, data=body, headers=headers, timeout=limit, allow_redirects=False
            ) as response:
                answer = await response.read()
                status = response.status
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
            pass
        self.posts.append((body, status))
        return status, answer
