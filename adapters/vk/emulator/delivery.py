"""Events to callback servers: the confirmation first, then one by one until "ok", through a table of hosts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp

from .model import CallbackServer, Community, Event
from .world import VERSION, World, encode

PAUSES = (10.0, 180.0, 600.0, 1800.0, 3600.0)
"""Seconds before each of the five repeats ("Callback API")."""
STOPPED_AFTER = 10
"""Failures in a row after which VK stops sending to a server."""
LONGEST_RETRY_AFTER = 3 * 3600
_FAILURES = ("drop", "500")


class Delivery:
    """One task per callback server that has something to be told; it ends when there is nothing left."""

    def __init__(self, world: World, pauses: Sequence[float], timeout: float, stopped_after: int) -> None:
        self._world = world
        self._pauses = tuple(pauses)
        self._timeout = timeout
        self._stopped_after = stopped_after
        self._tasks: dict[tuple[int, int], asyncio.Task[None]] = {}
        self._session: aiohttp.ClientSession | None = None

    def wake(self, community: Community) -> None:
        for server in community.servers.values():
            if server.status != "wait" and not server.pending:
                continue
            key = (community.id, server.id)
            task = self._tasks.get(key)
            if task is None or task.done():
                self._tasks[key] = asyncio.get_running_loop().create_task(self._run(community, server))

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _run(self, community: Community, server: CallbackServer) -> None:
        if server.status == "wait":
            await self._confirm(community, server)
        while server.pending and server.status == "ok" and community.servers.get(server.id) is server:
            event = await self._next(community, server)
            pause = event.not_before - asyncio.get_running_loop().time()
            if pause > 0:
                await asyncio.sleep(pause)
            await self._deliver(community, server, event)

    async def _confirm(self, community: Community, server: CallbackServer) -> None:
        body = {"type": "confirmation", "group_id": community.id, "event_id": f"confirm{server.id}", "v": VERSION}
        if server.secret:
            body["secret"] = server.secret
        status, answer, _ = await self._post(server, encode(body).encode(), 0)
        server.status = "ok" if status == 200 and answer == community.code.encode() else "failed"
        self._world.changes.tell("bot", community)

    async def _next(self, community: Community, server: CallbackServer) -> Event:
        fault = self._world.faults.draw("webhook", community.id, None, server.pending[0].kind, "shuffle")
        if fault is None:
            return min(server.pending, key=lambda event: event.not_before)
        if len(server.pending) == 1:
            # Hold it for a while, so that there is something to exchange it with.
            await asyncio.sleep(fault.seconds)
        return self._world.faults.dice.choice(server.pending)

    async def _deliver(self, community: Community, server: CallbackServer, event: Event) -> None:
        faults = self._world.faults
        for kind in _FAILURES:
            if faults.draw("webhook", community.id, event.peer, event.kind, kind):
                self._failed(server, event, None)
                return
        copies = 3 if faults.draw("webhook", community.id, event.peer, event.kind, "duplicate") else 1
        for _ in range(copies):
            status, answer, retry_after = await self._post(server, event.body, event.attempts)
        if status == 200 and answer.strip() == b"remove":
            community.servers.pop(server.id, None)
        elif status == 200 and answer == b"ok":
            server.failures = 0
            server.pending.remove(event)
        else:
            self._failed(server, event, retry_after)
        self._world.changes.touch()

    def _failed(self, server: CallbackServer, event: Event, retry_after: float | None) -> None:
        server.failures += 1
        if event.attempts >= len(self._pauses):
            server.pending.remove(event)
        else:
            pause = self._pauses[event.attempts] if retry_after is None else retry_after
            event.not_before = asyncio.get_running_loop().time() + pause
            event.attempts += 1
        if server.failures >= self._stopped_after:
            server.status = "failed"
        self._world.changes.touch()

    async def _post(self, server: CallbackServer, body: bytes, attempts: int) -> tuple[int, bytes, float | None]:
        """Status, body and Retry-After of the answer; status 0 where there was none."""
        address, headers = self.route(server.url)
        headers["Content-Type"] = "application/json"
        if attempts:
            headers["X-Retry-Counter"] = str(attempts)
        limit = aiohttp.ClientTimeout(total=self._timeout)
        try:
            request = self.session().post(address, data=body, headers=headers, timeout=limit, allow_redirects=False)
            async with request as response:
                return response.status, await response.read(), self._retry_after(response)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
            return 0, b"", None

    def _retry_after(self, response: aiohttp.ClientResponse) -> float | None:
        """Obeyed with 410, 429 and 503, up to three hours; seconds or a date."""
        text = response.headers.get("Retry-After", "")
        if response.status not in (410, 429, 503) or not text:
            return None
        try:
            seconds = float(text) if text.isdigit() else parsedate_to_datetime(text).timestamp() - self._world.clock()
        except (ValueError, TypeError):
            return None
        return max(0.0, seconds) if seconds < LONGEST_RETRY_AFTER else None

    def session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        return self._session

    def route(self, url: str) -> tuple[str, dict[str, str]]:
        """Where the https address really leads, and the headers that a reverse proxy would add."""
        parts = urlsplit(url)
        local = self._world.hosts.get(parts.hostname or "")
        if local is None:
            return url, {}
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        return local.rstrip("/") + path, {"Host": parts.netloc, "X-Forwarded-Proto": "https"}
