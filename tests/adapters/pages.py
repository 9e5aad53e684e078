"""Both ends of the wire between the Facebook adapter and the emulated Graph API, with the service's webhook between."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from adapters.base import Channel, ChannelId, Credentials, Envelope, Event, Forbidden, HookRequest, Sent, UserId
from adapters.content import Content
from adapters.facebook.adapter import FacebookAdapter
from adapters.facebook.emulator import APP_ID, APP_SECRET, VERIFY_TOKEN, FacebookEmulator, Page, Person
from adapters.facebook.settings import FacebookSettings
from adapters.http import Http

ENVELOPE = Envelope(token="00000000-0000-4000-8000-000000000001", number=1)
HOOK = "https://pult.test/hooks/facebook/key-of-the-channel"
CALLBACK = "https://pult.test/hooks/facebook"
RETIRED = (
    "CONFIRMED_EVENT_UPDATE", "POST_PURCHASE_UPDATE", "ACCOUNT_UPDATE", "NON_PROMOTIONAL_SUBSCRIPTION",
    "BUSINESS_PRODUCTIVITY", "CONFIRMED_EVENT_REMINDER", "TICKET_UPDATE", "SHIPPING_UPDATE", "APPLICATION_UPDATE",
    "PAIRING_UPDATE", "ISSUE_RESOLUTION", "PAYMENT_UPDATE", "PERSONAL_FINANCE_UPDATE", "RESERVATION_UPDATE",
    "APPOINTMENT_UPDATE", "GAME_EVENT", "TRANSPORTATION_UPDATE", "COMMUNITY_ALERT", "FEATURE_FUNCTIONALITY_UPDATE",
)  # fmt: skip
"""Every tag that Facebook withdrew, in March 2020 and in April 2026. The emulator keeps every request as it came, and
every test looks."""


def own_settings(address: str, **more: Any) -> FacebookSettings:
    values = {"app_id": APP_ID, "app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN, **more}
    return FacebookSettings(api=address, _env_file=None, **values)


@dataclass
class Facebook:
    emulator: FacebookEmulator
    adapter: FacebookAdapter
    page: Page
    anna: Person
    address: str
    arrived: list[HookRequest] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    """What the next webhooks are answered, instead of 200."""

    @property
    def user(self) -> UserId:
        return UserId(self.emulator.chat(self.page, self.anna).psid)

    @property
    def channel(self) -> Channel:
        return self.channel_of(self.page)

    def channel_of(self, page: Page, **settings: str) -> Channel:
        credentials = Credentials(token=page.token, hook_secret="s" * 43)
        return Channel(ChannelId(page.id), credentials, page.username, HOOK, settings=settings)

    def events(self) -> list[Event]:
        """Everything that arrived, in order."""
        return [event for hook in self.arrived for event in self.adapter.parse(json.loads(hook.body))]

    async def received(self, kind: type[Event], count: int = 1) -> list[Any]:
        """The events of a kind, once there are as many."""
        await self.emulator.wait_for(lambda: len([e for e in self.events() if isinstance(e, kind)]) >= count)
        return [event for event in self.events() if isinstance(event, kind)]

    async def send(self, content: Content, envelope: Envelope = ENVELOPE, **settings: str) -> list[Sent]:
        channel = self.channel_of(self.page, **settings)
        parts: Sequence[Content] = self.adapter.plan(content).parts
        return [await self.adapter.send(channel, self.user, part, envelope) for part in parts]

    async def hook(self, request: web.Request) -> web.Response:
        """The service's webhook, as far as the adapter decides."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        hook = HookRequest(request.method, headers, dict(request.query), await request.read())
        try:
            self.adapter.verify(hook, Credentials())
        except Forbidden:
            return web.Response(status=403)
        if (reply := self.adapter.handshake(hook, Credentials())) is not None:
            return web.Response(status=reply.status, body=reply.body, content_type=reply.content_type)
        if self.statuses and (status := self.statuses.pop(0)) != 200:
            return web.Response(status=status)
        self.arrived.append(hook)
        self.emulator.world.touch()
        return web.Response()


@asynccontextmanager
async def opened() -> AsyncIterator[Facebook]:
    """A page and one person who has not written yet; nothing is subscribed."""
    emulator = FacebookEmulator(pauses=(0.02, 0.05, 0.1), webhook_timeout=1)
    app = web.Application()
    async with emulator.serve() as address, Http() as http:
        adapter = FacebookAdapter(http, own_settings(address))
        page = emulator.create_page("Coffee", "coffee.club")
        facebook = Facebook(emulator, adapter, page, emulator.person("Anna Petrova"), address)
        app.router.add_route("*", "/hooks/facebook", facebook.hook)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        emulator.hosts["pult.test"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield facebook
        finally:
            await runner.cleanup()
    check_tags(emulator)


def check_tags(emulator: FacebookEmulator) -> None:
    """No request of this test held a retired tag, or a living one where it has no place."""
    for call in emulator.calls():
        told = call.raw + json.dumps(call.params)
        assert not any(tag in told for tag in RETIRED), call
        late = call.params.get("messaging_type") == "MESSAGE_TAG"
        assert call.params.get("tag") == ("HUMAN_AGENT" if late else None), call


@asynccontextmanager
async def subscribed() -> AsyncIterator[Facebook]:
    """As `opened`, with the page connected and the person having written."""
    async with opened() as facebook:
        await facebook.adapter.subscribe(facebook.channel)
        facebook.emulator.say(facebook.page, facebook.anna, "Здравствуйте")
        await facebook.emulator.wait_for(lambda: facebook.arrived)
        yield facebook
