"""Both ends of the wire between the VK adapter and the emulated VK, with the service's webhook between."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from adapters.base import (
    Channel,
    ChannelId,
    Credentials,
    Envelope,
    Event,
    Forbidden,
    HookRequest,
    Rates,
    Sent,
    UserId,
)
from adapters.content import Content
from adapters.http import Http
from adapters.vk.adapter import VkAdapter
from adapters.vk.emulator import Community, Message, Person, VkEmulator
from adapters.vk.settings import VkSettings

HOST = "pult.test"
LIFTED = Rates(10_000, None, 10_000)
"""For tests that are about something else than VK's rate."""
HOOK = f"https://{HOST}/hooks/vk/key-of-the-channel"


@dataclass
class Vk:
    """A community with a customer, the adapter, and what arrives at the hook once it is connected."""

    emulator: VkEmulator
    adapter: VkAdapter
    community: Community
    anna: Person
    address: str
    credentials: Credentials
    arrived: list[HookRequest] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    """What the next webhooks are answered, instead of 200."""

    @property
    def user(self) -> UserId:
        return UserId(str(self.anna.id))

    @property
    def channel(self) -> Channel:
        return self.channel_of(self.community, HOOK)

    def channel_of(self, community: Community, hook: str | None = None) -> Channel:
        return Channel(ChannelId(str(community.id)), self.credentials, community.screen_name, hook)

    async def connect(self, hook: str | None = HOOK) -> Channel:
        """As the service does it: identify, prepare, store, subscribe."""
        key = Credentials(token=self.community.token)
        await self.adapter.identify(key)
        self.credentials = await self.adapter.prepare(key, hook)
        channel = self.channel_of(self.community, hook)
        await self.adapter.subscribe(channel)
        return channel

    def events(self) -> list[Event]:
        """Everything that arrived, in order."""
        return [event for hook in self.arrived for event in self.adapter.parse(json.loads(hook.body))]

    async def received(self, kind: type[Event], count: int = 1) -> list[Any]:
        """The events of a kind, once there are as many."""
        await self.emulator.wait_for(lambda: len([e for e in self.events() if isinstance(e, kind)]) >= count)
        return [event for event in self.events() if isinstance(event, kind)]

    async def send(self, content: Content, number: int = 1) -> list[Sent]:
        """Every part of a content, each with a mark of its own."""
        sent = []
        for place, part in enumerate(self.adapter.plan(content).parts):
            envelope = Envelope(token=f"token-{number + place}", number=number + place)
            sent.append(await self.adapter.send(self.channel, self.user, part, envelope))
        return sent

    def got(self) -> list[Message]:
        """What the community wrote to the customer."""
        return self.emulator.dialog(self.community, self.anna).sent()

    async def hook(self, request: web.Request) -> web.Response:
        """The service's webhook, as far as the adapter decides."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        hook = HookRequest(request.method, headers, dict(request.query), await request.read())
        try:
            self.adapter.verify(hook, self.credentials)
        except Forbidden:
            return web.Response(status=403)
        if (reply := self.adapter.handshake(hook, self.credentials)) is not None:
            return web.Response(status=reply.status, body=reply.body, content_type=reply.content_type)
        if self.statuses and (status := self.statuses.pop(0)) != 200:
            return web.Response(status=status)
        self.arrived.append(hook)
        reply = self.adapter.success([])
        return web.Response(status=reply.status, body=reply.body, content_type=reply.content_type)


@asynccontextmanager
async def vk_wire(**options: Any) -> AsyncIterator[Vk]:
    """The wire; nothing is connected yet."""
    emulator = VkEmulator(**{"pauses": (0.05, 0.1, 0.2), **options})
    async with emulator.serve() as address, Http() as http:
        community = emulator.create_community("Кофейня", "coffee_club")
        anna = emulator.person("Анна", last_name="Петрова", username="anna")
        adapter = VkAdapter(http, VkSettings(api=address, _env_file=None))  # type: ignore[call-arg]
        if not emulator.world.budgets:
            adapter.capabilities = replace(adapter.capabilities, rates=LIFTED)  # type: ignore[misc]
        wire = Vk(emulator, adapter, community, anna, address, Credentials(token=community.token))
        async with served(wire.hook) as base:
            emulator.hosts[HOST] = base
            yield wire


@asynccontextmanager
async def served(handle: Callable[[web.Request], Any]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
