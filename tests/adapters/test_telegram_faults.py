"""Whatever goes wrong on the way to Telegram, as the error that says what to do next; no token in any of them."""

from __future__ import annotations

import asyncio
import logging
import socket
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from adapters.base import (
    Ambiguous,
    Attachment,
    AttachmentKind,
    Channel,
    ChannelId,
    ChannelSuspended,
    Content,
    Credentials,
    CredentialsRevoked,
    MessageId,
    NotFound,
    PlatformError,
    RecipientGone,
    Rejected,
    Scope,
    Temporary,
    Throttled,
    UserId,
)
from adapters.http import Http
from adapters.telegram import refusals
from adapters.telegram.adapter import TelegramAdapter
from adapters.telegram.refusals import refusal
from adapters.telegram.settings import TelegramSettings
from tests.adapters.phones import ENVELOPE, Telegram

TOKEN = "123456789:" + "s" * 35
CHANNEL = Channel(ChannelId("123456789"), Credentials(token=TOKEN), "flowers_test_bot")
ANNA = UserId("42")
HELLO = Content(text="Hello")


@asynccontextmanager
async def against(answer: Callable[[web.Request], web.StreamResponse]) -> AsyncIterator[TelegramAdapter]:
    """An adapter whose Bot API gives one answer to every call."""

    async def handle(request: web.Request) -> web.StreamResponse:
        await request.read()
        return answer(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with Http() as http:
            yield TelegramAdapter(http, TelegramSettings(api=f"http://127.0.0.1:{runner.addresses[0][1]}"))
    finally:
        await runner.cleanup()


def said(status: int, description: str) -> Callable[[web.Request], web.StreamResponse]:
    body = {"ok": False, "error_code": status, "description": description}
    return lambda _: web.json_response(body, status=status)


async def error_of(adapter: TelegramAdapter, content: Content = HELLO) -> PlatformError:
    with pytest.raises(PlatformError) as raised:
        await adapter.send(CHANNEL, ANNA, content, ENVELOPE)
    assert TOKEN not in "".join(traceback.format_exception(raised.value))
    return raised.value


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("429", Throttled),
        ("500", Temporary),
        ("reset_before", Ambiguous),
        ("reset_after", Ambiguous),
        ("refused", RecipientGone),
    ],
)
async def test_a_failing_send_says_whether_it_may_be_out(
    telegram: Telegram, kind: str, error: type[PlatformError]
) -> None:
    telegram.emulator.start(telegram.bot, telegram.anna)
    telegram.emulator.fault(kind, method="sendMessage", retry_after=9)
    with pytest.raises(PlatformError) as raised:
        await telegram.adapter.send(telegram.channel, telegram.user, HELLO, ENVELOPE)
    assert type(raised.value) is error
    arrived = len(telegram.emulator.chat(telegram.bot, telegram.anna).sent())
    assert arrived == (1 if kind == "reset_after" else 0)
    if isinstance(raised.value, Throttled):
        assert (raised.value.retry_after, raised.value.scope) == (9, Scope.RECIPIENT)
    await telegram.adapter.send(telegram.channel, telegram.user, HELLO, ENVELOPE)


async def test_a_send_without_an_answer_in_time_is_ambiguous(telegram: Telegram) -> None:
    telegram.emulator.start(telegram.bot, telegram.anna)
    telegram.emulator.fault("timeout", method="sendMessage", seconds=5)
    async with Http(timeout=aiohttp.ClientTimeout(total=0.3)) as http:
        hasty = TelegramAdapter(http, TelegramSettings(api=telegram.address))
        with pytest.raises(Ambiguous):
            await hasty.send(telegram.channel, telegram.user, HELLO, ENVELOPE)
    assert len(telegram.emulator.chat(telegram.bot, telegram.anna).sent()) == 1


async def test_what_may_be_repeated_is_never_ambiguous(telegram: Telegram) -> None:
    telegram.emulator.start(telegram.bot, telegram.anna)
    sent = await telegram.adapter.send(telegram.channel, telegram.user, HELLO, ENVELOPE)
    telegram.emulator.fault("reset_after", method="editMessageText")
    with pytest.raises(Temporary):
        await telegram.adapter.edit(telegram.channel, telegram.user, sent.messages[0].id, Content(text="Bye"))
    await telegram.adapter.edit(telegram.channel, telegram.user, sent.messages[0].id, Content(text="Bye"))
    telegram.emulator.fault("reset_after", method="getUpdates")
    with pytest.raises(Temporary):
        await telegram.adapter.poll(telegram.channel, None, 0)


async def test_methods_without_a_chat_are_throttled_by_method(telegram: Telegram) -> None:
    telegram.emulator.fault("429", method="setMyName", retry_after=3600)
    with pytest.raises(Throttled) as throttled:
        await telegram.adapter.edit_profile(telegram.channel, "name", "Flowers")
    assert (throttled.value.retry_after, throttled.value.scope) == (3600, Scope.METHOD)


async def test_a_refused_connection_is_temporary() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    async with Http() as http:
        adapter = TelegramAdapter(http, TelegramSettings(api=f"http://127.0.0.1:{port}"))
        assert type(await error_of(adapter)) is Temporary


@pytest.mark.parametrize(
    ("status", "description", "error"),
    [
        (400, "Bad Request: chat not found", RecipientGone),
        (400, "Bad Request: PEER_ID_INVALID", RecipientGone),
        (400, "Bad Request: message thread not found", refusals.NoTopic),
        (400, "Logged out", Temporary),
        (404, "Not Found: method not found", Rejected),
        (400, "Bad Request: can't parse entities: Can't find end tag", Rejected),
        (400, "Bad Request: message is too long", Rejected),
        (400, "Bad Request: VOICE_MESSAGES_FORBIDDEN", Rejected),
        (400, "Bad Request: something new", Rejected),
        (401, "Unauthorized", CredentialsRevoked),
        (404, "Not Found", CredentialsRevoked),
        (403, "Forbidden: bot was blocked by the user", RecipientGone),
        (403, "Forbidden: user is deactivated", RecipientGone),
        (403, "Forbidden: bot can't initiate conversation with a user", RecipientGone),
        (403, "Forbidden: bot was kicked from the group chat", RecipientGone),
        (403, "Forbidden: something new", RecipientGone),
        (409, "Conflict: terminated by other getUpdates request", Temporary),
        (413, "Request Entity Too Large", Rejected),
        (429, "Too Many Requests: retry after 5", Throttled),
        (420, "FROZEN_METHOD_INVALID", ChannelSuspended),
        (500, "Internal Server Error", Temporary),
        (500, "Internal Server Error: sent message not found", Ambiguous),
        (502, "Bad Gateway", Ambiguous),
        (503, "Service Unavailable", Temporary),
        (504, "Gateway Timeout", Ambiguous),
    ],
)
async def test_the_platforms_words_decide(status: int, description: str, error: type[PlatformError]) -> None:
    async with against(said(status, description)) as adapter:
        assert type(await error_of(adapter)) is error
    assert not isinstance(refusal(status, description, once=False, recipient=True), Ambiguous)


async def test_words_for_people_tell_the_reasons_apart() -> None:
    reasons = set()
    for words in ("bot was blocked by the user", "user is deactivated", "bot can't initiate conversation with a user"):
        async with against(said(403, f"Forbidden: {words}")) as adapter:
            reasons.add((await error_of(adapter)).reason)
    assert reasons == {refusals.BLOCKED, refusals.DELETED, refusals.NEVER_STARTED}


@pytest.mark.parametrize(
    ("status", "error"),
    [(200, Ambiguous), (301, Temporary), (403, Temporary), (404, Temporary), (413, Rejected), (429, Throttled),
     (500, Temporary), (502, Ambiguous), (504, Ambiguous)],
)  # fmt: skip
async def test_a_proxys_page_condemns_no_token(status: int, error: type[PlatformError]) -> None:
    headers = {"Location": "https://elsewhere.test/"} if status == 301 else {}
    page = "<html>blocked</html>"
    async with against(lambda _: web.Response(text=page, status=status, headers=headers)) as adapter:
        assert type(await error_of(adapter)) is error


async def test_what_is_no_photo_for_telegram_goes_as_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"no picture")
    methods = []

    def answer(request: web.Request) -> web.StreamResponse:
        methods.append(request.path.rpartition("/")[2])
        if methods[-1] in ("sendPhoto", "sendMediaGroup"):
            return said(400, "Bad Request: IMAGE_PROCESS_FAILED")(request)
        return web.json_response({"ok": True, "result": {"message_id": 5}})

    photo, video = Attachment(AttachmentKind.PHOTO, path=path), Attachment(AttachmentKind.VIDEO, path=path)
    async with against(answer) as adapter:
        sent = await adapter.send(CHANNEL, ANNA, Content(attachments=(photo,)), ENVELOPE)
        assert [message.id for message in sent.messages] == ["5"]
        refused = await error_of(adapter, Content(attachments=(photo, video)))
        assert (type(refused), refused.reason) == (Rejected, "Bad Request: IMAGE_PROCESS_FAILED")
    assert methods == ["sendPhoto", "sendDocument", "sendMediaGroup"]


async def test_a_platform_that_repeats_the_token_does_not_reach_a_log() -> None:
    async with against(said(400, f"Bad Request: no such path /bot{TOKEN}/sendMessage")) as adapter:
        error = await error_of(adapter)
    assert TOKEN not in f"{error} {error!r} {error.reason} {error.args}"


async def test_a_broken_answer_shows_no_token(caplog: pytest.LogCaptureFixture) -> None:
    """What the HTTP library says of broken answers holds the whole address."""
    caplog.set_level(logging.DEBUG)

    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: nonsense\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    async with server, Http() as http:
        adapter = TelegramAdapter(http, TelegramSettings(api=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
        assert type(await error_of(adapter)) is Ambiguous
        with pytest.raises(PlatformError) as raised:
            await anext(adapter.fetch(CHANNEL, Attachment(AttachmentKind.FILE, handle="x"), 10))
    assert TOKEN not in "".join(traceback.format_exception(raised.value)) + caplog.text


async def test_an_expired_link_is_not_found() -> None:
    def answer(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/getFile"):
            return web.json_response({"ok": True, "result": {"file_id": "x", "file_path": "documents/file 1.pdf"}})
        return web.json_response({"ok": False, "error_code": 404, "description": "Not Found"}, status=404)

    async with against(answer) as adapter:
        with pytest.raises(NotFound):
            await anext(adapter.fetch(CHANNEL, Attachment(AttachmentKind.FILE, handle="x"), 10))


async def test_a_file_of_a_local_server_is_read_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"local" * 100)

    def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response({"ok": True, "result": {"file_id": "x", "file_path": str(path)}})

    async with against(answer) as adapter:
        item = Attachment(AttachmentKind.FILE, handle="x")
        assert b"".join([chunk async for chunk in adapter.fetch(CHANNEL, item, 1000)]) == b"local" * 100
        with pytest.raises(Rejected):
            await anext(adapter.fetch(CHANNEL, item, 10))


async def test_a_token_of_no_shape_is_never_put_into_an_address() -> None:
    channel = Channel(ChannelId("1"), Credentials(token="1:x/../../evil"), "x")
    async with against(lambda _: web.json_response({"ok": True, "result": True})) as adapter:
        with pytest.raises(CredentialsRevoked):
            await adapter.react(channel, ANNA, MessageId("1"), None)
