"""The toy messenger from one end to the other over real HTTP: what any new platform gets by being a folder."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from adapters.base import (
    Adapter,
    CanEdit,
    Channel,
    ChannelId,
    Content,
    Credentials,
    CredentialsRevoked,
    HealthState,
    HookRequest,
    MessageReceived,
    RecipientGone,
)
from adapters.content import Attachment, AttachmentKind
from adapters.http import Http
from tests.contract.subjects import ANNA, ENVELOPE, SUBJECTS

HOOK = "https://pult.test/hooks/toy/abc"


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Any, Any, Adapter, Channel, list[HookRequest]]]:
    """An account of the toy connected to an adapter, with the webhook requests that arrive."""
    from adapters.toy.emulator import ToyEmulator  # type: ignore[import-not-found]

    arrived: list[HookRequest] = []

    async def receive(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        arrived.append(HookRequest(request.method, headers, dict(request.query), await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/hooks/toy/abc", receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    emulator = ToyEmulator({"pult.test": f"http://127.0.0.1:{runner.addresses[0][1]}"})
    try:
        async with emulator.serve() as api, Http() as http:
            adapter = SUBJECTS["toy"].adapter(http, api)
            account = emulator.create_account("Toys")
            profile = await adapter.identify(Credentials(key=account.key))
            credentials = await adapter.prepare(Credentials(key=account.key), HOOK)
            channel = Channel(ChannelId(profile.id), credentials, profile.username, HOOK)
            await adapter.subscribe(channel)
            yield emulator, account, adapter, channel, arrived
    finally:
        await runner.cleanup()


async def test_a_customer_is_heard_and_answered(tmp_path: Path) -> None:
    async with connected() as (emulator, account, adapter, channel, arrived):
        assert await emulator.say(account, "anna", "Hello", photo=b"picture") == 200
        adapter.verify(arrived[0], channel.credentials)
        (event,) = adapter.parse(json.loads(arrived[0].body))
        assert isinstance(event, MessageReceived)
        assert event.content.text == "Hello"
        photo = event.content.attachments[0]
        assert b"".join([chunk async for chunk in adapter.fetch(channel, photo, 1000)]) == b"picture"
        path = tmp_path / "photo"
        path.write_bytes(b"answer")
        answer = Content(text="Good day " * 40, attachments=(Attachment(AttachmentKind.PHOTO, path=path),))
        sent = [await adapter.send(channel, event.user, part, ENVELOPE) for part in adapter.plan(answer).parts]
        assert [message["photo"] for message in account.sent if "photo" in message] == [b"answer".hex()]
        assert "".join(message["text"] for message in account.sent) == answer.text
        assert isinstance(adapter, CanEdit)
        await adapter.edit(channel, event.user, sent[-1].messages[0].id, Content(text="Bye"))
        assert account.sent[-1]["text"] == "Bye"


async def test_health_blocking_and_a_revoked_key_are_seen() -> None:
    async with connected() as (emulator, account, adapter, channel, _):
        assert (await adapter.inspect(channel)).state is HealthState.WORKS
        emulator.blocked.add(ANNA)
        with pytest.raises(RecipientGone):
            await adapter.send(channel, ANNA, Content(text="Hello"), ENVELOPE)
        await adapter.unsubscribe(channel)
        assert (await adapter.inspect(channel)).state is HealthState.WEBHOOK_LOST
        emulator.revoke(account)
        assert (await adapter.inspect(channel)).state is HealthState.REVOKED
        with pytest.raises(CredentialsRevoked):
            await adapter.send(channel, ANNA, Content(text="Hello"), ENVELOPE)
