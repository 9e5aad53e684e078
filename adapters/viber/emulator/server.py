"""The HTTP face: reads a call, lets ordered faults strike, answers in Viber's words, always with HTTP 200."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from .checks import Bad, bad, check_message, missing
from .delivery import Delivery
from .faults import Fault
from .media import Phones
from .model import OPTIONAL_EVENTS, Bot, Chat, Json
from .world import World

BODY = 30 * 1024
WELCOME_SECONDS = 300
HOUR = 3600
UNANSWERED = 100
DETAILS = 2
_NAMES = {
    1: "invalidUrl", 2: "invalidAuthToken", 3: "badData", 4: "missingData", 5: "receiverNotRegistered",
    6: "receiverNotSubscribed", 7: "publicAccountBlocked", 8: "publicAccountNotFound", 9: "publicAccountSuspended",
    10: "webhookNotSet", 11: "receiverNoSuitableDevice", 12: "tooManyRequests", 13: "apiVersionNotSupported",
    14: "incompatibleWithVersion", 15: "publicAccountNotAuthorized", 16: "inchatReplyMessageNotAllowed",
    17: "publicAccountIsNotInline", 18: "noPublicChat", 19: "cannotSendBroadcast", 20: "broadcastNotAllowed",
    21: "unsupportedCountry", 22: "paymentUnsupported", 23: "freeMessagesExceeded", 24: "noBalance",
}  # fmt: skip
Method = Callable[[Bot, Json], Awaitable[Json]]


def named(status: int) -> Bad:
    return Bad(status, _NAMES.get(status, "generalError"))


class Server:
    def __init__(self, world: World, delivery: Delivery, phones: Phones) -> None:
        self._world = world
        self._delivery = delivery
        self._phones = phones
        self._closing = asyncio.Event()
        self._methods: dict[str, Method] = {
            "get_account_info": self._account,
            "set_webhook": self._set_webhook,
            "get_user_details": self._details,
            "send_message": self._send,
        }

    def mount(self, app: web.Application, prefix: str) -> None:
        app.router.add_post(prefix + "/pa/{method}", self._handle)
        app.router.add_get(prefix + "/media/{key}/{name}", self._media)
        app.on_shutdown.append(self._shutdown)
        self._prefix = prefix

    async def _shutdown(self, app: web.Application) -> None:
        """Let go of those who wait, so that stopping does not."""
        self._closing.set()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self._world.base = f"{request.scheme}://{request.host}{self._prefix}"
        name = request.match_info["method"]
        if name not in self._methods:
            raise web.HTTPNotFound
        raw = await request.read()
        try:
            body = _body(raw)
            bot = self._bot(request, body)
        except Bad as refusal:
            return _refused(refusal)
        chat = self._world.by_user(bot, str(body.get("receiver") or body.get("id") or ""))
        fault = self._world.faults.draw("api", bot.id, chat.person.number if chat else None, name)
        if fault is not None:
            return await self._strike(fault, request, bot, name, body)
        return await self._answer(bot, name, body)

    def _bot(self, request: web.Request, body: Json) -> Bot:
        token = request.headers.get("X-Viber-Auth-Token") or body.get("auth_token")
        if not token:
            raise Bad(2, "missing_auth_token")
        bot = self._world.by_token.get(str(token))
        if bot is None:
            raise named(2)
        if bot.trouble:
            raise named(bot.trouble)
        return bot

    async def _answer(self, bot: Bot, name: str, body: Json) -> web.Response:
        try:
            result = await self._methods[name](bot, body)
        except Bad as refusal:
            self._world.log(bot.id, name, body, f"{refusal.status} {refusal.message}")
            return _refused(refusal)
        self._world.log(bot.id, name, body, "ok")
        return _said({"status": 0, "status_message": "ok", "chat_hostname": "SN-CHAT-05_", **result})

    async def _strike(self, fault: Fault, request: web.Request, bot: Bot, name: str, body: Json) -> web.StreamResponse:
        plain = _plain(fault)
        if plain is not None or fault.kind == "reset_before":
            self._world.log(bot.id, name, body, f"fault:{fault.kind}")
            return plain if plain is not None else _cut(request)
        if fault.kind == "slow":
            await self._hold(fault.seconds)
            return await self._answer(bot, name, body)
        await self._answer(bot, name, body)
        if fault.kind == "timeout":
            await self._hold(fault.seconds)
        return _cut(request)

    async def _hold(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            pass

    async def _media(self, request: web.Request) -> web.Response:
        file = self._world.files.get(request.match_info["key"])
        if file is None:
            raise web.HTTPNotFound
        return web.Response(body=file.data, content_type=file.mime)

    # Methods

    async def _account(self, bot: Bot, body: Json) -> Json:
        count = sum(chat.subscribed for chat in self._world.chats.values() if chat.bot is bot)
        return {
            "id": bot.id, "name": bot.name, "uri": bot.uri, "icon": f"https://media-direct.cdn.viber.com/icon/{bot.uri}",
            "category": "Companies, Brands & Products", "subcategory": "Food", "country": "UA",
            "webhook": bot.webhook or "", "event_types": list(bot.events), "subscribers_count": count, "members": [],
        }  # fmt: skip

    async def _set_webhook(self, bot: Bot, body: Json) -> Json:
        url, events = body.get("url"), body.get("event_types", list(OPTIONAL_EVENTS))
        if not isinstance(url, str):
            raise missing("url")
        if not url:
            bot.webhook = None
            self._world.changed("bot", bot)
            return {}
        if not isinstance(events, list) or set(events) - set(OPTIONAL_EVENTS) - {"message"}:
            raise bad("event_types is invalid")
        if not _public(url) or len(url) > 2000:
            raise named(1)
        setup = {"event": "webhook", "timestamp": int(self._world.clock() * 1000), "message_token": self._world.token()}
        status, _ = await self._delivery.post(bot, setup, url=url)
        if status != 200:
            raise Bad(1, f"Result code: {status}")
        bot.webhook, bot.events = url, tuple(events)
        bot.send_name, bot.send_photo = body.get("send_name") is True, body.get("send_photo") is True
        self._world.changed("bot", bot)
        return {"event_types": [*events, "message"]}

    async def _details(self, bot: Bot, body: Json) -> Json:
        chat = self._receiver(bot, body.get("id"))
        now = self._world.clock()
        asked = [at for at in bot.details.get(chat.user, []) if now - at < 12 * HOUR]
        if len(asked) >= DETAILS:
            raise named(12)
        bot.details[chat.user] = [*asked, now]
        person = chat.person
        return {"user": self._phones.card(chat) | {"api_version": person.api_version, "device_type": "phone"}}

    async def _send(self, bot: Bot, body: Json) -> Json:
        check_message(body)
        if bot.webhook is None:
            raise named(10)
        chat = self._receiver(bot, body["receiver"])
        self._may_write(chat)
        if body.get("min_api_version", 1) > chat.person.api_version:
            raise named(13)
        if not chat.person.device:
            raise named(11)
        chat.unanswered.append(self._world.clock())
        message = self._phones.received(chat, body)
        return {"message_token": message.token, "billing_status": 1}

    def _receiver(self, bot: Bot, user: Any) -> Chat:
        chat = self._world.by_user(bot, str(user))
        if chat is None or not chat.person.registered:
            raise named(5)
        return chat

    def _may_write(self, chat: Chat) -> None:
        """To subscribers, and once to whoever has just opened the chat; a hundred times an hour without an answer."""
        now = self._world.clock()
        if not chat.subscribed:
            if not chat.opened or chat.greeted or now - chat.opened_at > WELCOME_SECONDS:
                raise named(6)
            chat.greeted = True
        chat.unanswered = [at for at in chat.unanswered if now - at < HOUR]
        if len(chat.unanswered) >= UNANSWERED:
            raise named(12)


def _body(raw: bytes) -> Json:
    if len(raw) > BODY:
        raise bad("the request is over 30 KB")
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        raise bad("no JSON") from None
    if not isinstance(body, dict):
        raise bad("no JSON object")
    return body


def _public(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and bool(parts.hostname) and "." in str(parts.hostname)


def _plain(fault: Fault) -> web.Response | None:
    """What a call is answered without taking effect."""
    if fault.kind in ("429", "refused"):
        return _refused(named(12 if fault.kind == "429" else int(fault.description or 6)))
    if fault.kind in ("500", "502"):
        return web.Response(status=int(fault.kind), text="<html>Error</html>", content_type="text/html")
    if fault.kind == "http429":
        return web.Response(status=429, headers={"Retry-After": str(fault.retry_after)})
    return web.Response(text="<html>Maintenance</html>", content_type="text/html") if fault.kind == "page" else None


def _refused(refusal: Bad) -> web.Response:
    return _said({"status": refusal.status, "status_message": refusal.message, "message_token": 0})


def _said(data: Json) -> web.Response:
    return web.json_response(data, dumps=lambda value: json.dumps(value, ensure_ascii=False))


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
