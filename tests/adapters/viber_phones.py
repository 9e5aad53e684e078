"""Both ends of the wire between the Viber adapter and the emulated Viber, with a webhook that answers in between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from adapters.base import Channel, ChannelId, Credentials, Envelope, Event, Forbidden, HookReply, HookRequest, UserId
from adapters.http import Http
from adapters.viber.adapter import ViberAdapter
from adapters.viber.emulator import Bot, Chat, Person, ViberEmulator
from adapters.viber.settings import ViberSettings

HOST = "pult.test"
HOOK = f"https://{HOST}/hooks/viber/abc"
ENVELOPE = Envelope(token="00000000-0000-4000-8000-000000000001", number=1)


@dataclass
class Viber:
    """The service's side answers callbacks as the product does: verified, handshaken, parsed."""

    emulator: ViberEmulator
    adapter: ViberAdapter
    bot: Bot
    anna: Person
    address: str
    channel: Channel
    events: list[Event] = field(default_factory=list)
    refused: list[HookRequest] = field(default_factory=list)
    handshakes: int = 0
    status: int = 200
    files: dict[str, tuple[bytes, str]] = field(default_factory=dict)

    @property
    def chat(self) -> Chat:
        return self.emulator.chat(self.bot, self.anna)

    @property
    def user(self) -> UserId:
        return UserId(self.chat.user)

    async def subscribe(self) -> None:
        await self.adapter.subscribe(self.channel)

    async def expect(self, count: int, kind: type[Event] | None = None) -> list[Event]:
        """The first events, once so many have come."""
        await self.emulator.wait_for(lambda: len(self.of(kind)) >= count)
        return self.of(kind)

    def of(self, kind: type[Event] | None) -> list[Event]:
        return [event for event in self.events if kind is None or isinstance(event, kind)]

    def place(self, name: str, data: bytes, mime: str) -> str:
        """The public address of a file that the service hands out."""
        self.files[name] = data, mime
        return f"https://{HOST}/media/{name}"

    async def hook(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = HookRequest(request.method, headers, dict(request.query), await request.read())
        if self.status != 200:
            return web.Response(status=self.status)
        try:
            self.adapter.verify(asked, self.channel.credentials)
        except Forbidden:
            self.refused.append(asked)
            return web.Response(status=403)
        if (reply := self.adapter.handshake(asked, self.channel.credentials)) is not None:
            self.handshakes += 1
            return _web(reply)
        events = self.adapter.parse(orjson.loads(asked.body))
        self.events += events
        return _web(self.adapter.greet(self.channel, events) or self.adapter.success(events))

    async def media(self, request: web.Request) -> web.Response:
        found = self.files.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        return web.Response(body=found[0], content_type=found[1])


def _web(reply: HookReply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body, content_type=reply.content_type)


@asynccontextmanager
async def viber_phones(**more: Any) -> AsyncIterator[Viber]:
    emulator = ViberEmulator(pauses=(0.02, 0.05), **more)
    async with emulator.serve() as address, Http() as http:
        bot = emulator.create_bot("Flowers", "flowers")
        adapter = ViberAdapter(http, ViberSettings(api=address, _env_file=None))
        channel = Channel(
            ChannelId(bot.id), Credentials(token=bot.token, hook_secret="s" * 32), bot.uri, HOOK, bot.name
        )
        viber = Viber(emulator, adapter, bot, emulator.person("Анна"), address, channel)
        app = web.Application()
        app.router.add_post("/hooks/viber/abc", viber.hook)
        app.router.add_get("/media/{name}", viber.media)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        emulator.hosts[HOST] = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield viber
        finally:
            await runner.cleanup()
