"""Webhooks of the app: signed, several events and pages in one request, repeated until they are accepted."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from .model import App, Json, Page
from .world import World

AT_ONCE = 20
TIMEOUT = 5.0
GIVE_UP = 3600.0
"""After an hour of failures the app is unsubscribed from the page ("Webhooks Disabled")."""


@dataclass(slots=True, eq=False)
class Waiting:
    page: Page
    field: str
    event: Json
    failed_at: float | None = None


def encoded(payload: Json) -> bytes:
    """JSON as Facebook writes it: ASCII with lower-case escapes, slashes escaped; the signature is over these bytes."""
    return json.dumps(payload, separators=(",", ":")).replace("/", "\\/").encode()


def signed(secret: str, body: bytes) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "X-Hub-Signature": "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest(),
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }


class Delivery:
    """One task while there is something to deliver. `hold()` lets events gather, `release()` sends them together."""

    def __init__(self, world: World, pauses: Sequence[float], timeout: float = TIMEOUT) -> None:
        self._world = world
        self._pauses = tuple(pauses) or (1.0,)
        self._timeout = timeout
        self._task: asyncio.Task[None] | None = None
        self._session: aiohttp.ClientSession | None = None
        self._held = False
        self.pending: list[Waiting] = []
        self.posts: list[tuple[bytes, int]] = []
        """Every request and the status that it was answered, 0 for none."""

    def add(self, page: Page, field: str, event: Json) -> None:
        """Queue an event, if page and app want its kind."""
        app = self._world.app
        if field in page.subscribed.get(app.id, ()) and field in app.fields and app.callback:
            self.pending.append(Waiting(page, field, event))
            self.wake()

    def wake(self) -> None:
        if self.pending and not self._held and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._run())

    def hold(self) -> None:
        self._held = True

    def release(self) -> None:
        self._held = False
        self.wake()

    async def close(self) -> None:
        self.pending.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._session is not None:
            await self._session.close()
            self._session = None

    def session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        return self._session

    async def _run(self) -> None:
        attempts = 0
        while self.pending and not self._held and self._world.app.callback:
            batch = self.pending[:AT_ONCE]
            await self._shuffle(batch)
            if await self._deliver(batch):
                self.pending = [one for one in self.pending if one not in batch]
                attempts = 0
                self._world.touch()
                continue
            self._failed(batch)
            await asyncio.sleep(self._pauses[min(attempts, len(self._pauses) - 1)])
            attempts += 1

    async def _shuffle(self, batch: list[Waiting]) -> None:
        fault = self._world.faults.draw("webhook", batch[0].page.id, None, batch[0].field, "shuffle")
        if fault is not None:
            await asyncio.sleep(fault.seconds)
            batch[:] = self.pending[:AT_ONCE]
            self._world.faults.dice.shuffle(batch)

    async def _deliver(self, batch: list[Waiting]) -> bool:
        draw, first = self._world.faults.draw, batch[0]
        if any(draw("webhook", first.page.id, None, first.field, kind) for kind in ("drop", "500")):
            return False
        copies = 3 if draw("webhook", first.page.id, None, first.field, "duplicate") else 1
        return all([await self.post(self._payload(batch)) == 200 for _ in range(copies)])

    def _payload(self, batch: list[Waiting]) -> Json:
        """Neighbours of one page and kind share an entry."""
        entries: list[Json] = []
        for one in batch:
            place = "standby" if one.field == "standby" else "messaging"
            if not entries or entries[-1]["id"] != one.page.id or place not in entries[-1]:
                entries.append({"id": one.page.id, "time": int(self._world.clock() * 1000), place: []})
            entries[-1][place].append(one.event)
        return {"object": "page", "entry": entries}

    async def post(self, payload: Json, *, secret: str | None = None) -> int:
        """Deliver once; the status of the answer, 0 where there was none."""
        app = self._world.app
        body = encoded(payload)
        address, headers = self._world.route(app.callback or "")
        headers |= signed(app.secret if secret is None else secret, body)
        try:
            limit = aiohttp.ClientTimeout(total=self._timeout)
            async with self.session().post(
                address, data=body, headers=headers, timeout=limit, allow_redirects=False
            ) as response:
                await response.read()
                status = response.status
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
            status = 0
        self.posts.append((body, status))
        return status

    def _failed(self, batch: list[Waiting]) -> None:
        now = self._world.clock()
        for one in batch:
            one.failed_at = now if one.failed_at is None else one.failed_at
            if now - one.failed_at > GIVE_UP:
                one.page.subscribed.pop(self._world.app.id, None)
        lost = [one for one in batch if self._world.app.id not in one.page.subscribed]
        self.pending = [one for one in self.pending if one not in lost]

    async def verifies(self, app: App, callback: str, verify_token: str) -> bool:
        """The set-up request: the challenge must come back as it is."""
        address, headers = self._world.route(callback)
        challenge = str(1158201444 + self._world.next())
        query = {"hub.mode": "subscribe", "hub.verify_token": verify_token, "hub.challenge": challenge}
        try:
            limit = aiohttp.ClientTimeout(total=self._timeout)
            async with self.session().get(address, params=query, headers=headers, timeout=limit) as response:
                return response.status == 200 and await response.text() == challenge
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
            return False
