"""Webhooks of all platforms: check, store, then say "stored". One route; what differs is the adapters' affair."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache, wraps
from typing import Final

import structlog
from aiohttp import web
from prometheus_client import Counter, Histogram

from adapters.base import Adapter, CanGreet, CanTrustAddress, Credentials, Event, Forbidden, HookReply, HookRequest
from adapters.lenient import read
from handlers.web.context import WEB, Web
from services.channel_rows import Connected, Trouble

log = structlog.get_logger(__name__)
routes = web.RouteTableDef()

HOOKS: Final = Counter("pult_webhooks", "Webhook requests by platform and outcome", ["platform", "outcome"])
SECONDS: Final = Histogram(
    "pult_webhook_seconds", "Time in which a webhook was answered", ["platform"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)  # fmt: skip
UNKNOWN: Final = "unknown"
BODY_SECONDS: Final = 20.0
"""No platform needs longer for a body; whoever sends one byte a minute holds a connection no longer than this."""


Handler = Callable[[web.Request], Awaitable[web.Response]]


def timed(handler: Handler) -> Handler:
    """How long a webhook took, by its platform."""

    @wraps(handler)
    async def answer(request: web.Request) -> web.Response:
        began = time.perf_counter()
        response = await handler(request)
        platform = request.match_info.get("platform", "control")
        _seconds(platform).observe(time.perf_counter() - began)
        return response

    return answer


@lru_cache(maxsize=256)
def _counter(platform: str, outcome: str) -> Counter:
    # To find the child of a metric is dearer than to count.
    return HOOKS.labels(platform, outcome)


@lru_cache(maxsize=64)
def _seconds(platform: str) -> Histogram:
    return SECONDS.labels(platform)


def _count(platform: str, outcome: str) -> None:
    _counter(platform, outcome).inc()


@routes.post("/hooks/control/{key}")
@timed
async def control(request: web.Request) -> web.Response:
    """Updates of a control bot."""
    receive = request.app[WEB].control
    if receive is None:
        return _answer("control", "unknown", 404)
    body = await _body(request, "control")
    try:
        status = await receive(request.match_info["key"], request.headers, body)
    except Exception:
        return _unstored("control")
    return _answer("control", {200: "stored", 403: "forbidden"}.get(status, "unknown"), status)


@routes.get("/hooks/{platform}/{key}", allow_head=False)
@routes.post("/hooks/{platform}/{key}")
@timed
async def channel(request: web.Request) -> web.Response:
    """Events of one channel, whose address has a key that only the platform knows."""
    web_services, adapter = request.app[WEB], _adapter(request)
    hook = await _hook(request, adapter.platform)
    try:
        found = await web_services.known.by_hook(adapter.platform, request.match_info["key"])
        if found is None:
            return _answer(adapter.platform, "unknown", 404)
        if not _of_channel(adapter, hook, found):
            # The channel may have been given a new key a moment ago, by another process.
            found = await web_services.known.by_hook(adapter.platform, request.match_info["key"], anew=True)
    except Exception:
        return _unstored(adapter.platform)
    if found is None or not _of_channel(adapter, hook, found):
        return _answer(adapter.platform, "forbidden", 403)
    if (reply := _handshake(adapter, hook, found.credentials)) is not None:
        return reply
    return await _take_in(web_services, adapter, found, hook)


@routes.get("/hooks/{platform}", allow_head=False)
@routes.post("/hooks/{platform}")
@timed
async def app_level(request: web.Request) -> web.Response:
    """Events of all channels of an app: checked with the app's own secret, then told apart by account."""
    web_services, adapter = request.app[WEB], _adapter(request)
    hook = await _hook(request, adapter.platform)
    nobody = Credentials()
    if not _genuine(adapter, hook, nobody):
        return _answer(adapter.platform, "forbidden", 403)
    if (reply := _handshake(adapter, hook, nobody)) is not None:
        return reply
    try:
        payload, as_sent = read(hook.body)
        events = adapter.parse(payload)
    except Exception as error:
        # It would come for days otherwise, and be no more readable: some platforms then send nothing else.
        return await _unreadable(adapter, web_services.inbox.unread(adapter.platform, hook.body, error))
    try:
        await _share_out(web_services, adapter, events, b"" if as_sent else hook.body)
    except Exception:
        return _unstored(adapter.platform)
    return _success(adapter, events)


async def _unreadable(adapter: Adapter, kept: Awaitable[object]) -> web.Response:
    """A success once it is kept as it came; else the platform is to send it again."""
    try:
        await kept
    except Exception:
        return _unstored(adapter.platform)
    _count(adapter.platform, "unreadable")
    return _reply(adapter.success([]))


async def _share_out(web_services: Web, adapter: Adapter, events: Sequence[Event], odd: bytes) -> None:
    """Store each account's events; those of an unknown account are counted and skipped.

    odd: the body, where it was mended to be read. It is kept with the account that it concerns, as far as it is one
    account's alone.
    """
    by_account: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_account[event.channel or ""].append(event)
    for account, theirs in by_account.items():
        found = await web_services.known.by_account(adapter.platform, account)
        if found is None:
            _count(adapter.platform, "unknown account")
        else:
            if odd and len(by_account) == 1:
                await web_services.inbox.keep(found.row, odd)
            await web_services.inbox.accept(found.row, theirs)


async def _take_in(web_services: Web, adapter: Adapter, found: Connected, hook: HookRequest) -> web.Response:
    """Store what came. What cannot be read is journaled as it is; only an absent database is no success."""
    try:
        payload, as_sent = read(hook.body)
        events = adapter.parse(payload)
    except Exception as error:
        return await _unreadable(adapter, web_services.inbox.failed(found.row, hook.body, error))
    if any(event.channel not in (None, found.external_id) for event in events):
        # Somebody has entered the channel's address and secret at another account.
        return _answer(adapter.platform, "foreign", 403)
    try:
        if not as_sent:
            await web_services.inbox.keep(found.row, hook.body)
        await web_services.inbox.accept(found.row, events)
    except Exception:
        return _unstored(adapter.platform)
    return _greeting(adapter, found, events) or _success(adapter, events)


def _greeting(adapter: Adapter, found: Connected, events: list[Event]) -> web.Response | None:
    """The answer that greets whoever has opened the chat, on platforms that take a greeting this way."""
    greeter = _greeter(adapter)
    reply = greeter.greet(found.channel(None), events) if greeter is not None else None
    if reply is None:
        return None
    _count(adapter.platform, "stored")
    return _reply(reply)


@lru_cache
def _greeter(adapter: Adapter) -> CanGreet | None:
    # Whether something keeps to a protocol is dear to find out, for each webhook.
    return adapter if isinstance(adapter, CanGreet) else None


def _adapter(request: web.Request) -> Adapter:
    adapter = request.app[WEB].adapters.get(request.match_info["platform"])
    if adapter is None:
        _count(UNKNOWN, "unknown")
        raise web.HTTPNotFound
    return adapter


async def _hook(request: web.Request, platform: str) -> HookRequest:
    return HookRequest(
        method=request.method,
        headers=request.headers,
        query=request.query,
        body=await _body(request, platform),
    )


async def _body(request: web.Request, platform: str) -> bytes:
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        # No messenger packs its webhooks; signatures are made over the bytes as they are sent.
        _count(platform, "packed")
        raise web.HTTPUnsupportedMediaType
    try:
        if request.content.is_eof():
            # It is all there, as nearly always: nothing to wait for.
            return await request.read()
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except web.HTTPRequestEntityTooLarge:
        _count(platform, "too large")
        raise
    except TimeoutError:
        _count(platform, "too slow")
        raise web.HTTPRequestTimeout from None


def _genuine(adapter: Adapter, hook: HookRequest, credentials: Credentials) -> bool:
    try:
        adapter.verify(hook, credentials)
    except Forbidden:
        return False
    return True


def _of_channel(adapter: Adapter, hook: HookRequest, found: Connected) -> bool:
    if _genuine(adapter, hook, found.credentials):
        return True
    if found.trouble is not Trouble.REVOKED or not isinstance(adapter, CanTrustAddress):
        return False
    try:
        adapter.verify_address(hook, found.credentials)
    except Forbidden:
        return False
    HOOKS.labels(adapter.platform, "by address").inc()
    return True


def _handshake(adapter: Adapter, hook: HookRequest, credentials: Credentials) -> web.Response | None:
    """The answer to a set-up request; a GET that is none is refused: events come by POST."""
    reply = adapter.handshake(hook, credentials)
    if reply is not None:
        _count(adapter.platform, "handshake")
        return _reply(reply)
    return _answer(adapter.platform, "no event", 405) if hook.method == "GET" else None


def _success(adapter: Adapter, events: list[Event]) -> web.Response:
    _count(adapter.platform, "stored")
    return _reply(adapter.success(events))


def _reply(reply: HookReply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body, content_type=reply.content_type)


def _answer(platform: str, outcome: str, status: int) -> web.Response:
    _count(platform, outcome)
    return web.Response(status=status)


def _unstored(platform: str) -> web.Response:
    """Nothing was stored: the platform is to try again. Called where an exception is being handled."""
    log.exception("a webhook could not be stored", platform=platform)
    return _answer(platform, "unstored", 503)
