"""Webhook delivery: in order within a chat, repeated until it is accepted, through a table of hosts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

import aiohttp

from .model import BotAccount, Update, Webhook
from .polling import release
from .world import World

Execute = Callable[[BotAccount, str, bytes], Awaitable[None]]
_SENDER_IP = "149.154.167.220"
_KEPT_SECONDS = 24 * 3600
# Ordered failures of a delivery, which then never reaches the service.
_FAILURES = {
    "drop": "Connection reset by peer",
    "500": "Wrong response from the webhook: 500 Internal Server Error",
}


class Delivery:
    """One task per bot that has a webhook and something to deliver; it ends when there is nothing left."""

    def __init__(self, world: World, execute: Execute, pauses: Sequence[float], timeout: float, parallel: int) -> None:
        self._world = world
        self._execute = execute
        self._pauses = tuple(pauses) or (1.0,)
        self._timeout = timeout
        self._parallel = max(1, parallel)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._wakes: dict[int, asyncio.Event] = {}
        self._session: aiohttp.ClientSession | None = None

    def wake(self, bot: BotAccount) -> None:
        release(bot)
        if bot.webhook is None and bot.id not in self._tasks:
            return
        event = self._wakes.setdefault(bot.id, asyncio.Event())
        event.set()
        task = self._tasks.get(bot.id)
        if bot.pending and (task is None or task.done()):
            self._tasks[bot.id] = asyncio.get_running_loop().create_task(self._run(bot, event))

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            connector = aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        return self._session

    async def _run(self, bot: BotAccount, wake: asyncio.Event) -> None:
        flying: dict[asyncio.Task[None], int] = {}
        try:
            while bot.webhook is not None and (bot.pending or flying):
                wake.clear()
                update, pause = self._next(bot, set(flying.values()))
                if update is not None and len(flying) < min(self._parallel, bot.webhook.max_connections):
                    update = await self._shuffled(bot, update, set(flying.values()))
                    flying[asyncio.ensure_future(self._deliver(bot, update))] = update.key
                    if len(flying) < self._parallel:
                        continue
                await self._pause(flying, wake, pause)
        finally:
            for task in flying:
                task.cancel()

    @staticmethod
    async def _pause(flying: dict[asyncio.Task[None], int], wake: asyncio.Event, pause: float | None) -> None:
        """Until a delivery ends, an update comes, or the pause after a failure is over."""
        signal = asyncio.ensure_future(wake.wait())
        try:
            done, _ = await asyncio.wait([*flying, signal], timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        finally:
            signal.cancel()
        for task in list(flying):
            if task in done:
                del flying[task]

    def _next(self, bot: BotAccount, busy: set[int]) -> tuple[Update | None, float | None]:
        """The oldest update whose chat is free, or how long until a failed one may be tried again."""
        now = asyncio.get_running_loop().time()
        blocked = set(busy)
        soonest: float | None = None
        for update in bot.pending.values():
            if update.key in blocked:
                continue
            if update.not_before <= now:
                return update, None
            blocked.add(update.key)
            soonest = update.not_before if soonest is None else min(soonest, update.not_before)
        return None, None if soonest is None else max(0.0, soonest - now)

    async def _shuffled(self, bot: BotAccount, update: Update, busy: set[int]) -> Update:
        fault = self._world.faults.draw("webhook", bot.id, update.key, update.kind, "shuffle")
        if fault is None:
            return update
        if len(bot.pending) == 1:
            # Hold it for a while, so that there is something to exchange it with.
            await asyncio.sleep(fault.seconds)
        free = [other for other in bot.pending.values() if other.key not in busy]
        return self._world.faults.dice.choice(free or [update])

    async def _deliver(self, bot: BotAccount, update: Update) -> None:
        faults, hook = self._world.faults, bot.webhook
        if hook is None:
            return
        for kind, problem in _FAILURES.items():
            if faults.draw("webhook", bot.id, update.key, update.kind, kind):
                self._failed(bot, hook, update, problem)
                return
        copies = 3 if faults.draw("webhook", bot.id, update.key, update.kind, "duplicate") else 1
        problem = ""
        for _ in range(copies):
            problem = await self._post(bot, hook, update)
        if problem:
            self._failed(bot, hook, update, problem)
        else:
            bot.pending.pop(update.id, None)
            self._world.changes.touch()

    async def _post(self, bot: BotAccount, hook: Webhook, update: Update) -> str:
        """Deliver once; the problem in Telegram's words, or nothing."""
        address, headers = self.route(hook.url)
        headers["Content-Type"] = "application/json"
        if hook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = hook.secret
        limit = aiohttp.ClientTimeout(total=self._timeout)
        try:
            request = self.session().post(
                address, data=update.body, headers=headers, timeout=limit, allow_redirects=False
            )
            async with request as response:
                body = await response.read()
        except TimeoutError:
            return "Read timeout expired"
        except aiohttp.ClientConnectorError:
            return "Connection refused"
        except (aiohttp.ClientError, OSError, ValueError):
            return "Connection reset by peer"
        if not 200 <= response.status < 300:
            return f"Wrong response from the webhook: {response.status} {response.reason}"
        if body:
            await self._execute(bot, response.headers.get("Content-Type", ""), body)
        return ""

    def route(self, url: str) -> tuple[str, dict[str, str]]:
        """Where the https address really leads, and the headers that a reverse proxy would add."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        local = self._world.hosts.get(host)
        if local is None:
            return url, {}
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = {
            "Host": parts.netloc,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": parts.netloc,
            "X-Forwarded-For": _SENDER_IP,
        }
        return local.rstrip("/") + path, headers

    def _failed(self, bot: BotAccount, hook: Webhook, update: Update, problem: str) -> None:
        hook.last_error_message = problem
        hook.last_error_date = self._world.now()
        pause = self._pauses[min(update.attempts, len(self._pauses) - 1)]
        update.attempts += 1
        update.not_before = asyncio.get_running_loop().time() + pause
        if self._world.clock() - update.at > _KEPT_SECONDS:
            bot.pending.pop(update.id, None)
        self._world.changes.touch()
